//! The edits of one document, first as changes to its value, then as changes to its bytes.

use std::cmp::Reverse;
use std::rc::Rc;

use serde_json::Value;

use crate::manifest::tree::{NodeId, Tree};

mod apply;
mod block;
mod flow;
mod insert;
mod layout;
mod remove;
mod rendered;

pub use apply::{Splice, WayBack, apply};
pub use rendered::Rendered;

/// A change to a document's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// New entries in a mapping.
    AddEntries {
        /// The mapping; a null or an empty collection is filled.
        mapping: NodeId,
        /// Stand before this entry (its index) where the layout lets them; `None`: first.
        before: Option<usize>,
        /// Keys and values.
        entries: Rc<[(String, Value)]>,
    },
    /// New items in a sequence.
    AddItems {
        /// The sequence; a null or an empty collection is filled.
        sequence: NodeId,
        /// Their place among the old items.
        index: usize,
        /// The items.
        items: Rc<[Value]>,
    },
    /// An entry taken out of a mapping.
    RemoveEntry {
        /// The mapping.
        mapping: NodeId,
        /// The entry's index.
        index: usize,
    },
    /// An item taken out of a sequence.
    RemoveItem {
        /// The sequence.
        sequence: NodeId,
        /// The item's index.
        index: usize,
    },
    /// A collection that we had put in the place of a null or of an empty collection, taken out
    /// again.
    Restore {
        /// The collection.
        collection: NodeId,
        /// What stood there.
        was: Empty,
    },
    /// An entry set aside as a comment, another in its place; block style only.
    Replace {
        /// The mapping.
        mapping: NodeId,
        /// The index of the old entry.
        index: usize,
        /// The new key and value.
        entry: (String, Value),
    },
    /// The inverse of [`Edit::Replace`].
    Reinstate {
        /// The mapping.
        mapping: NodeId,
        /// The index of the entry that we had put in.
        index: usize,
        /// The old key and value.
        entry: (String, Value),
    },
}

/// What may stand in the place of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// No value behind the key.
    Nothing,
    /// `null` or `~`.
    Null,
    /// `[]`
    List,
    /// `{}`
    Map,
}

impl Edit {
    /// The node whose children change.
    pub fn target(&self) -> NodeId {
        match self {
            Self::AddEntries { mapping, .. }
            | Self::RemoveEntry { mapping, .. }
            | Self::Replace { mapping, .. }
            | Self::Reinstate { mapping, .. } => *mapping,
            Self::AddItems { sequence, .. } | Self::RemoveItem { sequence, .. } => *sequence,
            Self::Restore { collection, .. } => *collection,
        }
    }
}

/// Which of the insertions at one place comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    /// Goes on with a collection that ends here, the innermost first.
    Closes(Reverse<NodeId>),
    /// Begins something here.
    Opens,
}

fn order(tree: &Tree<'_>, target: NodeId, splice: &Splice) -> Order {
    if splice.at >= tree.node(target).end as usize {
        Order::Closes(Reverse(target))
    } else {
        Order::Opens
    }
}

/// Why an edit cannot be made in this layout, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Obstacle {
    /// A stable name, as in `Problem::code`.
    pub code: &'static str,
    /// What is in the way; one line.
    pub message: String,
    /// The byte of the document.
    pub offset: usize,
    /// The way out; one line.
    pub hint: &'static str,
}

/// The byte changes that make `edits`, in order of place. Where the layout moves new entries to
/// another place in their mapping, the edit is changed to say so.
///
/// # Errors
/// An [`Obstacle`] where the document's layout leaves no room for an edit, or where two edits are
/// about the same bytes.
pub fn splices(
    tree: &Tree<'_>,
    edits: &mut [Edit],
    rendered: &Rendered,
) -> Result<Vec<Splice>, Obstacle> {
    let layout = layout::Layout::new(tree, rendered);
    let mut splices = Vec::with_capacity(edits.len());
    let mut orders = Vec::with_capacity(edits.len());
    for edit in edits.iter_mut() {
        let target = edit.target();
        match edit {
            Edit::AddEntries {
                mapping,
                before,
                entries,
            } => {
                *before = Some(insert::entries(
                    &layout,
                    *mapping,
                    before.unwrap_or(0),
                    entries,
                    &mut splices,
                )?);
            }
            Edit::AddItems {
                sequence,
                index,
                items,
            } => {
                insert::items(&layout, *sequence, *index, items, &mut splices)?;
            }
            Edit::Replace {
                mapping,
                index,
                entry,
            } => {
                block::set_aside(&layout, *mapping, *index, entry, &mut splices)?;
            }
            _ => {}
        }
        let new = splices.iter().skip(orders.len());
        let order = new.map(|splice| order(tree, target, splice));
        orders.extend(order.collect::<Vec<_>>());
    }
    remove::removals(&layout, edits, &mut splices)?;
    orders.resize(splices.len(), Order::Opens);
    let mut ordered: Vec<_> = orders.into_iter().zip(splices).collect();
    // Stable: insertions alike keep the order in which they were asked for.
    ordered.sort_by_key(|(order, splice)| (splice.at, *order));
    let splices: Vec<Splice> = ordered.into_iter().map(|(_, splice)| splice).collect();
    let overlap = splices
        .windows(2)
        .find(|pair| pair[1].at < pair[0].at + pair[0].remove);
    match overlap {
        None => Ok(splices),
        Some(pair) => Err(Obstacle {
            code: "layout",
            message: "what is to change here is also to be taken out".into(),
            offset: pair[1].at,
            hint: "remove the sidecar by hand: its record does not fit what stands here",
        }),
    }
}
