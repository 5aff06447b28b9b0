//! Reads listeners.

use std::sync::Arc;

use super::{Context, access_log, address, chain, matcher, seconds};
use crate::config::cursor::Cursor;
use crate::config::model::address::Address;
use crate::config::model::listener::{Direction, Listener, ListenerFilter, ListenerFilterKind};

pub(crate) fn listener(cursor: &Cursor<'_>, context: &Context) -> Listener {
    let addresses = addresses(cursor);
    let (chains, default_chain) = chain::chains(cursor, context);
    let name = match cursor.text("name") {
        Some(name) => name.to_owned(),
        None => addresses
            .first()
            .map(ToString::to_string)
            .unwrap_or_default(),
    };
    let flag = |name: &str| cursor.has(name).then(|| cursor.flag(name));
    Listener {
        name,
        stat_prefix: cursor.string("stat_prefix"),
        addresses,
        bind_to_port: cursor.flag_or("bind_to_port", true),
        use_original_dst: cursor.flag("use_original_dst"),
        direction: match cursor.choice("traffic_direction") {
            0 => Direction::Unspecified,
            1 => Direction::Inbound,
            _ => Direction::Outbound,
        },
        listener_filters: cursor
            .messages("listener_filters")
            .iter()
            .filter_map(filter)
            .collect(),
        listener_filters_timeout: cursor.timeout("listener_filters_timeout", Some(seconds(15))),
        continue_on_listener_filters_timeout: cursor.flag("continue_on_listener_filters_timeout"),
        chains,
        default_chain,
        buffer_limit: cursor
            .number("per_connection_buffer_limit_bytes")
            .unwrap_or(1 << 20),
        backlog: cursor.number("tcp_backlog_size"),
        transparent: flag("transparent"),
        freebind: flag("freebind"),
        keepalive: address::keepalive(cursor, "tcp_keepalive"),
        ignore_global_limit: cursor.flag("ignore_global_conn_limit"),
        access_logs: access_log::access_logs(cursor, "access_log"),
        message: Arc::new(cursor.message.clone()),
    }
}

fn addresses(cursor: &Cursor<'_>) -> Vec<Address> {
    if !cursor.has("address") {
        cursor.refuse(
            "",
            "`address` is missing",
            "a listener needs an address, bound or not",
        );
    }
    let first = cursor
        .message("address")
        .and_then(|it| address::to_listen(&it));
    let more = cursor.messages("additional_addresses");
    let more = more.iter().filter_map(|it| {
        if !it.has("address") {
            it.refuse("", "`address` is missing", "");
        }
        address::to_listen(&it.message("address")?)
    });
    first.into_iter().chain(more).collect()
}

fn filter(cursor: &Cursor<'_>) -> Option<ListenerFilter> {
    let config = cursor.message("typed_config")?;
    let kind = match config.message.schema.short_name() {
        "OriginalDst" => ListenerFilterKind::OriginalDst,
        "HttpInspector" => ListenerFilterKind::HttpInspector,
        _ => ListenerFilterKind::TlsInspector {
            close_on_error: config.flag("close_connection_on_client_hello_parsing_errors"),
        },
    };
    let disabled = cursor.message("filter_disabled");
    Some(ListenerFilter {
        kind,
        disabled: disabled.and_then(|predicate| matcher::port_predicate(&predicate)),
    })
}
