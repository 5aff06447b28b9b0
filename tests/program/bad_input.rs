//! Every bad input ends with its own message and exit code, and with nothing on standard output.

use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::program::support::{DEPLOYMENT, HOST_NETWORK, Ran, WEB, Workspace, finish, skipped};
use insta::assert_snapshot;

fn refused(text: &str) -> Ran {
    let ran = Workspace::with(&[(WEB, text)]).run(&["inject", WEB]);
    assert_eq!((ran.code, &*ran.stdout), (Some(3), ""), "{ran}");
    ran
}

fn with_container(line: &str) -> String {
    DEPLOYMENT.replace("        - name: web\n", line)
}

#[test]
fn unparsable() {
    assert_snapshot!(refused("kind: Deployment\nspec: {template: [\n"));
}

#[test]
fn duplicate_key() {
    assert_snapshot!(refused(&DEPLOYMENT.replace(
        "          image:",
        "          name: other\n          image:"
    )));
}

#[test]
fn alias_on_the_path() {
    let text = "\
kind: Deployment
apiVersion: apps/v1
metadata: {name: web}
x: &template
  spec:
    containers: [{name: web, image: shop/web}]
spec:
  template: *template
";
    assert_snapshot!(refused(text));
}

#[test]
fn alias_for_the_containers() {
    let text = "\
kind: Deployment
apiVersion: apps/v1
metadata: {name: web}
x: &list
  - {name: web, image: shop/web}
spec:
  template:
    spec:
      containers: *list
";
    assert_snapshot!(refused(text));
}

#[test]
fn merge_key_on_the_path() {
    let text = "\
kind: Deployment
apiVersion: apps/v1
metadata: {name: web}
x: &pod
  containers: [{name: web, image: shop/web}]
spec:
  template:
    spec:
      <<: *pod
";
    assert_snapshot!(refused(text));
}

#[test]
fn template() {
    assert_snapshot!(refused(&with_container(
        "        - name: {{ .Values.name }}\n"
    )));
}

#[test]
fn bad_annotation() {
    let text = DEPLOYMENT.replace(
        "    spec:\n",
        "    metadata:\n      annotations:\n        meshctl.dev/skip-inbound-ports: \"80,http\"\n    spec:\n",
    );
    assert_snapshot!(refused(&text));
}

#[test]
fn directory_without_manifests() {
    let workspace =
        Workspace::with(&[("empty/notes.txt", "x"), ("empty/.hidden.yaml", DEPLOYMENT)]);
    assert_snapshot!(workspace.run(&["inject", "empty"]));
}

#[test]
fn missing_file() {
    assert_snapshot!(Workspace::with(&[]).run(&["inject", "nowhere.yaml"]));
}

#[test]
fn address_in_place_of_a_file() {
    assert_snapshot!(Workspace::with(&[]).run(&["inject", "https://example.com/web.yaml"]));
}

#[test]
fn pattern_without_a_match() {
    assert_snapshot!(Workspace::with(&[]).run(&["inject", "deploy/*.yaml"]));
}

#[test]
fn broken_pattern() {
    assert_snapshot!(Workspace::with(&[]).run(&["inject", "deploy/[.yaml"]));
}

/// The kernel answers reads at the start of this file with an error, to root too.
#[test]
fn unreadable_file() {
    assert_snapshot!(Workspace::with(&[]).run(&["inject", "/proc/self/mem"]));
}

#[test]
fn file_without_permission() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    set_mode(&workspace, WEB, 0o000);
    let mut command = workspace.command(&["inject", WEB]);
    if is_root() {
        set_mode(&workspace, ".", 0o755);
        command.uid(NOBODY);
    }
    let ran = finish(command, &["inject", WEB], b"");
    assert_snapshot!(ran);
}

#[test]
fn binary_file() {
    let workspace = Workspace::with(&[]);
    workspace.write("program", b"\x7fELF\x02\x01\x01\0\0\0");
    assert_snapshot!(workspace.run(&["inject", "program"]));
}

#[test]
fn invalid_utf8() {
    let workspace = Workspace::with(&[]);
    workspace.write("latin1.yaml", b"kind: Pod\nmetadata: {name: caf\xe9}\n");
    assert_snapshot!(workspace.run(&["inject", "latin1.yaml"]));
}

#[test]
fn utf16() {
    let workspace = Workspace::with(&[]);
    workspace.write("wide.yaml", b"\xff\xfek\0i\0n\0d\0");
    assert_snapshot!(workspace.run(&["inject", "wide.yaml"]));
}

#[test]
fn empty_input_from_a_pipe() {
    assert_snapshot!(Workspace::with(&[]).pipe(&["inject"], ""));
}

