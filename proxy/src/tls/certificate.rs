//! Reads what a certificate says: names, serial number, fingerprint, validity.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::AlgorithmIdentifier;

use super::name;

/// A certificate with those that were sent behind it. What it says is read when it is asked for.
#[derive(Debug, Clone)]
pub struct Certificate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    chain: Vec<CertificateDer<'static>>,
    facts: OnceLock<Facts>,
}

/// What a certificate says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The subject as RFC 2253 has it.
    pub subject: String,
    /// The issuer as RFC 2253 has it.
    pub issuer: String,
    /// The value of the first common name of the subject; empty without one.
    pub common_name: String,
    /// The serial number in lower case hexadecimal.
    pub serial: String,
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// SHA-256 of its public key.
    pub public_key: [u8; 32],
    /// Names that are URIs.
    pub uris: Vec<String>,
    /// Names of hosts.
    pub hosts: Vec<String>,
    /// Names that are IP addresses.
    pub addresses: Vec<String>,
    /// All of these names, and mail addresses, in the order of the certificate.
    pub names: Vec<String>,
    /// It has names besides the subject.
    pub has_names: bool,
    /// When it begins to be valid, in seconds since 1970.
    pub not_before: i64,
    /// The last second in which it is valid.
    pub not_after: i64,
    /// Its key may sign handshakes.
    pub may_sign: bool,
    /// What kind of key it has.
    pub key: KeyKind,
}

/// A kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyKind {
    /// RSA.
    Rsa,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// Another.
    #[default]
    Other,
}

impl Certificate {
    /// A certificate, the first of `chain`; nothing of none.
    pub fn new(chain: Vec<CertificateDer<'static>>) -> Option<Self> {
        let facts = OnceLock::new();
        (!chain.is_empty()).then(|| Self(Arc::new(Inner { chain, facts })))
    }

    /// The certificate first, then those behind it.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.0.chain
    }

    /// What it says; nothing if it cannot be read, which no verified certificate is.
    pub fn facts(&self) -> &Facts {
        self.0
            .facts
            .get_or_init(|| Facts::of(&self.0.chain[0]).unwrap_or_default())
    }

    /// SHA-256 of the certificate in lower case hexadecimal.
    pub fn fingerprint(&self) -> String {
        hexadecimal(&self.facts().fingerprint)
    }

    /// The certificate as PEM, escaped as Envoy puts it into headers.
    pub fn pem(&self) -> String {
        let mut out = String::new();
        escaped_pem(&self.0.chain[0], &mut out);
        out
    }

    /// The whole chain as PEM, escaped likewise.
    pub fn pem_chain(&self) -> String {
        let mut out = String::new();
        for certificate in &self.0.chain {
            escaped_pem(certificate, &mut out);
        }
        out
    }
}

impl Facts {
    /// What a certificate says; nothing if it is none.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let common_name = parsed.subject().iter_common_name().next();
        let mut facts = Self {
            subject: name::print(parsed.subject()),
            issuer: name::print(parsed.issuer()),
            common_name: common_name
                .map(|name| String::from_utf8_lossy(name.as_slice()).into_owned())
                .unwrap_or_default(),
            serial: serial(parsed.raw_serial()),
            fingerprint: sha256(certificate),
            public_key: sha256(parsed.public_key().raw),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            may_sign: true,
            key: key_kind(&parsed.public_key().algorithm),
            ..Self::default()
        };
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    facts.has_names = true;
                    names.general_names.iter().for_each(|name| facts.add(name));
                }
                ParsedExtension::KeyUsage(usage) => {
                    facts.may_sign = usage.digital_signature() || usage.key_agreement();
                }
                _ => {}
            }
        }
        Some(facts)
    }

    fn add(&mut self, name: &GeneralName<'_>) {
        let (kind, name) = match name {
            GeneralName::URI(uri) => (Some(&mut self.uris), Some((*uri).to_owned())),
            GeneralName::DNSName(host) => (Some(&mut self.hosts), Some((*host).to_owned())),
            GeneralName::RFC822Name(mail) => (None, Some((*mail).to_owned())),
            GeneralName::IPAddress(bytes) => (Some(&mut self.addresses), address(bytes)),
            _ => return,
        };
        if let Some(kind) = kind {
            kind.extend(name.clone());
        }
        self.names.extend(name);
    }
}

