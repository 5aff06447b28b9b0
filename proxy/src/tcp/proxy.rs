//! Sends the bytes of a connection to a host of a cluster: Envoy's TCP proxy.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::relay::{Ended, Side, Watermark, relay};
use super::session::Session;
use super::tunnel::{self, Refused, Tunnel};
use crate::access_log::file::LogFile;
use crate::config::model::access_log::AccessLog;
use crate::config::model::address::Address;
use crate::config::model::retry::BackOff;
use crate::config::model::route::Priority;
use crate::config::model::tcp::{TcpCluster, TcpProxy};
use crate::facts::{self, Downstream};
use crate::http::flags::Flag;
use crate::http::hash::xxh64;
use crate::http::text::Short;
use crate::listener::Arrival;
use crate::manager::{Logs, opened};
use crate::stats::{Handle, TcpStats};
use crate::stream::Broken;
use crate::upstream::{Choice, Host, Outcome, Resource};
use crate::wire::Wire;
use crate::worker::{ConnectFailure, Raw, Upstream, Worker};

/// The filter in a worker.
pub struct Filter {
    pub(super) config: Arc<TcpProxy>,
    pub(super) stats: Handle<TcpStats>,
    pub(super) logs: Vec<(AccessLog, Arc<LogFile>)>,
    buffer_limit: u32,
}

/// What carries the bytes of a connection on.
enum Carrier {
    /// A connection, on which so many bytes may wait.
    Bytes(Box<Raw>, u32),
    /// A stream of HTTP.
    Stream(Box<Tunnel>),
}

impl Carrier {
    /// Our end of the connection.
    fn local(&self) -> Option<SocketAddr> {
        match self {
            Self::Bytes(raw, _) => raw.counted.local(),
            Self::Stream(tunnel) => tunnel.local(),
        }
    }
}

impl Filter {
    /// The filter with this configuration. So many bytes may wait for a client.
    pub fn new(
        config: Arc<TcpProxy>,
        stats: Handle<TcpStats>,
        logs: &Logs,
        buffer_limit: u32,
    ) -> Self {
        Self {
            logs: opened(&config.access_logs, logs),
            config,
            stats,
            buffer_limit,
        }
    }

    /// Carries a connection to its end.
    pub async fn serve(
        &self,
        arrival: Arrival,
        mut known: Downstream,
        worker: &Worker,
    ) -> facts::Ended {
        self.stats.downstream_cx_total.increment();
        let opened = arrival.open(&mut known).await;
        let known = Rc::new(known);
        let mut session = Session::new(self, &known, &worker.hostname);
        let Ok(opened) = opened else {
            session.log();
            return session.ended(&known);
        };
        let downstream = opened.wire;
        // Until the upstream is connected nothing is read: it would have to be kept.
        match self.connect(&mut session, known.destination, worker).await {
            Some(Carrier::Bytes(raw, limit)) => {
                self.carry(&mut session, downstream, *raw, limit).await;
            }
            Some(Carrier::Stream(tunnel)) => carry_on(&mut session, downstream, *tunnel).await,
            None => {
                session.count(&downstream);
                session.log();
            }
        }
        session.ended(&known)
    }

    /// Relays until an end, and hands the end on as it came.
    async fn carry(
        &self,
        session: &mut Session<'_>,
        mut downstream: Wire,
        mut raw: Raw,
        limit: u32,
    ) {
        let Raw { wire, counted, .. } = &mut raw;
        let marks = (Watermark::new(self.buffer_limit), Watermark::new(limit));
        let ended = relay(&mut downstream, wire, marks, |context, progress| {
            session.note(progress, counted);
            session.poll(context)
        })
        .await;
        match ended {
            Ended::Both(Side::Upstream) => counted.ended_by_host(),
            Ended::Both(Side::Downstream) | Ended::Limit(_) => {}
            Ended::Downstream(_) if downstream.refusal().is_some() => {}
            Ended::Upstream(error) => {
                counted.ended_by_host();
                if error.kind() == ErrorKind::ConnectionReset {
                    session.flags.set(Flag::UpstreamRemoteReset);
                    downstream.abort();
                } else {
                    drain(session, &mut downstream).await;
                }
            }
            Ended::Downstream(error) if error.kind() == ErrorKind::ConnectionReset => {
                wire.abort();
            }
            Ended::Downstream(_) => {
                self.stats.upstream_flush_total.increment();
                self.stats.upstream_flush_active.add(1);
                drain(session, wire).await;
                self.stats.upstream_flush_active.sub(1);
            }
        }
        session.count(&downstream);
        counted.note(wire);
        session.log();
    }

    /// The cluster, by weight if there are several.
    fn cluster(&self, worker: &Worker) -> Option<&TcpCluster> {
        let clusters = &self.config.clusters;
        let total: u64 = clusters.iter().map(|it| u64::from(it.weight)).sum();
        let mut at = match clusters.len() {
            1 => 0,
            _ => worker.draw_below(total.max(1)),
        };
        clusters.iter().find(|it| {
            let weight = u64::from(it.weight);
            let hit = at < weight;
            at = at.saturating_sub(weight);
            hit
        })
    }

