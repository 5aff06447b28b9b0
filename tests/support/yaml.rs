//! Writes a model as YAML in a layout drawn by chance.

use super::json;
use super::model::Node;
use super::random::Random;

const COMMENTS: &[&str] = &[
    "# a note",
    "#without a space",
    "# containers:",
    "# - name: old",
    "# initContainers: []",
    "# é ü 日本",
    "# key: \"unbalanced",
    "#",
    "# --- not a separator",
    "# trailing blank   ",
];
const BLOCKS: &[&[&str]] = &[
    &["# - name: removed", "#   image: example/removed:1"],
    &["# volumes:", "# - name: scratch", "#   emptyDir: {}"],
    &["# end"],
];

/// How a document is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Spaces for one level.
    pub indent: usize,
    /// Whether the dashes of a list stand under its key's first letter.
    pub indentless: bool,
    /// In how many of 100 places a comment stands.
    pub comments: usize,
    /// How many of 100 collections are in flow style.
    pub flow: usize,
    /// How many of 100 keys are quoted.
    pub quoted_keys: usize,
}

/// Writes one document.
pub struct Writer<'r> {
    random: &'r mut Random,
    layout: Layout,
    lines: Vec<String>,
    /// Whether a null was written in flow style, where no bytes can be put that make it a list.
    pub null_in_flow: bool,
}

impl<'r> Writer<'r> {
    /// Starts an empty document.
    pub fn new(random: &'r mut Random, layout: Layout) -> Self {
        Self {
            random,
            layout,
            lines: Vec::new(),
            null_in_flow: false,
        }
    }

    /// Writes the root and gives the text, which ends with a line break.
    pub fn document(&mut self, root: &Node) -> String {
        match root {
            Node::Map(entries) => self.entries(entries, 0, None),
            other => {
                let flow = self.flow(other, 0);
                self.lines.push(flow);
            }
        }
        self.lines.push(String::new());
        self.lines.join("\n")
    }

    /// Writes a mapping at `column`; its first key goes behind `lead` if there is one.
    fn entries(&mut self, entries: &[(String, Node)], column: usize, lead: Option<String>) {
        let mut lead = lead;
        for (key, value) in entries {
            if lead.is_none() {
                self.comment_above(column);
            }
            let start = lead.take().unwrap_or_else(|| " ".repeat(column));
            let key = self.key(key);
            self.value(&format!("{start}{key}:"), value, column, false);
        }
        self.comments_at_end(column);
    }

    fn items(&mut self, items: &[Node], column: usize) {
        for item in items {
            self.comment_above(column);
            let dash = format!("{}-", " ".repeat(column));
            match item {
                Node::Map(entries)
                    if !entries.is_empty() && !self.random.chance(self.layout.flow) =>
                {
                    self.map_item(entries, &dash, column);
                }
                other => self.value(&dash, other, column, true),
            }
        }
        self.comments_at_end(column);
    }

    fn map_item(&mut self, entries: &[(String, Node)], dash: &str, column: usize) {
        let wide = self.layout.indent == 4 && self.random.chance(30);
        let inner = column + if wide { 4 } else { 2 };
        if self.random.chance(4) {
            let comment = self.behind(true);
            self.lines.push(format!("{dash}{comment}"));
            self.entries(entries, inner, None);
        } else {
            let gap = " ".repeat(inner - column - 1);
            self.entries(entries, inner, Some(format!("{dash}{gap}")));
        }
    }

    /// Writes `start`, which ends with a colon or dash, and a value behind or below it.
    fn value(&mut self, start: &str, node: &Node, column: usize, in_list: bool) {
        match node {
            Node::Map(entries) if !entries.is_empty() && !self.random.chance(self.layout.flow) => {
                let comment = self.behind(in_list);
                self.lines.push(format!("{start}{comment}"));
                self.entries(entries, column + self.layout.indent, None);
            }
            Node::List(items) if !items.is_empty() && !self.random.chance(self.layout.flow) => {
                let comment = self.behind(in_list);
                self.lines.push(format!("{start}{comment}"));
                let under = self.layout.indentless && !in_list;
                self.items(
                    items,
                    if under {
                        column
                    } else {
                        column + self.layout.indent
                    },
                );
            }
            Node::Block(header, lines) => self.block(start, header, lines, column),
            Node::Wrapped(lines) => {
                let inner = " ".repeat(column + self.layout.indent);
                self.lines
                    .push(format!("{start} {}", lines.join(&format!("\n{inner}"))));
            }
            Node::Null => {
                let spelling = self.random.pick(&["", " ~", " null", " Null"]);
                let comment = self.trailing();
                self.lines.push(format!("{start}{spelling}{comment}"));
            }
            other => {
                let flow = self.flow(other, column);
                let comment = self.trailing();
                self.lines.push(format!("{start} {flow}{comment}"));
            }
        }
    }

