//! Circuit breakers and the ejection of hosts that fail.

use serde_json::{Value, json};

use crate::harness::case::{Case, Upstream, case, merge};
use crate::harness::client_h2::fetch;
use crate::harness::config::{endpoints, http2_upstream, members};
use crate::harness::script::Step::{self, Arrived, On, Release, Response, Wait};
use crate::harness::script::{Act, Reply, acts, answer, ok, send};
use crate::harness::upstream_h2::ok_h2;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = breakers();
    cases.extend(priorities());
    cases.extend(outliers());
    cases.extend(panic());
    cases
}

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

fn thresholds(fields: Value) -> Value {
    json!({ "circuit_breakers": { "thresholds": [fields] } })
}

/// A first request that is held while a second one comes, which is answered at once or not.
fn two_at_once(name: &'static str, limits: Value) -> Case {
    case(name)
        .details()
        .cluster("a", thresholds(limits))
        .replies([ok("first").held(), ok("second")])
}

fn refused(case: Case) -> Case {
    case.steps([
        On(0),
        send(GET),
        Arrived("a", 1),
        On(1),
        send(GET),
        Response,
        Release("a"),
        On(0),
        Response,
    ])
    .expect("503 Service Unavailable")
    .expect("first")
}

/// The second request waits until the first one is answered.
fn waiting(case: Case) -> Case {
    case.steps([
        On(0),
        send(GET),
        Arrived("a", 1),
        On(1),
        send(GET),
        Wait(100),
        Release("a"),
        On(0),
        Response,
        On(1),
        Response,
    ])
    .expect("second")
}

fn breakers() -> Vec<Case> {
    let h2 = |limits: Value| {
        let mut fields = http2_upstream();
        merge(&mut fields, thresholds(limits));
        fields
    };
    vec![
        refused(two_at_once(
            "no room for a second request",
            json!({ "max_requests": 1 }),
        ))
        .expect("cluster.@a.upstream_rq_active_overflow: 1"),
        two_at_once(
            "no room for a second connection, nor to wait for one",
            json!({ "max_connections": 1, "max_pending_requests": 1 }),
        )
        .steps([
            On(0),
            send(GET),
            Arrived("a", 1),
            On(1),
            send(GET),
            Wait(100),
            On(2),
            send(GET),
            Response,
            Release("a"),
            On(0),
            Response,
            On(1),
            Response,
        ])
        .expect("cluster.@a.upstream_rq_pending_overflow: 1"),
        waiting(two_at_once(
            "no room for a second connection, but to wait",
            json!({ "max_connections": 1 }),
        ))
        .expect("cluster.@a.upstream_cx_total: 1"),
        case("room for a second connection")
            .cluster("a", thresholds(json!({ "max_connections": 2 })))
            .replies([ok("first").held(), ok("second")])
            .steps([
                On(0),
                send(GET),
                Arrived("a", 1),
                On(1),
                send(GET),
                Response,
                Release("a"),
                On(0),
                Response,
            ])
            .expect("cluster.@a.upstream_cx_total: 2"),
        case("no room to wait at all")
            .details()
            .cluster("a", thresholds(json!({ "max_pending_requests": 0 })))
            .send(GET)
            .expect("HTTP/1.1"),
        case("no room for any request")
            .details()
            .cluster("a", thresholds(json!({ "max_requests": 0 })))
            .send(GET)
            .expect("503 Service Unavailable"),
        case("no room for any connection")
            .details()
            .cluster("a", thresholds(json!({ "max_connections": 0 })))
            .send(GET)
            .expect("200 OK"),
        case("a refusal says that it is overloaded")
            .cluster("a", thresholds(json!({ "max_requests": 0 })))
            .send(GET)
            .expect("x-envoy-overloaded: true"),
        case("what remains can be told")
            .cluster(
                "a",
                thresholds(json!({ "track_remaining": true, "max_requests": 7 })),
            )
            .send(GET)
            .expect("remaining_rq: 7"),
        refused(two_at_once(
            "an open breaker is told",
            json!({ "max_requests": 1, "track_remaining": true }),
        ))
        .expect("statistics"),
        case("no room for a second stream of HTTP/2")
            .details()
            .cluster("a", h2(json!({ "max_requests": 1 })))
            .upstream(Upstream::h2("a", [ok_h2("first").held(), ok_h2("second")]))
            .h2([
                fetch("/1").parallel(),
                fetch("/2").once("a", 1).parallel(),
                fetch("/3").once("a", 1).answered().release("a"),
            ])
            .expect("status 503"),
    ]
}

fn priorities() -> Vec<Case> {
    let limits = json!({ "circuit_breakers": { "thresholds": [
        { "priority": "DEFAULT", "max_requests": 0 },
        { "priority": "HIGH" },
    ] } });
    let hosts =
        json!({ "circuit_breakers": { "per_host_thresholds": [{ "max_connections": 1 }] } });
    vec![
        case("the breaker of the usual priority")
            .cluster("a", limits.clone())
            .send(GET)
            .expect("503 Service Unavailable"),
        case("the breaker of the high priority")
            .cluster("a", limits)
            .action(json!({ "priority": "HIGH" }))
            .send(GET)
            .expect("200 OK"),
        case("a breaker of each host")
            .cluster("a", hosts)
            .replies([ok("first").held(), ok("second")])
            .steps([
                On(0),
                send(GET),
                Arrived("a", 1),
                On(1),
                send(GET),
                Wait(100),
                Release("a"),
                On(0),
                Response,
                On(1),
                Response,
            ])
            .expect("second"),
    ]
}

