//! The judge: the real Envoy takes every bootstrap and every golden resource.
//!
//! Needs Envoy 1.40 at `MESHCTL_ENVOY`; without it each test prints SKIPPED, and fails under `CI=true`
//! unless `MESHCTL_ALLOW_SKIP` names the tier `judge`.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/golden.rs"]
mod golden;
#[path = "support/judge.rs"]
mod judge;
#[path = "support/sample.rs"]
mod sample;
#[path = "support/traffic.rs"]
mod traffic;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use mesh_api::settings::{Mesh, MeshSetting, Setting};
use mesh_api::sidecar::Probe;
use serde_json::Value;

use judge::{Running, count, envoy, resource_name};

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn envoy_takes_every_bootstrap() {
    let Some(envoy) = envoy("envoy_takes_every_bootstrap") else {
        return;
    };
    let probes = sample::probes();
    let (none, all): (&[Probe], &[Probe]) = (&[], &probes);
    let cases: &[Case<'_>] = &[
        ("permissive", &[], none),
        ("permissive with probes", &[], all),
        (
            "permissive without opaque ports",
            &[(Setting::OpaquePorts, "")],
            none,
        ),
        (
            "permissive with every port opaque",
            &[(Setting::OpaquePorts, "1-65535")],
            none,
        ),
        (
            "permissive with odd and even ports",
            &[(Setting::OpaquePorts, "1,3,5,7-9,65535")],
            none,
        ),
        ("strict", &[(Setting::Mtls, "strict")], none),
        ("strict with probes", &[(Setting::Mtls, "strict")], all),
        (
            "strict with plaintext ports",
            &[
                (Setting::Mtls, "strict"),
                (Setting::PlaintextPorts, "9090,9100-9200"),
            ],
            all,
        ),
        (
            "strict with a probe on a plaintext port",
            &[(Setting::Mtls, "strict"), (Setting::PlaintextPorts, "8080")],
            all,
        ),
        (
            "strict with a probe on a skipped port",
            &[
                (Setting::Mtls, "strict"),
                (Setting::SkipInboundPorts, "8080,9000"),
            ],
            all,
        ),
        (
            "strict with a probe on an opaque port",
            &[(Setting::Mtls, "strict"), (Setting::OpaquePorts, "8080")],
            all,
        ),
        (
            "for envoy",
            &[
                (Setting::Proxy, "envoy"),
                (Setting::Egress, "shop,data/redis,*"),
            ],
            all,
        ),
        ("explicit proxy", &[(Setting::Intercept, "none")], all),
    ];
    for families in ["dual", "ipv4", "ipv6"] {
        let mut mesh = Mesh::default();
        mesh.set(MeshSetting::IpFamilies, families).unwrap();
        for (name, values, probes) in cases {
            let bootstrap = sample::bootstrap_with(values, &mesh, probes);
            let output = Command::new(&envoy)
                .args([
                    "--mode",
                    "validate",
                    "--disable-hot-restart",
                    "--log-level",
                    "warning",
                ])
                .args(["--config-yaml", &bootstrap.to_string()])
                .output()
                .unwrap();
            let log = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}, {families}: {log}");
            assert!(!log.contains("eprecated"), "{name}, {families}: {log}");
        }
    }
}

/// A name, settings, probes.
type Case<'a> = (&'a str, &'a [(Setting, &'a str)], &'a [Probe]);

#[test]
fn envoy_runs_every_golden_resource() {
    let Some(envoy) = envoy("envoy_runs_every_golden_resource") else {
        return;
    };
    for bootstrap in ["bootstrap-mesh-proxy.json", "bootstrap-envoy.json"] {
        let resources = ["lds.json", "cds.json", "rds.json", "eds.json"];
        let resources = resources.map(|file| (file, read_golden(file)));
        let running = Running::start(&envoy, any_port(read_golden(bootstrap)), &resources);
        let stats = running.wait("every resource", |admin| {
            let stats = admin.get("/stats?filter=update_(success|rejected|failure)")?;
            let taken = ["cluster_manager.cds", "listener_manager.lds"]
                .iter()
                .all(|source| count(&stats, &format!("{source}.update_success")) == Some(1));
            taken.then_some(stats)
        });
        for line in stats
            .lines()
            .filter(|line| !line.contains("update_success"))
        {
            assert!(line.ends_with(": 0"), "{bootstrap}: {line}");
        }
        let names = running.wait("warmed listeners", |admin| {
            let dump: Value = serde_json::from_str(&admin.get("/config_dump?include_eds")?).ok()?;
            let text = dump.to_string();
            let warming =
                text.contains("\"warming_state\"") || text.contains("dynamic_warming_clusters");
            (!warming).then(|| active(&dump))
        });
        let expected: BTreeSet<String> = ["lds.json", "cds.json", "rds.json", "eds.json"]
            .iter()
            .flat_map(|file| resource_names(file))
            .collect();
        let missing: Vec<_> = expected.difference(&names).collect();
        assert!(
            missing.is_empty(),
            "{bootstrap}: Envoy does not have {missing:?}"
        );
    }
}

fn read_golden(file: &str) -> Value {
    let path = sample::golden_directory().join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn resource_names(file: &str) -> Vec<String> {
    let response = read_golden(file);
    let resources = response["resources"].as_array().unwrap().iter();
    resources
        .map(|resource| format!("{file} {}", resource_name(resource)))
        .collect()
}

/// The names of what Envoy has in use, as [`resource_names`] writes them.
fn active(dump: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |file: &str, section: &str, name: &str| {
        for config in dump["configs"].as_array().unwrap() {
            for entry in config[section].as_array().into_iter().flatten() {
                if let Some(name) = entry.pointer(name).and_then(Value::as_str) {
                    names.insert(format!("{file} {name}"));
                }
            }
        }
    };
    add(
        "lds.json",
        "dynamic_listeners",
        "/active_state/listener/name",
    );
    add("cds.json", "dynamic_active_clusters", "/cluster/name");
    add("rds.json", "dynamic_route_configs", "/route_config/name");
    for section in ["dynamic_endpoint_configs", "static_endpoint_configs"] {
        add("eds.json", section, "/endpoint_config/cluster_name");
    }
    names
}

/// The bootstrap with ports that are free on this machine.
fn any_port(mut bootstrap: Value) -> Value {
    bootstrap["admin"]["address"]["socket_address"]["port_value"] = 0.into();
    for listener in bootstrap["static_resources"]["listeners"]
        .as_array_mut()
        .unwrap()
    {
        listener["address"]["socket_address"]["port_value"] = 0.into();
        listener
            .as_object_mut()
            .unwrap()
            .remove("additional_addresses");
    }
    bootstrap
}
