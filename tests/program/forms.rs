//! The forms of a result: manifests, JSON, patches, diffs, explanations, reports.

use insta::assert_snapshot;
use serde_json::Value;

use crate::program::support::{DEPLOYMENT, HOST_NETWORK, WEB, Workspace, finish};

const CONFIG: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {on: yes, mode: 0644}
";

fn shop() -> Workspace {
    Workspace::with(&[
        ("deploy/web.yaml", DEPLOYMENT),
        ("deploy/agent.yml", HOST_NETWORK),
        ("deploy/more/config.yaml", CONFIG),
        ("deploy/.git/web.yaml", DEPLOYMENT),
        ("deploy/notes.txt", "kind: Pod\n"),
    ])
}

/// Neither a cluster nor a kubeconfig nor a home directory is there.
#[test]
fn first_run() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    let ran = workspace.run(&["inject", WEB]);
    assert_eq!(ran.code, Some(0));
    assert_snapshot!(ran.stderr);
    assert_eq!(workspace.pipe(&["inject"], DEPLOYMENT).stdout, ran.stdout);
    assert_eq!(
        workspace.pipe(&["inject", "-q", "-"], DEPLOYMENT).stderr,
        ""
    );
}

#[test]
fn directories_are_searched_in_order() {
    let ran = shop().run(&["uninject", "deploy"]);
    assert_eq!(
        ran.stdout,
        format!("{HOST_NETWORK}---\n{CONFIG}---\n{DEPLOYMENT}"),
        "{ran}"
    );
}

#[test]
fn patterns_are_expanded() {
    let workspace = shop();
    let ran = workspace.run(&["uninject", "deploy/**/*.yaml"]);
    assert_eq!(ran.stdout, format!("{CONFIG}---\n{DEPLOYMENT}"), "{ran}");
    let ran = workspace.run(&["uninject", "deploy/w*.yaml", "deploy/web.yaml"]);
    assert_eq!(ran.stdout, DEPLOYMENT, "{ran}");
}

#[test]
fn a_file_is_read_once_whatever_it_is_called() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    std::os::unix::fs::symlink(WEB, workspace.path("link.yaml")).unwrap();
    let path = workspace.path(WEB);
    let ran = workspace.run(&[
        "uninject",
        WEB,
        "./web.yaml",
        path.to_str().unwrap(),
        "link.yaml",
        ".",
    ]);
    assert_eq!(ran.stdout, DEPLOYMENT, "{ran}");
}

#[test]
fn a_file_that_others_follow_keeps_its_value() {
    let open = "kind: ConfigMap\ndata:\n  k: |\n    x";
    let workspace = Workspace::with(&[("a.yaml", open), (WEB, DEPLOYMENT), ("c.yaml", "")]);
    let ran = workspace.run(&["inject", "a.yaml", WEB]);
    assert_eq!((ran.code, &*ran.stdout), (Some(3), ""), "{ran}");
    assert_snapshot!(ran);
    for last in [
        &["inject", WEB, "a.yaml"][..],
        &["inject", "a.yaml", "c.yaml"],
    ] {
        let ran = workspace.run(last);
        assert_eq!(ran.code, Some(0), "{ran}");
        assert!(ran.stdout.ends_with(open), "{ran}");
    }
    for same in [
        "k: |-\n  x",
        "k: |\n  x\n# end",
        "k: x",
        "k: |\n  x\n",
        "{k: x}",
    ] {
        workspace.write("a.yaml", same.as_bytes());
        let ran = workspace.run(&["uninject", "a.yaml", WEB]);
        let expected = format!("{}\n---\n{DEPLOYMENT}", same.trim_end());
        assert_eq!((ran.code, &*ran.stdout), (Some(0), &*expected), "{ran}");
    }
}

#[test]
fn a_byte_order_mark_stays() {
    let text = format!("\u{feff}{DEPLOYMENT}");
    assert!(
        Workspace::with(&[])
            .pipe(&["inject"], &text)
            .stdout
            .starts_with('\u{feff}')
    );
}

#[test]
fn diff() {
    let ran = shop().run(&["inject", "--diff", "deploy"]);
    assert_eq!(ran.code, Some(0));
    assert_snapshot!(ran);
}

#[test]
fn explain() {
    assert_snapshot!(shop().run(&["inject", "--explain", "deploy"]));
}

#[test]
fn explain_uninject() {
    let workspace = shop();
    let injected = workspace.run(&["inject", "deploy"]).stdout;
    assert_snapshot!(workspace.pipe(&["uninject", "--explain"], &injected));
}

#[test]
fn json_is_one_list() {
    let ran = shop().run(&["uninject", "-o", "json", "deploy"]);
    assert_snapshot!(ran);
}

