//! What the program says of itself.

use insta::assert_snapshot;

use crate::program::support::{Workspace, finish};

#[test]
fn help() {
    let workspace = Workspace::with(&[]);
    for line in [
        &["--help"][..],
        &["inject", "-h"],
        &["inject", "--help"],
        &["uninject", "-h"],
        &["completions", "--help"],
        &["version", "--help"],
    ] {
        let ran = workspace.run(line);
        assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran}");
        assert_snapshot!(
            format!("help_{}", line.join("_").replace("--", "long_")),
            ran
        );
    }
}

#[test]
fn version_names_what_it_was_built_from() {
    let ran = Workspace::with(&[]).run(&["version"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        lines[0],
        concat!("meshctl ", env!("CARGO_PKG_VERSION")),
        "{ran}"
    );
    assert!(lines[2].starts_with("rustc   1."), "{ran}");
}

#[test]
fn version_in_json_is_an_envelope() {
    let ran = Workspace::with(&[]).run(&["version", "-o", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["apiVersion"], "meshctl.dev/v1");
    assert_eq!(answer["kind"], "Version");
    assert_eq!(answer["generatedAt"], "1970-01-01T00:00:00Z");
    assert_eq!(answer["items"][0]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&answer["errors"], &answer["skipped"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
}

/// kubectl runs the plugin under this name.
#[test]
fn the_plugin_calls_itself_kubectl_mesh() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kubectl-mesh"));
    command.env_clear().args(["inject", "--nonsense"]);
    let ran = finish(command, &["inject", "--nonsense"], b"");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr
            .contains("Usage: kubectl mesh inject [OPTIONS] [FILE]..."),
        "{ran}"
    );
}

#[test]
fn help_into_a_closed_pipe_is_quiet() {
    let mut child = Workspace::with(&[])
        .command(&["inject", "--help"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn colour_on_request_only() {
    let workspace = Workspace::with(&[]);
    assert!(
        !workspace
            .run(&["inject", "nowhere"])
            .stderr
            .contains('\u{1b}')
    );
    assert!(
        workspace
            .run(&["--color=always", "inject", "nowhere"])
            .stderr
            .contains('\u{1b}')
    );
    assert!(
        workspace
            .run(&["inject", "--color", "always", "--nonsense"])
            .stderr
            .contains('\u{1b}')
    );
}
