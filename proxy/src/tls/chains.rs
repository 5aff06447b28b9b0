//! Finds the filter chain for a connection.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::config::model::address::Network;
use crate::config::model::listener::{FilterChainMatch, SourceType};

/// Filter chains by what connections they take, compiled once. Each criterion is decided before the
/// next is looked at, and there is no way back: a chain for a port hides those for all ports.
#[derive(Debug, Default)]
pub struct Chains {
    ports: HashMap<Option<u16>, ByDestination>,
}

/// What is known of a connection before its chain is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// Where it goes, before redirection; nothing for a Unix socket.
    pub destination: Option<SocketAddr>,
    /// Where it comes from; nothing for a Unix socket.
    pub source: Option<SocketAddr>,
    /// The peer that connected, which differs from `source` behind another proxy.
    pub direct_source: Option<IpAddr>,
    /// SNI in lower case; empty without one.
    pub server_name: &'a str,
    /// `tls` if the TLS inspector found that, else `raw_buffer`.
    pub transport_protocol: &'a str,
    /// Protocols that are offered by ALPN, or the one that the HTTP inspector found.
    pub application_protocols: &'a [&'a [u8]],
}

type ByDestination = Prefixes<ByName>;
type ByName = HashMap<String, ByTransport>;
type ByTransport = HashMap<String, ByApplication>;
type ByApplication = HashMap<Vec<u8>, ByDirectSource>;
type ByDirectSource = Prefixes<BySourceType>;
type BySourceType = [Option<BySource>; 3];
type BySource = Prefixes<BySourcePort>;
type BySourcePort = HashMap<Option<u16>, usize>;

impl Chains {
    /// Compiles what chains match, in their order. Where two match the same, the first one counts;
    /// the configuration has none such.
    pub fn new<'a>(matchers: impl IntoIterator<Item = &'a FilterChainMatch>) -> Self {
        let mut chains = Self::default();
        for (index, matcher) in matchers.into_iter().enumerate() {
            chains.add(matcher, index);
        }
        chains
    }

    /// The place of the chain that takes a connection; without one, the default chain takes it, or
    /// it is closed.
    pub fn find(&self, incoming: &Incoming<'_>) -> Option<usize> {
        let address = |socket: Option<SocketAddr>| socket.map_or(UNKNOWN, |socket| socket.ip());
        let port = incoming.destination.map(|destination| destination.port());
        let exact = port.and_then(|port| self.ports.get(&Some(port)));
        let destinations = exact.or_else(|| self.ports.get(&None))?;
        let names = destinations.longest(address(incoming.destination))?;
        let transports = by_name(names, incoming.server_name)?;
        let transport = transports.get(incoming.transport_protocol);
        let applications = transport.or_else(|| transports.get(""))?;
        let offered = incoming.application_protocols.iter();
        let application = offered.into_iter().find_map(|name| applications.get(*name));
        let direct_sources = application.or_else(|| applications.get(&b""[..]))?;
        let kinds = direct_sources.longest(incoming.direct_source.unwrap_or(UNKNOWN))?;
        let sources = by_source_type(kinds, incoming)?;
        let ports = sources.longest(address(incoming.source))?;
        let port = incoming.source.map(|source| source.port());
        let exact = port.and_then(|port| ports.get(&Some(port)));
        exact.or_else(|| ports.get(&None)).copied()
    }

    fn add(&mut self, matcher: &FilterChainMatch, index: usize) {
        let any = |names: &[String]| match names {
            [] => vec![String::new()],
            names => names.to_vec(),
        };
        // What is named is matched by its last labels: `*.a.b` is `.a.b`.
        let names = any(&matcher.server_names).into_iter();
        let names: Vec<_> = names
            .map(|name| name.strip_prefix('*').map(str::to_owned).unwrap_or(name))
            .collect();
        let protocols = any(&matcher.application_protocols);
        let kind = matcher.source_type as usize;
        for destination in networks(&matcher.destinations) {
            let destinations = self.ports.entry(matcher.destination_port).or_default();
            let by_name = destinations.entry(destination);
            for name in &names {
                let by_transport = by_name.entry(name.clone()).or_default();
                let transport = matcher.transport_protocol.clone();
                let by_application = by_transport.entry(transport).or_default();
                for protocol in &protocols {
                    let protocol = protocol.clone().into_bytes();
                    let by_direct = by_application.entry(protocol).or_default();
                    for direct in networks(&matcher.direct_sources) {
                        let sources = by_direct.entry(direct)[kind].get_or_insert_default();
                        add_sources(sources, matcher, index);
                    }
                }
            }
        }
    }
}

