//! Opens sockets: to listen on, one a worker, and to upstreams.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::config::model::address;
use crate::config::model::cluster::Bind;
use crate::config::model::listener::Listener;

/// Connections that wait to be accepted where nothing else is said: what the kernel allows.
const BACKLOG: i32 = 4096;

/// Binds a listener's address once for each worker: the kernel spreads connections among them (`SO_REUSEPORT`). Nothing
/// is accepted before [`start`].
///
/// # Errors
/// The address cannot be bound, such as when its port is in use.
pub fn bind(listener: &Listener, address: SocketAddr, workers: usize) -> io::Result<Vec<Socket>> {
    let mut bound = Vec::with_capacity(workers);
    let mut address = address;
    for _ in 0..workers {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_nonblocking(true)?;
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        if listener.freebind == Some(true) && address.is_ipv4() {
            socket.set_freebind_v4(true)?;
        }
        if listener.transparent == Some(true) && address.is_ipv4() {
            socket.set_ip_transparent_v4(true)?;
        }
        if bound.is_empty() {
            refuse_if_taken(address)?;
        }
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
        if let Some(keepalive) = listener.keepalive {
            keep_alive(&SockRef::from(&socket), keepalive)?;
        }
        // Port 0 stands for any free port: all workers take the one that the first was given.
        if let Some(given) = socket.local_addr()?.as_socket() {
            address = given;
        }
        bound.push(socket);
    }
    Ok(bound)
}

/// `SO_REUSEPORT` would share a port with another process of the same user, and each would get a part of its
/// connections: a socket without it finds that out.
fn refuse_if_taken(address: SocketAddr) -> io::Result<()> {
    if address.port() == 0 {
        return Ok(());
    }
    let probe = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    probe.set_reuse_address(true)?;
    if address.is_ipv6() {
        probe.set_only_v6(true)?;
    }
    probe.set_freebind_v4(address.is_ipv4())?;
    probe.bind(&address.into())
}

/// Begins to take connections. A runtime must run.
///
/// # Errors
/// The kernel refuses.
pub fn start(socket: Socket, backlog: Option<u32>) -> io::Result<TcpListener> {
    let backlog = backlog.and_then(|it| i32::try_from(it).ok());
    socket.listen(backlog.unwrap_or(BACKLOG))?;
    TcpListener::from_std(socket.into())
}

/// Why no connection came to be.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It took too long.
    #[error("connecting took longer than {0:?}")]
    Timeout(Duration),
    /// The kernel or the peer refused.
    #[error(transparent)]
    Refused(#[from] io::Error),
}

/// Connects to an upstream.
///
/// # Errors
/// It takes too long, or is refused.
pub async fn connect(
    address: SocketAddr,
    bind: Option<&Bind>,
    keepalive: Option<address::TcpKeepalive>,
    timeout: Duration,
) -> Result<TcpStream, ConnectError> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_nodelay(true)?;
    if let Some(keepalive) = keepalive {
        keep_alive(&SockRef::from(&socket), keepalive)?;
    }
    if let Some(bind) = bind {
        let from = bind.to(address);
        if from.is_ipv4() == address.is_ipv4() {
            socket.bind(from)?;
        }
    }
    match tokio::time::timeout(timeout, socket.connect(address)).await {
        Ok(connected) => Ok(connected?),
        Err(_) => Err(ConnectError::Timeout(timeout)),
    }
}

fn keep_alive(socket: &SockRef<'_>, settings: address::TcpKeepalive) -> io::Result<()> {
    let mut wanted = TcpKeepalive::new();
    let seconds = |it| Duration::from_secs(u64::from(it));
    if let Some(time) = settings.time {
        wanted = wanted.with_time(seconds(time));
    }
    if let Some(interval) = settings.interval {
        wanted = wanted.with_interval(seconds(interval));
    }
    if let Some(probes) = settings.probes {
        wanted = wanted.with_retries(probes);
    }
    socket.set_tcp_keepalive(&wanted)
}

/// The address by which this machine reaches others, if it has one. Nothing is sent.
pub fn own_address() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address for documentation (RFC 5737): only the route to it is looked up.
    socket
        .connect((std::net::Ipv4Addr::new(198, 51, 100, 1), 9))
        .ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback()).then_some(address)
}

/// This machine's name; empty if it cannot be read.
pub fn own_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.unwrap_or_default().trim_end().to_owned()
}

/// Where a redirected connection was going (`SO_ORIGINAL_DST`); nothing if it was not redirected.
pub fn original_destination(stream: &TcpStream) -> Option<SocketAddr> {
    let local = stream.local_addr().ok()?;
    let socket = SockRef::from(stream);
    let original = match local.ip() {
        IpAddr::V4(_) => socket.original_dst_v4(),
        IpAddr::V6(_) => socket.original_dst_v6(),
    };
    original.ok()?.as_socket()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free() -> SocketAddr {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap()
    }

    #[tokio::test]
    async fn a_refused_connection_is_told_from_a_slow_one() {
        let refused = connect(free(), None, None, Duration::from_secs(5)).await;
        let Err(ConnectError::Refused(error)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn a_connection_comes_from_where_it_is_told_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bind = Bind {
            address: "127.0.0.6:0".parse().unwrap(),
            other: None,
        };
        let address = listener.local_addr().unwrap();
        let near = connect(address, Some(&bind), None, Duration::from_secs(5)).await;
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.ip().to_string(), "127.0.0.6");
        drop(near);
    }

    #[tokio::test]
    async fn a_port_that_another_process_may_share_counts_as_taken() {
        let first = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        first.set_reuse_port(true).unwrap();
        first
            .bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into())
            .unwrap();
        first.listen(1).unwrap();
        let address = first.local_addr().unwrap().as_socket().unwrap();
        let error = refuse_if_taken(address).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
