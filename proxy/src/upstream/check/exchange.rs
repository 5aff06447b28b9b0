//! Says what is asked of a host, and judges what it answers.

use std::fmt;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::time::Duration;

use crate::config::model::health::{Check, HealthCheck, HttpCheck};
use crate::http::headers::Headers;
use crate::stats::HealthCheckStats;
use crate::upstream::host::{HealthFlag, Host, HostId};

use super::change::change;
use super::session::Verdict;

/// What is asked over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// HTTP/2 is spoken.
    pub http2: bool,
    /// The method.
    pub method: &'static str,
    /// The authority.
    pub authority: String,
    /// The path.
    pub path: String,
    /// Headers beside those, in order.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// Bytes of the answer's body that are looked at; the others are read and dropped.
    pub keep: usize,
}

/// What is answered over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body, as far as it is looked at.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: Headers,
}

/// What an exchange gives, later.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Carries checks to hosts. Connections, TLS and HTTP/2 are its matter; timeouts are not, except that
/// what is dropped ends. It may keep connections where the check says so.
pub trait Exchange: fmt::Debug + Send + Sync {
    /// Sends a request and reads the answer.
    fn http<'a>(
        &'a self,
        host: &'a Host,
        options: &'a HealthCheck,
        request: Request,
    ) -> Asking<'a, Answer>;

    /// A host is checked no more: its connections may go.
    fn forget(&self, _host: HostId) {}

    /// Connects, sends some bytes, and reads until `enough` says so of all that came.
    fn bytes<'a>(
        &'a self,
        host: &'a Host,
        options: &'a HealthCheck,
        send: &'a [u8],
        enough: &'a (dyn Fn(&[u8]) -> bool + Sync),
    ) -> Asking<'a, ()>;
}

/// The name of a cluster, and what it may be asked by.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The host.
    pub host: &'a Host,
    /// The check.
    pub options: &'a HealthCheck,
}

impl Asked<'_> {
    /// Asks, without a timeout.
    pub async fn ask(&self, exchange: &dyn Exchange, counters: &HealthCheckStats) -> Verdict {
        match &self.options.check {
            Check::Http(check) => {
                let request = self.http(check);
                match exchange.http(self.host, self.options, request).await {
                    Ok(answer) => judge_http(check, &answer, self.host, counters),
                    Err(_) => Verdict::NetworkFailure,
                }
            }
            Check::Grpc {
                service,
                authority,
                headers,
            } => {
                let authority = self.authority(authority);
                let mut request = grpc(service, authority, self.options.timeout);
                change(&mut request.headers, headers);
                match exchange.http(self.host, self.options, request).await {
                    Ok(answer) => judge_grpc(&answer),
                    Err(_) => Verdict::NetworkFailure,
                }
            }
            Check::Tcp { send, receive } => {
                let enough = |bytes: &[u8]| holds(bytes, receive);
                match exchange.bytes(self.host, self.options, send, &enough).await {
                    Ok(()) => Verdict::Healthy,
                    Err(_) => Verdict::NetworkFailure,
                }
            }
        }
    }

    fn http(&self, check: &HttpCheck) -> Request {
        let mut headers = Headers::new();
        headers.push(b"user-agent", b"Envoy/HC");
        change(&mut headers, &check.headers);
        if !check.send.is_empty() {
            headers.push(b"content-length", check.send.len().to_string().as_bytes());
        }
        let all = usize::MAX;
        let keep = usize::try_from(check.response_buffer_size).unwrap_or(all);
        Request {
            http2: check.http2,
            method: check.method,
            authority: self.authority(&check.host),
            path: check.path.clone(),
            headers,
            body: check.send.clone(),
            keep: match keep {
                _ if check.receive.is_empty() => 0,
                0 => all,
                keep => keep,
            },
        }
    }

    /// The host's name for checks, else what the check says, else the cluster's name.
    fn authority(&self, configured: &str) -> String {
        let of_host = self
            .host
            .check
            .hostname
            .as_deref()
            .filter(|name| !name.is_empty());
        let configured = (!configured.is_empty()).then_some(configured);
        of_host.or(configured).unwrap_or(self.cluster).to_owned()
    }
}

fn grpc(service: &str, authority: String, timeout: Duration) -> Request {
    let mut headers = Headers::new();
    headers.push(b"te", b"trailers");
    headers.push(b"content-type", b"application/grpc");
    headers.push(b"user-agent", b"Envoy/HC");
    headers.push(
        b"grpc-timeout",
        format!("{}m", timeout.as_millis()).as_bytes(),
    );
    Request {
        http2: true,
        method: "POST",
        authority,
        path: "/grpc.health.v1.Health/Check".into(),
        headers,
        body: grpc_frame(service),
        keep: usize::MAX,
    }
}

/// A message `HealthCheckRequest` in its frame.
fn grpc_frame(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0a);
        let mut length = service.len();
        while length >= 0x80 {
            message.push(u8::try_from(length & 0x7f).unwrap_or(0) | 0x80);
            length >>= 7;
        }
        message.push(u8::try_from(length).unwrap_or(0));
        message.extend_from_slice(service.as_bytes());
    }
    let mut frame = vec![0];
    frame.extend_from_slice(&u32::try_from(message.len()).unwrap_or(0).to_be_bytes());
    frame.extend_from_slice(&message);
    frame
}

fn judge_http(
    check: &HttpCheck,
    answer: &Answer,
    host: &Host,
    counters: &HealthCheckStats,
) -> Verdict {
    let within = |ranges: &[Range<i64>]| {
        ranges
            .iter()
            .any(|range| range.contains(&answer.status.into()))
    };
    let expected = if check.expected.is_empty() {
        answer.status == 200
    } else {
        within(&check.expected)
    };
    let matches = holds(&answer.body, &check.receive);
    if !matches || !expected {
        if answer
            .headers
            .contains(b"x-envoy-immediate-health-check-fail")
        {
            host.state.flags.set(HealthFlag::ExcludedByImmediateFailure);
        }
        let retriable = matches && within(&check.retriable);
        return if retriable {
            Verdict::Retriable
        } else {
            Verdict::Unhealthy
        };
    }
    if let Some(service) = &check.service_name {
        counters.verify_cluster.increment();
        let cluster = answer
            .headers
            .get(b"x-envoy-upstream-healthchecked-cluster");
        if !service.matches(cluster.unwrap_or_default()) {
            return Verdict::Unhealthy;
        }
    }
    if answer.headers.contains(b"x-envoy-degraded") {
        Verdict::Degraded
    } else {
        Verdict::Healthy
    }
}

/// The answer must be one message that says SERVING, and the status 0.
fn judge_grpc(answer: &Answer) -> Verdict {
    let is_grpc = answer.headers.get(b"content-type").is_some_and(|kind| {
        kind.strip_prefix(b"application/grpc")
            .is_some_and(|rest| matches!(rest, [] | [b'+', ..]))
    });
    let status = answer.trailers.get(b"grpc-status");
    let serving = answer.body == [0, 0, 0, 0, 2, 8, 1];
    let well = answer.status == 200 && is_grpc && status == Some(b"0") && serving;
    if well {
        Verdict::Healthy
    } else {
        Verdict::Unhealthy
    }
}

/// Whether bytes hold all of these, one behind the other, with anything between.
pub fn holds(mut bytes: &[u8], all: &[Vec<u8>]) -> bool {
    all.iter()
        .all(|one| match memchr::memmem::find(bytes, one) {
            Some(at) => {
                bytes = &bytes[at + one.len()..];
                true
            }
            None => false,
        })
}
