//! Reads changes of headers.

use super::format;
use crate::config::cursor::{Cursor, Text};
use crate::config::model::format::{Format, Piece};
use crate::config::model::header::{Append, HeaderAddition, HeaderChanges, MessageChanges};

/// `request_headers_to_add` and its three neighbours.
pub(super) fn both(cursor: &Cursor<'_>) -> MessageChanges {
    MessageChanges {
        request: changes(
            cursor,
            "request_headers_to_add",
            "request_headers_to_remove",
        ),
        response: changes(
            cursor,
            "response_headers_to_add",
            "response_headers_to_remove",
        ),
    }
}

/// Changes from two lists.
pub(super) fn changes(cursor: &Cursor<'_>, add: &str, remove: &str) -> HeaderChanges {
    HeaderChanges {
        remove: cursor.texts(remove).iter().filter_map(removal).collect(),
        add: additions(cursor, add),
    }
}

/// Headers to add.
pub(super) fn additions(cursor: &Cursor<'_>, field: &str) -> Vec<HeaderAddition> {
    cursor.messages(field).iter().filter_map(addition).collect()
}

fn removal(text: &Text<'_>) -> Option<String> {
    let name = text.value.to_lowercase();
    if is_fixed(&name) {
        text.refuse(format!("`{name}` cannot be removed"), "");
        return None;
    }
    Some(name)
}

fn addition(cursor: &Cursor<'_>) -> Option<HeaderAddition> {
    let header = cursor.message("header")?;
    let name = header.text("key")?;
    if is_fixed(&name.to_lowercase()) {
        let message = format!("`{name}` cannot be changed");
        header.refuse(
            "key",
            message,
            "a rewrite of the route changes host and path",
        );
    }
    let both = header.has("value") && header.bytes("raw_value").is_some_and(|it| !it.is_empty());
    if both {
        header.refuse(
            "raw_value",
            "only one of `value` and `raw_value` can be given",
            "",
        );
    }
    Some(HeaderAddition {
        name: name.to_owned(),
        value: value(&header)?,
        action: action(cursor),
        keep_empty: cursor.flag("keep_empty_value"),
    })
}

fn value(header: &Cursor<'_>) -> Option<Format> {
    if let Some(text) = header.item("value") {
        return format::format(&text);
    }
    let raw = header.bytes("raw_value").unwrap_or_default();
    match std::str::from_utf8(raw) {
        Ok("") => Some(Format::default()),
        Ok(text) => Some(Format {
            pieces: vec![Piece::Text(text.to_owned())],
        }),
        Err(_) => {
            header.refuse("raw_value", "only UTF-8 is honoured here", "");
            None
        }
    }
}

fn action(cursor: &Cursor<'_>) -> Append {
    if cursor.has("append") {
        if cursor.has("append_action") {
            let message = "only one of `append` and `append_action` can be given";
            cursor.refuse("append", message, "remove `append`, which is the older one");
        }
        return if cursor.flag("append") {
            Append::AppendIfExistsOrAdd
        } else {
            Append::OverwriteIfExistsOrAdd
        };
    }
    match cursor.choice("append_action") {
        0 => Append::AppendIfExistsOrAdd,
        1 => Append::AddIfAbsent,
        2 => Append::OverwriteIfExistsOrAdd,
        _ => Append::OverwriteIfExists,
    }
}

/// Names that decide about the message itself.
fn is_fixed(name: &str) -> bool {
    name.starts_with(':') || name == "host"
}