/// What stands for the address of a Unix socket.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

fn add_sources(sources: &mut BySource, matcher: &FilterChainMatch, index: usize) {
    for network in networks(&matcher.sources) {
        let ports = sources.entry(network);
        let given = matcher.source_ports.iter().copied().map(Some);
        let all = matcher.source_ports.is_empty().then_some(None);
        for port in given.chain(all) {
            ports.entry(port).or_insert(index);
        }
    }
}

/// The networks, or all addresses without one.
fn networks(networks: &[Network]) -> Vec<IpNet> {
    match networks {
        [] => vec![IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())],
        networks => networks.iter().map(|network| network.0.trunc()).collect(),
    }
}

/// By the whole name, then by ever fewer of its last labels, then without a name.
fn by_name<'a>(names: &'a ByName, server_name: &str) -> Option<&'a ByTransport> {
    if let Some(found) = names.get(server_name) {
        return Some(found);
    }
    // The first label is never empty, and a last dot names nothing.
    let dots = server_name
        .char_indices()
        .skip(1)
        .filter(|(_, character)| *character == '.');
    let mut parents = dots
        .map(|(at, _)| &server_name[at..])
        .take_while(|name| name.len() > 1);
    parents
        .find_map(|parent| names.get(parent))
        .or_else(|| names.get(""))
}

fn by_source_type<'a>(kinds: &'a BySourceType, incoming: &Incoming<'_>) -> Option<&'a BySource> {
    let [any, local, external] = kinds;
    let chosen = match (local, external) {
        (None, None) => None,
        _ if is_local(incoming) => local.as_ref(),
        _ => external.as_ref(),
    };
    chosen.or(any.as_ref())
}

/// Whether a connection comes from this host.
fn is_local(incoming: &Incoming<'_>) -> bool {
    let (Some(source), Some(destination)) = (incoming.source, incoming.destination) else {
        return true;
    };
    let source = source.ip().to_canonical();
    source == destination.ip().to_canonical() || source.is_loopback()
}

const _: () = assert!(
    SourceType::Any as usize == 0
        && SourceType::SameIpOrLoopback as usize == 1
        && SourceType::External as usize == 2
);

/// Values by network; the longest prefix wins.
#[derive(Debug)]
struct Prefixes<T> {
    /// By length of the prefix, the longest first.
    lengths: Vec<(u8, HashMap<IpNet, T>)>,
}

impl<T> Default for Prefixes<T> {
    fn default() -> Self {
        Self {
            lengths: Vec::new(),
        }
    }
}

impl<T: Default> Prefixes<T> {
    fn entry(&mut self, network: IpNet) -> &mut T {
        let length = network.prefix_len();
        let place = self
            .lengths
            .binary_search_by(|(other, _)| length.cmp(other));
        let place = place.unwrap_or_else(|place| {
            self.lengths.insert(place, (length, HashMap::new()));
            place
        });
        self.lengths[place].1.entry(network).or_default()
    }

