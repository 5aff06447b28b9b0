//! Holds both directions of flow control, and the ways in which a connection is closed, to the RFC.

use super::*;

/// A server with a request, whose response has begun.
fn answering(settings: Settings) -> (Connection, StreamId) {
    let mut connection = server(settings);
    let mut input = &headers(1, WHOLE, &GET)[..];
    let Some(Event::Request { stream, .. }) = connection.receive(&mut input) else {
        panic!("no request");
    };
    connection
        .send_response(stream, &response(200), false)
        .unwrap();
    drain(&mut connection);
    (connection, stream)
}

fn window_update(stream: u32, increment: u32) -> Vec<u8> {
    frame(kind::WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

#[test]
fn sender_stops_at_the_window_and_goes_on_when_it_opens() {
    let (mut connection, stream) = answering(Settings::default());
    let body = vec![0; 100_000];
    assert_eq!(connection.send_data(stream, &body, true), Ok(65_535));
    let frames = "DATA 1 16384; DATA 1 16384; DATA 1 16384; DATA 1 16383";
    assert_eq!(drain(&mut connection), frames);
    assert_eq!(connection.statistics().pending_send_bytes, 34_465);
    assert_eq!(connection.send_data(stream, &body[65_535..], true), Ok(0));
    assert_eq!(events(&mut connection, &window_update(1, 40_000)), "");
    assert_eq!(
        events(&mut connection, &window_update(0, 10_000)),
        "Writable 1"
    );
    assert_eq!(
        connection.send_data(stream, &body[65_535..], true),
        Ok(10_000)
    );
    assert_eq!(
        events(&mut connection, &window_update(0, 40_000)),
        "Writable 1"
    );
    assert_eq!(
        connection.send_data(stream, &body[75_535..], true),
        Ok(24_465)
    );
    assert_eq!(
        drain(&mut connection),
        "DATA 1 10000; DATA 1 16384; DATA 1 8081 end"
    );
    assert_eq!(connection.statistics().pending_send_bytes, 0);
    assert!(!connection.is_open(stream));
}

#[test]
fn sender_stops_when_the_socket_does_not_keep_up() {
    let (mut connection, stream) = answering(Settings {
        output_limit: 1000,
        ..Settings::default()
    });
    assert_eq!(connection.send_data(stream, &[0; 5000], false), Ok(1000));
    assert_eq!(connection.send_data(stream, &[0; 4000], false), Ok(0));
    assert_eq!(events(&mut connection, &[]), "");
    connection.wrote(500);
    assert_eq!(events(&mut connection, &[]), "Writable 1");
    assert_eq!(connection.send_data(stream, &[0; 4000], false), Ok(491));
}

#[test]
fn all_blocked_senders_get_their_turn() {
    let mut connection = server(Settings::default());
    let mut streams = Vec::new();
    for number in [1, 3, 5] {
        let input = headers(number, WHOLE, &GET);
        let mut input = &input[..];
        let Some(Event::Request { stream, .. }) = connection.receive(&mut input) else {
            panic!("no request");
        };
        connection
            .send_response(stream, &response(200), false)
            .unwrap();
        streams.push(stream);
    }
    assert_eq!(
        connection.send_data(streams[0], &vec![0; 65_535], false),
        Ok(65_535)
    );
    for stream in &streams[1..] {
        assert_eq!(connection.send_data(*stream, b"x", true), Ok(0));
    }
    drain(&mut connection);
    connection.reset(streams[1], ErrorCode::CANCEL);
    assert_eq!(connection.statistics().pending_send_bytes, 1);
    assert_eq!(events(&mut connection, &window_update(0, 1)), "Writable 5");
}

#[test]
fn shrunk_window_falls_below_nothing_and_must_open_again() {
    let (mut connection, stream) = answering(Settings::default());
    assert_eq!(connection.send_data(stream, &[0; 1000], false), Ok(1000));
    assert_eq!(
        events(&mut connection, &settings_frame(&[(4, 10)])),
        "Settings"
    );
    assert_eq!(connection.send_data(stream, b"xyz", false), Ok(0));
    assert_eq!(events(&mut connection, &window_update(1, 990)), "");
    assert_eq!(events(&mut connection, &window_update(1, 1)), "Writable 1");
    assert_eq!(connection.send_data(stream, b"xyz", false), Ok(1));
    assert_eq!(connection.send_data(stream, b"yz", false), Ok(0));
    assert_eq!(
        events(&mut connection, &settings_frame(&[(4, 11)])),
        "Settings; Writable 1"
    );
}

#[test]
fn settings_that_open_a_window_too_far_end_the_stream() {
    let (mut connection, _) = answering(Settings::default());
    events(&mut connection, &window_update(1, 0x7f00_0000));
    let input = settings_frame(&[(4, 0x7fff_ffff)]);
    let expected = "Settings; Reset 1 FLOW_CONTROL_ERROR FlowControl";
    assert_eq!(events(&mut connection, &input), expected);
    let output = "RST_STREAM 1 FLOW_CONTROL_ERROR; SETTINGS 0 ack";
    assert_eq!(drain(&mut connection), output);
}

#[test]
fn frames_are_no_longer_than_the_peer_allows() {
    let (mut connection, stream) = answering(Settings::default());
    events(&mut connection, &settings_frame(&[(5, 20_000)]));
    drain(&mut connection);
    assert_eq!(
        connection.send_data(stream, &vec![0; 30_000], false),
        Ok(30_000)
    );
    assert_eq!(drain(&mut connection), "DATA 1 20000; DATA 1 10000");
}

fn small() -> Settings {
    Settings {
        initial_stream_window_size: 65_535,
        initial_connection_window_size: 100_000,
        ..Settings::default()
    }
}

#[test]
fn windows_are_given_back_in_halves_as_data_is_consumed() {
    let mut connection = server(small());
    let input = [acknowledge(), headers(1, HEAD, &POST)].concat();
    let mut input = &input[..];
    let Some(Event::Request { stream, .. }) = connection.receive(&mut input) else {
        panic!("no request");
    };
    let data = frame(kind::DATA, 0, 1, &[0; 16_000]);
    for _ in 0..3 {
        assert_eq!(events(&mut connection, &data), "Data 1 16000");
    }
    assert_eq!(drain(&mut connection), "");
    connection.release(stream, 32_000);
    assert_eq!(drain(&mut connection), "");
    connection.release(stream, 1000);
    assert_eq!(drain(&mut connection), "WINDOW_UPDATE 1 33000");
    connection.release(stream, 1_000_000);
    assert_eq!(drain(&mut connection), "");
    for _ in 0..2 {
        assert_eq!(events(&mut connection, &data), "Data 1 16000");
    }
    // What is left of a stream that ends counts as consumed, or the connection would dry up.
    connection.reset(stream, ErrorCode::CANCEL);
    let output = "RST_STREAM 1 CANCEL; WINDOW_UPDATE 0 80000";
    assert_eq!(drain(&mut connection), output);
    // So does what comes for it later.
    for _ in 0..4 {
        assert_eq!(events(&mut connection, &data), "");
    }
    assert_eq!(drain(&mut connection), "WINDOW_UPDATE 0 64000");
}

#[test]
fn padding_is_given_back_at_once() {
    let mut connection = server(small());
    events(&mut connection, &headers(1, HEAD, &POST));
    let padded = [&[255, b'x'][..], &[0; 255]].concat();
    let data = frame(kind::DATA, flag::PADDED, 1, &padded);
    for _ in 0..127 {
        assert_eq!(events(&mut connection, &data), "Data 1 1");
    }
    assert_eq!(drain(&mut connection), "");
    assert_eq!(events(&mut connection, &data), "Data 1 1");
    assert_eq!(drain(&mut connection), "WINDOW_UPDATE 1 32768");
}

#[test]
fn more_data_than_the_windows_have_room_for() {
    let mut connection = server(Settings::default());
    events(&mut connection, &headers(1, HEAD, &POST));
    let data = frame(kind::DATA, 0, 1, &vec![0; 16_384]);
    // The peer has not acknowledged the larger window.
    let expected =
        "Data 1 16384; Data 1 16384; Data 1 16384; Reset 1 FLOW_CONTROL_ERROR FlowControl";
    assert_eq!(events(&mut connection, &data.repeat(5)), expected);
    assert_eq!(drain(&mut connection), "RST_STREAM 1 FLOW_CONTROL_ERROR");

    let mut connection = server(small());
    let begin = [headers(1, HEAD, &POST), headers(3, HEAD, &POST)].concat();
    events(&mut connection, &begin);
    events(&mut connection, &data.repeat(3));
    let other = frame(kind::DATA, 0, 3, &vec![0; 16_384]).repeat(3);
    let found = events(&mut connection, &[other, data].concat());
    assert!(found.ends_with("Failed FLOW_CONTROL_ERROR told"), "{found}");
    let output = drain(&mut connection);
    assert_eq!(output, "GOAWAY 0 3 FLOW_CONTROL_ERROR \"\"");
}

#[test]
fn bodies_come_in_the_pieces_in_which_they_arrive() {
    let mut connection = server(Settings::default());
    events(&mut connection, &headers(1, HEAD, &POST));
    let data = frame(
        kind::DATA,
        flag::PADDED | flag::END_STREAM,
        1,
        b"\x02hello..",
    );
    let mut found = Vec::new();
    let mut kept = Vec::new();
    for byte in data {
        kept.push(byte);
        let mut input = &kept[..];
        while let Some(event) = connection.receive(&mut input) {
            found.push(event_text(&event));
        }
        let left = input.len();
        kept.drain(..kept.len() - left);
    }
    let expected = ["Data 1 1"; 5].into_iter().chain(["Data 1 0 end"]);
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[test]
fn server_closes_in_two_steps() {
    let mut connection = server(Settings::default());
    assert_eq!(
        events(&mut connection, &headers(1, HEAD, &POST)),
        "Request 1"
    );
    connection.announce_shutdown();
    assert_eq!(drain(&mut connection), "GOAWAY 0 2147483647 NO_ERROR \"\"");
    assert_eq!(connection.statistics().goaway_sent, 0);
    assert_eq!(
        events(&mut connection, &headers(3, WHOLE, &GET)),
        "Request 3 end"
    );
    connection.go_away();
    connection.go_away();
    assert_eq!(drain(&mut connection), "GOAWAY 0 3 NO_ERROR \"\"");
    assert_eq!(connection.statistics().goaway_sent, 1);
    // Later requests are read for the compression's sake and not answered; earlier ones go on.
    let late = headers(5, HEAD, &POST);
    let late = [
        late,
        frame(kind::DATA, 1, 5, b"late"),
        frame(kind::DATA, 1, 1, b"x"),
    ];
    assert_eq!(events(&mut connection, &late.concat()), "Data 1 1 end");
    assert_eq!(drain(&mut connection), "");
}

#[test]
fn client_gives_up_what_the_server_has_not_taken() {
    let (mut connection, _) = client(Settings::default(), "GET", true);
    let second = connection.open(&request("GET"), true).unwrap();
    drain(&mut connection);
    let warning = [&frame::LARGEST.to_be_bytes()[..], &[0; 4]].concat();
    let warning = frame(kind::GOAWAY, 0, 0, &warning);
    assert_eq!(
        events(&mut connection, &warning),
        "GoAway 2147483647 NO_ERROR"
    );
    assert_eq!(
        connection.open(&request("GET"), true),
        Err(SendError::GoingAway)
    );
    assert_eq!(connection.available_streams(), 0);
    let last = frame(kind::GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
    let input = [last, headers(1, WHOLE, &OK)].concat();
    let found = events(&mut connection, &input);
    let expected = "GoAway 1 NO_ERROR; Reset 3 REFUSED_STREAM GoAway; Response 1 end";
    assert_eq!(found, expected);
    assert!(!connection.is_open(second));
    assert_eq!(drain(&mut connection), "");
}

#[test]
fn client_keeps_to_the_limit_of_streams() {
    let (mut connection, first) = client(Settings::default(), "GET", true);
    assert_eq!(connection.available_streams(), 1023);
    assert_eq!(
        events(&mut connection, &settings_frame(&[(3, 2)])),
        "Settings"
    );
    assert_eq!(connection.available_streams(), 1);
    connection.open(&request("GET"), true).unwrap();
    let refused = connection.open(&request("GET"), true);
    assert_eq!(refused, Err(SendError::TooManyStreams));
    connection.reset(first, ErrorCode::CANCEL);
    let third = connection.open(&request("GET"), false).unwrap();
    assert_eq!((third.number(), third.slot()), (5, first.slot()));
}

#[test]
fn pings_are_answered_and_their_answers_told() {
    let mut connection = server(Settings::default());
    connection.ping(*b"12345678");
    assert_eq!(connection.output()[9..], *b"12345678");
    drain(&mut connection);
    let answer = frame(kind::PING, flag::ACK, 0, b"12345678");
    let event = connection.receive(&mut &answer[..]);
    let payload = *b"12345678";
    assert_eq!(event, Some(Event::Pong { payload }));
}

#[test]
fn idle_connection_gives_its_memory_back_and_goes_on() {
    let mut connection = server(Settings::default());
    let long = "v".repeat(10_000);
    for number in [1, 3] {
        let input = headers(number, WHOLE, &with(&GET, &[("x-long", &long)]));
        let mut input = &input[..];
        let Some(Event::Request { stream, .. }) = connection.receive(&mut input) else {
            panic!("no request");
        };
        connection
            .send_response(stream, &response(200), true)
            .unwrap();
        assert_eq!(drain(&mut connection), format!("HEADERS {number} end"));
        connection.shrink();
        assert_eq!(connection.builder.request.headers.byte_size(), 0);
    }
}
