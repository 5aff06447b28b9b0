//! Reads the common shapes of YAML and JSON quickly; gives up on everything else.

mod flow;
mod line;
mod scalar;

use std::borrow::Cow;

use super::{block, byte_order_mark};
use crate::manifest::tree::{Node, Shape, Style, Tree};

/// Deeper nesting is left to the full reader.
const DEEPEST: usize = 64;
/// YAML allows keys of up to 1,024 characters; longer ones are left to the full reader.
const LONGEST_KEY: usize = 1000;

/// Reads one document if every byte of it is understood; else nothing, which says neither that
/// the text is right nor that it is wrong.
pub fn read(text: &str) -> Option<Tree<'_>> {
    u32::try_from(text.len()).ok()?;
    let mut scanner = Scanner::new(text);
    scanner.document()?;
    Some(Tree::new(text, scanner.nodes))
}

/// A block collection whose end has not been seen.
#[derive(Debug, Clone, Copy)]
struct Open {
    node: usize,
    column: usize,
    is_map: bool,
    /// A sequence whose dashes stand in its parent mapping's column.
    indentless: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Content at this column.
    Content(usize),
    /// Nothing more.
    End,
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// The next byte to read.
    at: usize,
    /// Where the line of `at` begins.
    line: usize,
    nodes: Vec<Node<'a>>,
    open: Vec<Open>,
    /// Where the last node ended.
    end: usize,
    /// Where the value that the innermost collection waits for stands if it is missing.
    pending: Option<usize>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: byte_order_mark(text),
            line: byte_order_mark(text),
            nodes: Vec::with_capacity(text.len() / 16 + 4),
            open: Vec::with_capacity(16),
            end: 0,
            pending: None,
        }
    }

    fn document(&mut self) -> Option<()> {
        let mut line = self.next_line()?;
        if line == Line::Content(0) && self.at_marker(*b"---") {
            self.at += 3;
            self.end_line()?;
            line = self.next_line()?;
        }
        while let Line::Content(column) = line {
            if column == 0 && self.at_marker(*b"...") {
                self.at += 3;
                self.end_line()?;
                if self.next_line()? != Line::End {
                    return None;
                }
                break;
            }
            if column == 0 && matches!(self.bytes[self.at..], [b'-', b'-', b'-', ..] | [b'%', ..]) {
                return None;
            }
            self.content(column)?;
            line = self.next_line()?;
        }
        if let Some(missing) = self.pending.take() {
            self.push_missing(missing);
        }
        while let Some(open) = self.open.pop() {
            self.close(open.node);
        }
        Some(())
    }

    fn at_marker(&self, marker: [u8; 3]) -> bool {
        self.bytes[self.at..].starts_with(&marker) && self.breaks_or_space(self.at + 3)
    }

    /// Passes blank lines and comments.
    fn next_line(&mut self) -> Option<Line> {
        loop {
            self.line = self.at;
            self.skip_spaces();
            match self.bytes.get(self.at) {
                None => return Some(Line::End),
                Some(b'\n' | b'\r' | b'#') => self.end_line()?,
                Some(b'\t') => return None,
                Some(_) => return Some(Line::Content(self.at - self.line)),
            }
        }
    }

    /// The content at the start of a line, in its place among the open collections.
    fn content(&mut self, column: usize) -> Option<()> {
        let dash = self.at_dash();
        if let Some(missing) = self.pending {
            let top = *self.open.last()?;
            if column > top.column {
                self.pending = None;
                return self.node(column);
            }
            self.pending = None;
            if column == top.column && top.is_map && dash {
                self.start_sequence(column, true)?;
                return self.entry();
            }
            self.push_missing(missing);
        } else if self.open.is_empty() {
            return if self.nodes.is_empty() {
                self.node(column)
            } else {
                None
            };
        }
        while let Some(open) = self.open.last() {
            if open.column < column {
                return None;
            }
            if open.column == column && (dash || !open.indentless) {
                break;
            }
            self.close(open.node);
            self.open.pop();
        }
        match self.open.last()?.is_map {
            true if dash => None,
            true => self.key(),
            false if dash => self.entry(),
            false => None,
        }
    }

    /// A node where a block collection may begin: on a line of its own, or behind `- `.
    fn node(&mut self, column: usize) -> Option<()> {
        match *self.bytes.get(self.at)? {
            b'-' if self.at_dash() => {
                self.start_sequence(column, false)?;
                self.entry()
            }
            b'[' | b'{' | b'|' | b'>' => self.leaf(),
            _ => {
                let scalar = self.scalar()?;
                if !self.passes_colon(&scalar)? {
                    // A plain text as the whole document is rare, and full of traps.
                    self.open.last()?;
                    self.push_scalar(scalar);
                    return self.end_line();
                }
                self.start(Shape::Mapping, scalar.start, column, false)?;
                self.push_scalar(scalar);
                self.value()
            }
        }
    }

    /// `-` and what follows it.
    fn entry(&mut self) -> Option<()> {
        self.at += 1;
        let missing = self.at;
        self.skip_spaces();
        if self.at_line_end() {
            self.pending = Some(missing);
            return self.end_line();
        }
        self.node(self.at - self.line)
    }

    /// A further key of the innermost mapping, and its value.
    fn key(&mut self) -> Option<()> {
        let scalar = self.scalar()?;
        if !self.passes_colon(&scalar)? {
            return None;
        }
        self.push_scalar(scalar);
        self.value()
    }

    /// What follows a key and its colon.
    fn value(&mut self) -> Option<()> {
        let missing = self.at;
        self.skip_spaces();
        if self.at_line_end() {
            self.pending = Some(missing);
            return self.end_line();
        }
        match self.bytes[self.at] {
            b'[' | b'{' | b'|' | b'>' => self.leaf(),
            _ => {
                let scalar = self.scalar()?;
                if self.bytes.get(self.at) == Some(&b':') {
                    return None;
                }
                self.push_scalar(scalar);
                self.end_line()
            }
        }
    }

    /// A flow collection or a block scalar.
    fn leaf(&mut self) -> Option<()> {
        let parent = self.open.last().map(|open| open.column);
        if matches!(self.bytes[self.at], b'[' | b'{') {
            self.flow(parent)?;
            return self.end_line();
        }
        let block = block::read(self.text, self.at, Some(parent?))?;
        if !line::is_clean(&self.bytes[self.at..block.after]) {
            return None;
        }
        self.push(Shape::Scalar, block.style, self.at..block.end, block.value);
        self.at = block.after;
        Some(())
    }

    fn start_sequence(&mut self, column: usize, indentless: bool) -> Option<()> {
        self.start(Shape::Sequence, self.at, column, indentless)
    }

    fn start(&mut self, shape: Shape, at: usize, column: usize, indentless: bool) -> Option<()> {
        if self.open.len() >= DEEPEST {
            return None;
        }
        let node = self.nodes.len();
        self.push(shape, Style::Block, at..at, Cow::Borrowed(""));
        self.open.push(Open {
            node,
            column,
            is_map: shape == Shape::Mapping,
            indentless,
        });
        Some(())
    }

    /// Ends the collection `node` where its last child, or its bracket, ended.
    fn close(&mut self, node: usize) {
        let next = offset(self.nodes.len());
        let node = &mut self.nodes[node];
        node.end = offset(self.end);
        node.next = next;
    }

    fn push_missing(&mut self, at: usize) {
        self.push(Shape::Scalar, Style::Plain, at..at, Cow::Borrowed(""));
    }

    fn push(
        &mut self,
        shape: Shape,
        style: Style,
        place: std::ops::Range<usize>,
        value: Cow<'a, str>,
    ) {
        self.end = place.end;
        self.nodes.push(Node {
            shape,
            style,
            start: offset(place.start),
            end: offset(place.end),
            outer: offset(place.start),
            next: offset(self.nodes.len() + 1),
            value,
            anchor: None,
            tag: None,
        });
    }
}

/// Texts of 4 GiB were left to the full reader, which refuses them.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
