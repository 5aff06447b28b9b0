//! Connections of HTTP/2 whose frames are wrong, and connections of the wrong version.

use serde_json::json;

use crate::harness::case::{Case, case};
use crate::harness::frames::{PREFACE, frame, get, opening};
use crate::harness::script::Step::{End, HalfClose, Response};
use crate::harness::script::send;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = rows()
        .into_iter()
        .map(|(name, bytes, seen)| {
            case(name)
                .details()
                .steps([send([opening(), bytes].concat()), End])
                .expect(seen)
        })
        .collect();
    cases.extend(versions());
    cases
}

/// Name, what comes behind the opening of a connection, and what must be seen.
type Row = (&'static str, Vec<u8>, &'static str);

const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;

fn rows() -> Vec<Row> {
    let half = frame(HEADERS, 0, 1, &get()[..3]);
    vec![
        (
            "data on the connection itself",
            frame(0, 0, 0, b"x"),
            "GOAWAY",
        ),
        (
            "data on a stream that is idle",
            frame(0, 0, 5, b"x"),
            "GOAWAY",
        ),
        (
            "a frame that is too long",
            frame(0, 0, 1, &[0; 20_000]),
            "GOAWAY",
        ),
        (
            "settings of an odd length",
            frame(SETTINGS, 0, 0, b"12345"),
            "GOAWAY",
        ),
        (
            "settings on a stream",
            frame(SETTINGS, 0, 1, b""),
            "client: closed",
        ),
        (
            "a window that is too large",
            frame(SETTINGS, 0, 0, b"\x00\x04\xff\xff\xff\xff"),
            "client: closed",
        ),
        (
            "a window update of nothing",
            frame(8, 0, 0, &[0; 4]),
            "client: closed",
        ),
        (
            "a window update beyond the limit",
            frame(8, 0, 0, b"\x7f\xff\xff\xff"),
            "client: closed",
        ),
        ("a ping of an odd length", frame(6, 0, 0, b"123"), "GOAWAY"),
        (
            "headers on an even stream",
            frame(HEADERS, 5, 2, &get()),
            "client: closed",
        ),
        (
            "headers that cannot be decoded",
            frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff"),
            "GOAWAY",
        ),
        (
            "headers that are interrupted",
            [half, frame(6, 0, 0, b"12345678")].concat(),
            "GOAWAY",
        ),
        ("a continuation of nothing", frame(9, 4, 1, b""), "GOAWAY"),
        (
            "a push from a client",
            frame(5, 4, 1, b"\0\0\0\x02"),
            "client: closed",
        ),
        ("priority of an odd length", frame(2, 0, 1, b"1"), "GOAWAY"),
        (
            "a reset of a stream that is idle",
            frame(3, 0, 1, &[0; 4]),
            "client: closed",
        ),
        (
            "padding that is longer than the frame",
            frame(HEADERS, 13, 1, b"\xff\x82"),
            "GOAWAY",
        ),
    ]
}

fn versions() -> Vec<Case> {
    let named = |name: &[u8], value: &[u8]| {
        let mut block = get();
        block.push(0);
        block.push(u8::try_from(name.len()).unwrap());
        block.extend(name);
        block.push(u8::try_from(value.len()).unwrap());
        block.extend(value);
        frame(HEADERS, 5, 1, &block)
    };
    let refused = |name: &'static str, bytes: Vec<u8>| {
        let bytes = [opening(), bytes].concat();
        case(name).details().steps([
            send(bytes),
            crate::harness::script::Step::Wait(150),
            HalfClose,
            End,
        ])
    };
    vec![
        refused("an upper-case name", named(b"X-Upper", b"a")).expect("http2.invalid.header.field"),
        refused("a field of the connection", named(b"connection", b"close"))
            .expect("http2.invalid.header.field"),
        refused("transfer-encoding", named(b"transfer-encoding", b"chunked"))
            .expect("http2.invalid.header.field"),
        refused("TE with more than trailers", named(b"te", b"gzip")).expect("statistics"),
        refused("a value with a line feed", named(b"x", b"a\nb"))
            .expect("http2.invalid.header.field"),
        refused("an unknown pseudo header", named(b":x", b"a"))
            .expect("http2.invalid.header.field"),
        refused(
            "an unknown type of frame is ignored",
            [frame(99, 0, 0, b"x"), named(b"x", b"y")].concat(),
        )
        .expect("HEADERS on 1"),
        refused(
            "a request without a path",
            frame(HEADERS, 5, 1, b"\x82\x86\x01\x01h"),
        )
        .expect("http2.violation.of.messaging.rule"),
        refused("a request with a path twice", named(b":path", b"/"))
            .expect("http2.invalid.header.field"),
        case("HTTP/2 where only HTTP/1 is spoken")
            .details()
            .manager(json!({ "codec_type": "HTTP1" }))
            .steps([send(PREFACE), Response])
            .expect("HTTP/1.1 4"),
        case("HTTP/1 where only HTTP/2 is spoken")
            .manager(json!({ "codec_type": "HTTP2" }))
            .steps([send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), End])
            .expect("closed"),
        case("an opening that is cut off")
            .steps([send(&PREFACE[..10]), HalfClose, End])
            .expect("closed"),
    ]
}
