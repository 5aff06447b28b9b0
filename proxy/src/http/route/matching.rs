//! Tells whether a route takes a request.

use crate::config::model::matcher::{QueryMatcher, ValueMatcher};
use crate::config::model::route::{PathMatch, RouteConfiguration, RouteMatch};
use crate::http::message::RequestHead;
use crate::http::path::{query_value, without_query};
use crate::http::{grpc, header_match};

/// Whether all that the route asks for is so.
pub(super) fn matches(
    route: &RouteMatch,
    head: &RequestHead,
    random: u64,
    config: &RouteConfiguration,
) -> bool {
    path_matches(route, head, config.ignore_path_parameters)
        && route.share.is_none_or(|share| share.takes(random))
        && (!route.grpc || grpc::is_call(head))
        && route
            .headers
            .iter()
            .all(|it| header_match::request(it, head))
        && route.query.iter().all(|it| query_matches(it, &head.path))
}

fn path_matches(route: &RouteMatch, head: &RequestHead, ignore_parameters: bool) -> bool {
    let connect = head.method == b"CONNECT";
    if matches!(route.path, PathMatch::Connect) {
        return connect;
    }
    if head.path.is_empty() {
        return false;
    }
    let mut path = without_query(&head.path);
    if ignore_parameters {
        path = &path[..memchr::memchr(b';', path).unwrap_or(path.len())];
    }
    let same = |left: &[u8], right: &str| {
        if route.case_sensitive {
            left == right.as_bytes()
        } else {
            left.eq_ignore_ascii_case(right.as_bytes())
        }
    };
    let begins = |prefix: &str| {
        path.get(..prefix.len())
            .is_some_and(|part| same(part, prefix))
    };
    match &route.path {
        PathMatch::Prefix(prefix) => begins(prefix),
        PathMatch::Exact(wanted) => same(path, wanted),
        PathMatch::SeparatedPrefix(prefix) => {
            begins(prefix) && matches!(path.get(prefix.len()), None | Some(b'/'))
        }
        PathMatch::Regex(pattern) => pattern.whole.is_match(path),
        PathMatch::Connect => connect,
    }
}

fn query_matches(matcher: &QueryMatcher, path: &[u8]) -> bool {
    let value = query_value(path, matcher.name.as_bytes());
    match (&matcher.value, value) {
        (ValueMatcher::Present(wanted), value) => value.is_some() == *wanted,
        (_, None) => false,
        (other, Some(value)) => other.matches(value),
    }
}
