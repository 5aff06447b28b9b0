//! Reads the TCP proxy.

use super::{access_log, common, format, header, retry, seconds};
use crate::config::cursor::Cursor;
use crate::config::model::header::HeaderChanges;
use crate::config::model::tcp::{TcpCluster, TcpProxy, Tunneling};

pub(super) fn tcp_proxy(cursor: &Cursor<'_>) -> Option<TcpProxy> {
    let options = cursor.message("access_log_options");
    let tunneling = cursor.message("tunneling_config");
    Some(TcpProxy {
        stat_prefix: cursor.text("stat_prefix")?.to_owned(),
        clusters: clusters(cursor)?,
        idle_timeout: cursor.timeout("idle_timeout", Some(seconds(3600))),
        max_connect_attempts: cursor.number("max_connect_attempts").unwrap_or(1),
        back_off: cursor
            .message("backoff_options")
            .and_then(|it| retry::back_off(&it)),
        hash_source_ip: !cursor.messages("hash_policy").is_empty(),
        tunneling: match tunneling {
            Some(tunneling) => Some(self::tunneling(&tunneling)?),
            None => None,
        },
        max_connection_duration: cursor.duration("max_downstream_connection_duration"),
        access_logs: access_log::access_logs(cursor, "access_log"),
        log_flush_interval: options
            .as_ref()
            .and_then(|it| it.duration("access_log_flush_interval")),
        log_on_connected: options.is_some_and(|it| it.flag("flush_access_log_on_connected")),
    })
}

fn clusters(cursor: &Cursor<'_>) -> Option<Vec<TcpCluster>> {
    let metadata = common::balancer_metadata(cursor, "metadata_match");
    if cursor.member("cluster_specifier")? == "cluster" {
        let name = cursor.text("cluster");
        if name.is_none() {
            cursor.refuse("cluster", "must not be empty", "");
        }
        return Some(vec![TcpCluster {
            name: name?.to_owned(),
            weight: 1,
            metadata,
        }]);
    }
    let weighted = cursor.message("weighted_clusters")?;
    let each = |cursor: &Cursor<'_>| {
        let mut metadata = metadata.clone();
        metadata.extend(common::balancer_metadata(cursor, "metadata_match"));
        Some(TcpCluster {
            name: cursor.text("name")?.to_owned(),
            weight: cursor.number("weight")?,
            metadata,
        })
    };
    Some(
        weighted
            .messages("clusters")
            .iter()
            .filter_map(each)
            .collect(),
    )
}

fn tunneling(cursor: &Cursor<'_>) -> Option<Tunneling> {
    let post = cursor.flag("use_post");
    let path = cursor.text("post_path");
    if !post && path.is_some() {
        cursor.refuse(
            "post_path",
            "a CONNECT stream has no path",
            "set `use_post`, or remove it",
        );
    }
    if let Some(path) = path.filter(|path| !path.starts_with('/')) {
        cursor.refuse(
            "post_path",
            format!("`{path}` is no path"),
            "begin it with /",
        );
    }
    Some(Tunneling {
        hostname: format::format(&cursor.item("hostname")?)?,
        post_path: post.then(|| path.unwrap_or("/").to_owned()),
        headers: HeaderChanges {
            remove: Vec::new(),
            add: header::additions(cursor, "headers_to_add"),
        },
    })
}
