//! Tests the choice of routes, and what they make of requests.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::hashing::hash;
use super::timeout::{Timeouts, stream_duration};
use super::{Found, RouteTable, Selected};
use crate::config::model::http::Router;
use crate::config::model::route::{HashBy, HashPolicy, StreamDuration};
use crate::http::hash::xxh64;
use crate::http::headers::Headers;
use crate::http::message::RequestHead;
use crate::http::test_model::model;

fn table(value: &Value) -> RouteTable {
    RouteTable::new(Arc::new(model::route_configuration(value)))
}

fn of_hosts(domains: &[String]) -> RouteTable {
    let host = |domain: &String| {
        let route = json!({ "match": { "prefix": "/" }, "route": { "cluster": domain } });
        json!({ "name": domain, "domains": [domain], "routes": [route] })
    };
    let hosts: Vec<_> = domains.iter().map(host).collect();
    table(&json!({ "virtual_hosts": hosts }))
}

fn one_route(route: &Value) -> RouteTable {
    let route = json!({ "match": { "prefix": "/" }, "route": route });
    table(&json!({ "virtual_hosts": [{ "name": "v", "domains": ["*"], "routes": [route] }] }))
}

fn head(host: &str) -> RequestHead {
    RequestHead {
        method: b"GET".to_vec(),
        authority: host.into(),
        path: b"/".to_vec(),
        ..RequestHead::default()
    }
}

fn selected<'t>(table: &'t RouteTable, head: &RequestHead, random: u64) -> Option<Selected<'t>> {
    match table.find(head, random) {
        Found::Route(selected) => Some(selected),
        _ => None,
    }
}

#[test]
fn weights_are_kept() {
    let clusters = json!([
        { "name": "a", "weight": 1 }, { "name": "b", "weight": 0 }, { "name": "c", "weight": 3 },
    ]);
    let table = one_route(&json!({ "weighted_clusters": { "clusters": clusters } }));
    let chosen: String = (0..8)
        .map(|random| {
            selected(&table, &head("h"), random)
                .unwrap()
                .cluster
                .into_owned()
        })
        .collect();
    assert_eq!(chosen, "acccaccc");
}

#[test]
fn timeouts_of_headers_win_and_are_removed() {
    let table = one_route(&json!({
        "cluster": "c", "timeout": "2s", "retry_policy": { "retry_on": "5xx", "per_try_timeout": "3s" },
    }));
    let router = Router::default();
    let resolve = |headers: Headers| {
        let mut head = RequestHead {
            headers,
            ..head("h")
        };
        let selected = selected(&table, &head, 0).unwrap();
        let timeouts = Timeouts::new(&selected, &mut head, &router);
        let milliseconds = |it: Option<Duration>| it.map(|it| it.as_millis());
        let expected = head.headers.get(b"x-envoy-expected-rq-timeout-ms");
        let expected = expected.map(|it| String::from_utf8(it.to_vec()).unwrap());
        assert_eq!(head.headers.len(), usize::from(expected.is_some()));
        (
            milliseconds(timeouts.global),
            milliseconds(timeouts.per_try),
            expected,
        )
    };
    let expected = |text: &str| Some(text.to_owned());
    // A try cannot take longer than the whole.
    assert_eq!(
        resolve(Headers::new()),
        (Some(2_000), None, expected("2000"))
    );
    let longer = Headers::from([("x-envoy-upstream-rq-timeout-ms", "9000")]);
    assert_eq!(
        resolve(longer),
        (Some(9_000), Some(3_000), expected("3000"))
    );
    let endless = Headers::from([
        ("x-envoy-upstream-rq-timeout-ms", "0"),
        ("x-envoy-upstream-rq-per-try-timeout-ms", "0"),
    ]);
    assert_eq!(resolve(endless), (None, None, None));
}

#[test]
fn the_time_of_later_tries_is_lessened() {
    let timeouts = Timeouts {
        global: Some(Duration::from_millis(100)),
        per_try: Some(Duration::from_millis(60)),
        ..Timeouts::default()
    };
    for (elapsed, wanted) in [(0, "60"), (70, "30"), (100, "1")] {
        let mut headers = Headers::new();
        let elapsed = Duration::from_millis(elapsed);
        timeouts.write_expected(elapsed, &mut headers, &Router::default());
        let written = headers.get(b"x-envoy-expected-rq-timeout-ms").unwrap();
        assert_eq!(written, wanted.as_bytes());
    }
}

