//! Holds the treatment of single frames to what Envoy 1.40 was seen to do with the same bytes.

use super::*;

pub(super) const SILENT: &str = "Failed PROTOCOL_ERROR silent";
pub(super) const TOLD: &str = "Failed PROTOCOL_ERROR told";
const SIZE: &str = "Failed FRAME_SIZE_ERROR told";

pub(super) fn unary(number: u32) -> Vec<u8> {
    headers(number, WHOLE, &GET)
}

pub(super) fn go_away(last: u32, code: ErrorCode, notice: &str) -> String {
    format!("GOAWAY 0 {last} {code:?} {notice:?}")
}

/// Each case is input that ends the connection: the event before the end, the kind of the end, and the GOAWAY.
pub(super) fn fatal(cases: &[(&str, Vec<u8>, &str, &str, &str)]) {
    for (name, input, before, end, output) in cases {
        let mut connection = server(Settings::default());
        let expected = [*before, *end].into_iter().filter(|it| !it.is_empty());
        let expected = expected.collect::<Vec<_>>().join("; ");
        assert_eq!(events(&mut connection, input), expected, "{name}: events");
        assert_eq!(&drain(&mut connection), output, "{name}: output");
        assert_eq!(events(&mut connection, &unary(9)), "", "{name}: after it");
        assert!(connection.failure().is_some());
        assert_eq!(connection.open_streams(), 0);
    }
}

#[test]
fn connection_begins_with_preface_and_settings() {
    for (input, expected) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], SILENT),
        (
            &[frame::PREFACE, &frame(kind::PING, 0, 0, &[0; 8])].concat(),
            TOLD,
        ),
        (&[frame::PREFACE, &acknowledge()].concat(), TOLD),
    ] {
        let mut connection = Connection::server(Settings::default());
        assert_eq!(events(&mut connection, input), expected);
    }
    let mut connection = Connection::client(Settings::default());
    drain(&mut connection);
    let ping = frame(kind::PING, 0, 0, &[0; 8]);
    assert_eq!(events(&mut connection, &ping), TOLD);
    let notice = go_away(0, ErrorCode::PROTOCOL_ERROR, "SETTINGS expected");
    assert_eq!(drain(&mut connection), notice);
}

#[test]
fn frames_on_streams_that_nobody_has_opened() {
    let notice = go_away(0, ErrorCode::PROTOCOL_ERROR, "DATA: stream in idle");
    let none = go_away(0, ErrorCode::PROTOCOL_ERROR, "DATA: stream_id == 0");
    fatal(&[
        ("DATA", frame(kind::DATA, 0, 1, b"a"), "", TOLD, &notice),
        ("DATA on 0", frame(kind::DATA, 0, 0, b"a"), "", TOLD, &none),
        (
            "RST_STREAM",
            frame(kind::RST_STREAM, 0, 1, &[0; 4]),
            "",
            SILENT,
            "",
        ),
        (
            "RST_STREAM on 0",
            frame(kind::RST_STREAM, 0, 0, &[0; 4]),
            "",
            SILENT,
            "",
        ),
        (
            "WINDOW_UPDATE",
            frame(kind::WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]),
            "",
            SILENT,
            "",
        ),
        ("HEADERS on 0", headers(0, WHOLE, &GET), "", SILENT, ""),
        ("even HEADERS", headers(2, WHOLE, &GET), "", SILENT, ""),
        (
            "PUSH_PROMISE",
            frame(kind::PUSH_PROMISE, 4, 1, &[0, 0, 0, 2]),
            "",
            SILENT,
            "",
        ),
    ]);
}

#[test]
fn frames_on_streams_that_the_peer_has_ended() {
    let notice = "DATA: stream in half-closed(remote)";
    let notice = go_away(1, ErrorCode::STREAM_CLOSED, notice);
    let data = [unary(1), frame(kind::DATA, 0, 1, b"a")].concat();
    let again = [unary(1), unary(1)].concat();
    let closed = "Failed STREAM_CLOSED";
    fatal(&[
        (
            "DATA",
            data,
            "Request 1 end",
            &format!("{closed} told"),
            &notice,
        ),
        (
            "HEADERS",
            again,
            "Request 1 end",
            &format!("{closed} silent"),
            "",
        ),
    ]);
}

#[test]
fn frames_on_streams_that_have_ended_are_ignored() {
    let cancel = frame(kind::RST_STREAM, 0, 1, &[0, 0, 0, 8]);
    let begin = [headers(1, HEAD, &POST), cancel.clone()].concat();
    let reset = "Request 1; Reset 1 CANCEL Peer; Request 3 end";
    let case = |late: Vec<u8>| [begin.clone(), late, unary(3)].concat();
    let update = frame(kind::WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]);
    check(
        &Settings::default(),
        &[
            ("DATA", case(frame(kind::DATA, 0, 1, b"a")), reset, ""),
            ("HEADERS", case(headers(1, WHOLE, &[("a", "b")])), reset, ""),
            ("RST_STREAM", case(cancel), reset, ""),
            ("WINDOW_UPDATE", case(update), reset, ""),
            (
                "lower stream",
                [unary(5), unary(3), unary(7)].concat(),
                "Request 5 end; Request 7 end",
                "",
            ),
        ],
    );
    let mut connection = server(Settings::default());
    events(&mut connection, &begin);
    assert_eq!(connection.statistics().rx_reset, 1);
}

