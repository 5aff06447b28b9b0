//! Addresses to listen on and to dial.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// An IP address with a port; port 0 to listen on any.
    Socket(SocketAddr),
    /// A name to be resolved, with a port.
    Name(String, u16),
    /// A Unix socket; an abstract one begins with `@`. The mode is that of the file, if given.
    Pipe(PathBuf, Option<u32>),
}

impl fmt::Display for Address {
    /// As Envoy writes addresses: `127.0.0.1:80`, `[::1]:80`, `name:80`, the path of a socket.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(formatter),
            Self::Name(name, port) => write!(formatter, "{name}:{port}"),
            Self::Pipe(path, _) => path.display().fmt(formatter),
        }
    }
}

/// Addresses that share their first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(pub ipnet::IpNet);

impl Network {
    /// Whether an address is one of them. An IPv4 address in IPv6 form is taken as IPv4, as Envoy's
    /// sockets give it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// Keeps idle TCP connections alive; what is not given is left to the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TcpKeepalive {
    /// How many probes may go unanswered.
    pub probes: Option<u32>,
    /// Seconds of silence before the first probe.
    pub time: Option<u32>,
    /// Seconds between probes.
    pub interval: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn networks_hold_addresses() {
        let network = Network("10.0.0.0/8".parse().unwrap());
        assert!(network.contains("10.1.2.3".parse().unwrap()));
        assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!network.contains("11.0.0.1".parse().unwrap()));
        assert!(!network.contains("::1".parse().unwrap()));
    }
}
