//! Limits what a cluster may be asked at once.

use crate::config::model::cluster::{Limits, MaxRetries, Thresholds};
use crate::config::model::route::Priority;
use crate::stats::{CircuitBreakerStats, Gauge, RemainingStats, Scope, Shared, Writer};

use super::count::{Apart, for_workers};
use super::number::{float, whole};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Connections.
    Connections,
    /// Requests that wait for a connection.
    Pending,
    /// Requests at once.
    Requests,
    /// Retries at once.
    Retries,
    /// Pools of connections that are in use; there is no limit of them.
    Pools,
}

impl Resource {
    /// Those that a configuration limits.
    pub const ALL: [Self; 4] = [
        Self::Connections,
        Self::Pending,
        Self::Requests,
        Self::Retries,
    ];
}

/// The circuit breakers of a cluster, for all workers.
///
/// Each worker counts what it holds on a cache line of its own, which only it writes, and asks by
/// reading all of them. So with one worker the limits are exact. With more, several may see the last
/// free place at the same time, each once: a limit is exceeded by at most the number of workers less
/// one, as with Envoy, whose workers ask and take in two steps as well.
#[derive(Debug)]
pub struct Breakers {
    default: Breaker,
    high: Breaker,
}

#[derive(Debug)]
struct Breaker {
    thresholds: Thresholds,
    workers: Box<[Apart<Held>]>,
}

/// What a worker holds.
#[derive(Debug, Default)]
struct Held {
    connections: Gauge,
    pending: Gauge,
    requests: Gauge,
    retries: Gauge,
    pools: Gauge,
}

impl Held {
    fn of(&self, resource: Resource) -> &Gauge {
        match resource {
            Resource::Connections => &self.connections,
            Resource::Pending => &self.pending,
            Resource::Requests => &self.requests,
            Resource::Retries => &self.retries,
            Resource::Pools => &self.pools,
        }
    }
}

/// The gauges `circuit_breakers.<priority>.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BreakerGauges {
    /// No more connections may be made; nothing until one was.
    pub cx_open: Option<bool>,
    /// No more pools may be made.
    pub cx_pool_open: Option<bool>,
    /// No more requests may wait.
    pub rq_pending_open: Option<bool>,
    /// No more requests may be made.
    pub rq_open: Option<bool>,
    /// No more retries may be made.
    pub rq_retry_open: Option<bool>,
    /// How many more, if that is tracked.
    pub remaining: Option<Remaining>,
}

/// How many more of each may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remaining {
    /// `remaining_cx`.
    pub cx: u64,
    /// `remaining_cx_pools`; near 2^64, as there is no limit.
    pub pools: u64,
    /// `remaining_pending`.
    pub pending: u64,
    /// `remaining_rq`.
    pub rq: u64,
    /// `remaining_retries`; 0 where a budget limits them.
    pub retries: u64,
}

/// The statistics in which the breakers of a cluster show, of both priorities.
#[derive(Debug)]
pub struct BreakerStats([(Shared<CircuitBreakerStats>, Option<Shared<RemainingStats>>); 2]);

impl BreakerStats {
    /// Those below a cluster's scope.
    pub fn new(limits: &Limits, cluster: &Scope) -> Self {
        let of = |name: &str, thresholds: &Thresholds| {
            let scope = cluster.child(name);
            let tracked = thresholds.track_remaining;
            let remaining = tracked.then(|| scope.shared(Writer::Main));
            (scope.shared(Writer::Main), remaining)
        };
        Self([
            of("circuit_breakers.default", &limits.default),
            of("circuit_breakers.high", &limits.high),
        ])
    }
}

impl Breakers {
    /// The breakers of so many workers.
    pub fn new(limits: &Limits, workers: usize) -> Self {
        let breaker = |thresholds| Breaker {
            thresholds,
            workers: for_workers(workers),
        };
        Self {
            default: breaker(limits.default),
            high: breaker(limits.high),
        }
    }

    /// Whether one more may be had.
    pub fn may(&self, priority: Priority, resource: Resource) -> bool {
        let breaker = self.of(priority);
        breaker.held(resource) < breaker.limit(resource)
    }

    /// Takes one for a worker, if one more may be had.
    #[must_use]
    pub fn try_take(&self, worker: usize, priority: Priority, resource: Resource) -> bool {
        let may = self.may(priority, resource);
        if may {
            self.take(worker, priority, resource);
        }
        may
    }

    /// Takes one for a worker although there may be none: the first connection of a pool, without
    /// which its requests would wait for ever.
    pub fn take(&self, worker: usize, priority: Priority, resource: Resource) {
        self.of(priority).worker(worker).of(resource).add(1);
    }

