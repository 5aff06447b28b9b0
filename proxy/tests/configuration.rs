//! The judge of configuration: the real Envoy takes what we take and refuses what we refuse.
//!
//! Needs Envoy 1.40 at `MESHCTL_ENVOY`; without it each test prints SKIPPED, and fails under `CI=true`
//! unless `MESHCTL_ALLOW_SKIP` names the tier `judge`.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/cases.rs"]
mod cases;
#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/descriptors.rs"]
mod descriptors;
#[path = "support/everything.rs"]
mod everything;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use cases::{Bad, Envoy};
use mesh_proxy::config::schema::bootstrap::BOOTSTRAP;
use mesh_proxy::config::schema::{Enumeration, Kind, Message, reachable};

/// The path of Envoy, or SKIPPED.
fn envoy(test: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("MESHCTL_ENVOY") {
        return Some(path.into());
    }
    let allowed = std::env::var("MESHCTL_ALLOW_SKIP").unwrap_or_default();
    let allowed = allowed.split([',', ' ']).any(|tier| tier == "judge");
    assert!(
        allowed || std::env::var("CI").as_deref() != Ok("true"),
        "{test} needs Envoy 1.40 at MESHCTL_ENVOY, and CI=true allows no skip of the tier judge"
    );
    let mut stdout = std::io::stdout();
    writeln!(
        stdout,
        "SKIPPED {test}: MESHCTL_ENVOY is not set (the path of Envoy 1.40)"
    )
    .unwrap();
    None
}

/// What Envoy makes of a text, and its log.
fn verdict(envoy: &Path, directory: &Path, text: &str) -> (Option<Envoy>, String) {
    let path = directory.join("a.yaml");
    fs::write(&path, text).unwrap();
    let output = Command::new(envoy)
        .args([
            "--mode",
            "validate",
            "--disable-hot-restart",
            "--log-level",
            "error",
            "-c",
        ])
        .arg(&path)
        .current_dir(directory)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let verdict = match (output.status.signal(), output.status.success()) {
        (Some(_), _) => Some(Envoy::Crashes),
        (None, true) => None,
        (None, false) => Some(Envoy::Refuses),
    };
    (verdict, log)
}

