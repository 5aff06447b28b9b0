//! The report in our versioned envelope.

use serde_json::{Value, json};

use crate::envelope::Envelope;
use crate::error::Diagnostic;
use crate::manifest::outcome::{Level, Outcome, PodSecurity, Verdict};
use crate::report::explain::level;
use crate::report::{Action, Entry, Report, Severity, verb};

/// Items are what was edited or found in order, errors what could not be, skipped what was left.
pub(super) fn render(report: &Report) -> String {
    let mut envelope = Envelope {
        errors: report.failures.iter().map(failure).collect(),
        ..Envelope::default()
    };
    let in_vain = report.warnings.iter().map(failure);
    match report.severity_of_skips() {
        Severity::Error => envelope.errors.extend(in_vain),
        Severity::Warning => envelope.skipped.extend(in_vain),
    }
    for entry in &report.entries {
        match &entry.outcome.verdict {
            Verdict::Skipped(_) => envelope.skipped.push(item(entry, report)),
            Verdict::Refused(_) => envelope.errors.push(item(entry, report)),
            _ => envelope.items.push(item(entry, report)),
        }
    }
    let kind = match report.action {
        Action::Inject => "InjectReport",
        Action::Uninject => "UninjectReport",
    };
    envelope.render(kind, report.now)
}

fn failure(failure: &Diagnostic) -> Value {
    let mut value = json!({ "code": failure.code, "message": failure.message });
    set(&mut value, "file", failure.file.as_deref());
    set(
        &mut value,
        "line",
        failure.spot.as_ref().map(|spot| spot.place.line),
    );
    set(
        &mut value,
        "column",
        failure.spot.as_ref().map(|spot| spot.place.column),
    );
    set(&mut value, "hint", failure.hint.as_deref());
    value
}

fn item(entry: &Entry, report: &Report) -> Value {
    let outcome = &entry.outcome;
    let mut value = json!({
        "file": &*entry.file,
        "line": entry.place.line,
        "document": outcome.document,
        "apiVersion": outcome.api_version,
        "kind": outcome.kind,
        "namespace": outcome.namespace,
        "name": outcome.name,
        "verdict": verb(&outcome.verdict),
    });
    match &outcome.verdict {
        Verdict::Skipped(skip) => {
            set(&mut value, "code", Some(skip.code));
            set(&mut value, "message", Some(&*skip.reason));
            set(&mut value, "key", Some(&*skip.key));
            set(&mut value, "line", entry.deciding.map(|place| place.line));
            set(
                &mut value,
                "column",
                entry.deciding.map(|place| place.column),
            );
        }
        Verdict::Refused(problem) => {
            let place = entry
                .problem
                .as_ref()
                .and_then(|problem| problem.spot.as_ref());
            set(&mut value, "code", Some(problem.code));
            set(&mut value, "message", Some(&*problem.message));
            set(&mut value, "line", place.map(|spot| spot.place.line));
            set(&mut value, "column", place.map(|spot| spot.place.column));
            set(&mut value, "hint", problem.hint.as_deref());
        }
        Verdict::Uninjected { mesh } => set(&mut value, "mesh", Some(*mesh)),
        Verdict::Injected | Verdict::Updated | Verdict::Unchanged => {}
    }
    if !matches!(outcome.verdict, Verdict::Skipped(_) | Verdict::Refused(_)) {
        set(&mut value, "written", Some(report.is_written(entry)));
    }
    if entry.changes() {
        set(&mut value, "changes", Some(changes(outcome)));
    }
    if !outcome.notes.is_empty() {
        set(&mut value, "notes", Some(notes(entry)));
    }
    set(
        &mut value,
        "podSecurity",
        outcome.security.as_ref().map(pod_security),
    );
    value
}

fn changes(outcome: &Outcome) -> Value {
    let changes = outcome.changes.iter();
    changes
        .map(|change| json!({ "path": change.path, "why": change.why }))
        .collect()
}

fn notes(entry: &Entry) -> Value {
    let notes = entry.outcome.notes.iter().zip(&entry.notes);
    notes
        .map(|(note, place)| {
            json!({
                "code": note.code,
                "message": note.message,
                "line": place.line,
                "column": place.column,
            })
        })
        .collect()
}

fn pod_security(security: &PodSecurity) -> Value {
    let list = |violations: &[(Level, String)]| -> Value {
        violations
            .iter()
            .map(|(rejects, what)| json!({ "rejectedBy": level(*rejects), "what": what }))
            .collect()
    };
    json!({
        "before": level(security.before),
        "after": level(security.after),
        "violates": list(&security.violates),
        "added": list(&security.added),
    })
}

fn set(value: &mut Value, key: &str, content: Option<impl Into<Value>>) {
    if let Some(content) = content {
        value[key] = content.into();
    }
}
