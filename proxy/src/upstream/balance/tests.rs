//! Tests the choice of hosts on whole clusters.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Balancer, Choice};
use crate::config::model::Locality;
use crate::config::model::cluster::{HashFunction, LocalityPolicy, Policy};
use crate::config::model::endpoint::{Endpoint, Health, LoadAssignment};
use crate::stats::Registry;
use crate::upstream::fixture::{
    assignment, cluster, config, endpoint, locality, port, ports, zone,
};
use crate::upstream::hash::xxhash64;
use crate::upstream::host::HealthFlag;
use crate::upstream::number::whole;
use crate::upstream::{Cluster, Random, Surroundings};

const RING: Policy = Policy::RingHash {
    minimum: 1024,
    maximum: 8 << 20,
    hash: HashFunction::XxHash,
};
const LEAST: Policy = Policy::LeastRequest {
    choices: 2,
    active_request_bias: 1.0,
};

fn balancer(cluster: &Arc<Cluster>, seed: u64) -> Balancer {
    Balancer::new(Arc::clone(cluster), 0, Random::seeded(seed))
}

fn chosen(balancer: &mut Balancer, count: usize) -> Vec<u16> {
    let choose = |_| {
        balancer
            .choose(&Choice::default())
            .map_or(0, |host| port(&host.address))
    };
    (0..count).map(choose).collect()
}

fn counts(ports: &[u16]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for port in ports {
        *counts.entry(*port).or_default() += 1;
    }
    counts
}

fn weighted(port: u16, weight: u32) -> Endpoint {
    Endpoint {
        weight,
        ..endpoint(port)
    }
}

fn with_health(port: u16, health: Health) -> Endpoint {
    Endpoint {
        health,
        ..endpoint(port)
    }
}

/// Within 5 standard deviations of the binomial distribution.
fn assert_share(count: usize, of: usize, share: f64) {
    let of = crate::upstream::number::float_size(of);
    let distance = (crate::upstream::number::float_size(count) - of * share).abs();
    let bound = 5.0 * (of * share * (1.0 - share)).sqrt() + 1.0;
    assert!(
        distance <= bound,
        "{count} of {of} is not a share of {share}"
    );
}

#[test]
fn round_robin_goes_round_from_anywhere() {
    let cluster = cluster(config(ports(1..5), Policy::RoundRobin));
    let mut starts = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let chosen = chosen(&mut balancer(&cluster, seed), 9);
        starts.insert(chosen[0]);
        for pair in chosen.windows(2) {
            assert_eq!(pair[1], pair[0] % 4 + 1);
        }
    }
    assert_eq!(starts.len(), 4);
}

#[test]
fn round_robin_goes_on_where_it_was_when_hosts_change() {
    let cluster = cluster(config(ports(1..4), Policy::RoundRobin));
    let mut balancer = balancer(&cluster, 3);
    let first = chosen(&mut balancer, 1)[0];
    cluster
        .snapshot()
        .hosts()
        .next()
        .unwrap()
        .state
        .flags
        .set(HealthFlag::FailedOutlierCheck);
    assert!(cluster.refresh());
    assert!(!cluster.refresh());
    let later = chosen(&mut balancer, 4);
    assert!(!later.contains(&1), "{first}: {later:?}");
    assert_eq!(counts(&later), [(2, 2), (3, 2)].into());
}

#[test]
fn round_robin_weighs_as_evenly_as_can_be() {
    let hosts = vec![weighted(1, 1), weighted(2, 2), weighted(3, 4)];
    let cluster = cluster(config(
        assignment(vec![locality(0, hosts)]),
        Policy::RoundRobin,
    ));
    let chosen = chosen(&mut balancer(&cluster, 5), 70);
    assert_eq!(counts(&chosen), [(1, 10), (2, 20), (3, 40)].into());
    for seven in chosen.windows(7) {
        assert!(
            seven.iter().filter(|port| **port == 1).count() <= 2,
            "{seven:?}"
        );
    }
}

#[test]
fn random_knows_no_weights() {
    let hosts = vec![weighted(1, 1), weighted(2, 100)];
    let cluster = cluster(config(assignment(vec![locality(0, hosts)]), Policy::Random));
    let chosen = counts(&chosen(&mut balancer(&cluster, 1), 10_000));
    assert_share(chosen[&1], 10_000, 0.5);
}

