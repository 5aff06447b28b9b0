//! Reads the head of an HTTP/1 message and writes it anew for the next hop.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Request, Response, Status};

use super::body::Body;

/// The most header lines that a message may have.
const HEADERS: usize = 100;

/// What a head says about its message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// How many bytes of the input it took.
    pub(crate) length: usize,
    /// How its body is framed.
    pub(crate) body: Body,
    /// Whether the connection lives on behind it.
    pub(crate) keep_alive: bool,
    /// Whether the request was `HEAD`, or the response an interim one.
    pub(crate) special: bool,
}

/// A head that cannot be forwarded.
#[derive(Debug)]
pub(crate) struct BadHead;

/// Reads a request's head and writes it behind `out`; `None` if it is not complete.
pub(crate) fn request(input: &[u8], out: &mut Vec<u8>) -> Result<Option<Head>, BadHead> {
    let mut lines = [const { MaybeUninit::<Header<'_>>::uninit() }; HEADERS];
    let mut request = Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(input, &mut lines) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(_) => return Err(BadHead),
    };
    let (Some(method), Some(path)) = (request.method, request.path) else {
        return Err(BadHead);
    };
    out.extend_from_slice(method.as_bytes());
    out.push(b' ');
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    let seen = fields(request.headers, out)?;
    let body = match (seen.chunked, seen.length) {
        (true, Some(_)) => return Err(BadHead),
        (true, None) => Body::CHUNKED,
        (false, length) => Body::of_length(length.unwrap_or(0)),
    };
    out.extend_from_slice(b"\r\n");
    let keep_alive = request.version == Some(1) && !seen.close;
    Ok(Some(Head {
        length,
        body,
        keep_alive,
        special: method == "HEAD",
    }))
}

/// Reads a response's head and writes it behind `out`; `None` if it is not complete.
pub(crate) fn response(
    input: &[u8],
    out: &mut Vec<u8>,
    to_head: bool,
    close: bool,
) -> Result<Option<Head>, BadHead> {
    let mut lines = [const { MaybeUninit::<Header<'_>>::uninit() }; HEADERS];
    let mut response = Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        input,
        &mut lines,
    );
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(_) => return Err(BadHead),
    };
    let code = response.code.ok_or(BadHead)?;
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(&[
        digit(code / 100),
        digit(code / 10 % 10),
        digit(code % 10),
        b' ',
    ]);
    out.extend_from_slice(response.reason.unwrap_or("").as_bytes());
    out.extend_from_slice(b"\r\n");
    let seen = fields(response.headers, out)?;
    let interim = (100..200).contains(&code);
    let body = if interim || to_head || code == 204 || code == 304 {
        Body::Done
    } else if seen.chunked {
        Body::CHUNKED
    } else {
        seen.length.map_or(Body::UntilClose, Body::of_length)
    };
    if !interim && (close || body == Body::UntilClose) {
        out.extend_from_slice(b"connection: close\r\n");
    }
    out.extend_from_slice(b"\r\n");
    let keep_alive = response.version == Some(1) && !seen.close && body != Body::UntilClose;
    Ok(Some(Head {
        length,
        body,
        keep_alive,
        special: interim,
    }))
}

fn digit(value: u16) -> u8 {
    b'0' + u8::try_from(value % 10).unwrap_or(0)
}

#[derive(Default)]
struct Seen {
    length: Option<u64>,
    chunked: bool,
    close: bool,
}

/// Copies the fields that are not about this hop alone.
fn fields(headers: &[Header<'_>], out: &mut Vec<u8>) -> Result<Seen, BadHead> {
    let mut seen = Seen::default();
    let named = connection(headers, &mut seen);
    for header in headers {
        let name = header.name;
        match name.len() {
            10 if is(name, "connection") || is(name, "keep-alive") => continue,
            2 if is(name, "te") => continue,
            7 if is(name, "upgrade") => continue,
            16 if is(name, "proxy-connection") => continue,
            14 if is(name, "content-length") => length(header.value, &mut seen)?,
            17 if is(name, "transfer-encoding") => {
                if !header.value.eq_ignore_ascii_case(b"chunked") || seen.chunked {
                    return Err(BadHead);
                }
                seen.chunked = true;
            }
            _ => {}
        }
        if named
            && headers
                .iter()
                .any(|other| is(other.name, "connection") && lists(other.value, name))
        {
            continue;
        }
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(header.value);
        out.extend_from_slice(b"\r\n");
    }
    Ok(seen)
}

/// Whether `Connection` names fields that must go.
fn connection(headers: &[Header<'_>], seen: &mut Seen) -> bool {
    let mut named = false;
    for header in headers
        .iter()
        .filter(|header| is(header.name, "connection"))
    {
        seen.close |= lists(header.value, "close");
        named |= !is_bytes(header.value, "close") && !is_bytes(header.value, "keep-alive");
    }
    named
}

fn length(value: &[u8], seen: &mut Seen) -> Result<(), BadHead> {
    let digits = std::str::from_utf8(value).map_err(|_| BadHead)?;
    if seen.length.is_some() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadHead);
    }
    seen.length = Some(digits.parse().map_err(|_| BadHead)?);
    Ok(())
}

fn is(name: &str, expected: &str) -> bool {
    name.eq_ignore_ascii_case(expected)
}

fn is_bytes(value: &[u8], expected: &str) -> bool {
    value.eq_ignore_ascii_case(expected.as_bytes())
}

fn lists(value: &[u8], token: &str) -> bool {
    value
        .split(|&byte| byte == b',')
        .any(|item| is_bytes(item.trim_ascii(), token))
}
