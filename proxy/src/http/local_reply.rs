//! Writes the answers that come from the proxy itself, as Envoy writes them.

use std::borrow::Cow;

use super::flags::Flag;
use super::grpc;
use super::headers::Headers;
use super::message::{RequestHead, ResponseHead};
use super::reset::Reset;
use super::text::Decimal;

/// An answer that comes from the proxy itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalReply<'a> {
    /// The status code.
    pub status: u16,
    /// The body, of which a gRPC call sees its `grpc-message`.
    pub body: Cow<'a, [u8]>,
    /// `%RESPONSE_CODE_DETAILS%`.
    pub details: Cow<'a, str>,
    /// The status for gRPC calls, where it does not follow from the status code.
    pub grpc_status: Option<u32>,
    /// What happened, if there is a flag for it.
    pub flag: Option<Flag>,
    /// `x-envoy-overloaded` is set.
    pub overloaded: bool,
}

impl<'a> LocalReply<'a> {
    /// An answer with nothing but a status, a text and details.
    pub const fn new(status: u16, body: &'a str, details: &'a str) -> Self {
        Self {
            status,
            body: Cow::Borrowed(body.as_bytes()),
            details: Cow::Borrowed(details),
            grpc_status: None,
            flag: None,
            overloaded: false,
        }
    }

    const fn flagged(mut self, flag: Flag) -> Self {
        self.flag = Some(flag);
        self
    }

    /// No route matches.
    pub const fn route_not_found() -> Self {
        Self::new(404, "", "route_not_found").flagged(Flag::NoRouteFound)
    }

    /// The route's cluster is not there; the route says with which status.
    pub const fn cluster_not_found(status: u16) -> Self {
        Self::new(status, "", "cluster_not_found").flagged(Flag::NoClusterFound)
    }

    /// No endpoint can be taken.
    pub const fn no_healthy_upstream() -> Self {
        Self::new(503, "no healthy upstream", "no_healthy_upstream")
            .flagged(Flag::NoHealthyUpstream)
    }

    /// The route's timeout has passed; 504 unless `x-envoy-upstream-rq-timeout-alt-response` asks for 204.
    pub const fn upstream_timeout(status: u16) -> Self {
        let body = if status == 204 {
            ""
        } else {
            "upstream request timeout"
        };
        Self::new(status, body, "response_timeout").flagged(Flag::UpstreamRequestTimeout)
    }

    /// The timeout of the last try has passed.
    pub const fn per_try_timeout(status: u16) -> Self {
        let body = if status == 204 {
            ""
        } else {
            "upstream request timeout"
        };
        Self::new(status, body, "upstream_per_try_timeout").flagged(Flag::UpstreamRequestTimeout)
    }

    /// The last try was silent for too long.
    pub const fn per_try_idle_timeout(status: u16) -> Self {
        let body = if status == 204 {
            ""
        } else {
            "upstream request timeout"
        };
        Self::new(status, body, "upstream_per_try_idle_timeout")
            .flagged(Flag::UpstreamRequestTimeout)
    }

    /// The upstream's stream lasted too long.
    pub const fn upstream_stream_duration(request_is_complete: bool) -> Self {
        let status = timeout_status(request_is_complete);
        let body = "upstream max stream duration reached";
        Self::new(status, body, "upstream_max_stream_duration_reached")
            .flagged(Flag::UpstreamMaxStreamDurationReached)
    }

    /// The stream was silent for too long.
    pub const fn stream_idle_timeout(request_is_complete: bool) -> Self {
        let status = timeout_status(request_is_complete);
        Self::new(status, "stream timeout", "stream_idle_timeout").flagged(Flag::StreamIdleTimeout)
    }

    /// The stream lasted too long.
    pub const fn stream_duration(request_is_complete: bool) -> Self {
        let status = timeout_status(request_is_complete);
        let mut reply = Self::new(
            status,
            "downstream duration timeout",
            "max_duration_timeout",
        );
        reply.grpc_status = Some(4);
        reply
    }

    /// The request did not come whole in time.
    pub const fn request_timeout() -> Self {
        Self::new(408, "request timeout", "request_overall_timeout")
    }

    /// The request's headers did not come in time.
    pub const fn request_header_timeout() -> Self {
        Self::new(408, "request header timeout", "request_header_timeout")
    }

    /// The request's body is too large to be buffered.
    pub const fn request_too_large() -> Self {
        Self::new(413, "Payload Too Large", "request_payload_too_large")
    }

