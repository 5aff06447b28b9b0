//! Takes out what was inserted, so that the text before comes back byte for byte.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::block::ASIDE;
use super::layout::Layout;
use super::{Edit, Empty, Obstacle, Splice, flow, insert};
use crate::manifest::render;
use crate::manifest::tree::{NodeId, Shape, Style};

/// The byte changes of every removal among `edits`.
pub(super) fn removals(
    layout: &Layout<'_, '_>,
    edits: &[Edit],
    splices: &mut Vec<Splice>,
) -> Result<(), Obstacle> {
    let mut gone: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
    let mut ranges = Vec::new();
    for edit in edits {
        match edit {
            Edit::RemoveEntry { mapping, index } => gone.entry(*mapping).or_default().push(*index),
            Edit::RemoveItem { sequence, index } => gone.entry(*sequence).or_default().push(*index),
            Edit::Restore { collection, was } => {
                restore(layout, *collection, *was, &mut ranges, splices);
            }
            Edit::Reinstate {
                mapping,
                index,
                entry,
            } => {
                reinstate(layout, *mapping, *index, entry, &mut ranges, splices);
            }
            Edit::AddEntries { .. } | Edit::AddItems { .. } | Edit::Replace { .. } => {}
        }
    }
    for (collection, mut children) in gone {
        children.sort_unstable();
        children.dedup();
        match layout.tree.node(collection).style {
            Style::Flow => inline(layout, collection, &children, &mut ranges),
            _ => lines(layout, collection, &children, &mut ranges)?,
        }
    }
    splices.extend(merged(layout, ranges));
    Ok(())
}

/// Joins ranges that touch; a removal up to the end of a text without a last line break takes the
/// break before it instead.
fn merged(layout: &Layout<'_, '_>, mut ranges: Vec<Range<usize>>) -> Vec<Splice> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    if let Some(last) = joined.last_mut()
        && last.end == layout.text.len()
        && !layout.text.ends_with('\n')
        && layout.line_start(last.start) == last.start
    {
        let before = &layout.text[..last.start];
        let kept = before
            .strip_suffix('\n')
            .map_or(before, |rest| rest.strip_suffix('\r').unwrap_or(rest));
        last.start = kept.len();
    }
    joined
        .into_iter()
        .map(|range| Splice::remove(range.start, range.end))
        .collect()
}

/// Removes children of a block collection by whole lines.
fn lines(
    layout: &Layout<'_, '_>,
    collection: NodeId,
    children: &[usize],
    ranges: &mut Vec<Range<usize>>,
) -> Result<(), Obstacle> {
    let starts = starts(layout, collection);
    let mut children = children;
    if let Some(first) = starts.first()
        && children.first() == Some(&0)
        && !layout.leads_its_line(first.start)
    {
        // The first key shares its line with a dash: what follows moves up to it.
        let run = children
            .iter()
            .zip(0..)
            .take_while(|(child, at)| **child == *at)
            .count();
        let Some(next) = starts.get(run) else {
            return Err(Obstacle {
                code: "layout",
                message: "nothing would be left of this list item".into(),
                offset: first.start,
                hint: "remove the item by hand",
            });
        };
        ranges.push(first.start..next.start);
        children = &children[run..];
    }
    for child in children {
        if let Some(place) = starts.get(*child) {
            ranges.push(layout.line_start(place.start)..line_behind(layout, place.end));
        }
    }
    Ok(())
}

/// Where the lines of a node that ends at `end` are over.
fn line_behind(layout: &Layout<'_, '_>, end: usize) -> usize {
    let at_line = end > 0 && layout.text.as_bytes()[end - 1] == b'\n';
    if at_line { end } else { layout.line_end(end) }
}

/// The first byte (dash or key) and the end of each child.
fn starts(layout: &Layout<'_, '_>, collection: NodeId) -> Vec<Range<usize>> {
    let tree = layout.tree;
    match tree.node(collection).shape {
        Shape::Sequence if tree.node(collection).style == Style::Block => tree
            .items(collection)
            .enumerate()
            .map(|(index, item)| layout.dash(collection, index)..tree.node(item).end as usize)
            .collect(),
        Shape::Sequence => tree
            .items(collection)
            .map(|item| tree.node(item).outer as usize..tree.node(item).end as usize)
            .collect(),
        _ => tree
            .entries(collection)
            .map(|(key, value)| tree.node(key).outer as usize..tree.node(value).end as usize)
            .collect(),
    }
}

