//! Compares the choice of hosts with the real Envoy's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../api/tests/support/judge.rs"]
#[allow(dead_code, reason = "only what runs Envoy is needed here")]
mod judge;
#[path = "support/serve.rs"]
mod serve;
#[path = "support/upstream.rs"]
mod upstream;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use mesh_proxy::config::model::cluster::{HashFunction, LocalityPolicy, Policy};
use mesh_proxy::config::model::endpoint::{Health, LoadAssignment, LocalityEndpoints};
use mesh_proxy::upstream::hash::xxhash64;
use mesh_proxy::upstream::{Balancer, Choice, Random};
use serde_json::{Value, json};

use serve::{Envoy, Servers};

/// A cluster for both: its hosts are servers by number.
struct Case {
    name: &'static str,
    /// The priority, zone, weight of the zone, and the servers with their weight and health.
    localities: Vec<Group>,
    policy: Policy,
    weighted: bool,
    panic_threshold: f64,
}

struct Group {
    priority: u32,
    zone: &'static str,
    weight: Option<u32>,
    servers: Vec<(usize, u32, Health)>,
}

fn group(priority: u32, servers: &[(usize, u32)]) -> Group {
    let healthy = |(server, weight): &(usize, u32)| (*server, *weight, Health::Unknown);
    Group {
        priority,
        zone: "",
        weight: None,
        servers: servers.iter().map(healthy).collect(),
    }
}

fn case(name: &'static str, policy: Policy, localities: Vec<Group>) -> Case {
    Case {
        name,
        localities,
        policy,
        weighted: false,
        panic_threshold: 50.0,
    }
}

impl Case {
    fn cluster(&self, servers: &Servers) -> Value {
        let localities = self.localities.iter().map(|group| {
            let endpoints = group.servers.iter().map(|(server, weight, health)| {
                let port = servers.ports[*server];
                let address =
                    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } });
                json!({
                    "endpoint": { "address": address },
                    "load_balancing_weight": weight,
                    "health_status": health_name(*health),
                })
            });
            let mut locality = json!({
                "priority": group.priority,
                "lb_endpoints": endpoints.collect::<Vec<_>>(),
            });
            if !group.zone.is_empty() {
                locality["locality"] = json!({ "zone": group.zone });
            }
            if let Some(weight) = group.weight {
                locality["load_balancing_weight"] = json!(weight);
            }
            locality
        });
        let mut cluster = json!({
            "name": self.name,
            "type": "STATIC",
            "connect_timeout": "5s",
            "lb_policy": policy_name(&self.policy),
            "common_lb_config": { "healthy_panic_threshold": { "value": self.panic_threshold } },
            "load_assignment": {
                "cluster_name": self.name,
                "endpoints": localities.collect::<Vec<_>>(),
            },
        });
        if self.weighted {
            cluster["common_lb_config"]["locality_weighted_lb_config"] = json!({});
        }
        if let Policy::RingHash {
            minimum,
            maximum,
            hash,
        } = self.policy
        {
            let hash = match hash {
                HashFunction::XxHash => "XX_HASH",
                HashFunction::MurmurHash2 => "MURMUR_HASH_2",
            };
            cluster["ring_hash_lb_config"] = json!({
                "minimum_ring_size": minimum,
                "maximum_ring_size": maximum,
                "hash_function": hash,
            });
        }
        cluster
    }

    fn assignment(&self, servers: &Servers) -> LoadAssignment {
        let localities = self.localities.iter().map(|group| {
            let endpoints = group.servers.iter().map(|(server, weight, health)| {
                let mut endpoint = upstream::endpoint(servers.ports[*server]);
                (endpoint.weight, endpoint.health) = (*weight, *health);
                endpoint
            });
            LocalityEndpoints {
                priority: group.priority,
                ..upstream::zone(group.zone, group.weight, endpoints.collect())
            }
        });
        upstream::assignment(localities.collect())
    }

    fn balancer(&self, servers: &Servers, seed: u64) -> Balancer {
        let mut config = upstream::config(self.assignment(servers), self.policy.clone());
        config.balancing.panic_threshold = self.panic_threshold;
        if self.weighted {
            config.balancing.locality = LocalityPolicy::Weighted;
        }
        Balancer::new(upstream::cluster(config), 0, Random::seeded(seed))
    }
}

fn health_name(health: Health) -> &'static str {
    match health {
        Health::Unknown => "UNKNOWN",
        Health::Healthy => "HEALTHY",
        Health::Unhealthy => "UNHEALTHY",
        Health::Draining => "DRAINING",
        Health::Timeout => "TIMEOUT",
        Health::Degraded => "DEGRADED",
    }
}

