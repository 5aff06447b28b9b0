//! Says what one request is to the proxy's core, whichever protocol carries it: a side that asks and a side that answers.

use std::task::{Context, Poll};

use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};

/// What came of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEvent {
    /// Data was appended to the buffer.
    Data,
    /// The body is over; its trailers, if there were any, are in the list.
    End,
}

/// Why a stream broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The connection ended or was reset.
    Connection,
    /// The peer reset this stream alone.
    Reset,
    /// The peer refused the stream before it looked at it (`REFUSED_STREAM`, or a GOAWAY below it).
    Refused,
    /// What came was no HTTP.
    Protocol,
}

/// The side that asks.
pub trait Downstream {
    /// Takes what there is of the request's body, up to the buffer's high watermark.
    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>>;

    /// Queues a response's head that is not the last: 100 or 103.
    fn send_informational(&mut self, head: &ResponseHead);

    /// Queues the response's head; `end` says that nothing follows.
    fn send_head(&mut self, head: &ResponseHead, end: bool);

    /// Queues data; `end` says that nothing follows.
    fn send_data(&mut self, data: &[u8], end: bool);

    /// Queues the trailers, which end the response.
    fn send_trailers(&mut self, trailers: &Headers);

    /// Ready when there is room for more; only then is more queued. Writes only if there is none.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>>;

    /// Writes what is queued.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>>;

    /// Ready when the client has gone away.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Broken>;

    /// Breaks the response off.
    fn reset(&mut self);

    /// What a client is answered whose request broke the protocol, and what is told about it.
    fn refusal(&self) -> (u16, &'static str);

    /// Whether the client waits for `100 Continue` before it sends the body.
    fn expects_continue(&self) -> bool {
        false
    }

    /// Tells it to go on.
    fn send_continue(&mut self) {}

    /// From now on both sides carry bytes of another protocol.
    fn upgrade(&mut self) {}

    /// The connection ends after this response, where it carries one request at a time.
    fn close_after(&mut self) {}

    /// The connection ends soon, as its client is told from now on; says whether that is news.
    fn begin_drain(&mut self) -> bool;
}

/// What came of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseEvent {
    /// A head that is not the last.
    Informational,
    /// The head; `true` if nothing follows.
    Head(bool),
}

/// The side that answers.
pub trait Upstream {
    /// Queues the request's head; `end` says that nothing follows.
    fn send_head(&mut self, head: &RequestHead, end: bool);

    /// Queues data; `end` says that nothing follows.
    fn send_data(&mut self, data: &[u8], end: bool);

    /// Queues the trailers, which end the request.
    fn send_trailers(&mut self, trailers: &Headers);

    /// Ready when there is room for more; only then is more queued. Writes only if there is none.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>>;

    /// Writes what is queued.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>>;

    /// The next head of the response.
    fn poll_response(
        &mut self,
        context: &mut Context<'_>,
        head: &mut ResponseHead,
    ) -> Poll<Result<ResponseEvent, Broken>>;

    /// Takes what there is of the response's body.
    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>>;

    /// Breaks the request off.
    fn reset(&mut self);
}
