//! Takes connections on addresses, looks at their first bytes, and gives each to its filter chain.

mod acceptor;
mod arrival;
mod chain;
mod inspect;
mod limit;
mod log;
mod permission;
mod prepared;

pub use acceptor::{Acceptor, Listeners};
pub use arrival::{Arrival, Opened, Unopened};
pub use limit::Limit;
pub use prepared::Prepared;

use std::sync::Arc;

use crate::config::model::Node;
use crate::drain::Draining;
use crate::manager::Logs;
use crate::tap::Tap;

/// What all listeners have in common.
pub struct Common {
    /// Who this proxy is.
    pub node: Node,
    /// The files of access logs.
    pub logs: Logs,
    /// Where requests are shown.
    pub tap: Arc<Tap>,
    /// What is drained.
    pub draining: Arc<Draining>,
    /// How many connections there may be in all.
    pub limit: Limit,
}
