//! Sends requests over a connection of HTTP/1, one after the other, and reads their responses.

use std::task::{Context, Poll, ready};

use super::HIGH_WATERMARK;
use super::body::{Decoder, Framing};
use super::head::{self, HeadError};
use super::write::{self, BodyWriter};
use super::{Settings, line, read};
use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use crate::http::policy::connection::is_upgrade;
use crate::stream::{BodyEvent, Broken, ResponseEvent, Upstream};
use crate::wire::Wire;

/// Bytes of a malformed response that are read at most before the connection is closed.
const MOST_UNREAD: usize = 1024 * 1024;

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
    to_upgrade: bool,
    keep_alive: bool,
    sent_whole: bool,
    answered: bool,
    upgraded: bool,
    malformed: bool,
    told_to_close: bool,
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
            to_upgrade: false,
            keep_alive: true,
            sent_whole: true,
            answered: true,
            upgraded: false,
            malformed: false,
            told_to_close: false,
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

    /// Whether it has become a tunnel.
    pub fn is_tunnel(&self) -> bool {
        self.upgraded && self.to_connect
    }

    /// Whether the last request is sent and answered wholly. One that was upgraded never is.
    pub fn is_between_requests(&self) -> bool {
        self.answered && self.decoder.is_done() && self.sent_whole && !self.upgraded
    }

    /// Whether what came was no HTTP, or more than was asked for.
    pub fn broke_protocol(&self) -> bool {
        // Envoy does not mind that an idle connection is told to end.
        let more = self.keep_alive && self.is_between_requests();
        let input = self.wire.input.bytes();
        self.malformed || (more && !input.is_empty() && !input.starts_with(b"HTTP/1.1 408"))
    }

    /// Whether the host said that it closes the connection after its last response.
    pub fn is_told_to_close(&self) -> bool {
        self.told_to_close
    }

    /// Whether any byte of the response has come.
    pub fn has_answered(&self) -> bool {
        self.answered || !self.wire.input.is_empty()
    }

    /// Reads a head, if it is all there, or as soon as it is seen to be none.
    fn read_head(&mut self, head: &mut ResponseHead) -> Option<Result<ResponseEvent, HeadError>> {
        let (bytes, limits) = (self.wire.input.bytes(), self.settings.limits);
        if *bytes.first()? != b'H' {
            return Some(Err(HeadError::FirstLine));
        }
        let end = line::head_end(bytes, self.searched);
        let Some(end) = end.filter(|it| *it <= self.settings.head_size) else {
            self.searched = bytes.len();
            if end.is_some() || bytes.len() >= self.settings.head_size {
                return Some(Err(HeadError::TooManyHeaders));
            }
            return head::check_status_line(bytes).err().map(Err);
        };
        let text = &bytes[..end];
        let to = head::Asked {
            head: self.to_head,
            connect: self.to_connect,
            upgrade: self.to_upgrade,
        };
        let parsed = head::response(text, limits, to, head);
        Some(parsed.map(|it| self.begin(it, head)))
    }

    fn begin(&mut self, parsed: head::Parsed, head: &ResponseHead) -> ResponseEvent {
        let status = head.status;
        self.wire.input.take(parsed.length);
        self.searched = 0;
        if (100..200).contains(&status) && status != 101 {
            return ResponseEvent::Informational;
        }
        self.answered = true;
        self.upgraded = parsed.framing == Framing::UntilClose
            && (status == 101 || (self.to_connect && status < 300));
        self.told_to_close = !parsed.keep_alive;
        self.keep_alive &= parsed.keep_alive && parsed.framing != Framing::UntilClose;
        self.decoder = Decoder::new(parsed.framing, self.settings.limits)
            .with_trailers(self.settings.head_size);
        ResponseEvent::Head(self.decoder.is_done())
    }

    /// What came is no response. What has come with it is read, so that the host is not reset while it still writes.
    fn refuse<T>(&mut self, context: &mut Context<'_>) -> Poll<Result<T, Broken>> {
        self.malformed = true;
        let mut left = MOST_UNREAD;
        while let Poll::Ready(Ok(count)) = self.wire.poll_fill(context) {
            self.wire.input.take(self.wire.input.bytes().len());
            left = left.saturating_sub(count);
            if count == 0 || left == 0 {
                break;
            }
        }
        Poll::Ready(Err(Broken::Protocol))
    }
}

impl Upstream for Connection {
    fn send_head(&mut self, head: &RequestHead, end: bool) {
        self.to_head = head.method == b"HEAD";
        self.to_connect = head.method == b"CONNECT";
        self.answered = false;
        self.sent_whole = end;
        let output = &mut self.wire.output;
        let start = output.len();
        write::request(head, output);
        self.writer = BodyWriter::Plain;
        let has_length = head.headers.contains(b"content-length");
        self.to_upgrade = is_upgrade(&head.headers);
        let upgrade = self.to_connect || self.to_upgrade;
        // The empty line comes last.
        output.truncate(output.len() - 2);
        if !end && !has_length && !upgrade {
            output.extend_from_slice(b"transfer-encoding: chunked\r\n");
            self.writer = BodyWriter::Chunked;
        } else if end && !has_length && !has_no_body(&head.method) {
            output.extend_from_slice(b"content-length: 0\r\n");
        }
        output.extend_from_slice(b"\r\n");
        if self.settings.capitals {
            write::capitalize(&mut output[start..]);
        }
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
            match self.read_head(head) {
                Some(Ok(event)) => return Poll::Ready(Ok(event)),
                Some(Err(_)) => return self.refuse(context),
                None => {}
            }
            let begun = !self.wire.input.is_empty();
            match ready!(self.wire.poll_fill(context)) {
                Ok(0) | Err(_) if begun => return self.refuse(context),
                Ok(0) | Err(_) => return Poll::Ready(Err(Broken::Connection)),
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
        if self.is_tunnel() && self.sent_whole && self.wire.pending() == 0 {
            // As Envoy does it, a tunnel of HTTP/1 does not end on one side only.
            return Poll::Ready(Err(Broken::Connection));
        }
        let event = ready!(read::poll_body(
            &mut self.wire,
            &mut self.decoder,
            context,
            data,
            trailers
        ));
        // Whoever speaks another protocol ends by breaking off, not by the end of a response.
        if self.upgraded && !matches!(event, Ok(BodyEvent::Data)) {
            return Poll::Ready(Err(Broken::Connection));
        }
        if !self.settings.trailers {
            trailers.clear();
        }
        // To Envoy a response that ends early is a malformed one.
        self.malformed |= event.is_err();
        Poll::Ready(event.map_err(|_| Broken::Protocol))
    }

    fn reset(&mut self) {
        self.keep_alive = false;
    }
}

/// Whether a request by this method has no body unless its head says so.
fn has_no_body(method: &[u8]) -> bool {
    matches!(method, b"GET" | b"HEAD" | b"DELETE" | b"TRACE" | b"CONNECT")
}
