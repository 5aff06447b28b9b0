//! What the injector writes and the proxy reads: settings, ports, identities, the sidecar, its bootstrap.

pub mod agent;
pub mod annotations;
pub mod bootstrap;
pub mod identity;
pub mod ports;
pub mod resources;

pub mod settings;
pub mod sidecar;
