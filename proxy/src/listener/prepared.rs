//! Prepares a listener for all workers: which chain takes which connection, and the TLS of each.

use std::sync::Arc;

use crate::config::model::listener::{FilterChain, Listener};
use crate::config::problem::Problem;
use crate::stats::{Registry, Scope};
use crate::tls::{Chains, Downstream, Incoming, Secrets};

/// A listener, ready to be served by every worker.
#[derive(Debug)]
pub struct Prepared {
    /// Its configuration.
    pub config: Arc<Listener>,
    matches: Chains,
    /// By chain; that of the default chain comes last.
    tls: Vec<Option<Arc<Downstream>>>,
}

impl Prepared {
    /// Loads what the chains of a listener need.
    ///
    /// # Errors
    /// A certificate or key that is no good.
    pub fn new(config: Arc<Listener>, secrets: &Secrets) -> Result<Self, Problem> {
        let tls = |chain: &Arc<FilterChain>| {
            let tls = chain.tls.as_ref();
            tls.map(|it| Downstream::new(it.clone(), secrets))
                .transpose()
        };
        let chains = config.chains.iter().chain(&config.default_chain);
        Ok(Self {
            tls: chains.map(tls).collect::<Result<_, _>>()?,
            matches: Chains::new(config.chains.iter().map(|it| &it.matcher)),
            config,
        })
    }

    /// The chains with the TLS of each, the default chain last.
    pub fn chains(&self) -> impl Iterator<Item = (&Arc<FilterChain>, Option<&Arc<Downstream>>)> {
        let chains = self.config.chains.iter().chain(&self.config.default_chain);
        chains.zip(self.tls.iter().map(Option::as_ref))
    }

    /// What its statistics are below.
    pub fn scope(&self, registry: &Registry) -> Scope {
        match self.config.addresses.first() {
            Some(address) if self.config.stat_prefix.is_empty() => {
                registry.listener(&address.to_string())
            }
            _ => registry.listener(&self.config.stat_prefix),
        }
    }

    /// The place of the chain that takes a connection.
    pub(super) fn find(&self, incoming: &Incoming<'_>) -> Option<usize> {
        let default = self.config.default_chain.as_ref();
        let last = default.map(|_| self.config.chains.len());
        self.matches.find(incoming).or(last)
    }
}
