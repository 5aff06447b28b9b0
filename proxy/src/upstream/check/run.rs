//! Checks all hosts of a cluster, each at its time.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::config::model::health::HealthCheck;
use crate::stats::{HealthCheckStats, Shared};
use crate::upstream::cluster::Cluster;
use crate::upstream::host::{HealthFlag, Host, HostId};
use crate::upstream::members::Snapshot;
use crate::upstream::random::Random;

use super::exchange::{Asked, Exchange};
use super::session::{Session, Transition, Verdict, first_wait, next_wait};

/// Checks the hosts of a cluster until it is dropped; off the workers, once for each cluster. Does
/// nothing if its configuration has no checks; of several only the first counts, as with Envoy.
pub async fn run(cluster: Arc<Cluster>, exchange: Arc<dyn Exchange>, random: Random) {
    let options = cluster.config().health_checks.first().cloned();
    let Some((options, stats)) = options.zip(cluster.check_stats().cloned()) else {
        return;
    };
    let Some(mut passive) = cluster.take_passive() else {
        return;
    };
    let mut updates = cluster.updates();
    let mut checks = Checks {
        cluster,
        stats,
        exchange,
        options: Arc::new(options),
        random,
        sessions: HashMap::new(),
        due: BTreeMap::new(),
        next_order: 0,
        asking: JoinSet::new(),
    };
    loop {
        let snapshot = Arc::clone(&updates.borrow_and_update());
        checks.follow(&snapshot);
        let next = checks.due.keys().next().map(|(at, _)| *at);
        tokio::select! {
            changed = updates.changed() => if changed.is_err() { return },
            Some(host) = passive.recv() => checks.judge(host, Verdict::Passive),
            () = at(next) => checks.ask(),
            Some(answer) = checks.asking.join_next() => checks.answered(answer.ok()),
        }
    }
}

async fn at(next: Option<Instant>) {
    match next {
        Some(next) => sleep_until(next).await,
        None => pending().await,
    }
}

struct Checks {
    cluster: Arc<Cluster>,
    stats: Shared<HealthCheckStats>,
    exchange: Arc<dyn Exchange>,
    options: Arc<HealthCheck>,
    random: Random,
    sessions: HashMap<HostId, (Arc<Host>, Session)>,
    /// Who is asked next.
    due: BTreeMap<(Instant, u64), HostId>,
    next_order: u64,
    asking: JoinSet<(HostId, Verdict)>,
}

impl Checks {
    /// Begins with hosts that are new, and ends with those that are gone.
    fn follow(&mut self, snapshot: &Snapshot) {
        let counters = &self.stats;
        let checked = snapshot.hosts().filter(|host| !host.check.disabled);
        let mut gone = std::mem::take(&mut self.sessions);
        for host in checked {
            let known = gone.remove(&host.id).map(|(_, session)| session);
            let begins = known.is_none();
            let session = known.unwrap_or_else(|| Session::begin(&host.state, counters));
            self.sessions.insert(host.id, (Arc::clone(host), session));
            if begins {
                let at = Instant::now() + first_wait(&self.options, &mut self.random);
                self.due.insert((at, self.next_order), host.id);
                self.next_order += 1;
            }
        }
        for (host, session) in gone.into_values() {
            session.end(&host.state, counters);
            self.exchange.forget(host.id);
        }
        self.due.retain(|_, host| self.sessions.contains_key(host));
    }

    /// Asks the next one.
    fn ask(&mut self) {
        let Some((_, id)) = self.due.pop_first() else {
            return;
        };
        let Some((host, _)) = self.sessions.get(&id) else {
            return;
        };
        self.stats.attempt.increment();
        let (host, options) = (Arc::clone(host), Arc::clone(&self.options));
        let (cluster, exchange) = (Arc::clone(&self.cluster), Arc::clone(&self.exchange));
        let stats = self.stats.clone();
        self.asking.spawn(async move {
            let cluster = &cluster;
            let asked = Asked {
                cluster: &cluster.config().name,
                host: &host,
                options: &options,
            };
            let answer = asked.ask(&*exchange, &stats);
            let verdict = timeout(options.timeout, answer).await;
            (id, verdict.unwrap_or(Verdict::Timeout))
        });
    }

    fn answered(&mut self, answer: Option<(HostId, Verdict)>) {
        // Without an answer the check was cut short, which only happens when all of them are.
        let Some((id, verdict)) = answer else { return };
        self.cluster.note_check();
        if self.sessions.contains_key(&id) {
            let transition = self.take(id, verdict);
            let had_traffic = self.cluster.had_traffic();
            let wait = next_wait(
                verdict,
                transition,
                had_traffic,
                &self.options,
                &mut self.random,
            );
            self.due
                .insert((Instant::now() + wait, self.next_order), id);
            self.next_order += 1;
        }
    }

    fn judge(&mut self, id: HostId, verdict: Verdict) {
        self.take(id, verdict);
    }

    fn take(&mut self, id: HostId, verdict: Verdict) -> Transition {
        let Some((host, session)) = self.sessions.get_mut(&id) else {
            return Transition::Unchanged;
        };
        let counters = &self.stats;
        let transition = session.take(verdict, &host.state, &self.options, counters);
        let well = matches!(verdict, Verdict::Healthy | Verdict::Degraded);
        let failed = host.state.flags.get().has(HealthFlag::FailedActiveCheck);
        if well && !failed {
            self.cluster.passed_check(id, Instant::now());
        }
        if transition == Transition::Changed {
            self.cluster.refresh();
        }
        transition
    }
}
