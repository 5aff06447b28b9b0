//! Decides which hosts are left out, and when they come back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::model::cluster::OutlierDetection;
use crate::stats::{OutlierStats, Shared};
use crate::upstream::host::{HealthFlag, Host, HostId, HostTraffic};
use crate::upstream::number::{count, float, float_size};
use crate::upstream::random::Random;

use super::Reason;

/// Decides for all hosts of a cluster. Time is passed in; nothing waits here.
#[derive(Debug)]
pub struct Detector {
    options: OutlierDetection,
    counters: Shared<OutlierStats>,
    random: Random,
    members: BTreeMap<HostId, Member>,
    averages: Averages,
    local_averages: Averages,
}

/// What the success rates of an interval are compared with, in percent; -1 if they are not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Averages {
    /// The mean.
    pub mean: f64,
    /// Hosts below this are left out.
    pub threshold: f64,
}

const UNKNOWN: Averages = Averages {
    mean: -1.0,
    threshold: -1.0,
};

#[derive(Debug)]
struct Member {
    host: Arc<Host>,
    ejected: Option<Instant>,
    returned: Option<Instant>,
    backoff: u32,
    jitter: Duration,
    answers: Tally,
    attempts: Tally,
}

/// How many there were when the last interval ended, and during it.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    before: (u64, u64),
    interval: (u64, u64),
}

impl Tally {
    fn take(&mut self, (all, good): (u64, u64)) {
        self.interval = (
            all.wrapping_sub(self.before.0),
            good.wrapping_sub(self.before.1),
        );
        self.before = (all, good);
    }
}

/// Whose doing is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    External,
    Local,
}

impl Member {
    fn new(host: &Arc<Host>) -> Self {
        Self {
            host: Arc::clone(host),
            ejected: None,
            returned: None,
            backoff: 0,
            jitter: Duration::ZERO,
            answers: Tally::default(),
            attempts: Tally::default(),
        }
    }

    fn is_ejected(&self) -> bool {
        self.host
            .state
            .flags
            .get()
            .has(HealthFlag::FailedOutlierCheck)
    }

    fn tally(&mut self) {
        let state = &self.host.state;
        let sum = |number: fn(&HostTraffic) -> u64| state.sum(number);
        self.answers.take((
            sum(|one| one.answers.value()),
            sum(|one| one.good_answers.value()),
        ));
        self.attempts.take((
            sum(|one| one.attempts.value()),
            sum(|one| one.good_attempts.value()),
        ));
        state.monitor.success_rate.set(-1.0);
        state.monitor.local_origin_success_rate.set(-1.0);
    }

    /// Percent and number of the last interval.
    fn rate(&self, origin: Origin) -> Option<(f64, u64)> {
        let (all, good) = match origin {
            Origin::External => self.answers.interval,
            Origin::Local => self.attempts.interval,
        };
        (all > 0).then(|| (float(good) * 100.0 / float(all), all))
    }
}

impl Detector {
    /// Leaves out no one yet.
    pub fn new(options: OutlierDetection, counters: Shared<OutlierStats>, random: Random) -> Self {
        let (averages, local_averages) = (UNKNOWN, UNKNOWN);
        Self {
            options,
            counters,
            random,
            members: BTreeMap::new(),
            averages,
            local_averages,
        }
    }

    /// What success rates were compared with: of answers, and of what happened on our side.
    pub fn averages(&self) -> (Averages, Averages) {
        (self.averages, self.local_averages)
    }

