//! Drains a proxy by its admin, and looks at what becomes of connections.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use super::{Running, address, ask, bootstrap, command, free_port, start};

/// What the admin answers to an order.
fn order(admin: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", admin)).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The answer to one request more on a connection; all of them end with "hello".
fn ask_more(stream: &mut TcpStream) -> String {
    write!(stream, "GET / HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap()
}

/// Waits until nobody listens any more.
fn until_refused(port: u16) {
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn connections_end_while_the_proxy_says_that_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (admin, port) = (free_port(), free_port());
    let mut bootstrap = bootstrap(admin, port, 1);
    let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
    bootstrap.pointer_mut(manager).unwrap()["drain_timeout"] = json!("0.1s");
    let _running = start(&bootstrap, port, folder.path());
    let mut open = TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert!(!ask_more(&mut open).contains("connection: close"));
    assert!(order(admin, "/healthcheck/fail").contains("OK\n"));
    assert!(ask(admin, "/ready").contains("\nDRAINING\n"));
    assert!(ask_more(&mut open).contains("connection: close"));
    // It ends after its drain_timeout.
    assert_eq!(open.read(&mut [0]).unwrap(), 0);
    let shown = ask(admin, "/stats?filter=web.downstream_cx_drain_close");
    assert!(
        shown.contains("http.web.downstream_cx_drain_close: 1\n"),
        "{shown}"
    );
    assert!(order(admin, "/healthcheck/ok").contains("OK\n"));
    assert!(ask(admin, "/ready").contains("\nLIVE\n"));
    let mut open = TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert!(!ask_more(&mut open).contains("connection: close"));
}

#[test]
fn a_connection_of_http2_is_told_to_end_before_the_answer_that_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let (admin, port) = (free_port(), free_port());
    let mut bootstrap = bootstrap(admin, port, 1);
    let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
    bootstrap.pointer_mut(manager).unwrap()["drain_timeout"] = json!("0.1s");
    let _running = start(&bootstrap, port, folder.path());
    order(admin, "/healthcheck/fail");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let settings = b"\0\0\0\x04\0\0\0\0\0";
    let request = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x84\x86\x41\x01a";
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .unwrap();
    stream.write_all(settings).unwrap();
    stream.write_all(request).unwrap();
    let mut came = Vec::new();
    stream.read_to_end(&mut came).unwrap();
    let mut frames = Vec::new();
    let mut rest = &came[..];
    while let [high, middle, low, kind, _, _, _, _, _, after @ ..] = rest {
        let length = u32::from_be_bytes([0, *high, *middle, *low]);
        let (payload, after) = after.split_at(usize::try_from(length).unwrap());
        // GOAWAY shows the last stream that is still taken.
        match kind {
            0 => frames.push("DATA".to_owned()),
            1 => frames.push("HEADERS".to_owned()),
            7 => frames.push(format!("GOAWAY {:02x?}", &payload[..4])),
            _ => {}
        }
        rest = after;
    }
    let expected = [
        "GOAWAY [7f, ff, ff, ff]",
        "HEADERS",
        "DATA",
        "GOAWAY [00, 00, 00, 01]",
    ];
    assert_eq!(frames, expected);
}

#[test]
fn drained_listeners_take_no_connection_more_and_keep_those_that_they_have() {
    let folder = tempfile::tempdir().unwrap();
    let (admin, port, outward) = (free_port(), free_port(), free_port());
    let mut bootstrap = bootstrap(admin, port, 1);
    let listeners = bootstrap
        .pointer_mut("/static_resources/listeners")
        .unwrap();
    let mut other = listeners[0].clone();
    other["name"] = json!("outward");
    other["address"] = address(outward);
    listeners[0]["traffic_direction"] = json!("INBOUND");
    listeners.as_array_mut().unwrap().push(other);
    let _running = start(&bootstrap, port, folder.path());
    let mut inside = TcpStream::connect(("127.0.0.1", port)).unwrap();
    ask_more(&mut inside);
    order(admin, "/drain_listeners?inboundonly");
    until_refused(port);
    assert!(!ask_more(&mut inside).contains("connection: close"));
    let mut outside = TcpStream::connect(("127.0.0.1", outward)).unwrap();
    ask_more(&mut outside);
    assert!(ask(admin, "/ready").contains("\nLIVE\n"));
    order(admin, "/drain_listeners");
    until_refused(outward);
    ask_more(&mut inside);
    ask_more(&mut outside);
}

#[test]
fn a_graceful_drain_ends_connections_and_then_stops_to_listen() {
    let folder = tempfile::tempdir().unwrap();
    let (admin, port) = (free_port(), free_port());
    let mut command = command(&bootstrap(admin, port, 1), folder.path());
    let _running = Running(command.args(["--drain-time-s", "1"]).spawn().unwrap());
    let mut open = loop {
        if let Ok(open) = TcpStream::connect(("127.0.0.1", port)) {
            break open;
        }
        std::thread::yield_now();
    };
    assert!(!ask_more(&mut open).contains("connection: close"));
    order(admin, "/drain_listeners?graceful");
    until_refused(port);
    assert!(ask_more(&mut open).contains("connection: close"));
}
