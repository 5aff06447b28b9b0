//! Loads certificates with their keys, and chooses the one for a client.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use rustls::server::ClientHello;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{CipherSuite, Error, InconsistentKeys, SignatureAlgorithm, SignatureScheme};

use super::certificate::Certificate;
use super::parameters::SIGNATURES;
use crate::config::model::source::{Bytes, DataSource};
use crate::config::model::tls::TlsCertificate;
use crate::config::problem::Problem;

/// A certificate with its key.
#[derive(Debug)]
pub struct Identity {
    /// The certificate and those that are sent behind it.
    pub certificate: Certificate,
    /// The file that it is from, if it is from one.
    pub path: Option<PathBuf>,
    pub(super) key: Arc<CertifiedKey>,
    kind: Kind,
}

/// What a client must be able to verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    Ecdsa(SignatureScheme),
    Other,
}

impl Identity {
    /// Loads a certificate and its key, as they are now.
    pub fn load(certificate: &TlsCertificate, provider: &CryptoProvider) -> Result<Self, Problem> {
        let chain = read(&certificate.chain, "certificate")?;
        let key = read(&certificate.key, "key")?;
        let chain = certificates(&chain, &certificate.chain)?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| {
            let message = format!("{} holds no private key in PEM", place(&certificate.key));
            let hint = "a key begins with `-----BEGIN PRIVATE KEY-----`, without a passphrase";
            certificate.key.spot.problem(message, hint)
        })?;
        let mut certified = CertifiedKey::from_der(chain.clone(), key, provider)
            .map_err(|error| unusable(certificate, &error))?;
        certified.key = Arc::new(Signer(certified.key));
        let scheme = match certified.key.algorithm() {
            SignatureAlgorithm::RSA => Kind::Rsa,
            SignatureAlgorithm::ECDSA => ECDSA
                .into_iter()
                .find(|scheme| certified.key.choose_scheme(&[*scheme]).is_some())
                .map_or(Kind::Other, Kind::Ecdsa),
            _ => Kind::Other,
        };
        let leaf = Certificate::new(chain).ok_or_else(|| {
            let message = format!("{} holds no certificate", place(&certificate.chain));
            certificate.chain.spot.problem(message, "")
        })?;
        Ok(Self {
            certificate: leaf,
            path: path(&certificate.chain),
            key: Arc::new(certified),
            kind: scheme,
        })
    }
}

/// Signs in the first way that BoringSSL would, where a key leaves a choice.
#[derive(Debug)]
struct Signer(Arc<dyn SigningKey>);

impl SigningKey for Signer {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        let ours = SIGNATURES.iter().filter(|scheme| offered.contains(scheme));
        let mut ours = ours.filter_map(|scheme| self.0.choose_scheme(&[*scheme]));
        ours.next().or_else(|| self.0.choose_scheme(offered))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        self.0.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

/// The certificates of a server, by the names that they are for.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// By name, with the one label cut off that `*` stands for; at most one of each kind.
    by_name: HashMap<String, Vec<usize>>,
    kinds: Vec<Kind>,
    full_scan: bool,
}

impl Selection {
    pub(super) fn new(identities: &[Arc<Identity>], full_scan: bool) -> Self {
        let mut selection = Self {
            by_name: HashMap::new(),
            kinds: identities.iter().map(|identity| identity.kind).collect(),
            full_scan,
        };
        for (index, identity) in identities.iter().enumerate() {
            let facts = identity.certificate.facts();
            let common = (!facts.has_names).then_some(&facts.common_name);
            for name in facts
                .hosts
                .iter()
                .chain(common.filter(|name| !name.is_empty()))
            {
                let name = if name.starts_with("*.") {
                    &name[1..]
                } else {
                    name
                };
                let same = selection.by_name.entry(name.to_owned()).or_default();
                let family = |kind: Kind| std::mem::discriminant(&kind);
                let kinds = &selection.kinds;
                if !same
                    .iter()
                    .any(|other| family(kinds[*other]) == family(identity.kind))
                {
                    same.push(index);
                }
            }
        }
        selection
    }

