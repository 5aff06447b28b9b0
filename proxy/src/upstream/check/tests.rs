//! Tests checks: what they say about hosts, when they are made, and what goes over the wire.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use super::exchange::{Answer, Asked, Asking, Exchange, Request, holds};
use super::plain::Plain;
use super::run::run;
use super::session::{Session, Transition, Verdict, next_wait};
use crate::config::model::cluster::Policy;
use crate::config::model::endpoint::{Endpoint, LoadAssignment};
use crate::config::model::header::HeaderChanges;
use crate::config::model::health::{Check, HealthCheck, HttpCheck};
use crate::stats::HealthCheckStats;
use crate::stats::Registry;
use crate::upstream::fixture::{assignment, config, endpoint, locality, ports};
use crate::upstream::host::{HealthFlag, Host, HostState};
use crate::upstream::{Cluster, Random, Surroundings};

fn http_check() -> HttpCheck {
    HttpCheck {
        method: "GET",
        host: String::new(),
        path: "/healthz".into(),
        send: Vec::new(),
        receive: Vec::new(),
        response_buffer_size: 1024,
        headers: HeaderChanges::default(),
        expected: Vec::new(),
        retriable: Vec::new(),
        http2: false,
        service_name: None,
    }
}

fn check(check: Check) -> HealthCheck {
    let seconds = Duration::from_secs;
    HealthCheck {
        name: String::new(),
        check,
        timeout: seconds(1),
        interval: seconds(10),
        no_traffic_interval: seconds(60),
        no_traffic_healthy_interval: seconds(50),
        unhealthy_interval: seconds(20),
        unhealthy_edge_interval: seconds(3),
        healthy_edge_interval: seconds(2),
        initial_jitter: Duration::ZERO,
        jitter: Duration::ZERO,
        jitter_percent: 0,
        unhealthy_threshold: 2,
        healthy_threshold: 2,
        port: None,
        reuse_connection: true,
        log_failures: false,
        log_successes: false,
        transport_criteria: None,
    }
}

fn http() -> HealthCheck {
    check(Check::Http(Box::new(http_check())))
}

#[test]
fn hosts_change_after_so_many_results_in_a_row() {
    use Transition::{Changed, Pending, Unchanged};
    use Verdict::{Degraded, Healthy, NetworkFailure, Passive, Retriable, Timeout, Unhealthy};
    let rows: [(Verdict, Transition, &str); 15] = [
        // The first result counts at once.
        (Healthy, Changed, "healthy"),
        (NetworkFailure, Pending, "healthy"),
        (Healthy, Unchanged, "healthy"),
        (NetworkFailure, Pending, "healthy"),
        (Timeout, Changed, "/failed_active_hc/active_hc_timeout"),
        (NetworkFailure, Unchanged, "/failed_active_hc"),
        (Healthy, Pending, "/failed_active_hc"),
        (Unhealthy, Unchanged, "/failed_active_hc"),
        (Healthy, Pending, "/failed_active_hc"),
        (Degraded, Changed, "/degraded_active_hc"),
        (Healthy, Changed, "healthy"),
        (Retriable, Pending, "healthy"),
        (Passive, Changed, "/failed_active_hc"),
        (Healthy, Pending, "/failed_active_hc"),
        (Healthy, Changed, "healthy"),
    ];
    let (state, counters) = (HostState::new(1), HealthCheckStats::default());
    state.flags.set(HealthFlag::FailedActiveCheck);
    let mut session = Session::begin(&state, &counters);
    for (index, (verdict, transition, flags)) in rows.into_iter().enumerate() {
        assert_eq!(
            session.take(verdict, &state, &http(), &counters),
            transition,
            "{index}"
        );
        assert_eq!(state.flags.get().to_string(), flags, "{index}");
    }
    let counts = [
        &counters.success,
        &counters.failure,
        &counters.network_failure,
        &counters.passive_failure,
    ];
    assert_eq!(counts.map(crate::stats::Counter::value), [8, 7, 4, 1]);
    assert_eq!(counters.healthy.value(), 1);
    session.end(&state, &counters);
    assert_eq!(counters.healthy.value(), 0);
}

