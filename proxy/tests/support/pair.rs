//! Configures both ends of a connection and lets them shake hands in memory.

#![expect(
    clippy::default_trait_access,
    reason = "the type of a spot has no public name"
)]

use std::sync::Arc;

use mesh_proxy::config::model::matcher::{Case, Pattern, StringMatcher};
use mesh_proxy::config::model::source::{Bytes, DataSource};
use mesh_proxy::config::model::tls::{
    CommonTls, DownstreamTls, NameKind, NameMatcher, TlsCertificate, TlsParameters, TlsVersion,
    UpstreamTls, Validation, ValidationContext,
};
use mesh_proxy::tls::{Client, Dialer, Identity, Server, Trust};
use rustls::crypto::aws_lc_rs::default_provider;

use super::authority::Issued;

pub(crate) fn inline(text: &str) -> DataSource {
    DataSource {
        from: Bytes::Inline(text.as_bytes().to_vec()),
        spot: Default::default(),
    }
}

pub(crate) fn certificate(issued: &Issued) -> TlsCertificate {
    TlsCertificate {
        chain: inline(&issued.chain),
        key: inline(&issued.key),
        watched: None,
    }
}

pub(crate) fn identity(issued: &Issued) -> Arc<Identity> {
    Arc::new(Identity::load(&certificate(issued), &default_provider()).unwrap())
}

pub(crate) fn roots(pem: &str) -> ValidationContext {
    ValidationContext {
        roots: Some(inline(pem)),
        ..ValidationContext::default()
    }
}

/// `exact`, `prefix`, `suffix`, `contains` or `regex`.
pub(crate) fn name(kind: NameKind, how: &str, text: &str) -> NameMatcher {
    let value = text.to_owned();
    let matcher = match how {
        "exact" => StringMatcher::Exact(value, Case::Counts),
        "prefix" => StringMatcher::Prefix(value, Case::Counts),
        "suffix" => StringMatcher::Suffix(value, Case::Counts),
        "contains" => StringMatcher::Contains(value, Case::Counts),
        _ => StringMatcher::Regex(Pattern {
            whole: regex::bytes::Regex::new(&format!("^(?:{text})$")).unwrap(),
            part: regex::bytes::Regex::new(text).unwrap(),
            text: value,
        }),
    };
    NameMatcher { kind, matcher }
}

pub(crate) fn common(alpn: &[&str]) -> CommonTls {
    CommonTls {
        parameters: TlsParameters {
            minimum: TlsVersion::V1_2,
            maximum: TlsVersion::V1_3,
            ciphers: Vec::new(),
            groups: Vec::new(),
        },
        certificates: Vec::new(),
        certificate_secrets: Vec::new(),
        validation: Validation::None,
        alpn: alpn.iter().map(|name| (*name).to_owned()).collect(),
        spot: Default::default(),
    }
}

pub(crate) fn downstream(alpn: &[&str]) -> DownstreamTls {
    DownstreamTls {
        common: common(alpn),
        require_client_certificate: false,
        require_sni: false,
        disable_tickets: false,
        disable_session_ids: false,
        session_timeout: None,
        full_scan: false,
    }
}

pub(crate) fn upstream(alpn: &[&str]) -> UpstreamTls {
    UpstreamTls {
        common: common(alpn),
        sni: String::new(),
        auto_host_sni: false,
        validate_sni: false,
        max_session_keys: 1,
    }
}

pub(crate) fn server(tls: &DownstreamTls, issued: &[&Issued], trust: &ValidationContext) -> Server {
    let identities = issued.iter().map(|issued| identity(issued)).collect();
    Server::new(tls, identities, Arc::new(Trust::load(trust).unwrap())).unwrap()
}

pub(crate) fn dialer(
    tls: &UpstreamTls,
    issued: Option<&Issued>,
    trust: &ValidationContext,
) -> Dialer {
    let trust = Arc::new(Trust::load(trust).unwrap());
    Arc::new(Client::new(tls, issued.map(identity), trust).unwrap()).for_worker()
}
