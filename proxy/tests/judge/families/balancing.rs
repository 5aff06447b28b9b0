//! Which host of a cluster takes a request.

use serde_json::{Value, json};

use crate::harness::case::{Case, Client, Upstream, case, merge};
use crate::harness::config::{endpoints, members};
use crate::harness::script::Step::Response;
use crate::harness::script::{answer, send};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = rounds();
    cases.extend(priorities());
    cases.extend(hashes());
    cases
}

/// A case with a cluster of two hosts that answer alike, so that only how often each is taken shows.
fn pair(name: &'static str, fields: Value) -> Case {
    let mut all = members("pair", &["a", "b"]);
    merge(&mut all, fields);
    case(name)
        .action(json!({ "cluster": "@pair" }))
        .upstream(Upstream::new("a", [answer(200, "", "")]))
        .upstream(Upstream::new("b", [answer(200, "", "")]))
        .cluster("pair", all)
}

/// So many requests on one connection.
fn requests(count: usize, headers: &str) -> Client {
    let request = format!("GET / HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
    Client::raw((0..count).flat_map(|_| [send(&request), Response]))
}

/// Localities of hosts, each with the fields beside its endpoints.
fn localities(hosts: &[(&str, Value)]) -> Value {
    let locality = |(name, fields): &(&str, Value)| {
        let mut locality = json!({ "lb_endpoints": endpoints(&[name]) });
        merge(&mut locality, fields.clone());
        locality
    };
    let all: Vec<_> = hosts.iter().map(locality).collect();
    json!({ "load_assignment": { "cluster_name": "@pair", "endpoints": all } })
}

fn rounds() -> Vec<Case> {
    let weights = |first: u32, second: u32| {
        json!({ "load_assignment": { "cluster_name": "@pair", "endpoints": [{ "lb_endpoints": [
            { "endpoint": { "address": "@a" }, "load_balancing_weight": first },
            { "endpoint": { "address": "@b" }, "load_balancing_weight": second },
        ] }] } })
    };
    vec![
        pair("hosts take turns", json!({}))
            .client(requests(10, ""))
            .expect("cluster.@pair.upstream_rq_total: 10"),
        pair("hosts take turns by weight", weights(3, 1))
            .client(requests(16, ""))
            .expect("cluster.@pair.upstream_rq_total: 16"),
        pair("hosts of equal weight take turns", weights(5, 5))
            .client(requests(10, ""))
            .expect("cluster.@pair.upstream_rq_total: 10"),
        case("one host takes everything")
            .cluster("a", json!({ "lb_policy": "LEAST_REQUEST" }))
            .client(requests(5, ""))
            .expect("cluster.@a.upstream_rq_total: 5"),
        case("a random choice of one")
            .cluster("a", json!({ "lb_policy": "RANDOM" }))
            .client(requests(5, ""))
            .expect("cluster.@a.upstream_rq_total: 5"),
        case("no host at all")
            .details()
            .cluster(
                "a",
                json!({ "load_assignment": { "cluster_name": "@a", "endpoints": [] } }),
            )
            .get("/", "")
            .expect("cluster.@a.upstream_cx_none_healthy: 1"),
    ]
}

fn priorities() -> Vec<Case> {
    let sick = |health: &str, more: Value| {
        let mut fields = json!({ "load_assignment": { "cluster_name": "@pair", "endpoints": [
            { "priority": 0, "lb_endpoints": [{ "endpoint": { "address": "@a" }, "health_status": health }] },
            { "priority": 1, "lb_endpoints": [{ "endpoint": { "address": "@b" } }] },
        ] } });
        merge(&mut fields, more);
        fields
    };
    let local = json!({ "common_lb_config": { "locality_weighted_lb_config": {} } });
    let weighted = |first: Value, second: Value| {
        let zone = |name: &str, weight: Value| json!({ "locality": { "zone": name }, "load_balancing_weight": weight });
        let mut fields = localities(&[("a", zone("one", first)), ("b", zone("two", second))]);
        merge(&mut fields, local.clone());
        fields
    };
    let no_panic = json!({ "common_lb_config": { "healthy_panic_threshold": { "value": 0 } } });
    vec![
        pair("the first priority takes everything", localities(&[("a", json!({ "priority": 0 })), ("b", json!({ "priority": 1 }))]))
            .client(requests(6, ""))
            .expect("cluster.@pair.upstream_rq_total: 6")
            .lack("upstream b: GET"),
        pair("a sick first priority gives way", sick("UNHEALTHY", json!({}))).client(requests(6, "")).lack("upstream a: GET"),
        pair("a draining first priority gives way", sick("DRAINING", json!({}))).client(requests(6, "")).lack("upstream a: GET"),
        pair("a degraded first priority gives way", sick("DEGRADED", json!({}))).client(requests(6, "")).lack("upstream a: GET"),
        pair("every host is sick, and panic", localities(&[]))
            .cluster("pair", json!({ "load_assignment": { "cluster_name": "@pair", "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": "@a" }, "health_status": "UNHEALTHY" }] }] } }))
            .client(requests(2, ""))
            .expect("cluster.@pair.lb_healthy_panic: 2"),
        pair("every host is sick, and no panic", no_panic)
            .details()
            .cluster("pair", json!({ "load_assignment": { "cluster_name": "@pair", "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": "@a" }, "health_status": "UNHEALTHY" }] }] } }))
            .client(requests(2, ""))
            .expect("503 Service Unavailable"),
        pair("a locality without weight takes nothing", weighted(json!(1), Value::Null)).client(requests(6, "")).lack("upstream b: GET"),
        pair("localities take turns by weight", weighted(json!(1), json!(1))).client(requests(8, "")).expect("cluster.@pair.upstream_rq_total: 8"),
    ]
}

