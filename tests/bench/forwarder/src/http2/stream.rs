//! Keeps what a connection knows of one stream.

use crate::buffer::Buffer;

/// The stream at the other hop: its connection and identifier.
pub(crate) type Peer = Option<(usize, u32)>;

/// One stream.
#[derive(Debug)]
pub(crate) struct Stream {
    /// The other hop.
    pub(crate) peer: Peer,
    /// How much the other side still takes.
    pub(crate) window: i64,
    /// What we have taken and not told it.
    pub(crate) uncredited: u32,
    /// Data that wait for room.
    pub(crate) waiting: Buffer,
    /// Whether the stream ends behind them.
    pub(crate) end_waits: bool,
    /// Trailers that wait behind them.
    pub(crate) trailers: Option<Vec<(Vec<u8>, Vec<u8>)>>,
    /// Whether our side has ended.
    pub(crate) sent_all: bool,
    /// Whether the other side has ended.
    pub(crate) received_all: bool,
}

impl Stream {
    /// A stream without data.
    pub(crate) fn new(window: i64, peer: Peer) -> Self {
        Self {
            peer,
            window,
            uncredited: 0,
            waiting: Buffer::default(),
            end_waits: false,
            trailers: None,
            sent_all: false,
            received_all: false,
        }
    }

    /// Whether both sides have ended.
    pub(crate) fn is_over(&self) -> bool {
        self.sent_all && self.received_all
    }

    /// Whether something waits for room.
    pub(crate) fn waits(&self) -> bool {
        !self.waiting.is_empty() || self.end_waits || self.trailers.is_some()
    }
}
