//! Matches headers as Envoy 1.40 does: one of several values is enough, and a missing header matches nothing.

use super::headers::Headers;
use super::message::RequestHead;
use super::text::pseudo;
use crate::config::model::matcher::{HeaderMatcher, ValueMatcher};

/// Whether a request's header is as asked for, also `:path` and its like.
pub fn request(matcher: &HeaderMatcher, head: &RequestHead) -> bool {
    match pseudo(head, matcher.name.as_bytes()) {
        Some(value) => values(matcher, value.into_iter()),
        None => headers(matcher, &head.headers),
    }
}

/// Whether an ordinary header is as asked for.
pub fn headers(matcher: &HeaderMatcher, headers: &Headers) -> bool {
    values(matcher, headers.get_all(matcher.name.as_bytes()))
}

/// Whether the values of a header are as asked for; the inverse of a match is that no value matches.
pub fn values<'a>(matcher: &HeaderMatcher, mut values: impl Iterator<Item = &'a [u8]>) -> bool {
    let first = values.next();
    if let ValueMatcher::Present(wanted) = matcher.value {
        return (first.is_some() == wanted) != matcher.invert;
    }
    let Some(first) = first.or(matcher.missing_is_empty.then_some(b"")) else {
        return false;
    };
    let keeps = |value: &[u8]| matcher.value.matches(value);
    (keeps(first) || values.any(keeps)) != matcher.invert
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::matcher::{Case, StringMatcher};

    #[test]
    fn one_of_several_values_is_enough() {
        let mut matcher = HeaderMatcher {
            name: "x".into(),
            value: ValueMatcher::Text(StringMatcher::Exact("1".into(), Case::Counts)),
            invert: false,
            missing_is_empty: false,
        };
        let twice = Headers::from([("x", "2"), ("x", "1")]);
        let other = Headers::from([("x", "1,2")]);
        let none = Headers::new();
        assert!(headers(&matcher, &twice));
        assert!(!headers(&matcher, &other) && !headers(&matcher, &none));
        matcher.invert = true;
        assert!(!headers(&matcher, &twice) && !headers(&matcher, &none));
        assert!(headers(&matcher, &other));
        matcher.missing_is_empty = true;
        assert!(headers(&matcher, &none));
    }
}
