//! Holds the order of frames, and what means nothing to us, to what Envoy 1.40 was seen to do with the same bytes.

use super::frames::{SILENT, TOLD, fatal, go_away, unary};
use super::*;

#[test]
fn header_blocks_are_not_interrupted() {
    let code = ErrorCode::PROTOCOL_ERROR;
    let begin = headers(1, flag::END_STREAM, &GET);
    let notice = "unexpected non-CONTINUATION frame or stream_id is invalid";
    let interrupted = go_away(1, code, notice);
    let alone = go_away(0, code, "CONTINUATION: unexpected");
    let case = |other: Vec<u8>| [begin.clone(), other].concat();
    fatal(&[
        (
            "alone",
            frame(kind::CONTINUATION, 4, 1, &[]),
            "",
            TOLD,
            &alone,
        ),
        (
            "other",
            case(frame(kind::CONTINUATION, 4, 3, &[])),
            "",
            TOLD,
            &interrupted,
        ),
        (
            "DATA",
            case(frame(kind::DATA, 0, 1, b"a")),
            "",
            TOLD,
            &interrupted,
        ),
        (
            "PING",
            case(frame(kind::PING, 0, 0, &[0; 8])),
            "",
            TOLD,
            &interrupted,
        ),
        (
            "unknown",
            case(frame(99, 0, 0, &[0; 8])),
            "",
            TOLD,
            &interrupted,
        ),
    ]);
    let whole = block(&GET);
    for cut in 0..=whole.len() {
        let mut connection = server(Settings::default());
        let pieces = [
            frame(kind::HEADERS, flag::END_STREAM, 1, &whole[..cut]),
            frame(kind::CONTINUATION, flag::END_HEADERS, 1, &whole[cut..]),
        ];
        assert_eq!(
            events(&mut connection, &pieces.concat()),
            "Request 1 end",
            "{cut}"
        );
    }
}

#[test]
fn broken_compression_ends_the_connection() {
    let lost = "Failed COMPRESSION_ERROR told";
    let notice = go_away(1, ErrorCode::COMPRESSION_ERROR, "");
    let case = |block: &[u8]| frame(kind::HEADERS, WHOLE, 1, block);
    let cut = [&block(&GET)[..], b"\x00\x05a"].concat();
    let size = [&block(&GET)[..], b"\x20"].concat();
    fatal(&[
        ("index 0", case(b"\x80"), "", lost, &notice),
        ("index", case(b"\xff\xff\x01"), "", lost, &notice),
        ("Huffman", case(b"\x00\x81\xff\x81\xff"), "", lost, &notice),
        ("cut", case(&cut), "", lost, &notice),
        ("size", case(&size), "", lost, &notice),
        ("large size", case(b"\x3f\xe2\x1f\x82"), "", lost, &notice),
    ]);
}

#[test]
fn what_means_nothing_is_ignored() {
    let dependent = frame(kind::PRIORITY, 0, 1, &[0, 0, 0, 1, 1]);
    let nowhere = frame(kind::PRIORITY, 0, 0, &[0; 5]);
    let pong = frame(kind::PING, flag::ACK, 0, &[7; 8]);
    let request = "Request 1 end";
    check(
        &Settings::default(),
        &[
            ("PRIORITY", [dependent, unary(1)].concat(), request, ""),
            ("PRIORITY on 0", [nowhere, unary(1)].concat(), request, ""),
            (
                "unknown",
                [frame(99, 0xff, 77, b"x"), unary(1)].concat(),
                request,
                "",
            ),
            (
                "empty unknown",
                [frame(99, 0xff, 77, b""), unary(1)].concat(),
                request,
                "",
            ),
            ("pong", [pong, unary(1)].concat(), "Pong; Request 1 end", ""),
            ("PING", frame(kind::PING, 0, 0, &[7; 8]), "", "PING 0 ack"),
        ],
    );
    let farewell = frame(kind::GOAWAY, 0, 0, &[0; 8]);
    let farewell = [farewell, unary(1)].concat();
    let expected = "GoAway 0 NO_ERROR; Request 1 end";
    check(&Settings::default(), &[("GOAWAY", farewell, expected, "")]);
}

#[test]
fn streams_end_with_the_largest_number() {
    let largest = headers(frame::LARGEST, WHOLE, &GET);
    let input = [largest, unary(1)].concat();
    let expected = "Request 2147483647 end";
    check(&Settings::default(), &[("server", input, expected, "")]);

    let (mut connection, _) = client(Settings::default(), "GET", true);
    connection.next_own_stream = frame::LARGEST;
    assert_eq!(connection.available_streams(), 0);
    connection.next_own_stream = frame::LARGEST - 2;
    assert_eq!(connection.available_streams(), 1);
    let last = connection.open(&request("GET"), true).unwrap();
    assert_eq!(last.number(), frame::LARGEST - 2);
}

#[test]
fn what_a_server_must_not_send() {
    let idle = go_away(0, ErrorCode::PROTOCOL_ERROR, "DATA: stream in idle");
    let early = go_away(0, ErrorCode::PROTOCOL_ERROR, "DATA: stream not opened");
    let lost = go_away(0, ErrorCode::COMPRESSION_ERROR, "");
    for (name, input, expected, output) in [
        ("HEADERS on 3", headers(3, WHOLE, &OK), SILENT, ""),
        ("HEADERS on 2", headers(2, WHOLE, &OK), SILENT, ""),
        (
            "PUSH_PROMISE",
            frame(kind::PUSH_PROMISE, 4, 1, &[0, 0, 0, 2]),
            SILENT,
            "",
        ),
        ("DATA on 3", frame(kind::DATA, 0, 3, b"a"), TOLD, &idle),
        ("DATA first", frame(kind::DATA, 1, 1, b"a"), TOLD, &early),
        (
            "no HPACK",
            frame(kind::HEADERS, WHOLE, 1, b"\x80"),
            "Failed COMPRESSION_ERROR told",
            &lost,
        ),
    ] {
        let (mut connection, _) = client(Settings::default(), "GET", true);
        assert_eq!(events(&mut connection, &input), expected, "{name}");
        assert_eq!(drain(&mut connection), output, "{name}");
    }
    let (mut connection, _) = client(Settings::default(), "GET", true);
    let late = [headers(1, WHOLE, &OK), frame(kind::DATA, 1, 1, b"a")].concat();
    assert_eq!(events(&mut connection, &late), "Response 1 end");
    assert_eq!(connection.open_streams(), 0);
}
