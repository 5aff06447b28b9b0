//! Decides whether a request is tried again and how long to wait before.

use std::time::Duration;

use super::grpc;
use super::header_match;
use super::headers::Headers;
use super::message::{RequestHead, ResponseHead};
use super::reset::Reset;
use super::text::{list, number};
use crate::config::model::matcher::HeaderMatcher;
use crate::config::model::retry::{BackOff, RetryOn, RetryPolicy};

/// What is known about a request that may be tried again.
#[derive(Debug, Clone)]
pub struct RetryState<'a> {
    on: RetryOn,
    remaining: u32,
    policy: Option<&'a RetryPolicy>,
    status_codes: Vec<u16>,
    header_names: Vec<Vec<u8>>,
    interval: Duration,
    longest: Duration,
}

/// What is done after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// What came is passed on: it is no reason to try again.
    PassOn,
    /// There is a reason, but all tries are used up (`URX`, `upstream_rq_retry_limit_exceeded`).
    LimitExceeded,
    /// There is a reason, but too many others try again (`upstream_rq_retry_overflow`).
    Overflow,
    /// It is tried again after this time.
    Retry(Duration),
}

impl<'a> RetryState<'a> {
    /// By the route's policy (else the virtual host's) and by the headers of the request, which are
    /// removed; nothing if nothing is ever a reason.
    pub fn new(policy: Option<&'a RetryPolicy>, head: &mut RequestHead) -> Option<Self> {
        let mut state = Self::of_policy(policy);
        if head.headers.iter().any(|(name, _)| is_retry_header(name)) {
            state.merge(head);
            head.headers.retain(|name, _| !is_retry_header(name));
        }
        let allowed = policy.is_none_or(|policy| {
            let any = |matcher: &HeaderMatcher| header_match::request(matcher, head);
            policy.request_headers.is_empty() || policy.request_headers.iter().any(any)
        });
        (allowed && state.on != RetryOn::default()).then_some(state)
    }

    fn of_policy(policy: Option<&'a RetryPolicy>) -> Self {
        let back_off = policy.map_or(DEFAULT_BACK_OFF, |policy| policy.back_off);
        Self {
            on: policy.map(|policy| policy.on).unwrap_or_default(),
            remaining: policy.map_or(1, |policy| policy.retries),
            policy,
            status_codes: Vec::new(),
            header_names: Vec::new(),
            interval: back_off.base,
            longest: back_off.max,
        }
    }

    fn merge(&mut self, head: &RequestHead) {
        let text = |name: &[u8]| head.headers.get(name);
        let parse = |value: &[u8]| RetryOn::parse(&String::from_utf8_lossy(value)).0;
        if let Some(value) = text(b"x-envoy-retry-on") {
            self.on = union(self.on, without_grpc(parse(value)));
        }
        if let Some(value) = text(b"x-envoy-retry-grpc-on") {
            self.on = union(self.on, only_grpc(parse(value)));
        }
        if let Some(retries) = text(b"x-envoy-max-retries").and_then(number) {
            self.remaining = u32::try_from(retries).unwrap_or(u32::MAX);
        }
        if let Some(value) = text(b"x-envoy-retriable-status-codes") {
            let codes = list(value).filter_map(number);
            self.status_codes = codes.filter_map(|code| u16::try_from(code).ok()).collect();
        }
        if let Some(value) = text(b"x-envoy-retriable-header-names") {
            self.header_names = list(value).map(<[u8]>::to_ascii_lowercase).collect();
        }
    }

    /// After a response's head. `free`: whether the cluster has room for one more retry; `random`
    /// spreads the waits.
    pub fn on_response(
        &mut self,
        head: &ResponseHead,
        free: impl FnOnce() -> bool,
        random: u64,
    ) -> Decision {
        self.decide(self.is_reason(head), free, random)
    }

