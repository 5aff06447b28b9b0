//! The connections that are followed: who dials what, and where that arrives.

use std::net::IpAddr;

use Dialler::{Elsewhere, Pod};
use To::{Localhost, Own, Service, Skipped};

/// The first packet of a connection, or the only one over UDP.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) what: &'static str,
    pub(crate) from: Dialler,
    pub(crate) source: Option<IpAddr>,
    pub(crate) to: IpAddr,
    pub(crate) port: u16,
    pub(crate) udp: bool,
    /// `pod:PORT` or `elsewhere:PORT`.
    pub(crate) expected: &'static str,
}

/// Who dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialler {
    /// A process of the pod with this user and group.
    Pod(u32, u32),
    /// Something outside of the pod.
    Elsewhere,
}

/// The pod's own addresses, and those of everything else.
pub(crate) const POD: [&str; 2] = ["10.77.0.2", "fd77::2"];
pub(crate) const GATEWAY: [&str; 2] = ["10.77.0.1", "fd77::1"];
pub(crate) const SERVICE: [&str; 2] = ["10.96.0.10", "fd96::10"];
pub(crate) const SKIPPED: [&str; 2] = ["10.9.1.1", "fd09::1"];
const LOCALHOST: [&str; 2] = ["127.0.0.1", "::1"];
const OWN_SOURCE: [&str; 2] = ["127.0.0.6", "::6"];

/// Every port that somebody listens on, in the pod and elsewhere.
pub(crate) const PORTS: [u16; 9] = [22, 53, 80, 3306, 8005, 8080, 15001, 15006, 15020];

const APPLICATION: Dialler = Pod(1000, 1000);
const PROXY: Dialler = Pod(1337, 1337);
const OTHER_PROXY: Dialler = Pod(2000, 2000);

/// What it is, who dials, where to, the port, where it arrives.
type Row = (&'static str, Dialler, To, u16, &'static str);

/// Where a connection goes, over either version of IP.
#[derive(Debug, Clone, Copy)]
enum To {
    Service,
    Own,
    Localhost,
    Skipped,
}

/// With nothing but the proxy's user and group.
#[rustfmt::skip]
const PLAIN: &[Row] = &[
    ("application to a service", APPLICATION, Service, 80, "pod:15001"),
    ("application to a database", APPLICATION, Service, 3306, "pod:15001"),
    ("root to a service", Pod(0, 0), Service, 8080, "pod:15001"),
    ("application to its own pod's address", APPLICATION, Own, 8080, "pod:8080"),
    ("application to localhost", APPLICATION, Localhost, 8080, "pod:8080"),
    ("proxy to a service", PROXY, Service, 80, "elsewhere:80"),
    ("proxy by its group alone", Pod(1000, 1337), Service, 80, "elsewhere:80"),
    ("proxy to its own pod, chosen for a service", PROXY, Own, 8080, "pod:15006"),
    ("proxy by its group alone to its own pod", Pod(0, 1337), Own, 8080, "pod:15006"),
    ("proxy to localhost", PROXY, Localhost, 8080, "pod:8080"),
    ("proxy to its own status", PROXY, Own, 15020, "pod:15020"),
    ("client to the application", Elsewhere, Own, 8080, "pod:15006"),
    ("kubelet to a probe of the application", Elsewhere, Own, 80, "pod:15006"),
    ("kubelet to the sidecar's own probe", Elsewhere, Own, 15020, "pod:15020"),
    ("client to the outbound port", Elsewhere, Own, 15001, "pod:15006"),
    ("client to a DNS server in the pod", Elsewhere, Own, 53, "pod:53"),
    ("application to DNS over TCP", APPLICATION, Service, 53, "elsewhere:53"),
    ("application to another pod's status", APPLICATION, Service, 15020, "elsewhere:15020"),
];

/// The same over UDP: nothing of it is redirected.
#[rustfmt::skip]
const DATAGRAMS: &[Row] = &[
    ("application to DNS", APPLICATION, Service, 53, "elsewhere:53"),
    ("application over UDP", APPLICATION, Service, 80, "elsewhere:80"),
];

/// With every kind of exception.
#[rustfmt::skip]
const EXCEPTIONS: &[Row] = &[
    ("application to a service", APPLICATION, Service, 80, "pod:15001"),
    ("another mesh's user", PROXY, Service, 80, "pod:15001"),
    ("proxy to a service", OTHER_PROXY, Service, 80, "elsewhere:80"),
    ("proxy by its group", Pod(0, 3000), Service, 80, "elsewhere:80"),
    ("a user that is let go", Pod(4000, 4000), Service, 80, "elsewhere:80"),
    ("a user that is let go, to its own pod", Pod(4000, 4000), Own, 8080, "pod:8080"),
    ("a port that is left out", APPLICATION, Service, 3306, "elsewhere:3306"),
    ("a network that is left out", APPLICATION, Skipped, 80, "elsewhere:80"),
    ("an inbound port that is left out", Elsewhere, Own, 22, "pod:22"),
    ("one of a range that is left out", Elsewhere, Own, 8005, "pod:8005"),
    ("proxy to its own pod's port that is left out", OTHER_PROXY, Own, 8005, "pod:8005"),
    ("an inbound port that is none of them", Elsewhere, Own, 3306, "pod:15006"),
    ("an inbound port, on the way out", APPLICATION, Service, 22, "pod:15001"),
];

/// The connections of a plan, over IPv4 and IPv6.
pub(crate) fn packets(plan: &str) -> Vec<Packet> {
    let over = |family| packets_over(family, plan);
    [0, 1].into_iter().flat_map(over).collect()
}

fn packets_over(family: usize, plan: &str) -> Vec<Packet> {
    let packet = |udp: bool| {
        move |&(what, from, to, port, expected): &Row| {
            let addresses = match to {
                Service => SERVICE,
                Own => POD,
                Localhost => LOCALHOST,
                Skipped => SKIPPED,
            };
            let to = addresses[family].parse().expect("a constant address");
            Packet {
                what,
                from,
                source: None,
                to,
                port,
                udp,
                expected,
            }
        }
    };
    if plan != "plain" {
        return EXCEPTIONS.iter().map(packet(false)).collect();
    }
    let mut all: Vec<Packet> = PLAIN.iter().map(packet(false)).collect();
    all.extend(DATAGRAMS.iter().map(packet(true)));
    let mut own = packet(false)(&("proxy to its application", PROXY, Own, 8080, "pod:8080"));
    own.source = Some(OWN_SOURCE[family].parse().expect("a constant address"));
    all.push(own);
    all
}
