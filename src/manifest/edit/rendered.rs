//! Remembers texts that were rendered: most workloads of a stream get the same one.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;

use crate::manifest::render::{self, Block};

/// The last texts, each with what it was rendered from.
#[derive(Debug, Default)]
pub struct Rendered {
    entries: RefCell<Vec<Known<(String, Value)>>>,
    items: RefCell<Vec<Known<Value>>>,
}

#[derive(Debug)]
struct Known<T> {
    /// Kept alive, so that no other value can come to lie at its address.
    of: Rc<[T]>,
    column: usize,
    block: Block,
    text: Rc<str>,
}

/// How many texts are kept. A stream has a few layouts and a few sidecars.
const KEPT: usize = 16;

impl Rendered {
    /// `entries` as block lines, the keys at `column`.
    pub(super) fn entries(
        &self,
        entries: &Rc<[(String, Value)]>,
        column: usize,
        block: Block,
    ) -> Rc<str> {
        find(&self.entries, entries, column, block, |out| {
            render::entries(out, entries, column, block);
        })
    }

    /// `items` as block lines, the dashes at `column`.
    pub(super) fn items(&self, items: &Rc<[Value]>, column: usize, block: Block) -> Rc<str> {
        find(&self.items, items, column, block, |out| {
            render::items(out, items.iter(), column, block);
        })
    }
}

fn find<T>(
    texts: &RefCell<Vec<Known<T>>>,
    of: &Rc<[T]>,
    column: usize,
    block: Block,
    write: impl FnOnce(&mut String),
) -> Rc<str> {
    let mut texts = texts.borrow_mut();
    let known = texts
        .iter()
        .find(|text| Rc::ptr_eq(&text.of, of) && text.column == column && text.block == block);
    if let Some(known) = known {
        return Rc::clone(&known.text);
    }
    let mut text = String::new();
    write(&mut text);
    let text: Rc<str> = text.into();
    if Rc::strong_count(of) == 1 {
        // Nobody else holds it, so nobody will ask for it again.
        return text;
    }
    if texts.len() == KEPT {
        texts.remove(0);
    }
    texts.push(Known {
        of: Rc::clone(of),
        column,
        block,
        text: Rc::clone(&text),
    });
    text
}
