//! Holds the requests that wait for a connection, the first to come first.

use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::oneshot::{self, Receiver, Sender};

use super::super::connection::ConnectFailure;
use super::super::upstream::Upstream;
use super::host::HostPool;
use super::lease::Lease;

type Outcome = Result<Lease, ConnectFailure>;

/// The requests that wait for a connection.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<(u64, Sender<Outcome>)>,
    next: u64,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self) -> (u64, Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        let ticket = self.next;
        self.next += 1;
        self.waiting.push_back((ticket, sender));
        (ticket, receiver)
    }

    pub(super) fn pop(&mut self) -> Option<Sender<Outcome>> {
        self.waiting.pop_front().map(|(_, sender)| sender)
    }

    /// Takes one out that waits no longer; `false` if it has got its answer already.
    fn remove(&mut self, ticket: u64) -> bool {
        let at = self.waiting.iter().position(|(it, _)| *it == ticket);
        at.and_then(|at| self.waiting.remove(at)).is_some()
    }
}

/// A request's place in the queue. It leaves the queue when this is dropped.
pub(super) struct Place {
    pub(super) ticket: u64,
    pub(super) upstream: Rc<Upstream>,
    pub(super) pool: Rc<HostPool>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let waited = self.pool.queue().remove(self.ticket);
        if waited {
            self.pool.end_waiting(&self.upstream);
            self.upstream.stats.upstream_rq_cancelled.increment();
        }
    }
}
