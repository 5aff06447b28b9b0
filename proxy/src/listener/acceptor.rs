//! A listener in a worker.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout};

use super::arrival::Arrival;
use super::chain::{Chain, Filter, Surroundings};
use super::inspect::{Gone, Inspectors, Seen};
use super::log::{Begun, ConnectionLogs};
use super::{Common, Prepared};
use crate::config::model::address::Address;
use crate::facts::{Downstream, Ended};
use crate::http::flags::Flag;
use crate::manager::Manager;
use crate::stats::{Handle, ListenerStats, Registry};
use crate::tls::Incoming;
use crate::worker::Worker;

/// A listener in a worker.
pub struct Acceptor {
    listener: Arc<Prepared>,
    stats: Handle<ListenerStats>,
    inspectors: Inspectors,
    /// The default chain comes last.
    chains: Vec<Chain>,
    logs: ConnectionLogs,
    common: Arc<Common>,
    worker: Rc<Worker>,
}

/// The listeners of a worker by address, among them those that nothing is bound for: another hands connections to them.
#[derive(Default)]
pub struct Listeners(RefCell<HashMap<SocketAddr, Rc<Acceptor>>>);

impl Listeners {
    /// Adds a listener at an address.
    pub fn add(&self, address: SocketAddr, acceptor: &Rc<Acceptor>) {
        self.0.borrow_mut().insert(address, Rc::clone(acceptor));
    }

    /// The listener for connections to an address: the one at it, else the one at all addresses with its port.
    fn find(&self, address: SocketAddr) -> Option<Rc<Acceptor>> {
        let listeners = self.0.borrow();
        let everywhere = match address.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let found = listeners.get(&address);
        found
            .or_else(|| listeners.get(&SocketAddr::new(everywhere, address.port())))
            .cloned()
    }
}

impl Acceptor {
    /// The listener for a worker.
    pub fn new(
        listener: Arc<Prepared>,
        worker: Rc<Worker>,
        registry: &Registry,
        common: &Arc<Common>,
    ) -> Self {
        let config = &listener.config;
        let scope = listener.scope(registry);
        let stats: Handle<ListenerStats> = scope.handle(worker.writer());
        let around = Surroundings {
            stats: &stats,
            scope: &scope,
            registry,
            worker: &worker,
            common,
            buffer_limit: config.buffer_limit,
            direction: config.direction,
        };
        let chains = listener.chains();
        let chains = chains.map(|(chain, tls)| Chain::new(chain, tls, &around));
        Self {
            chains: chains.collect(),
            inspectors: Inspectors::new(registry, worker.writer()),
            logs: ConnectionLogs::new(&config.access_logs, &common.logs),
            common: Arc::clone(common),
            stats,
            worker,
            listener,
        }
    }

    /// Takes connections until the listener is drained. Those that are open go on.
    pub async fn run(self: Rc<Self>, listener: TcpListener, others: Rc<Listeners>) {
        let mut stopped = pin!(self.common.draining.stopped(self.listener.config.direction));
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stopped => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    self.stats.connections_accepted_per_socket_event.record(1);
                    let (own, others) = (Rc::clone(&self), Rc::clone(&others));
                    spawn_local(own.take(stream, others));
                }
                // Out of descriptors, for one: the next connection may find one again.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    /// Takes a connection, here or at the listener that it was going to.
    async fn take(self: Rc<Self>, stream: TcpStream, others: Rc<Listeners>) {
        let exempt = self.listener.config.ignore_global_limit;
        let Some(_place) = self.common.limit.take(exempt) else {
            self.stats.downstream_global_cx_overflow.increment();
            return;
        };
        // A connection without it would wait for acknowledgements between small messages.
        let _ = stream.set_nodelay(true);
        let mut seen = Seen::default();
        let begun = Begun::now();
        if !self.inspect(&stream, &mut seen, begun).await {
            return close(&stream, &seen);
        }
        let other = seen
            .destination
            .filter(|_| self.listener.config.use_original_dst)
            .and_then(|it| others.find(it));
        let Some(other) = other else {
            return self.serve(stream, seen, begun).await;
        };
        let begun = Begun::now();
        if other.inspect(&stream, &mut seen, begun).await {
            other.serve(stream, seen, begun).await;
        } else {
            close(&stream, &seen);
        }
    }

