//! Lets filters see what passes between a client and the router.

use std::task::{Context, Poll};

use tokio::time::Instant;

use super::filters::Call;
use crate::http::headers::Headers;
use crate::http::message::ResponseHead;
use crate::stream::{BodyEvent, Broken, Downstream};

/// A client's side of a request, with the calls of gRPC that are counted on it.
pub(super) struct Tapped<'d, D> {
    down: &'d mut D,
    calls: Vec<Call>,
    /// When the whole request was there.
    whole: Option<Instant>,
}

impl<'d, D: Downstream> Tapped<'d, D> {
    /// Nothing is counted yet; `end` says that the request has no body.
    pub(super) fn new(down: &'d mut D, end: bool) -> Self {
        Self {
            down,
            calls: Vec::new(),
            whole: end.then(Instant::now),
        }
    }

    /// From now on these are counted.
    pub(super) fn count(&mut self, calls: Vec<Call>) {
        self.calls = calls;
    }

    /// What goes down from now on is no upstream's.
    pub(super) fn answer(&mut self) -> &mut Self {
        self.whole = None;
        self
    }

    fn ended(&mut self) {
        if let Some(whole) = self.whole.take() {
            self.calls.iter().for_each(|it| it.took(whole.elapsed()));
        }
    }
}

impl<D: Downstream> Downstream for Tapped<'_, D> {
    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>> {
        let before = data.len();
        let event = self.down.poll_body(context, data, trailers);
        if !self.calls.is_empty() {
            self.calls
                .iter_mut()
                .for_each(|it| it.request(&data[before..]));
            if matches!(event, Poll::Ready(Ok(BodyEvent::End))) {
                self.whole = Some(Instant::now());
            }
        }
        event
    }

    fn send_informational(&mut self, head: &ResponseHead) {
        self.down.send_informational(head);
    }

    fn send_head(&mut self, head: &ResponseHead, end: bool) {
        self.calls.iter_mut().for_each(|it| it.answered(head, end));
        if end {
            self.ended();
        }
        self.down.send_head(head, end);
    }

    fn send_data(&mut self, data: &[u8], end: bool) {
        self.calls.iter_mut().for_each(|it| it.response(data));
        self.down.send_data(data, end);
    }

    fn send_trailers(&mut self, trailers: &Headers) {
        self.calls.iter().for_each(|it| it.status(trailers));
        self.ended();
        self.down.send_trailers(trailers);
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.down.poll_room(context)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.down.poll_flush(context)
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Broken> {
        self.down.poll_gone(context)
    }

    fn reset(&mut self) {
        self.down.reset();
    }

    fn refusal(&self) -> (u16, &'static str) {
        self.down.refusal()
    }

    fn expects_continue(&self) -> bool {
        self.down.expects_continue()
    }

    fn send_continue(&mut self) {
        self.down.send_continue();
    }

    fn upgrade(&mut self) {
        self.down.upgrade();
    }

    fn close_after(&mut self) {
        self.down.close_after();
    }

    fn begin_drain(&mut self) -> bool {
        self.down.begin_drain()
    }
}
