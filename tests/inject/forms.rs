//! What is told beside the text: patches, Pod Security verdicts; and very large inputs.

use std::fmt::Write;

use mesh_api::settings::Setting;
use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Edited, Options, PatchOperation, Verdict};
use meshctl::manifest::uninject::uninject;
use serde_json::{Value, json};

use crate::support::apply;
use crate::support::cases::{deployment, flags, injected, uninjected, value};

fn patch(operations: &[PatchOperation]) -> Vec<Value> {
    let operation = |it: &PatchOperation| match &it.value {
        Some(value) => json!({"op": it.op, "path": it.path, "value": value}),
        None => json!({"op": it.op, "path": it.path}),
    };
    operations.iter().map(operation).collect()
}

/// The patch of a one-resource edit makes the same value as the edit.
fn assert_patch(before: &str, edited: &Edited<'_>) {
    let mut patched = value(before);
    let operations = patch(&edited.outcomes[0].patch);
    assert!(!operations.is_empty(), "{before}");
    apply::apply(&mut patched, &operations).expect("it applies");
    assert_eq!(patched, value(&edited.to_string()), "{operations:?}");
}

#[test]
fn a_patch_is_the_edit() {
    let texts = [
        deployment("", ""),
        deployment("      annotations: {}\n", "      initContainers: []\n      volumes: ~\n"),
        deployment("      annotations:\n        a~b/c: d\n", "      initContainers:\n        - name: prepare\n      volumes: [{name: v, emptyDir: {}}]\n"),
        deployment("", "") + "          env: []\n          livenessProbe:\n            tcpSocket:\n              port: 80\n        - name: second\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: app\n".to_owned(),
        "apiVersion: batch/v1\nkind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        metadata: ~\n        spec:\n          containers: [{name: app}]\n".to_owned(),
    ];
    let settings: [&[(Setting, &str)]; 5] = [
        &[],
        &[(Setting::Proxy, "envoy"), (Setting::Mtls, "strict")],
        &[(Setting::Sidecar, "container")],
        &[(Setting::Intercept, "none")],
        &[(Setting::RewriteProbes, "true")],
    ];
    for text in &texts {
        for settings in settings {
            let options = flags(settings);
            let edited = inject(text, &options);
            if matches!(edited.outcomes[0].verdict, Verdict::Refused(_)) {
                assert!(text.contains("CronJob") && !settings.is_empty());
                continue;
            }
            assert_patch(text, &edited);
            let after = edited.to_string();
            assert_patch(&after, &uninject(&after, &flags(&[])));
            let newer = inject(
                &after,
                &Options {
                    environment: flags(&[(Setting::ProxyImage, "example/mesh-proxy:2")]).flags,
                    ..options
                },
            );
            assert_eq!(newer.outcomes[0].verdict, Verdict::Updated);
            assert_patch(&after, &newer);
        }
    }
}

#[test]
fn a_patch_of_a_namespace_is_the_edit() {
    let options = Options {
        annotate_namespaces: true,
        ..flags(&[(Setting::Mtls, "strict")])
    };
    for rest in [
        "",
        "  labels: {}\n",
        "  labels:\n    a: b\n  annotations: ~\n",
    ] {
        let text = format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n{rest}");
        let edited = inject(&text, &options);
        assert_patch(&text, &edited);
        let after = edited.to_string();
        assert_patch(&after, &uninject(&after, &flags(&[])));
    }
}

fn verdict(text: &str, options: &Options) -> String {
    let edited = inject(text, options);
    let security = edited.outcomes[0].security.as_ref().expect("a verdict");
    let mut told = format!("{:?} to {:?}\n", security.before, security.after);
    for (who, violations) in [("pod", &security.violates), ("added", &security.added)] {
        for (level, what) in violations {
            let _ = writeln!(told, "{who} breaks {level:?}: {what}");
        }
    }
    told
}