    /// These are the hosts from now on. What is known of those that stay is kept.
    pub fn set_members<'a>(&mut self, hosts: impl Iterator<Item = &'a Arc<Host>>) {
        let mut before = std::mem::take(&mut self.members);
        for host in hosts {
            let mut member = before.remove(&host.id).unwrap_or_else(|| Member::new(host));
            member.host = Arc::clone(host);
            self.members.insert(host.id, member);
        }
        let gone = before.into_values().filter(Member::is_ejected).count();
        (0..gone).for_each(|_| self.counters.ejections_active.sub(1));
    }

    /// A host failed often enough in a row. True if it is left out now.
    pub fn failed(&mut self, id: HostId, reason: Reason, now: Instant) -> bool {
        let Some(member) = self.members.get(&id) else {
            return false;
        };
        if member.is_ejected() {
            return false;
        }
        let host = Arc::clone(&member.host);
        reason.detected(&self.counters).increment();
        let ejected = self.eject(id, reason, now);
        if reason == Reason::Consecutive5xx {
            self.counters.ejections_consecutive_5xx.increment();
        }
        host.state.monitor.end(reason);
        ejected
    }

    /// A health check of a host went well. True if it comes back by that.
    pub fn passed_check(&mut self, id: HostId, now: Instant) -> bool {
        if !self.options.health_check_unejects {
            return false;
        }
        match self.members.get_mut(&id) {
            Some(member) if member.is_ejected() => {
                bring_back(member, &self.counters, now);
                true
            }
            _ => false,
        }
    }

    /// An interval is over. True if a host was left out or came back.
    pub fn tick(&mut self, now: Instant) -> bool {
        let mut changed = false;
        for member in self.members.values_mut() {
            changed |= self.options.return_if_due(member, &self.counters, now);
            member.tally();
        }
        changed |= self.compare(Origin::External, now);
        changed |= self.compare(Origin::Local, now);
        for member in self
            .members
            .values_mut()
            .filter(|member| !member.is_ejected())
        {
            let rested = |returned| now.duration_since(returned) >= self.options.interval;
            if member.returned.is_some_and(rested) {
                member.backoff = member.backoff.saturating_sub(1);
            }
        }
        changed
    }

    /// Leaves out those whose rates of the last interval are bad.
    fn compare(&mut self, origin: Origin, now: Instant) -> bool {
        let (rates, failures) = (self.options.success_rate, self.options.failure_percentage);
        *self.averages_of(origin) = UNKNOWN;
        let known = count(self.members.len());
        let (enough_rates, enough_failures) = (
            u64::from(rates.minimum_hosts),
            u64::from(failures.minimum_hosts),
        );
        if known < enough_rates && known < enough_failures {
            return false;
        }
        let with = |volume: u32| self.rates(origin, u64::from(volume));
        let (by_rate, by_failures) = (with(rates.request_volume), with(failures.request_volume));
        self.show(
            origin,
            u64::from(rates.request_volume.min(failures.request_volume)),
        );
        let mut changed = false;
        if !by_rate.is_empty() && count(by_rate.len()) >= enough_rates {
            let averages = averages(&by_rate, f64::from(rates.stdev_factor) / 1000.0);
            *self.averages_of(origin) = averages;
            let bad = by_rate
                .iter()
                .filter(|(_, rate)| *rate < averages.threshold);
            for (id, _) in bad {
                self.counters.ejections_success_rate.increment();
                changed |= self.detect(*id, origin.reason_of_rate(), now);
            }
        }
        if !by_failures.is_empty() && count(by_failures.len()) >= enough_failures {
            let threshold = f64::from(failures.threshold);
            for (id, _) in by_failures
                .iter()
                .filter(|(_, rate)| 100.0 - rate >= threshold)
            {
                changed |= self.detect(*id, origin.reason_of_failures(), now);
            }
        }
        changed
    }

    fn averages_of(&mut self, origin: Origin) -> &mut Averages {
        match origin {
            Origin::External => &mut self.averages,
            Origin::Local => &mut self.local_averages,
        }
    }

    /// The rates of hosts that are not left out and had so many requests.
    fn rates(&self, origin: Origin, volume: u64) -> Vec<(HostId, f64)> {
        let here = self
            .members
            .iter()
            .filter(|(_, member)| !member.is_ejected());
        here.filter_map(|(id, member)| {
            let (rate, requests) = member.rate(origin)?;
            (requests >= volume).then_some((*id, rate))
        })
        .collect()
    }

    /// Tells `/clusters`.
    fn show(&self, origin: Origin, volume: u64) {
        for (id, rate) in self.rates(origin, volume) {
            let monitor = &self.members[&id].host.state.monitor;
            match origin {
                Origin::External => monitor.success_rate.set(rate),
                Origin::Local => monitor.local_origin_success_rate.set(rate),
            }
        }
    }

    /// A host may be found bad for two reasons at once; it is left out once.
    fn detect(&mut self, id: HostId, reason: Reason, now: Instant) -> bool {
        reason.detected(&self.counters).increment();
        self.eject(id, reason, now)
    }

    fn eject(&mut self, id: HostId, reason: Reason, now: Instant) -> bool {
        let (options, counters) = (&self.options, &self.counters);
        let active = counters.ejections_active.value();
        let percent = 100.0 * (float(active) + 1.0) / float_size(self.members.len());
        let allowed = percent <= f64::from(options.max_ejection_percent.min(100))
            || (options.always_eject_one && active == 0);
        if !allowed {
            counters.ejections_overflow.increment();
            return false;
        }
        if matches!(reason, Reason::Consecutive5xx | Reason::SuccessRate) {
            counters.ejections_total.increment();
        }
        if !self.random.percent(u64::from(options.enforced(reason))) {
            return false;
        }
        let Some(member) = self.members.get_mut(&id) else {
            return false;
        };
        if !member.host.state.flags.set(HealthFlag::FailedOutlierCheck) {
            return false;
        }
        member.host.state.fall();
        counters.ejections_active.add(1);
        counters.ejections_enforced_total.increment();
        reason.enforced(counters).increment();
        member.ejected = Some(now);
        member.jitter = self
            .random
            .below_duration(options.jitter + Duration::from_millis(1));
        if options.base_ejection_time * member.backoff
            < options.max_ejection_time + options.base_ejection_time
        {
            member.backoff += 1;
        }
        true
    }
}

