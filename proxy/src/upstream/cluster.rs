//! Keeps the hosts of a cluster, and tells the workers of each change.

mod merge;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::config::model::Locality;
use crate::config::model::cluster::{Cluster as Config, ClusterDiscovery, LocalityPolicy, Policy};
use crate::config::model::endpoint::LoadAssignment;
use crate::stats::{
    ClusterStats, Handle, HealthCheckStats, OutlierStats, Registry, RingHashStats, Shared, Writer,
};

use super::balance::loads::{Loads, panics};
use super::balance::ring::{Ring, RingOptions, RingSize};
use super::balance::zone::{NoZones, ZoneRouting};
use super::breaker::{BreakerStats, Breakers};
use super::host::{HealthFlag, Host, HostId};
use super::members::{HostSet, Plan, Snapshot};
use super::original::Table;
use super::outlier::{Averages, Detector, Outcome, Reason, note};
use super::random::Random;
use super::transport::Transports;
pub use merge::{Change, Found, Rules};

/// What a cluster needs beside its configuration.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Where this proxy stands, if that is known.
    pub locality: Option<Locality>,
    /// The cluster that it is a member of, if that is known.
    pub own_cluster: Option<Arc<Cluster>>,
    /// How the cluster's connections are secured.
    pub transports: Transports,
}

/// A cluster. The workers share it; what changes it goes through a lock that no worker takes for a
/// request, except for the first one to an original destination.
#[derive(Debug)]
pub struct Cluster {
    config: Arc<Config>,
    workers: usize,
    surroundings: Surroundings,
    publisher: watch::Sender<Arc<Snapshot>>,
    owned: Mutex<Owned>,
    breakers: Breakers,
    stats: Stats,
    had_traffic: AtomicBool,
    /// How many health checks are over.
    checked: watch::Sender<u64>,
    failures: mpsc::UnboundedSender<(HostId, Reason)>,
    passive: mpsc::UnboundedSender<HostId>,
    pub(super) destinations: Table,
}

/// What is counted of it beside requests; written by its owner, or under the lock.
#[derive(Debug)]
struct Stats {
    members: Shared<ClusterStats>,
    outliers: Option<Shared<OutlierStats>>,
    checks: Option<Shared<HealthCheckStats>>,
    ring: Option<Shared<RingHashStats>>,
    breakers: BreakerStats,
}

impl Stats {
    /// Those of which the configuration has something to count.
    fn new(config: &Config, registry: &Registry) -> Self {
        let scope = registry.cluster(&config.stat_name);
        let has_ring = matches!(config.balancing.policy, Policy::RingHash { .. });
        let outliers = config.outliers.is_some();
        let checks = !config.health_checks.is_empty();
        Self {
            members: scope.shared(Writer::Main),
            outliers: outliers.then(|| scope.child("outlier_detection").shared(Writer::Main)),
            checks: checks.then(|| scope.child("health_check").shared(Writer::Main)),
            ring: has_ring.then(|| scope.child("ring_hash_lb").shared(Writer::Main)),
            breakers: BreakerStats::new(&config.limits, &scope),
        }
    }
}

/// What only the owner changes.
#[derive(Debug)]
struct Owned {
    plans: Vec<Plan>,
    next_id: u64,
    detector: Option<Detector>,
    failures: Option<mpsc::UnboundedReceiver<(HostId, Reason)>>,
    passive: Option<mpsc::UnboundedReceiver<HostId>>,
}

