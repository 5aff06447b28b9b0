//! Follows connections through the rules of `mesh-proxy init`: what the rules say by themselves, and what the kernel
//! does with them in network namespaces of their own.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
#![expect(clippy::print_stdout, reason = "a test that cannot run says so")]

mod redirect {
    pub(crate) mod namespaces;
    pub(crate) mod packets;
    pub(crate) mod simulator;
}

use std::process::{Command, Output};

use mesh_api::settings::{CidrList, PortList};
use mesh_proxy::redirect::Plan;
use redirect::namespaces::{Pod, obstacle};
use redirect::packets::{Packet, packets};
use redirect::simulator::arrives;

/// A plan as flags, and as what they mean.
fn plans() -> Vec<(&'static str, Vec<&'static str>, Plan)> {
    let plain = Plan {
        user: 1337,
        group: 1337,
        skip_inbound: PortList::default(),
        skip_outbound: PortList::default(),
        skip_networks: CidrList::default(),
        skip_users: Vec::new(),
    };
    let exceptions = Plan {
        user: 2000,
        group: 3000,
        skip_inbound: "22,8000-8010".parse().unwrap(),
        skip_outbound: "3306".parse().unwrap(),
        skip_networks: "10.9.0.0/16,10.9.1.0/24,fd09::/16".parse().unwrap(),
        skip_users: vec![4000],
    };
    let flags = "--proxy-uid 2000 --proxy-gid 3000 --skip-inbound-ports 22,8000-8010 --skip-outbound-ports 3306 \
                 --skip-outbound-cidrs 10.9.0.0/16,10.9.1.0/24,fd09::/16 --skip-uids 4000";
    vec![
        ("plain", Vec::new(), plain),
        ("exceptions", flags.split_whitespace().collect(), exceptions),
    ]
}

fn init(pod: &Pod, arguments: &[&str]) -> Output {
    let mut command = pod.command(env!("CARGO_BIN_EXE_mesh-proxy"));
    command.arg("init").args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    format!("{}: {text}", output.status)
}

/// Prints why a test that needs the kernel cannot run here.
fn skipped(test: &str) -> bool {
    let why = obstacle();
    if let Some(why) = why {
        println!("SKIPPED {test}: {why}");
        return true;
    }
    false
}

#[test]
fn the_rules_send_each_connection_where_the_table_says() {
    for (name, _, plan) in plans() {
        for packet in packets(name) {
            assert_eq!(
                arrives(&plan, &packet),
                packet.expected,
                "{name}: {}",
                packet.what
            );
        }
    }
}

#[test]
fn the_kernel_does_what_the_rules_say() {
    if skipped("the_kernel_does_what_the_rules_say") {
        return;
    }
    for backend in ["nft", "iptables"] {
        for (name, flags, _) in plans() {
            let pod = Pod::new();
            // Twice: an init container may be run again.
            for _ in 0..2 {
                let output = init(&pod, &[&["--backend", backend], &flags[..]].concat());
                assert!(output.status.success(), "{backend}: {}", said(&output));
            }
            let wrong: Vec<String> = packets(name)
                .iter()
                .filter_map(|it| differs(&pod, it))
                .collect();
            assert!(wrong.is_empty(), "{backend}, {name}:\n{}", wrong.join("\n"));
        }
    }
}

fn differs(pod: &Pod, packet: &Packet) -> Option<String> {
    let came = pod.send(packet);
    let Packet { what, expected, .. } = packet;
    (came != *expected).then(|| format!("{what}: expected {expected}, came to {came}"))
}

#[test]
fn what_is_in_place_is_verified_and_taken_away() {
    if skipped("what_is_in_place_is_verified_and_taken_away") {
        return;
    }
    for backend in ["nft", "iptables"] {
        for (name, flags, _) in plans() {
            let pod = Pod::new();
            let with = |task: &[&'static str]| [&["--backend", backend], &flags[..], task].concat();
            let before = init(&pod, &with(&["--verify"]));
            assert_eq!(
                before.status.code(),
                Some(1),
                "{backend}, {name}: {}",
                said(&before)
            );
            assert!(init(&pod, &with(&[])).status.success());
            let good = init(&pod, &with(&["--verify"]));
            assert!(good.status.success(), "{backend}, {name}: {}", said(&good));
            let other = init(
                &pod,
                &[&with(&["--verify"])[..], &["--skip-outbound-ports", "9"]].concat(),
            );
            assert_ne!(
                other.status.code(),
                Some(0),
                "{backend}, {name}: {}",
                said(&other)
            );
            let changed = init(
                &pod,
                &["--backend", backend, "--verify", "--skip-uids", "77"],
            );
            assert_eq!(
                changed.status.code(),
                Some(1),
                "{backend}, {name}: {}",
                said(&changed)
            );
            for _ in 0..2 {
                let away = init(&pod, &with(&["--cleanup"]));
                assert!(away.status.success(), "{backend}, {name}: {}", said(&away));
            }
            let direct = packets(name)
                .into_iter()
                .find(|it| it.what == "application to a service")
                .unwrap();
            assert_eq!(pod.send(&direct), "elsewhere:80");
            assert_eq!(init(&pod, &with(&["--verify"])).status.code(), Some(1));
        }
    }
}

/// The exit code and the words are what `diagnose` knows it by.
#[test]
fn without_the_right_it_says_so_and_ends_with_3() {
    if skipped("without_the_right_it_says_so_and_ends_with_3") {
        return;
    }
    let pod = Pod::new();
    for task in [
        &[][..],
        &["--verify"],
        &["--cleanup"],
        &["--backend", "iptables"],
    ] {
        let mut command = pod.command("setpriv");
        command.args(["--bounding-set=-net_admin", "--inh-caps=-net_admin"]);
        command
            .args([env!("CARGO_BIN_EXE_mesh-proxy"), "init"])
            .args(task);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{task:?}: {}", said(&output));
        assert!(
            said(&output).contains(mesh_api::agent::NO_NET_ADMIN),
            "{}",
            said(&output)
        );
    }
}

#[test]
fn simulating_needs_nobody_and_prints_what_the_program_takes() {
    let simulate = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mesh-proxy"));
        command.args(["init", "--simulate"]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    for (name, flags, _) in plans() {
        insta::assert_snapshot!(format!("{name}-nft"), simulate(&flags));
        let iptables = simulate(&[&["--backend", "iptables"], &flags[..]].concat());
        insta::assert_snapshot!(format!("{name}-iptables"), iptables);
    }
}

#[test]
fn a_list_that_cannot_be_read_is_an_error_of_usage() {
    for (flag, value, says) in [
        ("--skip-inbound-ports", "80,http", "http"),
        ("--skip-outbound-cidrs", "10.0.0.0/33", "10.0.0.0/33"),
        ("--proxy-uid", "root", "root"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mesh-proxy"));
        let output = command
            .args(["init", "--simulate", flag, value])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(says), "{}", said(&output));
    }
}
