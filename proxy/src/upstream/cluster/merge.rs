//! Makes the hosts of an update out of those that were there and those that were found.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::config::model::Locality;
use crate::config::model::address::Address;
use crate::config::model::cluster::{Cluster as Config, ClusterDiscovery};
use crate::config::model::endpoint::{Endpoint, Health, LoadAssignment};
use crate::upstream::host::{HealthFlag, Host, HostCheck, HostId, HostState};
use crate::upstream::members::Plan;
use crate::upstream::number::count;

/// An address that was found for an endpoint.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// Addresses are told apart within a target: a name that was resolved, an endpoint that stands in
    /// the configuration, or all that was discovered.
    pub target: usize,
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// Where it stands.
    pub locality: &'a Locality,
    /// Its priority.
    pub priority: u32,
    /// Its address.
    pub address: Address,
    /// Its name; may be empty.
    pub hostname: String,
}

/// What the configuration says about updates.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How many workers count.
    pub workers: usize,
    /// How hosts come and go.
    pub change: Change,
    /// Hosts are healthy once a check says so.
    pub checked: bool,
    /// Hosts are not counted until they are checked.
    pub warm: bool,
    /// Hosts that are found no more stay while their checks go well.
    pub linger: bool,
}

/// How hosts come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Not at all.
    Never,
    /// Each priority by itself.
    ByPriority,
    /// All at once.
    Together,
}

impl Rules {
    /// The rules of a cluster.
    pub fn of(config: &Config, workers: usize) -> Self {
        let checked = !config.health_checks.is_empty();
        let change = match config.discovery {
            ClusterDiscovery::Static(_) => Change::Never,
            ClusterDiscovery::Eds { .. } => Change::Together,
            ClusterDiscovery::StrictDns(..) | ClusterDiscovery::OriginalDst(_) => {
                Change::ByPriority
            }
        };
        let changing = change != Change::Never;
        Self {
            workers,
            change,
            checked,
            warm: changing && config.balancing.ignore_new_until_checked,
            linger: changing && checked && !config.ignore_health_on_removal,
        }
    }
}

/// The hosts after an update.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) plans: Vec<Plan>,
    /// How often `membership_change` rises.
    pub(super) changes: u64,
    /// The greatest weight of the last priority.
    pub(super) max_weight: Option<u32>,
}

/// The addresses of an assignment whose endpoints are addresses.
pub(super) fn found<'a>(
    assignment: &'a LoadAssignment,
    discovery: &ClusterDiscovery,
) -> Vec<Found<'a>> {
    let apart = matches!(discovery, ClusterDiscovery::Static(_));
    let endpoints = assignment.localities.iter().flat_map(|locality| {
        locality
            .endpoints
            .iter()
            .map(move |endpoint| (locality, endpoint))
    });
    endpoints
        .enumerate()
        .map(|(index, (locality, endpoint))| Found {
            target: if apart { index } else { 0 },
            endpoint,
            locality: &locality.locality,
            priority: locality.priority,
            address: endpoint.address.clone(),
            hostname: endpoint.hostname.clone(),
        })
        .collect()
}

/// The next identity.
pub(super) fn next(id: &mut u64) -> HostId {
    *id += 1;
    HostId(*id)
}

/// Removes hosts that only stayed because their checks went well, which they do no more.
pub(super) fn forget_failed(plans: &mut [Plan]) -> bool {
    let mut any = false;
    for plan in plans {
        let before = plan.hosts.len();
        plan.hosts.retain(|host| {
            let flags = host.state.flags.get();
            !(flags.has(HealthFlag::PendingRemoval) && flags.has(HealthFlag::FailedActiveCheck))
        });
        any |= plan.hosts.len() != before;
    }
    any
}

/// Merges what was found into what was there.
pub(super) fn merge(
    before: &[Plan],
    assignment: &LoadAssignment,
    found: &[Found<'_>],
    rules: &Rules,
    next_id: &mut u64,
) -> Merged {
    let mut merging = Merging {
        rules,
        next_id,
        known: HashMap::new(),
        seen: HashMap::new(),
    };
    for (target, host) in targets(before) {
        merging
            .known
            .insert((target, host.address.clone()), Arc::clone(host));
    }
    let last = found.iter().map(|one| one.priority).max().unwrap_or(0);
    let mut plans = (0..=last.max(last_of(before)))
        .map(|priority| Plan {
            priority,
            overprovisioning_factor: assignment.overprovisioning_factor,
            weighted_priority_health: assignment.weighted_priority_health,
            weights: super::weights(assignment, priority),
            ..Plan::default()
        })
        .collect::<Vec<_>>();
    let mut changed = vec![false; plans.len()];
    for one in found {
        let Some((host, added)) = merging.take(one) else {
            continue;
        };
        if let Some((plan, changed)) = at(&mut plans, &mut changed, one.priority) {
            plan.targets.push(one.target);
            plan.hosts.push(host);
            *changed |= added;
        }
    }
    for (target, host) in targets(before) {
        if merging.is_kept(target, host) {
            continue;
        }
        if let Some((plan, changed)) = at(&mut plans, &mut changed, host.priority) {
            if merging.lingers(target, host) {
                host.state.flags.set(HealthFlag::PendingRemoval);
                plan.targets.push(target);
                plan.hosts.push(Arc::clone(host));
            } else {
                *changed = true;
            }
        }
    }
    keep_order(before, &mut plans);
    let updates = count(changed.iter().filter(|changed| **changed).count());
    let heaviest = |plan: &Plan| plan.hosts.iter().map(|host| host.weight).max().unwrap_or(1);
    Merged {
        changes: if rules.change == Change::Together {
            updates.min(1)
        } else {
            updates
        },
        max_weight: (!found.is_empty()).then(|| plans.last().map_or(1, heaviest)),
        plans,
    }
}

/// Where all hosts are as they were, so is their order: an answer in another order changes nothing.
fn keep_order(before: &[Plan], plans: &mut [Plan]) {
    for (before, plan) in before.iter().zip(plans) {
        let known = before.hosts.iter().map(Arc::as_ptr).collect::<HashSet<_>>();
        let same = |host: &Arc<Host>| known.contains(&Arc::as_ptr(host));
        if known.len() == plan.hosts.len() && plan.hosts.iter().all(same) {
            plan.hosts.clone_from(&before.hosts);
            plan.targets.clone_from(&before.targets);
        }
    }
}

fn at<'a>(
    plans: &'a mut [Plan],
    changed: &'a mut [bool],
    priority: u32,
) -> Option<(&'a mut Plan, &'a mut bool)> {
    let index = usize::try_from(priority).ok()?;
    Some((plans.get_mut(index)?, changed.get_mut(index)?))
}

