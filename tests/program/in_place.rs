//! `--in-place` replaces a file as a whole or leaves it and its directory as they were.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use crate::program::support::{DEPLOYMENT, Ran, WEB, Workspace, finish, skipped};
use insta::assert_snapshot;

const LINE: &[&str] = &["inject", "--in-place", WEB];

#[test]
fn writes_what_would_have_been_printed() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    let printed = workspace.run(&["inject", WEB]).stdout;
    assert_snapshot!(workspace.run(LINE));
    assert_eq!(workspace.read(WEB), printed);
    assert_eq!(workspace.names(), [WEB]);
    let back = workspace.run(&["uninject", "--in-place", WEB]);
    assert_eq!(
        (back.code, &*workspace.read(WEB)),
        (Some(0), DEPLOYMENT),
        "{back}"
    );
}

#[test]
fn keeps_mode_and_owner() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    fs::set_permissions(workspace.path(WEB), fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::metadata(workspace.path(WEB)).unwrap();
    workspace.run(LINE);
    let after = fs::metadata(workspace.path(WEB)).unwrap();
    assert_eq!(
        (after.mode(), after.uid(), after.gid()),
        (before.mode(), before.uid(), before.gid())
    );
    assert_ne!(after.ino(), before.ino());
}

#[test]
fn leaves_alone_what_does_not_change() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    workspace.run(LINE);
    let before = fs::metadata(workspace.path(WEB)).unwrap();
    assert_eq!(workspace.run(LINE).code, Some(0));
    assert_eq!(
        fs::metadata(workspace.path(WEB)).unwrap().ino(),
        before.ino()
    );
}

#[test]
fn follows_a_link_and_keeps_it() {
    let workspace = Workspace::with(&[("real/deploy.yaml", DEPLOYMENT)]);
    std::os::unix::fs::symlink("real/deploy.yaml", workspace.path(WEB)).unwrap();
    workspace.run(LINE);
    assert!(
        fs::symlink_metadata(workspace.path(WEB))
            .unwrap()
            .is_symlink()
    );
    assert!(workspace.read("real/deploy.yaml").contains("mesh-proxy"));
}

#[test]
fn a_file_with_hard_links_stays() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    fs::hard_link(workspace.path(WEB), workspace.path("other")).unwrap();
    assert_snapshot!(workspace.run(LINE));
    for name in [WEB, "other"] {
        assert_eq!(workspace.read(name), DEPLOYMENT);
    }
    assert_eq!(workspace.names(), ["other", WEB]);
}

#[test]
fn a_read_only_file_stays() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    fs::set_permissions(workspace.path(WEB), fs::Permissions::from_mode(0o444)).unwrap();
    assert_snapshot!(unharmed(&workspace, workspace.run(LINE)));
}

/// Root may write everywhere but on a file system that is read-only for all.
#[test]
fn a_read_only_directory_stays() {
    let workspace = Workspace::with(&[("disk/web.yaml", DEPLOYMENT)]);
    let script = "mount --bind disk disk && mount -o remount,bind,ro disk && cd disk";
    if let Some(ran) = mounted(&workspace, "a_read_only_directory_stays", script) {
        assert_eq!(workspace.read("disk/web.yaml"), DEPLOYMENT);
        assert_snapshot!(ran);
    }
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let workspace = Workspace::with(&[(WEB, DEPLOYMENT)]);
    let script = "mkdir disk && mount -t tmpfs -o size=8k none disk && cp web.yaml disk && cd disk \
                  && { head -c 3000 /dev/zero > filler; true; }";
    let after = "; code=$?; cmp web.yaml ../web.yaml && ls -A && exit $code";
    if let Some(ran) = mounted_then(&workspace, "a_full_disk_leaves_the_old_file", script, after) {
        assert_snapshot!(ran);
    }
}

#[test]
fn one_file_that_cannot_be_written_stops_all() {
    let workspace = Workspace::with(&[("a.yaml", DEPLOYMENT), ("b.yaml", DEPLOYMENT)]);
    fs::set_permissions(workspace.path("b.yaml"), fs::Permissions::from_mode(0o444)).unwrap();
    assert_snapshot!(workspace.run(&["inject", "-i", "a.yaml", "b.yaml"]));
    assert_eq!(
        (workspace.read("a.yaml"), workspace.names().len()),
        (DEPLOYMENT.to_owned(), 2)
    );
    let ran = workspace.run(&["inject", "-i", "--keep-going", "a.yaml", "b.yaml"]);
    assert_eq!(ran.code, Some(1));
    assert!(workspace.read("a.yaml").contains("mesh-proxy"));
    assert_eq!(workspace.read("b.yaml"), DEPLOYMENT);
}

#[test]
fn a_file_that_was_not_written_counts_as_failed() {
    let workspace = Workspace::with(&[("a.yaml", DEPLOYMENT), ("b.yaml", DEPLOYMENT)]);
    fs::set_permissions(workspace.path("b.yaml"), fs::Permissions::from_mode(0o444)).unwrap();
    let ran = workspace.run(&["inject", "-k", "-i", "--report=json", "a.yaml", "b.yaml"]);
    assert_eq!(ran.code, Some(1));
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let written = [0, 1].map(|item| &report["items"][item]["written"]);
    assert_eq!(written, [true, false]);
    assert!(
        ran.stderr
            .contains("failed     Deployment/web  b.yaml:1  its file was not written\n"),
        "{ran}"
    );
    assert!(ran.stderr.ends_with("\n1 injected, 1 failed\n"), "{ran}");
}

#[test]
fn a_file_with_a_refused_document_stays_whole() {
    let text = format!("{DEPLOYMENT}---\nkind: Pod\nkind: Pod\n");
    let workspace = Workspace::with(&[(WEB, &text), ("good.yaml", DEPLOYMENT)]);
    let ran = workspace.run(&["inject", "-i", "--keep-going", WEB, "good.yaml"]);
    assert_eq!((ran.code, workspace.read(WEB)), (Some(3), text), "{ran}");
    assert!(
        ran.stderr.ends_with("\n1 injected, 1 failed, 1 refused\n"),
        "{ran}"
    );
    assert!(workspace.read("good.yaml").contains("mesh-proxy"));
}

fn unharmed(workspace: &Workspace, ran: Ran) -> Ran {
    assert_eq!(
        (workspace.read(WEB), workspace.names()),
        (DEPLOYMENT.to_owned(), vec![WEB.to_owned()])
    );
    ran
}

fn mounted(workspace: &Workspace, test: &str, script: &str) -> Option<Ran> {
    mounted_then(workspace, test, script, "")
}

/// Runs meshctl in mounts of its own, that end with it; this needs root.
fn mounted_then(workspace: &Workspace, test: &str, script: &str, after: &str) -> Option<Ran> {
    let line = format!(
        "{script} || exit 99; \"$PROGRAM\" {}{after}",
        LINE.join(" ")
    );
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "sh", "-c", &line])
        .current_dir(workspace.path("."))
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("PROGRAM", env!("CARGO_BIN_EXE_meshctl"));
    let possible = Command::new("unshare")
        .args(["--mount", "sh", "-c", "mount -t tmpfs none /mnt"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !possible {
        skipped(test, "mounting needs root");
        return None;
    }
    let ran = finish(command, LINE, b"");
    assert_ne!(ran.code, Some(99), "{ran}");
    Some(ran)
}
