//! Answers questions about the proxy, and takes a few orders, in Envoy's words.
//!
//! The admin has a thread and a runtime of its own, so that nobody who reads it can slow traffic.
//! What it knows beyond statistics and levels of logging comes through one [`Source`], which the data
//! plane implements; it is called on the admin's thread and must not wait for a worker.
//!
//! ```no_run
//! # fn example(source: std::sync::Arc<dyn mesh_proxy::admin::Source>) -> std::io::Result<()> {
//! use mesh_proxy::admin::{Admin, Config};
//! use mesh_proxy::log::{Level, Levels};
//! use mesh_proxy::stats::Registry;
//!
//! let config = Config::new("127.0.0.1:9901".parse().expect("an address"));
//! // Binds; fails before any thread is started.
//! let admin = Admin::bind(config, Registry::default(), Levels::new(Level::Info), source)?;
//! let running = admin.start()?;
//! // Until `running` is dropped.
//! # drop(running);
//! # Ok(())
//! # }
//! ```

mod certificates;
mod clusters;
mod command;
mod config_dump;
mod count;
mod home;
mod listeners;
mod logging;
mod memory;
mod query;
mod reply;
mod route;
mod server;
mod server_info;
mod source;
mod statistics;
mod tap;

pub use memory::Memory;
pub use server::{Admin, Config, Running};
pub use source::{
    Certificate, CertificateName, Certificates, Cluster, CommandLine, Drain, Health, Host,
    HostCounts, Limits, Listener, Locality, Outliers, ServerInfo, Source, State,
};
