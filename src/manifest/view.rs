//! Reads facts from a tree as Kubernetes would see them: aliases followed, merge keys merged.

use crate::manifest::tree::{NodeId, Shape, Style, Tree};

/// A node as its reader sees it.
#[derive(Clone, Copy)]
pub struct View<'t, 'a> {
    /// The document.
    pub tree: &'t Tree<'a>,
    /// The node, never an alias that can be followed.
    pub id: NodeId,
}

impl<'t, 'a> View<'t, 'a> {
    /// The node at `id`, or what it is an alias of.
    pub fn new(tree: &'t Tree<'a>, id: NodeId) -> Self {
        let node = tree.node(id);
        if node.shape != Shape::Alias {
            return Self { tree, id };
        }
        let id = tree.anchors().before(&node.value, id).unwrap_or(id);
        Self { tree, id }
    }

    /// The value under `key`, also through `<<`. A null counts as absent.
    pub fn get(self, key: &str) -> Option<Self> {
        self.find(key, &mut 1_000)
            .filter(|view| !view.tree.is_null(view.id))
    }

    fn find(self, key: &str, mappings_left: &mut usize) -> Option<Self> {
        // Merges of merges of merges: no manifest that a person wrote has so many.
        *mappings_left = mappings_left.checked_sub(1)?;
        let mut merged = None;
        for (name, value) in self.tree.entries(self.id) {
            match self.tree.scalar(name) {
                Some(name) if name == key => return Some(Self::new(self.tree, value)),
                Some("<<") => merged = Some(value),
                _ => {}
            }
        }
        let merged = Self::new(self.tree, merged?);
        match self.tree.node(merged.id).shape {
            Shape::Mapping => merged.find(key, mappings_left),
            _ => merged.items().find_map(|one| one.find(key, mappings_left)),
        }
    }

    /// The value at a path of keys.
    pub fn at(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |view, key| view.get(key))
    }

    /// The items of a sequence; nothing otherwise.
    pub fn items(self) -> impl Iterator<Item = Self> {
        self.tree
            .items(self.id)
            .map(move |item| Self::new(self.tree, item))
    }

    /// The entries of a mapping (merged ones left out); nothing otherwise.
    pub fn entries(self) -> impl Iterator<Item = (&'t str, Self)> {
        self.tree.entries(self.id).filter_map(move |(key, value)| {
            Some((self.tree.scalar(key)?, Self::new(self.tree, value)))
        })
    }

    /// A scalar's text; nothing for collections.
    pub fn text(self) -> Option<&'t str> {
        self.tree.scalar(self.id)
    }

    /// The text under `key`.
    pub fn text_at(self, path: &[&str]) -> Option<&'t str> {
        self.at(path)?.text()
    }

    /// Whether it is a boolean that is true, as YAML 1.1 spells them.
    pub fn is_true(self) -> bool {
        let node = self.tree.node(self.id);
        node.style == Style::Plain
            && matches!(
                &*node.value,
                "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y"
            )
    }

    /// Whether it is a boolean that is false.
    pub fn is_false(self) -> bool {
        let node = self.tree.node(self.id);
        node.style == Style::Plain
            && matches!(
                &*node.value,
                "false"
                    | "False"
                    | "FALSE"
                    | "no"
                    | "No"
                    | "NO"
                    | "off"
                    | "Off"
                    | "OFF"
                    | "n"
                    | "N"
            )
    }

    /// A whole number that is not negative, as kubectl reads it: YAML 1.1 knows octal, hexadecimal
    /// and binary numbers and underscores (<https://yaml.org/type/int.html>).
    pub fn number(self) -> Option<u64> {
        let text = self.text()?.replace('_', "");
        let text = text.strip_prefix('+').unwrap_or(&text);
        let digits = |prefix: &str| text.strip_prefix(prefix);
        if let Some(digits) = digits("0x") {
            return u64::from_str_radix(digits, 16).ok();
        }
        if let Some(digits) = digits("0b") {
            return u64::from_str_radix(digits, 2).ok();
        }
        match digits("0o").or_else(|| digits("0")) {
            Some(octal) if !octal.is_empty() => u64::from_str_radix(octal, 8).ok(),
            _ => text.parse().ok(),
        }
    }

    /// Whether a plain scalar is a number, a boolean or null to kubectl, and so no text.
    pub fn is_no_text(self) -> bool {
        self.tree.node(self.id).style == Style::Plain
            && (self.number().is_some()
                || self.is_true()
                || self.is_false()
                || self.tree.is_null(self.id))
    }

    /// The first byte of the node in its document.
    pub fn offset(self) -> usize {
        self.tree.node(self.id).start as usize
    }
}
