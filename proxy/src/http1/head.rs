//! Reads the head of a request or response, and how its body is framed (RFC 9112 §3 to §6).

use std::borrow::Cow;

use super::body::Framing;
use super::{line, method, target};
use crate::config::model::protocol::Underscores;
use crate::http::change;
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::http::policy::connection;
use crate::http::text::list;

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

/// What a request is allowed beyond that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// HTTP/1.0, and whatever is no HTTP/1.1.
    pub http_10: bool,
    /// Names that hold `_`.
    pub underscores: Underscores,
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
    /// The version is none of HTTP.
    #[error("the version is not one of HTTP")]
    Version,
    /// The version is not HTTP/1.1, and no other is taken.
    #[error("the version is not HTTP/1.1")]
    OldVersion,
    /// The request target holds what it must not.
    #[error("the request target holds what it must not")]
    Target,
    /// The request target is no URL.
    #[error("the request target is not valid")]
    Url,
    /// The request target has another scheme than http and https.
    #[error("the scheme is neither http nor https")]
    Scheme,
    /// A header's name is empty or not a token.
    #[error("the name of a header is not a token")]
    HeaderName,
    /// A header's name holds `_`.
    #[error("the name of a header holds an underscore")]
    Underscore,
    /// There is a control character.
    #[error("there is a control character")]
    Control,
    /// More header fields than allowed.
    #[error("there are too many headers")]
    TooManyHeaders,
    /// `Content-Length` is no number, or there are several.
    #[error("the content length is not one number")]
    ContentLength,
    /// `Content-Length` beside `Transfer-Encoding`.
    #[error("there is both a content length and a transfer encoding")]
    LengthAndEncoding,
    /// `Content-Length` or `Transfer-Encoding` where there is no body.
    #[error("there is no body, but a length of it")]
    NoBody,
    /// A transfer encoding other than `chunked`.
    #[error("the transfer encoding is not chunked")]
    TransferEncoding,
    /// `Connection` names what must not be removed.
    #[error("the connection header names what must stay")]
    Connection,
    /// `Host` could be no authority.
    #[error("the host is not valid")]
    Authority,
}

impl HeadError {
    /// What a client is answered, and what is told about it.
    pub fn answer(self) -> (u16, &'static str) {
        match self {
            Self::TooManyHeaders => (431, "http1.too_many_headers"),
            Self::TransferEncoding => (501, "http1.invalid_transfer_encoding"),
            Self::LengthAndEncoding => (400, "http1.content_length_and_chunked_not_allowed"),
            Self::NoBody => (400, "http1.body_disallowed"),
            Self::Control => (400, "http1.invalid_characters"),
            Self::OldVersion => (426, "low_version"),
            Self::Url => (400, "http1.invalid_url"),
            Self::Scheme => (400, "http1.invalid_scheme"),
            Self::Underscore => (400, "http1.unexpected_underscore"),
            Self::Connection => (400, "http1.connection_header_rejected"),
            Self::Authority => (400, "http.invalid_authority"),
            Self::FirstLine
            | Self::Method
            | Self::Version
            | Self::Target
            | Self::HeaderName
            | Self::ContentLength => (400, "http1.codec_error"),
        }
    }
}

/// What a head says beside its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// How the body is framed.
    pub framing: Framing,
    /// The message says that the connection may carry another one after it.
    pub keep_alive: bool,
    /// How many bytes of the text are the head.
    pub length: usize,
    /// Fields that were dropped for their names.
    pub dropped: u64,
}

/// Reads a request's head, which ends with its empty line, into `head`.
///
/// # Errors
/// What is wrong with it.
pub fn request(
    text: &[u8],
    limits: Limits,
    taken: Taken,
    head: &mut RequestHead,
) -> Result<Parsed, HeadError> {
    head.clear();
    if line::has_control(text) {
        return Err(HeadError::Control);
    }
    let (first, mut rest) = line::first(text);
    let (method, target, version) = request_line(first, limits)?;
    head.method.extend_from_slice(method);
    head.protocol = version.unwrap_or(Protocol::Http10);
    if version.is_none() {
        // There is nothing but this line in HTTP/0.9.
        rest = &[];
    }
    let (dropped, blank) = request_fields(rest, limits, taken, head)?;
    change::join_request_fields(&mut head.headers);
    let upgrades = takes_upgrade(&mut head.headers);
    let connects = head.method == b"CONNECT";
    if connects && let Some(length) = head.headers.get(b"content-length") {
        if length != b"0" {
            return Err(HeadError::NoBody);
        }
        head.headers.remove(b"content-length");
    }
    let (length, chunked) = framing_fields(&mut head.headers, limits)?;
    if chunked && connects {
        return Err(HeadError::TransferEncoding);
    }
    if !upgrades && !connects && !connection::remove_nominated(&mut head.headers) {
        return Err(HeadError::Connection);
    }
    target::read(target, head)?;
    if head.protocol == Protocol::Http10 && !taken.http_10 {
        return Err(HeadError::OldVersion);
    }
    if !head.authority.iter().all(|it| is_authority(*it)) {
        return Err(HeadError::Authority);
    }
    head.blank_authority = blank && head.authority.is_empty();
    let framing = match (chunked, length) {
        _ if upgrades || connects => Framing::UntilClose,
        (true, _) => Framing::Chunked,
        (false, Some(length)) if length > 0 => Framing::Length(length),
        _ => Framing::None,
    };
    Ok(Parsed {
        framing,
        keep_alive: keep_alive(&head.headers, head.protocol),
        length: first.len() + rest.len(),
        dropped,
    })
}

