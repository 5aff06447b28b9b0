//! Runs the real program in an empty environment and shows what it did as a transcript.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A directory for one test with the program ready to run in it.
pub(crate) struct Workspace {
    directory: tempfile::TempDir,
}

/// What a run did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// The command line.
    pub(crate) line: String,
    /// The exit code; nothing if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Workspace {
    /// A directory with these files in it.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let workspace = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        for (name, text) in files {
            workspace.write(name, text.as_bytes());
        }
        workspace
    }

    /// The path of a file in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file, and the directories above it.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The text of a file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names of everything in the directory, hidden files too.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A run of meshctl that is still to be started: no environment, empty standard input.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        command(self.directory.path(), arguments)
    }

    /// Runs meshctl.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments), arguments, b"")
    }

    /// Runs meshctl with `input` piped in.
    pub(crate) fn pipe(&self, arguments: &[&str], input: &str) -> Ran {
        finish(self.command(arguments), arguments, input.as_bytes())
    }
}

/// The name of the manifest that [`DEPLOYMENT`] is.
pub(crate) const WEB: &str = "web.yaml";

/// A workload that is injected without a word of warning.
pub(crate) const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web # the shop
spec:
  template:
    spec:
      containers:
        - name: web
          image: shop/web:1
";

/// A workload that is skipped.
pub(crate) const HOST_NETWORK: &str = "\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
spec:
  template:
    spec:
      hostNetwork: true
      containers:
        - name: agent
          image: shop/agent:1
";

/// Starts a prepared command, feeds it and waits for its end.
pub(crate) fn finish(mut command: Command, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    Ran {
        line: arguments.join(" "),
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshctl"));
    command
        .current_dir(directory)
        .args(arguments)
        .env_clear()
        .env("SOURCE_DATE_EPOCH", "0");
    command
}

impl fmt::Display for Ran {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "$ meshctl {}", self.line)?;
        if !self.stdout.is_empty() {
            writeln!(
                formatter,
                "{}",
                redacted(self.stdout.trim_end_matches('\n'))
            )?;
        }
        if !self.stderr.is_empty() {
            writeln!(
                formatter,
                "--- stderr\n{}",
                redacted(self.stderr.trim_end_matches('\n'))
            )?;
        }
        match self.code {
            Some(code) => write!(formatter, "--- exit code {code}"),
            None => write!(formatter, "--- ended by a signal"),
        }
    }
}

/// The text without what changes from version to version.
fn redacted(text: &str) -> String {
    let mut shown = text.replace(env!("CARGO_PKG_VERSION"), "@@VERSION@@");
    for mark in ["\"digest\":\"", "\\\"digest\\\":\\\""] {
        let mut from = 0;
        while let Some(at) = shown[from..].find(mark).map(|at| from + at + mark.len()) {
            shown.replace_range(at..at + 16, "@@DIGEST@@");
            from = at;
        }
    }
    shown
}

/// Says that a test could not run and why; `CI` decides elsewhere what that means.
#[expect(clippy::print_stdout, reason = "the test runner looks for this line")]
pub(crate) fn skipped(test: &str, reason: &str) {
    println!("SKIPPED {test}: {reason}");
}
