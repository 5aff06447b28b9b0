//! Takes requests from a connection of HTTP/1, one after the other, and answers them.

use std::task::{Context, Poll, ready};

use tokio::time::Instant;

use super::body::{BodyError, Decoder, Framing};
use super::head::{self, HeadError};
use super::write::{self, BodyWriter};
use super::{HIGH_WATERMARK, Settings, line, method, read};
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::stream::{BodyEvent, Broken, Downstream};
use crate::wire::Wire;

/// What requests of a connection are allowed beyond that.
pub use super::head::Taken;

/// A connection from downstream.
#[expect(
    clippy::struct_excessive_bools,
    reason = "where a request and a response are, each on its own"
)]
pub struct Connection {
    /// Its bytes.
    pub wire: Wire,
    settings: Settings,
    taken: Taken,
    searched: usize,
    decoder: Decoder,
    expects_continue: bool,
    request_protocol: Protocol,
    to_head: bool,
    writer: BodyWriter,
    keep_alive: bool,
    asked_to_close: bool,
    /// No request follows the next one.
    is_last: bool,
    drains: bool,
    drains_from: Option<Instant>,
    drain_begun: Option<Instant>,
    broke_off: bool,
    upgraded: bool,
    /// Fields that were dropped for their names.
    pub dropped: u64,
}

/// Why no request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRequest {
    /// The connection ended, or broke, between requests or within a head.
    Ended,
    /// The head is longer than it may be.
    TooLong,
    /// The head is malformed.
    Malformed(HeadError),
}

impl NoRequest {
    /// What the client is answered, and what is told about it; nothing if there is nobody to be answered.
    pub fn answer(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Ended => None,
            Self::TooLong => Some((431, "http1.headers_too_large")),
            Self::Malformed(error) => Some(error.answer()),
        }
    }
}

impl Connection {
    /// A connection that has had no request yet.
    pub fn new(wire: Wire, settings: Settings, taken: Taken) -> Self {
        Self {
            wire,
            settings,
            taken,
            searched: 0,
            decoder: Decoder::new(Framing::None, settings.limits),
            expects_continue: false,
            request_protocol: Protocol::Http11,
            to_head: false,
            writer: BodyWriter::Plain,
            keep_alive: true,
            asked_to_close: false,
            is_last: false,
            drains: false,
            drains_from: None,
            drain_begun: None,
            broke_off: false,
            upgraded: false,
            dropped: 0,
        }
    }

