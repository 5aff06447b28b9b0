//! Where each node begins and ends.

use crate::manifest::read::{full, read, scan};
use crate::manifest::tree::{NodeId, Tree};

/// Each node as its source text, `@` the place of a missing one, then its value if it differs.
fn sketch(tree: &Tree<'_>) -> Vec<String> {
    let places = 0..u32::try_from(tree.nodes.len()).unwrap();
    places.map(NodeId).map(|id| sketch_node(tree, id)).collect()
}

fn sketch_node(tree: &Tree<'_>, id: NodeId) -> String {
    let node = tree.node(id);
    let source = &tree.text[tree.span(id)];
    let outer = &tree.text[node.outer as usize..node.start as usize];
    let source = if source.is_empty() {
        format!("@{}", node.start)
    } else {
        source.to_owned()
    };
    let is_scalar = tree
        .scalar(id)
        .is_some_and(|value| value != source && !value.is_empty());
    let value = if is_scalar {
        format!(" = {:?}", node.value)
    } else {
        String::new()
    };
    format!("{outer}{source}{value}")
}

/// Asserts what the full reader finds, and that the scanner finds the same, or gives up if `quick`
/// is false.
#[track_caller]
fn assert_nodes(text: &str, quick: bool, expected: &[&str]) {
    let tree = full::read(text).unwrap();
    assert_eq!(sketch(&tree), expected, "{text:?}");
    let scanned = scan::read(text);
    assert_eq!(scanned.is_some(), quick, "{text:?}");
    if let Some(scanned) = scanned {
        assert_eq!(scanned.nodes, tree.nodes, "{text:?}");
    }
}

#[test]
fn nothing_is_read_from_a_document_without_content() {
    for text in [
        "",
        "\n",
        "# c\n",
        "---\n",
        "\u{feff}# c\r\n--- # c\r\n...\r\n",
    ] {
        assert_nodes(text, true, &[]);
        assert_eq!(read(text).unwrap().root(), None);
    }
    assert_nodes("%YAML 1.1\n---\n", false, &[]);
}

#[test]
fn block_collections_end_with_their_last_child() {
    assert_nodes("a: 1 # c\n\n# d\n", true, &["a: 1", "a", "1"]);
    assert_nodes("a:\n  b: 1\n", true, &["a:\n  b: 1", "a", "b: 1", "b", "1"]);
    assert_nodes(
        "a:\n- 1\n- 2 \n",
        true,
        &["a:\n- 1\n- 2", "a", "- 1\n- 2", "1", "2"],
    );
    assert_nodes(
        "- - x\n  - y: z\n",
        true,
        &["- - x\n  - y: z", "- x\n  - y: z", "x", "y: z", "y", "z"],
    );
    let mark = "\u{feff}---\r\n'a' : \"b\"\r\n";
    assert_nodes(mark, true, &["'a' : \"b\"", "'a' = \"a\"", "\"b\" = \"b\""]);
}

#[test]
fn missing_values_stand_behind_what_calls_for_them() {
    assert_nodes("a:\nb:   # c\n", true, &["a:\nb:", "a", "@2", "b", "@5"]);
    assert_nodes("-\n-  \n", true, &["-\n-", "@1", "@3"]);
    assert_nodes("a:\n  -\n", true, &["a:\n  -", "a", "-", "@6"]);
    assert_nodes(
        "{a: , b, c}",
        false,
        &["{a: , b, c}", "a", "@3", "b", "@7", "c", "@10"],
    );
    assert_nodes(
        "? a\n? b\n:\n",
        false,
        &["? a\n? b\n:", "a", "@3", "b", "@9"],
    );
    assert_nodes("?\n: b\n", false, &["?\n: b", "@1", "b"]);
    assert_nodes(": b\n", false, &[": b", "@0", "b"]);
    assert_nodes(
        "a: !t\nb: &x\n",
        false,
        &["a: !t\nb: &x", "a", "!t@5", "b", "&x@11"],
    );
    assert_nodes("--- !t\n", false, &["!t@6"]);
}

