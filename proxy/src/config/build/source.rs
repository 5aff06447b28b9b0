//! Reads where configuration and bytes come from.

use super::{Context, seconds};
use crate::config::cursor::Cursor;
use crate::config::model::source::{ApiSource, Bytes, ConfigSource, DataSource, From, Protocol};

/// Where resources come from.
pub(super) fn config_source(cursor: &Cursor<'_>, context: &Context) -> Option<ConfigSource> {
    let from = match cursor.member("config_source_specifier")? {
        "ads" => {
            if !context.ads {
                let message = "there is no stream for `ads`";
                cursor.refuse("ads", message, "add `dynamic_resources.ads_config`");
            }
            From::Ads
        }
        "path" => From::File {
            path: cursor.text("path")?.into(),
            watched: None,
        },
        _ => {
            let file = cursor.message("path_config_source")?;
            From::File {
                path: file.text("path")?.into(),
                watched: directory(&file),
            }
        }
    };
    Some(ConfigSource {
        from,
        initial_fetch_timeout: cursor.timeout("initial_fetch_timeout", Some(seconds(15))),
        spot: cursor.spot(cursor.member("config_source_specifier").unwrap_or_default()),
    })
}

/// The directory that is watched in the stead of a file's own.
pub(super) fn directory(cursor: &Cursor<'_>) -> Option<std::path::PathBuf> {
    Some(cursor.message("watched_directory")?.text("path")?.into())
}

/// A stream of discovery.
pub(super) fn api_source(cursor: &Cursor<'_>, context: &Context) -> Option<ApiSource> {
    let services = cursor.messages("grpc_services");
    if services.len() != 1 {
        let message = format!("one service must be given, not {}", services.len());
        cursor.refuse("grpc_services", message, "");
    }
    let service = services.first()?;
    let grpc = service.message("envoy_grpc")?;
    let cluster = grpc.text("cluster_name")?;
    if !context.clusters.contains(cluster) {
        let message = format!("there is no static cluster `{cluster}`");
        grpc.refuse(
            "cluster_name",
            message,
            "add it to `static_resources.clusters`",
        );
    }
    let metadata = service.messages("initial_metadata");
    let header =
        |header: &Cursor<'_>| (header.string("key").to_lowercase(), header.string("value"));
    Some(ApiSource {
        cluster: cluster.to_owned(),
        authority: grpc.text("authority").unwrap_or(cluster).to_owned(),
        protocol: match cursor.choice("api_type") {
            GRPC => Protocol::StateOfTheWorld,
            _ => Protocol::Delta,
        },
        metadata: metadata.iter().map(header).collect(),
        node_on_first_message_only: cursor.flag("set_node_on_first_message_only"),
    })
}

const GRPC: i32 = 2;

/// Bytes in a field.
pub(super) fn data(cursor: &Cursor<'_>, field: &str) -> Option<DataSource> {
    let source = cursor.message(field)?;
    let member = source.member("specifier")?;
    let from = match member {
        "filename" => Bytes::File(source.text("filename")?.into()),
        "inline_bytes" => Bytes::Inline(source.bytes("inline_bytes")?.to_owned()),
        "inline_string" => Bytes::Inline(source.item("inline_string")?.value.into()),
        _ => Bytes::Environment(source.string("environment_variable")),
    };
    Some(DataSource {
        from,
        spot: source.spot(member),
    })
}