    /// Ready when a part of a head has come.
    pub fn poll_begun(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.searched == 0 {
                let blank = line::blank_lines(self.wire.input.bytes());
                self.wire.input.take(blank);
            }
            if !self.wire.input.is_empty() {
                return Poll::Ready(());
            }
            // What is left of the last response must go out while the next request is waited for.
            if let Poll::Ready(Err(_)) = self.wire.poll_flush(context) {
                return Poll::Pending;
            }
            if !matches!(ready!(self.wire.poll_fill(context)), Ok(count) if count > 0) {
                return Poll::Pending;
            }
        }
    }

    /// Reads the next request's head; gives whether it has no body.
    pub fn poll_request(
        &mut self,
        context: &mut Context<'_>,
        head: &mut RequestHead,
    ) -> Poll<Result<bool, NoRequest>> {
        // What is left of the last response must go out while the next request is waited for.
        if let Poll::Ready(Err(_)) = self.wire.poll_flush(context) {
            return Poll::Ready(Err(NoRequest::Ended));
        }
        loop {
            if let Some(request) = self.read_head(head) {
                return Poll::Ready(request);
            }
            if !matches!(ready!(self.wire.poll_fill(context)), Ok(count) if count > 0) {
                return Poll::Ready(Err(NoRequest::Ended));
            }
        }
    }

    /// Reads a head, if it is all there, or as soon as it is seen to be none.
    fn read_head(&mut self, head: &mut RequestHead) -> Option<Result<bool, NoRequest>> {
        if self.searched == 0 {
            let blank = line::blank_lines(self.wire.input.bytes());
            self.wire.input.take(blank);
            self.request_protocol = Protocol::Http11;
            self.to_head = false;
        }
        let (bytes, limits) = (self.wire.input.bytes(), self.settings.limits);
        let malformed = |error| Some(Err(NoRequest::Malformed(error)));
        if !method::may_begin(*bytes.first()?, limits) {
            return malformed(HeadError::Method);
        }
        let mut end = line::head_end(bytes, self.searched);
        if end.map_or(bytes.len() >= self.settings.head_size, |end| {
            end > self.settings.head_size
        }) {
            return Some(Err(NoRequest::TooLong));
        }
        if end.is_none()
            && let Some(line_end) = memchr::memchr(b'\n', bytes)
        {
            match head::is_whole(&bytes[..=line_end], limits) {
                Ok(whole) => end = whole.then_some(line_end + 1),
                Err(error) => return malformed(error),
            }
        }
        let Some(end) = end else {
            self.searched = bytes.len();
            return None;
        };
        match head::request(&bytes[..end], limits, self.taken, head) {
            Ok(parsed) => Some(Ok(self.begin(parsed, head))),
            Err(error) => malformed(error),
        }
    }

    fn begin(&mut self, parsed: head::Parsed, head: &RequestHead) -> bool {
        self.wire.input.take(parsed.length);
        self.searched = 0;
        self.decoder = Decoder::new(parsed.framing, self.settings.limits)
            .with_trailers(self.settings.head_size);
        self.keep_alive = parsed.keep_alive && !self.is_last;
        self.asked_to_close = !self.keep_alive;
        self.dropped += parsed.dropped;
        self.request_protocol = head.protocol;
        self.to_head = head.method == b"HEAD";
        let expect = head.headers.get(b"expect");
        self.expects_continue = head.protocol == Protocol::Http11
            && expect.is_some_and(|it| it.eq_ignore_ascii_case(b"100-continue"));
        self.decoder.is_done()
    }

    /// Whether another request may follow: the client and the response both said so, and the request is read wholly.
    pub fn may_go_on(&self) -> bool {
        self.keep_alive && !self.upgraded && self.decoder.is_done()
    }

    /// Whether the connection can be closed as soon as everything is sent: the client asked for it, and will send
    /// nothing that would reset the connection before the answer is read.
    pub fn may_close_at_once(&self) -> bool {
        self.asked_to_close && self.decoder.is_done()
    }

    /// The next request is the last one.
    pub fn end_after_next(&mut self) {
        self.is_last = true;
    }

    /// From now on clients are told that the connection ends, although it goes on for a while.
    pub fn drain(&mut self) {
        self.drains = true;
    }

    /// The same from a time on.
    pub fn drain_from(&mut self, time: Option<Instant>) {
        self.drains_from = time;
    }

    /// When a response began it, if one did.
    pub fn drain_begun(&self) -> Option<Instant> {
        self.drain_begun
    }

    fn is_drained(&mut self) -> bool {
        self.drains |= self.drains_from.is_some_and(|it| it <= Instant::now());
        self.drains
    }

    /// Whether the client went away in the middle of a request.
    pub fn broke_off(&self) -> bool {
        self.broke_off
    }

    /// How the body of a response is framed.
    fn framing_of(&self, head: &ResponseHead, end: bool) -> ResponseFraming {
        let bodiless = head.status < 200 || matches!(head.status, 204 | 304);
        if bodiless || self.upgraded || head.headers.contains(b"content-length") {
            ResponseFraming::Plain
        } else if end && !self.to_head {
            ResponseFraming::Empty
        } else if self.request_protocol == Protocol::Http10 {
            // A client of HTTP/1.0 knows no chunks.
            ResponseFraming::End
        } else {
            ResponseFraming::Chunked
        }
    }

    /// Notes that the connection broke in the middle of a request.
    fn noted<T>(&mut self, result: Result<T, Broken>) -> Result<T, Broken> {
        self.broke_off |= matches!(result, Err(Broken::Connection));
        result
    }
}

/// What is said of the length of a response's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResponseFraming {
    /// Nothing more.
    Plain,
    /// There is none.
    Empty,
    /// The end of the connection ends it.
    End,
    /// It comes in chunks.
    Chunked,
}

