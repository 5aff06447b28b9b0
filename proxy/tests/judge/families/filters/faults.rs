//! Faults that are injected.

use serde_json::{Value, json};

use crate::harness::case::{Case, case, merge};
use crate::harness::config::{http2_upstream, typed};
use crate::harness::program::Variation;
use crate::harness::script::Step::{Close, Response, Wait};
use crate::harness::script::{answer, ok, send};

const FAULT: &str = "envoy.extensions.filters.http.fault.v3.HTTPFault";
const NAME: &str = "fault";
const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = aborts();
    cases.extend(delays());
    cases.extend(others());
    cases
}

fn faulty(name: &'static str, config: Value) -> Case {
    case(name).details().filter(NAME, FAULT, config)
}

fn all() -> Value {
    json!({ "numerator": 100 })
}

fn abort(status: u16) -> Value {
    json!({ "abort": { "http_status": status, "percentage": all() } })
}

fn delay(time: &str) -> Value {
    json!({ "delay": { "fixed_delay": time, "percentage": all() } })
}

fn both(mut left: Value, right: Value) -> Value {
    merge(&mut left, right);
    left
}

fn aborts() -> Vec<Case> {
    let by_header = || json!({ "abort": { "header_abort": {}, "percentage": all() } });
    let none = json!({ "abort": { "http_status": 503, "percentage": { "numerator": 0 } } });
    let grpc = json!({ "abort": { "grpc_status": 14, "percentage": all() } });
    vec![
        faulty("a request is answered by a fault", abort(418))
            .get("/", "")
            .expect("fault filter abort")
            .expect("FI")
            .expect("http.@.fault.aborts_injected: 1"),
        faulty("no request is answered by a fault", none)
            .get("/", "")
            .expect("200 OK"),
        faulty(
            "a fault without a share",
            json!({ "abort": { "http_status": 503 } }),
        )
        .get("/", "")
        .expect("200 OK"),
        faulty("a fault with a gRPC status", grpc.clone())
            .get("/s/m", "content-type: application/grpc\r\n")
            .expect("grpc-status: 14"),
        faulty("a fault with a gRPC status for who speaks no gRPC", grpc)
            .get("/", "")
            .expect("http.@.fault.aborts_injected: 1"),
        faulty("a header asks for a fault", by_header())
            .get("/", "x-envoy-fault-abort-request: 419\r\n")
            .get("/", "")
            .expect("http.@.fault.aborts_injected: 1"),
        faulty("a header asks for a fault of gRPC", by_header())
            .get(
                "/s/m",
                "content-type: application/grpc\r\nx-envoy-fault-abort-grpc-request: 5\r\n",
            )
            .expect("grpc-status: 5"),
        faulty("headers ask for no fault that there is", by_header())
            .get("/", "x-envoy-fault-abort-request: 42\r\n")
            .get("/", "x-envoy-fault-abort-request: x\r\n")
            .get("/", "x-envoy-fault-abort-request: 600\r\n")
            .expect("200 OK"),
        faulty("a header asks for a smaller share", by_header())
            .get(
                "/",
                "x-envoy-fault-abort-request: 419\r\nx-envoy-fault-abort-request-percentage: 0\r\n",
            )
            .expect("200 OK"),
        faulty("the body of what is answered by a fault", abort(500))
            .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
            .expect("500 Internal Server Error"),
    ]
}

