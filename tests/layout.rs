//! Keeps the crates apart: what may know of what, by `cargo metadata`.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// The names of a workspace member's dependencies, those of its tests left out.
fn dependencies(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").expect("set by cargo");
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let found = packages.iter().find(|it| it["name"] == package);
    let listed = found.expect("a member")["dependencies"]
        .as_array()
        .expect("dependencies");
    let used = listed.iter().filter(|it| it["kind"] != "dev");
    used.map(|it| it["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn what_both_sides_share_does_no_io_and_knows_neither_side() {
    let shared = dependencies("mesh-api");
    for stranger in [
        "meshctl",
        "kube",
        "k8s-openapi",
        "tokio",
        "hyper",
        "reqwest",
        "clap",
        "ratatui",
    ] {
        assert!(!shared.contains(stranger), "mesh-api depends on {stranger}");
    }
}

#[test]
fn the_command_line_and_the_cluster_share_mesh_api_alone() {
    let mine = dependencies("meshctl");
    assert!(mine.contains("mesh-api"));
    assert!(!mine.contains("mesh-controller"));
}

#[test]
fn the_proxy_does_not_know_that_kubernetes_exists() {
    let proxy = dependencies("mesh-proxy");
    for stranger in ["meshctl", "mesh-controller", "kube", "k8s-openapi"] {
        assert!(
            !proxy.contains(stranger),
            "mesh-proxy depends on {stranger}"
        );
    }
}
