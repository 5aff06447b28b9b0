//! Slows a response down to so many bytes a second.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use crate::stream::{BodyEvent, Broken, ResponseEvent, Upstream};

/// How often there is room for more.
const TICK: Duration = Duration::from_millis(50);

/// An upstream whose response comes no faster than it may, if there is a limit.
pub struct Throttled<'u, U> {
    upstream: &'u mut U,
    limit: Option<Limit>,
}

/// What is known of a limit.
struct Limit {
    /// Bytes of each tick.
    share: usize,
    /// Bytes that may come now.
    room: usize,
    tick: Pin<Box<Sleep>>,
    data: Vec<u8>,
    end: Option<Result<BodyEvent, Broken>>,
}

impl<'u, U: Upstream> Throttled<'u, U> {
    /// Slows the response down to so many KiB/s, if to any.
    pub fn new(upstream: &'u mut U, kilobytes_per_second: Option<u64>) -> Self {
        let limit = |rate: u64| {
            let share = rate.saturating_mul(1024) / 20;
            let share = usize::try_from(share).unwrap_or(usize::MAX).max(1);
            Limit {
                share,
                room: share,
                tick: Box::pin(sleep(TICK)),
                data: Vec::new(),
                end: None,
            }
        };
        Self {
            upstream,
            limit: kilobytes_per_second.map(limit),
        }
    }
}

impl Limit {
    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        upstream: &mut impl Upstream,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>> {
        while self.room == 0 {
            ready!(self.tick.as_mut().poll(context));
            self.tick.as_mut().reset(tokio::time::Instant::now() + TICK);
            self.room = self.share;
        }
        if self.data.is_empty() && self.end.is_none() {
            let event = ready!(upstream.poll_body(context, &mut self.data, trailers));
            if event != Ok(BodyEvent::Data) {
                self.end = Some(event);
            }
        }
        let count = self.room.min(self.data.len());
        data.extend(self.data.drain(..count));
        self.room -= count;
        match self.end {
            Some(end) if self.data.is_empty() => Poll::Ready(end),
            _ => Poll::Ready(Ok(BodyEvent::Data)),
        }
    }
}

impl<U: Upstream> Upstream for Throttled<'_, U> {
    fn send_head(&mut self, head: &RequestHead, end: bool) {
        self.upstream.send_head(head, end);
    }

    fn send_data(&mut self, data: &[u8], end: bool) {
        self.upstream.send_data(data, end);
    }

    fn send_trailers(&mut self, trailers: &Headers) {
        self.upstream.send_trailers(trailers);
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.upstream.poll_room(context)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.upstream.poll_flush(context)
    }

    fn poll_response(
        &mut self,
        context: &mut Context<'_>,
        head: &mut ResponseHead,
    ) -> Poll<Result<ResponseEvent, Broken>> {
        self.upstream.poll_response(context, head)
    }

    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>> {
        match &mut self.limit {
            None => self.upstream.poll_body(context, data, trailers),
            Some(limit) => limit.poll_body(context, self.upstream, data, trailers),
        }
    }

    fn reset(&mut self) {
        self.upstream.reset();
    }
}