    /// Which certificate a client gets, as Envoy chooses: one for its SNI, of a kind that it can
    /// verify, ECDSA before RSA; else the first.
    pub(super) fn choose(&self, hello: &ClientHello<'_>) -> usize {
        if self.kinds.len() < 2 {
            return 0;
        }
        let curves = curves(hello);
        let sni = hello.server_name().unwrap_or_default();
        if !sni.is_empty() {
            let found = self.named(sni, &curves).or_else(|| {
                let dot = sni.get(1..)?.find('.')? + 1;
                let parent = &sni[dot..];
                (parent.len() > 1).then(|| self.named(parent, &curves))?
            });
            match found {
                Some(found) => return found,
                None if !self.full_scan => return 0,
                None => {}
            }
        }
        self.best(0..self.kinds.len(), &curves).unwrap_or(0)
    }

    fn named(&self, name: &str, curves: &[SignatureScheme]) -> Option<usize> {
        self.best(self.by_name.get(name)?.iter().copied(), curves)
    }

    /// The first that is of the best kind; RSA is better than nothing for a client that knows ECDSA.
    fn best(
        &self,
        candidates: impl Iterator<Item = usize>,
        curves: &[SignatureScheme],
    ) -> Option<usize> {
        let mut second = None;
        for index in candidates {
            match self.kinds[index] {
                Kind::Ecdsa(scheme) if curves.contains(&scheme) => return Some(index),
                Kind::Ecdsa(_) => {}
                _ if curves.is_empty() => return Some(index),
                _ => second = second.or(Some(index)),
            }
        }
        second
    }
}

/// Reads what a source holds.
pub(super) fn read(source: &DataSource, what: &str) -> Result<Vec<u8>, Problem> {
    source.read().map_err(|error| {
        let message = format!("cannot read the {what} from {}: {error}", place(source));
        source.spot.problem(message, "")
    })
}

/// The certificates of a PEM text, one at least.
pub(super) fn certificates(
    text: &[u8],
    source: &DataSource,
) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(|| {
        let message = format!("{} holds no certificate in PEM", place(source));
        source.spot.problem(
            message,
            "a certificate begins with `-----BEGIN CERTIFICATE-----`",
        )
    })
}

/// The file that a source is.
pub(super) fn path(source: &DataSource) -> Option<PathBuf> {
    match &source.from {
        Bytes::File(path) => Some(path.clone()),
        // As in Envoy, what discovery brings has no file of its own.
        Bytes::Read(..) | Bytes::Inline(_) | Bytes::Environment(_) => None,
    }
}

/// Where a source is, to be named to people.
pub(super) fn place(source: &DataSource) -> String {
    match &source.from {
        Bytes::File(path) | Bytes::Read(path, _) => format!("`{}`", path.display()),
        Bytes::Inline(_) => "the text that stands here".to_owned(),
        Bytes::Environment(name) => format!("the environment variable `{name}`"),
    }
}

/// ECDSA by curve.
const ECDSA: [SignatureScheme; 3] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
];

/// The curves of ECDSA that a client can verify.
fn curves(hello: &ClientHello<'_>) -> Vec<SignatureScheme> {
    let ecdsa_suite = |suite: &CipherSuite| {
        matches!(
            suite,
            CipherSuite::TLS13_AES_128_GCM_SHA256
                | CipherSuite::TLS13_AES_256_GCM_SHA384
                | CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        )
    };
    if !hello.cipher_suites().iter().any(ecdsa_suite) {
        return Vec::new();
    }
    let schemes = hello.signature_schemes();
    ECDSA
        .into_iter()
        .filter(|scheme| schemes.contains(scheme))
        .collect()
}

fn unusable(certificate: &TlsCertificate, error: &Error) -> Problem {
    let chain = place(&certificate.chain);
    let key = place(&certificate.key);
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => certificate.key.spot.problem(
            format!("the key in {key} does not belong to the certificate in {chain}"),
            "the leaf's certificate comes first in the chain",
        ),
        Error::InvalidCertificate(_) => certificate
            .chain
            .spot
            .problem(format!("the certificate in {chain} cannot be read"), ""),
        error => certificate
            .key
            .spot
            .problem(format!("the key in {key} cannot be used: {error}"), ""),
    }
}
