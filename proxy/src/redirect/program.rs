//! Runs nft and iptables, and tells their failures apart.

use std::io::{self, Write};
use std::process::{Command, Stdio};

/// Why a program did not do what it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// This process may not change rules: `NET_ADMIN` is missing.
    Permission(String),
    /// The program, or what it needs of the kernel, is not there.
    Missing(String),
    /// Anything else: what the program said.
    Other(String),
}

/// Where iptables keeps its lock: a place that can be written on a read-only root.
const LOCK: (&str, &str) = ("XTABLES_LOCKFILE", "/dev/shm/xtables.lock");

/// Runs a program with this input; its output.
///
/// # Errors
/// It is not there, or it failed.
pub(super) fn run(program: &str, arguments: &[&str], input: &str) -> Result<String, Failure> {
    let started = Command::new(program)
        .args(arguments)
        .env(LOCK.0, LOCK.1)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = started.map_err(|error| {
        let text = format!("{program} does not start: {error}");
        match error.kind() {
            io::ErrorKind::NotFound => Failure::Missing(text),
            _ => Failure::Other(text),
        }
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that fails before it has read everything says why itself.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output();
    let output = output.map_err(|error| Failure::Other(format!("{program}: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(classify(program, said.trim(), &output.status.to_string()))
}

/// What a program's last words mean.
fn classify(program: &str, said: &str, status: &str) -> Failure {
    let said = if said.is_empty() { status } else { said };
    let text = format!("{program}: {}", said.lines().collect::<Vec<_>>().join(" "));
    let says = |words: &[&str]| words.iter().any(|it| said.contains(it));
    if says(&["Operation not permitted", "Permission denied"]) {
        Failure::Permission(text)
    } else if says(&[
        "not supported",
        "does not exist (do you need to insmod",
        "No chain/target/match",
    ]) {
        Failure::Missing(text)
    } else {
        Failure::Other(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As nft 1.0 and iptables 1.8 say it.
    #[test]
    fn failures_are_told_apart() {
        for (said, permission, missing) in [
            (
                "netlink: Error: cache initialization failed: Operation not permitted",
                true,
                false,
            ),
            (
                "iptables-restore v1.8.9 (legacy): Cannot initialize: Permission denied (you must be root)",
                true,
                false,
            ),
            (
                "netlink: Error: cache initialization failed: Protocol not supported",
                false,
                true,
            ),
            (
                "iptables v1.8.9 (legacy): can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
                false,
                true,
            ),
            (
                "/dev/stdin:3:5-9: Error: syntax error, unexpected string",
                false,
                false,
            ),
        ] {
            let failure = classify("nft", said, "exit status: 1");
            assert_eq!(
                matches!(failure, Failure::Permission(_)),
                permission,
                "{said}"
            );
            assert_eq!(matches!(failure, Failure::Missing(_)), missing, "{said}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_missing() {
        let failure = run("no-such-program-of-netfilter", &[], "").unwrap_err();
        assert!(matches!(failure, Failure::Missing(_)), "{failure:?}");
    }
}
