//! What the bootstrap holds for each setting.

use super::*;
use crate::settings::{Overrides, Setting};
use crate::sidecar::Handler;

fn build(values: &[(Setting, &str)], probes: &[Probe]) -> Value {
    let mut overrides = Overrides::default();
    for (setting, value) in values {
        overrides.set(*setting, value).unwrap();
    }
    let fact = || "fact".to_owned();
    let pod = PodReference {
        name: fact(),
        namespace: fact(),
        service_account: fact(),
        address: fact(),
        node: fact(),
    };
    bootstrap(
        &Settings::resolve(&[&overrides]),
        &Mesh::default(),
        probes,
        &pod,
    )
}

fn inbound_of(bootstrap: &Value) -> Value {
    bootstrap["static_resources"]["listeners"][1].clone()
}

fn chains(listener: &Value) -> Vec<&str> {
    let chains = listener["filter_chains"].as_array().unwrap().iter();
    chains
        .chain(listener.get("default_filter_chain"))
        .map(|chain| chain["name"].as_str().unwrap())
        .collect()
}

fn http_probe(port: u16) -> Probe {
    Probe {
        container: "app".to_owned(),
        kind: "livenessProbe".to_owned(),
        handler: Handler::Http {
            path: "/healthz".to_owned(),
            https: false,
        },
        port,
    }
}

#[test]
fn permissive_takes_mesh_http_and_bytes() {
    let inbound = inbound_of(&build(&[], &[]));
    assert_eq!(
        chains(&inbound),
        [
            "loop-15006",
            "loop-15001",
            "mesh",
            "mesh-tcp",
            "http",
            "tcp"
        ]
    );
}

#[test]
fn strict_takes_nothing_else_than_what_is_declared() {
    let strict = (Setting::Mtls, "strict");
    let mesh = ["loop-15006", "loop-15001", "mesh", "mesh-tcp"];
    assert_eq!(chains(&inbound_of(&build(&[strict], &[]))), mesh);
    let probed = inbound_of(&build(&[strict], &[http_probe(8080)]));
    assert_eq!(chains(&probed), [&mesh[..], &["http"]].concat());
    assert!(probed.to_string().contains(r#""stat_prefix":"probes""#));
    assert!(probed.to_string().contains(r#"{"destination_port":8080}"#));
    let exempt = (Setting::PlaintextPorts, "8080");
    let exempted = inbound_of(&build(&[strict, exempt], &[http_probe(8080)]));
    assert_eq!(
        chains(&exempted),
        [&mesh[..], &["plaintext-ports"]].concat()
    );
}

#[test]
fn the_application_is_never_dialled_from_loopback() {
    for cluster in build(&[], &[])["static_resources"]["clusters"]
        .as_array()
        .unwrap()
    {
        let source = &cluster["upstream_bind_config"]["source_address"]["address"];
        let inbound = cluster["name"].as_str().unwrap().starts_with("inbound");
        assert_eq!(source == "127.0.0.6", inbound, "{cluster}");
    }
}

#[test]
fn the_original_protocol_is_never_believed_outside_the_mesh() {
    let bootstrap = build(&[], &[]);
    for listener in bootstrap["static_resources"]["listeners"]
        .as_array()
        .unwrap()
    {
        for chain in listener["filter_chains"].as_array().unwrap() {
            let text = chain.to_string();
            let http = text.contains("HttpConnectionManager");
            assert_eq!(
                http,
                text.contains(r#""request_headers_to_remove":["meshctl-orig-proto"]"#)
            );
            let believed = text.contains(r#""name":"meshctl-orig-proto""#);
            assert_eq!(believed, chain["name"] == "mesh");
        }
    }
}

#[test]
fn nobody_looks_at_opaque_ports() {
    let bootstrap = build(&[(Setting::OpaquePorts, "3306,9000-9010")], &[]);
    let disabled = json!({ "or_match": { "rules": [
        { "destination_port_range": { "start": 3306, "end": 3307 } },
        { "destination_port_range": { "start": 9000, "end": 9011 } },
    ] } });
    let listeners = &bootstrap["static_resources"]["listeners"];
    for filter in [1, 2] {
        assert_eq!(
            listeners[0]["listener_filters"][filter]["filter_disabled"],
            disabled
        );
    }
    // Inbound, a mesh client shows itself by TLS on any port.
    assert!(
        listeners[1]["listener_filters"][1]
            .get("filter_disabled")
            .is_none()
    );
    assert_eq!(
        listeners[1]["listener_filters"][2]["filter_disabled"],
        disabled
    );
}

#[test]
fn an_explicit_proxy_listens_on_loopback_alone() {
    let bootstrap = build(&[(Setting::Intercept, "none")], &[]);
    let listeners = bootstrap["static_resources"]["listeners"]
        .as_array()
        .unwrap();
    assert_eq!(listeners.len(), 1);
    assert_eq!(listeners[0]["address"], socket_address("127.0.0.1", 15002));
}