impl Cluster {
    /// A cluster for so many workers; STATIC ones have their hosts at once.
    pub fn new(
        config: Arc<Config>,
        workers: usize,
        surroundings: Surroundings,
        random: Random,
        registry: &Registry,
    ) -> Arc<Self> {
        let (failures, received) = mpsc::unbounded_channel();
        let (passive, told) = mpsc::unbounded_channel();
        let stats = Stats::new(&config, registry);
        let detector = config
            .outliers
            .zip(stats.outliers.clone())
            .map(|(options, stats)| Detector::new(options, stats, random));
        let owned = Owned {
            plans: Vec::new(),
            next_id: 0,
            detector,
            failures: Some(received),
            passive: Some(told),
        };
        let cluster = Arc::new(Self {
            breakers: Breakers::new(&config.limits, workers),
            publisher: watch::Sender::new(Arc::default()),
            owned: Mutex::new(owned),
            stats,
            had_traffic: AtomicBool::new(false),
            checked: watch::Sender::new(0),
            destinations: Table::default(),
            config,
            workers,
            surroundings,
            failures,
            passive,
        });
        match &cluster.config.discovery {
            ClusterDiscovery::Static(assignment) => cluster.update(assignment),
            _ => cluster.set_hosts(&LoadAssignment::default(), &[]),
        };
        cluster
    }

    /// How its connections are secured.
    pub fn transports(&self) -> &Transports {
        &self.surroundings.transports
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How many workers share it.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Tells each change of hosts and of their health.
    pub fn updates(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.publisher.subscribe()
    }

    /// The hosts of now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.publisher.borrow())
    }

    /// Its circuit breakers.
    pub fn breakers(&self) -> &Breakers {
        &self.breakers
    }

    /// Brings the statistics up to date that only readers work out; one thread at a time.
    pub fn refresh_stats(&self) {
        self.breakers.publish(&self.stats.breakers);
    }

    /// What is counted of its members and of how they are found.
    pub fn stats(&self) -> &Shared<ClusterStats> {
        &self.stats.members
    }

    /// What a worker counts of it.
    pub fn worker_stats(&self, worker: usize) -> Handle<ClusterStats> {
        self.stats.members.scope().handle(Writer::worker(worker))
    }

    /// What outlier detection counts, if it is configured.
    pub fn outlier_stats(&self) -> Option<&Shared<OutlierStats>> {
        self.stats.outliers.as_ref()
    }

    /// What active health checks count, if they are configured.
    pub fn check_stats(&self) -> Option<&Shared<HealthCheckStats>> {
        self.stats.checks.as_ref()
    }

    /// The gauges of its rings; Envoy shows those of the priority that was made last.
    pub fn ring_size(&self) -> Option<RingSize> {
        self.publisher.borrow().rings.last().map(|ring| ring.size)
    }

    /// A connection was made or tried: health checks are made at their usual pace from now on.
    pub fn note_traffic(&self) {
        if !self.had_traffic() {
            self.had_traffic.store(true, Relaxed);
        }
    }

    /// Whether a connection was ever made or tried.
    pub fn had_traffic(&self) -> bool {
        self.had_traffic.load(Relaxed)
    }

    /// How many health checks are over.
    pub fn checks(&self) -> watch::Receiver<u64> {
        self.checked.subscribe()
    }

    /// A health check is over.
    pub(super) fn note_check(&self) {
        self.checked.send_modify(|count| *count += 1);
    }

    /// Whether one more connection to a host may be made.
    pub fn may_connect_to(&self, host: &Host) -> bool {
        let limit = self.config.max_connections_per_host;
        limit.is_none_or(|limit| host.state.active_connections() < limit.into())
    }

    /// A worker tells how it went with a host. `status` is what the client is told where the host gave
    /// no status, if that is something.
    pub fn report(&self, host: &Host, worker: usize, outcome: Outcome, status: Option<u16>) {
        if let Some(options) = &self.config.outliers {
            note(host, worker, (outcome, status), options, |reason| {
                // Without an owner that listens, nobody is left out.
                let _ = self.failures.send((host.id, reason));
            });
        }
    }

    /// A host said in an answer, by `x-envoy-immediate-health-check-fail`, that it is about to go. Only
    /// counts where hosts are checked.
    pub fn fail_at_once(&self, host: &Host) {
        if !self.config.health_checks.is_empty() && !host.check.disabled {
            host.state.flags.set(HealthFlag::ExcludedByImmediateFailure);
            // Without checks that listen, the next update sees to it.
            let _ = self.passive.send(host.id);
        }
    }

