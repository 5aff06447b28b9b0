//! Changes a response's headers before it goes to the client.

use super::{Policy, connection};
use crate::config::model::http::ServerHeader;
use crate::http::message::{RequestHead, ResponseHead};

impl Policy {
    /// Changes the headers of a response to `request`, also of one that comes from this proxy. `date`
    /// is the present time as the header shows it.
    pub fn change_response(&self, head: &mut ResponseHead, request: &RequestHead, date: &[u8]) {
        let headers = &mut head.headers;
        if !headers.contains(b"date") {
            headers.push(b"date", date);
        }
        let sets_server = match self.manager.server_header {
            ServerHeader::Overwrite => true,
            ServerHeader::AppendIfAbsent => !headers.contains(b"server"),
            ServerHeader::PassThrough => false,
        };
        if sets_server {
            headers.set(b"server", self.manager.server_name.as_bytes());
        }
        let upgrades = connection::is_upgrade(&request.headers) && connection::is_upgrade(headers);
        if upgrades {
            let has_body =
                headers.contains(b"transfer-encoding") || headers.contains(b"content-length");
            if !has_body && !(100..200).contains(&head.status) {
                headers.push(b"content-length", b"0");
            }
        }
        let goes = |name: &[u8]| match name {
            b"connection" | b"upgrade" => !upgrades,
            name => matches!(
                name,
                b"transfer-encoding" | b"keep-alive" | b"proxy-connection"
            ),
        };
        if headers.iter().any(|(name, _)| goes(name)) {
            headers.retain(|name, _| !goes(name));
        }
        let traced = || request.headers.contains(b"x-envoy-force-trace");
        if (self.manager.request_id.in_response || traced())
            && let Some(id) = request.headers.get(b"x-request-id")
        {
            headers.set(b"x-request-id", id);
        }
        if !self.manager.via.is_empty() {
            headers.append(b"via", b", ", self.manager.via.as_bytes());
        }
    }
}
