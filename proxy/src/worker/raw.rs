//! Takes a whole connection to a host for bytes, and counts it as Envoy's pool of such connections does: one request
//! that lasts as long as the connection.

use std::rc::Rc;
use std::sync::Arc;

use super::connection::{ConnectFailure, Counted};
use super::upstream::Upstream;
use crate::config::model::route::Priority;
use crate::upstream::{Host, Resource};
use crate::wire::Wire;

/// A connection for bytes.
pub struct Raw {
    /// Its bytes.
    pub wire: Wire,
    /// Its place in the books.
    pub counted: Counted,
    _request: Request,
}

/// What waits for a connection; cancelled when it is dropped before there is one.
struct Waiting<'u> {
    upstream: &'u Upstream,
    host: &'u Host,
    is_over: bool,
}

/// The request that the connection counts as.
struct Request {
    upstream: Rc<Upstream>,
    host: Arc<Host>,
}

impl Raw {
    /// Connects to a host, within the limits of the cluster.
    ///
    /// # Errors
    /// A limit is reached, or no connection came to be.
    pub async fn connect(
        upstream: &Rc<Upstream>,
        host: &Arc<Host>,
    ) -> Result<Self, ConnectFailure> {
        if !upstream.take(Priority::Default, Resource::Pending) {
            upstream.stats.upstream_rq_pending_overflow.increment();
            return Err(ConnectFailure::Overflow);
        }
        upstream.begin_waiting(host);
        let mut waiting = Waiting {
            upstream,
            host,
            is_over: false,
        };
        let connected = upstream.connect(host).await;
        waiting.is_over = true;
        drop(waiting);
        match connected {
            Ok(connected) => {
                let mut counted = connected.counted;
                counted.breaks_request();
                Ok(Self {
                    wire: connected.wire,
                    counted,
                    _request: Request::begin(upstream, host),
                })
            }
            Err(failure) => {
                if failure != ConnectFailure::Overflow {
                    let ejected = &upstream.stats.upstream_rq_pending_failure_eject;
                    ejected.increment();
                }
                Err(failure)
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.upstream.give(Priority::Default, Resource::Pending);
        self.upstream.end_waiting(self.host);
        if !self.is_over {
            self.upstream.stats.upstream_rq_cancelled.increment();
        }
    }
}

impl Request {
    fn begin(upstream: &Rc<Upstream>, host: &Arc<Host>) -> Self {
        upstream.begin_request(host);
        let breakers = upstream.cluster().breakers();
        breakers.take(upstream.worker(), Priority::Default, Resource::Requests);
        Self {
            upstream: Rc::clone(upstream),
            host: Arc::clone(host),
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.upstream.end_request(&self.host);
        self.upstream.give(Priority::Default, Resource::Requests);
    }
}
