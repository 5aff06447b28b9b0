//! Reads the fields of header blocks (RFC 7541 §3.2), whole or in pieces.

use super::super::field::{Class, classify};
use super::table::Table;
use super::{DEFAULT_TABLE_SIZE, huffman, integer, static_table};

/// The longest name or value, as it stands in the block; Envoy takes no longer one either.
const LONGEST_STRING: usize = 64 * 1024;

/// A block that is no HPACK; the connection cannot go on (RFC 9113 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct DecodeError;

impl From<integer::TooLarge> for DecodeError {
    fn from(_: integer::TooLarge) -> Self {
        Self
    }
}

impl From<huffman::Invalid> for DecodeError {
    fn from(_: huffman::Invalid) -> Self {
        Self
    }
}

/// The reading half of a connection's HPACK state.
#[derive(Debug)]
pub(in super::super) struct Decoder {
    table: Table<Class>,
    /// The largest table that our settings allow.
    allowed: usize,
    /// Whether our settings have shrunk the table, so that the next block must begin by saying so.
    must_shrink: bool,
    /// Whether the present block has had a field.
    begun: bool,
    name: Vec<u8>,
    value: Vec<u8>,
}

/// A literal field that is whole, not yet decoded.
struct Literal<'i> {
    index: usize,
    name: &'i [u8],
    name_is_huffman: bool,
    value: &'i [u8],
    value_is_huffman: bool,
    end: usize,
}

impl Decoder {
    pub(in super::super) fn new() -> Self {
        Self {
            table: Table::new(DEFAULT_TABLE_SIZE as usize),
            allowed: DEFAULT_TABLE_SIZE as usize,
            must_shrink: false,
            begun: false,
            name: Vec::new(),
            value: Vec::new(),
        }
    }

    /// Sets the largest table that the peer may use, once it has acknowledged our settings.
    pub(in super::super) fn set_allowed(&mut self, allowed: u32) {
        self.allowed = allowed as usize;
        self.must_shrink = self.table.limit() > self.allowed;
    }

    /// Gives back the memory that is not in use.
    pub(in super::super) fn shrink(&mut self) {
        self.name = Vec::new();
        self.value = Vec::new();
    }

    /// Begins a block.
    pub(in super::super) fn begin(&mut self) {
        self.begun = false;
    }

    /// Hands every whole field of `block` to `sink` and says how many bytes they took. The rest, if there is any,
    /// is the beginning of a field.
    pub(in super::super) fn decode(
        &mut self,
        block: &[u8],
        mut sink: impl FnMut(Class, &[u8], &[u8]),
    ) -> Result<usize, DecodeError> {
        let mut at = 0;
        while let Some(&first) = block.get(at) {
            let rest = &block[at..];
            if first & 0xe0 == 0x20 {
                let Some((size, length)) = integer::read(rest, 5)? else {
                    break;
                };
                self.resize(size)?;
                at += length;
                continue;
            }
            if self.must_shrink {
                return Err(DecodeError);
            }
            if first & 0x80 != 0 {
                let Some((index, length)) = integer::read(rest, 7)? else {
                    break;
                };
                self.indexed(index, &mut sink)?;
                at += length;
            } else {
                let keep = first & 0x40 != 0;
                let Some(literal) = Literal::find(rest, if keep { 6 } else { 4 })? else {
                    break;
                };
                self.literal(&literal, keep, &mut sink)?;
                at += literal.end;
            }
            self.begun = true;
        }
        Ok(at)
    }

    /// A new size of the table, which may only stand at the beginning of a block (RFC 7541 §4.2).
    fn resize(&mut self, size: usize) -> Result<(), DecodeError> {
        if self.begun || size > self.allowed {
            return Err(DecodeError);
        }
        self.must_shrink = false;
        self.table.set_limit(size);
        Ok(())
    }

    fn indexed(
        &self,
        index: usize,
        sink: &mut impl FnMut(Class, &[u8], &[u8]),
    ) -> Result<(), DecodeError> {
        if index == 0 {
            return Err(DecodeError);
        }
        if index <= static_table::LENGTH {
            let (name, value) = static_table::entry(index);
            sink(static_class(index, name, value), name, value);
            return Ok(());
        }
        let place = index - static_table::LENGTH - 1;
        let (name, value, class) = self.table.get(place).ok_or(DecodeError)?;
        sink(class, name, value);
        Ok(())
    }

    fn literal(
        &mut self,
        literal: &Literal<'_>,
        keep: bool,
        sink: &mut impl FnMut(Class, &[u8], &[u8]),
    ) -> Result<(), DecodeError> {
        let name = if literal.index == 0 {
            string(literal.name, literal.name_is_huffman, &mut self.name)?
        } else if literal.index <= static_table::LENGTH {
            static_table::entry(literal.index).0
        } else {
            let place = literal.index - static_table::LENGTH - 1;
            let (name, _, _) = self.table.get(place).ok_or(DecodeError)?;
            // Adding the field may drop the entry that its name comes from.
            self.name.clear();
            self.name.extend_from_slice(name);
            &self.name
        };
        let value = string(literal.value, literal.value_is_huffman, &mut self.value)?;
        let class = classify(name, value);
        sink(class, name, value);
        if keep {
            self.table.insert(name, value, class);
        }
        Ok(())
    }
}

impl<'i> Literal<'i> {
    /// Finds the parts of the literal that `block` begins with; nothing if it is cut short.
    fn find(block: &'i [u8], prefix: u32) -> Result<Option<Self>, DecodeError> {
        let Some((index, mut at)) = integer::read(block, prefix)? else {
            return Ok(None);
        };
        let mut name = (&block[..0], false);
        if index == 0 {
            let Some(found) = text(block, &mut at)? else {
                return Ok(None);
            };
            name = found;
        }
        let value = text(block, &mut at)?;
        Ok(value.map(|value| Self {
            index,
            name: name.0,
            name_is_huffman: name.1,
            value: value.0,
            value_is_huffman: value.1,
            end: at,
        }))
    }
}

/// The string at `at`, and whether it is in Huffman code (RFC 7541 §5.2).
fn text<'i>(block: &'i [u8], at: &mut usize) -> Result<Option<(&'i [u8], bool)>, DecodeError> {
    let rest = &block[*at..];
    let Some((length, start)) = integer::read(rest, 7)? else {
        return Ok(None);
    };
    if length > LONGEST_STRING {
        return Err(DecodeError);
    }
    let text = rest.get(start..start + length);
    *at += start + length;
    Ok(text.map(|it| (it, rest[0] & 0x80 != 0)))
}

fn string<'a>(
    text: &'a [u8],
    is_huffman: bool,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], DecodeError> {
    if !is_huffman {
        return Ok(text);
    }
    buffer.clear();
    huffman::decode(text, buffer)?;
    Ok(buffer)
}

/// What the entries of the static table are, without looking at them again.
fn static_class(index: usize, name: &[u8], value: &[u8]) -> Class {
    match index {
        2 | 3 => Class::Method,
        4 | 5 => Class::Path,
        6 | 7 => Class::Scheme,
        8..=14 => Class::Status,
        _ => classify(name, value),
    }
}
