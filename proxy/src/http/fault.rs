//! Decides which requests are delayed or answered by a fault.

use std::time::Duration;

use super::header_match;
use super::local_reply::LocalReply;
use super::message::RequestHead;
use super::text::number;
use crate::config::model::fault::{AbortAnswer, Fault, Fraction};

/// Whether a fault concerns a request to `cluster` at all.
pub fn concerns(fault: &Fault, head: &RequestHead, cluster: &str) -> bool {
    fault
        .upstream_cluster
        .as_deref()
        .is_none_or(|it| it == cluster)
        && fault
            .headers
            .iter()
            .all(|it| header_match::request(it, head))
}

/// How long a request waits before it goes on (flag `DI`), if it does.
pub fn delay(fault: &Fault, head: &RequestHead, random: u64) -> Option<Duration> {
    let delay = fault.delay?;
    let share = share(delay.share, head, b"x-envoy-fault-delay-request-percentage");
    let given = || {
        let text = head.headers.get(b"x-envoy-fault-delay-request")?;
        number(text).map(Duration::from_millis)
    };
    delay
        .fixed
        .or_else(given)
        .filter(|it| !it.is_zero() && share.takes(random))
}

/// The answer in the upstream's stead, if there is one: asked after the wait.
pub fn abort(fault: &Fault, head: &RequestHead, random: u64) -> Option<LocalReply<'static>> {
    let abort = fault.abort?;
    let share = share(abort.share, head, b"x-envoy-fault-abort-request-percentage");
    if !share.takes(random) {
        return None;
    }
    match abort.answer {
        AbortAnswer::Http(status) => Some(LocalReply::fault(status, None)),
        AbortAnswer::Grpc(status) => Some(with_grpc(status)),
        AbortAnswer::Header => {
            let told = |name: &[u8]| head.headers.get(name).and_then(number);
            let status = told(b"x-envoy-fault-abort-request").and_then(|it| u16::try_from(it).ok());
            if let Some(status) = status.filter(|it| (200..600).contains(it)) {
                return Some(LocalReply::fault(status, None));
            }
            told(b"x-envoy-fault-abort-grpc-request")
                .and_then(|it| u32::try_from(it).ok())
                .map(with_grpc)
        }
    }
}

/// KiB/s at which the response is let through, if it is slowed down.
pub fn rate_limit(fault: &Fault, head: &RequestHead, random: u64) -> Option<u64> {
    let limit = fault.rate_limit?;
    let name = b"x-envoy-fault-throughput-response-percentage";
    let share = share(limit.share, head, name);
    let given = || number(head.headers.get(b"x-envoy-fault-throughput-response")?);
    limit
        .kilobytes_per_second
        .or_else(given)
        .filter(|it| *it > 0 && share.takes(random))
}

/// A header can lessen the share, but not raise it.
fn share(configured: Fraction, head: &RequestHead, name: &[u8]) -> Fraction {
    let told = head.headers.get(name).and_then(number);
    let told = told.and_then(|it| u32::try_from(it).ok());
    Fraction {
        numerator: told.map_or(configured.numerator, |it| it.min(configured.numerator)),
        ..configured
    }
}

fn with_grpc(status: u32) -> LocalReply<'static> {
    LocalReply::fault(200, Some(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::fault::{Abort, Delay};
    use crate::http::headers::Headers;

    fn head<const N: usize>(headers: [(&str, &str); N]) -> RequestHead {
        RequestHead {
            headers: Headers::from(headers),
            ..RequestHead::default()
        }
    }

    #[test]
    fn headers_control_faults() {
        let share = Fraction {
            numerator: 50,
            denominator: 100,
        };
        let fault = Fault {
            delay: Some(Delay { fixed: None, share }),
            abort: Some(Abort {
                answer: AbortAnswer::Header,
                share,
            }),
            ..Fault::default()
        };
        let asked = head([
            ("x-envoy-fault-delay-request", "20"),
            ("x-envoy-fault-delay-request-percentage", "10"),
            ("x-envoy-fault-abort-request", "418"),
            ("x-envoy-fault-abort-request-percentage", "90"),
        ]);
        assert_eq!(delay(&fault, &asked, 9), Some(Duration::from_millis(20)));
        assert_eq!(delay(&fault, &asked, 10), None);
        assert_eq!(abort(&fault, &asked, 49).unwrap().status, 418);
        assert_eq!(abort(&fault, &asked, 50), None);
        let asked = head([("x-envoy-fault-abort-grpc-request", "5")]);
        let reply = abort(&fault, &asked, 0).unwrap();
        assert_eq!((reply.status, reply.grpc_status), (200, Some(5)));
        assert_eq!(abort(&fault, &head([]), 0), None);
    }

    #[test]
    fn only_some_requests_are_concerned() {
        let fault = Fault {
            upstream_cluster: Some("a".into()),
            ..Fault::default()
        };
        assert!(concerns(&fault, &head([]), "a"));
        assert!(!concerns(&fault, &head([]), "b"));
    }
}
