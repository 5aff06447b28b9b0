//! Reads clusters.

use std::sync::Arc;

use super::{
    Context, address, balancing, endpoint, health, milliseconds, outlier, protocol, seconds,
    source, tls,
};
use crate::config::cursor::Cursor;
use crate::config::model::cluster::{
    AutomaticSni, Cluster, ClusterDiscovery, Dns, DnsFamily, OriginalDst, Transport, TransportMatch,
};
use crate::config::model::health::{Check, HealthCheck};
use crate::config::model::protocol::UpstreamProtocol;

pub(crate) fn cluster(cursor: &Cursor<'_>, context: &Context) -> Option<Cluster> {
    let discovery = discovery(cursor, context);
    let transport = transport(cursor, context);
    let transport_matches = transport_matches(cursor, context);
    let options = options(cursor);
    let protocol = upstream_protocol(options.as_ref());
    alpn(
        cursor,
        context,
        &protocol,
        (transport.as_ref(), &transport_matches),
    );
    let automatic = options
        .as_ref()
        .and_then(|it| it.message("upstream_http_protocol_options"));
    let common = options
        .as_ref()
        .and_then(|it| it.message("common_http_protocol_options"));
    let health_checks = health_checks(cursor, &protocol);
    let (limits, max_connections_per_host) = balancing::limits(cursor);
    let connection = cursor.message("upstream_connection_options");
    let name = cursor.text("name")?;
    let warm = cursor
        .has("wait_for_warm_on_init")
        .then(|| cursor.flag("wait_for_warm_on_init"));
    Some(Cluster {
        name: name.to_owned(),
        stat_name: cursor.text("alt_stat_name").unwrap_or(name).to_owned(),
        balancing: balancing::balancing(cursor),
        discovery: discovery?,
        connect_timeout: cursor.duration("connect_timeout").unwrap_or(seconds(5)),
        buffer_limit: cursor
            .number("per_connection_buffer_limit_bytes")
            .unwrap_or(1 << 20),
        limits,
        max_connections_per_host,
        protocol,
        common: protocol::common(common.as_ref()),
        automatic_sni: automatic.as_ref().map(automatic_sni).unwrap_or_default(),
        transport: transport?,
        transport_matches,
        bind: address::bind(cursor),
        keepalive: connection.and_then(|it| address::keepalive(&it, "tcp_keepalive")),
        health_checks,
        outliers: cursor
            .message("outlier_detection")
            .map(|it| outlier::detection(&it)),
        close_on_health_failure: cursor.flag("close_connections_on_host_health_failure"),
        ignore_health_on_removal: cursor.flag("ignore_health_on_host_removal"),
        wait_for_warm_on_init: warm,
        message: Arc::new(cursor.message.clone()),
    })
}

/// The `HttpProtocolOptions` of a cluster.
fn options<'a>(cursor: &Cursor<'a>) -> Option<Cursor<'a>> {
    let options = cursor.entries("typed_extension_protocol_options");
    for (key, _) in options.iter().filter(|(key, _)| *key != OPTIONS) {
        let message = format!("`{key}` names no options");
        cursor.refuse(
            "typed_extension_protocol_options",
            message,
            format!("the key is `{OPTIONS}`"),
        );
    }
    options.into_iter().map(|(_, options)| options).next()
}

/// Health checks by gRPC need HTTP/2.
fn health_checks(cursor: &Cursor<'_>, protocol: &UpstreamProtocol) -> Vec<HealthCheck> {
    let checks = health::checks(cursor);
    let grpc = |it: &HealthCheck| matches!(it.check, Check::Grpc { .. });
    if matches!(protocol, UpstreamProtocol::Http1(_)) && checks.iter().any(grpc) {
        let message = "`grpc_health_check` needs a cluster that speaks HTTP/2";
        cursor.refuse(
            "health_checks",
            message,
            "add `http2_protocol_options` to its HttpProtocolOptions",
        );
    }
    checks
}

fn discovery(cursor: &Cursor<'_>, context: &Context) -> Option<ClusterDiscovery> {
    let assignment = cursor.message("load_assignment");
    let without = |name: &str, kind: &str| {
        if cursor.has(name) {
            cursor.refuse(
                name,
                format!("a cluster of type {kind} cannot have this"),
                "remove it",
            );
        }
    };
    if cursor.is_broken("type") {
        return None;
    }
    let kind = cursor.choice("type");
    if kind != EDS {
        without("eds_cluster_config", "other than EDS");
    }
    Some(match kind {
        STATIC => {
            let names = endpoint::Names::Refused;
            let read = assignment.map(|it| endpoint::assignment(&it, names));
            ClusterDiscovery::Static(read.unwrap_or_default())
        }
        STRICT_DNS => {
            let names = endpoint::Names::Resolved;
            let read = assignment.map(|it| endpoint::assignment(&it, names));
            ClusterDiscovery::StrictDns(read.unwrap_or_default(), dns(cursor))
        }
        EDS => {
            without("load_assignment", "EDS");
            let Some(eds) = cursor.message("eds_cluster_config") else {
                if !cursor.has("eds_cluster_config") {
                    cursor.refuse("type", "`eds_cluster_config` is missing", "");
                }
                return None;
            };
            if !eds.has("eds_config") {
                eds.refuse(
                    "",
                    "`eds_config` is missing",
                    "say where endpoints come from",
                );
            }
            ClusterDiscovery::Eds {
                service: eds
                    .text("service_name")
                    .unwrap_or(cursor.text("name")?)
                    .to_owned(),
                source: source::config_source(&eds.message("eds_config")?, context)?,
            }
        }
        _ => {
            without("load_assignment", "ORIGINAL_DST");
            ClusterDiscovery::OriginalDst(original_dst(cursor))
        }
    })
}

