//! Places hosts on a ring by hash, so that the same key finds the same host.

use std::sync::Arc;

use crate::config::model::cluster::HashFunction;
use crate::upstream::hash::hash;
use crate::upstream::host::Host;
use crate::upstream::members::HostSet;
use crate::upstream::number::{count, float, place, whole};

/// A ring of hosts.
#[derive(Debug, Default)]
pub struct Ring {
    hosts: Vec<Arc<Host>>,
    /// Where they are, in order: the hash, and which host.
    points: Vec<(u64, u32)>,
    /// What Envoy says about it.
    pub size: RingSize,
}

/// The gauges `ring_hash_lb.*` of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RingSize {
    /// Points.
    pub size: u64,
    /// Points of the host that has the fewest.
    pub min_hashes_per_host: u64,
    /// Points of the host that has the most.
    pub max_hashes_per_host: u64,
}

/// How a ring is made.
#[derive(Debug, Clone, Copy)]
pub struct RingOptions {
    /// Points at least.
    pub minimum: u64,
    /// Points at most.
    pub maximum: u64,
    /// How points are hashed.
    pub hash: HashFunction,
    /// Hosts are placed by their name, not by their address.
    pub by_hostname: bool,
    /// Localities share by their weights.
    pub locality_weighted: bool,
}

impl Ring {
    /// The ring of a set: of its healthy hosts, or of all if it panics.
    pub fn new(set: &HostSet, panic: bool, options: RingOptions) -> Self {
        let weighted = shares(set, panic, options.locality_weighted);
        let least = weighted
            .iter()
            .fold(1.0, |least: f64, (_, share)| least.min(*share));
        let mut ring = Self::default();
        if weighted.is_empty() {
            return ring;
        }
        // The lightest host gets a whole number of points, unless the ring would be too large.
        let scale = ((least * float(options.minimum)).ceil() / least).min(float(options.maximum));
        let (mut placed, mut target) = (0.0, 0.0);
        let mut key = Vec::new();
        ring.size = RingSize {
            size: whole(scale.ceil()),
            min_hashes_per_host: whole(scale.ceil()),
            max_hashes_per_host: 0,
        };
        for (index, (host, share)) in (0..).zip(weighted) {
            key.clear();
            key.extend_from_slice(place_key(host, options.by_hostname).as_bytes());
            key.push(b'_');
            let stem = key.len();
            target += scale * share;
            let mut points = 0_u64;
            while placed < target {
                key.truncate(stem);
                key.extend_from_slice(points.to_string().as_bytes());
                ring.points.push((hash(options.hash, &key), index));
                points += 1;
                placed += 1.0;
            }
            ring.size.min_hashes_per_host = ring.size.min_hashes_per_host.min(points);
            ring.size.max_hashes_per_host = ring.size.max_hashes_per_host.max(points);
            ring.hosts.push(Arc::clone(host));
        }
        ring.points.sort_by_key(|(hash, _)| *hash);
        ring
    }

    /// The host of a key: the first point at or behind its hash. Each further attempt takes the point
    /// behind.
    pub fn choose(&self, hash: u64, attempt: u32) -> Option<&Arc<Host>> {
        let found = self.points.partition_point(|(point, _)| *point < hash);
        let at = count(found) + u64::from(attempt);
        let (_, host) = self.points.get(place(at, self.points.len()))?;
        self.hosts.get(usize::try_from(*host).ok()?)
    }
}

/// What a host is placed by.
fn place_key(host: &Host, by_hostname: bool) -> std::borrow::Cow<'_, str> {
    match host.hash_key() {
        Some(key) => key.into(),
        None if by_hostname => host.hostname.as_str().into(),
        None => host.address.to_string().into(),
    }
}

