//! Whole new lines in block style.

use std::rc::Rc;

use serde_json::Value;

use super::insert::New;
use super::layout::Layout;
use super::{Obstacle, Splice};
use crate::manifest::render;
use crate::manifest::tree::NodeId;

/// Begins each line that was set aside; what follows it is the user's own text.
pub(super) const ASIDE: &str = "#meshctl:";

/// New entries as lines above entry `before` (above the comments that sit on it), else above the
/// next entry that begins its line, else below the last: returns where.
pub(super) fn entries(
    layout: &Layout<'_, '_>,
    mapping: NodeId,
    before: usize,
    entries: &Rc<[(String, Value)]>,
    splices: &mut Vec<Splice>,
) -> usize {
    let tree = layout.tree;
    let column = layout.column(tree.node(mapping).start as usize);
    let keys: Vec<usize> = tree
        .entries(mapping)
        .map(|(key, _)| tree.node(key).outer as usize)
        .collect();
    let anchor = (before.min(keys.len())..keys.len())
        .find(|index| layout.leads_its_line(keys[*index]) && layout.column(keys[*index]) == column);
    if let Some(index) = anchor {
        let text = layout
            .rendered
            .entries(entries, column, layout.block(keys[index]));
        splices.push(Splice::insert(layout.above_comments(keys[index]), text));
        return index;
    }
    let block = layout.block(tree.node(mapping).start as usize);
    below(
        layout,
        mapping,
        layout.rendered.entries(entries, column, block),
        splices,
    );
    keys.len()
}

/// New items as lines above item `index`, or below the last item.
pub(super) fn items(
    layout: &Layout<'_, '_>,
    sequence: NodeId,
    index: usize,
    items: &Rc<[Value]>,
    splices: &mut Vec<Splice>,
) -> Result<(), Obstacle> {
    let tree = layout.tree;
    let first = tree.node(sequence).start as usize;
    let column = layout.column(first);
    let text = layout.rendered.items(items, column, layout.block(first));
    if index >= tree.items(sequence).count() {
        below(layout, sequence, text, splices);
        return Ok(());
    }
    let dash = layout.dash(sequence, index);
    if !layout.leads_its_line(dash) {
        return Err(Obstacle {
            code: "layout",
            message: "there is no room for a line above this list item".into(),
            offset: dash,
            hint: "begin the list on a line of its own",
        });
    }
    splices.push(Splice::insert(layout.above_comments(dash), text));
    Ok(())
}

/// Puts the lines of `text` below the last line of a collection and below the comments that are
/// indented deeper than it.
fn below(layout: &Layout<'_, '_>, collection: NodeId, text: Rc<str>, splices: &mut Vec<Splice>) {
    let node = layout.tree.node(collection);
    let (column, end) = (layout.column(node.start as usize), node.end as usize);
    // A block scalar ends at the start of the line behind it, everything else within its line.
    let ended = end > 0 && layout.text.as_bytes()[end - 1] == b'\n';
    let mut at = if ended { end } else { layout.line_end(end) };
    while at < layout.text.len() {
        let line = &layout.text[at..layout.line_end(at)];
        let blanks = line.len() - line.trim_start_matches(' ').len();
        if blanks <= column || !line[blanks..].starts_with('#') {
            break;
        }
        at = layout.line_end(at);
    }
    splices.push(Splice::insert(at, unended(layout, at, text)));
}

/// At the end of a text whose last line has no line break, new lines begin with one instead.
fn unended(layout: &Layout<'_, '_>, at: usize, text: Rc<str>) -> Rc<str> {
    if at < layout.text.len() || layout.text.ends_with('\n') {
        return text;
    }
    let line_end = if layout.crlf(at) { "\r\n" } else { "\n" };
    format!("{line_end}{}", text.strip_suffix(line_end).unwrap_or(&text)).into()
}

/// Whether a value (or the place of a missing one) stands alone behind `key:` on its line.
pub(super) fn value_on_line_of_key(layout: &Layout<'_, '_>, key: NodeId, value: NodeId) -> bool {
    let (key, value) = (layout.tree.node(key), layout.tree.node(value));
    let line_end = layout.line_end(key.start as usize);
    let rest = || layout.text[value.end as usize..line_end].trim_matches([' ', '\t', '\r', '\n']);
    value.end as usize <= line_end
        && layout.line_start(value.start as usize) == layout.line_start(key.start as usize)
        && (rest().is_empty() || rest().starts_with('#'))
}

/// Comments out what stands behind `key:` and puts `new` on the lines below.
pub(super) fn fill(
    layout: &Layout<'_, '_>,
    key: NodeId,
    place: NodeId,
    new: &New<'_>,
    splices: &mut Vec<Splice>,
) -> Result<(), Obstacle> {
    let (name, node) = (layout.tree.node(key), layout.tree.node(place));
    let column = layout.column(name.outer as usize);
    if !layout.text[layout.line_start(name.outer as usize)..name.outer as usize]
        .bytes()
        .all(|byte| matches!(byte, b' ' | b'-'))
    {
        return Err(Obstacle {
            code: "layout",
            message: "there is no room for lines below this key".into(),
            offset: name.outer as usize,
            hint: "begin the key on a line of its own",
        });
    }
    if node.start < node.end {
        splices.push(Splice::insert(node.start as usize, "#"));
    }
    let block = layout.block(name.start as usize);
    let text = match new {
        New::Items(items) => layout.rendered.items(items, column + block.dash, block),
        New::Entries(entries) => layout.rendered.entries(entries, column + block.unit, block),
    };
    let at = layout.line_end(node.end as usize);
    splices.push(Splice::insert(at, unended(layout, at, text)));
    Ok(())
}

/// Makes comments of an entry's lines and puts `entry` above them.
pub(super) fn set_aside(
    layout: &Layout<'_, '_>,
    mapping: NodeId,
    index: usize,
    entry: &(String, Value),
    splices: &mut Vec<Splice>,
) -> Result<(), Obstacle> {
    let tree = layout.tree;
    let Some((key, value)) = tree.entries(mapping).nth(index) else {
        return Ok(());
    };
    let (start, end) = (tree.node(key).outer as usize, tree.node(value).end as usize);
    let column = layout.column(start);
    let in_the_way = |offset| Obstacle {
        code: "flow-probe",
        message: "a probe in flow style or JSON cannot be rewritten by inserting alone".into(),
        offset,
        hint: "write the probe in block style, or leave --rewrite-probes out",
    };
    if tree.node(mapping).style == crate::manifest::tree::Style::Flow
        || !layout.leads_its_line(start)
    {
        return Err(in_the_way(start));
    }
    let mut text = String::new();
    render::entries(
        &mut text,
        std::slice::from_ref(entry),
        column,
        layout.block(start),
    );
    splices.push(Splice::insert(layout.line_start(start), text));
    let mut line = layout.line_start(start);
    while line < end {
        let next = layout.line_end(line);
        let content = layout.text[line..next].trim_end_matches(['\r', '\n']);
        if content.trim_matches(' ').is_empty() {
            line = next;
            continue;
        }
        if content.len() < column || !content[..column].bytes().all(|byte| byte == b' ') {
            return Err(in_the_way(line));
        }
        splices.push(Splice::insert(line + column, ASIDE));
        line = next;
    }
    Ok(())
}
