//! Holds the state of one HTTP/2 connection and hands out what happens on it.

mod blocks;
mod control;
mod data;
mod reading;
mod send;

use std::collections::VecDeque;

use super::error::{Cause, ErrorCode, Failure};
use super::event::Event;
use super::frame;
use super::guard::{Flood, Guard};
use super::head::Builder;
use super::hpack::{Decoder, Encoder};
use super::output::Output;
use super::settings::{DEFAULT_WINDOW, Peer, STREAMS_BEFORE_SETTINGS, Settings, id};
use super::statistics::Statistics;
use super::streams::{Progress, StreamId, Streams, Waiting};
use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use blocks::Block;
use reading::{Broken, Reading, Step};

/// One HTTP/2 connection, without the socket, the clock and the tasks around it.
///
/// The owner reads bytes, hands them to [`Self::receive`] until it returns nothing, acts on the events, and writes what
/// [`Self::output`] has. Everything else is a plain call. In the steady state nothing is allocated: heads are swapped
/// with the owner's, bodies are borrowed from the owner's input, and all buffers are used again.
///
/// Where the RFC leaves a choice, and where peers disagree with it, the behaviour is that of Envoy 1.40 in its default
/// configuration.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    settings: Settings,
    peer: Peer,
    reading: Reading,
    /// More may come of the input that was handed in last.
    receiving: bool,
    streams: Streams,
    encoder: Encoder,
    decoder: Decoder,
    builder: Builder,
    output: Output,
    statistics: Statistics,
    guard: Guard,
    /// The header block that has begun and not ended.
    block: Option<Block>,
    /// The beginning of a field, when a block was cut within it.
    carry: Vec<u8>,
    /// The highest stream of the peer's that we have seen.
    last_peer_stream: u32,
    /// The next stream of our own.
    next_own_stream: u32,
    send_window: i64,
    receive_window: i64,
    consumed: u32,
    /// The window that a stream of the peer's begins with; the peer knows ours when it has acknowledged our settings.
    initial_window: u32,
    settings_unacknowledged: bool,
    /// The last stream that our GOAWAY leaves.
    last_accepted: Option<u32>,
    /// The last stream that the peer's GOAWAY leaves.
    peer_accepted: Option<u32>,
    /// Streams that wait for the connection's window or for the socket.
    blocked: VecDeque<StreamId>,
    /// Events that have happened beside the one that was returned.
    events: VecDeque<Event<'static>>,
    failure: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

impl Connection {
    /// A connection that a client has opened to us.
    pub fn server(settings: Settings) -> Self {
        let mut connection = Self::new(Role::Server, settings);
        connection.greet(&[]);
        connection
    }

    /// A connection that we have opened to a server.
    pub fn client(settings: Settings) -> Self {
        let mut connection = Self::new(Role::Client, settings);
        connection.output.preface();
        connection.greet(&[(id::ENABLE_PUSH, 0)]);
        connection
    }

    fn new(role: Role, settings: Settings) -> Self {
        let is_server = role == Role::Server;
        Self {
            role,
            peer: Peer::default(),
            reading: if is_server {
                Reading::Preface(0)
            } else {
                Reading::FirstFrame
            },
            receiving: false,
            streams: Streams::new(),
            encoder: Encoder::new(settings.hpack_table_size, settings.huffman),
            decoder: Decoder::new(),
            builder: Builder::default(),
            output: Output::default(),
            statistics: Statistics::default(),
            guard: Guard::default(),
            block: None,
            carry: Vec::new(),
            last_peer_stream: 0,
            next_own_stream: if is_server { 2 } else { 1 },
            send_window: i64::from(DEFAULT_WINDOW),
            receive_window: i64::from(settings.initial_connection_window_size.max(DEFAULT_WINDOW)),
            consumed: 0,
            initial_window: DEFAULT_WINDOW,
            settings_unacknowledged: true,
            last_accepted: None,
            peer_accepted: None,
            blocked: VecDeque::new(),
            events: VecDeque::new(),
            failure: None,
            settings,
        }
    }

    /// Sends our settings, in Envoy's order.
    fn greet(&mut self, first: &[(u16, u32)]) {
        let settings = &self.settings;
        let own = [
            (id::HEADER_TABLE_SIZE, settings.hpack_table_size),
            (
                id::ENABLE_CONNECT_PROTOCOL,
                u32::from(settings.allow_connect),
            ),
            (id::MAX_CONCURRENT_STREAMS, settings.max_concurrent_streams),
            (id::INITIAL_WINDOW_SIZE, settings.initial_stream_window_size),
        ];
        self.output.settings(&[first, &own].concat());
        let window = settings.initial_connection_window_size;
        if window > DEFAULT_WINDOW {
            self.output.window_update(0, window - DEFAULT_WINDOW);
        }
    }

