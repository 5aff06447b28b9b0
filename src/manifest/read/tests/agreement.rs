//! Whatever the scanner reads, the full reader and libyaml read the same way.

use proptest::prelude::*;
use serde_yaml::Value;

use super::generate::{Choices, damage, document};
use crate::manifest::read::{full, scan};
use crate::manifest::tree::{NodeId, Shape, Style, Tree};

/// Asserts that the scanner gives up or finds what the full reader finds.
#[track_caller]
fn assert_agreement(text: &str) {
    let Some(quick) = scan::read(text) else {
        return;
    };
    match full::read(text) {
        Ok(complete) => assert_eq!(quick.nodes, complete.nodes, "of {text:?}"),
        Err(error) => panic!("{error} at {} of {text:?}", error.offset),
    }
}

/// The tree's value, with each plain scalar as libyaml's wrapper resolves it.
fn value(tree: &Tree<'_>, id: NodeId) -> Value {
    let node = tree.node(id);
    match node.shape {
        Shape::Mapping => {
            let entry = |(name, content)| (value(tree, name), value(tree, content));
            Value::Mapping(tree.entries(id).map(entry).collect())
        }
        Shape::Sequence => tree
            .items(id)
            .map(|item| value(tree, item))
            .collect::<Vec<_>>()
            .into(),
        _ if node.style == Style::Plain => resolve(&node.value),
        _ => Value::String(node.value.to_string()),
    }
}

/// A plain scalar's value. What cannot stand behind a key (such as `a:`) is a string.
fn resolve(plain: &str) -> Value {
    match serde_yaml::from_str::<Value>(&format!("key: {plain}")) {
        Ok(mut map) => std::mem::take(&mut map["key"]),
        Err(_) => Value::String(plain.to_owned()),
    }
}

/// Asserts that libyaml sees the same value (it refuses some documents without content).
#[track_caller]
fn assert_same_value(text: &str) {
    let Ok(tree) = full::read(text) else { return };
    let Some(root) = tree.root() else { return };
    match serde_yaml::from_str::<Value>(text.trim_start_matches('\u{feff}')) {
        Ok(other) => assert_eq!(value(&tree, root), other, "of {text:?}"),
        Err(error) => assert!(
            error.to_string().contains("duplicate entry"),
            "{error}: {text:?}"
        ),
    }
}

fn many() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: config.cases * 4,
        failure_persistence: None,
        ..config
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn every_layout(row in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = document(&mut Choices(&row));
        assert_agreement(&text);
        assert_same_value(&text);
    }

    #[test]
    fn damaged_documents(
        row in proptest::collection::vec(any::<u8>(), 0..200),
        blows in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let text = damage(&document(&mut Choices(&row)), &mut Choices(&blows));
        assert_agreement(&text);
        if scan::read(&text).is_some() {
            assert_same_value(&text);
        }
    }

    #[test]
    fn any_text(text in "[a:\\- \n#\"'|>+2\\[\\]{},é]{0,40}") {
        assert_agreement(&text);
    }
}
