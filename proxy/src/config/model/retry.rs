//! When and how requests are tried again.

use std::time::Duration;

use super::matcher::HeaderMatcher;

/// When and how a request is tried again.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// What is a reason.
    pub on: RetryOn,
    /// Status codes for [`RetryOn::retriable_status_codes`].
    pub status_codes: Vec<u16>,
    /// Response headers for [`RetryOn::retriable_headers`]: one must match.
    pub headers: Vec<HeaderMatcher>,
    /// Only requests of which one of these headers matches are tried again; all if there are none.
    pub request_headers: Vec<HeaderMatcher>,
    /// How often at most, the first try not counted.
    pub retries: u32,
    /// How long one try may take; nothing for the route's timeout.
    pub per_try_timeout: Option<Duration>,
    /// How long one try may be silent.
    pub per_try_idle_timeout: Option<Duration>,
    /// How long to wait before a retry.
    pub back_off: BackOff,
    /// Endpoints that were tried are not taken again, ...
    pub avoid_previous_hosts: bool,
    /// ... unless none is found in so many choices.
    pub host_selection_attempts: u32,
}

/// Reasons to try again, by their names in `retry_on` and `retry_grpc_on`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of names")]
pub struct RetryOn {
    /// `5xx`
    pub server_error: bool,
    /// `gateway-error`
    pub gateway_error: bool,
    /// `reset`
    pub reset: bool,
    /// `reset-before-request`
    pub reset_before_request: bool,
    /// `connect-failure`
    pub connect_failure: bool,
    /// `envoy-ratelimited`
    pub envoy_ratelimited: bool,
    /// `retriable-4xx`
    pub retriable_4xx: bool,
    /// `refused-stream`
    pub refused_stream: bool,
    /// `retriable-status-codes`
    pub retriable_status_codes: bool,
    /// `retriable-headers`
    pub retriable_headers: bool,
    /// `http3-post-connect-failure`, which never happens here.
    pub http3_post_connect_failure: bool,
    /// `cancelled`
    pub grpc_cancelled: bool,
    /// `deadline-exceeded`
    pub grpc_deadline_exceeded: bool,
    /// `internal`
    pub grpc_internal: bool,
    /// `resource-exhausted`
    pub grpc_resource_exhausted: bool,
    /// `unavailable`
    pub grpc_unavailable: bool,
}

impl RetryOn {
    /// The names in `text`, with commas between, and those that are not known. Also for the request
    /// headers `x-envoy-retry-on` and `x-envoy-retry-grpc-on`, where unknown names are passed over.
    pub fn parse(text: &str) -> (Self, Vec<&str>) {
        let mut on = Self::default();
        let mut unknown = Vec::new();
        for word in text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            match on.flag(word) {
                Some(flag) => *flag = true,
                None => unknown.push(word),
            }
        }
        (on, unknown)
    }

    fn flag(&mut self, word: &str) -> Option<&mut bool> {
        Some(match word {
            "5xx" => &mut self.server_error,
            "gateway-error" => &mut self.gateway_error,
            "reset" => &mut self.reset,
            "reset-before-request" => &mut self.reset_before_request,
            "connect-failure" => &mut self.connect_failure,
            "envoy-ratelimited" => &mut self.envoy_ratelimited,
            "retriable-4xx" => &mut self.retriable_4xx,
            "refused-stream" => &mut self.refused_stream,
            "retriable-status-codes" => &mut self.retriable_status_codes,
            "retriable-headers" => &mut self.retriable_headers,
            "http3-post-connect-failure" => &mut self.http3_post_connect_failure,
            "cancelled" => &mut self.grpc_cancelled,
            "deadline-exceeded" => &mut self.grpc_deadline_exceeded,
            "internal" => &mut self.grpc_internal,
            "resource-exhausted" => &mut self.grpc_resource_exhausted,
            "unavailable" => &mut self.grpc_unavailable,
            _ => return None,
        })
    }
}

/// How long to wait before trying again: a random time up to `base · (2ⁿ − 1)`, at most `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOff {
    /// The first wait.
    pub base: Duration,
    /// The longest wait.
    pub max: Duration,
}

#[cfg(test)]
mod tests {
    use super::RetryOn;

    #[test]
    fn knows_the_names() {
        let (on, unknown) = RetryOn::parse("5xx, reset,,unavailable,whatever");
        assert!(on.server_error && on.reset && on.grpc_unavailable && !on.grpc_internal);
        assert_eq!(unknown, ["whatever"]);
    }
}
