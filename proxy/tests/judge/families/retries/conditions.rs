//! Every value of `retry_on`, with what it takes and what it leaves.

use h2::Reason;
use serde_json::{Value, json};

use super::{GET, retried, with_policy};
use crate::harness::case::{Case, Upstream, case};
use crate::harness::client_h2::post;
use crate::harness::config::http2_upstream;
use crate::harness::script::{Act, acts, answer, ok};
use crate::harness::upstream_h2::{StreamAct, StreamReply, ok_h2, stream};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = STATUSES.iter().map(of_status).collect();
    cases.extend(headers());
    cases.extend(connections());
    cases.extend(streams());
    cases.extend(grpc());
    cases
}

/// Name, conditions, status, lines of headers, and whether it is tried again.
type Status = (&'static str, &'static str, u16, &'static str, bool);

const STATUSES: &[Status] = &[
    ("5xx takes 500", "5xx", 500, "", true),
    ("5xx takes 503", "5xx", 503, "", true),
    ("5xx takes 599", "5xx", 599, "", true),
    ("5xx leaves 404", "5xx", 404, "", false),
    ("5xx leaves 200", "5xx", 200, "", false),
    (
        "5xx leaves what is limited by rate",
        "5xx",
        503,
        "x-envoy-ratelimited: true\r\n",
        false,
    ),
    ("gateway-error takes 502", "gateway-error", 502, "", true),
    ("gateway-error takes 503", "gateway-error", 503, "", true),
    ("gateway-error takes 504", "gateway-error", 504, "", true),
    ("gateway-error leaves 500", "gateway-error", 500, "", false),
    ("retriable-4xx takes 409", "retriable-4xx", 409, "", true),
    ("retriable-4xx leaves 404", "retriable-4xx", 404, "", false),
    (
        "envoy-ratelimited takes what says so",
        "envoy-ratelimited",
        429,
        "x-envoy-ratelimited: true\r\n",
        true,
    ),
    (
        "envoy-ratelimited leaves 429 alone",
        "envoy-ratelimited",
        429,
        "",
        false,
    ),
    (
        "several conditions take what any of them takes",
        "retriable-4xx,gateway-error",
        504,
        "",
        true,
    ),
    (
        "connect-failure leaves 503",
        "connect-failure",
        503,
        "",
        false,
    ),
    ("reset leaves 503", "reset", 503, "", false),
    (
        "refused-stream leaves 503",
        "refused-stream",
        503,
        "",
        false,
    ),
    (
        "an unknown condition takes nothing",
        "never-heard-of",
        503,
        "",
        false,
    ),
];

fn of_status((name, conditions, status, headers, again): &Status) -> Case {
    let case = with_policy(case(name), conditions, json!({}));
    let case = case
        .replies([answer(*status, headers, "first"), ok("second")])
        .send(GET);
    outcome(case, *again)
}

fn outcome(case: Case, again: bool) -> Case {
    if again {
        retried(case)
            .expect("second")
            .expect("cluster.@a.upstream_rq_retry: 1")
    } else {
        case.expect("first").lack("upstream_rq_retry:")
    }
}

fn headers() -> Vec<Case> {
    let codes = json!({ "retriable_status_codes": [418] });
    let header =
        json!({ "retriable_headers": [{ "name": "x-again", "string_match": { "exact": "yes" } }] });
    let requests = json!({
        "retriable_request_headers": [{ "name": "x-may", "present_match": true }],
    });
    let rows: Vec<(&'static str, &str, Value, u16, &str, bool)> = vec![
        (
            "retriable-status-codes takes what is named",
            "retriable-status-codes",
            codes.clone(),
            418,
            "",
            true,
        ),
        (
            "retriable-status-codes may name 200",
            "retriable-status-codes",
            json!({ "retriable_status_codes": [200] }),
            200,
            "",
            true,
        ),
        (
            "retriable-status-codes leaves what is not named",
            "retriable-status-codes",
            codes.clone(),
            503,
            "",
            false,
        ),
        (
            "codes without the condition take nothing",
            "connect-failure",
            codes,
            418,
            "",
            false,
        ),
        (
            "retriable-headers takes a response with the header",
            "retriable-headers",
            header.clone(),
            200,
            "x-again: yes\r\n",
            true,
        ),
        (
            "retriable-headers leaves another value",
            "retriable-headers",
            header,
            200,
            "x-again: no\r\n",
            false,
        ),
        (
            "requests without the needed header are not tried again",
            "5xx",
            requests.clone(),
            503,
            "",
            false,
        ),
    ];
    let mut cases: Vec<_> = rows
        .into_iter()
        .map(|(name, conditions, more, status, headers, again)| {
            let case = with_policy(case(name), conditions, more);
            let case = case
                .replies([answer(status, headers, "first"), ok("second")])
                .send(GET);
            outcome(case, again)
        })
        .collect();
    let case = with_policy(
        case("requests with the needed header are tried again"),
        "5xx",
        requests,
    );
    let case = case.replies([answer(503, "", "first"), ok("second")]);
    cases.push(outcome(case.get("/", "x-may: 1\r\n"), true));
    cases
}

fn connections() -> Vec<Case> {
    let reset = || [acts([Act::Reset]), ok("second")];
    let closed = || [acts([Act::Close]), ok("second")];
    let failing = |name: &'static str, conditions: &str| {
        let case = with_policy(case(name), conditions, json!({ "num_retries": 2 }));
        let case = case.upstream(Upstream::refusing("a")).details();
        case.send(GET).expect("503 Service Unavailable")
    };
    vec![
        retried(with_policy(
            case("reset takes a reset connection"),
            "reset",
            json!({}),
        ))
        .replies(reset())
        .send(GET)
        .expect("second"),
        retried(with_policy(
            case("reset takes a closed connection"),
            "reset",
            json!({}),
        ))
        .replies(closed())
        .send(GET)
        .expect("second"),
        retried(with_policy(
            case("5xx takes a closed connection"),
            "5xx",
            json!({}),
        ))
        .replies(closed())
        .send(GET)
        .expect("second"),
        with_policy(
            case("reset-before-request leaves a request that was sent"),
            "reset-before-request",
            json!({}),
        )
        .replies(closed())
        .send(GET)
        .expect("503 Service Unavailable"),
        with_policy(
            case("gateway-error takes a closed connection"),
            "gateway-error",
            json!({}),
        )
        .replies(closed())
        .send(GET)
        .expect("second")
        .tells(crate::harness::program::Variation::RetriesOff),
        with_policy(
            case("connect-failure leaves a closed connection"),
            "connect-failure",
            json!({}),
        )
        .replies(closed())
        .send(GET)
        .expect("503 Service Unavailable"),
        retried(failing(
            "connect-failure takes a refused connection",
            "connect-failure",
        ))
        .expect("cluster.@a.upstream_cx_connect_fail: 3"),
        retried(failing("5xx takes a refused connection", "5xx"))
            .expect("cluster.@a.upstream_rq_retry: 2"),
        retried(failing(
            "reset-before-request takes a refused connection",
            "reset-before-request",
        ))
        .expect("cluster.@a.upstream_rq_retry: 2"),
        failing("retriable-4xx leaves a refused connection", "retriable-4xx")
            .expect("cluster.@a.upstream_cx_connect_fail: 1"),
    ]
}