    /// Gives one back, in the worker that took it.
    pub fn give(&self, worker: usize, priority: Priority, resource: Resource) {
        self.of(priority).worker(worker).of(resource).sub(1);
    }

    /// How many are held by all workers.
    pub fn held(&self, priority: Priority, resource: Resource) -> u64 {
        self.of(priority).held(resource)
    }

    /// How many may be held; of a retry budget as it is now.
    pub fn limit(&self, priority: Priority, resource: Resource) -> u64 {
        self.of(priority).limit(resource)
    }

    /// What Envoy shows of a priority.
    pub fn gauges(&self, priority: Priority) -> BreakerGauges {
        let breaker = self.of(priority);
        let open = |resource| {
            // Envoy looks only when something is taken or given back.
            let looked = breaker.is_used(resource);
            looked.then(|| breaker.held(resource) >= breaker.shown_limit(resource))
        };
        let left = |resource| {
            breaker
                .shown_limit(resource)
                .saturating_sub(breaker.held(resource))
        };
        let retries = match breaker.thresholds.max_retries {
            MaxRetries::Count(_) => left(Resource::Retries),
            MaxRetries::Budget { .. } => 0,
        };
        BreakerGauges {
            cx_open: open(Resource::Connections),
            cx_pool_open: open(Resource::Pools),
            rq_pending_open: open(Resource::Pending),
            rq_open: open(Resource::Requests),
            rq_retry_open: open(Resource::Retries),
            remaining: breaker.thresholds.track_remaining.then(|| Remaining {
                cx: left(Resource::Connections),
                pools: left(Resource::Pools),
                pending: left(Resource::Pending),
                rq: left(Resource::Requests),
                retries,
            }),
        }
    }

    /// Shows them in the statistics.
    pub fn publish(&self, shown: &BreakerStats) {
        let both = [Priority::Default, Priority::High].into_iter();
        for (priority, (stats, remaining)) in both.zip(&shown.0) {
            let gauges = self.gauges(priority);
            let flags = [
                (&stats.cx_open, gauges.cx_open),
                (&stats.cx_pool_open, gauges.cx_pool_open),
                (&stats.rq_pending_open, gauges.rq_pending_open),
                (&stats.rq_open, gauges.rq_open),
                (&stats.rq_retry_open, gauges.rq_retry_open),
            ];
            for (flag, open) in flags {
                if let Some(open) = open {
                    flag.set(open);
                }
            }
            if let (Some(stats), Some(left)) = (remaining, gauges.remaining) {
                stats.remaining_cx.set(left.cx);
                stats.remaining_cx_pools.set(left.pools);
                stats.remaining_pending.set(left.pending);
                stats.remaining_rq.set(left.rq);
                stats.remaining_retries.set(left.retries);
            }
        }
    }

    fn of(&self, priority: Priority) -> &Breaker {
        match priority {
            Priority::Default => &self.default,
            Priority::High => &self.high,
        }
    }
}

impl Breaker {
    fn worker(&self, worker: usize) -> &Held {
        &self.workers[worker % self.workers.len()].0
    }

    fn held(&self, resource: Resource) -> u64 {
        self.workers
            .iter()
            .map(|worker| worker.0.of(resource).value())
            .sum()
    }

    fn is_used(&self, resource: Resource) -> bool {
        let mut workers = self.workers.iter();
        workers.any(|worker| worker.0.of(resource).is_used())
    }

    fn limit(&self, resource: Resource) -> u64 {
        match (resource, self.thresholds.max_retries) {
            (
                Resource::Retries,
                MaxRetries::Budget {
                    percent, minimum, ..
                },
            ) => {
                let busy = self.held(Resource::Requests) + self.held(Resource::Pending);
                whole(percent / 100.0 * float(busy)).max(u64::from(minimum))
            }
            _ => self.shown_limit(resource),
        }
    }

