//! Answers `/certs`.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::reply::Reply;
use super::source::{Certificate, CertificateName, Certificates};
use crate::calendar::Moment;

pub(super) fn answer(contexts: &[Certificates]) -> Reply {
    let now = SystemTime::now();
    let list = |certificates: &[Certificate]| -> Vec<Value> {
        let all = certificates.iter();
        all.map(|certificate| details(certificate, now)).collect()
    };
    let contexts = contexts.iter().map(|context| {
        let (authorities, chain) = (list(&context.authorities), list(&context.chain));
        json!({ "ca_cert": authorities, "cert_chain": chain })
    });
    Reply::json(&json!({ "certificates": contexts.collect::<Vec<_>>() }))
}

fn details(certificate: &Certificate, now: SystemTime) -> Value {
    let names = certificate.names.iter().map(|name| match name {
        CertificateName::Dns(name) => json!({ "dns": name }),
        CertificateName::Uri(name) => json!({ "uri": name }),
        CertificateName::Address(name) => json!({ "ip_address": name }),
    });
    json!({
        "path": certificate.path,
        "serial_number": certificate.serial_number,
        "subject_alt_names": names.collect::<Vec<_>>(),
        "days_until_expiration": days_left(certificate, now).to_string(),
        "valid_from": Moment::from(certificate.valid_from).to_string(),
        "expiration_time": Moment::from(certificate.expires).to_string(),
    })
}

/// Whole days; none when it has expired.
fn days_left(certificate: &Certificate, now: SystemTime) -> u64 {
    let left = certificate.expires.duration_since(now);
    left.map_or(0, |left| left.as_secs() / 86_400)
}

/// `server.days_until_first_cert_expiring`: of any certificate, as Envoy's the greatest number of 32
/// bits when there is none.
pub(super) fn days_until_first_expires(contexts: &[Certificates]) -> u64 {
    let now = SystemTime::now();
    let all = contexts
        .iter()
        .flat_map(|context| context.authorities.iter().chain(&context.chain));
    let days = all.map(|certificate| days_left(certificate, now));
    days.min().unwrap_or(u32::MAX.into())
}
