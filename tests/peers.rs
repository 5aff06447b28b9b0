//! Proves that meshctl works inside the real Helm and the real kustomize.

mod support;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use support::peers::{self, Edit};

const MESHCTL: &str = env!("CARGO_BIN_EXE_meshctl");

/// A kustomize transformer that runs meshctl as a KRM function.
const TRANSFORMER: &str = "\
apiVersion: meshctl.dev/v1
kind: Inject
metadata:
  name: mesh
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: @MESHCTL@
        args: [inject]
";

fn stdout(command: &mut Command) -> String {
    let output = peers::run(command, Vec::new());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Asserts by independent readers that `after` is `before` with the sidecar.
fn assert_only_added(name: &str, before: String, after: String) {
    assert!(
        after.contains("name: mesh-proxy") || after.contains("\"mesh-proxy\""),
        "{after}"
    );
    let Some(yamlcheck) = peers::tool("MESHCTL_YAMLCHECK") else {
        return;
    };
    let Some(python) = peers::tool("MESHCTL_PYTHON") else {
        return;
    };
    let edits = [Edit {
        name: name.to_owned(),
        before,
        after,
        patch: None,
    }];
    peers::check(&mut Command::new(yamlcheck), &edits);
    peers::check(
        Command::new(python).arg(support::files::script("libyaml_check.py")),
        &edits,
    );
}

fn helm(program: &OsString) -> Command {
    let mut command = Command::new(program);
    command
        .args(["template", "release"])
        .arg(support::files::data("chart"));
    command
}

#[test]
fn as_a_post_renderer_of_helm() {
    let Some(program) = peers::tool("MESHCTL_HELM") else {
        return;
    };
    let before = stdout(&mut helm(&program));
    let renderer = ["--post-renderer", MESHCTL, "--post-renderer-args", "inject"];
    let after = stdout(helm(&program).args(renderer));
    assert_only_added("helm", before, after);
}

#[test]
fn as_a_function_of_kustomize() {
    let Some(program) = peers::tool("MESHCTL_KUSTOMIZE") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(&support::files::data("kustomization"), folder.path());
    let build = |folder: &Path| {
        let flags = ["build", "--enable-alpha-plugins", "--enable-exec"];
        stdout(Command::new(&program).args(flags).arg(folder))
    };
    write(
        folder.path(),
        "mesh.yaml",
        &TRANSFORMER.replace("@MESHCTL@", MESHCTL),
    );
    let after = build(folder.path());
    let without = std::fs::read_to_string(folder.path().join("kustomization.yaml"))
        .expect("a kustomization")
        .replace("transformers:\n  - mesh.yaml\n", "");
    write(folder.path(), "kustomization.yaml", &without);
    let before = build(folder.path());
    assert_ne!(before, after);
    assert_only_added("kustomize", before, after);
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a readable folder");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a file");
}
