//! Compresses and expands the fields of HTTP/2, as RFC 7541 has it.

use huffman::Huffman;
use table::{Dynamic, STATIC};

pub(crate) use encode::Encoder;

mod encode;
mod huffman;
mod table;

/// The table that we let the other side fill.
const TABLE: usize = 4096;
/// The most bytes of fields that a message may have.
const MOST: usize = 64 * 1024;

/// Fields in their order, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    bytes: Vec<u8>,
    ends: Vec<(usize, usize)>,
}

impl Fields {
    /// Forgets them.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds one.
    pub(crate) fn push(&mut self, name: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(name);
        let name = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((name, self.bytes.len()));
    }

    /// Each with its name and value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(name, end)| {
            let field = (&self.bytes[start..name], &self.bytes[name..end]);
            start = end;
            field
        })
    }
}

/// A block that breaks the rules.
#[derive(Debug)]
pub(crate) struct BadBlock;

/// Expands the blocks of one direction of a connection.
#[derive(Debug)]
pub(crate) struct Decoder {
    table: Dynamic,
}

/// What the connections of a worker share to expand blocks.
#[derive(Debug)]
pub(crate) struct Shared {
    huffman: Huffman,
    text: Vec<u8>,
}

impl Shared {
    /// Builds it.
    pub(crate) fn new() -> Self {
        Self {
            huffman: Huffman::new(),
            text: Vec::new(),
        }
    }
}

impl Decoder {
    /// A decoder with an empty table.
    pub(crate) fn new() -> Self {
        Self {
            table: Dynamic::new(TABLE),
        }
    }

    /// Expands a whole block into `fields`.
    pub(crate) fn decode(
        &mut self,
        mut block: &[u8],
        fields: &mut Fields,
        shared: &mut Shared,
    ) -> Result<(), BadBlock> {
        fields.clear();
        while let Some(&first) = block.first() {
            match first {
                0x80.. => {
                    let index = integer(&mut block, 7)?;
                    let (name, value) = self.field(index)?;
                    fields.push(name, value);
                }
                0x40..0x80 => self.literal(&mut block, 6, true, fields, shared)?,
                0x20..0x40 => {
                    let size = integer(&mut block, 5)?;
                    if size > TABLE {
                        return Err(BadBlock);
                    }
                    self.table.resize(size);
                }
                _ => self.literal(&mut block, 4, false, fields, shared)?,
            }
            if fields.bytes.len() > MOST {
                return Err(BadBlock);
            }
        }
        Ok(())
    }

    fn literal(
        &mut self,
        block: &mut &[u8],
        prefix: u8,
        insert: bool,
        fields: &mut Fields,
        shared: &mut Shared,
    ) -> Result<(), BadBlock> {
        let index = integer(block, prefix)?;
        let start = fields.bytes.len();
        if index == 0 {
            string(block, &mut fields.bytes, shared)?;
        } else {
            fields.bytes.extend_from_slice(self.field(index)?.0);
        }
        let middle = fields.bytes.len();
        string(block, &mut fields.bytes, shared)?;
        let end = fields.bytes.len();
        fields.ends.push((middle, end));
        if insert {
            self.table
                .insert(&fields.bytes[start..middle], &fields.bytes[middle..end]);
        }
        Ok(())
    }

    fn field(&self, index: usize) -> Result<(&[u8], &[u8]), BadBlock> {
        let index = index.checked_sub(1).ok_or(BadBlock)?;
        match STATIC.get(index) {
            Some((name, value)) => Ok((name.as_bytes(), value.as_bytes())),
            None => self.table.get(index - STATIC.len()).ok_or(BadBlock),
        }
    }
}

/// Reads an integer with a prefix of some bits.
fn integer(block: &mut &[u8], prefix: u8) -> Result<usize, BadBlock> {
    let mask = (1usize << prefix) - 1;
    let (&first, mut rest) = block.split_first().ok_or(BadBlock)?;
    let mut value = usize::from(first) & mask;
    if value == mask {
        for shift in [0, 7, 14, 21] {
            let (&byte, behind) = rest.split_first().ok_or(BadBlock)?;
            rest = behind;
            value += usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                *block = rest;
                return Ok(value);
            }
        }
        return Err(BadBlock);
    }
    *block = rest;
    Ok(value)
}

fn string(block: &mut &[u8], out: &mut Vec<u8>, shared: &mut Shared) -> Result<(), BadBlock> {
    let coded = block.first().is_some_and(|&byte| byte >= 0x80);
    let length = integer(block, 7)?;
    let (text, rest) = block.split_at_checked(length).ok_or(BadBlock)?;
    *block = rest;
    if coded {
        shared.text.clear();
        shared
            .huffman
            .decode(text, &mut shared.text)
            .map_err(|_| BadBlock)?;
        out.extend_from_slice(&shared.text);
    } else {
        out.extend_from_slice(text);
    }
    Ok(())
}
