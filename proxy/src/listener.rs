//! Takes connections on an address and gives each to its filter chain.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;
use tokio::time::Instant;

use crate::config::model::Node;
use crate::config::model::address::Address;
use crate::config::model::listener::{FilterChain, Listener, ListenerFilterKind, NetworkFilter};
use crate::facts::Downstream;
use crate::manager::{Logs, Manager};
use crate::socket;
use crate::stats::{Handle, ListenerStats, Registry, Scope};
use crate::tcp;
use crate::wire::{Transport, Wire};
use crate::worker::Worker;

/// A listener in a worker.
pub struct Acceptor {
    config: Arc<Listener>,
    stats: Handle<ListenerStats>,
    chain: Option<Chain>,
    worker: Rc<Worker>,
}

/// What a chain does with a connection.
enum Chain {
    Close,
    Tcp(tcp::proxy::Filter),
    Http(Rc<Manager>),
}

impl Acceptor {
    /// The listener, bound to `address`.
    pub fn new(
        config: Arc<Listener>,
        address: SocketAddr,
        worker: Rc<Worker>,
        registry: &Registry,
        common: &Common,
    ) -> Self {
        let name = if config.stat_prefix.is_empty() {
            address.to_string()
        } else {
            config.stat_prefix.clone()
        };
        let writer = worker.writer();
        // Which of several chains takes a connection is not told yet: such listeners are refused before they are served.
        let chain = config.chains.first().or(config.default_chain.as_ref());
        let scope = registry.listener(&name);
        Self {
            chain: chain.map(|it| Chain::new(it, &config, &scope, registry, &worker, common)),
            stats: scope.handle(writer),
            config,
            worker,
        }
    }

    /// Takes connections until it is dropped.
    pub async fn run(self, listener: TcpListener) {
        let shared = Rc::new(self);
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let own = Rc::clone(&shared);
                    spawn_local(async move { own.serve(stream).await });
                }
                // Out of descriptors, for one: the next connection may find one again.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    async fn serve(&self, stream: TcpStream) {
        let begun = Instant::now();
        self.stats.downstream_cx_total.increment();
        self.stats.downstream_cx_active.add(1);
        // A connection without it would wait for acknowledgements between small messages.
        let _ = stream.set_nodelay(true);
        let destination = self.destination(&stream);
        let known = facts(&stream, destination);
        let wire = Wire::new(Transport::Plain(stream), self.worker.scratch.clone());
        match &self.chain {
            Some(Chain::Tcp(filter)) => {
                filter.serve(wire, known, destination, &self.worker).await;
            }
            Some(Chain::Http(manager)) => Rc::clone(manager).serve(wire, known).await,
            Some(Chain::Close) => {}
            None => self.stats.no_filter_chain_match.increment(),
        }
        self.stats.downstream_cx_active.sub(1);
        self.stats.downstream_cx_destroy.increment();
        let lasted = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.stats.downstream_cx_length_ms.record(lasted);
    }

    /// Where a connection was going, if the listener asks.
    fn destination(&self, stream: &TcpStream) -> Option<SocketAddr> {
        let filters = &self.config.listener_filters;
        let asked = filters
            .iter()
            .any(|it| it.kind == ListenerFilterKind::OriginalDst);
        asked
            .then(|| socket::original_destination(stream))
            .flatten()
    }
}

/// What all listeners have in common.
pub struct Common {
    /// Who this proxy is.
    pub node: Node,
    /// The files of access logs.
    pub logs: Logs,
}

impl Chain {
    fn new(
        chain: &FilterChain,
        listener: &Listener,
        scope: &Scope,
        registry: &Registry,
        worker: &Rc<Worker>,
        common: &Common,
    ) -> Self {
        match &chain.filter {
            NetworkFilter::TcpProxy(config) => {
                let stats = registry.tcp(&config.stat_prefix).handle(worker.writer());
                let (config, limit) = (Arc::clone(config), listener.buffer_limit);
                Self::Tcp(tcp::proxy::Filter::new(config, stats, &common.logs, limit))
            }
            NetworkFilter::Http(config) => {
                let (config, worker) = (Arc::clone(config), Rc::clone(worker));
                let (node, logs) = (&common.node, &common.logs);
                let manager = Manager::new(config, node, worker, registry, scope, logs);
                manager.map_or(Self::Close, |it| Self::Http(Rc::new(it)))
            }
            NetworkFilter::Close => Self::Close,
        }
    }
}

fn facts(stream: &TcpStream, destination: Option<SocketAddr>) -> Downstream {
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let local = destination.or_else(|| stream.local_addr().ok());
    Downstream {
        id: 0,
        peer: Address::Socket(stream.peer_addr().unwrap_or(nowhere)),
        local: Address::Socket(local.unwrap_or(nowhere)),
        server_name: String::new(),
        tls: None,
        filter_chain: String::new(),
        transport_failure: String::new(),
    }
}
