//! Moves the bytes of a connection of HTTP/2, and hands on what they mean.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::books::Books;
use super::shared::Shared;
use crate::http::message::RequestHead;
use crate::http::upgrade;
use crate::http2::{Event, Failure, StreamId};

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The peer closed it, or it broke.
    Closed,
    /// A rule was broken.
    Failed(Failure),
    /// The peer wanted no more streams, and the last one is over: `true` if that was by what it sent then.
    Left(bool),
    /// We closed it, or it was drained and its last stream is over.
    Drained,
}

/// The task of a connection.
pub struct Driver {
    shared: Rc<RefCell<Shared>>,
    input: Vec<u8>,
    draining: bool,
    books: Option<Books>,
    refused: Vec<&'static str>,
    /// The peer wants no more streams, and the last one is over.
    left: Option<bool>,
}

impl Driver {
    /// The task of this connection; there must be one.
    pub fn new(shared: Rc<RefCell<Shared>>) -> Self {
        Self {
            shared,
            input: Vec::new(),
            draining: false,
            books: None,
            refused: Vec::new(),
            left: None,
        }
    }

    /// Has it counted.
    #[must_use]
    pub fn counted(mut self, books: Books) -> Self {
        self.books = Some(books);
        self
    }

    /// Why a request was refused before anybody saw it, one after the other.
    pub fn refused(&mut self) -> Option<&'static str> {
        (!self.refused.is_empty()).then(|| self.refused.remove(0))
    }

    /// Warns the client that the connection will be drained.
    pub fn announce(&mut self) {
        self.shared.borrow_mut().announce();
    }

    /// The streams end, then the connection.
    pub fn drain(&mut self) {
        self.draining = true;
        self.shared.borrow_mut().drain();
    }

    /// Moves bytes until nothing moves. `begin` is called with each request that comes, and with whether it has no body.
    pub fn poll(
        &mut self,
        context: &mut Context<'_>,
        mut begin: impl FnMut(StreamId, RequestHead, bool),
    ) -> Poll<Ended> {
        let shared = Rc::clone(&self.shared);
        let mut shared = shared.borrow_mut();
        let ended = self.advance(&mut shared, context, &mut begin);
        if let Some(books) = &mut self.books {
            books.note(shared.codec.statistics());
        }
        ended
    }

    fn advance(
        &mut self,
        shared: &mut Shared,
        context: &mut Context<'_>,
        begin: &mut impl FnMut(StreamId, RequestHead, bool),
    ) -> Poll<Ended> {
        shared.driven_by(context);
        loop {
            let read = shared.wire.poll_fill(context);
            let failed = self.understand(shared, begin);
            let written = Self::write(shared, context);
            if let Some(failure) = failed {
                shared.end();
                return Poll::Ready(Ended::Failed(failure));
            }
            if let Some(by_peer) = self.left {
                shared.end();
                return Poll::Ready(Ended::Left(by_peer));
            }
            let closed = matches!(read, Poll::Ready(Ok(0) | Err(_)));
            if closed || matches!(written, Poll::Ready(Err(()))) {
                shared.end();
                return Poll::Ready(Ended::Closed);
            }
            shared.wake_openers();
            let drained = shared.closing || (self.draining && shared.open_streams() == 0);
            if drained && written.is_ready() {
                shared.end();
                return Poll::Ready(Ended::Drained);
            }
            // What was written may have made room for streams that wait for it, which nothing else would tell them.
            if read.is_pending() && !shared.codec.has_writable() {
                return Poll::Pending;
            }
        }
    }

    /// Takes what has come apart.
    fn understand(
        &mut self,
        shared: &mut Shared,
        begin: &mut impl FnMut(StreamId, RequestHead, bool),
    ) -> Option<Failure> {
        // The codec's events borrow from the input, which the streams must not.
        let input = &mut self.input;
        input.extend_from_slice(shared.wire.input.bytes());
        let count = shared.wire.input.bytes().len();
        shared.wire.input.take(count);
        let mut rest = &input[..];
        let mut failed = None;
        let mut was_busy = shared.is_leaving() && shared.open_streams() > 0;
        while let Some(event) = shared.codec.receive(&mut rest) {
            match event {
                Event::Request { stream, end } => {
                    let mut head = RequestHead::default();
                    shared.codec.take_request(&mut head);
                    upgrade::request_from_http2(&mut head);
                    shared.register(stream, end);
                    begin(stream, head, end);
                }
                Event::Refused { details } => self.refused.push(details),
                Event::Failed(failure) => failed = Some(failure),
                event => shared.deliver(&event),
            }
            let is_over = shared.is_leaving() && shared.open_streams() == 0;
            if is_over && self.left.is_none() {
                self.left = Some(was_busy);
            }
            was_busy = shared.is_leaving() && !is_over;
        }
        if shared.is_leaving() && shared.open_streams() == 0 {
            self.left.get_or_insert(false);
        }
        let taken = input.len() - rest.len();
        input.drain(..taken);
        failed
    }

    fn write(shared: &mut Shared, context: &mut Context<'_>) -> Poll<Result<(), ()>> {
        loop {
            let Shared { codec, wire, .. } = &mut *shared;
            // As Envoy's, a server says nothing before its client does.
            let is_early = codec.is_server() && wire.received == 0;
            if is_early || codec.output().is_empty() {
                return Poll::Ready(Ok(()));
            }
            match wire.poll_write(codec.output(), context) {
                Poll::Ready(Ok(count)) => codec.wrote(count),
                Poll::Ready(Err(_)) => return Poll::Ready(Err(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