#[test]
fn json_of_one_document_is_the_document() {
    let workspace = Workspace::with(&[]);
    let ran = workspace.pipe(&["inject", "-o", "json"], DEPLOYMENT);
    let object: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(object["kind"], "Deployment");
    assert_eq!(
        object["spec"]["template"]["spec"]["initContainers"][0]["name"],
        "mesh-init"
    );
}

#[test]
fn json_needs_values_that_json_has() {
    let text = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: .inf\n";
    assert_snapshot!(Workspace::with(&[]).pipe(&["inject", "-o", "json"], text));
}

#[test]
fn patch_of_one_workload_is_a_bare_array() {
    let workspace = Workspace::with(&[(WEB, &format!("{CONFIG}---\n{DEPLOYMENT}"))]);
    let ran = workspace.run(&["inject", "-o", "patch", WEB]);
    let operations: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    assert!(
        operations.iter().all(|operation| operation["op"] == "add"),
        "{ran}"
    );
}

#[test]
fn patch_of_several_workloads_is_an_envelope() {
    let text = format!(
        "{DEPLOYMENT}---\n{}",
        DEPLOYMENT.replace("name: web", "name: api")
    );
    let ran = Workspace::with(&[]).pipe(&["inject", "-o", "patch"], &text);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["kind"], "PatchList");
    assert_eq!(answer["items"][1]["name"], "api");
    assert!(answer["items"][1]["patch"].is_array());
}

#[test]
fn check() {
    let workspace = shop();
    assert_snapshot!(workspace.run(&["inject", "--check", "deploy"]));
    let injected = workspace.run(&["inject", "deploy"]).stdout;
    assert_eq!(
        workspace.pipe(&["inject", "--check"], &injected).code,
        Some(0)
    );
}

#[test]
fn report_json() {
    let workspace = shop();
    workspace.write("deploy/bad.yaml", b"a: [\n");
    assert_snapshot!(workspace.run(&[
        "inject",
        "--check",
        "--report=json",
        "-q",
        "deploy",
        "nowhere"
    ]));
}

#[test]
fn report_sarif() {
    let workspace = shop();
    workspace.write("deploy/bad.yaml", b"a: [\n");
    assert_snapshot!(workspace.run(&["inject", "--check", "--report=sarif", "-q", "deploy"]));
}

#[test]
fn report_github() {
    let workspace = shop();
    workspace.write("deploy/bad.yaml", b"a: [\n");
    assert_snapshot!(workspace.run(&["inject", "--check", "--report=github", "-q", "deploy"]));
}

/// The manifest has standard output, so the report takes the place of the usual one.
#[test]
fn report_beside_a_manifest() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    let ran = workspace.run(&["inject", "--report=json", WEB]);
    assert!(ran.stdout.starts_with("apiVersion: apps/v1"));
    let report: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(report["items"][0]["written"], true);
}

#[test]
fn report_in_a_file() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    let ran = workspace.run(&["inject", "--report=json", "--report-file=report.json", WEB]);
    assert!(ran.stderr.starts_with("injected"), "{ran}");
    assert!(workspace.read("report.json").contains("InjectReport"));
    let ran = workspace.run(&[
        "inject",
        "--report=json",
        "--report-file=no/report.json",
        WEB,
    ]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr
            .ends_with("error: cannot write no/report.json: no such file or directory\n"),
        "{ran}"
    );
}

#[test]
fn the_image_comes_from_flag_or_environment() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    let mut command = workspace.command(&["inject", WEB]);
    command.env("MESHCTL_PROXY_IMAGE", "registry.example/mesh-proxy:7");
    let ran = finish(command, &["inject", WEB], b"");
    assert!(
        ran.stdout.contains("registry.example/mesh-proxy:7"),
        "{ran}"
    );
    assert_eq!(
        ran.stderr,
        "injected   Deployment/web  web.yaml:1\n1 injected\n"
    );
    let ran = workspace.run(&["inject", "--proxy-image=other/mesh-proxy:8", WEB]);
    assert!(ran.stdout.contains("other/mesh-proxy:8"), "{ran}");
}

#[test]
fn every_setting_is_a_flag() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    let help = workspace.run(&["inject", "--help"]).stdout;
    for setting in mesh_api::settings::Setting::ALL {
        assert!(
            help.contains(&format!("--{}", setting.name())),
            "{}",
            setting.name()
        );
    }
    let ran = workspace.run(&["inject", "--skip-inbound-ports=9000", "--mtls=strict", WEB]);
    assert!(ran.stdout.contains("9000"), "{ran}");
}

#[test]
fn verbose_lists_what_is_added() {
    let ran = Workspace::with(&[(WEB, DEPLOYMENT)]).run(&["inject", "-v", WEB]);
    let added = "\n           spec.template.spec.initContainers[mesh-init]: ";
    assert!(ran.stderr.contains(added), "{ran}");
}
