//! Namespaces and Services, which are marked only when a flag asks.

use mesh_api::settings::Setting;
use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Options, Verdict};
use meshctl::manifest::uninject::uninject;

use crate::support::cases::{flags, forms, outline, reformatted, uninjected, value};

fn asking() -> Options {
    Options {
        annotate_namespaces: true,
        annotate_services: true,
        ..flags(&[(Setting::OpaquePorts, "9000"), (Setting::Mtls, "strict")])
    }
}

const NAMESPACE: &str =
    "apiVersion: v1\nkind: Namespace\nmetadata:\n  # The shop's.\n  name: shop\n";
const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 9000}]}\n";

#[test]
fn nothing_happens_to_them_unasked() {
    for text in [NAMESPACE, SERVICE] {
        let edited = inject(text, &flags(&[(Setting::Mtls, "strict")]));
        assert_eq!(edited.to_string(), text);
        assert!(edited.outcomes.is_empty());
    }
}

#[test]
fn they_get_the_flags_and_a_record() {
    let shown = |text: &str| outline(text, &inject(text, &asking()).to_string());
    insta::assert_snapshot!(shown(NAMESPACE), @r#"
     apiVersion: v1
     kind: Namespace
     metadata:
    +  labels:
    +    meshctl.dev/inject: enabled
    +  annotations:
    +    meshctl.dev/injected: "created":["label","labels","annotations"]
    +    meshctl.dev/opaque-ports: "9000"
    +    meshctl.dev/mtls: strict
       # The shop's.
       name: shop
    "#);
    insta::assert_snapshot!(shown(SERVICE), @r#"
     apiVersion: v1
     kind: Service
    -metadata: {name: db}
    +metadata: {"annotations": {"meshctl.dev/injected
     spec: {ports: [{port: 9000}]}
    "#);
    let changes = &inject(NAMESPACE, &asking()).outcomes[0].changes;
    let lines: Vec<String> = changes
        .iter()
        .map(|change| format!("{}: {}", change.path, change.why))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    metadata.labels[meshctl.dev/inject]: opts the pods of this namespace in to the webhook
    metadata.annotations[meshctl.dev/opaque-ports]: from --opaque-ports
    metadata.annotations[meshctl.dev/mtls]: from --mtls
    metadata.annotations[meshctl.dev/injected]: records what was added, so that it can be updated and taken out again
    ");
}

#[test]
fn uninject_is_the_inverse_and_takes_nothing_of_the_users() {
    let own = NAMESPACE.to_owned()
        + "  labels:\n    meshctl.dev/inject: enabled\n  annotations:\n    meshctl.dev/mtls: permissive\n";
    let opted_out = NAMESPACE.to_owned() + "  labels:\n    meshctl.dev/inject: disabled\n";
    let empty = NAMESPACE.to_owned() + "  labels: {}\n  annotations:\n";
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}\n- {}",
        NAMESPACE.trim_end().replace('\n', "\n  "),
        SERVICE.replace('\n', "\n  ")
    );
    for text in [NAMESPACE, SERVICE, &own, &opted_out, &empty, &list] {
        let edited = inject(text, &asking()).to_string();
        assert_ne!(edited, text);
        assert_eq!(uninjected(&edited), text);
        assert_eq!(uninjected(text), text);
        assert_eq!(inject(&edited, &asking()).to_string(), edited, "twice");
        assert_eq!(
            inject(&edited, &Options::default()).to_string(),
            edited,
            "unasked"
        );
        for form in forms(&reformatted(&value(&edited))) {
            assert_eq!(inject(&form, &asking()).to_string(), form, "reformatted");
            assert_eq!(
                reformatted(&value(&uninjected(&form))),
                reformatted(&value(text))
            );
        }
    }
}

#[test]
fn another_flag_updates_them_and_the_others_are_remembered() {
    let first = inject(NAMESPACE, &asking()).to_string();
    let more = Options {
        annotate_namespaces: true,
        ..flags(&[(Setting::Mtls, "permissive")])
    };
    let again = inject(&first, &more);
    assert_eq!(again.outcomes[0].verdict, Verdict::Updated);
    let all = Options {
        annotate_namespaces: true,
        ..flags(&[
            (Setting::OpaquePorts, "9000"),
            (Setting::Mtls, "permissive"),
        ])
    };
    assert_eq!(again.to_string(), inject(NAMESPACE, &all).to_string());
    let taken = uninject(&again.to_string(), &Options::default()).outcomes;
    assert_eq!(taken[0].verdict, Verdict::Uninjected { mesh: "meshctl" });
}
