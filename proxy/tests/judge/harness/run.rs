//! Runs the cases of a group on a program and observes what each of them does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use tempfile::TempDir;

use super::case::{Case, Kind, Script};
use super::certificates::Certificates;
use super::client::{self, Peers};
use super::client_h2;
use super::config::{Place, bootstrap};
use super::observation::{Observation, counts};
use super::program::{Program, Running};
use super::script::Step;
use super::upstream;

/// Cases that share a process, which is started anew for each program.
pub(crate) struct Group {
    cases: Vec<(Case, Place)>,
    admin: SocketAddr,
    directory: TempDir,
    certificates: Certificates,
}

/// How many cases of a group run at once.
const AT_ONCE: usize = 8;

impl Group {
    /// Gives every case a name and addresses, which stay the same for all programs: what is balanced by
    /// address is balanced alike.
    pub(crate) fn new(family: &str, first: usize, cases: Vec<Case>) -> Self {
        let mut ports = Ports::new();
        let place = |(index, case): (usize, Case)| {
            let case = case.completed();
            let upstreams = case.upstreams.iter().map(|upstream| upstream.name);
            let place = Place {
                id: format!("{family}_{:03}", first + index),
                upstreams: upstreams.map(|name| (name, ports.next())).collect(),
                listener: ports.next(),
            };
            (case, place)
        };
        let cases = cases.into_iter().enumerate().map(place).collect();
        Self {
            cases,
            admin: ports.next(),
            directory: tempfile::tempdir().unwrap(),
            certificates: Certificates::new(),
        }
    }

    pub(crate) fn cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().map(|(case, _)| case)
    }

    /// What a program is given.
    pub(crate) fn bootstrap(&self, program: Program) -> Value {
        let logs = self.directory.path();
        program.bootstrap(bootstrap(&self.cases, self.admin, logs, &self.certificates))
    }

    /// One observation for each case, and a last one of the process. When the program refuses the cases
    /// together, each is run alone.
    pub(crate) fn run(&self, program: Program) -> Vec<Observation> {
        let refused = |reason: String| {
            assert_eq!(program, Program::MeshProxy, "{reason}");
            let mut observation = Observation::default();
            observation.add("refused", vec![reason]);
            observation
        };
        let reason = match self.attempt(program, &self.cases) {
            Ok(observations) => return observations,
            Err(reason) => reason,
        };
        let alone = |case| {
            let observations = self.attempt(program, std::slice::from_ref(case));
            observations.map_or_else(refused, |mut observations| observations.swap_remove(0))
        };
        self.cases
            .iter()
            .map(alone)
            .chain([refused(reason)])
            .collect()
    }

    /// Nothing of it outlives its runtime: the next one listens on the same addresses.
    fn attempt(
        &self,
        program: Program,
        cases: &[(Case, Place)],
    ) -> Result<Vec<Observation>, String> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        runtime.block_on(self.observe(program, cases))
    }

    async fn observe(
        &self,
        program: Program,
        cases: &[(Case, Place)],
    ) -> Result<Vec<Observation>, String> {
        for (_, place) in cases {
            fs::write(self.directory.path().join(&place.id), "").unwrap();
        }
        let mut upstreams = Vec::new();
        for (case, place) in cases {
            upstreams.push(self.upstreams(case, place).await);
        }
        let logs = self.directory.path();
        let config = program.bootstrap(bootstrap(cases, self.admin, logs, &self.certificates));
        let running = program.start(&config, self.admin, logs).await?;
        let played = cases
            .iter()
            .zip(&upstreams)
            .map(|((case, place), upstreams)| {
                let peers = Peers {
                    listener: place.listener,
                    upstreams,
                    certificates: &self.certificates,
                };
                async move { clients(case, &peers).await }
            });
        let played = futures_util::stream::iter(played).buffered(AT_ONCE);
        let played: Vec<client::Seen> = played.collect().await;
        let statistics = settled(&running).await;
        let mut observations = Vec::new();
        for (((case, place), upstreams), seen) in cases.iter().zip(&upstreams).zip(played) {
            let digits = seen.digits;
            let mut observation = Observation::default();
            observation.add("client", all_readable(seen.lines, &place.id));
            for (name, upstream) in upstreams {
                let lines = upstream.record.read(super::record::Seen::lines);
                observation.add(format!("upstream {name}"), all_readable(lines, &place.id));
            }
            let log = fs::read_to_string(self.directory.path().join(&place.id)).unwrap();
            let log = log.lines().map(|line| readable(line, &place.id)).collect();
            observation.add("access log", log);
            observation.add("statistics", own(&statistics, case, place, digits));
            observations.push(observation);
        }
        let mut process = self.process(&statistics);
        process.add("panics", running.panics());
        observations.push(process);
        Ok(observations)
    }

    async fn upstreams(
        &self,
        case: &Case,
        place: &Place,
    ) -> BTreeMap<&'static str, upstream::Running> {
        let mut running = BTreeMap::new();
        for upstream in &case.upstreams {
            let address = place.upstreams[upstream.name];
            let started = upstream::start(upstream, address, &self.certificates).await;
            running.insert(upstream.name, started);
        }
        running
    }

    /// The statistics that belong to no case.
    fn process(&self, statistics: &[(String, u64)]) -> Observation {
        let mut observation = Observation::default();
        let ids: Vec<_> = self.cases.iter().map(|(_, place)| &place.id).collect();
        let common = statistics
            .iter()
            .filter(|(name, _)| counts(name) && !ids.iter().any(|id| name.contains(id.as_str())));
        let lines = common.map(|(name, value)| format!("{name}: {value}"));
        observation.add("process", lines.collect());
        observation
    }
}

