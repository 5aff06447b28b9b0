//! Sends messages, resets, pings and farewells.

use super::super::error::{ErrorCode, SendError};
use super::super::field;
use super::super::frame::{self, flag, kind};
use super::super::hpack::Encoder;
use super::super::streams::{Asked, Progress, Stream, StreamId, Waiting};
use super::{Connection, Role};
use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};

impl Connection {
    /// Sends the head of a request on a stream of its own; `end` says that neither body nor trailers follow.
    pub fn open(&mut self, head: &RequestHead, end: bool) -> Result<StreamId, SendError> {
        let exhausted = self.next_own_stream > frame::LARGEST;
        if self.failure.is_some() || self.peer_accepted.is_some() || exhausted {
            return Err(SendError::GoingAway);
        }
        if self.role == Role::Server {
            return Err(SendError::OutOfOrder);
        }
        if self.available_streams() == 0 {
            return Err(SendError::TooManyStreams);
        }
        let number = self.next_own_stream;
        self.next_own_stream += 2;
        let asked = match head.method.as_slice() {
            b"HEAD" => Asked::Head,
            b"CONNECT" => Asked::Connect,
            _ => Asked::Other,
        };
        let sending = if end { Progress::Ended } else { Progress::Body };
        let id = self.begin_stream(number, asked, sending);
        let most = self.peer.max_frame_size;
        self.output
            .headers(number, end, most, &mut self.encoder, |encoder, block| {
                request(encoder, head, block);
            });
        Ok(id)
    }

    /// Sends the head of a response; `end` says that neither body nor trailers follow.
    pub fn send_response(
        &mut self,
        stream: StreamId,
        head: &ResponseHead,
        end: bool,
    ) -> Result<(), SendError> {
        self.sending(stream, Progress::Head)?.sending = Progress::Body;
        self.response(stream, head, end);
        if end {
            self.end_sending(stream);
        }
        Ok(())
    }

    /// Sends a response before the final one, such as 100 or 103.
    pub fn send_informational(
        &mut self,
        stream: StreamId,
        head: &ResponseHead,
    ) -> Result<(), SendError> {
        self.sending(stream, Progress::Head)?;
        self.response(stream, head, false);
        Ok(())
    }

    /// Sends as much of a body as the windows, the peer's limits and the room in the output let through, and says how
    /// much that was. The body ends with it if `end` says so and all was let through. For what was not, there will be
    /// an [`Event::Writable`](super::super::Event::Writable).
    pub fn send_data(
        &mut self,
        stream: StreamId,
        data: &[u8],
        end: bool,
    ) -> Result<usize, SendError> {
        let room = self.room();
        let most = self.peer.max_frame_size as usize;
        let own = self.sending(stream, Progress::Body)?;
        let window = usize::try_from(own.send_window).unwrap_or(0);
        let count = data.len().min(window).min(room);
        own.send_window -= i64::try_from(count).unwrap_or(0);
        let is_whole = count == data.len();
        let offered = (data.len() - count) as u64;
        let before = std::mem::replace(&mut own.offered, offered);
        let mut wait = false;
        if !is_whole && own.waiting == Waiting::No {
            wait = own.send_window > 0;
            own.waiting = if wait {
                Waiting::Connection
            } else {
                Waiting::Stream
            };
        }
        if wait {
            self.blocked.push_back(stream);
        }
        self.send_window -= i64::try_from(count).unwrap_or(0);
        self.statistics.pending_send_bytes += offered;
        self.statistics.pending_send_bytes -= before;
        let end = end && is_whole;
        self.data_frames(stream, &data[..count], most, end);
        if end {
            self.end_sending(stream);
        }
        Ok(count)
    }

