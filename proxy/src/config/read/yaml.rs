//! Reads YAML through granit-parser, its scalars as yaml-cpp takes them.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use super::{DEEPEST, scalar};
use crate::config::place::Place;
use crate::config::problem::Problem;
use crate::config::tree::{Data, Entry, Node};

/// Reads the one document of a text.
pub(super) fn read(text: &str, source: u16) -> Result<Node, Problem> {
    let mut builder = Builder {
        source,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
    };
    let mut options = granit_parser::options! {
        block_scalar_eof_without_line_feed: true,
    };
    options.set_emit_comments(false);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(0);
            Problem::of_text(
                format!("not YAML: {}", error.info()),
                Place::new(source, at),
                "",
            )
        })?;
        builder.event(event, &span)?;
    }
    let empty = || Problem::of_text("this text is empty", Place::new(source, 0), "");
    builder.root.ok_or_else(empty)
}

/// How many values aliases may unfold to.
const MOST: usize = 200_000;

/// A collection whose end has not been seen.
struct Open {
    place: Place,
    anchor: usize,
    kind: Collection,
}

enum Collection {
    List(Vec<Node>),
    Map(Vec<Entry>, Option<Key>),
}

/// A key that waits for its value.
struct Key {
    text: String,
    place: Place,
    /// Tagged `!ignore`: Envoy leaves such entries out, so that they can hold anchors.
    ignored: bool,
}

struct Builder {
    source: u16,
    open: Vec<Open>,
    /// By number: the value, and how many values it is.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Problem> {
        let place = Place::new(
            self.source,
            span.byte_range().map_or(0, |range| range.start),
        );
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                let hint = "Envoy reads the first document and drops the others: remove them";
                Err(Problem::of_text("a second document", place, hint))
            }
            Event::Scalar(value, style, anchor, tag) => {
                let tag = tag.map(|tag| tag.to_string()).unwrap_or_default();
                let quoted = style != ScalarStyle::Plain || tag == "!";
                self.scalar(&value, quoted, anchor, tag == "!ignore", place)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.start(Collection::List(Vec::new()), anchor, place)
            }
            Event::MappingStart(_, anchor, _) => {
                self.start(Collection::Map(Vec::new(), None), anchor, place)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, place),
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        value: &str,
        quoted: bool,
        anchor: usize,
        ignored: bool,
        place: Place,
    ) -> Result<(), Problem> {
        if let Some(Open {
            kind: Collection::Map(_, key @ None),
            ..
        }) = self.open.last_mut()
        {
            *key = Some(Key {
                text: value.to_owned(),
                place,
                ignored,
            });
            return Ok(());
        }
        let data = if quoted {
            Data::Text(value.to_owned())
        } else {
            scalar::plain(value)
        };
        self.add(Node { place, data }, anchor, 1)
    }

    fn start(&mut self, kind: Collection, anchor: usize, place: Place) -> Result<(), Problem> {
        self.value_comes(place)?;
        if self.open.len() > DEEPEST {
            let message = format!("nested more than {DEEPEST} deep");
            return Err(Problem::of_text(message, place, ""));
        }
        self.open.push(Open {
            place,
            anchor,
            kind,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let data = match open.kind {
            Collection::List(items) => Data::List(items),
            Collection::Map(entries, _) => Data::Map(entries),
        };
        let node = Node {
            place: open.place,
            data,
        };
        let size = if open.anchor == 0 { 1 } else { size(&node) };
        self.add(node, open.anchor, size)
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Problem> {
        self.value_comes(place)?;
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            return Err(Problem::of_text("an alias for what holds it", place, ""));
        };
        self.nodes += size;
        if self.nodes > MOST {
            let message = format!("aliases unfold to more than {MOST} values");
            return Err(Problem::of_text(message, place, ""));
        }
        self.add(node, 0, size)
    }

    /// Refuses what is no scalar where a key is expected.
    fn value_comes(&self, place: Place) -> Result<(), Problem> {
        match self.open.last() {
            Some(Open {
                kind: Collection::Map(_, None),
                ..
            }) => Err(Problem::of_text("a key that is not text", place, "")),
            _ => Ok(()),
        }
    }

    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Problem> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open {
                kind: Collection::List(items),
                ..
            }) => items.push(node),
            Some(Open {
                kind: Collection::Map(entries, key),
                ..
            }) => {
                let Some(key) = key.take() else {
                    return Err(Problem::of_text("a key that is not text", node.place, ""));
                };
                if !key.ignored {
                    entries.push(Entry {
                        key: key.text,
                        place: key.place,
                        value: node,
                    });
                }
            }
        }
        Ok(())
    }
}

fn size(node: &Node) -> usize {
    match &node.data {
        Data::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Data::Map(entries) => {
            1 + entries
                .iter()
                .map(|entry| size(&entry.value))
                .sum::<usize>()
        }
        _ => 1,
    }
}
