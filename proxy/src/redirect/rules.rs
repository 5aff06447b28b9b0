//! Decides which connections of a pod go through the proxy: rules as data, from which every form of them is written.
//!
//! The order is that of Istio's chains, which operators know: what must stay as it is comes first, the redirection last.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use mesh_api::ports::{ADMIN, INBOUND, INBOUND_SOURCE_V4, INBOUND_SOURCE_V6, OUTBOUND, STATUS};
use mesh_api::settings::{CidrList, PortList};

/// What is to be redirected, and what goes around the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The user that the proxy runs as.
    pub user: u32,
    /// The group that the proxy runs as.
    pub group: u32,
    /// Ports of the pod that are reached without the proxy.
    pub skip_inbound: PortList,
    /// Ports elsewhere that are dialled without the proxy.
    pub skip_outbound: PortList,
    /// Networks that are dialled without the proxy.
    pub skip_networks: CidrList,
    /// Further users whose connections are let go.
    pub skip_users: Vec<u32>,
}

/// A version of IP. Each has a table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Where a chain stands: what comes into the pod, or what its processes dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The hook `prerouting`.
    Inbound,
    /// The hook `output`.
    Outbound,
}

/// One rule: if all conditions hold, the verdict is given and no later rule is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What must hold.
    pub conditions: Vec<Condition>,
    /// What happens then.
    pub verdict: Verdict,
}

/// What a rule asks of the first packet of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It moves over the loopback interface.
    Loopback,
    /// Its source.
    Source(IpAddr),
    /// Its destination is in one of these networks.
    Destination(Vec<IpNet>),
    /// It is TCP and goes to one of these ports; ranges with both ends.
    Port(Vec<(u16, u16)>),
    /// The process that dials is one of these users.
    User(Vec<u32>),
    /// The process that dials is of this group.
    Group(u32),
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes where it was going.
    Leave,
    /// If it is TCP, it goes to this port of the proxy.
    Redirect(u16),
}

/// DNS goes around the proxy both ways: a server of it would in strict refuse what its clients send around theirs.
const DNS: u16 = 53;

impl Family {
    /// Where the proxy dials its own application from.
    pub fn own_source(self) -> IpAddr {
        match self {
            Self::V4 => INBOUND_SOURCE_V4.into(),
            Self::V6 => INBOUND_SOURCE_V6.into(),
        }
    }

    fn loopback(self) -> IpNet {
        match self {
            Self::V4 => Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into(),
            Self::V6 => Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128).into(),
        }
    }

    fn has(self, network: &IpNet) -> bool {
        matches!(network, IpNet::V4(_)) == (self == Self::V4)
    }
}

impl Plan {
    /// The rules of a chain, in the order in which they are asked.
    pub fn rules(&self, family: Family, direction: Direction) -> Vec<Rule> {
        match direction {
            Direction::Inbound => self.inbound(),
            Direction::Outbound => self.outbound(family),
        }
    }

    fn inbound(&self) -> Vec<Rule> {
        vec![
            leave([Condition::Loopback]),
            leave([around(&self.skip_inbound)]),
            redirect([], INBOUND),
        ]
    }

    fn outbound(&self, family: Family) -> Vec<Rule> {
        use Condition::{Destination, Group, Loopback, Source, User};
        let mut users = self.skip_users.clone();
        users.push(self.user);
        users.sort_unstable();
        users.dedup();
        let mut rules = vec![
            // The proxy dials its own application.
            leave([Loopback, Source(family.own_source())]),
            leave([Loopback, Destination(vec![family.loopback()])]),
            // The proxy has chosen its own pod for a Service: the connection comes in like any other.
            leave([Loopback, around(&self.skip_inbound)]),
            redirect([Loopback, User(vec![self.user])], INBOUND),
            redirect([Loopback, Group(self.group)], INBOUND),
            // Processes of the pod among themselves.
            leave([Loopback]),
            leave([User(users)]),
            leave([Group(self.group)]),
            leave([around(&self.skip_outbound)]),
        ];
        let networks = self.networks(family);
        if !networks.is_empty() {
            rules.push(leave([Destination(networks)]));
        }
        rules.push(redirect([], OUTBOUND));
        rules
    }

    /// The networks of a family, sorted, none within another.
    fn networks(&self, family: Family) -> Vec<IpNet> {
        let all = self.skip_networks.as_slice().iter();
        let all = all.filter_map(|it| IpNet::new(it.address(), it.prefix()).ok());
        let own: Vec<IpNet> = all.filter(|it| family.has(it)).collect();
        let mut merged = IpNet::aggregate(&own);
        merged.sort_unstable();
        merged
    }
}

/// Ports that always go around the proxy, and more of them.
fn around(more: &PortList) -> Condition {
    let always = PortList::of(&[DNS, ADMIN, STATUS]);
    Condition::Port(always.with(more).ranges().to_vec())
}

fn leave<const N: usize>(conditions: [Condition; N]) -> Rule {
    Rule {
        conditions: conditions.into(),
        verdict: Verdict::Leave,
    }
}

fn redirect<const N: usize>(conditions: [Condition; N], port: u16) -> Rule {
    Rule {
        conditions: conditions.into(),
        verdict: Verdict::Redirect(port),
    }
}
