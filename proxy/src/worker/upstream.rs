//! A cluster as one worker sees it: it chooses a host, connects, and counts.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;

use super::connection::{ConnectFailure, Connected, Counted};
use super::pool::{Pool, Spoken};
use super::secure::{Secure, ServerName};
use crate::config::model::address::Address;
use crate::config::model::route::Priority;
use crate::socket::{self, ConnectError};
use crate::stats::{ClusterStats, Handle, Http2Stats, Writer};
use crate::upstream::{Balancer, Choice, Cluster, Host, HostId, Outcome, Random, Resource};
use crate::wire::Scratch;

/// A cluster in a worker.
pub struct Upstream {
    cluster: Arc<Cluster>,
    worker: usize,
    scratch: Scratch,
    balancer: RefCell<Balancer>,
    /// What is counted of it.
    pub stats: Handle<ClusterStats>,
    http2_stats: OnceCell<Handle<Http2Stats>>,
    pub(super) pool: Pool,
    secure: Secure,
}

impl Upstream {
    /// The cluster for this worker.
    pub fn new(cluster: Arc<Cluster>, worker: usize, scratch: Scratch) -> Self {
        let balancer = Balancer::new(Arc::clone(&cluster), worker, Random::unforeseen());
        let stats = cluster.worker_stats(worker);
        Self {
            secure: Secure::new(&cluster, &stats, Writer::worker(worker)),
            stats,
            cluster,
            worker,
            scratch,
            http2_stats: OnceCell::new(),
            balancer: RefCell::new(balancer),
            pool: Pool::default(),
        }
    }

    /// What all workers share of it.
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// Chooses a host; nothing, if none may be asked.
    pub fn choose(&self, choice: &Choice<'_>) -> Option<Arc<Host>> {
        self.balancer.borrow_mut().choose(choice).cloned()
    }

