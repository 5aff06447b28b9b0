//! How answers and connections end in other ways than by a status, and what is tried again of it.

use serde_json::json;

use super::{GET, POST, retried, with_policy};
use crate::harness::case::{Case, Upstream, case};
use crate::harness::client_h2::post;
use crate::harness::config::http2_upstream;
use crate::harness::script::Step::{Arrived, Response, Wait};
use crate::harness::script::{Act, Reply, Trigger, acts, answer, give, ok, send};
use crate::harness::upstream_h2::{StreamAct, stream};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = informational();
    cases.extend(broken());
    cases.extend(early());
    cases.extend(calls());
    cases
}

fn informational() -> Vec<Case> {
    let informed = |status: &str| {
        acts([
            give(format!("HTTP/1.1 {status}\r\nx-early: yes\r\n\r\n")),
            Act::Wait(50),
            give("HTTP/1.1 503 Reason\r\ncontent-length: 5\r\n\r\nfirst"),
        ])
    };
    let rows = [
        ("nothing is tried again after 100", "100 Continue", false),
        (
            "nothing is tried again after 100 that goes on",
            "100 Continue",
            true,
        ),
        ("nothing is tried again after 103", "103 Early Hints", false),
        (
            "nothing is tried again after 103 that goes on",
            "103 Early Hints",
            true,
        ),
        (
            "something is tried again after 102",
            "102 Processing",
            false,
        ),
    ];
    let mut cases = Vec::new();
    for (name, status, passed) in rows {
        cases.push(
            with_policy(case(name), "5xx", json!({}))
                .manager(json!({ "proxy_100_continue": passed }))
                .replies([informed(status), ok("second")])
                .steps([send(POST), Response]),
        );
    }
    cases.push(
        with_policy(case("a reset after 103"), "5xx", json!({}))
            .details()
            .manager(json!({ "proxy_100_continue": true }))
            .replies([
                acts([
                    give("HTTP/1.1 103 Early Hints\r\nx-a: b\r\n\r\n"),
                    Act::Wait(50),
                    Act::Close,
                ]),
                ok("second"),
            ])
            .steps([send(GET), Response]),
    );
    cases.push(
        case("two heads before the last one")
            .manager(json!({ "proxy_100_continue": true }))
            .replies([acts([
                give("HTTP/1.1 103 Early Hints\r\nx-a: 1\r\n\r\n"),
                Act::Wait(50),
                give("HTTP/1.1 103 Early Hints\r\nx-a: 2\r\n\r\n"),
                Act::Wait(50),
                give("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
            ])])
            .steps([send(GET), Response])
            .expect("x-a: 1"),
    );
    cases
}

fn broken() -> Vec<Case> {
    let rows: Vec<(&'static str, &str, Reply)> = vec![
        (
            "a connection that ends within a head",
            "retriable-4xx",
            acts([give("HTTP/1.1 200 OK\r\ncont"), Act::Wait(50), Act::Close]),
        ),
        (
            "a connection that ends within a head, tried again",
            "reset",
            acts([give("HTTP/1.1 200 OK\r\ncont"), Act::Wait(50), Act::Close]),
        ),
        (
            "a response that is no HTTP",
            "retriable-4xx",
            acts([give("what is this\r\n\r\n")]),
        ),
        (
            "a response that is no HTTP, tried again",
            "5xx",
            acts([give("what is this\r\n\r\n")]),
        ),
        (
            "a connection that ends within a body",
            "5xx,reset",
            acts([
                give("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"),
                Act::Wait(50),
                Act::Close,
            ]),
        ),
        (
            "a connection that ends within a chunked body",
            "5xx,reset",
            acts([
                give("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"),
                Act::Wait(50),
                Act::Close,
            ]),
        ),
        (
            "chunks that are malformed",
            "5xx,reset",
            acts([
                give("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"),
                Act::Wait(50),
                give("zz\r\n"),
            ]),
        ),
        (
            "a connection that ends before its answer",
            "retriable-4xx",
            acts([Act::Close]),
        ),
        (
            "a connection that is reset before its answer",
            "retriable-4xx",
            acts([Act::Reset]),
        ),
        (
            "a body that the end of the connection ends",
            "5xx",
            acts([
                give("HTTP/1.1 200 OK\r\n\r\nabc"),
                Act::Wait(50),
                Act::Close,
            ]),
        ),
        (
            "an answer that wants the connection closed, tried again",
            "5xx",
            answer(503, "connection: close\r\n", "first"),
        ),
        (
            "more than the answer",
            "retriable-4xx",
            acts([give(
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            )]),
        ),
    ];
    rows.into_iter()
        .map(|(name, conditions, first)| {
            let case = with_policy(case(name), conditions, json!({}))
                .details()
                .replies([first, ok("second")])
                .send(GET);
            if name.ends_with("tried again") {
                retried(case).expect("second")
            } else {
                case.lack("second")
            }
        })
        .collect()
}

fn early() -> Vec<Case> {
    let part = &POST[..POST.len() - 3];
    let soon = |status: u16| answer(status, "", "early").on(Trigger::Head);
    vec![
        case("an answer before the request is whole")
            .details()
            .replies([soon(200)])
            .steps([send(part), Response])
            .expect("early"),
        case("a refusal before the request is whole")
            .details()
            .replies([soon(413)])
            .steps([send(part), Response])
            .expect("early"),
        case("an answer without a body before the request is whole")
            .details()
            .replies([answer(204, "", "").on(Trigger::Head)])
            .steps([send(part), Response]),
        case("a head before the request is whole, and a body after it")
            .details()
            .replies([acts([
                give("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na"),
                Act::Wait(300),
                give("bcd"),
            ])
            .on(Trigger::Head)])
            .steps([
                send(part),
                Arrived("a", 1),
                Wait(100),
                send("llo"),
                Response,
            ])
            .expect("abcd"),
        case("a local answer before the request is whole")
            .details()
            .routes(json!([{ "match": { "prefix": "/" }, "direct_response": { "status": 418 } }]))
            .steps([send(part), Response]),
        case("a local answer to a request with a body")
            .details()
            .routes(json!([{ "match": { "prefix": "/" }, "direct_response": { "status": 418 } }]))
            .send(POST),
    ]
}

fn calls() -> Vec<Case> {
    let head = || vec![("content-type", "application/grpc".to_owned())];
    let call = |name: &'static str, acts: Vec<StreamAct>| {
        case(name)
            .details()
            .cluster("a", http2_upstream())
            .upstream(Upstream::h2("a", [stream(acts)]))
            .h2([post("/service/Method", b"\0\0\0\0\x02hi")
                .header("content-type", "application/grpc")
                .header("te", "trailers")])
    };
    vec![
        call(
            "a call that is reset before its status",
            vec![
                StreamAct::Headers(200, head(), false),
                StreamAct::Data(b"\0\0\0\0\x01x".to_vec(), false),
                StreamAct::Wait(50),
                StreamAct::Reset(h2::Reason::INTERNAL_ERROR),
            ],
        ),
        call(
            "a call that is reset at once",
            vec![StreamAct::Reset(h2::Reason::CANCEL)],
        ),
    ]
}
