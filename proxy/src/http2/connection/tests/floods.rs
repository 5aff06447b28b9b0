//! Holds the limits on peers that are a burden to what Envoy 1.40 was seen to do.

use super::*;

const CALM: &str = "Failed ENHANCE_YOUR_CALM silent";

#[test]
fn frames_without_a_payload() {
    let post = headers(1, HEAD, &POST);
    let empty = frame(kind::DATA, 0, 1, &[]);
    let padded = frame(kind::DATA, flag::PADDED, 1, b"\x02ab");
    let some = frame(kind::DATA, 0, 1, b"a");
    let begin = headers(1, flag::END_STREAM, &GET);
    let continuation = frame(kind::CONTINUATION, 0, 1, &[]);
    let flood = "Request 1; Failed ENHANCE_YOUR_CALM silent";
    for (input, expected) in [
        ([&post[..], &empty, &empty].concat(), flood),
        ([&post[..], &padded, &padded].concat(), flood),
        (
            [&post[..], &empty, &some, &empty].concat(),
            "Request 1; Data 1 1",
        ),
        ([&begin[..], &continuation, &continuation].concat(), CALM),
    ] {
        let mut connection = server(Settings::default());
        assert_eq!(events(&mut connection, &input), expected);
        let counted = connection.statistics().inbound_empty_frames_flood;
        assert_eq!(counted, u64::from(expected.contains("CALM")));
        assert_eq!(drain(&mut connection), "");
    }
}

#[test]
fn priorities_and_window_updates() {
    let priority = frame(kind::PRIORITY, 0, 1, &[0, 0, 0, 0, 1]);
    let update = frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
    for (one, most) in [(priority, 100), (update, 5)] {
        let mut connection = server(Settings::default());
        assert_eq!(events(&mut connection, &one.repeat(most)), "");
        assert_eq!(events(&mut connection, &one), CALM);
        let statistics = connection.statistics();
        let counted = statistics.inbound_priority_frames_flood
            + statistics.inbound_window_update_frames_flood;
        assert_eq!(counted, 1);
    }
    let mut connection = server(Settings::default());
    let request = headers(1, WHOLE, &GET);
    events(&mut connection, &request);
    let update = frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
    assert_eq!(events(&mut connection, &update.repeat(7)), "");
    assert_eq!(events(&mut connection, &update), CALM);
}

#[test]
fn answers_that_wait_for_the_socket() {
    let limited = Settings {
        max_outbound_control_frames: 50,
        ..Settings::default()
    };
    for one in [frame(kind::PING, 0, 0, &[0; 8]), settings_frame(&[])] {
        let mut connection = server(limited.clone());
        events(&mut connection, &one.repeat(50));
        assert_eq!(connection.statistics().outbound_control_frames_active, 50);
        drain(&mut connection);
        let found = events(&mut connection, &one.repeat(51));
        assert!(found.ends_with(CALM), "{found}");
        assert_eq!(connection.statistics().outbound_control_flood, 1);
    }
    let limited = Settings {
        max_outbound_frames: 10,
        ..Settings::default()
    };
    let mut connection = server(limited);
    let mut input = &headers(1, WHOLE, &GET)[..];
    let Some(Event::Request { stream, .. }) = connection.receive(&mut input) else {
        panic!("no request");
    };
    connection
        .send_response(stream, &response(200), false)
        .unwrap();
    for _ in 0..10 {
        connection.send_data(stream, b"x", false).unwrap();
    }
    assert_eq!(connection.statistics().outbound_frames_active, 11);
    assert_eq!(events(&mut connection, &[]), CALM);
    assert_eq!(connection.statistics().outbound_flood, 1);
    let refused = connection.send_data(stream, b"x", false);
    assert_eq!(refused, Err(SendError::GoingAway));
}

#[test]
fn blocks_that_never_end() {
    let begin = headers(1, flag::END_STREAM, &GET);
    let more = frame(kind::CONTINUATION, 0, 1, &block(&[("a", "b")]));
    let last = frame(
        kind::CONTINUATION,
        flag::END_HEADERS,
        1,
        &block(&[("a", "b")]),
    );
    let mut connection = server(Settings::default());
    let input = [begin.clone(), more.repeat(511), last].concat();
    assert_eq!(events(&mut connection, &input), "");
    assert_eq!(drain(&mut connection), "RST_STREAM 1 INTERNAL_ERROR");
    assert_eq!(connection.statistics().header_overflow, 1);
    let mut connection = server(Settings::default());
    assert_eq!(
        events(&mut connection, &[begin, more.repeat(513)].concat()),
        CALM
    );

    // A bad field ends the connection at once.
    let mut connection = server(Settings::default());
    let bad = headers(1, 0, &with(&GET, &[("X", "1")]));
    assert_eq!(
        events(&mut connection, &bad),
        "Failed PROTOCOL_ERROR silent"
    );
    assert_eq!(connection.statistics().rx_messaging_error, 1);
}

#[test]
fn fields_that_refer_to_a_large_one_again_and_again() {
    let mut bomb = vec![0x40];
    string("x", &mut bomb);
    string(&"v".repeat(4000), &mut bomb);
    let bomb = [block(&GET), bomb, vec![0xbe; 12_000]].concat();
    let mut connection = server(Settings::default());
    let input = [
        frame(kind::HEADERS, WHOLE, 1, &bomb),
        headers(3, WHOLE, &GET),
    ]
    .concat();
    assert_eq!(events(&mut connection, &input), "Request 3 end");
    assert_eq!(drain(&mut connection), "RST_STREAM 1 INTERNAL_ERROR");
    assert_eq!(connection.statistics().header_list_size_too_large, 1);
}

#[test]
fn more_streams_than_allowed() {
    let limited = Settings {
        max_concurrent_streams: 2,
        ..Settings::default()
    };
    let open = |number| headers(number, HEAD, &POST);
    let input = [open(1), open(3), open(5)].concat();
    let mut connection = server(limited.clone());
    assert_eq!(events(&mut connection, &input), "Request 1; Request 3");
    assert_eq!(drain(&mut connection), "RST_STREAM 5 REFUSED_STREAM");
    assert_eq!(connection.statistics().stream_refused_errors, 1);
    assert_eq!(connection.statistics().streams_active, 2);
    let mut connection = server(limited);
    let input = [acknowledge(), input].concat();
    let expected = "Request 1; Request 3; Failed PROTOCOL_ERROR silent";
    assert_eq!(events(&mut connection, &input), expected);
}

#[test]
fn resets_in_quick_succession_leave_nothing_behind() {
    let mut connection = server(Settings::default());
    for number in (1..20_000).step_by(2) {
        let reset = frame(kind::RST_STREAM, 0, number, &[0, 0, 0, 8]);
        let input = [headers(number, WHOLE, &GET), reset].concat();
        let expected = format!("Request {number} end; Reset {number} CANCEL Peer");
        assert_eq!(events(&mut connection, &input), expected);
    }
    assert_eq!(connection.open_streams(), 0);
    assert_eq!(connection.statistics().rx_reset, 10_000);
    assert!(connection.output().is_empty());
}
