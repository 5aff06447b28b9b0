//! Plays peers that send single frames, and tells in a line what the connection made of them.

mod floods;
mod flow;
mod frames;
mod fuzz;
mod messages;
mod order;

use super::*;
use crate::http2::frame::{Head, flag, kind};
use crate::http2::{SendError, Underscores};
use std::fmt::Write;

type Fields<'a> = Vec<(&'a str, &'a str)>;

const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "a"),
];

const POST: [(&str, &str); 4] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "a"),
];

const OK: [(&str, &str); 1] = [(":status", "200")];

/// HEADERS that end the block, and those that end the stream as well.
const HEAD: u8 = flag::END_HEADERS;
const WHOLE: u8 = flag::END_HEADERS | flag::END_STREAM;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let head = Head {
        length: u32::try_from(payload.len()).unwrap(),
        kind,
        flags,
        stream,
    };
    [&head.bytes()[..], payload].concat()
}

fn string(text: &str, block: &mut Vec<u8>) {
    let mut length = text.len();
    if length < 127 {
        block.push(u8::try_from(length).unwrap());
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push(u8::try_from(length % 128).unwrap() | 0x80);
            length /= 128;
        }
        block.push(u8::try_from(length).unwrap());
    }
    block.extend_from_slice(text.as_bytes());
}

/// Fields as literals that nobody indexes.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        string(name, &mut block);
        string(value, &mut block);
    }
    block
}

fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(kind::HEADERS, flags, stream, &block(fields))
}

fn with<'a>(fields: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Fields<'a> {
    [fields, more].concat()
}

fn settings_frame(settings: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (id, value) in settings {
        payload.extend_from_slice(&id.to_be_bytes());
        payload.extend_from_slice(&value.to_be_bytes());
    }
    frame(kind::SETTINGS, 0, 0, &payload)
}

fn acknowledge() -> Vec<u8> {
    frame(kind::SETTINGS, flag::ACK, 0, &[])
}

/// A server whose client has begun and has heard our settings.
fn server(settings: Settings) -> Connection {
    let mut connection = Connection::server(settings);
    let begin = [frame::PREFACE, &settings_frame(&[])].concat();
    assert_eq!(events(&mut connection, &begin), "Settings");
    drain(&mut connection);
    connection
}

/// A client with a stream to a server that has begun and has heard our settings.
fn client(settings: Settings, method: &str, end: bool) -> (Connection, StreamId) {
    let mut connection = Connection::client(settings);
    let begin = [settings_frame(&[]), acknowledge()].concat();
    assert_eq!(events(&mut connection, &begin), "Settings");
    let stream = connection.open(&request(method), end).unwrap();
    drain(&mut connection);
    (connection, stream)
}

fn request(method: &str) -> RequestHead {
    RequestHead {
        method: method.into(),
        scheme: b"http".to_vec(),
        path: b"/".to_vec(),
        authority: b"a".to_vec(),
        ..RequestHead::default()
    }
}

fn response(status: u16) -> ResponseHead {
    ResponseHead {
        status,
        ..ResponseHead::default()
    }
}

/// What the input came to, each event in a few words.
fn events(connection: &mut Connection, mut input: &[u8]) -> String {
    let mut text = Vec::new();
    while let Some(event) = connection.receive(&mut input) {
        // What is refused shows in what follows; why, in a test of its own.
        if !matches!(event, Event::Refused { .. }) {
            text.push(event_text(&event));
        }
    }
    text.join("; ")
}

fn event_text(event: &Event<'_>) -> String {
    let ending = |end: &bool| if *end { " end" } else { "" };
    match event {
        Event::Request { stream, end } => format!("Request {}{}", stream.number(), ending(end)),
        Event::Response { stream, end } => format!("Response {}{}", stream.number(), ending(end)),
        Event::Informational { stream } => format!("Informational {}", stream.number()),
        Event::Data { stream, data, end } => {
            format!("Data {} {}{}", stream.number(), data.len(), ending(end))
        }
        Event::Trailers { stream } => format!("Trailers {}", stream.number()),
        Event::Reset {
            stream,
            code,
            cause,
        } => format!("Reset {} {code:?} {cause:?}", stream.number()),
        Event::Refused { details } => format!("Refused {details}"),
        Event::Writable { stream } => format!("Writable {}", stream.number()),
        Event::GoAway { last, code } => format!("GoAway {last} {code:?}"),
        Event::Settings => "Settings".to_owned(),
        Event::Pong { .. } => "Pong".to_owned(),
        Event::Failed(failure) => {
            let told = if failure.told { "told" } else { "silent" };
            format!("Failed {:?} {told}", failure.code)
        }
    }
}

/// What waits in the output, each frame in a few words.
fn drain(connection: &mut Connection) -> String {
    let mut text = Vec::new();
    let mut rest = connection.output();
    rest = rest.strip_prefix(frame::PREFACE).unwrap_or(rest);
    while let Some(head) = Head::read(rest) {
        let payload = &rest[frame::HEAD..frame::HEAD + head.length as usize];
        text.push(frame_text(head, payload));
        rest = &rest[frame::HEAD + payload.len()..];
    }
    connection.wrote(usize::MAX / 2);
    text.join("; ")
}

