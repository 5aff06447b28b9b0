//! Runs every console block of the README and compares what it prints.
//!
//! A line `…` stands for any number of lines, and `…` at the end of a line for the rest of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// A command with the output that the README shows.
struct Example<'a> {
    command: &'a str,
    expected: Vec<&'a str>,
}

#[test]
fn console_blocks_are_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("README.md")).unwrap();
    let examples = examples(&text);
    assert!(!examples.is_empty(), "the README has no console block");
    let mut wrong = String::new();
    for example in examples {
        let printed = run(root, example.command);
        let lines: Vec<&str> = printed.lines().collect();
        if !matches(&example.expected, &lines) {
            let _ = writeln!(wrong, "$ {}\n{printed}", example.command);
        }
    }
    assert!(
        wrong.is_empty(),
        "the README shows something else:\n{wrong}"
    );
}

fn examples(text: &str) -> Vec<Example<'_>> {
    let mut examples: Vec<Example<'_>> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            let expected = Vec::new();
            examples.push(Example { command, expected });
        } else if let (true, Some(example)) = (inside, examples.last_mut()) {
            example.expected.push(line);
        }
    }
    examples
}

/// What a command prints on both streams, with this build's meshctl first on the path.
fn run(root: &Path, command: &str) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_meshctl")).parent().unwrap();
    let mut path = vec![programs.to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(root)
        .env("PATH", std::env::join_paths(path).unwrap())
        .env_remove("MESHCTL_PROXY_IMAGE")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn matches(expected: &[&str], lines: &[&str]) -> bool {
    match (expected.split_first(), lines.split_first()) {
        (None, None) => true,
        (Some((&"…", rest)), _) => {
            (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..]))
        }
        (Some((one, rest)), Some((line, others))) => {
            let fits = match one.strip_suffix('…') {
                Some(start) => line.starts_with(start),
                None => one == line,
            };
            fits && matches(rest, others)
        }
        _ => false,
    }
}
