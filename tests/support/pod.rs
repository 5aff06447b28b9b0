//! Draws pod templates in which every field that an injector touches is absent, empty, null or there.

use super::model::{Node, list, map, plain, text};
use super::others;
use super::random::Random;

/// A pod template; with `metadata` given, a Pod's own.
pub fn template(random: &mut Random, metadata: Option<Node>) -> Node {
    let mut fields = Vec::new();
    if let Some(metadata) = metadata.or_else(|| template_metadata(random)) {
        fields.push(("metadata".to_owned(), metadata));
    }
    fields.push(("spec".to_owned(), spec(random)));
    if random.chance(10) {
        fields.reverse();
    }
    Node::Map(fields)
}

fn template_metadata(random: &mut Random) -> Option<Node> {
    let empty = Node::Map(Vec::new());
    match random.below(20) {
        0 => None,
        1 => Some(Node::Null),
        2 => Some(empty),
        choice => {
            let mut fields = vec![("labels".to_owned(), others::labels(random))];
            match choice {
                3..9 => fields.push(("annotations".to_owned(), others::annotations(random))),
                9 => fields.push(("annotations".to_owned(), empty)),
                10 => fields.push(("annotations".to_owned(), Node::Null)),
                11 => fields.push((
                    "annotations".to_owned(),
                    Node::Flow(Box::new(others::annotations(random))),
                )),
                12 => fields[0] = ("annotations".to_owned(), others::annotations(random)),
                _ => {}
            }
            random.shuffle(&mut fields);
            Some(Node::Map(fields))
        }
    }
}

fn spec(random: &mut Random) -> Node {
    let mut fields = vec![("containers".to_owned(), containers(random))];
    if let Some(init) = optional(random, |random| list([container(random, "prepare")])) {
        fields.push(("initContainers".to_owned(), init));
    }
    if let Some(volumes) = optional(random, volumes) {
        fields.push(("volumes".to_owned(), volumes));
    }
    let mut extra = vec![
        ("serviceAccountName", text("web")),
        ("terminationGracePeriodSeconds", plain("30")),
        ("nodeSelector", map([("kubernetes.io/os", text("linux"))])),
        (
            "securityContext",
            map([("runAsNonRoot", plain("true")), ("fsGroup", plain("2000"))]),
        ),
        ("enableServiceLinks", plain("false")),
    ];
    random.shuffle(&mut extra);
    for (key, value) in extra.into_iter().take(random.below(4)) {
        fields.push((key.to_owned(), value));
    }
    random.shuffle(&mut fields);
    Node::Map(fields)
}

/// A list that is absent, empty, null, or there in block or flow style.
fn optional(random: &mut Random, full: impl FnOnce(&mut Random) -> Node) -> Option<Node> {
    match random.below(20) {
        0..11 => None,
        11 => Some(Node::List(Vec::new())),
        12 => Some(Node::Null),
        13 => Some(Node::Flow(Box::new(full(random)))),
        _ => Some(full(random)),
    }
}

fn containers(random: &mut Random) -> Node {
    let mut items = vec![container(random, "app")];
    if random.chance(30) {
        items.push(container(random, "helper"));
    }
    Node::List(items)
}

fn container(random: &mut Random, name: &str) -> Node {
    let mut fields = vec![
        ("name".to_owned(), text(name)),
        ("image".to_owned(), text("example/app:1.2.3")),
    ];
    let mut extra = vec![
        (
            "args",
            Node::List(
                (0..=random.below(3))
                    .map(|_| others::value(random))
                    .collect(),
            ),
        ),
        (
            "ports",
            list([map([
                ("name", text("http")),
                ("containerPort", plain("8080")),
            ])]),
        ),
        ("env", environment(random)),
        (
            "resources",
            map([(
                "requests",
                map([("cpu", text("100m")), ("memory", text("64Mi"))]),
            )]),
        ),
        (
            "readinessProbe",
            map([(
                "httpGet",
                map([("path", text("/ready")), ("port", plain("8080"))]),
            )]),
        ),
        ("imagePullPolicy", text("IfNotPresent")),
        ("workingDir", text("/srv/naïve café")),
    ];
    random.shuffle(&mut extra);
    for (key, value) in extra.into_iter().take(random.below(5)) {
        fields.push((key.to_owned(), value));
    }
    if random.chance(30) {
        random.shuffle(&mut fields);
    }
    Node::Map(fields)
}

fn environment(random: &mut Random) -> Node {
    let entries = (0..=random.below(3)).map(|index| {
        map([
            ("name", text(&format!("SETTING_{index}"))),
            ("value", others::value(random)),
        ])
    });
    Node::List(entries.collect())
}

fn volumes(random: &mut Random) -> Node {
    let mut secret = map([("name", text("certificates"))]);
    let mode = random.pick(&["0644", "420", "0400"]);
    secret.push(
        "secret",
        map([("secretName", text("web")), ("defaultMode", plain(mode))]),
    );
    let mut items = vec![
        map([
            ("name", text("scratch")),
            ("emptyDir", Node::Map(Vec::new())),
        ]),
        secret,
    ];
    items.truncate(1 + random.below(2));
    Node::List(items)
}
