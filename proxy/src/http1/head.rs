//! Reads the head of a request or response, and how its body is framed (RFC 9112 §3 to §6).

use super::body::Framing;
use super::line;
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};

/// What a head is allowed to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many header fields.
    pub headers: usize,
    /// `Transfer-Encoding: chunked` wins over a `Content-Length` beside it; else the message is refused.
    pub allow_chunked_length: bool,
    /// Methods that are not registered are taken.
    pub allow_custom_methods: bool,
}

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The request line or status line is none.
    #[error("the first line is not one of HTTP")]
    FirstLine,
    /// The method is not a token, or not a registered one.
    #[error("the method is not known")]
    Method,
    /// The version is not 1.0 or 1.1.
    #[error("the version is not HTTP/1.0 or HTTP/1.1")]
    Version,
    /// The request target holds what it must not.
    #[error("the request target is not valid")]
    Target,
    /// A header's name is empty or not a token.
    #[error("the name of a header is not a token")]
    HeaderName,
    /// A header's value holds a control character.
    #[error("the value of a header holds a control character")]
    HeaderValue,
    /// A line begins with white space (RFC 9112 §5.2).
    #[error("a header is folded over several lines")]
    Fold,
    /// A carriage return does not end its line.
    #[error("a carriage return stands alone")]
    CarriageReturn,
    /// More header fields than allowed.
    #[error("there are too many headers")]
    TooManyHeaders,
    /// `Content-Length` is no number, or there are unlike ones.
    #[error("the content length is not one number")]
    ContentLength,
    /// `Content-Length` beside `Transfer-Encoding`.
    #[error("there is both a content length and a transfer encoding")]
    LengthAndEncoding,
    /// A transfer encoding other than `chunked`.
    #[error("the transfer encoding is not chunked")]
    TransferEncoding,
    /// `Transfer-Encoding` in HTTP/1.0.
    #[error("HTTP/1.0 has no transfer encoding")]
    EncodingInHttp10,
    /// HTTP/1.1 without `Host`, or more than one.
    #[error("there is not exactly one host")]
    Host,
}

/// What a head says beside its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// How the body is framed.
    pub framing: Framing,
    /// The connection may carry another message after this one.
    pub keep_alive: bool,
}

/// Reads a request's head, which ends with its empty line, into `head`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn request(text: &[u8], limits: Limits, head: &mut RequestHead) -> Result<Parsed, HeadError> {
    head.clear();
    let mut lines = line::split(text);
    let first = lines.next().ok_or(HeadError::FirstLine)??;
    let (method, target) = request_line(first, limits, head)?;
    head.method.extend_from_slice(method);
    let mut hosts = 0;
    let mut host_at = None;
    fields(lines, limits, &mut head.headers, |name, value| {
        if name.eq_ignore_ascii_case(b"host") {
            hosts += 1;
            host_at.get_or_insert(value);
            return false;
        }
        true
    })?;
    let host = host_at.unwrap_or_default();
    target_parts(target, host, head)?;
    if hosts > 1 {
        return Err(HeadError::Host);
    }
    let (length, chunked) = framing_fields(&head.headers, head.protocol, limits)?;
    if chunked {
        head.headers.remove(b"content-length");
    }
    let framing = match (chunked, length) {
        (true, _) => Framing::Chunked,
        (false, Some(length)) if length > 0 => Framing::Length(length),
        _ => Framing::None,
    };
    Ok(Parsed {
        framing,
        keep_alive: keep_alive(&head.headers, head.protocol),
    })
}