fn hashes() -> Vec<Case> {
    let ring = |name: &'static str, policy: Value| {
        pair(name, json!({ "lb_policy": "RING_HASH" })).action(json!({ "hash_policy": [policy] }))
    };
    let by_header = json!({ "header": { "header_name": "x-key" } });
    let by_source = json!({ "connection_properties": { "source_ip": true } });
    let cookie = |ttl: Value| json!({ "cookie": { "name": "shop", "ttl": ttl } });
    let mut many = ring("a ring by a header", by_header.clone());
    for key in ["1", "2", "3", "4", "5", "6", "7", "8"] {
        many = many.client(requests(1, &format!("x-key: {key}\r\n")));
    }
    let mut sources = ring("a ring by the client's address", by_source);
    for last in [1, 11, 12, 13, 14, 15, 16, 17] {
        sources = sources.client(requests(1, "").from(last));
    }
    vec![
        many.expect("cluster.@pair.upstream_rq_total: 8"),
        sources.expect("cluster.@pair.upstream_rq_total: 8"),
        ring("the same header goes to the same host", by_header)
            .client(requests(6, "x-key: same\r\n"))
            .expect("cluster.@pair.upstream_cx_total: 1"),
        ring(
            "the same cookie goes to the same host",
            cookie(json!("10s")),
        )
        .client(requests(6, "Cookie: shop=same\r\n"))
        .expect("cluster.@pair.upstream_cx_total: 1"),
        ring(
            "a cookie is made for who has none",
            json!({ "cookie": { "name": "shop", "ttl": "10s", "path": "/" } }),
        )
        .action(json!({ "cluster": "@a" }))
        .cluster("a", json!({ "lb_policy": "RING_HASH" }))
        .client(requests(1, ""))
        .expect("set-cookie: shop="),
        ring(
            "a ring of a chosen size",
            json!({ "header": { "header_name": "x-key" } }),
        )
        .cluster(
            "pair",
            json!({ "ring_hash_lb_config": { "minimum_ring_size": 8, "maximum_ring_size": 64 } }),
        )
        .client(requests(3, "x-key: a\r\n"))
        .expect("cluster.@pair.ring_hash_lb.size"),
    ]
}