/// Hosts with their share of 1.
fn shares(set: &HostSet, panic: bool, locality_weighted: bool) -> Vec<(&Arc<Host>, f64)> {
    let mut shares = Vec::new();
    let parts = |hosts: &[Arc<Host>], of: f64| -> Vec<f64> {
        let sum = hosts.iter().map(|host| u64::from(host.weight)).sum::<u64>();
        hosts
            .iter()
            .map(|host| f64::from(host.weight) * of / float(sum))
            .collect()
    };
    if !locality_weighted || set.localities.is_empty() {
        let hosts = if panic { &set.hosts } else { &set.healthy };
        let all = parts(hosts, 1.0);
        return hosts.iter().zip(all).collect();
    }
    let sum = set
        .localities
        .iter()
        .map(|one| u64::from(one.weight))
        .sum::<u64>();
    for locality in set.localities.iter().filter(|one| one.weight != 0) {
        let hosts = if panic {
            &locality.hosts
        } else {
            &locality.healthy
        };
        let all = parts(hosts, f64::from(locality.weight) / float(sum));
        shares.extend(hosts.iter().zip(all));
    }
    shares
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::model::cluster::{Cluster as Config, Policy};
    use crate::config::model::endpoint::Endpoint;
    use crate::upstream::fixture::{
        assignment, cluster, config, endpoint, endpoint_with, locality, port, ports,
    };
    use crate::upstream::hash::xxhash64;
    use crate::upstream::{Balancer, Choice, Random};

    const RING: Policy = Policy::RingHash {
        minimum: 1024,
        maximum: 8 << 20,
        hash: HashFunction::XxHash,
    };

    fn weighted(port: u16, weight: u32) -> Endpoint {
        Endpoint {
            weight,
            ..endpoint(port)
        }
    }

    fn on_ring(config: Config, keys: usize) -> Vec<u16> {
        let found = cluster(config);
        let mut balancer = Balancer::new(found, 0, Random::seeded(1));
        let choice = |key: usize| Choice {
            hash: Some(xxhash64(key.to_string().as_bytes())),
            ..Choice::default()
        };
        (0..keys)
            .map(|key| port(&balancer.choose(&choice(key)).unwrap().address))
            .collect()
    }

    #[test]
    fn a_ring_moves_few_keys() {
        let before = on_ring(config(ports(1..11), RING), 1_000);
        assert_eq!(before, on_ring(config(ports(1..11), RING), 1_000));
        let after = on_ring(config(ports(1..10), RING), 1_000);
        // The others get a few points more each, so a few of their keys move too.
        let moved = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| before != after);
        assert!(moved.filter(|(before, _)| **before != 10).count() < 100);
    }

    #[test]
    fn a_ring_shares_by_weight_and_within_its_bounds() {
        let hosts = vec![weighted(1, 1), weighted(2, 3)];
        let found = cluster(config(assignment(vec![locality(0, hosts)]), RING));
        let size = found.ring_size().unwrap();
        assert_eq!(
            (
                size.size,
                size.min_hashes_per_host,
                size.max_hashes_per_host
            ),
            (1024, 256, 768)
        );
        let bounded = Policy::RingHash {
            minimum: 1,
            maximum: 6,
            hash: HashFunction::MurmurHash2,
        };
        let found = cluster(config(ports(1..5), bounded));
        let size = found.ring_size().unwrap();
        assert_eq!(
            (
                size.size,
                size.min_hashes_per_host,
                size.max_hashes_per_host
            ),
            (4, 1, 1)
        );
    }

    #[test]
    fn a_hash_key_takes_the_place_of_the_address() {
        let keyed = |ports: [u16; 2]| {
            let hosts = ports.iter().zip(["x", "y"]);
            hosts
                .map(|(port, key)| endpoint_with(*port, "hash_key", json!(key)))
                .collect()
        };
        let ring = |ports| config(assignment(vec![locality(0, keyed(ports))]), RING);
        let first = on_ring(ring([1, 2]), 200);
        let second = on_ring(ring([3, 4]), 200);
        assert!(
            first
                .iter()
                .zip(second)
                .all(|(first, second)| first + 2 == second)
        );
        let canary = endpoint_with(1, "canary", json!(true));
        let found = cluster(config(assignment(vec![locality(0, vec![canary])]), RING));
        assert!(
            found
                .snapshot()
                .hosts()
                .all(|host: &Arc<Host>| host.canary())
        );
    }
}
