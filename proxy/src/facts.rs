//! Holds what is known of a connection or request for rules, headers and logs.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::config::model::address::Address;
use crate::http::flags::Flags;
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::upstream::Host;

/// A connection from downstream.
#[derive(Debug, Clone)]
pub struct Downstream {
    /// Its number.
    pub id: u64,
    /// Who is at its other end.
    pub peer: Address,
    /// Where it arrived; the original destination where that is known.
    pub local: Address,
    /// Where it was going before it was redirected.
    pub destination: Option<SocketAddr>,
    /// The name in SNI; may be empty.
    pub server_name: String,
    /// Its TLS.
    pub tls: Option<Tls>,
    /// The name of the filter chain; may be empty.
    pub filter_chain: String,
    /// Why its handshake failed; empty if it did not.
    pub transport_failure: String,
}

/// What became of a connection, for the logs of its listener.
#[derive(Debug)]
pub struct Ended {
    /// The connection.
    pub downstream: Rc<Downstream>,
    /// The version of HTTP, if it was HTTP.
    pub protocol: Option<Protocol>,
    /// Bytes that came.
    pub received: u64,
    /// Bytes that went.
    pub sent: u64,
    /// What happened.
    pub flags: Flags,
    /// What became of it, in Envoy's word.
    pub details: &'static str,
    /// Why it was ended; may be empty.
    pub termination: String,
    /// The cluster that it went to; may be empty.
    pub cluster: String,
    /// The host that it went to.
    pub host: Option<Arc<Host>>,
    /// Our end of the connection to the host.
    pub local: Option<Address>,
    /// Whether it was connected to the host.
    pub connected: bool,
    /// Why it was not.
    pub upstream_failure: String,
    /// How often that was tried.
    pub attempts: u32,
}

impl Ended {
    /// A connection by which nothing came.
    pub fn new(downstream: Rc<Downstream>) -> Self {
        Self {
            downstream,
            protocol: None,
            received: 0,
            sent: 0,
            flags: Flags::default(),
            details: "",
            termination: String::new(),
            cluster: String::new(),
            host: None,
            local: None,
            connected: false,
            upstream_failure: String::new(),
            attempts: 0,
        }
    }
}

/// The TLS of a connection.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Such as `TLSv1.3`.
    pub version: String,
    /// The cipher suite, as OpenSSL calls it.
    pub cipher: String,
    /// The other side's certificate, if it showed one.
    pub peer: Option<Certificate>,
    /// URIs of our own certificate.
    pub local_uris: Vec<String>,
}

/// A certificate.
#[derive(Debug, Clone, Default)]
pub struct Certificate {
    /// Its subject (RFC 2253).
    pub subject: String,
    /// Its issuer (RFC 2253).
    pub issuer: String,
    /// Its serial number in hexadecimal digits.
    pub serial: String,
    /// The SHA-256 of its DER form in hexadecimal digits.
    pub fingerprint: String,
    /// Its URIs.
    pub uris: Vec<String>,
    /// Its DNS names.
    pub dns: Vec<String>,
    /// Its PEM form, percent-encoded.
    pub encoded: String,
    /// The PEM form of it and its issuers, percent-encoded.
    pub encoded_chain: String,
}

/// Where a request or connection went.
#[derive(Debug, Clone, Copy)]
pub struct Upstream<'a> {
    /// The endpoint.
    pub host: &'a Address,
    /// Our end of the connection.
    pub local: Option<&'a Address>,
    /// The address that was dialled, once there is a connection.
    pub remote: Option<&'a Address>,
    /// The version of HTTP.
    pub protocol: Option<Protocol>,
    /// Its TLS.
    pub tls: Option<&'a Tls>,
}

/// What is known of a request or of a connection; what is not yet known is `None`, or empty.
#[derive(Debug, Clone, Copy)]
pub struct LogContext<'a> {
    /// The request's head.
    pub request: Option<&'a RequestHead>,
    /// The response's head.
    pub response: Option<&'a ResponseHead>,
    /// The response's trailers.
    pub trailers: Option<&'a Headers>,
    /// The connection it came by.
    pub downstream: &'a Downstream,
    /// The client, as `x-forwarded-for` may tell.
    pub client: &'a Address,
    /// Where it went.
    pub upstream: Option<Upstream<'a>>,
    /// The cluster's name.
    pub cluster: &'a str,
    /// Why no connection to the upstream came about.
    pub upstream_failure: &'a str,
    /// The version of HTTP it came by.
    pub protocol: Option<Protocol>,
    /// The status code; 0 if there is none.
    pub status: u16,
    /// What the status code comes from.
    pub details: &'a str,
    /// Why the connection was ended.
    pub termination_details: &'a str,
    /// What happened.
    pub flags: Flags,
    /// Bytes of the request's body.
    pub bytes_received: u64,
    /// Bytes of the response's body.
    pub bytes_sent: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// The route's name.
    pub route: &'a str,
    /// The virtual host's name.
    pub virtual_host: &'a str,
    /// This machine's name.
    pub hostname: &'a str,
    /// When.
    pub times: Times,
}

/// When things happened; all but the start are counted from it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// When it began, since 1970.
    pub start: Duration,
    /// The last byte of the request came.
    pub request_received: Option<Duration>,
    /// The last byte of the request was sent on.
    pub request_sent: Option<Duration>,
    /// The first byte of the response came.
    pub response_begun: Option<Duration>,
    /// The last byte of the response was sent.
    pub response_sent: Option<Duration>,
    /// It was over.
    pub end: Option<Duration>,
}

impl<'a> LogContext<'a> {
    /// A context in which nothing is known but the connection.
    pub fn new(downstream: &'a Downstream) -> Self {
        Self {
            request: None,
            response: None,
            trailers: None,
            downstream,
            client: &downstream.peer,
            upstream: None,
            cluster: "",
            upstream_failure: "",
            protocol: None,
            status: 0,
            details: "",
            termination_details: "",
            flags: Flags::default(),
            bytes_received: 0,
            bytes_sent: 0,
            attempts: 0,
            route: "",
            virtual_host: "",
            hostname: "",
            times: Times::default(),
        }
    }
}

#[cfg(test)]
pub(crate) fn test_downstream() -> Downstream {
    let address = |text: &str| Address::Socket(text.parse().unwrap());
    Downstream {
        id: 7,
        peer: address("10.0.0.9:4444"),
        local: address("10.0.0.1:80"),
        destination: None,
        server_name: String::new(),
        tls: None,
        filter_chain: String::new(),
        transport_failure: String::new(),
    }
}