impl Drop for Detector {
    fn drop(&mut self) {
        // What is counted outlives this where the cluster is replaced by another of the same name.
        self.set_members(std::iter::empty());
    }
}

impl Origin {
    fn reason_of_rate(self) -> Reason {
        match self {
            Self::External => Reason::SuccessRate,
            Self::Local => Reason::SuccessRateLocalOrigin,
        }
    }

    fn reason_of_failures(self) -> Reason {
        match self {
            Self::External => Reason::FailurePercentage,
            Self::Local => Reason::FailurePercentageLocalOrigin,
        }
    }
}

impl OutlierDetection {
    /// Percent of the times that a reason counts.
    fn enforced(&self, reason: Reason) -> u32 {
        match reason {
            Reason::Consecutive5xx => self.consecutive_5xx.enforced,
            Reason::ConsecutiveGatewayFailure => self.consecutive_gateway_failure.enforced,
            Reason::ConsecutiveLocalOriginFailure => self.consecutive_local_origin_failure.enforced,
            Reason::SuccessRate => self.success_rate.enforced,
            Reason::SuccessRateLocalOrigin => self.success_rate.enforced_local_origin,
            Reason::FailurePercentage => self.failure_percentage.enforced,
            Reason::FailurePercentageLocalOrigin => self.failure_percentage.enforced_local_origin,
        }
    }

    fn return_if_due(&self, member: &mut Member, counters: &OutlierStats, now: Instant) -> bool {
        let out = (self.base_ejection_time * member.backoff).min(self.max_ejection_time);
        let due = |since| now.duration_since(since) >= out + member.jitter;
        let returns = member.is_ejected() && member.ejected.is_some_and(due);
        if returns {
            bring_back(member, counters, now);
        }
        returns
    }
}

fn bring_back(member: &mut Member, counters: &OutlierStats, now: Instant) {
    let state = &member.host.state;
    state.flags.clear(HealthFlag::FailedOutlierCheck);
    for reason in [
        Reason::Consecutive5xx,
        Reason::ConsecutiveGatewayFailure,
        Reason::ConsecutiveLocalOriginFailure,
    ] {
        state.monitor.end(reason);
    }
    counters.ejections_active.sub(1);
    member.returned = Some(now);
}

fn averages(rates: &[(HostId, f64)], factor: f64) -> Averages {
    let size = float_size(rates.len());
    let mean = rates.iter().map(|(_, rate)| rate).sum::<f64>() / size;
    let variance = rates
        .iter()
        .map(|(_, rate)| (rate - mean).powi(2))
        .sum::<f64>()
        / size;
    Averages {
        mean,
        threshold: mean - factor * variance.sqrt(),
    }
}