#[test]
fn calls_may_ask_for_their_time() {
    let second = Duration::from_secs(1);
    let config = json!({ "match": { "prefix": "/" }, "route": { "cluster": "c" } });
    let hosts = json!([{ "name": "v", "domains": ["*"], "routes": [config] }]);
    let mut config = model::route_configuration(&json!({ "virtual_hosts": hosts }));
    let host = Arc::get_mut(&mut config.virtual_hosts[0]).unwrap();
    let route = Arc::get_mut(&mut host.routes[0]).unwrap();
    if let super::Action::Forward(forward) = &mut route.action {
        Arc::get_mut(forward).unwrap().stream_duration = StreamDuration {
            max: Some(9 * second),
            grpc_timeout_max: Some(2 * second),
            grpc_timeout_offset: Some(second / 2),
        };
    }
    let table = RouteTable::new(Arc::new(config));
    let selected = selected(&table, &head("h"), 0).unwrap();
    for (asked, limit, written) in [
        (None, 9_000, None),
        (Some("1S"), 500, Some("500m")),
        (Some("5S"), 1_500, Some("1500m")),
    ] {
        let mut headers = Headers::new();
        if let Some(asked) = asked {
            headers.push(b"grpc-timeout", asked.as_bytes());
        }
        let found = stream_duration(&selected, &mut headers, None);
        assert_eq!(found, Some(Duration::from_millis(limit)));
        assert_eq!(headers.get(b"grpc-timeout"), written.map(str::as_bytes));
    }
}

#[test]
fn hashes_are_combined_in_order() {
    let policy = |by, terminal| HashPolicy { by, terminal };
    let header = || HashBy::Header("x".into(), None);
    let cookie = |ttl| HashBy::Cookie {
        name: "c".into(),
        ttl,
        path: "/p".into(),
    };
    let mut request = head("h");
    request.path = b"/?q=1".to_vec();
    request.headers = Headers::from([("x", "b"), ("x", "a"), ("cookie", "z=1; c=v")]);
    let of = |policies: &[HashPolicy]| hash(policies, &request, None, "", |_| ());
    let both = xxh64(b"b", xxh64(b"a", 0));
    assert_eq!(of(&[policy(header(), false)]), Some(both));
    let query = || HashBy::Query("q".into());
    let combined = both.rotate_left(1) ^ xxh64(b"1", 0);
    assert_eq!(
        of(&[policy(header(), false), policy(query(), false)]),
        Some(combined)
    );
    assert_eq!(
        of(&[policy(header(), true), policy(query(), false)]),
        Some(both)
    );
    assert_eq!(of(&[policy(cookie(None), false)]), Some(xxh64(b"v", 0)));
    assert_eq!(of(&[policy(HashBy::SourceIp, false)]), None);
    let mut made = Vec::new();
    let policies = [policy(cookie(Some(Duration::from_secs(5))), false)];
    hash(&policies, &head("h"), None, "ab", |it| {
        made.extend_from_slice(it);
    });
    let value = format!("{:016x}", xxh64(b"ab", 0));
    let wanted = format!("c=\"{value}\"; Max-Age=5; Path=/p; HttpOnly");
    assert_eq!(made, wanted.as_bytes());
}

proptest! {
    /// The lookup agrees with the rule told in words, over all domains one by one.
    #[test]
    fn the_most_specific_domain_wins(
        domains in prop::collection::btree_set(r"\*|[ab]{1,3}|\*[ab]{1,2}|[ab]{1,2}\*", 1..12),
        host in "[abAB]{1,4}",
    ) {
        let domains: Vec<_> = domains.into_iter().collect();
        let lower = host.to_lowercase();
        let rank = |domain: &str| match (domain.strip_prefix('*'), domain.strip_suffix('*')) {
            (Some(""), _) => Some((0, 0)),
            (Some(suffix), _) => (lower.len() > suffix.len() && lower.ends_with(suffix))
                .then_some((2, suffix.len())),
            (None, Some(prefix)) => (lower.len() > prefix.len() && lower.starts_with(prefix))
                .then_some((1, prefix.len())),
            (None, None) => (lower == domain).then_some((3, 0)),
        };
        let best = domains.iter().filter(|it| rank(it).is_some()).max_by_key(|it| rank(it));
        let table = of_hosts(&domains);
        let found = selected(&table, &head(&host), 0).map(|it| it.cluster.into_owned());
        prop_assert_eq!(found, best.cloned());
    }
}
