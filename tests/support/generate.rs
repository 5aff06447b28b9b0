//! Generates streams of manifests in every layout, each from its seed alone.

use super::model::{Node, list, map, plain, text};
use super::pod;
use super::random::Random;
use super::yaml::{Layout, Writer};
use super::{json, others};

/// A generated stream.
#[derive(Debug)]
pub struct Case {
    /// Says which seed gives it again.
    pub name: String,
    /// The stream.
    pub text: String,
    /// How many workloads it holds that can be injected.
    pub workloads: usize,
    /// Whether it holds what only a refusal can answer: a null in flow style, a directive (`kubectl`
    /// cannot read one), or a character that ends a line for a YAML 1.1 reader alone.
    pub refusable: bool,
}

/// A workload kind: `apiVersion`, `kind` and where its pod template stands.
type Kind = (&'static str, &'static str, &'static [&'static str]);

const TEMPLATE: &[&str] = &["spec", "template"];
const KINDS: &[Kind] = &[
    ("v1", "Pod", &[]),
    ("apps/v1", "Deployment", TEMPLATE),
    ("apps/v1", "StatefulSet", TEMPLATE),
    ("apps/v1", "DaemonSet", TEMPLATE),
    ("apps/v1", "ReplicaSet", TEMPLATE),
    ("v1", "ReplicationController", TEMPLATE),
    ("batch/v1", "Job", TEMPLATE),
    (
        "batch/v1",
        "CronJob",
        &["spec", "jobTemplate", "spec", "template"],
    ),
    ("argoproj.io/v1alpha1", "Rollout", TEMPLATE),
    ("serving.knative.dev/v1", "Service", TEMPLATE),
    ("apps.openshift.io/v1", "DeploymentConfig", TEMPLATE),
];

/// How a whole stream is written.
#[derive(Clone, Copy)]
enum Notation {
    Block,
    Flow,
    Json(Option<&'static str>),
}

/// The case of this seed.
pub fn case(seed: u64) -> Case {
    let mut random = Random::new(seed);
    let random = &mut random;
    let layout = layout(random);
    let notation = match random.below(100) {
        0..80 => Notation::Block,
        80..86 => Notation::Flow,
        _ => Notation::Json(random.pick(&[None, Some("  "), Some("    "), Some("\t")])),
    };
    let mut case = Case {
        name: format!("seed {seed}"),
        text: String::new(),
        workloads: 0,
        refusable: false,
    };
    let count = if random.chance(60) {
        1
    } else {
        1 + random.below(4)
    };
    for index in 0..count {
        if index > 0 || random.chance(25) {
            case.text.push_str(separator(random, index == 0));
        }
        let resource = resource(random, &format!("r{seed}-{index}"), &mut case.workloads);
        let (text, null_in_flow) = write(random, &resource, layout, notation);
        case.refusable |= null_in_flow;
        case.text.push_str(&text);
    }
    finish(random, &mut case);
    case
}

fn layout(random: &mut Random) -> Layout {
    Layout {
        indent: random.pick(&[2, 2, 4]),
        indentless: random.chance(50),
        comments: random.pick(&[0, 0, 5, 20]),
        flow: random.pick(&[0, 0, 0, 3, 15]),
        quoted_keys: random.pick(&[0, 0, 0, 10]),
    }
}

fn separator(random: &mut Random, first: bool) -> &'static str {
    let usual = [
        "---\n",
        "---\n",
        "--- # next\n",
        "---\n# about the next one\n",
        "---   \n",
        "---\n\n",
    ];
    let odd = [
        "...\n---\n",
        "---\n---\n",
        "---\n# only a comment\n---\n",
        "# before\n---\n",
        "... # end\n---\n",
    ];
    if first {
        random.pick(&[
            "---\n",
            "# a head\n---\n",
            "\n---\n",
            "# a head\n",
            "%YAML 1.1\n---\n",
            "\n\n",
        ])
    } else if random.chance(70) {
        random.pick(&usual)
    } else {
        random.pick(&odd)
    }
}

fn write(random: &mut Random, root: &Node, layout: Layout, notation: Notation) -> (String, bool) {
    match notation {
        Notation::Json(indent) => {
            let mut text = json::write(root, indent);
            text.push('\n');
            let null = ["initContainers", "volumes", "annotations", "metadata"]
                .iter()
                .any(|key| {
                    text.contains(&format!("\"{key}\": null"))
                        || text.contains(&format!("\"{key}\":null"))
                });
            (text, null)
        }
        Notation::Block => {
            let mut writer = Writer::new(random, layout);
            let text = writer.document(root);
            (text, writer.null_in_flow)
        }
        Notation::Flow => {
            let mut writer = Writer::new(random, layout);
            let text = writer.document(&Node::Flow(Box::new(root.clone())));
            (text, writer.null_in_flow)
        }
    }
}

