//! Tells of a session what rules, headers and logs may ask for.

use super::certificate::Certificate;
use super::session::Session;
use crate::facts;

/// Which texts of a peer's certificate are needed: they are long, and a connection keeps them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pem {
    /// The certificate.
    pub leaf: bool,
    /// It and its issuers.
    pub chain: bool,
}

impl Session {
    /// What may be asked for.
    pub fn facts(&self, pem: Pem) -> facts::Tls {
        let local = self.local.as_ref();
        facts::Tls {
            version: self.handshake.version.to_owned(),
            cipher: self.handshake.cipher.to_owned(),
            peer: self.peer.as_ref().map(|it| certificate(it, pem)),
            local_uris: local
                .map(|it| it.certificate.facts().uris.clone())
                .unwrap_or_default(),
        }
    }
}

fn certificate(certificate: &Certificate, pem: Pem) -> facts::Certificate {
    let known = certificate.facts();
    let text = |wanted: bool, text: fn(&Certificate) -> String| {
        if wanted {
            text(certificate)
        } else {
            String::new()
        }
    };
    facts::Certificate {
        subject: known.subject.clone(),
        issuer: known.issuer.clone(),
        serial: known.serial.clone(),
        fingerprint: certificate.fingerprint(),
        uris: known.uris.clone(),
        dns: known.hosts.clone(),
        encoded: text(pem.leaf, Certificate::pem),
        encoded_chain: text(pem.chain, Certificate::pem_chain),
    }
}
