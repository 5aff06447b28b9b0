//! Trailers, connections that are half closed, and connections that end in the middle.

use serde_json::{Value, json};

use crate::harness::case::{Case, case};
use crate::harness::config::protocol_options;
use crate::harness::script::Step::{
    Arrived, Close, End, Ended, HalfClose, Read, Release, Reset, Response, Seen,
};
use crate::harness::script::{Act, Trigger, acts, answer, give, nothing, ok, raw, send};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = trailers();
    cases.extend(half_closed());
    cases.extend(cut());
    cases.extend(upgraded());
    cases
}

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const TRAILED: &str = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Trailer: a\r\nx-other: b\r\n\r\n";
const RESPONSE: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Trailer: a\r\nx-other: b\r\n\r\n";

fn enabled() -> Value {
    json!({ "http_protocol_options": { "enable_trailers": true } })
}

fn enabled_upstream() -> Value {
    protocol_options(json!({
        "explicit_http_config": { "http_protocol_options": { "enable_trailers": true } },
    }))
}

fn trailers() -> Vec<Case> {
    let bad = |trailer: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n{trailer}\r\n\r\n"
        )
    };
    vec![
        case("trailers of a request are dropped")
            .send(TRAILED)
            .lack("x-trailer"),
        case("trailers of a request are passed on where both sides want them")
            .manager(enabled())
            .cluster("a", enabled_upstream())
            .send(TRAILED)
            .expect("x-trailer: a"),
        case("trailers of a request where only the client's side wants them")
            .manager(enabled())
            .send(TRAILED)
            .expect("200 OK"),
        case("trailers of a response are dropped")
            .replies([raw(RESPONSE)])
            .send(GET)
            .lack("x-trailer"),
        case("trailers of a response are passed on where both sides want them")
            .manager(enabled())
            .cluster("a", enabled_upstream())
            .replies([raw(RESPONSE)])
            .send(GET)
            .expect("x-trailer: a"),
        case("trailers of a response where only the upstream's side wants them")
            .cluster("a", enabled_upstream())
            .replies([raw(RESPONSE)])
            .send(GET)
            .lack("client: x-trailer"),
        case("a trailer that is no field")
            .manager(enabled())
            .details()
            .send(bad("nonsense"))
            .expect("400 Bad Request"),
        case("a trailer that is no field, where trailers are dropped")
            .details()
            .send(bad("nonsense"))
            .expect("access log: HTTP/1.1"),
        case("trailers that are too long")
            .manager(enabled())
            .details()
            .send(bad(&format!("x: {}", "y".repeat(70 * 1024))))
            .expect("access log: HTTP/1.1"),
        case("a trailer with the length of the body")
            .manager(enabled())
            .cluster("a", enabled_upstream())
            .send(bad("content-length: 9"))
            .expect("200 OK"),
    ]
}

fn half_closed() -> Vec<Case> {
    vec![
        case("a client that half closes before the response")
            .replies([ok("held").held()])
            .steps([send(GET), Arrived("a", 1), HalfClose, End])
            .expect("closed"),
        case("a client that half closes after the response")
            .steps([send(GET), Response, HalfClose, End])
            .expect("closed"),
        case("an upstream that half closes behind its response")
            .replies([ok("first").then(Act::HalfClose), ok("second")])
            .steps([send(GET), Response, Ended("a", 1), send(GET), Response])
            .expect("second"),
        case("an upstream that half closes in its response")
            .replies([acts([
                give("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"),
                Act::HalfClose,
            ])])
            .steps([send(GET), Response])
            .expect("abc"),
        case("an upstream that half closes before the request is whole")
            .replies([answer(200, "", "early")
                .on(Trigger::Head)
                .then(Act::HalfClose)])
            .steps([
                send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"),
                Response,
            ])
            .expect("early"),
    ]
}

fn cut() -> Vec<Case> {
    vec![
        case("a client that goes before the response")
            .details()
            .replies([nothing()])
            .steps([send(GET), Arrived("a", 1), Close, Ended("a", 1)])
            .expect("http.@.downstream_rq_rx_reset: 1"),
        case("a client that resets before the response")
            .details()
            .replies([nothing()])
            .steps([send(GET), Arrived("a", 1), Reset, Ended("a", 1)])
            .expect("http.@.downstream_cx_destroy_remote_active_rq: 1"),
        case("a client that goes in its request")
            .details()
            .steps([
                send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"),
                Arrived("a", 1),
                Close,
                Ended("a", 1),
            ])
            .expect("cluster.@a.upstream_cx_destroy_local_with_active_rq: 1"),
        case("a client that goes in the response")
            .details()
            .replies([acts([give(
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
            )])])
            .steps([send(GET), Read("abc"), Close, Ended("a", 1)])
            .expect("cluster.@a.upstream_cx_destroy_local_with_active_rq: 1"),
    ]
}

fn upgraded() -> Vec<Case> {
    let websocket = json!({ "upgrade_configs": [{ "upgrade_type": "websocket" }] });
    let ask = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let agree =
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
    vec![
        case("an upgrade carries bytes both ways")
            .manager(websocket.clone())
            .replies([acts([give(agree), Act::Held, give("pong")])])
            .steps([
                send(ask),
                Response,
                send("ping"),
                Seen("a", "ping"),
                Release("a"),
                Read("pong"),
                Close,
                Ended("a", 1),
            ])
            .expect("http.@.downstream_cx_upgrades_total: 1"),
        case("bytes behind a request to upgrade")
            .manager(websocket.clone())
            .replies([acts([give(agree), give("hello")])])
            .steps([
                send(format!("{ask}early")),
                Response,
                Read("hello"),
                Seen("a", "early"),
                Close,
                Ended("a", 1),
            ])
            .expect("early"),
        case("an upgrade that the upstream refuses")
            .manager(websocket.clone())
            .replies([answer(403, "", "no")])
            .send(ask)
            .expect("403 Forbidden"),
        case("an upgrade that the upstream half closes")
            .manager(websocket.clone())
            .replies([acts([give(agree), give("bye"), Act::HalfClose])])
            .steps([send(ask), Response, End])
            .expect("bye"),
        case("an upgrade that the client half closes")
            .manager(websocket.clone())
            .replies([acts([give(agree), Act::Held, give("bye"), Act::Close])])
            .steps([
                send(ask),
                Response,
                send("last"),
                Seen("a", "last"),
                HalfClose,
                End,
            ])
            .expect("last"),
        case("an upgrade of a protocol that is not configured")
            .manager(websocket)
            .send(ask.replace("websocket", "other"))
            .expect("403 Forbidden"),
    ]
}
