//! What is added to each workload and why, in words.

use std::fmt::Write as _;

use crate::manifest::outcome::{Level, PodSecurity, Verdict};
use crate::output::{Output, Style, plain, wrapped};
use crate::report::{Entry, Report};

/// The explanation of every workload, as text for standard output.
pub(crate) fn explain(report: &Report, output: &Output) -> String {
    let workloads = report
        .entries
        .iter()
        .map(|entry| workload(entry, report, output));
    workloads.collect::<Vec<_>>().join("\n")
}

fn workload(entry: &Entry, report: &Report, output: &Output) -> String {
    let outcome = &entry.outcome;
    let label = output.data.apply(Style::Strong, &plain(&entry.label()));
    let (file, line) = (plain(&entry.file), entry.place.line);
    let mut text = format!("{label}  {file}:{line}  {}\n", report.words(entry));
    match &outcome.verdict {
        Verdict::Skipped(skip) => {
            let line = entry.deciding.unwrap_or(entry.place).line;
            paragraph(
                &mut text,
                2,
                &format!("{} ({}, line {line})", skip.reason, skip.key),
                output,
            );
        }
        Verdict::Refused(problem) => paragraph(&mut text, 2, &problem.message, output),
        Verdict::Unchanged => text.push_str("  nothing to change\n"),
        Verdict::Injected | Verdict::Updated => changes(&mut text, entry, '+', Style::Good, output),
        Verdict::Uninjected { .. } => changes(&mut text, entry, '-', Style::Removed, output),
    }
    for note in &outcome.notes {
        let word = output.data.apply(Style::Warning, "warning:");
        let _ = writeln!(text, "  {word}");
        paragraph(&mut text, 6, &note.message, output);
    }
    if let Some(security) = &outcome.security {
        pod_security(&mut text, security);
    }
    text
}

fn changes(text: &mut String, entry: &Entry, sign: char, style: Style, output: &Output) {
    for change in &entry.outcome.changes {
        let path = output
            .data
            .apply(style, &format!("{sign} {}", plain(&change.path)));
        let _ = writeln!(text, "  {path}");
        paragraph(text, 6, &change.why, output);
    }
}

fn paragraph(text: &mut String, indent: usize, words: &str, output: &Output) {
    text.push_str(&wrapped(&plain(words), indent, output.width));
}

fn pod_security(text: &mut String, security: &PodSecurity) {
    let (before, after) = (level(security.before), level(security.after));
    if before == after {
        let _ = writeln!(
            text,
            "  Pod Security: {after}, with and without the sidecar"
        );
    } else {
        let _ = writeln!(
            text,
            "  Pod Security: {before} without the sidecar, {after} with it"
        );
    }
    violations(text, "what is added", &security.added);
    violations(text, "what the pod itself has", &security.violates);
}

fn violations(text: &mut String, whose: &str, violations: &[(Level, String)]) {
    for rejecting in [Level::Baseline, Level::Restricted] {
        let found: Vec<&String> = violations
            .iter()
            .filter(|(level, _)| *level == rejecting)
            .map(|(_, what)| what)
            .collect();
        if !found.is_empty() {
            let _ = writeln!(text, "    {} rejects {whose}:", level(rejecting));
        }
        for what in found {
            let _ = writeln!(text, "      {}", plain(what));
        }
    }
}

/// The name that Kubernetes gives to a level.
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Privileged => "privileged",
        Level::Baseline => "baseline",
        Level::Restricted => "restricted",
    }
}