fn policy_name(policy: &Policy) -> &'static str {
    match policy {
        Policy::RoundRobin => "ROUND_ROBIN",
        Policy::LeastRequest { .. } => "LEAST_REQUEST",
        Policy::Random => "RANDOM",
        Policy::RingHash { .. } => "RING_HASH",
        Policy::Provided => "CLUSTER_PROVIDED",
    }
}

fn start(path: &Path, cases: &[Case], servers: &Servers) -> Envoy {
    let named = |case: &Case| (case.name, case.cluster(servers));
    Envoy::start(path, cases.iter().map(named).collect())
}

fn ring(minimum: u64, maximum: u64, hash: HashFunction) -> Policy {
    Policy::RingHash {
        minimum,
        maximum,
        hash,
    }
}

fn rings() -> Vec<Case> {
    let alike = [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1)];
    let unlike = [(0, 1), (1, 2), (2, 7)];
    let zones = || {
        let zone = |zone, weight, servers: &[(usize, u32)]| Group {
            zone,
            weight: Some(weight),
            ..group(0, servers)
        };
        vec![
            zone("b", 3, &[(0, 1), (1, 2)]),
            zone("a", 1, &[(2, 1), (3, 1)]),
        ]
    };
    vec![
        case(
            "ring",
            ring(1024, 8 << 20, HashFunction::XxHash),
            vec![group(0, &alike)],
        ),
        case(
            "murmur",
            ring(1024, 8 << 20, HashFunction::MurmurHash2),
            vec![group(0, &alike)],
        ),
        case(
            "weighted",
            ring(100, 8 << 20, HashFunction::XxHash),
            vec![group(0, &unlike)],
        ),
        case(
            "small",
            ring(1, 7, HashFunction::XxHash),
            vec![group(0, &alike)],
        ),
        Case {
            weighted: true,
            ..case("zones", ring(512, 8 << 20, HashFunction::XxHash), zones())
        },
        case(
            "priorities",
            ring(512, 8 << 20, HashFunction::XxHash),
            half_ill(),
        ),
    ]
}

/// Half of the first priority is ill, so that the second one gets 30 %.
fn half_ill() -> Vec<Group> {
    let mut first = group(0, &[(0, 1), (1, 1), (2, 1), (3, 1)]);
    first.servers[1].2 = Health::Unhealthy;
    first.servers[3].2 = Health::Timeout;
    vec![first, group(1, &[(4, 1), (5, 1)])]
}

#[test]
fn the_same_key_finds_the_same_host_as_with_envoy() {
    let Some(path) = judge::envoy("the_same_key_finds_the_same_host_as_with_envoy") else {
        return;
    };
    let servers = Servers::start();
    let cases = rings();
    let mut envoy = start(&path, &cases, &servers);
    for case in &cases {
        let mut balancer = case.balancer(&servers, 1);
        for key in 0..200 {
            let key = format!("key-{key}");
            let choice = Choice {
                hash: Some(xxhash64(key.as_bytes())),
                ..Choice::default()
            };
            let ours = upstream::port(&balancer.choose(&choice).unwrap().address);
            let theirs = servers.ports[envoy.ask(case.name, &key)];
            assert_eq!(ours, theirs, "{} {key}", case.name);
        }
        let size = balancer.cluster().ring_size().unwrap();
        let gauge = |name| envoy.gauge(&format!("cluster.{}.ring_hash_lb.{name}", case.name));
        assert_eq!(gauge("size"), size.size, "{}", case.name);
        assert_eq!(
            gauge("min_hashes_per_host"),
            size.min_hashes_per_host,
            "{}",
            case.name
        );
        assert_eq!(
            gauge("max_hashes_per_host"),
            size.max_hashes_per_host,
            "{}",
            case.name
        );
    }
}

fn orders() -> Vec<Case> {
    let zone = |zone, weight, servers: &[(usize, u32)]| Group {
        zone,
        weight: Some(weight),
        ..group(0, servers)
    };
    let mut draining = group(0, &[(0, 1), (1, 1), (2, 1), (3, 1)]);
    draining.servers[2].2 = Health::Draining;
    let mut panic = group(0, &[(0, 1), (1, 1), (2, 1), (3, 1)]);
    (0..3).for_each(|server| panic.servers[server].2 = Health::Unhealthy);
    let mut degraded = group(0, &[(0, 1), (1, 1), (2, 1)]);
    (0..3).for_each(|server| degraded.servers[server].2 = Health::Degraded);
    vec![
        case(
            "rotation",
            Policy::RoundRobin,
            vec![group(0, &[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)])],
        ),
        case(
            "unlike",
            Policy::RoundRobin,
            vec![group(0, &[(0, 1), (1, 2), (2, 4)])],
        ),
        case(
            "primes",
            Policy::RoundRobin,
            vec![group(0, &[(0, 3), (1, 5), (2, 2), (3, 7)])],
        ),
        case("draining", Policy::RoundRobin, vec![draining]),
        case("panic", Policy::RoundRobin, vec![panic]),
        case("degraded", Policy::RoundRobin, vec![degraded]),
        Case {
            weighted: true,
            ..case(
                "localities",
                Policy::RoundRobin,
                vec![
                    zone("a", 2, &[(0, 1)]),
                    zone("b", 3, &[(1, 1)]),
                    zone("c", 1, &[(2, 1)]),
                ],
            )
        },
    ]
}

