//! Reads what a client offers in the first bytes of a connection, if they are TLS.

use super::reader::Reader;

/// What a client offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hello {
    /// SNI in lower case.
    pub server_name: Option<String>,
    /// Protocols, in the client's order.
    pub protocols: Vec<Vec<u8>>,
    /// Versions, the best first as the client says: `0x0304` is TLS 1.3.
    pub versions: Vec<u16>,
    /// Groups for the key exchange, by number.
    pub groups: Vec<u16>,
    /// It asks whether the certificate was revoked (OCSP).
    pub asks_for_status: bool,
}

/// What the first bytes of a connection are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspected {
    /// More must come before that can be told.
    Incomplete,
    /// No TLS.
    NotTls,
    /// TLS.
    Tls(Hello),
    /// What looks like TLS, but goes on for too long: the connection is closed.
    TooLarge,
    /// No TLS that can be read, and the connection is to be closed then.
    Unreadable {
        /// As much was read as may be.
        too_large: bool,
    },
}

/// A counter below `tls_inspector.`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InspectorCounter {
    /// `alpn_found`
    AlpnFound,
    /// `alpn_not_found`
    AlpnNotFound,
    /// `client_hello_too_large`
    TooLarge,
    /// `connection_closed`, by the peer before anything could be told.
    ConnectionClosed,
    /// `read_error`, which is the caller's to count.
    ReadError,
    /// `sni_found`
    SniFound,
    /// `sni_not_found`
    SniNotFound,
    /// `tls_found`
    TlsFound,
    /// `tls_not_found`
    TlsNotFound,
}

impl InspectorCounter {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::AlpnFound,
        Self::AlpnNotFound,
        Self::TooLarge,
        Self::ConnectionClosed,
        Self::ReadError,
        Self::SniFound,
        Self::SniNotFound,
        Self::TlsFound,
        Self::TlsNotFound,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::AlpnFound => "alpn_found",
            Self::AlpnNotFound => "alpn_not_found",
            Self::TooLarge => "client_hello_too_large",
            Self::ConnectionClosed => "connection_closed",
            Self::ReadError => "read_error",
            Self::SniFound => "sni_found",
            Self::SniNotFound => "sni_not_found",
            Self::TlsFound => "tls_found",
            Self::TlsNotFound => "tls_not_found",
        }
    }
}

impl Inspected {
    /// What it counts.
    pub fn counters(&self) -> Vec<InspectorCounter> {
        use InspectorCounter as C;
        match self {
            Self::Incomplete | Self::Unreadable { too_large: false } => Vec::new(),
            Self::NotTls => vec![C::TlsNotFound],
            Self::TooLarge | Self::Unreadable { too_large: true } => vec![C::TooLarge],
            Self::Tls(hello) => vec![
                C::TlsFound,
                if hello.server_name.is_some() {
                    C::SniFound
                } else {
                    C::SniNotFound
                },
                if hello.protocols.is_empty() {
                    C::AlpnNotFound
                } else {
                    C::AlpnFound
                },
            ],
        }
    }
}

/// Looks at the first bytes of a connection, all that have come so far. Also tells how many of them
/// were needed, for the histogram `bytes_processed`, once it is not [`Inspected::Incomplete`].
///
/// With `close_on_error`, what is no TLS closes the connection.
pub fn inspect_tls(bytes: &[u8], close_on_error: bool) -> (Inspected, usize) {
    let (found, needed) = client_hello(bytes);
    let full = bytes.len() >= LARGEST;
    let inspected = match found {
        Found::More if full => Inspected::TooLarge,
        Found::More => Inspected::Incomplete,
        Found::Hello(hello) => Inspected::Tls(hello),
        Found::Nothing if close_on_error => Inspected::Unreadable { too_large: full },
        Found::Nothing => Inspected::NotTls,
    };
    (inspected, needed)
}

/// As much is looked at, and no more.
const LARGEST: usize = 16 * 1024;

enum Found {
    More,
    Nothing,
    Hello(Hello),
}

