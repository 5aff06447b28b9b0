//! The side of a stream of HTTP/2 that asks an upstream.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::shared::Shared;
use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use crate::http2::{ErrorCode, StreamId};
use crate::stream::{BodyEvent, Broken, ResponseEvent, Upstream};

/// A stream for one request; it is opened when the head is sent, and reset when it is dropped before its end.
pub struct Stream {
    shared: Rc<RefCell<Shared>>,
    id: Option<StreamId>,
    refused: bool,
}

impl Stream {
    /// A stream on a connection on which another may be opened.
    pub fn new(shared: Rc<RefCell<Shared>>) -> Self {
        Self {
            shared,
            id: None,
            refused: false,
        }
    }

    /// The stream, or why there is none.
    fn id(&self) -> Result<StreamId, Broken> {
        self.id.ok_or(if self.refused {
            Broken::Refused
        } else {
            Broken::Connection
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.reset();
    }
}

impl Upstream for Stream {
    fn send_head(&mut self, head: &RequestHead, end: bool) {
        let mut shared = self.shared.borrow_mut();
        match shared.codec.open(head, end) {
            Ok(id) => {
                shared.register(id, false);
                self.id = Some(id);
            }
            Err(_) => self.refused = true,
        }
        shared.wake_driver();
    }

    fn send_data(&mut self, data: &[u8], end: bool) {
        if let Some(id) = self.id {
            self.shared.borrow_mut().send_data(id, data, end);
        }
    }

    fn send_trailers(&mut self, trailers: &Headers) {
        if let Some(id) = self.id {
            self.shared.borrow_mut().send_trailers(id, trailers);
        }
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let id = self.id()?;
        self.shared.borrow_mut().poll_room(id, context)
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        // The connection's own task writes.
        Poll::Ready(Ok(()))
    }

    fn poll_response(
        &mut self,
        context: &mut Context<'_>,
        head: &mut ResponseHead,
    ) -> Poll<Result<ResponseEvent, Broken>> {
        let id = self.id()?;
        let (came, end) = ready!(self.shared.borrow_mut().poll_head(id, context))?;
        *head = came;
        Poll::Ready(Ok(if head.status < 200 {
            ResponseEvent::Informational
        } else {
            ResponseEvent::Head(end)
        }))
    }

    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>> {
        let id = self.id()?;
        let mut shared = self.shared.borrow_mut();
        shared.poll_body(id, context, data, trailers)
    }

    fn reset(&mut self) {
        if let Some(id) = self.id {
            self.shared.borrow_mut().forget(id, ErrorCode::CANCEL);
        }
    }
}
