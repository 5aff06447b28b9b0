//! Knows who is upstream: the hosts of each cluster, how they are, and which of them is asked next.

pub mod balance;
pub mod breaker;
pub mod check;
pub mod cluster;
pub mod count;
pub mod dns;
#[cfg(test)]
#[path = "../tests/support/upstream.rs"]
pub(crate) mod fixture;
pub mod hash;
pub mod host;
pub mod members;
mod number;
pub mod original;
pub mod outlier;
mod owner;
pub mod random;
pub mod transport;
pub mod view;

pub use balance::{Balancer, Choice};
pub use breaker::{Breakers, Resource};
pub use cluster::{Cluster, Surroundings};
pub use host::{Host, HostId};
pub use members::Snapshot;
pub use outlier::Outcome;
pub use random::Random;
pub use transport::Transports;
