//! Turns versions, ciphers and groups of the configuration into what rustls takes, and names them.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme, SupportedCipherSuite,
    SupportedProtocolVersion,
};

use crate::config::model::tls::{Cipher, Group, TlsParameters, TlsVersion};

/// Which of AES-128 and `ChaCha20` comes first among the ciphers of TLS 1.2; Envoy's default list
/// has them at the same place, where the client's order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Aes,
    ChaCha,
}

/// The cryptography that `parameters` allow, with the ciphers in the order of preference.
pub(super) fn provider(parameters: &TlsParameters, first: First) -> Arc<CryptoProvider> {
    // BoringSSL's order on a machine that has AES in hardware; it has no way to choose others.
    let mut suites = vec![
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS13_AES_256_GCM_SHA384,
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    ];
    if parameters.ciphers.is_empty() {
        suites.extend(default_ciphers(first).map(suite));
    } else {
        suites.extend(parameters.ciphers.iter().copied().map(suite));
    }
    // Else rustls would offer the ciphers of versions that it does not offer.
    let versions = versions(parameters);
    suites.retain(|suite| versions.contains(&suite.version()));
    Arc::new(CryptoProvider {
        cipher_suites: suites,
        kx_groups: groups(parameters),
        ..default_provider()
    })
}

/// The groups that `parameters` allow, the best first.
pub(super) fn groups(parameters: &TlsParameters) -> Vec<&'static dyn SupportedKxGroup> {
    let groups = match &*parameters.groups {
        [] => &DEFAULT_GROUPS[..],
        groups => groups,
    };
    groups.iter().copied().map(group).collect()
}

/// The versions that `parameters` allow.
pub(super) fn versions(parameters: &TlsParameters) -> Vec<&'static SupportedProtocolVersion> {
    let allowed = parameters.minimum..=parameters.maximum;
    [(TlsVersion::V1_3, &TLS13), (TlsVersion::V1_2, &TLS12)]
        .into_iter()
        .filter_map(|(version, supported)| allowed.contains(&version).then_some(supported))
        .collect()
}

/// What signatures peers may use in a handshake, in BoringSSL's order: no Ed25519, no P-521.
pub(super) const SIGNATURES: [SignatureScheme; 8] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// OpenSSL's name of a cipher, which Envoy counts and logs.
pub(super) fn cipher_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
            "ECDHE-ECDSA-CHACHA20-POLY1305"
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        _ => "unknown_ssl_cipher",
    }
}

/// BoringSSL's name of a version.
pub(super) fn version_name(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        _ => "unknown_ssl_version",
    }
}

/// BoringSSL's name of a group.
pub(super) fn group_name(group: NamedGroup) -> &'static str {
    match group {
        NamedGroup::X25519MLKEM768 => "X25519MLKEM768",
        NamedGroup::X25519 => "X25519",
        NamedGroup::secp256r1 => "P-256",
        NamedGroup::secp384r1 => "P-384",
        _ => "unknown_ssl_curve",
    }
}

const DEFAULT_GROUPS: [Group; 3] = [Group::X25519MlKem768, Group::X25519, Group::P256];

fn default_ciphers(first: First) -> impl Iterator<Item = Cipher> {
    let ecdsa = [Cipher::EcdheEcdsaAes128, Cipher::EcdheEcdsaChacha20];
    let rsa = [Cipher::EcdheRsaAes128, Cipher::EcdheRsaChacha20];
    let ordered = move |[aes, chacha]: [Cipher; 2]| match first {
        First::Aes => [aes, chacha],
        First::ChaCha => [chacha, aes],
    };
    let rest = [Cipher::EcdheEcdsaAes256, Cipher::EcdheRsaAes256];
    ordered(ecdsa).into_iter().chain(ordered(rsa)).chain(rest)
}

fn suite(cipher: Cipher) -> SupportedCipherSuite {
    match cipher {
        Cipher::EcdheEcdsaAes128 => cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        Cipher::EcdheEcdsaAes256 => cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        Cipher::EcdheEcdsaChacha20 => cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        Cipher::EcdheRsaAes128 => cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        Cipher::EcdheRsaAes256 => cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        Cipher::EcdheRsaChacha20 => cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    }
}

fn group(group: Group) -> &'static dyn SupportedKxGroup {
    match group {
        Group::X25519MlKem768 => kx_group::X25519MLKEM768,
        Group::X25519 => kx_group::X25519,
        Group::P256 => kx_group::SECP256R1,
        Group::P384 => kx_group::SECP384R1,
    }
}