    /// After a stream ended without a response's head. `request_started`: bytes of the request may
    /// have reached the upstream.
    pub fn on_reset(
        &mut self,
        reset: Reset,
        request_started: bool,
        free: impl FnOnce() -> bool,
        random: u64,
    ) -> Decision {
        let on = &self.on;
        let reason = reset != Reset::Overflow
            && (on.reset
                || (on.reset_before_request && !request_started)
                || on.server_error
                || on.gateway_error
                || (on.refused_stream && reset == Reset::RemoteRefused)
                || (on.connect_failure && reset.is_connection_failure()));
        self.decide(reason, free, random)
    }

    /// How many endpoints are asked for that were not tried before; 1 for any.
    pub fn host_selection_attempts(&self) -> u32 {
        self.policy
            .filter(|policy| policy.avoid_previous_hosts)
            .map_or(1, |policy| policy.host_selection_attempts)
    }

    /// Whether a retry is still possible: only then need the request's body be kept.
    pub fn is_exhausted(&self) -> bool {
        self.remaining == 0
    }

    fn decide(&mut self, reason: bool, free: impl FnOnce() -> bool, random: u64) -> Decision {
        if !reason {
            return Decision::PassOn;
        }
        if self.remaining == 0 {
            return Decision::LimitExceeded;
        }
        self.remaining -= 1;
        if !free() {
            return Decision::Overflow;
        }
        Decision::Retry(self.next_wait(random))
    }

    /// A random time below the interval, which doubles each time.
    fn next_wait(&mut self, random: u64) -> Duration {
        let interval = u64::try_from(self.interval.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        self.interval = self.interval.saturating_mul(2).min(self.longest);
        Duration::from_millis(random % interval).min(self.longest)
    }

    fn is_reason(&self, head: &ResponseHead) -> bool {
        let (on, headers) = (&self.on, &head.headers);
        if headers.contains(b"x-envoy-ratelimited") {
            return on.envoy_ratelimited;
        }
        (on.server_error && (500..600).contains(&head.status))
            || (on.gateway_error && (502..=504).contains(&head.status))
            || (on.retriable_4xx && head.status == 409)
            || (on.retriable_status_codes && self.has_status(head.status))
            || (on.retriable_headers && self.has_header(headers))
            || (only_grpc(*on) != RetryOn::default() && self.has_grpc_status(headers))
    }

    fn has_status(&self, status: u16) -> bool {
        let configured = self.policy.map_or(&[][..], |policy| &policy.status_codes);
        configured.contains(&status) || self.status_codes.contains(&status)
    }

    fn has_header(&self, headers: &Headers) -> bool {
        let configured = self.policy.map_or(&[][..], |policy| &policy.headers);
        let matches = |matcher: &HeaderMatcher| header_match::headers(matcher, headers);
        configured.iter().any(matches)
            || self.header_names.iter().any(|name| headers.contains(name))
    }

    fn has_grpc_status(&self, headers: &Headers) -> bool {
        let on = &self.on;
        match grpc::status(headers) {
            Some(1) => on.grpc_cancelled,
            Some(4) => on.grpc_deadline_exceeded,
            Some(8) => on.grpc_resource_exhausted,
            Some(13) => on.grpc_internal,
            Some(14) => on.grpc_unavailable,
            _ => false,
        }
    }
}

/// Whether one more retry has room: `percent` of the requests that are active or wait, and at least
/// `minimum`.
pub fn budget_allows(percent: f64, minimum: u32, active: u64, pending: u64, retries: u64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let share = percent / 100.0 * (active + pending) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a count"
    )]
    let most = (share as u64).max(minimum.into());
    retries < most
}

/// Whether every word is a reason: one of gRPC, or one of HTTP.
pub(super) fn knows_all(words: &[u8], grpc: bool) -> bool {
    list(words).all(|word| {
        let word = String::from_utf8_lossy(word);
        let (on, unknown) = RetryOn::parse(&word);
        let wrong = if grpc {
            without_grpc(on)
        } else {
            only_grpc(on)
        };
        unknown.is_empty() && wrong == RetryOn::default()
    })
}

