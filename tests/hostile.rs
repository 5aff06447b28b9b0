//! Proves that no manifest, however wrong, makes the program panic, hang, or write what it cannot take back.

mod support;

use std::fmt::Write;

use mesh_api::settings::Setting;
use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Options, Verdict};
use meshctl::manifest::uninject::uninject;
use support::cases::flags;
use support::random::Random;
use support::{files, generate};

/// What a value may be replaced with.
const VALUES: [&str; 24] = [
    "{a: b}",
    "[a]",
    "foo",
    "~",
    "\"\"",
    "!!null",
    "!!seq",
    "!!map {}",
    "!x",
    "&q null",
    "&q {a: *q}",
    "*missing",
    "{{ .Values.x }}",
    "0120",
    "0x3aac",
    "yes",
    "{<<: {a: b}}",
    "[[[]]]",
    "- a",
    "|",
    ">+",
    "'",
    "\"\\",
    "#",
];

fn settings() -> Vec<Options> {
    let given: [&[(Setting, &str)]; 5] = [
        &[],
        &[(Setting::Intercept, "none")],
        &[
            (Setting::Sidecar, "container"),
            (Setting::RewriteProbes, "true"),
        ],
        &[(Setting::Proxy, "envoy"), (Setting::RewriteProbes, "true")],
        &[(Setting::Mtls, "strict"), (Setting::RewriteProbes, "true")],
    ];
    given.map(flags).to_vec()
}

/// Replaces the value of a random `key: value` line, or moves, drops or repeats a line.
fn damaged(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for _ in 0..=random.below(2) {
        if lines.is_empty() {
            break;
        }
        let at = random.below(lines.len());
        match random.below(5) {
            0 => lines[at] = format!("  {}", lines[at]),
            1 => {
                let twice = lines[at].clone();
                lines.insert(at, twice);
            }
            2 if lines.len() > 1 => drop(lines.remove(at)),
            _ => {
                if let Some(colon) = lines[at].find(':') {
                    let value = random.pick(&VALUES);
                    lines[at] = format!("{}: {value}\n", &lines[at][..colon]);
                }
            }
        }
    }
    lines.concat()
}

/// Whatever was written can be read again, left alone, and taken back.
fn survives(text: &str, options: &Options) {
    let edited = inject(text, options);
    let is_refused = |verdict: &Verdict| matches!(verdict, Verdict::Refused(_));
    if edited
        .outcomes
        .iter()
        .any(|outcome| is_refused(&outcome.verdict))
    {
        return;
    }
    let after = edited.to_string();
    assert_eq!(inject(&after, options).to_string(), after, "twice:\n{text}");
    // What carried marks of ours before is not given back: they were taken for ours.
    if !text.contains("meshctl.dev/injected") {
        assert_eq!(
            uninject(&after, &Options::default()).to_string(),
            text,
            "back:\n{text}"
        );
    }
}

#[test]
fn damaged_manifests() {
    let mut random = Random::new(7);
    let options = settings();
    let cases = std::env::var("MESHCTL_CASES").map_or(1500, |it| it.parse().expect("a number"));
    for seed in 0..cases {
        let case = generate::case(seed);
        let text = damaged(&case.text, &mut random);
        survives(&text, &options[random.below(options.len())]);
        uninject(&text, &Options::default());
    }
    for file in files::own() {
        for _ in 0..20 {
            survives(
                &damaged(&file.text, &mut random),
                &options[random.below(options.len())],
            );
        }
    }
}

#[test]
fn damaged_injections() {
    let mut random = Random::new(11);
    let options = settings();
    for file in files::own() {
        for options in &options {
            let injected = inject(&file.text, options).to_string();
            for _ in 0..10 {
                let text = damaged(&injected, &mut random);
                uninject(&text, &Options::default());
                inject(&text, options);
            }
        }
    }
}

#[test]
fn wrong_shapes_and_tags_are_refused_where_they_stand() {
    for key in ["initContainers", "volumes"] {
        for value in ["{a: b}", "foo", "!!null", "!!str", "\"\""] {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  {key}: {value}\n  containers:\n  - name: a\n"
            );
            let edited = inject(&text, &Options::default());
            let Verdict::Refused(problem) = &edited.outcomes[0].verdict else {
                panic!("{key}: {value} was not refused");
            };
            assert_eq!(problem.code, "shape", "{key}: {value}");
            let line = text[..problem.offset].matches('\n').count();
            assert_eq!(line, 5, "{key}: {value}");
        }
    }
}

#[test]
fn a_record_about_our_own_container_does_no_harm() {
    let text = inject(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n",
        &Options::default(),
    )
    .to_string();
    let text = text.replace(
        "    meshctl.dev/injected",
        "    meshctl.dev/rewritten-probes: '{\"mesh-proxy/readinessProbe\":{\"tcpSocket\":{\"port\":1}}}'\n    meshctl.dev/injected",
    );
    let back = uninject(&text, &Options::default()).to_string();
    assert!(!back.contains("mesh-"), "{back}");
}

#[test]
fn cycles_and_bombs_end() {
    let mut merges = String::from("x0: &a0 {b: c}\n");
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        writeln!(merges, "x{level}: &a{level} {{<<: [{below}]}}").expect("a text");
    }
    let texts = [
        merges + "apiVersion: v1\nkind: Pod\nmetadata: {<<: *a11}\nspec:\n  containers:\n  - name: a\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    livenessProbe:\n      tcpSocket: &x {port: 80, host: *x}\n".to_owned(),
        "apiVersion: v1\nkind: Pod\nmetadata: &m\n  annotations: *m\nspec:\n  containers:\n  - name: a\n".to_owned(),
    ];
    for text in &texts {
        for options in &settings() {
            inject(text, options);
        }
        uninject(text, &Options::default());
    }
}

#[test]
fn numbers_are_read_as_kubectl_reads_them() {
    let skipped = |spec: &str| {
        let text = format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n{spec}");
        match &inject(&text, &Options::default()).outcomes[0].verdict {
            Verdict::Skipped(skip) => skip.code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        skipped("  securityContext:\n    runAsUser: 02471\n  containers:\n  - name: a\n"),
        "proxy-uid"
    );
    assert_eq!(
        skipped("  containers:\n  - name: a\n    ports:\n    - containerPort: 0x3aac\n"),
        "port-clash"
    );
}
