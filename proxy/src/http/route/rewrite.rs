//! Changes the host and the path of a request on its way upstream.

use crate::config::model::matcher::Rewrite;
use crate::config::model::route::{Forward, HostRewrite, PathMatch, PathRewrite};
use crate::http::change::Scratch;
use crate::http::message::RequestHead;
use crate::http::path::without_query;
use crate::http::text::first_value;

/// Changes the authority as the route says, but for [`HostRewrite::Auto`]: see [`auto_host`].
pub(super) fn host(
    forward: &Forward,
    head: &mut RequestHead,
    suppress: bool,
    scratch: &mut Scratch,
) {
    let new = &mut scratch.path;
    new.clear();
    match &forward.host {
        HostRewrite::None | HostRewrite::Auto => return,
        HostRewrite::Literal(host) => new.extend_from_slice(host.as_bytes()),
        HostRewrite::Header(name) => {
            new.extend_from_slice(first_value(head, name.as_bytes()).unwrap_or_default());
        }
        HostRewrite::PathRegex(rewrite) => {
            let path = without_query(&head.path);
            let changed = rewrite
                .pattern
                .part
                .replace_all(path, rewrite.substitution.as_bytes());
            new.extend_from_slice(&changed);
        }
    }
    set_host(
        head,
        &scratch.path,
        forward.append_x_forwarded_host,
        suppress,
    );
}

/// Makes the endpoint's host name the authority, where the route says so.
pub fn auto_host(forward: &Forward, head: &mut RequestHead, endpoint: &str, suppress: bool) {
    if matches!(forward.host, HostRewrite::Auto) {
        let append = forward.append_x_forwarded_host;
        set_host(head, endpoint.as_bytes(), append, suppress);
    }
}

fn set_host(head: &mut RequestHead, new: &[u8], append: bool, suppress: bool) {
    if new.is_empty() {
        return;
    }
    if !head.authority.is_empty() {
        let headers = &mut head.headers;
        if !suppress {
            headers.set(b"x-envoy-original-host", &head.authority);
        }
        let forwarded = headers.get(b"x-forwarded-host").unwrap_or_default();
        let mut hosts = forwarded
            .rsplit(|byte| *byte == b',')
            .filter(|it| !it.is_empty());
        if append && hosts.next() != Some(&*head.authority) {
            headers.append(b"x-forwarded-host", b",", &head.authority);
        }
    }
    head.authority.clear();
    head.authority.extend_from_slice(new);
}

/// Changes the path as the route says.
pub(super) fn path(
    matched: &PathMatch,
    rewrite: &PathRewrite,
    head: &mut RequestHead,
    suppress: bool,
    scratch: &mut Scratch,
) {
    match rewrite {
        PathRewrite::None => {}
        PathRewrite::Prefix(prefix) => self::prefix(matched, prefix, head, suppress, scratch),
        PathRewrite::Regex(rewrite) => regex(rewrite, head, suppress, scratch),
    }
}

/// Puts `prefix` in the place of what the route asks for: a prefix, or the whole path.
pub(super) fn prefix(
    matched: &PathMatch,
    prefix: &str,
    head: &mut RequestHead,
    suppress: bool,
    scratch: &mut Scratch,
) {
    if prefix.is_empty() {
        return;
    }
    let replaced = match matched {
        PathMatch::Prefix(text) | PathMatch::Exact(text) | PathMatch::SeparatedPrefix(text) => {
            text.len()
        }
        PathMatch::Regex(_) | PathMatch::Connect => without_query(&head.path).len(),
    };
    scratch.path.clear();
    scratch.path.extend_from_slice(prefix.as_bytes());
    set_path(replaced, head, suppress, scratch);
}

/// Replaces what a regular expression finds in the path, but not in the query.
pub(super) fn regex(
    rewrite: &Rewrite,
    head: &mut RequestHead,
    suppress: bool,
    scratch: &mut Scratch,
) {
    let path = without_query(&head.path);
    let changed = rewrite
        .pattern
        .part
        .replace_all(path, rewrite.substitution.as_bytes());
    let replaced = path.len();
    scratch.path.clear();
    scratch.path.extend_from_slice(&changed);
    set_path(replaced, head, suppress, scratch);
}

/// Puts what is in the scratch memory in the place of the first bytes of the path.
fn set_path(replaced: usize, head: &mut RequestHead, suppress: bool, scratch: &mut Scratch) {
    if !suppress {
        head.headers.set(b"x-envoy-original-path", &head.path);
    }
    let rest = head.path.get(replaced..).unwrap_or_default();
    scratch.path.extend_from_slice(rest);
    std::mem::swap(&mut head.path, &mut scratch.path);
}
