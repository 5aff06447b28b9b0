//! Values that are lists: ports, networks, egress targets.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::InvalidSetting;
use super::value::SettingValue;

/// Ports and ranges of ports, sorted and merged. May be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortList(Vec<(u16, u16)>);

impl PortList {
    /// The list of single `ports`.
    pub fn of(ports: &[u16]) -> Self {
        Self::merged(ports.iter().map(|port| (*port, *port)).collect())
    }

    /// Whether `port` is in the list.
    pub fn contains(&self, port: u16) -> bool {
        self.0
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&port))
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These ports and those.
    #[must_use]
    pub fn with(&self, more: &Self) -> Self {
        Self::merged([&*self.0, &more.0].concat())
    }

    /// The ranges, both ends included, sorted, not touching each other.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.0
    }

    fn merged(mut ranges: Vec<(u16, u16)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if u32::from(first) <= u32::from(before.1) + 1 => {
                    before.1 = before.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }
}

impl fmt::Display for PortList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(formatter, &self.0, |formatter, (first, last)| {
            if first == last {
                write!(formatter, "{first}")
            } else {
                write!(formatter, "{first}-{last}")
            }
        })
    }
}

impl SettingValue for PortList {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        let ranges = items(text, "a port such as 8080, or a range such as 8000-8100")?
            .into_iter()
            .map(|(at, item)| port_range(at, item))
            .collect::<Result<_, _>>()?;
        Ok(Self::merged(ranges))
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl FromStr for PortList {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        Self::parse(text)
    }
}

/// A network; bits behind the prefix are cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// The network's address.
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// How many leading bits count: up to 32 or 128.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    fn new(address: IpAddr, prefix: u8) -> Self {
        let address = match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                Ipv4Addr::from(u32::from(address) & mask).into()
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                Ipv6Addr::from(u128::from(address) & mask).into()
            }
        };
        Self { address, prefix }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

/// Networks, in the order given. May be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CidrList(Vec<Cidr>);

impl CidrList {
    /// The networks.
    pub fn as_slice(&self) -> &[Cidr] {
        &self.0
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for CidrList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(formatter, &self.0, |formatter, cidr| {
            write!(formatter, "{cidr}")
        })
    }
}

impl SettingValue for CidrList {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        items(
            text,
            "an address such as 10.1.2.3, or a network such as 10.0.0.0/8 or fd00::/8",
        )?
        .into_iter()
        .map(|(at, item)| cidr(at, item))
        .collect::<Result<_, _>>()
        .map(Self)
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl FromStr for CidrList {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        Self::parse(text)
    }
}

/// What a pod calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EgressTarget {
    /// `*`: every service of the cluster.
    Everything,
    /// `namespace`: every service of one namespace.
    Namespace(String),
    /// `namespace/service`: one service.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for EgressTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => formatter.write_str("*"),
            Self::Namespace(namespace) => formatter.write_str(namespace),
            Self::Service { namespace, name } => write!(formatter, "{namespace}/{name}"),
        }
    }
}

/// What a pod calls, beside its own namespace. May be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EgressList(Vec<EgressTarget>);

impl EgressList {
    /// The targets.
    pub fn as_slice(&self) -> &[EgressTarget] {
        &self.0
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for EgressList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(formatter, &self.0, |formatter, target| {
            write!(formatter, "{target}")
        })
    }
}

impl SettingValue for EgressList {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        items(text, "a namespace, namespace/service or *")?
            .into_iter()
            .map(|(at, item)| egress_target(at, item))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

/// Checks that `text`, which begins at byte `at`, is a DNS label (RFC 1123) called `what`.
pub(crate) fn check_label(at: usize, text: &str, what: &str) -> Result<(), InvalidSetting> {
    let expected =
        format!("{what} is at most 63 of a-z, 0-9 and `-`, and begins and ends with a-z or 0-9");
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let wrong = if text.is_empty() || text.starts_with('-') {
        Some(0)
    } else if let Some(position) = text.bytes().position(|byte| !allowed(byte)) {
        Some(position)
    } else if text.len() > 63 {
        Some(63)
    } else {
        text.ends_with('-').then(|| text.len() - 1)
    };
    match wrong {
        Some(position) => Err(InvalidSetting::new(
            at + position,
            format!("{expected}, not `{text}`"),
        )),
        None => Ok(()),
    }
}

fn port_range(at: usize, item: &str) -> Result<(u16, u16), InvalidSetting> {
    let Some((first, last)) = item.split_once('-') else {
        let port = port(at, item)?;
        return Ok((port, port));
    };
    let (begin, end) = (port(at, first)?, port(at + first.len() + 1, last)?);
    if begin > end {
        return Err(InvalidSetting::new(
            at,
            format!("the range `{item}` runs backwards: write {end}-{begin}"),
        ));
    }
    Ok((begin, end))
}

fn port(at: usize, text: &str) -> Result<u16, InvalidSetting> {
    let expected = "a port is a number from 1 to 65535";
    if text.is_empty() {
        return Err(InvalidSetting::new(
            at,
            format!("a port is missing: {expected}"),
        ));
    }
    if let Some(position) = text.bytes().position(|byte| !byte.is_ascii_digit()) {
        return Err(InvalidSetting::new(
            at + position,
            format!("{expected}, not `{text}`"),
        ));
    }
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(InvalidSetting::new(at, format!("{expected}, not `{text}`"))),
    }
}