    /// Runs the listener filters; tells whether the connection goes on.
    async fn inspect(&self, stream: &TcpStream, seen: &mut Seen, begun: Begun) -> bool {
        let config = &self.listener.config;
        let stats = &self.stats;
        stats.downstream_pre_cx_active.add(1);
        let limit = config.listener_filters_timeout.unwrap_or(Duration::MAX);
        let inspected = timeout(limit, self.inspectors.run(config, stream, seen)).await;
        stats.downstream_pre_cx_active.sub(1);
        match inspected {
            Ok(Ok(())) => return true,
            Ok(Err(Gone::Ended)) => stats.downstream_listener_filter_remote_close.increment(),
            Ok(Err(Gone::Broken)) => stats.downstream_listener_filter_error.increment(),
            Ok(Err(Gone::Refused)) => {}
            Err(_) => {
                stats.downstream_pre_cx_timeout.increment();
                if config.continue_on_listener_filters_timeout {
                    return true;
                }
            }
        }
        let known = facts(stream, seen);
        self.logs.write(&Ended::new(Rc::new(known)), begun);
        false
    }

    /// Gives a connection to its chain, and counts it.
    async fn serve(&self, stream: TcpStream, mut seen: Seen, begun: Begun) {
        let mut known = facts(&stream, &seen);
        let Some(chain) = self.chain(&known, &seen) else {
            self.stats.no_filter_chain_match.increment();
            let mut ended = Ended::new(Rc::new(known));
            ended.flags.set(Flag::NoRouteFound);
            ended.details = "filter_chain_not_found";
            self.logs.write(&ended, begun);
            return close(&stream, &seen);
        };
        known.filter_chain.clone_from(&chain.name);
        self.stats.downstream_cx_total.increment();
        self.stats.downstream_cx_active.add(1);
        let opened = Instant::now();
        let arrival = Arrival {
            stream,
            read: std::mem::take(&mut seen.read),
            scratch: self.worker.scratch.clone(),
            security: chain.security.clone(),
            permission: chain.permission.clone(),
        };
        drop(seen);
        let ended = match &chain.filter {
            Filter::Tcp(filter) => filter.serve(arrival, known, &self.worker).await,
            Filter::Http(manager) => requests(manager, arrival, known).await,
            Filter::Close => Ended::new(Rc::new(known)),
        };
        self.stats.downstream_cx_active.sub(1);
        self.stats.downstream_cx_destroy.increment();
        let lasted = u64::try_from(opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.stats.downstream_cx_length_ms.record(lasted);
        self.logs.write(&ended, begun);
    }

    /// The chain that takes a connection.
    fn chain(&self, known: &Downstream, seen: &Seen) -> Option<&Chain> {
        let socket = |address: &Address| match address {
            Address::Socket(address) => Some(*address),
            Address::Name(..) | Address::Pipe(..) => None,
        };
        let source = socket(&known.peer);
        let protocols: Vec<&[u8]> = seen.protocols.iter().map(Vec::as_slice).collect();
        let incoming = Incoming {
            destination: socket(&known.local),
            source,
            direct_source: source.map(|it| it.ip()),
            server_name: &seen.server_name,
            transport_protocol: if seen.is_tls { "tls" } else { "raw_buffer" },
            application_protocols: &protocols,
        };
        self.chains.get(self.listener.find(&incoming)?)
    }
}

/// Takes the requests of a connection. Why it is no TLS, the listener's logs tell, and those of requests do not.
async fn requests(manager: &Rc<Manager>, arrival: Arrival, mut known: Downstream) -> Ended {
    let failure = std::mem::take(&mut known.transport_failure);
    let mut ended = Rc::clone(manager).serve(arrival, known).await;
    if !failure.is_empty() && ended.downstream.transport_failure.is_empty() {
        let mut known = Downstream::clone(&ended.downstream);
        known.transport_failure = failure;
        ended.downstream = Rc::new(known);
    }
    ended
}

/// Closes a connection that has no chain. What it sent is as good as unread, which a client is told by a reset.
fn close(stream: &TcpStream, seen: &Seen) {
    if !seen.read.is_empty() {
        let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
    }
}

fn facts(stream: &TcpStream, seen: &Seen) -> Downstream {
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let local = seen.destination.or_else(|| stream.local_addr().ok());
    Downstream {
        id: 0,
        peer: Address::Socket(stream.peer_addr().unwrap_or(nowhere)),
        local: Address::Socket(local.unwrap_or(nowhere)),
        destination: seen.destination,
        server_name: seen.server_name.clone(),
        tls: None,
        filter_chain: String::new(),
        transport_failure: seen.failure.clone(),
    }
}
