//! What ends the asking of an upstream that takes too long, before and between answers.

use serde_json::{Value, json};

use crate::harness::case::{Case, Upstream, case};
use crate::harness::config::{http2_upstream, inside, protocol_options};
use crate::harness::program::Variation;
use crate::harness::script::Step::{Arrived, Close, Ended, Response, Wait};
use crate::harness::script::{Act, acts, answer, give, late, nothing, ok, send};
use crate::harness::upstream_h2::ok_h2;

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = connecting();
    cases.extend(waiting());
    cases.extend(trying());
    cases.extend(connections());
    cases
}

/// A policy that tries again after a time that nobody waits for.
fn patient() -> Value {
    json!({
        "retry_on": "5xx", "num_retries": 1,
        "retry_back_off": { "base_interval": "3600s", "max_interval": "3600s" },
    })
}

fn connecting() -> Vec<Case> {
    let silent = |name: &'static str| {
        case(name)
            .details()
            .upstream(Upstream::silent("a"))
            .cluster("a", json!({ "connect_timeout": "20s" }))
    };
    vec![
        silent("the timeout of a route while a connection is made")
            .action(json!({ "timeout": "0.3s" }))
            .send(GET)
            .expect("504 Gateway Timeout"),
        silent("the timeout of a route while a connection is made, with a body")
            .action(json!({ "timeout": "0.3s" }))
            .send(POST)
            .expect("504 Gateway Timeout"),
        silent("the timeout of a stream in which nothing moves while a connection is made")
            .action(json!({ "timeout": "0s", "idle_timeout": "0.3s" }))
            .send(GET)
            .expect("stream_idle_timeout"),
        silent("a client that goes away while a connection is made")
            .steps([send(GET), Wait(100), Close])
            .expect("cluster.@a.upstream_rq_cancelled: 1"),
        silent("the timeout of an attempt begins with the connection")
            .action(json!({ "timeout": "0.5s", "retry_policy": { "retry_on": "5xx", "per_try_timeout": "0.1s" } }))
            .send(GET)
            .lack("upstream_rq_per_try_timeout"),
    ]
}

fn waiting() -> Vec<Case> {
    let failing = || answer(503, "", "failing");
    vec![
        case("the timeout of a route while a retry waits")
            .details()
            .tells(Variation::RetriesOff)
            .tells(Variation::AnotherTimeout)
            .action(json!({ "timeout": "0.3s", "retry_policy": patient() }))
            .replies([failing()])
            .send(GET)
            .expect("504 Gateway Timeout")
            .lack("upstream_rq_timeout"),
        case("a client that goes away while a retry waits")
            .details()
            .tells(Variation::RetriesOff)
            .tells(Variation::AnotherTimeout)
            .action(json!({ "timeout": "0s", "retry_policy": patient() }))
            .replies([failing()])
            .steps([send(GET), Arrived("a", 1), Wait(200), Close])
            .expect("downstream_remote_disconnect"),
        case("a body that grows too long while a retry waits")
            .details()
            .tells(Variation::RetriesOff)
            .tells(Variation::AnotherTimeout)
            .host(json!({ "per_request_buffer_limit_bytes": 5 }))
            .action(json!({ "timeout": "0s", "retry_policy": patient() }))
            .replies([failing().on(crate::harness::script::Trigger::Head)])
            .steps([
                send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhe"),
                Arrived("a", 1),
                Wait(200),
                send("llo w"),
                Response,
            ])
            .expect("507 Insufficient Storage"),
        case("nothing moves while a retry waits")
            .details()
            .tells(Variation::RetriesOff)
            .tells(Variation::AnotherTimeout)
            .action(json!({ "timeout": "0s", "idle_timeout": "0.3s", "retry_policy": patient() }))
            .replies([failing()])
            .send(GET)
            .expect("stream_idle_timeout"),
    ]
}