/// `script` (util-linux) gives the program a terminal to read from.
#[test]
fn no_input_on_a_terminal() {
    let line = format!("{} --color never inject", env!("CARGO_BIN_EXE_meshctl"));
    let mut script = Command::new("script");
    script
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null());
    let Ok(output) = script.output() else {
        return skipped("no_input_on_a_terminal", "there is no script(1) here");
    };
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(String::from_utf8(output.stdout).unwrap().replace('\r', ""));
}

#[test]
fn closed_pipe() {
    let workspace =
        Workspace::with(&[(WEB, &DEPLOYMENT.replace("# the shop", &"x".repeat(1 << 20)))]);
    let mut child = workspace
        .command(&["inject", WEB])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn closed_pipe_under_a_report() {
    let text = format!("{DEPLOYMENT}---\n").repeat(2000);
    let workspace = Workspace::with(&[(WEB, &text)]);
    let mut child = workspace
        .command(&["inject", "--check", "--report=json", WEB])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn full_device_as_standard_output() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = workspace
        .command(&["inject", WEB])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_snapshot!(String::from_utf8(output.stderr).unwrap());
}

#[test]
fn a_refusal_is_left_out_and_named_when_the_rest_goes_on() {
    let text = format!("{DEPLOYMENT}---\nkind: Pod\nkind: Pod\n---\nkind: ConfigMap\n");
    let workspace = Workspace::with(&[(WEB, &text)]);
    let ran = workspace.run(&["inject", "--keep-going", WEB]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stdout.contains("mesh-proxy") && ran.stdout.contains("kind: ConfigMap"));
    assert!(!ran.stdout.contains("kind: Pod"), "{ran}");
    assert_snapshot!(ran.stderr);
}

#[test]
fn one_refused_file_stops_all() {
    let workspace = Workspace::with(&[("a.yaml", DEPLOYMENT), ("b.yaml", "a: [\n")]);
    assert_snapshot!(workspace.run(&["inject", "a.yaml", "b.yaml"]));
}

#[test]
fn skips_fail_on_request() {
    let workspace = Workspace::with(&[(WEB, &format!("{DEPLOYMENT}---\n{HOST_NETWORK}"))]);
    assert_snapshot!(workspace.run(&["inject", "--on-skip=fail", WEB]));
    let ran = workspace.run(&["inject", "--on-skip=fail", "--keep-going", WEB]);
    assert_eq!(ran.code, Some(5));
    assert!(ran.stdout.contains("mesh-proxy"));
}

#[test]
fn the_gravest_exit_code_wins() {
    let workspace = Workspace::with(&[
        (WEB, HOST_NETWORK),
        ("bad.yaml", "a: [\n"),
        ("new.yaml", DEPLOYMENT),
    ]);
    let code = |arguments: &[&str]| workspace.run(arguments).code;
    assert_eq!(code(&["inject", "--check", "new.yaml"]), Some(4));
    assert_eq!(
        code(&["inject", "--check", "--on-skip=fail", "new.yaml", WEB]),
        Some(5)
    );
    assert_eq!(code(&["inject", "--on-skip=fail", WEB, "nowhere"]), Some(1));
    assert_eq!(
        code(&["inject", "--on-skip=fail", WEB, "nowhere", "bad.yaml"]),
        Some(3)
    );
    assert_eq!(code(&["inject", "-i", "nowhere", "bad.yaml", "-"]), Some(2));
}

#[test]
fn command_lines_that_make_no_sense() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    let lines: &[&[&str]] = &[
        &[],
        &["top"],
        &["inject", "--nonsense"],
        &["inject", "--in-place"],
        &["inject", "--in-place", "--check", WEB],
        &["inject", "--in-place", "--diff", WEB],
        &["inject", "--in-place", "--explain", WEB],
        &["inject", "--in-place", "-o", "json", WEB],
        &["inject", "--only", "web", WEB],
        &["inject", "--only", "deploy/web-*", WEB],
        &[
            "inject",
            "--proxy=envoy",
            "--intercept=none",
            "nowhere.yaml",
        ],
        &[
            "inject",
            "--proxy-memory-limit=10Mi",
            "--proxy-memory-request=20Mi",
            WEB,
        ],
        &["inject", "--template-path", "Widget=", WEB],
        &["inject", "--skip-inbound-ports", "80,http", WEB],
        &["inject", "--discovery-address", "nowhere", WEB],
        &["inject", "-", "-"],
        &["completions", "tcsh"],
    ];
    let mut transcript = String::new();
    for line in lines {
        let ran = workspace.run(line);
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{ran}");
        transcript = format!("{transcript}{ran}\n\n");
    }
    assert_snapshot!(transcript);
}

#[test]
fn bad_image_in_the_environment() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    let mut command = workspace.command(&["inject", WEB]);
    command.env("MESHCTL_PROXY_IMAGE", "Not An Image");
    assert_snapshot!(finish(command, &["inject", WEB], b""));
}

fn set_mode(workspace: &Workspace, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(workspace.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

const NOBODY: u32 = 65534;