/// Reads a response's head. `to_head` says that the request was HEAD, `to_connect` that it was CONNECT: both change
/// what a body is (RFC 9112 §6.3).
///
/// # Errors
/// The first thing that is wrong with it.
pub fn response(
    text: &[u8],
    limits: Limits,
    to_head: bool,
    to_connect: bool,
    head: &mut ResponseHead,
) -> Result<Parsed, HeadError> {
    head.clear();
    let mut lines = line::split(text);
    let first = lines.next().ok_or(HeadError::FirstLine)??;
    (head.protocol, head.status) = status_line(first)?;
    fields(lines, limits, &mut head.headers, |_, _| true)?;
    let (length, chunked) = framing_fields(&head.headers, head.protocol, limits)?;
    let bodiless = to_head || head.status < 200 || matches!(head.status, 204 | 304);
    let tunnel = head.status == 101 || (to_connect && (200..300).contains(&head.status));
    let framing = match (chunked, length) {
        _ if tunnel => Framing::UntilClose,
        _ if bodiless => Framing::None,
        (true, _) => Framing::Chunked,
        (false, Some(0)) => Framing::None,
        (false, Some(length)) => Framing::Length(length),
        (false, None) => Framing::UntilClose,
    };
    if chunked && !bodiless {
        head.headers.remove(b"content-length");
    }
    Ok(Parsed {
        framing,
        keep_alive: framing != Framing::UntilClose && keep_alive(&head.headers, head.protocol),
    })
}

/// Reads trailer fields, which end with an empty line.
///
/// # Errors
/// The first thing that is wrong with them.
pub fn trailers(text: &[u8], limits: Limits, trailers: &mut Headers) -> Result<(), HeadError> {
    trailers.clear();
    fields(line::split(text), limits, trailers, |_, _| true)
}

/// The method and the target; the version goes into `head`.
fn request_line<'a>(
    line: &'a [u8],
    limits: Limits,
    head: &mut RequestHead,
) -> Result<(&'a [u8], &'a [u8]), HeadError> {
    let mut parts = line.split(|it| *it == b' ').filter(|it| !it.is_empty());
    let method = parts.next().ok_or(HeadError::FirstLine)?;
    let target = parts.next().ok_or(HeadError::FirstLine)?;
    let version = parts.next().ok_or(HeadError::FirstLine)?;
    if parts.next().is_some() {
        return Err(HeadError::FirstLine);
    }
    if !method.iter().all(|it| line::is_token(*it)) {
        return Err(HeadError::Method);
    }
    if !limits.allow_custom_methods && !is_registered(method) {
        return Err(HeadError::Method);
    }
    head.protocol = protocol(version)?;
    Ok((method, target))
}

fn status_line(line: &[u8]) -> Result<(Protocol, u16), HeadError> {
    let (version, rest) = line.split_at_checked(8).ok_or(HeadError::FirstLine)?;
    let protocol = protocol(version)?;
    let [b' ', hundreds, tens, ones, rest @ ..] = rest else {
        return Err(HeadError::FirstLine);
    };
    if !matches!(rest, [] | [b' ', ..]) {
        return Err(HeadError::FirstLine);
    }
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let status = (|| Some(digit(hundreds)? * 100 + digit(tens)? * 10 + digit(ones)?))();
    match status {
        Some(status) if status >= 100 => Ok((protocol, status)),
        _ => Err(HeadError::FirstLine),
    }
}

fn protocol(version: &[u8]) -> Result<Protocol, HeadError> {
    match version {
        b"HTTP/1.1" => Ok(Protocol::Http11),
        b"HTTP/1.0" => Ok(Protocol::Http10),
        _ => Err(HeadError::Version),
    }
}

/// Reads header fields; `keep` may take one for itself.
fn fields<'a>(
    lines: impl Iterator<Item = Result<&'a [u8], HeadError>>,
    limits: Limits,
    headers: &mut Headers,
    mut keep: impl FnMut(&'a [u8], &'a [u8]) -> bool,
) -> Result<(), HeadError> {
    for (count, line) in lines.enumerate() {
        let line = line?;
        if count >= limits.headers {
            return Err(HeadError::TooManyHeaders);
        }
        if matches!(line, [b' ' | b'\t', ..]) {
            return Err(HeadError::Fold);
        }
        let colon = memchr::memchr(b':', line).ok_or(HeadError::HeaderName)?;
        let name = &line[..colon];
        if name.is_empty() || !name.iter().all(|it| line::is_token(*it)) {
            return Err(HeadError::HeaderName);
        }
        let value = line::trim(&line[colon + 1..]);
        if !is_value(value) {
            return Err(HeadError::HeaderValue);
        }
        if keep(name, value) {
            headers.push(name, value);
        }
    }
    Ok(())
}

/// Whether a value holds no control character but tabs (RFC 9110 §5.5).
fn is_value(value: &[u8]) -> bool {
    value
        .iter()
        .all(|it| (*it >= b' ' && *it != 0x7f) || *it == b'\t')
}

