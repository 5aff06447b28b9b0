//! Keeps the limits of time of a request.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::model::http::Router;
use crate::exchange::{RequestBody, Watch};
use crate::http::headers::Headers;
use crate::http::route::timeout::Timeouts;
use crate::timer::Timer;

/// A limit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// Until the response is complete, from the end of the request.
    Global,
    /// Until a try has given the head of a response.
    PerTry,
    /// How long a try may be silent.
    PerTryIdle,
    /// How long a try may last.
    Upstream,
    /// How long nothing may move.
    StreamIdle,
    /// How long all of it may last.
    Stream,
    /// Until the request is complete, from its beginning.
    Request,
    /// How long is waited before another try.
    BackOff,
}

impl Limit {
    const ALL: [Self; 8] = [
        Self::Global,
        Self::PerTry,
        Self::PerTryIdle,
        Self::Upstream,
        Self::StreamIdle,
        Self::Stream,
        Self::Request,
        Self::BackOff,
    ];
}

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits before it is tried again.
    Waiting,
    /// It waits for a connection.
    Connecting,
    /// It goes to a host.
    Asking,
}

/// The limits of time of one request, and how far it is.
pub(super) struct Limits {
    clock: Timer<8>,
    timeouts: Timeouts,
    idle: Option<Duration>,
    upstream: Option<Duration>,
    moved: (u64, u64),
    completed: Option<Instant>,
    sent: Option<Instant>,
    stage: Stage,
}

impl Limits {
    /// The limits of a request that begins now. `idle` is how long nothing may move, `upstream` how long a try may last
    /// if no header says so.
    pub(super) fn new(
        timeouts: Timeouts,
        idle: Option<Duration>,
        upstream: Option<Duration>,
    ) -> Self {
        let upstream = timeouts.upstream_stream.or(upstream);
        let mut limits = Self {
            clock: Timer::default(),
            timeouts,
            idle,
            upstream: upstream.filter(|it| !it.is_zero()),
            moved: (0, 0),
            completed: None,
            sent: None,
            stage: Stage::Connecting,
        };
        limits.set(Limit::StreamIdle, idle);
        limits
    }

    /// Sets a limit so long from now, or takes it away.
    pub(super) fn set(&mut self, limit: Limit, after: Option<Duration>) {
        self.clock.set(limit as usize, after);
    }

    /// Where the request is.
    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    /// The status of a timeout.
    pub(super) fn status(&self) -> u16 {
        self.timeouts.status
    }

    /// When the last byte of the request came.
    pub(super) fn completed(&self) -> Option<Instant> {
        self.completed
    }

    /// When the last byte of the request went to the host that was asked last.
    pub(super) fn sent(&self) -> Option<Instant> {
        self.sent
    }

    /// How long ago the last byte of the request came; nothing if it did not come yet.
    pub(super) fn since_request(&self) -> Option<Duration> {
        self.completed.map(|it| it.elapsed())
    }

    /// Tells the next upstream how long it has.
    pub(super) fn write_expected(&self, headers: &mut Headers, router: &Router) {
        let elapsed = self.since_request().unwrap_or_default();
        self.timeouts.write_expected(elapsed, headers, router);
    }

    /// A connection is asked for.
    pub(super) fn connect(&mut self) {
        self.stage = Stage::Connecting;
        self.sent = None;
    }

    /// A host is asked.
    pub(super) fn ask(&mut self) {
        self.stage = Stage::Asking;
        self.set(Limit::Upstream, self.upstream);
        if self.completed.is_some() {
            self.begin_try();
            self.sent = Some(Instant::now());
        }
    }

    /// A head of the response came that is not the last.
    pub(super) fn informed(&mut self) {
        self.set(Limit::PerTry, None);
        self.timeouts.per_try = None;
        self.set(Limit::StreamIdle, self.idle);
    }

    /// The host has answered: it may now be silent for too long, or the whole may take too long.
    pub(super) fn answered(&mut self) {
        self.set(Limit::PerTry, None);
        self.set(Limit::Request, None);
        self.moved_back();
        self.set(Limit::StreamIdle, self.idle);
    }

    /// What follows is no answer, and lasts as long as both sides want it.
    pub(super) fn tunnel(&mut self) {
        for limit in [Limit::Global, Limit::PerTry, Limit::PerTryIdle] {
            self.set(limit, None);
        }
        self.timeouts.per_try_idle = None;
    }

    /// The try is over, and there is another one after this time.
    pub(super) fn wait(&mut self, time: Duration) {
        self.stage = Stage::Waiting;
        for limit in [Limit::PerTry, Limit::PerTryIdle, Limit::Upstream] {
            self.set(limit, None);
        }
        self.set(Limit::BackOff, Some(time));
    }

    fn begin_try(&mut self) {
        self.set(Limit::PerTry, self.timeouts.per_try);
        self.set(Limit::PerTryIdle, self.timeouts.per_try_idle);
    }

    fn moved_back(&mut self) {
        if self.timeouts.per_try_idle.is_some() && self.completed.is_some() {
            self.set(Limit::PerTryIdle, self.timeouts.per_try_idle);
        }
    }
}

impl Watch for Limits {
    type Limit = Limit;

    fn note(&mut self, request: &RequestBody, response: u64) {
        let moved = (request.bytes, response);
        if moved != self.moved {
            if moved.1 != self.moved.1 {
                self.moved_back();
            }
            self.moved = moved;
            self.set(Limit::StreamIdle, self.idle);
        }
        if self.completed.is_none() && request.is_done() {
            let now = Some(Instant::now());
            self.completed = now;
            self.sent = now.filter(|_| self.stage == Stage::Asking);
            self.set(Limit::StreamIdle, self.idle);
            self.set(Limit::Request, None);
            if self.stage != Stage::Waiting {
                self.set(Limit::Global, self.timeouts.global);
            }
            if self.stage == Stage::Asking {
                self.begin_try();
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Limit> {
        self.clock.poll(context).map(|it| Limit::ALL[it])
    }
}
