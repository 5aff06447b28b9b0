//! Counts the pools that are in use.

use std::sync::Arc;

use super::super::upstream::Upstream;
use crate::config::model::route::Priority;
use crate::upstream::{Cluster, Resource};

/// A pool in use, until this is dropped.
pub(super) struct InUse {
    cluster: Arc<Cluster>,
    worker: usize,
    priority: Priority,
}

impl InUse {
    pub(super) fn begin(upstream: &Upstream, priority: Priority) -> Self {
        let (cluster, worker) = (Arc::clone(upstream.cluster()), upstream.worker());
        cluster.breakers().take(worker, priority, Resource::Pools);
        Self {
            cluster,
            worker,
            priority,
        }
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let breakers = self.cluster.breakers();
        breakers.give(self.worker, self.priority, Resource::Pools);
    }
}
