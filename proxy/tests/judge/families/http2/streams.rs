//! Requests over HTTP/2, to upstreams of either version.

use h2::Reason;
use serde_json::{Value, json};

use crate::harness::case::{Case, Upstream, case};
use crate::harness::client_h2::{Exchange, exchange, fetch, post};
use crate::harness::config::{http2_upstream, protocol_options};
use crate::harness::script::Step::{Ended, Response};
use crate::harness::script::{Act, acts, answer, give, ok, raw, send};
use crate::harness::upstream_h2::StreamAct::{
    Abort, Cut, Data, GoAway, Headers, Informational, Reset, Trailers, Wait,
};
use crate::harness::upstream_h2::{StreamReply, ok_h2, stream};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = translation();
    cases.extend(to_http2());
    cases.extend(resets());
    cases.extend(goodbyes());
    cases.extend(sizes());
    cases.extend(connects());
    cases
}

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

fn h2_upstream(case: Case, replies: impl IntoIterator<Item = StreamReply>) -> Case {
    case.cluster("a", http2_upstream())
        .upstream(Upstream::h2("a", replies))
}

/// HTTP/2 from the client, HTTP/1 to the upstream.
fn translation() -> Vec<Case> {
    let trailed =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-trailer: a\r\n\r\n";
    vec![
        case("a request of HTTP/2 to HTTP/1").h2([fetch("/a?b")]).expect("GET /a?b HTTP/1.1"),
        case("a body without length becomes chunked").h2([post("/", "hello")]).expect("transfer-encoding: chunked"),
        case("a body with a length keeps it")
            .h2([post("/", "hello").header("content-length", "5")])
            .expect("content-length: 5"),
        case("a body that is shorter than its length")
            .details()
            .h2([post("/", "hell").header("content-length", "5")])
            .expect("exchange 0"),
        case("a body that is longer than its length")
            .details()
            .h2([post("/", "hello!").header("content-length", "5")])
            .expect("exchange 0"),
        case("HEAD of HTTP/2")
            .replies([raw("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")])
            .h2([exchange("HEAD", "http://host/")])
            .expect("content-length: 5"),
        case("204 to HTTP/2").replies([raw("HTTP/1.1 204 No Content\r\n\r\n")]).h2([fetch("/")]).expect("status 204"),
        case("hop-by-hop fields of the upstream to HTTP/2")
            .replies([answer(200, "keep-alive: timeout=5\r\nproxy-connection: x\r\nupgrade: y\r\nconnection: keep-alive\r\n", "ok")])
            .h2([fetch("/")])
            .lack("exchange 0: keep-alive"),
        case("cookies in crumbs are joined")
            .h2([fetch("/").header("cookie", "a=1").header("cookie", "b=2")])
            .expect("cookie: a=1; b=2"),
        case("a scheme of https without TLS").h2([exchange("GET", "https://host/")]).expect("x-forwarded-proto: http"),
        case("a Host beside the authority").h2([fetch("/").header("host", "other")]).expect("host: host"),
        case("trailers of HTTP/2 to HTTP/1")
            .h2([exchange("POST", "http://host/").data("hi").trailers(&[("x-trailer", "a")])])
            .expect("200"),
        case("trailers of HTTP/1 to HTTP/2")
            .cluster("a", protocol_options(json!({ "explicit_http_config": { "http_protocol_options": { "enable_trailers": true } } })))
            .replies([raw(trailed)])
            .h2([fetch("/")])
            .expect("trailer x-trailer: a"),
        case("two streams at once to HTTP/1")
            .replies([ok("one").held(), ok("two")])
            .h2([fetch("/1").parallel(), fetch("/2").once("a", 1).arrived("a", 2).release("a")])
            .expect("cluster.@a.upstream_cx_total: 2"),
        case("a response that is cut short to HTTP/2")
            .details()
            .replies([acts([give("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"), Act::Wait(20), Act::Close])])
            .h2([fetch("/")])
            .expect("ended by reset"),
        case("no route for HTTP/2").details().routes(json!([])).h2([fetch("/")]).expect("status 404"),
        case("no connection for HTTP/2").details().upstream(Upstream::refusing("a")).h2([fetch("/")]).expect("status 503"),
        case("Expect: 100-continue of HTTP/2").h2([post("/", "hi").header("expect", "100-continue")]).expect("status 200"),
        case("TE of HTTP/2").h2([fetch("/").header("te", "trailers")]).expect("te: trailers"),
    ]
}