fn frame_text(head: Head, payload: &[u8]) -> String {
    let names = [
        "DATA",
        "HEADERS",
        "PRIORITY",
        "RST_STREAM",
        "SETTINGS",
        "PUSH_PROMISE",
        "PING",
        "GOAWAY",
        "WINDOW_UPDATE",
        "CONTINUATION",
    ];
    let mut text = format!("{} {}", names[usize::from(head.kind)], head.stream);
    match head.kind {
        kind::DATA => write!(text, " {}", payload.len()).unwrap(),
        kind::RST_STREAM => write!(text, " {:?}", ErrorCode(frame::number(payload, 0))).unwrap(),
        kind::WINDOW_UPDATE => write!(text, " {}", frame::number(payload, 0)).unwrap(),
        kind::GOAWAY => {
            let code = ErrorCode(frame::number(payload, 4));
            let notice = String::from_utf8_lossy(&payload[8..]);
            write!(text, " {} {code:?} {notice:?}", frame::number(payload, 0)).unwrap();
        }
        _ => {}
    }
    if matches!(head.kind, kind::DATA | kind::HEADERS) && head.has(flag::END_STREAM) {
        text.push_str(" end");
    }
    if matches!(head.kind, kind::PING | kind::SETTINGS) && head.has(flag::ACK) {
        text.push_str(" ack");
    }
    text
}

/// Each case in a connection of its own: a name, the input, and what it comes to: the events, then the output.
fn check(settings: &Settings, cases: &[(&str, Vec<u8>, &str, &str)]) {
    for (name, input, expected_events, expected_output) in cases {
        let mut connection = server(settings.clone());
        let found = events(&mut connection, input);
        assert_eq!(&found, expected_events, "{name}: events");
        assert_eq!(&drain(&mut connection), expected_output, "{name}: output");
    }
}

fn lenient() -> Settings {
    Settings {
        override_stream_error_on_invalid_http_message: true,
        ..Settings::default()
    }
}

#[test]
fn beginning_is_that_of_envoy() {
    let mut server = Connection::server(Settings::default());
    let settings = [
        0, 0, 24, 4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0x10, 0, 0, 8, 0, 0, 0, 0, 0, 3, 0, 0, 4, 0, 0, 4,
        1, 0, 0, 0,
    ];
    let window = [0, 0, 4, 8, 0, 0, 0, 0, 0, 0x01, 0x7f, 0, 1];
    assert_eq!(server.output(), [&settings[..], &window].concat());
    server.wrote(settings.len());
    assert_eq!(server.output(), window);
    let client = Connection::client(Settings::default());
    let output = client.output().strip_prefix(frame::PREFACE).unwrap();
    assert_eq!(output[..15], [0, 0, 30, 4, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
    assert_eq!(output[15..], [&settings[9..], &window].concat());
}

#[test]
fn request_and_response_go_through() {
    let mut connection = server(Settings::default());
    let fields = [
        ("cookie", "a=b"),
        ("X-Up", "no"),
        ("x-a", "1"),
        ("cookie", "c=d"),
        ("x-b", ""),
    ];
    let fields: Fields<'_> = fields.into_iter().filter(|it| it.0 != "X-Up").collect();
    let input = headers(1, WHOLE, &with(&GET, &fields));
    let mut rest = &input[..];
    let Some(Event::Request { stream, end: true }) = connection.receive(&mut rest) else {
        panic!("no request");
    };
    let mut head = RequestHead::default();
    connection.take_request(&mut head);
    assert_eq!(head.protocol, crate::http::message::Protocol::Http2);
    assert_eq!((&head.method[..], &head.path[..]), (&b"GET"[..], &b"/"[..]));
    assert_eq!(
        (&head.scheme[..], &head.authority[..]),
        (&b"http"[..], &b"a"[..])
    );
    let expected = Headers::from([("x-a", "1"), ("x-b", ""), ("cookie", "a=b; c=d")]);
    assert_eq!(head.headers, expected);
    connection
        .send_informational(stream, &response(103))
        .unwrap();
    connection
        .send_response(stream, &response(200), false)
        .unwrap();
    assert_eq!(connection.send_data(stream, b"hello", false), Ok(5));
    let trailers = Headers::from([("grpc-status", "0")]);
    connection.send_trailers(stream, &trailers).unwrap();
    assert_eq!(
        drain(&mut connection),
        "HEADERS 1; HEADERS 1; DATA 1 5; HEADERS 1 end"
    );
    assert!(!connection.is_open(stream));
    assert_eq!(
        connection.send_data(stream, b"", true),
        Err(SendError::Gone)
    );
    connection.reset(stream, ErrorCode::CANCEL);
    assert_eq!(drain(&mut connection), "");
}

#[test]
fn messages_are_sent_in_order_only() {
    let mut connection = server(Settings::default());
    let mut input = &headers(1, WHOLE, &GET)[..];
    let Some(Event::Request { stream, .. }) = connection.receive(&mut input) else {
        panic!("no request");
    };
    let out_of_order = Err(SendError::OutOfOrder);
    assert_eq!(
        connection.send_data(stream, b"x", false),
        Err(SendError::OutOfOrder)
    );
    assert_eq!(
        connection.send_trailers(stream, &Headers::new()),
        out_of_order
    );
    assert_eq!(
        connection.send_response(stream, &response(200), false),
        Ok(())
    );
    assert_eq!(
        connection.send_informational(stream, &response(103)),
        out_of_order
    );
    assert_eq!(
        connection.send_response(stream, &response(200), false),
        out_of_order
    );
    assert_eq!(connection.send_trailers(stream, &Headers::new()), Ok(()));
    assert_eq!(drain(&mut connection), "HEADERS 1; DATA 1 0 end");
    assert_eq!(
        connection.open(&request("GET"), true),
        Err(SendError::OutOfOrder)
    );
}
