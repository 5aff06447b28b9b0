//! Sends the traffic of a pod through the proxy: `mesh-proxy init` puts rules of netfilter in place, once, before the
//! proxy starts.
//!
//! `rules` decides, `nft` and `iptables` write, and this file applies, verifies and takes away.

mod command;
mod iptables;
#[cfg(target_os = "linux")]
mod loopback;
mod nft;
mod program;
mod rules;
mod verify;

pub(crate) use command::{Backend, Options, Task, run};
pub use iptables::restore;
pub use nft::transaction;
pub use rules::{Condition, Direction, Family, Plan, Rule, Verdict};