#[test]
fn frames_of_a_wrong_length() {
    let notice = go_away(0, ErrorCode::FRAME_SIZE_ERROR, "");
    for (name, kind, flags, stream, length) in [
        ("PRIORITY", kind::PRIORITY, 0, 1, 4),
        ("RST_STREAM", kind::RST_STREAM, 0, 1, 3),
        ("SETTINGS", kind::SETTINGS, 0, 0, 5),
        ("SETTINGS ack", kind::SETTINGS, flag::ACK, 0, 6),
        ("PING", kind::PING, 0, 0, 3),
        ("GOAWAY", kind::GOAWAY, 0, 0, 3),
        ("WINDOW_UPDATE", kind::WINDOW_UPDATE, 0, 0, 3),
        ("HEADERS", kind::HEADERS, HEAD | flag::PRIORITY, 1, 3),
        ("padded HEADERS", kind::HEADERS, HEAD | flag::PADDED, 1, 0),
    ] {
        let input = frame(kind, flags, stream, &vec![0; length]);
        fatal(&[(name, input, "", SIZE, &notice)]);
    }
    let notice = go_away(0, ErrorCode::FRAME_SIZE_ERROR, "too large frame size");
    for (name, kind, stream) in [
        ("large DATA", kind::DATA, 1),
        ("large HEADERS", kind::HEADERS, 1),
        ("large PING", kind::PING, 0),
        ("large unknown", 77, 0),
    ] {
        let input = frame(kind, 0, stream, &vec![0; 16_385]);
        fatal(&[(name, input, "", SIZE, &notice)]);
    }
}

#[test]
fn padding_must_fit() {
    let code = ErrorCode::PROTOCOL_ERROR;
    let post = headers(1, HEAD, &POST);
    let data = |payload: &[u8]| [post.clone(), frame(kind::DATA, 8, 1, payload)].concat();
    let headers = frame(kind::HEADERS, WHOLE | flag::PADDED, 1, &[255, 0x82]);
    fatal(&[
        (
            "DATA",
            data(b"\x05abc"),
            "Request 1",
            TOLD,
            &go_away(1, code, "DATA: invalid padding"),
        ),
        (
            "empty DATA",
            data(b""),
            "Request 1",
            TOLD,
            &go_away(1, code, "DATA: insufficient padding space"),
        ),
        (
            "HEADERS",
            headers,
            "",
            TOLD,
            &go_away(0, code, "HEADERS: invalid padding"),
        ),
    ]);
    let whole = flag::PADDED | flag::END_STREAM;
    let padded = |payload: &[u8]| [post.clone(), frame(kind::DATA, whole, 1, payload)].concat();
    let prioritised = [&[2, 0, 0, 0, 5, 1], &block(&GET)[..], b"xy"].concat();
    let flags = WHOLE | flag::PADDED | flag::PRIORITY;
    check(
        &Settings::default(),
        &[
            (
                "only padding",
                padded(b"\x03abc"),
                "Request 1; Data 1 0 end",
                "",
            ),
            (
                "some",
                padded(b"\x02abc"),
                "Request 1; Data 1 1; Data 1 0 end",
                "",
            ),
            ("none", padded(b"\x00abc"), "Request 1; Data 1 3 end", ""),
            (
                "HEADERS",
                frame(kind::HEADERS, flags, 1, &prioritised),
                "Request 1 end",
                "",
            ),
        ],
    );
}

