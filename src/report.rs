//! Tells what became of every workload, in the forms that people and pipelines read.

mod explain;
mod github;
mod human;
mod json;
mod sarif;

use std::rc::Rc;

use crate::envelope::Timestamp;
use crate::error::{Diagnostic, Spot};
use crate::manifest::outcome::{Outcome, Verdict};
use crate::place::{Lines, Place};

pub(crate) use explain::explain;
pub(crate) use human::{Detail, human};

/// A form for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Our versioned envelope.
    Json,
    /// SARIF 2.1.0, which code scanners exchange.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Sidecars were to be added.
    Inject,
    /// Sidecars were to be taken out.
    Uninject,
}

/// Whether the edit was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The edited manifests were written.
    Done,
    /// It was only looked at what would happen.
    Preview,
    /// As a preview, and a change is a finding.
    Check,
    /// It was to be carried out, but a problem stopped everything.
    Stopped,
}

/// Everything there is to tell about one run.
#[derive(Debug)]
pub(crate) struct Report {
    /// What was asked for.
    pub(crate) action: Action,
    /// Whether it was carried out.
    pub(crate) mode: Mode,
    /// Whether a skip fails the run.
    pub(crate) skips_fail: bool,
    /// Every resource that was looked at, in order.
    pub(crate) entries: Vec<Entry>,
    /// What could not be read or written.
    pub(crate) failures: Vec<Diagnostic>,
    /// What was asked for in vain, which fails the run where a skip does.
    pub(crate) warnings: Vec<Diagnostic>,
    /// Things to know that belong to no single resource.
    pub(crate) notices: Vec<String>,
    /// When it happened.
    pub(crate) now: Timestamp,
}

/// One resource.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The file (or `<stdin>`) that it stands in.
    pub(crate) file: Rc<str>,
    /// Where it begins there.
    pub(crate) place: Place,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// Where the key stands that decided to skip it.
    pub(crate) deciding: Option<Place>,
    /// What is wrong with it, if it was refused.
    pub(crate) problem: Option<Diagnostic>,
    /// Where each of its notes points.
    pub(crate) notes: Vec<Place>,
    /// Whether its file stays as it was although the edit was to be written.
    pub(crate) kept: bool,
}

impl Entry {
    /// Finds the lines that an outcome speaks of.
    pub(crate) fn new(file: &Rc<str>, lines: &Lines<'_>, outcome: Outcome) -> Self {
        let deciding = match &outcome.verdict {
            Verdict::Skipped(skip) => Some(lines.place(skip.offset)),
            _ => None,
        };
        let problem = match &outcome.verdict {
            Verdict::Refused(problem) => Some(Diagnostic {
                code: problem.code,
                message: problem.message.clone(),
                file: Some(file.to_string()),
                spot: Some(Box::new(Spot::of(lines, problem.offset))),
                hint: problem.hint.clone(),
            }),
            _ => None,
        };
        let notes = outcome
            .notes
            .iter()
            .map(|note| lines.place(note.offset))
            .collect();
        Self {
            file: Rc::clone(file),
            place: lines.place(outcome.offset),
            outcome,
            deciding,
            problem,
            notes,
            kept: false,
        }
    }

    /// `Deployment/default/web`, as far as it is known.
    pub(crate) fn label(&self) -> String {
        let Outcome {
            kind,
            namespace,
            name,
            ..
        } = &self.outcome;
        let namespace = namespace.as_deref().unwrap_or_default();
        [kind, namespace, name]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Whether the edit makes a difference here.
    pub(crate) fn changes(&self) -> bool {
        matches!(
            self.outcome.verdict,
            Verdict::Injected | Verdict::Updated | Verdict::Uninjected { .. }
        )
    }
}

impl Report {
    /// The report in a form for machines.
    pub(crate) fn render(&self, format: Format) -> String {
        match format {
            Format::Json => json::render(self),
            Format::Sarif => sarif::render(self),
            Format::Github => github::render(self),
        }
    }

    /// Whether the edit of this resource is where it was to go.
    pub(crate) fn is_written(&self, entry: &Entry) -> bool {
        self.mode == Mode::Done && entry.changes() && !entry.kept
    }

