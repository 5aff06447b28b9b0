//! Counts requests and connections of a connection manager.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::Manager;
use crate::http::message::Protocol;

/// A request in the books: active until this is dropped.
pub(super) struct Booked<'m> {
    manager: &'m Manager,
    pub(super) begun: Instant,
    /// When that was, since 1970.
    pub(super) start: Duration,
}

/// A request for another protocol, or for a tunnel, in the books: active until this is dropped.
pub(super) struct Upgraded<'m> {
    manager: &'m Manager,
}

impl Manager {
    /// One more request for another protocol, which is taken.
    pub(super) fn book_upgrade(&self) -> Upgraded<'_> {
        self.stats.downstream_cx_upgrades_total.increment();
        self.stats.downstream_cx_upgrades_active.add(1);
        Upgraded { manager: self }
    }

    /// One more request.
    pub(super) fn book(&self, protocol: Protocol) -> Booked<'_> {
        let stats = &self.stats;
        stats.downstream_rq_total.increment();
        stats.downstream_rq_active.add(1);
        match protocol {
            Protocol::Http2 => stats.downstream_rq_http2_total.increment(),
            Protocol::Http10 | Protocol::Http11 => stats.downstream_rq_http1_total.increment(),
        }
        let start = SystemTime::now().duration_since(UNIX_EPOCH);
        Booked {
            manager: self,
            begun: Instant::now(),
            start: start.unwrap_or_default(),
        }
    }

    /// A response's head went down.
    pub(super) fn count_status(&self, status: u16) {
        let (whole, listener) = (&self.stats, &self.listener_stats);
        whole.downstream_rq_completed.increment();
        listener.downstream_rq_completed.increment();
        let (own, below) = match status / 100 {
            1 => (&whole.downstream_rq_1xx, &listener.downstream_rq_1xx),
            2 => (&whole.downstream_rq_2xx, &listener.downstream_rq_2xx),
            3 => (&whole.downstream_rq_3xx, &listener.downstream_rq_3xx),
            4 => (&whole.downstream_rq_4xx, &listener.downstream_rq_4xx),
            5 => (&whole.downstream_rq_5xx, &listener.downstream_rq_5xx),
            _ => return,
        };
        own.increment();
        below.increment();
    }
}

impl Drop for Booked<'_> {
    fn drop(&mut self) {
        let stats = &self.manager.stats;
        stats.downstream_rq_active.sub(1);
        stats.downstream_rq_time.record(milliseconds(self.begun));
    }
}

impl Drop for Upgraded<'_> {
    fn drop(&mut self) {
        self.manager.stats.downstream_cx_upgrades_active.sub(1);
    }
}

/// Whole milliseconds since then.
pub(super) fn milliseconds(since: Instant) -> u64 {
    milliseconds_of(since.elapsed())
}

/// Whole milliseconds.
pub(super) fn milliseconds_of(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
