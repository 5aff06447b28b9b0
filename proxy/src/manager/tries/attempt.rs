//! Asks one host, and waits between two of them.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use super::super::request::Request;
use super::Course;
use super::limits::{Limit, Stage};
use crate::config::model::address::Address;
use crate::exchange::{Trouble, Watch, until_response};
use crate::http::message::RequestHead;
use crate::http::reset::Reset;
use crate::stream::{Broken, Downstream, ResponseEvent, Upstream as _};
use crate::upstream::Outcome;
use crate::worker::{ConnectFailure, Lease, Pool};

/// What became of a try.
pub(super) enum Tried {
    /// The head of a response; `true` if nothing follows.
    Answered(Box<Lease>, bool),
    /// No answer; `true` if bytes of the request may have reached the host.
    Reset(Reset, bool),
    /// A limit of time.
    Timeout(Limit),
    /// The client went away.
    Gone(Broken),
    /// Nobody was asked, and more of the body came than may be kept.
    TooLong,
}

impl Request<'_> {
    /// Asks one host.
    pub(super) async fn attempt<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &RequestHead,
        course: &mut Course<'_, '_>,
    ) -> Tried {
        self.upstream_protocol = None;
        self.upstream_local = None;
        self.upstream_tls = None;
        self.upstream_failure.clear();
        self.times.response_begun = None;
        let mut lease = match self.lease(down, head, course).await {
            Ok(lease) => lease,
            Err(tried) => return tried,
        };
        let upstream = course.upstream;
        self.upstream_protocol = lease.protocol();
        self.upstream_tls = lease.tls();
        self.upstream_local = lease.local().map(Address::Socket);
        upstream.report(&course.host, Outcome::Connected);
        course.body.begin(head, &mut lease);
        course.limits.ask();
        let mut informed = false;
        let came = loop {
            let (body, limits) = (&mut course.body, &mut course.limits);
            let came = until_response(down, &mut lease, body, &mut self.response, limits).await;
            match came {
                Ok(ResponseEvent::Informational) if informed => {}
                Ok(ResponseEvent::Informational) => {
                    informed = true;
                    self.inform(down, course);
                }
                Ok(ResponseEvent::Head(bodiless)) => {
                    self.times.response_begun = Some(self.begun.elapsed());
                    break Ok(bodiless);
                }
                Err(trouble) => break Err(trouble),
            }
        };
        match came {
            Ok(bodiless) => Tried::Answered(Box::new(lease), bodiless),
            Err(trouble) => {
                lease.reset();
                match trouble {
                    Trouble::Downstream(broken) => Tried::Gone(broken),
                    Trouble::Upstream(broken) => Tried::Reset(reset_of(broken), true),
                    Trouble::Timeout(limit) => Tried::Timeout(limit),
                }
            }
        }
    }

    /// The first head that is not the last goes down, if such heads do; nothing is tried again after it.
    fn inform<D: Downstream>(&self, down: &mut D, course: &mut Course<'_, '_>) {
        self.count_code(self.response.status, course.is_internal, course.upstream);
        course.end_retries();
        course.has_begun = true;
        course.limits.informed();
        if self.manager.config.proxy_100_continue {
            self.manager.count_status(self.response.status);
            down.send_informational(&self.response);
        }
    }

    /// A stream to a host, unless the client goes away or a limit of time is reached before there is one.
    async fn lease<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &RequestHead,
        course: &mut Course<'_, '_>,
    ) -> Result<Lease, Tried> {
        course.limits.connect();
        let upstream = course.upstream;
        let host = std::sync::Arc::clone(&course.host);
        let name = course.server_name.clone();
        let (is_tunnel, priority) = (course.selected.carries_bytes(head), course.priority);
        let mut leased = pin!(async {
            if is_tunnel {
                Pool::tunnel(upstream, &host).await
            } else {
                Pool::lease(upstream, &host, priority, self.protocol, name.as_ref()).await
            }
        });
        let leased = poll_fn(|context| match leased.as_mut().poll(context) {
            Poll::Ready(leased) => Poll::Ready(Ok(leased)),
            Poll::Pending => course.poll_aside(down, context).map(Err),
        })
        .await?;
        leased.map_err(|failure| {
            self.upstream_failure = failure.reason();
            Tried::Reset(failure_of(&failure), false)
        })
    }
}

impl Course<'_, '_> {
    /// Waits until it is time for the next try.
    pub(super) async fn wait<D: Downstream>(&mut self, down: &mut D) -> Tried {
        poll_fn(|context| self.poll_aside(down, context)).await
    }

    /// Takes what the client sends while no host is asked, and sees whether it goes away or a limit of time is reached.
    fn poll_aside<D: Downstream>(
        &mut self,
        down: &mut D,
        context: &mut Context<'_>,
    ) -> Poll<Tried> {
        if let Err(broken) = self.body.gather(context, down) {
            return Poll::Ready(Tried::Gone(broken));
        }
        if self.limits.stage() == Stage::Waiting && self.body.has_overflowed() {
            return Poll::Ready(Tried::TooLong);
        }
        if let Poll::Ready(Err(broken)) = down.poll_flush(context) {
            return Poll::Ready(Tried::Gone(broken));
        }
        if let Poll::Ready(broken) = down.poll_gone(context) {
            return Poll::Ready(Tried::Gone(broken));
        }
        self.limits.note(&self.body, 0);
        self.limits.poll(context).map(Tried::Timeout)
    }
}

pub(super) fn reset_of(broken: Broken) -> Reset {
    match broken {
        Broken::Connection => Reset::ConnectionTermination,
        Broken::Reset => Reset::Remote,
        Broken::Refused => Reset::RemoteRefused,
        Broken::Protocol => Reset::ProtocolError,
    }
}

fn failure_of(failure: &ConnectFailure) -> Reset {
    match failure {
        ConnectFailure::Overflow => Reset::Overflow,
        ConnectFailure::Timeout => Reset::ConnectionTimeout,
        ConnectFailure::Refused(_) | ConnectFailure::Handshake(_) => Reset::RemoteConnectionFailure,
        ConnectFailure::Unreachable => Reset::LocalConnectionFailure,
    }
}
