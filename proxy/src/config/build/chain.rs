//! Reads filter chains, and tells which of them would take the same connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Context, address, http, rbac, tcp, tls};
use crate::config::cursor::Cursor;
use crate::config::model::address::Network;
use crate::config::model::listener::{FilterChain, FilterChainMatch, NetworkFilter, SourceType};
use crate::config::model::rbac::NetworkRbac;

type Chains = (Vec<Arc<FilterChain>>, Option<Arc<FilterChain>>);

/// The chains of a listener, and the default one.
pub(super) fn chains(listener: &Cursor<'_>, context: &Context) -> Chains {
    let items = listener.messages("filter_chains");
    let default = listener.message("default_filter_chain");
    let broken = listener.is_broken("filter_chains");
    if items.is_empty() && !listener.has("default_filter_chain") && !broken {
        let message = "a listener needs `filter_chains` or `default_filter_chain`";
        listener.refuse("", message, "");
    }
    let mut taken = BTreeMap::new();
    let mut chains = Vec::new();
    for item in &items {
        let Some(chain) = chain(item, context) else {
            continue;
        };
        apart(item, &chain, &mut taken);
        chains.push(Arc::new(chain));
    }
    let default = default.and_then(|item| {
        if item.has("filter_chain_match") {
            item.refuse(
                "filter_chain_match",
                "the default chain matches all",
                "remove it",
            );
        }
        chain(&item, context).map(Arc::new)
    });
    (chains, default)
}

fn chain(cursor: &Cursor<'_>, context: &Context) -> Option<FilterChain> {
    let tls = match cursor.message("transport_socket") {
        Some(socket) => tls::downstream(&socket, context),
        None => None,
    };
    let matcher = cursor.message("filter_chain_match");
    let matcher = matcher.map(|it| chain_match(&it)).unwrap_or_default();
    let (rbac, filter) = filters(cursor, context)?;
    Some(FilterChain {
        name: cursor.string("name"),
        matcher,
        tls,
        handshake_timeout: cursor.timeout("transport_socket_connect_timeout", None),
        rbac,
        filter,
    })
}

/// Access rules, and what ends the chain.
fn filters(cursor: &Cursor<'_>, context: &Context) -> Option<(Vec<NetworkRbac>, NetworkFilter)> {
    let items = cursor.messages("filters");
    let Some((last, before)) = items.split_last() else {
        return Some((Vec::new(), NetworkFilter::Close));
    };
    let mut rules = Vec::new();
    for item in before {
        let config = item.message("typed_config");
        match config {
            Some(config) if config.message.schema.short_name() == "RBAC" => {
                rules.extend(rbac::network(&config));
            }
            Some(_) => item.refuse("", "this filter must be the last", "move it to the end"),
            None => {}
        }
    }
    let config = last.message("typed_config")?;
    let filter = match config.message.schema.short_name() {
        "TcpProxy" => NetworkFilter::TcpProxy(Arc::new(tcp::tcp_proxy(&config)?)),
        "HttpConnectionManager" => NetworkFilter::Http(Arc::new(http::manager(&config, context)?)),
        _ => {
            let hint = "add envoy.filters.network.tcp_proxy or http_connection_manager behind it";
            last.refuse("", "a chain cannot end with access rules", hint);
            return None;
        }
    };
    Some((rules, filter))
}

fn chain_match(cursor: &Cursor<'_>) -> FilterChainMatch {
    for name in cursor.texts("server_names") {
        let rest = name.value.strip_prefix("*.").unwrap_or(name.value);
        if name.value.is_empty() || rest.contains('*') {
            let hint = "`*.` at the front stands for all names below";
            name.refuse(format!("`{}` is no name", name.value), hint);
        }
    }
    let lower = |name: String| name.to_lowercase();
    let transport_protocol = cursor.string("transport_protocol");
    if !["", "tls", "raw_buffer"].contains(&&*transport_protocol) {
        let message = format!("`{transport_protocol}` is never found");
        cursor.refuse("transport_protocol", message, "`tls` or `raw_buffer`");
    }
    FilterChainMatch {
        destination_port: cursor.number("destination_port"),
        destinations: address::networks(cursor, "prefix_ranges"),
        server_names: cursor
            .strings("server_names")
            .into_iter()
            .map(lower)
            .collect(),
        transport_protocol,
        application_protocols: cursor.strings("application_protocols"),
        direct_sources: address::networks(cursor, "direct_source_prefix_ranges"),
        source_type: match cursor.choice("source_type") {
            0 => SourceType::Any,
            1 => SourceType::SameIpOrLoopback,
            _ => SourceType::External,
        },
        sources: address::networks(cursor, "source_prefix_ranges"),
        source_ports: cursor.numbers("source_ports"),
    }
}

/// Tells if a chain takes connections that one before it takes by the same criteria.
fn apart(cursor: &Cursor<'_>, chain: &FilterChain, taken: &mut BTreeMap<String, String>) {
    for key in criteria(&chain.matcher) {
        let name = if chain.name.is_empty() {
            "another"
        } else {
            &chain.name
        };
        if let Some(other) = taken.insert(key, name.to_owned()) {
            let message = format!("this matches the same connections as chain `{other}`");
            let field = if cursor.has("filter_chain_match") {
                "filter_chain_match"
            } else {
                ""
            };
            cursor.refuse(
                field,
                message,
                "remove one, or let them differ in a criterion",
            );
            return;
        }
    }
}

/// Every combination of criteria by which a chain takes connections.
fn criteria(matcher: &FilterChainMatch) -> Vec<String> {
    let networks = |networks: &[Network]| networks.iter().map(|it| it.0.to_string()).collect();
    let numbers = |ports: &[u16]| ports.iter().map(ToString::to_string).collect();
    let lists: [Vec<String>; 6] = [
        networks(&matcher.destinations),
        matcher.server_names.clone(),
        matcher.application_protocols.clone(),
        networks(&matcher.direct_sources),
        networks(&matcher.sources),
        numbers(&matcher.source_ports),
    ];
    let first = format!(
        "{:?}|{}|{:?}",
        matcher.destination_port, matcher.transport_protocol, matcher.source_type
    );
    let mut found = vec![first];
    for list in lists {
        let list = if list.is_empty() {
            vec![String::new()]
        } else {
            list
        };
        let with = |key: &String| {
            list.iter()
                .map(|item| format!("{key}|{item}"))
                .collect::<Vec<_>>()
        };
        found = found.iter().flat_map(with).collect();
        found.truncate(MOST_CRITERIA);
    }
    found
}

/// More combinations than anyone writes are not compared.
const MOST_CRITERIA: usize = 100_000;
