//! Tests the splitting of streams and the quick look at kinds.

use proptest::prelude::*;

use super::*;

fn split(text: &str) -> Vec<&str> {
    documents(text)
        .into_iter()
        .map(|range| &text[range])
        .collect()
}

#[test]
fn documents_begin_at_their_dashes() {
    assert_eq!(split(""), [""; 0]);
    assert_eq!(split("a: 1\n"), ["a: 1\n"]);
    assert_eq!(split("---\na: 1\n"), ["---\na: 1\n"]);
    assert_eq!(split("a: 1\n---\nb: 2"), ["a: 1\n", "---\nb: 2"]);
    assert_eq!(
        split("a: 1\r\n--- # x\r\nb: 2\r\n---"),
        ["a: 1\r\n", "--- # x\r\nb: 2\r\n", "---"]
    );
    assert_eq!(
        split("\u{feff}---\na: 1\n---\tb"),
        ["\u{feff}---\na: 1\n", "---\tb"]
    );
    assert_eq!(split("---\n---\n"), ["---\n", "---\n"]);
}

#[test]
fn what_only_looks_like_a_marker_splits_nothing() {
    let text = "---a: 1\nb: |\n  ---\n  ...\nc: ---\n----\n...x\n";
    assert_eq!(split(text), [text]);
}

#[test]
fn comments_and_directives_belong_to_the_document_that_they_precede() {
    assert_eq!(
        split("# c\n\n%YAML 1.2\n---\na: 1\n"),
        ["# c\n\n%YAML 1.2\n---\na: 1\n"]
    );
    assert_eq!(
        split("a: 1\n...\n# c\n---\nb: 2\n"),
        ["a: 1\n...\n", "# c\n---\nb: 2\n"]
    );
    assert_eq!(split("a: 1\n...\nb: 2\n"), ["a: 1\n...\n", "b: 2\n"]);
    assert_eq!(split("a: 1\n...\n# end\n"), ["a: 1\n...\n# end\n"]);
    assert_eq!(
        split("a: 1\n# about b\n---\nb: 2\n"),
        ["a: 1\n# about b\n", "---\nb: 2\n"]
    );
}

#[test]
fn json_objects_in_a_row_are_documents() {
    assert_eq!(
        split("{\"a\": \"}{\\\"\"}\n{\"b\": [1, {}]}\n"),
        ["{\"a\": \"}{\\\"\"}\n", "{\"b\": [1, {}]}\n"]
    );
    assert_eq!(
        split("{}{}\n---\n {} \n{}"),
        ["{}", "{}\n", "---\n {} \n{}"]
    );
    assert_eq!(split("{a: 'x'}\n{b: 1}\n"), ["{a: 'x'}\n{b: 1}\n"]);
    assert_eq!(split("{\"a\": \"\\"), ["{\"a\": \"\\"]);
    assert_eq!(split("{]{"), ["{]", "{"]);
}

#[test]
fn the_kind_is_told_from_the_lines_at_the_margin() {
    assert_eq!(
        quick_kind("apiVersion: v1\nkind: Service\nspec:\n- a\n"),
        Some("Service")
    );
    assert_eq!(
        quick_kind("# c\n---\nkind: \"Pod\" # c\r\n\r\nx:\r\n  kind: No\r\n"),
        Some("Pod")
    );
    assert_eq!(quick_kind("\u{feff}kind: 'Pod'"), Some("Pod"));
    assert_eq!(
        quick_kind("kind: Pod\n  # deep comment\n\nb: |\n  é\n...\n"),
        Some("Pod")
    );
}

#[test]
fn an_unclear_kind_needs_the_whole_document() {
    for text in [
        "",
        "a: 1\n",
        "kind: Pod\nkind: Job\n",
        "kind: Pod\n  more\n",
        "kind: Pod\n\n# c\n  more\n",
        "kind:\n  Pod\n",
        "kind: |\n  Pod\n",
        "kind: !!str Pod\n",
        "kind: &a Pod\n",
        "kind: *a\n",
        "kind: \"Po\\x64\"\n",
        "kind: {}\n",
        "kind: Pod more\n",
        "kind: Pod#x\n",
        "kind: Pod\n\"kind\": Job\n",
        "kind: Pod\n? a\n",
        "kind: Pod\n{}\n",
        "{\"kind\": \"Pod\"}\n",
        "kind: Pod\nmore words\n",
        "kind: Pod\n\ta: b\n",
        "kind: Pod\n<<: *a\n",
        "a: b\rkind: Job\nkind: Pod\n",
        "a: b\u{2028}kind: Job\nkind: Pod\n",
        "--- !x\nkind: Pod\n",
        "%YAML 1.2\n---\nkind: Pod\n",
        "a: 'b\n'\nkind: Pod\n",
    ] {
        assert_eq!(quick_kind(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_byte_is_lost(pieces in proptest::collection::vec(
        proptest::sample::select(vec![
            "---", "...", "\n", "\r\n", "\r", " ", "a: b", "# c", "%YAML", "{", "}", "\"", "\\",
            "\u{feff}", "é", "- x", "kind: Pod", "{}",
        ]),
        0..40,
    )) {
        let text = pieces.concat();
        prop_assert_eq!(&split(&text).concat(), &text);
        prop_assert!(documents(&text).iter().all(|range| !range.is_empty()));
        quick_kind(&text);
    }

    #[test]
    fn a_quick_kind_is_the_kind_of_the_whole_document(pieces in proptest::collection::vec(
        proptest::sample::select(vec![
            "kind: Pod\n", "kind: \"Job\"\n", "a: b\n", "a:\n", "  kind: No\n", "- x\n", "  - y\n",
            "# c\n", "  # c\n", "---\n", "\n", "kind: Pod # c\r\n", "x: |\n", "  text\n", "...\n",
            "q: 'a\n", "b'\n", "f: {\n", "}\n", "é: 1\n", "\u{feff}", "\"kind\": X\n", "x: [a,\n", " b]\n",
        ]),
        0..12,
    )) {
        let text = pieces.concat();
        if let (Some(kind), Ok(tree)) = (quick_kind(&text), crate::manifest::read::read(&text)) {
            let root = tree.root().unwrap();
            if let Some(value) = tree.get(root, "kind") {
                prop_assert_eq!(tree.scalar(value), Some(kind), "{:?}", text);
            }
        }
    }
}
