//! Runs the listener filters: where a connection was going, and what its first bytes say.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;

use crate::config::model::listener::{Listener, ListenerFilterKind};
use crate::socket;
use crate::stats::{Handle, InspectorHttpStats, Registry, TlsInspectorStats, Writer};
use crate::tls::{
    HttpVersion, Inspected, InspectedHttp, InspectorCounter, inspect_http, inspect_tls, no_tls,
};

/// What listener filters count.
pub(super) struct Inspectors {
    tls: Handle<TlsInspectorStats>,
    http: Handle<InspectorHttpStats>,
}

/// What is known of a connection before it has a chain.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Where it was going before it was redirected.
    pub(super) destination: Option<SocketAddr>,
    /// The first bytes, if they were looked at.
    pub(super) read: Vec<u8>,
    /// SNI in lower case; may be empty.
    pub(super) server_name: String,
    /// It begins with a `ClientHello`.
    pub(super) is_tls: bool,
    /// Protocols that were offered or found.
    pub(super) protocols: Vec<Vec<u8>>,
    /// Why it is no TLS.
    pub(super) failure: String,
}

/// Why a connection goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// The peer ended it.
    Ended,
    /// It broke.
    Broken,
    /// A filter refused it.
    Refused,
}

/// As much is looked at by the inspector of HTTP, which is the one that looks at most.
const MOST: usize = 64 * 1024;

impl Inspectors {
    pub(super) fn new(registry: &Registry, writer: Writer) -> Self {
        Self {
            tls: registry.scope("tls_inspector").handle(writer),
            http: registry.scope("http_inspector").handle(writer),
        }
    }

    /// Runs the filters of a listener, one after the other.
    pub(super) async fn run(
        &self,
        listener: &Listener,
        stream: &TcpStream,
        seen: &mut Seen,
    ) -> Result<(), Gone> {
        for filter in &listener.listener_filters {
            let left_out = filter.disabled.as_ref().is_some_and(|ports| {
                let local = seen.destination.or_else(|| stream.local_addr().ok());
                local.is_some_and(|it| ports.matches(it.port()))
            });
            if left_out {
                continue;
            }
            match filter.kind {
                ListenerFilterKind::OriginalDst => find_destination(stream, seen),
                ListenerFilterKind::TlsInspector { close_on_error } => {
                    self.look_for_tls(stream, seen, close_on_error).await?;
                }
                ListenerFilterKind::HttpInspector => {
                    if !seen.is_tls {
                        self.look_for_http(stream, seen).await?;
                    }
                }
            }
        }
        if listener.use_original_dst {
            find_destination(stream, seen);
        }
        Ok(())
    }

    async fn look_for_tls(
        &self,
        stream: &TcpStream,
        seen: &mut Seen,
        close_on_error: bool,
    ) -> Result<(), Gone> {
        let (inspected, needed) = loop {
            if !seen.read.is_empty() {
                let (inspected, needed) = inspect_tls(&seen.read, close_on_error);
                if inspected != Inspected::Incomplete {
                    break (inspected, needed);
                }
            }
            read(stream, &mut seen.read).await?;
        };
        for counter in inspected.counters() {
            self.count(counter);
        }
        let needed = u64::try_from(needed).unwrap_or(u64::MAX);
        self.tls.bytes_processed.record(needed);
        match inspected {
            Inspected::Tls(hello) => {
                seen.is_tls = true;
                seen.server_name = hello.server_name.unwrap_or_default();
                seen.protocols = hello.protocols;
            }
            Inspected::NotTls => seen.failure = no_tls(&seen.read),
            Inspected::Incomplete => {}
            Inspected::TooLarge | Inspected::Unreadable { .. } => return Err(Gone::Refused),
        }
        Ok(())
    }

    fn count(&self, counter: InspectorCounter) {
        use InspectorCounter as C;
        let counter = match counter {
            C::AlpnFound => &self.tls.alpn_found,
            C::AlpnNotFound => &self.tls.alpn_not_found,
            C::TooLarge => &self.tls.client_hello_too_large,
            C::SniFound => &self.tls.sni_found,
            C::SniNotFound => &self.tls.sni_not_found,
            C::TlsFound => &self.tls.tls_found,
            C::TlsNotFound => &self.tls.tls_not_found,
            C::ConnectionClosed | C::ReadError => return,
        };
        counter.increment();
    }

    async fn look_for_http(&self, stream: &TcpStream, seen: &mut Seen) -> Result<(), Gone> {
        let found = loop {
            let found = inspect_http(&seen.read);
            if found != InspectedHttp::Incomplete {
                break found;
            }
            read(stream, &mut seen.read).await?;
        };
        let counter = match found {
            InspectedHttp::Incomplete => return Ok(()),
            InspectedHttp::NotHttp => &self.http.http_not_found,
            InspectedHttp::Http(HttpVersion::V1_0) => &self.http.http10_found,
            InspectedHttp::Http(HttpVersion::V1_1) => &self.http.http11_found,
            InspectedHttp::Http(HttpVersion::V2) => &self.http.http2_found,
        };
        counter.increment();
        if let InspectedHttp::Http(version) = found {
            seen.protocols = vec![version.protocol().into()];
        }
        Ok(())
    }
}

fn find_destination(stream: &TcpStream, seen: &mut Seen) {
    let original = socket::original_destination(stream);
    // What was not redirected goes where it came in.
    let redirected = original.filter(|it| stream.local_addr().ok() != Some(*it));
    seen.destination = seen.destination.or(redirected);
}

/// Reads what has come.
async fn read(stream: &TcpStream, into: &mut Vec<u8>) -> Result<(), Gone> {
    loop {
        stream.readable().await.map_err(|_| Gone::Broken)?;
        let start = into.len();
        into.resize((start + 4096).min(MOST + 1), 0);
        let came = stream.try_read(&mut into[start..]);
        into.truncate(start + came.as_ref().map_or(0, |it| *it));
        match came {
            Ok(0) => return Err(Gone::Ended),
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Err(Gone::Broken),
        }
    }
}
