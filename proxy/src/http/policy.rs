//! Does to requests and responses what Envoy's HTTP connection manager does before and after routing.

mod certificate;
pub mod connection;
mod forwarded;
pub mod host;
pub mod request;
pub mod request_id;
pub mod response;

use std::net::IpAddr;
use std::sync::Arc;

use super::local_reply::LocalReply;
use super::message::RequestHead;
use super::path::{merge_slashes, normalize, unescape_slashes};
use super::route::Selected;
use crate::config::model::http::{EscapedSlashes, HttpConnectionManager, StripPort, Upgrade};

/// What is done to the requests of a connection manager.
#[derive(Debug, Clone)]
pub struct Policy {
    manager: Arc<HttpConnectionManager>,
    node: String,
    cluster: String,
    address: Option<IpAddr>,
}

/// What is done with a request whose path was made canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// It goes on.
    Continue,
    /// It is answered.
    Reply(LocalReply<'static>),
    /// The client is sent to this path with 307.
    Redirect(LocalReply<'static>, Vec<u8>),
}

impl Policy {
    /// The policy of a connection manager in the proxy `node` of `cluster`. `address` is that of this
    /// machine: it stands in `x-forwarded-for` for clients on it.
    pub fn new(
        manager: Arc<HttpConnectionManager>,
        node: &str,
        cluster: &str,
        address: Option<IpAddr>,
    ) -> Self {
        Self {
            manager,
            node: node.to_owned(),
            cluster: cluster.to_owned(),
            address,
        }
    }

    /// The connection manager.
    pub fn manager(&self) -> &HttpConnectionManager {
        &self.manager
    }

    /// Checks host and path and makes them canonical: the first thing that is done to a request.
    pub fn prepare(
        &self,
        head: &mut RequestHead,
        local_port: Option<u16>,
        scratch: &mut Vec<u8>,
    ) -> Prepared {
        if head.authority.is_empty() && !head.blank_authority {
            return Prepared::Reply(LocalReply::missing_host());
        }
        let connect = head.method == b"CONNECT";
        match head.path.first() {
            None if !connect => return Prepared::Reply(LocalReply::missing_path()),
            Some(first) if *first != b'/' && !connect => {
                return Prepared::Reply(LocalReply::absolute_path());
            }
            _ => {}
        }
        let prepared = self.prepare_path(&mut head.path, scratch);
        if prepared == Prepared::Continue {
            self.prepare_host(head, local_port);
        }
        prepared
    }

    fn prepare_path(&self, path: &mut Vec<u8>, scratch: &mut Vec<u8>) -> Prepared {
        let options = &self.manager.path;
        if path.is_empty() {
            return Prepared::Continue;
        }
        let failed = Prepared::Reply(LocalReply::path_normalization_failed());
        if memchr::memchr(b'#', path).is_some() {
            return failed;
        }
        let mut redirects = false;
        if options.escaped_slashes != EscapedSlashes::Keep && unescape_slashes(path) {
            match options.escaped_slashes {
                EscapedSlashes::Reject => return failed,
                EscapedSlashes::Redirect => redirects = true,
                EscapedSlashes::Keep | EscapedSlashes::Forward => {}
            }
        }
        if options.normalize && !normalize(path, scratch) {
            return failed;
        }
        if options.merge_slashes {
            merge_slashes(path);
        }
        if redirects {
            return Prepared::Redirect(LocalReply::path_redirect(), path.clone());
        }
        Prepared::Continue
    }

    fn prepare_host(&self, head: &mut RequestHead, local_port: Option<u16>) {
        if self.manager.strip_trailing_host_dot {
            host::strip_trailing_dot(&mut head.authority);
        }
        match self.manager.strip_port {
            StripPort::Never => {}
            StripPort::Any => host::strip_port(&mut head.authority, None),
            StripPort::Matching => {
                if let Some(port) = local_port {
                    host::strip_port(&mut head.authority, Some(port));
                }
            }
        }
    }

    /// Whether an upgrade (or CONNECT) is taken: the route decides, else the connection manager.
    pub fn takes_upgrade(&self, selected: Option<&Selected<'_>>, token: &[u8]) -> bool {
        let find = |upgrades: &[Upgrade]| {
            let mut found = upgrades.iter();
            found
                .find(|it| it.token.as_bytes().eq_ignore_ascii_case(token))
                .map(|it| it.enabled)
        };
        let forward = selected.and_then(Selected::forward);
        forward
            .and_then(|forward| find(&forward.upgrades))
            .or_else(|| find(&self.manager.upgrades))
            .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests;
