//! Turns a document into the JSON that kubectl would send for it.

mod scalar;

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::manifest::tree::{NodeId, Shape, Style, Tree};
use scalar::Scalar;

/// Why a document has no JSON form, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ConvertError {
    /// What is wrong; one line, no full stop.
    pub(crate) message: String,
    /// The byte of the document it is about.
    pub(crate) offset: usize,
}

/// The document's value as `sigs.k8s.io/yaml` reads it; nothing if it holds none.
///
/// That reader follows YAML 1.1 in the dialect of `go.yaml.in/yaml/v2`: `yes` is a boolean, `0644`
/// is 420, and a merge key overwrites what stands above it.
pub(crate) fn json(tree: &Tree<'_>) -> Result<Option<Value>, ConvertError> {
    let Some(root) = tree.root() else {
        return Ok(None);
    };
    let mut reader = Reader {
        tree,
        anchors: anchors(tree),
        open: Vec::new(),
        nodes: 0,
        aliased: 0,
    };
    let value = reader.value(root)?;
    Ok((!value.is_null()).then_some(value))
}

fn anchors<'a>(tree: &Tree<'a>) -> HashMap<&'a str, Vec<NodeId>> {
    let mut anchors: HashMap<&str, Vec<NodeId>> = HashMap::new();
    for (id, node) in (0..).map(NodeId).zip(&tree.nodes) {
        if let Some(name) = node.anchor {
            anchors.entry(name).or_default().push(id);
        }
    }
    anchors
}

struct Reader<'t, 'a> {
    tree: &'t Tree<'a>,
    /// Where each name stands as an anchor, in order.
    anchors: HashMap<&'a str, Vec<NodeId>>,
    /// The aliases that are being followed.
    open: Vec<NodeId>,
    nodes: usize,
    aliased: usize,
}

impl Reader<'_, '_> {
    fn value(&mut self, id: NodeId) -> Result<Value, ConvertError> {
        self.count(id)?;
        match self.tree.node(id).shape {
            Shape::Scalar => self
                .scalar(id)?
                .into_json()
                .ok_or_else(|| self.failure(id, "JSON has no number for this value")),
            Shape::Alias => self.follow(id, Self::value),
            Shape::Sequence => {
                let items: Vec<NodeId> = self.tree.items(id).collect();
                items.into_iter().map(|item| self.value(item)).collect()
            }
            Shape::Mapping => {
                let mut entries = Map::new();
                self.merge_into(id, &mut entries)?;
                Ok(Value::Object(entries))
            }
        }
    }

    /// Adds the entries of a mapping, later ones in the place of earlier ones.
    fn merge_into(
        &mut self,
        id: NodeId,
        into: &mut Map<String, Value>,
    ) -> Result<(), ConvertError> {
        let entries: Vec<(NodeId, NodeId)> = self.tree.entries(id).collect();
        for (key, value) in entries {
            if self.is_merge_key(key) {
                self.merge(value, into)?;
            } else {
                let key = self.key(key)?;
                let value = self.value(value)?;
                into.insert(key, value);
            }
        }
        Ok(())
    }

    /// Adds what a merge key names: a mapping, or a list of them in which earlier ones win.
    fn merge(&mut self, id: NodeId, into: &mut Map<String, Value>) -> Result<(), ConvertError> {
        self.count(id)?;
        match self.tree.node(id).shape {
            Shape::Mapping => self.merge_into(id, into),
            Shape::Alias => self.merge_alias(id, into),
            Shape::Sequence => {
                let items: Vec<NodeId> = self.tree.items(id).collect();
                for item in items.into_iter().rev() {
                    match self.tree.node(item).shape {
                        Shape::Mapping => self.merge_into(item, into)?,
                        Shape::Alias => self.merge_alias(item, into)?,
                        _ => return Err(self.failure(item, MERGES_MAPPINGS)),
                    }
                }
                Ok(())
            }
            Shape::Scalar => Err(self.failure(id, MERGES_MAPPINGS)),
        }
    }

    fn merge_alias(
        &mut self,
        id: NodeId,
        into: &mut Map<String, Value>,
    ) -> Result<(), ConvertError> {
        self.follow(id, |reader, target| match reader.tree.node(target).shape {
            Shape::Mapping => reader.merge_into(target, into),
            _ => Err(reader.failure(id, MERGES_MAPPINGS)),
        })
    }

    /// Does `work` on what an alias stands for.
    fn follow<T>(
        &mut self,
        alias: NodeId,
        work: impl FnOnce(&mut Self, NodeId) -> Result<T, ConvertError>,
    ) -> Result<T, ConvertError> {
        let target = self.target(alias)?;
        if self.open.contains(&target) || (target < alias && self.tree.node(target).next > alias.0)
        {
            return Err(self.failure(alias, "this anchor contains itself"));
        }
        self.open.push(target);
        let result = work(self, target);
        self.open.pop();
        result
    }

    /// The last node before the alias that carries its name as an anchor.
    fn target(&self, alias: NodeId) -> Result<NodeId, ConvertError> {
        let name = &*self.tree.node(alias).value;
        let places = self.anchors.get(name).map_or(&[][..], Vec::as_slice);
        let before = places.partition_point(|place| *place < alias);
        places[..before]
            .last()
            .copied()
            .ok_or_else(|| self.failure(alias, &format!("no anchor is called {name}")))
    }

