//! Tests outlier detection on whole clusters, with time as it is told.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Outcome, Reason};
use crate::config::model::cluster::{OutlierDetection, Policy};
use crate::stats::Registry;
use crate::upstream::fixture::{cluster, config, endpoint, locality, outliers, ports};
use crate::upstream::host::{HealthFlag, Host};
use crate::upstream::{Cluster, Random, Surroundings};

fn with(options: OutlierDetection, hosts: u16) -> Arc<Cluster> {
    let mut config = config(ports(1..hosts + 1), Policy::RoundRobin);
    config.outliers = Some(options);
    cluster(config)
}

fn host(cluster: &Cluster, index: usize) -> Arc<Host> {
    Arc::clone(cluster.snapshot().hosts().nth(index).unwrap())
}

fn ejected(cluster: &Cluster) -> Vec<usize> {
    let snapshot = cluster.snapshot();
    let out = |host: &Arc<Host>| host.state.flags.get().has(HealthFlag::FailedOutlierCheck);
    let hosts = snapshot.hosts().enumerate();
    hosts
        .filter(|(_, host)| out(host))
        .map(|(index, _)| index)
        .collect()
}

/// Reports, and lets the owner see to what was found.
struct Reporter {
    found: tokio::sync::mpsc::UnboundedReceiver<(crate::upstream::HostId, Reason)>,
    cluster: Arc<Cluster>,
    now: Instant,
}

impl Reporter {
    fn new(cluster: &Arc<Cluster>) -> Self {
        let found = cluster.take_failures().unwrap();
        Self {
            found,
            cluster: Arc::clone(cluster),
            now: Instant::now(),
        }
    }

