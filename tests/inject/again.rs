//! Injecting what is injected already: equal stays, older is replaced in one pass, settings are remembered.

use mesh_api::settings::{MeshSetting, Setting};
use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Options, Outcome, Verdict};

use crate::support::cases::{
    deployment, flags, forms, inject_told, injected, reformatted, uninjected, value,
};
use crate::support::files;

fn verdicts(outcomes: &[Outcome]) -> Vec<String> {
    let word = |outcome: &Outcome| format!("{}: {:?}", outcome.name, outcome.verdict);
    outcomes.iter().map(word).collect()
}

/// Options that give another sidecar than the default ones.
fn others() -> Vec<Options> {
    vec![
        flags(&[(Setting::ProxyImage, "example/mesh-proxy:2")]),
        flags(&[(Setting::Proxy, "envoy")]),
        flags(&[(Setting::Intercept, "none")]),
        flags(&[(Setting::RewriteProbes, "true")]),
        flags(&[
            (Setting::Mtls, "strict"),
            (Setting::SkipInboundPorts, "9000,9100"),
        ]),
    ]
}

#[test]
fn an_older_injection_becomes_what_a_fresh_one_is() {
    for file in files::own() {
        for options in others() {
            let fresh = injected(&file.text, &options);
            let older = injected(&file.text, &Options::default());
            let again = inject(&older, &options);
            assert!(again.to_string() == fresh, "{}", file.name);
            assert!(
                again
                    .outcomes
                    .iter()
                    .all(|it| it.verdict == Verdict::Updated),
                "{}: {:?}",
                file.name,
                verdicts(&again.outcomes)
            );
            assert!(uninjected(&again.to_string()) == file.text, "{}", file.name);
        }
    }
}

#[test]
fn an_equal_injection_stays_also_after_a_reformatting() {
    for file in files::own() {
        for options in others() {
            let after = injected(&file.text, &options);
            let Some(documents) = documents(&after) else {
                continue;
            };
            for document in documents {
                for text in forms(&reformatted(&document)) {
                    let again = inject(&text, &options);
                    assert!(again.to_string() == text, "{}", file.name);
                    let all = again.outcomes.iter();
                    assert!(
                        all.clone().all(|it| it.verdict == Verdict::Unchanged),
                        "{}: {:?}",
                        file.name,
                        verdicts(&again.outcomes)
                    );
                    // And without the flags, which the annotations remember.
                    assert!(
                        injected(&text, &Options::default()) == text,
                        "{}",
                        file.name
                    );
                }
            }
        }
    }
}

/// Every document of a stream.
fn documents(text: &str) -> Option<Vec<serde_json::Value>> {
    serde_yaml::Deserializer::from_str(text.trim_start_matches('\u{feff}'))
        .map(|document| serde::Deserialize::deserialize(document).ok())
        .collect()
}

