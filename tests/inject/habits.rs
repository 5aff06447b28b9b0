//! Dashes, indentation, line ends, lists and JSON: the additions are written as what is around them.

use mesh_api::settings::Setting;
use meshctl::manifest::outcome::Options;

use crate::support::cases::{added, deployment, flags, inject_told, injected, uninjected};

fn show(text: &str) -> String {
    added(text, &Options::default())
}

fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n{spec}")
}

#[test]
fn classic_sidecars_go_behind_the_first_container() {
    let classic = flags(&[(Setting::Sidecar, "container")]);
    insta::assert_snapshot!(added(&pod("  containers:\n    - name: app\n      image: a\n      # the last word on app\n    # the helper\n    - name: helper\n"), &classic), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["initContainers","volumes","annotations"]
    +    meshctl.dev/sidecar: container
       name: web
     spec:
    +  initContainers:
    +    - name: mesh-init
    +  volumes:
    +    - name: mesh-identity
    +    - name: mesh-token
    +    - name: mesh-trust
       containers:
         - name: app
           image: a
           # the last word on app
    +    - name: mesh-proxy
         # the helper
         - name: helper
    "#);
    insta::assert_snapshot!(added(&pod("  initContainers:\n    - name: prepare\n  containers:\n  -\n    name: app\n"), &classic), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["volumes","annotations"]
    +    meshctl.dev/sidecar: container
       name: web
     spec:
       initContainers:
         - name: prepare
    +    - name: mesh-init
    +  volumes:
    +    - name: mesh-identity
    +    - name: mesh-token
    +    - name: mesh-trust
       containers:
       -
         name: app
    +  - name: mesh-proxy
    "#);
}

#[test]
fn dashes_and_indentation() {
    // Compact, indentless, wide.
    for text in [
        "apiVersion: v1\nkind: List\nitems:\n- spec:\n    containers:\n    - name: app\n  kind: Pod\n  apiVersion: v1\n",
        "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  spec: {containers: [{name: app}]}\n",
        "apiVersion: v1\nkind: List\nitems:\n-   kind: Pod\n    spec:\n        containers:\n        -   name: app\n            image: a\n",
        "apiVersion: v1\nkind: List\nitems:\n  - {kind: Pod, spec: {containers: [{name: app}]}}\n",
        "apiVersion: v1\nkind: PodList\nitems:\n-\n  spec:\n     containers:\n     -\n       name: app\n",
        "---\n# c\nkind: Pod # d\nspec:\n    containers:\n        - name: app\n...\n---\n\n--- # e\nkind: Pod\nspec: {containers: [{name: b}]}\n",
        "%YAML 1.1\n---\nkind: Pod\nspec:\n  containers:\n  - name: app\n",
        "--- {kind: Pod, spec: {containers: [{name: app}]}}\n",
        "kind: Pod\n\"spec\":\n  'containers':\n  - \"name\": app\n",
        "  kind: Pod\n  spec:\n    containers:\n    - name: app\n",
    ] {
        for settings in [
            &[][..],
            &[(Setting::Sidecar, "container")],
            &[(Setting::Intercept, "none")],
            &[(Setting::Proxy, "envoy")],
        ] {
            added(text, &flags(settings));
        }
    }
}

#[test]
fn additions_that_meet_at_one_place_keep_apart() {
    // What ends there goes on before what begins there; the innermost first.
    for ways in [
        &[(Setting::Intercept, "none")][..],
        &[
            (Setting::Intercept, "none"),
            (Setting::Sidecar, "container"),
        ],
    ] {
        for env in [
            "env: []",
            "env: ~",
            "env:",
            "env:\n        - {name: A, value: b}",
            "args: []",
        ] {
            let inner = format!("    - name: app\n      {env}\n");
            for text in [
                format!(
                    "  initContainers:\n{}  containers:\n{inner}",
                    inner.replace("app", "prepare")
                ),
                format!(
                    "  containers:\n{inner}  initContainers:\n{}",
                    inner.replace("app", "prepare")
                ),
                format!("  containers:\n{inner}  volumes: ~\n"),
                format!(
                    "  volumes:\n  containers:\n{inner}{}",
                    inner.replace("app", "second")
                ),
            ] {
                added(&pod(&text), &flags(ways));
                added(pod(&text).trim_end(), &flags(ways));
            }
        }
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark() {
    let text = pod("  containers:\n    - name: app\n      image: a\n").replace('\n', "\r\n");
    insta::assert_snapshot!(show(&text), @r#"
     apiVersion: v1␍
     kind: Pod␍
     metadata:␍
    +  annotations:␍
    +    meshctl.dev/injected: "created":["initContainers","volumes","annotations"]
       name: web␍
     spec:␍
    +  initContainers:␍
    +    - name: mesh-init␍
    +    - name: mesh-proxy␍
    +  volumes:␍
    +    - name: mesh-identity␍
    +    - name: mesh-token␍
    +    - name: mesh-trust␍
       containers:␍
         - name: app␍
           image: a␍
    "#);
    let after = injected(&text, &Options::default());
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
    let marked = format!("\u{feff}{text}");
    let after = injected(&marked, &Options::default());
    assert!(after.starts_with("\u{feff}apiVersion") && after.matches('\u{feff}').count() == 1);
    assert_eq!(uninjected(&after), marked);
    let marked = "\u{feff}kind: Pod\r\nspec:\r\n  containers:\r\n  - name: app";
    added(marked, &Options::default());
}

#[test]
fn a_cron_jobs_annotations_are_its_pods() {
    let text = "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: nightly\nspec:\n  schedule: \"0 1 * * *\"\n  jobTemplate:\n    metadata:\n      annotations:\n        level: job\n    spec:\n      template:\n        spec:\n          containers:\n            - name: app\n";
    insta::assert_snapshot!(show(text), @r#"
     apiVersion: batch/v1
     kind: CronJob
     metadata:
       name: nightly
     spec:
       schedule: "0 1 * * *"
       jobTemplate:
         metadata:
           annotations:
             level: job
         spec:
           template:
    +        metadata:
    +          annotations:
    +            meshctl.dev/injected: "created":["initContainers","volumes","metadata"]
             spec:
    +          initContainers:
    +            - name: mesh-init
    +            - name: mesh-proxy
    +          volumes:
    +            - name: mesh-identity
    +            - name: mesh-token
    +            - name: mesh-trust
               containers:
                 - name: app
    "#);
}

#[test]
fn typed_lists_and_resource_lists() {
    let typed = "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: one}\n  spec:\n    template:\n      spec:\n        containers:\n        - name: app\n- metadata: {name: two}\n  spec: {template: {spec: {containers: [{name: app}]}}}\n";
    insta::assert_snapshot!(inject_told(typed, &Options::default()), @r"
    Deployment/one Injected
    Deployment/two Injected
    ");
    insta::assert_snapshot!(show(typed), @r#"
     apiVersion: apps/v1
     kind: DeploymentList
     items:
     - metadata: {name: one}
       spec:
         template:
    +      metadata:
    +        annotations:
    +          meshctl.dev/injected: "created":["initContainers","volumes","metadata"]
           spec:
    +        initContainers:
    +        - name: mesh-init
    +        - name: mesh-proxy
    +        volumes:
    +        - name: mesh-identity
    +        - name: mesh-token
    +        - name: mesh-trust
             containers:
             - name: app
     - metadata: {name: two}
    -  spec: {template: {spec: {containers: [{name: app}]}}}
    +  spec: {template: {"metadata": {"annotations": {"meshctl.dev/injected … rs: [{name: app}]}}}
    "#);
    let function = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig: {kind: ConfigMap, data: {}}\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: web}\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: web}\n  spec:\n    containers:\n    - name: app\n";
    insta::assert_snapshot!(inject_told(function, &Options::default()), @"Pod/web Injected");
    added(function, &Options::default());
}

#[test]
fn json_stays_json() {
    let value = crate::support::cases::value(&deployment("", ""));
    for text in crate::support::cases::forms(&value) {
        let after = injected(&text, &Options::default());
        if text.starts_with('{') {
            serde_json::from_str::<serde_json::Value>(&after).expect("JSON");
            added(&text.replace("  ", "\t"), &Options::default());
        }
        added(&text, &Options::default());
        added(&text.replace('\n', "\r\n"), &Options::default());
    }
}
