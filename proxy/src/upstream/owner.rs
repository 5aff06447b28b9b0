//! Does what a cluster needs beside requests: leaving out outliers, forgetting destinations.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::config::model::cluster::ClusterDiscovery;

use super::cluster::Cluster;
use super::members::Snapshot;

impl Cluster {
    /// Does it, off the workers, until it is dropped; once for each cluster.
    pub async fn own(self: Arc<Self>) {
        let cleanup = match &self.config().discovery {
            ClusterDiscovery::OriginalDst(options) => Some(options.cleanup_interval),
            _ => None,
        };
        tokio::join!(
            self.leave_out(),
            self.clean_up(cleanup),
            self.follow_own_cluster()
        );
    }

    async fn leave_out(&self) {
        let Some((options, mut failures)) = self.config().outliers.zip(self.take_failures()) else {
            return;
        };
        let mut ticks = ticks(options.interval);
        loop {
            // Both tell whether something changed, which the workers learn by themselves.
            let _ = tokio::select! {
                biased;
                failure = failures.recv() => match failure {
                    Some((host, reason)) => self.failed(host, reason, Instant::now()),
                    None => pending().await,
                },
                now = ticks.tick() => self.end_interval(now),
            };
        }
    }

    async fn clean_up(&self, interval: Option<Duration>) {
        let Some(interval) = interval else { return };
        let mut ticks = ticks(interval);
        loop {
            tokio::select! {
                () = self.destinations.made() => self.publish_destinations(),
                _ = ticks.tick() => { self.forget_destinations(); },
            }
        }
    }

    async fn follow_own_cluster(&self) {
        let Some(mut updates) = self.own_cluster().map(|own| own.updates()) else {
            return;
        };
        while changed(&mut updates).await {
            self.refresh();
        }
    }
}

async fn changed(updates: &mut watch::Receiver<Arc<Snapshot>>) -> bool {
    updates.changed().await.is_ok()
}

/// Ticks as Envoy's timers do: the next one is an interval after the last was handled.
fn ticks(interval: Duration) -> tokio::time::Interval {
    let interval = interval.max(Duration::from_millis(1));
    let mut ticks = interval_at(Instant::now() + interval, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
