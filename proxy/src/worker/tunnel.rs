//! Carries a request as bytes to a host: CONNECT, or POST, that is ended here. The connection is the answer, with 200.

use std::task::{Context, Poll, ready};

use super::raw::Raw;
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::stream::{BodyEvent, Broken, ResponseEvent, Upstream};

/// Bytes that wait to be sent before more is taken from the client.
const HIGH_WATERMARK: usize = 64 * 1024;

/// A connection that is a request's upstream.
pub struct Tunnel {
    raw: Raw,
    answered: bool,
    sending: Sending,
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    Open,
    /// The end is to be told once everything is sent.
    Ending,
    Ended,
}

impl Tunnel {
    /// Our end of the connection.
    pub fn local(&self) -> Option<std::net::SocketAddr> {
        self.raw.counted.local()
    }

    /// A tunnel by this connection.
    pub fn new(raw: Raw) -> Self {
        Self {
            raw,
            answered: false,
            sending: Sending::Open,
        }
    }

    fn end_if(&mut self, end: bool) {
        if end && self.sending == Sending::Open {
            self.sending = Sending::Ending;
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let Raw { wire, counted, .. } = &mut self.raw;
        counted.note(wire);
    }
}

impl Upstream for Tunnel {
    fn send_head(&mut self, _: &RequestHead, end: bool) {
        self.end_if(end);
    }

    fn send_data(&mut self, data: &[u8], end: bool) {
        self.raw.wire.output.extend_from_slice(data);
        self.end_if(end);
    }

    fn send_trailers(&mut self, _: &Headers) {
        self.end_if(true);
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if self.raw.wire.pending() < HIGH_WATERMARK {
            return Poll::Ready(Ok(()));
        }
        self.poll_flush(context)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let flushed = match self.sending {
            Sending::Ending => self.raw.wire.poll_shutdown(context),
            Sending::Open | Sending::Ended => self.raw.wire.poll_flush(context),
        };
        ready!(flushed).map_err(|_| Broken::Connection)?;
        if self.sending == Sending::Ending {
            self.sending = Sending::Ended;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_response(
        &mut self,
        _: &mut Context<'_>,
        head: &mut ResponseHead,
    ) -> Poll<Result<ResponseEvent, Broken>> {
        if std::mem::replace(&mut self.answered, true) {
            return Poll::Pending;
        }
        head.clear();
        head.protocol = Protocol::Http11;
        head.status = 200;
        Poll::Ready(Ok(ResponseEvent::Head(false)))
    }

    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Vec<u8>,
        _: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>> {
        let Raw { wire, counted, .. } = &mut self.raw;
        if wire.input.is_empty() {
            match ready!(wire.poll_fill(context)) {
                Ok(0) => {
                    if self.sending == Sending::Ended {
                        counted.completes_request();
                        counted.ended_by_host();
                    }
                    return Poll::Ready(Ok(BodyEvent::End));
                }
                Ok(_) => {}
                Err(_) => {
                    counted.ended_by_host();
                    return Poll::Ready(Err(Broken::Connection));
                }
            }
        }
        data.extend_from_slice(wire.input.bytes());
        wire.input.take(wire.input.bytes().len());
        counted.note(wire);
        Poll::Ready(Ok(BodyEvent::Data))
    }

    fn reset(&mut self) {}
}