const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const STATIC: i32 = 0;
const STRICT_DNS: i32 = 1;
const EDS: i32 = 3;

fn original_dst(cursor: &Cursor<'_>) -> OriginalDst {
    let config = cursor.message("original_dst_lb_config");
    let config = config.as_ref();
    let name = config
        .and_then(|it| it.text("http_header_name"))
        .map(str::to_lowercase);
    let uses = config.is_some_and(|it| it.flag("use_http_header"));
    OriginalDst {
        header: uses.then(|| name.unwrap_or_else(|| "x-envoy-original-dst-host".to_owned())),
        port: config.and_then(|it| it.number("upstream_port_override")),
        cleanup_interval: cursor.duration("cleanup_interval").unwrap_or(seconds(5)),
    }
}

fn dns(cursor: &Cursor<'_>) -> Dns {
    let failure = cursor.message("dns_failure_refresh_rate").and_then(|rate| {
        let base = rate.duration("base_interval")?;
        let max = rate.duration("max_interval").unwrap_or(base * 10);
        if max < base {
            let message = "the longest wait is shorter than the first";
            rate.refuse("max_interval", message, "make it `base_interval` or more");
        }
        Some((base, max))
    });
    Dns {
        refresh: cursor
            .duration("dns_refresh_rate")
            .unwrap_or(milliseconds(5000)),
        jitter: cursor.duration("dns_jitter").unwrap_or_default(),
        failure,
        respect_ttl: cursor.flag("respect_dns_ttl"),
        family: match cursor.choice("dns_lookup_family") {
            0 => DnsFamily::Auto,
            1 => DnsFamily::V4Only,
            2 => DnsFamily::V6Only,
            3 => DnsFamily::V4Preferred,
            _ => DnsFamily::All,
        },
    }
}

fn transport(cursor: &Cursor<'_>, context: &Context) -> Option<Transport> {
    match cursor.message("transport_socket") {
        Some(socket) => tls::upstream(&socket, context),
        None => Some(Transport::Plaintext),
    }
}

fn transport_matches(cursor: &Cursor<'_>, context: &Context) -> Vec<TransportMatch> {
    let mut names: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for item in cursor.messages("transport_socket_matches") {
        let name = item.string("name");
        if !name.is_empty() && names.contains(&name) {
            item.refuse(
                "name",
                format!("there is another match `{name}`"),
                "name it otherwise",
            );
        }
        names.push(name.clone());
        let transport = match item.message("transport_socket") {
            Some(socket) => tls::upstream(&socket, context),
            None => Some(Transport::Plaintext),
        };
        found.extend(transport.map(|transport| TransportMatch {
            name,
            criteria: item.object("match").cloned().unwrap_or_default(),
            transport,
        }));
    }
    found
}

/// Choosing the protocol by ALPN needs transport sockets that have it.
fn alpn(
    cursor: &Cursor<'_>,
    context: &Context,
    protocol: &UpstreamProtocol,
    (transport, matches): (Option<&Transport>, &[TransportMatch]),
) {
    if !matches!(protocol, UpstreamProtocol::Auto(..)) {
        return;
    }
    if matches!(transport, Some(Transport::Plaintext)) {
        let message = "`auto_config` chooses the protocol by ALPN, and this cluster has no TLS";
        let field = "typed_extension_protocol_options";
        cursor.refuse(
            field,
            message,
            "add a `transport_socket` with TLS, or use `explicit_http_config`",
        );
    }
    let plaintext = |it: &&TransportMatch| matches!(it.transport, Transport::Plaintext);
    if let Some(found) = matches.iter().find(plaintext)
        && !context.runtime.do_not_validate_alpn_support
    {
        let message = format!(
            "`auto_config` chooses the protocol by ALPN, and `{}` has no TLS",
            found.name
        );
        let hint = "set the runtime key `config.do_not_validate_alpn_support` to 100";
        cursor.refuse("transport_socket_matches", message, hint);
    }
}

fn upstream_protocol(options: Option<&Cursor<'_>>) -> UpstreamProtocol {
    let kind = options.and_then(|it| it.member("upstream_protocol_options"));
    let inner = options.and_then(|it| it.message(kind?));
    let inner = inner.as_ref();
    let http1 = || {
        protocol::http1(
            inner
                .and_then(|it| it.message("http_protocol_options"))
                .as_ref(),
        )
    };
    let http2 = || {
        protocol::http2(
            inner
                .and_then(|it| it.message("http2_protocol_options"))
                .as_ref(),
        )
    };
    match kind {
        Some("auto_config") => UpstreamProtocol::Auto(http1(), http2()),
        Some("use_downstream_protocol_config") => {
            UpstreamProtocol::SameAsDownstream(http1(), http2())
        }
        Some(_) if inner.is_some_and(|it| it.has("http2_protocol_options")) => {
            UpstreamProtocol::Http2(http2())
        }
        _ => UpstreamProtocol::Http1(http1()),
    }
}

fn automatic_sni(cursor: &Cursor<'_>) -> AutomaticSni {
    AutomaticSni {
        sni: cursor.flag("auto_sni"),
        header: cursor
            .text("override_auto_sni_header")
            .map(str::to_lowercase),
        validate: cursor.flag("auto_san_validation"),
    }
}
