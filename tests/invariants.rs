//! Proves on thousands of generated manifests, and on real ones, that injection only inserts and can be undone.
#![expect(clippy::print_stdout, reason = "tests/run shows these lines")]

mod support;

use std::process::Command;
use std::sync::LazyLock;

use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Options, Outcome, Piece, Verdict};
use meshctl::manifest::uninject::uninject;
use serde_json::Value;
use support::peers::{self, Edit};
use support::{apply, files, generate, insertions};

/// A stream before and after.
struct Sample {
    name: String,
    text: String,
    edited: String,
    /// What the edit says that it took from the input.
    kept: String,
    outcomes: Vec<Outcome>,
    /// How many workloads a generated stream holds; nothing for a file.
    workloads: Option<usize>,
    refusable: bool,
}

impl Sample {
    fn new(name: String, text: String) -> Self {
        let edited = inject(
            &text,
            &Options {
                details: true,
                ..Options::default()
            },
        );
        let kept = edited.pieces.iter().filter_map(|piece| match piece {
            Piece::Old(text) => Some(*text),
            Piece::New(_) => None,
        });
        let (kept, whole) = (kept.collect(), edited.to_string());
        let outcomes = edited.outcomes;
        Self {
            name,
            edited: whole,
            kept,
            outcomes,
            text,
            workloads: None,
            refusable: false,
        }
    }
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let count = std::env::var("MESHCTL_CASES").map_or(3000, |it| it.parse().expect("a number"));
    let generated = (0..count).map(generate::case).map(|case| Sample {
        workloads: Some(case.workloads),
        refusable: case.refusable,
        ..Sample::new(case.name, case.text)
    });
    let files = files::own()
        .into_iter()
        .chain(files::given().unwrap_or_default());
    let files = files.map(|file| Sample::new(file.name, file.text));
    generated.chain(files).collect()
});

fn problem(outcome: &Outcome) -> Option<&meshctl::manifest::outcome::Problem> {
    match &outcome.verdict {
        Verdict::Refused(problem) => Some(problem),
        _ => None,
    }
}

/// The samples of which nothing was refused.
fn accepted() -> impl Iterator<Item = &'static Sample> {
    SAMPLES
        .iter()
        .filter(|sample| !sample.outcomes.iter().any(|it| problem(it).is_some()))
}

fn assert_none(failures: &[String]) {
    let shown = failures
        .iter()
        .take(10)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        failures.is_empty(),
        "{} failures, the first:\n{shown}",
        failures.len()
    );
}

#[test]
fn only_insertions() {
    let failures: Vec<_> = accepted()
        .filter_map(|sample| {
            if sample.kept != sample.text {
                return Some(format!("{}: some of the input is not kept", sample.name));
            }
            if !insertions::is_contained(&sample.text, &sample.edited) {
                return Some(format!("{}: some of the input is lost", sample.name));
            }
            // Annotations, init containers and volumes; behind a last item, and in front of a bracket.
            let (cut, injected) = (
                insertions::cut_lines(&sample.text, &sample.edited),
                verdicts(sample, &Verdict::Injected),
            );
            (cut > 6 * injected).then(|| {
                format!(
                    "{}: {cut} lines are cut for {injected} workloads",
                    sample.name
                )
            })
        })
        .collect();
    assert_none(&failures);
}

#[test]
fn injecting_twice_is_injecting_once() {
    let failures: Vec<_> = accepted()
        .filter_map(|sample| {
            let again = inject(&sample.edited, &Options::default());
            (again.to_string() != sample.edited).then(|| sample.name.clone())
        })
        .collect();
    assert_none(&failures);
}

#[test]
fn uninject_gives_the_input_back() {
    let failures: Vec<_> = accepted()
        .filter_map(|sample| {
            let back = uninject(&sample.edited, &Options::default());
            (back.to_string() != sample.text).then(|| sample.name.clone())
        })
        .collect();
    assert_none(&failures);
}

#[test]
fn what_carries_no_sidecar_is_not_touched_by_uninject() {
    let ours = accepted().filter(|sample| sample.workloads.is_some());
    let failures: Vec<_> = ours
        .filter(|sample| uninject(&sample.text, &Options::default()).to_string() != sample.text)
        .map(|sample| sample.name.clone())
        .collect();
    assert_none(&failures);
}

#[test]
fn nearly_every_workload_is_injected_and_a_refusal_has_its_place() {
    let mut failures = Vec::new();
    let (mut workloads, mut injected) = (0, 0);
    let mut refusals = std::collections::BTreeMap::<&str, usize>::new();
    for sample in SAMPLES.iter() {
        for problem in sample.outcomes.iter().filter_map(problem) {
            *refusals.entry(problem.code).or_default() += 1;
            if problem.offset > sample.text.len() || problem.message.is_empty() {
                failures.push(format!("{}: {problem:?}", sample.name));
            }
            if problem.code == "proof" {
                failures.push(format!(
                    "{}: the edit was wrong and the proof caught it",
                    sample.name
                ));
            }
        }
        if let Some(count) = sample.workloads.filter(|_| !sample.refusable) {
            workloads += count;
            injected += verdicts(sample, &Verdict::Injected);
        }
    }
    println!("NOTE {injected} of {workloads} generated workloads injected; refusals: {refusals:?}");
    assert_none(&failures);
    assert!(
        injected * 100 >= workloads * 95,
        "{injected} of {workloads}; refusals: {refusals:?}"
    );
}