#[test]
fn settings_are_remembered_until_another_flag_or_the_users_own_annotation() {
    let original = deployment("      annotations:\n        a: b\n", "");
    let strict = injected(&original, &flags(&[(Setting::Mtls, "strict")]));
    assert_eq!(injected(&strict, &Options::default()), strict);
    // Another flag: both are remembered.
    let both = injected(&strict, &flags(&[(Setting::LogLevel, "debug")]));
    let at_once = flags(&[(Setting::Mtls, "strict"), (Setting::LogLevel, "debug")]);
    assert_eq!(both, injected(&original, &at_once));
    // The same flag with another value wins.
    let relaxed = flags(&[(Setting::Mtls, "permissive"), (Setting::LogLevel, "debug")]);
    assert_eq!(injected(&both, &relaxed), injected(&original, &relaxed));
    // The user's own annotation wins over all.
    let own = original.replace(
        "        a: b\n",
        "        a: b\n        meshctl.dev/mtls: strict\n",
    );
    let told = inject_told(&own, &flags(&[(Setting::Mtls, "permissive")]));
    insta::assert_snapshot!(told, @r"
    Deployment/web Injected
      note flag-overruled: --mtls=permissive gives way to the annotation meshctl.dev/mtls: strict
        11:27 strict
    ");
    let after = injected(&own, &flags(&[(Setting::Mtls, "permissive")]));
    assert_eq!(after.matches("meshctl.dev/mtls").count(), 1);
    assert_eq!(uninjected(&after), own);
}

#[test]
fn a_list_of_a_current_an_older_and_a_fresh_item() {
    let item = |text: &str| "- ".to_owned() + text.trim_end().replace('\n', "\n  ").as_str() + "\n";
    let named = |name: &str| deployment("", "").replace("name: web", &format!("name: {name}"));
    let options = flags(&[(Setting::ProxyImage, "example/mesh-proxy:2")]);
    let list = |items: [String; 4]| {
        format!(
            "apiVersion: v1\nkind: List\nitems:\n{}",
            items.map(|text| item(&text)).concat()
        )
    };
    let hosted = deployment("", "      hostNetwork: true\n").replace("name: web", "name: hosted");
    let text = list([
        injected(&named("current"), &options),
        injected(&named("older"), &Options::default()),
        named("fresh"),
        hosted.clone(),
    ]);
    let edited = inject(&text, &options);
    let fresh = list(["current", "older", "fresh", "hosted"].map(|name| {
        if name == "hosted" {
            hosted.clone()
        } else {
            injected(&named(name), &options)
        }
    }));
    assert_eq!(value(&edited.to_string()), value(&fresh));
    let current = item(&injected(&named("current"), &options));
    assert!(edited.to_string().contains(&current), "it is not touched");
    let short = |line: &String| line.chars().take(20).collect::<String>();
    let lines: Vec<String> = verdicts(&edited.outcomes).iter().map(short).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    current: Unchanged
    older: Updated
    fresh: Injected
    hosted: Skipped(Skip
    ");
    let told = crate::support::cases::told(&text, &edited.outcomes);
    assert!(
        told.contains("hostNetwork: true\n") && told.contains(" true\n"),
        "{told}"
    );
}

#[test]
fn a_record_without_its_containers_is_injected_again() {
    let after = injected(&deployment("", ""), &Options::default());
    let mut broken = value(&after);
    let containers = broken["spec"]["template"]["spec"]["initContainers"]
        .as_array_mut()
        .expect("a list");
    containers.retain(|it| it["name"] != "mesh-proxy");
    let text = serde_yaml::to_string(&broken).expect("YAML");
    let edited = inject(&text, &Options::default());
    assert_eq!(edited.outcomes[0].verdict, Verdict::Updated);
    assert_eq!(
        value(&edited.to_string()),
        value(&injected(&uninjected(&text), &Options::default()))
    );
    assert_eq!(
        value(&uninjected(&edited.to_string())),
        value(&deployment("", ""))
    );
}

#[test]
fn a_sidecar_that_may_not_stay_is_taken_out() {
    let original = deployment("      annotations:\n        a: b\n", "");
    let after = injected(&original, &Options::default());
    let opt_out = |text: &str| {
        text.replace(
            "        a: b\n",
            "        a: b\n        meshctl.dev/inject: disabled\n",
        )
    };
    assert_eq!(
        injected(&opt_out(&after), &Options::default()),
        opt_out(&original)
    );
    insta::assert_snapshot!(inject_told(&opt_out(&after), &Options::default()), @r"
    Deployment/web skipped opted-out: it opts out
      spec.template.metadata.annotations[meshctl.dev/inject]: disabled
      12:29 disabled
      note sidecar-removed: the sidecar that it carried was taken out
        1:1 apiVersion: apps/v1
    ");
}

#[test]
fn a_sidecar_whose_record_is_gone_is_known_by_its_mounts() {
    let after = injected(
        &deployment("      annotations:\n        a: b\n", ""),
        &Options::default(),
    );
    let lines = after
        .lines()
        .filter(|line| !line.contains("meshctl.dev/injected"));
    let text = lines.collect::<Vec<_>>().join("\n") + "\n";
    assert_eq!(
        uninjected(&text),
        deployment("      annotations:\n        a: b\n", "")
    );
    assert_eq!(injected(&text, &Options::default()), after);
}

#[test]
fn the_mesh_that_flags_named_holds_for_a_later_injection_until_another_is_named() {
    let named = |domain: &str| {
        let mut options = Options::default();
        options
            .flags
            .set_mesh(MeshSetting::TrustDomain, domain)
            .expect("a trust domain");
        options
    };
    let text = std::fs::read_to_string("tests/data/manifests/deployment.yaml").expect("a manifest");
    let first = inject(&text, &named("one.test")).to_string();
    assert!(first.contains("one.test"));
    let again = inject(&first, &Options::default());
    assert_eq!(again.to_string(), first);
    assert_eq!(again.outcomes[0].verdict, Verdict::Unchanged);
    let moved = inject(&first, &named("two.test")).to_string();
    assert_eq!(moved, inject(&text, &named("two.test")).to_string());
}
