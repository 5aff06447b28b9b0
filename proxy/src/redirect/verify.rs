//! Proves that rules are in place: they are read back, and a connection is dialled that must end at the proxy's port.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use mesh_api::ports::OUTBOUND;

use super::program::{self, Failure};
use super::rules::{Family, Plan};
use super::{iptables as legacy, nft as tables};

/// How long a connection to this host may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the tables of nft are as planned.
///
/// # Errors
/// They cannot be read, or they are not: the first lines that differ.
pub(super) fn nft(plan: &Plan, families: &[Family]) -> Result<(), Failure> {
    for family in families {
        let name = tables::name(*family);
        let list = ["--numeric-priority", "list", "table", name, tables::TABLE];
        let found = match program::run(tables::PROGRAM, &list, "") {
            Err(Failure::Other(said)) if said.contains("No such file or directory") => {
                String::new()
            }
            other => other?,
        };
        let wanted = tables::table(plan, *family);
        let found: Vec<&str> = found.lines().map(str::trim).collect();
        let wanted: Vec<&str> = wanted.lines().map(str::trim).collect();
        differ(name, &wanted, &found)?;
    }
    Ok(())
}

/// Whether the chains of iptables are as planned.
///
/// # Errors
/// They cannot be read, or they are not: what is missing.
pub(super) fn iptables(plan: &Plan, families: &[Family]) -> Result<(), Failure> {
    for family in families {
        let missing = legacy::missing(plan, *family, &legacy::present(*family)?);
        if let Some(line) = missing.first() {
            let more = missing.len() - 1;
            return Err(Failure::Other(format!(
                "not redirected: missing in {}: `{line}` and {more} more",
                tables::name(*family)
            )));
        }
    }
    Ok(())
}

fn differ(family: &str, wanted: &[&str], found: &[&str]) -> Result<(), Failure> {
    if wanted == found {
        return Ok(());
    }
    let missing = wanted.iter().find(|it| !found.contains(it));
    let strange = found.iter().find(|it| !wanted.contains(it));
    let text = match (found.is_empty(), missing, strange) {
        (true, ..) => format!(
            "not redirected: there is no table {family} {}",
            tables::TABLE
        ),
        (_, Some(line), _) => format!("not redirected as asked: {family} lacks `{line}`"),
        (_, _, Some(line)) => format!("not redirected as asked: {family} has `{line}` too"),
        _ => format!("not redirected as asked: the rules of {family} are in another order"),
    };
    Err(Failure::Other(text))
}

/// Dials an address that is nobody's (RFC 5737, RFC 3849): it must be this process that answers, on the proxy's port.
/// Where something listens on that port already, that it was reached is the proof.
///
/// # Errors
/// The connection went another way.
pub(super) fn outbound(families: &[Family]) -> Result<(), Failure> {
    for family in families {
        let (own, nobody): (IpAddr, IpAddr) = match family {
            Family::V4 => (
                Ipv4Addr::LOCALHOST.into(),
                Ipv4Addr::new(192, 0, 2, 1).into(),
            ),
            Family::V6 => (
                Ipv6Addr::LOCALHOST.into(),
                Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
            ),
        };
        let listener = match TcpListener::bind((own, OUTBOUND)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => None,
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => continue,
            other => Some(other.map_err(|it| Failure::Other(format!("{own}:{OUTBOUND}: {it}")))?),
        };
        match TcpStream::connect_timeout(&SocketAddr::new(nobody, 80), PATIENCE) {
            // Without a route no rule is asked: the rules were read, and nothing can be dialled anyway.
            Err(error) if error.kind() == io::ErrorKind::NetworkUnreachable => {}
            Err(error) => {
                return Err(Failure::Other(format!(
                    "not redirected: a connection to {nobody} did not reach port {OUTBOUND}: {error}"
                )));
            }
            Ok(stream) => arrived(listener.as_ref(), &stream)
                .map_err(|it| Failure::Other(format!("port {OUTBOUND}: {it}")))?,
        }
    }
    Ok(())
}

/// The connection that came is the one that was dialled.
fn arrived(listener: Option<&TcpListener>, stream: &TcpStream) -> io::Result<()> {
    let Some(listener) = listener else {
        return Ok(());
    };
    listener.set_nonblocking(true)?;
    let (_, peer) = listener.accept()?;
    if peer == stream.local_addr()? {
        return Ok(());
    }
    Err(io::Error::other(
        "another connection came than the one that was dialled",
    ))
}
