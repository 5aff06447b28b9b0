//! The side of a stream of HTTP/2 that asks an upstream.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::ending::Ending;
use super::shared::Shared;
use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use crate::http::upgrade;
use crate::http2::{ErrorCode, StreamId};
use crate::stream::{BodyEvent, Broken, ResponseEvent, Upstream};

/// A stream for one request; it is opened when the head is sent, and reset when it is dropped before its end.
pub struct Stream {
    shared: Rc<RefCell<Shared>>,
    state: State,
    ending: Option<Ending>,
    /// The protocol that an extended CONNECT asks for.
    upgrade: Option<Vec<u8>>,
}

/// Where a stream is.
enum State {
    /// Nothing is sent.
    New,
    /// It cannot be opened yet: the peer has as many as it takes.
    Waiting(Box<Unsent>),
    /// It is open, or was.
    Open(StreamId),
    /// It never was.
    Never(Broken),
}

/// What is sent when a stream is opened.
struct Unsent {
    ticket: u64,
    head: RequestHead,
    end: bool,
    data: Vec<u8>,
    is_whole: bool,
    trailers: Option<Headers>,
}

impl Stream {
    /// A stream on a connection.
    pub fn new(shared: Rc<RefCell<Shared>>) -> Self {
        Self {
            shared,
            state: State::New,
            ending: None,
            upgrade: None,
        }
    }

    /// Ends the stream, and says how it has ended; nothing if it never began.
    pub fn end(&mut self) -> Option<Ending> {
        self.reset();
        self.ending
    }

    /// The stream, once it is open.
    fn poll_open(&mut self, context: &Context<'_>) -> Poll<Result<StreamId, Broken>> {
        let State::Waiting(unsent) = &mut self.state else {
            return Poll::Ready(match self.state {
                State::Open(id) => Ok(id),
                State::Never(broken) => Err(broken),
                _ => Err(Broken::Connection),
            });
        };
        let mut shared = self.shared.borrow_mut();
        if shared.stream_limit() > 0 && !shared.may_open(Some(unsent.ticket)) {
            shared.keep_opener(unsent.ticket, context);
            return Poll::Pending;
        }
        let mut state = open(&mut shared, &unsent.head, unsent.end);
        if let State::Open(id) = state {
            if !unsent.data.is_empty() || unsent.is_whole {
                shared.send_data(id, &unsent.data, unsent.is_whole);
            }
            if let Some(trailers) = &unsent.trailers {
                shared.send_trailers(id, trailers);
            }
        }
        shared.leave_line(unsent.ticket);
        drop(shared);
        std::mem::swap(&mut self.state, &mut state);
        self.poll_open(context)
    }
}

/// Opens a stream if there may be one.
fn open(shared: &mut Shared, head: &RequestHead, end: bool) -> State {
    let state = match shared.codec.open(head, end) {
        Ok(id) => {
            shared.register(id, false);
            if end {
                shared.completed(id);
            }
            State::Open(id)
        }
        Err(_) if shared.ended => State::Never(Broken::Connection),
        Err(_) => State::Never(Broken::Refused),
    };
    shared.wake_driver();
    state
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.reset();
    }
}

impl Upstream for Stream {
    fn send_head(&mut self, head: &RequestHead, end: bool) {
        let mut shared = self.shared.borrow_mut();
        let extended = upgrade::request_to_http2(head);
        let head = extended.as_ref().unwrap_or(head);
        self.upgrade = extended.as_ref().map(|it| it.upgrade.clone());
        self.state = if shared.stream_limit() == 0 || shared.may_open(None) {
            open(&mut shared, head, end)
        } else {
            State::Waiting(Box::new(Unsent {
                ticket: shared.wait_to_open(),
                head: head.clone(),
                end,
                data: Vec::new(),
                is_whole: false,
                trailers: None,
            }))
        };
    }

    fn send_data(&mut self, data: &[u8], end: bool) {
        match &mut self.state {
            State::Open(id) => self.shared.borrow_mut().send_data(*id, data, end),
            State::Waiting(unsent) => {
                unsent.data.extend_from_slice(data);
                unsent.is_whole = end;
            }
            State::New | State::Never(_) => {}
        }
    }

    fn send_trailers(&mut self, trailers: &Headers) {
        match &mut self.state {
            State::Open(id) => self.shared.borrow_mut().send_trailers(*id, trailers),
            State::Waiting(unsent) => unsent.trailers = Some(trailers.clone()),
            State::New | State::Never(_) => {}
        }
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let id = ready!(self.poll_open(context))?;
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
        let id = ready!(self.poll_open(context))?;
        let (came, end) = ready!(self.shared.borrow_mut().poll_head(id, context))?;
        *head = came;
        if let Some(token) = &self.upgrade {
            upgrade::response_from_http2(head, token);
        }
        Poll::Ready(Ok(if head.status < 200 && head.status != 101 {
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
        let id = ready!(self.poll_open(context))?;
        let mut shared = self.shared.borrow_mut();
        shared.poll_body(id, context, data, trailers)
    }

    fn reset(&mut self) {
        let mut shared = self.shared.borrow_mut();
        self.ending = match &self.state {
            State::Open(id) => {
                let ending = shared.ending(*id);
                shared.forget(*id, ErrorCode::INTERNAL_ERROR);
                Some(ending)
            }
            State::Waiting(unsent) => {
                shared.leave_line(unsent.ticket);
                Some(Ending::Local)
            }
            State::Never(broken) => self.ending.or(Some(Ending::Broken(*broken))),
            State::New => return,
        };
        drop(shared);
        self.state = State::Never(Broken::Connection);
    }
}
