//! TLS between sidecars: 1.3 only, SPIFFE identities on both sides, secrets from the agent.

use serde_json::{Value, json};

use super::{MESH_ALPN, extension, over_ads};
use crate::agent::{IDENTITY_SECRET, TRUST_SECRET};
use crate::identity::SpiffeId;

/// The server's side: asks for a certificate of the trust domain and answers with one of
/// `alpn_protocols`.
pub(crate) fn downstream(trust_domain: &str, alpn_protocols: &[&str]) -> Value {
    let peers =
        json!({ "san_type": "URI", "matcher": { "prefix": format!("spiffe://{trust_domain}/") } });
    extension(
        "envoy.transport_sockets.tls",
        "extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        json!({
            "require_client_certificate": true,
            "common_tls_context": common(&[peers], alpn_protocols),
        }),
    )
}

/// The client's side: the server must prove one of `identities`. Never a server name (SNI): peers
/// are told by identity.
pub(crate) fn upstream(identities: &[SpiffeId], alpn_protocols: &[&str]) -> Value {
    let peers: Vec<Value> = identities
        .iter()
        .map(|id| json!({ "san_type": "URI", "matcher": { "exact": id.to_string() } }))
        .collect();
    extension(
        "envoy.transport_sockets.tls",
        "extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        json!({ "common_tls_context": common(&peers, alpn_protocols) }),
    )
}

/// No TLS.
pub(crate) fn raw_buffer() -> Value {
    extension(
        "envoy.transport_sockets.raw_buffer",
        "extensions.transport_sockets.raw_buffer.v3.RawBuffer",
        json!({}),
    )
}

/// What a mesh client offers for HTTP.
pub(crate) const HTTP_CLIENT_ALPN: &[&str] = &[MESH_ALPN, "h2", "http/1.1"];
/// What a mesh client offers for HTTP that must stay HTTP/2.
pub(crate) const HTTP2_CLIENT_ALPN: &[&str] = &[MESH_ALPN, "h2"];
/// What a mesh server chooses from.
pub(crate) const HTTP_SERVER_ALPN: &[&str] = &["h2", "http/1.1"];

fn common(peers: &[Value], alpn_protocols: &[&str]) -> Value {
    json!({
        "tls_params": {
            "tls_minimum_protocol_version": "TLSv1_3",
            "tls_maximum_protocol_version": "TLSv1_3",
            "ecdh_curves": ["X25519MLKEM768", "X25519", "P-256"],
        },
        "alpn_protocols": alpn_protocols,
        "tls_certificate_sds_secret_configs": [secret(IDENTITY_SECRET)],
        "combined_validation_context": {
            "default_validation_context": { "match_typed_subject_alt_names": peers },
            "validation_context_sds_secret_config": secret(TRUST_SECRET),
        },
    })
}

fn secret(name: &str) -> Value {
    json!({ "name": name, "sds_config": over_ads("1s") })
}
