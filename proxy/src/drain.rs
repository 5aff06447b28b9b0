//! Says which listeners stop to listen, and which connections are to end: the admin orders it, workers look once for
//! each response.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::config::model::listener::Direction;

/// How listeners are to be drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// Over the drain time, and only then stop to listen.
    pub graceful: bool,
    /// Never stop to listen.
    pub skip_exit: bool,
    /// Only listeners whose traffic direction is inbound.
    pub inbound_only: bool,
}

/// What is drained: inbound listeners, and all.
const INBOUND: usize = 0;
const ALL: usize = 1;

/// What was ordered.
pub struct Draining {
    time: Duration,
    born: Instant,
    failing: AtomicBool,
    /// When a graceful drain began, in milliseconds after `born` and one more; 0 if none did.
    begun: [AtomicU64; 2],
    /// When to stop to listen.
    stops: watch::Sender<[Option<Instant>; 2]>,
}

impl Draining {
    /// Nothing is drained yet; it will take so long.
    pub fn new(time: Duration) -> Self {
        Self {
            time,
            born: Instant::now(),
            failing: AtomicBool::new(false),
            begun: [AtomicU64::new(0), AtomicU64::new(0)],
            stops: watch::Sender::new([None; 2]),
        }
    }

    /// Whether the proxy says of itself that it fails. All connections end then, and their clients go elsewhere.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Relaxed)
    }

    /// Has it say so, or no longer.
    pub fn fail(&self, fail: bool) {
        self.failing.store(fail, Relaxed);
    }

    /// Begins to drain listeners. As Envoy's, only a graceful drain ends connections.
    pub fn order(&self, drain: Drain) {
        let which = if drain.inbound_only { INBOUND } else { ALL };
        let now = Instant::now();
        if drain.graceful {
            if self.begun[which..].iter().any(|it| it.load(Relaxed) > 0) {
                return;
            }
            self.begun[which].store(milliseconds(now - self.born) + 1, Relaxed);
        }
        if drain.skip_exit {
            return;
        }
        let at = if drain.graceful { now + self.time } else { now };
        self.stops.send_modify(|stops| {
            stops[which] = Some(stops[which].map_or(at, |it| it.min(at)));
        });
    }

    /// Whether a connection is to end with the response that begins now. In the course of a drain more and more are.
    pub fn ends(&self, direction: Direction, draw: impl FnOnce() -> u64) -> bool {
        if self.is_failing() {
            return true;
        }
        let begun = orders(direction).map(|it| self.begun[it].load(Relaxed));
        let Some(begun) = begun.into_iter().filter(|it| *it > 0).min() else {
            return false;
        };
        let lasted = milliseconds(self.born.elapsed()).saturating_sub(begun - 1);
        if lasted >= milliseconds(self.time) {
            return true;
        }
        lasted.div_ceil(1000) > draw() % self.time.as_secs().max(1)
    }

    /// Waits until a listener is to stop.
    pub async fn stopped(&self, direction: Direction) {
        let mut stops = self.stops.subscribe();
        loop {
            let at = {
                let stops = stops.borrow_and_update();
                orders(direction)
                    .into_iter()
                    .filter_map(|it| stops[it])
                    .min()
            };
            let changed = stops.changed();
            match at {
                Some(at) => tokio::select! {
                    () = sleep_until(at) => return,
                    _ = changed => {}
                },
                None => _ = changed.await,
            }
        }
    }
}

/// The orders that a listener follows.
fn orders(direction: Direction) -> [usize; 2] {
    match direction {
        Direction::Inbound => [INBOUND, ALL],
        Direction::Outbound | Direction::Unspecified => [ALL, ALL],
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const TIME: Duration = Duration::from_secs(10);
    const GRACEFUL: Drain = Drain {
        graceful: true,
        skip_exit: false,
        inbound_only: false,
    };

    async fn stops(draining: &Draining, direction: Direction) -> Option<u64> {
        let begun = Instant::now();
        let stopped = timeout(TIME * 2, draining.stopped(direction)).await;
        stopped.ok().map(|()| begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn who_fails_ends_all_connections_and_listens_on() {
        let draining = Draining::new(TIME);
        assert!(!draining.ends(Direction::Inbound, || 0));
        draining.fail(true);
        assert!(draining.ends(Direction::Inbound, || 9));
        assert!(draining.ends(Direction::Unspecified, || 9));
        assert_eq!(stops(&draining, Direction::Inbound).await, None);
        draining.fail(false);
        assert!(!draining.ends(Direction::Inbound, || 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_graceful_drain_ends_more_and_more_connections_and_then_stops_to_listen() {
        let draining = Draining::new(TIME);
        draining.order(GRACEFUL);
        let ends = |draw| draining.ends(Direction::Outbound, move || draw);
        assert!(!ends(0));
        advance(Duration::from_millis(2500)).await;
        assert!(ends(2) && !ends(3) && ends(12));
        // Another order does not begin anew.
        draining.order(GRACEFUL);
        assert_eq!(stops(&draining, Direction::Outbound).await, Some(7));
        assert!(ends(9));
    }

    #[tokio::test(start_paused = true)]
    async fn inbound_listeners_can_be_drained_alone() {
        let draining = Draining::new(TIME);
        draining.order(Drain {
            inbound_only: true,
            ..GRACEFUL
        });
        assert_eq!(stops(&draining, Direction::Unspecified).await, None);
        assert_eq!(stops(&draining, Direction::Inbound).await, Some(0));
        assert!(draining.ends(Direction::Inbound, || 9));
        assert!(!draining.ends(Direction::Outbound, || 0));
        draining.order(GRACEFUL);
        assert_eq!(stops(&draining, Direction::Outbound).await, Some(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_that_is_not_graceful_stops_at_once_and_ends_no_connection() {
        let draining = Draining::new(TIME);
        let now = Drain {
            graceful: false,
            ..GRACEFUL
        };
        draining.order(Drain {
            skip_exit: true,
            ..now
        });
        assert_eq!(stops(&draining, Direction::Inbound).await, None);
        draining.order(now);
        assert_eq!(stops(&draining, Direction::Inbound).await, Some(0));
        assert!(!draining.ends(Direction::Inbound, || 0));
    }
}