/// The orders of Envoy begin anywhere: ours must be able to go on as Envoy goes on.
#[test]
fn hosts_take_turns_in_the_same_order_as_with_envoy() {
    let Some(path) = judge::envoy("hosts_take_turns_in_the_same_order_as_with_envoy") else {
        return;
    };
    let servers = Servers::start();
    let cases = orders();
    let mut envoy = start(&path, &cases, &servers);
    for case in &cases {
        let theirs = (0..60)
            .map(|_| servers.ports[envoy.ask(case.name, "")])
            .collect::<Vec<_>>();
        let mut balancer = case.balancer(&servers, 1);
        let mut choose = || upstream::port(&balancer.choose(&Choice::default()).unwrap().address);
        let ours = (0..200).map(|_| choose()).collect::<Vec<_>>();
        assert!(
            ours.windows(60).any(|ours| ours == theirs),
            "{}: ours {ours:?} is never theirs {theirs:?}",
            case.name
        );
    }
}

/// What Envoy shows of the members of each cluster, and that panic is counted.
#[test]
fn members_are_counted_as_by_envoy() {
    let Some(path) = judge::envoy("members_are_counted_as_by_envoy") else {
        return;
    };
    let servers = Servers::start();
    let cases = orders();
    let mut envoy = start(&path, &cases, &servers);
    for case in &cases {
        let mut balancer = case.balancer(&servers, 1);
        for _ in 0..7 {
            envoy.ask(case.name, "");
            balancer.choose(&Choice::default()).unwrap();
        }
        let cluster = balancer.cluster();
        let members = cluster.stats();
        let numbers = [
            ("membership_change", members.membership_change.value()),
            ("membership_total", members.membership_total.value()),
            ("membership_healthy", members.membership_healthy.value()),
            ("membership_degraded", members.membership_degraded.value()),
            ("membership_excluded", members.membership_excluded.value()),
            ("max_host_weight", members.max_host_weight.value()),
            (
                "lb_healthy_panic",
                cluster.worker_stats(0).lb_healthy_panic.value(),
            ),
        ];
        for (name, ours) in numbers {
            let theirs = envoy.gauge(&format!("cluster.{}.{name}", case.name));
            assert_eq!(ours, theirs, "{} {name}", case.name);
        }
    }
}

const REQUESTS: usize = 3_000;

/// Random choices agree in their shares.
#[test]
fn shares_are_the_same_as_with_envoy() {
    let Some(path) = judge::envoy("shares_are_the_same_as_with_envoy") else {
        return;
    };
    let servers = Servers::start();
    let least = || Policy::LeastRequest {
        choices: 2,
        active_request_bias: 1.0,
    };
    let cases = [
        case("least", least(), vec![group(0, &[(0, 1), (1, 1), (2, 1)])]),
        case("least-weighted", least(), vec![group(0, &[(0, 1), (1, 4)])]),
        case(
            "random-weighted",
            Policy::Random,
            vec![group(0, &[(0, 1), (1, 4)])],
        ),
        case("second-priority", Policy::RoundRobin, half_ill()),
        Case {
            panic_threshold: 0.0,
            ..case("no-panic", Policy::Random, half_ill())
        },
    ];
    let mut envoy = start(&path, &cases, &servers);
    for case in &cases {
        let mut theirs = BTreeMap::<u16, i64>::new();
        let mut ours = BTreeMap::<u16, i64>::new();
        let mut balancer = case.balancer(&servers, 1);
        for _ in 0..REQUESTS {
            *theirs
                .entry(servers.ports[envoy.ask(case.name, "")])
                .or_default() += 1;
            let host = Arc::clone(balancer.choose(&Choice::default()).unwrap());
            *ours.entry(upstream::port(&host.address)).or_default() += 1;
        }
        assert_eq!(
            ours.keys().collect::<Vec<_>>(),
            theirs.keys().collect::<Vec<_>>()
        );
        for (port, count) in &ours {
            // Five standard deviations of the difference of two binomial counts, at most.
            assert!(
                (count - theirs[port]).abs() < 200,
                "{}: {ours:?} {theirs:?}",
                case.name
            );
        }
    }
}
