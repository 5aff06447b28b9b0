//! The flags that `inject` and `uninject` share.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ValueHint, value_parser};

use crate::cli::complete::resources;
use crate::manifest::outcome::{Selector, TemplatePath};

/// Where the result goes.
pub(crate) fn delivery() -> [Arg; 3] {
    [
        Arg::new("in-place")
            .short('i')
            .long("in-place")
            .help("Write each changed file back in place of printing it")
            .action(ArgAction::SetTrue)
            .conflicts_with_all(["diff", "check", "explain"])
            .help_heading(OUTPUT),
        Arg::new("diff")
            .long("diff")
            .help("Print a unified diff instead of the manifest")
            .action(ArgAction::SetTrue)
            .help_heading(OUTPUT),
        Arg::new("check")
            .long("check")
            .help("Write nothing; exit with 4 if something would change")
            .action(ArgAction::SetTrue)
            .help_heading(OUTPUT),
    ]
}

/// Words in place of the result.
pub(crate) fn explain() -> Arg {
    Arg::new("explain")
        .long("explain")
        .help("Print what changes and why, in words, instead of the manifest")
        .action(ArgAction::SetTrue)
        .help_heading(OUTPUT)
}

/// The form of the result.
pub(crate) fn output_format(formats: &[&'static str]) -> Arg {
    Arg::new("output")
        .short('o')
        .long("output")
        .value_name("FORMAT")
        .help("Form of the result; patch is RFC 6902")
        .value_parser(formats.to_vec())
        .default_value("yaml")
        .conflicts_with_all(["in-place", "diff", "check", "explain"])
        .help_heading(OUTPUT)
}

/// Reports for machines.
pub(crate) fn reports() -> [Arg; 2] {
    [
        Arg::new("report")
            .long("report")
            .value_name("FORMAT")
            .help("Report in a form for machines")
            .long_help(
                "Report in a form for machines: on standard output when nothing else goes there \
                 (--check, --in-place), else on standard error in place of the usual report",
            )
            .value_parser(["json", "sarif", "github"])
            .help_heading(OUTPUT),
        Arg::new("report-file")
            .long("report-file")
            .value_name("FILE")
            .help("Write that report to a file")
            .value_parser(value_parser!(PathBuf))
            .value_hint(ValueHint::FilePath)
            .requires("report")
            .help_heading(OUTPUT),
    ]
}

/// What to do when not everything works.
pub(crate) fn failure_policy() -> [Arg; 2] {
    [
        Arg::new("keep-going")
            .short('k')
            .long("keep-going")
            .help("Leave out what cannot be edited and write the rest")
            .action(ArgAction::SetTrue)
            .help_heading(POLICY),
        Arg::new("on-skip")
            .long("on-skip")
            .value_name("ACTION")
            .help("What a skipped workload means; fail writes nothing and exits with 5")
            .value_parser(["warn", "fail"])
            .default_value("warn")
            .help_heading(POLICY),
    ]
}

/// Which resources are looked at, and where.
pub(crate) fn selection() -> [Arg; 3] {
    let resource = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("KIND/NAME")
            .help(help)
            .action(ArgAction::Append)
            .value_delimiter(',')
            .value_parser(selector)
            .add(resources())
            .help_heading(SELECTION)
    };
    [
        resource("only", "Only this resource, such as deploy/web; either side may be *; may be repeated"),
        resource("exclude", "Not this resource; either side may be *; may be repeated"),
        Arg::new("template-path")
            .long("template-path")
            .value_name("[KIND=]PATH")
            .help("Where a kind that meshctl does not know keeps its pod template, such as Widget=spec.template")
            .action(ArgAction::Append)
            .value_parser(template_path)
            .help_heading(SELECTION),
    ]
}

/// What is annotated besides pods.
pub(crate) fn annotate() -> Arg {
    Arg::new("annotate")
        .long("annotate")
        .value_name("WHAT")
        .help("Also annotate these, with the settings given as flags")
        .value_parser(["namespaces", "services"])
        .value_delimiter(',')
        .action(ArgAction::Append)
        .help_heading(SELECTION)
}

fn selector(text: &str) -> Result<Selector, String> {
    match text.split_once('/') {
        Some((kind, name)) if [kind, name].iter().any(|side| is_part_of_a_pattern(side)) => {
            Err("a side is * or written in full; * cannot stand for a part of it".to_owned())
        }
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(Selector {
                kind: kind_of(kind),
                name: name.to_owned(),
            })
        }
        _ => Err("write it as KIND/NAME, such as Deployment/web or */web".to_owned()),
    }
}

fn is_part_of_a_pattern(side: &str) -> bool {
    side.contains('*') && side != "*"
}

/// The kind that a word means: itself, in the plural, a short name of kubectl's; `deployment.apps` too.
fn kind_of(word: &str) -> String {
    let lower = word.split('.').next().unwrap_or(word).to_lowercase();
    let known = KINDS.iter().find(|(kind, short)| {
        let kind = kind.to_lowercase();
        *short == lower || kind == lower || format!("{kind}s") == lower
    });
    known.map_or_else(|| word.to_owned(), |(kind, _)| (*kind).to_owned())
}

fn template_path(text: &str) -> Result<TemplatePath, String> {
    let (kind, path) = match text.split_once('=') {
        Some((kind, path)) => (Some(kind), path),
        None => (None, text),
    };
    let path: Vec<String> = path
        .trim_start_matches('.')
        .split('.')
        .map(str::to_owned)
        .collect();
    if kind == Some("") || path.iter().any(String::is_empty) {
        return Err("write it as KIND=key.key or key.key, such as Widget=spec.template".to_owned());
    }
    Ok(TemplatePath {
        kind: kind.map(str::to_owned),
        path,
    })
}

/// Kinds that are known, and how kubectl's users call them for short.
const KINDS: [(&str, &str); 13] = [
    ("CronJob", "cj"),
    ("DaemonSet", "ds"),
    ("Deployment", "deploy"),
    ("DeploymentConfig", "dc"),
    ("Job", "job"),
    ("Namespace", "ns"),
    ("Pod", "po"),
    ("ReplicaSet", "rs"),
    ("ReplicationController", "rc"),
    ("Rollout", "ro"),
    ("Service", "svc"),
    ("Service", "ksvc"),
    ("StatefulSet", "sts"),
];

const OUTPUT: &str = "Output";
const POLICY: &str = "Problems";
const SELECTION: &str = "Selection";

#[cfg(test)]
mod tests {
    use super::{selector, template_path};

    #[test]
    fn selectors_have_two_sides() {
        for kind in [
            "deploy",
            "deployment",
            "Deployments",
            "deployment.apps",
            "DEPLOYMENT",
        ] {
            let web = selector(&format!("{kind}/web")).unwrap();
            assert_eq!((&*web.kind, &*web.name), ("Deployment", "web"));
        }
        assert_eq!(selector("Widget/web").unwrap().kind, "Widget");
        assert!(selector("*/*").is_ok());
        for wrong in [
            "web",
            "/web",
            "Deployment/",
            "a/b/c",
            "deploy/web-*",
            "Dep*/web",
        ] {
            assert!(selector(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn template_paths_may_name_a_kind() {
        assert_eq!(
            template_path("Widget=spec.pod").unwrap().kind.as_deref(),
            Some("Widget")
        );
        assert_eq!(
            template_path(".spec.template").unwrap().path,
            ["spec", "template"]
        );
        for wrong in ["", "=spec", "Widget=", "spec..template", "spec."] {
            assert!(template_path(wrong).is_err(), "{wrong}");
        }
    }
}
