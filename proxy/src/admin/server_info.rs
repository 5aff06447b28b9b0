//! Answers `/server_info` and `/ready`.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::reply::Reply;
use super::source::{CommandLine, ServerInfo, State};

pub(super) fn ready(server: &ServerInfo) -> Reply {
    let reply = Reply::text(format!("{}\n", server.state.name()));
    match server.state {
        State::Live => reply,
        _ => reply.with(StatusCode::SERVICE_UNAVAILABLE),
    }
}

pub(super) fn answer(server: &ServerInfo) -> Reply {
    let uptime = format!("{}s", server.uptime.as_secs());
    Reply::json(&json!({
        "version": server.version,
        "state": server.state.name(),
        "uptime_current_epoch": uptime,
        "uptime_all_epochs": uptime,
        "hot_restart_version": "disabled",
        "command_line_options": command_line(&server.command_line),
        "node": server.node,
        "hot_restart_initializing": false,
    }))
}

fn command_line(options: &CommandLine) -> Value {
    json!({
        "base_id": "0",
        "concurrency": options.concurrency,
        "config_path": options.config_path,
        "config_yaml": options.config_yaml,
        "allow_unknown_static_fields": false,
        "admin_address_path": options.admin_address_path,
        "local_address_ip_version": "v4",
        "log_level": options.log_level,
        "component_log_level": options.component_log_level,
        "log_format": "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v",
        "log_path": "",
        "service_cluster": options.service_cluster,
        "service_node": options.service_node,
        "service_zone": options.service_zone,
        "file_flush_interval": "10s",
        "drain_time": format!("{}s", options.drain_time.as_secs()),
        "parent_shutdown_time": format!("{}s", options.parent_shutdown_time.as_secs()),
        "mode": "Serve",
        "disable_hot_restart": true,
        "enable_mutex_tracing": false,
        "restart_epoch": 0,
        "cpuset_threads": false,
        "reject_unknown_dynamic_fields": false,
        "log_format_escaped": false,
        "disabled_extensions": [],
        "ignore_unknown_dynamic_fields": false,
        "use_dynamic_base_id": false,
        "base_id_path": "",
        "drain_strategy": "Gradual",
        "enable_fine_grain_logging": false,
        "socket_path": "@envoy_domain_socket",
        "socket_mode": 0,
        "enable_core_dump": false,
        "stats_tag": [],
        "skip_hot_restart_on_no_parent": false,
        "skip_hot_restart_parent_stats": false,
        "skip_deprecated_logs": false,
        "file_flush_min_size": 0,
        "log_stacktrace_single_entry": false,
    })
}
