//! What `mesh-proxy --mode validate` says.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/cases.rs"]
mod cases;
#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/everything.rs"]
mod everything;
#[path = "support/goldens.rs"]
mod goldens;
#[path = "support/walk.rs"]
mod walk;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use mesh_proxy::config::files;
use mesh_proxy::config::load::{Origin, bootstrap};
use mesh_proxy::config::place::Source;
use mesh_proxy::config::problem::{Problem, render};
use mesh_proxy::config::schema::bootstrap::BOOTSTRAP;
use mesh_proxy::config::schema::reachable;
use proptest::prelude::*;

/// Exit code, standard output, standard error.
fn run(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_mesh-proxy"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A transcript of a run.
fn transcript(directory: &Path, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run(directory, arguments);
    format!(
        "$ mesh-proxy {}\n{stdout}{stderr}[{code}]\n",
        arguments.join(" ")
    )
}

fn validate(directory: &Path, text: &str) -> String {
    fs::write(directory.join("a.yaml"), text).unwrap();
    transcript(directory, &["--mode", "validate", "-c", "a.yaml"])
}

fn load(text: &str) -> Result<(), Vec<Problem>> {
    let source = Source {
        name: "a.yaml".to_owned(),
        text: text.to_owned(),
    };
    bootstrap(&[(source, Origin::File)]).map(|_| ())
}

fn snapshot(name: &str, cases: Vec<cases::Bad>) {
    let directory = tempfile::tempdir().unwrap();
    let mut shown = String::new();
    for (title, text, _) in cases {
        let transcript = validate(directory.path(), &text);
        assert!(transcript.ends_with("[1]\n"), "{title}: {transcript}");
        let _ = writeln!(shown, "== {title}\n{transcript}");
    }
    insta::assert_snapshot!(name, shown);
}

#[test]
fn bad_texts() {
    snapshot("bad_texts", cases::bad_texts());
}

#[test]
fn bad_listeners() {
    snapshot("bad_listeners", cases::bad_listeners());
}

#[test]
fn bad_routes() {
    snapshot("bad_routes", cases::bad_routes());
}

#[test]
fn bad_clusters() {
    snapshot("bad_clusters", cases::bad_clusters());
}

#[test]
fn good() {
    for (title, text) in cases::good() {
        if let Err(problems) = load(&text) {
            panic!("{title}: {problems:#?}");
        }
    }
}

/// Every honoured field stands in a configuration that is taken, and that Envoy takes.
#[test]
fn every_honoured_field_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let mut used = BTreeSet::new();
    for (name, text) in everything::configurations(directory.path()) {
        let source = Source {
            name: format!("{name}.yaml"),
            text,
        };
        let built = bootstrap(&[(source.clone(), Origin::File)]);
        let built =
            built.unwrap_or_else(|it| panic!("{}", render(&it, std::slice::from_ref(&source))));
        let problems = files::check(&built, SystemTime::now());
        assert!(problems.is_empty(), "{}", render(&problems, &[source]));
        walk::used(&built.message, &mut used);
    }
    // These can be given in tests only by changing the environment, or stand in resources alone.
    used.insert(("envoy.config.core.v3.DataSource", "environment_variable"));
    let all = reachable(&BOOTSTRAP).into_iter().flat_map(|message| {
        message
            .fields
            .iter()
            .map(move |field| (message.name, field.name))
    });
    let missing: Vec<_> = all.filter(|field| !used.contains(field)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// No honoured field is read and then forgotten: the code that builds the model names each.
#[test]
fn every_honoured_field_is_built() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config");
    let build = fs::read_dir(sources.join("build")).unwrap();
    let files = build
        .map(|entry| entry.unwrap().path())
        .chain([sources.join("build.rs")]);
    let code: String = files
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut forgotten = Vec::new();
    for message in reachable(&BOOTSTRAP) {
        for field in message.fields {
            // The last member of a group is what the others are not.
            let known = field.one_of.is_some();
            let quoted = format!("\"{}\"", field.name);
            if !(known || field.help.starts_with("taken") || code.contains(&quoted)) {
                forgotten.push(format!("{}: {}", message.name, field.name));
            }
        }
    }
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}

#[test]
fn what_is_not_honoured_is_named_by_its_path() {
    for (title, text, path) in cases::unhonoured() {
        let problems = load(&text).unwrap_err();
        let paths: Vec<&str> = problems.iter().map(|problem| &*problem.path).collect();
        assert_eq!(paths, [path], "{title}: {problems:#?}");
        assert!(
            problems[0].message.contains("mesh-proxy does not honour"),
            "{title}: {problems:#?}"
        );
    }
}

#[test]
fn everything_is_told_at_once() {
    let text = "\
node: {id: n, clustre: x}
admin: {address: {socket_address: {address: localhost, port_value: 70000}}}
static_resources:
  listeners:
  - name: in
    drain_type: MODIFY_ONLY
    address: {socket_address: {address: 127.0.0.1, port_value: 8080}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          codec_type: HTTP3
          route_config:
            virtual_hosts:
            - name: all
              domains: [\"*\"]
              routes:
              - match: {safe_regex: {regex: \"a(\"}}
                route: {cluster: nope, timeout: 5}
  clusters:
  - name: web
    lb_policy: CLUSTER_PROVIDED
  - name: web
    connect_timeout: 0s
";
    let directory = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(validate(directory.path(), text));
}

#[test]
fn certificates_that_cannot_serve() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    certificates::write(path, "one", 2999);
    certificates::write(path, "two", 2999);
    certificates::write(path, "old", 2021);
    fs::write(path.join("text.pem"), "hello\n").unwrap();
    let mut shown = String::new();
    let pairs = [
        ("one.pem", "one.key"),
        ("one.pem", "two.key"),
        ("old.pem", "old.key"),
        ("nowhere.pem", "nowhere.key"),
        ("text.pem", "text.pem"),
        ("one.key", "one.pem"),
    ];
    for (chain, key) in pairs {
        let text = certificates::listener(Path::new(chain), Path::new(key));
        let _ = writeln!(shown, "== {chain} {key}\n{}", validate(path, &text));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("a.yaml"), "node: {id: a, cluster: b}\n").unwrap();
    fs::write(path.join("a.json"), "{\"node\": {\"id\": \"a\",},}").unwrap();
    fs::write(path.join("a.conf"), "node: {id: a}\n").unwrap();
    fs::write(path.join("latin.yaml"), b"node: {id: \xe9}\n").unwrap();
    let mut shown = String::new();
    let cases: &[&[&str]] = &[
        &["--help"],
        &["--version"],
        &[],
        &["-c", "a.yaml", "--mode", "sing"],
        &["-c", "a.yaml", "-c", "a.json", "--mode", "validate"],
        &["-c", "nowhere.yaml", "--mode", "validate"],
        &["-c", "latin.yaml", "--mode", "validate"],
        &["-c", "a.conf", "--mode", "validate"],
        &[
            "-c",
            "a.json",
            "--mode",
            "validate",
            "--concurrency",
            "2",
            "--log-level",
            "warn",
        ],
        &[
            "-c",
            "a.json",
            "--mode",
            "validate",
            "--concurrency",
            "many",
        ],
        &["-c", "a.json", "--mode", "validate", "-l", "loud"],
        &["--config-yaml", "node: {id: n}", "--mode", "validate"],
        &[
            "-c",
            "a.yaml",
            "--config-yaml",
            "node: {idd: x}",
            "--mode",
            "validate",
        ],
        &[
            "--config-path",
            "a.yaml",
            "--config-yaml",
            "{}",
            "--mode",
            "validate",
        ],
    ];
    for arguments in cases {
        let _ = writeln!(shown, "{}", transcript(path, arguments));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn yaml_is_merged_over_the_file() {
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let file = source(
        "a.yaml",
        "node: {id: a, cluster: b, locality: {zone: z}}\nstatic_resources: {clusters: [{name: c}]}",
    );
    let over = source(
        "--config-yaml",
        "node: {id: x, locality: {region: r}}\nstatic_resources: {clusters: [{name: d}]}",
    );
    let built = bootstrap(&[(file, Origin::File), (over, Origin::Flag)]).unwrap();
    assert_eq!((&*built.node.id, &*built.node.cluster), ("x", "b"));
    assert_eq!(
        (&*built.node.locality.region, &*built.node.locality.zone),
        ("r", "z")
    );
    let names: Vec<&str> = built.clusters.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["c", "d"]);
}

/// Whatever message is there: a field that is in no schema is refused with its path.
#[test]
fn an_unknown_field_is_refused_wherever_it_stands() {
    for (name, text) in goldens::texts() {
        let root: serde_json::Value = serde_json::from_str(&text).unwrap();
        let places = walk::messages(&root);
        assert!(places.len() > 100, "{name}: {}", places.len());
        for (pointer, path) in places {
            let mut changed = root.clone();
            let object = changed
                .pointer_mut(&pointer)
                .unwrap()
                .as_object_mut()
                .unwrap();
            object.insert("no_such_field".to_owned(), serde_json::json!({}));
            let problems = goldens::load(name, &changed.to_string()).unwrap_err();
            let path = if path.is_empty() {
                "no_such_field".to_owned()
            } else {
                format!("{path}.no_such_field")
            };
            let found = problems.iter().find(|problem| problem.path == path);
            let message = &found
                .unwrap_or_else(|| panic!("{name}: {path}: {problems:#?}"))
                .message;
            assert!(message.contains("has no such field"), "{message}");
        }
    }
}

proptest! {
    /// Whatever a text says, reading it ends with a model or with problems that can be shown.
    #[test]
    fn no_text_ends_in_a_panic(
        which in 0_usize..200,
        at in any::<prop::sample::Index>(),
        length in 0_usize..40,
        new in prop::sample::select(vec!["", " ", "\n", "{", "[", "]", "}", ":", "- ", "&a ", "*a", "\"", "'", "|", "null", "-1", "1e400", "é", "!ignore ", "\u{feff}", "<<: *a"]),
    ) {
        let mut texts: Vec<String> = cases::good().into_iter().map(|(_, text)| text).collect();
        texts.extend(cases::bad_routes().into_iter().map(|(_, text, _)| text));
        texts.extend(goldens::texts().into_iter().map(|(_, text)| text));
        let mut text = texts[which % texts.len()].clone();
        let start = text.floor_char_boundary(at.index(text.len()));
        let end = text.floor_char_boundary((start + length).min(text.len()));
        text.replace_range(start..end, new);
        for name in ["a.yaml", "a.json"] {
            let source = Source { name: name.to_owned(), text: text.clone() };
            if let Err(problems) = bootstrap(&[(source.clone(), Origin::File)]) {
                prop_assert!(!problems.is_empty());
                prop_assert!(!render(&problems, &[source]).is_empty());
            }
        }
    }
}
