//! Leaves out hosts because of how they answer.

mod detector;
#[cfg(test)]
mod tests;

use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Relaxed},
};

use crate::config::model::cluster::OutlierDetection;
use crate::stats::{Counter, OutlierStats};

use super::host::Host;
pub use detector::{Averages, Detector};

/// How an attempt to use a host went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The host answered, with this HTTP status.
    Status(u16),
    /// The host did what was asked, in a protocol without statuses.
    Success,
    /// The host failed at what was asked, in a protocol without statuses, or reset the stream.
    Failure,
    /// A connection was made, over which something else will be judged.
    Connected,
    /// A connection was made, and that is all that is judged.
    ConnectedFinally,
    /// No connection could be made.
    ConnectFailed,
    /// It took too long.
    Timeout,
}

/// Why a host is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Server errors in a row.
    Consecutive5xx,
    /// 502, 503 and 504 in a row.
    ConsecutiveGatewayFailure,
    /// Failures of ours in a row.
    ConsecutiveLocalOriginFailure,
    /// A success rate far below the mean, ...
    SuccessRate,
    /// ... by what happened on our side.
    SuccessRateLocalOrigin,
    /// Too many failures, ...
    FailurePercentage,
    /// ... by what happened on our side.
    FailurePercentageLocalOrigin,
}

impl Reason {
    /// Where it is counted that a reason was met.
    pub(crate) fn detected(self, stats: &OutlierStats) -> &Counter {
        match self {
            Self::Consecutive5xx => &stats.ejections_detected_consecutive_5xx,
            Self::ConsecutiveGatewayFailure => {
                &stats.ejections_detected_consecutive_gateway_failure
            }
            Self::ConsecutiveLocalOriginFailure => {
                &stats.ejections_detected_consecutive_local_origin_failure
            }
            Self::SuccessRate => &stats.ejections_detected_success_rate,
            Self::SuccessRateLocalOrigin => &stats.ejections_detected_local_origin_success_rate,
            Self::FailurePercentage => &stats.ejections_detected_failure_percentage,
            Self::FailurePercentageLocalOrigin => {
                &stats.ejections_detected_local_origin_failure_percentage
            }
        }
    }

    /// Where it is counted that a host was left out for it.
    pub(crate) fn enforced(self, stats: &OutlierStats) -> &Counter {
        match self {
            Self::Consecutive5xx => &stats.ejections_enforced_consecutive_5xx,
            Self::ConsecutiveGatewayFailure => {
                &stats.ejections_enforced_consecutive_gateway_failure
            }
            Self::ConsecutiveLocalOriginFailure => {
                &stats.ejections_enforced_consecutive_local_origin_failure
            }
            Self::SuccessRate => &stats.ejections_enforced_success_rate,
            Self::SuccessRateLocalOrigin => &stats.ejections_enforced_local_origin_success_rate,
            Self::FailurePercentage => &stats.ejections_enforced_failure_percentage,
            Self::FailurePercentageLocalOrigin => {
                &stats.ejections_enforced_local_origin_failure_percentage
            }
        }
    }
}

/// What is remembered of a host. Failures in a row are counted over all workers; a host that does not
/// fail is only read here.
#[derive(Debug)]
pub struct Monitor {
    consecutive_5xx: AtomicU32,
    consecutive_gateway_failure: AtomicU32,
    consecutive_local_origin_failure: AtomicU32,
    success_rate: Rate,
    local_origin_success_rate: Rate,
}

/// A percentage that the owner writes; -1 until it is known.
#[derive(Debug)]
struct Rate(AtomicU64);

impl Rate {
    fn set(&self, rate: f64) {
        self.0.store(rate.to_bits(), Relaxed);
    }

    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }
}

impl Default for Monitor {
    fn default() -> Self {
        let unknown = || Rate(AtomicU64::new((-1.0_f64).to_bits()));
        Self {
            consecutive_5xx: AtomicU32::new(0),
            consecutive_gateway_failure: AtomicU32::new(0),
            consecutive_local_origin_failure: AtomicU32::new(0),
            success_rate: unknown(),
            local_origin_success_rate: unknown(),
        }
    }
}

