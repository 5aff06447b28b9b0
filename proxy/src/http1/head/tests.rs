//! Reads heads, good and bad.

use super::*;

const LIMITS: Limits = Limits {
    headers: 4,
    allow_chunked_length: false,
    allow_custom_methods: false,
};

const TAKEN: Taken = Taken {
    http_10: true,
    underscores: Underscores::Allow,
};

fn ask(text: &str) -> Result<(RequestHead, Parsed), HeadError> {
    let mut head = RequestHead::default();
    request(text.as_bytes(), LIMITS, TAKEN, &mut head).map(|parsed| (head, parsed))
}

fn answer(text: &str, to_head: bool) -> Result<(ResponseHead, Parsed), HeadError> {
    let mut head = ResponseHead::default();
    let to = Asked {
        head: to_head,
        upgrade: true,
        ..Asked::default()
    };
    response(text.as_bytes(), LIMITS, to, &mut head).map(|parsed| (head, parsed))
}

#[test]
fn a_request_is_taken_apart() {
    let text = "POST /a?b=c HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\nX-A:  v w\t\r\n\r\n";
    let (head, parsed) = ask(text).unwrap();
    assert_eq!(head.method, b"POST");
    assert_eq!(head.path, b"/a?b=c");
    assert_eq!(head.authority, b"shop");
    assert_eq!(head.protocol, Protocol::Http11);
    let fields = Headers::from([("content-length", "5"), ("x-a", "v w")]);
    assert_eq!(head.headers, fields);
    assert_eq!(parsed.framing, Framing::Length(5));
    assert!(parsed.keep_alive);
}

#[test]
fn targets_come_in_four_forms() {
    for (line, authority, path) in [
        ("GET /x HTTP/1.1", "h", "/x"),
        ("GET http://other:81/y?z HTTP/1.1", "other:81", "/y?z"),
        ("GET http://other HTTP/1.1", "other", "/"),
        ("GET http://other?q HTTP/1.1", "other", "?q"),
        ("GET HTTP://user@other/ HTTP/1.1", "other", "/"),
        ("CONNECT far:443 HTTP/1.1", "far:443", ""),
        ("OPTIONS * HTTP/1.1", "h", "*"),
    ] {
        let (head, _) = ask(&format!("{line}\r\nHost: h\r\n\r\n")).unwrap();
        assert_eq!(head.authority, authority.as_bytes(), "{line}");
        assert_eq!(head.path, path.as_bytes(), "{line}");
    }
}

