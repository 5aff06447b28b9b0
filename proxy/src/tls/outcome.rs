//! What became of a handshake, in the words of Envoy's statistics.

use std::fmt;
use std::io;

use rustls::AlertDescription;

use super::distrust::Distrust;

/// A counter below `ssl.`; its name is how it is displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counter {
    /// `connection_error`
    ConnectionError,
    /// `handshake`
    Handshake,
    /// `session_reused`
    SessionReused,
    /// `no_certificate`
    NoCertificate,
    /// `fail_verify_no_cert`
    FailVerifyNoCertificate,
    /// `fail_verify_error`
    FailVerifyError,
    /// `fail_verify_san`
    FailVerifyName,
    /// `fail_verify_cert_hash`
    FailVerifyHash,
    /// `ciphers.NAME`
    Cipher(&'static str),
    /// `curves.NAME`
    Curve(&'static str),
    /// `sigalgs.NAME`
    Signature(&'static str),
    /// `versions.NAME`
    Version(&'static str),
}

impl Counter {
    /// Those that exist from the start.
    pub const FIXED: [Self; 8] = [
        Self::ConnectionError,
        Self::Handshake,
        Self::SessionReused,
        Self::NoCertificate,
        Self::FailVerifyNoCertificate,
        Self::FailVerifyError,
        Self::FailVerifyName,
        Self::FailVerifyHash,
    ];
}

impl fmt::Display for Counter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectionError => formatter.write_str("connection_error"),
            Self::Handshake => formatter.write_str("handshake"),
            Self::SessionReused => formatter.write_str("session_reused"),
            Self::NoCertificate => formatter.write_str("no_certificate"),
            Self::FailVerifyNoCertificate => formatter.write_str("fail_verify_no_cert"),
            Self::FailVerifyError => formatter.write_str("fail_verify_error"),
            Self::FailVerifyName => formatter.write_str("fail_verify_san"),
            Self::FailVerifyHash => formatter.write_str("fail_verify_cert_hash"),
            Self::Cipher(name) => write!(formatter, "ciphers.{name}"),
            Self::Curve(name) => write!(formatter, "curves.{name}"),
            Self::Signature(name) => write!(formatter, "sigalgs.{name}"),
            Self::Version(name) => write!(formatter, "versions.{name}"),
        }
    }
}

/// What a handshake agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handshake {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// OpenSSL's name of the cipher.
    pub cipher: &'static str,
    /// The group of the key exchange; a resumed session of TLS 1.2 may have none.
    pub curve: Option<&'static str>,
    /// How the peer signed; nothing without a certificate.
    pub signature: Option<&'static str>,
    /// A session was resumed.
    pub resumed: bool,
    /// The peer has a certificate.
    pub certificate: bool,
    /// A certificate was taken although it is not good: why.
    pub distrusted: Option<Counter>,
}

