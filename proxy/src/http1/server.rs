//! Takes requests from a connection of HTTP/1, one after the other, and answers them.

use std::task::{Context, Poll, ready};

use super::body::{Decoder, Framing};
use super::head::{self, HeadError, Limits};
use super::write::{self, BodyWriter};
use super::{HIGH_WATERMARK, line, read};
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::stream::{BodyEvent, Broken, Downstream};
use crate::wire::Wire;

/// What a connection is allowed.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bytes of a request's head.
    pub head_size: usize,
    /// The rest of what a head is allowed.
    pub limits: Limits,
    /// Trailers are passed on.
    pub trailers: bool,
}

/// A connection from downstream.
#[expect(
    clippy::struct_excessive_bools,
    reason = "where a request and a response are, each on its own"
)]
pub struct Connection {
    /// Its bytes.
    pub wire: Wire,
    settings: Settings,
    searched: usize,
    decoder: Decoder,
    expects_continue: bool,
    request_protocol: Protocol,
    to_head: bool,
    writer: BodyWriter,
    keep_alive: bool,
    upgraded: bool,
}

/// Why no request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRequest {
    /// The connection ended between requests.
    Ended,
    /// It ended, or broke, within a head.
    Broken,
    /// The head is longer than it may be.
    TooLong,
    /// The head is malformed.
    Malformed(HeadError),
}

impl Connection {
    /// A connection that has had no request yet.
    pub fn new(wire: Wire, settings: Settings) -> Self {
        Self {
            wire,
            settings,
            searched: 0,
            decoder: Decoder::new(Framing::None, settings.limits),
            expects_continue: false,
            request_protocol: Protocol::Http11,
            to_head: false,
            writer: BodyWriter::Plain,
            keep_alive: true,
            upgraded: false,
        }
    }

    /// Whether a part of a head has come.
    pub fn has_begun(&self) -> bool {
        !self.wire.input.is_empty()
    }

    /// Reads the next request's head; gives whether it has no body.
    pub fn poll_request(
        &mut self,
        context: &mut Context<'_>,
        head: &mut RequestHead,
    ) -> Poll<Result<bool, NoRequest>> {
        // What is left of the last response must go out while the next request is waited for.
        if let Poll::Ready(Err(_)) = self.wire.poll_flush(context) {
            return Poll::Ready(Err(NoRequest::Broken));
        }
        loop {
            if self.searched == 0 {
                let blank = line::blank_lines(self.wire.input.bytes());
                self.wire.input.take(blank);
            }
            let bytes = self.wire.input.bytes();
            if let Some(end) = line::head_end(bytes, self.searched) {
                if end > self.settings.head_size {
                    return Poll::Ready(Err(NoRequest::TooLong));
                }
                let parsed = head::request(&bytes[..end], self.settings.limits, head);
                let parsed = parsed.map_err(NoRequest::Malformed);
                return Poll::Ready(parsed.map(|it| self.begin(end, it, head)));
            }
            self.searched = bytes.len();
            if self.searched > self.settings.head_size {
                return Poll::Ready(Err(NoRequest::TooLong));
            }
            match ready!(self.wire.poll_fill(context)) {
                Ok(0) if self.wire.input.is_empty() => {
                    return Poll::Ready(Err(NoRequest::Ended));
                }
                Ok(0) | Err(_) => return Poll::Ready(Err(NoRequest::Broken)),
                Ok(_) => {}
            }
        }
    }

    fn begin(&mut self, end: usize, parsed: head::Parsed, head: &RequestHead) -> bool {
        self.wire.input.take(end);
        self.searched = 0;
        self.decoder = Decoder::new(parsed.framing, self.settings.limits);
        self.keep_alive = parsed.keep_alive;
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

    fn framing_of(&mut self, head: &ResponseHead, end: bool) {
        let bodiless = self.to_head || head.status < 200 || matches!(head.status, 204 | 304);
        let has_length = head.headers.contains(b"content-length");
        self.writer = BodyWriter::Plain;
        if self.upgraded || bodiless {
            return;
        }
        let output = &mut self.wire.output;
        if end && !has_length {
            output.extend_from_slice(b"content-length: 0\r\n");
        } else if !has_length && self.request_protocol == Protocol::Http10 {
            // A client of HTTP/1.0 knows no chunks: the end of the connection ends the body.
            self.keep_alive = false;
        } else if !has_length {
            output.extend_from_slice(b"transfer-encoding: chunked\r\n");
            self.writer = BodyWriter::Chunked;
        }
    }
}

impl Downstream for Connection {
    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>> {
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
        Poll::Ready(event)
    }

    fn send_informational(&mut self, head: &ResponseHead) {
        self.expects_continue = false;
        write::status_line(self.request_protocol, head.status, &mut self.wire.output);
        write::fields(&head.headers, &mut self.wire.output);
        self.wire.output.extend_from_slice(b"\r\n");
    }

    fn send_head(&mut self, head: &ResponseHead, end: bool) {
        write::status_line(Protocol::Http11, head.status, &mut self.wire.output);
        write::fields(&head.headers, &mut self.wire.output);
        self.framing_of(head, end);
        if !self.keep_alive && !self.upgraded {
            self.wire.output.extend_from_slice(b"connection: close\r\n");
        } else if self.request_protocol == Protocol::Http10 {
            self.wire
                .output
                .extend_from_slice(b"connection: keep-alive\r\n");
        }
        self.wire.output.extend_from_slice(b"\r\n");
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
        if !self.to_head {
            self.writer.end(trailers, &mut self.wire.output);
        }
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if self.wire.pending() < HIGH_WATERMARK {
            return Poll::Ready(Ok(()));
        }
        self.poll_flush(context)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.wire
            .poll_flush(context)
            .map_err(|_| Broken::Connection)
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Broken> {
        // While a body is awaited, reading it tells. A request that was pipelined waits in the input.
        if !self.decoder.is_done() || !self.wire.input.is_empty() {
            return Poll::Pending;
        }
        match ready!(self.wire.poll_fill(context)) {
            Ok(0) | Err(_) => Poll::Ready(Broken::Connection),
            Ok(_) => Poll::Pending,
        }
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
    }
}
