//! Chooses how connections to a host are secured, by what its metadata says.

use std::sync::Arc;

use super::host::Host;
use crate::config::model::cluster::{Cluster as Config, Transport, TransportMatch};
use crate::config::model::tls::UpstreamTls;
use crate::config::problem::Problem;
use crate::stats::{Counter, Registry, Shared, Single, Writer};
use crate::tls::{Secrets, Upstream as Tls};

/// The ways in which connections of a cluster are secured. Without any, all are plaintext.
#[derive(Debug, Clone, Default)]
pub struct Transports {
    /// The first is for hosts that match none.
    ways: Vec<Option<Arc<Tls>>>,
    matches: Vec<TransportMatch>,
    /// How many hosts matched each.
    counts: Vec<Shared<Single<Counter>>>,
}

impl Transports {
    /// Loads what the transports of a cluster need.
    ///
    /// # Errors
    /// A certificate or key that is no good.
    pub fn new(config: &Config, secrets: &Secrets, registry: &Registry) -> Result<Self, Problem> {
        let scope = registry.cluster(&config.stat_name);
        let count = |it: &TransportMatch| {
            scope.shared_counter(Writer::Main, &format!("{}.total_match_count", it.name))
        };
        let matches = config.transport_matches.iter().map(|it| &it.transport);
        let load = |transport: &Transport| match transport {
            Transport::Plaintext => Ok(None),
            Transport::Tls(tls) => Tls::new(UpstreamTls::clone(tls), secrets).map(Some),
        };
        let all = std::iter::once(&config.transport).chain(matches);
        Ok(Self {
            ways: all.map(load).collect::<Result<_, _>>()?,
            counts: config.transport_matches.iter().map(count).collect(),
            matches: config.transport_matches.clone(),
        })
    }

    /// Every way, that for hosts that match none first; plaintext is nothing.
    pub fn all(&self) -> impl Iterator<Item = Option<&Arc<Tls>>> {
        self.ways.iter().map(Option::as_ref)
    }

    /// Counts a host that is new.
    pub(super) fn count(&self, host: &Host) {
        let matched = self.choose(host).checked_sub(1);
        if let Some(count) = matched.and_then(|it| self.counts.get(it)) {
            count.increment();
        }
    }

    /// The place of the way for a host.
    pub fn choose(&self, host: &Host) -> usize {
        if self.matches.is_empty() {
            return 0;
        }
        let nothing = serde_json::Map::new();
        let metadata = host.metadata("envoy.transport_socket_match");
        let metadata = metadata.unwrap_or(&nothing);
        let found = self.matches.iter().position(|it| it.matches(metadata));
        found.map_or(0, |it| it + 1)
    }
}
