//! Resolves the names of a `STRICT_DNS` cluster, again and again.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::config::model::Locality;
use crate::config::model::address::Address;
use crate::config::model::cluster::{ClusterDiscovery, Dns, DnsFamily};
use crate::config::model::endpoint::{Endpoint, LoadAssignment};

use super::cluster::{Cluster, Found};
use super::random::Random;

/// What a name resolves to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The addresses of both families; none if there is no such name.
    pub addresses: Vec<IpAddr>,
    /// How long that holds, if that is known.
    pub lifetime: Option<Duration>,
}

/// A resolution that is under way.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Resolved>> + Send>>;

/// Resolves names.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// Resolves a name. An error means that nothing was learnt.
    fn resolve(&self, name: &str) -> Resolving;
}

/// Resolves names as the system does (`getaddrinfo`), on threads of their own. It does not tell how
/// long answers hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Resolve for System {
    fn resolve(&self, name: &str) -> Resolving {
        let name = name.to_owned();
        Box::pin(async move {
            let addresses = match tokio::net::lookup_host((name, 0)).await {
                Ok(found) => found.map(|address| address.ip()).collect(),
                Err(error) if says_no_such_name(&error) => Vec::new(),
                Err(error) => return Err(error),
            };
            Ok(Resolved {
                addresses,
                lifetime: None,
            })
        })
    }
}

/// The system tells "no such name" and "no answer" apart by their texts alone, of glibc and of musl.
fn says_no_such_name(error: &io::Error) -> bool {
    let text = error.to_string();
    [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "Name has no usable address",
    ]
    .iter()
    .any(|known| text.ends_with(known))
}

/// Those addresses that a family rule takes.
pub fn of_family(addresses: &[IpAddr], family: DnsFamily) -> Vec<IpAddr> {
    let of = |four: bool| {
        addresses
            .iter()
            .copied()
            .filter(|one| one.is_ipv4() == four)
            .collect::<Vec<_>>()
    };
    let first = |preferred: Vec<IpAddr>, other: bool| {
        if preferred.is_empty() {
            of(other)
        } else {
            preferred
        }
    };
    match family {
        DnsFamily::All => addresses.to_vec(),
        DnsFamily::V4Only => of(true),
        DnsFamily::V6Only => of(false),
        DnsFamily::Auto => first(of(false), true),
        DnsFamily::V4Preferred => first(of(true), false),
    }
}

/// Resolves the names of a cluster until it is dropped; off the workers, once for each cluster. Does
/// nothing for clusters of other types. `ready` is told when the first name has an answer, of whatever
/// kind.
pub async fn run(
    cluster: Arc<Cluster>,
    resolver: Arc<dyn Resolve>,
    random: Random,
    ready: Option<oneshot::Sender<()>>,
) {
    let (assignment, options) = match &cluster.config().discovery {
        ClusterDiscovery::StrictDns(assignment, options) => (assignment.clone(), *options),
        _ => return,
    };
    let targets = assignment.localities.iter().flat_map(|locality| {
        let priority = locality.priority;
        locality.endpoints.iter().map(move |endpoint| Target {
            locality: &locality.locality,
            priority,
            endpoint,
            addresses: Vec::new(),
        })
    });
    let mut names = Names {
        cluster: &cluster,
        assignment: &assignment,
        targets: targets.collect(),
        options,
        resolver,
        random,
        failures: 0,
        resolving: JoinSet::new(),
        ready,
    };
    if names.targets.is_empty() {
        names.tell();
    }
    (0..names.targets.len()).for_each(|target| names.resolve(target, Duration::ZERO));
    while let Some(done) = names.resolving.join_next().await {
        if let Ok((target, answer)) = done {
            let wait = names.take(target, answer);
            names.resolve(target, wait);
        }
    }
}

/// An endpoint whose name is resolved.
struct Target<'a> {
    locality: &'a Locality,
    priority: u32,
    endpoint: &'a Endpoint,
    addresses: Vec<IpAddr>,
}

impl Target<'_> {
    fn name(&self) -> String {
        match &self.endpoint.address {
            Address::Socket(address) => address.ip().to_string(),
            Address::Name(name, _) => name.clone(),
            Address::Pipe(..) => String::new(),
        }
    }

    fn port(&self) -> u16 {
        match &self.endpoint.address {
            Address::Socket(address) => address.port(),
            Address::Name(_, port) => *port,
            Address::Pipe(..) => 0,
        }
    }
}

struct Names<'a> {
    cluster: &'a Arc<Cluster>,
    assignment: &'a LoadAssignment,
    targets: Vec<Target<'a>>,
    options: Dns,
    resolver: Arc<dyn Resolve>,
    random: Random,
    /// How often in a row there was no answer.
    failures: u32,
    resolving: JoinSet<(usize, io::Result<Resolved>)>,
    ready: Option<oneshot::Sender<()>>,
}

impl Names<'_> {
    /// Resolves the name of a target after a while.
    fn resolve(&mut self, target: usize, wait: Duration) {
        let name = self.targets[target].name();
        let (resolver, cluster) = (Arc::clone(&self.resolver), Arc::clone(self.cluster));
        self.resolving.spawn(async move {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            cluster.stats().update_attempt.increment();
            (target, resolver.resolve(&name).await)
        });
    }

    /// Takes an answer; gives how long to wait for the next.
    fn take(&mut self, target: usize, answer: io::Result<Resolved>) -> Duration {
        let counters = self.cluster.stats();
        let wait = if let Ok(resolved) = answer {
            counters.update_success.increment();
            let mut addresses = match self.targets[target].endpoint.address {
                // What is an address already is taken as it is.
                Address::Socket(_) => resolved.addresses,
                _ => of_family(&resolved.addresses, self.options.family),
            };
            let mut seen = std::collections::HashSet::new();
            addresses.retain(|address| seen.insert(*address));
            self.targets[target].addresses = addresses;
            if !self.publish() {
                counters.update_no_rebuild.increment();
            }
            self.failures = 0;
            let lifetime = resolved.lifetime.filter(|lifetime| !lifetime.is_zero());
            lifetime
                .filter(|_| self.options.respect_ttl)
                .unwrap_or(self.options.refresh)
        } else {
            counters.update_failure.increment();
            self.wait_after_failure()
        };
        self.tell();
        let wait = wait + self.random.below_duration(self.options.jitter);
        wait.max(Duration::from_millis(1))
    }

    fn wait_after_failure(&mut self) -> Duration {
        let Some((first, last)) = self.options.failure else {
            return self.options.refresh;
        };
        let doubled = first.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        self.random.below_duration(doubled.min(last))
    }

    fn publish(&self) -> bool {
        let found = self.targets.iter().enumerate().flat_map(|(index, target)| {
            target.addresses.iter().map(move |ip| Found {
                target: index,
                endpoint: target.endpoint,
                locality: target.locality,
                priority: target.priority,
                address: Address::Socket(SocketAddr::new(*ip, target.port())),
                hostname: match target.endpoint.hostname.as_str() {
                    "" => target.name(),
                    hostname => hostname.to_owned(),
                },
            })
        });
        self.cluster
            .set_hosts(self.assignment, &found.collect::<Vec<_>>())
    }

    fn tell(&mut self) {
        if let Some(ready) = self.ready.take() {
            // Perhaps no one waits any more.
            let _ = ready.send(());
        }
    }
}

#[cfg(test)]
mod tests;
