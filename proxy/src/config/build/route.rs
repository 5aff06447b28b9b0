//! Reads route configurations.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Context, common, filters, forward, header, matcher, retry, source};
use crate::config::cursor::Cursor;
use crate::config::model::matcher::HeaderMatcher;
use crate::config::model::route::{
    Action, PathMatch, Redirect, RedirectPath, RequireTls, Route, RouteConfiguration, RouteMatch,
    VirtualHost,
};

/// A route configuration. An inline one must name clusters that are there.
pub(crate) fn configuration(
    cursor: &Cursor<'_>,
    context: &Context,
    inline: bool,
) -> RouteConfiguration {
    let checked = cursor.flag_or("validate_clusters", inline);
    let clusters = checked.then_some(context);
    let limit = cursor
        .number("max_direct_response_body_size_bytes")
        .unwrap_or(4096);
    let hosts = virtual_hosts(cursor, clusters, limit);
    let lower = |name: String| name.to_lowercase();
    RouteConfiguration {
        name: cursor.string("name"),
        virtual_hosts: hosts,
        internal_only_headers: cursor
            .strings("internal_only_headers")
            .into_iter()
            .map(lower)
            .collect(),
        headers: header::both(cursor),
        most_specific_header_mutations_wins: cursor.flag("most_specific_header_mutations_wins"),
        ignore_port: cursor.flag("ignore_port_in_host_matching"),
        ignore_path_parameters: cursor.flag("ignore_path_parameters_in_path_matching"),
        max_direct_response_body_size: limit,
        filters: filters::per_filter(cursor),
        message: Arc::new(cursor.message.clone()),
    }
}

/// Virtual hosts, each domain once.
fn virtual_hosts(
    cursor: &Cursor<'_>,
    clusters: Option<&Context>,
    limit: u32,
) -> Vec<Arc<VirtualHost>> {
    let mut domains: BTreeMap<String, String> = BTreeMap::new();
    let mut hosts = Vec::new();
    for item in cursor.messages("virtual_hosts") {
        let name = item.string("name");
        for domain in item.texts("domains") {
            let text = domain.value.to_lowercase();
            if text.len() > 1 && text.matches('*').count() > 0 {
                let inner = text
                    .strip_prefix('*')
                    .or_else(|| text.strip_suffix('*'))
                    .unwrap_or(&text);
                if inner.contains('*') {
                    let hint = "`*` stands at one end alone";
                    domain.refuse(format!("`{text}` is no domain"), hint);
                }
            }
            if let Some(other) = domains.insert(text.clone(), name.clone()) {
                let message = format!("`{text}` is a domain of virtual host `{other}` too");
                domain.refuse(message, "remove one of them");
            }
        }
        hosts.push(Arc::new(virtual_host(&item, name, clusters, limit)));
    }
    hosts
}

fn virtual_host(
    cursor: &Cursor<'_>,
    name: String,
    clusters: Option<&Context>,
    limit: u32,
) -> VirtualHost {
    let routes = cursor.messages("routes");
    let routes: Vec<_> = routes.iter().map(|it| route(it, clusters, limit)).collect();
    VirtualHost {
        name,
        domains: cursor
            .strings("domains")
            .iter()
            .map(|it| it.to_lowercase())
            .collect(),
        routes: routes.into_iter().flatten().map(Arc::new).collect(),
        require_tls: match cursor.choice("require_tls") {
            0 => RequireTls::None,
            1 => RequireTls::External,
            _ => RequireTls::All,
        },
        headers: header::both(cursor),
        attempt_count_in_request: cursor.flag("include_request_attempt_count"),
        attempt_count_in_response: cursor.flag("include_attempt_count_in_response"),
        include_is_timeout_retry: cursor.flag("include_is_timeout_retry_header"),
        retry: cursor
            .message("retry_policy")
            .and_then(|it| retry::policy(&it))
            .map(Arc::new),
        buffer_limit: buffer_limit(cursor),
        filters: filters::per_filter(cursor),
    }
}

/// Bytes that are kept for retries, by the newer or the older name.
fn buffer_limit(cursor: &Cursor<'_>) -> Option<u64> {
    let (newer, older) = (
        "request_body_buffer_limit",
        "per_request_buffer_limit_bytes",
    );
    if cursor.has(newer) && cursor.has(older) {
        let message = format!("only one of `{newer}` and `{older}` can be given");
        cursor.refuse(older, message, "remove it");
    }
    cursor.number(newer).or_else(|| cursor.number(older))
}

