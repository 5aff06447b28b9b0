//! Holds what the connections of one worker share: its clusters as it sees them, its buffer, its random numbers.
//!
//! A worker is a thread with a single-threaded runtime. Nothing of it is shared with another worker but what only one
//! of them writes.

mod connection;
pub(crate) mod pool;
mod raw;
mod secure;
mod tunnel;
mod upstream;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

pub use connection::{ConnectFailure, Connected, Counted};
pub use pool::{Lease, Pool};
pub use raw::Raw;
pub use secure::ServerName;
pub use upstream::Upstream;

use crate::stats::Writer;
use crate::upstream::{Cluster, Random};
use crate::wire::Scratch;

/// A worker.
pub struct Worker {
    /// Which one, from 0.
    pub index: usize,
    /// This machine's name.
    pub hostname: String,
    /// The buffer into which its connections read.
    pub scratch: Scratch,
    upstreams: HashMap<String, Rc<Upstream>>,
    random: RefCell<Random>,
}

impl Worker {
    /// A worker that knows these clusters.
    pub fn new(index: usize, clusters: &[Arc<Cluster>]) -> Self {
        let scratch = Scratch::default();
        let upstream = |cluster: &Arc<Cluster>| {
            let upstream = Upstream::new(Arc::clone(cluster), index, scratch.clone());
            (cluster.config().name.clone(), Rc::new(upstream))
        };
        Self {
            index,
            hostname: crate::socket::own_name(),
            upstreams: clusters.iter().map(upstream).collect(),
            scratch,
            random: RefCell::new(Random::unforeseen()),
        }
    }

    /// Who writes its statistics.
    pub fn writer(&self) -> Writer {
        Writer::worker(self.index)
    }

    /// All clusters.
    pub fn upstreams(&self) -> impl Iterator<Item = &Rc<Upstream>> {
        self.upstreams.values()
    }

    /// The cluster of this name, if there is one.
    pub fn upstream(&self, name: &str) -> Option<&Rc<Upstream>> {
        self.upstreams.get(name)
    }

    /// A random number.
    pub fn draw(&self) -> u64 {
        self.random.borrow_mut().draw()
    }

    /// A random number below `end`.
    pub fn draw_below(&self, end: u64) -> u64 {
        self.random.borrow_mut().below(end)
    }
}