impl Handshake {
    /// What it counts.
    pub fn counters(&self) -> impl Iterator<Item = Counter> {
        let some = |counter, holds: bool| holds.then_some(counter);
        [
            Some(Counter::Handshake),
            Some(Counter::Version(self.version)),
            Some(Counter::Cipher(self.cipher)),
            self.curve.map(Counter::Curve),
            self.signature.map(Counter::Signature),
            some(Counter::SessionReused, self.resumed),
            some(Counter::NoCertificate, !self.certificate),
            self.distrusted,
        ]
        .into_iter()
        .flatten()
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The peer does not speak TLS, or not ours, or sent an alert.
    #[error("{0}")]
    Protocol(rustls::Error),
    /// The client does not speak TLS: why, in BoringSSL's number and word.
    #[error("{}", .0.1)]
    NotTls((u8, &'static str)),
    /// The client has no certificate, and must have one.
    #[error("peer did not provide required client certificate")]
    NoCertificate,
    /// The certificate is not taken.
    #[error("{0}")]
    Distrust(#[from] Distrust),
    /// The connection broke, or ended.
    #[error("{0}")]
    Connection(io::Error),
    /// It took too long.
    #[error("the handshake took too long")]
    Timeout,
    /// A secret is not there yet.
    #[error("TLS error: Secret is not supplied by SDS")]
    NotReady,
}

impl Failure {
    /// The cause of an error of a stream of TLS, in the handshake or later.
    pub fn of(error: io::Error) -> Self {
        let cause = error
            .get_ref()
            .and_then(|cause| cause.downcast_ref::<rustls::Error>());
        match cause.cloned() {
            None => Self::Connection(error),
            Some(rustls::Error::NoCertificatesPresented) => Self::NoCertificate,
            Some(rustls::Error::InvalidCertificate(cause)) => {
                Self::Distrust(Distrust::from_rustls(&cause))
            }
            Some(cause) => Self::Protocol(cause),
        }
    }

    /// The cause, if TLS is it.
    pub fn of_tls(error: &io::Error) -> Option<Self> {
        let cause = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        Some(Self::of(io::Error::other(cause.clone())))
    }

    /// What it counts.
    pub fn counter(&self) -> Option<Counter> {
        match self {
            Self::Protocol(_) | Self::NotTls(_) => Some(Counter::ConnectionError),
            Self::NoCertificate => Some(Counter::FailVerifyNoCertificate),
            Self::Distrust(distrust) => Some(distrust.counter()),
            Self::Connection(_) | Self::Timeout | Self::NotReady => None,
        }
    }

    /// The reason as Envoy puts it into access logs and answers; empty if it has none.
    pub fn reason(&self) -> String {
        let error = |code: u32, name: &str, detail: &str| {
            format!("TLS_error:|{code}:SSL routines:OPENSSL_internal:{name}{detail}:TLS_error_end")
        };
        match self {
            Self::Protocol(cause) => {
                let (reason, name) = protocol_reason(cause);
                error(SSL_LIBRARY + reason, &name, "")
            }
            Self::NotTls((number, name)) => error(SSL_LIBRARY + u32::from(*number), name, ""),
            Self::NoCertificate => error(
                SSL_LIBRARY + 192,
                "PEER_DID_NOT_RETURN_A_CERTIFICATE",
                &format!(":{self}"),
            ),
            Self::Distrust(_) => error(
                SSL_LIBRARY + 125,
                "CERTIFICATE_VERIFY_FAILED",
                &format!(":{self}"),
            ),
            Self::NotReady => self.to_string(),
            Self::Connection(_) | Self::Timeout => String::new(),
        }
    }
}

/// BoringSSL's number of its own library in the upper bits of an error.
const SSL_LIBRARY: u32 = 16 << 24;

/// BoringSSL's number and name of what is wrong.
fn protocol_reason(cause: &rustls::Error) -> (u32, String) {
    use rustls::{Error, InvalidMessage, PeerIncompatible};
    match cause {
        Error::AlertReceived(alert) => {
            let number = 1000 + u32::from(u8::from(*alert));
            (number, alert_name(*alert))
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            (247, "WRONG_VERSION_NUMBER".to_owned())
        }
        Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon) => {
            (193, "NO_SHARED_CIPHER".to_owned())
        }
        Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon) => {
            (266, "NO_SHARED_GROUP".to_owned())
        }
        Error::PeerIncompatible(
            PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon
            | PeerIncompatible::NoSignatureSchemesInCommon,
        ) => (253, "NO_COMMON_SIGNATURE_ALGORITHMS".to_owned()),
        Error::PeerIncompatible(_) => (240, "UNSUPPORTED_PROTOCOL".to_owned()),
        Error::DecryptError => (141, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC".to_owned()),
        Error::InvalidMessage(_) => (137, "DECODE_ERROR".to_owned()),
        _ => (244, "UNEXPECTED_MESSAGE".to_owned()),
    }
}

/// BoringSSL's name of an alert: `SSLV3_ALERT_` before the older ones, `TLSV1_ALERT_` before others.
fn alert_name(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let (prefix, name) = match alert {
        A::CloseNotify => ("SSLV3", "CLOSE_NOTIFY"),
        A::UnexpectedMessage => ("SSLV3", "UNEXPECTED_MESSAGE"),
        A::BadRecordMac => ("SSLV3", "BAD_RECORD_MAC"),
        A::HandshakeFailure => ("SSLV3", "HANDSHAKE_FAILURE"),
        A::BadCertificate => ("SSLV3", "BAD_CERTIFICATE"),
        A::UnsupportedCertificate => ("SSLV3", "UNSUPPORTED_CERTIFICATE"),
        A::CertificateRevoked => ("SSLV3", "CERTIFICATE_REVOKED"),
        A::CertificateExpired => ("SSLV3", "CERTIFICATE_EXPIRED"),
        A::CertificateUnknown => ("SSLV3", "CERTIFICATE_UNKNOWN"),
        A::IllegalParameter => ("SSLV3", "ILLEGAL_PARAMETER"),
        A::UnknownCA => ("TLSV1", "UNKNOWN_CA"),
        A::AccessDenied => ("TLSV1", "ACCESS_DENIED"),
        A::DecodeError => ("TLSV1", "DECODE_ERROR"),
        A::DecryptError => ("TLSV1", "DECRYPT_ERROR"),
        A::ProtocolVersion => ("TLSV1", "PROTOCOL_VERSION"),
        A::InternalError => ("TLSV1", "INTERNAL_ERROR"),
        A::UserCanceled => ("TLSV1", "USER_CANCELLED"),
        A::CertificateRequired => ("TLSV1", "CERTIFICATE_REQUIRED"),
        A::NoApplicationProtocol => ("TLSV1", "NO_APPLICATION_PROTOCOL"),
        A::UnrecognisedName => ("TLSV1", "UNRECOGNIZED_NAME"),
        other => return format!("TLSV1_ALERT_{}", u8::from(other)),
    };
    format!("{prefix}_ALERT_{name}")
}
