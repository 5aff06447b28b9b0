//! A filter chain in a worker: how its connections are secured, and what is done with them.

use std::rc::Rc;
use std::sync::Arc;

use super::Common;
use super::arrival::Security;
use super::permission::Permission;
use crate::config::model::http::HttpConnectionManager;
use crate::config::model::listener::{Direction, FilterChain, NetworkFilter};
use crate::manager::{Manager, Place};
use crate::stats::{Handle, ListenerStats, Registry, Scope};
use crate::tcp;
use crate::tls::{Downstream, Pem};
use crate::worker::Worker;

/// A filter chain.
pub(super) struct Chain {
    pub(super) name: String,
    pub(super) security: Option<Rc<Security>>,
    pub(super) permission: Option<Rc<Permission>>,
    pub(super) filter: Filter,
}

/// What a chain does with a connection.
pub(super) enum Filter {
    Close,
    Tcp(tcp::proxy::Filter),
    Http(Rc<Manager>),
}

/// The listener that a chain belongs to.
pub(super) struct Surroundings<'a> {
    pub(super) stats: &'a Handle<ListenerStats>,
    pub(super) scope: &'a Scope,
    pub(super) registry: &'a Registry,
    pub(super) worker: &'a Rc<Worker>,
    pub(super) common: &'a Common,
    pub(super) direction: Direction,
    /// So many bytes may wait for a client.
    pub(super) buffer_limit: u32,
}

impl Chain {
    pub(super) fn new(
        chain: &Arc<FilterChain>,
        tls: Option<&Arc<Downstream>>,
        around: &Surroundings<'_>,
    ) -> Self {
        let pem = match &chain.filter {
            NetworkFilter::Http(config) => pem(config),
            NetworkFilter::Close | NetworkFilter::TcpProxy(_) => Pem::default(),
        };
        let writer = around.worker.writer();
        let security = tls.map(|tls| {
            Rc::new(Security::new(
                tls,
                around.stats.clone(),
                around.scope,
                writer,
                chain.handshake_timeout,
                pem,
            ))
        });
        Self {
            name: chain.name.clone(),
            security,
            permission: Permission::new(chain, around),
            filter: Filter::new(chain, around),
        }
    }
}

impl Filter {
    fn new(chain: &FilterChain, around: &Surroundings<'_>) -> Self {
        let Surroundings {
            scope,
            registry,
            worker,
            common,
            direction,
            buffer_limit,
            ..
        } = around;
        match &chain.filter {
            NetworkFilter::TcpProxy(config) => {
                let stats = registry.tcp(&config.stat_prefix).handle(worker.writer());
                let (config, logs) = (Arc::clone(config), &common.logs);
                Self::Tcp(tcp::proxy::Filter::new(config, stats, logs, *buffer_limit))
            }
            NetworkFilter::Http(config) => {
                let (config, worker) = (Arc::clone(config), Rc::clone(worker));
                let (node, logs) = (&common.node, &common.logs);
                let place = Place {
                    tap: Arc::clone(&common.tap),
                    draining: Arc::clone(&common.draining),
                    listener: scope.name().trim_start_matches("listener.").to_owned(),
                    direction: *direction,
                };
                let manager = Manager::new(config, node, worker, registry, (scope, place), logs);
                manager.map_or(Self::Close, |it| Self::Http(Rc::new(it)))
            }
            NetworkFilter::Close => Self::Close,
        }
    }
}

/// Which texts of a client's certificate a connection manager may send on.
fn pem(config: &HttpConnectionManager) -> Pem {
    Pem {
        leaf: config.client_certificate.certificate,
        chain: config.client_certificate.chain,
    }
}