    /// Connects to a host, which may take several attempts.
    async fn connect<'f>(
        &'f self,
        session: &mut Session<'f>,
        destination: Option<SocketAddr>,
        worker: &Worker,
    ) -> Option<Carrier> {
        loop {
            let cluster = self.cluster(worker)?;
            let Some(upstream) = worker.upstream(&cluster.name) else {
                self.stats.downstream_cx_no_route.increment();
                session.flags.set(Flag::NoClusterFound);
                return None;
            };
            session.cluster = &cluster.name;
            let host = self.choose(session, upstream, destination)?;
            session.attempts += 1;
            session.host = Some(Arc::clone(&host));
            match self.reach(session, upstream, &host).await? {
                Ok(carrier) => {
                    upstream.report(&host, Outcome::ConnectedFinally);
                    session.connected(carrier.local());
                    return Some(carrier);
                }
                Err(refused) => failed(session, upstream, &host, refused),
            }
            if session.attempts >= self.config.max_connect_attempts {
                session.flags.set(Flag::UpstreamRetryLimitExceeded);
                let exceeded = &upstream.stats.upstream_cx_connect_attempts_exceeded;
                exceeded.increment();
                return None;
            }
            if let Some(between) = self.config.back_off {
                let wait = jittered(between, session.attempts, worker.draw());
                within(session, tokio::time::sleep(wait)).await?;
            }
        }
    }

    /// A connection to a host, or a tunnel by it; nothing at all if a limit of time is reached.
    async fn reach(
        &self,
        session: &mut Session<'_>,
        upstream: &Rc<Upstream>,
        host: &Arc<Host>,
    ) -> Option<Result<Carrier, Refused>> {
        let Some(tunneling) = &self.config.tunneling else {
            let made = within(session, Raw::connect(upstream, host)).await?;
            let limit = upstream.cluster().config().buffer_limit;
            let made = made.map(|raw| Carrier::Bytes(Box::new(raw), limit));
            return Some(made.map_err(Refused::Connection));
        };
        let head = tunnel::head(tunneling, session, upstream);
        let Some(opened) = within(session, Tunnel::open(head, upstream, host)).await else {
            session.flags.set(Flag::UpstreamConnectionFailure);
            return None;
        };
        Some(opened.map(|it| Carrier::Stream(Box::new(it))))
    }

    /// A host, unless the cluster has no room or none that may be asked.
    fn choose(
        &self,
        session: &mut Session<'_>,
        upstream: &Upstream,
        destination: Option<SocketAddr>,
    ) -> Option<Arc<Host>> {
        let breakers = upstream.cluster().breakers();
        if !breakers.may(Priority::Default, Resource::Connections) {
            upstream.stats.upstream_cx_overflow.increment();
            session.flags.set(Flag::UpstreamOverflow);
            return None;
        }
        let source = match &session.downstream.peer {
            Address::Socket(peer) if self.config.hash_source_ip => Some(peer.ip()),
            _ => None,
        };
        let choice = Choice {
            hash: source.map(|it| xxh64(Short::new(it).as_bytes(), 0)),
            destination,
            ..Choice::default()
        };
        let host = upstream.choose(&choice);
        if host.is_none() {
            session.flags.set(Flag::NoHealthyUpstream);
        }
        host
    }
}

/// Carries a connection through a tunnel until an end.
async fn carry_on(session: &mut Session<'_>, mut downstream: Wire, mut tunnel: Tunnel) {
    let ended = tunnel.carry(&mut downstream, session).await;
    match ended {
        tunnel::Ended::Upstream(Broken::Reset | Broken::Refused) => {
            session.flags.set(Flag::UpstreamRemoteReset);
            downstream.abort();
        }
        tunnel::Ended::Upstream(_) => drain(session, &mut downstream).await,
        tunnel::Ended::Both | tunnel::Ended::Limit | tunnel::Ended::Downstream => {}
    }
    session.count(&downstream);
    session.log();
}

/// An attempt was in vain.
fn failed(session: &mut Session<'_>, upstream: &Upstream, host: &Host, refused: Refused) {
    let Refused::Connection(failure) = refused else {
        session.flags.set(Flag::UpstreamConnectionFailure);
        session.failure = match refused {
            Refused::Answered(status) => format!("tunnel_response:{status}"),
            _ => String::new(),
        };
        return;
    };
    let outcome = match failure {
        ConnectFailure::Overflow => return,
        ConnectFailure::Timeout => Outcome::Timeout,
        _ => Outcome::ConnectFailed,
    };
    session.flags.set(Flag::UpstreamConnectionFailure);
    session.failure = failure.reason();
    upstream.report(host, outcome);
}

/// Sends what waits to a connection whose other side has broken.
async fn drain(session: &mut Session<'_>, wire: &mut Wire) {
    let _ = within(session, poll_fn(|it| wire.poll_flush(it))).await;
}

/// What a future gives, unless a limit of time is reached before.
async fn within<T>(session: &mut Session<'_>, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if let Poll::Ready(done) = future.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        session.poll(context).map(|_| None)
    })
    .await
}

/// How long to wait after so many attempts: at random below twice as much each time.
fn jittered(between: BackOff, attempts: u32, random: u64) -> Duration {
    let doubled = 1_u32.checked_shl(attempts - 1).unwrap_or(u32::MAX);
    let most = between.base.saturating_mul(doubled).min(between.max);
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % most.max(1))
}
