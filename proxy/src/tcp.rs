//! Carries the bytes of a connection, both ways.

pub mod proxy;
pub mod relay;
mod session;
mod splice;
mod tunnel;
mod way;
