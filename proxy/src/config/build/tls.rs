//! Reads TLS.

use std::sync::Arc;

use super::{Context, matcher, source};
use crate::config::cursor::{Cursor, Text};
use crate::config::model::cluster::Transport;
use crate::config::model::tls::{
    Cipher, CommonTls, DownstreamTls, Group, NameKind, NameMatcher, SecretReference,
    TlsCertificate, TlsParameters, TlsVersion, UpstreamTls, Validation, ValidationContext,
};

/// The transport socket of a filter chain; nothing for plaintext.
pub(super) fn downstream(socket: &Cursor<'_>, context: &Context) -> Option<DownstreamTls> {
    let config = socket.message("typed_config")?;
    match config.message.schema.short_name() {
        "RawBuffer" => return None,
        "DownstreamTlsContext" => {}
        _ => {
            let message = "a listener needs a DownstreamTlsContext";
            socket.refuse("typed_config", message, "this is that of a cluster");
            return None;
        }
    }
    if !config.has("common_tls_context") {
        config.refuse(
            "",
            "`common_tls_context` is missing",
            "a server needs a certificate",
        );
    }
    let common = config.message("common_tls_context")?;
    let common = self::common(&common, context, TlsVersion::V1_3)?;
    let require = config.flag("require_client_certificate");
    if common.certificates.is_empty() && common.certificate_secrets.is_empty() {
        let hint = "add `tls_certificates` or `tls_certificate_sds_secret_configs`";
        config.refuse("common_tls_context", "a server needs a certificate", hint);
    }
    let full_scan = config.flag("full_scan_certs_on_sni_mismatch");
    Some(DownstreamTls {
        common,
        require_client_certificate: require,
        require_sni: config.flag("require_sni"),
        disable_tickets: config.flag("disable_stateless_session_resumption"),
        disable_session_ids: config.flag("disable_stateful_session_resumption"),
        session_timeout: config.duration("session_timeout"),
        full_scan,
    })
}

/// The transport socket of a cluster.
pub(super) fn upstream(socket: &Cursor<'_>, context: &Context) -> Option<Transport> {
    let config = socket.message("typed_config")?;
    match config.message.schema.short_name() {
        "RawBuffer" => return Some(Transport::Plaintext),
        "UpstreamTlsContext" => {}
        _ => {
            let message = "a cluster needs an UpstreamTlsContext";
            socket.refuse("typed_config", message, "this is that of a listener");
            return None;
        }
    }
    let common = match config.message("common_tls_context") {
        // Unless told otherwise, Envoy offers upstreams no more than TLS 1.2.
        Some(common) => self::common(&common, context, TlsVersion::V1_2)?,
        None => CommonTls {
            parameters: parameters(None, TlsVersion::V1_2),
            certificates: Vec::new(),
            certificate_secrets: Vec::new(),
            validation: Validation::None,
            alpn: Vec::new(),
            spot: config.spot(""),
        },
    };
    if common.certificates.len() + common.certificate_secrets.len() > 1 {
        let message = "a client has one certificate at most";
        config.refuse("common_tls_context", message, "remove the others");
    }
    Some(Transport::Tls(Arc::new(UpstreamTls {
        common,
        sni: config.string("sni"),
        auto_host_sni: config.flag("auto_host_sni"),
        validate_sni: config.flag("auto_sni_san_validation"),
        max_session_keys: config.number("max_session_keys").unwrap_or(1),
    })))
}

fn common(cursor: &Cursor<'_>, context: &Context, newest: TlsVersion) -> Option<CommonTls> {
    let certificates = cursor.messages("tls_certificates");
    let certificates: Vec<_> = certificates
        .iter()
        .filter_map(certificate)
        .map(Arc::new)
        .collect();
    let secrets = cursor.messages("tls_certificate_sds_secret_configs");
    let secrets: Vec<_> = secrets
        .iter()
        .filter_map(|it| secret(it, context))
        .collect();
    if cursor.has("tls_certificates") && cursor.has("tls_certificate_sds_secret_configs") {
        let message =
            "only one of `tls_certificates` and `tls_certificate_sds_secret_configs` can be given";
        cursor.refuse("tls_certificates", message, "remove one of them");
    }
    for protocol in cursor.texts("alpn_protocols") {
        if protocol.value.is_empty() || protocol.value.len() > 255 {
            protocol.refuse("a protocol of ALPN has 1 to 255 bytes", "");
        }
    }
    Some(CommonTls {
        parameters: parameters(cursor.message("tls_params").as_ref(), newest),
        certificates,
        certificate_secrets: secrets,
        validation: validation(cursor, context)?,
        alpn: cursor.strings("alpn_protocols"),
        spot: cursor.spot(""),
    })
}

fn validation(cursor: &Cursor<'_>, context: &Context) -> Option<Validation> {
    let Some(kind) = cursor.member("validation_context_type") else {
        return Some(Validation::None);
    };
    let inner = cursor.message(kind)?;
    let name = "validation_context_sds_secret_config";
    Some(match kind {
        "validation_context" => Validation::Inline(Arc::new(validation_context(&inner))),
        "combined_validation_context" => {
            let default = validation_context(&inner.message("default_validation_context")?);
            Validation::Combined(Arc::new(default), secret(&inner.message(name)?, context)?)
        }
        _ => Validation::Secret(secret(&inner, context)?),
    })
}

