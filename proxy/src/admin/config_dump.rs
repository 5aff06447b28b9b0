//! Answers `/config_dump`: chooses among the dumps, their entries and their fields.

use hyper::StatusCode;
use regex::Regex;
use serde_json::{Map, Value, json};

use super::query::Query;
use super::reply::Reply;

const PREFIX: &str = "type.googleapis.com/envoy.admin.v3.";

/// The lists of the dumps, and the type of their entries.
const LISTS: [(&str, &str); 14] = [
    ("static_clusters", "ClustersConfigDump.StaticCluster"),
    (
        "dynamic_active_clusters",
        "ClustersConfigDump.DynamicCluster",
    ),
    (
        "dynamic_warming_clusters",
        "ClustersConfigDump.DynamicCluster",
    ),
    ("static_listeners", "ListenersConfigDump.StaticListener"),
    ("dynamic_listeners", "ListenersConfigDump.DynamicListener"),
    ("static_route_configs", "RoutesConfigDump.StaticRouteConfig"),
    (
        "dynamic_route_configs",
        "RoutesConfigDump.DynamicRouteConfig",
    ),
    (
        "inline_scoped_route_configs",
        "ScopedRoutesConfigDump.InlineScopedRouteConfigs",
    ),
    (
        "dynamic_scoped_route_configs",
        "ScopedRoutesConfigDump.DynamicScopedRouteConfigs",
    ),
    ("static_secrets", "SecretsConfigDump.StaticSecret"),
    ("dynamic_active_secrets", "SecretsConfigDump.DynamicSecret"),
    ("dynamic_warming_secrets", "SecretsConfigDump.DynamicSecret"),
    (
        "static_endpoint_configs",
        "EndpointsConfigDump.StaticEndpointConfig",
    ),
    (
        "dynamic_endpoint_configs",
        "EndpointsConfigDump.DynamicEndpointConfig",
    ),
];

pub(super) fn answer(mut dumps: Vec<Value>, query: &Query) -> Reply {
    if !query.has("include_eds") {
        let endpoints = format!("{PREFIX}EndpointsConfigDump");
        dumps.retain(|dump| dump["@type"] != endpoints.as_str());
    }
    if let Some(pattern) = query
        .get("name_regex")
        .filter(|pattern| !pattern.is_empty())
    {
        let Ok(pattern) = Regex::new(pattern) else {
            return refused(
                StatusCode::BAD_REQUEST,
                format!("INVALID_ARGUMENT: Error while parsing name_regex from {pattern}"),
            );
        };
        for dump in &mut dumps {
            choose(dump, &pattern);
        }
    }
    let mask = query.get("mask").filter(|mask| !mask.is_empty());
    let resource = query.get("resource").filter(|name| !name.is_empty());
    let configs = match (resource, mask) {
        (Some(resource), mask) => match entries(&dumps, resource) {
            Ok(entries) => match mask {
                Some(mask) if !entries.is_empty() => {
                    let masked = entries
                        .iter()
                        .map(|entry| masked(entry, mask, &ENTRY_FIELDS));
                    match masked.collect::<Option<Vec<_>>>() {
                        Some(entries) => entries,
                        None => return refused(StatusCode::BAD_REQUEST, unusable(mask)),
                    }
                }
                _ => entries,
            },
            Err(refusal) => return refusal,
        },
        (None, Some(mask)) => {
            let masked = dumps
                .iter()
                .filter_map(|dump| masked(dump, mask, dump_fields(dump)));
            let masked: Vec<_> = masked.collect();
            if masked.is_empty() {
                return refused(
                    StatusCode::BAD_REQUEST,
                    format!("FieldMask {mask} could not be successfully applied to any configs."),
                );
            }
            masked
        }
        (None, None) => dumps,
    };
    if configs.is_empty() {
        return Reply::json(&json!({}));
    }
    Reply::json(&json!({ "configs": configs }))
}

fn refused(status: StatusCode, body: String) -> Reply {
    Reply {
        content_type: "text/plain",
        ..Reply::text(body).with(status)
    }
}

fn unusable(mask: &str) -> String {
    let paths = mask.split(',').map(|path| format!("paths: \"{path}\"\n"));
    format!(
        "FieldMask {} could not be successfully used.",
        paths.collect::<Vec<_>>().concat()
    )
}

/// The fields that an entry of any list may have.
const ENTRY_FIELDS: [&str; 14] = [
    "name",
    "version_info",
    "last_updated",
    "cluster",
    "listener",
    "route_config",
    "secret",
    "endpoint_config",
    "active_state",
    "warming_state",
    "draining_state",
    "error_state",
    "client_status",
    "scoped_route_configs",
];

