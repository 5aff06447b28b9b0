//! Works out how long a request may take.

use std::time::Duration;

use super::Selected;
use crate::config::model::http::Router;
use crate::config::model::route::{Idle, StreamDuration};
use crate::http::grpc;
use crate::http::headers::Headers;
use crate::http::message::RequestHead;
use crate::http::retry::knows_all;
use crate::http::text::{Decimal, number};

/// How long a request may take; `None` is for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the response is complete, counted from the end of the request.
    pub global: Option<Duration>,
    /// Until a try has given a response's head.
    pub per_try: Option<Duration>,
    /// How long a try may be silent.
    pub per_try_idle: Option<Duration>,
    /// How long the upstream's stream may last, if a header asks for it; zero is for ever.
    pub upstream_stream: Option<Duration>,
    /// The status of a timeout: 504, or 204 if a header asks for it.
    pub status: u16,
}

impl Timeouts {
    /// By the route and by headers of the request, which are removed. `x-envoy-expected-rq-timeout-ms`
    /// is written.
    pub fn new(selected: &Selected<'_>, head: &mut RequestHead, router: &Router) -> Self {
        let policy = selected.retry_policy();
        let mut timeouts = Self {
            global: selected.forward().and_then(|forward| {
                // A limit of the whole stream takes the timeout's place.
                let is_new = forward.stream_duration != StreamDuration::default();
                forward.timeout.filter(|_| !is_new)
            }),
            per_try: policy.and_then(|it| it.per_try_timeout),
            per_try_idle: policy.and_then(|it| it.per_try_idle_timeout),
            upstream_stream: None,
            status: 504,
        };
        if has_envoy_headers(&head.headers) {
            timeouts.read(&mut head.headers, router);
        }
        let limit = timeouts.global;
        timeouts.per_try = timeouts
            .per_try
            .filter(|it| limit.is_none_or(|limit| *it < limit));
        timeouts.write_expected(Duration::ZERO, &mut head.headers, router);
        timeouts
    }

    fn read(&mut self, headers: &mut Headers, router: &Router) {
        let expected = headers.get(b"x-envoy-expected-rq-timeout-ms");
        if let Some(text) = expected.filter(|_| router.respect_expected_rq_timeout) {
            self.global = milliseconds(text).unwrap_or(self.global);
        } else if let Some(text) = headers.get(b"x-envoy-upstream-rq-timeout-ms") {
            self.global = milliseconds(text).unwrap_or(self.global);
            headers.remove(b"x-envoy-upstream-rq-timeout-ms");
        }
        if let Some(text) = headers.get(b"x-envoy-upstream-rq-per-try-timeout-ms") {
            self.per_try = milliseconds(text).unwrap_or(self.per_try);
            headers.remove(b"x-envoy-upstream-rq-per-try-timeout-ms");
        }
        if let Some(text) = headers.get(b"x-envoy-upstream-stream-duration-ms") {
            self.upstream_stream = milliseconds(text).map(Option::unwrap_or_default);
            headers.remove(b"x-envoy-upstream-stream-duration-ms");
        }
        headers.remove(b"x-envoy-upstream-alt-stat-name");
        if headers.remove(b"x-envoy-upstream-rq-timeout-alt-response") {
            self.status = 204;
        }
    }

    /// Tells the upstream how long it has, `elapsed` after the first try began.
    pub fn write_expected(&self, elapsed: Duration, headers: &mut Headers, router: &Router) {
        if router.suppress_envoy_headers {
            return;
        }
        let Some(mut expected) = self.per_try.or(self.global) else {
            return;
        };
        if let Some(global) = self.global {
            let left = global.saturating_sub(elapsed);
            expected = if left.is_zero() {
                Duration::from_millis(1)
            } else {
                expected.min(left)
            };
        }
        let count = u64::try_from(expected.as_millis()).unwrap_or(u64::MAX);
        headers.set(
            b"x-envoy-expected-rq-timeout-ms",
            Decimal::new(count).as_bytes(),
        );
    }
}

/// How long the whole stream may last from its beginning, by the route, by `grpc-timeout` (which is
/// written anew) or else by the connection manager.
pub fn stream_duration(
    selected: &Selected<'_>,
    headers: &mut Headers,
    of_manager: Option<Duration>,
) -> Option<Duration> {
    let limits = selected
        .forward()
        .map(|it| it.stream_duration)
        .unwrap_or_default();
    let asked = grpc::timeout(headers);
    let limit = match (asked, limits.grpc_timeout_max) {
        (Some(asked), Some(most)) => {
            let mut limit = if most.is_zero() {
                asked
            } else {
                asked.min(most)
            };
            if let Some(offset) = limits.grpc_timeout_offset {
                limit = limit.saturating_sub(offset);
            }
            Some(limit)
        }
        _ => limits.max.or(of_manager).filter(|it| !it.is_zero()),
    };
    if let (Some(limit), Some(_)) = (limit, asked) {
        grpc::set_timeout(headers, limit);
    }
    limit
}

/// How long the stream may be silent.
pub fn idle(selected: &Selected<'_>, of_manager: Option<Duration>) -> Option<Duration> {
    match selected
        .forward()
        .map_or(Idle::Inherited, |it| it.idle_timeout)
    {
        Idle::Inherited => of_manager,
        Idle::Endless => None,
        Idle::After(time) => Some(time),
    }
}

/// The first header that the router must understand and does not, with its value.
pub fn wrong_header<'h>(router: &Router, headers: &'h Headers) -> Option<(String, &'h [u8])> {
    router.strict_check_headers.iter().find_map(|name| {
        let value = headers.get(name.as_bytes())?;
        let is_right = match &**name {
            "x-envoy-retry-on" => knows_all(value, false),
            "x-envoy-retry-grpc-on" => knows_all(value, true),
            _ => number(value).is_some(),
        };
        (!is_right).then(|| (name.clone(), value))
    })
}

/// Nothing if it is no number; 0 is for ever.
#[expect(clippy::option_option, reason = "no number, and no end")]
fn milliseconds(text: &[u8]) -> Option<Option<Duration>> {
    let count = number(text)?;
    Some((count > 0).then(|| Duration::from_millis(count)))
}

fn has_envoy_headers(headers: &Headers) -> bool {
    headers
        .iter()
        .any(|(name, _)| name.starts_with(b"x-envoy-"))
}
