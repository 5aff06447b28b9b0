//! Brings clusters up: names are resolved and hosts are checked, and connections are taken once that has happened for the
//! first time, as with Envoy.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::{JoinSet, spawn_local};

use crate::upstream::check::{self, plain::Plain};
use crate::upstream::{Cluster, Random, dns};

/// Starts what goes on beside requests for each cluster, and waits until all of them are ready. It may be dropped
/// without harm to what was started.
pub(super) async fn up(clusters: &[Arc<Cluster>]) {
    let mut waiting = JoinSet::new();
    for cluster in clusters {
        spawn_local(Arc::clone(cluster).own());
        let (tell, resolved) = oneshot::channel();
        spawn_local(dns::run(
            Arc::clone(cluster),
            Arc::new(dns::System),
            Random::unforeseen(),
            Some(tell),
        ));
        spawn_local(check::run::run(
            Arc::clone(cluster),
            Arc::new(Plain::new(cluster)),
            Random::unforeseen(),
        ));
        if cluster.config().wait_for_warm_on_init != Some(false) {
            waiting.spawn_local(ready(Arc::clone(cluster), resolved));
        }
    }
    while waiting.join_next().await.is_some() {}
}

/// A cluster is ready when its names have had an answer, of whatever kind, and then as many checks are over as it has
/// hosts.
async fn ready(cluster: Arc<Cluster>, resolved: oneshot::Receiver<()>) {
    // Without names to resolve nobody tells.
    let _ = resolved.await;
    if cluster.check_stats().is_none() {
        return;
    }
    let mut checks = cluster.checks();
    let begun = *checks.borrow_and_update();
    let hosts = cluster.snapshot();
    let hosts = hosts.hosts().filter(|host| !host.check.disabled).count();
    let over = begun + hosts as u64;
    let _ = checks.wait_for(|now| *now >= over).await;
}
