//! Speaks HTTP/1 (RFC 9112): its text, and connections of it on both sides.

pub mod body;
pub mod client;
pub mod head;
pub mod line;
mod read;
pub mod server;
pub mod write;

/// Bytes that may wait to be sent, or be taken at once, before the other side is no longer read from.
const HIGH_WATERMARK: usize = 64 * 1024;
