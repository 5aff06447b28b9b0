//! Reads the HTTP connection manager.

use std::sync::Arc;

use super::{
    Context, access_log, address, filters, milliseconds, protocol, route, seconds, source,
};
use crate::config::cursor::Cursor;
use crate::config::model::http::{
    ClientCertificate, Codec, EscapedSlashes, ForwardClientCertificate, ForwardedFor,
    HttpConnectionManager, PathNormalization, RequestId, Routes, ServerHeader, StripPort, Upgrade,
};

pub(super) fn manager(cursor: &Cursor<'_>, context: &Context) -> Option<HttpConnectionManager> {
    let routes = routes(cursor, context);
    let options = cursor.message("access_log_options");
    let scheme = cursor.message("scheme_header_transformation");
    let filters = filters::filters(cursor);
    header_sizes(cursor);
    Some(HttpConnectionManager {
        stat_prefix: cursor.text("stat_prefix")?.to_owned(),
        codec: match cursor.choice("codec_type") {
            0 => Codec::Auto,
            1 => Codec::Http1,
            _ => Codec::Http2,
        },
        routes: routes?,
        filters,
        http1: protocol::http1(cursor.message("http_protocol_options").as_ref()),
        http2: protocol::http2(cursor.message("http2_protocol_options").as_ref()),
        common: protocol::common(cursor.message("common_http_protocol_options").as_ref()),
        server_name: cursor.text("server_name").unwrap_or("envoy").to_owned(),
        server_header: match cursor.choice("server_header_transformation") {
            0 => ServerHeader::Overwrite,
            1 => ServerHeader::AppendIfAbsent,
            _ => ServerHeader::PassThrough,
        },
        scheme: scheme
            .as_ref()
            .and_then(|it| it.text("scheme_to_overwrite"))
            .map(str::to_owned),
        scheme_matches_upstream: scheme.is_some_and(|it| it.flag("match_upstream")),
        max_request_headers_kb: cursor.number("max_request_headers_kb").unwrap_or(60),
        stream_idle_timeout: cursor.timeout("stream_idle_timeout", Some(seconds(300))),
        request_timeout: cursor.timeout("request_timeout", None),
        request_headers_timeout: cursor.timeout("request_headers_timeout", None),
        drain_timeout: cursor.duration("drain_timeout").unwrap_or(seconds(5)),
        delayed_close_timeout: cursor.timeout("delayed_close_timeout", Some(milliseconds(1000))),
        access_logs: access_log::access_logs(cursor, "access_log"),
        log_flush_interval: options
            .as_ref()
            .and_then(|it| it.duration("access_log_flush_interval")),
        log_on_new_request: options.is_some_and(|it| it.flag("flush_access_log_on_new_request")),
        forwarded_for: forwarded_for(cursor),
        via: cursor.string("via"),
        add_user_agent: cursor.flag("add_user_agent"),
        request_id: request_id(cursor),
        client_certificate: client_certificate(cursor),
        proxy_100_continue: cursor.flag("proxy_100_continue"),
        upgrades: upgrades(cursor),
        path: path(cursor),
        strip_port: strip_port(cursor),
        strip_trailing_host_dot: cursor.flag("strip_trailing_host_dot"),
        keep_connection_on_malformed: cursor.flag("stream_error_on_invalid_http_message"),
        append_x_forwarded_port: cursor.flag("append_x_forwarded_port"),
    })
}

/// One header cannot be longer than all.
fn header_sizes(cursor: &Cursor<'_>) {
    let all: u32 = cursor.number("max_request_headers_kb").unwrap_or(60);
    let options = cursor.message("http2_protocol_options");
    let one = options
        .as_ref()
        .and_then(|it| it.number::<u32>("max_header_field_size_kb"));
    if let (Some(options), Some(one)) = (options, one)
        && one > all
    {
        let message = format!("one header of {one} KiB is more than all of {all} KiB");
        let hint =
            "raise `max_request_headers_kb` of the connection manager, which is 60 when absent";
        options.refuse("max_header_field_size_kb", message, hint);
    }
}