#[test]
fn least_request_prefers_the_idle() {
    let cluster = cluster(config(ports(1..4), LEAST));
    let busy = Arc::clone(cluster.snapshot().hosts().next().unwrap());
    busy.traffic(0).rq_active.add(1);
    // The busy one is chosen only if it is drawn twice: 1 of 9.
    let chosen = counts(&chosen(&mut balancer(&cluster, 1), 9_000));
    assert_share(chosen[&1], 9_000, 1.0 / 9.0);
}

#[test]
fn least_request_weighs_hosts_by_their_requests() {
    for (bias, share) in [(1.0, 0.5), (0.0, 0.8)] {
        let hosts = vec![weighted(1, 4), weighted(2, 1)];
        let policy = Policy::LeastRequest {
            choices: 2,
            active_request_bias: bias,
        };
        let cluster = cluster(config(assignment(vec![locality(0, hosts)]), policy));
        let busy = Arc::clone(cluster.snapshot().hosts().next().unwrap());
        (0..3).for_each(|_| busy.traffic(0).rq_active.add(1));
        let chosen = counts(&chosen(&mut balancer(&cluster, 1), 1_000));
        assert_share(chosen[&1], 1_000, share);
    }
}

/// Priority 0 with so many healthy and degraded of 10 hosts, priority 1 with so many of 10 healthy.
fn two_priorities(healthy: u16, degraded: u16, second: u16) -> LoadAssignment {
    let first = (1..=10).map(|port| match port {
        _ if port <= healthy => endpoint(port),
        _ if port <= healthy + degraded => with_health(port, Health::Degraded),
        _ => with_health(port, Health::Unhealthy),
    });
    let unhealthy = |port| with_health(port, Health::Unhealthy);
    let second = (11..=20)
        .map(|port| {
            if port - 10 <= second {
                endpoint(port)
            } else {
                unhealthy(port)
            }
        })
        .collect();
    assignment(vec![locality(0, first.collect()), locality(1, second)])
}

#[test]
fn priorities_share_by_their_health() {
    type Case = ((u16, u16, u16), ([u64; 2], [u64; 2], [bool; 2]));
    let cases: [Case; 8] = [
        ((10, 0, 10), ([100, 0], [0, 0], [false, false])),
        ((8, 0, 10), ([100, 0], [0, 0], [false, false])),
        ((5, 0, 10), ([70, 30], [0, 0], [false, false])),
        ((0, 0, 10), ([0, 100], [0, 0], [false, false])),
        // Not enough anywhere: shares are scaled to 100, and priorities that are too ill panic.
        ((2, 0, 3), ([41, 59], [0, 0], [true, true])),
        ((5, 0, 1), ([84, 16], [0, 0], [false, true])),
        // Degraded hosts take what healthy ones of all priorities leave.
        ((5, 5, 0), ([70, 0], [30, 0], [false, false])),
        ((0, 0, 0), ([50, 50], [0, 0], [true, true])),
    ];
    for ((healthy, degraded, second), expected) in cases {
        let cluster = cluster(config(two_priorities(healthy, degraded, second), LEAST));
        let loads = &cluster.snapshot().loads;
        let mut expected = (
            expected.0.to_vec(),
            expected.1.to_vec(),
            expected.2.to_vec(),
        );
        if expected.2 == [true, true] {
            // All panic: by size.
            expected.0 = vec![50, 50];
        }
        let found = (
            loads.healthy.clone(),
            loads.degraded.clone(),
            loads.panic.clone(),
        );
        assert_eq!(found, expected, "{healthy} {degraded} {second}");
    }
}

#[test]
fn priorities_are_chosen_by_their_loads() {
    let cluster = cluster(config(two_priorities(5, 0, 10), Policy::RoundRobin));
    let chosen = chosen(&mut balancer(&cluster, 1), 10_000);
    assert_share(
        chosen.iter().filter(|port| **port <= 5).count(),
        10_000,
        0.7,
    );
    assert!(chosen.iter().all(|port| *port <= 5 || *port > 10));
}