    fn block(&mut self, start: &str, header: &str, lines: &[&str], column: usize) {
        let digit = header
            .chars()
            .find_map(|mark| mark.to_digit(10))
            .map(|digit| digit as usize);
        let inner = " ".repeat(column + digit.unwrap_or(self.layout.indent));
        let comment = self.trailing();
        self.lines.push(format!("{start} {header}{comment}"));
        for line in lines {
            self.lines.push(if line.is_empty() {
                String::new()
            } else {
                format!("{inner}{line}")
            });
        }
    }

    fn key(&mut self, key: &str) -> String {
        let must = key.starts_with(['*', '&', '"', '<']) || key.contains(' ');
        if !must && !self.random.chance(self.layout.quoted_keys) {
            return key.to_owned();
        }
        if self.random.chance(50) {
            format!("'{key}'")
        } else {
            json::quoted(key)
        }
    }

    /// A value on one line, or in brackets over several lines that are indented deeper than `column`.
    fn flow(&mut self, node: &Node, column: usize) -> String {
        let long = self.random.chance(30);
        self.flow_value(node, long.then_some(column + self.layout.indent))
    }

    fn flow_value(&mut self, node: &Node, column: Option<usize>) -> String {
        match node {
            Node::Plain(raw) if raw.contains([',', '[', ']', '{', '}', ':', '#']) => {
                json::plain(raw)
            }
            Node::Plain(raw) if raw.starts_with('*') => format!("{raw} "),
            Node::Plain(raw) => raw.clone(),
            Node::Text(text) => self.string(text),
            Node::Wrapped(_) | Node::Block(..) => json::write(node, None),
            Node::Null => {
                self.null_in_flow = true;
                self.random.pick(&["~", "null"]).to_owned()
            }
            Node::Flow(inner) => self.flow_value(inner, column),
            Node::Map(entries) => {
                let parts = entries.iter().map(|(key, value)| {
                    let key = self.key(key);
                    format!("{key}: {}", self.flow_value(value, column.map(|it| it + 2)))
                });
                let parts = parts.collect::<Vec<_>>();
                self.bracketed(["{", "}"], &parts, column)
            }
            Node::List(items) => {
                let parts = items
                    .iter()
                    .map(|item| self.flow_value(item, column.map(|it| it + 2)));
                let parts = parts.collect::<Vec<_>>();
                self.bracketed(["[", "]"], &parts, column)
            }
        }
    }

    fn bracketed(
        &mut self,
        [open, close]: [&str; 2],
        parts: &[String],
        column: Option<usize>,
    ) -> String {
        let Some(column) = column.filter(|_| !parts.is_empty()) else {
            let gap = if !parts.is_empty() && self.random.chance(20) {
                " "
            } else {
                ""
            };
            return format!("{open}{gap}{}{gap}{close}", parts.join(", "));
        };
        let inner = " ".repeat(column);
        let mut out = open.to_owned();
        for (index, part) in parts.iter().enumerate() {
            let last = index + 1 == parts.len();
            let comma = if !last || self.random.chance(20) {
                ","
            } else {
                ""
            };
            let comment = self.trailing();
            out.extend(["\n", &inner, part, comma, &comment]);
        }
        out.extend([
            "
",
            &" ".repeat(column.saturating_sub(1)),
            close,
        ]);
        out
    }

    fn string(&mut self, text: &str) -> String {
        let simple = text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_'))
            && text.starts_with(|c: char| c.is_alphabetic())
            && !matches!(
                text,
                "yes" | "no" | "on" | "off" | "y" | "n" | "true" | "false" | "null"
            );
        match self.random.below(3) {
            0 | 1 if simple => text.to_owned(),
            2 if !text.contains(['\n', '\t', '\'']) => format!("'{text}'"),
            _ => json::quoted(text),
        }
    }

    /// A comment behind a key, or behind a dash, where a tab is an error to libyaml.
    fn behind(&mut self, dash: bool) -> String {
        let comment = self.trailing();
        if dash {
            comment.replace('\t', " ")
        } else {
            comment
        }
    }

    fn trailing(&mut self) -> String {
        if !self.random.chance(self.layout.comments) {
            return if self.random.chance(1) {
                "  ".to_owned()
            } else {
                String::new()
            };
        }
        let gap = self.random.pick(&[" ", "  ", "      ", "\t"]);
        format!("{gap}{}", self.random.pick(COMMENTS))
    }

    fn comment_above(&mut self, column: usize) {
        if self.random.chance(self.layout.comments / 6) {
            self.lines.push(String::new());
        }
        while self.random.chance(self.layout.comments) {
            let column = if self.random.chance(15) { 0 } else { column };
            let comment = self.random.pick(COMMENTS);
            self.lines.push(format!("{}{comment}", " ".repeat(column)));
        }
    }

    fn comments_at_end(&mut self, column: usize) {
        if self.random.chance(self.layout.comments / 2) {
            for line in self.random.pick(BLOCKS) {
                self.lines.push(format!("{}{line}", " ".repeat(column)));
            }
        }
    }
}
