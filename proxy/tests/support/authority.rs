//! Makes authorities, certificates and keys for tests.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};

/// Somebody who vouches for others.
pub(crate) struct Authority(pub(crate) CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// An authority that vouches for itself.
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(authority(name), key).unwrap())
    }

    /// An authority that this one vouches for.
    pub(crate) fn below(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::signed_by(authority(name), key, &self.0).unwrap())
    }

    /// Its certificate.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Makes a certificate.
    pub(crate) fn issue(&self, wanted: &Wanted<'_>) -> Issued {
        let key = KeyPair::generate_for(wanted.algorithm).unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        if !wanted.common_name.is_empty() {
            parameters
                .distinguished_name
                .push(DnType::CommonName, wanted.common_name);
        }
        parameters.subject_alt_names = wanted.names.iter().map(|name| san(name)).collect();
        parameters.extended_key_usages = wanted.usages.to_vec();
        parameters.key_usages = wanted.key_usages.to_vec();
        let day = Duration::days(1);
        let (before, after) = wanted.valid;
        parameters.not_before = OffsetDateTime::now_utc() + day * before;
        parameters.not_after = OffsetDateTime::now_utc() + day * after;
        let certificate = parameters.signed_by(&key, &self.0).unwrap();
        Issued {
            chain: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A certificate to be made.
#[derive(Clone)]
pub(crate) struct Wanted<'a> {
    /// Names: `uri:…`, `dns:…`, `ip:…`, `mail:…`.
    pub(crate) names: &'a [&'a str],
    pub(crate) common_name: &'a str,
    pub(crate) usages: &'a [ExtendedKeyUsagePurpose],
    pub(crate) key_usages: &'a [KeyUsagePurpose],
    /// From and to, in days from now.
    pub(crate) valid: (i32, i32),
    pub(crate) algorithm: &'static SignatureAlgorithm,
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self {
            names: &[],
            common_name: "",
            usages: &[
                ExtendedKeyUsagePurpose::ClientAuth,
                ExtendedKeyUsagePurpose::ServerAuth,
            ],
            key_usages: &[],
            valid: (-1, 1),
            algorithm: &PKCS_ECDSA_P256_SHA256,
        }
    }
}

/// A certificate with its key, as PEM.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Issued {
    /// With another certificate behind it.
    pub(crate) fn behind(mut self, pem: &str) -> Self {
        self.chain.push_str(pem);
        self
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn san(name: &str) -> SanType {
    let (kind, value) = name.split_once(':').unwrap();
    match kind {
        "uri" => SanType::URI(value.try_into().unwrap()),
        "dns" => SanType::DnsName(value.try_into().unwrap()),
        "mail" => SanType::Rfc822Name(value.try_into().unwrap()),
        "ip" => SanType::IpAddress(value.parse().unwrap()),
        other => panic!("no kind of name: {other}"),
    }
}