#[test]
fn the_next_check_is_when_it_should_be() {
    use Transition::{Changed, Pending, Unchanged};
    let mut random = Random::seeded(1);
    for (verdict, transition, traffic, seconds) in [
        (Verdict::Healthy, Unchanged, true, 10),
        (Verdict::Healthy, Pending, true, 2),
        (Verdict::Healthy, Changed, true, 10),
        (Verdict::Timeout, Pending, true, 3),
        (Verdict::Timeout, Changed, true, 20),
        (Verdict::Healthy, Unchanged, false, 50),
        (Verdict::Healthy, Pending, false, 60),
        (Verdict::Unhealthy, Unchanged, false, 60),
    ] {
        let wait = next_wait(verdict, transition, traffic, &http(), &mut random);
        assert_eq!(
            wait.as_secs(),
            seconds,
            "{verdict:?} {transition:?} {traffic}"
        );
    }
    let options = HealthCheck {
        jitter: Duration::from_secs(1),
        jitter_percent: 50,
        ..http()
    };
    for _ in 0..100 {
        let wait = next_wait(Verdict::Healthy, Unchanged, true, &options, &mut random);
        assert!((10..16).contains(&wait.as_secs()));
    }
}

#[test]
fn bytes_must_hold_all_in_their_order() {
    let all = |parts: &[&str]| {
        parts
            .iter()
            .map(|part| part.as_bytes().to_vec())
            .collect::<Vec<_>>()
    };
    for (bytes, parts, found) in [
        ("", &[][..], true),
        ("abc", &["b"], true),
        ("abcabc", &["c", "a"], true),
        ("abc", &["c", "a"], false),
        ("aa", &["aa", "a"], false),
    ] {
        assert_eq!(
            holds(bytes.as_bytes(), &all(parts)),
            found,
            "{bytes} {parts:?}"
        );
    }
}

/// Answers as it is told, and remembers when it was asked.
#[derive(Debug)]
struct Told {
    status: Mutex<Option<u16>>,
    asked: Mutex<Vec<Instant>>,
}

impl Exchange for Told {
    fn http<'a>(&'a self, _: &'a Host, _: &'a HealthCheck, _: Request) -> Asking<'a, Answer> {
        self.asked.lock().unwrap().push(Instant::now());
        let status = *self.status.lock().unwrap();
        Box::pin(async move {
            match status {
                Some(status) => Ok(Answer {
                    status,
                    ..Answer::default()
                }),
                None => std::future::pending().await,
            }
        })
    }

    fn bytes<'a>(
        &'a self,
        _: &'a Host,
        _: &'a HealthCheck,
        _: &'a [u8],
        _: &'a (dyn Fn(&[u8]) -> bool + Sync),
    ) -> Asking<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

fn checked(assignment: LoadAssignment, check: HealthCheck) -> Arc<Cluster> {
    let mut config = config(assignment, Policy::RoundRobin);
    config.health_checks = vec![check];
    Cluster::new(
        Arc::new(config),
        1,
        Surroundings::default(),
        Random::seeded(1),
        &Registry::default(),
    )
}

fn healthy(cluster: &Cluster) -> usize {
    cluster.snapshot().priorities[0].healthy.len()
}

#[tokio::test(start_paused = true)]
async fn hosts_are_checked_at_their_times() {
    let cluster = checked(ports(1..3), http());
    assert_eq!(healthy(&cluster), 0);
    let told = Arc::new(Told {
        status: Mutex::new(Some(200)),
        asked: Mutex::default(),
    });
    let exchange: Arc<dyn Exchange> = Arc::<Told>::clone(&told);
    let running = tokio::spawn(run(Arc::clone(&cluster), exchange, Random::seeded(1)));
    sleep(Duration::from_millis(10)).await;
    assert_eq!(healthy(&cluster), 2);
    assert_eq!(told.asked.lock().unwrap().len(), 2);
    cluster.note_traffic();
    *told.status.lock().unwrap() = None;
    // 50 s without traffic, a timeout of 1 s, 3 s at the edge, another timeout.
    sleep(Duration::from_secs(54)).await;
    assert_eq!(healthy(&cluster), 2);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(healthy(&cluster), 0);
    *told.status.lock().unwrap() = Some(200);
    // 20 s, and 2 s at the edge.
    sleep(Duration::from_secs(21)).await;
    assert_eq!(healthy(&cluster), 0);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(healthy(&cluster), 2);
    let host = Arc::clone(cluster.snapshot().hosts().next().unwrap());
    cluster.fail_at_once(&host);
    sleep(Duration::from_millis(10)).await;
    let flags = host.state.flags.get().to_string();
    assert_eq!(flags, "/failed_active_hc/excluded_via_immediate_hc_fail");
    assert_eq!(cluster.snapshot().priorities[0].excluded.len(), 1);
    let counters = cluster.check_stats().unwrap();
    assert_eq!(
        (counters.healthy.value(), counters.passive_failure.value()),
        (1, 1)
    );
    running.abort();
}

