//! Runs programs as a user would: meshctl, and kubectl on the test's cluster.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Namespace;

/// What a program did.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; nothing if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Ran {
    /// Standard output, if the program succeeded; its trouble otherwise ends the test.
    pub(crate) fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stderr, self.stdout);
        self.stdout
    }
}

/// Runs meshctl with `input` piped in.
pub(crate) fn meshctl(arguments: &[&str], input: &str) -> Ran {
    run(
        Command::new(env!("CARGO_BIN_EXE_meshctl")).args(arguments),
        input,
    )
}

impl Namespace {
    /// Runs kubectl in this namespace with `input` piped in.
    pub(crate) fn kubectl(&self, arguments: &[&str], input: &str) -> Ran {
        run(
            self.bare_kubectl()
                .args(["--namespace", &self.name])
                .args(arguments),
            input,
        )
    }

    /// kubectl on this cluster, in its default namespace. `MESHCTL_KUBECTL` says which one.
    pub(crate) fn bare_kubectl(&self) -> Command {
        let program = std::env::var_os("MESHCTL_KUBECTL").unwrap_or_else(|| "kubectl".into());
        let mut command = Command::new(program);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// `kubectl apply -f -`.
    pub(crate) fn apply(&self, manifest: &str) {
        self.kubectl(&["apply", "--filename", "-"], manifest)
            .success();
    }

    /// `meshctl inject | kubectl apply -f -`.
    pub(crate) fn inject_and_apply(&self, manifest: &str, flags: &[&str]) {
        let injected = meshctl(&[&["inject"], flags].concat(), manifest).success();
        self.apply(&injected);
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    // A program that ends early closes the pipe; its status tells.
    let _ = writer.join();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