/// Reads the fields of a request: how many were dropped, and whether there is a host.
fn request_fields(
    text: &[u8],
    limits: Limits,
    taken: Taken,
    head: &mut RequestHead,
) -> Result<(u64, bool), HeadError> {
    let (mut dropped, mut hosts) = (0, 0);
    for field in line::fields(text) {
        let (name, value) = split(field)?;
        if taken.underscores != Underscores::Allow && memchr::memchr(b'_', name).is_some() {
            if taken.underscores == Underscores::RejectRequest {
                return Err(HeadError::Underscore);
            }
            dropped += 1;
            continue;
        }
        if name.eq_ignore_ascii_case(b"host") {
            if hosts > 0 {
                head.authority.push(b',');
            }
            hosts += 1;
            head.authority.extend_from_slice(&value);
        } else {
            head.headers.push(name, &value);
        }
        if head.headers.len() + hosts.min(1) > limits.headers {
            return Err(HeadError::TooManyHeaders);
        }
    }
    Ok((dropped, hosts > 0))
}

/// What a request asked for that changes what the body of its response is (RFC 9112 §6.3).
#[derive(Debug, Default, Clone, Copy)]
pub struct Asked {
    /// A head alone.
    pub head: bool,
    /// A tunnel.
    pub connect: bool,
    /// Another protocol.
    pub upgrade: bool,
}

/// Reads the head of a response to such a request.
///
/// # Errors
/// What is wrong with it.
pub fn response(
    text: &[u8],
    limits: Limits,
    to: Asked,
    head: &mut ResponseHead,
) -> Result<Parsed, HeadError> {
    head.clear();
    if line::has_control(text) {
        return Err(HeadError::Control);
    }
    let (first, rest) = line::first(text);
    (head.protocol, head.status) = status_line(first)?;
    for field in line::fields(rest) {
        let (name, value) = split(field)?;
        head.headers.push(name, &value);
        if head.headers.len() > limits.headers {
            return Err(HeadError::TooManyHeaders);
        }
    }
    let (length, chunked) = framing_fields(&mut head.headers, limits)?;
    if head.status < 200 || head.status == 204 {
        if chunked || length.is_some_and(|it| it > 0) {
            return Err(HeadError::NoBody);
        }
        head.headers.remove(b"content-length");
    }
    let tunnel =
        (to.upgrade && head.status == 101) || (to.connect && (200..300).contains(&head.status));
    let bodiless = to.head || head.status < 200 || matches!(head.status, 204 | 304);
    let framing = match (chunked, length) {
        _ if tunnel => Framing::UntilClose,
        _ if bodiless => Framing::None,
        (true, _) => Framing::Chunked,
        (false, Some(0)) => Framing::None,
        (false, Some(length)) => Framing::Length(length),
        (false, None) => Framing::UntilClose,
    };
    Ok(Parsed {
        framing,
        keep_alive: keep_alive(&head.headers, head.protocol),
        length: text.len(),
        dropped: 0,
    })
}

/// Reads trailer fields, which end with an empty line.
///
/// # Errors
/// What is wrong with them.
pub fn trailers(text: &[u8], limits: Limits, trailers: &mut Headers) -> Result<(), HeadError> {
    trailers.clear();
    if line::has_control(text) {
        return Err(HeadError::Control);
    }
    for field in line::fields(text) {
        let (name, value) = split(field)?;
        trailers.push(name, &value);
        if trailers.len() > limits.headers {
            return Err(HeadError::TooManyHeaders);
        }
    }
    Ok(())
}

/// Looks at the first line of a request alone, of which nothing else has come yet: whether it is all that will come.
///
/// # Errors
/// What is wrong with it.
pub(super) fn is_whole(line: &[u8], limits: Limits) -> Result<bool, HeadError> {
    let (.., version) = request_line(line, limits)?;
    Ok(version.is_none())
}

