//! Tells the program which commit and compiler it is built from.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed=MESHCTL_COMMIT");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let rustc = answer(Command::new(rustc).arg("--version")).unwrap_or_default();
    let rustc = rustc.split(' ').nth(1).unwrap_or("unknown").to_owned();
    println!("cargo::rustc-env=MESHCTL_RUSTC={rustc}");
    println!(
        "cargo::rustc-env=MESHCTL_TARGET={}",
        std::env::var("TARGET").unwrap_or_default()
    );
    let given = std::env::var("MESHCTL_COMMIT")
        .ok()
        .filter(|commit| !commit.is_empty());
    if let Some(commit) = given.or_else(commit) {
        println!("cargo::rustc-env=MESHCTL_COMMIT={commit}");
    }
}

/// The commit of the repository, if this package lies at the root of one.
fn commit() -> Option<String> {
    if !Path::new(".git").exists() {
        return None;
    }
    let git = |arguments: &[&str]| answer(Command::new("git").args(arguments));
    for watched in [
        "HEAD",
        &git(&["symbolic-ref", "-q", "HEAD"]).unwrap_or_default(),
        "packed-refs",
    ] {
        let path =
            git(&["rev-parse", "--git-path", watched]).filter(|path| Path::new(path).exists());
        if let Some(path) = path {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn answer(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
