//! Proves that the generator draws what it promises, without any edit.

mod support;

use support::generate;

const CASES: u64 = 3000;

#[test]
fn a_seed_always_gives_the_same_stream() {
    for seed in 0..50 {
        assert_eq!(generate::case(seed).text, generate::case(seed).text);
    }
}

#[test]
fn every_layout_is_drawn() {
    let texts: Vec<_> = (0..CASES).map(|seed| generate::case(seed).text).collect();
    let wanted = [
        "\r\n",
        "\u{feff}",
        "initContainers: []",
        "initContainers: ~",
        "initContainers:\n",
        "volumes: []",
        "annotations: {}",
        "annotations:\n",
        "metadata: {}",
        "|2",
        ">+",
        "# containers:",
        "--- # next",
        "...\n",
        "kind: List",
        "kind: CronJob",
        "kind: Rollout",
        "kind: DeploymentConfig",
        "\"kind\": \"Pod\"",
        "\"kind\":\"Pod\"",
        "0644",
        "&shared",
        "\t\"apiVersion\"",
        "    \"apiVersion\"",
        "initContainers: [",
        "\t#",
    ];
    for piece in wanted {
        let count = texts.iter().filter(|text| text.contains(piece)).count();
        assert!(count >= 5, "{piece:?} is in {count} of {CASES} streams");
    }
    assert!(texts.iter().any(|text| !text.ends_with('\n')));
}

#[test]
fn other_readers_take_the_streams() {
    let Some(python) = support::peers::tool("MESHCTL_PYTHON") else {
        return;
    };
    let Some(yamlcheck) = support::peers::tool("MESHCTL_YAMLCHECK") else {
        return;
    };
    let same = |seed| {
        let case = generate::case(seed);
        support::peers::Edit {
            name: case.name,
            before: case.text.clone(),
            after: case.text,
            patch: None,
        }
    };
    let edits: Vec<_> = (0..CASES).map(same).collect();
    let libyaml = support::files::script("libyaml_check.py");
    let summary = support::peers::check(std::process::Command::new(python).arg(libyaml), &edits);
    let unreadable = summary["unreadable"].as_u64().expect("a count");
    assert!(
        unreadable * 100 <= CASES * 2,
        "libyaml cannot read {unreadable} of {CASES} streams"
    );
    let summary = support::peers::check(&mut std::process::Command::new(yamlcheck), &edits);
    let unreadable = summary["unreadable"].as_u64().expect("a count");
    assert!(
        unreadable * 100 <= CASES * 5,
        "Go's reader cannot read {unreadable} of {CASES} streams"
    );
}
