//! Scans flow collections, on one line or many, JSON among them.

use std::borrow::Cow;

use super::{DEEPEST, LONGEST_KEY, Scanner};
use crate::manifest::tree::{Shape, Style};

/// A flow collection whose bracket has not been closed.
struct Open {
    node: usize,
    is_map: bool,
}

/// What may come next in a flow collection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// An item or the closing bracket.
    First,
    /// An item.
    Item,
    /// A comma or the closing bracket.
    Next,
}

impl Scanner<'_> {
    /// The flow collection at `at`, inside a block collection at column `parent`.
    pub(super) fn flow(&mut self, parent: Option<usize>) -> Option<()> {
        let mut open = Vec::with_capacity(8);
        let mut expect = self.open_bracket(&mut open)?;
        while let Some(top) = open.last() {
            self.gap(parent)?;
            let closing = if top.is_map { b'}' } else { b']' };
            expect = match self.bytes.get(self.at)? {
                byte if *byte == closing && expect != Expect::Item => {
                    self.at += 1;
                    self.end = self.at;
                    self.close(top.node);
                    open.pop();
                    Expect::Next
                }
                b',' if expect == Expect::Next => {
                    self.at += 1;
                    Expect::Item
                }
                _ if expect == Expect::Next => return None,
                _ => self.flow_item(parent, &mut open)?,
            };
        }
        Some(())
    }

    /// An item of a sequence, or a key and its value.
    fn flow_item(&mut self, parent: Option<usize>, open: &mut Vec<Open>) -> Option<Expect> {
        if open.last()?.is_map {
            let key = self.flow_scalar()?;
            let adjacent = key.style != Style::Plain || self.breaks_or_space(self.at + 1);
            if self.bytes.get(self.at) != Some(&b':')
                || !adjacent
                || self.at - key.start > LONGEST_KEY
            {
                return None;
            }
            self.push_scalar(key);
            self.at += 1;
            self.gap(parent)?;
        }
        if matches!(self.bytes.get(self.at)?, b'[' | b'{') {
            return self.open_bracket(open);
        }
        let scalar = self.flow_scalar()?;
        self.push_scalar(scalar);
        Some(Expect::Next)
    }

    fn open_bracket(&mut self, open: &mut Vec<Open>) -> Option<Expect> {
        if self.open.len() + open.len() >= DEEPEST {
            return None;
        }
        let is_map = self.bytes[self.at] == b'{';
        let shape = if is_map {
            Shape::Mapping
        } else {
            Shape::Sequence
        };
        open.push(Open {
            node: self.nodes.len(),
            is_map,
        });
        self.push(shape, Style::Flow, self.at..self.at, Cow::Borrowed(""));
        self.at += 1;
        Some(Expect::First)
    }

    /// Passes blanks, line breaks and comments. Content on a further line must stand deeper than
    /// the block collection around it; where there is none (JSON), tabs may indent.
    fn gap(&mut self, parent: Option<usize>) -> Option<()> {
        let first_line = self.line;
        loop {
            self.skip_spaces();
            while parent.is_none() && self.bytes.get(self.at) == Some(&b'\t') {
                self.at += 1;
                self.skip_spaces();
            }
            if !self.at_line_end() {
                break;
            }
            self.end_line()?;
            self.line = self.at;
            self.bytes.get(self.at)?;
        }
        if self.line == first_line {
            return Some(());
        }
        let column = self.at - self.line;
        let marker = matches!(
            self.bytes[self.at..],
            [b'-', b'-', b'-', ..] | [b'.', b'.', b'.', ..]
        );
        let deep = parent.is_none_or(|parent| column > parent);
        (deep && !(column == 0 && marker)).then_some(())
    }
}