async fn clients(case: &Case, peers: &Peers<'_>) -> client::Seen {
    let mut all = client::Seen::default();
    for client in &case.clients {
        let tls = client.tls.as_ref();
        let seen = match &client.script {
            Script::Raw(steps) => client::play(steps, tls, client.from, peers).await,
            Script::H2(exchanges) => client_h2::play(exchanges, tls, client.from, peers).await,
        };
        all.lines.extend(seen.lines);
        all.digits += seen.digits;
    }
    all
}

/// The statistics once nothing changes any more: no connection from a client is left and every line of
/// the access logs is written.
async fn settled(running: &Running) -> Vec<(String, u64)> {
    let mut last = Vec::new();
    for _ in 0..200 {
        let statistics = running.statistics().await;
        let busy = statistics.iter().any(|(name, _)| {
            let gauge = name.starts_with("listener.") && name.ends_with(".downstream_cx_active");
            gauge && !name.contains(".admin.") || name == "access_log_file.write_total_buffered"
        });
        let now: Vec<_> = statistics
            .into_iter()
            .filter(|(name, _)| counts(name))
            .collect();
        if !busy && now == last {
            return now;
        }
        last = now;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    last
}

/// The statistics of a case, as lines.
fn own(statistics: &[(String, u64)], case: &Case, place: &Place, digits: u64) -> Vec<String> {
    let h2_client = case.clients.iter().any(|client| match &client.script {
        Script::Raw(steps) => steps.iter().any(Step::opens_h2),
        Script::H2(_) => true,
    });
    let h2_upstream = case
        .upstreams
        .iter()
        .any(|upstream| matches!(upstream.kind, Kind::H2(_)));
    let mut lines = Vec::new();
    for (name, value) in statistics
        .iter()
        .filter(|(name, _)| name.contains(&place.id))
    {
        // How HTTP/2 writes the same headers in bytes is up to its encoder.
        let coded = h2_client && name.contains(".downstream_")
            || h2_upstream && name.contains(".upstream_");
        if coded && name.ends_with("x_bytes_total") {
            continue;
        }
        let mut value = *value;
        if name.ends_with(".downstream_cx_tx_bytes_total") {
            value -= digits;
        }
        lines.push(format!("{}: {value}", readable(name, &place.id)));
    }
    lines
}

fn all_readable(lines: Vec<String>, id: &str) -> Vec<String> {
    lines.into_iter().map(|line| readable(&line, id)).collect()
}

/// A text without the name that the group has given to the case.
fn readable(text: &str, id: &str) -> String {
    super::text::normal(&text.replace(&format!("{id}_"), "@").replace(id, "@"))
}

/// Addresses that are free on this machine: each group has an IP address of the loopback network, so
/// that neither another group nor an outgoing connection takes a port between two runs.
struct Ports {
    ip: [u8; 4],
    taken: BTreeSet<SocketAddr>,
}

/// Counts the groups of this process, whose families run side by side.
static GROUPS: AtomicU8 = AtomicU8::new(2);

impl Ports {
    fn new() -> Self {
        let [.., high, low] = std::process::id().to_be_bytes();
        let group = GROUPS.fetch_add(1, Ordering::Relaxed);
        Self {
            ip: [127, 1 + high % 250, low, group],
            taken: BTreeSet::new(),
        }
    }

    fn next(&mut self) -> SocketAddr {
        loop {
            let probe = TcpListener::bind(SocketAddr::from((self.ip, 0))).unwrap();
            let address = probe.local_addr().unwrap();
            if self.taken.insert(address) {
                return address;
            }
        }
    }
}
