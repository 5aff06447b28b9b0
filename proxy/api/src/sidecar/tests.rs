//! The shapes of what is added to a pod.

use std::fmt::Write;

use serde_json::Value;

use super::*;
use crate::settings::{Overrides, Setting};

fn settings(values: &[(Setting, &str)]) -> Settings {
    let mut overrides = Overrides::default();
    for (setting, value) in values {
        overrides.set(*setting, value).unwrap();
    }
    Settings::resolve(&[&overrides])
}

fn build(values: &[(Setting, &str)], pod: &Pod) -> Sidecar {
    sidecar(&settings(values), &Mesh::default(), pod)
}

fn probe(kind: &str, port: u16, handler: Handler) -> Probe {
    Probe {
        container: "app".to_owned(),
        kind: kind.to_owned(),
        handler,
        port,
    }
}

/// Every way to be injected.
fn every_shape() -> Vec<Sidecar> {
    let mut shapes = Vec::new();
    for proxy in ["mesh-proxy", "envoy"] {
        for kind in ["native", "container"] {
            for intercept in ["init", "none"] {
                for guaranteed in [false, true] {
                    let values = [
                        (Setting::Proxy, proxy),
                        (Setting::Sidecar, kind),
                        (Setting::Intercept, intercept),
                    ];
                    shapes.push(build(
                        &values,
                        &Pod {
                            guaranteed,
                            ..Pod::default()
                        },
                    ));
                }
            }
        }
    }
    shapes
}

fn containers(built: &Sidecar) -> impl Iterator<Item = &Value> {
    let lists = [
        &built.first_init_containers,
        &built.last_init_containers,
        &built.containers,
    ];
    lists.into_iter().flatten().map(|piece| &piece.value)
}

/// The pieces as text, long arguments by their length: goldens show the bootstrap.
fn shape(built: &Sidecar) -> String {
    let mut text = String::new();
    for (place, pieces) in [
        ("first init containers", &built.first_init_containers),
        ("last init containers", &built.last_init_containers),
        ("containers", &built.containers),
        ("volumes", &built.volumes),
    ] {
        for Piece { value, why } in pieces {
            let mut value = value.clone();
            for argument in value["args"].as_array_mut().into_iter().flatten() {
                if argument
                    .as_str()
                    .is_some_and(|text| text.starts_with("{\"node\""))
                {
                    *argument = "@@BOOTSTRAP@@".into();
                }
            }
            if value.get("args").is_none_or(Value::is_null)
                && let Some(fields) = value.as_object_mut()
            {
                fields.shift_remove("args");
            }
            let json = serde_json::to_string_pretty(&value).unwrap();
            writeln!(text, "# {place}: {why}\n{json}").unwrap();
        }
    }
    for (name, value) in &built.environment {
        writeln!(text, "# environment\n{name}={value}").unwrap();
    }
    for probe in &built.probes {
        writeln!(
            text,
            "# probe {}/{}\n{}",
            probe.container, probe.kind, probe.http_get
        )
        .unwrap();
    }
    text.replace(env!("CARGO_PKG_VERSION"), "@@VERSION@@")
}

#[test]
fn native_mesh_proxy() {
    insta::assert_snapshot!(shape(&build(&[], &Pod::default())));
}

#[test]
fn native_envoy_in_a_guaranteed_pod_with_rewritten_probes() {
    let pod = Pod {
        probes: vec![
            probe("livenessProbe", 6379, Handler::Tcp),
            probe(
                "readinessProbe",
                8443,
                Handler::Http {
                    path: "/a$(B)".to_owned(),
                    https: true,
                },
            ),
            probe(
                "startupProbe",
                8080,
                Handler::Http {
                    path: "/".to_owned(),
                    https: false,
                },
            ),
        ],
        guaranteed: true,
        grace_seconds: Some(15),
        ..Pod::default()
    };
    let values = [
        (Setting::Proxy, "envoy"),
        (Setting::Mtls, "strict"),
        (Setting::RewriteProbes, "true"),
        (Setting::SkipInboundPorts, "22"),
        (Setting::SkipOutboundPorts, "8000-8100"),
        (Setting::SkipOutboundCidrs, "10.0.0.0/8"),
    ];
    insta::assert_snapshot!(shape(&build(&values, &pod)));
}