#[test]
fn a_priority_in_panic_asks_all_of_its_hosts() {
    let cluster = cluster(config(two_priorities(2, 0, 0), Policy::RoundRobin));
    let mut balancer = balancer(&cluster, 1);
    let chosen = counts(&chosen(&mut balancer, 1_000));
    assert_eq!(chosen.len(), 20);
    let counters = cluster.worker_stats(0);
    assert_eq!(counters.lb_healthy_panic.value(), 1_000);
    assert_eq!(counters.upstream_cx_none_healthy.value(), 0);
}

#[test]
fn without_panic_no_host_is_no_host() {
    let unhealthy = vec![with_health(1, Health::Unhealthy)];
    let mut config = config(assignment(vec![locality(0, unhealthy)]), Policy::RoundRobin);
    config.balancing.panic_threshold = 0.0;
    let cluster = cluster(config);
    assert_eq!(chosen(&mut balancer(&cluster, 1), 2), [0, 0]);
    assert_eq!(cluster.worker_stats(0).upstream_cx_none_healthy.value(), 2);
    assert_eq!(cluster.worker_stats(0).lb_healthy_panic.value(), 0);
}

#[test]
fn traffic_may_fail_in_panic() {
    let unhealthy = vec![with_health(1, Health::Unhealthy)];
    let mut config = config(assignment(vec![locality(0, unhealthy)]), Policy::RoundRobin);
    config.balancing.locality = LocalityPolicy::ZoneAware {
        routing_enabled: 100.0,
        min_cluster_size: 6,
        fail_traffic_on_panic: true,
    };
    let cluster = cluster(config);
    assert_eq!(chosen(&mut balancer(&cluster, 1), 2), [0, 0]);
    assert_eq!(cluster.worker_stats(0).lb_healthy_panic.value(), 2);
}

#[test]
fn draining_hosts_do_not_count() {
    let hosts = vec![
        endpoint(1),
        with_health(2, Health::Draining),
        with_health(3, Health::Draining),
    ];
    let cluster = cluster(config(
        assignment(vec![locality(0, hosts)]),
        Policy::RoundRobin,
    ));
    assert_eq!(chosen(&mut balancer(&cluster, 1), 3), [1, 1, 1]);
    let counters = cluster.stats();
    assert_eq!(counters.membership_excluded.value(), 2);
    assert_eq!(counters.membership_healthy.value(), 1);
    assert_eq!(counters.membership_total.value(), 3);
}

#[test]
fn another_host_is_looked_for_as_often_as_said() {
    for policy in [Policy::RoundRobin, RING] {
        let cluster = cluster(config(ports(1..3), policy));
        let tried = cluster.snapshot().hosts().next().unwrap().id;
        let mut balancer = balancer(&cluster, 1);
        let mut choose = |attempts| {
            let choice = Choice {
                hash: Some(xxhash64(b"key")),
                tried: &[tried],
                attempts,
                ..Choice::default()
            };
            (0..100)
                .filter(|_| balancer.choose(&choice).unwrap().id == tried)
                .count()
        };
        assert_eq!(choose(20), 0);
        assert!(choose(0) == 50 || choose(0) == 0 || choose(0) == 100);
    }
}

#[test]
fn localities_share_by_weight_and_health() {
    let weights = |sick: u16| {
        let health = |port| {
            let health = if port <= sick {
                Health::Unhealthy
            } else {
                Health::Unknown
            };
            with_health(port, health)
        };
        let first = (1..=10).map(health).collect();
        let second = (11..=20).map(endpoint).collect();
        assignment(vec![zone("a", Some(1), first), zone("b", Some(2), second)])
    };
    for (sick, share) in [(0, 1.0 / 3.0), (2, 1.0 / 3.0), (5, 0.7 / 2.7)] {
        let mut config = config(weights(sick), Policy::RoundRobin);
        config.balancing.locality = LocalityPolicy::Weighted;
        let cluster = cluster(config);
        let chosen = chosen(&mut balancer(&cluster, 1), 3_000);
        let first = chosen.iter().filter(|port| **port <= 10).count();
        assert!(crate::upstream::number::count(first).abs_diff(whole(3_000.0 * share)) < 3);
        assert!(chosen.iter().all(|port| *port > sick));
    }
}

