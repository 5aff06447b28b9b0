//! Decides what a check says about a host, and when the next one is.

use std::time::Duration;

use crate::config::model::health::HealthCheck;
use crate::stats::HealthCheckStats;
use crate::upstream::host::{HealthFlag, HostState};
use crate::upstream::random::Random;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The host is well.
    Healthy,
    /// The host is well, but says that others should be preferred.
    Degraded,
    /// The host answered otherwise than it should.
    Unhealthy,
    /// The host answered in a way that counts only several times in a row.
    Retriable,
    /// There was no connection, or it ended.
    NetworkFailure,
    /// There was no answer in time.
    Timeout,
    /// The host said in an answer to a request that it is not well.
    Passive,
}

/// What a check changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// Nothing.
    Unchanged,
    /// The host is another one now.
    Changed,
    /// A few more like this change it.
    Pending,
}

/// What is remembered of the checks of a host. Nothing waits here: who runs it asks how long to wait.
#[derive(Debug, Clone)]
pub struct Session {
    first: bool,
    healthy: u32,
    unhealthy: u32,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            first: true,
            healthy: 0,
            unhealthy: 0,
        }
    }
}

impl Session {
    /// Begins to check a host.
    pub fn begin(state: &HostState, counters: &HealthCheckStats) -> Self {
        let flags = state.flags.get();
        if !flags.has(HealthFlag::FailedActiveCheck) {
            counters.healthy.add(1);
        }
        if flags.has(HealthFlag::DegradedActiveCheck) {
            counters.degraded.add(1);
        }
        Self::default()
    }

    /// The host is checked no more.
    pub fn end(self, state: &HostState, counters: &HealthCheckStats) {
        let flags = state.flags.get();
        if !flags.has(HealthFlag::FailedActiveCheck) {
            counters.healthy.sub(1);
        }
        if flags.has(HealthFlag::DegradedActiveCheck) {
            counters.degraded.sub(1);
        }
    }

    /// Takes the result of a check.
    pub fn take(
        &mut self,
        verdict: Verdict,
        state: &HostState,
        options: &HealthCheck,
        counters: &HealthCheckStats,
    ) -> Transition {
        let transition = match verdict {
            Verdict::Healthy => self.well(false, state, options, counters),
            Verdict::Degraded => self.well(true, state, options, counters),
            _ => self.ill(verdict, state, options, counters),
        };
        self.first = false;
        transition
    }

    fn well(
        &mut self,
        degraded: bool,
        state: &HostState,
        options: &HealthCheck,
        counters: &HealthCheckStats,
    ) -> Transition {
        self.unhealthy = 0;
        let mut transition = Transition::Unchanged;
        if state.flags.get().has(HealthFlag::FailedActiveCheck) {
            if !self.first {
                self.healthy += 1;
            }
            if self.first || self.healthy == options.healthy_threshold {
                state.flags.clear(HealthFlag::ActiveCheckTimeout);
                state.flags.clear(HealthFlag::ExcludedByImmediateFailure);
                state.flags.clear(HealthFlag::FailedActiveCheck);
                counters.healthy.add(1);
                transition = Transition::Changed;
            } else {
                transition = Transition::Pending;
            }
        }
        if state.flags.clear(HealthFlag::PendingActiveCheck) {
            transition = Transition::Changed;
        }
        if state.flags.put(HealthFlag::DegradedActiveCheck, degraded) {
            // Envoy does not lower its gauge here, and goes on showing hosts that are degraded no more.
            if degraded {
                counters.degraded.add(1);
            }
            if transition == Transition::Unchanged {
                transition = Transition::Changed;
            }
        }
        counters.success.increment();
        transition
    }

    fn ill(
        &mut self,
        verdict: Verdict,
        state: &HostState,
        options: &HealthCheck,
        counters: &HealthCheckStats,
    ) -> Transition {
        self.healthy = 0;
        let network = matches!(verdict, Verdict::NetworkFailure | Verdict::Timeout);
        let mut transition = Transition::Unchanged;
        if !state.flags.get().has(HealthFlag::FailedActiveCheck) {
            let patient = network || verdict == Verdict::Retriable;
            if patient {
                self.unhealthy += 1;
            }
            if !patient || self.unhealthy == options.unhealthy_threshold {
                state.flags.set(HealthFlag::FailedActiveCheck);
                state.fall();
                counters.healthy.sub(1);
                transition = Transition::Changed;
            } else {
                transition = Transition::Pending;
            }
        }
        let failed = state.flags.get().has(HealthFlag::FailedActiveCheck);
        let timeout = verdict == Verdict::Timeout && failed;
        state.flags.put(HealthFlag::ActiveCheckTimeout, timeout);
        if state.flags.clear(HealthFlag::PendingActiveCheck) {
            transition = Transition::Changed;
        }
        counters.failure.increment();
        if network {
            counters.network_failure.increment();
        } else if verdict == Verdict::Passive {
            counters.passive_failure.increment();
        }
        transition
    }
}

/// How long to wait for the first check of a host.
pub fn first_wait(options: &HealthCheck, random: &mut Random) -> Duration {
    if options.initial_jitter.is_zero() {
        return Duration::ZERO;
    }
    let jitter = random.below_duration(options.initial_jitter);
    jitter.max(Duration::from_millis(1))
}

/// How long to wait for the next check, after one that went so.
pub fn next_wait(
    verdict: Verdict,
    transition: Transition,
    had_traffic: bool,
    options: &HealthCheck,
    random: &mut Random,
) -> Duration {
    let healthy = matches!(verdict, Verdict::Healthy | Verdict::Degraded);
    let pending = transition == Transition::Pending;
    let base = match (had_traffic, healthy, pending) {
        (true, true, true) => options.healthy_edge_interval,
        (true, true, false) => options.interval,
        (true, false, true) => options.unhealthy_edge_interval,
        (true, false, false) => options.unhealthy_interval,
        (false, true, false) => options.no_traffic_healthy_interval,
        (false, _, _) => options.no_traffic_interval,
    };
    let part = base * options.jitter_percent / 100;
    let wait = base + random.below_duration(part) + random.below_duration(options.jitter);
    wait.max(Duration::from_millis(1))
}
