//! Reads addresses.

use std::net::{IpAddr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::config::cursor::Cursor;
use crate::config::model::address::{Address, Network, TcpKeepalive};
use crate::config::model::cluster::Bind;

/// An address to listen on.
pub(super) fn to_listen(cursor: &Cursor<'_>) -> Option<Address> {
    match cursor.message("socket_address") {
        Some(socket) => match address(&socket)? {
            Address::Name(name, _) => {
                let message = format!("`{name}` is no IP address");
                socket.refuse(
                    "address",
                    message,
                    "write an address, such as 127.0.0.1 or `::`",
                );
                None
            }
            address => Some(address),
        },
        None => pipe(cursor),
    }
}

/// An address to dial; names stay names.
pub(super) fn to_dial(cursor: &Cursor<'_>) -> Option<Address> {
    match cursor.message("socket_address") {
        Some(socket) => address(&socket),
        None => pipe(cursor),
    }
}

fn address(socket: &Cursor<'_>) -> Option<Address> {
    let text = socket.text("address")?;
    if let Some(resolver) = socket.text("resolver_name")
        && resolver != "envoy.ip"
    {
        let message = format!("mesh-proxy does not honour the resolver `{resolver}`");
        socket.refuse("resolver_name", message, "remove it");
    }
    // A port that cannot be read was told already, and the rest can still be wrong.
    let port = socket.number("port_value").unwrap_or(0);
    Some(match text.parse::<IpAddr>() {
        Ok(ip) => Address::Socket(SocketAddr::new(ip, port)),
        Err(_) => Address::Name(text.to_owned(), port),
    })
}

fn pipe(cursor: &Cursor<'_>) -> Option<Address> {
    let pipe = cursor.message("pipe")?;
    let path = pipe.text("path")?;
    if path.len() > LONGEST_PIPE {
        let message = format!("a path of {} bytes is too long for a socket", path.len());
        pipe.refuse("path", message, format!("at most {LONGEST_PIPE} bytes"));
    }
    Some(Address::Pipe(
        path.into(),
        pipe.number("mode").filter(|mode| *mode > 0),
    ))
}

/// `sun_path` of unix(7) without its NUL.
const LONGEST_PIPE: usize = 107;

/// An IP address with a port.
fn socket(cursor: &Cursor<'_>, field: &str) -> Option<SocketAddr> {
    let socket = cursor.message(field)?;
    let address = address(&socket)?;
    if let Address::Socket(address) = address {
        return Some(address);
    }
    socket.refuse("address", format!("`{address}` is no IP address"), "");
    None
}

/// Where connections of a cluster come from.
pub(super) fn bind(cluster: &Cursor<'_>) -> Option<Bind> {
    let config = cluster.message("upstream_bind_config")?;
    let extra = config.messages("extra_source_addresses");
    if !config.has("source_address") {
        if !extra.is_empty() {
            let message = "`source_address` is missing, and there are extra ones";
            config.refuse("extra_source_addresses", message, "add it");
        }
        return None;
    }
    let address = socket(&config, "source_address")?;
    if extra.len() > 1 {
        let message = "at most one extra address can be given";
        config.refuse("extra_source_addresses", message, "remove all but one");
    }
    let other = extra
        .first()
        .and_then(|extra| Some((extra, socket(extra, "address")?)));
    if let Some((extra, other)) = other
        && other.is_ipv4() == address.is_ipv4()
    {
        let message = "an extra address must be of another address family than the first";
        extra.refuse("address", message, "one IPv4, one IPv6");
    }
    Some(Bind {
        address,
        other: other.map(|(_, other)| other),
    })
}

/// The networks of a list.
pub(super) fn networks(cursor: &Cursor<'_>, field: &str) -> Vec<Network> {
    cursor.messages(field).iter().filter_map(network).collect()
}

/// A network; without a length none of its bits count, as in Envoy.
pub(super) fn network(cursor: &Cursor<'_>) -> Option<Network> {
    let text = cursor.text("address_prefix")?;
    let length: u8 = cursor.number("prefix_len").unwrap_or(0);
    let Ok(address) = text.parse::<IpAddr>() else {
        cursor.refuse("address_prefix", format!("`{text}` is no IP address"), "");
        return None;
    };
    // Envoy takes a length beyond the address's for its whole.
    let network = match address {
        IpAddr::V4(address) => IpNet::V4(Ipv4Net::new_assert(address, length.min(32))),
        IpAddr::V6(address) => IpNet::V6(Ipv6Net::new_assert(address, length.min(128))),
    };
    Some(Network(network.trunc()))
}

/// TCP keep-alive in a field.
pub(super) fn keepalive(cursor: &Cursor<'_>, field: &str) -> Option<TcpKeepalive> {
    let keepalive = cursor.message(field)?;
    Some(TcpKeepalive {
        probes: keepalive.number("keepalive_probes"),
        time: keepalive.number("keepalive_time"),
        interval: keepalive.number("keepalive_interval"),
    })
}
