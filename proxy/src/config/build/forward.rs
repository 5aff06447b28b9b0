//! Reads how requests go to clusters.

use std::sync::Arc;
use std::time::Duration;

use super::{Context, common, filters, header, http, matcher, retry, seconds};
use crate::config::cursor::{Cursor, Text};
use crate::config::model::route::{
    ClusterChoice, Forward, HashBy, HashPolicy, HostRewrite, Idle, PathRewrite, Priority,
    StreamDuration, WeightedCluster,
};

/// `clusters` knows which clusters are there, if they must be.
pub(super) fn forward(cursor: &Cursor<'_>, clusters: Option<&Context>) -> Option<Forward> {
    let cluster = choice(cursor, clusters);
    let path = path(cursor);
    let host = host(cursor);
    let connect = connect(cursor);
    Some(Forward {
        cluster: cluster?,
        not_found_status: match cursor.choice("cluster_not_found_response_code") {
            0 => 503,
            1 => 404,
            _ => 500,
        },
        metadata: common::balancer_metadata(cursor, "metadata_match"),
        path: path?,
        host: host?,
        append_x_forwarded_host: cursor.flag("append_x_forwarded_host"),
        timeout: cursor.timeout("timeout", Some(seconds(15))),
        idle_timeout: match cursor.duration("idle_timeout") {
            None => Idle::Inherited,
            Some(Duration::ZERO) => Idle::Endless,
            Some(time) => Idle::After(time),
        },
        retry: cursor
            .message("retry_policy")
            .and_then(|it| retry::policy(&it))
            .map(Arc::new),
        priority: match cursor.choice("priority") {
            0 => Priority::Default,
            _ => Priority::High,
        },
        hash: cursor
            .messages("hash_policy")
            .iter()
            .filter_map(hash)
            .collect(),
        upgrades: http::upgrades(cursor),
        terminate_connect: connect.is_some(),
        terminate_post: connect == Some(true),
        stream_duration: stream_duration(cursor),
    })
}

fn choice(cursor: &Cursor<'_>, clusters: Option<&Context>) -> Option<ClusterChoice> {
    match cursor.member("cluster_specifier")? {
        "cluster" => {
            let name = cursor.item("cluster")?;
            known(&name, clusters);
            Some(ClusterChoice::Name(name.value.to_owned()))
        }
        "cluster_header" => Some(ClusterChoice::Header(
            cursor.text("cluster_header")?.to_lowercase(),
        )),
        _ => Some(weighted(&cursor.message("weighted_clusters")?, clusters)),
    }
}

fn known(name: &Text<'_>, clusters: Option<&Context>) {
    if clusters.is_some_and(|context| !context.clusters.contains(name.value)) {
        let hint = "add it to `static_resources.clusters`, or set `validate_clusters: false` if it \
                    is discovered";
        name.refuse(format!("there is no cluster `{}`", name.value), hint);
    }
}

fn weighted(cursor: &Cursor<'_>, clusters: Option<&Context>) -> ClusterChoice {
    let mut found = Vec::new();
    for item in cursor.messages("clusters") {
        match item.item("name").filter(|name| !name.value.is_empty()) {
            Some(name) => {
                known(&name, clusters);
                found.push(weighted_cluster(&item, name.value));
            }
            None => item.refuse("name", "`name` is missing", ""),
        }
    }
    let sum: u64 = found.iter().map(|cluster| u64::from(cluster.weight)).sum();
    if !found.is_empty() && !(1..=u64::from(u32::MAX)).contains(&sum) {
        let message = format!("the sum of all weights is {sum}");
        cursor.refuse("clusters", message, "from 1 to 4294967295");
    }
    ClusterChoice::Weighted {
        clusters: found,
        header: cursor.text("header_name").map(str::to_lowercase),
    }
}

