//! Checks certificates and keys: readable, of one pair, not expired.

use std::time::{SystemTime, UNIX_EPOCH};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::config::model::source::{Bytes, DataSource};
use crate::config::model::tls::{TlsCertificate, ValidationContext};
use crate::config::problem::Problem;

/// What is wrong with a certificate and its key.
pub(super) fn pair(certificate: &TlsCertificate, now: SystemTime) -> Vec<Problem> {
    let chain = chain(&certificate.chain).and_then(|chain| {
        not_expired(&certificate.chain, &chain, now)?;
        Ok(chain)
    });
    let key = key(&certificate.key);
    let (chain, key) = match (chain, key) {
        (Ok(chain), Ok(key)) => (chain, key),
        (chain, key) => return chain.err().into_iter().chain(key.err()).collect(),
    };
    let refuse = |message: String, hint: &str| vec![certificate.key.spot.problem(message, hint)];
    match aws_lc_rs::sign::any_supported_type(&key) {
        Err(error) => refuse(format!("this key cannot be used: {error}"), KINDS),
        Ok(key) => match CertifiedKey::new(chain, key).keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
                Vec::new()
            }
            Err(_) => {
                let message = format!("{} does not match the certificate", name(&certificate.key));
                let hint = format!("the certificate is {}", name(&certificate.chain));
                refuse(message, &hint)
            }
        },
    }
}

const KINDS: &str = "keys are RSA of 2048 bits or more, ECDSA P-256, P-384 or P-521, or Ed25519";

/// What is wrong with roots and lists of revoked certificates.
pub(super) fn roots(context: &ValidationContext) -> Vec<Problem> {
    let roots = context.roots.as_ref().map(|roots| {
        let chain = chain(roots)?;
        for certificate in &chain {
            parse(roots, certificate)?;
        }
        Ok(())
    });
    let revoked = context.revoked.as_ref().map(revoked);
    roots
        .into_iter()
        .chain(revoked)
        .filter_map(Result::err)
        .collect()
}

/// How a message calls where bytes are.
fn name(source: &DataSource) -> String {
    match &source.from {
        Bytes::File(path) | Bytes::Read(path, _) => format!("`{}`", path.display()),
        Bytes::Inline(_) => "what stands here".to_owned(),
        Bytes::Environment(variable) => format!("the environment variable `{variable}`"),
    }
}

fn read(source: &DataSource) -> Result<Vec<u8>, Problem> {
    source.read().map_err(|error| {
        let message = format!("{} cannot be read: {error}", name(source));
        source.spot.problem(message, "")
    })
}

/// Certificates in PEM, at least one.
fn chain(source: &DataSource) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let bytes = read(source)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let refuse = |reason: String| {
        let message = format!("{} holds no certificate: {reason}", name(source));
        source
            .spot
            .problem(message, "certificates are PEM: -----BEGIN CERTIFICATE-----")
    };
    match chain {
        Ok(chain) if chain.is_empty() => Err(refuse("there is no such block".to_owned())),
        Ok(chain) => Ok(chain),
        Err(error) => Err(refuse(error.to_string())),
    }
}

fn key(source: &DataSource) -> Result<PrivateKeyDer<'static>, Problem> {
    let bytes = read(source)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        let reason = match error {
            rustls::pki_types::pem::Error::NoItemsFound => "there is no such block".to_owned(),
            other => other.to_string(),
        };
        let message = format!("{} holds no private key: {reason}", name(source));
        source.spot.problem(
            message,
            "keys are PEM, not encrypted: -----BEGIN PRIVATE KEY-----",
        )
    })
}

fn revoked(source: &DataSource) -> Result<(), Problem> {
    let bytes = read(source)?;
    let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    match lists {
        Ok(lists) if !lists.is_empty() => Ok(()),
        _ => {
            let message = format!("{} holds no list of revoked certificates", name(source));
            Err(source
                .spot
                .problem(message, "lists are PEM: -----BEGIN X509 CRL-----"))
        }
    }
}

fn parse<'a>(
    source: &DataSource,
    certificate: &'a CertificateDer<'_>,
) -> Result<X509Certificate<'a>, Problem> {
    match X509Certificate::from_der(certificate) {
        Ok((_, parsed)) => Ok(parsed),
        Err(error) => {
            let message = format!(
                "{} holds what is no X.509 certificate: {error}",
                name(source)
            );
            Err(source.spot.problem(message, ""))
        }
    }
}

/// The leaf must not have expired.
fn not_expired(
    source: &DataSource,
    chain: &[CertificateDer<'_>],
    now: SystemTime,
) -> Result<(), Problem> {
    let Some(leaf) = chain.first() else {
        return Ok(());
    };
    let end = parse(source, leaf)?.validity().not_after;
    let now = now
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    if i64::try_from(now).is_ok_and(|now| now > end.timestamp()) {
        let message = format!("the certificate in {} expired at {end}", name(source));
        return Err(source
            .spot
            .problem(message, "put a new certificate and its key there"));
    }
    Ok(())
}