/// Bytes in lower case hexadecimal.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn key_kind(algorithm: &AlgorithmIdentifier<'_>) -> KeyKind {
    let curve = || {
        algorithm
            .parameters
            .as_ref()?
            .as_oid()
            .ok()
            .map(|oid| oid.to_id_string())
    };
    match &*algorithm.algorithm.to_id_string() {
        "1.2.840.113549.1.1.1" => KeyKind::Rsa,
        "1.2.840.10045.2.1" => match curve().as_deref() {
            Some("1.2.840.10045.3.1.7") => KeyKind::P256,
            Some("1.3.132.0.34") => KeyKind::P384,
            _ => KeyKind::Other,
        },
        _ => KeyKind::Other,
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// A serial number as BoringSSL writes it: whole bytes without leading zeros, 0 as one digit.
fn serial(bytes: &[u8]) -> String {
    let start = bytes.iter().position(|byte| *byte != 0);
    start.map_or_else(|| "0".to_owned(), |start| hexadecimal(&bytes[start..]))
}

fn address(bytes: &[u8]) -> Option<String> {
    let address = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let address = address.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
    address.ok().map(|address| address.to_string())
}

/// PEM of a certificate with the characters escaped that headers could not carry.
fn escaped_pem(certificate: &[u8], out: &mut String) {
    out.push_str("-----BEGIN%20CERTIFICATE-----%0A");
    let text = STANDARD.encode(certificate);
    for line in text.as_bytes().chunks(64) {
        for byte in line {
            match byte {
                b'+' => out.push_str("%2B"),
                b'/' => out.push_str("%2F"),
                b'=' => out.push_str("%3D"),
                other => out.push(char::from(*other)),
            }
        }
        out.push_str("%0A");
    }
    out.push_str("-----END%20CERTIFICATE-----%0A");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_who_it_is() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::default();
        let names = ["a.example", "10.1.2.3"].map(str::to_owned);
        parameters.subject_alt_names = rcgen::CertificateParams::new(names)
            .unwrap()
            .subject_alt_names;
        let uri = "spiffe://cluster.local/ns/shop/sa/cart";
        parameters
            .subject_alt_names
            .push(rcgen::SanType::URI(uri.try_into().unwrap()));
        parameters.serial_number = Some(rcgen::SerialNumber::from_slice(&[0, 0x0a, 0xbc]));
        parameters
            .distinguished_name
            .push(rcgen::DnType::CommonName, "cart");
        let certificate = parameters.self_signed(&key).unwrap();
        let certificate = Certificate::new(vec![certificate.der().clone()]).unwrap();
        let facts = certificate.facts();
        assert_eq!(facts.serial, "0abc");
        assert_eq!(facts.uris, [uri]);
        assert_eq!(facts.hosts, ["a.example"]);
        assert_eq!(facts.addresses, ["10.1.2.3"]);
        assert_eq!(facts.common_name, "cart");
        assert_eq!(facts.issuer, facts.subject);
        assert!(facts.has_names && facts.may_sign);
        assert_eq!(certificate.fingerprint().len(), 64);
        let pem = certificate.pem();
        assert!(pem.starts_with("-----BEGIN%20CERTIFICATE-----%0AMII"));
        assert!(!pem.contains(['+', '/', '=', '\n', ' ']));
        assert_eq!(certificate.pem_chain(), pem);
    }

    #[test]
    fn what_is_no_certificate_says_nothing() {
        assert_eq!(Facts::of(b"no"), None);
        let certificate = Certificate::new(vec![CertificateDer::from(vec![1, 2])]).unwrap();
        assert_eq!(certificate.facts(), &Facts::default());
        assert!(Certificate::new(Vec::new()).is_none());
    }
}