#[test]
fn classic_envoy() {
    let values = [(Setting::Proxy, "envoy"), (Setting::Sidecar, "container")];
    insta::assert_snapshot!(shape(&build(&values, &Pod::default())));
}

#[test]
fn explicit_proxy() {
    insta::assert_snapshot!(shape(&build(
        &[(Setting::Intercept, "none")],
        &Pod::default()
    )));
}

#[test]
fn every_security_field_is_set() {
    for built in every_shape() {
        for container in containers(&built) {
            let security = &container["securityContext"];
            let is_init = container["name"] == "mesh-init";
            assert_eq!(security["allowPrivilegeEscalation"], false);
            assert_eq!(security["privileged"], false);
            assert_eq!(security["readOnlyRootFilesystem"], true);
            assert_eq!(security["capabilities"]["drop"], serde_json::json!(["ALL"]));
            assert_eq!(security["runAsNonRoot"], !is_init);
            assert_eq!(security["runAsUser"], if is_init { 0 } else { 1337 });
            assert_eq!(security["runAsGroup"], security["runAsUser"]);
            assert_eq!(security["seccompProfile"]["type"], "RuntimeDefault");
            let added = security["capabilities"].get("add");
            assert_eq!(
                added,
                is_init.then(|| serde_json::json!(["NET_ADMIN"])).as_ref()
            );
        }
    }
}

#[test]
fn without_interception_nothing_breaks_pod_security_restricted() {
    let built = build(&[(Setting::Intercept, "none")], &Pod::default());
    assert_eq!(containers(&built).count(), 1);
    for container in containers(&built) {
        let security = &container["securityContext"];
        assert_eq!(security["runAsNonRoot"], true);
        assert_eq!(
            security["capabilities"],
            serde_json::json!({ "drop": ["ALL"] })
        );
        assert!(container["ports"][0].get("hostPort").is_none());
    }
    for Piece { value, .. } in &built.volumes {
        let kinds: Vec<_> = value.as_object().unwrap().keys().skip(1).collect();
        assert!(kinds == ["emptyDir"] || kinds == ["projected"], "{kinds:?}");
    }
}

#[test]
fn names_are_ours_and_come_first() {
    for built in every_shape() {
        for value in containers(&built).chain(built.volumes.iter().map(|piece| &piece.value)) {
            let (key, name) = value.as_object().unwrap().iter().next().unwrap();
            let name = name.as_str().unwrap();
            assert!(
                key == "name" && (name.starts_with("mesh-") || name == "envoy"),
                "{name}"
            );
        }
    }
}

#[test]
fn every_container_asks_for_cpu_and_a_guaranteed_pod_stays_so() {
    for (index, built) in every_shape().iter().enumerate() {
        for container in containers(built) {
            let resources = &container["resources"];
            assert!(
                resources["requests"]["cpu"].is_string()
                    && resources["requests"]["memory"].is_string()
            );
            let guaranteed = index % 2 == 1;
            assert_eq!(resources["limits"] == resources["requests"], guaranteed);
        }
    }
}

#[test]
fn a_given_limit_is_a_guaranteed_pods_request() {
    let values = [
        (Setting::ProxyCpuLimit, "200m"),
        (Setting::ProxyMemoryRequest, "40Mi"),
    ];
    let built = build(
        &values,
        &Pod {
            guaranteed: true,
            ..Pod::default()
        },
    );
    let proxy = containers(&built).last().unwrap();
    let expected = serde_json::json!({ "cpu": "200m", "memory": "40Mi" });
    assert_eq!(proxy["resources"]["limits"], expected);
    assert_eq!(proxy["resources"]["requests"], expected);
}

/// What Kubernetes makes of an argument: `$(NAME)` replaced, `$$` read as `$`.
fn expand(argument: &str) -> String {
    let mut text = argument.to_owned();
    for (name, value) in [
        ("POD_NAME", "cart-0"),
        ("POD_NAMESPACE", "shop"),
        ("POD_IP", "10.0.0.1"),
        ("SERVICE_ACCOUNT", "cart"),
        ("NODE_NAME", "node-1"),
    ] {
        let reference = format!("$({name})");
        let parts: Vec<&str> = text.split("$$").collect();
        let parts: Vec<String> = parts
            .iter()
            .map(|part| part.replace(&reference, value))
            .collect();
        text = parts.join("$$");
    }
    text.replace("$$", "$")
}