#[test]
fn the_projects_own_manifests_are_all_injected() {
    for file in files::own() {
        let edited = inject(&file.text, &Options::default());
        let left: Vec<_> = edited
            .outcomes
            .iter()
            .filter(|it| it.verdict != Verdict::Injected)
            .collect();
        assert!(
            left.is_empty() && !edited.outcomes.is_empty(),
            "{}: {left:?}",
            file.name
        );
    }
}

#[test]
fn the_given_manifests_are_read() {
    match files::given() {
        None => println!("NOT RUN manifests of MESHCTL_MANIFESTS: it is not set"),
        Some(manifests) => {
            for file in manifests {
                let edited = inject(&file.text, &Options::default());
                let refused: Vec<_> = edited.outcomes.iter().filter_map(problem).collect();
                assert!(refused.is_empty(), "{}: {refused:?}", file.name);
            }
        }
    }
}

#[test]
fn the_readers_of_the_api_server_and_libyaml_see_input_and_sidecar() {
    let Some(yamlcheck) = peers::tool("MESHCTL_YAMLCHECK") else {
        return;
    };
    let Some(python) = peers::tool("MESHCTL_PYTHON") else {
        return;
    };
    let edits: Vec<_> = accepted()
        .map(|sample| Edit {
            name: sample.name.clone(),
            before: sample.text.clone(),
            after: sample.edited.clone(),
            patch: None,
        })
        .collect();
    for mut command in [Command::new(yamlcheck), libyaml_check(python)] {
        let summary = peers::check(&mut command, &edits);
        println!("NOTE {summary}");
        let [cases, edited, unreadable] =
            ["cases", "edited", "unreadable"].map(|key| summary[key].as_u64().expect("a count"));
        assert!(
            edited * 2 >= cases && unreadable * 20 <= cases,
            "too little was checked: {summary}"
        );
    }
}

fn libyaml_check(python: std::ffi::OsString) -> Command {
    let mut command = Command::new(python);
    command.arg(files::script("libyaml_check.py"));
    command
}

#[test]
fn the_patch_says_the_same_as_the_edit() {
    let patched = patches();
    let failures: Vec<_> = patched
        .iter()
        .filter_map(|(edit, before, after)| {
            let mut got = before.clone();
            let operations = edit
                .patch
                .as_ref()
                .and_then(Value::as_array)
                .expect("operations");
            match apply::apply(&mut got, operations) {
                Err(problem) => Some(format!("{}: {problem}", edit.name)),
                Ok(()) => (got != *after).then(|| format!("{}: not {after} but {got}", edit.name)),
            }
        })
        .collect();
    println!("NOTE {} patches", patched.len());
    assert_none(&failures);
    assert!(
        patched.len() * 2 >= accepted().count(),
        "only {} patches were checked",
        patched.len()
    );
    let Some(yamlcheck) = peers::tool("MESHCTL_YAMLCHECK") else {
        return;
    };
    let edits: Vec<_> = patched.into_iter().map(|(edit, ..)| edit).collect();
    peers::check(&mut Command::new(yamlcheck), &edits);
}

/// Each injected resource with its patch, and its value before and after.
fn patches() -> Vec<(Edit, Value, Value)> {
    let mut found = Vec::new();
    for sample in accepted() {
        let Some(before) = resources(&sample.text) else {
            continue;
        };
        let Some(after) = resources(&sample.edited) else {
            continue;
        };
        for outcome in sample
            .outcomes
            .iter()
            .filter(|it| it.verdict == Verdict::Injected)
        {
            let Some(before) = before.iter().find(|it| is(it, outcome)) else {
                continue;
            };
            let Some(after) = after.iter().find(|it| is(it, outcome)) else {
                continue;
            };
            let operations = outcome.patch.iter().map(operation).collect();
            let edit = Edit {
                name: format!("{} {}/{}", sample.name, outcome.kind, outcome.name),
                before: before.to_string(),
                after: after.to_string(),
                patch: Some(Value::Array(operations)),
            };
            found.push((edit, before.clone(), after.clone()));
        }
    }
    found
}

fn operation(operation: &meshctl::manifest::outcome::PatchOperation) -> Value {
    let mut value = serde_json::json!({"op": operation.op, "path": operation.path});
    if let Some(new) = &operation.value {
        value["value"] = new.clone();
    }
    value
}

fn is(resource: &Value, outcome: &Outcome) -> bool {
    resource["kind"] == outcome.kind.as_str()
        && resource["metadata"]["name"] == outcome.name.as_str()
}

/// Every resource of a stream as JSON, those in lists too; nothing if a value has no JSON form.
fn resources(text: &str) -> Option<Vec<Value>> {
    let mut found = Vec::new();
    let text = text.trim_start_matches('\u{feff}');
    for document in serde_yaml::Deserializer::from_str(text) {
        let value: Value = serde::Deserialize::deserialize(document).ok()?;
        match value["items"].as_array() {
            Some(items) => found.extend(items.iter().cloned()),
            None => found.push(value),
        }
    }
    Some(found)
}

fn verdicts(sample: &Sample, verdict: &Verdict) -> usize {
    sample
        .outcomes
        .iter()
        .filter(|it| it.verdict == *verdict)
        .count()
}