fn trying() -> Vec<Case> {
    let trickle = || {
        acts([
            give("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na"),
            Act::Wait(500),
            give("bcd"),
        ])
    };
    let policy = |fields: Value| {
        let mut policy = json!({ "retry_on": "5xx", "num_retries": 0 });
        crate::harness::case::merge(&mut policy, fields);
        json!({ "timeout": "5s", "retry_policy": policy })
    };
    vec![
        case("the timeout of an attempt while the response flows")
            .tells(Variation::RetriesOff)
            .details()
            .action(policy(json!({ "per_try_timeout": "0.2s" })))
            .replies([trickle()])
            .send(GET)
            .expect("abcd"),
        case("the timeout of an attempt begins at the end of the request")
            .tells(Variation::RetriesOff)
            .details()
            .action(policy(json!({ "per_try_timeout": "0.2s" })))
            .replies([ok("fine")])
            .steps([
                send(&POST[..POST.len() - 3]),
                Wait(400),
                send("llo"),
                Response,
            ])
            .expect("fine"),
        case("the idle timeout of an attempt before its response")
            .tells(Variation::RetriesOff)
            .tells(Variation::AnotherTimeout)
            .details()
            .action(policy(json!({ "per_try_idle_timeout": "0.2s" })))
            .replies([nothing()])
            .send(GET)
            .expect("upstream_per_try_idle_timeout"),
        case("the longest life of a stream in the middle of a response")
            .details()
            .action(json!({ "timeout": "0s", "max_stream_duration": { "max_stream_duration": "0.2s" } }))
            .replies([trickle()])
            .send(GET)
            .expect("max_duration_timeout"),
        case("x-envoy-upstream-stream-duration-ms")
            .details()
            .manager(inside())
            .replies([late(700)])
            .get(
                "/",
                "x-forwarded-for: 10.0.0.1\r\nx-envoy-upstream-stream-duration-ms: 200\r\n",
            )
            .expect("upstream_max_stream_duration_reached"),
        case("the longest life of a stream to an upstream")
            .details()
            .cluster(
                "a",
                protocol_options(json!({
                    "explicit_http_config": { "http_protocol_options": {} },
                    "common_http_protocol_options": { "max_stream_duration": "0.2s" },
                })),
            )
            .replies([trickle()])
            .send(GET)
            .expect("cluster.@a.upstream_rq_max_duration_reached: 1"),
        case("an alternative answer to the timeout of an attempt")
            .details()
            .manager(inside())
            .replies([nothing()])
            .get("/", "x-forwarded-for: 10.0.0.1\r\nx-envoy-retry-on: reset\r\nx-envoy-max-retries: 0\r\nx-envoy-upstream-rq-per-try-timeout-ms: 200\r\nx-envoy-upstream-rq-timeout-alt-response: 1\r\n")
            .expect("204 No Content"),
        case("a retry says whether the attempt before it took too long")
            .tells(Variation::RetriesOff)
            .host(json!({ "include_is_timeout_retry_header": true, "include_request_attempt_count": true }))
            .action(json!({ "timeout": "0s", "retry_policy": {
                "retry_on": "5xx", "num_retries": 2, "per_try_timeout": "0.3s",
                "retry_back_off": { "base_interval": "0.001s" },
            } }))
            .replies([nothing(), answer(503, "", ""), ok("third")])
            .send(GET)
            .expect("x-envoy-is-timeout-retry: true"),
        case("a request that does not come while its response flows")
            .details()
            .manager(json!({ "request_timeout": "0.3s" }))
            .replies([acts([
                give("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na"),
                Act::Wait(600),
                give("bcd"),
            ])
            .on(crate::harness::script::Trigger::Head)])
            .steps([send(&POST[..POST.len() - 3]), Response])
            .expect("200 OK"),
    ]
}

fn connections() -> Vec<Case> {
    let common = |options: Value| {
        protocol_options(json!({
            "explicit_http_config": { "http2_protocol_options": {} },
            "common_http_protocol_options": options,
        }))
    };
    let two = |name: &'static str| {
        case(name)
            .upstream(Upstream::h2("a", [ok_h2("first"), ok_h2("second")]))
            .cluster("a", http2_upstream())
    };
    vec![
        two("an idle connection of HTTP/2 to an upstream")
            .cluster("a", common(json!({ "idle_timeout": "0.2s" })))
            .steps([
                send(GET),
                Response,
                Ended("a", 1),
                send(GET),
                Response,
                Ended("a", 2),
            ])
            .expect("cluster.@a.upstream_cx_total: 2"),
        two("the longest life of a connection of HTTP/2 to an upstream")
            .cluster("a", common(json!({ "max_connection_duration": "0.2s" })))
            .steps([
                send(GET),
                Response,
                Ended("a", 1),
                send(GET),
                Response,
                Ended("a", 2),
            ])
            .expect("cluster.@a.upstream_cx_total: 2"),
        two("the most requests on a connection of HTTP/2 to an upstream")
            .cluster("a", common(json!({ "max_requests_per_connection": 1 })))
            .steps([send(GET), Response, send(GET), Response])
            .expect("cluster.@a.upstream_cx_max_requests: 2"),
        case("an upstream that ends an idle connection")
            .replies([ok("first").then(Act::Close), ok("second")])
            .steps([
                send(GET),
                Response,
                Ended("a", 1),
                Wait(50),
                send(GET),
                Response,
            ])
            .expect("cluster.@a.upstream_cx_destroy_remote: 1"),
    ]
}