    /// Takes bytes from the front of `input` and returns what they mean; nothing if more bytes are needed or everything
    /// is taken. What is left of the input must be at its front the next time, with more behind it.
    ///
    /// The input must have room for a whole frame other than DATA, that is 16,393 bytes.
    pub fn receive<'i>(&mut self, input: &mut &'i [u8]) -> Option<Event<'i>> {
        if !std::mem::replace(&mut self.receiving, true) {
            self.output.mark();
        }
        let event = self.next(input);
        self.receiving = event.is_some();
        event
    }

    fn next<'i>(&mut self, input: &mut &'i [u8]) -> Option<Event<'i>> {
        loop {
            if let Some(event) = self.next_event() {
                return Some(event);
            }
            if self.failure.is_some() {
                *input = &[];
                return None;
            }
            match self.step(input) {
                Ok(Step::Event(event)) => return Some(event),
                Ok(Step::Again) => {}
                Ok(Step::Wait) => match self.check_output() {
                    Ok(()) => return None,
                    Err(broken) => self.fail(&broken),
                },
                Err(broken) => self.fail(&broken),
            }
        }
    }

    /// What is to be written to the socket. The number of bytes written goes to [`Self::wrote`].
    pub fn output(&self) -> &[u8] {
        self.output.pending()
    }

    /// Takes note that the first `count` bytes of the output are written. Writers that waited for room are woken by
    /// the next [`Self::receive`].
    pub fn wrote(&mut self, count: usize) {
        self.output.advance(count);
    }

    /// Exchanges the head of the request that was announced last for one of the owner's, whose memory is used again.
    pub fn take_request(&mut self, head: &mut RequestHead) {
        std::mem::swap(&mut self.builder.request, head);
    }

    /// Exchanges the head of the response that was announced last for one of the owner's.
    pub fn take_response(&mut self, head: &mut ResponseHead) {
        std::mem::swap(&mut self.builder.response, head);
    }

    /// Exchanges the trailers that were announced last for some of the owner's.
    pub fn take_trailers(&mut self, trailers: &mut Headers) {
        std::mem::swap(&mut self.builder.trailers, trailers);
    }

    /// What was counted so far; the gauges as they are now.
    pub fn statistics(&mut self) -> &Statistics {
        let (frames, control) = self.output.frames();
        self.statistics.outbound_frames_active = u64::from(frames);
        self.statistics.outbound_control_frames_active = u64::from(control);
        self.statistics.streams_active = self.streams.len() as u64;
        &self.statistics
    }

    /// Whether there is an event for a stream that may send again.
    pub fn has_writable(&self) -> bool {
        !self.blocked.is_empty() && self.room() > 0 && self.failure.is_none()
    }

    /// How many streams are open.
    pub fn open_streams(&self) -> usize {
        self.streams.len()
    }

    /// How many more streams may be opened now.
    pub fn available_streams(&self) -> usize {
        if self.failure.is_some() || self.peer_accepted.is_some() {
            return 0;
        }
        let peer = self.peer.max_concurrent_streams;
        let most = peer
            .unwrap_or(STREAMS_BEFORE_SETTINGS)
            .min(self.settings.max_concurrent_streams);
        let left = (frame::LARGEST - self.next_own_stream.min(frame::LARGEST)).div_ceil(2);
        (most as usize)
            .saturating_sub(self.streams.len())
            .min(left as usize)
    }

    /// How many streams may be open at once as far as is known; none if no more will ever be opened.
    pub fn stream_limit(&self) -> u32 {
        if self.failure.is_some() || self.is_leaving() || self.next_own_stream > frame::LARGEST {
            return 0;
        }
        let peer = self.peer.max_concurrent_streams.unwrap_or(u32::MAX);
        peer.min(self.settings.max_concurrent_streams)
    }

    /// Whether the peer has said that it takes no more streams.
    pub fn is_leaving(&self) -> bool {
        self.peer_accepted.is_some()
    }

    /// Whether the peer takes requests for other protocols (RFC 8441 §3).
    pub fn peer_allows_connect(&self) -> bool {
        self.peer.enable_connect_protocol
    }

    /// Whether this side is the one that answers.
    pub fn is_server(&self) -> bool {
        self.role == Role::Server
    }

    /// Whether the stream is still open.
    pub fn is_open(&self, stream: StreamId) -> bool {
        self.streams.get(stream).is_some()
    }

    /// The end of the connection, if it has come.
    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// Gives back the memory that is not in use, before a connection is left alone for long. Heads and trailers that
    /// were not taken are lost.
    pub fn shrink(&mut self) {
        if self.block.is_none() {
            self.builder.shrink();
            self.carry = Vec::new();
        }
        if self.streams.len() == 0 {
            self.streams = Streams::new();
        }
        self.decoder.shrink();
        self.output.shrink();
        self.blocked.shrink_to_fit();
        self.events.shrink_to_fit();
    }

    fn next_event(&mut self) -> Option<Event<'static>> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        if self.failure.is_some() {
            return None;
        }
        while self.room() > 0 {
            let id = self.blocked.pop_front()?;
            let Some(stream) = self.streams.get_mut(id) else {
                continue;
            };
            if stream.waiting == Waiting::Connection {
                stream.waiting = Waiting::No;
                return Some(Event::Writable { stream: id });
            }
        }
        None
    }

    /// How much all streams together may send now.
    fn room(&self) -> usize {
        let pending = self.output.pending().len();
        let output = self.settings.output_limit.saturating_sub(pending);
        usize::try_from(self.send_window).unwrap_or(0).min(output)
    }

    /// Whether too much waits for the socket. As in Envoy, all that came at once is answered before.
    fn check_output(&mut self) -> Result<(), Broken> {
        let (frames, control) = self.output.frames();
        if frames > self.settings.max_outbound_frames {
            self.statistics.outbound_flood += 1;
            return Err(Flood("too many frames in the outbound queue").into());
        }
        if control > self.settings.max_outbound_control_frames {
            self.statistics.outbound_control_flood += 1;
            return Err(Flood("too many control frames in the outbound queue").into());
        }
        Ok(())
    }

    /// Ends the connection. As in Envoy, what the input led to that was not handed on before is not sent.
    fn fail(&mut self, broken: &Broken) {
        if let Some(block) = self.block.take() {
            self.refused(block, broken.details);
        }
        self.output.take_back(broken.notice.is_some());
        if let Some(notice) = broken.notice {
            self.output
                .go_away(self.last_peer_stream, broken.code, notice);
        }
        let failure = Failure {
            code: broken.code,
            told: broken.notice.is_some(),
            reason: broken.reason,
            details: broken.details,
        };
        self.failure = Some(failure);
        self.streams = Streams::new();
        self.statistics.pending_send_bytes = 0;
        self.blocked.clear();
        self.events.push_back(Event::Failed(failure));
    }

    /// Whether a number belongs to streams of ours.
    fn is_own(&self, number: u32) -> bool {
        (number % 2 == 1) == (self.role == Role::Client)
    }

    /// Whether a stream has not begun (RFC 9113 §5.1).
    fn is_idle(&self, number: u32) -> bool {
        if self.is_own(number) {
            number >= self.next_own_stream
        } else {
            number > self.last_peer_stream
        }
    }

    /// Ends a stream and tells the peer.
    fn reset_stream(&mut self, id: StreamId, code: ErrorCode) {
        self.output.reset(id.number(), code);
        self.statistics.tx_reset += 1;
        self.close(id);
    }

    /// Ends a stream and tells the peer and the owner.
    fn abort(&mut self, id: StreamId, code: ErrorCode, cause: Cause) {
        self.reset_stream(id, code);
        self.events.push_back(Event::Reset {
            stream: id,
            code,
            cause,
        });
    }

    /// Forgets a stream. What the owner still holds of it counts as consumed, as in Envoy, so that the connection's
    /// window does not shrink.
    fn close(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.remove(id) {
            self.statistics.pending_send_bytes -= stream.offered;
            self.credit_connection(stream.held);
        }
    }

    /// Forgets a stream that has ended in both directions.
    fn close_if_ended(&mut self, id: StreamId) {
        let ended = |it: &super::streams::Stream| {
            it.receiving == Progress::Ended && it.sending == Progress::Ended
        };
        if self.streams.get(id).is_some_and(ended) {
            self.close(id);
        }
    }

    /// Gives `count` bytes of the connection's window back to the peer, in portions of half a window.
    fn credit_connection(&mut self, count: u32) {
        self.consumed += count;
        let window = self
            .settings
            .initial_connection_window_size
            .max(DEFAULT_WINDOW);
        if self.consumed >= window / 2 {
            self.output.window_update(0, self.consumed);
            self.receive_window += i64::from(self.consumed);
            self.consumed = 0;
        }
    }
}

#[cfg(test)]
mod tests;
