//! Responses of upstreams, of every odd shape.

use crate::harness::case::{Case, case};
use crate::harness::script::Step::{Ended, Read, Response, Wait};
use crate::harness::script::{Act, acts, give, ok, raw, send};

/// Name, response, whether the upstream then closes, and what must be seen.
type Row = (&'static str, &'static [u8], bool, &'static str);

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = ROWS.iter().map(of_row).collect();
    cases.extend(others());
    cases
}

fn of_row((name, response, closes, seen): &Row) -> Case {
    let reply = raw(response);
    let reply = if *closes {
        reply.then(Act::Close)
    } else {
        reply
    };
    case(name)
        .details()
        .replies([reply])
        .get("/", "")
        .expect(seen)
}

const OK: &str = "HTTP/1.1 200 OK";
const BAD: &str = "HTTP/1.1 502 Bad Gateway";
const ENDED: &str = "HTTP/1.1 503 Service Unavailable";

const ROWS: &[Row] = &[
    ("a response that is no HTTP", b"hello\r\n\r\n", false, BAD),
    ("a response of HTTP/1.0 until the end", b"HTTP/1.0 200 OK\r\n\r\nhi", true, OK),
    ("a response of HTTP/1.0 with a length", b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi", false, OK),
    ("a response of HTTP/2.0 in a status line", b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n", false, OK),
    ("a response without length until the end", b"HTTP/1.1 200 OK\r\n\r\nhi", true, OK),
    ("a response without a reason", b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", false, OK),
    ("a response with another reason", b"HTTP/1.1 200 Fine\r\ncontent-length: 0\r\n\r\n", false, OK),
    ("a status of 600", b"HTTP/1.1 600 High\r\ncontent-length: 0\r\n\r\n", false, "600 Unknown"),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n", false, "2000 Unknown"),
    ("a status that is no number", b"HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n", false, BAD),
    ("a response with Content-Length twice", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nhi", false, BAD),
    ("a response with a bad Content-Length", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nhi", false, BAD),
    ("a response with Content-Length and chunked", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false, BAD),
    ("a response with gzip and chunked", b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false, BAD),
    ("a chunked response", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false, OK),
    ("a chunked response with extensions", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0;c\r\n\r\n", false, OK),
    ("a chunked response with a bad size", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxy\r\nhi\r\n0\r\n\r\n", false, "upstream_reset_after_response_started{protocol_error}"),
    ("a response with a space before a colon", b"HTTP/1.1 200 OK\r\nx : y\r\ncontent-length: 0\r\n\r\n", false, BAD),
    ("a response with a folded value", b"HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n", false, "x: a b"),
    ("a response with NUL in a value", b"HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n", false, BAD),
    ("a response with bare line feeds", b"HTTP/1.1 200 OK\nx: y\ncontent-length: 0\n\n", false, OK),
    ("a response with a lower-case version", b"http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false, BAD),
    ("no response at all", b"", true, ENDED),
    ("a response that ends in its head", b"HTTP/1.1 200 OK\r\ncont", true, BAD),
    ("a response that ends in its body", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", true, "abc"),
    ("a chunked response that ends early", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nabc", true, "abc"),
    ("a chunked response that ends between chunks", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", true, "abc"),
    ("204 with a length", b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n", false, "204 No Content"),
    ("204 with transfer-encoding", b"HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n", false, "upstream_rq_total: 1"),
    ("304 with the length of what was not sent", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", false, "304 Not Modified"),
    ("205 with a body", b"HTTP/1.1 205 Reset\r\ncontent-length: 2\r\n\r\nhi", false, "205 Reset"),
    ("100 that nobody asked for", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false, OK),
    ("103 that nobody asked for", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false, OK),
    ("101 without an upgrade", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", false, "101 Switching Protocols"),
    ("Connection: close of the upstream", b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi", true, OK),
    ("bytes behind a response", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi and more", false, OK),
    ("hop-by-hop fields of the upstream", b"HTTP/1.1 200 OK\r\nkeep-alive: timeout=5\r\nproxy-connection: x\r\nupgrade: y\r\nte: z\r\ncontent-length: 0\r\n\r\n", false, OK),
    ("the upstream's own date and server", b"HTTP/1.1 200 OK\r\nserver: mine\r\ndate: yesterday\r\ncontent-length: 0\r\n\r\n", false, "date: yesterday"),
];

fn others() -> Vec<Case> {
    let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let long = format!(
        "HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n",
        "y".repeat(100 * 1024)
    );
    let many = format!(
        "HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n",
        "x: y\r\n".repeat(101)
    );
    vec![
        case("a status below 100")
            .replies([raw("HTTP/1.1 99 Low\r\ncontent-length: 0\r\n\r\n")])
            .steps([send(get), Read("\r\n\r\n")])
            .expect("99 Unknown"),
        case("a reset in place of a response")
            .details()
            .replies([acts([Act::Reset])])
            .get("/", "")
            .expect("503 Service Unavailable"),
        case("a reset in a response")
            .replies([acts([
                give("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"),
                Act::Wait(30),
                Act::Reset,
            ])])
            .get("/", "")
            .expect("abc"),
        case("a response with a head of more than 60 KiB")
            .details()
            .replies([raw(long)])
            .get("/", "")
            .expect("downstream_rq_5xx: 1"),
        case("a response with more than a hundred fields")
            .details()
            .replies([raw(many)])
            .get("/", "")
            .expect("downstream_rq_5xx: 1"),
        case("a response that nobody asked for ends the connection")
            .replies([
                acts([
                    give("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
                    Act::Held,
                    give("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad"),
                ]),
                ok("good"),
            ])
            .steps([
                send(get),
                Response,
                crate::harness::script::Step::Release("a"),
                Ended("a", 1),
                send(get),
                Response,
            ])
            .expect("good"),
        case("an idle connection that the upstream closes is not used again")
            .replies([ok("first").then(Act::Close), ok("second")])
            .steps([
                send(get),
                Response,
                Ended("a", 1),
                Wait(50),
                send(get),
                Response,
            ])
            .expect("second"),
        case("a response in pieces")
            .replies([acts([
                give("HTTP/1.1 20"),
                Act::Wait(20),
                give("0 OK\r\ncontent-le"),
                Act::Wait(20),
                give("ngth: 4\r\n\r\na"),
                Act::Wait(20),
                give("bcd"),
            ])])
            .get("/", "")
            .expect("abcd"),
    ]
}
