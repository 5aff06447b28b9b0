//! Makes hosts of original destinations when they are asked for, and forgets them when they are not.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::config::model::Locality;
use crate::config::model::address::Address;
use crate::config::model::cluster::ClusterDiscovery;

use super::cluster::Cluster;
use super::host::{Host, HostCheck, HostState};

/// All destinations that a cluster was asked for. Workers look here once for each of them.
#[derive(Debug, Default)]
pub(super) struct Table {
    hosts: Mutex<HashMap<SocketAddr, Arc<Host>>>,
    /// How often some were forgotten.
    forgotten: AtomicU64,
    /// Some were made since the owner looked.
    made: Notify,
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, Arc<Host>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The owner waits here for new ones.
    pub(super) async fn made(&self) {
        self.made.notified().await;
    }
}

/// The destinations that a worker was asked for.
#[derive(Debug, Default)]
pub(super) struct Destinations {
    hosts: HashMap<SocketAddr, Arc<Host>>,
    forgotten: u64,
}

impl Destinations {
    /// The host of a destination; nothing without one.
    pub(super) fn choose(
        &mut self,
        cluster: &Cluster,
        destination: Option<SocketAddr>,
    ) -> Option<&Arc<Host>> {
        let forgotten = cluster.destinations.forgotten.load(Acquire);
        if self.forgotten != forgotten {
            self.hosts.clear();
            self.forgotten = forgotten;
        }
        let mut address = destination?;
        if let ClusterDiscovery::OriginalDst(options) = &cluster.config().discovery
            && let Some(port) = options.port
        {
            address.set_port(port);
        }
        let host = self
            .hosts
            .entry(address)
            .or_insert_with(|| cluster.destination(address));
        host.state.choose();
        Some(host)
    }
}

impl Cluster {
    /// The host of an original destination, made if need be.
    fn destination(&self, address: SocketAddr) -> Arc<Host> {
        let mut hosts = self.destinations.lock();
        let host = hosts.entry(address).or_insert_with(|| {
            self.destinations.made.notify_one();
            Arc::new(self.make_destination(address))
        });
        Arc::clone(host)
    }

    fn make_destination(&self, address: SocketAddr) -> Host {
        let name = &self.config().name;
        Host {
            id: self.next_id(),
            hostname: format!("{name}{address}"),
            address: Address::Socket(address),
            locality: Locality::default(),
            weight: 1,
            priority: 0,
            metadata: Vec::new(),
            check: HostCheck {
                address: Address::Socket(address),
                hostname: None,
                disabled: false,
            },
            state: Arc::new(HostState::new(self.workers())),
        }
    }

    /// Publishes the destinations that were made since.
    pub(super) fn publish_destinations(&self) {
        let hosts = self.destinations.lock().values().cloned().collect();
        self.set_destinations(hosts);
    }

    /// Forgets destinations that were not asked for since this was last called, and that no connection
    /// leads to. True if there were some.
    pub fn forget_destinations(&self) -> bool {
        let mut hosts = self.destinations.lock();
        let before = hosts.len();
        hosts.retain(|_, host| {
            let chosen = host.state.chosen.swap(false, Relaxed);
            chosen || host.state.active_connections() > 0 || host.state.active_requests() > 0
        });
        let forgot = hosts.len() != before;
        drop(hosts);
        if forgot {
            self.destinations.forgotten.fetch_add(1, AcqRel);
            self.publish_destinations();
        }
        forgot
    }
}

/// The destination that a header says; only an address with a port is one.
pub fn from_header(value: &[u8]) -> Option<SocketAddr> {
    std::str::from_utf8(value).ok()?.parse().ok()
}
