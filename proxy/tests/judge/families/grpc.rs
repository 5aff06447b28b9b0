//! gRPC: calls of every kind, what the proxy makes of failures, and its statistics.

use h2::Reason;
use serde_json::{Value, json};

use crate::harness::case::{Case, Upstream, case};
use crate::harness::client_h2::{Exchange, exchange, post};
use crate::harness::config::http2_upstream;
use crate::harness::program::Variation;
use crate::harness::script::Step::Response;
use crate::harness::script::{answer, send};
use crate::harness::upstream_h2::StreamAct::{Cut, Data, GoAway, Headers, Reset, Trailers, Wait};
use crate::harness::upstream_h2::{StreamAct, StreamReply, stream};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = calls();
    cases.extend(failures());
    cases.extend(local_replies());
    cases.extend(timeouts());
    cases.extend(statistics());
    cases.extend(protocols());
    cases
}

const MESSAGE: &[u8] = b"\0\0\0\0\x02hi";

/// A call on an upstream of HTTP/2 that answers so.
fn call(name: &'static str, acts: impl IntoIterator<Item = StreamAct>) -> Case {
    served(name, stream(acts)).h2([unary()])
}

fn served(name: &'static str, reply: StreamReply) -> Case {
    with_statistics(case(name), json!({ "stats_for_all_methods": true }))
        .cluster("a", http2_upstream())
        .upstream(Upstream::h2("a", [reply]))
}

fn with_statistics(case: Case, fields: Value) -> Case {
    let kind = "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig";
    case.filter("envoy.filters.http.grpc_stats", kind, fields)
}

fn unary() -> Exchange {
    grpc(post("/shop.Cart/Add", MESSAGE))
}

