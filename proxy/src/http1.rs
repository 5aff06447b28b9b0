//! Speaks HTTP/1 (RFC 9112): its text, and connections of it on both sides.

pub mod body;
pub mod client;
pub mod head;
pub mod line;
mod method;
mod read;
pub mod server;
mod target;
pub mod write;

use head::Limits;

/// What a connection is allowed, on either side.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bytes of a head, and of trailers.
    pub head_size: usize,
    /// The rest of what a head is allowed.
    pub limits: Limits,
    /// Trailers are passed on.
    pub trailers: bool,
    /// Words of the names of a head that is sent begin with capitals.
    pub capitals: bool,
}

/// Bytes that may wait to be sent, or be taken at once, before the other side is no longer read from.
const HIGH_WATERMARK: usize = 64 * 1024;
