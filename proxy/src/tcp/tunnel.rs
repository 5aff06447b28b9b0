//! Carries a connection as a stream of HTTP: CONNECT, or POST, to a host of a cluster that is itself a proxy.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::relay::HIGH_WATERMARK;
use super::session::{Limit, Session};
use crate::config::model::cluster::Transport;
use crate::config::model::route::Priority;
use crate::config::model::tcp::Tunneling;
use crate::format;
use crate::http::change::{self, Scratch};
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::stream::{BodyEvent, Broken, ResponseEvent, Upstream as _};
use crate::upstream::Host;
use crate::wire::Wire;
use crate::worker::{ConnectFailure, Lease, Pool, Upstream};

/// Why there is no tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no connection to carry it.
    Connection(ConnectFailure),
    /// The host broke it off.
    Broken,
    /// The host answered otherwise than with a tunnel.
    Answered(u16),
}

/// How a tunnel ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Both sides sent their last byte.
    Both,
    /// A limit of time was reached.
    Limit,
    /// The downstream connection broke.
    Downstream,
    /// The stream broke off.
    Upstream(Broken),
}

/// How far a way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Ending,
    Ended,
}

/// A stream that carries a connection.
pub(super) struct Tunnel {
    lease: Lease,
    /// The stream may end on one side and go on on the other.
    half_closes: bool,
    data: Vec<u8>,
    up: Way,
    down: Way,
}

impl Tunnel {
    /// Asks a host for a tunnel.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn open(
        head: RequestHead,
        upstream: &Rc<Upstream>,
        host: &Arc<Host>,
    ) -> Result<Self, Refused> {
        let lease = Pool::lease(upstream, host, Priority::Default, Protocol::Http2, None);
        let mut lease = lease.await.map_err(Refused::Connection)?;
        let is_http2 = lease.protocol() == Some(Protocol::Http2);
        lease.send_head(&head, false);
        let mut answer = ResponseHead::default();
        loop {
            let event = poll_fn(|context| {
                let _ = lease.poll_flush(context);
                lease.poll_response(context, &mut answer)
            });
            match event.await {
                Ok(ResponseEvent::Informational) => {}
                Ok(ResponseEvent::Head(end)) => {
                    let granted = if is_http2 {
                        answer.status == 200
                    } else {
                        (200..300).contains(&answer.status)
                    };
                    if !granted || end {
                        return Err(Refused::Answered(answer.status));
                    }
                    break;
                }
                Err(_) => return Err(Refused::Broken),
            }
        }
        Ok(Self {
            lease,
            half_closes: is_http2,
            data: Vec::new(),
            up: Way::Open,
            down: Way::Open,
        })
    }

    /// Our end of the connection that carries it.
    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.lease.local()
    }

    /// Carries bytes both ways until the end.
    pub(super) async fn carry(&mut self, wire: &mut Wire, session: &mut Session<'_>) -> Ended {
        poll_fn(|context| {
            let up = self.poll_up(wire, context);
            let _ = self.lease.poll_flush(context);
            let down = self.poll_down(wire, context);
            session.tunnelled(wire);
            match (up, down) {
                (Poll::Ready(Err(ended)), _) | (_, Poll::Ready(Err(ended))) => Poll::Ready(ended),
                (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(Ended::Both),
                _ => session.poll(context).map(|_: Limit| Ended::Limit),
            }
        })
        .await
    }

    fn poll_up(&mut self, wire: &mut Wire, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        while self.up == Way::Open {
            ready!(self.lease.poll_room(context)).map_err(Ended::Upstream)?;
            if wire.input.is_empty() {
                let came = ready!(wire.poll_fill(context)).map_err(|_| Ended::Downstream)?;
                if came == 0 {
                    self.up = Way::Ended;
                    if self.half_closes {
                        self.lease.send_data(b"", true);
                    } else {
                        self.down = Way::Ending;
                    }
                    break;
                }
            }
            self.lease.send_data(wire.input.bytes(), false);
            wire.input.take(wire.input.bytes().len());
        }
        Poll::Ready(Ok(()))
    }

    fn poll_down(&mut self, wire: &mut Wire, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        while self.down == Way::Open {
            let flushed = wire.poll_flush(context).map_err(|_| Ended::Downstream)?;
            if flushed.is_pending() && wire.pending() >= HIGH_WATERMARK {
                return Poll::Pending;
            }
            self.data.clear();
            let mut trailers = Headers::new();
            let event = ready!(self.lease.poll_body(context, &mut self.data, &mut trailers));
            wire.output.extend_from_slice(&self.data);
            match event {
                Ok(BodyEvent::Data) => {}
                Ok(BodyEvent::End) => self.down = Way::Ending,
                Err(broken) => return Poll::Ready(Err(Ended::Upstream(broken))),
            }
        }
        if self.down == Way::Ending {
            ready!(wire.poll_shutdown(context)).map_err(|_| Ended::Downstream)?;
            self.down = Way::Ended;
        }
        Poll::Ready(Ok(()))
    }
}

/// The head that asks for a tunnel.
pub(super) fn head(
    tunneling: &Tunneling,
    session: &Session<'_>,
    upstream: &Upstream,
) -> RequestHead {
    let mut head = RequestHead {
        protocol: Protocol::Http11,
        method: b"CONNECT".to_vec(),
        ..RequestHead::default()
    };
    session.with_context(|context| {
        format::write(&tunneling.hostname, context, b"-", &mut head.authority);
    });
    if let Some(path) = &tunneling.post_path {
        head.method = b"POST".to_vec();
        let secured = !matches!(upstream.cluster().config().transport, Transport::Plaintext);
        let scheme: &[u8] = if secured { b"https" } else { b"http" };
        head.scheme.extend_from_slice(scheme);
        head.path.extend_from_slice(path.as_bytes());
    }
    session.with_context(|context| {
        change::request(
            &tunneling.headers,
            &mut head,
            context,
            &mut Scratch::default(),
        );
    });
    head
}
