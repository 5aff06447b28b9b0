//! Receives heads and trailers (RFC 9113 §6.2, §6.10, §8.1).

use super::super::error::{Cause, ErrorCode, details};
use super::super::event::Event;
use super::super::frame::{self, Head, flag};
use super::super::guard::{Flood, MOST_CONTINUATIONS};
use super::super::head::{Kind, Problem};
use super::super::streams::{Asked, Progress, Stream, StreamId, Waiting};
use super::reading::Broken;
use super::{Connection, Role};

/// A header block that has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    number: u32,
    /// Its stream; none if nobody is left to have it.
    stream: Option<StreamId>,
    kind: Kind,
    end_stream: bool,
    continuations: u32,
}

impl Block {
    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

impl Connection {
    pub(super) fn headers(
        &mut self,
        head: Head,
        payload: &[u8],
    ) -> Result<Option<Event<'static>>, Broken> {
        let fragment = unpadded(head, payload)?;
        let is_empty = fragment.is_empty() && !head.has(flag::END_STREAM);
        self.guard
            .content(is_empty, &self.settings, &mut self.statistics)?;
        let fragment = unprioritised(head, fragment)?;
        let (stream, kind) = self.block_stream(head.stream)?;
        if kind == Kind::Trailers && self.role == Role::Server {
            self.statistics.trailers += 1;
        }
        let length = stream
            .and_then(|id| self.streams.get(id))
            .and_then(|it| it.content_length);
        self.builder.begin(kind, length);
        self.decoder.begin();
        self.carry.clear();
        let block = Block {
            number: head.stream,
            stream,
            kind,
            end_stream: head.has(flag::END_STREAM),
            continuations: 0,
        };
        self.fragment(block, head, fragment)
    }

