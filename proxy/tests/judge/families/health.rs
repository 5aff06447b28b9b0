//! Which hosts a cluster has, and how their health is checked.

use serde_json::{Value, json};

use crate::harness::case::{Case, Upstream, case, merge};
use crate::harness::config::{http2_upstream, members};
use crate::harness::script::Step::{Response, Wait};
use crate::harness::script::{acts, answer, give, nothing, ok, raw, send};
use crate::harness::upstream_h2::StreamAct::{Data, Headers, Trailers};
use crate::harness::upstream_h2::{StreamReply, ok_h2, stream};

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = names();
    cases.extend(http());
    cases.extend(bytes());
    cases.extend(grpc());
    cases.extend(changes());
    cases
}

/// A cluster's field with a check that is made once, unless the fields say otherwise.
fn check(kind: Value, more: Value) -> Value {
    let mut check = json!({
        "timeout": "1s",
        "interval": "60s",
        "unhealthy_threshold": 1,
        "healthy_threshold": 1,
    });
    merge(&mut check, kind);
    merge(&mut check, more);
    json!({ "health_checks": [check], "common_lb_config": { "healthy_panic_threshold": { "value": 0 } } })
}

fn by_http(fields: Value) -> Value {
    let mut all = json!({ "path": "/healthz" });
    merge(&mut all, fields);
    json!({ "http_health_check": all })
}

fn checked(name: &'static str, fields: Value) -> Case {
    case(name).details().cluster("a", fields)
}

/// A case in which a host is checked by HTTP, and asked once.
fn asked(name: &'static str, fields: Value) -> Case {
    checked(name, check(by_http(fields), json!({})))
}

fn names() -> Vec<Case> {
    let resolved = |more: Value| {
        let mut fields = json!({ "type": "STRICT_DNS", "dns_refresh_rate": "300s" });
        merge(&mut fields, more);
        fields
    };
    let named = |name: &str, more: Value| {
        let address = json!({ "socket_address": { "address": name, "port_value": 1 } });
        let endpoint = json!({ "endpoint": { "address": address } });
        let mut fields = resolved(json!({ "load_assignment": {
            "cluster_name": "@a",
            "endpoints": [{ "lb_endpoints": [endpoint] }],
        } }));
        merge(&mut fields, more);
        fields
    };
    let family = |family: &str| json!({ "dns_lookup_family": family });
    vec![
        checked("an address is resolved to itself", resolved(json!({})))
            .get("/", "")
            .expect("cluster.@a.update_success: 1")
            .expect("200 OK"),
        checked("a name is resolved", named("localhost", family("V4_ONLY")))
            .get("/", "")
            .expect("cluster.@a.membership_total: 1")
            .expect("503 Service Unavailable"),
        checked(
            "a family that an address is not of",
            resolved(family("V6_ONLY")),
        )
        .get("/", "")
        .expect("200 OK"),
        checked(
            "two names",
            resolved(json!({
                "load_assignment": { "cluster_name": "@a", "endpoints": [
                    { "lb_endpoints": [{ "endpoint": { "address": "@a" } }] },
                    { "priority": 1, "lb_endpoints": [{ "endpoint": { "address": "@b" } }] },
                ] },
            })),
        )
        .upstream(Upstream::new("a", [ok("a")]))
        .upstream(Upstream::new("b", [ok("b")]))
        .get("/", "")
        .expect("cluster.@a.update_attempt: 2"),
        checked(
            "no names at all",
            resolved(json!({
                "load_assignment": { "cluster_name": "@a", "endpoints": [] },
            })),
        )
        .get("/", "")
        .expect("503 Service Unavailable"),
    ]
}

