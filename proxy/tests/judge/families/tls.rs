//! TLS on either side: chains, versions, protocols, certificates, and what is told of them.

mod downstream;
mod upstream;

use serde_json::{Value, json};

use crate::harness::case::{Case, merge};
use crate::harness::config::typed;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = downstream::cases();
    cases.extend(upstream::cases());
    cases
}

const TLS: &str = "envoy.extensions.transport_sockets.tls.v3";
const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// A certificate with its key, by name.
fn certificate(name: &str) -> Value {
    json!({
        "certificate_chain": { "inline_string": format!("@chain:{name}") },
        "private_key": { "inline_string": format!("@key:{name}") },
    })
}

/// What certificates of the other side are held against: the authority, and these names.
pub(super) fn validation(names: Value) -> Value {
    let mut context = json!({ "trusted_ca": { "inline_string": "@chain:ca" } });
    if names.is_array() {
        context["match_typed_subject_alt_names"] = names;
    }
    context
}

/// A matcher of one alternative name.
fn name(kind: &str, matcher: Value) -> Value {
    json!([{ "san_type": kind, "matcher": matcher }])
}

/// A transport socket of a listener.
pub(super) fn server_socket(certificate_name: &str, common: Value, fields: Value) -> Value {
    let mut context = json!({
        "common_tls_context": { "tls_certificates": [certificate(certificate_name)] },
    });
    merge(&mut context["common_tls_context"], common);
    merge(&mut context, fields);
    json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": typed(&format!("{TLS}.DownstreamTlsContext"), context),
    })
}

/// A transport socket of a cluster.
fn client_socket(common: Value, fields: Value) -> Value {
    let mut context = json!({ "common_tls_context": common });
    merge(&mut context, fields);
    json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": typed(&format!("{TLS}.UpstreamTlsContext"), context),
    })
}

/// The listener filter that reads server names and protocols.
fn inspector() -> Value {
    let kind = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";
    json!({ "listener_filters": [{
        "name": "envoy.filters.listener.tls_inspector",
        "typed_config": typed(kind, json!({})),
    }] })
}