    /// These are the endpoints from now on. Hosts that stay keep what is known of them. True if
    /// something changed.
    pub fn update(&self, assignment: &LoadAssignment) -> bool {
        self.set_hosts(
            assignment,
            &merge::found(assignment, &self.config.discovery),
        )
    }

    /// The same with addresses that were found for the names of `assignment`.
    pub fn set_hosts(&self, assignment: &LoadAssignment, found: &[Found<'_>]) -> bool {
        let mut guard = self.lock();
        let owned = &mut *guard;
        let rules = Rules::of(&self.config, self.workers);
        let first = owned.next_id;
        let merged = merge::merge(&owned.plans, assignment, found, &rules, &mut owned.next_id);
        if rules.change != Change::Never
            && let Some(weight) = merged.max_weight
        {
            self.stats.members.max_host_weight.set(weight.into());
        }
        if merged.changes > 0 {
            self.stats.members.membership_change.add(merged.changes);
        }
        owned.plans = merged.plans;
        let changed = self.publish(owned);
        let snapshot = self.snapshot();
        let new = snapshot.hosts().filter(|it| it.id.0 >= first);
        new.for_each(|it| self.transports().count(it));
        changed
    }

    /// The health of hosts changed: parts them anew. True if that changed something.
    pub fn refresh(&self) -> bool {
        let mut owned = self.lock();
        if merge::forget_failed(&mut owned.plans) {
            self.stats.members.membership_change.increment();
        }
        self.publish(&mut owned)
    }

    /// Hosts that are made on demand.
    pub(super) fn set_destinations(&self, hosts: Vec<Arc<Host>>) {
        let mut owned = self.lock();
        let plan = Plan {
            overprovisioning_factor: 140,
            hosts,
            ..Plan::default()
        };
        owned.plans = vec![plan];
        self.stats.members.membership_change.increment();
        self.publish(&mut owned);
    }

    /// The next identity.
    pub(super) fn next_id(&self) -> HostId {
        merge::next(&mut self.lock().next_id)
    }

    /// A reason to leave a host out was met. True if it is left out now.
    pub fn failed(&self, host: HostId, reason: Reason, now: Instant) -> bool {
        self.detect(|detector| detector.failed(host, reason, now))
    }

    /// An interval of outlier detection is over. True if hosts were left out or came back.
    pub fn end_interval(&self, now: Instant) -> bool {
        self.detect(|detector| detector.tick(now))
    }

    /// A health check of a host went well. True if it comes back by that.
    pub fn passed_check(&self, host: HostId, now: Instant) -> bool {
        self.detect(|detector| detector.passed_check(host, now))
    }

    /// What success rates were compared with: of answers, and of what happened on our side.
    pub fn averages(&self) -> Option<(Averages, Averages)> {
        self.lock().detector.as_ref().map(Detector::averages)
    }

    fn detect(&self, change: impl FnOnce(&mut Detector) -> bool) -> bool {
        let changed = self.lock().detector.as_mut().is_some_and(change);
        if changed {
            self.refresh();
        }
        changed
    }

    /// What the workers find; the owner takes it once.
    pub(super) fn take_failures(&self) -> Option<mpsc::UnboundedReceiver<(HostId, Reason)>> {
        self.lock().failures.take()
    }

    /// Who said in an answer that it is not well; the checks take it once.
    pub(super) fn take_passive(&self) -> Option<mpsc::UnboundedReceiver<HostId>> {
        self.lock().passive.take()
    }

    /// The cluster that this proxy is a member of.
    pub(super) fn own_cluster(&self) -> Option<&Arc<Self>> {
        self.surroundings.own_cluster.as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, Owned> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a snapshot, and publishes it if it is another one.
    fn publish(&self, owned: &mut Owned) -> bool {
        let before = self.snapshot();
        let sets = owned.plans.iter().enumerate().map(|(index, plan)| {
            let set = HostSet::new(plan, self.surroundings.locality.as_ref());
            match before.priorities.get(index) {
                Some(known) if known.is_same(&set) => Arc::clone(known),
                _ => Arc::new(set),
            }
        });
        let priorities = sets.collect::<Vec<_>>();
        let known = |(index, set)| {
            before
                .priorities
                .get(index)
                .is_some_and(|old| Arc::ptr_eq(old, set))
        };
        let unchanged =
            priorities.len() == before.priorities.len() && priorities.iter().enumerate().all(known);
        if unchanged && self.surroundings.own_cluster.is_none() {
            return false;
        }
        let snapshot = self.complete(priorities);
        if let Some(detector) = &mut owned.detector {
            detector.set_members(snapshot.hosts());
        }
        self.count_members(&snapshot);
        self.publisher.send_replace(Arc::new(snapshot));
        if let Some((stats, size)) = self.stats.ring.as_ref().zip(self.ring_size()) {
            stats.size.set(size.size);
            stats.min_hashes_per_host.set(size.min_hashes_per_host);
            stats.max_hashes_per_host.set(size.max_hashes_per_host);
        }
        true
    }

    /// Adds what follows from the hosts.
    fn complete(&self, priorities: Vec<Arc<HostSet>>) -> Snapshot {
        let balancing = &self.config.balancing;
        let sets = || priorities.iter().map(AsRef::as_ref);
        let loads = Loads::new(sets(), balancing.panic_threshold);
        let rings = match balancing.policy {
            Policy::RingHash {
                minimum,
                maximum,
                hash,
            } => {
                let options = RingOptions {
                    minimum,
                    maximum,
                    hash,
                    by_hostname: balancing.hash_hostnames,
                    locality_weighted: balancing.locality == LocalityPolicy::Weighted,
                };
                let ring = |(set, panic): (&HostSet, &bool)| Ring::new(set, *panic, options);
                sets().zip(&loads.panic).map(ring).map(Arc::new).collect()
            }
            _ => Vec::new(),
        };
        let (zone, local_panics) = self.zone(&priorities[0]);
        Snapshot {
            priorities,
            loads,
            zone,
            local_panics,
            rings,
        }
    }

    fn zone(&self, first: &HostSet) -> (Option<ZoneRouting>, bool) {
        let LocalityPolicy::ZoneAware {
            min_cluster_size, ..
        } = self.config.balancing.locality
        else {
            return (None, false);
        };
        let Some(own) = &self.surroundings.own_cluster else {
            return (None, false);
        };
        let local = own.snapshot();
        let Some(local) = local.priorities.first() else {
            return (None, false);
        };
        self.stats
            .members
            .lb_recalculate_zone_structures
            .increment();
        let routing = ZoneRouting::new(local, first, min_cluster_size);
        match &routing {
            Err(NoZones::LocalNotOk) => self.stats.members.lb_local_cluster_not_ok.increment(),
            Err(NoZones::TooSmall) => self.stats.members.lb_zone_cluster_too_small.increment(),
            Err(NoZones::FewLocalities) | Ok(_) => {}
        }
        let threshold = self.config.balancing.panic_threshold.round().min(100.0);
        (routing.ok(), panics(local, threshold))
    }

    fn count_members(&self, snapshot: &Snapshot) {
        let counters = &self.stats.members;
        counters
            .membership_total
            .set(snapshot.sum(|set| set.hosts.len()));
        counters
            .membership_healthy
            .set(snapshot.sum(|set| set.healthy.len()));
        counters
            .membership_degraded
            .set(snapshot.sum(|set| set.degraded.len()));
        counters
            .membership_excluded
            .set(snapshot.sum(|set| set.excluded.len()));
    }
}

/// The shares of localities by priority, as an assignment says.
fn weights(assignment: &LoadAssignment, priority: u32) -> BTreeMap<Locality, u32> {
    let here = assignment
        .localities
        .iter()
        .filter(|one| one.priority == priority);
    let weighted = here.filter(|one| one.locality != Locality::default());
    weighted
        .filter_map(|one| Some((one.locality.clone(), one.weight?)))
        .collect()
}