/// The fields that a dump may have.
fn dump_fields(dump: &Value) -> &'static [&'static str] {
    let kind = dump["@type"].as_str().unwrap_or_default();
    match kind.strip_prefix(PREFIX).unwrap_or_default() {
        "BootstrapConfigDump" => &["bootstrap", "last_updated"],
        "ClustersConfigDump" => &[
            "version_info",
            "static_clusters",
            "dynamic_active_clusters",
            "dynamic_warming_clusters",
        ],
        "ListenersConfigDump" => &["version_info", "static_listeners", "dynamic_listeners"],
        "RoutesConfigDump" => &["static_route_configs", "dynamic_route_configs"],
        "ScopedRoutesConfigDump" => &[
            "inline_scoped_route_configs",
            "dynamic_scoped_route_configs",
        ],
        "SecretsConfigDump" => &[
            "static_secrets",
            "dynamic_active_secrets",
            "dynamic_warming_secrets",
        ],
        "EndpointsConfigDump" => &["static_endpoint_configs", "dynamic_endpoint_configs"],
        _ => &[],
    }
}

/// Removes the entries of a dump whose names do not match, and lists that become empty.
fn choose(dump: &mut Value, pattern: &Regex) {
    let Some(fields) = dump.as_object_mut() else {
        return;
    };
    for (list, _) in LISTS {
        let Some(Value::Array(entries)) = fields.get_mut(list) else {
            continue;
        };
        entries.retain(|entry| name(entry).is_some_and(|name| pattern.is_match(name)));
        if entries.is_empty() {
            fields.shift_remove(list);
        }
    }
}

/// An entry's own name, or that of what it holds.
fn name(entry: &Value) -> Option<&str> {
    let inner = || {
        let held = [
            ("cluster", "name"),
            ("listener", "name"),
            ("route_config", "name"),
            ("secret", "name"),
            ("endpoint_config", "cluster_name"),
        ];
        held.into_iter()
            .find_map(|(holder, name)| entry.get(holder)?.get(name))
    };
    entry.get("name").or_else(inner)?.as_str()
}

/// The entries of the list `resource`, each with its type.
fn entries(dumps: &[Value], resource: &str) -> Result<Vec<Value>, Reply> {
    let holder = dumps.iter().find_map(|dump| dump.get(resource));
    let kind = LISTS.iter().find(|(list, _)| *list == resource);
    match (holder, kind) {
        (Some(Value::Array(entries)), Some((_, kind))) => {
            let typed = entries.iter().map(|entry| {
                let mut fields = Map::new();
                fields.insert("@type".into(), format!("{PREFIX}{kind}").into());
                fields.extend(entry.as_object().into_iter().flatten().map(own));
                Value::Object(fields)
            });
            Ok(typed.collect())
        }
        (None, Some((_, kind))) if dumps.iter().any(|dump| holds(dump, kind)) => Ok(Vec::new()),
        (Some(_), _) => Err(refused(
            StatusCode::BAD_REQUEST,
            format!(
                "{resource} is not a repeated field. Use ?mask={resource} to get only this field"
            ),
        )),
        (None, _) => Err(refused(
            StatusCode::NOT_FOUND,
            format!("{resource} not found in config dump"),
        )),
    }
}

/// Whether entries of that type belong to a dump.
fn holds(dump: &Value, kind: &str) -> bool {
    let (holder, _) = kind.split_once('.').unwrap_or((kind, ""));
    dump["@type"] == format!("{PREFIX}{holder}").as_str()
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// `value` with only the fields of `mask`, `a.b,c`, and the types of what is kept; nothing if it
/// cannot be applied: a path that begins with none of `known`, or reaches into a list.
fn masked(value: &Value, mask: &str, known: &[&str]) -> Option<Value> {
    let paths: Vec<Vec<&str>> = mask
        .split(',')
        .map(|path| path.split('.').collect())
        .collect();
    if !paths.iter().all(|path| known.contains(&path[0])) {
        return None;
    }
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    pruned(value, &paths)
}

fn pruned(value: &Value, paths: &[&[&str]]) -> Option<Value> {
    let mut kept = Map::new();
    for (name, value) in value.as_object()? {
        let below = paths
            .iter()
            .filter(|path| path.first() == Some(&name.as_str()));
        let below: Vec<&[&str]> = below.map(|path| &path[1..]).collect();
        if name == "@type" || below.iter().any(|path| path.is_empty()) {
            kept.insert(name.clone(), value.clone());
        } else if !below.is_empty() {
            kept.insert(name.clone(), pruned(value, &below)?);
        }
    }
    Some(Value::Object(kept))
}
