//! Speaks TLS towards clients: one generation of certificates, keys and whom to believe.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{
    ClientHello, NoClientAuth, ProducesTickets, ResolvesServerCert, StoresServerSessions,
};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, ProtocolVersion, ServerConfig};

use super::hello::Hello;
use super::identity::{Identity, Selection};
use super::parameters::{First, groups, provider, versions};
use super::resumption::{Tickets, server_sessions};
use super::trust::{Asks, Trust};
use super::verifier::Clients;
use crate::config::model::tls::{DownstreamTls, TlsVersion};
use crate::config::problem::Problem;

/// How connections of clients are secured. Immutable: new secrets make a new one, and connections
/// keep the one that they began with.
#[derive(Debug)]
pub struct Server {
    /// The certificates, in the order of the configuration.
    pub identities: Vec<Arc<Identity>>,
    /// Whom it believes.
    pub trust: Arc<Trust>,
    selection: Selection,
    /// By identity.
    configurations: Vec<Variants>,
    protocols: Vec<Vec<u8>>,
    /// It speaks TLS 1.3.
    newest: bool,
}

impl Server {
    /// A server with these certificates, which believes `trust`.
    pub fn new(
        tls: &DownstreamTls,
        identities: Vec<Arc<Identity>>,
        trust: Arc<Trust>,
    ) -> Result<Self, Problem> {
        let spot = &tls.common.spot;
        if identities.is_empty() {
            return Err(spot.problem("a server needs a certificate", ""));
        }
        let wrong =
            |error: rustls::Error| spot.problem(format!("TLS cannot be set up: {error}"), "");
        let shared = Shared {
            keys: Ticketer::new().map_err(wrong)?,
            sessions: server_sessions(tls.disable_session_ids),
            trust: Arc::clone(&trust),
        };
        let configurations = identities
            .iter()
            .map(|identity| shared.variants(tls, identity))
            .collect::<Result<_, _>>()
            .map_err(wrong)?;
        let protocols = tls
            .common
            .alpn
            .iter()
            .map(|name| name.clone().into_bytes())
            .collect();
        Ok(Self {
            selection: Selection::new(&identities, tls.full_scan),
            identities,
            trust,
            configurations,
            protocols,
            newest: tls.common.parameters.maximum == TlsVersion::V1_3,
        })
    }

    /// What a client gets, by what it offers.
    pub(super) fn choose(
        &self,
        hello: &ClientHello<'_>,
        offered: &Hello,
    ) -> (&Arc<ServerConfig>, &Arc<Identity>) {
        let index = self.selection.choose(hello);
        let suites = hello.cipher_suites();
        let place = |wanted: &[CipherSuite]| suites.iter().position(|suite| wanted.contains(suite));
        let newest = self.newest && offered.versions.contains(&TLS13);
        let order = if newest {
            Order::Client
        } else if place(&CHACHA_SUITES) < place(&AES128_SUITES) && place(&CHACHA_SUITES).is_some() {
            Order::ChaChaFirst
        } else {
            Order::AesFirst
        };
        // Without a protocol in common Envoy goes on without one, where rustls would not.
        let common = hello.alpn().is_some_and(|mut offered| {
            offered.any(|name| self.protocols.iter().any(|known| known == name))
        });
        let of_order = &self.configurations[index][order as usize];
        // Ours is the choice of the group (as in BoringSSL), where rustls leaves it to the client.
        let usable = |group: &&dyn SupportedKxGroup| {
            let version = if newest {
                ProtocolVersion::TLSv1_3
            } else {
                ProtocolVersion::TLSv1_2
            };
            group.usable_for_version(version) && offered.groups.contains(&u16::from(group.name()))
        };
        let of_group = of_order
            .iter()
            .find(|it| {
                it[0]
                    .crypto_provider()
                    .kx_groups
                    .first()
                    .is_some_and(usable)
            })
            .unwrap_or(&of_order[0]);
        (&of_group[usize::from(common)], &self.identities[index])
    }
}