fn route(cursor: &Cursor<'_>, clusters: Option<&Context>, limit: u32) -> Option<Route> {
    let matcher = cursor.message("match").and_then(|it| route_match(&it));
    let action = action(cursor, clusters, limit);
    Some(Route {
        name: cursor.string("name"),
        matcher: matcher?,
        action: action?,
        headers: header::both(cursor),
        buffer_limit: buffer_limit(cursor),
        stat_prefix: cursor.string("stat_prefix"),
        filters: filters::per_filter(cursor),
    })
}

fn route_match(cursor: &Cursor<'_>) -> Option<RouteMatch> {
    let text = |name: &str| cursor.item(name).map(|it| it.value.to_owned());
    let path = match cursor.member("path_specifier")? {
        "prefix" => PathMatch::Prefix(text("prefix")?),
        "path" => PathMatch::Exact(text("path")?),
        "path_separated_prefix" => {
            let prefix = text("path_separated_prefix")?;
            let wrong = |byte| matches!(byte, '?' | '#');
            if prefix.len() < 2 || prefix.contains(wrong) || prefix.ends_with('/') {
                let message = format!("`{prefix}` cannot be followed by a slash");
                let hint = "two characters or more, without ?, # and a slash at the end";
                cursor.refuse("path_separated_prefix", message, hint);
            }
            PathMatch::SeparatedPrefix(prefix)
        }
        "connect_matcher" => PathMatch::Connect,
        _ => PathMatch::Regex(matcher::pattern_in(cursor, "safe_regex")?),
    };
    let headers: Vec<HeaderMatcher> = matcher::headers(cursor, "headers");
    Some(RouteMatch {
        path,
        case_sensitive: cursor.flag_or("case_sensitive", true),
        share: common::runtime_fraction(cursor, "runtime_fraction"),
        headers,
        query: matcher::queries(cursor, "query_parameters"),
        grpc: cursor.has("grpc"),
    })
}

fn action(cursor: &Cursor<'_>, clusters: Option<&Context>, limit: u32) -> Option<Action> {
    let kind = cursor.member("action")?;
    let inner = cursor.message(kind)?;
    Some(match kind {
        "route" => Action::Forward(Arc::new(forward::forward(&inner, clusters)?)),
        "redirect" => Action::Redirect(redirect(&inner)?),
        "direct_response" => {
            let body = body(&inner, limit);
            Action::Respond {
                status: inner.number("status")?,
                body,
            }
        }
        _ => Action::NonForwarding,
    })
}

fn body(cursor: &Cursor<'_>, limit: u32) -> Vec<u8> {
    let Some(data) = source::data(cursor, "body") else {
        return Vec::new();
    };
    match data.read() {
        Ok(body) if body.len() > limit as usize => {
            let message = format!("a body of {} bytes is more than {limit}", body.len());
            let hint = "raise `max_direct_response_body_size_bytes` of the route configuration";
            cursor.refuse("body", message, hint);
            Vec::new()
        }
        Ok(body) => body,
        Err(error) => {
            cursor.refuse("body", format!("this cannot be read: {error}"), "");
            Vec::new()
        }
    }
}

fn redirect(cursor: &Cursor<'_>) -> Option<Redirect> {
    let text = |name: &str| cursor.text(name).map(str::to_owned);
    let port: Option<u32> = cursor.number("port_redirect").filter(|port| *port > 0);
    if let Some(port) = port.filter(|port| *port > 65535) {
        cursor.refuse(
            "port_redirect",
            format!("{port} is no port"),
            "from 1 to 65535",
        );
    }
    let path = match cursor.member("path_rewrite_specifier") {
        Some("path_redirect") => {
            text("path_redirect").map_or(RedirectPath::Same, RedirectPath::Path)
        }
        Some("prefix_rewrite") => RedirectPath::Prefix(cursor.string("prefix_rewrite")),
        Some(_) => RedirectPath::Regex(matcher::rewrite_in(cursor, "regex_rewrite")?),
        None => RedirectPath::Same,
    };
    Some(Redirect {
        scheme: match cursor.member("scheme_rewrite_specifier") {
            Some("https_redirect") if cursor.flag("https_redirect") => Some("https".to_owned()),
            _ => text("scheme_redirect"),
        },
        host: text("host_redirect"),
        port: port.and_then(|port| u16::try_from(port).ok()),
        path,
        status: match cursor.choice("response_code") {
            0 => 301,
            1 => 302,
            2 => 303,
            3 => 307,
            _ => 308,
        },
        strip_query: cursor.flag("strip_query"),
    })
}
