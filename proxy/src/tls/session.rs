//! What is known of a connection after its handshake: who is there, and what was agreed on.

use std::sync::Arc;

use rustls::crypto::SupportedKxGroup;
use rustls::pki_types::UnixTime;
use rustls::{CommonState, HandshakeKind, NamedGroup, ProtocolVersion};

use super::certificate::{Certificate, KeyKind};
use super::identity::Identity;
use super::outcome::{Counter, Failure, Handshake};
use super::parameters::{cipher_name, group_name, version_name};
use super::trust::{Role, Trust, Validated};

/// A connection after its handshake.
#[derive(Debug, Clone)]
pub struct Session {
    /// What was agreed on, and what it counts.
    pub handshake: Handshake,
    /// The certificate of the peer.
    pub peer: Option<Certificate>,
    /// What is known of it.
    pub validated: Validated,
    /// Our own certificate; a client has one although its server may not have asked.
    pub local: Option<Arc<Identity>>,
    /// The protocol that was agreed on.
    pub protocol: Option<Vec<u8>>,
    /// SNI in lower case, sent or received.
    pub sni: Option<String>,
}

/// What a stream does not tell.
#[derive(Debug, Default)]
pub(super) struct Known<'a> {
    /// What the certificate had to be for.
    pub(super) host: Option<&'a str>,
    pub(super) local: Option<Arc<Identity>>,
    pub(super) sni: Option<String>,
    /// The group of the handshake that a session of TLS 1.2 began with.
    pub(super) group: Option<NamedGroup>,
}

impl Session {
    /// Looks at a connection. A resumed session is verified again, as whom to believe may have
    /// changed (as in Envoy).
    pub(super) fn of(
        state: &CommonState,
        role: Role,
        trust: &Trust,
        known: Known<'_>,
    ) -> Result<Self, Failure> {
        let resumed = is_resumed(state);
        let chain = state
            .peer_certificates()
            .map(<[_]>::to_vec)
            .unwrap_or_default();
        let (mut validated, mut distrusted) = (Validated::No, None);
        if !chain.is_empty() {
            if resumed || trust.accepts_untrusted() {
                match trust.verify(role, &chain, known.host, UnixTime::now()) {
                    Ok(found) => validated = found,
                    Err(distrust) if trust.accepts_untrusted() => {
                        distrusted = Some(distrust.counter());
                        validated = Validated::Untrusted;
                    }
                    Err(distrust) => return Err(distrust.into()),
                }
            } else if trust.verifies() || known.host.is_some() {
                validated = Validated::Good;
            }
        }
        let peer = Certificate::new(chain);
        Ok(Self {
            handshake: handshake(state, peer.as_ref(), known.group, distrusted),
            peer,
            validated,
            local: known.local,
            protocol: state.alpn_protocol().map(<[_]>::to_vec),
            sni: known.sni,
        })
    }
}

fn is_resumed(state: &CommonState) -> bool {
    state.handshake_kind() == Some(HandshakeKind::Resumed)
}

fn handshake(
    state: &CommonState,
    peer: Option<&Certificate>,
    noted: Option<NamedGroup>,
    distrusted: Option<Counter>,
) -> Handshake {
    let version = state.protocol_version().unwrap_or(ProtocolVersion::TLSv1_2);
    let cipher = state.negotiated_cipher_suite();
    let group = state
        .negotiated_key_exchange_group()
        .map(SupportedKxGroup::name);
    Handshake {
        version: version_name(version),
        cipher: cipher.map_or("unknown_ssl_cipher", |suite| cipher_name(suite.suite())),
        curve: group.or(noted).map(group_name),
        signature: peer.and_then(|peer| signature(peer.facts().key)),
        resumed: is_resumed(state),
        certificate: peer.is_some(),
        distrusted,
    }
}

/// How a peer with such a key signs: rustls does not tell, but the key leaves no choice, and with
/// RSA peers take the first that we offer.
fn signature(key: KeyKind) -> Option<&'static str> {
    match key {
        KeyKind::Rsa => Some("rsa_pss_rsae_sha256"),
        KeyKind::P256 => Some("ecdsa_secp256r1_sha256"),
        KeyKind::P384 => Some("ecdsa_secp384r1_sha384"),
        KeyKind::Other => None,
    }
}
