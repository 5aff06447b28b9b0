//! Proves that the inputs of yaml-test-suite, put into a manifest, come through unchanged or are refused with a place.
#![expect(clippy::print_stdout, reason = "tests/run shows these lines")]

mod support;

use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Edited, Options, Piece, Verdict};
use meshctl::manifest::read::{full, scan};
use meshctl::manifest::uninject::uninject;
use serde::Deserialize;

/// One input of the suite.
#[derive(Deserialize)]
struct Input {
    id: String,
    yaml: String,
    /// Whether it is no YAML.
    fail: bool,
}

/// What became of all inputs put into one place.
#[derive(Default)]
struct Tally {
    injected: usize,
    refused: usize,
    failures: Vec<String>,
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    metadata:
      annotations:
        example.test/raw: @ANNOTATION@
    spec:
      containers:
      - name: web
        image: example/web:1
        args: @ARGUMENTS@
";

/// The suite's inputs, from the file that `tests/run` prepares.
fn inputs() -> Option<Vec<Input>> {
    let path = support::peers::tool("MESHCTL_YAML_TEST_SUITE")?;
    let text = std::fs::read(path).expect("the suite's cases");
    let inputs: Vec<Input> = serde_json::from_slice(&text).expect("a list of cases");
    assert!(inputs.len() > 300, "only {} cases", inputs.len());
    Some(inputs)
}

fn deployment(annotation: &str, arguments: &str) -> String {
    DEPLOYMENT
        .replace("@ANNOTATION@", annotation)
        .replace("@ARGUMENTS@", arguments)
}

/// Injects each input as `place` puts it into a manifest, and collects what is wrong.
fn tally(inputs: &[Input], place: impl Fn(&Input) -> String) -> Tally {
    let mut tally = Tally::default();
    for input in inputs {
        let text = place(input);
        let edited = inject(&text, &Options::default());
        match judge(&text, &edited) {
            Ok(true) => tally.injected += 1,
            Ok(false) => tally.refused += 1,
            Err(problem) => tally.failures.push(format!("{}: {problem}", input.id)),
        }
    }
    println!(
        "NOTE {} injected, {} refused",
        tally.injected, tally.refused
    );
    let shown = tally
        .failures
        .iter()
        .take(10)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        tally.failures.is_empty(),
        "{} failures, the first:\n{shown}",
        tally.failures.len()
    );
    tally
}

/// Whether the stream was injected, else refused; a stream that is neither, or not kept, is wrong.
fn judge(text: &str, edited: &Edited<'_>) -> Result<bool, String> {
    for outcome in &edited.outcomes {
        match &outcome.verdict {
            Verdict::Refused(problem) if problem.code == "proof" => {
                return Err(format!(
                    "the edit was wrong and the proof caught it: {problem:?}"
                ));
            }
            Verdict::Refused(problem) if problem.offset > text.len() => {
                return Err(format!("no such place: {problem:?}"));
            }
            Verdict::Refused(_) => return Ok(false),
            _ => {}
        }
    }
    let old = edited.pieces.iter().filter_map(|piece| match piece {
        Piece::Old(text) => Some(*text),
        Piece::New(_) => None,
    });
    if old.collect::<String>() != text {
        return Err("some of the input is lost".to_owned());
    }
    if !edited
        .outcomes
        .iter()
        .any(|it| it.verdict == Verdict::Injected)
    {
        return Err("neither injected nor refused".to_owned());
    }
    let back = uninject(&edited.to_string(), &Options::default()).to_string();
    if back == text {
        Ok(true)
    } else {
        Err("uninject gives something else".to_owned())
    }
}

fn indented(text: &str, by: usize) -> String {
    let indent = " ".repeat(by);
    text.split_inclusive('\n')
        .map(|line| {
            if line.trim_end_matches(['\r', '\n']).is_empty() {
                line.to_owned()
            } else {
                format!("{indent}{line}")
            }
        })
        .collect()
}

#[test]
fn beside_the_workload_in_a_stream() {
    let Some(inputs) = inputs() else { return };
    let tally = tally(&inputs, |input| {
        let own = deployment("text", "[]");
        format!(
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  raw: |2\n{}\n---\n{own}",
            indented(&input.yaml, 4)
        )
    });
    assert!(
        tally.injected * 10 >= inputs.len() * 9,
        "only {} are injected",
        tally.injected
    );
}

#[test]
fn as_text_in_an_annotation() {
    let Some(inputs) = inputs() else { return };
    let tally = tally(&inputs, |input| {
        deployment(&format!("|2-\n{}", indented(&input.yaml, 10)), "[]")
    });
    assert!(
        tally.injected * 10 >= inputs.len() * 9,
        "only {} are injected",
        tally.injected
    );
}

#[test]
fn as_the_value_of_a_field() {
    let Some(inputs) = inputs() else { return };
    let good: Vec<_> = inputs.into_iter().filter(|input| !input.fail).collect();
    let tally = tally(&good, |input| {
        deployment("text", &format!("\n{}", indented(&input.yaml, 10)))
    });
    assert!(
        tally.injected * 2 >= good.len(),
        "only {} of {} are injected",
        tally.injected,
        good.len()
    );
}

#[test]
fn as_documents_of_the_stream() {
    let Some(inputs) = inputs() else { return };
    tally(&inputs, |input| {
        let end = if input.yaml.ends_with('\n') { "" } else { "\n" };
        format!("{}{end}---\n{}", input.yaml, deployment("text", "[]"))
    });
}

#[test]
fn both_readers_see_the_same_in_every_input() {
    let Some(inputs) = inputs() else { return };
    let mut scanned = 0;
    for input in inputs {
        let Some(quick) = scan::read(&input.yaml) else {
            continue;
        };
        scanned += 1;
        let complete = full::read(&input.yaml).map(|tree| tree.nodes);
        assert_eq!(Ok(quick.nodes), complete, "{}: {:?}", input.id, input.yaml);
    }
    println!("NOTE {scanned} inputs read by the quick reader");
    assert!(scanned > 0);
}