/// Removes children of a flow collection with the commas that came with them.
fn inline(
    layout: &Layout<'_, '_>,
    collection: NodeId,
    children: &[usize],
    ranges: &mut Vec<Range<usize>>,
) {
    let places = starts(layout, collection);
    let mut at = 0;
    while at < children.len() {
        let first = children[at];
        let mut behind = first + 1;
        while children.get(at + 1) == Some(&behind) {
            at += 1;
            behind += 1;
        }
        at += 1;
        let Some(place) = places.get(first) else {
            continue;
        };
        match (places.get(behind), first.checked_sub(1)) {
            (Some(next), _) => ranges.push(place.start..next.start),
            (None, Some(previous)) => {
                ranges.push(places[previous].end..places[places.len() - 1].end);
            }
            (None, None) => ranges.push(place.start..places[places.len() - 1].end),
        }
    }
}

/// Takes everything out of a collection and puts back what stood in its place.
fn restore(
    layout: &Layout<'_, '_>,
    collection: NodeId,
    was: Empty,
    ranges: &mut Vec<Range<usize>>,
    splices: &mut Vec<Splice>,
) {
    let node = layout.tree.node(collection);
    let (start, end) = (node.start as usize, node.end as usize);
    let text = match was {
        Empty::Nothing | Empty::Null => "null",
        Empty::List => "[]",
        Empty::Map => "{}",
    };
    if node.style == Style::Flow {
        match was {
            Empty::Nothing | Empty::Null => {
                ranges.push(start..end);
                splices.push(Splice::insert(start, text));
            }
            _ => ranges.push(inside(layout, collection)),
        }
        return;
    }
    ranges.push(layout.line_start(start)..line_behind(layout, end));
    let Some((_, key)) = insert::parent_of(layout, collection) else {
        return;
    };
    let behind = layout.tree.node(key).end as usize;
    let colon = layout.text[behind..start]
        .find(':')
        .map_or(behind, |at| behind + at + 1);
    let rest = &layout.text[colon..layout.line_end(colon)];
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let markers: &[&str] = match was {
        Empty::Nothing => return,
        Empty::Null => &["#~", "#null", "#Null", "#NULL"],
        Empty::List => &["#["],
        Empty::Map => &["#{"],
    };
    if markers
        .iter()
        .any(|marker| rest[blanks..].starts_with(marker))
    {
        ranges.push(colon + blanks..colon + blanks + 1);
    } else if was != Empty::Null {
        splices.push(Splice::insert(colon, format!(" {text}")));
    }
}

/// What we had put between two brackets.
fn inside(layout: &Layout<'_, '_>, collection: NodeId) -> Range<usize> {
    let node = layout.tree.node(collection);
    let (start, end) = (node.start as usize + 1, node.end as usize - 1);
    let places = starts(layout, collection);
    let last = places.last().map_or(end, |place| place.end);
    let opening = &layout.text[start..places.first().map_or(end, |place| place.start)];
    if !opening.contains('\n') {
        return start..last;
    }
    let line = &layout.text[layout.line_start(node.start as usize)..];
    let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
    let closing = format!("{}{indent}", layout.block(start).line_end());
    let ours = layout.text[last..end].starts_with(&closing);
    start..if ours { last + closing.len() } else { last }
}

/// Takes out the entry that we had put in and uncovers the one that was set aside.
fn reinstate(
    layout: &Layout<'_, '_>,
    mapping: NodeId,
    index: usize,
    entry: &(String, Value),
    ranges: &mut Vec<Range<usize>>,
    splices: &mut Vec<Splice>,
) {
    let Some(place) = starts(layout, mapping).get(index).cloned() else {
        return;
    };
    if layout.tree.node(mapping).style == Style::Flow {
        let mut text = String::new();
        render::json(&mut text, &flow::object(std::slice::from_ref(entry)), true);
        splices.push(replacement(layout, &place, &text[1..text.len() - 1]));
        return;
    }
    let column = layout.column(place.start);
    let mut line = line_behind(layout, place.end);
    let mut uncovered = false;
    while line < layout.text.len() {
        let next = layout.line_end(line);
        let content = &layout.text[line..next];
        match content.get(column..) {
            Some(rest) if rest.starts_with(ASIDE) && content[..column].trim().is_empty() => {
                ranges.push(line + column..line + column + ASIDE.len());
                uncovered = true;
            }
            _ if uncovered && content.trim().is_empty() => {}
            _ => break,
        }
        line = next;
    }
    if uncovered && layout.leads_its_line(place.start) {
        ranges.push(layout.line_start(place.start)..line_behind(layout, place.end));
        return;
    }
    let mut text = String::new();
    render::entries(
        &mut text,
        std::slice::from_ref(entry),
        column,
        layout.block(place.start),
    );
    let text = text.trim_start_matches(' ').trim_end_matches(['\r', '\n']);
    splices.push(replacement(layout, &place, text));
}

/// Other text in a place; a line break at its end stays.
fn replacement(layout: &Layout<'_, '_>, place: &Range<usize>, text: &str) -> Splice {
    let old = layout.text[place.clone()].trim_end_matches(['\r', '\n']);
    Splice {
        at: place.start,
        remove: old.len(),
        insert: text.into(),
    }
}
