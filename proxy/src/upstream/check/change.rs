//! Adds to the headers of a check what the configuration says.

use crate::config::model::format::{Format, Piece};
use crate::config::model::header::{Append, HeaderChanges};
use crate::http::headers::Headers;

/// Removes and adds headers. Of values only what stands there as text counts: a check has no client,
/// no route and no request that operators could tell of.
pub(super) fn change(headers: &mut Headers, changes: &HeaderChanges) {
    for name in &changes.remove {
        headers.remove(name.as_bytes());
    }
    for one in &changes.add {
        let name = one.name.to_ascii_lowercase().into_bytes();
        let value = text(&one.value);
        let there = headers.contains(&name);
        if value.is_empty() && !one.keep_empty {
            continue;
        }
        match one.action {
            Append::AppendIfExistsOrAdd => headers.push(&name, value.as_bytes()),
            Append::AddIfAbsent if !there => headers.push(&name, value.as_bytes()),
            Append::OverwriteIfExistsOrAdd => headers.set(&name, value.as_bytes()),
            Append::OverwriteIfExists if there => headers.set(&name, value.as_bytes()),
            Append::AddIfAbsent | Append::OverwriteIfExists => {}
        }
    }
}

fn text(format: &Format) -> String {
    let texts = format.pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.as_str(),
        Piece::Operator { .. } => "",
    });
    texts.collect()
}
