//! Keeps requests in the zone where they come from, as far as all zones stay equally loaded.

use std::collections::BTreeMap;

use crate::config::model::Locality;
use crate::stats::ClusterStats;
use crate::upstream::members::HostSet;
use crate::upstream::number::{count, place};
use crate::upstream::random::Random;

/// How requests to the first priority are spread over localities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneRouting {
    /// All to the own locality.
    Direct,
    /// Some to the own locality, the others to where there is room.
    Residual {
        /// Of 10,000 requests so many stay.
        stay: u64,
        /// The room of each locality, summed up to there.
        room: Vec<u64>,
    },
}

/// Why requests are not routed by zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoZones {
    /// There are too few localities.
    FewLocalities,
    /// The own cluster has no hosts where this proxy stands.
    LocalNotOk,
    /// There are too few hosts.
    TooSmall,
}

impl ZoneRouting {
    /// The routing from `local`, the hosts of the own cluster, to `upstream`.
    pub fn new(local: &HostSet, upstream: &HostSet, minimum: u64) -> Result<Self, NoZones> {
        if upstream.localities.len() < 2 || local.localities.len() < 2 {
            return Err(NoZones::FewLocalities);
        }
        if !local.has_own_locality || local.localities[0].hosts.is_empty() {
            return Err(NoZones::LocalNotOk);
        }
        if count(upstream.healthy.len()) < minimum {
            return Err(NoZones::TooSmall);
        }
        let shares = shares(local, upstream);
        let own = upstream.has_own_locality.then(|| shares[0]);
        match own {
            Some((local, upstream)) if upstream > 0 && upstream >= local => Ok(Self::Direct),
            _ => Ok(Self::residual(own, &shares)),
        }
    }

    /// The locality for a request.
    pub fn choose(&self, random: &mut Random, counters: &ClusterStats) -> usize {
        let (stay, room) = match self {
            Self::Direct => {
                counters.lb_zone_routing_all_directly.increment();
                return 0;
            }
            Self::Residual { stay, room } => (*stay, room),
        };
        if random.below(10_000) < stay {
            counters.lb_zone_routing_sampled.increment();
            return 0;
        }
        counters.lb_zone_routing_cross_zone.increment();
        match room.last() {
            Some(&all) if all > 0 => {
                let point = random.below(all);
                room.partition_point(|room| *room <= point)
            }
            _ => {
                counters.lb_zone_no_capacity_left.increment();
                place(random.draw(), room.len())
            }
        }
    }

    fn residual(own: Option<(u64, u64)>, shares: &[(u64, u64)]) -> Self {
        let stay = match own {
            Some((local, upstream)) if local > 0 => upstream * 10_000 / local,
            _ => 0,
        };
        let mut sum = 0;
        let room = shares
            .iter()
            .enumerate()
            .map(|(index, (local, upstream))| {
                if index > 0 || own.is_none() {
                    sum += upstream.saturating_sub(*local);
                }
                sum
            })
            .collect();
        Self::Residual { stay, room }
    }
}

/// For each locality of `upstream` how many of 10,000 healthy hosts it has there, and locally before.
fn shares(local: &HostSet, upstream: &HostSet) -> Vec<(u64, u64)> {
    let of = |hosts: u64, all: u64| (10_000 * hosts).checked_div(all).unwrap_or(0);
    let healthy = |set: &HostSet| {
        set.localities
            .iter()
            .map(|one| count(one.healthy.len()))
            .sum()
    };
    let (all_local, all_upstream) = (healthy(local), healthy(upstream));
    let locals = local
        .localities
        .iter()
        .map(|one| (&one.locality, count(one.healthy.len())))
        .collect::<BTreeMap<&Locality, u64>>();
    upstream
        .localities
        .iter()
        .map(|one| match count(one.healthy.len()) {
            0 => (0, 0),
            hosts => {
                let local = locals.get(&one.locality).copied().unwrap_or(0);
                (of(local, all_local), of(hosts, all_upstream))
            }
        })
        .collect()
}