fn http() -> Vec<Case> {
    let well = || [answer(200, "", ""), ok("ok")];
    let ill = || [answer(503, "", ""), ok("ok")];
    vec![
        asked("a host that is well", json!({}))
            .replies(well())
            .send(GET)
            .expect("cluster.@a.health_check.success: 1")
            .expect("user-agent: Envoy/HC"),
        asked("a host that is not well", json!({}))
            .replies(ill())
            .send(GET)
            .expect("503 UH")
            .expect("cluster.@a.health_check.failure: 1"),
        asked(
            "all that a check asks for",
            json!({
                "host": "health", "method": "PUT", "send": { "text": "68656c6c6f" },
                "request_headers_to_add": [{ "header": { "key": "x-check", "value": "1" } }],
                "request_headers_to_remove": ["user-agent"],
            }),
        )
        .replies(well())
        .send(GET)
        .expect("x-check: 1"),
        asked(
            "what the answer must hold",
            json!({ "receive": [{ "text": "6f6b" }] }),
        )
        .replies([ok("it is ok"), ok("ok")])
        .send(GET)
        .expect("200 OK"),
        asked(
            "what the answer must hold and does not",
            json!({ "receive": [{ "text": "6f6b" }] }),
        )
        .replies([ok("it is not"), ok("ok")])
        .send(GET)
        .expect("503 UH"),
        asked(
            "another status is expected",
            json!({ "expected_statuses": [{ "start": 201, "end": 300 }] }),
        )
        .replies([answer(204, "", ""), ok("ok")])
        .send(GET)
        .expect("200 OK"),
        asked(
            "a status is not expected",
            json!({ "expected_statuses": [{ "start": 201, "end": 300 }] }),
        )
        .replies(well())
        .send(GET)
        .expect("503 UH"),
        asked(
            "a service by its name",
            json!({ "service_name_matcher": { "prefix": "shop" } }),
        )
        .replies([
            answer(
                200,
                "x-envoy-upstream-healthchecked-cluster: shopping\r\n",
                "",
            ),
            ok("ok"),
        ])
        .send(GET)
        .expect("cluster.@a.health_check.verify_cluster: 1")
        .expect("200 OK"),
        asked(
            "another service by its name",
            json!({ "service_name_matcher": { "prefix": "shop" } }),
        )
        .replies([
            answer(200, "x-envoy-upstream-healthchecked-cluster: bank\r\n", ""),
            ok("ok"),
        ])
        .send(GET)
        .expect("503 UH"),
        asked("a host that is degraded", json!({}))
            .replies([answer(200, "x-envoy-degraded: 1\r\n", ""), ok("ok")])
            .send(GET)
            .expect("cluster.@a.health_check.degraded: 1"),
        asked("an answer that closes the connection", json!({}))
            .replies([answer(200, "connection: close\r\n", ""), ok("ok")])
            .send(GET)
            .expect("200 OK"),
        asked("an answer that is no HTTP", json!({}))
            .replies([raw("what\r\n\r\n"), ok("ok")])
            .send(GET)
            .expect("503 UH"),
        checked(
            "no answer in time",
            check(by_http(json!({})), json!({ "timeout": "0.2s" })),
        )
        .replies([nothing(), ok("ok")])
        .send(GET)
        .expect("cluster.@a.health_check.network_failure: 1"),
        checked("nobody is there", check(by_http(json!({})), json!({})))
            .upstream(Upstream::refusing("a"))
            .send(GET)
            .expect("cluster.@a.health_check.network_failure: 1"),
        checked(
            "a connection for each check",
            check(by_http(json!({})), json!({ "reuse_connection": false })),
        )
        .replies(well())
        .send(GET)
        .expect("200 OK"),
        checked(
            "checks by HTTP/2",
            check(by_http(json!({ "codec_client_type": "HTTP2" })), json!({})),
        )
        .cluster("a", http2_upstream())
        .upstream(Upstream::h2("a", [ok_h2("well"), ok_h2("ok")]))
        .send(GET)
        .expect("cluster.@a.health_check.success: 1"),
    ]
}

fn bytes() -> Vec<Case> {
    let by_tcp = |fields: Value| {
        check(
            json!({ "tcp_health_check": fields }),
            json!({ "timeout": "0.3s" }),
        )
    };
    let asks = || json!({ "send": { "text": "50494e47" }, "receive": [{ "text": "504f4e47" }] });
    let on_connection = |text: &str| {
        use crate::harness::script::Trigger::Connection;
        acts([give(text)]).on(Connection)
    };
    vec![
        checked("a connection is enough", by_tcp(json!({})))
            .replies([ok("ok")])
            .send(GET)
            .expect("cluster.@a.health_check.success: 1"),
        checked("no connection", by_tcp(json!({})))
            .upstream(Upstream::refusing("a"))
            .send(GET)
            .expect("503 UH"),
        checked("the answer that is waited for", by_tcp(asks()))
            .replies([on_connection("a PONG")])
            .steps([Wait(50)])
            .expect("cluster.@a.health_check.success: 1"),
        checked("another answer than is waited for", by_tcp(asks()))
            .replies([on_connection("what")])
            .send(GET)
            .expect("503 UH"),
    ]
}