fn grpc(exchange: Exchange) -> Exchange {
    exchange
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

fn head() -> StreamAct {
    Headers(
        200,
        vec![("content-type", "application/grpc".to_owned())],
        false,
    )
}

fn message() -> StreamAct {
    Data(MESSAGE.to_vec(), false)
}

fn end(status: &'static str) -> StreamAct {
    Trailers(vec![("grpc-status", status)])
}

/// A response that is trailers alone.
fn alone(status: &str) -> StreamAct {
    let headers = vec![
        ("content-type", "application/grpc".to_owned()),
        ("grpc-status", status.to_owned()),
        ("grpc-message", "no%20way".to_owned()),
    ];
    Headers(200, headers, true)
}

fn calls() -> Vec<Case> {
    let open = || grpc(exchange("POST", "http://host/shop.Cart/Watch"));
    vec![
        call("a unary call", [head(), message(), end("0")])
            .expect("trailer grpc-status: 0")
            .expect("cluster.@a.grpc.shop.Cart.Add.success: 1"),
        call(
            "a call that fails behind its message",
            [head(), message(), end("5")],
        )
        .expect("cluster.@a.grpc.shop.Cart.Add.failure: 1"),
        call("a call that fails with trailers alone", [alone("7")])
            .expect("grpc-status: 7")
            .expect("grpc-message: no%20way"),
        call("a call that succeeds with trailers alone", [alone("0")]).expect("Add.0: 1"),
        call(
            "a call without a status",
            [head(), message(), Trailers(vec![("x", "y")])],
        )
        .expect("trailer x: y"),
        call(
            "a call that ends without trailers",
            [head(), Data(MESSAGE.to_vec(), true)],
        )
        .expect("end"),
        call(
            "a call with a status that nobody knows",
            [head(), message(), end("99")],
        )
        .expect("trailer grpc-status: 99"),
        call(
            "a stream of messages from the server",
            [
                head(),
                message(),
                Wait(10),
                message(),
                Wait(10),
                message(),
                end("0"),
            ],
        )
        .expect("trailer grpc-status: 0")
        .expect("response_message_count: 3"),
        served(
            "a stream of messages from the client",
            stream([head(), message(), end("0")]),
        )
        .h2([open().data(MESSAGE).data(MESSAGE).last(MESSAGE)])
        .expect("request_message_count: 3"),
        served(
            "streams in both directions",
            stream([head(), message(), end("0")]).early(),
        )
        .h2([open().data(MESSAGE).answered().data(MESSAGE).last(MESSAGE)])
        .expect("trailer grpc-status: 0"),
        served("a message in pieces", stream([head(), message(), end("0")]))
            .h2([open()
                .data(&MESSAGE[..3])
                .data(&MESSAGE[3..6])
                .last(&MESSAGE[6..])])
            .expect("request_message_count: 1"),
        served(
            "a call with metadata in bytes",
            stream([head(), message(), end("0")]),
        )
        .h2([unary()
            .header("x-data-bin", "AAEC")
            .header("grpc-encoding", "gzip")])
        .expect("x-data-bin: AAEC"),
        served(
            "a message of 300 KB",
            stream([head(), Data(vec![7; 300_000], false), end("0")]),
        )
        .h2([grpc(post("/shop.Cart/Add", vec![0; 300_000]))])
        .expect("300000 bytes"),
    ]
}

fn failures() -> Vec<Case> {
    vec![
        call(
            "the upstream resets a call",
            [Reset(Reason::INTERNAL_ERROR)],
        )
        .details()
        .expect("grpc-status: 14"),
        call(
            "the upstream refuses a call",
            [Reset(Reason::REFUSED_STREAM)],
        )
        .details()
        .expect("grpc-status: 14"),
        call(
            "the upstream resets a call behind a message",
            [head(), message(), Wait(20), Reset(Reason::CANCEL)],
        )
        .details()
        .expect("ended by reset"),
        call(
            "the upstream's connection is cut in a call",
            [head(), message(), Wait(20), Cut],
        )
        .details()
        .expect("ended by reset"),
        call(
            "the upstream says goodbye and ends the call well",
            [head(), message(), GoAway, Wait(80), end("0")],
        )
        .expect("trailer grpc-status: 0"),
        call(
            "the upstream answers 503 without gRPC",
            [Headers(503, Vec::new(), true)],
        )
        .expect("status 503"),
        served(
            "the client cancels a call",
            stream([head(), message()]).early(),
        )
        .h2([grpc(exchange("POST", "http://host/shop.Cart/Watch"))
            .data(MESSAGE)
            .answered()
            .reset(Reason::CANCEL)])
        .expect("cluster.@a.upstream_rq_tx_reset: 1"),
    ]
}

/// What the proxy answers itself, by the status that it would give to HTTP.
fn local_replies() -> Vec<Case> {
    let names = [
        (200, "a direct response of 200 to gRPC"),
        (400, "a direct response of 400 to gRPC"),
        (401, "a direct response of 401 to gRPC"),
        (403, "a direct response of 403 to gRPC"),
        (404, "a direct response of 404 to gRPC"),
        (429, "a direct response of 429 to gRPC"),
        (500, "a direct response of 500 to gRPC"),
        (502, "a direct response of 502 to gRPC"),
        (503, "a direct response of 503 to gRPC"),
        (504, "a direct response of 504 to gRPC"),
    ];
    let mut cases = Vec::new();
    for (status, name) in names {
        let response = json!({ "status": status, "body": { "inline_string": "be gone: 100%" } });
        cases.push(
            case(name)
                .routes(json!([{ "match": { "prefix": "/" }, "direct_response": response }]))
                .h2([unary()])
                .expect("grpc-status: "),
        );
    }
    cases.push(
        case("no route for a call")
            .routes(json!([]))
            .h2([unary()])
            .expect("grpc-status: 12"),
    );
    cases.push(
        case("no connection for a call")
            .upstream(Upstream::refusing("a"))
            .h2([unary()])
            .expect("grpc-status: 14"),
    );
    cases.push(
        case("a redirect of a call")
            .routes(json!([{ "match": { "prefix": "/" }, "redirect": { "host_redirect": "o" } }]))
            .h2([unary()])
            .expect("location: http://o/shop.Cart/Add"),
    );
    cases.push(
        case("a route for gRPC alone")
            .routes(json!([
                { "match": { "prefix": "/", "grpc": {} }, "direct_response": { "status": 403 } },
                { "match": { "prefix": "/" }, "direct_response": { "status": 204 } },
            ]))
            .h2([unary(), post("/", "")])
            .expect("grpc-status: 7")
            .expect("status 204"),
    );
    cases
}

fn timeouts() -> Vec<Case> {
    let slow = || stream([Wait(600), head(), message(), end("0")]);
    let timed = |value: &str| grpc(post("/shop.Cart/Add", MESSAGE)).header("grpc-timeout", value);
    let limit =
        |limit: &str| json!({ "max_stream_duration": { "grpc_timeout_header_max": limit } });
    vec![
        served("the timeout of the route in a call", slow())
            .action(json!({ "timeout": "0.2s" }))
            .details()
            .h2([unary()])
            .expect("grpc-status: 14")
            .tells(Variation::AnotherTimeout),
        served("grpc-timeout is passed on", stream([head(), end("0")])).h2([timed("5S")]).expect("grpc-timeout: 5S"),
        served("grpc-timeout within the route's limit", slow())
            .action(limit("5s"))
            .details()
            .h2([timed("200m")])
            .expect("grpc-status: 4"),
        served("grpc-timeout beyond the route's limit", slow())
            .action(limit("0.2s"))
            .details()
            .h2([timed("5S")])
            .expect("grpc-status: 4"),
        served("grpc-timeout with an offset", slow())
            .action(json!({ "max_stream_duration": { "grpc_timeout_header_max": "5s", "grpc_timeout_header_offset": "0.1s" } }))
            .details()
            .h2([timed("300m")])
            .expect("grpc-status: 4"),
        served("grpc-timeout that is no time", stream([head(), end("0")]))
            .action(limit("5s"))
            .h2([timed("soon")])
            .expect("trailer grpc-status: 0"),
    ]
}

fn statistics() -> Vec<Case> {
    let configured = |name: &'static str, fields: Value| {
        with_statistics(case(name), fields)
            .cluster("a", http2_upstream())
            .upstream(Upstream::h2("a", [stream([head(), message(), end("0")])]))
            .h2([unary()])
    };
    vec![
        configured("statistics without methods", json!({})).expect("cluster.@a.grpc.success: 1"),
        configured("statistics of no method", json!({ "stats_for_all_methods": false })).expect("cluster.@a.grpc.success: 1"),
        configured("statistics of methods that are named", json!({
            "individual_method_stats_allowlist": { "services": [{ "name": "shop.Cart", "method_names": ["Add"] }] },
        }))
        .expect("cluster.@a.grpc.shop.Cart.Add.success: 1"),
        configured("statistics of methods that are not named", json!({
            "individual_method_stats_allowlist": { "services": [{ "name": "shop.Cart", "method_names": ["Remove"] }] },
        }))
        .expect("cluster.@a.grpc.success: 1"),
    ]
}

fn protocols() -> Vec<Case> {
    let over_http1 = |kind: &str| {
        format!(
            "POST /shop.Cart/Add HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\nTE: trailers\r\nContent-Length: 2\r\n\r\nhi"
        )
    };
    vec![
        with_statistics(
            case("a call to an upstream of HTTP/1"),
            json!({ "stats_for_all_methods": true }),
        )
        .replies([answer(
            200,
            "content-type: application/grpc\r\ngrpc-status: 0\r\n",
            "",
        )])
        .h2([unary()])
        .expect("grpc-status: 0"),
        served("a call of HTTP/1", stream([head(), message(), end("0")]))
            .steps([send(over_http1("application/grpc")), Response])
            .expect("200 OK"),
        case("a local reply to gRPC of HTTP/1")
            .routes(json!([]))
            .steps([send(over_http1("application/grpc+proto")), Response])
            .expect("grpc-status: 12"),
        case("a local reply to what only looks like gRPC")
            .routes(json!([]))
            .steps([send(over_http1("application/grpc-web")), Response])
            .expect("404 Not Found"),
    ]
}