    /// More of the request's body came than may be kept, while nobody was there who would take it.
    pub const fn retry_too_large() -> Self {
        let body = "exceeded request buffer limit while retrying upstream";
        Self::new(507, body, "request_payload_exceeded_retry_buffer_limit")
    }

    /// The response's body is too large to be buffered.
    pub const fn response_too_large() -> Self {
        Self::new(500, "Internal Server Error", "response_payload_too_large")
    }

    /// The request has no authority.
    pub const fn missing_host() -> Self {
        Self::new(400, "", "missing_host_header")
    }

    /// The path does not begin with a slash.
    pub const fn absolute_path() -> Self {
        Self::new(404, "", "absolute_path_rejected")
    }

    /// The request has no path.
    pub const fn missing_path() -> Self {
        Self::new(404, "", "missing_path_rejected")
    }

    /// The path cannot be made canonical, or must not be.
    pub const fn path_normalization_failed() -> Self {
        Self::new(400, "", "path_normalization_failed")
    }

    /// The client should ask for the path as it is now written: `location` goes beside it.
    pub const fn path_redirect() -> Self {
        Self::new(307, "", "path_normalization_failed")
    }

    /// The upgrade is not taken.
    pub const fn upgrade_failed() -> Self {
        Self::new(403, "", "upgrade_failed")
    }

    /// HTTP/1.0 is not taken.
    pub const fn low_version() -> Self {
        Self::new(426, "Upgrade Required", "low_version").flagged(Flag::DownstreamProtocolError)
    }

    /// This proxy has no room for the request.
    pub const fn overloaded() -> Self {
        Self::new(503, "envoy overloaded", "overload").flagged(Flag::OverloadManager)
    }

    /// A header that the router must understand has a value that it does not.
    pub fn strict_header(name: &str, value: &[u8]) -> Self {
        let body = [
            b"invalid header '",
            name.as_bytes(),
            b"' with value '",
            value,
            b"'",
        ]
        .concat();
        let mut reply = Self::new(400, "", "request_headers_failed_strict_check")
            .flagged(Flag::InvalidEnvoyRequestHeaders);
        reply.body = Cow::Owned(body);
        reply.details = Cow::Owned(format!("{}{{{name}}}", reply.details));
        reply
    }

    /// RBAC refused the request; `policy` is the one that did.
    pub fn rbac_denied(policy: Option<&str>) -> Self {
        let policy = policy.unwrap_or("none");
        let policy = policy.replace(|it: char| it.is_ascii_whitespace(), "_");
        let mut reply = Self::new(403, "RBAC: access denied", "");
        reply.details = Cow::Owned(format!("rbac_access_denied_matched_policy[{policy}]"));
        reply
    }

    /// A fault answers.
    pub const fn fault(status: u16, grpc_status: Option<u32>) -> Self {
        let mut reply = Self::new(status, "fault filter abort", "fault_filter_abort")
            .flagged(Flag::FaultInjected);
        reply.grpc_status = grpc_status;
        reply
    }

    /// The upstream's stream ended before its headers came. `retried`: it was not the first try.
    pub fn upstream_reset(reset: Reset, transport_failure: &str, retried: bool) -> Self {
        let again = if retried {
            "retried and the latest "
        } else {
            ""
        };
        let body = format!(
            "upstream connect error or disconnect/reset before headers. {again}reset reason: {}",
            reset.text()
        );
        let mut details = format!("upstream_reset_before_response_started{{{}", reset.text());
        if !transport_failure.is_empty() {
            details.push('|');
            details.push_str(transport_failure);
        }
        details.push('}');
        Self {
            status: if reset == Reset::ProtocolError {
                502
            } else {
                503
            },
            body: Cow::Owned(body.into_bytes()),
            details: Cow::Owned(details.replace(' ', "_")),
            grpc_status: None,
            flag: Some(reset.flag()),
            overloaded: reset == Reset::Overflow,
        }
    }

    /// Writes the head of the answer to `request` and says which bytes follow it as its body. `adorn`
    /// adds what stands before the content's headers: `location`, changes of the route, …
    pub fn write(
        &self,
        request: &RequestHead,
        response: &mut ResponseHead,
        adorn: impl FnOnce(&mut ResponseHead),
    ) -> &[u8] {
        let is_head = request.method == b"HEAD";
        response.clear();
        response.status = self.status;
        self.mark(&mut response.headers);
        adorn(response);
        let headers = &mut response.headers;
        if grpc::is_call(request) {
            response.status = 200;
            headers.set(b"content-type", b"application/grpc");
            let implied = || grpc::status_of_http(self.status).into();
            let status = self.grpc_status.unwrap_or_else(implied);
            if !headers.contains(b"grpc-status") {
                headers.push(b"grpc-status", Decimal::new(status.into()).as_bytes());
            }
            if !self.body.is_empty() && !is_head {
                let mut message = Vec::new();
                grpc::escape_message(&self.body, &mut message);
                headers.set(b"grpc-message", &message);
            }
            headers.remove(b"content-length");
            return &[];
        }
        if self.body.is_empty() {
            headers.remove(b"content-length");
            headers.remove(b"content-type");
        } else {
            let length = Decimal::new(self.body.len() as u64);
            headers.set(b"content-length", length.as_bytes());
            if !headers.contains(b"content-type") {
                headers.push(b"content-type", b"text/plain");
            }
        }
        if is_head { &[] } else { &self.body }
    }