    fn report(&mut self, index: usize, outcome: Outcome, times: usize) {
        for _ in 0..times {
            self.cluster
                .report(&host(&self.cluster, index), 0, outcome, None);
            while let Ok((id, reason)) = self.found.try_recv() {
                self.cluster.failed(id, reason, self.now);
            }
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.cluster.end_interval(self.now);
    }
}

/// What is reported of a host, and whether that leaves it out.
type Row = (&'static str, OutlierDetection, Vec<(Outcome, usize)>, bool);

fn together() -> Vec<Row> {
    use Outcome::{ConnectFailed, Connected, ConnectedFinally, Failure, Status, Timeout};
    let all = OutlierDetection {
        max_ejection_percent: 100,
        ..outliers()
    };
    vec![
        ("five 5xx", all, vec![(Status(500), 5)], true),
        ("four 5xx", all, vec![(Status(500), 4)], false),
        (
            "interrupted",
            all,
            vec![(Status(500), 4), (Status(404), 1), (Status(500), 4)],
            false,
        ),
        (
            "timeouts",
            all,
            vec![(Timeout, 3), (ConnectFailed, 2)],
            true,
        ),
        (
            "connected between",
            all,
            vec![(Status(503), 4), (Connected, 1), (Status(503), 1)],
            true,
        ),
        (
            "well between",
            all,
            vec![(Failure, 4), (ConnectedFinally, 1), (Failure, 1)],
            false,
        ),
    ]
}

fn apart() -> Vec<Row> {
    use Outcome::{ConnectFailed, Connected, Failure, Status, Success, Timeout};
    let all = OutlierDetection {
        max_ejection_percent: 100,
        ..outliers()
    };
    let split = OutlierDetection {
        split_local_origin: true,
        ..all
    };
    let mut gateway = all;
    gateway.consecutive_gateway_failure.enforced = 100;
    gateway.consecutive_5xx.enforced = 0;
    vec![
        (
            "gateway",
            gateway,
            vec![(Status(502), 2), (Status(503), 2), (Status(504), 1)],
            true,
        ),
        (
            "no gateway",
            gateway,
            vec![(Status(502), 4), (Status(500), 1), (Status(502), 4)],
            false,
        ),
        ("local", split, vec![(ConnectFailed, 3), (Timeout, 2)], true),
        (
            "local between",
            split,
            vec![(Timeout, 4), (Status(500), 1), (Timeout, 1)],
            true,
        ),
        (
            "local connected",
            split,
            vec![(Timeout, 4), (Connected, 1), (Timeout, 4)],
            false,
        ),
        (
            "local well",
            split,
            vec![(Timeout, 4), (Success, 1), (Timeout, 4)],
            false,
        ),
        ("external", split, vec![(Failure, 5)], true),
    ]
}

#[tokio::test]
async fn failures_in_a_row_leave_a_host_out() {
    for (name, options, outcomes, out) in together().into_iter().chain(apart()) {
        let cluster = with(options, 2);
        let mut reporter = Reporter::new(&cluster);
        for (outcome, times) in outcomes {
            reporter.report(1, outcome, times);
        }
        let expected: &[usize] = if out { &[1] } else { &[] };
        assert_eq!(ejected(&cluster), expected, "{name}");
        let counters = cluster.outlier_stats().unwrap();
        assert_eq!(counters.ejections_active.value(), u64::from(out), "{name}");
        assert_eq!(
            counters.ejections_enforced_total.value(),
            u64::from(out),
            "{name}"
        );
        assert_eq!(
            cluster.snapshot().priorities[0].healthy.len(),
            2 - usize::from(out),
            "{name}"
        );
    }
}

#[tokio::test]
async fn detection_is_counted_although_it_is_not_enforced() {
    let mut options = OutlierDetection {
        max_ejection_percent: 100,
        ..outliers()
    };
    options.consecutive_5xx.enforced = 0;
    let cluster = with(options, 2);
    let mut reporter = Reporter::new(&cluster);
    reporter.report(0, Outcome::Status(500), 10);
    let counters = cluster.outlier_stats().unwrap();
    assert_eq!(counters.ejections_detected_consecutive_5xx.value(), 2);
    assert_eq!(counters.ejections_total.value(), 2);
    assert_eq!(counters.ejections_consecutive_5xx.value(), 2);
    assert_eq!(counters.ejections_enforced_total.value(), 0);
    assert_eq!(ejected(&cluster), [] as [usize; 0]);
}

#[tokio::test]
async fn not_too_many_are_left_out() {
    for (percent, always_one, out, overflow) in [
        (10, false, 0, 3),
        (10, true, 1, 2),
        (50, false, 2, 1),
        (100, false, 3, 0),
    ] {
        let options = OutlierDetection {
            max_ejection_percent: percent,
            always_eject_one: always_one,
            ..outliers()
        };
        let cluster = with(options, 4);
        let mut reporter = Reporter::new(&cluster);
        (0..3).for_each(|index| reporter.report(index, Outcome::Status(500), 5));
        assert_eq!(ejected(&cluster).len(), out, "{percent}");
        assert_eq!(
            cluster.outlier_stats().unwrap().ejections_overflow.value(),
            overflow,
            "{percent}"
        );
    }
}

#[tokio::test]
async fn each_time_is_longer_than_the_last_up_to_an_end() {
    let options = OutlierDetection {
        max_ejection_percent: 100,
        base_ejection_time: Duration::from_secs(30),
        max_ejection_time: Duration::from_secs(70),
        ..outliers()
    };
    let cluster = with(options, 2);
    let mut reporter = Reporter::new(&cluster);
    for seconds in [30, 60, 70, 70] {
        reporter.report(0, Outcome::Status(500), 5);
        assert_eq!(ejected(&cluster), [0]);
        reporter.pass(seconds - 1);
        assert_eq!(ejected(&cluster), [0], "{seconds}");
        reporter.pass(1);
        assert_eq!(ejected(&cluster), [] as [usize; 0], "{seconds}");
        assert_eq!(cluster.outlier_stats().unwrap().ejections_active.value(), 0);
    }
    // Good times count it down again, one an interval.
    (0..5).for_each(|_| reporter.pass(10));
    reporter.report(0, Outcome::Status(500), 5);
    reporter.pass(30);
    assert_eq!(ejected(&cluster), [] as [usize; 0]);
}

#[tokio::test]
async fn a_success_rate_far_below_the_mean_is_a_reason() {
    let cluster = with(outliers(), 10);
    let mut reporter = Reporter::new(&cluster);
    for index in 0..10 {
        let bad = if index == 4 { 50 } else { 1 };
        for _ in 0..bad {
            reporter.report(index, Outcome::Status(500), 1);
            reporter.report(index, Outcome::Status(200), 1);
        }
        reporter.report(index, Outcome::Status(200), 100 - 2 * bad);
    }
    reporter.pass(10);
    assert_eq!(ejected(&cluster), [4]);
    let counters = cluster.outlier_stats().unwrap();
    assert_eq!(counters.ejections_enforced_success_rate.value(), 1);
    assert_eq!(counters.ejections_detected_success_rate.value(), 1);
    let view = cluster.view();
    let rates = view
        .hosts
        .iter()
        .map(|host| host.success_rate)
        .collect::<Vec<_>>();
    assert_eq!(
        rates,
        [99.0, 99.0, 99.0, 99.0, 50.0, 99.0, 99.0, 99.0, 99.0, 99.0]
    );
    let (external, local) = view.averages.unwrap();
    assert!((external.mean - 94.1).abs() < 1e-9);
    assert!((external.threshold - (94.1 - 1.9 * 14.7)).abs() < 1e-9);
    assert!((local.mean + 1.0).abs() < 1e-9);
    // The next interval has no requests: nothing is known.
    reporter.pass(10);
    assert!(
        cluster
            .view()
            .hosts
            .iter()
            .all(|host| host.success_rate < 0.0)
    );
}

#[tokio::test]
async fn too_many_failures_are_a_reason_if_enforced() {
    for (enforced, out) in [(0, 0), (100, 1)] {
        let mut options = OutlierDetection {
            max_ejection_percent: 20,
            ..outliers()
        };
        options.failure_percentage.enforced = enforced;
        options.success_rate.request_volume = 1_000;
        let cluster = with(options, 5);
        let mut reporter = Reporter::new(&cluster);
        for index in 0..5 {
            for request in 0..60 {
                let status = if index == 2 && request % 8 != 0 {
                    500
                } else {
                    200
                };
                reporter.report(index, Outcome::Status(status), 1);
                if status == 500 && request % 4 == 3 {
                    host(&cluster, index)
                        .state
                        .monitor
                        .end(Reason::Consecutive5xx);
                }
            }
        }
        reporter.pass(10);
        assert_eq!(ejected(&cluster).len(), out);
        let counters = cluster.outlier_stats().unwrap();
        assert_eq!(counters.ejections_detected_failure_percentage.value(), 1);
        assert_eq!(
            counters.ejections_enforced_failure_percentage.value(),
            u64::from(enforced > 0)
        );
    }
}

#[tokio::test]
async fn hosts_that_go_are_not_left_out_any_more() {
    let options = OutlierDetection {
        max_ejection_percent: 100,
        ..outliers()
    };
    let cluster = with(options, 2);
    let mut reporter = Reporter::new(&cluster);
    reporter.report(0, Outcome::Status(500), 5);
    let left = crate::upstream::fixture::assignment(vec![locality(0, vec![endpoint(9)])]);
    assert!(cluster.update(&left));
    assert_eq!(cluster.outlier_stats().unwrap().ejections_active.value(), 0);
}

#[tokio::test]
async fn a_health_check_that_passes_brings_a_host_back() {
    let options = OutlierDetection {
        max_ejection_percent: 100,
        ..outliers()
    };
    let cluster = with(options, 2);
    let mut reporter = Reporter::new(&cluster);
    reporter.report(0, Outcome::Status(500), 5);
    assert!(cluster.passed_check(host(&cluster, 0).id, reporter.now));
    assert_eq!(ejected(&cluster), [] as [usize; 0]);
    assert!(!cluster.passed_check(host(&cluster, 0).id, reporter.now));
}

#[tokio::test(start_paused = true)]
async fn the_owner_sees_to_it() {
    let mut config = config(ports(1..3), Policy::RoundRobin);
    config.outliers = Some(OutlierDetection {
        max_ejection_percent: 100,
        ..outliers()
    });
    let cluster = Cluster::new(
        Arc::new(config),
        2,
        Surroundings::default(),
        Random::seeded(1),
        &Registry::default(),
    );
    let owner = tokio::spawn(Arc::clone(&cluster).own());
    let mut updates = cluster.updates();
    updates.borrow_and_update();
    // Failures count over all workers.
    for worker in [0, 1, 0, 1, 0] {
        cluster.report(&host(&cluster, 1), worker, Outcome::Status(503), None);
    }
    updates.changed().await.unwrap();
    assert_eq!(ejected(&cluster), [1]);
    let begin = Instant::now();
    updates.borrow_and_update();
    updates.changed().await.unwrap();
    assert_eq!(ejected(&cluster), [] as [usize; 0]);
    assert_eq!(begin.elapsed().as_secs(), 30);
    owner.abort();
}
