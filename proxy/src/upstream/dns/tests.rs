//! Tests resolution with a resolver that says what it is told to, under a paused clock.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::time::Instant;

use super::*;
use crate::config::model::cluster::Policy;
use crate::stats::Registry;
use crate::upstream::Surroundings;
use crate::upstream::fixture::{assignment, config, endpoint, locality};

/// Answers by name, and when they were asked for.
#[derive(Debug, Default)]
struct Told {
    answers: Mutex<HashMap<String, Option<Resolved>>>,
    asked: Mutex<Vec<(String, Instant)>>,
}

impl Told {
    fn tell(&self, name: &str, addresses: Option<&[&str]>, lifetime: Option<u64>) {
        let resolved = addresses.map(|all| Resolved {
            addresses: all.iter().map(|one| one.parse().unwrap()).collect(),
            lifetime: lifetime.map(Duration::from_secs),
        });
        self.answers
            .lock()
            .unwrap()
            .insert(name.to_owned(), resolved);
    }

    fn times(&self, begin: Instant) -> Vec<u64> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .map(|(_, at)| at.duration_since(begin).as_secs())
            .collect()
    }
}

impl Resolve for Told {
    fn resolve(&self, name: &str) -> Resolving {
        self.asked
            .lock()
            .unwrap()
            .push((name.to_owned(), Instant::now()));
        let answer = self.answers.lock().unwrap().get(name).cloned().flatten();
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no answer")) })
    }
}

fn dns() -> Dns {
    Dns {
        refresh: Duration::from_secs(5),
        jitter: Duration::ZERO,
        failure: None,
        respect_ttl: false,
        family: DnsFamily::All,
    }
}

fn cluster(names: &[(&str, u32)], options: Dns) -> Arc<Cluster> {
    let localities = names.iter().map(|(name, priority)| {
        let unresolved = Endpoint {
            address: Address::Name((*name).into(), 80),
            ..endpoint(0)
        };
        locality(*priority, vec![unresolved])
    });
    let mut config = config(assignment(Vec::new()), Policy::RoundRobin);
    config.discovery = ClusterDiscovery::StrictDns(assignment(localities.collect()), options);
    Cluster::new(
        Arc::new(config),
        1,
        Surroundings::default(),
        Random::seeded(1),
        &Registry::default(),
    )
}

fn start(
    cluster: &Arc<Cluster>,
    told: &Arc<Told>,
) -> (tokio::task::JoinHandle<()>, oneshot::Receiver<()>) {
    let (sender, ready) = oneshot::channel();
    let resolver: Arc<dyn Resolve> = Arc::<Told>::clone(told);
    let running = run(
        Arc::clone(cluster),
        resolver,
        Random::seeded(1),
        Some(sender),
    );
    (tokio::spawn(running), ready)
}

fn hosts(cluster: &Cluster) -> Vec<String> {
    cluster
        .snapshot()
        .hosts()
        .map(|host| format!("{} {}", host.address, host.hostname))
        .collect()
}