    pub(super) fn continuation(
        &mut self,
        head: Head,
        payload: &[u8],
    ) -> Result<Option<Event<'static>>, Broken> {
        self.guard
            .content(payload.is_empty(), &self.settings, &mut self.statistics)?;
        let Some(mut block) = self.block.take() else {
            return Ok(None);
        };
        block.continuations += 1;
        if block.continuations > MOST_CONTINUATIONS {
            return Err(Flood("too many CONTINUATION frames").into());
        }
        self.fragment(block, head, payload)
    }

    /// Whose block it is, and what it is for them.
    fn block_stream(&mut self, number: u32) -> Result<(Option<StreamId>, Kind), Broken> {
        let silent = |code, reason| Err(Broken::silent(code, reason));
        if let Some(id) = self.streams.find(number) {
            return match self.streams.get(id).map(|it| it.receiving) {
                Some(Progress::Head) => Ok((Some(id), Kind::Response)),
                Some(Progress::Body) => Ok((Some(id), Kind::Trailers)),
                _ => silent(
                    ErrorCode::STREAM_CLOSED,
                    "HEADERS on a stream that the peer has ended",
                ),
            };
        }
        let code = ErrorCode::PROTOCOL_ERROR;
        if number == 0 {
            return silent(code, "HEADERS without a stream");
        }
        if !self.is_idle(number) {
            return Ok((None, Kind::Ignored));
        }
        if self.role == Role::Client || number.is_multiple_of(2) {
            return silent(code, "HEADERS on a stream that nobody has opened");
        }
        self.new_request(number)
    }

    fn new_request(&mut self, number: u32) -> Result<(Option<StreamId>, Kind), Broken> {
        if self.last_accepted.is_some() {
            self.last_peer_stream = number;
            return Ok((None, Kind::Ignored));
        }
        if self.streams.len() >= self.settings.max_concurrent_streams as usize {
            if !self.settings_unacknowledged {
                let reason = "more streams than our settings allow";
                return Err(Broken::silent(ErrorCode::PROTOCOL_ERROR, reason));
            }
            // The peer may not know our settings yet.
            self.last_peer_stream = number;
            self.statistics.stream_refused_errors += 1;
            self.statistics.tx_reset += 1;
            self.output.reset(number, ErrorCode::REFUSED_STREAM);
            return Ok((None, Kind::Ignored));
        }
        self.last_peer_stream = number;
        let id = self.begin_stream(number, Asked::Other, Progress::Head);
        Ok((Some(id), Kind::Request))
    }

    pub(super) fn begin_stream(
        &mut self,
        number: u32,
        asked: Asked,
        sending: Progress,
    ) -> StreamId {
        self.guard.opened_streams += 1;
        self.statistics.streams_begun += 1;
        self.streams.insert(Stream {
            number,
            receiving: Progress::Head,
            sending,
            waiting: Waiting::No,
            bodiless: false,
            asked,
            send_window: i64::from(self.peer.initial_window_size),
            receive_window: i64::from(self.initial_window),
            consumed: 0,
            held: 0,
            content_length: None,
            received: 0,
            offered: 0,
        })
    }

    /// Takes up a piece of a block, and the whole of it if it was the last piece.
    fn fragment(
        &mut self,
        mut block: Block,
        head: Head,
        fragment: &[u8],
    ) -> Result<Option<Event<'static>>, Broken> {
        let (settings, builder) = (&self.settings, &mut self.builder);
        let sink = |class, name: &[u8], value: &[u8]| builder.field(settings, class, name, value);
        let decoded = if self.carry.is_empty() {
            self.decoder.decode(fragment, sink).map(|taken| {
                self.carry.extend_from_slice(&fragment[taken..]);
            })
        } else {
            self.carry.extend_from_slice(fragment);
            self.decoder.decode(&self.carry, sink).map(|taken| {
                self.carry.drain(..taken);
            })
        };
        let ended = head.has(flag::END_HEADERS);
        if decoded.is_err() || ended && !self.carry.is_empty() {
            let reason = "a header block that is no HPACK";
            self.refused(block, details::CONNECTION);
            return Err(Broken::coded(ErrorCode::COMPRESSION_ERROR, reason));
        }
        if !ended {
            // The owner may have reset the stream between two pieces.
            if block.stream.is_some_and(|it| !self.is_open(it)) {
                block.stream = None;
            }
            self.refuse_early(block)?;
            self.block = Some(block);
            return Ok(None);
        }
        self.block = None;
        self.statistics.dropped_headers_with_underscores += self.builder.underscores_dropped;
        let Some(id) = block.stream.filter(|&it| self.is_open(it)) else {
            return Ok(None);
        };
        let finished = self.builder.finish();
        match finished.and_then(|()| self.message(id, block)) {
            Ok(event) => Ok(Some(event)),
            Err(problem) => self.refuse(id, block, problem),
        }
    }

    /// Does not wait for the end of a block that ends the connection anyway.
    fn refuse_early(&mut self, block: Block) -> Result<(), Broken> {
        let malformed = self.builder.problem == Some(Problem::Malformed);
        if malformed && !self.settings.override_stream_error_on_invalid_http_message {
            self.statistics.rx_messaging_error += 1;
            self.refused(block, details::FIELD);
            return Err(malformed_message(details::FIELD));
        }
        Ok(())
    }

    /// Tells the owner of a request that it never sees.
    pub(super) fn refused(&mut self, block: Block, details: &'static str) {
        if block.kind == Kind::Request && block.stream.is_some() {
            self.events.push_back(Event::Refused { details });
        }
    }

    /// Takes up a whole head, or trailers.
    fn message(&mut self, id: StreamId, block: Block) -> Result<Event<'static>, Problem> {
        let length = self.builder.content_length;
        let status = self.builder.response.status;
        let Some(stream) = self.streams.get_mut(id) else {
            return Err(Problem::Malformed);
        };
        let end = block.end_stream;
        if block.kind == Kind::Response && (100..200).contains(&status) {
            if end {
                return Err(Problem::Malformed);
            }
            return Ok(Event::Informational { stream: id });
        }
        if block.kind == Kind::Trailers && !end {
            return Err(Problem::Malformed);
        }
        stream.content_length = length;
        if block.kind == Kind::Response {
            stream.bodiless = stream.asked == Asked::Head || matches!(status, 204 | 304);
            let tunnel = stream.asked == Asked::Connect && (200..300).contains(&status);
            if stream.bodiless || tunnel {
                stream.content_length = None;
            }
        }
        if end
            && stream
                .content_length
                .is_some_and(|it| it != stream.received)
        {
            return Err(Problem::Malformed);
        }
        stream.receiving = if end { Progress::Ended } else { Progress::Body };
        self.close_if_ended(id);
        Ok(match block.kind {
            Kind::Request => Event::Request { stream: id, end },
            Kind::Response => Event::Response { stream: id, end },
            Kind::Trailers | Kind::Ignored => Event::Trailers { stream: id },
        })
    }

    /// Ends the stream, or the connection, for a block that is refused. The owner is told only of streams that it
    /// knows.
    fn refuse(
        &mut self,
        id: StreamId,
        block: Block,
        problem: Problem,
    ) -> Result<Option<Event<'static>>, Broken> {
        let malformed = if self.builder.problem.is_some() {
            details::FIELD
        } else {
            details::RULE
        };
        let statistics = &mut self.statistics;
        let (count, code, cause, details) = match problem {
            Problem::Malformed => (
                &mut statistics.rx_messaging_error,
                ErrorCode::PROTOCOL_ERROR,
                Cause::Malformed,
                malformed,
            ),
            Problem::TooLarge => (
                &mut statistics.header_list_size_too_large,
                ErrorCode::INTERNAL_ERROR,
                Cause::HeadersTooLarge,
                details::TOO_LARGE,
            ),
            Problem::TooMany => (
                &mut statistics.header_overflow,
                ErrorCode::INTERNAL_ERROR,
                Cause::HeadersTooLarge,
                details::TOO_MANY,
            ),
            Problem::Underscore => (
                &mut statistics.requests_rejected_with_underscores_in_headers,
                ErrorCode::INTERNAL_ERROR,
                Cause::Underscore,
                details::UNDERSCORE,
            ),
        };
        *count += 1;
        self.refused(block, details);
        let stream_only = self.settings.override_stream_error_on_invalid_http_message;
        if problem == Problem::Malformed && !stream_only {
            return Err(malformed_message(details));
        }
        if block.kind == Kind::Request {
            self.reset_stream(id, code);
        } else {
            self.abort(id, code, cause);
        }
        Ok(None)
    }
}