#[test]
fn hosts_that_are_found_no_more_stay_while_they_are_well() {
    let mut config = config(ports(1..1), Policy::RoundRobin);
    config.health_checks = vec![http()];
    let options = crate::config::model::cluster::Dns {
        refresh: Duration::from_secs(5),
        jitter: Duration::ZERO,
        failure: None,
        respect_ttl: false,
        family: crate::config::model::cluster::DnsFamily::All,
    };
    config.discovery =
        crate::config::model::cluster::ClusterDiscovery::StrictDns(ports(1..1), options);
    let cluster = Cluster::new(
        Arc::new(config),
        1,
        Surroundings::default(),
        Random::seeded(1),
        &Registry::default(),
    );
    cluster.update(&ports(1..3));
    let host = Arc::clone(cluster.snapshot().hosts().next().unwrap());
    host.state.flags.clear(HealthFlag::FailedActiveCheck);
    cluster.refresh();
    cluster.update(&ports(2..3));
    assert_eq!(
        host.state.flags.get().to_string(),
        "/pending_dynamic_removal"
    );
    assert_eq!(cluster.stats().membership_total.value(), 2);
    cluster.update(&ports(1..3));
    assert_eq!(host.state.flags.get().to_string(), "healthy");
    cluster.update(&ports(2..3));
    host.state.flags.set(HealthFlag::FailedActiveCheck);
    cluster.refresh();
    assert_eq!(cluster.stats().membership_total.value(), 1);
}

/// Serves these answers on one connection after the other, and gives what was asked.
async fn asked(options: HealthCheck, answers: &'static [&'static [u8]]) -> (Vec<Verdict>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        for answer in answers {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            all.extend_from_slice(&buffer[..read]);
            stream.write_all(answer).await.unwrap();
        }
        drop(stream);
        String::from_utf8(all).unwrap()
    });
    let named = Endpoint {
        hostname: "name".into(),
        ..endpoint(port)
    };
    let cluster = checked(assignment(vec![locality(0, vec![named])]), options.clone());
    let host = Arc::clone(cluster.snapshot().hosts().next().unwrap());
    let plain = Plain::new(&cluster);
    let mut verdicts = Vec::new();
    for _ in answers {
        let asked = Asked {
            cluster: "cluster",
            host: &host,
            options: &options,
        };
        let answer = asked.ask(&plain, cluster.check_stats().unwrap());
        let verdict = tokio::time::timeout(Duration::from_secs(5), answer).await;
        verdicts.push(verdict.unwrap_or(Verdict::Timeout));
    }
    (verdicts, served.await.unwrap())
}

#[tokio::test]
async fn http_checks_ask_as_envoy_does_and_keep_their_connection() {
    let answers: &[&[u8]] = &[
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-envoy-degraded: \r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 503 No\r\nconnection: close\r\n\r\n",
    ];
    let (verdicts, request) = asked(http(), answers).await;
    assert_eq!(
        verdicts,
        [Verdict::Healthy, Verdict::Degraded, Verdict::Unhealthy]
    );
    let one = "GET /healthz HTTP/1.1\r\nhost: cluster\r\nuser-agent: Envoy/HC\r\n\r\n";
    assert_eq!(request, one.repeat(3));
}

