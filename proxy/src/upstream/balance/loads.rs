//! Shares requests between priorities by their health.

use crate::upstream::members::HostSet;
use crate::upstream::number::{count, float_size};

/// Which priority gets how much.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loads {
    /// Percent for the healthy hosts of each priority, ...
    pub healthy: Vec<u64>,
    /// ... and for its degraded hosts; altogether 100.
    pub degraded: Vec<u64>,
    /// Priorities of which all hosts are asked, because too few are healthy.
    pub panic: Vec<bool>,
}

/// Which hosts of a priority are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// The healthy ones.
    Healthy,
    /// The degraded ones.
    Degraded,
}

impl Loads {
    /// Shares them; `threshold` is the percentage of hosts below which a priority panics.
    pub fn new<'a>(sets: impl Iterator<Item = &'a HostSet> + Clone, threshold: f64) -> Self {
        let (healthy, degraded) = sets.clone().map(available).unzip::<_, _, Vec<_>, Vec<_>>();
        let total = healthy.iter().chain(&degraded).sum::<u64>().min(100);
        let mut loads = Self::shared(&healthy, &degraded, total);
        // Envoy keeps the threshold in whole percent.
        let threshold = threshold.round().min(100.0);
        if threshold <= 0.0 && total == 0 {
            loads.healthy[0] = 100;
            return loads;
        }
        if total < 100 {
            loads.panic = sets.clone().map(|set| panics(set, threshold)).collect();
        }
        if loads.panic.iter().all(|panic| *panic) {
            loads.share_by_size(sets.map(|set| set.hosts.len()));
        }
        loads
    }

    /// The priority that a hash or random number means.
    pub fn choose(&self, number: u64) -> (usize, Availability) {
        let number = number % 100 + 1;
        let healthy = self
            .healthy
            .iter()
            .map(|load| (load, Availability::Healthy))
            .enumerate();
        let degraded = self
            .degraded
            .iter()
            .map(|load| (load, Availability::Degraded))
            .enumerate();
        let mut sum = 0;
        for (priority, (load, availability)) in healthy.chain(degraded) {
            sum += load;
            if number <= sum {
                return (priority, availability);
            }
        }
        (0, Availability::Healthy)
    }

    fn shared(healthy: &[u64], degraded: &[u64], total: u64) -> Self {
        let mut loads = Self {
            healthy: vec![0; healthy.len()],
            degraded: vec![0; degraded.len()],
            panic: vec![false; healthy.len()],
        };
        if total == 0 {
            return loads;
        }
        let mut left = 100;
        for (load, available) in loads.healthy.iter_mut().zip(healthy) {
            *load = left.min(available * 100 / total);
            left -= *load;
        }
        for (load, available) in loads.degraded.iter_mut().zip(degraded) {
            *load = left.min(available * 100 / total);
            left -= *load;
        }
        // What rounding left goes to the first that is there.
        let first = |available: &[u64]| available.iter().position(|one| *one > 0);
        if let Some(priority) = first(healthy) {
            loads.healthy[priority] += left;
        } else if let Some(priority) = first(degraded) {
            loads.degraded[priority] += left;
        }
        loads
    }

    /// All panic: health does not count any more, only how many hosts there are.
    fn share_by_size(&mut self, sizes: impl Iterator<Item = usize>) {
        let sizes = sizes.map(count).collect::<Vec<_>>();
        let total = sizes.iter().sum::<u64>();
        self.degraded.fill(0);
        let Some(first) = sizes.iter().position(|size| *size > 0) else {
            self.healthy[0] = 100;
            return;
        };
        for (load, size) in self.healthy.iter_mut().zip(&sizes) {
            *load = 100 * size / total;
        }
        self.healthy[first] += 100 - self.healthy.iter().sum::<u64>();
    }
}

/// Percent of a priority that healthy and degraded hosts can take, overprovisioned.
fn available(set: &HostSet) -> (u64, u64) {
    let factor = u64::from(set.overprovisioning_factor);
    let weigh = |hosts: &[_]| {
        if set.weighted_priority_health {
            weight(hosts)
        } else {
            count(hosts.len())
        }
    };
    let total = weigh(&set.hosts).saturating_sub(weigh(&set.excluded));
    if set.counted() == 0 || total == 0 {
        return (0, 0);
    }
    let percent = |hosts: &[_]| (factor * weigh(hosts) / total).min(100);
    (percent(&set.healthy), percent(&set.degraded))
}

fn weight(hosts: &[std::sync::Arc<crate::upstream::Host>]) -> u64 {
    hosts.iter().map(|host| u64::from(host.weight)).sum()
}

/// Whether too few hosts of a set are healthy or degraded.
pub(crate) fn panics(set: &HostSet, threshold: f64) -> bool {
    let counted = set.counted();
    let percent = |hosts: usize| {
        if counted == 0 {
            0.0
        } else {
            100.0 * float_size(hosts) / float_size(counted)
        }
    };
    percent(set.healthy.len()) + percent(set.degraded.len()) < threshold
}