/// To an upstream of HTTP/2.
fn to_http2() -> Vec<Case> {
    let chunked =
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let trailed = stream([
        Headers(200, Vec::new(), false),
        Data(b"hi".to_vec(), false),
        Trailers(vec![("x-trailer", "a")]),
    ]);
    let one_stream = protocol_options(json!({
        "explicit_http_config": { "http2_protocol_options": { "max_concurrent_streams": 1 } },
    }));
    vec![
        h2_upstream(case("HTTP/2 from end to end"), [ok_h2("ok")]).h2([fetch("/a?b"), fetch("/c")]).expect("GET http://host/a?b"),
        h2_upstream(case("HTTP/1 to HTTP/2"), [ok_h2("ok")]).send(GET).expect("transfer-encoding: chunked"),
        h2_upstream(case("a length of HTTP/2 to HTTP/1"), [stream([Headers(200, vec![("content-length", "2".to_owned())], false), Data(b"ok".to_vec(), true)])])
            .send(GET)
            .expect("content-length: 2"),
        h2_upstream(case("a response of headers alone to HTTP/1"), [stream([Headers(200, Vec::new(), true)])])
            .send(GET)
            .expect("content-length: 0"),
        h2_upstream(case("a chunked body to HTTP/2"), [ok_h2("ok")]).send(chunked).expect("data hi"),
        h2_upstream(case("connection fields of HTTP/1 do not reach HTTP/2"), [ok_h2("ok")])
            .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, x-hop\r\nx-hop: 1\r\nKeep-Alive: 5\r\nTE: trailers, gzip\r\n\r\n")
            .expect("200 OK"),
        h2_upstream(case("trailers of HTTP/2 from end to end"), [trailed.clone()])
            .h2([exchange("POST", "http://host/").data("hi").trailers(&[("x-trailer", "b")])])
            .expect("trailer x-trailer: a")
            .expect("trailer x-trailer: b"),
        h2_upstream(case("trailers of HTTP/2 to a client of HTTP/1"), [trailed])
            .manager(json!({ "http_protocol_options": { "enable_trailers": true } }))
            .send(GET)
            .expect("x-trailer: a"),
        h2_upstream(case("an informational response of HTTP/2"), [stream([Informational(103), Headers(200, Vec::new(), true)])])
            .send(GET)
            .expect("200 OK"),
        h2_upstream(case("two clients share a connection"), [ok_h2("ok")])
            .send(GET)
            .send(GET)
            .expect("cluster.@a.upstream_cx_total: 1"),
        case("one stream on each connection to the upstream")
            .cluster("a", one_stream)
            .upstream(Upstream::h2("a", [ok_h2("one").held(), ok_h2("two")]))
            .h2([fetch("/1").parallel(), fetch("/2").once("a", 1).arrived("a", 2).release("a")])
            .expect("cluster.@a.upstream_cx_total: 2"),
        case("the client's protocol towards the upstream")
            .cluster("a", protocol_options(json!({ "use_downstream_protocol_config": { "http_protocol_options": {}, "http2_protocol_options": {} } })))
            .send(GET)
            .expect("GET / HTTP/1.1"),
        case("the client's HTTP/2 towards the upstream")
            .cluster("a", protocol_options(json!({ "use_downstream_protocol_config": { "http_protocol_options": {}, "http2_protocol_options": {} } })))
            .upstream(Upstream::h2("a", [ok_h2("ok")]))
            .h2([fetch("/")])
            .expect("GET http://host/"),
    ]
}

