//! Finds a key that a mapping holds twice.

use std::collections::HashMap;

use super::{NodeId, Shape, Tree};

/// Up to this many keys, comparing each with each is faster than hashing.
const FEW: usize = 16;

impl Tree<'_> {
    /// The first scalar key that its mapping holds twice: (first, second). Keys are compared as
    /// JSON has them, by their text alone: `1` and `"1"` are the same.
    pub fn duplicate_key(&self) -> Option<(NodeId, NodeId)> {
        let mut few = Vec::with_capacity(FEW);
        let places = 0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let mut maps = places
            .map(NodeId)
            .filter(|id| self.node(*id).shape == Shape::Mapping);
        maps.find_map(|map| self.duplicate_in(map, &mut few))
    }

    fn duplicate_in(&self, map: NodeId, few: &mut Vec<NodeId>) -> Option<(NodeId, NodeId)> {
        few.clear();
        let mut keys = self
            .entries(map)
            .filter_map(|(key, _)| Some((key, self.scalar(key)?)));
        for (key, text) in keys.by_ref().take(FEW) {
            if let Some(first) = few.iter().find(|seen| self.node(**seen).value == text) {
                return Some((*first, key));
            }
            few.push(key);
        }
        if few.len() < FEW {
            return None;
        }
        let mut many: HashMap<&str, NodeId> = few
            .iter()
            .filter_map(|seen| Some((self.scalar(*seen)?, *seen)))
            .collect();
        keys.find_map(|(key, text)| Some((many.insert(text, key)?, key)))
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::read::read;

    /// The texts of the pair, and where the second one starts.
    fn duplicate(text: &str) -> Option<(String, String, u32)> {
        let tree = read(text).unwrap();
        let (first, second) = tree.duplicate_key()?;
        assert!(first < second);
        let source = |id| text[tree.span(id)].to_owned();
        Some((source(first), source(second), tree.node(second).start))
    }

    #[test]
    fn a_key_may_stand_once_in_each_mapping() {
        assert_eq!(duplicate("a: 1\nb: {a: 2}\nc:\n- a: 3\n- a: 4\n"), None);
        assert_eq!(duplicate(""), None);
        let many: Vec<String> = (0..100).map(|key| format!("k{key}: {key}\n")).collect();
        assert_eq!(duplicate(&many.concat()), None);
    }

    #[test]
    fn a_key_that_stands_twice_is_found_in_any_style() {
        let found = |first: &str, second: &str, at| Some((first.into(), second.into(), at));
        assert_eq!(duplicate("a: 1\nb: 2\na: 3\n"), found("a", "a", 10));
        assert_eq!(duplicate("x: {a: 1, \"a\": 2}\n"), found("a", "\"a\"", 10));
        assert_eq!(duplicate("- 1: x\n  '1': y\n"), found("1", "'1'", 9));
        let many = (0..40)
            .map(|key| format!("k{key}: v\n"))
            .collect::<Vec<_>>()
            .concat();
        let at = u32::try_from(many.len()).unwrap();
        assert_eq!(duplicate(&format!("{many}k7: v\n")), found("k7", "k7", at));
        assert_eq!(
            duplicate(&format!("{many}k39: v\n")),
            found("k39", "k39", at)
        );
    }
}
