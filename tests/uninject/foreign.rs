//! Istio's and Linkerd's sidecars, as their injectors write them.

use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Options, Verdict};
use meshctl::manifest::uninject::uninject;
use serde_json::Value;

use crate::support::apply;
use crate::support::cases::{forms, reformatted, value};
use crate::support::files;

/// Each injected manifest with its name and what it was before.
fn pairs() -> Vec<(String, String, Value)> {
    let all = files::folder("foreign");
    let injected = all.iter().filter(|file| !file.name.contains(".before."));
    let pair = |file: &files::Manifest| {
        let name = file.name.replace(".yaml", ".before.yaml");
        let before = all.iter().find(|it| it.name == name).expect("its original");
        (file.name.clone(), file.text.clone(), value(&before.text))
    };
    injected.map(pair).collect()
}

fn mesh(name: &str) -> &'static str {
    if name.starts_with("istio") {
        "Istio"
    } else {
        "Linkerd"
    }
}

#[test]
fn nothing_of_the_mesh_is_left_and_nothing_of_the_users_is_lost() {
    for (name, text, before) in pairs() {
        for text in std::iter::once(text.clone()).chain(forms(&reformatted(&value(&text)))) {
            let edited = uninject(&text, &Options::default());
            assert_eq!(
                edited.outcomes[0].verdict,
                Verdict::Uninjected { mesh: mesh(&name) },
                "{name}"
            );
            let after = edited.to_string();
            assert_eq!(reformatted(&value(&after)), reformatted(&before), "{name}");
            for residue in ["istio", "linkerd", "1337", "15020", "l5d"] {
                assert!(!after.contains(residue), "{name} holds {residue}:\n{after}");
            }
            assert_eq!(uninject(&after, &Options::default()).to_string(), after);
        }
    }
}

#[test]
fn what_is_left_can_be_injected() {
    for (name, text, _) in pairs() {
        let edited = inject(&text, &Options::default());
        assert!(
            matches!(&edited.outcomes[0].verdict, Verdict::Skipped(skip) if skip.code == "other-mesh"),
            "{name}"
        );
        let bare = uninject(&text, &Options::default()).to_string();
        let edited = inject(&bare, &Options::default());
        assert_eq!(edited.outcomes[0].verdict, Verdict::Injected, "{name}");
        assert!(
            edited.outcomes[0]
                .notes
                .iter()
                .all(|note| note.code != "other-mesh-opt-in")
        );
        assert!(uninject(&edited.to_string(), &Options::default()).to_string() == bare);
    }
}

#[test]
fn the_patch_says_the_same() {
    let told = Options {
        details: true,
        ..Options::default()
    };
    for (name, text, _) in pairs()
        .into_iter()
        .filter(|(name, ..)| !name.contains("renamed"))
    {
        let edited = uninject(&text, &told);
        let operation = |it: &meshctl::manifest::outcome::PatchOperation| match &it.value {
            Some(value) => serde_json::json!({"op": it.op, "path": it.path, "value": value}),
            None => serde_json::json!({"op": it.op, "path": it.path}),
        };
        let operations: Vec<Value> = edited.outcomes[0].patch.iter().map(operation).collect();
        let mut patched = value(&text);
        apply::apply(&mut patched, &operations)
            .unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(patched, value(&edited.to_string()), "{name}");
    }
}

#[test]
fn comments_of_the_user_stay() {
    let text = "# web\nkind: Pod\nmetadata:\n  name: web\n  annotations:\n    # mine\n    a: b\n    sidecar.istio.io/status: '{}'\nspec:\n  # the app\n  containers:\n  - name: web # first\n    image: w\n  - name: istio-proxy\n    image: istio/proxyv2\n  # the end\n";
    let after = uninject(text, &Options::default()).to_string();
    insta::assert_snapshot!(after, @r"
    # web
    kind: Pod
    metadata:
      name: web
      annotations:
        # mine
        a: b
    spec:
      # the app
      containers:
      - name: web # first
        image: w
      # the end
    ");
}

#[test]
fn a_label_that_the_selector_needs_stays() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector:\n    matchLabels:\n      service.istio.io/canonical-name: web\n  template:\n    metadata:\n      labels:\n        service.istio.io/canonical-name: web\n        security.istio.io/tlsMode: istio\n    spec:\n      containers:\n      - name: web\n      - name: istio-proxy\n        image: istio/proxyv2\n";
    let after = uninject(text, &Options::default()).to_string();
    assert!(after.matches("canonical-name: web").count() == 2, "{after}");
    assert!(!after.contains("tlsMode"));
}