fn secret(cursor: &Cursor<'_>, context: &Context) -> Option<SecretReference> {
    let name = cursor.text("name")?;
    let source = cursor.message("sds_config");
    if !cursor.has("sds_config") && !context.secrets.contains(name) {
        let message = format!("there is no static secret `{name}`");
        let hint =
            "add it to `static_resources.secrets`, or say by `sds_config` where it comes from";
        cursor.refuse("name", message, hint);
    }
    let source = match source {
        Some(source) => Some(source::config_source(&source, context)?),
        None => None,
    };
    Some(SecretReference {
        name: name.to_owned(),
        source,
    })
}

/// Versions, ciphers and groups; `newest` is the greatest version unless it is given.
fn parameters(cursor: Option<&Cursor<'_>>, newest: TlsVersion) -> TlsParameters {
    let version = |name: &str| match cursor.map_or(0, |it| it.choice(name)) {
        3 => Some(TlsVersion::V1_2),
        4 => Some(TlsVersion::V1_3),
        _ => None,
    };
    let minimum = version("tls_minimum_protocol_version").unwrap_or(TlsVersion::V1_2);
    let maximum = version("tls_maximum_protocol_version").unwrap_or(newest);
    if let Some(cursor) = cursor
        && minimum > maximum
    {
        let message = "the greatest version is less than the least";
        cursor.refuse("tls_maximum_protocol_version", message, "swap them");
    }
    TlsParameters {
        minimum,
        maximum,
        ciphers: cursor.map(ciphers).unwrap_or_default(),
        groups: cursor.map(groups).unwrap_or_default(),
    }
}

fn ciphers(cursor: &Cursor<'_>) -> Vec<Cipher> {
    let texts = cursor.texts("cipher_suites");
    // Envoy writes ciphers of the same rank as [A|B].
    let names = |text: &Text<'_>| {
        let inner = text.value.trim_start_matches('[').trim_end_matches(']');
        inner.split('|').map(str::to_owned).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for text in &texts {
        for name in names(text) {
            match Cipher::of(&name) {
                Some(cipher) => found.push(cipher),
                None => unknown(
                    text,
                    &name,
                    "cipher",
                    Cipher::ALL.iter().map(|(name, _)| *name),
                ),
            }
        }
    }
    found
}

fn groups(cursor: &Cursor<'_>) -> Vec<Group> {
    let mut found = Vec::new();
    for text in cursor.texts("ecdh_curves") {
        match Group::of(text.value) {
            Some(group) => found.push(group),
            None => unknown(
                &text,
                text.value,
                "curve",
                Group::ALL.iter().map(|(name, _)| *name),
            ),
        }
    }
    found
}

fn unknown(text: &Text<'_>, name: &str, kind: &str, all: impl Iterator<Item = &'static str>) {
    let names: Vec<String> = all.map(|name| format!("`{name}`")).collect();
    let message = format!("mesh-proxy does not honour the {kind} `{name}`");
    text.refuse(message, format!("one of {}", names.join(", ")));
}

/// A certificate with its key.
pub(super) fn certificate(cursor: &Cursor<'_>) -> Option<TlsCertificate> {
    for name in ["certificate_chain", "private_key"] {
        if !cursor.has(name) {
            cursor.refuse("", format!("`{name}` is missing"), "");
        }
    }
    let chain = source::data(cursor, "certificate_chain");
    Some(TlsCertificate {
        key: source::data(cursor, "private_key")?,
        chain: chain?,
        watched: source::directory(cursor),
    })
}

/// Whom to believe.
pub(super) fn validation_context(cursor: &Cursor<'_>) -> ValidationContext {
    let roots = source::data(cursor, "trusted_ca");
    let names = cursor.messages("match_typed_subject_alt_names");
    ValidationContext {
        roots,
        watched: source::directory(cursor),
        spki: cursor
            .texts("verify_certificate_spki")
            .iter()
            .filter_map(spki)
            .collect(),
        hashes: cursor
            .texts("verify_certificate_hash")
            .iter()
            .filter_map(hash)
            .collect(),
        names: names.iter().filter_map(name).collect(),
        revoked: source::data(cursor, "crl"),
        only_leaf_revoked: cursor.flag("only_verify_leaf_cert_crl"),
        allow_expired: cursor.flag("allow_expired_certificate"),
        accept_untrusted: cursor.choice("trust_chain_verification") == 1,
        suppress_root_list: cursor.flag("suppress_client_ca_list"),
    }
}

fn name(cursor: &Cursor<'_>) -> Option<NameMatcher> {
    Some(NameMatcher {
        kind: match cursor.choice("san_type") {
            2 => NameKind::Dns,
            3 => NameKind::Uri,
            _ => NameKind::Ip,
        },
        matcher: matcher::string_in(cursor, "matcher")?,
    })
}

/// SHA-256 in base64.
fn spki(text: &Text<'_>) -> Option<[u8; 32]> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text.value)
        .ok();
    let digest = bytes.and_then(|bytes| bytes.try_into().ok());
    if digest.is_none() {
        text.refuse("this is no SHA-256 in base64", "");
    }
    digest
}

/// SHA-256 in hexadecimal, with colons or without.
fn hash(text: &Text<'_>) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.value.bytes().filter(|byte| *byte != b':').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    let digest = bytes.and_then(|bytes| bytes.try_into().ok());
    if digest.is_none() {
        text.refuse("this is no SHA-256 in hexadecimal", "");
    }
    digest
}