impl Monitor {
    /// The success rate of the last interval in percent; -1 if there were too few requests.
    pub fn success_rate(&self) -> f64 {
        self.success_rate.get()
    }

    /// The same of what happened on our side.
    pub fn local_origin_success_rate(&self) -> f64 {
        self.local_origin_success_rate.get()
    }

    fn row(&self, reason: Reason) -> Option<&AtomicU32> {
        match reason {
            Reason::Consecutive5xx => Some(&self.consecutive_5xx),
            Reason::ConsecutiveGatewayFailure => Some(&self.consecutive_gateway_failure),
            Reason::ConsecutiveLocalOriginFailure => Some(&self.consecutive_local_origin_failure),
            _ => None,
        }
    }

    /// One failure more; true if that makes the row as long as it may be.
    fn fail(&self, reason: Reason, limit: u32) -> bool {
        let row = self.row(reason);
        row.is_some_and(|row| row.fetch_add(1, AcqRel).wrapping_add(1) == limit)
    }

    /// The row ends.
    fn end(&self, reason: Reason) {
        let row = self.row(reason);
        if let Some(row) = row.filter(|row| row.load(Relaxed) != 0) {
            row.store(0, Relaxed);
        }
    }
}

/// Notes how it went with a host, and calls `found` for each reason to leave it out that is met now.
/// `status` is what the client is told where the host gave no status.
pub fn note(
    host: &Host,
    worker: usize,
    (outcome, status): (Outcome, Option<u16>),
    options: &OutlierDetection,
    mut found: impl FnMut(Reason),
) {
    if !options.split_local_origin {
        let mapped = match outcome {
            Outcome::Status(status) => Some(status),
            _ if status.is_some() => status,
            Outcome::Success | Outcome::ConnectedFinally => Some(200),
            Outcome::Failure => Some(500),
            Outcome::ConnectFailed => Some(503),
            Outcome::Timeout => Some(504),
            Outcome::Connected => None,
        };
        if let Some(status) = mapped {
            note_status(host, worker, status, options, &mut found);
        }
        return;
    }
    match outcome {
        Outcome::Status(status) => note_status(host, worker, status, options, &mut found),
        Outcome::Failure => note_status(host, worker, 503, options, &mut found),
        Outcome::Success => {
            note_status(host, worker, 200, options, &mut found);
            note_local(host, worker, true, options, &mut found);
        }
        Outcome::Connected | Outcome::ConnectedFinally => {
            note_local(host, worker, true, options, &mut found);
        }
        Outcome::ConnectFailed | Outcome::Timeout => {
            note_local(host, worker, false, options, &mut found);
        }
    }
}

fn note_status(
    host: &Host,
    worker: usize,
    status: u16,
    options: &OutlierDetection,
    found: &mut impl FnMut(Reason),
) {
    let (traffic, monitor) = (host.traffic(worker), &host.state.monitor);
    traffic.answers.increment();
    if !(500..600).contains(&status) {
        traffic.good_answers.increment();
        monitor.end(Reason::Consecutive5xx);
        monitor.end(Reason::ConsecutiveGatewayFailure);
        return;
    }
    if !(502..=504).contains(&status) {
        monitor.end(Reason::ConsecutiveGatewayFailure);
    } else if monitor.fail(
        Reason::ConsecutiveGatewayFailure,
        options.consecutive_gateway_failure.count,
    ) {
        found(Reason::ConsecutiveGatewayFailure);
    }
    if monitor.fail(Reason::Consecutive5xx, options.consecutive_5xx.count) {
        found(Reason::Consecutive5xx);
    }
}

fn note_local(
    host: &Host,
    worker: usize,
    good: bool,
    options: &OutlierDetection,
    found: &mut impl FnMut(Reason),
) {
    let (traffic, monitor) = (host.traffic(worker), &host.state.monitor);
    let reason = Reason::ConsecutiveLocalOriginFailure;
    traffic.attempts.increment();
    if good {
        traffic.good_attempts.increment();
        monitor.end(reason);
    } else if monitor.fail(reason, options.consecutive_local_origin_failure.count) {
        found(reason);
    }
}
