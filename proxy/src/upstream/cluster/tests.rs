//! Tests how the hosts of a cluster follow its updates.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tokio::time::sleep;

use super::{Cluster, Surroundings};
use crate::config::model::address::Address;
use crate::config::model::cluster::{ClusterDiscovery, Dns, DnsFamily, OriginalDst, Policy};
use crate::config::model::endpoint::{Endpoint, Health, LoadAssignment};
use crate::stats::Registry;
use crate::upstream::fixture::{
    assignment, config, endpoint, endpoint_with, locality, port, ports, zone,
};
use crate::upstream::host::HealthFlag;
use crate::upstream::original::from_header;
use crate::upstream::{Balancer, Choice, Host, Random};

/// A cluster whose hosts come and go.
fn changing(first: &LoadAssignment) -> Arc<Cluster> {
    let mut config = config(assignment(Vec::new()), Policy::RoundRobin);
    let dns = Dns {
        refresh: Duration::from_secs(5),
        jitter: Duration::ZERO,
        failure: None,
        respect_ttl: false,
        family: DnsFamily::All,
    };
    config.discovery = ClusterDiscovery::StrictDns(assignment(Vec::new()), dns);
    let cluster = Cluster::new(
        Arc::new(config),
        2,
        Surroundings::default(),
        Random::seeded(1),
        &Registry::default(),
    );
    cluster.update(first);
    cluster
}

fn host(cluster: &Cluster, wanted: u16) -> Arc<Host> {
    let snapshot = cluster.snapshot();
    Arc::clone(
        snapshot
            .hosts()
            .find(|host| port(&host.address) == wanted)
            .unwrap(),
    )
}

#[test]
fn hosts_that_stay_keep_their_state() {
    let cluster = changing(&ports(1..4));
    let before = host(&cluster, 2);
    before.traffic(1).rq_total.add(5);
    before.state.flags.set(HealthFlag::FailedOutlierCheck);
    let heavier = Endpoint {
        weight: 3,
        ..endpoint_with(2, "canary", json!(true))
    };
    assert!(cluster.update(&assignment(vec![locality(1, vec![heavier])])));
    let after = host(&cluster, 2);
    assert_eq!(
        (after.id, after.weight, after.priority, after.canary()),
        (before.id, 3, 1, true)
    );
    assert_eq!(after.traffic(1).rq_total.value(), 5);
    assert!(after.state.flags.get().has(HealthFlag::FailedOutlierCheck));
    assert_eq!(cluster.stats().max_host_weight.value(), 3);
    // One that stands elsewhere is another one.
    cluster.update(&assignment(vec![zone("a", None, vec![endpoint(2)])]));
    assert_ne!(host(&cluster, 2).id, before.id);
}

#[test]
fn an_update_that_changes_nothing_tells_no_one() {
    let cluster = changing(&ports(1..4));
    let mut updates = cluster.updates();
    updates.borrow_and_update();
    let changes = cluster.stats().membership_change.value();
    let mut other_order = ports(1..4);
    other_order.localities[0].endpoints.reverse();
    for same in [ports(1..4), other_order] {
        assert!(!cluster.update(&same));
    }
    assert!(!updates.has_changed().unwrap());
    assert_eq!(cluster.stats().membership_change.value(), changes);
    assert!(cluster.update(&ports(1..5)));
    assert!(updates.has_changed().unwrap());
}

#[test]
fn discovery_tells_health() {
    let cluster = changing(&ports(1..3));
    let told = |health| Endpoint {
        health,
        ..endpoint(1)
    };
    for (health, flags) in [
        (Health::Unhealthy, "/failed_eds_health"),
        (Health::Timeout, "/failed_eds_health"),
        (Health::Degraded, "/degraded_eds_health"),
        (Health::Draining, "/eds_status_draining"),
        (Health::Healthy, "healthy"),
        (Health::Unknown, "healthy"),
    ] {
        cluster.update(&assignment(vec![locality(
            0,
            vec![told(health), endpoint(2)],
        )]));
        assert_eq!(cluster.view().hosts[0].health_flags.to_string(), flags);
    }
}

#[test]
fn static_endpoints_may_be_there_twice() {
    let twice = assignment(vec![locality(0, vec![endpoint(1), endpoint(1)])]);
    let config = config(twice.clone(), Policy::RoundRobin);
    let cluster = Cluster::new(
        Arc::new(config),
        1,
        Surroundings::default(),
        Random::seeded(1),
        &Registry::default(),
    );
    assert_eq!(cluster.stats().membership_total.value(), 2);
    assert_eq!(cluster.stats().max_host_weight.value(), 0);
    assert_eq!(changing(&twice).stats().membership_total.value(), 1);
}

#[test]
fn connections_to_a_host_are_limited() {
    let mut config = config(ports(1..2), Policy::RoundRobin);
    config.max_connections_per_host = Some(2);
    let cluster = Cluster::new(
        Arc::new(config),
        2,
        Surroundings::default(),
        Random::seeded(1),
        &Registry::default(),
    );
    let host = host(&cluster, 1);
    host.traffic(0).cx_active.add(1);
    assert!(cluster.may_connect_to(&host));
    host.traffic(1).cx_active.add(1);
    assert!(!cluster.may_connect_to(&host));
}