#[test]
fn pod_security_before_and_after() {
    let hardened = deployment(
        "",
        "      securityContext:\n        runAsNonRoot: true\n        runAsUser: 1000\n        fsGroup: 1000\n        seccompProfile: {type: RuntimeDefault}\n",
    ) + "          securityContext:\n            allowPrivilegeEscalation: false\n            capabilities: {drop: [ALL]}\n";
    insta::assert_snapshot!(verdict(&hardened, &flags(&[])), @r"
    Restricted to Privileged
    added breaks Baseline: container mesh-init: capabilities.add: NET_ADMIN
    added breaks Restricted: container mesh-init: runAsNonRoot is not true
    added breaks Restricted: container mesh-init: runAsUser: 0
    ");
    insta::assert_snapshot!(verdict(&hardened, &flags(&[(Setting::Intercept, "none")])), @"Restricted to Restricted");
    insta::assert_snapshot!(verdict(&hardened, &flags(&[(Setting::Proxy, "envoy")])), @r"
    Restricted to Privileged
    added breaks Baseline: container mesh-init: capabilities.add: NET_ADMIN
    added breaks Restricted: container mesh-init: runAsNonRoot is not true
    added breaks Restricted: container mesh-init: runAsUser: 0
    ");
    insta::assert_snapshot!(verdict(&deployment("", ""), &flags(&[(Setting::Intercept, "none")])), @r"
    Baseline to Baseline
    pod breaks Restricted: container app: allowPrivilegeEscalation is not false
    pod breaks Restricted: container app: capabilities.drop lacks ALL
    pod breaks Restricted: container app: runAsNonRoot is not true
    pod breaks Restricted: container app: seccompProfile is not set
    ");
    // An update is judged against the pod without the old sidecar.
    let after = injected(&hardened, &Options::default());
    insta::assert_snapshot!(verdict(&after, &flags(&[(Setting::Intercept, "none")])), @"Restricted to Restricted");
}

#[test]
fn a_guaranteed_pod_stays_guaranteed() {
    let pod = |cpu: &str| {
        deployment("", "")
            + &format!(
                "          resources:\n            limits: {{cpu: 1, memory: 1Gi}}\n            requests: {{cpu: {cpu}, memory: 1024Mi}}\n"
            )
    };
    let is_told = |text: &str| {
        inject(text, &Options::default()).outcomes[0]
            .notes
            .iter()
            .any(|note| note.code == "guaranteed-qos")
    };
    assert!(is_told(&pod("1000m")) && is_told(&pod("\"1\"")) && !is_told(&pod("500m")));
    let after = value(&injected(&pod("1000m"), &Options::default()));
    for container in after["spec"]["template"]["spec"]["initContainers"]
        .as_array()
        .expect("a list")
    {
        assert_eq!(
            container["resources"]["limits"],
            container["resources"]["requests"]
        );
    }
}

#[test]
fn one_document_of_ten_megabytes() {
    let item =
        "- ".to_owned() + deployment("", "").trim_end().replace('\n', "\n  ").as_str() + "\n";
    let config = format!(
        "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {{name: big}}\n  data:\n    text: |\n{}",
        "      some line of text that is long enough to count\n".repeat(800)
    );
    let mut text = "apiVersion: v1\nkind: List\nitems:\n".to_owned();
    let mut count = 0;
    while text.len() < 10_000_000 {
        text.push_str(&item);
        text.push_str(&config);
        count += 1;
    }
    let edited = inject(&text, &Options::default());
    let injected = edited
        .outcomes
        .iter()
        .filter(|it| it.verdict == Verdict::Injected);
    assert_eq!(injected.count(), count);
    let after = edited.to_string();
    assert!(uninjected(&after) == text);
    assert!(inject(&after, &Options::default()).to_string() == after);
}

#[test]
fn twenty_thousand_documents() {
    let mut text = String::new();
    for index in 0..20_000 {
        let _ = match index % 40 {
            0 => write!(text, "---\n# {index}\n{}", deployment("", "")),
            1..20 => write!(
                text,
                "---\napiVersion: v1\nkind: Service\nmetadata: {{name: s{index}}}\n"
            ),
            20..38 => write!(text, "--- # {index}\n\n"),
            _ => write!(
                text,
                "---\napiVersion: v1\nkind: Pod\nspec: {{hostNetwork: true, containers: [{{name: app}}]}}\n...\n"
            ),
        };
    }
    let edited = inject(&text, &Options::default());
    let count = |wanted: fn(&Verdict) -> bool| {
        edited
            .outcomes
            .iter()
            .filter(|it| wanted(&it.verdict))
            .count()
    };
    assert_eq!(count(|it| *it == Verdict::Injected), 500);
    assert_eq!(count(|it| matches!(it, Verdict::Skipped(_))), 1000);
    assert_eq!(edited.outcomes.last().map(|it| it.document), Some(19_999));
    let after = edited.to_string();
    assert!(uninjected(&after) == text);
    assert!(inject(&after, &Options::default()).to_string() == after);
}
