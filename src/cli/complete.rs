//! Answers a shell that completes a command line while it is being typed.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::CompleteEnv;

use crate::input::{MANIFEST_ENDINGS, find};

/// The variable that holds the shell's name when a shell asks.
pub const VARIABLE: &str = "MESHCTL_COMPLETE";

/// Whether the process was started by a shell to complete a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It was not.
    No,
    /// It was, and the answer is printed.
    Answered,
    /// It was, but there is no answer.
    Failed,
}

/// Prints the completions that a shell asks for, or the script that makes a shell ask.
pub fn answer(name: &'static str, arguments: &[OsString]) -> Asked {
    if std::env::var_os(VARIABLE).is_none() {
        return Asked::No;
    }
    let directory = std::env::current_dir().ok();
    let answered = CompleteEnv::with_factory(|| super::tree(name))
        .var(VARIABLE)
        .try_complete(arguments.to_vec(), directory.as_deref());
    match answered {
        Ok(true) => Asked::Answered,
        Ok(false) => Asked::No,
        Err(_) => Asked::Failed,
    }
}

/// Offers manifests and directories.
pub(super) fn manifests() -> ArgValueCompleter {
    ArgValueCompleter::new(PathCompleter::any().filter(is_offered))
}

/// Offers `kind/name` of the workloads in the manifests that already stand on the line.
pub(super) fn resources() -> ArgValueCompleter {
    ArgValueCompleter::new(Resources)
}

/// Whether a file is offered. Directories are offered in any case, behind the files.
fn is_offered(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| MANIFEST_ENDINGS.iter().any(|known| end == *known))
}

struct Resources;

impl ValueCompleter for Resources {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let current = current.to_string_lossy();
        let mut offered: BTreeSet<String> = KINDS.iter().map(|kind| format!("{kind}/")).collect();
        let named = named_files();
        if !named.is_empty() {
            offered.clear();
        }
        for path in named {
            offered.extend(names_in(&beginning_of(&path)));
        }
        let wanted = current.to_lowercase();
        offered
            .into_iter()
            .filter(|resource| resource.to_lowercase().starts_with(&wanted))
            .map(CompletionCandidate::new)
            .collect()
    }
}

/// The manifests on the line that is being completed; directories are searched through.
fn named_files() -> Vec<std::path::PathBuf> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(2);
    let named: Vec<String> = words
        .filter_map(|word| word.into_string().ok())
        .filter(|word| !word.is_empty() && !word.starts_with('-') && Path::new(word).exists())
        .collect();
    if named.is_empty() {
        return Vec::new();
    }
    let (sources, _) = find(&named);
    sources
        .into_iter()
        .filter_map(|source| match source {
            crate::input::Source::File(path) => Some(path),
            crate::input::Source::Stdin => None,
        })
        .take(MOST_FILES)
        .collect()
}

fn beginning_of(path: &Path) -> String {
    let mut bytes = Vec::new();
    let _ = File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `kind/name` of each document with a known workload kind, found by its lines alone.
fn names_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for document in text.split("\n---") {
        let kind = document
            .lines()
            .find_map(|line| line.strip_prefix("kind:"))
            .map(unquoted);
        let name = document
            .lines()
            .skip_while(|line| !line.starts_with("metadata:"))
            .skip(1)
            .take_while(|line| line.is_empty() || line.starts_with([' ', '\t', '#']))
            .find_map(|line| line.trim_start().strip_prefix("name:"))
            .map(unquoted);
        if let (Some(kind), Some(name)) = (kind, name)
            && KINDS.contains(&kind)
        {
            found.push(format!("{kind}/{name}"));
        }
    }
    found
}

fn unquoted(value: &str) -> &str {
    value
        .split(" #")
        .next()
        .unwrap_or(value)
        .trim()
        .trim_matches(['"', '\''])
}

/// Kinds that hold pods.
const KINDS: &[&str] = &[
    "CronJob",
    "DaemonSet",
    "Deployment",
    "DeploymentConfig",
    "Job",
    "Pod",
    "ReplicaSet",
    "ReplicationController",
    "Rollout",
    "Service",
    "StatefulSet",
];

const MOST_FILES: usize = 64;
const MOST_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::names_in;

    #[test]
    fn finds_workloads_by_their_lines() {
        let text = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    app: web
  name: \"web\" # the shop
---
kind: ConfigMap
metadata:
  name: settings
---
metadata: {name: flow}
kind: Job
---
kind: StatefulSet
metadata:
  name: db
";
        assert_eq!(names_in(text), ["Deployment/web", "StatefulSet/db"]);
    }
}
