//! Which resources are edited: `--only`, `--exclude` and patterns.

use insta::assert_snapshot;
use serde_json::Value;

use crate::program::support::{DEPLOYMENT, WEB, Workspace};

fn shop() -> Workspace {
    let text = format!(
        "{DEPLOYMENT}---\n{}",
        DEPLOYMENT.replace("name: web", "name: api")
    );
    Workspace::with(&[(WEB, &text)])
}

#[test]
fn only_and_exclude() {
    let workspace = shop();
    let report = |flag: &str| workspace.run(&["inject", flag, "--check", WEB]).stderr;
    assert_snapshot!(format!(
        "{}---\n{}",
        report("--only=deployment/api"),
        report("--exclude=*/api")
    ));
}

#[test]
fn kinds_have_short_names_and_plurals() {
    let workspace = shop();
    for kind in ["deploy", "deployments", "Deployment", "deployment.apps"] {
        let ran = workspace.run(&["inject", "--only", &format!("{kind}/api"), WEB]);
        assert!(ran.stderr.starts_with("injected   Deployment/api"), "{ran}");
        assert!(ran.stderr.ends_with("\n1 injected\n"), "{ran}");
    }
}

#[test]
fn a_selection_in_vain_is_told() {
    let workspace = shop();
    let line = [
        "inject",
        "--check",
        "--only=deploy/web,sts/web",
        "--exclude=*/web,*/nobody",
        WEB,
    ];
    let ran = workspace.run(&line);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(
        ran.stderr,
        "warning: --only StatefulSet/web fits no workload\n\
         warning: --exclude */nobody fits no workload\n\
         no workload to inject\n"
    );
    let only = "--only=deploy/nobody";
    let ran = workspace.run(&["inject", "-q", only, WEB]);
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran}");
    let ran = workspace.run(&["inject", "-q", "--on-skip=fail", only, WEB]);
    assert_eq!((ran.code, &*ran.stdout), (Some(5), ""), "{ran}");
    assert_eq!(
        ran.stderr,
        "error: --only Deployment/nobody fits no workload\n"
    );
    let ran = workspace.run(&["inject", "--check", "--report=json", only, WEB]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["skipped"][0]["code"], "no-match", "{ran}");
}

#[test]
fn links_to_directories_stay_shut_under_a_pattern() {
    let workspace = Workspace::with(&[("l/a/web.yaml", DEPLOYMENT), ("l/web.yaml", DEPLOYMENT)]);
    for name in ["l/again", "l/a/up"] {
        std::os::unix::fs::symlink(workspace.path("l"), workspace.path(name)).unwrap();
    }
    for pattern in [
        "l/**/*.yaml",
        "**/web.yaml",
        "l/**",
        "*/**/*.yaml",
        "./l/**/w*",
    ] {
        let ran = workspace.run(&["uninject", pattern]);
        assert_eq!(
            ran.stdout,
            format!("{DEPLOYMENT}---\n{DEPLOYMENT}"),
            "{ran}"
        );
    }
}