    fn longest(&self, address: IpAddr) -> Option<&T> {
        let address = address.to_canonical();
        self.lengths.iter().find_map(|(length, networks)| {
            let network = IpNet::new(address, *length).ok()?;
            networks.get(&network.trunc())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut FilterChainMatch);

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts
            .iter()
            .map(|text| Network(text.parse().unwrap()))
            .collect()
    }

    fn names(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn chains(changes: &[Change]) -> Chains {
        let matchers: Vec<_> = changes
            .iter()
            .map(|change| {
                let mut matcher = FilterChainMatch::default();
                change(&mut matcher);
                matcher
            })
            .collect();
        Chains::new(&matchers)
    }

    fn incoming() -> Incoming<'static> {
        Incoming {
            destination: Some("10.0.0.1:80".parse().unwrap()),
            source: Some("10.9.9.9:4000".parse().unwrap()),
            direct_source: Some("10.9.9.9".parse().unwrap()),
            server_name: "",
            transport_protocol: "raw_buffer",
            application_protocols: &[],
        }
    }

    #[test]
    fn a_chain_for_a_port_hides_all_others() {
        let found = chains(&[
            |_| {},
            |chain| {
                chain.destination_port = Some(80);
                chain.transport_protocol = "tls".into();
            },
        ]);
        assert_eq!(found.find(&incoming()), None);
        let tls = Incoming {
            transport_protocol: "tls",
            ..incoming()
        };
        assert_eq!(found.find(&tls), Some(1));
        let other = Incoming {
            destination: Some("10.0.0.1:81".parse().unwrap()),
            ..tls
        };
        assert_eq!(found.find(&other), Some(0));
        assert_eq!(
            found.find(&Incoming {
                destination: None,
                ..tls
            }),
            Some(0)
        );
    }

    #[test]
    fn the_longest_prefix_wins_in_each_family() {
        let found = chains(&[
            |chain| chain.destinations = networks(&["10.0.0.0/8", "fd00::/8"]),
            |chain| chain.destinations = networks(&["10.0.0.0/24"]),
            |chain| chain.destinations = networks(&["10.0.0.1/32", "fd00::1/128"]),
            |chain| chain.destinations = networks(&["0.0.0.0/0"]),
        ]);
        for (address, expected) in [
            ("10.1.0.1:1", Some(0)),
            ("10.0.0.2:1", Some(1)),
            ("10.0.0.1:1", Some(2)),
            ("11.0.0.1:1", Some(3)),
            ("[::ffff:10.0.0.1]:1", Some(2)),
            ("[fd00::1]:1", Some(2)),
            ("[fd00::2]:1", Some(0)),
            ("[fe00::2]:1", None),
        ] {
            let destination = Some(address.parse().unwrap());
            let incoming = Incoming {
                destination,
                ..incoming()
            };
            assert_eq!(found.find(&incoming), expected, "{address}");
        }
    }

    #[test]
    fn names_go_from_the_whole_to_ever_fewer_labels() {
        let found = chains(&[
            |chain| chain.server_names = names(&["a.b.c", "d.c"]),
            |chain| chain.server_names = names(&["*.b.c"]),
            |chain| chain.server_names = names(&["*.c"]),
            |chain| chain.transport_protocol = "tls".into(),
        ]);
        for (server_name, expected) in [
            ("a.b.c", Some(0)),
            ("d.c", Some(0)),
            ("x.b.c", Some(1)),
            ("y.x.b.c", Some(1)),
            ("b.c", Some(2)),
            ("c", None),
            ("", None),
            ("x.d", None),
        ] {
            let incoming = Incoming {
                server_name,
                ..incoming()
            };
            assert_eq!(found.find(&incoming), expected, "{server_name}");
            let tls = Incoming {
                transport_protocol: "tls",
                ..incoming
            };
            assert_eq!(found.find(&tls), expected.or(Some(3)), "{server_name}");
        }
    }

    #[test]
    fn any_offered_protocol_counts_the_first_one_first() {
        let found = chains(&[
            |chain| chain.application_protocols = names(&["meshctl"]),
            |chain| chain.application_protocols = names(&["h2", "http/1.1"]),
            |_| {},
        ]);
        let cases: [(&[&[u8]], usize); 5] = [
            (&[b"meshctl", b"h2"], 0),
            (&[b"h2", b"meshctl"], 1),
            (&[b"other", b"meshctl"], 0),
            (&[b"other"], 2),
            (&[], 2),
        ];
        for (application_protocols, expected) in cases {
            let incoming = Incoming {
                application_protocols,
                ..incoming()
            };
            assert_eq!(found.find(&incoming), Some(expected));
        }
    }

    #[test]
    fn sources_come_last() {
        let found = chains(&[
            |chain| chain.source_type = SourceType::SameIpOrLoopback,
            |chain| {
                chain.source_type = SourceType::External;
                chain.sources = networks(&["10.9.0.0/16"]);
                chain.source_ports = vec![4000, 4001];
            },
            |chain| {
                chain.source_type = SourceType::External;
                chain.sources = networks(&["10.9.0.0/16"]);
            },
            |_| {},
            |chain| chain.direct_sources = networks(&["10.8.0.0/16"]),
        ]);
        let from = |source: &str| Incoming {
            source: Some(source.parse().unwrap()),
            ..incoming()
        };
        assert_eq!(found.find(&from("10.9.9.9:4001")), Some(1));
        assert_eq!(found.find(&from("10.9.9.9:4002")), Some(2));
        assert_eq!(found.find(&from("127.0.0.1:4001")), Some(0));
        assert_eq!(found.find(&from("10.0.0.1:4001")), Some(0));
        // There are chains for strangers, so those for everybody are not looked at.
        assert_eq!(found.find(&from("11.0.0.1:4001")), None);
        let direct_source = Some("10.8.0.1".parse().unwrap());
        assert_eq!(
            found.find(&Incoming {
                direct_source,
                ..incoming()
            }),
            Some(4)
        );
        assert_eq!(chains(&[]).find(&incoming()), None);
    }
}
