//! Reads one document's text into a tree.

mod block;
#[doc(hidden)]
pub mod full;
mod gap;
#[doc(hidden)]
pub mod scan;

#[cfg(test)]
mod tests;

use crate::manifest::tree::Tree;

/// Why a text is no YAML document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong, in words that fit behind "error: ".
    pub message: String,
    /// The byte of the text at which it was seen.
    pub offset: usize,
}

/// Reads one document (see [`Tree`]).
///
/// The common shapes are read by [`scan`], which gives up on anything it does not wholly
/// understand; [`full`] then reads the text with a complete YAML parser. Where both can read a
/// text, both give the same tree.
pub fn read(text: &str) -> Result<Tree<'_>, SyntaxError> {
    match scan::read(text) {
        Some(tree) => Ok(tree),
        None => full::read(text),
    }
}

/// The length of the byte order mark that `text` begins with, if it does.
fn byte_order_mark(text: &str) -> usize {
    if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    }
}