fn cidr(at: usize, item: &str) -> Result<Cidr, InvalidSetting> {
    let (address, prefix) = item
        .split_once('/')
        .map_or((item, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().map_err(|_| {
        InvalidSetting::new(
            at,
            format!("`{address}` is not an IP address: write 10.1.2.3, 10.0.0.0/8 or fd00::/8"),
        )
    })?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let Some(prefix) = prefix else {
        return Ok(Cidr::new(address, most));
    };
    let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    match prefix.parse() {
        Ok(length) if digits && length <= most => Ok(Cidr::new(address, length)),
        _ => Err(InvalidSetting::new(
            at + item.len() - prefix.len(),
            format!("the prefix of `{item}` is a number from 0 to {most}"),
        )),
    }
}

fn egress_target(at: usize, item: &str) -> Result<EgressTarget, InvalidSetting> {
    if item == "*" {
        return Ok(EgressTarget::Everything);
    }
    let Some((namespace, name)) = item.split_once('/') else {
        check_label(at, item, "a namespace")?;
        return Ok(EgressTarget::Namespace(item.to_owned()));
    };
    check_label(at, namespace, "a namespace")?;
    let name_at = at + namespace.len() + 1;
    if name == "*" {
        return Ok(EgressTarget::Namespace(namespace.to_owned()));
    }
    check_label(name_at, name, "a service")?;
    Ok(EgressTarget::Service {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}

/// The items of a comma-separated list, trimmed, each with the byte at which it begins.
fn items<'a>(text: &'a str, what: &str) -> Result<Vec<(usize, &'a str)>, InvalidSetting> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut at = 0;
    for part in text.split(',') {
        let item = part.trim();
        if item.is_empty() {
            return Err(InvalidSetting::new(
                at,
                format!("an item of the list is empty: give {what}"),
            ));
        }
        found.push((at + part.len() - part.trim_start().len(), item));
        at += part.len() + 1;
    }
    Ok(found)
}

fn write_list<T>(
    formatter: &mut fmt::Formatter<'_>,
    items: &[T],
    write_item: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            formatter.write_str(",")?;
        }
        write_item(formatter, item)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_at<T: SettingValue + fmt::Debug>(text: &str) -> usize {
        T::parse(text).unwrap_err().at
    }

    #[test]
    fn ports_are_sorted_and_merged() {
        let ports = PortList::parse("8000-8100, 25,26,8050-8200,65535").unwrap();
        assert_eq!(ports.text(), "25-26,8000-8200,65535");
        assert!(ports.contains(8150) && !ports.contains(24));
        assert_eq!(PortList::parse(&ports.text()), Ok(ports));
        assert!(PortList::parse("").unwrap().is_empty());
    }

    #[test]
    fn ports_say_where_they_go_wrong() {
        assert_eq!(error_at::<PortList>("25,http"), 3);
        assert_eq!(error_at::<PortList>("25, 80x"), 6);
        assert_eq!(error_at::<PortList>("25,0"), 3);
        assert_eq!(error_at::<PortList>("25,65536"), 3);
        assert_eq!(error_at::<PortList>("25,,26"), 3);
        assert_eq!(error_at::<PortList>("25,"), 3);
        assert_eq!(error_at::<PortList>("8000-"), 5);
        assert_eq!(error_at::<PortList>("9-8"), 0);
        assert!(PortList::parse("9-8").unwrap_err().message.contains("8-9"));
    }

    #[test]
    fn networks_lose_their_host_bits() {
        let list = CidrList::parse("10.1.2.3/8,fd00::1,0.0.0.0/0,::/0,169.254.169.254").unwrap();
        assert_eq!(
            list.text(),
            "10.0.0.0/8,fd00::1/128,0.0.0.0/0,::/0,169.254.169.254/32"
        );
        assert_eq!(CidrList::parse(&list.text()), Ok(list));
    }

    #[test]
    fn networks_say_where_they_go_wrong() {
        assert_eq!(error_at::<CidrList>("10.0.0.0/8,10.0.0.256"), 11);
        assert_eq!(error_at::<CidrList>("10.0.0.0/33"), 9);
        assert_eq!(error_at::<CidrList>("10.0.0.0/"), 9);
        assert_eq!(error_at::<CidrList>("10.0.0.0/+8"), 9);
        assert_eq!(error_at::<CidrList>("fd00::/129"), 7);
    }

    #[test]
    fn egress_takes_namespaces_services_and_everything() {
        let list = EgressList::parse("shop, data/redis,bank/*,*").unwrap();
        assert_eq!(list.text(), "shop,data/redis,bank,*");
        assert_eq!(error_at::<EgressList>("shop,Data"), 5);
        assert_eq!(error_at::<EgressList>("shop/a.b"), 6);
        assert_eq!(error_at::<EgressList>("shop/"), 5);
    }
}
