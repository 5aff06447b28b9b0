//! Writes the rules as iptables-restore takes them, for kernels without `nf_tables`.

use std::fmt::Write;

use super::program::{self, Failure};
use super::rules::{Condition, Direction, Family, Plan, Rule, Verdict};

/// Our chains and the built-in ones that jump to them.
const CHAINS: [(Direction, &str, &str); 2] = [
    (Direction::Inbound, "MESHCTL_INBOUND", "PREROUTING"),
    (Direction::Outbound, "MESHCTL_OUTBOUND", "OUTPUT"),
];

/// Puts the rules of a family in place.
pub(super) fn apply(plan: &Plan, family: Family) -> Result<(), Failure> {
    let text = restore(plan, family, &present(family)?);
    put(family, &text)
}

/// Takes the rules of a family away.
pub(super) fn remove(family: Family) -> Result<(), Failure> {
    removal(&present(family)?).map_or(Ok(()), |text| put(family, &text))
}

/// What is in the table `nat` now.
pub(super) fn present(family: Family) -> Result<String, Failure> {
    either(family, "save", &["-t", "nat"], "")
}

fn put(family: Family, text: &str) -> Result<(), Failure> {
    either(family, "restore", &["--noflush"], text).map(|_| ())
}

/// By the name of what needs no `nf_tables`, else by the name that every installation has.
fn either(family: Family, what: &str, arguments: &[&str], input: &str) -> Result<String, Failure> {
    let base = match family {
        Family::V4 => "iptables",
        Family::V6 => "ip6tables",
    };
    match program::run(&format!("{base}-legacy-{what}"), arguments, input) {
        Err(Failure::Missing(_)) => program::run(&format!("{base}-{what}"), arguments, input),
        other => other,
    }
}

/// What `iptables-restore --noflush` is given. `present` is what `iptables-save -t nat` says now: a jump that is
/// there is not made twice.
pub fn restore(plan: &Plan, family: Family, present: &str) -> String {
    let mut text = "*nat\n".to_owned();
    // Naming a chain makes it, or empties it.
    for (_, chain, _) in CHAINS {
        let _ = writeln!(text, ":{chain} - [0:0]");
    }
    for (direction, chain, _) in CHAINS {
        for rule in plan.rules(family, direction) {
            for line in lines(&rule, direction) {
                let _ = writeln!(text, "-A {chain}{line}");
            }
        }
    }
    for (_, chain, built_in) in CHAINS {
        let jump = jump(chain, built_in);
        if !present.lines().any(|it| it == jump) {
            let _ = writeln!(text, "{jump}");
        }
    }
    text.push_str("COMMIT\n");
    text
}

/// What `iptables-restore --noflush` is given to take the rules away, if there are any.
pub(super) fn removal(present: &str) -> Option<String> {
    let mut text = "*nat\n".to_owned();
    let mut any = false;
    for (_, chain, built_in) in CHAINS {
        let jump = jump(chain, built_in);
        for _ in present.lines().filter(|it| *it == jump) {
            let _ = writeln!(text, "{}", jump.replacen("-A", "-D", 1));
        }
        if present
            .lines()
            .any(|it| it.starts_with(&format!(":{chain} ")))
        {
            any = true;
            let _ = write!(text, "-F {chain}\n-X {chain}\n");
        }
    }
    text.push_str("COMMIT\n");
    any.then_some(text)
}

/// What is missing in `present` of the plan, line by line.
pub(super) fn missing(plan: &Plan, family: Family, present: &str) -> Vec<String> {
    let wanted = restore(plan, family, "");
    let rules = wanted.lines().filter(|it| it.starts_with("-A"));
    let missing = rules.filter(|it| !present.lines().any(|line| line == *it));
    missing.map(ToOwned::to_owned).collect()
}

fn jump(chain: &str, built_in: &str) -> String {
    format!("-A {built_in} -p tcp -j {chain}")
}

/// A rule for each value of its one list, as iptables-save shows it.
fn lines(rule: &Rule, direction: Direction) -> Vec<String> {
    let mut lines = vec![String::new()];
    let each = |lines: Vec<String>, choices: Vec<String>| {
        let pairs = lines
            .iter()
            .flat_map(|line| choices.iter().map(move |it| format!("{line}{it}")));
        pairs.collect::<Vec<_>>()
    };
    // The order in which iptables-save writes the parts of a rule.
    let mut conditions: Vec<&Condition> = rule.conditions.iter().collect();
    conditions.sort_by_key(|it| match it {
        Condition::Source(_) => 0,
        Condition::Destination(_) => 1,
        Condition::Loopback => 2,
        Condition::Port(_) | Condition::User(_) | Condition::Group(_) => 3,
    });
    let mut tcp = matches!(rule.verdict, Verdict::Redirect(_));
    for condition in &conditions {
        tcp |= matches!(condition, Condition::Port(_));
    }
    let mut protocol_written = !tcp;
    for condition in conditions {
        let late = matches!(
            condition,
            Condition::Port(_) | Condition::User(_) | Condition::Group(_)
        );
        if late && !protocol_written {
            lines = each(lines, vec![" -p tcp".to_owned()]);
            protocol_written = true;
        }
        lines = each(lines, choices(condition, direction));
    }
    if !protocol_written {
        lines = each(lines, vec![" -p tcp".to_owned()]);
    }
    let verdict = match rule.verdict {
        Verdict::Leave => " -j RETURN".to_owned(),
        Verdict::Redirect(port) => format!(" -j REDIRECT --to-ports {port}"),
    };
    each(lines, vec![verdict])
}

fn choices(condition: &Condition, direction: Direction) -> Vec<String> {
    match condition {
        Condition::Loopback if direction == Direction::Inbound => vec![" -i lo".to_owned()],
        Condition::Loopback => vec![" -o lo".to_owned()],
        Condition::Source(address) => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            vec![format!(" -s {address}/{bits}")]
        }
        Condition::Destination(networks) => networks.iter().map(|it| format!(" -d {it}")).collect(),
        Condition::Port(ports) => {
            let port = |(first, last): &(u16, u16)| {
                if first == last {
                    format!(" -m tcp --dport {first}")
                } else {
                    format!(" -m tcp --dport {first}:{last}")
                }
            };
            ports.iter().map(port).collect()
        }
        Condition::User(users) => {
            let user = |it| format!(" -m owner --uid-owner {it}");
            users.iter().map(user).collect()
        }
        Condition::Group(group) => vec![format!(" -m owner --gid-owner {group}")],
    }
}
