//! How often something is tried again, within which budget, and what of the request is kept for it.

use serde_json::{Value, json};

use super::conditions::previous_hosts;
use super::{GET, POST, retried, with_policy};
use crate::harness::case::{Case, Upstream, case};
use crate::harness::config::inside;
use crate::harness::config::members;
use crate::harness::script::Step::{Response, Wait};
use crate::harness::script::{Act, Reply, Trigger, acts, answer, give, late, ok, send};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = counts();
    cases.extend(by_headers());
    cases.extend(budgets());
    cases.extend(bodies());
    cases.extend(levels());
    cases
}

fn failing() -> Reply {
    answer(503, "", "failing")
}

fn counts() -> Vec<Case> {
    let many = |number: Value| json!({ "num_retries": number });
    vec![
        retried(with_policy(case("one retry unless it says otherwise"), "5xx", json!({})))
            .replies([failing()])
            .send(GET)
            .expect("cluster.@a.upstream_rq_total: 2")
            .expect("cluster.@a.upstream_rq_retry_limit_exceeded: 1"),
        retried(with_policy(case("three retries"), "5xx", many(3.into())))
            .replies([failing()])
            .send(GET)
            .expect("cluster.@a.upstream_rq_total: 4"),
        retried(with_policy(case("the third attempt is good"), "5xx", many(5.into())))
            .replies([failing(), failing(), ok("third")])
            .send(GET)
            .expect("third")
            .expect("cluster.@a.upstream_rq_retry_success: 1"),
        with_policy(case("no retries"), "5xx", many(0.into()))
            .replies([failing(), ok("second")])
            .send(GET)
            .lack("second")
            .tells(crate::harness::program::Variation::RetriesOff),
        retried(with_policy(case("attempts are counted in requests and responses"), "5xx", many(2.into())))
            .host(json!({ "include_request_attempt_count": true, "include_attempt_count_in_response": true }))
            .replies([failing(), ok("second")])
            .send(GET)
            .expect("x-envoy-attempt-count: 2"),
        retried(with_policy(case("a timeout of each attempt"), "5xx", json!({ "per_try_timeout": "0.15s" })))
            .replies([late(1200), ok("second")])
            .send(GET)
            .expect("cluster.@a.upstream_rq_per_try_timeout: 1")
            .expect("second"),
        retried(with_policy(case("a timeout of each attempt when every one is slow"), "5xx", json!({ "per_try_timeout": "0.1s" })))
            .details()
            .replies([late(1200)])
            .send(GET)
            .expect("504 Gateway Timeout"),
        with_policy(case("the response has started"), "5xx,reset", json!({}))
            .replies([acts([give("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"), Act::Wait(30), Act::Reset]), ok("second")])
            .send(GET)
            .lack("second"),
        retried(with_policy(case("another attempt goes to another host"), "5xx", json!({ "retry_host_predicate": [previous_hosts()], "host_selection_retry_max_attempts": 20 })))
            .action(json!({ "cluster": "@pair" }))
            .upstream(Upstream::new("a", [answer(503, "", "")]))
            .upstream(Upstream::new("b", [answer(503, "", "")]))
            .cluster("pair", members("pair", &["a", "b"]))
            .send(GET)
            .expect("cluster.@pair.upstream_rq_total: 2"),
    ]
}

fn by_headers() -> Vec<Case> {
    let rows = [
        (
            "x-envoy-retry-on asks for retries",
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-retry-on: 5xx\r\n",
            503,
            "",
            true,
        ),
        (
            "x-envoy-retry-on with another condition",
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-retry-on: retriable-4xx\r\n",
            503,
            "",
            false,
        ),
        (
            "x-envoy-retriable-status-codes names codes",
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-retry-on: retriable-status-codes\r\nx-envoy-retriable-status-codes: 418,419\r\n",
            419,
            "",
            true,
        ),
        (
            "x-envoy-retriable-header-names names headers",
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-retry-on: retriable-headers\r\nx-envoy-retriable-header-names: x-again\r\n",
            200,
            "x-again: 1\r\n",
            true,
        ),
        (
            "x-envoy-max-retries alone asks for nothing",
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-max-retries: 3\r\n",
            503,
            "",
            false,
        ),
    ];
    let mut cases = Vec::new();
    for (name, lines, status, headers, again) in rows {
        let case = case(name)
            .manager(inside())
            .replies([answer(status, headers, "first"), ok("second")])
            .get("/", lines);
        cases.push(if again {
            case.expect("second")
        } else {
            case.lack("second")
        });
    }
    cases.push(
        retried(with_policy(
            case("x-envoy-max-retries wins over the policy"),
            "5xx",
            json!({}),
        ))
        .replies([failing(), failing(), ok("third")])
        .manager(inside())
        .get(
            "/",
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-max-retries: 2\r\n",
        )
        .expect("third"),
    );
    cases.push(
        retried(with_policy(
            case("x-envoy-retry-on adds to the policy"),
            "retriable-4xx",
            json!({}),
        ))
        .replies([answer(409, "", "first"), failing(), ok("third")])
        .manager(inside())
        .get(
            "/",
            "x-forwarded-for: 10.0.0.1\r\nx-envoy-retry-on: 5xx\r\nx-envoy-max-retries: 2\r\n",
        )
        .expect("third"),
    );
    cases.push(
        case("x-envoy-upstream-rq-per-try-timeout-ms with retries by header")
            .manager(inside())
.replies([late(1200), ok("second")])
            .get(
                "/",
                "x-forwarded-for: 10.0.0.1\r\nx-envoy-retry-on: 5xx\r\nx-envoy-upstream-rq-per-try-timeout-ms: 150\r\n",
            )
            .expect("second"),
    );
    cases.push(
        case("x-envoy-retry-on of a client from outside is not looked at")
            .replies([answer(503, "", "first"), ok("second")])
            .get(
                "/",
                "x-forwarded-for: 10.0.0.1\r\nx-envoy-retry-on: 5xx\r\n",
            )
            .lack("second"),
    );
    cases
}