    /// The limit that gauges go by.
    fn shown_limit(&self, resource: Resource) -> u64 {
        let limits = &self.thresholds;
        match resource {
            Resource::Connections => limits.max_connections.into(),
            Resource::Pending => limits.max_pending_requests.into(),
            Resource::Requests => limits.max_requests.into(),
            Resource::Pools => u64::MAX,
            Resource::Retries => match limits.max_retries {
                MaxRetries::Count(count) | MaxRetries::Budget { beside: count, .. } => count.into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    fn breakers(requests: u32, retries: MaxRetries, workers: usize) -> Breakers {
        let thresholds = Thresholds {
            max_connections: 2,
            max_pending_requests: 1,
            max_requests: requests,
            max_retries: retries,
            track_remaining: true,
        };
        let high = Thresholds {
            track_remaining: false,
            ..thresholds
        };
        Breakers::new(
            &Limits {
                default: thresholds,
                high,
            },
            workers,
        )
    }

    #[test]
    fn one_worker_never_exceeds_a_limit() {
        let breakers = breakers(3, MaxRetries::Count(1), 1);
        for (resource, limit) in Resource::ALL.into_iter().zip([2, 1, 3, 1]) {
            for priority in [Priority::Default, Priority::High] {
                let taken = (0..9)
                    .filter(|_| breakers.try_take(0, priority, resource))
                    .count();
                assert_eq!(taken, limit);
                assert!(!breakers.may(priority, resource));
                breakers.give(0, priority, resource);
                assert!(breakers.may(priority, resource));
            }
        }
    }

    #[test]
    fn gauges_tell_what_is_open_and_what_remains() {
        let breakers = breakers(2, MaxRetries::Count(1), 2);
        let gauges = breakers.gauges(Priority::Default);
        let remaining = Remaining {
            cx: 2,
            pools: u64::MAX,
            pending: 1,
            rq: 2,
            retries: 1,
        };
        let closed = BreakerGauges {
            remaining: Some(remaining),
            ..BreakerGauges::default()
        };
        assert_eq!(gauges, closed);
        breakers.take(0, Priority::Default, Resource::Requests);
        breakers.take(1, Priority::Default, Resource::Requests);
        breakers.take(1, Priority::Default, Resource::Retries);
        let gauges = breakers.gauges(Priority::Default);
        assert_eq!(
            (gauges.rq_open, gauges.rq_retry_open, gauges.cx_open),
            (Some(true), Some(true), None)
        );
        assert_eq!(
            gauges.remaining,
            Some(Remaining {
                rq: 0,
                retries: 0,
                ..remaining
            })
        );
        assert_eq!(breakers.gauges(Priority::High), BreakerGauges::default());
    }

    #[test]
    fn a_first_connection_may_exceed_the_limit() {
        let breakers = breakers(2, MaxRetries::Count(1), 1);
        (0..3).for_each(|_| breakers.take(0, Priority::Default, Resource::Connections));
        assert_eq!(breakers.held(Priority::Default, Resource::Connections), 3);
        let gauges = breakers.gauges(Priority::Default);
        assert_eq!(
            (gauges.cx_open, gauges.remaining.unwrap().cx),
            (Some(true), 0)
        );
    }

    #[test]
    fn a_budget_follows_the_requests() {
        let breakers = breakers(
            100,
            MaxRetries::Budget {
                percent: 20.0,
                minimum: 2,
                beside: 3,
            },
            2,
        );
        let limit = || breakers.limit(Priority::Default, Resource::Retries);
        assert_eq!(limit(), 2);
        for request in 0..14 {
            breakers.take(request % 2, Priority::Default, Resource::Requests);
        }
        assert_eq!(limit(), 2);
        breakers.take(0, Priority::Default, Resource::Pending);
        assert_eq!(limit(), 3);
        for _ in 0..3 {
            assert!(breakers.try_take(1, Priority::Default, Resource::Retries));
        }
        assert!(!breakers.try_take(0, Priority::Default, Resource::Retries));
        assert_eq!(
            breakers
                .gauges(Priority::Default)
                .remaining
                .unwrap()
                .retries,
            0
        );
    }

    #[test]
    fn several_workers_exceed_a_limit_by_less_than_their_number() {
        const WORKERS: usize = 4;
        let breakers = Arc::new(breakers(50, MaxRetries::Count(1), WORKERS));
        let work = |worker: usize| {
            let breakers = Arc::clone(&breakers);
            thread::spawn(move || {
                let (priority, resource) = (Priority::Default, Resource::Requests);
                let mut most = 0;
                for round in 0..20_000 {
                    let taken = (0..20)
                        .filter(|_| breakers.try_take(worker, priority, resource))
                        .count();
                    most = most.max(breakers.held(priority, resource));
                    (0..taken).for_each(|_| breakers.give(worker, priority, resource));
                    if round % 64 == 0 {
                        thread::yield_now();
                    }
                }
                most
            })
        };
        let threads = (0..WORKERS).map(work).collect::<Vec<_>>();
        for thread in threads {
            // Reading while others give back may count a place twice, but never more than one a worker.
            let most = thread.join().unwrap();
            assert!(most < 50 + 2 * WORKERS as u64, "{most}");
        }
        assert_eq!(breakers.held(Priority::Default, Resource::Requests), 0);
    }
}
