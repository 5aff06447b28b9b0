//! Shows what an edit did in a form that a person can check: what was decided, where, and which lines are new.

use std::fmt::Write;

use mesh_api::settings::{Overrides, Setting};
use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Options, Outcome, Verdict};
use meshctl::manifest::uninject::uninject;
use serde_json::Value;
use similar::{Algorithm, ChangeTag, TextDiff};

/// Options with these settings given as flags.
pub fn flags(values: &[(Setting, &str)]) -> Options {
    let mut flags = Overrides::default();
    for (setting, value) in values {
        flags.set(*setting, value).expect("a good value");
    }
    Options {
        flags,
        details: true,
        ..Options::default()
    }
}

/// The text with the sidecar.
pub fn injected(text: &str, options: &Options) -> String {
    inject(text, options).to_string()
}

/// The text without the sidecar.
pub fn uninjected(text: &str) -> String {
    uninject(text, &Options::default()).to_string()
}

/// A Deployment whose pod template and pod have these lines too (indented as they stand there).
pub fn deployment(metadata: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    \
         metadata:\n      labels: {{app: web}}\n{metadata}    spec:\n{spec}      containers:\n        \
         - name: app\n          image: example/app:1\n"
    )
}

/// A line a resource: what became of it, then each place with the text that stands there.
pub fn told(text: &str, outcomes: &[Outcome]) -> String {
    let mut told = String::new();
    for outcome in outcomes {
        let _ = write!(told, "{}/{} ", outcome.kind, outcome.name);
        match &outcome.verdict {
            Verdict::Skipped(skip) => {
                let _ = writeln!(told, "skipped {}: {}", skip.code, skip.reason);
                let _ = writeln!(told, "  {}", skip.key);
                let _ = writeln!(told, "  {}", place(text, skip.offset));
            }
            Verdict::Refused(problem) => {
                let _ = writeln!(told, "refused {}: {}", problem.code, problem.message);
                let _ = writeln!(told, "  {}", place(text, problem.offset));
                let _ = writeln!(told, "  hint: {}", problem.hint.as_deref().unwrap_or("-"));
            }
            other => {
                let _ = writeln!(told, "{other:?}");
            }
        }
        for note in &outcome.notes {
            let _ = writeln!(told, "  note {}: {}", note.code, note.message);
            let _ = writeln!(told, "    {}", place(text, note.offset));
        }
    }
    told
}

/// `line:column` and what stands there.
fn place(text: &str, offset: usize) -> String {
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    let rest = text[offset..].lines().next().unwrap_or_default();
    format!("{line}:{column} {rest}")
}

/// What inject says of `text`.
pub fn inject_told(text: &str, options: &Options) -> String {
    told(text, &inject(text, options).outcomes)
}

/// Every line of `before` with the new ones of `after` that hold our names; what is inside of a
/// container or a volume is left out.
pub fn outline(before: &str, after: &str) -> String {
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Lcs)
        .diff_lines(before, after);
    let mut shown = String::new();
    let mut inside = None;
    for change in diff.iter_all_changes() {
        let line = change.value().trim_end_matches('\n').replace('\r', "␍");
        if change.tag() != ChangeTag::Insert {
            inside = None;
        }
        let mark = match change.tag() {
            ChangeTag::Equal => ' ',
            ChangeTag::Delete => '-',
            ChangeTag::Insert => {
                let column = line.len() - line.trim_start().len();
                if inside.is_some_and(|of| column > of) {
                    continue;
                }
                inside = line.trim_start().starts_with("- name: ").then_some(column);
                '+'
            }
        };
        let line = short(&line);
        let _ = writeln!(shown, "{mark}{line}");
    }
    shown
}

/// A long line without its middle, and the record without version and digest.
fn short(line: &str) -> String {
    if let Some(at) = line.find("meshctl.dev/injected") {
        let created = line[at..].find("\"created\"").map(|found| at + found);
        let end = created.and_then(|from| line[from..].find(']').map(|end| from + end));
        if let (true, Some(from), Some(end)) = (line.len() < 260, created, end) {
            return format!("{}meshctl.dev/injected: {}", &line[..at], &line[from..=end]);
        }
        if line.len() < 260 {
            return format!("{}meshctl.dev/injected", &line[..at]);
        }
    }
    if line.chars().count() <= 100 {
        return line.to_owned();
    }
    let head: String = line.chars().take(70).collect();
    let tail: Vec<char> = line.chars().rev().take(20).collect();
    format!("{head} … {}", tail.into_iter().rev().collect::<String>())
}

/// Injects, checks that nothing was refused or skipped and that uninject gives the bytes back, and
/// shows the outline.
pub fn added(text: &str, options: &Options) -> String {
    let edited = inject(text, options);
    for outcome in &edited.outcomes {
        assert_eq!(outcome.verdict, Verdict::Injected, "{text}");
    }
    let after = edited.to_string();
    assert_eq!(uninjected(&after), text, "the inverse");
    assert_eq!(injected(&after, options), after, "twice");
    outline(text, &after)
}

/// A document's value.
pub fn value(text: &str) -> Value {
    let text = text.trim_start_matches('\u{feff}');
    serde_yaml::from_str(text).expect("one document of YAML")
}

/// What `kubectl get -o yaml` and such make of a value: keys sorted, nulls and comments gone.
pub fn reformatted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().filter(|(_, value)| !value.is_null()).collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            entries
                .into_iter()
                .map(|(key, value)| (key.clone(), reformatted(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Array(list) => list.iter().map(reformatted).collect(),
        other => other.clone(),
    }
}

/// A value as YAML, as indented JSON and as compact JSON.
pub fn forms(value: &Value) -> [String; 3] {
    [
        serde_yaml::to_string(value).expect("YAML"),
        serde_json::to_string_pretty(value).expect("JSON") + "\n",
        value.to_string(),
    ]
}
