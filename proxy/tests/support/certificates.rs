//! Certificates and keys for tests.

use std::fs;
use std::path::Path;

use rcgen::{
    CertificateParams, CertificateRevocationListParams, Issuer, KeyPair, SerialNumber,
    date_time_ymd,
};

/// Writes a certificate `NAME.pem` with its key `NAME.key` that ends with this year.
pub(crate) fn write(directory: &Path, name: &str, last_year: i32) {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(last_year, 12, 31);
    let certificate = parameters.self_signed(&key).unwrap();
    fs::write(directory.join(format!("{name}.pem")), certificate.pem()).unwrap();
    fs::write(directory.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

/// A listener with TLS by these files.
pub(crate) fn listener(chain: &Path, key: &Path) -> String {
    format!(
        "static_resources:\n  listeners:\n  - name: l\n    address: {{socket_address: {{address: \
         127.0.0.1, port_value: 0}}}}\n    filter_chains:\n    - transport_socket:\n        name: \
         tls\n        typed_config:\n          \"@type\": type.googleapis.com/\
         envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext\n          \
         common_tls_context:\n            tls_certificates:\n            - certificate_chain: \
         {{filename: {}}}\n              private_key: {{filename: {}}}\n",
        chain.display(),
        key.display()
    )
}

/// A list of revoked certificates, as PEM.
pub(crate) fn revoked() -> String {
    let key = KeyPair::generate().unwrap();
    let mut issuer = CertificateParams::new(Vec::new()).unwrap();
    issuer.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    issuer.key_usages.push(rcgen::KeyUsagePurpose::CrlSign);
    let parameters = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(2999, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    let issuer = Issuer::new(issuer, key);
    parameters.signed_by(&issuer).unwrap().pem().unwrap()
}
