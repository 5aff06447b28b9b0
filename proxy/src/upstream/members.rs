//! The hosts of a cluster at one moment, by priority, locality and health.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::model::Locality;

use super::balance::loads::Loads;
use super::balance::ring::Ring;
use super::balance::zone::ZoneRouting;
use super::host::{CoarseHealth, Host};

/// All hosts of a cluster at one moment. Never changes; an update makes another one.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// By priority; at least one, perhaps without hosts.
    pub priorities: Vec<Arc<HostSet>>,
    /// Which priority gets how much.
    pub loads: Loads,
    /// How requests are spread over zones; nothing if they are not.
    pub zone: Option<ZoneRouting>,
    /// Too few hosts of the own cluster are healthy to route by zone.
    pub local_panics: bool,
    /// The ring of each priority, if there are rings.
    pub rings: Vec<Arc<Ring>>,
}

impl Snapshot {
    /// All hosts.
    pub fn hosts(&self) -> impl Iterator<Item = &Arc<Host>> {
        self.priorities.iter().flat_map(|set| &set.hosts)
    }

    /// The sum of a number over all priorities.
    pub fn sum(&self, number: impl Fn(&HostSet) -> usize) -> u64 {
        super::number::count(self.priorities.iter().map(|set| number(set)).sum())
    }
}

/// The hosts of a priority.
#[derive(Debug, Default)]
pub struct HostSet {
    /// Which priority.
    pub priority: u32,
    /// Percent by which healthy hosts count for more than they are.
    pub overprovisioning_factor: u32,
    /// Hosts count by weight when the health of the priority is told.
    pub weighted_priority_health: bool,
    /// All.
    pub hosts: Vec<Arc<Host>>,
    /// Those that are healthy, ...
    pub healthy: Vec<Arc<Host>>,
    /// ... those that are degraded, ...
    pub degraded: Vec<Arc<Host>>,
    /// ... and those that do not count.
    pub excluded: Vec<Arc<Host>>,
    /// By locality: the own one first if it has hosts, the others in order.
    pub localities: Vec<LocalityHosts>,
    /// The first of `localities` is the own one.
    pub has_own_locality: bool,
}

/// The hosts of a locality and priority.
#[derive(Debug, Default)]
pub struct LocalityHosts {
    /// Which locality.
    pub locality: Locality,
    /// Its share, where localities are weighted.
    pub weight: u32,
    /// All.
    pub hosts: Vec<Arc<Host>>,
    /// Those that are healthy.
    pub healthy: Vec<Arc<Host>>,
    /// Those that are degraded.
    pub degraded: Vec<Arc<Host>>,
    /// How many do not count.
    pub excluded: usize,
}

/// What a [`HostSet`] is made from.
#[derive(Debug, Default)]
pub struct Plan {
    /// Which priority.
    pub priority: u32,
    /// Percent by which healthy hosts count for more than they are.
    pub overprovisioning_factor: u32,
    /// Hosts count by weight when the health of the priority is told.
    pub weighted_priority_health: bool,
    /// The hosts, in order.
    pub hosts: Vec<Arc<Host>>,
    /// By which target each of them was found.
    pub targets: Vec<usize>,
    /// The shares of localities that have one.
    pub weights: BTreeMap<Locality, u32>,
}

impl HostSet {
    /// Parts hosts by what their flags say now. `own` is where this proxy stands, if that is known.
    pub fn new(plan: &Plan, own: Option<&Locality>) -> Self {
        let mut set = Self {
            priority: plan.priority,
            overprovisioning_factor: plan.overprovisioning_factor,
            weighted_priority_health: plan.weighted_priority_health,
            ..Self::default()
        };
        let mut localities = BTreeMap::<&Locality, LocalityHosts>::new();
        for host in &plan.hosts {
            let flags = host.state.flags.get();
            let there = localities.entry(&host.locality).or_default();
            set.hosts.push(Arc::clone(host));
            there.hosts.push(Arc::clone(host));
            match flags.coarse() {
                CoarseHealth::Healthy => {
                    set.healthy.push(Arc::clone(host));
                    there.healthy.push(Arc::clone(host));
                }
                CoarseHealth::Degraded => {
                    set.degraded.push(Arc::clone(host));
                    there.degraded.push(Arc::clone(host));
                }
                CoarseHealth::Unhealthy => {}
            }
            if flags.excluded() {
                set.excluded.push(Arc::clone(host));
                there.excluded += 1;
            }
        }
        let first = own.and_then(|own| localities.remove_entry(own));
        set.has_own_locality = first.is_some();
        set.localities = first
            .into_iter()
            .chain(localities)
            .map(|(locality, hosts)| LocalityHosts {
                weight: plan.weights.get(locality).copied().unwrap_or(0),
                locality: locality.clone(),
                ..hosts
            })
            .collect();
        set
    }

    /// Whether it holds the same hosts in the same health as another one.
    pub fn is_same(&self, other: &Self) -> bool {
        let lists =
            |set: &Self| [&set.hosts, &set.healthy, &set.degraded, &set.excluded].map(Vec::len);
        let same = |mine: &[Arc<Host>], theirs: &[Arc<Host>]| {
            mine.iter()
                .zip(theirs)
                .all(|(mine, theirs)| Arc::ptr_eq(mine, theirs))
        };
        let weights = |set: &Self| {
            set.localities
                .iter()
                .map(|one| one.weight)
                .collect::<Vec<_>>()
        };
        lists(self) == lists(other)
            && same(&self.hosts, &other.hosts)
            && same(&self.healthy, &other.healthy)
            && same(&self.degraded, &other.degraded)
            && same(&self.excluded, &other.excluded)
            && self.priority == other.priority
            && self.overprovisioning_factor == other.overprovisioning_factor
            && self.weighted_priority_health == other.weighted_priority_health
            && weights(self) == weights(other)
    }

    /// How many hosts count.
    pub fn counted(&self) -> usize {
        self.hosts.len() - self.excluded.len()
    }
}