fn original(port: Option<u16>) -> Arc<Cluster> {
    let mut config = config(assignment(Vec::new()), Policy::Provided);
    let cleanup_interval = Duration::from_secs(5);
    config.discovery = ClusterDiscovery::OriginalDst(OriginalDst {
        header: None,
        port,
        cleanup_interval,
    });
    Cluster::new(
        Arc::new(config),
        2,
        Surroundings::default(),
        Random::seeded(1),
        &Registry::default(),
    )
}

fn to(destination: Option<&str>) -> Choice<'static> {
    let destination = destination.and_then(|text| from_header(text.as_bytes()));
    Choice {
        destination,
        ..Choice::default()
    }
}

#[test]
fn destinations_are_made_once_for_all_workers() {
    let cluster = original(None);
    let mut workers =
        [0, 1].map(|worker| Balancer::new(Arc::clone(&cluster), worker, Random::seeded(1)));
    let ids = workers
        .each_mut()
        .map(|one| one.choose(&to(Some("10.0.0.1:80"))).unwrap().id);
    assert_eq!(ids[0], ids[1]);
    let host = workers[0].choose(&to(Some("[::1]:81"))).unwrap();
    assert_eq!(
        (host.hostname.as_str(), host.weight),
        ("cluster[::1]:81", 1)
    );
    for nowhere in [None, Some("name:80"), Some("10.0.0.1")] {
        assert!(workers[1].choose(&to(nowhere)).is_none());
    }
    assert_eq!(cluster.worker_stats(1).upstream_cx_none_healthy.value(), 3);
    let mut other = Balancer::new(original(Some(15001)), 0, Random::seeded(1));
    let host = other.choose(&to(Some("10.0.0.1:80"))).unwrap();
    assert_eq!(
        host.address,
        Address::Socket("10.0.0.1:15001".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn destinations_are_forgotten_when_no_one_asks() {
    let cluster = original(None);
    let owner = tokio::spawn(Arc::clone(&cluster).own());
    let mut balancer = Balancer::new(Arc::clone(&cluster), 0, Random::seeded(1));
    let used = Arc::clone(balancer.choose(&to(Some("10.0.0.1:80"))).unwrap());
    used.traffic(0).cx_active.add(1);
    let idle = balancer.choose(&to(Some("10.0.0.2:80"))).unwrap().id;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(cluster.stats().membership_total.value(), 2);
    // The first round finds that they were chosen, the second that they were not.
    sleep(Duration::from_secs(5)).await;
    assert_eq!(cluster.stats().membership_total.value(), 2);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(cluster.stats().membership_total.value(), 1);
    assert_ne!(balancer.choose(&to(Some("10.0.0.2:80"))).unwrap().id, idle);
    assert_eq!(
        balancer.choose(&to(Some("10.0.0.1:80"))).unwrap().id,
        used.id
    );
    owner.abort();
}

#[test]
fn a_view_tells_what_envoy_shows() {
    let cluster = changing(&assignment(vec![zone("a", None, vec![endpoint(1)])]));
    let host = host(&cluster, 1);
    host.traffic(0).rq_active.add(1);
    host.traffic(1).rq_active.add(1);
    host.traffic(1).rq_error.increment();
    let view = cluster.view();
    let shown = &view.hosts[0];
    assert_eq!(
        (
            shown.rq_active,
            shown.rq_error,
            shown.locality.zone.as_str()
        ),
        (2, 1, "a")
    );
    assert!((shown.success_rate + 1.0).abs() < 1e-9);
    assert_eq!(view.limits[0].1, [1024, 1024, 1024, 3]);
    assert_eq!(view.averages, None);
}

proptest! {
    #[test]
    fn snapshots_part_hosts_wholly(
        updates in proptest::collection::vec(proptest::collection::vec((1_u16..20, 0_u32..3, 0_u8..6), 0..20), 1..6),
    ) {
        let cluster = changing(&ports(1..1));
        for update in updates {
            let told = update.iter().map(|(port, priority, health)| {
                let health = match health {
                    0 => Health::Unhealthy,
                    1 => Health::Degraded,
                    2 => Health::Draining,
                    _ => Health::Unknown,
                };
                locality(*priority, vec![Endpoint { health, ..endpoint(*port) }])
            });
            cluster.update(&assignment(told.collect()));
            let snapshot = cluster.snapshot();
            let known = update.iter().map(|(port, ..)| port).collect::<std::collections::BTreeSet<_>>();
            prop_assert_eq!(snapshot.hosts().count(), known.len());
            for set in &snapshot.priorities {
                let of_localities = |part: fn(&crate::upstream::members::LocalityHosts) -> usize| {
                    set.localities.iter().map(part).sum::<usize>()
                };
                prop_assert_eq!(of_localities(|one| one.hosts.len()), set.hosts.len());
                prop_assert_eq!(of_localities(|one| one.healthy.len()), set.healthy.len());
                prop_assert_eq!(of_localities(|one| one.degraded.len()), set.degraded.len());
                prop_assert_eq!(of_localities(|one| one.excluded), set.excluded.len());
                prop_assert!(set.hosts.iter().all(|host| host.priority == set.priority));
            }
            let counters = cluster.stats();
            prop_assert_eq!(counters.membership_total.value(), snapshot.sum(|set| set.hosts.len()));
        }
    }
}
