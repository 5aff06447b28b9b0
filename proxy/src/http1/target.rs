//! Reads the target of a request (RFC 9112 §3.2): origin, absolute, authority or asterisk form.

use super::head::HeadError;
use crate::http::message::RequestHead;

/// Whether a target holds only what it may, in the place where it may.
pub(super) fn is_valid(target: &[u8], connects: bool) -> bool {
    let Some(first) = target.first() else {
        return false;
    };
    if matches!(first, b'/' | b'*') {
        return target.iter().all(u8::is_ascii_graphic);
    }
    let rest = if connects {
        Some(target)
    } else {
        after_scheme(target)
    };
    rest.is_some_and(|rest| {
        let (authority, path) = rest.split_at(authority_end(rest));
        let path_is_valid = path.iter().all(u8::is_ascii_graphic);
        let host = |it: &u8| it.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=@[]_~".contains(it);
        path_is_valid && authority.iter().all(host) && !authority.windows(2).any(|it| it == b"@@")
    })
}

/// Puts a valid target into the head.
pub(super) fn read(target: &[u8], head: &mut RequestHead) -> Result<(), HeadError> {
    if head.method == b"CONNECT" {
        head.authority.clear();
        head.authority.extend_from_slice(target);
        return Ok(());
    }
    if target.starts_with(b"/") || (target.starts_with(b"*") && head.method == b"OPTIONS") {
        head.path.extend_from_slice(target);
        return Ok(());
    }
    absolute(target, head)
}

/// `http://authority/path`: its authority counts more than that of `Host`.
fn absolute(target: &[u8], head: &mut RequestHead) -> Result<(), HeadError> {
    let rest = after_scheme(target).ok_or(HeadError::Url)?;
    let scheme = &target[..target.len() - rest.len() - 3];
    let (authority, path) = rest.split_at(authority_end(rest));
    // Who asks is nobody's business further on.
    let user = memchr::memrchr(b'@', authority).map_or(0, |it| it + 1);
    let host = &authority[user..];
    if !is_host_and_port(host) {
        return Err(HeadError::Url);
    }
    head.scheme.extend_from_slice(scheme);
    head.scheme.make_ascii_lowercase();
    if !matches!(&*head.scheme, b"http" | b"https") {
        return Err(HeadError::Scheme);
    }
    head.authority.clear();
    head.authority.extend_from_slice(host);
    let path = if path.is_empty() { b"/" } else { path };
    head.path.extend_from_slice(path);
    Ok(())
}

/// What stands behind the `://` of a scheme.
fn after_scheme(target: &[u8]) -> Option<&[u8]> {
    let may_follow = |it: &u8| it.is_ascii_alphanumeric() || b"+-.".contains(it);
    let end = target.iter().position(|it| !may_follow(it))?;
    let begins_well = target.first().is_some_and(u8::is_ascii_alphabetic);
    target[end..].strip_prefix(b"://").filter(|_| begins_well)
}

fn authority_end(text: &[u8]) -> usize {
    memchr::memchr2(b'/', b'?', text).unwrap_or(text.len())
}

/// A host that is not empty, and a port that is a number if there is one.
fn is_host_and_port(text: &[u8]) -> bool {
    let port_at = match memchr::memrchr(b']', text) {
        Some(bracket) => bracket + 1,
        None => memchr::memchr(b':', text).unwrap_or(text.len()),
    };
    let (host, port) = text.split_at(port_at);
    let port_is_valid = match port.strip_prefix(b":") {
        Some(digits) => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        None => port.is_empty(),
    };
    !host.is_empty() && port_is_valid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_may_hold_depends_on_its_form() {
        for (target, connects, valid) in [
            ("/a?b#c|{}\"", false, true),
            ("/ä", false, false),
            ("", false, false),
            ("*", false, true),
            ("http://a:1/b?c", false, true),
            ("h-t.t+p://a", false, true),
            ("http:/a", false, false),
            ("1http://a", false, false),
            ("a:80", false, false),
            ("a:80", true, true),
            ("a b:80", true, false),
            ("http://a@@b/", false, false),
            ("http://a#b", false, false),
        ] {
            assert_eq!(is_valid(target.as_bytes(), connects), valid, "{target}");
        }
    }
}