fn resets() -> Vec<Case> {
    let reset = |name: &'static str, reason: Reason| {
        h2_upstream(case(name), [stream([Reset(reason)])])
            .details()
            .h2([fetch("/")])
    };
    let later = |name: &'static str, reason: Reason| {
        let reply = stream([
            Headers(200, Vec::new(), false),
            Data(b"hi".to_vec(), false),
            Wait(20),
            Reset(reason),
        ]);
        h2_upstream(case(name), [reply]).details().h2([fetch("/")])
    };
    vec![
        reset("the upstream refuses a stream", Reason::REFUSED_STREAM).expect("status 503"),
        reset("the upstream cancels a stream", Reason::CANCEL).expect("status 503"),
        reset(
            "the upstream resets with an internal error",
            Reason::INTERNAL_ERROR,
        )
        .expect("status 503"),
        reset(
            "the upstream resets with a protocol error",
            Reason::PROTOCOL_ERROR,
        )
        .expect("status 502"),
        reset("the upstream resets with no error", Reason::NO_ERROR).expect("status 503"),
        later(
            "the upstream cancels a stream in the response",
            Reason::CANCEL,
        )
        .expect("ended by reset"),
        later(
            "the upstream resets with no error in the response",
            Reason::NO_ERROR,
        )
        .expect("ended by reset"),
        h2_upstream(
            case("the upstream resets a response to HTTP/1"),
            [stream([
                Headers(200, Vec::new(), false),
                Data(b"hi".to_vec(), false),
                Wait(20),
                Reset(Reason::CANCEL),
            ])],
        )
        .details()
        .send(GET)
        .expect("closed"),
        h2_upstream(
            case("the client resets a stream"),
            [stream([Headers(200, Vec::new(), false)]).early()],
        )
        .details()
        .h2([fetch_open().answered().reset(Reason::CANCEL)])
        .expect("cluster.@a.upstream_rq_tx_reset: 1"),
        case("the client resets a stream to HTTP/1")
            .details()
            .replies([answer(200, "", "never").held()])
            .h2([fetch_open()
                .data("x")
                .last("y")
                .arrived("a", 1)
                .reset(Reason::CANCEL)])
            .expect("http.@.downstream_rq_rx_reset: 1"),
    ]
}

/// A request that is not ended.
fn fetch_open() -> Exchange {
    exchange("POST", "http://host/open").data("begin")
}

fn goodbyes() -> Vec<Case> {
    vec![
        h2_upstream(case("the upstream says goodbye behind a response"), [stream([Headers(200, Vec::new(), false), GoAway, Wait(80), Data(b"ok".to_vec(), true)]), ok_h2("second")])
            .steps([send(GET), Response, Ended("a", 1), send(GET), Response])
            .expect("cluster.@a.upstream_cx_total: 2"),
        h2_upstream(case("the upstream ends a connection with an error"), [stream([Abort(Reason::ENHANCE_YOUR_CALM)])])
            .details()
            .send(GET)
            .expect("503 Service Unavailable"),
        h2_upstream(case("the upstream's connection is cut"), [stream([Cut])])
            .details()
            .send(GET)
            .expect("503 Service Unavailable"),
        h2_upstream(case("the upstream's connection is cut in a response"), [stream([Headers(200, Vec::new(), false), Data(b"hi".to_vec(), false), Wait(20), Cut])])
            .details()
            .h2([fetch("/")])
            .expect("ended by reset"),
        case("the proxy says goodbye to an idle client")
            .manager(json!({ "common_http_protocol_options": { "idle_timeout": "0.2s" }, "drain_timeout": "0.1s" }))
            .h2([fetch("/").closed()])
            .expect("http.@.downstream_cx_idle_timeout: 1"),
        case("the proxy says goodbye to a client that has been long enough")
            .manager(json!({ "common_http_protocol_options": { "max_connection_duration": "0.2s" }, "drain_timeout": "0.1s" }))
            .h2([fetch("/").closed()])
            .expect("http.@.downstream_cx_max_duration_reached: 1"),
        case("the proxy says goodbye behind the last allowed request")
            .manager(json!({ "common_http_protocol_options": { "max_requests_per_connection": 2 }, "drain_timeout": "0.1s" }))
            .h2([fetch("/1"), fetch("/2").closed()])
            .expect("http.@.downstream_cx_max_requests_reached: 1"),
    ]
}

