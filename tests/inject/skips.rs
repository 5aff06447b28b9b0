//! Reasons to leave a workload as it is, with the key that decided and its place.

use mesh_api::settings::Setting;
use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Options, Verdict};

use crate::support::cases::{deployment, flags, inject_told};

/// What is said of a Deployment with these lines in its pod template and pod; a skip leaves every
/// byte.
fn told(metadata: &str, spec: &str) -> String {
    let text = deployment(metadata, spec);
    let edited = inject(&text, &Options::default());
    if matches!(edited.outcomes[0].verdict, Verdict::Skipped(_)) {
        assert_eq!(edited.to_string(), text);
    }
    inject_told(&text, &Options::default())
}

/// The same, with one more container than the usual.
fn told_with_container(container: &str) -> String {
    let text = deployment("", "") + "        - " + &container.replace('\n', "\n          ") + "\n";
    inject_told(&text, &Options::default())
}

#[test]
fn the_nodes_network() {
    insta::assert_snapshot!(told("", "      hostNetwork: true\n"), @r"
    Deployment/web skipped host-network: it uses the node's network, where redirection would catch the node's own traffic
      spec.template.spec.hostNetwork: true
      10:20 true
    ");
    insta::assert_snapshot!(told("", "      hostNetwork: yes\n"), @r"
    Deployment/web skipped host-network: it uses the node's network, where redirection would catch the node's own traffic
      spec.template.spec.hostNetwork: true
      10:20 yes
    ");
    insta::assert_snapshot!(told("", "      hostNetwork: false\n"), @"Deployment/web Injected");
}

#[test]
fn opted_out_by_label_annotation_or_namespace() {
    insta::assert_snapshot!(told("      annotations:\n        meshctl.dev/inject: disabled\n", ""), @r"
    Deployment/web skipped opted-out: it opts out
      spec.template.metadata.annotations[meshctl.dev/inject]: disabled
      10:29 disabled
    ");
    insta::assert_snapshot!(told("      annotations: {meshctl.dev/inject: \"false\"}\n", ""), @r#"
    Deployment/web skipped opted-out: it opts out
      spec.template.metadata.annotations[meshctl.dev/inject]: false
      9:41 "false"}
    "#);
    let labelled =
        deployment("", "").replace("{app: web}", "{app: web, meshctl.dev/inject: disabled}");
    insta::assert_snapshot!(inject_told(&labelled, &Options::default()), @r"
    Deployment/web skipped opted-out: it opts out
      spec.template.metadata.labels[meshctl.dev/inject]: disabled
      8:46 disabled}
    ");
    // A label counts before an annotation, because the webhook sees labels only.
    let both = deployment(
        "      annotations:\n        meshctl.dev/inject: disabled\n",
        "",
    )
    .replace("{app: web}", "{app: web, meshctl.dev/inject: enabled}");
    insta::assert_snapshot!(inject_told(&both, &Options::default()), @"Deployment/web Injected");
}

#[test]
fn a_namespace_of_the_same_input_speaks_for_its_pods() {
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    meshctl.dev/inject: disabled\n";
    let inside = deployment("", "").replace("  name: web\n", "  name: web\n  namespace: shop\n");
    let enabled = deployment(
        "      annotations:\n        meshctl.dev/inject: enabled\n",
        "",
    )
    .replace("  name: web\n", "  name: own-word\n  namespace: shop\n");
    let text = format!(
        "{inside}---\n{enabled}---\n{}{namespace}",
        deployment("", "")
    );
    insta::assert_snapshot!(inject_told(&text, &Options::default()), @r"
    Deployment/web skipped opted-out: its Namespace opts out
      Namespace/shop: meshctl.dev/inject: disabled
      8:5 metadata:
    Deployment/own-word Injected
    Deployment/web Injected
    ");
}

#[test]
fn sidecars_of_other_meshes() {
    insta::assert_snapshot!(told_with_container("name: istio-proxy\nimage: any"), @r"
    Deployment/web skipped other-mesh: it already carries a sidecar of Istio
      spec.template.spec: container istio-proxy, image any
      13:11 name: istio-proxy
    ");
    insta::assert_snapshot!(told_with_container("name: linkerd-proxy\nimage: any"), @r"
    Deployment/web skipped other-mesh: it already carries a sidecar of Linkerd
      spec.template.spec: container linkerd-proxy, image any
      13:11 name: linkerd-proxy
    ");
    insta::assert_snapshot!(told_with_container("name: kuma-sidecar\nimage: any"), @r"
    Deployment/web skipped other-mesh: it already carries a sidecar of Kuma
      spec.template.spec: container kuma-sidecar, image any
      13:11 name: kuma-sidecar
    ");
    insta::assert_snapshot!(told_with_container("name: consul-dataplane\nimage: any"), @r"
    Deployment/web skipped other-mesh: it already carries a sidecar of Consul
      spec.template.spec: container consul-dataplane, image any
      13:11 name: consul-dataplane
    ");
}

#[test]
fn sidecars_of_other_meshes_that_somebody_renamed() {
    insta::assert_snapshot!(told_with_container("name: mesh\nimage: mirror.example:5000/istio/proxyv2:1.30.1"), @r"
    Deployment/web skipped other-mesh: it already carries a sidecar of Istio
      spec.template.spec: container mesh, image mirror.example:5000/istio/proxyv2:1.30.1
      13:11 name: mesh
    ");
    insta::assert_snapshot!(told_with_container("name: mesh\nimage: mirror.example/linkerd/proxy@sha256:00"), @r"
    Deployment/web skipped other-mesh: it already carries a sidecar of Linkerd
      spec.template.spec: container mesh, image mirror.example/linkerd/proxy@sha256:00
      13:11 name: mesh
    ");
    insta::assert_snapshot!(told_with_container("name: mesh\nimage: docker.io/kumahq/kuma-dp:2.9"), @r"
    Deployment/web skipped other-mesh: it already carries a sidecar of Kuma
      spec.template.spec: container mesh, image docker.io/kumahq/kuma-dp:2.9
      13:11 name: mesh
    ");
    insta::assert_snapshot!(told_with_container("name: mesh\nimage: hashicorp/consul-dataplane:1.6"), @r"
    Deployment/web skipped other-mesh: it already carries a sidecar of Consul
      spec.template.spec: container mesh, image hashicorp/consul-dataplane:1.6
      13:11 name: mesh
    ");
    insta::assert_snapshot!(told("", "      initContainers:\n        - name: setup\n          image: cr.l5d.io/linkerd/proxy-init:v2.4\n"), @r"
    Deployment/web skipped other-mesh: it already carries a sidecar of Linkerd
      spec.template.spec: container setup, image cr.l5d.io/linkerd/proxy-init:v2.4
      11:11 name: setup
    ");
}

#[test]
fn marks_that_only_another_injector_writes() {
    for (annotation, mesh) in [
        ("sidecar.istio.io/status: '{}'", "Istio"),
        ("linkerd.io/proxy-version: edge-26.8.1", "Linkerd"),
        ("kuma.io/sidecar-injected: \"true\"", "Kuma"),
        (
            "consul.hashicorp.com/connect-inject-status: injected",
            "Consul",
        ),
    ] {
        let text = deployment(&format!("      annotations:\n        {annotation}\n"), "");
        let told = inject_told(&text, &Options::default());
        let value = annotation.split(": ").nth(1).expect("a value");
        assert!(
            told.contains("skipped other-mesh") && told.contains(mesh),
            "{told}"
        );
        assert!(told.trim_end().ends_with(value), "{told}");
    }
}

#[test]
fn a_pod_that_asks_another_mesh_for_a_sidecar_is_warned_about() {
    insta::assert_snapshot!(told("      annotations:\n        linkerd.io/inject: enabled\n", ""), @r"
    Deployment/web Injected
      note other-mesh-opt-in: linkerd.io/inject: enabled asks Linkerd for a sidecar too: where its webhook runs, the pod gets both (remove it)
        10:28 enabled
    ");
    let labelled = deployment("", "").replace(
        "{app: web}",
        "{app: web, sidecar.istio.io/inject: \"true\"}",
    );
    insta::assert_snapshot!(inject_told(&labelled, &Options::default()), @r#"
    Deployment/web Injected
      note other-mesh-opt-in: sidecar.istio.io/inject: true asks Istio for a sidecar too: where its webhook runs, the pod gets both (remove it)
        8:51 "true"}
    "#);
    insta::assert_snapshot!(told("      annotations:\n        sidecar.istio.io/inject: \"true\"\n", ""), @r#"
    Deployment/web Injected
      note other-mesh-opt-in: sidecar.istio.io/inject: true asks Istio for a sidecar too: where its webhook runs, the pod gets both (remove it)
        10:34 "true"
    "#);
    insta::assert_snapshot!(told("      annotations:\n        kuma.io/sidecar-injection: enabled\n", ""), @r"
    Deployment/web Injected
      note other-mesh-opt-in: kuma.io/sidecar-injection: enabled asks Kuma for a sidecar too: where its webhook runs, the pod gets both (remove it)
        10:36 enabled
    ");
    insta::assert_snapshot!(told("      annotations:\n        consul.hashicorp.com/connect-inject: \"true\"\n", ""), @r#"
    Deployment/web Injected
      note other-mesh-opt-in: consul.hashicorp.com/connect-inject: true asks Consul for a sidecar too: where its webhook runs, the pod gets both (remove it)
        10:46 "true"
    "#);
    let revision = deployment("", "").replace("{app: web}", "{app: web, istio.io/rev: canary}");
    insta::assert_snapshot!(inject_told(&revision, &Options::default()), @r"
    Deployment/web Injected
      note other-mesh-opt-in: istio.io/rev: canary asks Istio for a sidecar too: where its webhook runs, the pod gets both (remove it)
        8:40 canary}
    ");
    // Whoever opts out of the other mesh is no reason to warn.
    insta::assert_snapshot!(told("      annotations:\n        linkerd.io/inject: disabled\n        sidecar.istio.io/inject: \"false\"\n", ""), @"Deployment/web Injected");
    let out = deployment("", "").replace(
        "{app: web}",
        "{app: web, istio.io/rev: canary, sidecar.istio.io/inject: \"false\"}",
    );
    insta::assert_snapshot!(inject_told(&out, &Options::default()), @"Deployment/web Injected");
}

#[test]
fn windows_nodes() {
    insta::assert_snapshot!(told("", "      os:\n        name: windows\n"), @r"
    Deployment/web skipped windows: it runs on Windows nodes, and the sidecar is for Linux
      spec.template.spec.os.name: windows
      11:15 windows
    ");
    insta::assert_snapshot!(told("", "      nodeSelector:\n        kubernetes.io/os: windows\n"), @r"
    Deployment/web skipped windows: it runs on Windows nodes, and the sidecar is for Linux
      spec.template.spec.nodeSelector[kubernetes.io/os]: windows
      11:27 windows
    ");
    let affinity = |terms: &str| {
        let head = "      affinity:\n        nodeAffinity:\n          requiredDuringSchedulingIgnoredDuringExecution:\n            nodeSelectorTerms:\n";
        told("", &format!("{head}{terms}"))
    };
    let term = |os: &str| {
        format!(
            "              - matchExpressions:\n                  - {{key: kubernetes.io/os, operator: In, values: [{os}]}}\n"
        )
    };
    insta::assert_snapshot!(affinity(&term("windows")), @r"
    Deployment/web skipped windows: it runs on Windows nodes, and the sidecar is for Linux
      spec.template.spec.affinity.nodeAffinity: kubernetes.io/os In [windows]
      15:21 {key: kubernetes.io/os, operator: In, values: [windows]}
    ");
    insta::assert_snapshot!(affinity(&term("windows, linux")), @"Deployment/web Injected");
    // One term is enough to be scheduled.
    insta::assert_snapshot!(affinity(&(term("windows") + &term("linux"))), @"Deployment/web Injected");
    insta::assert_snapshot!(affinity(&(term("linux") + &term("windows"))), @"Deployment/web Injected");
    let zone = term("windows") + "                  - {key: zone, operator: Exists}\n";
    insta::assert_snapshot!(affinity(&zone), @r"
    Deployment/web skipped windows: it runs on Windows nodes, and the sidecar is for Linux
      spec.template.spec.affinity.nodeAffinity: kubernetes.io/os In [windows]
      15:21 {key: kubernetes.io/os, operator: In, values: [windows]}
    ");
}

#[test]
fn the_sidecars_user() {
    insta::assert_snapshot!(told("", "      securityContext:\n        runAsUser: 1337\n"), @r"
    Deployment/web skipped proxy-uid: it runs as user 1337, whose traffic is taken for the sidecar's own (--proxy-uid chooses another)
      spec.template.spec.securityContext.runAsUser: 1337
      11:20 1337
    ");
    insta::assert_snapshot!(told_with_container("name: other\nsecurityContext: {runAsUser: 1337}"), @r"
    Deployment/web skipped proxy-uid: it runs as user 1337, whose traffic is taken for the sidecar's own (--proxy-uid chooses another)
      spec.template.spec: container other, securityContext.runAsUser: 1337
      14:40 1337}
    ");
    // Every container overrides the pod's.
    let overridden = deployment("", "      securityContext: {runAsUser: 1337}\n")
        + "          securityContext: {runAsUser: 1000}\n";
    insta::assert_snapshot!(inject_told(&overridden, &Options::default()), @"Deployment/web Injected");
    // Another user for the sidecar, or none that matters.
    let text = deployment("", "      securityContext:\n        runAsUser: 1337\n");
    insta::assert_snapshot!(inject_told(&text, &flags(&[(Setting::ProxyUid, "2102")])), @"Deployment/web Injected");
    insta::assert_snapshot!(inject_told(&text, &flags(&[(Setting::Intercept, "none")])), @"Deployment/web Injected");
}

#[test]
fn ports_and_names_that_are_taken() {
    insta::assert_snapshot!(told_with_container("name: other\nports:\n  - name: metrics\n    containerPort: 15020"), @r"
    Deployment/web skipped port-clash: its port 15020 is one of the sidecar's
      spec.template.spec: container other, containerPort: 15020
      16:30 15020
    ");
    insta::assert_snapshot!(told_with_container("name: other\nports:\n  - containerPort: 8080\n    hostPort: 15020"), @"Deployment/web Injected");
    insta::assert_snapshot!(told_with_container("name: other\nports:\n  - containerPort: 15020\n    protocol: UDP"), @r"
    Deployment/web Injected
      note udp: port 15020: only TCP passes through the sidecar
        15:15 containerPort: 15020
    ");
    insta::assert_snapshot!(told_with_container("name: mesh-proxy\nimage: somebody/else"), @r"
    Deployment/web skipped name-clash: the name mesh-proxy is taken, and the sidecar needs it
      spec.template.spec: container mesh-proxy
      13:17 mesh-proxy
    ");
    insta::assert_snapshot!(told("", "      volumes:\n        - name: mesh-token\n          emptyDir: {}\n"), @r"
    Deployment/web skipped name-clash: the name mesh-token is taken, and the sidecar needs it
      spec.template.spec.volumes: mesh-token
      11:17 mesh-token
    ");
    // Envoy's name matters only where the sidecar is Envoy.
    let envoy = deployment("", "") + "        - name: envoy\n          image: example/gateway:1\n";
    insta::assert_snapshot!(inject_told(&envoy, &Options::default()), @"Deployment/web Injected");
    insta::assert_snapshot!(inject_told(&envoy, &flags(&[(Setting::Proxy, "envoy")])), @r"
    Deployment/web skipped name-clash: the name envoy is taken, and the sidecar needs it
      spec.template.spec: container envoy
      13:17 envoy
    ");
}

#[test]
fn nothing_to_inject_into() {
    insta::assert_snapshot!(inject_told("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {}\n", &Options::default()), @r"
    Deployment/web skipped no-template: it has no pod template
      spec.template.spec
      1:1 apiVersion: apps/v1
    ");
    insta::assert_snapshot!(inject_told("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: []\n", &Options::default()), @r"
    Pod/web skipped no-containers: it has no containers
      spec.containers
      5:3 containers: []
    ");
}