/// Puts the target in its form (RFC 9112 §3.2) into the head: origin, absolute, authority or asterisk.
fn target_parts(target: &[u8], host: &[u8], head: &mut RequestHead) -> Result<(), HeadError> {
    if !target.iter().all(|it| *it > b' ' && *it != 0x7f) {
        return Err(HeadError::Target);
    }
    head.authority.extend_from_slice(host);
    if head.method == b"CONNECT" {
        head.authority.clear();
        head.authority.extend_from_slice(target);
    } else if target.starts_with(b"/") || target == b"*" {
        head.path.extend_from_slice(target);
    } else {
        absolute(target, head)?;
    }
    Ok(())
}

/// `http://authority/path`: its authority counts more than that of `Host`.
fn absolute(target: &[u8], head: &mut RequestHead) -> Result<(), HeadError> {
    let end = memchr::memmem::find(target, b"://").ok_or(HeadError::Target)?;
    let (scheme, rest) = (&target[..end], &target[end + 3..]);
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return Err(HeadError::Target);
    }
    let path = rest
        .iter()
        .position(|it| matches!(it, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    if path == 0 {
        return Err(HeadError::Target);
    }
    head.scheme.extend_from_slice(scheme);
    head.authority.clear();
    head.authority.extend_from_slice(&rest[..path]);
    if !rest[path..].starts_with(b"/") {
        head.path.push(b'/');
    }
    head.path.extend_from_slice(&rest[path..]);
    Ok(())
}

/// The content length, and whether the body is chunked.
fn framing_fields(
    headers: &Headers,
    protocol: Protocol,
    limits: Limits,
) -> Result<(Option<u64>, bool), HeadError> {
    let mut length = None;
    for value in headers.get_all(b"content-length") {
        let number = decimal(value).ok_or(HeadError::ContentLength)?;
        // Envoy takes not even two that are alike.
        if length.is_some() {
            return Err(HeadError::ContentLength);
        }
        length = Some(number);
    }
    let mut encodings = headers.get_all(b"transfer-encoding");
    let Some(encoding) = encodings.next() else {
        return Ok((length, false));
    };
    if protocol == Protocol::Http10 {
        return Err(HeadError::EncodingInHttp10);
    }
    if !encoding.eq_ignore_ascii_case(b"chunked") || encodings.next().is_some() {
        return Err(HeadError::TransferEncoding);
    }
    if length.is_some() && !limits.allow_chunked_length {
        return Err(HeadError::LengthAndEncoding);
    }
    Ok((length, true))
}

/// A number of digits alone.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether the connection may be used again (RFC 9112 §9.3).
fn keep_alive(headers: &Headers, protocol: Protocol) -> bool {
    let mut keep = protocol != Protocol::Http10;
    for value in headers.get_all(b"connection") {
        for option in value.split(|it| *it == b',') {
            let option = line::trim(option);
            if option.eq_ignore_ascii_case(b"close") {
                return false;
            }
            keep |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }
    keep
}

/// Whether a method is registered (<https://www.iana.org/assignments/http-methods>).
fn is_registered(method: &[u8]) -> bool {
    const METHODS: &[&[u8]] = &[
        b"GET",
        b"POST",
        b"PUT",
        b"HEAD",
        b"DELETE",
        b"OPTIONS",
        b"PATCH",
        b"CONNECT",
        b"TRACE",
        b"ACL",
        b"BIND",
        b"CHECKOUT",
        b"COPY",
        b"LINK",
        b"LOCK",
        b"MERGE",
        b"MKACTIVITY",
        b"MKCALENDAR",
        b"MKCOL",
        b"MOVE",
        b"MSEARCH",
        b"NOTIFY",
        b"PROPFIND",
        b"PROPPATCH",
        b"PURGE",
        b"REBIND",
        b"REPORT",
        b"SEARCH",
        b"SOURCE",
        b"SUBSCRIBE",
        b"UNBIND",
        b"UNLINK",
        b"UNLOCK",
        b"UNSUBSCRIBE",
    ];
    METHODS.contains(&method)
}

#[cfg(test)]
mod tests;
