//! Runs the readers and tools of other projects that `tests/run` has installed.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// One edit for the independent readers.
#[derive(Debug, Default)]
pub struct Edit {
    /// Names it in a failure.
    pub name: String,
    /// The text before.
    pub before: String,
    /// The text after.
    pub after: String,
    /// The RFC 6902 patch that says the same, if that is what shall be checked.
    pub patch: Option<serde_json::Value>,
}

/// The program that an environment variable names; says SKIPPED when it is not set.
#[expect(clippy::print_stdout, reason = "tests/run counts these lines")]
pub fn tool(variable: &str) -> Option<OsString> {
    let found = std::env::var_os(variable);
    if found.is_none() {
        println!("SKIPPED {variable} is not set; `tests/run program` sets it");
    }
    found
}

/// Hands all edits to a checker, asserts that it finds nothing wrong, and gives its summary.
pub fn check(command: &mut Command, edits: &[Edit]) -> serde_json::Value {
    let mut lines = String::new();
    for edit in edits {
        let mut line =
            serde_json::json!({"name": edit.name, "before": edit.before, "after": edit.after});
        if let Some(patch) = &edit.patch {
            line["patch"] = patch.clone();
        }
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    let output = run(command, lines.into_bytes());
    let found = String::from_utf8_lossy(&output.stdout)
        .lines()
        .take(20)
        .collect::<Vec<_>>()
        .join("\n");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{found}\n{said}");
    let summary = said.lines().last().unwrap_or_default();
    serde_json::from_str(summary).expect("a summary on the last line")
}

/// Runs a command with `input` on its standard input.
pub fn run(command: &mut Command, input: Vec<u8>) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the program ends");
    // A program that ends early closes the pipe; its status tells.
    let _ = writer.join();
    output
}
