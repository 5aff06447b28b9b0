//! Reads all of YAML through granit-parser, and works out where each node stands.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StructureStyle};

use super::gap::{Gap, Properties};
use super::{SyntaxError, block, byte_order_mark};
use crate::manifest::tree::{Node, Shape, Style, Tree};

/// Reads one document (see [`Tree`]).
pub fn read(text: &str) -> Result<Tree<'_>, SyntaxError> {
    if u32::try_from(text.len()).is_err() {
        return Err(error("a document of 4 GiB or more cannot be read", 0));
    }
    refuse_foreign_breaks(text)?;
    let mut builder = Builder::new(text);
    let mut events = parser(text).peekable();
    while let Some(event) = events.next() {
        let (event, span) = event.map_err(|error| syntax_error(&error))?;
        let anchor = match events.peek() {
            Some(Ok((Event::Anchor(..), span))) => Some(range(span)?),
            _ => None,
        };
        builder.event(event, &span, anchor)?;
    }
    Ok(Tree::new(text, builder.nodes))
}

fn parser(text: &str) -> Parser<'_, granit_parser::StrInput<'_>> {
    let mut options = granit_parser::options! {
        emit_anchor_events: true,
        // As libyaml and its port to Go, by which Kubernetes reads.
        block_scalar_eof_without_line_feed: true,
    };
    options.set_emit_comments(false);
    Parser::new_from_str_with_options(text, options)
}

/// Refuses line breaks other than LF and CR LF: U+0085, U+2028 and U+2029 end a line in YAML 1.1
/// (libyaml, Kubernetes) but not in YAML 1.2, and a lone CR is none to most other tools.
fn refuse_foreign_breaks(text: &str) -> Result<(), SyntaxError> {
    let bytes = text.as_bytes();
    for offset in memchr::memchr3_iter(b'\r', 0xc2, 0xe2, bytes) {
        let name = match &bytes[offset..] {
            [b'\r', b'\n', ..] => continue,
            [b'\r', ..] => "a carriage return without a line feed",
            [0xc2, 0x85, ..] => "the character U+0085",
            [0xe2, 0x80, 0xa8, ..] => "the character U+2028",
            [0xe2, 0x80, 0xa9, ..] => "the character U+2029",
            _ => continue,
        };
        return Err(error(
            &format!("{name} ends a line for some YAML readers only"),
            offset,
        ));
    }
    Ok(())
}

fn error(message: &str, offset: usize) -> SyntaxError {
    SyntaxError {
        message: message.to_owned(),
        offset,
    }
}

fn syntax_error(scan: &ScanError) -> SyntaxError {
    SyntaxError {
        message: scan.info(),
        offset: scan.marker().byte_offset().unwrap_or(0),
    }
}

fn range(span: &Span) -> Result<Range<usize>, SyntaxError> {
    span.byte_range()
        .ok_or_else(|| error("a place in this document is unknown", 0))
}

/// The parser's positions of collections, missing values and block scalars differ from ours; this
/// is refused where even we are not sure.
pub(super) fn unsure(offset: usize) -> SyntaxError {
    error("it is not clear where this value begins or ends", offset)
}

/// A collection whose end has not been seen.
#[derive(Debug)]
struct Open {
    node: usize,
    shape: Shape,
    style: Style,
    /// How many direct children it has so far.
    children: usize,
}

/// What a node is to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Root,
    BlockItem,
    FlowItem,
    Key,
    Value,
}