fn delays() -> Vec<Case> {
    let by_header = || json!({ "delay": { "header_delay": {}, "percentage": all() } });
    vec![
        faulty("a request is delayed", delay("0.1s"))
            .get("/", "")
            .expect("200 OK")
            .expect("DI")
            .expect("http.@.fault.delays_injected: 1"),
        faulty("a request with a body is delayed", delay("0.1s"))
            .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
            .expect("hello"),
        faulty(
            "a request is delayed, then answered by a fault",
            both(delay("0.1s"), abort(503)),
        )
        .get("/", "")
        .expect("DI,FI"),
        faulty("a header asks for a delay", by_header())
            .get("/", "x-envoy-fault-delay-request: 100\r\n")
            .get("/", "x-envoy-fault-delay-request: 0\r\n")
            .get("/", "")
            .expect("http.@.fault.delays_injected: 1"),
        faulty(
            "a client that does not wait for the end of a delay",
            delay("30s"),
        )
        .steps([send(GET), Wait(200), Close])
        .expect("DI,DC")
        .expect("http.@.downstream_rq_rx_reset: 1"),
        faulty("the idle timeout of the stream in a delay", delay("30s"))
            .manager(json!({ "stream_idle_timeout": "0.3s" }))
            .send(GET)
            .expect("stream timeout"),
        faulty(
            "a delay is no part of the timeout of the route",
            delay("0.4s"),
        )
        .action(json!({ "timeout": "0.3s" }))
        .get("/", "")
        .tells(Variation::AnotherTimeout)
        .expect("200 OK"),
    ]
}

fn others() -> Vec<Case> {
    let only = |config: Value| both(abort(503), config);
    let of_route =
        |config: Value| json!({ "typed_per_filter_config": { NAME: typed(FAULT, config) } });
    let slow =
        |rate: Value| json!({ "response_rate_limit": both(rate, json!({ "percentage": all() })) });
    let fixed = json!({ "fixed_limit": { "limit_kbps": 10 } });
    let body = "x".repeat(2000);
    vec![
        faulty(
            "a fault for a cluster",
            only(json!({ "upstream_cluster": "@a" })),
        )
        .get("/", "")
        .expect("503 Service Unavailable"),
        faulty(
            "a fault for another cluster",
            only(json!({ "upstream_cluster": "@b" })),
        )
        .get("/", "")
        .expect("200 OK"),
        faulty(
            "a fault for requests with a header",
            only(json!({ "headers": [{ "name": "x-break", "present_match": true }] })),
        )
        .get("/", "x-break: 1\r\n")
        .get("/", "")
        .expect("http.@.fault.aborts_injected: 1"),
        faulty("no fault at once", only(json!({ "max_active_faults": 0 })))
            .get("/", "")
            .expect("http.@.fault.faults_overflow: 1"),
        faulty(
            "no fault at once, of two kinds",
            both(
                both(abort(503), delay("0.1s")),
                json!({ "max_active_faults": 0 }),
            ),
        )
        .get("/", "")
        .expect("http.@.fault.faults_overflow: 2"),
        faulty("faults are counted for who asks", abort(503))
            .get("/", "x-envoy-downstream-service-cluster: shop\r\n")
            .expect("http.@.fault.shop.aborts_injected: 1"),
        faulty(
            "faults are not counted for who asks",
            only(json!({ "disable_downstream_cluster_stats": true })),
        )
        .get("/", "x-envoy-downstream-service-cluster: shop\r\n")
        .lack("http.@.fault.shop"),
        faulty("a fault of a route", json!({}))
            .route(of_route(abort(500)))
            .get("/", "")
            .expect("http.@.fault.aborts_injected: 1"),
        faulty("a route without the fault", abort(500))
            .route(of_route(json!({})))
            .get("/", "")
            .expect("200 OK"),
        faulty("a response that is slowed down", slow(fixed))
            .replies([ok(&body)])
            .get("/", "")
            .expect("http.@.fault.response_rl_injected: 1"),
        faulty(
            "a header asks for a slow response",
            slow(json!({ "header_limit": {} })),
        )
        .replies([ok(&body), ok("fast")])
        .get("/", "x-envoy-fault-throughput-response: 10\r\n")
        .get("/", "")
        .expect("http.@.fault.response_rl_injected: 1"),
        faulty(
            "an empty response that is slowed down",
            slow(json!({ "fixed_limit": { "limit_kbps": 1 } })),
        )
        .replies([answer(204, "", "")])
        .get("/", "")
        .expect("204 No Content"),
        faulty("a fault before HTTP/2", abort(503))
            .cluster("a", http2_upstream())
            .get("/", "")
            .expect("503 Service Unavailable"),
        faulty(
            "two requests on a connection, both answered by a fault",
            abort(503),
        )
        .steps([send(GET), Response, send(GET), Response])
        .expect("http.@.fault.aborts_injected: 2"),
    ]
}
