//! Removes headers that concern one connection only (RFC 9110 §7.6.1), as Envoy does.

use crate::http::headers::Headers;
use crate::http::text::list;

/// Whether a message asks for an upgrade, or grants one.
pub fn is_upgrade(headers: &Headers) -> bool {
    headers.contains(b"upgrade")
        && headers
            .get(b"connection")
            .is_some_and(|value| list(value).any(|it| it.eq_ignore_ascii_case(b"upgrade")))
}

/// Removes from an HTTP/1 request what `connection` names. `false` if it names what must stay: then
/// the request is refused.
pub fn remove_nominated(headers: &mut Headers) -> bool {
    let Some(value) = headers.get(b"connection") else {
        return true;
    };
    let is_plain = |name: &[u8]| {
        [&b"close"[..], b"keep-alive", b"upgrade", b"http2-settings"]
            .iter()
            .any(|it| name.eq_ignore_ascii_case(it))
    };
    if list(value).all(is_plain) {
        return true;
    }
    let names: Vec<Vec<u8>> = list(value)
        .filter(|name| !is_plain(name))
        .map(<[u8]>::to_ascii_lowercase)
        .collect();
    if names.len() > MOST_NAMES || names.iter().any(|name| must_stay(name)) {
        return false;
    }
    let keeps_te = headers.get(b"te").is_some_and(wants_trailers);
    headers
        .retain(|name, _| (name == b"te" && keeps_te) || !names.iter().any(|named| named == name));
    let kept: Vec<&[u8]> = headers
        .get(b"connection")
        .map(|value| list(value).filter(|name| is_plain(name)).collect())
        .unwrap_or_default();
    let kept = kept.join(&b','.to_owned());
    if kept.is_empty() {
        headers.remove(b"connection");
    } else {
        headers.set(b"connection", &kept);
    }
    true
}

/// Leaves nothing of `te` but `trailers`.
pub(super) fn sanitize_te(headers: &mut Headers) {
    match headers.get(b"te") {
        Some(b"trailers") | None => {}
        Some(value) if wants_trailers(value) => headers.set(b"te", b"trailers"),
        Some(_) => {
            headers.remove(b"te");
        }
    }
}

fn wants_trailers(value: &[u8]) -> bool {
    list(value).any(|it| it == b"trailers")
}

/// What a client must not have removed.
fn must_stay(name: &[u8]) -> bool {
    name.first() == Some(&b':')
        || matches!(
            name,
            b"host" | b"x-forwarded-for" | b"x-forwarded-host" | b"x-forwarded-proto"
        )
}

/// More are refused.
const MOST_NAMES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nominated_headers_go() {
        let mut headers = Headers::from([
            ("connection", "keep-alive, X-A,te"),
            ("x-a", "1"),
            ("te", "trailers"),
            ("b", "2"),
        ]);
        assert!(remove_nominated(&mut headers));
        let wanted = [("connection", "keep-alive"), ("te", "trailers"), ("b", "2")];
        assert_eq!(headers, Headers::from(wanted));
        let mut headers = Headers::from([("connection", "x-forwarded-for")]);
        assert!(!remove_nominated(&mut headers));
    }

    #[test]
    fn only_trailers_are_left_of_te() {
        for (value, wanted) in [
            ("trailers", Some("trailers")),
            ("gzip, trailers", Some("trailers")),
            ("gzip", None),
        ] {
            let mut headers = Headers::from([("te", value)]);
            sanitize_te(&mut headers);
            assert_eq!(headers.get(b"te"), wanted.map(str::as_bytes));
        }
    }
}