#[test]
fn block_scalars_end_where_the_next_line_begins() {
    assert_nodes(
        "a: |\n  x\n\n# c\nb: 1\n",
        true,
        &[
            "a: |\n  x\n\n# c\nb: 1",
            "a",
            "|\n  x\n = \"x\\n\"",
            "b",
            "1",
        ],
    );
    assert_nodes(
        "- >-2\n   x\n  y\n\n",
        true,
        &["- >-2\n   x\n  y\n", ">-2\n   x\n  y\n = \" x\\ny\""],
    );
    assert_nodes(
        "- >\n x\n y\n\n z\n",
        true,
        &["- >\n x\n y\n\n z\n", ">\n x\n y\n\n z\n = \"x y\\nz\\n\""],
    );
    assert_nodes(
        "a: |+ # c\r\n x\r\n\r\nb:\r\n",
        true,
        &[
            "a: |+ # c\r\n x\r\n\r\nb:",
            "a",
            "|+ # c\r\n x\r\n\r\n = \"x\\n\\n\"",
            "b",
            "@19",
        ],
    );
    assert_nodes("a: |", true, &["a: |", "a", "|"]);
    assert_nodes("a: |\n\n\n", true, &["a: |\n", "a", "|\n"]);
    assert_nodes("a: |\n x", true, &["a: |\n x", "a", "|\n x = \"x\""]);
    assert_nodes("--- |\n x\n", false, &["|\n x\n = \"x\\n\""]);
    assert_nodes(
        "? |\n x\n: 1\n",
        false,
        &["? |\n x\n: 1", "|\n x\n = \"x\\n\"", "1"],
    );
}

#[test]
fn flow_collections_end_with_their_bracket() {
    assert_nodes(
        "a: [b, {c: 'd'}, [] ] # e\n",
        true,
        &[
            "a: [b, {c: 'd'}, [] ]",
            "a",
            "[b, {c: 'd'}, [] ]",
            "b",
            "{c: 'd'}",
            "c",
            "'d' = \"d\"",
            "[]",
        ],
    );
    assert_nodes(
        "{\n\t\"a\":1,\n\t\"b\" : [\ntrue ]\n}\n",
        true,
        &[
            "{\n\t\"a\":1,\n\t\"b\" : [\ntrue ]\n}",
            "\"a\" = \"a\"",
            "1",
            "\"b\" = \"b\"",
            "[\ntrue ]",
            "true",
        ],
    );
    assert_nodes(
        "[a: b, {c: d}: e, ? f]",
        false,
        &[
            "[a: b, {c: d}: e, ? f]",
            "a: b",
            "a",
            "b",
            "{c: d}: e",
            "{c: d}",
            "c",
            "d",
            "e",
            "? f",
            "f",
            "@21",
        ],
    );
    assert_nodes("[a,]\n", false, &["[a,]", "a"]);
}

#[test]
fn scalars_over_many_lines_are_one_value() {
    let text = "a: b\n  c\n\n  d # e\nf: \"g\n  h\"\n";
    assert_nodes(
        text,
        false,
        &[
            "a: b\n  c\n\n  d # e\nf: \"g\n  h\"",
            "a",
            "b\n  c\n\n  d = \"b c\\nd\"",
            "f",
            "\"g\n  h\" = \"g h\"",
        ],
    );
}

#[test]
fn anchors_and_tags_stand_outside_their_node() {
    let text = "&m\na: &s !!str 1\nb: !t\n  c: *s\n*s : &l\n- 2\n&k d: !!map {}\n";
    let tree = full::read(text).unwrap();
    assert_eq!(scan::read(text).map(|tree| tree.nodes), None);
    assert_eq!(
        sketch(&tree),
        [
            "&m\na: &s !!str 1\nb: !t\n  c: *s\n*s : &l\n- 2\n&k d: !!map {}",
            "a",
            "&s !!str 1",
            "b",
            "!t\n  c: *s",
            "c",
            "*s",
            "*s",
            "&l\n- 2",
            "2",
            "&k d",
            "!!map {}",
        ]
    );
    let names: Vec<_> = tree
        .nodes
        .iter()
        .map(|node| (node.anchor, node.tag))
        .collect();
    assert_eq!(
        names[..5],
        [
            (Some("m"), None),
            (None, None),
            (Some("s"), Some("!!str")),
            (None, None),
            (None, Some("!t")),
        ]
    );
    assert_eq!(tree.nodes[6].value, "s");
}

#[test]
fn errors_say_what_and_where() {
    let error = |text: &str| {
        let error = read(text).unwrap_err();
        (error.offset, error.message)
    };
    assert_eq!(error("a: 1\n---\nb: 2\n").0, 5);
    assert_eq!(
        error("a: b: c\n"),
        (4, "mapping values are not allowed in this context".into())
    );
    assert_eq!(error("a: [1\n").0, 3);
    assert_eq!(error("a: \"b\n").0, 3);
    assert_eq!(error("a: *b\n").0, 3);
    assert_eq!(error("a: \u{2028}b\n").0, 3);
    assert_eq!(error("é: 1\rb: 2\n").0, 5);
    assert_eq!(error("a: [?b]\n").0, 4);
    assert_eq!(error("a: &b:c d\n").0, 3);
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    for piece in ["[", "{a: ", "- ", "? ", "[{"] {
        let text = piece.repeat(100_000);
        assert!(read(&text).is_err(), "{piece:?}");
    }
    let nested: String = (0..1000).map(|depth| " ".repeat(depth) + "a:\n").collect();
    assert!(read(&nested).is_err());
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(read(&nested).unwrap().nodes.len(), 200);
}