fn targets(plans: &[Plan]) -> impl Iterator<Item = (usize, &Arc<Host>)> {
    plans
        .iter()
        .flat_map(|plan| plan.targets.iter().copied().zip(&plan.hosts))
}

fn last_of(plans: &[Plan]) -> u32 {
    plans.iter().map(|plan| plan.priority).max().unwrap_or(0)
}

struct Merging<'a> {
    rules: &'a Rules,
    next_id: &'a mut u64,
    known: HashMap<(usize, Address), Arc<Host>>,
    /// What was found, and the identity that it has now.
    seen: HashMap<(usize, Address), HostId>,
}

impl Merging<'_> {
    /// The host of what was found, and whether it is new; nothing if it was found before.
    fn take(&mut self, found: &Found<'_>) -> Option<(Arc<Host>, bool)> {
        let key = (found.target, found.address.clone());
        if self.seen.contains_key(&key) {
            return None;
        }
        let check = HostCheck::of(found.endpoint, &found.address);
        let known = self.known.get(&key).cloned();
        if let Some(known) = &known {
            known.state.flags.clear(HealthFlag::PendingRemoval);
        }
        let same = known.as_ref().filter(|known| {
            let moved = known.locality != *found.locality;
            let checked_otherwise = self.rules.checked
                && (known.check.address != check.address || known.check.disabled != check.disabled);
            !moved && !checked_otherwise
        });
        let (host, added) = match same {
            Some(known) => (renew(known, found), known.priority != found.priority),
            None => (Arc::new(self.make(found, check, known.as_deref())), true),
        };
        discover(&host.state, found.endpoint.health);
        self.seen.insert(key, host.id);
        Some((host, added))
    }

    fn make(&mut self, found: &Found<'_>, check: HostCheck, known: Option<&Host>) -> Host {
        let state = HostState::new(self.rules.workers);
        if self.rules.checked && !check.disabled {
            let checked_alike =
                known.filter(|known| known.check.address == check.address && !known.check.disabled);
            if let Some(known) = checked_alike {
                inherit(&known.state, &state);
            } else {
                state.flags.set(HealthFlag::FailedActiveCheck);
                state
                    .flags
                    .put(HealthFlag::PendingActiveCheck, self.rules.warm);
            }
        }
        Host {
            id: next(self.next_id),
            address: found.address.clone(),
            hostname: found.hostname.clone(),
            locality: found.locality.clone(),
            weight: found.endpoint.weight.max(1),
            priority: found.priority,
            metadata: found.endpoint.metadata.clone(),
            check,
            state: Arc::new(state),
        }
    }

    fn is_kept(&self, target: usize, host: &Host) -> bool {
        self.seen.get(&(target, host.address.clone())) == Some(&host.id)
    }

    /// Whether a host that was not found stays until its checks fail. One that stands elsewhere now, or
    /// is checked now and was not, has a successor and goes at once.
    fn lingers(&self, target: usize, host: &Host) -> bool {
        let flags = host.state.flags.get();
        let failed =
            flags.has(HealthFlag::FailedActiveCheck) || flags.has(HealthFlag::FailedDiscovery);
        let replaced = self.seen.contains_key(&(target, host.address.clone()));
        self.rules.linger && !failed && !host.check.disabled && !replaced
    }
}

/// A host that stays, as it was found now. Its name and how it is checked stay as they were, as with
/// Envoy.
fn renew(known: &Arc<Host>, found: &Found<'_>) -> Arc<Host> {
    let weight = found.endpoint.weight.max(1);
    let same = known.weight == weight
        && known.priority == found.priority
        && known.metadata == found.endpoint.metadata;
    if same {
        return Arc::clone(known);
    }
    Arc::new(Host {
        id: known.id,
        address: known.address.clone(),
        hostname: known.hostname.clone(),
        locality: known.locality.clone(),
        weight,
        priority: found.priority,
        metadata: found.endpoint.metadata.clone(),
        check: known.check.clone(),
        state: Arc::clone(&known.state),
    })
}

/// Notes what discovery knows.
fn discover(state: &HostState, health: Health) {
    let now = HealthFlag::discovered(health);
    for flag in [
        HealthFlag::FailedDiscovery,
        HealthFlag::DegradedDiscovery,
        HealthFlag::Draining,
    ] {
        state.flags.put(flag, now == Some(flag));
    }
}

/// What checks found of the same address holds for a host that takes the place of another.
fn inherit(known: &HostState, state: &HostState) {
    let before = known.flags.get();
    for flag in [
        HealthFlag::FailedActiveCheck,
        HealthFlag::DegradedActiveCheck,
        HealthFlag::PendingActiveCheck,
        HealthFlag::ActiveCheckTimeout,
    ] {
        state.flags.put(flag, before.has(flag));
    }
}
