//! Keeps where each list of hosts was left off.

use std::sync::Arc;

use crate::upstream::host::Host;
use crate::upstream::members::{HostSet, LocalityHosts, Snapshot};
use crate::upstream::number::{float_size, place};

use super::edf::Edf;
use super::loads::Availability;
use super::picker::Picker;

/// A list of hosts of a priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// All.
    All,
    /// The healthy ones.
    Healthy,
    /// The degraded ones.
    Degraded,
    /// The healthy ones of a locality.
    HealthyAt(usize),
    /// The degraded ones of a locality.
    DegradedAt(usize),
}

impl Source {
    /// The list of a locality, or of the whole priority.
    pub(super) fn of(availability: Availability, locality: Option<usize>) -> Self {
        match (availability, locality) {
            (Availability::Healthy, None) => Self::Healthy,
            (Availability::Degraded, None) => Self::Degraded,
            (Availability::Healthy, Some(locality)) => Self::HealthyAt(locality),
            (Availability::Degraded, Some(locality)) => Self::DegradedAt(locality),
        }
    }

    /// The hosts of the list.
    pub(super) fn hosts(self, set: &HostSet) -> Option<&[Arc<Host>]> {
        match self {
            Self::All => Some(&set.hosts),
            Self::Healthy => Some(&set.healthy),
            Self::Degraded => Some(&set.degraded),
            Self::HealthyAt(locality) => Some(&set.localities.get(locality)?.healthy),
            Self::DegradedAt(locality) => Some(&set.localities.get(locality)?.degraded),
        }
    }
}

/// Where a list was left off.
#[derive(Debug, Clone, Default)]
pub(super) struct Scheduler {
    /// Picks by weight, if weights differ.
    pub(super) edf: Option<Edf>,
    next: u64,
}

impl Scheduler {
    /// The next place of a list.
    pub(super) fn advance(&mut self, length: usize) -> usize {
        let index = place(self.next, length);
        self.next = self.next.wrapping_add(1);
        index
    }

    fn update(&mut self, hosts: &[Arc<Host>], picker: Picker, seed: u64) {
        let alike = hosts
            .windows(2)
            .all(|pair| pair[0].weight == pair[1].weight);
        self.edf = (picker.weighs() && !alike).then(|| {
            let weights = hosts
                .iter()
                .map(|host| picker.weight(host))
                .collect::<Vec<_>>();
            Edf::after_picks(&weights, seed)
        });
    }
}

/// Where all lists of a cluster were left off.
#[derive(Debug, Default)]
pub(super) struct Sources {
    seed: u64,
    priorities: Vec<PrioritySources>,
}

#[derive(Debug, Default)]
struct PrioritySources {
    set: Arc<HostSet>,
    all: Scheduler,
    healthy: Scheduler,
    degraded: Scheduler,
    healthy_at: Vec<Scheduler>,
    degraded_at: Vec<Scheduler>,
    healthy_localities: Option<Localities>,
    degraded_localities: Option<Localities>,
}

impl Sources {
    /// Begins anywhere, as the seed says.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            priorities: Vec::new(),
        }
    }

    /// Takes over what has changed. Rotations go on where they are.
    pub(super) fn update(&mut self, snapshot: &Snapshot, picker: &Picker) {
        let seed = self.seed;
        self.priorities.truncate(snapshot.priorities.len());
        for (index, set) in snapshot.priorities.iter().enumerate() {
            let known = self.priorities.get(index);
            if known.is_some_and(|known| Arc::ptr_eq(&known.set, set)) {
                continue;
            }
            if known.is_none() {
                self.priorities.push(PrioritySources::new(seed));
            }
            self.priorities[index].update(set, *picker, seed);
        }
    }

    /// Where a list was left off.
    pub(super) fn scheduler(&mut self, priority: usize, source: Source) -> Option<&mut Scheduler> {
        let sources = self.priorities.get_mut(priority)?;
        match source {
            Source::All => Some(&mut sources.all),
            Source::Healthy => Some(&mut sources.healthy),
            Source::Degraded => Some(&mut sources.degraded),
            Source::HealthyAt(locality) => sources.healthy_at.get_mut(locality),
            Source::DegradedAt(locality) => sources.degraded_at.get_mut(locality),
        }
    }

    /// The locality whose turn it is by weight, if localities have weights.
    pub(super) fn locality(
        &mut self,
        priority: usize,
        availability: Availability,
    ) -> Option<usize> {
        let sources = self.priorities.get_mut(priority)?;
        match availability {
            Availability::Healthy => sources.healthy_localities.as_mut()?.pick(),
            Availability::Degraded => sources.degraded_localities.as_mut()?.pick(),
        }
    }
}

impl PrioritySources {
    fn new(seed: u64) -> Self {
        let begin = || Scheduler {
            edf: None,
            next: seed,
        };
        Self {
            all: begin(),
            healthy: begin(),
            degraded: begin(),
            ..Self::default()
        }
    }

    fn update(&mut self, set: &Arc<HostSet>, picker: Picker, seed: u64) {
        self.set = Arc::clone(set);
        self.all.update(&set.hosts, picker, seed);
        self.healthy.update(&set.healthy, picker, seed);
        self.degraded.update(&set.degraded, picker, seed);
        let more = set.localities.len().max(self.healthy_at.len());
        self.healthy_at.resize_with(more, || Scheduler {
            edf: None,
            next: seed,
        });
        self.degraded_at.resize_with(more, || Scheduler {
            edf: None,
            next: seed,
        });
        for (locality, hosts) in set.localities.iter().enumerate() {
            self.healthy_at[locality].update(&hosts.healthy, picker, seed);
            self.degraded_at[locality].update(&hosts.degraded, picker, seed);
        }
        self.healthy_localities = Localities::new(set, |one| one.healthy.len(), seed);
        self.degraded_localities = Localities::new(set, |one| one.degraded.len(), seed);
    }
}

/// Localities that take turns by weight.
#[derive(Debug)]
struct Localities {
    /// Which, and what it weighs.
    weighted: Vec<(usize, f64)>,
    edf: Edf,
}

impl Localities {
    /// The weight of a locality lessens with its hosts that may be asked; nothing if none weighs.
    fn new(set: &HostSet, eligible: impl Fn(&LocalityHosts) -> usize, seed: u64) -> Option<Self> {
        let factor = f64::from(set.overprovisioning_factor) / 100.0;
        let weight = |one: &LocalityHosts| {
            let counted = one.hosts.len() - one.excluded;
            if counted == 0 {
                return 0.0;
            }
            let share = float_size(eligible(one)) / float_size(counted);
            f64::from(one.weight) * (factor * share).min(1.0)
        };
        let weighted = set
            .localities
            .iter()
            .map(weight)
            .enumerate()
            .filter(|(_, weight)| *weight > 0.0)
            .collect::<Vec<_>>();
        let weights = weighted
            .iter()
            .map(|(_, weight)| *weight)
            .collect::<Vec<_>>();
        (!weighted.is_empty()).then(|| Self {
            weighted,
            edf: Edf::after_picks(&weights, seed),
        })
    }

    fn pick(&mut self) -> Option<usize> {
        let entry = self.edf.pick(|entry| self.weighted[entry].1)?;
        Some(self.weighted[entry].0)
    }
}
