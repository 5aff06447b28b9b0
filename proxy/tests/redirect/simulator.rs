//! Asks the rules themselves where a packet arrives, without a kernel.

use std::net::IpAddr;

use mesh_proxy::redirect::{Condition, Direction, Family, Plan, Rule, Verdict};

use super::packets::{Dialler, POD, Packet};

/// `pod:PORT` or `elsewhere:PORT`.
pub(crate) fn arrives(plan: &Plan, packet: &Packet) -> String {
    let own =
        |address: IpAddr| address.is_loopback() || POD.iter().any(|it| it.parse() == Ok(address));
    let (direction, place) = match packet.from {
        Dialler::Pod(..) if own(packet.to) => (Direction::Outbound, "pod"),
        Dialler::Pod(..) => (Direction::Outbound, "elsewhere"),
        Dialler::Elsewhere => (Direction::Inbound, "pod"),
    };
    let family = if packet.to.is_ipv4() {
        Family::V4
    } else {
        Family::V6
    };
    let loopback = direction == Direction::Outbound && place == "pod";
    let rules = plan.rules(family, direction);
    let first = rules.iter().find(|it| applies(it, packet, loopback));
    match first.map(|it| it.verdict) {
        Some(Verdict::Redirect(port)) => format!("pod:{port}"),
        Some(Verdict::Leave) | None => format!("{place}:{}", packet.port),
    }
}

fn applies(rule: &Rule, packet: &Packet, loopback: bool) -> bool {
    let tcp_only = matches!(rule.verdict, Verdict::Redirect(_));
    (!tcp_only || !packet.udp) && rule.conditions.iter().all(|it| holds(it, packet, loopback))
}

fn holds(condition: &Condition, packet: &Packet, loopback: bool) -> bool {
    let process = match packet.from {
        Dialler::Pod(user, group) => Some((user, group)),
        Dialler::Elsewhere => None,
    };
    match condition {
        Condition::Loopback => loopback,
        Condition::Source(address) => packet.source == Some(*address),
        Condition::Destination(networks) => networks.iter().any(|it| it.contains(&packet.to)),
        Condition::Port(ports) => {
            !packet.udp
                && ports
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&packet.port))
        }
        Condition::User(users) => process.is_some_and(|(user, _)| users.contains(&user)),
        Condition::Group(group) => process.is_some_and(|(_, own)| own == *group),
    }
}
