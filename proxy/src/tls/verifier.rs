//! Lets rustls verify peers as Envoy does: no host name unless one is asked for.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::parameters::SIGNATURES;
use super::trust::{Role, Trust};

/// Verifies clients.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) trust: Arc<Trust>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    pub(super) mandatory: bool,
}

/// Verifies servers.
#[derive(Debug)]
pub(super) struct Servers {
    pub(super) trust: Arc<Trust>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    /// The certificate must be for the name that is asked for.
    pub(super) by_name: bool,
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.trust.subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        verify(&self.trust, Role::Client, (leaf, rest), None, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
            .map_err(|_| bad_signature())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
            .map_err(|_| bad_signature())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SIGNATURES.to_vec()
    }
}

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let host = self.by_name.then(|| name.to_str());
        verify(
            &self.trust,
            Role::Server,
            (leaf, rest),
            host.as_deref(),
            now,
        )?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
            .map_err(|_| bad_signature())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
            .map_err(|_| bad_signature())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SIGNATURES.to_vec()
    }
}

fn verify(
    trust: &Trust,
    role: Role,
    (leaf, rest): (&CertificateDer<'_>, &[CertificateDer<'_>]),
    host: Option<&str>,
    now: UnixTime,
) -> Result<(), Error> {
    let chain: Vec<_> = std::iter::once(leaf).chain(rest).cloned().collect();
    match trust.verify(role, &chain, host, now) {
        Ok(_) => Ok(()),
        Err(_) if trust.accepts_untrusted() => Ok(()),
        Err(distrust) => Err(distrust.into_rustls()),
    }
}

/// A signature of a handshake that is wrong: no fault of the certificate.
fn bad_signature() -> Error {
    Error::General("bad signature of a handshake".to_owned())
}