fn routes(cursor: &Cursor<'_>, context: &Context) -> Option<Routes> {
    if let Some(inline) = cursor.message("route_config") {
        let routes = route::configuration(&inline, context, true);
        return Some(Routes::Inline(Arc::new(routes)));
    }
    let rds = cursor.message("rds")?;
    let source = rds.message("config_source");
    if !rds.has("config_source") {
        rds.refuse(
            "",
            "`config_source` is missing",
            "say where the routes come from",
        );
    }
    if rds.text("route_config_name").is_none() {
        rds.refuse("", "`route_config_name` is missing", "say which routes");
    }
    Some(Routes::Discovered {
        name: rds.text("route_config_name")?.to_owned(),
        source: source::config_source(&source?, context)?,
    })
}

fn forwarded_for(cursor: &Cursor<'_>) -> ForwardedFor {
    let internal = cursor.message("internal_address_config");
    let networks = internal
        .as_ref()
        .map(|it| address::networks(it, "cidr_ranges"));
    ForwardedFor {
        use_remote_address: cursor.flag("use_remote_address"),
        trusted_hops: cursor.number("xff_num_trusted_hops").unwrap_or(0),
        skip_append: cursor.flag("skip_xff_append"),
        ipv4_as_ipv6: cursor.flag("represent_ipv4_remote_address_as_ipv4_mapped_ipv6"),
        internal: networks.unwrap_or_default(),
        internal_unix_sockets: internal.is_some_and(|it| it.flag("unix_sockets")),
    }
}

fn request_id(cursor: &Cursor<'_>) -> RequestId {
    let extension = cursor.message("request_id_extension");
    let config = extension.and_then(|extension| extension.message("typed_config"));
    RequestId {
        generate: cursor.flag_or("generate_request_id", true),
        preserve_external: cursor.flag("preserve_external_request_id"),
        in_response: cursor.flag("always_set_request_id_in_response"),
        pack_trace_reason: config.is_none_or(|it| it.flag_or("pack_trace_reason", true)),
    }
}

fn client_certificate(cursor: &Cursor<'_>) -> ClientCertificate {
    let details = cursor.message("set_current_client_cert_details");
    let flag = |name: &str| details.as_ref().is_some_and(|it| it.flag(name));
    ClientCertificate {
        forward: match cursor.choice("forward_client_cert_details") {
            0 => ForwardClientCertificate::Sanitize,
            1 => ForwardClientCertificate::ForwardOnly,
            2 => ForwardClientCertificate::AppendForward,
            3 => ForwardClientCertificate::SanitizeSet,
            _ => ForwardClientCertificate::AlwaysForwardOnly,
        },
        subject: flag("subject"),
        certificate: flag("cert"),
        chain: flag("chain"),
        dns: flag("dns"),
        uri: flag("uri"),
    }
}

/// The upgrades of a list, each token once.
pub(super) fn upgrades(cursor: &Cursor<'_>) -> Vec<Upgrade> {
    let mut found: Vec<Upgrade> = Vec::new();
    for item in cursor.messages("upgrade_configs") {
        let Some(token) = item.text("upgrade_type") else {
            if !item.has("upgrade_type") {
                item.refuse(
                    "",
                    "`upgrade_type` is missing",
                    "`websocket`, another token, `CONNECT`",
                );
            }
            continue;
        };
        if found
            .iter()
            .any(|known| known.token.eq_ignore_ascii_case(token))
        {
            let message = format!("`{token}` stands twice");
            item.refuse("upgrade_type", message, "remove one of them");
        }
        found.push(Upgrade {
            token: token.to_owned(),
            enabled: item.flag_or("enabled", true),
        });
    }
    found
}

fn path(cursor: &Cursor<'_>) -> PathNormalization {
    PathNormalization {
        normalize: cursor.flag("normalize_path"),
        merge_slashes: cursor.flag("merge_slashes"),
        escaped_slashes: match cursor.choice("path_with_escaped_slashes_action") {
            0 | 1 => EscapedSlashes::Keep,
            2 => EscapedSlashes::Reject,
            3 => EscapedSlashes::Redirect,
            _ => EscapedSlashes::Forward,
        },
    }
}

fn strip_port(cursor: &Cursor<'_>) -> StripPort {
    match (
        cursor.flag("strip_matching_host_port"),
        cursor.flag("strip_any_host_port"),
    ) {
        (true, true) => {
            let message =
                "only one of `strip_matching_host_port` and `strip_any_host_port` can be set";
            cursor.refuse("strip_any_host_port", message, "remove one of them");
            StripPort::Any
        }
        (true, false) => StripPort::Matching,
        (false, true) => StripPort::Any,
        (false, false) => StripPort::Never,
    }
}