/// Which headers of requests are about retries and go no further.
fn is_retry_header(name: &[u8]) -> bool {
    name.starts_with(b"x-envoy-")
        && matches!(
            &name[8..],
            b"retry-on"
                | b"retry-grpc-on"
                | b"max-retries"
                | b"hedge-on-per-try-timeout"
                | b"retriable-header-names"
                | b"retriable-status-codes"
                | b"upstream-rq-per-try-timeout-ms"
        )
}

fn union(left: RetryOn, right: RetryOn) -> RetryOn {
    RetryOn {
        server_error: left.server_error || right.server_error,
        gateway_error: left.gateway_error || right.gateway_error,
        reset: left.reset || right.reset,
        reset_before_request: left.reset_before_request || right.reset_before_request,
        connect_failure: left.connect_failure || right.connect_failure,
        envoy_ratelimited: left.envoy_ratelimited || right.envoy_ratelimited,
        retriable_4xx: left.retriable_4xx || right.retriable_4xx,
        refused_stream: left.refused_stream || right.refused_stream,
        retriable_status_codes: left.retriable_status_codes || right.retriable_status_codes,
        retriable_headers: left.retriable_headers || right.retriable_headers,
        http3_post_connect_failure: left.http3_post_connect_failure
            || right.http3_post_connect_failure,
        grpc_cancelled: left.grpc_cancelled || right.grpc_cancelled,
        grpc_deadline_exceeded: left.grpc_deadline_exceeded || right.grpc_deadline_exceeded,
        grpc_internal: left.grpc_internal || right.grpc_internal,
        grpc_resource_exhausted: left.grpc_resource_exhausted || right.grpc_resource_exhausted,
        grpc_unavailable: left.grpc_unavailable || right.grpc_unavailable,
    }
}

fn only_grpc(on: RetryOn) -> RetryOn {
    RetryOn {
        grpc_cancelled: on.grpc_cancelled,
        grpc_deadline_exceeded: on.grpc_deadline_exceeded,
        grpc_internal: on.grpc_internal,
        grpc_resource_exhausted: on.grpc_resource_exhausted,
        grpc_unavailable: on.grpc_unavailable,
        ..RetryOn::default()
    }
}

fn without_grpc(on: RetryOn) -> RetryOn {
    RetryOn {
        grpc_cancelled: false,
        grpc_deadline_exceeded: false,
        grpc_internal: false,
        grpc_resource_exhausted: false,
        grpc_unavailable: false,
        ..on
    }
}

