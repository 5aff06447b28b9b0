//! Writes heads and bodies of HTTP/1 into a buffer.

use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead};
use crate::http::text::Decimal;

/// How a body that is written is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyWriter {
    /// As it is: by a length that the head says, by the end of the connection, or not at all.
    Plain,
    /// In chunks.
    Chunked,
}

impl BodyWriter {
    /// Writes data; nothing for no data, because an empty chunk would be the last.
    pub fn data(self, data: &[u8], out: &mut Vec<u8>) {
        if data.is_empty() {
            return;
        }
        if self == Self::Plain {
            out.extend_from_slice(data);
            return;
        }
        hexadecimal(data.len(), out);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }

    /// Writes what ends the body; trailers only where there are chunks.
    pub fn end(self, trailers: &Headers, out: &mut Vec<u8>) {
        if self == Self::Chunked {
            out.extend_from_slice(b"0\r\n");
            fields(trailers, out);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Writes a request's head: `Host` comes first, as in Envoy.
pub fn request(head: &RequestHead, out: &mut Vec<u8>) {
    out.extend_from_slice(&head.method);
    out.push(b' ');
    if head.method == b"CONNECT" {
        out.extend_from_slice(&head.authority);
    } else {
        out.extend_from_slice(&head.path);
    }
    out.extend_from_slice(b" HTTP/1.1\r\nhost: ");
    out.extend_from_slice(&head.authority);
    out.extend_from_slice(b"\r\n");
    fields(&head.headers, out);
    out.extend_from_slice(b"\r\n");
}

/// Writes a response's head, up to its headers.
pub fn status_line(protocol: Protocol, status: u16, out: &mut Vec<u8>) {
    let version: &[u8] = match protocol {
        Protocol::Http10 => b"HTTP/1.0 ",
        Protocol::Http11 | Protocol::Http2 => b"HTTP/1.1 ",
    };
    out.extend_from_slice(version);
    out.extend_from_slice(Decimal::new(status.into()).as_bytes());
    out.push(b' ');
    out.extend_from_slice(reason(status).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Writes header fields; the empty line is the caller's.
pub fn fields(headers: &Headers, out: &mut Vec<u8>) {
    for (name, value) in headers.iter() {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
}

/// Lets each word of a written head's names begin with a capital; the first line stays as it is.
pub fn capitalize(head: &mut [u8]) {
    for line in head.split_mut(|it| *it == b'\n').skip(1) {
        let mut begins = true;
        for byte in line.iter_mut().take_while(|it| **it != b':') {
            if begins {
                byte.make_ascii_uppercase();
            }
            begins = !byte.is_ascii_alphanumeric();
        }
    }
}

fn hexadecimal(number: usize, out: &mut Vec<u8>) {
    let digits = (usize::BITS - number.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[number >> (digit * 4) & 15]);
    }
}

/// The reason phrase of a status (<https://www.iana.org/assignments/http-status-codes>), `Unknown` for others.
pub fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        208 => "Already Reported",
        226 => "IM Used",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        _ => error_reason(status),
    }
}

fn error_reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Entity",
        423 => "Locked",
        424 => "Failed Dependency",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        506 => "Variant Also Negotiates",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        510 => "Not Extended",
        511 => "Network Authentication Required",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_names_begin_with_capitals_and_nothing_else_changes() {
        let mut head = *b"get a:b HTTP/1.1\r\nhost: a-b\r\nx-1a-b_c: d-e: f\r\n-x--y: \r\n\r\n";
        capitalize(&mut head);
        let wanted = "get a:b HTTP/1.1\r\nHost: a-b\r\nX-1a-B_C: d-e: f\r\n-X--Y: \r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&head), wanted);
    }
}