fn sizes() -> Vec<Case> {
    let long = "y".repeat(70 * 1024);
    let many = |count: usize| {
        let fields = (0..count).fold(fetch("/"), |exchange, _| exchange.header("x", "y"));
        [fields]
    };
    let window = |size: u32| json!({ "http2_protocol_options": { "initial_stream_window_size": size, "initial_connection_window_size": size } });
    vec![
        h2_upstream(
            case("a body of 1 MiB in both directions"),
            [ok_h2(&"z".repeat(1 << 20))],
        )
        .h2([post("/", vec![b'z'; 1 << 20])])
        .expect("1048576 bytes"),
        case("a small window for the client's bodies")
            .manager(window(65_535))
            .h2([post("/", vec![b'z'; 300_000]).header("content-length", "300000")])
            .expect("300000 bytes"),
        case("a header of 50 KiB")
            .h2([fetch("/").header("x", "y".repeat(50 * 1024))])
            .expect("status 200"),
        case("a header of 70 KiB")
            .details()
            .h2([fetch("/").header("x", long)])
            .expect("exchange 0"),
        case("a hundred headers").h2(many(90)).expect("status 200"),
        case("more than a hundred headers")
            .details()
            .h2(many(110))
            .expect("exchange 0"),
        h2_upstream(
            case("a response with a header of 70 KiB"),
            [stream([Headers(
                200,
                vec![("x", "y".repeat(70 * 1024))],
                true,
            )])],
        )
        .details()
        .h2([fetch("/")])
        .expect("exchange 0"),
        case("one stream at a time from the client")
            .manager(json!({ "http2_protocol_options": { "max_concurrent_streams": 1 } }))
            .h2([fetch("/1"), fetch("/2")])
            .expect("status 200"),
    ]
}

fn connects() -> Vec<Case> {
    let configured = |fields: Value| json!({ "upgrade_configs": [fields] });
    vec![
        case("CONNECT of HTTP/2 is refused").details().h2([exchange("CONNECT", "host:443")]).expect("status 404"),
        case("a route for CONNECT that is not configured")
            .details()
            .routes(json!([{ "match": { "connect_matcher": {} }, "route": { "cluster": "@a" } }]))
            .h2([exchange("CONNECT", "host:443")])
            .expect("status 403"),
        case("CONNECT of HTTP/2 that is ended by the proxy")
            .routes(json!([{
                "match": { "connect_matcher": {} },
                "route": { "cluster": "@a", "upgrade_configs": [{ "upgrade_type": "CONNECT", "connect_config": {} }] },
            }]))
            .manager(configured(json!({ "upgrade_type": "CONNECT" })))
            .manager(json!({ "http2_protocol_options": { "allow_connect": true } }))
            .replies([acts([Act::Received(4), give("pong"), Act::Finished, Act::Close]).on(crate::harness::script::Trigger::Connection)])
            .h2([exchange("CONNECT", "host:443").answered().last("ping")])
            .expect("data pong"),
        case("CONNECT of HTTP/1 that is ended by the proxy")
            .routes(json!([{
                "match": { "connect_matcher": {} },
                "route": { "cluster": "@a", "upgrade_configs": [{ "upgrade_type": "CONNECT", "connect_config": {} }] },
            }]))
            .manager(configured(json!({ "upgrade_type": "CONNECT" })))
            .replies([acts([Act::Received(4), give("pong"), Act::Close]).on(crate::harness::script::Trigger::Connection)])
            .steps([send("CONNECT host:443 HTTP/1.1\r\nHost: host:443\r\n\r\n"), crate::harness::script::Step::Read("200 OK\r\n"), send("ping"), crate::harness::script::Step::End])
            .expect("pong"),
    ]
}