struct Builder<'a> {
    text: &'a str,
    nodes: Vec<Node<'a>>,
    open: Vec<Open>,
    /// Everything before this byte belongs to what was seen.
    gap: Gap<'a>,
    documents: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        let gap = Gap::new(text, byte_order_mark(text));
        Self {
            text,
            nodes: Vec::new(),
            open: Vec::new(),
            gap,
            documents: 0,
        }
    }

    fn event(
        &mut self,
        event: Event<'a>,
        span: &Span,
        anchor: Option<Range<usize>>,
    ) -> Result<(), SyntaxError> {
        let place = range(span)?;
        if let Some(anchor) = &anchor {
            self.check_name(anchor)?;
        }
        let properties = Properties {
            anchor,
            tag: span.tag_span().map(|span| range(&span)).transpose()?,
        };
        match event {
            Event::DocumentStart(explicit, _) => self.document(explicit, &place),
            Event::Scalar(value, style, ..) => self.scalar(value, style, place, &properties),
            Event::SequenceStart(style, ..) => {
                self.start(Shape::Sequence, style, &place, &properties)
            }
            Event::MappingStart(style, ..) => {
                self.start(Shape::Mapping, style, &place, &properties)
            }
            Event::SequenceEnd | Event::MappingEnd => self.finish(&place),
            Event::Alias(_) => self.alias(place, &properties),
            _ => Ok(()),
        }
    }

    fn document(&mut self, explicit: bool, place: &Range<usize>) -> Result<(), SyntaxError> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(error(
                "more than one document where one was expected",
                place.start,
            ));
        }
        let before = self
            .text
            .get(self.gap.at()..place.start)
            .unwrap_or_default();
        if let Some(mark) = before.find('\u{feff}') {
            return Err(error(
                "a byte order mark inside the document",
                self.gap.at() + mark,
            ));
        }
        if explicit {
            self.gap.jump(place.end);
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        value: Cow<'a, str>,
        style: ScalarStyle,
        place: Range<usize>,
        properties: &Properties,
    ) -> Result<(), SyntaxError> {
        let (style, quote) = match style {
            ScalarStyle::Plain => (Style::Plain, None),
            ScalarStyle::SingleQuoted => (Style::SingleQuoted, Some('\'')),
            ScalarStyle::DoubleQuoted => (Style::DoubleQuoted, Some('"')),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                return self.block_scalar(&value, properties);
            }
        };
        if style == Style::Plain && place.is_empty() {
            return self.missing(properties);
        }
        self.lead(Some(properties.outer(place.start)))?;
        self.gap.content(properties, Some(place.start))?;
        let source = self
            .text
            .get(place.clone())
            .ok_or_else(|| unsure(place.start))?;
        if quote.is_none() && source.starts_with(['?', ':']) && self.in_flow() {
            return Err(error(
                "YAML readers disagree about a value in brackets that begins with `?` or `:`",
                place.start,
            ));
        }
        let whole = quote.is_none_or(|quote| source.len() > 1 && source.ends_with(quote));
        if !whole || source.ends_with([' ', '\t', '\r', '\n']) {
            return Err(unsure(place.start));
        }
        self.push(Shape::Scalar, style, place, properties, value);
        Ok(())
    }

    /// A block scalar, whose header the parser's span leaves out.
    fn block_scalar(&mut self, value: &str, properties: &Properties) -> Result<(), SyntaxError> {
        self.lead(None)?;
        let start = self.gap.content(properties, None)?;
        let block = block::read(self.text, start, self.column());
        let block = block
            .filter(|block| block.value == value)
            .ok_or_else(|| unsure(start))?;
        self.push(
            Shape::Scalar,
            block.style,
            start..block.end,
            properties,
            block.value,
        );
        Ok(())
    }

    /// A value that is not there, or only as an anchor or tag.
    fn missing(&mut self, properties: &Properties) -> Result<(), SyntaxError> {
        if properties.is_empty() && self.role() == Role::Root {
            return Ok(());
        }
        let mut at = self.lead(None)?;
        if !properties.is_empty() {
            self.gap.content(properties, None)?;
            at = self.gap.at();
        }
        self.push(
            Shape::Scalar,
            Style::Plain,
            at..at,
            properties,
            Cow::Borrowed(""),
        );
        Ok(())
    }

    fn alias(&mut self, place: Range<usize>, properties: &Properties) -> Result<(), SyntaxError> {
        self.lead(Some(place.start))?;
        self.gap.content(properties, Some(place.start))?;
        self.check_name(&place)?;
        let name = self
            .text
            .get(place.clone())
            .and_then(|source| source.strip_prefix('*'));
        let name = Cow::Borrowed(name.ok_or_else(|| unsure(place.start))?);
        self.push(Shape::Alias, Style::Plain, place, properties, name);
        Ok(())
    }

    /// Refuses names that libyaml ends earlier: `&a:b` is an anchor `a:b` in YAML 1.2 only.
    fn check_name(&self, place: &Range<usize>) -> Result<(), SyntaxError> {
        let name = self
            .text
            .get(place.start + 1..place.end)
            .unwrap_or_default();
        if name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            return Ok(());
        }
        Err(error(
            "YAML readers disagree about this anchor's name",
            place.start,
        ))
    }

    fn start(
        &mut self,
        shape: Shape,
        style: StructureStyle,
        place: &Range<usize>,
        properties: &Properties,
    ) -> Result<(), SyntaxError> {
        let (style, bracket) = match (style, shape) {
            (StructureStyle::Block, _) => (Style::Block, None),
            (StructureStyle::Flow, Shape::Mapping) => (Style::Flow, Some("{")),
            (StructureStyle::Flow, _) => (Style::Flow, Some("[")),
        };
        // A pair in a flow sequence (`[a: b]`) is a mapping without braces.
        let bracketed = bracket.is_some() && self.text.get(place.clone()) == bracket;
        self.lead(bracketed.then(|| properties.outer(place.start)))?;
        let start = self
            .gap
            .content(properties, bracketed.then_some(place.start))?;
        let resume = if bracketed { place.end } else { self.gap.at() };
        let node = self.nodes.len();
        self.push(shape, style, start..start, properties, Cow::Borrowed(""));
        self.gap.jump(resume);
        self.open.push(Open {
            node,
            shape,
            style,
            children: 0,
        });
        Ok(())
    }

    fn finish(&mut self, place: &Range<usize>) -> Result<(), SyntaxError> {
        let open = self.open.pop().ok_or_else(|| unsure(place.start))?;
        let bracket = match (open.style, open.shape) {
            (Style::Flow, Shape::Mapping) => Some("}"),
            (Style::Flow, _) => Some("]"),
            _ => None,
        };
        if bracket.is_some() && self.text.get(place.clone()) == bracket {
            self.gap.jump(place.end);
        }
        let next = offset(self.nodes.len());
        let node = &mut self.nodes[open.node];
        node.end = offset(self.gap.at());
        node.next = next;
        Ok(())
    }

    fn role(&self) -> Role {
        match self.open.last() {
            None => Role::Root,
            Some(Open {
                shape: Shape::Mapping,
                children,
                ..
            }) if children % 2 == 0 => Role::Key,
            Some(Open {
                shape: Shape::Mapping,
                ..
            }) => Role::Value,
            Some(Open {
                style: Style::Flow, ..
            }) => Role::FlowItem,
            Some(_) => Role::BlockItem,
        }
    }

    fn in_flow(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| open.style == Style::Flow)
    }

    /// Passes the `-`, `?`, `:` or `,` that calls for the next node, and says where that node
    /// stands if it is missing. `outer` is where the node begins, if the parser knows.
    fn lead(&mut self, outer: Option<usize>) -> Result<usize, SyntaxError> {
        let role = self.role();
        let flow = self
            .open
            .last()
            .is_some_and(|open| open.style == Style::Flow);
        let gap = &mut self.gap;
        match role {
            Role::Root => {}
            Role::BlockItem => {
                if !gap.pass(b'-', false) {
                    return Err(unsure(gap.next()));
                }
            }
            Role::FlowItem => {
                gap.pass(b',', true);
            }
            Role::Key => {
                gap.pass(b',', true);
                let ahead = outer.is_none_or(|outer| gap.next() < outer);
                if !(ahead && gap.pass(b'?', flow)) {
                    return Ok(gap.next());
                }
            }
            Role::Value => {
                if !gap.pass(b':', flow) && outer.is_some() {
                    return Err(unsure(gap.next()));
                }
            }
        }
        Ok(gap.at())
    }

    /// The column of the innermost block collection.
    fn column(&self) -> Option<usize> {
        let open = self.open.last()?;
        let start = self.nodes[open.node].start as usize;
        let before = &self.text[byte_order_mark(self.text)..start];
        let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        Some(before[line..].chars().count())
    }

    fn push(
        &mut self,
        shape: Shape,
        style: Style,
        place: Range<usize>,
        properties: &Properties,
        value: Cow<'a, str>,
    ) {
        let text = self.text;
        let slice = |range: &Option<Range<usize>>| text.get(range.clone()?);
        self.gap.jump(place.end);
        if let Some(parent) = self.open.last_mut() {
            parent.children += 1;
        }
        self.nodes.push(Node {
            shape,
            style,
            start: offset(place.start),
            end: offset(place.end),
            outer: offset(properties.outer(place.start)),
            next: offset(self.nodes.len() + 1),
            value,
            anchor: slice(&properties.anchor).and_then(|anchor| anchor.strip_prefix('&')),
            tag: slice(&properties.tag),
        });
    }
}

/// Texts of 4 GiB were refused at the start.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
