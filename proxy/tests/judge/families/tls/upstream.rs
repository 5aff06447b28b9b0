//! TLS with upstreams.

use rustls::version::TLS12;
use serde_json::{Value, json};

use super::{GET, certificate, client_socket, name, validation};
use crate::harness::case::{Case, Upstream, case, merge};
use crate::harness::certificates::ServerTls;
use crate::harness::config::{http2_upstream, protocol_options, typed};
use crate::harness::script::ok;
use crate::harness::upstream_h2::ok_h2;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = verification();
    cases.extend(offers());
    cases.extend(matches());
    cases
}

fn server(certificate: &'static str) -> ServerTls {
    ServerTls {
        certificate,
        ..ServerTls::default()
    }
}

/// A request to an upstream that speaks TLS so, through a cluster that speaks it so.
fn secured(name: &'static str, tls: ServerTls, common: Value, fields: Value) -> Case {
    case(name)
        .details()
        .cluster(
            "a",
            json!({ "transport_socket": client_socket(common, fields) }),
        )
        .upstream(Upstream::new("a", [ok("secret")]).tls(tls))
        .send(GET)
}

fn verification() -> Vec<Case> {
    let trusted = |names: Value| json!({ "validation_context": validation(names) });
    let uri = |text: &str| trusted(name("URI", json!({ "exact": text })));
    let mut mutual = trusted(Value::Null);
    mutual["tls_certificates"] = json!([certificate("client")]);
    let asking = || ServerTls {
        asks: true,
        ..server("server")
    };
    let newer = json!({ "tls_params": { "tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3" } });
    let auto = |fields: Value| {
        let mut options = json!({ "explicit_http_config": { "http_protocol_options": {} }, "upstream_http_protocol_options": {} });
        merge(&mut options["upstream_http_protocol_options"], fields);
        protocol_options(options)
    };
    let mut stranger = secured(
        "an upstream's certificate of another authority",
        server("stranger"),
        trusted(Value::Null),
        json!({}),
    );
    stranger = stranger.expect("cluster.@a.ssl.fail_verify_error: 1");
    vec![
        secured(
            "an upstream that is not verified",
            server("stranger"),
            json!({}),
            json!({}),
        )
        .expect("secret"),
        secured(
            "an upstream that is verified",
            server("server"),
            trusted(Value::Null),
            json!({}),
        )
        .expect("secret"),
        stranger,
        secured(
            "an upstream's certificate that has expired",
            server("expired"),
            trusted(Value::Null),
            json!({}),
        )
        .expect("cluster.@a.ssl.fail_verify_error: 1"),
        secured(
            "an upstream's URI",
            server("server"),
            uri("spiffe://cluster.local/ns/shop/sa/server"),
            json!({}),
        )
        .expect("secret"),
        secured(
            "an upstream's URI that is another",
            server("server"),
            uri("spiffe://cluster.local/ns/shop/sa/cart"),
            json!({}),
        )
        .expect("cluster.@a.ssl.fail_verify_san: 1"),
        secured(
            "an upstream that wants a certificate and gets it",
            asking(),
            mutual,
            json!({}),
        )
        .expect("client certificate client"),
        secured(
            "an upstream that wants a certificate and gets none",
            asking(),
            trusted(Value::Null),
            json!({}),
        )
        .expect("503 Service Unavailable"),
        secured(
            "an upstream with an older version",
            ServerTls {
                version: Some(&TLS12),
                ..server("server")
            },
            json!({}),
            json!({}),
        )
        .expect("TLSv1_2"),
        secured(
            "an upstream with too old a version",
            ServerTls {
                version: Some(&TLS12),
                ..server("server")
            },
            newer,
            json!({}),
        )
        .expect("503 Service Unavailable"),
        secured(
            "a server name for the upstream",
            server("server"),
            json!({}),
            json!({ "sni": "server.test" }),
        )
        .expect("server name server.test"),
        secured(
            "a server name made of the host",
            server("server"),
            trusted(Value::Null),
            json!({}),
        )
        .cluster("a", auto(json!({ "auto_sni": true })))
        .send("GET / HTTP/1.1\r\nHost: server.test\r\n\r\n")
        .expect("server name server.test"),
        secured(
            "a name of the certificate that must be the host's",
            server("server"),
            trusted(Value::Null),
            json!({}),
        )
        .cluster(
            "a",
            auto(json!({ "auto_sni": true, "auto_san_validation": true })),
        )
        .expect("503 Service Unavailable"),
        case("an upstream that does not speak TLS")
            .details()
            .cluster(
                "a",
                json!({ "transport_socket": client_socket(json!({}), json!({})) }),
            )
            .send(GET)
            .expect("503 Service Unavailable"),
    ]
}

fn offers() -> Vec<Case> {
    let automatic = || {
        protocol_options(
            json!({ "auto_config": { "http_protocol_options": {}, "http2_protocol_options": {} } }),
        )
    };
    let with_h2 = |name: &'static str, options: Value| {
        let tls = ServerTls {
            protocols: &["h2", "http/1.1"],
            ..server("server")
        };
        case(name)
            .cluster(
                "a",
                json!({ "transport_socket": client_socket(json!({}), json!({})) }),
            )
            .cluster("a", options)
            .upstream(Upstream::h2("a", [ok_h2("secret")]).tls(tls))
            .send(GET)
            .expect("200 OK")
    };
    let with_http1 = |name: &'static str, protocols: &'static [&'static str]| {
        let tls = ServerTls {
            protocols,
            ..server("server")
        };
        secured(name, tls, json!({}), json!({})).cluster("a", automatic())
    };
    let offered = json!({ "alpn_protocols": ["meshctl", "http/1.1"] });
    vec![
        with_h2("HTTP/2 to the upstream offers it", http2_upstream()).expect("offers [\"h2\"]"),
        with_h2("HTTP/2 to the upstream by agreement", automatic()).expect("protocol h2"),
        with_http1("HTTP/1 to the upstream by agreement", &["http/1.1"])
            .expect("protocol http/1.1"),
        with_http1("HTTP/1 to an upstream without agreement", &[]).expect("protocol none"),
        secured(
            "protocols that the cluster names",
            ServerTls {
                protocols: &["http/1.1"],
                ..server("server")
            },
            offered,
            json!({}),
        )
        .expect("offers [\"meshctl\", \"http/1.1\"]"),
    ]
}

/// Transport sockets that are chosen by what is said of an endpoint.
fn matches() -> Vec<Case> {
    let plain = json!({
        "name": "envoy.transport_sockets.raw_buffer",
        "typed_config": typed("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer", json!({})),
    });
    let chosen = |name: &'static str, label: &str| {
        let endpoint = json!({
            "endpoint": { "address": "@a" },
            "metadata": { "filter_metadata": { "envoy.transport_socket_match": { "mesh": label } } },
        });
        case(name)
            .cluster("a", json!({
                "load_assignment": { "cluster_name": "@a", "endpoints": [{ "lb_endpoints": [endpoint] }] },
                "transport_socket_matches": [
                    { "name": "meshed", "match": { "mesh": "yes" }, "transport_socket": client_socket(json!({}), json!({ "sni": "server.test" })) },
                    { "name": "plain", "match": {}, "transport_socket": plain },
                ],
            }))
            .send(GET)
    };
    vec![
        chosen("an endpoint that is to be spoken to under TLS", "yes")
            .upstream(Upstream::new("a", [ok("secret")]).tls(server("server")))
            .expect("server name server.test"),
        chosen("an endpoint that is to be spoken to in plaintext", "no")
            .expect("upstream a: GET / HTTP/1.1"),
    ]
}