/// How long Envoy may keep changes of health to itself, to hand several of them on at once.
const MERGED: u64 = 1200;

/// Requests with time between them: an ejection reaches the worker by way of another thread.
fn spaced(count: usize, milliseconds: u64) -> Vec<Step> {
    (0..count)
        .flat_map(|_| [send(GET), Response, Wait(milliseconds)])
        .collect()
}

fn failing(status: u16) -> Reply {
    answer(status, "", "")
}

/// Two requests to a single host, which the first may eject.
fn outlier(name: &'static str, detection: Value, reply: Reply) -> Case {
    let mut fields = json!({
        "interval": "60s",
        "base_ejection_time": "60s",
        "max_ejection_percent": 100,
        "enforcing_consecutive_5xx": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "enforcing_failure_percentage": 0,
    });
    merge(&mut fields, detection);
    case(name)
        .details()
        .cluster("a", json!({ "outlier_detection": fields, "common_lb_config": { "healthy_panic_threshold": { "value": 0 } } }))
        .replies([reply])
        .steps(spaced(3, 100))
}

fn outliers() -> Vec<Case> {
    let server = |count: u32| json!({ "consecutive_5xx": count, "enforcing_consecutive_5xx": 100 });
    let gateway = |count: u32| json!({ "consecutive_gateway_failure": count, "enforcing_consecutive_gateway_failure": 100 });
    let local = json!({
        "split_external_local_origin_errors": true,
        "consecutive_local_origin_failure": 2,
        "enforcing_consecutive_local_origin_failure": 100,
    });
    let refusing = |name: &'static str, detection: Value| {
        let mut case = outlier(name, detection, ok("never"));
        case.upstreams = vec![Upstream::refusing("a")];
        case
    };
    vec![
        outlier("one failure ejects", server(1), failing(500)).expect("cluster.@a.upstream_rq_total: 1"),
        outlier("two failures in a row eject", server(2), failing(503)).expect("cluster.@a.upstream_rq_total: 2"),
        outlier("more failures are needed", server(5), failing(503)).expect("cluster.@a.upstream_rq_total: 3"),
        outlier("a failure of the client does not eject", server(1), failing(404)).expect("cluster.@a.upstream_rq_total: 3"),
        outlier("a failure of the gateway ejects", gateway(1), failing(502)).expect("ejections_enforced_consecutive_gateway_failure: 1"),
        outlier("500 is no failure of the gateway", gateway(1), failing(500)).expect("cluster.@a.upstream_rq_total: 3"),
        outlier("an ejection that is only counted", json!({ "consecutive_5xx": 1 }), failing(500))
            .expect("ejections_detected_consecutive_5xx: 3"),
        outlier("at most so many hosts are ejected", json!({ "consecutive_5xx": 1, "enforcing_consecutive_5xx": 100, "max_ejection_percent": 0 }), failing(500))
            .expect("statistics"),
        outlier("a reset counts as a failure", server(1), acts([Act::Reset])).expect("ejections_enforced_consecutive_5xx: 1"),
        outlier("a host comes back after its time", json!({
            "consecutive_5xx": 1,
            "enforcing_consecutive_5xx": 100,
            "interval": "0.05s",
            "base_ejection_time": "0.1s",
            "max_ejection_time": "0.1s",
        }), failing(500))
        .steps([Wait(1500), send(GET), Response])
        .expect("cluster.@a.upstream_rq_total: 2"),
        refusing("a refused connection counts as a failure", server(2)).expect("ejections_enforced_consecutive_5xx: 1"),
        refusing("failures of our own are told apart", local.clone())
            .expect("ejections_enforced_consecutive_local_origin_failure: 1"),
        outlier("failures of the host are not our own", local, failing(500)).expect("cluster.@a.upstream_rq_total: 3"),
    ]
}

fn panic() -> Vec<Case> {
    let ejecting = json!({ "outlier_detection": { "consecutive_5xx": 1, "interval": "60s", "base_ejection_time": "60s", "max_ejection_percent": 100 } });
    let pair = |name: &'static str, threshold: u32| {
        let mut fields = members("pair", &["a", "b"]);
        merge(&mut fields, ejecting.clone());
        merge(
            &mut fields,
            json!({ "common_lb_config": { "healthy_panic_threshold": { "value": threshold } } }),
        );
        case(name)
            .details()
            .action(json!({ "cluster": "@pair" }))
            .upstream(Upstream::new("a", [failing(500)]))
            .upstream(Upstream::new("b", [failing(500)]))
            .cluster("pair", fields)
            .steps(spaced(4, MERGED))
    };
    let fallback = json!({
        "load_assignment": { "cluster_name": "@pair", "endpoints": [
            { "priority": 0, "lb_endpoints": endpoints(&["a"]) },
            { "priority": 1, "lb_endpoints": endpoints(&["b"]) },
        ] },
    });
    let mut fields = fallback;
    merge(&mut fields, ejecting.clone());
    vec![
        pair("no host is left, and no panic", 0)
            .expect("cluster.@pair.upstream_rq_total: 2")
            .expect("no_healthy_upstream"),
        pair("no host is left, and panic", 50).expect("cluster.@pair.lb_healthy_panic: "),
        case("an ejected host gives way to the next priority")
            .action(json!({ "cluster": "@pair" }))
            .upstream(Upstream::new("a", [failing(500)]))
            .upstream(Upstream::new("b", [ok("second choice")]))
            .cluster("pair", fields)
            .steps(spaced(3, MERGED))
            .expect("second choice"),
    ]
}
