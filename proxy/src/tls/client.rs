//! Speaks TLS towards upstreams: one generation of certificate, key and whom to believe.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::{DnsName, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{SignatureScheme, client::Tls12Resumption};

use super::identity::Identity;
use super::parameters::{First, provider, versions};
use super::resumption::Sessions;
use super::trust::Trust;
use super::verifier::Servers;
use crate::config::model::tls::UpstreamTls;
use crate::config::problem::Problem;

/// How connections to upstreams are secured. Immutable: new secrets make a new one.
#[derive(Debug)]
pub struct Client {
    /// The certificate that servers get if they ask.
    pub identity: Option<Arc<Identity>>,
    /// Whom it believes.
    pub trust: Arc<Trust>,
    pub(super) sni: String,
    auto_host_sni: bool,
    /// By whether the certificate must be for the name that is asked for.
    configurations: [Arc<ClientConfig>; 2],
    session_limit: u32,
    validate_sni: bool,
}

/// What a connection has that others of its cluster have not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// The address of the endpoint, by which sessions are kept when there is no SNI.
    pub endpoint: Option<IpAddr>,
    /// SNI in the stead of the configured one: the authority of a request, or the endpoint's name.
    pub sni: Option<&'a str>,
    /// The certificate must be for the name of SNI.
    pub validate: bool,
    /// Protocols in the stead of the configured ones.
    pub protocols: Option<&'a [&'a [u8]]>,
}

impl Client {
    /// A client with this certificate, which believes `trust`.
    pub fn new(
        tls: &UpstreamTls,
        identity: Option<Arc<Identity>>,
        trust: Arc<Trust>,
    ) -> Result<Self, Problem> {
        let spot = &tls.common.spot;
        let build = |by_name| configuration(tls, identity.as_ref(), &trust, by_name);
        let wrong = |error| spot.problem(format!("TLS cannot be set up: {error}"), "");
        let configurations = [build(false).map_err(wrong)?, build(true).map_err(wrong)?];
        Ok(Self {
            configurations: configurations.map(Arc::new),
            identity,
            trust,
            sni: tls.sni.clone(),
            auto_host_sni: tls.auto_host_sni,
            session_limit: tls.max_session_keys,
            validate_sni: tls.validate_sni,
        })
    }

    /// SNI is to be the host name of the endpoint: the caller knows that one.
    pub fn wants_host_name(&self) -> bool {
        self.auto_host_sni
    }

    /// It offers protocols of its own (ALPN).
    pub fn has_protocols(&self) -> bool {
        !self.configurations[0].alpn_protocols.is_empty()
    }

    /// The same with sessions of its own, for one worker.
    pub fn for_worker(self: &Arc<Self>) -> Dialer {
        let sessions = Arc::new(Sessions::new(self.session_limit));
        let own = |configuration: &Arc<ClientConfig>| {
            let mut configuration = ClientConfig::clone(configuration);
            configuration.resumption = if self.session_limit == 0 {
                Resumption::disabled()
            } else {
                Resumption::store(Arc::clone(&sessions) as _)
                    .tls12_resumption(Tls12Resumption::SessionIdOrTickets)
            };
            Arc::new(configuration)
        };
        Dialer {
            configurations: self.configurations.each_ref().map(own),
            client: Arc::clone(self),
            sessions,
        }
    }
}

/// A client that keeps its own sessions.
#[derive(Debug, Clone)]
pub struct Dialer {
    /// The client.
    pub client: Arc<Client>,
    configurations: [Arc<ClientConfig>; 2],
    pub(super) sessions: Arc<Sessions>,
}

impl Dialer {
    /// How to connect to an endpoint, and the name that is asked for.
    pub(super) fn choose(&self, options: &Options<'_>) -> (Arc<ClientConfig>, ServerName<'static>) {
        let name = self.name(options);
        let validated = self.validates(options);
        let configuration = &self.configurations[usize::from(validated)];
        // Sessions are kept by name; without one, by address. rustls never sends an address as SNI.
        let endpoint = options
            .endpoint
            .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let server = match name {
            Some(name) => ServerName::DnsName(name),
            // An authority that is no host name is still what the certificate must be for.
            None if validated => {
                let address = options.sni.unwrap_or_default().parse::<IpAddr>();
                address.map_or_else(|_| nobody(), ServerName::from)
            }
            None => ServerName::from(endpoint),
        };
        let Some(protocols) = options.protocols else {
            return (Arc::clone(configuration), server);
        };
        let mut configuration = ClientConfig::clone(configuration);
        configuration.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        (Arc::new(configuration), server)
    }

    /// The certificate must be for the name that is asked for, if one is.
    pub(super) fn validates(&self, options: &Options<'_>) -> bool {
        options.validate || (self.client.validate_sni && self.name(options).is_some())
    }

    fn name(&self, options: &Options<'_>) -> Option<DnsName<'static>> {
        let sni = options.sni.unwrap_or(&self.client.sni);
        DnsName::try_from(sni).ok().map(|name| name.to_owned())
    }
}

/// A name that no certificate is for (RFC 2606).
fn nobody() -> ServerName<'static> {
    DnsName::try_from("invalid").map_or(
        ServerName::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        ServerName::DnsName,
    )
}

fn configuration(
    tls: &UpstreamTls,
    identity: Option<&Arc<Identity>>,
    trust: &Arc<Trust>,
    by_name: bool,
) -> Result<ClientConfig, rustls::Error> {
    let parameters = &tls.common.parameters;
    let provider = provider(parameters, First::Aes);
    let algorithms = provider.signature_verification_algorithms;
    let verifier = Servers {
        trust: Arc::clone(trust),
        algorithms,
        by_name,
    };
    let key = identity.map(|identity| Arc::clone(&identity.key));
    let mut configuration = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(parameters))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(One(key)));
    configuration.alpn_protocols = tls
        .common
        .alpn
        .iter()
        .map(|name| name.clone().into())
        .collect();
    Ok(configuration)
}

/// The one certificate, whichever roots the server names.
#[derive(Debug)]
struct One(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for One {
    fn resolve(&self, _roots: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let key = self.0.as_ref()?;
        key.key.choose_scheme(schemes).map(|_| Arc::clone(key))
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}