#[test]
fn what_is_wrong_is_told_apart() {
    use HeadError as E;
    for (text, error) in [
        ("GET / HTTP/1.1 x\r\n\r\n", E::Version),
        ("GET\r\n\r\n", E::Target),
        ("G@T / HTTP/1.1\r\n\r\n", E::Method),
        ("get / HTTP/1.1\r\n\r\n", E::Method),
        ("GET / HTTP/1.10\r\n\r\n", E::Version),
        ("GET / http/1.1\r\n\r\n", E::Version),
        ("GET x HTTP/1.1\r\n\r\n", E::Target),
        ("GET * HTTP/1.1\r\n\r\n", E::Url),
        ("GET ftp://x/ HTTP/1.1\r\n\r\n", E::Scheme),
        ("GET http:///x HTTP/1.1\r\n\r\n", E::Url),
        ("GET http://x:y/ HTTP/1.1\r\n\r\n", E::Url),
        ("GET / HTTP/1.1\r\na : b\r\n\r\n", E::HeaderName),
        ("GET / HTTP/1.1\r\n: b\r\n\r\n", E::HeaderName),
        ("GET / HTTP/1.1\r\nab\r\n\r\n", E::HeaderName),
        ("GET / HTTP/1.1\r\n a: b\r\n\r\n", E::HeaderName),
        ("GET / HTTP/1.1\r\na: b\r\n\rc: d\r\n\r\n", E::HeaderName),
        ("GET / HTTP/1.1\r\na: b\0c\r\n\r\n", E::Control),
        ("GET /\x01 HTTP/1.1\r\n\r\n", E::Control),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", E::Authority),
        (
            "CONNECT a:1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
            E::NoBody,
        ),
        (
            "GET / HTTP/1.1\r\nConnection: x-forwarded-for\r\n\r\n",
            E::Connection,
        ),
    ] {
        assert_eq!(ask(text).unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn what_is_wrong_with_lengths_is_told_apart() {
    use HeadError as E;
    for (text, error) in [
        (
            "GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n",
            E::ContentLength,
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            E::ContentLength,
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            E::ContentLength,
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
            E::ContentLength,
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            E::TransferEncoding,
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
            E::TransferEncoding,
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            E::LengthAndEncoding,
        ),
        (
            "GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\ne: 5\r\n\r\n",
            E::TooManyHeaders,
        ),
    ] {
        assert_eq!(ask(text).unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn a_value_may_go_on_in_the_next_line_and_hosts_are_joined() {
    let text = "GET / HTTP/1.1\r\nHost: a\r\nx: b\r\n  c\r\nHost: d\r\ny: e\rf\r\n\r\n";
    let (head, _) = ask(text).unwrap();
    assert_eq!(head.authority, b"a,d");
    assert_eq!(head.headers, Headers::from([("x", "b  c"), ("y", "ef")]));
}

#[test]
fn an_empty_host_is_a_host() {
    assert!(
        ask("GET / HTTP/1.1\r\nHost:\r\n\r\n")
            .unwrap()
            .0
            .blank_authority
    );
    assert!(!ask("GET / HTTP/1.1\r\n\r\n").unwrap().0.blank_authority);
}

#[test]
fn whatever_is_no_http_1_1_is_http_1_0_where_that_is_taken() {
    for line in [
        "GET / HTTP/1.0",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET /",
    ] {
        let text = format!("{line}\r\n\r\n");
        let (head, parsed) = ask(&text).unwrap();
        assert_eq!(head.protocol, Protocol::Http10, "{line}");
        assert!(!parsed.keep_alive, "{line}");
        let taken = Taken {
            http_10: false,
            ..TAKEN
        };
        let refused = request(text.as_bytes(), LIMITS, taken, &mut RequestHead::default());
        assert_eq!(refused.unwrap_err(), HeadError::OldVersion, "{line}");
    }
}

#[test]
fn names_with_underscores_are_dropped_or_refused() {
    let text = b"GET / HTTP/1.1\r\na_b: 1\r\nc: 2\r\n\r\n";
    let with = |underscores| {
        let mut head = RequestHead::default();
        let taken = Taken {
            underscores,
            ..TAKEN
        };
        request(text, LIMITS, taken, &mut head).map(|it| (it.dropped, head.headers))
    };
    let kept = (1, Headers::from([("c", "2")]));
    assert_eq!(with(Underscores::DropHeader), Ok(kept));
    assert_eq!(with(Underscores::RejectRequest), Err(HeadError::Underscore));
}

#[test]
fn a_wish_to_go_over_to_http_2_is_taken_out() {
    let text = "GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
                HTTP2-Settings: AA\r\nx: y\r\n\r\n";
    let (head, parsed) = ask(text).unwrap();
    assert_eq!(head.headers, Headers::from([("x", "y")]));
    assert_eq!(parsed.framing, Framing::None);
    let text = "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(ask(text).unwrap().1.framing, Framing::UntilClose);
}

#[test]
fn connections_are_kept_as_the_version_and_the_header_say() {
    for (version, header, kept) in [
        ("1.1", "a: b", true),
        ("1.1", "connection: close", false),
        ("1.1", "Connection: Upgrade, CLOSE", false),
        ("1.0", "a: b", false),
        ("1.0", "connection: keep-alive", true),
        ("1.0", "connection: keep-alive, close", false),
    ] {
        let (_, parsed) = ask(&format!("GET / HTTP/{version}\r\n{header}\r\n\r\n")).unwrap();
        assert_eq!(parsed.keep_alive, kept, "{version} {header}");
    }
}

#[test]
fn the_length_of_a_response_depends_on_its_request_and_status() {
    let length = "content-length: 3";
    let chunked = "transfer-encoding: chunked";
    for (line, header, to_head, framing) in [
        ("HTTP/1.1 200 OK", length, false, Framing::Length(3)),
        ("HTTP/1.1 200 OK", length, true, Framing::None),
        ("HTTP/1.1 200 OK", chunked, false, Framing::Chunked),
        ("HTTP/1.1 200 OK", "a: b", false, Framing::UntilClose),
        (
            "HTTP/1.1 204 No Content",
            "content-length: 0",
            false,
            Framing::None,
        ),
        ("HTTP/1.1 304 Not Modified", chunked, false, Framing::None),
        (
            "HTTP/1.1 101 Switching Protocols",
            "a: b",
            false,
            Framing::UntilClose,
        ),
        ("HTTP/1.0 200 OK", length, false, Framing::Length(3)),
        ("HTTP/1.1 200", length, false, Framing::Length(3)),
    ] {
        let text = format!("{line}\r\n{header}\r\n\r\n");
        let (_, parsed) = answer(&text, to_head).unwrap();
        assert_eq!(parsed.framing, framing, "{text:?}");
    }
}

#[test]
fn a_status_is_any_number() {
    for (line, status) in [
        ("HTTP/1.1 99 X", 99),
        ("HTTP/1.1  200", 200),
        ("HTTP/1.1 2000 OK", 2000),
        ("HTTP/3.0 200 OK", 200),
    ] {
        let (head, _) = answer(&format!("{line}\r\ncontent-length: 0\r\n\r\n"), false).unwrap();
        assert_eq!(head.status, status, "{line}");
    }
    for (line, error) in [
        ("HTTP/1.1 abc", HeadError::FirstLine),
        ("HTTP/1.1", HeadError::FirstLine),
        ("http/1.1 200", HeadError::Version),
        ("200 OK", HeadError::Version),
    ] {
        let refused = answer(&format!("{line}\r\n\r\n"), false);
        assert_eq!(refused.unwrap_err(), error, "{line}");
    }
    for header in ["content-length: 1", "transfer-encoding: chunked"] {
        let refused = answer(&format!("HTTP/1.1 204 None\r\n{header}\r\n\r\n"), false);
        assert_eq!(refused.unwrap_err(), HeadError::NoBody, "{header}");
    }
}