/// Line endings, byte order mark, and what stands at the very end.
fn finish(random: &mut Random, case: &mut Case) {
    match random.below(12) {
        0..3 => case.text.truncate(case.text.trim_end_matches('\n').len()),
        3 => case.text.push_str("---\n"),
        4 => case.text.push_str("...\n"),
        5 => case.text.push_str("# the end"),
        6 => case.text.push_str("\n\n"),
        _ => {}
    }
    case.refusable |= case.text.contains('\u{85}') || case.text.contains("%YAML");
    if random.chance(15) {
        case.text = case.text.replace('\n', "\r\n");
    }
    if random.chance(5) {
        case.text.insert(0, '\u{feff}');
    }
}

fn resource(random: &mut Random, name: &str, workloads: &mut usize) -> Node {
    match random.below(100) {
        0..12 => others::resource(random, name),
        12..22 => {
            let items = (0..=random.below(3)).map(|index| {
                let name = format!("{name}-{index}");
                if random.chance(20) {
                    others::resource(random, &name)
                } else {
                    workload(random, &name, workloads)
                }
            });
            let items = Node::List(items.collect());
            map([
                ("apiVersion", text("v1")),
                ("kind", text("List")),
                ("metadata", map([("resourceVersion", text(""))])),
                ("items", items),
            ])
        }
        _ => workload(random, name, workloads),
    }
}

fn workload(random: &mut Random, name: &str, workloads: &mut usize) -> Node {
    *workloads += 1;
    let (version, kind, path) = random.pick(KINDS);
    let mut labels = others::labels(random);
    labels.push("app", text(name));
    let mut metadata = map([("name", text(name)), ("labels", labels)]);
    if random.chance(30) {
        metadata.push("annotations", others::annotations(random));
    }
    let mut root = map([("apiVersion", text(version)), ("kind", text(kind))]);
    if path.is_empty() {
        let pod = pod::template(random, Some(metadata));
        if let Node::Map(entries) = pod {
            for (key, value) in entries {
                root.push(&key, value);
            }
        }
        return root;
    }
    root.push("metadata", metadata);
    let template = pod::template(random, None);
    let spec = nest(random, kind, &path[1..], template);
    root.push("spec", spec);
    if random.chance(10) {
        root.push("status", Node::Map(Vec::new()));
    }
    root
}

/// The object that holds `template` at `path`, with the fields that its kind has beside it.
fn nest(random: &mut Random, kind: &str, path: &[&str], template: Node) -> Node {
    let Some((key, rest)) = path.split_first() else {
        return template;
    };
    let mut fields = beside(kind, key);
    let inner = nest(random, "", rest, template);
    fields.push(((*key).to_owned(), inner));
    if random.chance(40) {
        random.shuffle(&mut fields);
    }
    Node::Map(fields)
}

fn beside(kind: &str, key: &str) -> Vec<(String, Node)> {
    let selector = || map([("matchLabels", map([("app", text("web"))]))]);
    let fields = match kind {
        "Deployment" | "ReplicaSet" | "Rollout" => {
            map([("replicas", plain("3")), ("selector", selector())])
        }
        "DaemonSet" => map([("selector", selector())]),
        "StatefulSet" => map([
            ("serviceName", text("web")),
            ("selector", selector()),
            ("volumeClaimTemplates", list([claim()])),
        ]),
        "ReplicationController" | "DeploymentConfig" => {
            map([("selector", map([("app", text("web"))]))])
        }
        "Job" => map([("backoffLimit", plain("4"))]),
        "CronJob" => map([
            ("schedule", text("*/5 * * * *")),
            ("suspend", plain("false")),
        ]),
        "" if key == "template" => map([("backoffLimit", plain("0"))]),
        _ => map([]),
    };
    match fields {
        Node::Map(entries) => entries,
        _ => Vec::new(),
    }
}

fn claim() -> Node {
    let request = map([("requests", map([("storage", text("1Gi"))]))]);
    map([
        ("metadata", map([("name", text("data"))])),
        (
            "spec",
            map([
                ("accessModes", list([text("ReadWriteOnce")])),
                ("resources", request),
            ]),
        ),
    ])
}
