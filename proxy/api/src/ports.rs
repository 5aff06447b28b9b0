//! The ports and the user of a sidecar, each with its reason.
//!
//! The numbers are Istio's, which operators, dashboards and network policies already know.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Admin, on loopback only: `/stats`, `/config_dump`, `/drain_listeners`. Reached by port-forward.
pub const ADMIN: u16 = 15000;
/// Outbound: the init container redirects what the application dials to this port.
pub const OUTBOUND: u16 = 15001;
/// The explicit outbound proxy of `--intercept none`, on loopback only.
pub const EXPLICIT_PROXY: u16 = 15002;
/// Inbound: the init container redirects what reaches the pod to this port.
pub const INBOUND: u16 = 15006;
/// Readiness and Prometheus, read-only, on the pod's address; never redirected, so that the kubelet
/// and a scraper reach it without an identity.
pub const STATUS: u16 = 15020;

/// Every port that the sidecar takes: an application that listens on one of them clashes with it.
pub const RESERVED: &[u16] = &[ADMIN, OUTBOUND, EXPLICIT_PROXY, INBOUND, STATUS];

/// User and group of the sidecar. Redirection exempts this user, so nothing else may run as it.
pub const PROXY_UID: u32 = 1337;

/// The address from which the sidecar dials its own application over IPv4. Never `127.0.0.1`, which
/// would open what listens on loopback only; redirection exempts it.
pub const INBOUND_SOURCE_V4: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 6);
/// The same over IPv6; the init container adds `::6/128` to the loopback interface.
pub const INBOUND_SOURCE_V6: Ipv6Addr = Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 6);

/// Ports on which the server usually speaks first, so that looking at the client's first bytes
/// would wait for ever: SMTP, POP3, IMAP, SMTP submission, `MySQL`, Galera, Elasticsearch
/// transport, memcached.
pub const DEFAULT_OPAQUE: &[u16] = &[25, 110, 143, 587, 3306, 4444, 9300, 11211];