    /// What became of a resource, or what would become of it if the edit were carried out.
    fn words(&self, entry: &Entry) -> &'static str {
        match (self.mode, &entry.outcome.verdict) {
            _ if entry.kept && entry.changes() => "failed",
            (Mode::Done, verdict) => verb(verdict),
            (_, Verdict::Injected) => "would inject",
            (_, Verdict::Updated) => "would update",
            (_, Verdict::Uninjected { .. }) => "would uninject",
            (_, verdict) => verb(verdict),
        }
    }

    /// How grave it is that something was left out.
    fn severity_of_skips(&self) -> Severity {
        if self.skips_fail {
            Severity::Error
        } else {
            Severity::Warning
        }
    }

    /// Everything that a scanner would point at.
    fn findings(&self) -> Vec<Finding> {
        let finding = |severity, problem: &Diagnostic| Finding {
            code: problem.code,
            severity,
            message: problem.message.clone(),
            file: problem.file.as_deref().map(Rc::from),
            place: problem.spot.as_ref().map(|spot| spot.place),
        };
        let failures = self.failures.iter();
        let warnings = self.warnings.iter();
        failures
            .map(|failure| finding(Severity::Error, failure))
            .chain(warnings.map(|warning| finding(self.severity_of_skips(), warning)))
            .chain(
                self.entries
                    .iter()
                    .flat_map(|entry| self.entry_findings(entry)),
            )
            .collect()
    }

    fn entry_findings(&self, entry: &Entry) -> Vec<Finding> {
        let finding = |code, severity, message, place| Finding {
            code,
            severity,
            message,
            file: Some(Rc::clone(&entry.file)),
            place: Some(place),
        };
        let label = entry.label();
        let mut findings = Vec::new();
        match &entry.outcome.verdict {
            Verdict::Skipped(skip) => {
                let message = format!("{label} is skipped: {} ({})", skip.reason, skip.key);
                findings.push(finding(
                    skip.code,
                    self.severity_of_skips(),
                    message,
                    entry.deciding.unwrap_or(entry.place),
                ));
            }
            Verdict::Refused(problem) => {
                let place = entry
                    .problem
                    .as_ref()
                    .and_then(|problem| problem.spot.as_ref());
                findings.push(finding(
                    problem.code,
                    Severity::Error,
                    problem.message.clone(),
                    place.map_or(entry.place, |spot| spot.place),
                ));
            }
            Verdict::Unchanged => {}
            Verdict::Injected | Verdict::Updated | Verdict::Uninjected { .. } => {
                if self.mode == Mode::Check {
                    let (code, message) = outdated(&entry.outcome.verdict, &label);
                    findings.push(finding(code, Severity::Error, message, entry.place));
                }
            }
        }
        for (note, place) in entry.outcome.notes.iter().zip(&entry.notes) {
            findings.push(finding(
                note.code,
                Severity::Warning,
                format!("{label}: {}", note.message),
                *place,
            ));
        }
        findings
    }
}

/// What `--check` has to say about a resource that would change.
fn outdated(verdict: &Verdict, label: &str) -> (&'static str, String) {
    match verdict {
        Verdict::Updated => (
            "sidecar-outdated",
            format!("{label} carries an older sidecar"),
        ),
        Verdict::Uninjected { mesh } => (
            "sidecar-present",
            format!("{label} carries a sidecar of {mesh}"),
        ),
        _ => ("sidecar-missing", format!("{label} has no sidecar")),
    }
}

/// One thing that a scanner points at.
#[derive(Debug)]
struct Finding {
    code: &'static str,
    severity: Severity,
    message: String,
    file: Option<Rc<str>>,
    place: Option<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    Error,
    Warning,
}

/// The word for a verdict.
fn verb(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Injected => "injected",
        Verdict::Updated => "updated",
        Verdict::Unchanged => "unchanged",
        Verdict::Uninjected { .. } => "uninjected",
        Verdict::Skipped(_) => "skipped",
        Verdict::Refused(_) => "refused",
    }
}