impl Downstream for Connection {
    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>> {
        if self.wire.pending() > 0 {
            // The client may wait for what is queued before it sends more.
            let _ = self.wire.poll_flush(context);
        }
        let event = ready!(read::poll_body(
            &mut self.wire,
            &mut self.decoder,
            context,
            data,
            trailers
        ));
        if !self.settings.trailers {
            trailers.clear();
        }
        // A connection that is no longer HTTP does not end on one side only.
        let cut = event == Ok(BodyEvent::End) && self.upgraded;
        Poll::Ready(self.noted(if cut { Err(Broken::Connection) } else { event }))
    }

    fn send_informational(&mut self, head: &ResponseHead) {
        self.expects_continue = false;
        let output = &mut self.wire.output;
        let start = output.len();
        write::status_line(self.request_protocol, head.status, output);
        write::fields(&head.headers, output);
        output.extend_from_slice(b"\r\n");
        if self.settings.capitals {
            write::capitalize(&mut output[start..]);
        }
    }

    fn send_head(&mut self, head: &ResponseHead, end: bool) {
        let framing = self.framing_of(head, end);
        if framing == ResponseFraming::End && !self.to_head {
            self.keep_alive = false;
        }
        self.writer = if framing == ResponseFraming::Chunked && !self.to_head {
            BodyWriter::Chunked
        } else {
            BodyWriter::Plain
        };
        let closes = self.is_drained() || !self.keep_alive;
        let output = &mut self.wire.output;
        let start = output.len();
        write::status_line(self.request_protocol, head.status, output);
        write::fields(&head.headers, output);
        if closes && !self.upgraded {
            output.extend_from_slice(b"connection: close\r\n");
        } else if self.request_protocol == Protocol::Http10 {
            output.extend_from_slice(b"connection: keep-alive\r\n");
        }
        let length: &[u8] = match framing {
            ResponseFraming::Plain | ResponseFraming::End => b"\r\n",
            ResponseFraming::Empty => b"content-length: 0\r\n\r\n",
            ResponseFraming::Chunked => b"transfer-encoding: chunked\r\n\r\n",
        };
        output.extend_from_slice(length);
        if self.settings.capitals {
            write::capitalize(&mut output[start..]);
        }
    }

    fn send_data(&mut self, data: &[u8], end: bool) {
        if self.to_head {
            return;
        }
        self.writer.data(data, &mut self.wire.output);
        if end {
            self.writer.end(&Headers::new(), &mut self.wire.output);
        }
    }

    fn send_trailers(&mut self, trailers: &Headers) {
        let none = Headers::new();
        let passed = if self.settings.trailers {
            trailers
        } else {
            &none
        };
        if !self.to_head {
            self.writer.end(passed, &mut self.wire.output);
        }
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if self.wire.pending() < HIGH_WATERMARK {
            return Poll::Ready(Ok(()));
        }
        self.poll_flush(context)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let flushed = ready!(self.wire.poll_flush(context));
        Poll::Ready(self.noted(flushed.map_err(|_| Broken::Connection)))
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Broken> {
        // While a body is awaited, reading it tells. A request that was pipelined waits in the input.
        if !self.decoder.is_done() || !self.wire.input.is_empty() {
            return Poll::Pending;
        }
        match ready!(self.wire.poll_fill(context)) {
            Ok(0) | Err(_) => {
                self.broke_off = true;
                Poll::Ready(Broken::Connection)
            }
            Ok(_) => Poll::Pending,
        }
    }

    fn refusal(&self) -> (u16, &'static str) {
        let failure = self.decoder.failure();
        failure.map_or((400, "http1.codec_error"), BodyError::answer)
    }

    fn reset(&mut self) {
        self.keep_alive = false;
    }

    fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    fn send_continue(&mut self) {
        self.expects_continue = false;
        let answer = b"HTTP/1.1 100 Continue\r\n\r\n";
        self.wire.output.extend_from_slice(answer);
    }

    fn upgrade(&mut self) {
        self.upgraded = true;
        self.decoder = Decoder::new(Framing::UntilClose, self.settings.limits);
    }

    fn close_after(&mut self) {
        self.keep_alive = false;
        self.asked_to_close = false;
    }

    fn begin_drain(&mut self) -> bool {
        let begins = !self.is_drained();
        if begins {
            self.drains = true;
            self.drain_begun = Some(Instant::now());
        }
        begins
    }
}
