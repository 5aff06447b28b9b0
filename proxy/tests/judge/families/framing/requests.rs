//! Single requests of every odd shape.

use crate::harness::case::{Case, case};

/// Name, request, and what must be seen.
type Row = (&'static str, &'static [u8], &'static str);

pub(crate) fn cases() -> Vec<Case> {
    let tables = [LENGTHS, CODINGS, CHUNKS, FIELDS, TARGETS, LINES];
    let rows = tables.into_iter().flatten();
    rows.map(|(name, request, seen)| case(name).details().send(request).expect(seen))
        .collect()
}

const OK: &str = "HTTP/1.1 200 OK";
const BAD: &str = "HTTP/1.1 400 Bad Request";

const LENGTHS: &[Row] = &[
    (
        "a body of known length",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi",
        OK,
    ),
    (
        "Content-Length twice, alike",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length twice, different",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length as a list, alike",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2, 2\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length as a list, different",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2, 3\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length below zero",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -2\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length with a plus sign",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +2\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length in hexadecimal",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x2\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length with a letter",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2a\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length of nothing",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length beyond 64 bits",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551617\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length with zeros in front",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0002\r\n\r\nhi",
        OK,
    ),
    (
        "Content-Length with a space inside",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1 1\r\n\r\nhi",
        BAD,
    ),
    (
        "Content-Length 0 on GET",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
        OK,
    ),
    (
        "a body on GET",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi",
        OK,
    ),
    (
        "POST without any length",
        b"POST / HTTP/1.1\r\nHost: h\r\n\r\n",
        OK,
    ),
];

const CODINGS: &[Row] = &[
    ("a chunked body", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", OK),
    ("chunked with capitals", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n", OK),
    ("chunked and Content-Length", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", BAD),
    ("chunked twice in one field", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "501 Not Implemented"),
    ("Transfer-Encoding twice", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "501 Not Implemented"),
    ("gzip before chunked", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "501 Not Implemented"),
    ("identity as transfer coding", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", "501 Not Implemented"),
    ("an unknown transfer coding", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "501 Not Implemented"),
    ("chunked with a parameter", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;q=1\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "501 Not Implemented"),
    ("an empty transfer coding", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n", "501 Not Implemented"),
    ("chunked with a tab in front", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\tchunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", OK),
    ("chunked in quotes", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "501 Not Implemented"),
    ("chunked on GET", b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", OK),
];

const CHUNKS: &[Row] = &[
    ("an extension of a chunk", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\n\r\n", OK),
    ("a quoted extension of a chunk", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;a=\"b c\"\r\nhi\r\n0;x\r\n\r\n", OK),
    ("a chunk size that is no number", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxy\r\nhi\r\n0\r\n\r\n", BAD),
    ("a chunk size with 0x", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n", BAD),
    ("a chunk size beyond 64 bits", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\nhi\r\n0\r\n\r\n", BAD),
    ("a chunk size below zero", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nhi\r\n0\r\n\r\n", BAD),
    ("an empty chunk size", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhi\r\n0\r\n\r\n", BAD),
    ("a chunk size with a space in front", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n 2\r\nhi\r\n0\r\n\r\n", BAD),
    ("a chunk size with a space behind", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nhi\r\n0\r\n\r\n", OK),
    ("a chunk size in capitals with zeros in front", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n000A\r\n0123456789\r\n0\r\n\r\n", OK),
    ("a chunk that is longer than its size", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi!!\r\n0\r\n\r\n", OK),
    ("a chunk size that ends in a bare line feed", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\nhi\r\n0\r\n\r\n", BAD),
    ("a chunk that ends in a bare line feed", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\n0\r\n\r\n", OK),
    ("a carriage return inside a chunk extension", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;a\rb\r\nhi\r\n0\r\n\r\n", BAD),
    ("a line feed inside a chunk extension", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;a\nb\r\nhi\r\n0\r\n\r\n", BAD),
];

const FIELDS: &[Row] = &[
    (
        "names become lower case, values stay",
        b"GET / HTTP/1.1\r\nHOST: h\r\nX-Mixed-Case: VaLue\r\n\r\n",
        "x-mixed-case: VaLue",
    ),
    (
        "white space around values goes",
        b"GET / HTTP/1.1\r\nHost: h\r\nx: \t a b \t\r\n\r\n",
        "x: a b\\r\\n",
    ),
    (
        "a space before the colon",
        b"GET / HTTP/1.1\r\nHost: h\r\nx : y\r\n\r\n",
        BAD,
    ),
    (
        "a space before the colon of Content-Length",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 2\r\n\r\nhi",
        BAD,
    ),
    (
        "a folded value",
        b"GET / HTTP/1.1\r\nHost: h\r\nx: a\r\n b\r\n\r\n",
        "x: a b\\r\\n",
    ),
    (
        "a first field that starts with a space",
        b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
        BAD,
    ),
    (
        "NUL in a value",
        b"GET / HTTP/1.1\r\nHost: h\r\nx: a\0b\r\n\r\n",
        BAD,
    ),
    (
        "NUL in a name",
        b"GET / HTTP/1.1\r\nHost: h\r\nx\0y: a\r\n\r\n",
        BAD,
    ),
    (
        "a carriage return in a value",
        b"GET / HTTP/1.1\r\nHost: h\r\nx: a\rb\r\n\r\n",
        "x: ab\\r\\n",
    ),
    (
        "lines that end in a bare line feed",
        b"GET / HTTP/1.1\nHost: h\n\n",
        OK,
    ),
    (
        "a field that ends in a bare line feed",
        b"GET / HTTP/1.1\r\nHost: h\nx: y\r\n\r\n",
        OK,
    ),
    (
        "a field without a name",
        b"GET / HTTP/1.1\r\nHost: h\r\n: y\r\n\r\n",
        BAD,
    ),
    (
        "a field without a colon",
        b"GET / HTTP/1.1\r\nHost: h\r\nxy\r\n\r\n",
        BAD,
    ),
    (
        "a name with a bracket",
        b"GET / HTTP/1.1\r\nHost: h\r\nx(y: a\r\n\r\n",
        BAD,
    ),
    (
        "a name with an underscore",
        b"GET / HTTP/1.1\r\nHost: h\r\nx_y: a\r\n\r\n",
        "x_y: a",
    ),
    (
        "a name with a space",
        b"GET / HTTP/1.1\r\nHost: h\r\nx y: a\r\n\r\n",
        BAD,
    ),
    (
        "a name with a byte beyond ASCII",
        b"GET / HTTP/1.1\r\nHost: h\r\nx\xff: a\r\n\r\n",
        BAD,
    ),
    (
        "a value with bytes beyond ASCII",
        b"GET / HTTP/1.1\r\nHost: h\r\nx: \xc3\xa4\xff\r\n\r\n",
        OK,
    ),
    (
        "a value with DEL",
        b"GET / HTTP/1.1\r\nHost: h\r\nx: a\x7fb\r\n\r\n",
        BAD,
    ),
    (
        "a value with a control character",
        b"GET / HTTP/1.1\r\nHost: h\r\nx: a\x01b\r\n\r\n",
        BAD,
    ),
    (
        "an empty value",
        b"GET / HTTP/1.1\r\nHost: h\r\nx:\r\n\r\n",
        OK,
    ),
    (
        "the same field three times",
        b"GET / HTTP/1.1\r\nHost: h\r\nx: a\r\nx: b\r\nx: c\r\n\r\n",
        OK,
    ),
    (
        "cookies in two fields",
        b"GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n",
        OK,
    ),
    (
        "Proxy-Connection is for the proxy",
        b"GET / HTTP/1.1\r\nHost: h\r\nProxy-Connection: keep-alive\r\n\r\n",
        OK,
    ),
];

const TARGETS: &[Row] = &[
    (
        "absolute form",
        b"GET http://other/path?q HTTP/1.1\r\nHost: h\r\n\r\n",
        "host: other",
    ),
    (
        "absolute form of https",
        b"GET https://other/path HTTP/1.1\r\nHost: h\r\n\r\n",
        OK,
    ),
    (
        "absolute form without a path",
        b"GET http://other HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1",
    ),
    (
        "absolute form with a query and no path",
        b"GET http://other?q HTTP/1.1\r\nHost: h\r\n\r\n",
        "absolute_path_rejected",
    ),
    (
        "absolute form with a user",
        b"GET http://user@other/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "host: other\\r\\n",
    ),
    (
        "absolute form of another scheme",
        b"GET ftp://other/ HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    (
        "OPTIONS of everything",
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
        "404 Not Found",
    ),
    (
        "an asterisk for GET",
        b"GET * HTTP/1.1\r\nHost: h\r\n\r\n",
        "http1.invalid_url",
    ),
    (
        "authority form for GET",
        b"GET host:80 HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    (
        "a target without a slash",
        b"GET path HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", BAD),
    ("an empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", OK),
    (
        "two Hosts, alike",
        b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        "host: h,h",
    ),
    (
        "two Hosts, different",
        b"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
        "host: h,i",
    ),
    (
        "a Host with a slash",
        b"GET / HTTP/1.1\r\nHost: h/i\r\n\r\n",
        BAD,
    ),
    (
        "a Host with a space",
        b"GET / HTTP/1.1\r\nHost: h i\r\n\r\n",
        BAD,
    ),
    (
        "a Host with a user",
        b"GET / HTTP/1.1\r\nHost: user@h\r\n\r\n",
        OK,
    ),
    (
        "a Host with a bad port",
        b"GET / HTTP/1.1\r\nHost: h:x\r\n\r\n",
        OK,
    ),
    (
        "a path with bytes beyond ASCII",
        b"GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    (
        "a path with a fragment",
        b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    (
        "a path with a control character",
        b"GET /a\x01b HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    (
        "a path with odd characters",
        b"GET /\"<>\\^`{|} HTTP/1.1\r\nHost: h\r\n\r\n",
        OK,
    ),
    (
        "CONNECT is refused",
        b"CONNECT host:443 HTTP/1.1\r\nHost: host:443\r\n\r\n",
        "404 Not Found",
    ),
];

const LINES: &[Row] = &[
    (
        "a lower-case method",
        b"get / HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    (
        "an unknown method",
        b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    (
        "a method with a bad character",
        b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    (
        "a method of WebDAV",
        b"PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n",
        OK,
    ),
    (
        "two spaces in the request line",
        b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        OK,
    ),
    (
        "tabs in the request line",
        b"GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n",
        OK,
    ),
    (
        "a space in the path",
        b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    (
        "a space behind the version",
        b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
        OK,
    ),
    (
        "an empty line before the request",
        b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        OK,
    ),
    (
        "spaces before the request",
        b"  GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    ("HTTP/0.9", b"GET /\r\n\r\n", "426 Upgrade Required"),
    (
        "HTTP/1.0",
        b"GET / HTTP/1.0\r\nHost: h\r\n\r\n",
        "426 Upgrade Required",
    ),
    (
        "HTTP/1.2",
        b"GET / HTTP/1.2\r\nHost: h\r\n\r\n",
        "426 Upgrade Required",
    ),
    (
        "HTTP/2.0 in a request line",
        b"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
        "426 Upgrade Required",
    ),
    (
        "a version with two digits",
        b"GET / HTTP/1.10\r\nHost: h\r\n\r\n",
        BAD,
    ),
    (
        "a lower-case version",
        b"GET / http/1.1\r\nHost: h\r\n\r\n",
        BAD,
    ),
    ("another protocol", b"GET / ICE/1.1\r\nHost: h\r\n\r\n", BAD),
    (
        "bytes of TLS",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        BAD,
    ),
    ("no request at all", b"hello\r\n\r\n", BAD),
];
