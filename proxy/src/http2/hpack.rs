//! Compresses and expands lists of header fields (RFC 7541).

mod decoder;
mod encoder;
mod huffman;
mod integer;
mod static_table;
mod table;

pub(super) use decoder::Decoder;
pub(super) use encoder::Encoder;

/// The size of a dynamic table that nobody has spoken of (RFC 9113 §6.5.2).
pub(super) const DEFAULT_TABLE_SIZE: u32 = 4096;

#[cfg(test)]
mod tests;