#[test]
fn control_frames_in_the_wrong_place() {
    let twice = [acknowledge(), acknowledge()].concat();
    let itself = [&[0, 0, 0, 1, 1], &block(&GET)[..]].concat();
    let itself = frame(kind::HEADERS, WHOLE | flag::PRIORITY, 1, &itself);
    let odd = frame(kind::GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
    let none = frame(kind::GOAWAY, 0, 0, &[0; 8]);
    let some = frame(kind::GOAWAY, 0, 0, &[0, 0, 0, 2, 0, 0, 0, 0]);
    let raised = [none, some].concat();
    fatal(&[
        (
            "PING on 1",
            frame(kind::PING, 0, 1, &[0; 8]),
            "",
            SILENT,
            "",
        ),
        (
            "GOAWAY on 1",
            frame(kind::GOAWAY, 0, 1, &[0; 8]),
            "",
            SILENT,
            "",
        ),
        (
            "SETTINGS on 1",
            frame(kind::SETTINGS, 0, 1, &[]),
            "",
            SILENT,
            "",
        ),
        ("second ack", twice, "", SILENT, ""),
        ("depends on itself", itself, "", SILENT, ""),
        ("odd GOAWAY", odd, "", SILENT, ""),
        ("raised GOAWAY", raised, "GoAway 0 NO_ERROR", SILENT, ""),
    ]);
}

#[test]
fn windows_must_open_and_not_too_far() {
    let flow = "Failed FLOW_CONTROL_ERROR silent";
    let post = headers(1, HEAD, &POST);
    let update = |stream, by: u32| frame(kind::WINDOW_UPDATE, 0, stream, &by.to_be_bytes());
    let on_stream = |by| [post.clone(), update(1, by)].concat();
    fatal(&[
        ("nothing", update(0, 0), "", SILENT, ""),
        ("nothing on 1", on_stream(0), "Request 1", SILENT, ""),
        ("too far", update(0, frame::LARGEST), "", flow, ""),
        (
            "too far on 1",
            on_stream(frame::LARGEST),
            "Request 1",
            flow,
            "",
        ),
    ]);
}

#[test]
fn settings_must_have_sensible_values() {
    let flow = "Failed FLOW_CONTROL_ERROR silent";
    fatal(&[
        ("push", settings_frame(&[(2, 2)]), "", SILENT, ""),
        ("window", settings_frame(&[(4, 1 << 31)]), "", flow, ""),
        (
            "small frame",
            settings_frame(&[(5, 16_383)]),
            "",
            SILENT,
            "",
        ),
        (
            "large frame",
            settings_frame(&[(5, 1 << 24)]),
            "",
            SILENT,
            "",
        ),
        ("connect", settings_frame(&[(8, 2)]), "", SILENT, ""),
    ]);
    let answer = "SETTINGS 0 ack";
    check(
        &Settings::default(),
        &[
            ("push", settings_frame(&[(2, 1)]), "Settings", answer),
            (
                "connect",
                settings_frame(&[(8, 1), (8, 0)]),
                "Settings",
                answer,
            ),
            ("unknown", settings_frame(&[(99, 1)]), "Settings", answer),
        ],
    );
    let (mut connection, _) = client(Settings::default(), "GET", true);
    assert!(!connection.peer_allows_connect());
    assert_eq!(
        events(&mut connection, &settings_frame(&[(8, 1), (2, 0)])),
        "Settings"
    );
    assert!(connection.peer_allows_connect());
    assert_eq!(events(&mut connection, &settings_frame(&[(8, 0)])), SILENT);
    let (mut connection, _) = client(Settings::default(), "GET", true);
    assert_eq!(events(&mut connection, &settings_frame(&[(2, 1)])), SILENT);
}

/// What a client that has just come hears when the first bytes end its connection.
#[test]
fn a_failure_takes_back_what_the_same_input_led_to() {
    let ping = frame(kind::PING, 0, 0, b"12345678");
    let told = frame(kind::DATA, 0, 0, b"x");
    let silent = frame(kind::WINDOW_UPDATE, 0, 0, &[0; 4]);
    let farewell = "GOAWAY 0 0 PROTOCOL_ERROR \"DATA: stream_id == 0\"";
    for (bad, first, later) in [(told, farewell, farewell), (silent, "", "")] {
        let opening = [frame::PREFACE, &settings_frame(&[])].concat();
        let mut connection = Connection::server(Settings::default());
        events(&mut connection, &[&opening[..], &ping, &bad].concat());
        let output = drain(&mut connection);
        let settings = output.starts_with("SETTINGS 0");
        assert_eq!(settings, !first.is_empty(), "{output}");
        assert!(output.ends_with(first), "{output}");
        assert!(
            !output.contains("ack") && !output.contains("PING"),
            "{output}"
        );

        let mut connection = Connection::server(Settings::default());
        events(&mut connection, &opening);
        assert!(drain(&mut connection).contains("ack"));
        // What waits for the socket from before is still sent.
        events(&mut connection, &ping);
        events(&mut connection, &[&ping[..], &bad].concat());
        let output = drain(&mut connection);
        assert_eq!(output.matches("PING").count(), 1, "{output}");
        assert!(output.ends_with(later), "{output}");
    }
}

#[test]
fn a_request_that_is_refused_is_told_with_its_reason() {
    let mut upper = b"\x82\x86\x84\x41\x01a".to_vec();
    upper.extend_from_slice(b"\x00\x01X\x01a");
    let cases = [
        (upper, flag::END_HEADERS, "http2.invalid.header.field"),
        (
            b"\x82\x86\x01\x01h".to_vec(),
            flag::END_HEADERS,
            "http2.violation.of.messaging.rule",
        ),
        (
            vec![0xff; 6],
            flag::END_HEADERS,
            "codec_error:The_user_callback_function_failed",
        ),
    ];
    for (block, flags, expected) in cases {
        let mut connection = server(Settings::default());
        let bytes = frame(kind::HEADERS, flags | flag::END_STREAM, 1, &block);
        let mut input = &bytes[..];
        let event = connection.receive(&mut input).unwrap();
        assert_eq!(event_text(&event), format!("Refused {expected}"));
        assert!(matches!(
            connection.receive(&mut input),
            Some(Event::Failed(_))
        ));
    }
}
