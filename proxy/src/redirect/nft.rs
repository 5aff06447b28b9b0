//! Writes the rules as nft takes them: a table for each version of IP, replaced in one transaction.
//!
//! The form is the one in which `nft --numeric-priority list table` shows them, so that what is in place can be compared.

use std::fmt::{self, Display, Write};

use ipnet::IpNet;

use super::rules::{Condition, Direction, Family, Plan, Rule, Verdict};

/// The program.
pub(super) const PROGRAM: &str = "nft";
/// The name of our tables.
pub(super) const TABLE: &str = "meshctl";

/// What `nft -f -` is given to put the rules of all families in place, in the stead of earlier ones.
pub fn transaction(plan: &Plan, families: &[Family]) -> String {
    let mut text = removal(families);
    for family in families {
        text.push_str(&table(plan, *family));
    }
    text
}

/// What `nft -f -` is given to take the rules away; tables that are not there are no error.
pub(super) fn removal(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families {
        let name = name(*family);
        // A table must be there to be deleted.
        let _ = write!(text, "table {name} {TABLE}\ndelete table {name} {TABLE}\n");
    }
    text
}

/// The table of a family.
pub(super) fn table(plan: &Plan, family: Family) -> String {
    let mut text = format!("table {} {TABLE} {{\n", name(family));
    for direction in [Direction::Inbound, Direction::Outbound] {
        let (chain, hook) = match direction {
            Direction::Inbound => ("inbound", "prerouting"),
            Direction::Outbound => ("outbound", "output"),
        };
        if direction == Direction::Outbound {
            text.push('\n');
        }
        let _ = write!(
            text,
            "\tchain {chain} {{\n\t\ttype nat hook {hook} priority -100; policy accept;\n"
        );
        for rule in plan.rules(family, direction) {
            let _ = writeln!(text, "\t\t{}", Line(&rule, family, direction));
        }
        text.push_str("\t}\n");
    }
    text.push_str("}\n");
    text
}

/// How nft calls a family.
pub(super) fn name(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ip6",
    }
}

struct Line<'r>(&'r Rule, Family, Direction);

impl Display for Line<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rule, family, direction) = *self;
        let family = name(family);
        for condition in &rule.conditions {
            match condition {
                Condition::Loopback if direction == Direction::Inbound => {
                    to.write_str("iifname \"lo\" ")?;
                }
                Condition::Loopback => to.write_str("oifname \"lo\" ")?,
                Condition::Source(address) => write!(to, "{family} saddr {address} ")?,
                Condition::Destination(networks) => {
                    write!(to, "{family} daddr {} ", set(networks, network))?;
                }
                Condition::Port(ports) => write!(to, "tcp dport {} ", set(ports, |it| range(*it)))?,
                Condition::User(users) => write!(to, "meta skuid {} ", set(users, u32::to_string))?,
                Condition::Group(group) => write!(to, "meta skgid {group} ")?,
            }
        }
        match rule.verdict {
            Verdict::Leave => to.write_str("return"),
            Verdict::Redirect(port) => write!(to, "meta l4proto tcp redirect to :{port}"),
        }
    }
}

/// One value as it is, several in braces.
fn set<T>(values: &[T], text: impl FnMut(&T) -> String) -> String {
    let texts: Vec<String> = values.iter().map(text).collect();
    match &texts[..] {
        [one] => one.clone(),
        several => format!("{{ {} }}", several.join(", ")),
    }
}

fn range((first, last): (u16, u16)) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

/// A network of one address is written as that.
fn network(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}
