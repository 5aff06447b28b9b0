//! The report that people read: a line a workload, and a summary.

use std::fmt::Write as _;

use crate::manifest::outcome::Verdict;
use crate::output::{Output, Style, plain, wrapped};
use crate::report::{Action, Entry, Mode, Report};

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// Only errors.
    Quiet,
    /// A line a workload.
    Normal,
    /// Also what was added to each.
    Verbose,
}

/// The whole report as text for standard error.
pub(crate) fn human(report: &Report, detail: Detail, output: &Output) -> String {
    let mut text = String::new();
    for entry in &report.entries {
        if let Some(problem) = &entry.problem {
            text.push_str(&problem.render(output.messages, output.width));
        } else if detail > Detail::Quiet {
            text.push_str(&workload(entry, report, detail, output));
        }
    }
    for failure in &report.failures {
        text.push_str(&failure.render(output.messages, output.width));
    }
    for warning in &report.warnings {
        if report.skips_fail {
            text.push_str(&warning.render(output.messages, output.width));
        } else if detail > Detail::Quiet {
            text.push_str(&line(
                0,
                "warning:",
                Style::Warning,
                &warning.message,
                output,
            ));
        }
    }
    if detail > Detail::Quiet {
        for notice in &report.notices {
            text.push_str(&line(0, "note:", Style::Hint, notice, output));
        }
        text.push_str(&summary(report));
    }
    text
}

/// A word in colour and what follows it, wrapped and indented behind the word on a terminal.
fn line(indent: usize, word: &str, style: Style, rest: &str, output: &Output) -> String {
    let behind = indent + word.len() + 1;
    let rest = wrapped(&plain(rest), behind, columns(output));
    let word = output.messages.apply(style, word);
    format!("{:indent$}{word}{}", "", &rest[behind - 1..])
}

/// Where a line ends; nowhere without a terminal.
fn columns(output: &Output) -> usize {
    output.messages_width.unwrap_or(usize::MAX)
}

fn workload(entry: &Entry, report: &Report, detail: Detail, output: &Output) -> String {
    let verdict = &entry.outcome.verdict;
    let style = match verdict {
        _ if entry.kept && entry.changes() => Style::Error,
        Verdict::Injected | Verdict::Updated | Verdict::Uninjected { .. } => Style::Good,
        Verdict::Skipped(_) if report.skips_fail => Style::Error,
        Verdict::Skipped(_) => Style::Warning,
        Verdict::Unchanged | Verdict::Refused(_) => Style::Strong,
    };
    let width = if report.mode == Mode::Done { 10 } else { 14 };
    let word = format!("{:<width$}", report.words(entry));
    let place = entry.deciding.unwrap_or(entry.place);
    let mut rest = format!("{}  {}:{}", entry.label(), entry.file, place.line);
    match verdict {
        _ if entry.kept && entry.changes() => rest.push_str("  its file was not written"),
        Verdict::Skipped(skip) => {
            let _ = write!(rest, "  {}", skip.reason);
            if !skip.key.is_empty() {
                let _ = write!(rest, " ({})", skip.key);
            }
        }
        Verdict::Uninjected { mesh } => {
            let _ = write!(rest, "  {mesh}");
        }
        _ => {}
    }
    let mut text = line(0, &word, style, &rest, output);
    for (note, place) in entry.outcome.notes.iter().zip(&entry.notes) {
        let rest = format!(
            "{} ({}:{}:{})",
            note.message, entry.file, place.line, place.column
        );
        text.push_str(&line(INDENT, "warning:", Style::Warning, &rest, output));
    }
    if detail == Detail::Verbose {
        for change in &entry.outcome.changes {
            let words = plain(&format!("{}: {}", change.path, change.why));
            text.push_str(&wrapped(&words, INDENT, columns(output)));
        }
    }
    text
}

/// `2 injected, 1 skipped`, or what would become of how many.
fn summary(report: &Report) -> String {
    let count = |word: &str| {
        let entries = report.entries.iter();
        entries.filter(|entry| report.words(entry) == word).count()
    };
    let counts: Vec<String> = SUMMARY
        .iter()
        .map(|(word, shown)| (count(word), shown))
        .filter(|(count, _)| *count > 0)
        .map(|(count, shown)| format!("{count} {shown}"))
        .collect();
    let counts = match (counts.is_empty(), report.action) {
        (false, _) => counts.join(", "),
        (true, _) if !report.failures.is_empty() => return String::new(),
        (true, Action::Inject) => "no workload to inject".to_owned(),
        (true, Action::Uninject) => "no workload to uninject".to_owned(),
    };
    match report.mode {
        Mode::Done | Mode::Preview | Mode::Check => format!("{counts}\n"),
        Mode::Stopped if report.entries.iter().any(Entry::changes) => {
            format!("{counts}; nothing was written (--keep-going writes what can be written)\n")
        }
        Mode::Stopped => format!("{counts}; nothing was written\n"),
    }
}

/// What a summary counts, in this order: the word of a line, and what stands behind the number.
const SUMMARY: [(&str, &str); 10] = [
    ("injected", "injected"),
    ("updated", "updated"),
    ("uninjected", "uninjected"),
    ("would inject", "would be injected"),
    ("would update", "would be updated"),
    ("would uninject", "would be uninjected"),
    ("unchanged", "unchanged"),
    ("skipped", "skipped"),
    ("failed", "failed"),
    ("refused", "refused"),
];

/// How far the lines about a workload stand to the right of it.
const INDENT: usize = 11;
