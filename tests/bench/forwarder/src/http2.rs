//! Speaks one connection of HTTP/2, whatever moves the bytes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use crate::buffer::Buffer;
use crate::hpack::{Decoder, Encoder, Fields, Shared};
use frame::{Frame, Settings};

pub(crate) use relay::Relay;
pub(crate) use stream::{Peer, Stream};

mod frame;
mod receive;
mod relay;
mod send;
mod stream;

/// The window that we give a stream.
const STREAM_WINDOW: u32 = 1 << 18;
/// The window that we give a connection.
const CONNECTION_WINDOW: u32 = 1 << 22;
/// What a connection may have to write before its streams wait.
const AHEAD: usize = 1 << 18;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It opens streams.
    Client,
    /// It answers them.
    Server,
}

/// What the other side did.
#[derive(Debug)]
pub(crate) enum Event {
    /// It sent the fields of a stream, which may be its last word.
    Fields(u32, bool),
    /// It sent data of a stream, which lie in the input; they may be its last word.
    Data(u32, Range<usize>, bool),
    /// It gave a stream up.
    Reset(u32, u32),
    /// It takes more data now.
    Room,
}

/// A connection that cannot go on.
#[derive(Debug)]
pub(crate) struct Broken;

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    role: Role,
    input: Buffer,
    /// What is read but still lent out.
    lent: usize,
    greeted: bool,
    output: Buffer,
    decoder: Decoder,
    encoder: Encoder,
    streams: HashMap<u32, Stream, BuildHasherDefault<ById>>,
    block: Option<Block>,
    window: i64,
    uncredited: u32,
    stream_window: i64,
    largest: usize,
    concurrent: usize,
    next: u32,
    last: u32,
    /// How many streams have data that wait for room.
    waiting: usize,
    leaving: bool,
}

/// A block of fields that is not complete.
#[derive(Debug)]
struct Block {
    stream: u32,
    end: bool,
    bytes: Vec<u8>,
}

/// Spreads stream identifiers, which count up by two.
#[derive(Debug, Default)]
pub(crate) struct ById(u64);

impl Hasher for ById {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u32(&mut self, id: u32) {
        self.0 = u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Connection {
    /// A connection whose greeting waits to be written.
    pub(crate) fn new(role: Role, dynamic: bool) -> Self {
        let mut output = Buffer::default();
        if role == Role::Client {
            output.push(PREFACE);
        }
        frame::settings(STREAM_WINDOW, 1000, output.tail());
        frame::window_update(0, CONNECTION_WINDOW - 65_535, output.tail());
        Self {
            role,
            input: Buffer::default(),
            lent: 0,
            greeted: role == Role::Client,
            output,
            decoder: Decoder::new(),
            encoder: Encoder::new(dynamic),
            streams: HashMap::default(),
            block: None,
            window: 65_535,
            uncredited: 0,
            stream_window: 65_535,
            largest: 16_384,
            concurrent: 100,
            next: 1,
            last: 0,
            waiting: 0,
            leaving: false,
        }
    }

    /// Where read bytes go.
    pub(crate) fn input(&mut self) -> &mut Buffer {
        &mut self.input
    }

    /// What is to be written.
    pub(crate) fn output(&mut self) -> &mut Buffer {
        &mut self.output
    }

    /// The data of an event.
    pub(crate) fn data(&self, range: Range<usize>) -> &[u8] {
        &self.input.bytes()[range]
    }

    /// A stream that is open.
    pub(crate) fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        self.streams.get_mut(&id)
    }

    /// Whether another stream may be opened.
    pub(crate) fn has_room(&self) -> bool {
        !self.leaving && self.streams.len() < self.concurrent && self.next < 1 << 30
    }

    /// Opens a stream.
    pub(crate) fn open(&mut self, peer: Peer) -> u32 {
        let id = self.next;
        self.next += 2;
        self.streams
            .insert(id, Stream::new(self.stream_window, peer));
        id
    }

    /// The other ends of all open streams.
    pub(crate) fn peers(&self) -> impl Iterator<Item = (usize, u32)> {
        self.streams.values().filter_map(|stream| stream.peer)
    }

    /// Forgets a stream if both sides have ended.
    pub(crate) fn settle(&mut self, id: u32) {
        if self.streams.get(&id).is_some_and(Stream::is_over) {
            self.streams.remove(&id);
        }
    }
}
