//! New entries and items inside braces and brackets, in the layout that stands there.

use serde_json::{Map, Value};

use super::Splice;
use super::layout::Layout;
use crate::manifest::render;
use crate::manifest::tree::NodeId;

/// How a flow collection is written.
enum Manner<'a> {
    /// Everything on one line; whether blanks follow commas and colons.
    Line { spaced: bool },
    /// Each child on a line of its own, behind this white space, one level being `unit`.
    Lines { indent: &'a str, unit: &'a str },
}

/// New entries before entry `before`, or behind the last.
pub(super) fn entries(
    layout: &Layout<'_, '_>,
    mapping: NodeId,
    before: usize,
    entries: &[(String, Value)],
    splices: &mut Vec<Splice>,
) {
    let texts = |manner: &Manner<'_>| {
        entries
            .iter()
            .map(|(key, value)| {
                let mut text = Value::from(key.as_str()).to_string();
                text.push_str(if matches!(manner, Manner::Line { spaced: false }) {
                    ":"
                } else {
                    ": "
                });
                write(layout, &mut text, value, manner, mapping);
                text
            })
            .collect()
    };
    let tree = layout.tree;
    let places = tree
        .entries(mapping)
        .map(|(key, value)| (tree.node(key).outer as usize, tree.node(value).end as usize))
        .collect::<Vec<_>>();
    among(layout, &places, before, texts, splices);
}

/// New items before item `index`, or behind the last.
pub(super) fn items(
    layout: &Layout<'_, '_>,
    sequence: NodeId,
    index: usize,
    items: &[Value],
    splices: &mut Vec<Splice>,
) {
    let texts = |manner: &Manner<'_>| {
        items
            .iter()
            .map(|item| {
                let mut text = String::new();
                write(layout, &mut text, item, manner, sequence);
                text
            })
            .collect()
    };
    let tree = layout.tree;
    let places = tree
        .items(sequence)
        .map(|item| (tree.node(item).outer as usize, tree.node(item).end as usize))
        .collect::<Vec<_>>();
    among(layout, &places, index, texts, splices);
}

/// Fills `[]` or `{}`.
pub(super) fn fill(
    layout: &Layout<'_, '_>,
    place: NodeId,
    value: &Value,
    splices: &mut Vec<Splice>,
) {
    let start = layout.tree.node(place).start as usize;
    let mut text = String::new();
    let indent = line_indent(layout, start);
    match unit(layout) {
        Some(unit) => {
            let line_end = layout.block(start).line_end();
            render::pretty_json(&mut text, value, indent, unit, line_end);
        }
        None => render::json(&mut text, value, spaced(layout)),
    }
    // The brackets are there already.
    splices.push(Splice::insert(
        start + 1,
        text[1..text.len() - 1].to_owned(),
    ));
}

fn among(
    layout: &Layout<'_, '_>,
    places: &[(usize, usize)],
    before: usize,
    texts: impl Fn(&Manner<'_>) -> Vec<String>,
    splices: &mut Vec<Splice>,
) {
    let (Some((first, _)), Some((_, end))) = (places.first(), places.last()) else {
        return;
    };
    let manner = manner(layout, *first);
    let between = match &manner {
        Manner::Line { spaced: true } => ", ".to_owned(),
        Manner::Line { spaced: false } => ",".to_owned(),
        Manner::Lines { indent, .. } => {
            format!(",{}{indent}", layout.block(*first).line_end())
        }
    };
    let new = texts(&manner).join(&between);
    splices.push(match places.get(before) {
        Some((start, _)) => Splice::insert(*start, new + &between),
        None => Splice::insert(*end, between + &new),
    });
}

fn write(
    layout: &Layout<'_, '_>,
    out: &mut String,
    value: &Value,
    manner: &Manner<'_>,
    near: NodeId,
) {
    match manner {
        Manner::Line { spaced } => render::json(out, value, *spaced),
        Manner::Lines { indent, unit } => {
            let line_end = layout
                .block(layout.tree.node(near).start as usize)
                .line_end();
            render::pretty_json(out, value, indent, unit, line_end);
        }
    }
}

/// How the collection whose first child begins at `first` is written.
fn manner<'a>(layout: &Layout<'_, 'a>, first: usize) -> Manner<'a> {
    let before = &layout.text[layout.line_start(first)..first];
    match unit(layout) {
        Some(unit) if before.bytes().all(|byte| matches!(byte, b' ' | b'\t')) => Manner::Lines {
            indent: before,
            unit,
        },
        _ => Manner::Line {
            spaced: spaced(layout),
        },
    }
}

/// One level of indentation of a JSON document over several lines.
fn unit<'a>(layout: &Layout<'_, 'a>) -> Option<&'a str> {
    let root = layout.tree.root().map(|root| layout.tree.node(root))?;
    let body = layout.text[root.start as usize..].strip_prefix('{')?;
    let line = body.trim_start_matches(['\r', ' ']).strip_prefix('\n')?;
    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
    (blanks > 0).then(|| &line[..blanks])
}

/// Whether blanks follow the colons: always in YAML, by the first colon in JSON.
fn spaced(layout: &Layout<'_, '_>) -> bool {
    let Some(root) = layout.tree.root() else {
        return true;
    };
    let Some((key, _)) = layout.tree.entries(root).next() else {
        return true;
    };
    let is_json = layout.text[layout.tree.node(root).start as usize..].starts_with('{');
    !is_json || !layout.text[layout.tree.node(key).end as usize..].starts_with(":\"")
}

fn line_indent<'a>(layout: &Layout<'_, 'a>, at: usize) -> &'a str {
    let line = &layout.text[layout.line_start(at)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// What an object of `entries` is as a value.
pub(super) fn object(entries: &[(String, Value)]) -> Value {
    Value::Object(entries.iter().cloned().collect::<Map<_, _>>())
}
