//! Says why a certificate is not taken.

use std::sync::Arc;

use rustls::{CertificateError, OtherError};

use super::outcome::Counter;

/// Why a certificate is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// No root vouches for it, for this reason at this place of the chain.
    #[error(
        "verify cert failed: X509_verify_cert: certificate verification error at depth {1}: {0}"
    )]
    Chain(Cause, usize),
    /// None of its names is one that is wanted.
    #[error("verify cert failed: SAN matcher, certificate SANs are [{}]", .0.join(", "))]
    Names(Vec<String>),
    /// It is not for the host that was asked for.
    #[error("verify cert failed: verify SAN list, expected SANs: [{}], certificate SANs: [{}]", .0, .1.join(", "))]
    Host(String, Vec<String>),
    /// Its hash is none that is wanted.
    #[error("verify cert failed: cert hash and spki")]
    Hash,
}

/// Why no root vouches for a certificate, in BoringSSL's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// It is valid no more.
    #[error("certificate has expired")]
    Expired,
    /// It is not valid yet.
    #[error("certificate is not yet valid")]
    NotYetValid,
    /// It was revoked.
    #[error("certificate revoked")]
    Revoked,
    /// The list of revoked certificates is valid no more.
    #[error("CRL has expired")]
    ListExpired,
    /// There is no list of revoked certificates for it.
    #[error("unable to get certificate CRL")]
    NoList,
    /// It is for something else.
    #[error("unsupported certificate purpose")]
    Purpose,
    /// It may not sign others.
    #[error("invalid CA certificate")]
    NoAuthority,
    /// There are more certificates between than its issuer allows.
    #[error("path length constraint exceeded")]
    TooLong,
    /// Its names are not among those that its issuer may vouch for.
    #[error("permitted subtree violation")]
    NameConstraint,
    /// Its signature is wrong.
    #[error("certificate signature failure")]
    Signature,
    /// It says something important that we do not understand.
    #[error("unhandled critical extension")]
    Critical,
    /// Nobody knows its issuer.
    #[error("unable to get local issuer certificate")]
    UnknownIssuer,
    /// It cannot be read.
    #[error("unspecified certificate verification error")]
    Unreadable,
}

impl Cause {
    /// It is a matter of time.
    pub(super) fn is_about_time(self) -> bool {
        matches!(self, Self::Expired | Self::NotYetValid)
    }
}

impl From<webpki::Error> for Cause {
    fn from(error: webpki::Error) -> Self {
        use webpki::Error as E;
        match error {
            E::CertExpired { .. } => Self::Expired,
            E::CertNotValidYet { .. } => Self::NotYetValid,
            E::CertRevoked => Self::Revoked,
            E::CrlExpired { .. } => Self::ListExpired,
            E::UnknownRevocationStatus => Self::NoList,
            E::RequiredEkuNotFoundContext(_) => Self::Purpose,
            E::EndEntityUsedAsCa => Self::NoAuthority,
            E::PathLenConstraintViolated => Self::TooLong,
            E::NameConstraintViolation => Self::NameConstraint,
            E::InvalidSignatureForPublicKey => Self::Signature,
            E::UnsupportedCriticalExtension => Self::Critical,
            E::BadDer | E::BadDerTime | E::TrailingData(_) => Self::Unreadable,
            _ => Self::UnknownIssuer,
        }
    }
}

impl Distrust {
    /// What it counts.
    pub fn counter(&self) -> Counter {
        match self {
            Self::Chain(..) => Counter::FailVerifyError,
            Self::Names(_) | Self::Host(..) => Counter::FailVerifyName,
            Self::Hash => Counter::FailVerifyHash,
        }
    }

    /// The error that makes rustls send the alert that Envoy sends. The place in the chain is lost.
    pub(super) fn into_rustls(self) -> rustls::Error {
        let error = match self {
            Self::Chain(Cause::Expired, _) => CertificateError::Expired,
            Self::Chain(Cause::NotYetValid, _) => CertificateError::NotValidYet,
            Self::Chain(Cause::Revoked, _) => CertificateError::Revoked,
            Self::Chain(Cause::NoList, _) => CertificateError::UnknownRevocationStatus,
            Self::Chain(Cause::UnknownIssuer, _) => CertificateError::UnknownIssuer,
            Self::Chain(Cause::Purpose, _) => CertificateError::InvalidPurpose,
            Self::Chain(Cause::Signature, _) => CertificateError::BadSignature,
            Self::Chain(Cause::Unreadable, _) => CertificateError::BadEncoding,
            other => CertificateError::Other(OtherError(Arc::new(other))),
        };
        rustls::Error::InvalidCertificate(error)
    }

    /// The way back.
    pub(super) fn from_rustls(error: &CertificateError) -> Self {
        let cause = match error {
            CertificateError::Other(other) => match other.0.downcast_ref::<Self>() {
                Some(distrust) => return distrust.clone(),
                None => Cause::Unreadable,
            },
            CertificateError::Expired => Cause::Expired,
            CertificateError::NotValidYet => Cause::NotYetValid,
            CertificateError::Revoked => Cause::Revoked,
            CertificateError::UnknownRevocationStatus => Cause::NoList,
            CertificateError::UnknownIssuer => Cause::UnknownIssuer,
            CertificateError::InvalidPurpose => Cause::Purpose,
            CertificateError::BadSignature => Cause::Signature,
            _ => Cause::Unreadable,
        };
        Self::Chain(cause, 0)
    }
}
