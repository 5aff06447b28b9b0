//! Reads and writes `x-forwarded-for` and tells who the client is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::model::address::Address;
use crate::config::model::http::ForwardedFor;
use crate::http::headers::Headers;
use crate::http::text::Short;

/// The client that `x-forwarded-for` names, and whether it names only this one.
pub(super) fn named(headers: &Headers, skip: u32) -> (Option<Address>, bool) {
    let Some(mut list) = headers.get(b"x-forwarded-for") else {
        return (None, false);
    };
    for _ in 0..skip {
        let Some(comma) = memchr::memrchr(b',', list) else {
            return (None, false);
        };
        list = &list[..comma];
    }
    let comma = memchr::memrchr(b',', list);
    if let Some(comma) = comma
        && comma + 1 < list.len()
    {
        list = &list[comma + 1..];
    }
    let text = std::str::from_utf8(list.trim_ascii()).unwrap_or_default();
    match text.parse::<IpAddr>() {
        Ok(address) => {
            let single = comma.is_none() && skip == 0;
            (Some(Address::Socket(SocketAddr::new(address, 0))), single)
        }
        Err(_) => (None, false),
    }
}

/// Adds the peer; for a peer on this machine, the machine's own address.
pub(super) fn append(headers: &mut Headers, peer: &Address, own: Option<IpAddr>) {
    let Address::Socket(peer) = peer else {
        return;
    };
    let address = if is_loopback(peer.ip()) {
        own.unwrap_or(peer.ip())
    } else {
        peer.ip()
    };
    headers.append(b"x-forwarded-for", b",", Short::new(address).as_bytes());
}

/// Whether an address counts as internal: without configuration none does (since Envoy 1.33).
pub(super) fn is_internal(address: &Address, options: &ForwardedFor) -> bool {
    let ip = match address {
        Address::Socket(address) => address.ip(),
        Address::Pipe(..) => return options.internal_unix_sockets,
        Address::Name(..) => return false,
    };
    options.internal.iter().any(|network| network.contains(ip))
}

fn is_loopback(address: IpAddr) -> bool {
    address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
}
