//! Shows the certificates of all TLS contexts, and counts how long they are good.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::admin::{Certificate, CertificateName, Certificates};
use crate::config::model::tls::{CommonTls, Validation};
use crate::listener::Prepared;
use crate::stats::{Gauge, Handle, Registry, Scope, Single, SocketFactoryStats, Writer};
use crate::tls::{Configured, Downstream, Facts, Identity, Live, Trust, Upstream};
use crate::upstream::Cluster;

/// The TLS of a chain or cluster, with the scope of its statistics.
#[derive(Clone)]
pub(super) struct Context {
    tls: Side,
    scope: Scope,
}

#[derive(Clone)]
enum Side {
    Server(Arc<Downstream>),
    Client(Arc<Upstream>),
}

/// Certificates as they are now.
struct Held {
    identities: Vec<Arc<Identity>>,
    trust: Arc<Trust>,
}

/// All contexts of listeners.
pub(super) fn of_listeners(listeners: &[Arc<Prepared>], registry: &Registry) -> Vec<Context> {
    let of_listener = |listener: &Arc<Prepared>| {
        let scope = listener.scope(registry);
        let tls = listener.chains().filter_map(|(_, tls)| tls.cloned());
        let context = |tls| Context {
            tls: Side::Server(tls),
            scope: scope.clone(),
        };
        tls.map(context).collect::<Vec<_>>()
    };
    listeners.iter().flat_map(of_listener).collect()
}

/// All contexts of clusters.
pub(super) fn of_clusters(clusters: &[Arc<Cluster>], registry: &Registry) -> Vec<Context> {
    let of_cluster = |cluster: &Arc<Cluster>| {
        let scope = registry.cluster(&cluster.config().stat_name);
        let context = |tls: &Arc<Upstream>| Context {
            tls: Side::Client(Arc::clone(tls)),
            scope: scope.clone(),
        };
        let transports = cluster.transports().all().flatten();
        transports.map(context).collect::<Vec<_>>()
    };
    clusters.iter().flat_map(of_cluster).collect()
}

impl Context {
    /// What `/certs` shows.
    pub(super) fn certificates(&self) -> Certificates {
        let Some(held) = self.held() else {
            return Certificates::default();
        };
        let path = held.trust.path();
        let authority = held.trust.roots().next();
        let authority = authority.and_then(|it| Some(shown(&Facts::of(it)?, path.as_deref())));
        let own = held.identities.iter();
        let own = own.map(|it| shown(it.certificate.facts(), it.path.as_deref()));
        Certificates {
            authorities: authority.into_iter().collect(),
            chain: own.collect(),
        }
    }

    /// Counts until the context is gone.
    pub(super) async fn follow(self) {
        match &self.tls {
            Side::Server(tls) => self.follow_live(tls, "server_ssl_socket_factory").await,
            Side::Client(tls) => self.follow_live(tls, "client_ssl_socket_factory").await,
        }
    }

    async fn follow_live<T: Configured>(&self, tls: &Arc<Live<T>>, factory: &str) {
        let ssl = self.scope.child("ssl");
        let factory: Handle<SocketFactoryStats> = self.scope.child(factory).handle(Writer::Main);
        let mut view = tls.view();
        let mut gauges: Vec<Handle<Single<Gauge>>> = Vec::new();
        let mut counted = 0;
        loop {
            let updates = tls.updates();
            factory.ssl_context_update_by_sds.add(updates - counted);
            counted = updates;
            if let Some(held) = self.held() {
                gauges = held.count(tls.configuration().common(), &ssl);
            }
            if !view.changed().await {
                drop(gauges);
                return;
            }
        }
    }

    fn held(&self) -> Option<Held> {
        Some(match &self.tls {
            Side::Server(tls) => {
                let now = tls.now()?;
                Held {
                    identities: now.identities.clone(),
                    trust: Arc::clone(&now.trust),
                }
            }
            Side::Client(tls) => {
                let now = tls.now()?;
                Held {
                    identities: now.identity.iter().cloned().collect(),
                    trust: Arc::clone(&now.trust),
                }
            }
        })
    }
}

impl Held {
    /// Sets the gauges of when certificates end.
    fn count(&self, tls: &CommonTls, scope: &Scope) -> Vec<Handle<Single<Gauge>>> {
        let gauge = |name: &str, end: i64| {
            let name = format!("certificate.{name}.expiration_unix_time_seconds");
            let gauge = scope.gauge(Writer::Main, &name);
            gauge.set(u64::try_from(end).unwrap_or(0));
            gauge
        };
        let secrets = tls.certificate_secrets.iter().map(|it| it.name.as_str());
        let names = tls.certificates.iter().map(|_| UNNAMED).chain(secrets);
        let own = self.identities.iter().zip(names);
        let mut gauges: Vec<_> = own
            .map(|(identity, name)| gauge(name, identity.certificate.facts().not_after))
            .collect();
        let name = match &tls.validation {
            Validation::None | Validation::Inline(_) => UNNAMED_AUTHORITY,
            Validation::Secret(secret) | Validation::Combined(_, secret) => &secret.name,
        };
        let root = self.trust.roots().next().and_then(|it| Facts::of(it));
        gauges.extend(root.map(|it| gauge(name, it.not_after)));
        gauges
    }
}

/// How Envoy calls certificates that are no secrets: by the hash of a name that they do not have.
const UNNAMED: &str = "unnamed_cert_e3b0c442";
const UNNAMED_AUTHORITY: &str = "unnamed_ca_cert_e3b0c442";

fn shown(facts: &Facts, path: Option<&Path>) -> Certificate {
    let dns = facts.hosts.iter().cloned().map(CertificateName::Dns);
    let uris = facts.uris.iter().cloned().map(CertificateName::Uri);
    let addresses = facts.addresses.iter().cloned();
    let addresses = addresses.map(CertificateName::Address);
    Certificate {
        path: path.map_or_else(|| "<inline>".to_owned(), |it| it.display().to_string()),
        serial_number: facts.serial.clone(),
        names: dns.chain(uris).chain(addresses).collect(),
        valid_from: time(facts.not_before),
        expires: time(facts.not_after),
    }
}

fn time(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
