//! Counts what became of handshakes.

use super::outcome::Counter;
use crate::stats::TlsStats;

/// Counts one more.
pub fn count(stats: &TlsStats, counter: Counter) {
    let fixed = match counter {
        Counter::ConnectionError => &stats.connection_error,
        Counter::Handshake => &stats.handshake,
        Counter::SessionReused => &stats.session_reused,
        Counter::NoCertificate => &stats.no_certificate,
        Counter::FailVerifyNoCertificate => &stats.fail_verify_no_cert,
        Counter::FailVerifyError => &stats.fail_verify_error,
        Counter::FailVerifyName => &stats.fail_verify_san,
        Counter::FailVerifyHash => &stats.fail_verify_cert_hash,
        Counter::Cipher(_) | Counter::Curve(_) | Counter::Signature(_) | Counter::Version(_) => {
            return on_use(stats, counter);
        }
    };
    fixed.increment();
}

fn on_use(stats: &TlsStats, counter: Counter) {
    let found = match counter {
        Counter::Cipher(name) => stats.cipher(name),
        Counter::Curve(name) => stats.curve(name),
        Counter::Signature(name) => stats.signature(name),
        Counter::Version("TLSv1.3") => Some(&stats.versions_tlsv1_3),
        Counter::Version(_) => Some(&stats.versions_tlsv1_2),
        _ => None,
    };
    if let Some(found) = found {
        found.increment();
    }
}