#[tokio::test]
async fn http_checks_judge_status_and_body() {
    let statuses = HttpCheck {
        expected: vec![200..201, 203..204],
        retriable: vec![500..501, 502..503],
        ..http_check()
    };
    let body = HttpCheck {
        receive: vec![b"ok".to_vec()],
        ..http_check()
    };
    let rows: [(HttpCheck, &[u8], Verdict); 5] = [
        (
            statuses.clone(),
            b"HTTP/1.1 204 X\r\n\r\n",
            Verdict::Unhealthy,
        ),
        (
            statuses.clone(),
            b"HTTP/1.1 203 X\r\ncontent-length: 0\r\n\r\n",
            Verdict::Healthy,
        ),
        (
            statuses,
            b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n",
            Verdict::Retriable,
        ),
        (
            body.clone(),
            b"HTTP/1.1 200 X\r\ncontent-length: 4\r\n\r\n.ok.",
            Verdict::Healthy,
        ),
        (
            body,
            b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nno",
            Verdict::Unhealthy,
        ),
    ];
    for (one, answer, verdict) in rows {
        let answers: &'static [&'static [u8]] = Box::leak(Box::new([answer]));
        assert_eq!(
            asked(check(Check::Http(Box::new(one))), answers).await.0,
            [verdict]
        );
    }
}

#[tokio::test]
async fn bytes_are_sent_and_awaited() {
    let tcp = Check::Tcp {
        send: b"PING".to_vec(),
        receive: vec![b"PO".to_vec(), b"G".to_vec()],
    };
    let (verdicts, sent) = asked(check(tcp.clone()), &[b"PONG", b"PONG", b"PIN"]).await;
    assert_eq!(
        verdicts,
        [Verdict::Healthy, Verdict::Healthy, Verdict::NetworkFailure]
    );
    assert_eq!(sent, "PINGPINGPING");
    let connect = Check::Tcp {
        send: Vec::new(),
        receive: Vec::new(),
    };
    let cluster = checked(ports(1..2), check(connect.clone()));
    let host = Arc::clone(cluster.snapshot().hosts().next().unwrap());
    let options = check(connect);
    let asked = Asked {
        cluster: "cluster",
        host: &host,
        options: &options,
    };
    let verdict = asked
        .ask(&Plain::new(&cluster), cluster.check_stats().unwrap())
        .await;
    assert_eq!(verdict, Verdict::NetworkFailure);
}

/// Answers a gRPC call with this body and status.
#[derive(Debug)]
struct Grpc(Vec<u8>, &'static [u8], Mutex<Option<Request>>);

impl Exchange for Grpc {
    fn http<'a>(&'a self, _: &'a Host, _: &'a HealthCheck, request: Request) -> Asking<'a, Answer> {
        *self.2.lock().unwrap() = Some(request);
        let mut answer = Answer {
            status: 200,
            body: self.0.clone(),
            ..Answer::default()
        };
        answer.headers.push(b"content-type", b"application/grpc");
        answer.trailers.push(b"grpc-status", self.1);
        Box::pin(async move { Ok(answer) })
    }

    fn bytes<'a>(
        &'a self,
        _: &'a Host,
        _: &'a HealthCheck,
        _: &'a [u8],
        _: &'a (dyn Fn(&[u8]) -> bool + Sync),
    ) -> Asking<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn grpc_checks_call_the_health_service() {
    let grpc = Check::Grpc {
        service: "cart".into(),
        authority: String::new(),
        headers: HeaderChanges::default(),
    };
    let options = check(grpc);
    let cluster = checked(ports(1..2), options.clone());
    let host = Arc::clone(cluster.snapshot().hosts().next().unwrap());
    let rows: [(&[u8], &[u8], Verdict); 4] = [
        (&[0, 0, 0, 0, 2, 8, 1], b"0", Verdict::Healthy),
        (&[0, 0, 0, 0, 2, 8, 2], b"0", Verdict::Unhealthy),
        (&[0, 0, 0, 0, 2, 8, 1], b"5", Verdict::Unhealthy),
        (&[], b"12", Verdict::Unhealthy),
    ];
    for (body, status, verdict) in rows {
        let exchange = Grpc(body.to_vec(), status, Mutex::default());
        let asked = Asked {
            cluster: "cluster",
            host: &host,
            options: &options,
        };
        assert_eq!(
            asked.ask(&exchange, cluster.check_stats().unwrap()).await,
            verdict
        );
        let request = exchange.2.into_inner().unwrap().unwrap();
        assert_eq!(request.path, "/grpc.health.v1.Health/Check");
        assert_eq!(request.body, b"\0\0\0\0\x06\x0a\x04cart");
        assert_eq!(request.headers.get(b"grpc-timeout"), Some(&b"1000m"[..]));
    }
}
