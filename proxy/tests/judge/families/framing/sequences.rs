//! Requests that come in parts, in a row, or with a promise.

use serde_json::json;

use crate::harness::case::{Case, case};
use crate::harness::script::Step::{Arrived, End, HalfClose, HeadResponse, Response, Wait};
use crate::harness::script::{Act, Trigger, acts, answer, give, nothing, ok, raw, send};

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = rows();
    cases.extend(versions());
    cases.extend(long());
    cases
}

fn rows() -> Vec<Case> {
    let two = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    vec![
        case("two requests on one connection")
            .steps([send(GET), Response, send(GET), Response])
            .expect("http.@.downstream_cx_total: 1"),
        case("two pipelined requests are answered in order")
            .replies([ok("first"), ok("second")])
            .steps([send(two), Response, Response])
            .expect("first"),
        case("a pipelined request behind a body")
            .steps([
                send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"),
                Response,
                Response,
            ])
            .expect("GET /2 HTTP/1.1"),
        case("a bad request behind a good one")
            .steps([send("GET / HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n"), Response, Response])
            .expect("400 Bad Request"),
        case("a request behind one that closes is not read")
            .steps([
                send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"),
                Response,
                End,
            ])
            .lack("GET /2"),
        case("a head in pieces")
            .steps([send("GET / HT"), Wait(20), send("TP/1.1\r\nHost: h\r"), Wait(20), send("\n\r\n"), Response])
            .expect("200 OK"),
        case("a body in pieces")
            .replies([ok("ok").on(Trigger::Request)])
            .steps([
                send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\na"),
                Wait(20),
                send("bcd"),
                Response,
            ])
            .expect("abcd"),
        case("a head that ends early")
            .steps([send("GET / HTTP/1.1\r\nHos"), HalfClose, End])
            .expect("closed"),
        case("a body that ends early")
            .steps([send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"), Arrived("a", 1), HalfClose, End])
            .expect("closed"),
        case("a chunked body that ends early")
            .steps([
                send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"),
                Arrived("a", 1), HalfClose,
                End,
            ])
            .expect("closed"),
    ]
}

fn versions() -> Vec<Case> {
    let old = json!({ "http_protocol_options": { "accept_http_10": true } });
    let kept = "GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n";
    let hosted = json!({
        "http_protocol_options": { "accept_http_10": true, "default_host_for_http_10": "old.test" },
    });
    vec![
        case("HTTP/1.0 where it is accepted")
            .manager(old.clone())
            .steps([send("GET / HTTP/1.0\r\nHost: h\r\n\r\n"), Response])
            .expect("200 OK"),
        case("HTTP/1.0 that keeps the connection")
            .manager(old.clone())
            .steps([send(kept), Response, send(kept), Response])
            .expect("keep-alive"),
        case("HTTP/1.0 without Host")
            .manager(old.clone())
            .steps([send("GET / HTTP/1.0\r\n\r\n"), Response])
            .expect("400 Bad Request"),
        case("HTTP/1.0 with a default host")
            .manager(hosted)
            .steps([send("GET / HTTP/1.0\r\n\r\n"), Response])
            .expect("old.test"),
        case("a chunked response to HTTP/1.0")
            .manager(old)
            .replies([raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")])
            .steps([send("GET / HTTP/1.0\r\nHost: h\r\n\r\n"), Response])
            .expect("hi"),
        case("Expect: 100-continue is answered by the proxy")
            .steps([
                send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
                crate::harness::script::Step::Read("\r\n\r\n"),
                send("hi"),
                Response,
            ])
            .expect("HTTP/1.1 100 Continue"),
        case("Expect: 100-continue is passed on where that is wanted")
            .manager(json!({ "proxy_100_continue": true }))
            .replies([acts([give("HTTP/1.1 100 Continue\r\n\r\n"), Act::Wait(20), give("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")]).on(Trigger::Head)])
            .steps([
                send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"),
                Response,
            ])
            .expect("expect: 100-continue"),
        case("an expectation that nobody knows")
            .send("GET / HTTP/1.1\r\nHost: h\r\nExpect: wonders\r\n\r\n")
            .expect("expect: wonders"),
        case("HEAD with a length and no body")
            .replies([raw("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")])
            .steps([send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), HeadResponse, send(GET.replace("GET", "HEAD")), HeadResponse])
            .expect("content-length: 5"),
        case("HEAD that is chunked")
            .replies([raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")])
            .steps([send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), HeadResponse])
            .expect("transfer-encoding: chunked"),
        case("HEAD of a local reply")
            .routes(json!([]))
            .steps([send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), HeadResponse])
            .expect("404 Not Found"),
        case("a response before the whole request is there")
            .replies([answer(413, "", "enough").on(Trigger::Head)])
            .steps([
                send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"),
                Response,
                End,
            ])
            .expect("413 Payload Too Large"),
    ]
}

fn long() -> Vec<Case> {
    let head = |size: usize| {
        format!(
            "GET / HTTP/1.1\r\nHost: h\r\nx: {}\r\n\r\n",
            "y".repeat(size)
        )
    };
    let fields = |count: usize| {
        format!(
            "GET / HTTP/1.1\r\nHost: h\r\n{}\r\n",
            "x: y\r\n".repeat(count)
        )
    };
    vec![
        case("a head of 59 KiB").send(head(59 * 1024)).expect("200 OK"),
        case("a head of more than 60 KiB").details().send(head(61 * 1024)).expect("431 Request Header"),
        case("a path of 20 KB")
            .send(format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "p".repeat(20_000)))
            .expect("200 OK"),
        case("a hundred fields").send(fields(99)).expect("200 OK"),
        case("more than a hundred fields").details().send(fields(100)).expect("431 Request Header"),
        case("a shorter limit of heads")
            .manager(json!({ "max_request_headers_kb": 1 }))
            .send(head(1100))
            .expect("431 Request Header"),
        case("fewer fields than a hundred")
            .manager(json!({ "common_http_protocol_options": { "max_headers_count": 4 } }))
            .send(fields(4))
            .expect("431 Request Header"),
        case("a body of 1 MiB passes through")
            .send(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048576\r\n\r\n{}", "z".repeat(1 << 20)))
            .expect("200 OK"),
        case("a response of 1 MiB passes through")
            .replies([ok(&"z".repeat(1 << 20))])
            .send(GET)
            .expect("1048576 bytes"),
        case("an upgrade that is not configured")
            .replies([nothing()])
            .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            .expect("403 Forbidden"),
        case("an upgrade to h2c is ignored")
            .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n")
            .expect("200 OK"),
        case("underscores in names can be refused")
            .manager(json!({ "common_http_protocol_options": { "headers_with_underscores_action": "REJECT_REQUEST" } }))
            .send("GET / HTTP/1.1\r\nHost: h\r\nx_y: a\r\n\r\n")
            .expect("400 Bad Request"),
        case("fields with underscores can be dropped")
            .manager(json!({ "common_http_protocol_options": { "headers_with_underscores_action": "DROP_HEADER" } }))
            .send("GET / HTTP/1.1\r\nHost: h\r\nx_y: a\r\n\r\n")
            .lack("x_y: a"),
        case("chunked and Content-Length where that is allowed")
            .manager(json!({ "http_protocol_options": { "allow_chunked_length": true } }))
            .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
            .expect("200 OK"),
    ]
}