    fn data_frames(&mut self, stream: StreamId, data: &[u8], most: usize, end: bool) {
        if data.is_empty() && end {
            self.guard.data_frames_sent += 1;
            self.output
                .frame(kind::DATA, flag::END_STREAM, stream.number(), &[]);
        }
        let mut rest = data;
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(rest.len().min(most));
            rest = tail;
            let flags = u8::from(end && rest.is_empty()) * flag::END_STREAM;
            self.guard.data_frames_sent += 1;
            self.output.frame(kind::DATA, flags, stream.number(), piece);
        }
    }

    /// Sends trailers, which end the message; none at all end it as well.
    pub fn send_trailers(&mut self, stream: StreamId, trailers: &Headers) -> Result<(), SendError> {
        if trailers.is_empty() {
            return self.send_data(stream, &[], true).map(|_| ());
        }
        self.sending(stream, Progress::Body)?;
        let most = self.peer.max_frame_size;
        let number = stream.number();
        self.output
            .headers(number, true, most, &mut self.encoder, |encoder, block| {
                fields(encoder, trailers, block);
            });
        self.end_sending(stream);
        Ok(())
    }

    /// Ends a stream before its time. One that has ended stays as it is.
    pub fn reset(&mut self, stream: StreamId, code: ErrorCode) {
        if self.is_open(stream) && self.failure.is_none() {
            self.reset_stream(stream, code);
        }
    }

    /// Asks the peer whether it is there. The answer is an [`Event::Pong`](super::super::Event::Pong).
    pub fn ping(&mut self, payload: [u8; 8]) {
        if self.failure.is_none() {
            self.output.frame(kind::PING, 0, 0, &payload);
        }
    }

    /// Warns the client that the connection will be closed (RFC 9113 §6.8): streams that are on their way are still
    /// taken. Envoy does so at the beginning of its drain, and calls [`Self::go_away`] at the end.
    pub fn announce_shutdown(&mut self) {
        if self.failure.is_none() && self.last_accepted.is_none() {
            self.output.go_away(frame::LARGEST, ErrorCode::NO_ERROR, "");
        }
    }

    /// Takes no more streams of the peer's; the open ones go on to their end.
    pub fn go_away(&mut self) {
        if self.failure.is_some() || self.last_accepted.is_some() {
            return;
        }
        self.last_accepted = Some(self.last_peer_stream);
        self.statistics.goaway_sent += 1;
        self.output
            .go_away(self.last_peer_stream, ErrorCode::NO_ERROR, "");
    }

    /// The stream, if its message is at this point.
    fn sending(&mut self, id: StreamId, progress: Progress) -> Result<&mut Stream, SendError> {
        if self.failure.is_some() {
            return Err(SendError::GoingAway);
        }
        let stream = self.streams.get_mut(id).ok_or(SendError::Gone)?;
        if stream.sending != progress {
            return Err(SendError::OutOfOrder);
        }
        Ok(stream)
    }

    fn end_sending(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.sending = Progress::Ended;
            self.statistics.pending_send_bytes -= std::mem::take(&mut stream.offered);
        }
        self.close_if_ended(id);
    }

    fn response(&mut self, stream: StreamId, head: &ResponseHead, end: bool) {
        let most = self.peer.max_frame_size;
        let number = stream.number();
        self.output
            .headers(number, end, most, &mut self.encoder, |encoder, block| {
                encoder.field(b":status", &digits(head.status), block);
                fields(encoder, &head.headers, block);
            });
    }
}

/// The pseudo fields of a request and its headers (RFC 9113 §8.3.1, §8.5, RFC 8441 §4).
fn request(encoder: &mut Encoder, head: &RequestHead, block: &mut Vec<u8>) {
    encoder.field(b":method", &head.method, block);
    let is_tunnel = head.method == b"CONNECT" && head.upgrade.is_empty();
    if !is_tunnel {
        encoder.field(b":scheme", &head.scheme, block);
        encoder.field(b":path", &head.path, block);
    }
    if !head.authority.is_empty() {
        encoder.field(b":authority", &head.authority, block);
    }
    if !head.upgrade.is_empty() {
        encoder.field(b":protocol", &head.upgrade, block);
    }
    fields(encoder, &head.headers, block);
}

/// Headers or trailers, but for those that must not be in HTTP/2.
fn fields(encoder: &mut Encoder, headers: &Headers, block: &mut Vec<u8>) {
    for (name, value) in headers.iter() {
        if !field::is_connection_specific(name) {
            encoder.field(name, value, block);
        }
    }
}

fn digits(status: u16) -> [u8; 3] {
    let digit = |number: u16| b'0' + u8::try_from(number % 10).unwrap_or(0);
    [digit(status / 100), digit(status / 10), digit(status)]
}
