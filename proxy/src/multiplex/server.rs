//! The side of a stream of HTTP/2 that answers a client.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::shared::Shared;
use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use crate::http::upgrade;
use crate::http2::{ErrorCode, StreamId};
use crate::stream::{BodyEvent, Broken, Downstream};

/// A request's stream. It is reset when it is dropped before the whole response was queued.
pub struct Stream {
    shared: Rc<RefCell<Shared>>,
    id: StreamId,
    upgraded: bool,
    expects_continue: bool,
}

impl Stream {
    /// The stream of a request that has come.
    pub fn new(shared: Rc<RefCell<Shared>>, id: StreamId, head: &RequestHead) -> Self {
        let expect = head.headers.get(b"expect");
        Self {
            shared,
            id,
            upgraded: false,
            expects_continue: expect.is_some_and(|it| it.eq_ignore_ascii_case(b"100-continue")),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.borrow_mut().leave(self.id);
    }
}

impl Downstream for Stream {
    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>> {
        let mut shared = self.shared.borrow_mut();
        shared.poll_body(self.id, context, data, trailers)
    }

    fn send_informational(&mut self, head: &ResponseHead) {
        let mut shared = self.shared.borrow_mut();
        // A stream that has ended meanwhile says so when it is read.
        let _ = shared.codec.send_informational(self.id, head);
        shared.wake_driver();
    }

    fn send_head(&mut self, head: &ResponseHead, end: bool) {
        let mut shared = self.shared.borrow_mut();
        let granted = upgrade::response_to_http2(head);
        let head = granted.as_ref().unwrap_or(head);
        let _ = shared.codec.send_response(self.id, head, end);
        if end {
            shared.completed(self.id);
        }
        shared.wake_driver();
    }

    fn send_data(&mut self, data: &[u8], end: bool) {
        self.shared.borrow_mut().send_data(self.id, data, end);
    }

    fn send_trailers(&mut self, trailers: &Headers) {
        self.shared.borrow_mut().send_trailers(self.id, trailers);
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.shared.borrow_mut().poll_room(self.id, context)
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        // The connection's own task writes.
        Poll::Ready(Ok(()))
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Broken> {
        self.shared.borrow_mut().poll_broken(self.id, context)
    }

    fn refusal(&self) -> (u16, &'static str) {
        (400, "http2.violation.of.messaging.rule")
    }

    fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    fn send_continue(&mut self) {
        self.expects_continue = false;
        self.send_informational(&ResponseHead {
            status: 100,
            ..ResponseHead::default()
        });
    }

    fn begin_drain(&mut self) -> bool {
        self.shared.borrow_mut().announce()
    }

    fn upgrade(&mut self) {
        self.upgraded = true;
    }

    fn reset(&mut self) {
        let code = if self.upgraded {
            ErrorCode::CONNECT_ERROR
        } else {
            ErrorCode::INTERNAL_ERROR
        };
        self.shared.borrow_mut().forget(self.id, code);
    }
}
