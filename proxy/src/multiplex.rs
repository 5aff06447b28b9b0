//! Carries the streams of a connection of HTTP/2: one task moves its bytes, others ask and answer on it.

pub mod client;
mod driver;
pub mod server;
mod shared;

pub use driver::{Driver, Ended};
pub use shared::Shared;
