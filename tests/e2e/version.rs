//! The cluster of `tests/cluster/up` is the Kubernetes that it says it is.

use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::ListParams;

use crate::cluster::in_namespace;

/// The version in `tests/cluster/kubernetes/go.mod`, if it is that cluster.
fn pinned() -> Option<String> {
    let module = include_str!("../cluster/kubernetes/go.mod");
    let line = module
        .lines()
        .find_map(|it| it.trim().strip_prefix("k8s.io/kubernetes "));
    let own = std::env::var("MESHCTL_E2E_CLUSTER").is_ok_and(|it| it == "own");
    own.then(|| line.expect("a pinned version").to_owned())
}

#[test]
fn api_server_and_kubelet_report_the_pinned_version() {
    in_namespace("version", async |test| {
        let server = test.client.apiserver_version().await.expect("a version");
        let nodes = Api::<Node>::all(test.client.clone());
        let nodes = nodes.list(&ListParams::default()).await.expect("nodes");
        let kubelets = nodes
            .iter()
            .filter_map(|it| it.status.as_ref()?.node_info.as_ref());
        let mut versions: Vec<_> = kubelets.map(|it| it.kubelet_version.clone()).collect();
        versions.push(server.git_version);
        assert!(versions.len() > 1, "{versions:?}");
        // On another cluster there is nothing to compare with: it must be able to run native sidecars.
        for version in versions {
            match pinned() {
                Some(pinned) => assert_eq!(version, pinned),
                None => assert!(minor(&version) >= 29, "{version}"),
            }
        }
    });
}

fn minor(version: &str) -> u32 {
    let minor = version.split('.').nth(1).and_then(|it| it.parse().ok());
    minor.expect("a version like v1.34.1")
}
