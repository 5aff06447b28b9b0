//! Chooses a host for each request, once for each worker.

pub mod edf;
pub mod loads;
mod picker;
pub mod ring;
mod sources;
#[cfg(test)]
mod tests;
pub mod zone;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;

use crate::config::model::cluster::{Balancing, LocalityPolicy, Policy};
use crate::stats::{ClusterStats, Handle};

use super::cluster::Cluster;
use super::host::{Host, HostId};
use super::members::Snapshot;
use super::number::whole;
use super::original::Destinations;
use super::random::Random;
use loads::Availability;
use picker::Picker;
use sources::{Source, Sources};

/// What a request asks of the choice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'a> {
    /// The hash of the request, if its route makes one.
    pub hash: Option<u64>,
    /// Hosts that were tried before and should not be chosen again.
    pub tried: &'a [HostId],
    /// How often another host is looked for in the stead of one that was tried
    /// (`host_selection_retry_max_attempts`).
    pub attempts: u32,
    /// Where the connection was going, or where the header says that the request goes.
    pub destination: Option<SocketAddr>,
}

/// Chooses hosts of a cluster for one worker. Of what the workers share it only reads.
#[derive(Debug)]
pub struct Balancer {
    cluster: Arc<Cluster>,
    stats: Handle<ClusterStats>,
    updates: watch::Receiver<Arc<Snapshot>>,
    snapshot: Arc<Snapshot>,
    random: Random,
    picker: Picker,
    sources: Sources,
    destinations: Destinations,
}

impl Balancer {
    /// Chooses hosts of `cluster` for a worker.
    pub fn new(cluster: Arc<Cluster>, worker: usize, mut random: Random) -> Self {
        let mut updates = cluster.updates();
        let snapshot = Arc::clone(&updates.borrow_and_update());
        let picker = Picker::new(&cluster.config().balancing.policy);
        let sources = Sources::new(random.draw());
        let mut balancer = Self {
            stats: cluster.worker_stats(worker),
            cluster,
            updates,
            snapshot,
            random,
            picker,
            sources,
            destinations: Destinations::default(),
        };
        balancer.take_over();
        balancer
    }

    /// The cluster.
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// The hosts of now.
    pub fn snapshot(&mut self) -> &Arc<Snapshot> {
        self.update();
        &self.snapshot
    }

    /// Chooses a host; nothing, if none may be asked. What a pool keeps for a host is found by its
    /// [`Host::id`], so that the host itself need not be cloned for each request.
    pub fn choose(&mut self, choice: &Choice<'_>) -> Option<&Arc<Host>> {
        self.update();
        let counters = &*self.stats;
        let balancing = &self.cluster.config().balancing;
        let chosen = match balancing.policy {
            Policy::Provided => self.destinations.choose(&self.cluster, choice.destination),
            Policy::RingHash { .. } => on_ring(&self.snapshot, choice, &mut self.random, counters),
            _ => {
                let mut chooser = Chooser {
                    snapshot: &self.snapshot,
                    balancing,
                    counters,
                    random: &mut self.random,
                    picker: &self.picker,
                    sources: &mut self.sources,
                };
                chooser.choose(choice)
            }
        };
        if chosen.is_none() {
            counters.upstream_cx_none_healthy.increment();
        }
        chosen
    }

    /// Takes over what has changed since; one load if nothing has.
    fn update(&mut self) {
        // The sender lives as long as the cluster, which this holds.
        if self.updates.has_changed().unwrap_or(false) {
            self.snapshot = Arc::clone(&self.updates.borrow_and_update());
            self.take_over();
        }
    }

    fn take_over(&mut self) {
        self.sources.update(&self.snapshot, &self.picker);
    }
}

/// Whether a host was tried before.
fn tried(choice: &Choice<'_>, host: &Host) -> bool {
    choice.tried.contains(&host.id)
}

/// The host that a hash, or without one chance, finds on the ring of its priority.
fn on_ring<'a>(
    snapshot: &'a Snapshot,
    choice: &Choice<'_>,
    random: &mut Random,
    counters: &ClusterStats,
) -> Option<&'a Arc<Host>> {
    let hash = choice.hash.unwrap_or_else(|| random.draw());
    let (priority, _) = snapshot.loads.choose(hash);
    if snapshot.loads.panic[priority] {
        counters.lb_healthy_panic.increment();
    }
    let ring = snapshot.rings.get(priority)?;
    let mut found = (0..=choice.attempts).map_while(|attempt| ring.choose(hash, attempt));
    let mut last = None;
    found.find(|host| {
        last = Some(*host);
        !tried(choice, host)
    });
    last
}

/// Chooses among lists of hosts.
struct Chooser<'a, 'b> {
    snapshot: &'a Snapshot,
    balancing: &'b Balancing,
    counters: &'b ClusterStats,
    random: &'b mut Random,
    picker: &'b Picker,
    sources: &'b mut Sources,
}

impl<'a> Chooser<'a, '_> {
    /// One that was not tried before, or the last one.
    fn choose(&mut self, choice: &Choice<'_>) -> Option<&'a Arc<Host>> {
        let mut attempt = 0;
        loop {
            let host = self.choose_once()?;
            if attempt == choice.attempts || !tried(choice, host) {
                return Some(host);
            }
            attempt += 1;
        }
    }

    fn choose_once(&mut self) -> Option<&'a Arc<Host>> {
        let number = self.random.draw();
        let (priority, availability) = self.snapshot.loads.choose(number);
        let source = self.source(priority, availability)?;
        let set = self.snapshot.priorities.get(priority)?;
        let hosts = source.hosts(set)?;
        let scheduler = self.sources.scheduler(priority, source)?;
        let index = self.picker.pick(hosts, scheduler, number, self.random)?;
        hosts.get(index)
    }

    /// The list of a priority to choose from.
    fn source(&mut self, priority: usize, availability: Availability) -> Option<Source> {
        if self.snapshot.loads.panic[priority] {
            self.counters.lb_healthy_panic.increment();
            return (!self.fails_on_panic()).then_some(Source::All);
        }
        match self.balancing.locality {
            LocalityPolicy::Weighted => {
                let locality = self.sources.locality(priority, availability);
                Some(Source::of(availability, locality))
            }
            LocalityPolicy::ZoneAware {
                routing_enabled, ..
            } if priority == 0 => self.zone(whole(routing_enabled.round()), availability),
            LocalityPolicy::ZoneAware { .. } => Some(Source::of(availability, None)),
        }
    }

    fn zone(&mut self, enabled: u64, availability: Availability) -> Option<Source> {
        let whole_priority = Source::of(availability, None);
        let Some(zone) = &self.snapshot.zone else {
            return Some(whole_priority);
        };
        if !self.random.percent(enabled) {
            return Some(whole_priority);
        }
        if self.snapshot.local_panics {
            self.counters.lb_local_cluster_not_ok.increment();
            return (!self.fails_on_panic()).then_some(whole_priority);
        }
        let locality = zone.choose(self.random, self.counters);
        Some(Source::of(availability, Some(locality)))
    }

    fn fails_on_panic(&self) -> bool {
        let locality = &self.balancing.locality;
        matches!(
            locality,
            LocalityPolicy::ZoneAware {
                fail_traffic_on_panic: true,
                ..
            }
        )
    }
}