/// Where no policy says otherwise.
const DEFAULT_BACK_OFF: BackOff = BackOff {
    base: Duration::from_millis(25),
    max: Duration::from_millis(250),
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(on: &str) -> RetryPolicy {
        RetryPolicy {
            on: RetryOn::parse(on).0,
            status_codes: vec![418],
            headers: Vec::new(),
            request_headers: Vec::new(),
            retries: 2,
            per_try_timeout: None,
            per_try_idle_timeout: None,
            back_off: DEFAULT_BACK_OFF,
            avoid_previous_hosts: false,
            host_selection_attempts: 1,
        }
    }

    fn response(status: u16, fields: &[(&str, &str)]) -> ResponseHead {
        let mut head = ResponseHead {
            status,
            ..ResponseHead::default()
        };
        for (name, value) in fields {
            head.headers.push(name.as_bytes(), value.as_bytes());
        }
        head
    }

    fn retries(on: &str, head: &ResponseHead) -> bool {
        let policy = policy(on);
        let mut state = RetryState::new(Some(&policy), &mut RequestHead::default()).unwrap();
        matches!(state.on_response(head, || true, 0), Decision::Retry(_))
    }

    #[test]
    fn reasons_in_responses() {
        for (on, status, wanted) in [
            ("5xx", 500, true),
            ("5xx", 499, false),
            ("gateway-error", 502, true),
            ("gateway-error", 500, false),
            ("retriable-4xx", 409, true),
            ("retriable-4xx", 404, false),
            ("retriable-status-codes", 418, true),
            ("reset", 503, false),
        ] {
            assert_eq!(retries(on, &response(status, &[])), wanted, "{on} {status}");
        }
        assert!(retries(
            "unavailable",
            &response(200, &[("grpc-status", "14")])
        ));
        assert!(!retries(
            "unavailable",
            &response(200, &[("grpc-status", "13")])
        ));
        let limited = response(503, &[("x-envoy-ratelimited", "true")]);
        assert!(!retries("5xx", &limited) && retries("envoy-ratelimited", &limited));
    }

    #[test]
    fn reasons_in_resets() {
        let ends = |on: &str, reset, started| {
            let policy = policy(on);
            let mut state = RetryState::new(Some(&policy), &mut RequestHead::default()).unwrap();
            matches!(
                state.on_reset(reset, started, || true, 0),
                Decision::Retry(_)
            )
        };
        assert!(!ends("5xx,reset", Reset::Overflow, false));
        assert!(ends("gateway-error", Reset::Local, true));
        assert!(ends("connect-failure", Reset::ConnectionTimeout, false));
        assert!(!ends(
            "connect-failure",
            Reset::ConnectionTermination,
            false
        ));
        assert!(ends(
            "reset-before-request",
            Reset::ConnectionTermination,
            false
        ));
        assert!(!ends(
            "reset-before-request",
            Reset::ConnectionTermination,
            true
        ));
        assert!(ends("refused-stream", Reset::RemoteRefused, true));
        assert!(!ends("refused-stream", Reset::Remote, true));
    }

    #[test]
    fn headers_of_the_request_count_and_are_removed() {
        let headers = Headers::from([
            (
                "x-envoy-retry-on",
                "retriable-status-codes,retriable-headers",
            ),
            ("x-envoy-retry-grpc-on", "internal,5xx"),
            ("x-envoy-max-retries", "3"),
            ("x-envoy-retriable-status-codes", "429, 430"),
            ("x-envoy-retriable-header-names", "X-Again"),
            ("other", "stays"),
        ]);
        let mut head = RequestHead {
            headers,
            ..RequestHead::default()
        };
        let mut state = RetryState::new(None, &mut head).unwrap();
        assert_eq!(head.headers, Headers::from([("other", "stays")]));
        assert!(!state.on.server_error && state.on.grpc_internal);
        for answer in [response(430, &[]), response(200, &[("x-again", "")])] {
            let decision = state.on_response(&answer, || true, 7);
            assert!(matches!(decision, Decision::Retry(_)), "{answer:?}");
        }
        let decision = state.on_response(&response(429, &[]), || false, 7);
        assert_eq!(decision, Decision::Overflow);
        let decision = state.on_response(&response(429, &[]), || true, 7);
        assert_eq!(decision, Decision::LimitExceeded);
        assert_eq!(
            state.on_response(&response(200, &[]), || true, 7),
            Decision::PassOn
        );
    }

    #[test]
    fn words_are_of_one_kind() {
        assert!(knows_all(b"5xx, reset", false) && !knows_all(b"5xx,internal", false));
        assert!(knows_all(b"internal", true) && !knows_all(b"5xx", true));
    }

    #[test]
    fn budgets() {
        assert!(budget_allows(20.0, 3, 0, 0, 2));
        assert!(!budget_allows(20.0, 3, 0, 0, 3));
        assert!(budget_allows(20.0, 3, 90, 10, 19));
        assert!(!budget_allows(20.0, 3, 90, 10, 20));
    }

    proptest! {
        #[test]
        fn waits_stay_below_the_doubled_interval(randoms in prop::collection::vec(any::<u64>(), 1..8)) {
            let policy = policy("5xx");
            let mut state = RetryState::of_policy(Some(&policy));
            let mut limit = 25;
            for random in randoms {
                let wait = state.next_wait(random);
                prop_assert!(wait < Duration::from_millis(limit));
                limit = (limit * 2).min(250);
            }
        }
    }
}