fn weighted_cluster(cursor: &Cursor<'_>, name: &str) -> WeightedCluster {
    WeightedCluster {
        name: name.to_owned(),
        weight: cursor.number("weight").unwrap_or(0),
        metadata: common::balancer_metadata(cursor, "metadata_match"),
        headers: header::both(cursor),
        host: cursor.text("host_rewrite_literal").map(str::to_owned),
        filters: filters::per_filter(cursor),
    }
}

fn path(cursor: &Cursor<'_>) -> Option<PathRewrite> {
    let prefix = cursor.text("prefix_rewrite");
    if prefix.is_some() && cursor.has("regex_rewrite") {
        let message = "only one of `prefix_rewrite` and `regex_rewrite` can be given";
        cursor.refuse("regex_rewrite", message, "remove one of them");
    }
    Some(match prefix {
        Some(prefix) => PathRewrite::Prefix(prefix.to_owned()),
        None if cursor.has("regex_rewrite") => {
            PathRewrite::Regex(matcher::rewrite_in(cursor, "regex_rewrite")?)
        }
        None => PathRewrite::None,
    })
}

fn host(cursor: &Cursor<'_>) -> Option<HostRewrite> {
    Some(match cursor.member("host_rewrite_specifier") {
        Some("host_rewrite_literal") => match cursor.text("host_rewrite_literal") {
            Some(host) => HostRewrite::Literal(host.to_owned()),
            None => HostRewrite::None,
        },
        Some("auto_host_rewrite") if cursor.flag("auto_host_rewrite") => HostRewrite::Auto,
        Some("host_rewrite_header") => {
            HostRewrite::Header(cursor.string("host_rewrite_header").to_lowercase())
        }
        Some("host_rewrite_path_regex") => {
            HostRewrite::PathRegex(matcher::rewrite_in(cursor, "host_rewrite_path_regex")?)
        }
        _ => HostRewrite::None,
    })
}

fn hash(cursor: &Cursor<'_>) -> Option<HashPolicy> {
    let kind = cursor.member("policy_specifier")?;
    let inner = cursor.message(kind)?;
    let by = match kind {
        "header" => {
            let rewrite = if inner.has("regex_rewrite") {
                Some(matcher::rewrite_in(&inner, "regex_rewrite")?)
            } else {
                None
            };
            HashBy::Header(inner.text("header_name")?.to_lowercase(), rewrite)
        }
        "cookie" => HashBy::Cookie {
            name: inner.text("name")?.to_owned(),
            ttl: inner.duration("ttl"),
            path: inner.string("path"),
        },
        "connection_properties" if inner.flag("source_ip") => HashBy::SourceIp,
        "connection_properties" => return None,
        _ => HashBy::Query(inner.text("name")?.to_owned()),
    };
    Some(HashPolicy {
        by,
        terminal: cursor.flag("terminal"),
    })
}

/// Whether CONNECT streams are ended by this route, and whether POST streams are too.
fn connect(cursor: &Cursor<'_>) -> Option<bool> {
    let mut found = None;
    for item in cursor.messages("upgrade_configs") {
        let Some(config) = item.message("connect_config") else {
            continue;
        };
        if item
            .text("upgrade_type")
            .is_some_and(|token| !token.eq_ignore_ascii_case("CONNECT"))
        {
            let message = "only the upgrade CONNECT can have this";
            item.refuse("connect_config", message, "remove it");
        }
        if item.flag_or("enabled", true) {
            found = Some(config.flag("allow_post"));
        }
    }
    found
}

fn stream_duration(cursor: &Cursor<'_>) -> StreamDuration {
    match cursor.message("max_stream_duration") {
        Some(limits) => StreamDuration {
            max: limits.duration("max_stream_duration"),
            grpc_timeout_max: limits.duration("grpc_timeout_header_max"),
            grpc_timeout_offset: limits.duration("grpc_timeout_header_offset"),
        },
        None => StreamDuration {
            max: None,
            grpc_timeout_max: cursor.duration("max_grpc_timeout"),
            grpc_timeout_offset: cursor.duration("grpc_timeout_offset"),
        },
    }
}