/// By order, then by group, then by whether a protocol is negotiated.
type Variants = [Vec<[Arc<ServerConfig>; 2]>; 3];

/// Whose order of ciphers counts: TLS 1.3 goes by the client's, TLS 1.2 by the server's.
#[derive(Debug, Clone, Copy)]
enum Order {
    Client,
    AesFirst,
    ChaChaFirst,
}

/// What all variants have in common.
struct Shared {
    keys: Arc<dyn ProducesTickets>,
    sessions: Arc<dyn StoresServerSessions>,
    trust: Arc<Trust>,
}

impl Shared {
    fn variants(
        &self,
        tls: &DownstreamTls,
        identity: &Arc<Identity>,
    ) -> Result<Variants, rustls::Error> {
        let both = |order, group| -> Result<[Arc<ServerConfig>; 2], rustls::Error> {
            let without = self.variant(tls, identity, order, group)?;
            let mut with = without.clone();
            with.alpn_protocols = tls
                .common
                .alpn
                .iter()
                .map(|name| name.clone().into())
                .collect();
            Ok([Arc::new(without), Arc::new(with)])
        };
        let groups = groups(&tls.common.parameters);
        let all = |order| -> Result<Vec<_>, rustls::Error> {
            groups.iter().map(|group| both(order, *group)).collect()
        };
        Ok([
            all(Order::Client)?,
            all(Order::AesFirst)?,
            all(Order::ChaChaFirst)?,
        ])
    }

    fn variant(
        &self,
        tls: &DownstreamTls,
        identity: &Arc<Identity>,
        order: Order,
        group: &'static dyn SupportedKxGroup,
    ) -> Result<ServerConfig, rustls::Error> {
        let parameters = &tls.common.parameters;
        let (first, seconds) = match order {
            Order::Client => (First::Aes, TLS13_SESSION),
            Order::AesFirst => (First::Aes, TLS12_SESSION),
            Order::ChaChaFirst => (First::ChaCha, TLS12_SESSION),
        };
        let provider = Arc::new(CryptoProvider {
            kx_groups: vec![group],
            ..(*provider(parameters, first)).clone()
        });
        let verifier: Arc<dyn ClientCertVerifier> =
            match self.trust.asks(tls.require_client_certificate) {
                Asks::No => Arc::new(NoClientAuth),
                asks => Arc::new(Clients {
                    trust: Arc::clone(&self.trust),
                    algorithms: provider.signature_verification_algorithms,
                    mandatory: asks == Asks::Required,
                }),
            };
        let mut configuration = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions(parameters))?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(One(Arc::clone(&identity.key))));
        configuration.ignore_client_order = !matches!(order, Order::Client);
        configuration.session_storage = Arc::clone(&self.sessions);
        if tls.disable_tickets {
            // Without tickets, TLS 1.3 resumes nothing.
            configuration.send_tls13_tickets = 0;
        } else {
            let given = tls
                .session_timeout
                .filter(|_| !matches!(order, Order::Client));
            let given = given.map(|given| u32::try_from(given.as_secs()).unwrap_or(u32::MAX));
            configuration.ticketer = Arc::new(Tickets {
                keys: Arc::clone(&self.keys),
                seconds: given.unwrap_or(seconds),
            });
        }
        Ok(configuration)
    }
}

/// The one certificate that was chosen.
#[derive(Debug)]
struct One(Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// How long BoringSSL resumes a session of TLS 1.3, and of TLS 1.2 unless told otherwise.
const TLS13_SESSION: u32 = 2 * 24 * 60 * 60;
const TLS12_SESSION: u32 = 2 * 60 * 60;

/// TLS 1.3 by its number.
const TLS13: u16 = 0x0304;

const AES128_SUITES: [CipherSuite; 2] = [
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];
const CHACHA_SUITES: [CipherSuite; 2] = [
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];