    fn key(&mut self, id: NodeId) -> Result<String, ConvertError> {
        self.count(id)?;
        match self.tree.node(id).shape {
            Shape::Alias => self.follow(id, Self::key),
            Shape::Scalar => self
                .scalar(id)?
                .into_key()
                .ok_or_else(|| self.failure(id, "JSON has no key for this value")),
            _ => Err(self.failure(id, "a key must be a single value")),
        }
    }

    fn scalar(&self, id: NodeId) -> Result<Scalar, ConvertError> {
        let node = self.tree.node(id);
        scalar::resolve(&node.value, node.style == Style::Plain, node.tag)
            .map_err(|message| self.failure(id, &message))
    }

    fn is_merge_key(&self, id: NodeId) -> bool {
        let node = self.tree.node(id);
        node.shape == Shape::Scalar
            && node.value == "<<"
            && match node.tag {
                None => node.style == Style::Plain,
                Some(tag) => scalar::short(tag) == "!!merge",
            }
    }

    /// Stops a document that grows out of proportion through its aliases, at Go's bounds.
    fn count(&mut self, id: NodeId) -> Result<(), ConvertError> {
        self.nodes += 1;
        self.aliased += usize::from(!self.open.is_empty());
        if self.aliased > 100 && self.nodes > 1_000 {
            let percent = match self.nodes {
                ..=400_000 => 99,
                4_000_000.. => 10,
                nodes => 99 - 89 * (nodes - 400_000) / 3_600_000,
            };
            if self.aliased * 100 > percent * self.nodes {
                return Err(self.failure(id, "aliases make this document grow out of proportion"));
            }
        }
        Ok(())
    }

    fn failure(&self, id: NodeId, message: &str) -> ConvertError {
        ConvertError {
            message: message.to_owned(),
            offset: self.tree.node(id).outer as usize,
        }
    }
}

const MERGES_MAPPINGS: &str = "a merge key takes a mapping or a list of mappings";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::json as convert;
    use crate::manifest::read::read;

    fn value(text: &str) -> Value {
        convert(&read(text).unwrap()).unwrap().unwrap()
    }

    fn failure(text: &str) -> (String, usize) {
        let error = convert(&read(text).unwrap()).unwrap_err();
        (error.message, error.offset)
    }

    #[test]
    fn reads_yaml_1_1() {
        let text = "a: yes\nb: 'yes'\nmode: 0644\n1: [1e3, ~, .5]\non: |\n  x\n";
        let expected =
            json!({"a": true, "b": "yes", "mode": 420, "1": [1000, null, 0.5], "true": "x\n"});
        assert_eq!(value(text), expected);
    }

    #[test]
    fn follows_aliases_and_merges() {
        let text = "a: &a {x: 1, z: 2}\nb: *a\nc: {<<: *a, z: 3}\nd: {z: 3, <<: *a}\n";
        let expected = json!({
            "a": {"x": 1, "z": 2},
            "b": {"x": 1, "z": 2},
            "c": {"x": 1, "z": 3},
            "d": {"z": 2, "x": 1},
        });
        assert_eq!(value(text), expected);
        let text = "a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}\n";
        assert_eq!(value(text)["c"], json!({"x": 1, "z": 3}));
        assert_eq!(value("a: &k x\n*k : 1\n"), json!({"a": "x", "x": 1}));
        assert_eq!(value("a: &x 1\nb: &x 2\nc: *x\n")["c"], json!(2));
        assert_eq!(value("'<<': 1\n"), json!({"<<": 1}));
    }

    /// Looking for the anchor at every alias anew would take minutes.
    #[test]
    fn follows_many_aliases() {
        let many = 100_000;
        let text = format!("a: &a 1\nb: [{}]\n", "x, *a, x, ".repeat(many));
        assert_eq!(value(&text)["b"].as_array().unwrap().len(), 3 * many);
    }

    #[test]
    fn refuses_what_json_cannot_hold() {
        assert_eq!(
            failure("a: .inf\n"),
            ("JSON has no number for this value".to_owned(), 3)
        );
        assert_eq!(
            failure("~: 1\n"),
            ("JSON has no key for this value".to_owned(), 0)
        );
        assert_eq!(
            failure("? [a]\n: 1\n"),
            ("a key must be a single value".to_owned(), 2)
        );
        assert_eq!(
            failure("a: {<<: 1}\n").0,
            "a merge key takes a mapping or a list of mappings"
        );
        assert_eq!(
            failure("a: !!int x\n"),
            ("cannot read x as !!int".to_owned(), 3)
        );
    }

    #[test]
    fn stops_documents_that_grow_out_of_proportion() {
        let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for pair in ["ba", "cb", "dc", "ed", "fe", "gf", "hg"] {
            let (new, old) = pair.split_at(1);
            let items = vec![format!("*{old}"); 9].join(", ");
            text = format!("{text}{new}: &{new} [{items}]\n");
        }
        assert_eq!(
            failure(&text).0,
            "aliases make this document grow out of proportion"
        );
    }
}