pub(super) fn previous_hosts() -> Value {
    let kind = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";
    json!({
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": crate::harness::config::typed(kind, json!({})),
    })
}

fn streams() -> Vec<Case> {
    let row = |name: &'static str, conditions: &str, reason: Reason, again: bool| {
        let case = with_policy(case(name), conditions, json!({}))
            .cluster("a", http2_upstream())
            .upstream(Upstream::h2(
                "a",
                [stream([StreamAct::Reset(reason)]), ok_h2("second")],
            ))
            .details()
            .send(GET);
        if again {
            retried(case).expect("second")
        } else {
            case.lack("upstream_rq_retry:")
        }
    };
    vec![
        row(
            "refused-stream takes a refused stream",
            "refused-stream",
            Reason::REFUSED_STREAM,
            true,
        ),
        row(
            "refused-stream leaves a cancelled stream",
            "refused-stream",
            Reason::CANCEL,
            false,
        ),
        row(
            "5xx takes a refused stream",
            "5xx",
            Reason::REFUSED_STREAM,
            true,
        ),
        row("5xx takes a cancelled stream", "5xx", Reason::CANCEL, true),
        row(
            "reset takes a stream with an internal error",
            "reset",
            Reason::INTERNAL_ERROR,
            true,
        ),
        row(
            "connect-failure leaves a refused stream",
            "connect-failure",
            Reason::REFUSED_STREAM,
            false,
        ),
        row(
            "reset-before-request leaves a refused stream",
            "reset-before-request",
            Reason::REFUSED_STREAM,
            false,
        ),
    ]
}

/// A gRPC response that is trailers alone.
fn trailers_only(status: &str) -> StreamReply {
    let headers = vec![
        ("content-type", "application/grpc".to_owned()),
        ("grpc-status", status.to_owned()),
        ("grpc-message", "first".to_owned()),
    ];
    stream([StreamAct::Headers(200, headers, true)])
}

fn good_grpc() -> StreamReply {
    stream([
        StreamAct::Headers(
            200,
            vec![("content-type", "application/grpc".to_owned())],
            false,
        ),
        StreamAct::Data(b"\0\0\0\0\x06second".to_vec(), false),
        StreamAct::Trailers(vec![("grpc-status", "0")]),
    ])
}

fn grpc() -> Vec<Case> {
    let call = |name: &'static str, conditions: &str, first: StreamReply| {
        with_policy(case(name), conditions, json!({}))
            .cluster("a", http2_upstream())
            .upstream(Upstream::h2("a", [first, good_grpc()]))
            .h2([post("/service/Method", b"\0\0\0\0\x02hi")
                .header("content-type", "application/grpc")
                .header("te", "trailers")])
    };
    let rows = [
        ("cancelled takes status 1", "cancelled", "1", true),
        (
            "deadline-exceeded takes status 4",
            "deadline-exceeded",
            "4",
            true,
        ),
        (
            "resource-exhausted takes status 8",
            "resource-exhausted",
            "8",
            true,
        ),
        ("internal takes status 13", "internal", "13", true),
        ("unavailable takes status 14", "unavailable", "14", true),
        ("unavailable leaves status 13", "unavailable", "13", false),
        ("unavailable leaves status 0", "unavailable", "0", false),
    ];
    let mut cases = Vec::new();
    for (name, conditions, status, again) in rows {
        let case = call(name, conditions, trailers_only(status));
        cases.push(if again {
            retried(case).expect("second")
        } else {
            case.lack("second")
        });
    }
    let late = stream([
        StreamAct::Headers(
            200,
            vec![("content-type", "application/grpc".to_owned())],
            false,
        ),
        StreamAct::Data(b"\0\0\0\0\x01x".to_vec(), false),
        StreamAct::Trailers(vec![("grpc-status", "14")]),
    ]);
    cases.push(
        call(
            "unavailable leaves a status behind data",
            "unavailable",
            late,
        )
        .lack("second"),
    );
    cases
}
