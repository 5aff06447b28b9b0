//! Holds the reading of heads and trailers to what Envoy 1.40 was seen to do with the same bytes.

use super::*;

const MALFORMED: &str = "Failed PROTOCOL_ERROR silent";

/// Each list of fields is a request that is refused, and the whole connection with it.
fn refused(cases: &[(&str, Fields<'_>)]) {
    for (name, fields) in cases {
        let input = headers(1, WHOLE, fields);
        let mut connection = server(Settings::default());
        assert_eq!(events(&mut connection, &input), MALFORMED, "{name}");
        assert_eq!(drain(&mut connection), "", "{name}");
        assert_eq!(connection.statistics().rx_messaging_error, 1, "{name}");
        assert_eq!(connection.statistics().streams_begun, 1, "{name}");

        // With the stream error only, the next request goes on.
        let mut connection = server(lenient());
        let input = [input, headers(3, WHOLE, &GET)].concat();
        assert_eq!(events(&mut connection, &input), "Request 3 end", "{name}");
        let reset = "RST_STREAM 1 PROTOCOL_ERROR";
        assert_eq!(drain(&mut connection), reset, "{name}");
        assert_eq!(connection.statistics().rx_messaging_error, 1, "{name}");
        assert_eq!(connection.statistics().tx_reset, 1, "{name}");
    }
}

#[test]
fn bad_fields_make_a_request_malformed() {
    let bad = [
        ("X-A", "1"),
        ("x a", "1"),
        ("", "1"),
        ("x", "a\0b"),
        ("x", "a\rb"),
        ("x", "a\nb"),
        ("x", "a\x01b"),
        ("x", "a\x7fb"),
        (":foo", "1"),
        (":status", "200"),
        (":method", "GET"),
        (":path", "/"),
        (":authority", "a"),
        (":protocol", "websocket"),
        ("connection", "x"),
        ("keep-alive", "x"),
        ("proxy-connection", "x"),
        ("transfer-encoding", "x"),
        ("upgrade", "x"),
        ("te", "gzip"),
        ("te", "trailers, deflate"),
        ("content-length", "x"),
        ("content-length", "+5"),
        ("content-length", ""),
        ("content-length", "0, 0"),
        ("content-length", "99999999999999999999"),
        ("content-length", "5"),
        ("host", "a b"),
    ];
    for field in bad {
        refused(&[(field.0, with(&GET, &[field]))]);
    }
    refused(&[
        (
            "two lengths",
            with(&GET, &[("content-length", "0"), ("content-length", "0")]),
        ),
        ("two hosts", with(&GET, &[("host", "b"), ("host", "c")])),
        ("no fields", Vec::new()),
    ]);
}

#[test]
fn pseudo_fields_must_be_there_and_come_first() {
    let [method, scheme, path, authority] = GET;
    refused(&[
        ("no method", vec![scheme, path, authority]),
        ("no scheme", vec![method, path, authority]),
        ("no path", vec![method, scheme, authority]),
        ("no authority", vec![method, scheme, path]),
        ("late", vec![method, scheme, path, ("x", "1"), authority]),
        (
            "empty authority",
            vec![method, scheme, path, (":authority", "")],
        ),
        ("empty host", vec![method, scheme, path, ("host", "")]),
        ("empty path", vec![method, scheme, (":path", ""), authority]),
        ("no slash", vec![method, scheme, (":path", "a"), authority]),
        ("star", vec![method, scheme, (":path", "*"), authority]),
        ("space", vec![method, scheme, (":path", "/a b"), authority]),
        (
            "empty method",
            vec![(":method", ""), scheme, path, authority],
        ),
        (
            "bad method",
            vec![(":method", "G T"), scheme, path, authority],
        ),
        (
            "bad scheme",
            vec![method, (":scheme", "1h"), path, authority],
        ),
        ("user", vec![method, scheme, path, (":authority", "u@b")]),
    ]);
}

#[test]
fn connect_has_its_own_rules() {
    let connect = (":method", "CONNECT");
    let [_, scheme, path, authority] = GET;
    let protocol = (":protocol", "websocket");
    refused(&[
        ("with a path", vec![connect, scheme, path, authority]),
        ("no authority", vec![connect]),
        (
            "not allowed",
            vec![connect, protocol, scheme, path, authority],
        ),
    ]);
    let plain = [connect, authority, ("content-length", "5")];
    let input = [
        headers(1, HEAD, &plain),
        frame(kind::DATA, flag::END_STREAM, 1, b"abc"),
    ];
    check(
        &Settings::default(),
        &[("plain", input.concat(), "Request 1; Data 1 3 end", "")],
    );

    let allowed = Settings {
        allow_connect: true,
        ..lenient()
    };
    let extended = [connect, protocol, scheme, path, authority];
    let mut connection = server(allowed.clone());
    assert_eq!(
        events(&mut connection, &headers(1, HEAD, &extended)),
        "Request 1"
    );
    let mut head = RequestHead::default();
    connection.take_request(&mut head);
    assert_eq!(head.upgrade, b"websocket");
    let refused = "RST_STREAM 1 PROTOCOL_ERROR";
    let twice = [connect, protocol, protocol, scheme, path, authority];
    let no_path = [connect, protocol, scheme, authority];
    let no_authority = [connect, protocol, scheme, path];
    let empty = [connect, (":protocol", ""), scheme, path, authority];
    check(
        &allowed,
        &[
            ("twice", headers(1, HEAD, &twice), "", refused),
            ("no path", headers(1, HEAD, &no_path), "", refused),
            ("no authority", headers(1, HEAD, &no_authority), "", refused),
            ("empty", headers(1, HEAD, &empty), "", refused),
            (
                "on GET",
                headers(1, HEAD, &with(&GET, &[protocol])),
                "",
                refused,
            ),
        ],
    );
}

#[test]
fn what_envoy_takes_is_taken() {
    let [method, scheme, path, authority] = GET;
    let cases: [Fields<'_>; 10] = [
        with(&GET, &[("x", " a\t\u{ff} ")]),
        with(&GET, &[("te", "Trailers")]),
        with(&GET, &[("content-length", "0")]),
        with(&GET, &[("host", "b")]),
        vec![method, scheme, path, ("host", "b")],
        vec![(":method", "OPTIONS"), scheme, (":path", "*"), authority],
        vec![method, scheme, (":path", "/a#b\u{ff}\"<>"), authority],
        vec![(":method", "foo!"), scheme, path, authority],
        vec![method, (":scheme", "ftp"), (":path", "x"), authority],
        vec![method, (":scheme", "HTTPS"), path, authority],
    ];
    for fields in cases {
        let mut connection = server(Settings::default());
        let found = events(&mut connection, &headers(1, WHOLE, &fields));
        assert_eq!(found, "Request 1 end", "{fields:?}");
    }
}

#[test]
fn host_stands_for_a_missing_authority_only() {
    for (fields, expected) in [
        (with(&GET[..3], &[("host", "b")]), &b"b"[..]),
        (with(&GET, &[("host", "b")]), b"a"),
    ] {
        let mut connection = server(Settings::default());
        events(&mut connection, &headers(1, WHOLE, &fields));
        let mut head = RequestHead::default();
        connection.take_request(&mut head);
        assert_eq!(head.authority, expected);
        assert!(head.headers.is_empty());
    }
}

#[test]
fn body_must_be_as_long_as_announced() {
    let post = headers(1, HEAD, &with(&POST, &[("content-length", "5")]));
    let data = |flags, text: &[u8]| [post.clone(), frame(kind::DATA, flags, 1, text)].concat();
    let malformed = "RST_STREAM 1 PROTOCOL_ERROR";
    let trailers = [data(0, b"abc"), headers(1, WHOLE, &[("t", "1")])].concat();
    let whole = [data(0, b"abcde"), headers(1, WHOLE, &[("t", "1")])].concat();
    check(
        &Settings::default(),
        &[
            ("exact", data(1, b"abcde"), "Request 1; Data 1 5 end", ""),
            (
                "short",
                data(1, b"abc"),
                "Request 1; Data 1 3; Reset 1 PROTOCOL_ERROR Malformed",
                malformed,
            ),
            (
                "long",
                data(0, b"abcdef"),
                "Request 1; Reset 1 PROTOCOL_ERROR Malformed",
                malformed,
            ),
            (
                "short with trailers",
                trailers,
                "Request 1; Data 1 3; Failed PROTOCOL_ERROR silent",
                "",
            ),
            ("trailers", whole, "Request 1; Data 1 5; Trailers 1", ""),
        ],
    );
}

#[test]
fn trailers_end_the_message_and_have_rules_too() {
    let begin = [headers(1, HEAD, &POST), frame(kind::DATA, 0, 1, b"abc")].concat();
    let case = |flags, field| [begin.clone(), headers(1, flags, &[field])].concat();
    let refused = "Request 1; Data 1 3; Failed PROTOCOL_ERROR silent";
    let mut cases = vec![("no end", case(HEAD, ("t", "1")), refused, "")];
    for field in [
        (":path", "/"),
        ("A", "b"),
        ("te", "gzip"),
        ("connection", "x"),
        ("content-length", "9"),
    ] {
        cases.push((field.0, case(WHOLE, field), refused, ""));
    }
    check(&Settings::default(), &cases);
    let mut connection = server(Settings::default());
    events(&mut connection, &case(WHOLE, ("grpc-status", "0")));
    let mut trailers = Headers::new();
    connection.take_trailers(&mut trailers);
    assert_eq!(trailers, Headers::from([("grpc-status", "0")]));
    assert_eq!(connection.statistics().trailers, 1);
    check(
        &lenient(),
        &[(
            "stream error only",
            case(WHOLE, (":path", "/")),
            "Request 1; Data 1 3; Reset 1 PROTOCOL_ERROR Malformed",
            "RST_STREAM 1 PROTOCOL_ERROR",
        )],
    );
}

/// What the response that is made of these frames comes to.
fn answered(method: &str, input: &[u8]) -> (String, String) {
    let (mut connection, _) = client(Settings::default(), method, true);
    let found = events(&mut connection, input);
    (found, drain(&mut connection))
}

#[test]
fn malformed_responses_end_the_connection() {
    let length = ("content-length", "5");
    for fields in [
        with(&OK, &[("A", "b")]),
        vec![("a", "b")],
        vec![(":status", "99")],
        vec![(":status", "1000")],
        vec![(":status", "101")],
        vec![(":status", "100")],
        vec![(":status", "103"), length],
        with(&OK, &OK),
        with(&OK, &[(":method", "GET")]),
        with(&OK, &[("connection", "close")]),
        with(&OK, &[("te", "gzip")]),
        with(&OK, &[length]),
        vec![(":status", "204"), length],
    ] {
        let expected = (MALFORMED.to_owned(), String::new());
        let found = answered("GET", &headers(1, WHOLE, &fields));
        assert_eq!(found, expected, "{fields:?}");
    }
    let twice = headers(1, HEAD, &OK).repeat(2);
    let expected = format!("Response 1; {MALFORMED}");
    assert_eq!(answered("GET", &twice), (expected, String::new()));
}

#[test]
fn responses_that_envoy_takes_are_taken() {
    let length = ("content-length", "5");
    for (method, fields) in [
        ("GET", vec![(":status", "600")]),
        ("GET", vec![(":status", "099")]),
        ("HEAD", with(&OK, &[length])),
        ("GET", vec![(":status", "304"), length]),
        ("GET", vec![(":status", "204"), ("content-length", "0")]),
        ("CONNECT", with(&OK, &[length])),
        ("GET", with(&OK, &[("host", "a b")])),
    ] {
        let expected = ("Response 1 end".to_owned(), String::new());
        let found = answered(method, &headers(1, WHOLE, &fields));
        assert_eq!(found, expected, "{fields:?}");
    }
    let early = headers(1, HEAD, &[(":status", "103")]);
    let found = answered("GET", &[early, headers(1, WHOLE, &OK)].concat());
    assert_eq!(found.0, "Informational 1; Response 1 end");
}

#[test]
fn responses_without_a_body_must_not_have_one() {
    let body = frame(kind::DATA, flag::END_STREAM, 1, b"abc");
    for (method, status) in [("HEAD", "200"), ("GET", "204"), ("GET", "304")] {
        let input = [headers(1, HEAD, &[(":status", status)]), body.clone()].concat();
        let expected = "Response 1; Reset 1 PROTOCOL_ERROR Malformed";
        let reset = "RST_STREAM 1 PROTOCOL_ERROR";
        let found = answered(method, &input);
        assert_eq!(found, (expected.to_owned(), reset.to_owned()), "{status}");
    }
}

#[test]
fn header_lists_are_limited_in_bytes_and_fields() {
    let names: Vec<_> = (0..97).map(|it| format!("x{it}")).collect();
    let many: Fields<'_> = names.iter().map(|it| (it.as_str(), "1")).collect();
    let own: usize = GET.iter().map(|it| it.0.len() + it.1.len()).sum();
    let value = "v".repeat(60 * 1024 - own - 1);
    let more = format!("{value}v");
    let cookies = vec![("cookie", "a=b"); 97];
    let reset = "RST_STREAM 1 INTERNAL_ERROR";
    for (name, fields, expected, output, overflow, too_large) in [
        (
            "100 fields",
            with(&GET, &many[1..]),
            "Request 1 end; ",
            "",
            0,
            0,
        ),
        ("101 fields", with(&GET, &many), "", reset, 1, 0),
        ("97 cookies", with(&GET, &cookies), "", reset, 1, 0),
        (
            "60 KiB",
            with(&GET, &[("z", &value)]),
            "Request 1 end; ",
            "",
            0,
            0,
        ),
        ("and a byte", with(&GET, &[("z", &more)]), "", reset, 0, 1),
        (
            "then a bad one",
            with(&with(&GET, &many), &[("X", "1")]),
            "",
            reset,
            1,
            0,
        ),
    ] {
        let all = block(&fields);
        let mut input = Vec::new();
        let last = all.chunks(16_000).count() - 1;
        for (place, piece) in all.chunks(16_000).enumerate() {
            let ends = u8::from(place == last) * flag::END_HEADERS;
            input.extend(if place == 0 {
                frame(kind::HEADERS, ends | flag::END_STREAM, 1, piece)
            } else {
                frame(kind::CONTINUATION, ends, 1, piece)
            });
        }
        input.extend(headers(3, WHOLE, &GET));
        let mut connection = server(Settings::default());
        let found = events(&mut connection, &input);
        assert_eq!(found, format!("{expected}Request 3 end"), "{name}");
        assert_eq!(drain(&mut connection), output, "{name}");
        let statistics = connection.statistics();
        assert_eq!(statistics.header_overflow, overflow, "{name}");
        assert_eq!(statistics.header_list_size_too_large, too_large, "{name}");
    }
}

#[test]
fn names_with_underscores_are_treated_as_configured() {
    for (underscores, expected, output) in [
        (Underscores::Allow, "Request 1 end", ""),
        (Underscores::Drop, "Request 1 end", ""),
        (Underscores::Reject, "", "RST_STREAM 1 INTERNAL_ERROR"),
    ] {
        let settings = Settings {
            underscores,
            ..Settings::default()
        };
        let mut connection = server(settings);
        let input = headers(1, WHOLE, &with(&GET, &[("a_b", "1")]));
        assert_eq!(events(&mut connection, &input), expected);
        assert_eq!(drain(&mut connection), output);
        let mut head = RequestHead::default();
        connection.take_request(&mut head);
        assert_eq!(
            head.headers.contains(b"a_b"),
            underscores == Underscores::Allow
        );
        let statistics = connection.statistics();
        let dropped = statistics.dropped_headers_with_underscores;
        let rejected = statistics.requests_rejected_with_underscores_in_headers;
        assert_eq!(dropped, u64::from(underscores == Underscores::Drop));
        assert_eq!(rejected, u64::from(underscores == Underscores::Reject));
    }
}