    fn mark(&self, headers: &mut Headers) {
        if self.overloaded {
            headers.push(b"x-envoy-overloaded", b"true");
        }
    }
}

/// What is told about responses that come from an upstream.
pub const VIA_UPSTREAM: &str = "via_upstream";
/// What is told about direct responses and redirects.
pub const DIRECT_RESPONSE: &str = "direct_response";
/// What is told when the client went away.
pub const DOWNSTREAM_DISCONNECT: &str = "downstream_remote_disconnect";
/// What is told when the client reset its stream.
pub const DOWNSTREAM_RESET: &str = "http2.remote_reset";
/// What is told when this proxy closed the client's connection.
pub const LOCAL_DISCONNECT: &str = "downstream_local_disconnect";

/// What is told when an upstream's stream ends after its headers have been passed on.
pub fn late_reset_details(reset: Reset, transport_failure: &str) -> String {
    let bar = if transport_failure.is_empty() {
        ""
    } else {
        "|"
    };
    format!(
        "upstream_reset_after_response_started{{{}{bar}{transport_failure}}}",
        reset.text()
    )
    .replace(' ', "_")
}

/// A timeout is the client's fault only as long as its request is not complete.
const fn timeout_status(request_is_complete: bool) -> u16 {
    if request_is_complete { 504 } else { 408 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, content_type: &str) -> RequestHead {
        RequestHead {
            method: method.into(),
            path: b"/".to_vec(),
            headers: Headers::from([("content-type", content_type)]),
            ..RequestHead::default()
        }
    }

    #[test]
    fn plain_answers_have_a_length_and_a_type() {
        let mut response = ResponseHead::default();
        let reply = LocalReply::no_healthy_upstream();
        let body = reply.write(&request("GET", ""), &mut response, |_| ());
        assert_eq!(body, b"no healthy upstream");
        assert_eq!(response.status, 503);
        let wanted = [("content-length", "19"), ("content-type", "text/plain")];
        assert_eq!(response.headers, Headers::from(wanted));
        assert!(
            reply
                .write(&request("HEAD", ""), &mut response, |_| ())
                .is_empty()
        );
        assert_eq!(response.headers, Headers::from(wanted));
        LocalReply::route_not_found().write(&request("GET", ""), &mut response, |_| ());
        assert!(response.headers.is_empty());
    }

    #[test]
    fn calls_are_answered_in_grpc() {
        let mut response = ResponseHead::default();
        let reply = LocalReply::upstream_reset(Reset::Overflow, "", false);
        assert!(
            reply
                .write(&request("POST", "application/grpc"), &mut response, |_| ())
                .is_empty()
        );
        assert_eq!(response.status, 200);
        let text =
            "upstream connect error or disconnect/reset before headers. reset reason: overflow";
        let wanted = [
            ("x-envoy-overloaded", "true"),
            ("content-type", "application/grpc"),
            ("grpc-status", "14"),
            ("grpc-message", text),
        ];
        assert_eq!(response.headers, Headers::from(wanted));
    }

    #[test]
    fn strict_headers_are_named() {
        let reply = LocalReply::strict_header("x-a", b"1");
        assert_eq!(reply.body, &b"invalid header 'x-a' with value '1'"[..]);
        assert_eq!(reply.details, "request_headers_failed_strict_check{x-a}");
    }

    #[test]
    fn resets_tell_their_reason() {
        let failure = "delayed connect error: Connection refused";
        let reply = LocalReply::upstream_reset(Reset::RemoteConnectionFailure, failure, true);
        let wanted = "upstream connect error or disconnect/reset before headers. retried and the \
            latest reset reason: remote connection failure";
        assert_eq!(reply.body, wanted.as_bytes());
        let wanted = "upstream_reset_before_response_started{remote_connection_failure|\
            delayed_connect_error:_Connection_refused}";
        assert_eq!(reply.details, wanted);
    }
}