fn budgets() -> Vec<Case> {
    let breakers =
        |thresholds: Value| json!({ "circuit_breakers": { "thresholds": [thresholds] } });
    let budget = |percent: f64, least: u32| {
        breakers(
            json!({ "retry_budget": { "budget_percent": { "value": percent }, "min_retry_concurrency": least } }),
        )
    };
    let policy = |name: &'static str| {
        with_policy(case(name), "5xx", json!({ "num_retries": 3 }))
            .replies([failing()])
            .send(GET)
    };
    vec![
        retried(policy("no retry where none may run at once"))
            .cluster("a", breakers(json!({ "max_retries": 0 })))
            .details()
            .expect("cluster.@a.upstream_rq_retry_overflow: 1"),
        retried(policy("a budget of nothing"))
            .cluster("a", budget(0.0, 0))
            .details()
            .expect("cluster.@a.upstream_rq_retry_overflow: 1"),
        retried(policy("a budget with a least number"))
            .cluster("a", budget(0.0, 1))
            .expect("cluster.@a.upstream_rq_retry: 3"),
        retried(policy("a budget of everything"))
            .cluster("a", budget(100.0, 0))
            .expect("cluster.@a.upstream_rq_total: 4"),
        retried(policy("a budget wins over the number of retries"))
            .cluster(
                "a",
                breakers(json!({ "max_retries": 0, "retry_budget": {} })),
            )
            .expect("cluster.@a.upstream_rq_retry: 3"),
    ]
}

fn bodies() -> Vec<Case> {
    let chunked =
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let trailed = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n";
    let policy = |name: &'static str| {
        with_policy(case(name), "5xx", json!({})).replies([failing(), ok("second")])
    };
    let small = |name: &'static str, limit: u32| {
        policy(name).host(json!({ "per_request_buffer_limit_bytes": limit }))
    };
    vec![
        retried(policy("a body is sent again"))
            .send(POST)
            .expect("second"),
        retried(policy("a chunked body is sent again"))
            .send(chunked)
            .expect("second"),
        retried(policy("trailers are sent again"))
            .manager(json!({ "http_protocol_options": { "enable_trailers": true } }))
            .send(trailed)
            .expect("second"),
        retried(policy("a body in pieces is sent again as a whole"))
            .steps([
                send(&POST[..POST.len() - 3]),
                Wait(30),
                send("llo"),
                Response,
            ])
            .expect("second"),
        small("a body that is too long to be kept", 4)
            .send(POST)
            .lack("second")
            .expect("cluster.@a.retry_or_shadow_abandoned: 1")
            .tells(crate::harness::program::Variation::RetriesOff),
        retried(small("a body that just can be kept", 5))
            .send(POST)
            .expect("second"),
        retried(
            with_policy(case("a retry before the body is whole"), "5xx", json!({}))
                .replies([failing().on(Trigger::Head), ok("second")]),
        )
        .steps([
            send(&POST[..POST.len() - 3]),
            crate::harness::script::Step::Arrived("a", 2),
            send("llo"),
            Response,
        ])
        .expect("second"),
    ]
}

fn levels() -> Vec<Case> {
    let policy = |conditions: &str| json!({ "retry_on": conditions, "retry_back_off": { "base_interval": "0.001s" } });
    vec![
        retried(case("a policy of the virtual host"))
            .host(json!({ "retry_policy": policy("5xx") }))
            .replies([failing(), ok("second")])
            .send(GET)
            .expect("second"),
        case("a policy of the route in place of the virtual host's")
            .host(json!({ "retry_policy": policy("5xx") }))
            .action(json!({ "retry_policy": policy("retriable-4xx") }))
            .replies([failing(), ok("second")])
            .send(GET)
            .lack("second"),
        retried(with_policy(
            case("a connection with the rest of a failed response is given up"),
            "5xx",
            json!({}),
        ))
        .replies([failing(), ok("second")])
        .send(GET)
        .expect("cluster.@a.upstream_cx_destroy_local_with_active_rq: 1"),
        case("no policy, no retry")
            .replies([failing(), ok("second")])
            .send(GET)
            .lack("second"),
        retried(with_policy(
            case("retries on a connection that is kept"),
            "5xx",
            json!({}),
        ))
        .replies([answer(503, "", ""), ok("second")])
        .send(GET)
        .expect("cluster.@a.upstream_cx_total: 1"),
    ]
}
