//! Answers `/listeners`.

use std::fmt::Write;
use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use super::query::Query;
use super::reply::Reply;
use super::source::Listener;

pub(super) fn answer(listeners: &[Listener], query: &Query) -> Reply {
    if query.get("format") == Some("json") {
        return Reply::json(&as_json(listeners));
    }
    let mut text = String::new();
    for listener in listeners {
        for address in &listener.addresses {
            let _ = writeln!(text, "{}::{address}", listener.name);
        }
    }
    Reply::text(text)
}

fn as_json(listeners: &[Listener]) -> Value {
    let statuses = listeners.iter().map(|listener| {
        let mut status = Map::new();
        status.insert("name".into(), listener.name.clone().into());
        let mut addresses = listener.addresses.iter().copied().map(socket_address);
        if let Some(address) = addresses.next() {
            status.insert("local_address".into(), address);
        }
        let others: Vec<Value> = addresses.collect();
        if !others.is_empty() {
            status.insert("additional_local_addresses".into(), others.into());
        }
        Value::Object(status)
    });
    let statuses: Vec<Value> = statuses.collect();
    if statuses.is_empty() {
        return json!({});
    }
    json!({ "listener_statuses": statuses })
}

/// An address as a protobuf message.
pub(super) fn socket_address(address: SocketAddr) -> Value {
    let mut fields = Map::new();
    fields.insert("address".into(), address.ip().to_string().into());
    if address.port() != 0 {
        fields.insert("port_value".into(), address.port().into());
    }
    json!({ "socket_address": fields })
}
