//! The report in SARIF 2.1.0, for code scanners.
//!
//! See <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::envelope::pretty;
use crate::report::{Finding, Report, Severity};

/// One run of one tool, with a rule for each code that occurs.
pub(super) fn render(report: &Report) -> String {
    let findings = report.findings();
    let codes: BTreeSet<&str> = findings.iter().map(|finding| finding.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code)).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| result(finding, &codes))
        .collect();
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "meshctl",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn rule(code: &str) -> Value {
    let words = DESCRIPTIONS.iter().find(|(known, _)| *known == code);
    let words = words.map_or_else(|| code.replace('-', " "), |(_, words)| (*words).to_owned());
    json!({ "id": code, "shortDescription": { "text": words } })
}

fn result(finding: &Finding, codes: &[&str]) -> Value {
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": codes.iter().position(|code| *code == finding.code),
        "level": match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": { "text": finding.message },
    });
    if let Some(file) = &finding.file {
        let mut place = json!({ "artifactLocation": { "uri": uri(file) } });
        if let Some(found) = finding.place {
            place["region"] = json!({ "startLine": found.line, "startColumn": found.column });
        }
        result["locations"] = json!([{ "physicalLocation": place }]);
    }
    result
}

/// A path as a relative reference (RFC 3986).
fn uri(path: &str) -> String {
    let path = path
        .strip_prefix("./")
        .unwrap_or(path)
        .trim_matches(['<', '>']);
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into());
            }
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => {
                uri.push('%');
                for half in [byte >> 4, byte & 0xf] {
                    uri.push(
                        char::from_digit(half.into(), 16)
                            .unwrap_or('0')
                            .to_ascii_uppercase(),
                    );
                }
            }
        }
    }
    uri
}

const DESCRIPTIONS: &[(&str, &str)] = &[
    ("alias", "An alias stands on the path to the pod template."),
    (
        "annotation",
        "An annotation of meshctl's has a value that cannot be read.",
    ),
    ("binary", "The file is not text."),
    (
        "classic-job",
        "The pod of a Job would never complete beside a classic sidecar.",
    ),
    ("convert", "A value has no counterpart in JSON."),
    (
        "dns-policy",
        "The DNS policy keeps the sidecar from looking up cluster names.",
    ),
    ("duplicate-key", "A mapping has the same key twice."),
    ("encoding", "The file is not encoded as UTF-8."),
    (
        "flag-overruled",
        "An annotation of the workload wins over a flag.",
    ),
    (
        "flow-null",
        "A list that must grow is null inside of braces.",
    ),
    (
        "flow-probe",
        "A probe that must be rewritten is written in braces.",
    ),
    (
        "function-config",
        "The functionConfig holds something that is no setting.",
    ),
    (
        "guaranteed-qos",
        "The pod is Guaranteed, and what is added keeps it so.",
    ),
    ("host-network", "The pod shares the network of its node."),
    ("input", "An input cannot be read."),
    (
        "intercept-none-envoy",
        "Envoy needs its traffic intercepted, but interception is switched off.",
    ),
    (
        "intercept-none-strict",
        "Strict mTLS cannot be kept without interception.",
    ),
    (
        "knative-features",
        "Knative takes the sidecar only with feature flags of its own.",
    ),
    (
        "layout",
        "The layout of the manifest leaves no safe place for the edit.",
    ),
    (
        "limit-below-request",
        "A resource limit of the sidecar is below its request.",
    ),
    (
        "merge-key",
        "A merge key stands on the path to the pod template.",
    ),
    (
        "name-clash",
        "A name in the pod is one that the sidecar needs.",
    ),
    (
        "no-match",
        "A selection on the command line fits no workload.",
    ),
    (
        "openshift-uid",
        "OpenShift admits the user of the sidecar only where a security context constraint allows it.",
    ),
    ("opted-out", "The workload asks to be left alone."),
    ("other-mesh", "The pod carries the sidecar of another mesh."),
    (
        "other-mesh-opt-in",
        "The workload asks another mesh for its sidecar too.",
    ),
    (
        "own-proxy",
        "A container sets a proxy of its own, whose traffic does not pass the sidecar.",
    ),
    (
        "no-newline",
        "A file that others follow ends inside of a block scalar.",
    ),
    (
        "port-clash",
        "A port of the pod clashes with a port of the sidecar.",
    ),
    (
        "probe-port",
        "A probe names a port that its container does not declare.",
    ),
    (
        "probe-value",
        "A probe that must be rewritten holds a value that readers disagree about.",
    ),
    ("proof", "The edit could not be proven right."),
    ("proxy-uid", "The pod runs as the user of the sidecar."),
    (
        "settings",
        "The settings of the workload cannot be used together.",
    ),
    (
        "shape",
        "A list stands where a mapping belongs, or the other way round.",
    ),
    (
        "shared-process-namespace",
        "The application can read the memory of the sidecar.",
    ),
    ("sidecar-missing", "The workload has no sidecar."),
    ("sidecar-outdated", "The workload carries an older sidecar."),
    ("sidecar-present", "The workload carries a sidecar."),
    (
        "sidecar-removed",
        "The sidecar that the workload carried was taken out.",
    ),
    (
        "strict-https-probe",
        "Strict mTLS refuses a probe that is HTTPS.",
    ),
    ("syntax", "The document is not valid YAML."),
    (
        "tcp-probe",
        "A TCP probe succeeds although the application is dead.",
    ),
    ("template", "The file is a template, not a manifest."),
    ("udp", "Only TCP passes through the sidecar."),
    (
        "unknown-annotation",
        "An annotation under meshctl.dev/ is no setting.",
    ),
    ("windows", "The pod runs on Windows nodes."),
    ("write", "A file cannot be written."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{DESCRIPTIONS, uri};

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("./a b/ü.yaml"), "a%20b/%C3%BC.yaml");
        assert_eq!(uri("<stdin>"), "stdin");
    }

    #[test]
    fn every_code_is_described_in_a_sentence() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut sources = Vec::new();
        for directory in ["src", "proxy/api/src/sidecar"] {
            sources_below(&root.join(directory), &mut sources);
        }
        let mut codes = BTreeSet::new();
        for source in sources {
            codes.extend(codes_in(&fs::read_to_string(source).unwrap()));
        }
        assert!(codes.contains("port-clash") && codes.contains("tcp-probe"));
        assert!(codes.contains("strict-https-probe") && codes.contains("no-match"));
        for code in &codes {
            let known = DESCRIPTIONS.iter().find(|(known, _)| known == code);
            assert!(known.is_some(), "{code} is not described");
        }
        for (code, words) in DESCRIPTIONS {
            let is_sentence = words.ends_with('.') && words.starts_with(char::is_uppercase);
            assert!(is_sentence, "{code}: {words}");
        }
    }

    fn sources_below(directory: &Path, sources: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources_below(&path, sources);
            } else {
                sources.push(path);
            }
        }
    }

    /// What stands in quotes where a code belongs, outside of tests.
    fn codes_in(text: &str) -> Vec<String> {
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let packed: String = text.split_whitespace().collect();
        let mut codes = Vec::new();
        for before in ["code:\"", "skip(\"", "note(notes,\"", "Diagnostic::new(\""] {
            let found = packed.split(before).skip(1);
            codes.extend(found.filter_map(|rest| rest.split('"').next().map(str::to_owned)));
        }
        // A wrong command line is in no report.
        codes.retain(|code| code != "usage");
        codes
    }
}
