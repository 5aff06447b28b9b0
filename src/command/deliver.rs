//! Writes what an edit brought: manifests, patches, diffs, explanations and reports.

use std::iter;

use serde_json::{Value, json};

use crate::command::edit::{Form, Plan, Product, Target};
use crate::convert;
use crate::diff::unified;
use crate::envelope::{Envelope, pretty};
use crate::error::{Diagnostic, Spot};
use crate::exit::Exit;
use crate::input::{Source, reason};
use crate::manifest::outcome::{Piece, Verdict};
use crate::manifest::read::read;
use crate::manifest::stream;
use crate::output::{Output, WriteError};
use crate::place::{BYTE_ORDER_MARK, Lines};
use crate::replace::Staged;
use crate::report::{Entry, Mode, Report, explain, human};

/// Writes the result where the plan wants it.
///
/// A run that is `stopped` writes nothing: a manifest that is only half there must not be applied.
pub(super) fn result(
    plan: &Plan,
    products: &[Product<'_>],
    stopped: bool,
    report: &mut Report,
    output: &Output,
) -> Result<Exit, WriteError> {
    if stopped {
        return Ok(Exit::Clean);
    }
    let exit = match plan.target {
        Target::Nowhere => Exit::Clean,
        Target::Files => replace(plan, products, report),
        Target::Stdout(Form::Yaml) => manifests(products, report, output)?,
        Target::Stdout(Form::Json) => as_json(products, report, output)?,
        Target::Stdout(Form::Patch) => patches(report, output)?,
    };
    if plan.explain && report.mode != Mode::Stopped {
        output.data(explain(report, output).as_bytes())?;
    }
    if plan.diff && report.mode != Mode::Stopped {
        for product in products {
            let shown = unified(product.name, product.before, &product.after, output.data);
            output.data(shown.as_bytes())?;
        }
    }
    Ok(exit)
}

/// Writes the report where the plan wants it, and gives the exit code of the whole run.
pub(super) fn report(
    plan: &Plan,
    report: &Report,
    exit: Exit,
    output: &Output,
) -> Result<Exit, WriteError> {
    let for_people = |report: &Report| output.message(&human(report, plan.detail, output));
    let Some(format) = plan.report else {
        for_people(report);
        return Ok(exit);
    };
    let text = report.render(format);
    let stdout_is_free = !matches!(plan.target, Target::Stdout(_)) && !plan.diff && !plan.explain;
    if let Some(path) = &plan.report_file {
        for_people(report);
        if let Err(error) = std::fs::write(path, text) {
            let name = path.display().to_string();
            let message = format!("cannot write {name}: {}", reason(&error));
            let problem = Diagnostic::new("write", message);
            output.message(&problem.render(output.messages, output.width));
            return Ok(exit.max(Exit::Failed));
        }
    } else if stdout_is_free {
        let written = output.data(text.as_bytes());
        if !matches!(written, Err(WriteError::Closed)) {
            for_people(report);
        }
        written?;
    } else {
        output.message(&text);
    }
    Ok(exit)
}

/// Replaces every file that changed, after all new versions are safely on disk.
///
/// A file with a refused document stays as it is: what was refused must not be lost.
fn replace(plan: &Plan, products: &[Product<'_>], report: &mut Report) -> Exit {
    let mut staged = Vec::new();
    for product in products.iter().filter(|product| product.changed()) {
        let Source::File(path) = &product.source else {
            continue;
        };
        if product.refused {
            keep(report, product);
            continue;
        }
        match Staged::write(path, &product.after) {
            Ok(file) => staged.push((product, file)),
            Err(error) => {
                keep(report, product);
                report.failures.push(error.diagnostic());
            }
        }
    }
    if !report.failures.is_empty() && !plan.keep_going {
        report.mode = Mode::Stopped;
        return Exit::Failed;
    }
    for (product, file) in staged {
        if let Err(error) = file.commit() {
            keep(report, product);
            report.failures.push(error.diagnostic());
        }
    }
    if report.failures.is_empty() {
        Exit::Clean
    } else {
        Exit::Failed
    }
}

/// Notes that a file stays as it was.
fn keep(report: &mut Report, product: &Product<'_>) {
    let entries = report.entries.iter_mut();
    entries
        .filter(|entry| entry.file == *product.name)
        .for_each(|entry| entry.kept = true);
}

/// Prints every manifest, as one stream.
fn manifests(
    products: &[Product<'_>],
    report: &mut Report,
    output: &Output,
) -> Result<Exit, WriteError> {
    let mut filled = products.iter().filter(|product| last(product).is_some());
    filled.next_back();
    let problems: Vec<Diagnostic> = filled.filter_map(no_newline).collect();
    if !problems.is_empty() {
        report.failures.extend(problems);
        report.mode = Mode::Stopped;
        return Ok(Exit::Unparsable);
    }
    let mut before = String::new();
    for product in products {
        let mut pieces = product
            .after
            .iter()
            .map(Piece::as_str)
            .filter(|piece| !piece.is_empty());
        let Some(mut first) = pieces.next() else {
            continue;
        };
        if !before.is_empty() {
            first = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first);
            output.data(separator(&before, first).as_bytes())?;
        }
        let mut last = first;
        output.pieces(
            iter::once(first)
                .chain(pieces)
                .inspect(|piece| last = piece),
        )?;
        last.clone_into(&mut before);
    }
    Ok(Exit::Clean)
}

/// The last piece of a text, unless the text is empty.
fn last<'p>(product: &'p Product<'_>) -> Option<&'p str> {
    let mut pieces = product.after.iter().rev().map(Piece::as_str);
    pieces.find(|piece| !piece.is_empty())
}

/// Refuses a text that lacks its last newline and means something else with it: it ends inside of
/// a block scalar.
fn no_newline(product: &Product<'_>) -> Option<Diagnostic> {
    if last(product)?.ends_with('\n') {
        return None;
    }
    let text = product.text();
    let document = &text[stream::documents(&text).pop()?];
    let value = |text: &str| Some(read(text).ok()?.nodes.pop()?.value.into_owned());
    if value(document) == value(&format!("{document}\n")) {
        return None;
    }
    let message = "the block scalar at the end would get a newline from the file that follows";
    let end = Spot::of(&Lines::of(product.before), product.before.len());
    let problem = Diagnostic::new("no-newline", message).at(&**product.name, end);
    Some(problem.with_hint("end the file with a newline, or the scalar's header with -"))
}

/// What has to stand between two texts so that they are one YAML stream.
fn separator(before: &str, after: &str) -> String {
    let newline = if before.ends_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let ended = if before.ends_with('\n') { "" } else { newline };
    let marker = if after.starts_with("---") || after.is_empty() {
        return ended.to_owned();
    } else if after.starts_with('%') {
        "..."
    } else {
        "---"
    };
    format!("{ended}{marker}{newline}")
}

/// Prints everything as one JSON document: the object, or a `List` of several.
///
/// Every object becomes text as soon as it is converted, because its tree is many times larger.
fn as_json(
    products: &[Product<'_>],
    report: &mut Report,
    output: &Output,
) -> Result<Exit, WriteError> {
    let mut objects = Vec::new();
    for product in products {
        if let Err(problem) = convert(&product.text(), product.name, &mut objects) {
            report.failures.push(problem);
        }
    }
    if !report.failures.is_empty() {
        report.mode = Mode::Stopped;
        return Ok(Exit::Unparsable);
    }
    match &objects[..] {
        [] => {}
        [object] => output.pieces([object, "\n"].into_iter())?,
        _ => {
            let head = "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": [";
            // JSON has no newline within a string, so every newline begins a line to indent.
            let lines = objects.iter().enumerate().flat_map(|(index, object)| {
                let lines = object.split('\n').flat_map(|line| ["\n    ", line]);
                iter::once(if index == 0 { "" } else { "," }).chain(lines)
            });
            output.pieces(iter::once(head).chain(lines).chain(["\n  ]\n}\n"]))?;
        }
    }
    Ok(Exit::Clean)
}

/// Adds every document of a text as JSON.
fn convert(text: &str, name: &str, objects: &mut Vec<String>) -> Result<(), Diagnostic> {
    let failed = |message: String, offset: usize| {
        Diagnostic::new("convert", message).at(name, Spot::of(&Lines::of(text), offset))
    };
    for range in stream::documents(text) {
        let start = range.start;
        let tree =
            read(&text[range]).map_err(|error| failed(error.message, start + error.offset))?;
        let value =
            convert::json(&tree).map_err(|error| failed(error.message, start + error.offset))?;
        objects.extend(value.map(|value| format!("{value:#}")));
    }
    Ok(())
}

/// Prints the edit as RFC 6902: the bare array for one workload, else an item for each.
fn patches(report: &Report, output: &Output) -> Result<Exit, WriteError> {
    let is_edited = |entry: &&Entry| entry.changes() || entry.outcome.verdict == Verdict::Unchanged;
    let edited: Vec<&Entry> = report.entries.iter().filter(is_edited).collect();
    let text = match edited[..] {
        [] => pretty(&json!([])),
        [entry] => pretty(&patch(entry)),
        _ => {
            let items = edited.into_iter().map(|entry| {
                json!({
                    "apiVersion": entry.outcome.api_version,
                    "kind": entry.outcome.kind,
                    "namespace": entry.outcome.namespace,
                    "name": entry.outcome.name,
                    "patch": patch(entry),
                })
            });
            Envelope {
                items: items.collect(),
                ..Envelope::default()
            }
            .render("PatchList", report.now)
        }
    };
    output.data(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn patch(entry: &Entry) -> Value {
    let operations = entry.outcome.patch.iter().map(|operation| {
        let mut shown = json!({ "op": operation.op, "path": operation.path });
        if let Some(value) = &operation.value {
            shown["value"] = value.clone();
        }
        shown
    });
    operations.collect()
}

#[cfg(test)]
mod tests {
    use super::separator;

    #[test]
    fn manifests_are_kept_apart() {
        assert_eq!(separator("a: 1\n", "b: 2\n"), "---\n");
        assert_eq!(separator("a: 1", "b: 2\n"), "\n---\n");
        assert_eq!(separator("a: 1\n", "---\nb: 2\n"), "");
        assert_eq!(separator("a: 1\r\n", "b: 2\r\n"), "---\r\n");
        assert_eq!(separator("a: 1\n", "%YAML 1.1\n---\nb: 2\n"), "...\n");
    }
}
