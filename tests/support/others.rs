//! Draws what surrounds a workload: other resources, labels, annotations, and values full of traps.

use super::model::{Node, map, plain, text};
use super::random::Random;

/// What YAML 1.1 and 1.2 read differently, and what is easily broken.
const PLAIN: &[&str] = &[
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "True",
    "~",
    "0644",
    "0o17",
    "1e3",
    "1:30",
    ".5",
    "0x1F",
    "1_000",
    "2001-01-01",
    "12:30:45",
    "+1",
    "1.",
    "a#b",
    "http://example.test:80/x#y",
    "a:b",
    "-x",
    "--flag=value",
    "with spaces inside",
    "tab\tinside",
    "!!str 12",
    "!local thing",
    "日本語",
    "it's",
    "a, b",
    "x: [1]",
];
const TEXTS: &[&str] = &[
    "",
    "yes",
    "null",
    "<<",
    "# not a comment",
    "a: b",
    "- dash",
    "*star",
    "&amp",
    "{brace}",
    "[bracket",
    "tab\there",
    "line\nbreak",
    "it's",
    "say \"so\"",
    "C:\\path",
    "naïve café 🚀",
    "0644",
    "1e3",
    "%percent",
    "@at",
    "`tick`",
    "trailing ",
    " leading",
    "a,b",
    "---",
    "...",
    "|",
    ">",
    "?",
    "!bang",
    "\u{85}",
    "\u{feff}mark",
];
const HEADERS: &[&str] = &["|", "|-", "|+", ">", ">-", ">+"];
const INDICATED: &[&str] = &["|2", "|2-", ">2+", "|+2"];
const LINES: &[&[&str]] = &[
    &["one line"],
    &["first", "", "third", "  deeper", "", "back"],
    &[
        "# looks like a comment",
        "containers:",
        "- name: not-a-container",
    ],
    &["trailing blanks kept", "", ""],
    &["tab\there", "\tand in front"],
    &["server {", "    listen 80;", "}"],
    &["日本語", "naïve café 🚀"],
    &["ends in spaces  ", "x"],
];
const WRAPPED: &[&[&str]] = &[
    &["first words", "second words"],
    &["\"quoted first", "quoted second\""],
    &["'single", "", "quoted'"],
];

/// Any value for a field that takes a string.
pub fn value(random: &mut Random) -> Node {
    match random.below(10) {
        0..3 => trap(random),
        3..7 => text(random.pick(TEXTS)),
        7 => Node::Wrapped(random.pick(WRAPPED).to_vec()),
        _ => Node::Block(random.pick(HEADERS), random.pick(LINES).to_vec()),
    }
}

fn trap(random: &mut Random) -> Node {
    let raw = random.pick(PLAIN);
    if raw.contains(": ") {
        text(raw)
    } else {
        plain(raw)
    }
}

/// Labels of an object.
pub fn labels(random: &mut Random) -> Node {
    let mut labels = map([("tier", text("web"))]);
    if random.chance(20) {
        labels.push("flag", trap(random));
    }
    labels
}

/// Annotations of an object, some of them long.
pub fn annotations(random: &mut Random) -> Node {
    let mut annotations = map([("example.test/owner", text("team a"))]);
    for index in 0..random.below(3) {
        let value = if random.chance(20) {
            Node::Block(
                random.pick(INDICATED),
                vec!["  indented first line", "then not", ""],
            )
        } else {
            value(random)
        };
        annotations.push(&format!("example.test/{index}"), value);
    }
    annotations
}

/// A resource that carries no pod.
pub fn resource(random: &mut Random, name: &str) -> Node {
    match random.below(4) {
        0 => service(name),
        1 => anchored(name),
        2 => map([
            ("apiVersion", text("v1")),
            ("kind", text("Namespace")),
            (
                "metadata",
                map([("name", text(name)), ("labels", labels(random))]),
            ),
        ]),
        _ => config_map(random, name),
    }
}

fn service(name: &str) -> Node {
    let port = map([("port", plain("80")), ("targetPort", text("http"))]);
    map([
        ("apiVersion", text("v1")),
        ("kind", text("Service")),
        ("metadata", map([("name", text(name))])),
        (
            "spec",
            map([
                ("selector", map([("app", text(name))])),
                ("ports", Node::List(vec![port])),
            ]),
        ),
    ])
}

/// Anchors and aliases, which concern no pod.
fn anchored(name: &str) -> Node {
    let values = Node::List(vec![
        plain("&shared fast"),
        plain("*shared"),
        plain("*shared"),
    ]);
    map([
        ("apiVersion", text("example.test/v1")),
        ("kind", text("Widget")),
        ("metadata", map([("name", text(name))])),
        ("spec", map([("modes", values)])),
    ])
}

fn config_map(random: &mut Random, name: &str) -> Node {
    let mut data = map([]);
    for index in 0..=random.below(4) {
        let key = random.pick(&["file.conf", "a key", "on", "0644", "key", "*", "ünï"]);
        data.push(&format!("{key}{index}"), value(random));
    }
    map([
        ("apiVersion", text("v1")),
        ("kind", text("ConfigMap")),
        ("metadata", map([("name", text(name))])),
        ("data", data),
    ])
}