fn refuses(test: &str, cases: Vec<Bad>) {
    let Some(envoy) = envoy(test) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (title, text, expected) in cases {
        let (verdict, log) = verdict(&envoy, directory.path(), &text);
        if verdict.unwrap_or(Envoy::Takes) != expected {
            wrong.push(format!(
                "{title}
{text}
{log}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.join(
            "
"
        )
    );
}

#[test]
fn envoy_refuses_bad_texts() {
    refuses("envoy_refuses_bad_texts", cases::bad_texts());
}

#[test]
fn envoy_refuses_bad_listeners() {
    refuses("envoy_refuses_bad_listeners", cases::bad_listeners());
}

#[test]
fn envoy_refuses_bad_routes() {
    refuses("envoy_refuses_bad_routes", cases::bad_routes());
}

#[test]
fn envoy_refuses_bad_clusters() {
    refuses("envoy_refuses_bad_clusters", cases::bad_clusters());
}

#[test]
fn envoy_takes_what_we_take() {
    let Some(envoy) = envoy("envoy_takes_what_we_take") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let mut cases = cases::good();
    cases.extend(everything::configurations(directory.path()));
    cases.extend(
        cases::unhonoured()
            .into_iter()
            .map(|(title, text, _)| (title, text)),
    );
    let mut wrong = Vec::new();
    for (title, text) in cases {
        let (verdict, log) = verdict(&envoy, directory.path(), &text);
        if verdict.is_some() {
            wrong.push(format!(
                "{title}
{log}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.join(
            "
"
        )
    );
}

#[test]
fn envoy_judges_certificates() {
    let Some(envoy) = envoy("envoy_judges_certificates") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    certificates::write(path, "one", 2999);
    certificates::write(path, "two", 2999);
    certificates::write(path, "old", 2021);
    for (chain, key, expected) in [
        ("one.pem", "one.key", Envoy::Takes),
        ("one.pem", "two.key", Envoy::Refuses),
        ("nowhere.pem", "one.key", Envoy::Refuses),
        ("one.key", "one.pem", Envoy::Refuses),
        ("old.pem", "old.key", Envoy::Takes),
    ] {
        let text = certificates::listener(&path.join(chain), &path.join(key));
        let (verdict, log) = verdict(&envoy, path, &text);
        assert_eq!(
            verdict.unwrap_or(Envoy::Takes),
            expected,
            "{chain} {key}\n{log}"
        );
    }
}

/// Envoy's program holds the descriptors of its messages: names, numbers and types are compared.
#[test]
fn the_schema_is_envoys() {
    let Some(envoy) = envoy("the_schema_is_envoys") else {
        return;
    };
    let known = descriptors::read(&fs::read(envoy).unwrap());
    assert!(known.messages.len() > 1000, "{}", known.messages.len());
    for message in reachable(&BOOTSTRAP) {
        let real = known.messages.get(message.name);
        let real = real.unwrap_or_else(|| panic!("Envoy has no {}", message.name));
        compare(message, real);
        for names in message.fields.iter().filter_map(|field| names(&field.kind)) {
            let values = names.values.iter().chain(names.others);
            let mut all: Vec<(i32, String)> = values.map(|it| (it.0, it.1.to_owned())).collect();
            all.sort();
            assert_eq!(
                Some(&all),
                known.enumerations.get(names.name),
                "{}",
                names.name
            );
        }
    }
}

/// Fails when a message of the schema is not what Envoy's descriptor says.
fn compare(message: &Message, real: &[descriptors::Field]) {
    for field in message.fields {
        let (kind, name) = wire(&field.kind);
        let theirs = real.iter().find(|theirs| theirs.number == field.number);
        let theirs = theirs.unwrap_or_else(|| panic!("{}: no {}", message.name, field.name));
        // A group of one is none.
        let members = real
            .iter()
            .filter(|other| other.group == theirs.group)
            .count();
        let group = if members > 1 { &*theirs.group } else { "" };
        assert_eq!(
            (
                field.name,
                format!("{kind}{name}"),
                field.one_of.unwrap_or_default()
            ),
            (&*theirs.name, theirs.kind.clone(), group),
            "{}",
            message.name
        );
    }
    let honoured = message
        .fields
        .iter()
        .map(|field| (field.number, field.name));
    let others = message
        .others
        .iter()
        .map(|other| (other.number, other.name));
    let ours: BTreeSet<(u32, &str)> = honoured.chain(others).collect();
    let theirs = real.iter().map(|it| (it.number, &*it.name)).collect();
    assert_eq!(ours, theirs, "{}", message.name);
}

fn names(kind: &'static Kind) -> Option<&'static Enumeration> {
    match kind {
        Kind::Enum(names) => Some(names),
        Kind::List(inner, _, _) => names(inner),
        _ => None,
    }
}

/// The type of a field as a descriptor says it.
fn wire(kind: &Kind) -> (&'static str, String) {
    let message = |message: &Message| ("", message.name.to_owned());
    match kind {
        Kind::Bool | Kind::True => ("bool", String::new()),
        Kind::I32(..) => ("int32", String::new()),
        Kind::I64(..) => ("int64", String::new()),
        Kind::U32(..) => ("uint32", String::new()),
        Kind::U64(..) => ("uint64", String::new()),
        Kind::Double(..) => ("double", String::new()),
        Kind::Text(..) | Kind::Word(_) => ("string", String::new()),
        Kind::Bytes => ("bytes", String::new()),
        Kind::Enum(names) => ("", names.name.to_owned()),
        Kind::Duration(..) => ("google.protobuf.Duration", String::new()),
        Kind::Message(inner) => message(inner),
        Kind::Struct => ("google.protobuf.Struct", String::new()),
        Kind::Any(_) => ("google.protobuf.Any", String::new()),
        Kind::Wrapped(inner) => {
            let wrapper = match inner {
                Kind::Bool => "google.protobuf.BoolValue",
                Kind::U32(..) => "google.protobuf.UInt32Value",
                Kind::U64(..) => "google.protobuf.UInt64Value",
                _ => "google.protobuf.DoubleValue",
            };
            (wrapper, String::new())
        }
        Kind::List(item, _, _) => {
            let (kind, name) = wire(item);
            ("repeated ", format!("{kind}{name}"))
        }
        Kind::Map(item) => {
            let (kind, name) = wire(item);
            ("map ", format!("{kind}{name}"))
        }
    }
}
