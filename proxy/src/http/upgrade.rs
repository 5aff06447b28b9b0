//! Tells of an upgrade in either version of HTTP: `upgrade` and 101 in HTTP/1 (RFC 9110 §7.8), extended CONNECT and 200
//! in HTTP/2 (RFC 8441). Between the codecs it has the form of HTTP/1.

use super::headers::Headers;
use super::message::{RequestHead, ResponseHead};
use super::policy::connection::is_upgrade;

/// Gives an extended CONNECT of HTTP/2 the form that it has in HTTP/1.
pub fn request_from_http2(head: &mut RequestHead) {
    if head.method != b"CONNECT" || head.upgrade.is_empty() {
        return;
    }
    head.method.clear();
    head.method.extend_from_slice(b"GET");
    let token = std::mem::take(&mut head.upgrade);
    head.headers.set(b"upgrade", &token);
    head.headers.set(b"connection", b"upgrade");
}

/// Makes an extended CONNECT of HTTP/2 of a request to upgrade.
pub fn request_to_http2(head: &RequestHead) -> Option<RequestHead> {
    if !is_upgrade(&head.headers) {
        return None;
    }
    let token = head.headers.get(b"upgrade")?.to_vec();
    let mut head = head.clone();
    head.method.clear();
    head.method.extend_from_slice(b"CONNECT");
    head.upgrade = token;
    remove_upgrade(&mut head.headers);
    Some(head)
}

/// Makes 200 of 101, where the request was an extended CONNECT.
pub fn response_to_http2(head: &ResponseHead) -> Option<ResponseHead> {
    if !is_upgrade(&head.headers) {
        return None;
    }
    let mut head = head.clone();
    if head.status == 101 {
        head.status = 200;
    }
    remove_upgrade(&mut head.headers);
    Some(head)
}

/// Makes 101 of 200, where the request was an extended CONNECT for `token`.
pub fn response_from_http2(head: &mut ResponseHead, token: &[u8]) {
    if head.status == 200 {
        head.status = 101;
        head.headers.set(b"upgrade", token);
        head.headers.set(b"connection", b"upgrade");
    }
}

fn remove_upgrade(headers: &mut Headers) {
    headers.remove(b"upgrade");
    headers.remove(b"connection");
    if headers.get(b"content-length") == Some(b"0") {
        headers.remove(b"content-length");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks() -> RequestHead {
        RequestHead {
            method: b"GET".to_vec(),
            path: b"/chat".to_vec(),
            headers: Headers::from([
                ("connection", "Upgrade"),
                ("upgrade", "websocket"),
                ("content-length", "0"),
                ("x", "y"),
            ]),
            ..RequestHead::default()
        }
    }

    #[test]
    fn a_request_to_upgrade_keeps_its_meaning_in_both_versions() {
        let mut there = request_to_http2(&asks()).unwrap();
        assert_eq!(there.method, b"CONNECT");
        assert_eq!(there.upgrade, b"websocket");
        assert_eq!(there.headers, Headers::from([("x", "y")]));
        request_from_http2(&mut there);
        assert_eq!(there.method, b"GET");
        assert!(is_upgrade(&there.headers) && there.upgrade.is_empty());
    }

    #[test]
    fn only_what_is_granted_becomes_101() {
        let mut head = ResponseHead {
            status: 403,
            ..ResponseHead::default()
        };
        response_from_http2(&mut head, b"websocket");
        assert_eq!(head.status, 403);
        head.status = 200;
        response_from_http2(&mut head, b"websocket");
        assert_eq!(head.status, 101);
        let back = response_to_http2(&head).unwrap();
        assert_eq!((back.status, back.headers), (200, Headers::new()));
    }
}
