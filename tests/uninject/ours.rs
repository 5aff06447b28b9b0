//! Our own sidecar: to the byte while the text is as it was, by structure after a reformatting.

use mesh_api::settings::Setting;
use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Options, Verdict};
use meshctl::manifest::uninject::uninject;
use serde::Deserialize;
use serde_json::Value;

use crate::support::cases::{deployment, flags, forms, injected, reformatted, uninjected, value};
use crate::support::files;

fn every_way() -> Vec<Options> {
    vec![
        flags(&[]),
        flags(&[(Setting::Proxy, "envoy")]),
        flags(&[(Setting::Sidecar, "container")]),
        flags(&[(Setting::Intercept, "none")]),
        flags(&[(Setting::RewriteProbes, "true")]),
        flags(&[
            (Setting::Intercept, "none"),
            (Setting::Sidecar, "container"),
        ]),
    ]
}

fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text.trim_start_matches('\u{feff}'))
        .map(|document| Value::deserialize(document).expect("a manifest"))
        .collect()
}

/// Whether a manifest can be injected so at all: a classic sidecar keeps a Job from completing.
fn is_refused(text: &str, options: &Options) -> bool {
    let outcomes = inject(text, options).outcomes;
    outcomes.iter().any(|it| matches!(&it.verdict, Verdict::Refused(problem) if problem.code == "settings" || problem.code == "flow-probe"))
}

#[test]
fn every_kind_comes_back_to_the_byte() {
    for file in files::own() {
        for options in every_way() {
            if is_refused(&file.text, &options) {
                continue;
            }
            let after = injected(&file.text, &options);
            assert!(after != file.text, "{}", file.name);
            assert!(uninjected(&after) == file.text, "{}", file.name);
        }
    }
}

#[test]
fn every_kind_comes_back_by_structure_after_a_reformatting() {
    let mut kinds = std::collections::BTreeSet::new();
    for file in files::own() {
        for options in every_way() {
            if is_refused(&file.text, &options) {
                continue;
            }
            let after = documents(&injected(&file.text, &options));
            for (before, after) in documents(&file.text).iter().zip(&after) {
                kinds.insert(before["kind"].as_str().unwrap_or_default().to_owned());
                for form in forms(after) {
                    assert_eq!(value(&uninjected(&form)), *before, "{}", file.name);
                }
                for form in forms(&reformatted(after)) {
                    let back = reformatted(&value(&uninjected(&form)));
                    assert_eq!(back, reformatted(before), "{}", file.name);
                }
            }
        }
    }
    assert!(kinds.len() >= 12, "{kinds:?}");
}

#[test]
fn the_users_empty_parents_stay_and_ours_go() {
    for template in [
        "{}",
        "{labels: {a: b}}",
        "{annotations: {}}",
        "{annotations: ~}",
        "~",
        "{annotations: {c: d}}",
        "{creationTimestamp: ~}",
    ] {
        for spec in [
            "",
            ", volumes: []",
            ", volumes: ~",
            ", initContainers: []",
            ", initContainers: ~",
            ", initContainers: [], volumes: ~",
        ] {
            // In block style, where a null can be filled.
            let flow = format!(
                "{{kind: Deployment, spec: {{template: {{metadata: {template}, spec: {{containers: [{{name: app, env: []}}]{spec}}}}}}}}}"
            );
            let before = value(&flow);
            let text = serde_yaml::to_string(&before).expect("YAML");
            for options in every_way() {
                let after = value(&injected(&text, &options));
                assert!(
                    !after.is_null() && after != before,
                    "{text}{}",
                    crate::support::cases::inject_told(&text, &options)
                );
                for form in forms(&after) {
                    assert_eq!(value(&uninjected(&form)), before, "{form}");
                }
                for form in forms(&reformatted(&after)) {
                    let back = value(&uninjected(&form));
                    assert_eq!(reformatted(&back), reformatted(&before), "{form}");
                }
            }
        }
    }
}

#[test]
fn metadata_of_which_a_null_was_all_stays_as_empty() {
    // What `kubectl create --dry-run=client -o yaml` writes, and kubectl get no longer does.
    let text = deployment("", "").replace(
        "      labels: {app: web}\n",
        "      creationTimestamp: null\n",
    );
    let after = reformatted(&value(&injected(&text, &Options::default())));
    for form in forms(&after) {
        let edited = uninject(&form, &Options::default());
        assert_eq!(
            edited.outcomes[0].verdict,
            Verdict::Uninjected { mesh: "meshctl" }
        );
        let back = value(&edited.to_string());
        assert_eq!(back["spec"]["template"]["metadata"], serde_json::json!({}));
    }
}

#[test]
fn what_others_added_in_the_meantime_stays() {
    let after = value(&injected(&deployment("", ""), &Options::default()));
    let mut grown = after;
    let template = &mut grown["spec"]["template"];
    template["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "2026-01-01".into();
    let spec = &mut template["spec"];
    for list in ["initContainers", "volumes"] {
        let added = serde_json::json!({"name": "somebodys"});
        spec[list].as_array_mut().expect("a list").push(added);
    }
    for form in forms(&grown) {
        let back = value(&uninjected(&form));
        let template = &back["spec"]["template"];
        assert_eq!(
            template["metadata"]["annotations"],
            serde_json::json!({"kubectl.kubernetes.io/restartedAt": "2026-01-01"})
        );
        for list in ["initContainers", "volumes"] {
            assert_eq!(
                template["spec"][list],
                serde_json::json!([{"name": "somebodys"}])
            );
        }
    }
}
