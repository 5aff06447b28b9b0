//! Takes requests from a connection of HTTP/2, side by side.

use std::cell::{OnceCell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::task::spawn_local;

use super::Manager;
use super::connection::Served;
use super::request::Request;
use crate::config::model::protocol::Underscores;
use crate::facts::Downstream;
use crate::http::flags::Flag;
use crate::http::message::{Protocol, RequestHead};
use crate::http2::{self, StreamId};
use crate::multiplex::{self, Books, Driver, Ended, Shared};
use crate::stats::{Handle, Http2Stats, Scope, Writer};
use crate::timer::Timer;
use crate::wire::Wire;
use crate::worker::pool::{count, kilobytes, settings};

/// Limits of time, by their place in the timer.
const IDLE: usize = 0;
const DURATION: usize = 1;
const DRAIN: usize = 2;

/// What is counted of all clients' connections of HTTP/2; it is shown once there is one.
pub(super) struct Counts {
    scope: Scope,
    writer: Writer,
    stats: OnceCell<Handle<Http2Stats>>,
}

impl Counts {
    pub(super) fn new(scope: Scope, writer: Writer) -> Self {
        Self {
            scope,
            writer,
            stats: OnceCell::new(),
        }
    }

    fn one_more(&self) -> Books {
        let stats = self.stats.get_or_init(|| self.scope.handle(self.writer));
        Books::downstream(stats.clone())
    }
}

/// A connection on its way.
struct Course {
    shared: Rc<RefCell<Shared>>,
    driver: Driver,
    downstream: Rc<Downstream>,
    timer: Timer<3>,
    /// Requests are on it; nothing is known at first.
    busy: Option<bool>,
    requests: u32,
    drains: bool,
    /// A request was refused, and the connection with it.
    refused: bool,
}

impl Course {
    fn drain(&mut self, after: std::time::Duration) {
        if !std::mem::replace(&mut self.drains, true) {
            self.driver.announce();
            self.timer.set(DRAIN, Some(after));
        }
    }
}

impl Manager {
    /// Takes requests until the connection ends.
    pub(super) async fn serve_http2(
        self: Rc<Self>,
        wire: Wire,
        downstream: Rc<Downstream>,
    ) -> Served {
        self.stats.downstream_cx_http2_total.increment();
        self.stats.downstream_cx_http2_active.add(1);
        let codec = http2::Connection::server(self.http2_settings());
        let shared = Rc::new(RefCell::new(Shared::new(codec, wire)));
        let mut course = Course {
            driver: Driver::new(Rc::clone(&shared)).counted(self.http2_counts.one_more()),
            shared: Rc::clone(&shared),
            downstream,
            timer: Timer::default(),
            busy: None,
            requests: 0,
            drains: false,
            refused: false,
        };
        let duration = self.config.common.max_connection_duration;
        course.timer.set(DURATION, duration);
        let ended = poll_fn(|context| self.poll_http2(&mut course, context)).await;
        let remote = self.finish_http2(&course, ended).await;
        self.stats.downstream_cx_http2_active.sub(1);
        let (received, sent) = shared.borrow().moved();
        Served {
            received,
            sent,
            remote,
            in_request: false,
        }
    }

    fn http2_settings(&self) -> http2::Settings {
        let common = &self.config.common;
        http2::Settings {
            max_headers_bytes: kilobytes(self.config.max_request_headers_kb),
            max_headers_count: count(common.max_headers_count),
            underscores: match common.underscores {
                Underscores::Allow => http2::Underscores::Allow,
                Underscores::RejectRequest => http2::Underscores::Reject,
                Underscores::DropHeader => http2::Underscores::Drop,
            },
            ..settings(&self.config.http2)
        }
    }

    fn poll_http2(self: &Rc<Self>, course: &mut Course, context: &mut Context<'_>) -> Poll<Ended> {
        loop {
            let ended = self.drive(course, context);
            let failed = matches!(ended, Poll::Ready(Ended::Failed(_)));
            while let Some(details) = course.driver.refused() {
                course.requests += 1;
                course.refused |= failed;
                self.refused(details, failed, &course.downstream);
            }
            if ended.is_ready() {
                return ended;
            }
            let Poll::Ready(after) = self.poll_limits(course, context) else {
                return Poll::Pending;
            };
            match after {
                Some(()) => course.drain(self.config.drain_timeout),
                None => course.driver.drain(),
            }
        }
    }

    /// Moves what there is to move, and answers the requests that came.
    fn drive(self: &Rc<Self>, course: &mut Course, context: &mut Context<'_>) -> Poll<Ended> {
        let Course {
            driver,
            shared,
            downstream,
            requests,
            ..
        } = course;
        driver.poll(context, |id: StreamId, mut head: RequestHead, end| {
            *requests += 1;
            let mut stream = multiplex::server::Stream::new(Rc::clone(shared), id, &head);
            let (own, downstream) = (Rc::clone(self), Rc::clone(downstream));
            head.protocol = Protocol::Http2;
            // In a box, for a task takes what it runs by value, several times over.
            spawn_local(Box::pin(async move {
                let booked = own.book(Protocol::Http2);
                own.request(booked, &mut stream, &mut head, end, &downstream)
                    .await;
            }));
        })
    }

    /// Ready when the connection is to be drained, with nothing when it was long enough.
    fn poll_limits(&self, course: &mut Course, context: &mut Context<'_>) -> Poll<Option<()>> {
        let stats = &self.stats;
        if !course.drains && course.shared.borrow().is_announced() {
            return Poll::Ready(Some(()));
        }
        let most = self.config.common.max_requests_per_connection;
        if !course.drains && most.is_some_and(|most| most > 0 && course.requests >= most) {
            stats.downstream_cx_max_requests_reached.increment();
            return Poll::Ready(Some(()));
        }
        let busy = course.shared.borrow().open_streams() > 0;
        if course.busy != Some(busy) {
            let idle = self.config.common.idle_timeout.filter(|_| !busy);
            course.timer.set(IDLE, idle);
            course.busy = Some(busy);
        }
        course.timer.poll(context).map(|kind| match kind {
            DRAIN => None,
            DURATION => {
                stats.downstream_cx_max_duration_reached.increment();
                Some(())
            }
            _ => {
                stats.downstream_cx_idle_timeout.increment();
                Some(())
            }
        })
    }

    /// Books a request whose head was refused.
    fn refused(&self, details: &'static str, failed: bool, downstream: &Downstream) {
        let booked = self.book(Protocol::Http2);
        self.stats.downstream_rq_rx_reset.increment();
        let mut request = Request::new(self, downstream, Protocol::Http2, &booked);
        request.flags.set(if failed {
            Flag::DownstreamProtocolError
        } else {
            Flag::DownstreamRemoteReset
        });
        request.details = details.into();
        request.log(None);
    }

    /// Ends a connection; says whether the client has done so.
    async fn finish_http2(&self, course: &Course, ended: Ended) -> bool {
        let stats = &self.stats;
        let in_request = course.refused || course.shared.borrow().requests() > 0;
        if ended == Ended::Closed {
            if in_request {
                stats.downstream_cx_destroy_active_rq.increment();
                stats.downstream_cx_destroy_remote_active_rq.increment();
            }
            return true;
        }
        if let Ended::Failed(_) = ended {
            stats.downstream_cx_protocol_error.increment();
            if in_request {
                stats.downstream_cx_destroy_active_rq.increment();
                stats.downstream_cx_destroy_local_active_rq.increment();
            }
        }
        poll_fn(|it| course.shared.borrow_mut().poll_flush(it)).await;
        let Some(limit) = self.config.delayed_close_timeout else {
            return false;
        };
        let end = poll_fn(|it| course.shared.borrow_mut().poll_end(it));
        let remote = tokio::time::timeout(limit, end).await.is_ok();
        if !remote {
            stats.downstream_cx_delayed_close_timeout.increment();
        }
        remote
    }
}
