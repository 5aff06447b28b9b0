//! What ends a request that takes too long, and how.

mod asking;

use serde_json::{Value, json};

use crate::harness::case::{Case, Upstream, case};
use crate::harness::config::{inside, protocol_options};
use crate::harness::program::Variation;
use crate::harness::script::Step::{self, End, Response, Wait};
use crate::harness::script::{Act, Trigger, acts, give, late, nothing, ok, send};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = routes();
    cases.extend(by_headers());
    cases.extend(downstream());
    cases.extend(upstream());
    cases.extend(asking::cases());
    cases
}

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const PART: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe";

/// A case that another timeout of the route makes another.
fn timed(case: Case) -> Case {
    case.details().tells(Variation::AnotherTimeout)
}

fn routes() -> Vec<Case> {
    let trickle = || {
        acts([
            give("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na"),
            Act::Wait(500),
            give("bcd"),
        ])
    };
    vec![
        timed(case("the timeout of a route"))
            .action(json!({ "timeout": "0.2s" }))
            .replies([late(700)])
            .send(GET)
            .expect("504 Gateway Timeout")
            .expect("cluster.@a.upstream_rq_timeout: 1"),
        timed(case("the timeout of a route in the middle of a response"))
            .action(json!({ "timeout": "0.2s" }))
            .replies([trickle()])
            .send(GET)
            .expect("response_timeout"),
        timed(case("a route without timeout"))
            .action(json!({ "timeout": "0s" }))
            .replies([late(50)])
            .send(GET)
            .expect("late"),
        timed(case("the timeout starts when the request is whole"))
            .action(json!({ "timeout": "0.2s" }))
            .replies([late(700)])
            .steps([send(PART), Wait(300), send("llo"), Response])
            .expect("504 Gateway Timeout")
            .expect("hello"),
        timed(case("a response that is in time"))
            .action(json!({ "timeout": "3s" }))
            .replies([late(50)])
            .send(GET)
            .expect("late"),
        timed(case("a timeout that strikes while a retry waits"))
            .action(json!({ "timeout": "0.2s", "retry_policy": { "retry_on": "5xx", "num_retries": 1, "retry_back_off": { "base_interval": "0.001s" } } }))
            .replies([late(700)])
            .send(GET)
            .expect("504 Gateway Timeout")
            .lack("upstream_rq_retry:"),
        timed(case("the idle timeout of a route before a response"))
            .action(json!({ "timeout": "0s", "idle_timeout": "0.2s" }))
            .replies([nothing()])
            .send(GET)
            .expect("504 Gateway Timeout"),
        timed(case("the idle timeout of a route in a response"))
            .action(json!({ "timeout": "0s", "idle_timeout": "0.2s" }))
            .replies([acts([give("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na")])])
            .send(GET)
            .expect("stream_idle_timeout"),
        case("the longest life of a stream by route").details()
            .action(json!({ "timeout": "0s", "max_stream_duration": { "max_stream_duration": "0.2s" } }))
            .replies([nothing()])
            .send(GET)
            .expect("max_duration_timeout"),
    ]
}

fn by_headers() -> Vec<Case> {
    let rows: [(&str, Value, &str, &str); 6] = [
        (
            "x-envoy-upstream-rq-timeout-ms wins over the route",
            json!({}),
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-upstream-rq-timeout-ms: 200\r\n",
            "504 Gateway Timeout",
        ),
        (
            "x-envoy-upstream-rq-timeout-ms that is no number",
            json!({}),
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-upstream-rq-timeout-ms: soon\r\n",
            "200 OK",
        ),
        (
            "x-envoy-upstream-rq-timeout-ms of 0",
            json!({}),
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-upstream-rq-timeout-ms: 0\r\n",
            "200 OK",
        ),
        (
            "x-envoy-upstream-rq-per-try-timeout-ms without retries",
            json!({}),
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-upstream-rq-per-try-timeout-ms: 200\r\n",
            "504 Gateway Timeout",
        ),
        (
            "x-envoy-upstream-rq-timeout-alt-response",
            json!({}),
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-upstream-rq-timeout-ms: 200\r\nx-envoy-upstream-rq-timeout-alt-response: 1\r\n",
            "204 No Content",
        ),
        (
            "grpc-timeout without a limit of the route is not looked at",
            json!({}),
            "content-type: application/grpc\r\ngrpc-timeout: 200m\r\n",
            "200 OK",
        ),
    ];
    let mut cases = Vec::new();
    for (name, action, lines, seen) in rows {
        cases.push(
            case(name)
                .details()
                .manager(inside())
                .action(action)
                .replies([late(600)])
                .get("/", lines)
                .expect(seen),
        );
    }
    cases.push(
        case("grpc-timeout within the limit of the route")
            .details()
            .action(json!({ "max_stream_duration": { "grpc_timeout_header_max": "1s" } }))
            .replies([late(900)])
            .get(
                "/",
                "content-type: application/grpc\r\ngrpc-timeout: 200m\r\n",
            )
            .expect("grpc-status: 4"),
    );
    cases
}