/// Puts the first message together from the records that it comes in.
fn client_hello(bytes: &[u8]) -> (Found, usize) {
    let mut message = Vec::new();
    let mut at = 0;
    let mut empty = 0;
    loop {
        // BoringSSL looks at nothing before it has the head of a record.
        let Some(head) = bytes.get(at..at + 5) else {
            return (Found::More, bytes.len());
        };
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        let handshake = head[0] == 22 && head[1] == 3 && length <= LONGEST_RECORD;
        if !handshake {
            return (Found::Nothing, at + 5);
        }
        let Some(body) = bytes.get(at + 5..at + 5 + length) else {
            return (Found::More, bytes.len());
        };
        at += 5 + length;
        message.extend_from_slice(body);
        empty = if body.is_empty() { empty + 1 } else { 0 };
        if length > LARGEST || empty > MOST_EMPTY_RECORDS {
            return (Found::Nothing, at);
        }
        let &[kind, high, middle, low, ref body @ ..] = &message[..] else {
            continue;
        };
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if length > LARGEST {
            return (Found::Nothing, at);
        }
        if let Some(body) = body.get(..length) {
            let hello = if kind == CLIENT_HELLO {
                hello(body)
            } else {
                None
            };
            return (hello.map_or(Found::Nothing, Found::Hello), at);
        }
    }
}

/// Reads a `ClientHello`; nothing if BoringSSL would refuse it.
fn hello(body: &[u8]) -> Option<Hello> {
    let mut reader = Reader(body);
    let version = reader.u16()?;
    reader.take(32)?;
    let session = reader.bytes8()?;
    let suites = reader.bytes16()?;
    let compressions = reader.bytes8()?;
    let well_formed = session.len() <= 32
        && suites.len() >= 2
        && suites.len() % 2 == 0
        && compressions.contains(&0);
    if !well_formed {
        return None;
    }
    let mut hello = Hello::default();
    let mut extensions = Reader(if reader.is_empty() {
        &[]
    } else {
        reader.bytes16()?
    });
    if !reader.is_empty() {
        return None;
    }
    let mut seen = Vec::new();
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let body = Reader(extensions.bytes16()?);
        if seen.contains(&kind) {
            return None;
        }
        seen.push(kind);
        match kind {
            SERVER_NAME => hello.server_name = Some(server_name(body)?),
            // What is wrong here is for the handshake itself to refuse.
            PROTOCOLS => hello.protocols = protocols(body).unwrap_or_default(),
            VERSIONS => hello.versions = versions(body)?,
            GROUPS => hello.groups = groups(body).unwrap_or_default(),
            STATUS => hello.asks_for_status = true,
            _ => {}
        }
    }
    if !seen.contains(&VERSIONS) {
        hello.versions = vec![version.min(TLS_1_2)];
    }
    let known = hello
        .versions
        .iter()
        .any(|version| (TLS_1_0..=TLS_1_3).contains(version));
    known.then_some(hello)
}

/// The one host name of SNI.
fn server_name(mut body: Reader<'_>) -> Option<String> {
    let mut names = Reader(body.bytes16()?);
    let kind = names.u8()?;
    let name = names.bytes16()?;
    let alone = body.is_empty() && names.is_empty() && kind == 0;
    let good = alone && (1..=255).contains(&name.len()) && !name.contains(&0);
    good.then(|| String::from_utf8_lossy(name).to_ascii_lowercase())
}

fn protocols(mut body: Reader<'_>) -> Option<Vec<Vec<u8>>> {
    let mut names = Reader(body.bytes16()?);
    let mut protocols = Vec::new();
    while !names.is_empty() {
        let name = names.bytes8()?;
        if name.is_empty() {
            return None;
        }
        protocols.push(name.to_vec());
    }
    body.is_empty().then_some(protocols)
}

fn groups(mut body: Reader<'_>) -> Option<Vec<u16>> {
    let mut list = Reader(body.bytes16()?);
    let mut groups = Vec::new();
    while !list.is_empty() {
        groups.push(list.u16()?);
    }
    Some(groups)
}

fn versions(mut body: Reader<'_>) -> Option<Vec<u16>> {
    let mut list = Reader(body.bytes8()?);
    let mut versions = Vec::new();
    while !list.is_empty() {
        versions.push(list.u16()?);
    }
    (body.is_empty() && !versions.is_empty()).then_some(versions)
}