fn malformed_message(details: &'static str) -> Broken {
    let reason = "a message that breaks the rules of HTTP";
    Broken {
        details,
        ..Broken::silent(ErrorCode::PROTOCOL_ERROR, reason)
    }
}

/// The payload of a HEADERS frame without its padding (RFC 9113 §6.2).
fn unpadded(head: Head, payload: &[u8]) -> Result<&[u8], Broken> {
    if !head.has(flag::PADDED) {
        return Ok(payload);
    }
    let Some((&padding, rest)) = payload.split_first() else {
        let reason = "HEADERS without room for its padding";
        return Err(Broken::coded(ErrorCode::FRAME_SIZE_ERROR, reason));
    };
    let length = rest.len().checked_sub(usize::from(padding));
    length
        .map(|it| &rest[..it])
        .ok_or_else(|| Broken::told(ErrorCode::PROTOCOL_ERROR, "HEADERS: invalid padding"))
}

/// The block of a HEADERS frame without its priority, which means nothing any more (RFC 9113 §5.3.2).
fn unprioritised(head: Head, payload: &[u8]) -> Result<&[u8], Broken> {
    if !head.has(flag::PRIORITY) {
        return Ok(payload);
    }
    let Some(rest) = payload.get(5..) else {
        let reason = "HEADERS without room for its priority";
        return Err(Broken::coded(ErrorCode::FRAME_SIZE_ERROR, reason));
    };
    if frame::number(payload, 0) & frame::LARGEST == head.stream {
        let reason = "a stream that depends on itself";
        return Err(Broken::silent(ErrorCode::PROTOCOL_ERROR, reason));
    }
    Ok(rest)
}
