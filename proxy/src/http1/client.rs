//! Sends requests over a connection of HTTP/1, one after the other, and reads their responses.

use std::task::{Context, Poll, ready};

use super::HIGH_WATERMARK;
use super::body::{Decoder, Framing};
use super::head::{self, Limits};
use super::write::{self, BodyWriter};
use super::{line, read};
use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use crate::stream::{BodyEvent, Broken, ResponseEvent, Upstream};
use crate::wire::Wire;

/// What a connection is allowed.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bytes of a response's head.
    pub head_size: usize,
    /// The rest of what a head is allowed.
    pub limits: Limits,
    /// Trailers are passed on.
    pub trailers: bool,
}

/// A connection to an upstream.
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
    writer: BodyWriter,
    to_head: bool,
    to_connect: bool,
    keep_alive: bool,
    sent_whole: bool,
    answered: bool,
    upgraded: bool,
    malformed: bool,
}

impl Connection {
    /// A connection that has carried nothing yet.
    pub fn new(wire: Wire, settings: Settings) -> Self {
        Self {
            wire,
            settings,
            searched: 0,
            decoder: Decoder::new(Framing::None, settings.limits),
            writer: BodyWriter::Plain,
            to_head: false,
            to_connect: false,
            keep_alive: true,
            sent_whole: true,
            answered: true,
            upgraded: false,
            malformed: false,
        }
    }

    /// Whether another request may be sent: everything was sent and read, and nobody wants it closed.
    pub fn may_go_on(&self) -> bool {
        self.keep_alive
            && self.sent_whole
            && self.answered
            && !self.upgraded
            && self.decoder.is_done()
            && self.wire.input.is_empty()
            && self.wire.pending() == 0
    }

    /// Ready when an idle connection must not be used any more: it ended, or sent what nobody asked for.
    pub fn poll_idle_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let _ = ready!(self.wire.poll_fill(context));
        Poll::Ready(())
    }

    /// Whether the last request is sent and answered wholly.
    pub fn is_between_requests(&self) -> bool {
        self.answered && self.decoder.is_done() && self.sent_whole
    }

    /// Whether what came was no HTTP.
    pub fn broke_protocol(&self) -> bool {
        self.malformed
    }

    /// Whether any byte of the response has come.
    pub fn has_answered(&self) -> bool {
        self.answered || !self.wire.input.is_empty()
    }

    /// What came is no HTTP.
    fn malformed(&mut self) -> Broken {
        self.malformed = true;
        Broken::Protocol
    }

    fn begin(&mut self, end: usize, parsed: head::Parsed, status: u16) -> ResponseEvent {
        self.wire.input.take(end);
        self.searched = 0;
        if status < 200 && status != 101 {
            return ResponseEvent::Informational;
        }
        self.answered = true;
        self.upgraded = status == 101 || (self.to_connect && status < 300);
        self.keep_alive &= parsed.keep_alive;
        self.decoder = Decoder::new(parsed.framing, self.settings.limits);
        ResponseEvent::Head(self.decoder.is_done())
    }
}

impl Upstream for Connection {
    fn send_head(&mut self, head: &RequestHead, end: bool) {
        self.to_head = head.method == b"HEAD";
        self.to_connect = head.method == b"CONNECT";
        self.answered = false;
        self.sent_whole = end;
        let output = &mut self.wire.output;
        write::request(head, output);
        self.writer = BodyWriter::Plain;
        let has_length = head.headers.contains(b"content-length");
        let upgrade = self.to_connect || head.headers.contains(b"upgrade");
        // The empty line comes last.
        output.truncate(output.len() - 2);
        if !end && !has_length && !upgrade {
            output.extend_from_slice(b"transfer-encoding: chunked\r\n");
            self.writer = BodyWriter::Chunked;
        } else if end && !has_length && matches!(&*head.method, b"POST" | b"PUT" | b"PATCH") {
            output.extend_from_slice(b"content-length: 0\r\n");
        }
        output.extend_from_slice(b"\r\n");
    }

    fn send_data(&mut self, data: &[u8], end: bool) {
        self.writer.data(data, &mut self.wire.output);
        if end {
            self.sent_whole = true;
            self.writer.end(&Headers::new(), &mut self.wire.output);
        }
    }

    fn send_trailers(&mut self, trailers: &Headers) {
        self.sent_whole = true;
        let none = Headers::new();
        let passed = if self.settings.trailers {
            trailers
        } else {
            &none
        };
        self.writer.end(passed, &mut self.wire.output);
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

    fn poll_response(
        &mut self,
        context: &mut Context<'_>,
        head: &mut ResponseHead,
    ) -> Poll<Result<ResponseEvent, Broken>> {
        loop {
            let bytes = self.wire.input.bytes();
            if let Some(end) = line::head_end(bytes, self.searched) {
                let limits = self.settings.limits;
                let text = &bytes[..end];
                let parsed = head::response(text, limits, self.to_head, self.to_connect, head);
                let Ok(parsed) = parsed else {
                    return Poll::Ready(Err(self.malformed()));
                };
                return Poll::Ready(Ok(self.begin(end, parsed, head.status)));
            }
            self.searched = bytes.len();
            if self.searched > self.settings.head_size {
                return Poll::Ready(Err(self.malformed()));
            }
            match ready!(self.wire.poll_fill(context)) {
                Ok(0) | Err(_) if self.wire.input.is_empty() => {
                    return Poll::Ready(Err(Broken::Connection));
                }
                // The end of a connection ends no message.
                Ok(0) | Err(_) => return Poll::Ready(Err(self.malformed())),
                Ok(_) => {}
            }
        }
    }

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
        let event = event.map_err(|_| self.malformed());
        if !self.settings.trailers {
            trailers.clear();
        }
        Poll::Ready(event)
    }

    fn reset(&mut self) {
        self.keep_alive = false;
    }
}