fn downstream() -> Vec<Case> {
    let common = |options: Value| json!({ "common_http_protocol_options": options });
    vec![
        case("an idle connection of a client")
            .manager(common(json!({ "idle_timeout": "0.2s" })))
            .steps([send(GET), Response, End])
            .expect("http.@.downstream_cx_idle_timeout: 1"),
        case("a connection that never sends anything")
            .manager(common(json!({ "idle_timeout": "0.2s" })))
            .steps([End])
            .expect("closed"),
        case("the longest life of a connection")
            .manager(common(json!({ "max_connection_duration": "0.2s" })))
            .manager(json!({ "drain_timeout": "0.1s" }))
            .steps([send(GET), Response, End])
            .expect("http.@.downstream_cx_max_duration_reached: 1"),
        case("the longest life of a stream")
            .details()
            .manager(common(json!({ "max_stream_duration": "0.2s" })))
            .replies([nothing()])
            .send(GET)
            .expect("http.@.downstream_rq_max_duration_reached: 1"),
        case("a head that does not come")
            .details()
            .manager(json!({ "request_headers_timeout": "0.2s" }))
            .steps([send("GET / HTTP/1.1\r\nHos"), Response])
            .expect("408 Request Timeout"),
        case("a head that comes in time")
            .manager(json!({ "request_headers_timeout": "0.5s" }))
            .steps([
                send("GET / HTTP/1.1\r\nHos"),
                Wait(20),
                send("t: h\r\n\r\n"),
                Response,
            ])
            .expect("200 OK"),
        case("a request that does not come")
            .details()
            .manager(json!({ "request_timeout": "0.2s" }))
            .steps([send(PART), Response])
            .expect("408 Request Timeout")
            .expect("http.@.downstream_rq_timeout: 1"),
        case("a stream in which nothing moves, before the response")
            .details()
            .manager(json!({ "stream_idle_timeout": "0.2s" }))
            .replies([nothing()])
            .send(GET)
            .expect("http.@.downstream_rq_idle_timeout: 1"),
        case("a stream in which nothing moves, in the request")
            .details()
            .manager(json!({ "stream_idle_timeout": "0.2s" }))
            .steps([send(PART), Response])
            .expect("stream_idle_timeout"),
        case("a stream in which nothing moves, in the response")
            .details()
            .manager(json!({ "stream_idle_timeout": "0.2s" }))
            .replies([acts([give(
                "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na",
            )])])
            .send(GET)
            .expect("stream_idle_timeout"),
        case("the idle timeout of the route in place of the manager's")
            .manager(json!({ "stream_idle_timeout": "0.1s" }))
            .action(json!({ "idle_timeout": "3s" }))
            .replies([late(400)])
            .send(GET)
            .expect("late"),
    ]
}

fn upstream() -> Vec<Case> {
    let policy = |fields: Value| {
        let mut policy = json!({ "retry_on": "5xx", "num_retries": 0 });
        crate::harness::case::merge(&mut policy, fields);
        json!({ "timeout": "5s", "retry_policy": policy })
    };
    vec![
        case("a connection that is not made in time")
            .details()
            .upstream(Upstream::silent("a"))
            .cluster("a", json!({ "connect_timeout": "0.2s" }))
            .send(GET)
            .expect("cluster.@a.upstream_cx_connect_timeout: 1"),
        case("the timeout of an attempt without retries left")
            .details()
            .action(policy(json!({ "per_try_timeout": "0.2s" })))
            .replies([nothing()])
            .send(GET)
            .expect("cluster.@a.upstream_rq_per_try_timeout: 1")
            .tells(Variation::RetriesOff),
        case("the idle timeout of an attempt")
            .details()
            .action(policy(json!({ "per_try_idle_timeout": "0.2s" })))
            .replies([acts([give(
                "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na",
            )])])
            .send(GET)
            .expect("cluster.@a.upstream_rq_per_try_idle_timeout: 1")
            .tells(Variation::RetriesOff)
            .tells(Variation::AnotherTimeout),
        case("an idle connection to an upstream")
            .cluster(
                "a",
                protocol_options(json!({
                    "explicit_http_config": { "http_protocol_options": {} },
                    "common_http_protocol_options": { "idle_timeout": "0.2s" },
                })),
            )
            .replies([ok("first"), ok("second")])
            .steps([
                send(GET),
                Response,
                Step::Ended("a", 1),
                send(GET),
                Response,
                Step::Ended("a", 2),
            ])
            .expect("cluster.@a.upstream_cx_idle_timeout: 2"),
        case("the longest life of a connection to an upstream")
            .cluster(
                "a",
                protocol_options(json!({
                    "explicit_http_config": { "http_protocol_options": {} },
                    "common_http_protocol_options": { "max_connection_duration": "0.2s" },
                })),
            )
            .replies([ok("first"), ok("second")])
            .steps([
                send(GET),
                Response,
                Step::Ended("a", 1),
                send(GET),
                Response,
                Step::Ended("a", 2),
            ])
            .expect("cluster.@a.upstream_cx_max_duration_reached: 2"),
        case("the most requests on a connection to an upstream")
            .cluster(
                "a",
                protocol_options(json!({
                    "explicit_http_config": { "http_protocol_options": {} },
                    "common_http_protocol_options": { "max_requests_per_connection": 1 },
                })),
            )
            .replies([ok("first"), ok("second").on(Trigger::Request)])
            .steps([send(GET), Response, send(GET), Response])
            .expect("cluster.@a.upstream_cx_max_requests: 2"),
    ]
}