/// The method, the target and the version, of which HTTP/0.9 says nothing.
type RequestLine<'a> = (&'a [u8], &'a [u8], Option<Protocol>);

fn request_line(line: &[u8], limits: Limits) -> Result<RequestLine<'_>, HeadError> {
    let [method, target, version] = line::words(line);
    let known = if limits.allow_custom_methods {
        !method.is_empty() && method.iter().all(|it| line::is_token(*it))
    } else {
        method::is_registered(method)
    };
    if !known {
        return Err(HeadError::Method);
    }
    if !target::is_valid(target, method == b"CONNECT") {
        return Err(HeadError::Target);
    }
    let version = (!version.is_empty()).then(|| protocol(version));
    Ok((method, target, version.transpose()?))
}

/// Looks at the first line of a response alone, if it has come.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_status_line(text: &[u8]) -> Result<(), HeadError> {
    match line::first(text) {
        (line, _) if line.ends_with(b"\n") => status_line(line).map(|_| ()),
        _ => Ok(()),
    }
}

fn status_line(line: &[u8]) -> Result<(Protocol, u16), HeadError> {
    let [version, status, _] = line::words(line);
    if version.is_empty() || status.is_empty() {
        return Err(HeadError::FirstLine);
    }
    let status = decimal(status).and_then(|it| u16::try_from(it).ok());
    Ok((protocol(version)?, status.ok_or(HeadError::FirstLine)?))
}

/// Whatever is no HTTP/1.1 counts as HTTP/1.0.
fn protocol(version: &[u8]) -> Result<Protocol, HeadError> {
    match version {
        b"HTTP/1.1" => Ok(Protocol::Http11),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Ok(Protocol::Http10)
        }
        _ => Err(HeadError::Version),
    }
}

/// Takes a field apart. A value that went on over several lines is put on one.
fn split(field: &[u8]) -> Result<(&[u8], Cow<'_, [u8]>), HeadError> {
    let colon = memchr::memchr(b':', field).ok_or(HeadError::HeaderName)?;
    let name = &field[..colon];
    if name.is_empty() || !name.iter().all(|it| line::is_token(*it)) {
        return Err(HeadError::HeaderName);
    }
    let value = field[colon + 1..].trim_ascii();
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return Ok((name, Cow::Borrowed(value)));
    }
    let kept = value.iter().filter(|it| !matches!(it, b'\r' | b'\n'));
    Ok((name, Cow::Owned(kept.copied().collect())))
}

/// Whether a request goes over to another protocol. To HTTP/2 it does not: such a wish is taken out.
fn takes_upgrade(headers: &mut Headers) -> bool {
    if !connection::is_upgrade(headers) {
        return false;
    }
    let to = headers.get(b"upgrade").unwrap_or_default();
    if !to.eq_ignore_ascii_case(b"h2c") {
        return true;
    }
    headers.remove(b"upgrade");
    headers.remove(b"http2-settings");
    let kept: Vec<&[u8]> = list(headers.get(b"connection").unwrap_or_default())
        .filter(|it| !it.eq_ignore_ascii_case(b"upgrade"))
        .filter(|it| !it.eq_ignore_ascii_case(b"http2-settings"))
        .collect();
    let kept = kept.join(&b',');
    if kept.is_empty() {
        headers.remove(b"connection");
    } else {
        headers.set(b"connection", &kept);
    }
    false
}

/// The content length, and whether the body is chunked.
fn framing_fields(headers: &mut Headers, limits: Limits) -> Result<(Option<u64>, bool), HeadError> {
    // Envoy takes not even two lengths that are alike.
    let mut lengths = headers.get_all(b"content-length");
    let length = lengths.next().map(decimal);
    if lengths.next().is_some() {
        return Err(HeadError::ContentLength);
    }
    drop(lengths);
    let mut encodings = headers.get_all(b"transfer-encoding");
    let Some(encoding) = encodings.next() else {
        return match length {
            Some(None) => Err(HeadError::ContentLength),
            length => Ok((length.flatten(), false)),
        };
    };
    let chunked = encoding.eq_ignore_ascii_case(b"chunked") && encodings.next().is_none();
    drop(encodings);
    if length.is_some() && !(chunked && limits.allow_chunked_length) {
        return Err(HeadError::LengthAndEncoding);
    }
    if !chunked {
        return Err(HeadError::TransferEncoding);
    }
    headers.remove(b"content-length");
    Ok((None, true))
}

/// Whether a byte may stand in an authority, as Envoy sees it.
fn is_authority(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=@[]_~".contains(&byte)
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
        for option in list(value) {
            if option.eq_ignore_ascii_case(b"close") {
                return false;
            }
            keep |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }
    keep
}

#[cfg(test)]
mod tests;
