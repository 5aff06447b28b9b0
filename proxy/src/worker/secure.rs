//! Secures a worker's connections to the hosts of a cluster.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::connection::ConnectFailure;
use super::pool::Spoken;
use crate::config::model::address::Address;
use crate::config::model::cluster::AutomaticSni;
use crate::facts;
use crate::http::message::{Protocol, RequestHead};
use crate::stats::{ClusterStats, Handle, SocketFactoryStats, TlsStats, Writer};
use crate::tls::{self, Dialers, Failure, Fronted, Options, Pem, Secured};
use crate::upstream::{Cluster, Host, Transports};
use crate::wire::{Scratch, Transport, Wire};

/// What a request says about the name of the server, where the cluster takes it from there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerName {
    /// The name.
    pub name: Rc<str>,
    /// It is sent as SNI.
    pub sent: bool,
    /// The certificate must be for it.
    pub validated: bool,
}

impl ServerName {
    /// What a request says, as it came from the client, to a cluster that wants to know.
    pub fn of(wanted: &AutomaticSni, head: &RequestHead) -> Option<Self> {
        if !wanted.sni && !wanted.validate {
            return None;
        }
        let header = wanted.header.as_ref();
        let header = header.and_then(|it| head.headers.get(it.as_bytes()));
        let authority = header.filter(|it| !it.is_empty());
        let authority = std::str::from_utf8(authority.unwrap_or(&head.authority)).ok()?;
        let name = without_port(authority);
        let is_address = name.parse::<IpAddr>().is_ok();
        (!name.is_empty()).then(|| Self {
            name: name.into(),
            sent: wanted.sni && !is_address,
            validated: wanted.validate,
        })
    }
}

/// The host of an authority.
fn without_port(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|it| it.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// How connections are secured, by the place of the way in [`Transports`].
pub(super) struct Secure {
    ways: Vec<Option<RefCell<Dialers>>>,
    stats: Handle<TlsStats>,
    factory: Handle<SocketFactoryStats>,
}

/// A connection that is secured, if it is to be.
pub(super) struct SecuredWire {
    pub(super) wire: Wire,
    pub(super) agreed: Option<Protocol>,
    pub(super) tls: Option<Rc<facts::Tls>>,
}

impl Secure {
    pub(super) fn new(cluster: &Cluster, stats: &Handle<ClusterStats>, writer: Writer) -> Self {
        let transports: &Transports = cluster.transports();
        let way = |tls: Option<&std::sync::Arc<tls::Upstream>>| {
            tls.map(|it| RefCell::new(Dialers::new(it.view())))
        };
        let scope = stats.scope();
        Self {
            ways: transports.all().map(way).collect(),
            stats: scope.child("ssl").handle(writer),
            factory: scope.child("client_ssl_socket_factory").handle(writer),
        }
    }

    /// Shakes hands with a host, if its connections are to be secured.
    pub(super) async fn shake(
        &self,
        cluster: &Cluster,
        host: &Host,
        stream: TcpStream,
        asked: (Option<Spoken>, Option<&ServerName>),
        limit: Duration,
        scratch: Scratch,
    ) -> Result<SecuredWire, ConnectFailure> {
        let way = self.ways.get(cluster.transports().choose(host));
        let Some(dialers) = way.and_then(Option::as_ref) else {
            return Ok(SecuredWire {
                wire: Wire::new(Transport::Plain(stream), scratch),
                agreed: None,
                tls: None,
            });
        };
        let dialer = dialers.borrow_mut().get().cloned();
        let Some(dialer) = dialer else {
            self.factory.upstream_context_secrets_not_ready.increment();
            return Err(ConnectFailure::Handshake(Failure::NotReady.reason().into()));
        };
        let (spoken, name) = asked;
        let fallback = spoken.map_or(&[][..], Spoken::protocols);
        // A name that must be validated is told even if it is not sent: the certificate must be for it.
        let sent = name.filter(|it| it.sent || it.validated);
        let sent = sent.map(|it| &*it.name);
        let of_host = Some(host.hostname.as_str())
            .filter(|it| dialer.client.wants_host_name() && !it.is_empty());
        let options = Options {
            endpoint: match host.address {
                Address::Socket(address) => Some(address.ip()),
                Address::Name(..) | Address::Pipe(..) => None,
            },
            sni: sent.or(of_host),
            validate: name.is_some_and(|it| it.validated),
            protocols: (!fallback.is_empty() && !dialer.client.has_protocols()).then_some(fallback),
        };
        let fronted = Fronted::new(stream, Vec::new());
        match tls::connect(fronted, &dialer, options, Some(limit)).await {
            Ok((stream, session)) => {
                session
                    .handshake
                    .counters()
                    .for_each(|it| tls::count(&self.stats, it));
                let is_http2 = session.protocol.as_deref() == Some(b"h2");
                let agreed = session.protocol.as_ref().map(|_| {
                    if is_http2 {
                        Protocol::Http2
                    } else {
                        Protocol::Http11
                    }
                });
                let secured = Secured::from(stream).counting(self.stats.clone());
                Ok(SecuredWire {
                    wire: Wire::new(Transport::Secured(secured), scratch),
                    agreed,
                    tls: Some(Rc::new(session.facts(Pem::default()))),
                })
            }
            Err(Failure::Timeout) => Err(ConnectFailure::Timeout),
            Err(failure) => {
                if let Some(counter) = failure.counter() {
                    tls::count(&self.stats, counter);
                }
                Err(ConnectFailure::Handshake(failure.reason().into()))
            }
        }
    }
}
