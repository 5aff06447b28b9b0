//! Counts what becomes of the members of a cluster.

use std::sync::Arc;

use crate::stats::{ClusterStats, Handle};
use crate::upstream::Cluster;

/// Follows a cluster until it is dropped.
pub(super) async fn follow(cluster: Arc<Cluster>, stats: Handle<ClusterStats>) {
    let mut updates = cluster.updates();
    let mut changes = 0;
    loop {
        let members = cluster.member_counters();
        let now = members.membership_change.get();
        stats.membership_change.add(now - changes);
        changes = now;
        stats.membership_total.set(members.membership_total.get());
        stats
            .membership_healthy
            .set(members.membership_healthy.get());
        stats
            .membership_degraded
            .set(members.membership_degraded.get());
        stats
            .membership_excluded
            .set(members.membership_excluded.get());
        stats.max_host_weight.set(members.max_host_weight.get());
        if updates.changed().await.is_err() {
            return;
        }
    }
}
