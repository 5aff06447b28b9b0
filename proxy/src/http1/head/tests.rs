//! Reads heads, good and bad.

use super::*;

const LIMITS: Limits = Limits {
    headers: 4,
    allow_chunked_length: false,
    allow_custom_methods: false,
};

fn ask(text: &str) -> Result<(RequestHead, Parsed), HeadError> {
    let mut head = RequestHead::default();
    request(text.as_bytes(), LIMITS, &mut head).map(|parsed| (head, parsed))
}

fn answer(text: &str, to_head: bool) -> Result<(ResponseHead, Parsed), HeadError> {
    let mut head = ResponseHead::default();
    response(text.as_bytes(), LIMITS, to_head, false, &mut head).map(|parsed| (head, parsed))
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
        ("GET http://other?q HTTP/1.1", "other", "/?q"),
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
        ("GET / HTTP/1.1 x\r\n\r\n", E::FirstLine),
        ("GET /\r\n\r\n", E::FirstLine),
        ("G@T / HTTP/1.1\r\n\r\n", E::Method),
        ("get / HTTP/1.1\r\n\r\n", E::Method),
        ("GET / HTTP/1.2\r\n\r\n", E::Version),
        ("GET / HTTP/2.0\r\n\r\n", E::Version),
        ("GET x HTTP/1.1\r\n\r\n", E::Target),
        ("GET ftp://x/ HTTP/1.1\r\n\r\n", E::Target),
        ("GET http:///x HTTP/1.1\r\n\r\n", E::Target),
        ("GET / HTTP/1.1\r\na : b\r\n\r\n", E::HeaderName),
        ("GET / HTTP/1.1\r\n: b\r\n\r\n", E::HeaderName),
        ("GET / HTTP/1.1\r\nab\r\n\r\n", E::HeaderName),
        ("GET / HTTP/1.1\r\na: b\0c\r\n\r\n", E::HeaderValue),
        ("GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n", E::Fold),
        ("GET / HTTP/1.1\r\na: b\rc: d\r\n\r\n", E::CarriageReturn),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", E::Host),
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
            "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            E::EncodingInHttp10,
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
        ("HTTP/1.1 204 No Content", length, false, Framing::None),
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
fn status_lines_are_strict() {
    for line in [
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1  200",
        "HTTP/1.1 099 X",
        "200 OK",
    ] {
        assert_eq!(
            answer(&format!("{line}\r\n\r\n"), false).unwrap_err(),
            HeadError::FirstLine
        );
    }
    let other = answer("HTTP/3.0 200 OK\r\n\r\n", false);
    assert_eq!(other.unwrap_err(), HeadError::Version);
}
