//! Answers requests in the upstream's stead: redirects, direct responses.

use std::borrow::Cow;

use super::{Selected, rewrite};
use crate::config::model::route::{Action, Redirect, RedirectPath};
use crate::http::change::Scratch;
use crate::http::local_reply::{DIRECT_RESPONSE, LocalReply};
use crate::http::message::RequestHead;
use crate::http::text::Decimal;

/// The answer of a route that does not forward, and its `location`. The path of the request is changed
/// as a redirect asks for (logs show it so). Changes of the response's headers
/// ([`Selected::finalize_response`]) follow `location`.
pub fn answer<'t>(
    selected: &Selected<'t>,
    head: &mut RequestHead,
    suppress: bool,
    scratch: &mut Scratch,
) -> Option<(LocalReply<'t>, Option<Vec<u8>>)> {
    match &selected.route.action {
        Action::Forward(_) => None,
        Action::Redirect(redirect) => {
            let matched = &selected.route.matcher.path;
            match &redirect.path {
                RedirectPath::Prefix(prefix) => {
                    rewrite::prefix(matched, prefix, head, suppress, scratch);
                }
                RedirectPath::Regex(regex) => rewrite::regex(regex, head, suppress, scratch),
                RedirectPath::Same | RedirectPath::Path(_) => {}
            }
            let location = location(redirect, head);
            let reply = LocalReply::new(redirect.status, "", DIRECT_RESPONSE);
            Some((reply, Some(location)))
        }
        Action::Respond { status, body } => {
            let mut reply = LocalReply::new(*status, "", DIRECT_RESPONSE);
            reply.body = Cow::Borrowed(body);
            Some((reply, None))
        }
        Action::NonForwarding => Some((LocalReply::route_not_found(), None)),
    }
}

/// Where a client that must use TLS is sent with 301.
pub fn tls_location(head: &RequestHead) -> Vec<u8> {
    [b"https://", &*head.authority, &*head.path].concat()
}

fn location(redirect: &Redirect, head: &RequestHead) -> Vec<u8> {
    let scheme = redirect
        .scheme
        .as_ref()
        .map_or(&*head.scheme, |it| it.as_bytes());
    let mut out = scheme.to_vec();
    out.extend_from_slice(b"://");
    match &redirect.host {
        Some(host) => out.extend_from_slice(host.as_bytes()),
        None => out.extend_from_slice(host(head, scheme, redirect.port.is_some())),
    }
    if let Some(port) = redirect.port {
        out.push(b':');
        out.extend_from_slice(Decimal::new(port.into()).as_bytes());
    }
    path(redirect, head, &mut out);
    out
}

/// The host of the request; without its port where another one is given, or where the scheme changes
/// and it was the default one.
fn host<'h>(head: &'h RequestHead, scheme: &[u8], new_port: bool) -> &'h [u8] {
    let host = &*head.authority;
    let colon = if host.first() == Some(&b'[') {
        memchr::memmem::rfind(host, b"]:").map(|at| at + 1)
    } else {
        memchr::memrchr(b':', host)
    };
    let Some(colon) = colon else {
        return host;
    };
    let old = head.headers.get(b"x-forwarded-proto").unwrap_or_default();
    let is_default = matches!(
        (old, &host[colon..]),
        (b"https", b":443") | (b"http", b":80")
    );
    if new_port || (scheme != old && is_default) {
        &host[..colon]
    } else {
        host
    }
}

/// The path that is given, else that of the request.
fn path(redirect: &Redirect, head: &RequestHead, out: &mut Vec<u8>) {
    let query_at = memchr::memchr(b'?', &head.path).unwrap_or(head.path.len());
    let (path, query) = head.path.split_at(query_at);
    match &redirect.path {
        RedirectPath::Path(given) if given.contains('?') => {
            return out.extend_from_slice(given.as_bytes());
        }
        RedirectPath::Path(given) => out.extend_from_slice(given.as_bytes()),
        _ => out.extend_from_slice(path),
    }
    if !redirect.strip_query {
        out.extend_from_slice(query);
    }
}