const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const STATUS: u16 = 5;
const GROUPS: u16 = 10;
const PROTOCOLS: u16 = 16;
const VERSIONS: u16 = 43;
const TLS_1_0: u16 = 0x0301;
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;
/// What BoringSSL takes of a record that may be encrypted.
const LONGEST_RECORD: usize = 16 * 1024 + 256;
const MOST_EMPTY_RECORDS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a client of rustls.
    fn first_bytes(sni: &str, protocols: &[&str]) -> Vec<u8> {
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut configuration = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        configuration.alpn_protocols = protocols.iter().map(|name| (*name).into()).collect();
        let name = sni.to_owned().try_into().unwrap();
        let mut client = rustls::ClientConnection::new(configuration.into(), name).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_hello_is_found_in_whole_and_never_in_part() {
        let cases: [(&str, Option<&str>, &[&str]); 3] = [
            (
                "Cart.Shop.example",
                Some("cart.shop.example"),
                &["meshctl", "h2"],
            ),
            ("a.b", Some("a.b"), &[]),
            ("10.1.2.3", None, &["h2"]),
        ];
        for (sni, found, protocols) in cases {
            let bytes = first_bytes(sni, protocols);
            for length in 0..bytes.len() {
                assert_eq!(inspect_tls(&bytes[..length], true).0, Inspected::Incomplete);
            }
            let mut more = bytes.clone();
            more.extend_from_slice(b"what comes next");
            for text in [&bytes, &more] {
                let (inspected, needed) = inspect_tls(text, false);
                assert_eq!(needed, bytes.len());
                let counters = inspected.counters().len();
                let Inspected::Tls(hello) = inspected else {
                    panic!("{inspected:?}")
                };
                assert_eq!(hello.server_name.as_deref(), found);
                let names: Vec<_> = protocols.iter().map(|name| name.as_bytes()).collect();
                assert_eq!(hello.protocols, names);
                assert_eq!(hello.versions, [0x0304, 0x0303]);
                assert_eq!(counters, 3);
            }
        }
    }

    #[test]
    fn a_hello_may_come_in_many_records() {
        let whole = first_bytes("a.b", &["h2"]);
        for size in [1, 2, 3, 4, 5, 100] {
            let mut split = Vec::new();
            for chunk in whole[5..].chunks(size) {
                let length = u16::try_from(chunk.len()).unwrap();
                split.extend_from_slice(&[22, 3, 1]);
                split.extend_from_slice(&length.to_be_bytes());
                split.extend_from_slice(chunk);
            }
            let (found, needed) = inspect_tls(&split, false);
            if split.len() <= LARGEST {
                assert_eq!((found, needed), (inspect_tls(&whole, false).0, split.len()));
            }
        }
    }

    #[test]
    fn what_is_no_tls_is_told_by_its_first_five_bytes() {
        for text in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"\0\0\0\0\0",
            b"SSH-2.0",
            &[22, 2, 0, 0, 1],
        ] {
            for length in 0..5 {
                assert_eq!(inspect_tls(&text[..length], false).0, Inspected::Incomplete);
            }
            assert_eq!(inspect_tls(text, false), (Inspected::NotTls, 5));
            let unreadable = Inspected::Unreadable { too_large: false };
            assert_eq!(inspect_tls(text, true).0, unreadable);
        }
    }

    #[test]
    fn what_has_no_end_is_cut_off() {
        let mut endless = vec![22, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xff];
        endless.resize(LARGEST - 1, 0);
        assert_eq!(inspect_tls(&endless, false).0, Inspected::Incomplete);
        endless.push(0);
        assert_eq!(inspect_tls(&endless, false).0, Inspected::TooLarge);
        // A message that says itself that it is too long.
        let long = [22, 3, 1, 0, 4, 1, 0, 0x40, 1];
        assert_eq!(inspect_tls(&long, false), (Inspected::NotTls, 9));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes: Vec<u8>) {
            let _ = inspect_tls(&bytes, false);
        }

        /// What was told once stays so, and a changed byte breaks nothing.
        #[test]
        fn changed_hellos_are_no_danger(at in 0usize..200, with: u8) {
            let mut bytes = first_bytes("a.b", &["h2", "http/1.1"]);
            let at = at % bytes.len();
            bytes[at] = with;
            let mut told = Inspected::Incomplete;
            for length in 0..=bytes.len() {
                let now = inspect_tls(&bytes[..length], false).0;
                assert!(told == Inspected::Incomplete || told == now);
                told = now;
            }
        }
    }
}