fn own_zone(zones: Vec<crate::config::model::endpoint::LocalityEndpoints>) -> Surroundings {
    let locality = Some(Locality {
        zone: "a".into(),
        ..Locality::default()
    });
    let here = Surroundings {
        locality: locality.clone(),
        own_cluster: None,
        transports: crate::upstream::Transports::default(),
    };
    let config = config(assignment(zones), Policy::RoundRobin);
    let own = Cluster::new(
        Arc::new(config),
        1,
        here,
        Random::seeded(1),
        &Registry::default(),
    );
    Surroundings {
        locality,
        own_cluster: Some(own),
        transports: crate::upstream::Transports::default(),
    }
}

#[test]
fn requests_stay_in_their_zone_as_far_as_loads_stay_equal() {
    let hosts = |ports: std::ops::Range<u16>| ports.map(endpoint).collect::<Vec<_>>();
    let equal = vec![
        zone("a", None, hosts(101..103)),
        zone("b", None, hosts(103..105)),
    ];
    // The share of requests that stay, by the share of upstream hosts that are here.
    for (here, there, stay) in [(5, 5, 1.0), (8, 2, 1.0), (2, 6, 0.5), (1, 7, 0.25)] {
        let upstream = assignment(vec![
            zone("a", None, hosts(1..1 + here)),
            zone("b", None, hosts(51..51 + there)),
        ]);
        let around = own_zone(equal.clone());
        let config = Arc::new(config(upstream, Policy::RoundRobin));
        let cluster = Cluster::new(config, 1, around, Random::seeded(1), &Registry::default());
        let chosen = chosen(&mut balancer(&cluster, 1), 10_000);
        let stayed = chosen.iter().filter(|port| **port < 50).count();
        assert_share(stayed, 10_000, stay);
        let zone = cluster.worker_stats(0);
        let direct = zone.lb_zone_routing_all_directly.value();
        let sampled = zone.lb_zone_routing_sampled.value();
        let cross = zone.lb_zone_routing_cross_zone.value();
        assert_eq!(usize::try_from(direct + sampled).unwrap(), stayed);
        assert_eq!(direct + sampled + cross, 10_000);
        assert_eq!(direct > 0, stay >= 1.0);
    }
}

#[test]
fn small_clusters_are_not_routed_by_zone() {
    let hosts = |ports: std::ops::Range<u16>| ports.map(endpoint).collect::<Vec<_>>();
    let zones = vec![zone("a", None, hosts(1..3)), zone("b", None, hosts(3..5))];
    let around = own_zone(zones.clone());
    let config = Arc::new(config(assignment(zones), Policy::RoundRobin));
    let cluster = Cluster::new(config, 1, around, Random::seeded(1), &Registry::default());
    assert_eq!(counts(&chosen(&mut balancer(&cluster, 1), 100)).len(), 4);
    assert_eq!(cluster.stats().lb_zone_cluster_too_small.value(), 1);
}

proptest! {
    #[test]
    fn loads_are_always_whole(
        sizes in proptest::collection::vec((0_u16..6, 0_u16..6, 0_u16..6), 1..5),
        threshold in 0_u8..=100,
        hash in any::<u64>(),
    ) {
        let mut ports = 1..;
        let localities = (0..).zip(sizes).map(|(priority, (healthy, degraded, unhealthy))| {
            let mut hosts = |count: u16, health| {
                (0..count).map(|_| with_health(ports.next().unwrap(), health)).collect::<Vec<_>>()
            };
            let mut all = hosts(healthy, Health::Healthy);
            all.extend(hosts(degraded, Health::Degraded));
            all.extend(hosts(unhealthy, Health::Unhealthy));
            locality(priority, all)
        });
        let mut config = config(assignment(localities.collect()), Policy::RoundRobin);
        config.balancing.panic_threshold = threshold.into();
        let snapshot = cluster(config).snapshot();
        let loads = &snapshot.loads;
        prop_assert_eq!(loads.healthy.iter().chain(&loads.degraded).sum::<u64>(), 100);
        prop_assert!(loads.choose(hash).0 < snapshot.priorities.len());
    }
}