    /// Ends connections to hosts that are found not to be well, or that are members no more, once nothing is on them;
    /// until the cluster is dropped.
    pub async fn follow(self: Rc<Self>) {
        let mut updates = self.cluster.updates();
        let mut falls = HashMap::<HostId, u32>::new();
        loop {
            let snapshot = Arc::clone(&updates.borrow_and_update());
            let mut before = std::mem::take(&mut falls);
            for host in snapshot.hosts() {
                let now = host.state.falls();
                if before.remove(&host.id).is_some_and(|known| known != now) {
                    self.pool.drain(&self, host.id);
                }
                falls.insert(host.id, now);
            }
            for gone in before.into_keys() {
                self.pool.drain(&self, gone);
                self.pool.forget(gone);
            }
            if updates.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether there may be another connection to a host.
    pub(super) fn may_connect(&self, host: &Host, priority: Priority) -> bool {
        let open = host.traffic(self.worker).cx_active.value();
        let most = self.cluster.config().max_connections_per_host;
        most.is_none_or(|most| open < most.into())
            && self.cluster.breakers().may(priority, Resource::Connections)
    }

    /// Makes a connection to a host, within the limits of the cluster.
    ///
    /// # Errors
    /// The limit of connections is reached, or none came to be.
    pub async fn connect(&self, host: &Arc<Host>) -> Result<Connected, ConnectFailure> {
        let priority = Priority::Default;
        if !self.may_connect(host, priority) {
            self.stats.upstream_cx_overflow.increment();
            return Err(ConnectFailure::Overflow);
        }
        let counted = Counted::begin(self, host, priority);
        self.establish(counted, None, None).await
    }

    /// Makes the connection that is counted already, to speak HTTP or, without `spoken`, for bytes.
    pub(super) async fn establish(
        &self,
        mut counted: Counted,
        spoken: Option<Spoken>,
        name: Option<&ServerName>,
    ) -> Result<Connected, ConnectFailure> {
        self.cluster.note_traffic();
        let config = self.cluster.config();
        let Address::Socket(address) = counted.host().address else {
            return Err(counted.failed(ConnectFailure::Unreachable));
        };
        let begun = Instant::now();
        let bind = config.bind.as_ref();
        let timeout = config.connect_timeout;
        let stream = match socket::connect(address, bind, config.keepalive, timeout).await {
            Ok(stream) => stream,
            Err(ConnectError::Timeout(_)) => return Err(self.late(counted)),
            Err(ConnectError::Refused(error)) => {
                return Err(counted.failed(ConnectFailure::Refused(error.kind())));
            }
        };
        counted.set_local(stream.local_addr().ok());
        let limit = timeout.saturating_sub(begun.elapsed());
        let (host, scratch) = (counted.host(), self.scratch.clone());
        let asked = (spoken, name);
        let secured = self
            .secure
            .shake(&self.cluster, host, stream, asked, limit, scratch);
        match secured.await {
            Ok(secured) => {
                counted.made();
                Ok(Connected {
                    wire: secured.wire,
                    counted,
                    agreed: secured.agreed,
                    tls: secured.tls,
                })
            }
            Err(ConnectFailure::Timeout) => Err(self.late(counted)),
            Err(failure) => Err(counted.failed(failure)),
        }
    }

    /// What is counted of its connections of HTTP/2; it is shown once there is one.
    pub(super) fn http2_stats(&self) -> &Handle<Http2Stats> {
        let writer = Writer::worker(self.worker);
        let below = || self.stats.scope().child("http2").handle(writer);
        self.http2_stats.get_or_init(below)
    }

    fn late(&self, counted: Counted) -> ConnectFailure {
        self.stats.upstream_cx_connect_timeout.increment();
        counted.failed(ConnectFailure::Timeout)
    }

    /// Tells how it went with a host.
    pub fn report(&self, host: &Host, outcome: Outcome) {
        self.cluster.report(host, self.worker, outcome, None);
    }

    /// Tells that it went wrong with a host, and what the client is told instead.
    pub fn report_with(&self, host: &Host, outcome: Outcome, status: u16) {
        self.cluster
            .report(host, self.worker, outcome, Some(status));
    }

    /// The worker.
    pub fn worker(&self) -> usize {
        self.worker
    }

    /// Takes a place of a limited resource, if there is one.
    pub fn take(&self, priority: Priority, resource: Resource) -> bool {
        let breakers = self.cluster.breakers();
        breakers.try_take(self.worker, priority, resource)
    }

    /// Gives a place back.
    pub fn give(&self, priority: Priority, resource: Resource) {
        let breakers = self.cluster.breakers();
        breakers.give(self.worker, priority, resource);
    }

    /// A request waits for a connection to a host.
    pub(super) fn begin_waiting(&self, host: &Host) {
        self.stats.upstream_rq_pending_total.increment();
        self.stats.upstream_rq_pending_active.add(1);
        host.traffic(self.worker).rq_pending_active.add(1);
    }

    /// It waits no longer.
    pub(super) fn end_waiting(&self, host: &Host) {
        self.stats.upstream_rq_pending_active.sub(1);
        host.traffic(self.worker).rq_pending_active.sub(1);
    }

    /// A request goes to a host.
    pub(super) fn begin_request(&self, host: &Host) {
        self.stats.upstream_rq_total.increment();
        self.stats.upstream_rq_active.add(1);
        let traffic = host.traffic(self.worker);
        traffic.rq_total.increment();
        traffic.rq_active.add(1);
    }

    /// The request is over.
    pub(super) fn end_request(&self, host: &Host) {
        self.stats.upstream_rq_active.sub(1);
        host.traffic(self.worker).rq_active.sub(1);
    }

    /// Whether a host did what it was asked.
    pub fn count_outcome(&self, host: &Host, good: bool) {
        let traffic = host.traffic(self.worker);
        if good {
            traffic.rq_success.increment();
        } else {
            traffic.rq_error.increment();
        }
    }
}
