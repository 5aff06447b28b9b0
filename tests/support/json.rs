//! Writes a model as JSON, compact or indented.

use super::model::Node;

/// Writes `node` as JSON; `indent` is what one level adds, or nothing for the compact form.
pub fn write(node: &Node, indent: Option<&str>) -> String {
    let mut out = String::new();
    value(&mut out, node, indent, 0);
    out
}

fn value(out: &mut String, node: &Node, indent: Option<&str>, depth: usize) {
    match node {
        Node::Plain(raw) => out.push_str(&plain(raw)),
        Node::Text(text) => out.push_str(&quoted(text)),
        Node::Wrapped(lines) => out.push_str(&quoted(&lines.join(" "))),
        Node::Block(_, lines) => out.push_str(&quoted(&lines.join("\n"))),
        Node::Null => out.push_str("null"),
        Node::Flow(inner) => value(out, inner, indent, depth),
        Node::Map(entries) => collection(
            out,
            ['{', '}'],
            entries,
            indent,
            depth,
            |out, (key, item)| {
                out.push_str(&quoted(key));
                out.push_str(if indent.is_some() { ": " } else { ":" });
                value(out, item, indent, depth + 1);
            },
        ),
        Node::List(items) => collection(out, ['[', ']'], items, indent, depth, |out, item| {
            value(out, item, indent, depth + 1);
        }),
    }
}

fn collection<T>(
    out: &mut String,
    brackets: [char; 2],
    items: &[T],
    indent: Option<&str>,
    depth: usize,
    mut write: impl FnMut(&mut String, &T),
) {
    out.push(brackets[0]);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        new_line(out, indent, depth + 1);
        write(out, item);
    }
    if !items.is_empty() {
        new_line(out, indent, depth);
    }
    out.push(brackets[1]);
}

fn new_line(out: &mut String, indent: Option<&str>, depth: usize) {
    if let Some(indent) = indent {
        out.push('\n');
        out.push_str(&indent.repeat(depth));
    }
}

/// A plain scalar without its anchor, as a number or boolean where JSON has one, else as a string.
pub fn plain(raw: &str) -> String {
    let bare = raw
        .split_once(' ')
        .filter(|_| raw.starts_with(['&', '!']))
        .map_or(raw, |(_, rest)| rest);
    match serde_json::from_str::<serde_json::Value>(bare) {
        Ok(value) => value.to_string(),
        Err(_) => quoted(bare.trim_matches(['\'', '"'])),
    }
}

/// A string in JSON's quotes, which are YAML's too.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
