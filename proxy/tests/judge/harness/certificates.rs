//! Makes certificates, and speaks TLS as a scripted peer with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, DigitallySignedStruct, ProtocolVersion, RootCertStore, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};
use tokio::net::TcpStream;
use tokio_rustls::{LazyConfigAcceptor, TlsConnector, client, server};

/// How a client speaks TLS.
#[derive(Clone, Default)]
pub(crate) struct ClientTls {
    pub(crate) server_name: Option<&'static str>,
    pub(crate) protocols: &'static [&'static str],
    pub(crate) certificate: Option<&'static str>,
    pub(crate) version: Option<&'static SupportedProtocolVersion>,
}

/// How an upstream speaks TLS.
#[derive(Clone, Default)]
pub(crate) struct ServerTls {
    /// The name of its certificate.
    pub(crate) certificate: &'static str,
    pub(crate) protocols: &'static [&'static str],
    /// Whether it wants a certificate of the client.
    pub(crate) asks: bool,
    pub(crate) version: Option<&'static SupportedProtocolVersion>,
}

/// The certificates of a group of cases, by name.
pub(crate) struct Certificates {
    named: BTreeMap<&'static str, Named>,
    provider: Arc<CryptoProvider>,
}

struct Named {
    chain: String,
    der: CertificateDer<'static>,
    key: KeyPair,
}

/// Name, issuer, alternative names, and whether it has expired.
const LEAVES: &[(&str, &str, &[&str], bool)] = &[
    (
        "server",
        "ca",
        &["server.test", "spiffe://cluster.local/ns/shop/sa/server"],
        false,
    ),
    ("second", "ca", &["second.test"], false),
    ("wild", "ca", &["*.wild.test"], false),
    (
        "client",
        "ca",
        &["client.test", "spiffe://cluster.local/ns/shop/sa/cart"],
        false,
    ),
    ("unnamed", "ca", &[], false),
    (
        "stranger",
        "other",
        &["client.test", "spiffe://cluster.local/ns/shop/sa/cart"],
        false,
    ),
    ("expired", "ca", &["client.test", "server.test"], true),
];

impl Certificates {
    pub(crate) fn new() -> Self {
        let mut named = BTreeMap::new();
        for authority in ["ca", "other"] {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            params
                .distinguished_name
                .push(DnType::CommonName, authority);
            let issuer =
                CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
            for (name, _, names, expired) in LEAVES.iter().filter(|leaf| leaf.1 == authority) {
                named.insert(*name, leaf(name, names, *expired, &issuer));
            }
            let der = issuer.der().clone();
            let key = KeyPair::generate().unwrap();
            named.insert(
                authority,
                Named {
                    chain: issuer.pem(),
                    der,
                    key,
                },
            );
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        Self { named, provider }
    }

    /// What stands for `chain:NAME` and `key:NAME` in a configuration.
    pub(crate) fn text(&self, placeholder: &str) -> Option<String> {
        let (what, name) = placeholder.split_once(':')?;
        match what {
            "chain" => Some(self.named[name].chain.clone()),
            "key" => Some(self.named[name].key.serialize_pem()),
            _ => None,
        }
    }

    pub(crate) fn acceptor(&self, tls: &ServerTls) -> Acceptor {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&versions(tls.version))
            .unwrap();
        let builder = if tls.asks {
            let mut roots = RootCertStore::empty();
            roots.add(self.named["ca"].der.clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(
                Arc::new(roots),
                Arc::clone(&self.provider),
            );
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let (chain, key) = self.identity(tls.certificate);
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = bytes(tls.protocols);
        let names = self
            .named
            .iter()
            .map(|(name, named)| (*name, named.der.clone()));
        Acceptor {
            config: Arc::new(config),
            names: names.collect(),
        }
    }

    pub(crate) async fn connect(
        &self,
        tls: &ClientTls,
        stream: TcpStream,
    ) -> Result<(client::TlsStream<TcpStream>, Vec<String>), String> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&versions(tls.version))
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(Arc::clone(&self.provider))));
        let mut config = match tls.certificate {
            Some(name) => {
                let (chain, key) = self.identity(name);
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = bytes(tls.protocols);
        config.enable_sni = tls.server_name.is_some();
        let name = ServerName::try_from(tls.server_name.unwrap_or("unnamed.test")).unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| error.to_string())?;
        let session = stream.get_ref().1;
        let shown = session.peer_certificates().and_then(|chain| chain.first());
        let known = self
            .named
            .iter()
            .find(|(_, named)| Some(&named.der) == shown);
        let lines = vec![
            version_line(session.protocol_version(), session.alpn_protocol()),
            format!("server certificate {}", known.map_or("?", |(name, _)| name)),
        ];
        Ok((stream, lines))
    }

    fn identity(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let named = &self.named[name];
        let key = PrivateKeyDer::try_from(named.key.serialize_der()).unwrap();
        (vec![named.der.clone()], key)
    }
}

/// Accepts TLS, and tells what the proxy offered.
#[derive(Clone)]
pub(crate) struct Acceptor {
    config: Arc<ServerConfig>,
    names: Vec<(&'static str, CertificateDer<'static>)>,
}

impl Acceptor {
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> Result<(server::TlsStream<TcpStream>, Vec<String>), Vec<String>> {
        let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
        let start = acceptor
            .await
            .map_err(|error| vec![format!("no hello: {error}")])?;
        let hello = start.client_hello();
        let offered = hello.alpn().into_iter().flatten();
        let offered: Vec<_> = offered
            .map(|name| name.escape_ascii().to_string())
            .collect();
        let name = hello.server_name().unwrap_or("none");
        let mut lines = vec![format!("server name {name}, offers {offered:?}")];
        match start.into_stream(Arc::clone(&self.config)).await {
            Ok(stream) => {
                let session = stream.get_ref().1;
                lines.push(version_line(
                    session.protocol_version(),
                    session.alpn_protocol(),
                ));
                let shown = session.peer_certificates().and_then(|chain| chain.first());
                let known = self.names.iter().find(|(_, der)| Some(der) == shown);
                lines.push(format!(
                    "client certificate {}",
                    known.map_or("none", |(name, _)| name)
                ));
                Ok((stream, lines))
            }
            Err(error) => {
                lines.push(format!("no handshake: {error}"));
                Err(lines)
            }
        }
    }
}

fn leaf(name: &str, names: &[&str], expired: bool, issuer: &CertifiedIssuer<'_, KeyPair>) -> Named {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    for name in names {
        let name_of = |text: &str| text.try_into().unwrap();
        params.subject_alt_names.push(if name.contains("://") {
            SanType::URI(name_of(name))
        } else {
            SanType::DnsName(name_of(name))
        });
    }
    if expired {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    Named {
        chain: certificate.pem(),
        der: certificate.der().clone(),
        key,
    }
}

fn versions(
    only: Option<&'static SupportedProtocolVersion>,
) -> Vec<&'static SupportedProtocolVersion> {
    only.map_or_else(|| rustls::ALL_VERSIONS.to_vec(), |version| vec![version])
}

fn bytes(protocols: &[&str]) -> Vec<Vec<u8>> {
    protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect()
}

fn version_line(version: Option<ProtocolVersion>, protocol: Option<&[u8]>) -> String {
    let protocol = protocol.map_or("none".to_owned(), |name| name.escape_ascii().to_string());
    format!("{:?}, protocol {protocol}", version.unwrap())
}

/// Takes every certificate: which one it was is part of the observation.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
