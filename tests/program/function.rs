//! A KRM function: a `ResourceList` in, a `ResourceList` out, settings from its `functionConfig`.

use insta::assert_snapshot;

use crate::program::support::{Workspace, finish};

const LIST: &str = "\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
functionConfig:
  apiVersion: v1
  kind: ConfigMap
  metadata: {name: mesh}
  data:
    proxy-image: registry.example/mesh-proxy:7
    skip-inbound-ports: [9000, 9001]
    trust-domain: shop.example
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec:
          containers:
            - {name: web, image: shop/web}
";

#[test]
fn settings_come_from_the_function_configuration() {
    let ran = Workspace::with(&[]).pipe(&["inject"], LIST);
    assert_eq!(ran.code, Some(0), "{ran}");
    for text in [
        "kind: ResourceList",
        "registry.example/mesh-proxy:7",
        "9000-9001",
        "shop.example",
    ] {
        assert!(ran.stdout.contains(text), "{text}: {ran}");
    }
}

#[test]
fn any_kind_may_configure_by_its_spec() {
    let list = LIST
        .replace("  data:", "  spec:")
        .replace("kind: ConfigMap", "kind: MeshSettings");
    let workspace = Workspace::with(&[]);
    assert_eq!(
        workspace.pipe(&["inject"], &list).stdout.lines().count(),
        workspace.pipe(&["inject"], LIST).stdout.lines().count()
    );
}

#[test]
fn flags_win() {
    let line = &[
        "inject",
        "--proxy-image=other/mesh-proxy:8",
        "--trust-domain=other.example",
    ];
    let ran = Workspace::with(&[]).pipe(line, LIST);
    assert!(
        ran.stdout.contains("image: \"other/mesh-proxy:8\""),
        "{ran}"
    );
    assert!(ran.stdout.contains("other.example"), "{ran}");
}

#[test]
fn an_unknown_setting_is_an_error_at_its_place() {
    assert_snapshot!(
        Workspace::with(&[]).pipe(&["inject"], &LIST.replace("skip-inbound", "skip-inbund"))
    );
}

#[test]
fn a_bad_value_is_an_error_at_its_place() {
    let list = LIST.replace("[9000, 9001]", "http");
    assert_snapshot!(Workspace::with(&[]).pipe(&["inject"], &list));
    let list = LIST.replace("[9000, 9001]", "{a: b}");
    assert_snapshot!(Workspace::with(&[]).pipe(&["inject"], &list));
}

#[test]
fn live_completion_offers_manifests_and_workloads() {
    let workspace = Workspace::with(&[
        (
            "web.yaml",
            "kind: Deployment\nmetadata:\n  name: web\n---\nkind: Job\nmetadata:\n  name: once\n",
        ),
        ("notes.txt", ""),
        ("more/x.json", "{}"),
    ]);
    let offers = |words: &[&str]| {
        let mut line = vec!["--", "meshctl"];
        line.extend(words);
        let mut command = workspace.command(&line);
        command
            .env("MESHCTL_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", words.len().to_string());
        command.env("_CLAP_IFS", "\n");
        finish(command, words, b"").stdout
    };
    assert_eq!(offers(&["inject", "w"]), "web.yaml");
    assert_eq!(offers(&["inject", "m"]), "more/");
    assert_eq!(offers(&["inject", "n"]), "");
    assert_eq!(
        offers(&["inject", "web.yaml", "--only", ""]),
        "Deployment/web\nJob/once"
    );
    assert_eq!(
        offers(&["inject", "web.yaml", "--only", "dep"]),
        "Deployment/web"
    );
    assert!(offers(&["inject", "--only", "Cron"]).contains("CronJob/"));
    assert_eq!(offers(&["inject", "--mtls", "s"]), "strict");
}
