//! Hashes what a route names, so that alike requests go to the same endpoint.

use std::borrow::Cow;
use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;

use crate::config::model::matcher::Rewrite;
use crate::config::model::route::{HashBy, HashPolicy};
use crate::http::hash::{xxh64, xxh64_chain};
use crate::http::message::RequestHead;
use crate::http::path::query_value;
use crate::http::text::{Short, first_value};

/// The hash of a request, if its policies give one. A cookie that is to be made is handed to
/// `set_cookie` as the value of `set-cookie`; `connection` is the text of both addresses of the
/// connection, peer first.
pub fn hash(
    policies: &[HashPolicy],
    head: &RequestHead,
    client: Option<IpAddr>,
    connection: &str,
    mut set_cookie: impl FnMut(&[u8]),
) -> Option<u64> {
    let mut hash = None::<u64>;
    for policy in policies {
        let new = match &policy.by {
            HashBy::Header(name, rewrite) => header(head, name.as_bytes(), rewrite.as_ref()),
            HashBy::Cookie { name, ttl, path } => match (cookie(head, name.as_bytes()), ttl) {
                (Some(value), _) => Some(xxh64(value, 0)),
                (None, Some(ttl)) => {
                    let value = format!("{:016x}", xxh64(connection.as_bytes(), 0));
                    set_cookie(&made_cookie(name, &value, *ttl, path));
                    Some(xxh64(value.as_bytes(), 0))
                }
                (None, None) => None,
            },
            HashBy::SourceIp => client.map(|it| xxh64(Short::new(it).as_bytes(), 0)),
            HashBy::Query(name) => {
                query_value(&head.path, name.as_bytes()).map(|value| xxh64(value, 0))
            }
        };
        if let Some(new) = new {
            hash = Some(hash.map_or(0, |old| old.rotate_left(1)) ^ new);
        }
        if policy.terminal && hash.is_some() {
            break;
        }
    }
    hash
}

fn header(head: &RequestHead, name: &[u8], rewrite: Option<&Rewrite>) -> Option<u64> {
    let first = first_value(head, name)?;
    let several = head.headers.get_all(name).nth(1).is_some();
    if !several && rewrite.is_none() {
        return Some(xxh64(first, 0));
    }
    let change = |value: &'_ [u8]| match rewrite {
        Some(rewrite) => {
            let text = rewrite.substitution.as_bytes();
            Cow::Owned(rewrite.pattern.part.replace_all(value, text).into_owned())
        }
        None => Cow::Owned(value.to_vec()),
    };
    let mut values: Vec<Cow<'_, [u8]>> = if several {
        head.headers.get_all(name).map(change).collect()
    } else {
        vec![change(first)]
    };
    values.sort();
    Some(xxh64_chain(values.iter().map(|it| &**it)))
}

/// The value of a cookie; an empty one counts as none.
fn cookie<'h>(head: &'h RequestHead, name: &[u8]) -> Option<&'h [u8]> {
    let values = head.headers.get_all(b"cookie");
    let mut pairs = values.flat_map(|value| value.split(|byte| *byte == b';'));
    let value = pairs.find_map(|pair| {
        let at = memchr::memchr(b'=', pair)?;
        (pair[..at].trim_ascii() == name).then(|| pair[at + 1..].trim_ascii())
    })?;
    let quoted = value
        .strip_prefix(b"\"")
        .and_then(|it| it.strip_suffix(b"\""));
    Some(quoted.unwrap_or(value)).filter(|value| !value.is_empty())
}

fn made_cookie(name: &str, value: &str, ttl: Duration, path: &str) -> Vec<u8> {
    let mut out = format!("{name}=\"{value}\"").into_bytes();
    if !ttl.is_zero() {
        let _ = write!(out, "; Max-Age={}", ttl.as_secs());
    }
    if !path.is_empty() {
        let _ = write!(out, "; Path={path}");
    }
    out.extend_from_slice(b"; HttpOnly");
    out
}
