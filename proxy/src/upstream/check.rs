//! Asks hosts how they are.

mod change;
pub mod exchange;
pub mod plain;
pub mod run;
pub mod session;
#[cfg(test)]
mod tests;

use super::count::{Counter, Gauge};

/// `health_check.*`; written by the owner of the checks.
#[derive(Debug, Default)]
pub struct CheckCounters {
    /// Checks.
    pub attempt: Counter,
    /// Checks that went well.
    pub success: Counter,
    /// Checks that did not, and hosts that said so themselves.
    pub failure: Counter,
    /// Hosts that said in an answer to a request that they are not well.
    pub passive_failure: Counter,
    /// Checks that found no connection, or no answer in time.
    pub network_failure: Counter,
    /// Checks that asked which service answers.
    pub verify_cluster: Counter,
    /// Hosts that are healthy.
    pub healthy: Gauge,
    /// Hosts that are degraded.
    pub degraded: Gauge,
}