#[test]
fn families_are_taken_as_they_are_ruled() {
    let both = ["10.0.0.1", "::1", "10.0.0.2"].map(|one| one.parse::<IpAddr>().unwrap());
    let four = &both[..1];
    let six = &both[1..2];
    let count = |addresses: &[IpAddr], family| of_family(addresses, family).len();
    for (family, expected) in [
        (DnsFamily::All, [3, 1, 1]),
        (DnsFamily::Auto, [1, 1, 1]),
        (DnsFamily::V4Preferred, [2, 1, 1]),
        (DnsFamily::V4Only, [2, 1, 0]),
        (DnsFamily::V6Only, [1, 0, 1]),
    ] {
        assert_eq!(
            [&both[..], four, six].map(|all| count(all, family)),
            expected,
            "{family:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn hosts_follow_the_answers_and_keep_what_is_known_of_them() {
    let told = Arc::new(Told::default());
    told.tell("a", Some(&["10.0.0.1", "10.0.0.2", "10.0.0.1"]), None);
    told.tell("b", Some(&["10.0.0.1"]), None);
    let cluster = cluster(&[("a", 0), ("b", 1)], dns());
    let (running, ready) = start(&cluster, &told);
    ready.await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(
        hosts(&cluster),
        ["10.0.0.1:80 a", "10.0.0.2:80 a", "10.0.0.1:80 b"]
    );
    let second = Arc::clone(cluster.snapshot().hosts().nth(1).unwrap());
    second.traffic(0).rq_total.add(7);
    told.tell("a", Some(&["10.0.0.2", "10.0.0.3"]), None);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(
        hosts(&cluster),
        ["10.0.0.2:80 a", "10.0.0.3:80 a", "10.0.0.1:80 b"]
    );
    let kept = Arc::clone(cluster.snapshot().hosts().next().unwrap());
    assert_eq!((kept.id, kept.traffic(0).rq_total.value()), (second.id, 7));
    // Another order, no answer: nothing changes. No such name: no host.
    told.tell("a", Some(&["10.0.0.3", "10.0.0.2"]), None);
    told.tell("b", None, None);
    let counters = cluster.stats();
    let unchanged = counters.update_no_rebuild.value();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(
        hosts(&cluster),
        ["10.0.0.2:80 a", "10.0.0.3:80 a", "10.0.0.1:80 b"]
    );
    assert_eq!(counters.update_no_rebuild.value(), unchanged + 1);
    assert_eq!(counters.update_failure.value(), 1);
    told.tell("b", Some(&[]), None);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(hosts(&cluster).len(), 2);
    assert_eq!(counters.membership_change.value(), 4);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn names_are_resolved_at_their_rates() {
    let long = Some((Duration::from_secs(2), Duration::from_secs(8)));
    let cases = [
        ("refresh", dns(), Some(30), vec![0, 5, 10]),
        (
            "lifetime",
            Dns {
                respect_ttl: true,
                ..dns()
            },
            Some(30),
            vec![0, 30, 60],
        ),
        (
            "no lifetime",
            Dns {
                respect_ttl: true,
                ..dns()
            },
            None,
            vec![0, 5, 10],
        ),
        (
            "failure",
            Dns {
                failure: long,
                ..dns()
            },
            None,
            vec![0, 5, 10],
        ),
    ];
    for (name, options, lifetime, times) in cases {
        let told = Arc::new(Told::default());
        told.tell("a", Some(&["10.0.0.1"]), lifetime);
        let begin = Instant::now();
        let (running, _) = start(&cluster(&[("a", 0)], options), &told);
        sleep(Duration::from_secs(*times.last().unwrap() + 1)).await;
        assert_eq!(told.times(begin), times, "{name}");
        running.abort();
    }
    let told = Arc::new(Told::default());
    let begin = Instant::now();
    let (running, _) = start(
        &cluster(
            &[("a", 0)],
            Dns {
                failure: long,
                ..dns()
            },
        ),
        &told,
    );
    sleep(Duration::from_secs(40)).await;
    let times = told.times(begin);
    assert!(
        times.windows(2).all(|pair| pair[1] - pair[0] <= 8),
        "{times:?}"
    );
    assert!(times.len() >= 5, "{times:?}");
    running.abort();
}

#[tokio::test]
async fn the_system_knows_addresses() {
    let resolved = System.resolve("127.0.0.1").await.unwrap();
    assert_eq!(resolved.addresses, [IpAddr::from([127, 0, 0, 1])]);
}

#[tokio::test(start_paused = true)]
async fn an_address_is_taken_whatever_its_family() {
    let options = Dns {
        family: DnsFamily::V6Only,
        ..dns()
    };
    let assignment = assignment(vec![locality(0, vec![endpoint(80)])]);
    let mut config = config(LoadAssignment::default(), Policy::RoundRobin);
    config.discovery = ClusterDiscovery::StrictDns(assignment, options);
    let cluster = Cluster::new(
        Arc::new(config),
        1,
        Surroundings::default(),
        Random::seeded(1),
        &Registry::default(),
    );
    let told = Arc::new(Told::default());
    told.tell("127.0.0.1", Some(&["127.0.0.1"]), None);
    let (running, ready) = start(&cluster, &told);
    ready.await.unwrap();
    assert_eq!(hosts(&cluster), ["127.0.0.1:80 127.0.0.1"]);
    running.abort();
}