fn grpc() -> Vec<Case> {
    let by_grpc = |fields: Value| {
        let mut all = check(json!({ "grpc_health_check": fields }), json!({}));
        merge(&mut all, http2_upstream());
        all
    };
    let reply = |serving: u8, status: &'static str| -> StreamReply {
        stream([
            Headers(
                200,
                vec![("content-type", "application/grpc".into())],
                false,
            ),
            Data(vec![0, 0, 0, 0, 2, 8, serving], false),
            Trailers(vec![("grpc-status", status)]),
        ])
    };
    let grpc = |name, fields, reply| {
        checked(name, by_grpc(fields))
            .upstream(Upstream::h2("a", [reply, ok_h2("ok")]))
            .send(GET)
    };
    vec![
        grpc(
            "a service that serves",
            json!({ "service_name": "shop" }),
            reply(1, "0"),
        )
        .expect("cluster.@a.health_check.success: 1"),
        grpc("a service that does not serve", json!({}), reply(2, "0")).expect("503 UH"),
        grpc("a service that nobody knows", json!({}), reply(1, "5")).expect("503 UH"),
        grpc(
            "a server by its name",
            json!({ "authority": "shop" }),
            reply(1, "0"),
        )
        .expect("200 OK"),
    ]
}

fn changes() -> Vec<Case> {
    let quick = json!({ "no_traffic_interval": "0.1s", "no_traffic_healthy_interval": "60s" });
    let pair = |name: &'static str, fields: Value| {
        let mut all = members("pair", &["a", "b"]);
        merge(&mut all, fields);
        case(name)
            .details()
            .action(json!({ "cluster": "@pair" }))
            .cluster("pair", all)
    };
    let once = || check(by_http(json!({})), json!({}));
    let elsewhere = json!({ "load_assignment": { "cluster_name": "@pair", "endpoints": [{ "lb_endpoints": [
        { "endpoint": { "address": "@a", "health_check_config": { "address": "@b" } } },
    ] }] } });
    let unchecked = json!({ "load_assignment": { "cluster_name": "@pair", "endpoints": [{ "lb_endpoints": [
        { "endpoint": { "address": "@a", "health_check_config": { "disable_active_health_check": true } } },
        { "endpoint": { "address": "@b" } },
    ] }] } });
    let both = |mut left: Value, right: Value| {
        merge(&mut left, right);
        left
    };
    vec![
        checked("a host becomes well", check(by_http(json!({})), quick))
            .replies([answer(503, "", ""), answer(200, "", ""), ok("ok")])
            .steps([Wait(800), send(GET), Response])
            .expect("cluster.@a.health_check.attempt: 2")
            .expect("200 OK"),
        checked("a host says that it is about to go", once())
            .replies([
                answer(200, "", ""),
                answer(200, "x-envoy-immediate-health-check-fail: true\r\n", "bye"),
            ])
            .steps([send(GET), Response, Wait(200), send(GET), Response])
            .expect("cluster.@a.health_check.passive_failure: 1"),
        pair("one of two hosts is well", once())
            .upstream(Upstream::new("a", [answer(503, "", "")]))
            .upstream(Upstream::new("b", [answer(200, "", "")]))
            .steps([send(GET), Response, send(GET), Response])
            .expect("cluster.@pair.membership_healthy: 1"),
        pair("a host is checked elsewhere", both(once(), elsewhere))
            .upstream(Upstream::new("a", [ok("a")]))
            .upstream(Upstream::new("b", [answer(200, "", "")]))
            .send(GET)
            .expect("200 OK"),
        pair("a host is not checked", both(once(), unchecked))
            .upstream(Upstream::new("a", [ok("a")]))
            .upstream(Upstream::new("b", [answer(503, "", "")]))
            .send(GET)
            .expect("200 OK"),
    ]
}
