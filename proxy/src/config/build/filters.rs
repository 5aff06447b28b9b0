//! Reads the filters of HTTP.

use std::sync::Arc;

use super::{fault, rbac};
use crate::config::cursor::Cursor;
use crate::config::model::http::{GrpcMethods, GrpcStats, HttpFilter, HttpFilterKind, Router};
use crate::config::model::route::{FilterOverride, OverrideConfig, PerFilter};

/// The filters of a connection manager, the router last.
pub(super) fn filters(manager: &Cursor<'_>) -> Vec<HttpFilter> {
    let items = manager.messages("http_filters");
    let mut filters = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let name = item.string("name");
        if !item.has("typed_config") {
            item.refuse(
                "",
                "`typed_config` is missing",
                "Envoy finds filters by its `@type`",
            );
        }
        let Some(kind) = item
            .message("typed_config")
            .and_then(|config| kind(&config))
        else {
            continue;
        };
        let last = index + 1 == items.len();
        let disabled = item.flag("disabled");
        match (matches!(kind, HttpFilterKind::Router(_)), last) {
            (true, false) => item.refuse("", "the router must be the last filter", "move it"),
            (false, true) => {
                item.refuse(
                    "",
                    "the last filter must be the router",
                    "add envoy.filters.http.router",
                );
            }
            (true, true) if disabled => {
                item.refuse("disabled", "the router cannot be left out", "remove it");
            }
            _ => {}
        }
        filters.push(HttpFilter {
            name,
            disabled,
            kind,
        });
    }
    if items.is_empty() && !manager.is_broken("http_filters") {
        let field = if manager.has("http_filters") {
            "http_filters"
        } else {
            ""
        };
        let message = "a connection manager needs the router among `http_filters`";
        manager.refuse(field, message, "add envoy.filters.http.router");
    }
    filters
}

fn kind(config: &Cursor<'_>) -> Option<HttpFilterKind> {
    Some(match config.message.schema.name {
        "envoy.extensions.filters.http.router.v3.Router" => HttpFilterKind::Router(router(config)),
        "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig" => {
            HttpFilterKind::GrpcStats(grpc_stats(config))
        }
        "envoy.extensions.filters.http.rbac.v3.RBAC" => {
            HttpFilterKind::Rbac(Arc::new(rbac::http(config)))
        }
        _ => HttpFilterKind::Fault(Arc::new(fault::fault(config)?)),
    })
}

fn router(cursor: &Cursor<'_>) -> Router {
    Router {
        dynamic_stats: cursor.flag_or("dynamic_stats", true),
        suppress_envoy_headers: cursor.flag("suppress_envoy_headers"),
        respect_expected_rq_timeout: cursor.flag("respect_expected_rq_timeout"),
        suppress_grpc_failures: cursor.flag("suppress_grpc_request_failure_code_stats"),
        strict_check_headers: cursor.strings("strict_check_headers"),
    }
}

fn grpc_stats(cursor: &Cursor<'_>) -> GrpcStats {
    let methods = match cursor.member("per_method_stat_specifier") {
        Some("stats_for_all_methods") if cursor.flag("stats_for_all_methods") => GrpcMethods::All,
        Some("individual_method_stats_allowlist") => {
            let list = cursor.message("individual_method_stats_allowlist");
            let services = list
                .map(|list| list.messages("services"))
                .unwrap_or_default();
            let each = |service: &Cursor<'_>| {
                let name = service.string("name");
                let methods = service.strings("method_names").into_iter();
                methods
                    .map(|method| (name.clone(), method))
                    .collect::<Vec<_>>()
            };
            GrpcMethods::These(services.iter().flat_map(each).collect())
        }
        _ => GrpcMethods::None,
    };
    GrpcStats {
        methods,
        upstream_time: cursor.flag("enable_upstream_stats"),
        replace_dots: cursor.flag("replace_dots_in_grpc_service_name"),
    }
}

/// What a route changes about filters.
pub(super) fn per_filter(cursor: &Cursor<'_>) -> PerFilter {
    let entries = cursor.entries("typed_per_filter_config");
    let each = |(name, config): (&str, Cursor<'_>)| {
        let changed = if config.message.schema.short_name() == "FilterConfig" {
            let inner = config.message("config");
            FilterOverride {
                disabled: Some(config.flag("disabled")),
                config: inner.and_then(|inner| override_config(&inner)),
            }
        } else {
            FilterOverride {
                disabled: None,
                config: override_config(&config),
            }
        };
        (name.to_owned(), changed)
    };
    entries.into_iter().map(each).collect()
}

fn override_config(config: &Cursor<'_>) -> Option<OverrideConfig> {
    Some(match config.message.schema.short_name() {
        "RBACPerRoute" => {
            let rbac = config.message("rbac").map(|rbac| rbac::http(&rbac));
            OverrideConfig::Rbac(Arc::new(rbac.unwrap_or_default()))
        }
        _ => OverrideConfig::Fault(Arc::new(fault::fault(config)?)),
    })
}
