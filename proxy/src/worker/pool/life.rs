//! Limits how long a connection is kept, and how many requests it carries.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Weak;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::super::upstream::Upstream;
use super::carrier::Http2;
use super::host::HostPool;
use crate::config::model::protocol::CommonOptions;
use crate::stats::ClusterStats;

/// The life of a connection.
pub(super) struct Life {
    born: Instant,
    rested: Cell<Instant>,
    idle: Option<Duration>,
    longest: Option<Duration>,
    /// How many more requests it may carry; nothing for no end.
    requests: Cell<Option<u32>>,
    /// It carries no more.
    is_over: Cell<bool>,
}

impl Life {
    /// The life of a connection that has just come to be.
    pub(super) fn new(options: &CommonOptions) -> Self {
        let now = Instant::now();
        let requests = options.max_requests_per_connection;
        Self {
            born: now,
            rested: Cell::new(now),
            idle: options.idle_timeout,
            longest: options.max_connection_duration,
            requests: Cell::new(requests.filter(|it| *it > 0)),
            is_over: Cell::new(false),
        }
    }

    /// A request is put on it, which may be the last.
    pub(super) fn begin_request(&self, stats: &ClusterStats) {
        let Some(more) = self.requests.get() else {
            return;
        };
        self.requests.set(Some(more.saturating_sub(1)));
        if more == 1 {
            stats.upstream_cx_max_requests.increment();
            self.is_over.set(true);
        }
    }

    /// No request is on it from now on.
    pub(super) fn rest(&self) {
        if self.idle.is_some() {
            self.rested.set(Instant::now());
        }
    }

    /// Whether it carries no more, as far as is known.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Sees whether it carries no more, and counts why.
    pub(super) fn ends(&self, rests: bool, stats: &ClusterStats) -> bool {
        let reached = |limit: Option<Duration>, since: Instant| {
            limit.is_some_and(|limit| since.elapsed() >= limit)
        };
        if self.is_over.get() {
            return true;
        }
        if reached(self.longest, self.born) {
            stats.upstream_cx_max_duration_reached.increment();
        } else if rests && reached(self.idle, self.rested.get()) {
            stats.upstream_cx_idle_timeout.increment();
        } else {
            return false;
        }
        self.is_over.set(true);
        true
    }

    /// When to see next. A connection that does not rest now may rest from now on.
    pub(super) fn deadline(&self, rests: bool) -> Option<Instant> {
        let since = if rests {
            self.rested.get()
        } else {
            Instant::now()
        };
        let idle = self.idle.and_then(|it| since.checked_add(it));
        let longest = self.longest.filter(|_| !self.is_over.get());
        let longest = longest.and_then(|it| self.born.checked_add(it));
        idle.into_iter().chain(longest).min()
    }
}

/// Takes idle connections of HTTP/1 out of a pool when their hosts end them or their time is over.
pub(super) async fn keep(pool: Weak<HostPool>, upstream: Weak<Upstream>) {
    let mut sleep = Box::pin(sleep_until(Instant::now()));
    poll_fn(|context| {
        let (Some(pool), Some(upstream)) = (pool.upgrade(), upstream.upgrade()) else {
            return std::task::Poll::Ready(());
        };
        while let Some(next) = pool.look_after(&upstream.stats, context) {
            sleep.as_mut().reset(next);
            if sleep.as_mut().poll(context).is_pending() {
                break;
            }
        }
        std::task::Poll::Pending
    })
    .await;
}

/// Ends a connection of HTTP/2 when its time is over.
pub(super) async fn keep_http2(connection: Weak<Http2>, upstream: Weak<Upstream>) {
    loop {
        let (Some(connection), Some(upstream)) = (connection.upgrade(), upstream.upgrade()) else {
            return;
        };
        let rests = connection.active.get() == 0;
        if connection.life.ends(rests, &upstream.stats) && rests {
            connection.shared.borrow_mut().close();
            return;
        }
        let Some(next) = connection.life.deadline(rests) else {
            return;
        };
        drop((connection, upstream));
        sleep_until(next).await;
    }
}
