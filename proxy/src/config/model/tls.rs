//! TLS: certificates, keys, and whom to believe.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::matcher::StringMatcher;
use super::source::{ConfigSource, DataSource};
use crate::config::cursor::Spot;
use crate::config::message::Message;

/// TLS towards clients.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the options of Envoy")]
pub struct DownstreamTls {
    /// What both sides share.
    pub common: CommonTls,
    /// A client without a certificate is refused.
    pub require_client_certificate: bool,
    /// A client without SNI is refused.
    pub require_sni: bool,
    /// Sessions are not resumed by ticket.
    pub disable_tickets: bool,
    /// Sessions are not resumed by id.
    pub disable_session_ids: bool,
    /// How long a session can be resumed.
    pub session_timeout: Option<Duration>,
    /// Without a certificate for the SNI, all are looked at, not only the first.
    pub full_scan: bool,
}

/// TLS towards upstreams.
#[derive(Debug, Clone)]
pub struct UpstreamTls {
    /// What both sides share.
    pub common: CommonTls,
    /// SNI; none if empty.
    pub sni: String,
    /// SNI is the host name of the endpoint.
    pub auto_host_sni: bool,
    /// The certificate must be for the SNI.
    pub validate_sni: bool,
    /// Sessions that are kept to be resumed.
    pub max_session_keys: u32,
}

/// What both sides of TLS share.
#[derive(Debug, Clone)]
pub struct CommonTls {
    /// Versions, ciphers, curves.
    pub parameters: TlsParameters,
    /// Certificates that stand here.
    pub certificates: Vec<Arc<TlsCertificate>>,
    /// Certificates that are secrets.
    pub certificate_secrets: Vec<SecretReference>,
    /// Whom to believe; without it any certificate is taken.
    pub validation: Validation,
    /// Protocols in order of preference.
    pub alpn: Vec<String>,
    /// Where it is configured.
    pub spot: Spot,
}

/// Whom to believe.
#[derive(Debug, Clone)]
pub enum Validation {
    /// Any certificate.
    None,
    /// By what stands here.
    Inline(Arc<ValidationContext>),
    /// By a secret.
    Secret(SecretReference),
    /// By what stands here and a secret, whose fields win.
    Combined(Arc<ValidationContext>, SecretReference),
}

/// A secret by name.
#[derive(Debug, Clone)]
pub struct SecretReference {
    /// The name.
    pub name: String,
    /// Where it comes from; a static secret without it.
    pub source: Option<ConfigSource>,
}

/// Versions, ciphers, curves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsParameters {
    /// The least version.
    pub minimum: TlsVersion,
    /// The greatest version.
    pub maximum: TlsVersion,
    /// Ciphers of TLS 1.2 by OpenSSL's names, the best first; empty for all.
    pub ciphers: Vec<Cipher>,
    /// Groups, the best first; empty for all, X25519MLKEM768 first.
    pub groups: Vec<Group>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

macro_rules! names {
    ($(#[$meta:meta])* $kind:ident { $($name:ident $word:literal)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind {
            $(#[doc = concat!("`", $word, "`")] $name,)*
        }

        impl $kind {
            /// Every one by name.
            pub const ALL: &[(&'static str, Self)] = &[$(($word, Self::$name)),*];

            /// The one of this name.
            pub fn of(name: &str) -> Option<Self> {
                let known = Self::ALL.iter().find(|(known, _)| *known == name);
                known.map(|(_, value)| *value)
            }
        }
    };
}

names! {
    /// A cipher of TLS 1.2, by OpenSSL's name.
    Cipher {
        EcdheEcdsaAes128 "ECDHE-ECDSA-AES128-GCM-SHA256"
        EcdheEcdsaAes256 "ECDHE-ECDSA-AES256-GCM-SHA384"
        EcdheEcdsaChacha20 "ECDHE-ECDSA-CHACHA20-POLY1305"
        EcdheRsaAes128 "ECDHE-RSA-AES128-GCM-SHA256"
        EcdheRsaAes256 "ECDHE-RSA-AES256-GCM-SHA384"
        EcdheRsaChacha20 "ECDHE-RSA-CHACHA20-POLY1305"
    }
}

names! {
    /// A group of a key exchange, by `BoringSSL`'s name.
    Group {
        X25519MlKem768 "X25519MLKEM768"
        X25519 "X25519"
        P256 "P-256"
        P384 "P-384"
    }
}

/// A certificate with its key.
#[derive(Debug, Clone)]
pub struct TlsCertificate {
    /// The leaf first, as PEM.
    pub chain: DataSource,
    /// The key, as PEM.
    pub key: DataSource,
    /// A directory whose renames say that the files are new.
    pub watched: Option<PathBuf>,
}

/// Whom to believe, and what names they must have.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the options of Envoy")]
pub struct ValidationContext {
    /// Roots, as PEM.
    pub roots: Option<DataSource>,
    /// A directory whose renames say that the files are new.
    pub watched: Option<PathBuf>,
    /// SHA-256 of the public key: one must be that of the leaf; all pass if there are none.
    pub spki: Vec<[u8; 32]>,
    /// SHA-256 of the certificate: one must be that of the leaf.
    pub hashes: Vec<[u8; 32]>,
    /// Names: one must match; all pass if there are none.
    pub names: Vec<NameMatcher>,
    /// Revoked certificates, as PEM.
    pub revoked: Option<DataSource>,
    /// Only the leaf is looked up there.
    pub only_leaf_revoked: bool,
    /// Expired certificates are taken.
    pub allow_expired: bool,
    /// Certificates that no root has signed are taken too, and told as such.
    pub accept_untrusted: bool,
    /// Clients are not told which roots count.
    pub suppress_root_list: bool,
}

/// Matches a name of a certificate.
#[derive(Debug, Clone)]
pub struct NameMatcher {
    /// Of which kind.
    pub kind: NameKind,
    /// Like what.
    pub matcher: StringMatcher,
}

/// The kind of a subject alternative name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A host name; `*.` at the front of the certificate's name stands for one label.
    Dns,
    /// A URI.
    Uri,
    /// An IP address.
    Ip,
}

/// A secret.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SecretKind,
    /// What it was made from, for `/config_dump`, which must hide keys.
    pub message: Arc<Message>,
}

/// What a secret is.
#[derive(Debug, Clone)]
pub enum SecretKind {
    /// A certificate with its key.
    Certificate(Arc<TlsCertificate>),
    /// Whom to believe.
    Validation(Arc<ValidationContext>),
}
