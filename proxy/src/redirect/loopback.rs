//! Adds the address from which the proxy dials its own application over IPv6: unlike `127.0.0.6`, `::6` is on no
//! interface by itself.

use std::io;
use std::net::Ipv6Addr;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{bind, recv, sendto, socket_with};

/// `NETLINK_ROUTE`, which is 0 and so the family's first.
const ROUTE: Option<Protocol> = None;
/// Numbers of `linux/rtnetlink.h`, `linux/netlink.h` and `linux/if_addr.h`.
const NEW_ADDRESS: u16 = 20;
const REQUEST_ACK_CREATE: u16 = 0x1 | 0x4 | 0x400;
const ERROR: u16 = 2;
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const INET6: u8 = 10;
const LOOPBACK_INDEX: u32 = 1;
const HOST_SCOPE: u8 = 254;
/// No detection of duplicates: the address can be used at once.
const NO_DAD: u8 = 0x02;
const EXISTS: i32 = 17;

/// Adds an address to the interface `lo`; one that is there already is no error.
///
/// # Errors
/// The kernel refuses, which without `NET_ADMIN` it does.
pub(super) fn add(address: Ipv6Addr) -> io::Result<()> {
    let family = AddressFamily::NETLINK;
    let socket = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, ROUTE)?;
    bind(&socket, &SocketAddrNetlink::new(0, 0))?;
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&socket, &request(address), SendFlags::empty(), &kernel)?;
    let mut answer = [0; 1024];
    let (length, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    outcome(&answer[..length])
}

fn request(address: Ipv6Addr) -> Vec<u8> {
    let mut body = vec![INET6, 128, NO_DAD, HOST_SCOPE];
    body.extend(LOOPBACK_INDEX.to_ne_bytes());
    for kind in [LOCAL, ADDRESS] {
        body.extend(20u16.to_ne_bytes());
        body.extend(kind.to_ne_bytes());
        body.extend(address.octets());
    }
    let length = u32::try_from(16 + body.len()).unwrap_or(u32::MAX);
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(NEW_ADDRESS.to_ne_bytes());
    message.extend(REQUEST_ACK_CREATE.to_ne_bytes());
    // Sequence number and port.
    message.extend(1u32.to_ne_bytes());
    message.extend(0u32.to_ne_bytes());
    message.extend(body);
    message
}

/// An acknowledgement is an error with the number 0.
fn outcome(answer: &[u8]) -> io::Result<()> {
    let kind = answer
        .get(4..6)
        .map(|it| u16::from_ne_bytes([it[0], it[1]]));
    let code = answer
        .get(16..20)
        .map(|it| i32::from_ne_bytes([it[0], it[1], it[2], it[3]]));
    match (kind, code) {
        (Some(ERROR), Some(0)) => Ok(()),
        (Some(ERROR), Some(code)) if code == -EXISTS => Ok(()),
        (Some(ERROR), Some(code)) => Err(io::Error::from_raw_os_error(-code)),
        _ => Err(io::Error::other(
            "the kernel's answer about an address cannot be read",
        )),
    }
}
