//! Changes a request's headers before it is routed.

use super::{Policy, certificate, connection, forwarded, request_id};
use crate::config::model::address::Address;
use crate::facts::Downstream;
use crate::http::headers::Headers;
use crate::http::message::RequestHead;
use crate::http::text::{Decimal, Short};

/// What was found out about a request's client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Who it is, as `x-forwarded-for` may tell.
    pub address: Address,
    /// Whether it counts as internal.
    pub internal: bool,
}

impl Policy {
    /// Changes the headers of a request and tells who its client is. `internal_only` are those that
    /// the route configuration takes from external clients.
    pub fn change_request(
        &self,
        head: &mut RequestHead,
        downstream: &Downstream,
        internal_only: &[String],
        random: [u64; 2],
    ) -> Client {
        let options = &self.manager.forwarded_for;
        remove_hop_by_hop(head);
        let headers = &mut head.headers;
        let (named, single) = self.find_client(headers, downstream);
        self.set_proto(head, downstream);
        let headers = &mut head.headers;
        let internal = single
            && named
                .as_ref()
                .is_some_and(|it| forwarded::is_internal(it, options));
        let address = named.unwrap_or_else(|| downstream.peer.clone());
        let external = !internal && options.use_remote_address;
        if internal {
            headers.set(b"x-envoy-internal", b"true");
        } else {
            remove_internal(headers, external, internal_only);
        }
        self.set_own(headers);
        if external && let Address::Socket(address) = &address {
            // The option `ipv4_as_ipv6` changes nothing in Envoy 1.40.
            let ip = Short::new(address.ip());
            headers.set(b"x-envoy-external-address", ip.as_bytes());
        }
        let ids = self.manager.request_id;
        if ids.generate {
            let (keep, pack) = (ids.preserve_external, ids.pack_trace_reason);
            request_id::set(headers, external, keep, pack, random);
        }
        certificate::forward(
            headers,
            self.manager.client_certificate,
            downstream.tls.as_ref(),
        );
        Client { address, internal }
    }

    /// Who the client is, and whether nobody stands between; the peer is added where that is wanted.
    fn find_client(
        &self,
        headers: &mut Headers,
        downstream: &Downstream,
    ) -> (Option<Address>, bool) {
        let options = &self.manager.forwarded_for;
        if !options.use_remote_address {
            return forwarded::named(headers, options.trusted_hops);
        }
        let single = !headers.contains(b"x-forwarded-for");
        let named = match options.trusted_hops.checked_sub(1) {
            Some(skip) => forwarded::named(headers, skip).0,
            None => None,
        };
        if !options.skip_append {
            forwarded::append(headers, &downstream.peer, self.address);
        }
        (named.or_else(|| Some(downstream.peer.clone())), single)
    }

    /// Sets `x-forwarded-proto`, `x-forwarded-port` and the scheme.
    fn set_proto(&self, head: &mut RequestHead, downstream: &Downstream) {
        let options = &self.manager.forwarded_for;
        let (headers, scheme) = (&mut head.headers, &mut head.scheme);
        let own: &[u8] = if downstream.tls.is_some() {
            b"https"
        } else {
            b"http"
        };
        let believed = !options.use_remote_address || options.trusted_hops > 0;
        if !believed || !headers.contains(b"x-forwarded-proto") {
            headers.set(b"x-forwarded-proto", own);
        }
        if self.manager.append_x_forwarded_port
            && (!believed || !headers.contains(b"x-forwarded-port"))
            && let Address::Socket(local) = &downstream.local
        {
            let port = Decimal::new(local.port().into());
            headers.set(b"x-forwarded-port", port.as_bytes());
        }
        if let Some(fixed) = &self.manager.scheme {
            headers.set(b"x-forwarded-proto", fixed.as_bytes());
            scheme.clear();
            scheme.extend_from_slice(fixed.as_bytes());
        } else if scheme.is_empty() {
            let told = headers.get(b"x-forwarded-proto").unwrap_or_default();
            let is_valid =
                |it: &[u8]| it.eq_ignore_ascii_case(b"http") || it.eq_ignore_ascii_case(b"https");
            scheme.extend_from_slice(if is_valid(told) { told } else { own });
        }
        scheme.make_ascii_lowercase();
    }

    /// Sets what tells of this proxy.
    fn set_own(&self, headers: &mut Headers) {
        if self.manager.add_user_agent {
            headers.set(
                b"x-envoy-downstream-service-cluster",
                self.cluster.as_bytes(),
            );
            if headers.get(b"user-agent").is_none_or(<[u8]>::is_empty) {
                headers.set(b"user-agent", self.cluster.as_bytes());
            }
            if !self.node.is_empty() {
                headers.set(b"x-envoy-downstream-service-node", self.node.as_bytes());
            }
        }
        if !self.manager.via.is_empty() {
            headers.append(b"via", b", ", self.manager.via.as_bytes());
        }
    }
}

fn remove_hop_by_hop(head: &mut RequestHead) {
    let headers = &mut head.headers;
    let any = headers
        .iter()
        .any(|(name, _)| is_hop_by_hop(name) || name == b"x-envoy-internal");
    if !any {
        return;
    }
    let upgrades = connection::is_upgrade(headers);
    if !upgrades {
        connection::sanitize_te(headers);
    }
    headers.retain(|name, _| match name {
        b"connection" | b"upgrade" => upgrades,
        b"te" => true,
        name => !is_hop_by_hop(name) && name != b"x-envoy-internal",
    });
}

fn is_hop_by_hop(name: &[u8]) -> bool {
    matches!(
        name,
        b"connection"
            | b"upgrade"
            | b"te"
            | b"keep-alive"
            | b"proxy-connection"
            | b"transfer-encoding"
    )
}

/// Removes what only the mesh may send.
fn remove_internal(headers: &mut Headers, external: bool, internal_only: &[String]) {
    let is_configured = |name: &[u8]| internal_only.iter().any(|it| it.as_bytes() == name);
    let goes = |name: &[u8]| match name.strip_prefix(b"x-envoy-") {
        Some(rest) => is_internal(rest) || (external && is_of_mesh(rest)) || is_configured(name),
        None => is_configured(name),
    };
    if headers.iter().any(|(name, _)| goes(name)) {
        headers.retain(|name, _| !goes(name));
    }
}

/// `x-envoy-…` headers that external clients must not send.
fn is_internal(rest: &[u8]) -> bool {
    matches!(
        rest,
        b"retry-on"
            | b"retry-grpc-on"
            | b"max-retries"
            | b"retriable-status-codes"
            | b"retriable-header-names"
            | b"upstream-alt-stat-name"
            | b"upstream-rq-timeout-ms"
            | b"upstream-rq-per-try-timeout-ms"
            | b"upstream-rq-timeout-alt-response"
            | b"expected-rq-timeout-ms"
            | b"force-trace"
            | b"ip-tags"
            | b"original-url"
            | b"hedge-on-per-try-timeout"
    )
}

/// `x-envoy-…` headers that other proxies of the mesh may send, but nobody outside.
fn is_of_mesh(rest: &[u8]) -> bool {
    matches!(
        rest,
        b"decorator-operation"
            | b"downstream-service-cluster"
            | b"downstream-service-node"
            | b"original-path"
            | b"original-host"
    )
}