#[test]
fn kubernetes_expands_the_pods_facts_and_nothing_else() {
    let path = "/probe?a=$(POD_NAME)&b=$HOME$$".to_owned();
    let pod = Pod {
        probes: vec![probe(
            "livenessProbe",
            8080,
            Handler::Http {
                path: path.clone(),
                https: false,
            },
        )],
        ..Pod::default()
    };
    let built = build(&[(Setting::Mtls, "strict")], &pod);
    let proxy = containers(&built).last().unwrap();
    let arguments: Vec<String> = proxy["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arg| expand(arg.as_str().unwrap()))
        .collect();
    let bootstrap: Value = serde_json::from_str(&arguments[2]).unwrap();
    assert_eq!(bootstrap["node"]["id"], "cart-0.shop");
    assert!(bootstrap.to_string().contains(&format!("\"{path}\"")));
    let agent: crate::agent::AgentConfig = serde_json::from_str(&arguments[4]).unwrap();
    assert_eq!(
        (agent.pod.address.as_str(), agent.pod.node.as_str()),
        ("10.0.0.1", "node-1")
    );
}

#[test]
fn the_digest_follows_every_setting_and_nothing_else() {
    let pod = Pod::default();
    let first = build(&[], &pod).digest;
    assert_eq!(first, build(&[], &pod).digest);
    assert!(first.len() == 16 && first.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let mut digests = vec![first];
    for value in [
        (Setting::Proxy, "envoy"),
        (Setting::Sidecar, "container"),
        (Setting::SkipOutboundPorts, "22"),
        (Setting::OpaquePorts, ""),
        (Setting::Egress, "shop"),
        (Setting::Mtls, "strict"),
        (Setting::ProxyUid, "1338"),
        (Setting::ProxyCpuLimit, "1"),
        (Setting::LogLevel, "debug"),
        (Setting::DrainSeconds, "1"),
    ] {
        digests.push(build(&[value], &pod).digest);
    }
    let mut mesh = Mesh::default();
    mesh.set(crate::settings::MeshSetting::TokenAudience, "istio-ca")
        .unwrap();
    digests.push(sidecar(&settings(&[]), &mesh, &pod).digest);
    let count = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count);
}

#[test]
fn draining_leaves_time_for_the_application() {
    for (grace_seconds, seconds) in [
        (None, "20"),
        (Some(600), "20"),
        (Some(15), "10"),
        (Some(3), "0"),
    ] {
        let built = build(
            &[],
            &Pod {
                grace_seconds,
                ..Pod::default()
            },
        );
        let proxy = containers(&built).last().unwrap();
        let command = &proxy["lifecycle"]["preStop"]["exec"]["command"];
        assert_eq!(
            *command,
            serde_json::json!(["mesh-proxy", "drain", "--seconds", seconds])
        );
    }
}

#[test]
fn a_probe_is_rewritten_only_where_the_sidecar_would_falsify_it() {
    let pod = Pod {
        probes: vec![probe("livenessProbe", 6379, Handler::Tcp)],
        ..Pod::default()
    };
    let rewrite = (Setting::RewriteProbes, "true");
    assert!(build(&[], &pod).probes.is_empty());
    assert_eq!(build(&[rewrite], &pod).probes.len(), 1);
    assert!(
        build(&[rewrite, (Setting::SkipInboundPorts, "6379")], &pod)
            .probes
            .is_empty()
    );
    assert!(
        build(&[rewrite, (Setting::Intercept, "none")], &pod)
            .probes
            .is_empty()
    );
}

#[test]
fn the_annotation_reads_what_it_writes() {
    let injected = Injected {
        version: "0.1.0".to_owned(),
        digest: "0123456789abcdef".to_owned(),
        created: vec!["annotations".to_owned()],
        settings: Vec::new(),
        mesh: BTreeMap::new(),
    };
    let text = injected.to_annotation();
    assert_eq!(
        text,
        r#"{"version":"0.1.0","digest":"0123456789abcdef","created":["annotations"]}"#
    );
    assert_eq!(Injected::from_annotation(&text).unwrap(), injected);
}
