//! Limits on what a proxy takes upon itself, and what it does at them.

use serde_json::{Value, json};

use crate::harness::case::{Case, case};
use crate::harness::script::Step::{Arrived, End, Response, Wait};
use crate::harness::script::{answer, raw, send};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = heads();
    cases.extend(connections());
    cases.extend(buffers());
    cases
}

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

fn common(fields: Value) -> Value {
    json!({ "common_http_protocol_options": fields })
}

fn heads() -> Vec<Case> {
    let long = |size: usize| {
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
    let limit = |kib: u32| json!({ "max_request_headers_kb": kib });
    let large = |size: usize| {
        raw(format!(
            "HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n",
            "y".repeat(size)
        ))
    };
    vec![
        case("a head below a limit of 1 KiB")
            .manager(limit(1))
            .send(long(900))
            .expect("200 OK"),
        case("a head above a limit of 1 KiB")
            .details()
            .manager(limit(1))
            .send(long(1100))
            .expect("431 Request Header"),
        case("a path above a limit of 1 KiB")
            .details()
            .manager(limit(1))
            .send(format!(
                "GET /{} HTTP/1.1\r\nHost: h\r\n\r\n",
                "p".repeat(1100)
            ))
            .expect("431 Request Header"),
        case("a head of 90 KiB below a limit of 96 KiB")
            .manager(limit(96))
            .send(long(90 * 1024))
            .expect("200 OK"),
        case("four fields where four are allowed")
            .manager(common(json!({ "max_headers_count": 4 })))
            .send(fields(3))
            .expect("200 OK"),
        case("five fields where four are allowed")
            .details()
            .manager(common(json!({ "max_headers_count": 4 })))
            .send(fields(4))
            .expect("431 Request Header"),
        case("a response of 1000 fields where they are allowed")
            .cluster(
                "a",
                crate::harness::config::protocol_options(json!({
                    "explicit_http_config": { "http_protocol_options": {} },
                    "common_http_protocol_options": { "max_headers_count": 2000 },
                })),
            )
            .replies([raw(format!(
                "HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n",
                "x: y\r\n".repeat(1000)
            ))])
            .send(GET)
            .expect("200 OK"),
        case("a response with a head of 50 KiB")
            .replies([large(50 * 1024)])
            .send(GET)
            .expect("200 OK"),
        case("a response with a head of 200 KiB")
            .details()
            .replies([large(200 * 1024)])
            .send(GET)
            .expect("HTTP/1.1"),
    ]
}

fn connections() -> Vec<Case> {
    let requests = |count: u32| common(json!({ "max_requests_per_connection": count }));
    vec![
        case("one request on a connection")
            .manager(requests(1))
            .steps([send(GET), Response, End])
            .expect("connection: close"),
        case("two requests on a connection")
            .manager(requests(2))
            .steps([send(GET), Response, send(GET), Response, End])
            .expect("http.@.downstream_cx_max_requests_reached: 1"),
        case("a pipelined request beyond the limit of a connection")
            .manager(requests(1))
            .steps([send(format!("{GET}{GET}")), Response, End])
            .expect("http.@.downstream_rq_total: 1"),
    ]
}

fn buffers() -> Vec<Case> {
    let body = "b".repeat(200_000);
    let post = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n{body}");
    let small = json!({ "per_connection_buffer_limit_bytes": 1024 });
    vec![
        case("a body through small buffers of the listener")
            .listener(small.clone())
            .send(&post)
            .expect("200000 bytes"),
        case("a body through small buffers of the cluster")
            .cluster("a", small.clone())
            .send(&post)
            .expect("200000 bytes"),
        case("a response through small buffers")
            .listener(small.clone())
            .cluster("a", small.clone())
            .replies([answer(200, "", &body)])
            .send(GET)
            .expect("200000 bytes"),
        case("a client that does not read at once")
            .listener(small.clone())
            .cluster("a", small)
            .replies([answer(200, "", &body)])
            .steps([send(GET), Arrived("a", 1), Wait(50), Response])
            .expect("200000 bytes"),
    ]
}
