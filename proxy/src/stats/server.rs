//! Names what is counted of the proxy as a whole, of its configuration and its threads.

use super::cell::{Counter, Gauge, Marked, Wide};
use super::group::group;
use super::histogram::Histogram;

group! {
    /// The server; the scope is `server`.
    ServerStats {
        compilation_settings_fips_mode: Gauge = "compilation_settings.fips_mode",
        concurrency: Gauge = "concurrency",
        days_until_first_cert_expiring: Gauge = "days_until_first_cert_expiring",
        debug_assertion_failures: Counter = "debug_assertion_failures",
        dropped_stat_flushes: Counter = "dropped_stat_flushes",
        dynamic_unknown_fields: Marked = "dynamic_unknown_fields",
        envoy_bug_failures: Counter = "envoy_bug_failures",
        envoy_notifications: Counter = "envoy_notifications",
        hot_restart_epoch: Gauge = "hot_restart_epoch",
        initialization_time_ms: Histogram = "initialization_time_ms",
        live: Gauge = "live",
        memory_allocated: Gauge = "memory_allocated",
        memory_heap_size: Gauge = "memory_heap_size",
        memory_physical_size: Gauge = "memory_physical_size",
        parent_connections: Gauge = "parent_connections",
        seconds_until_first_ocsp_response_expiring: Gauge = "seconds_until_first_ocsp_response_expiring",
        state: Gauge = "state",
        static_unknown_fields: Marked = "static_unknown_fields",
        stats_recent_lookups: Gauge = "stats_recent_lookups",
        total_connections: Gauge = "total_connections",
        uptime: Gauge = "uptime",
        version: Gauge = "version",
        wip_protos: Marked = "wip_protos",
    }
}

group! {
    /// Threads that did not answer in time; the scopes are `main_thread`, `workers`,
    /// `server.main_thread` and `server.worker_N`.
    WatchdogStats {
        watchdog_mega_miss: Counter = "watchdog_mega_miss",
        watchdog_miss: Counter = "watchdog_miss",
    }
}

group! {
    /// The clusters that are configured; the scope is `cluster_manager`.
    ClusterManagerStats {
        active_clusters: Gauge = "active_clusters",
        cluster_added: Marked = "cluster_added",
        cluster_modified: Counter = "cluster_modified",
        cluster_removed: Counter = "cluster_removed",
        cluster_updated: Counter = "cluster_updated",
        cluster_updated_via_merge: Counter = "cluster_updated_via_merge",
        update_merge_cancelled: Counter = "update_merge_cancelled",
        update_out_of_merge_window: Counter = "update_out_of_merge_window",
        warming_clusters: Gauge = "warming_clusters",
    }
}

group! {
    /// The listeners that are configured; the scope is `listener_manager`.
    ListenerManagerStats {
        listener_added: Counter = "listener_added",
        listener_create_failure: Counter = "listener_create_failure",
        listener_create_success: Counter = "listener_create_success",
        listener_in_place_updated: Counter = "listener_in_place_updated",
        listener_modified: Counter = "listener_modified",
        listener_removed: Counter = "listener_removed",
        listener_stopped: Counter = "listener_stopped",
        total_filter_chains_draining: Gauge = "total_filter_chains_draining",
        total_listeners_active: Gauge = "total_listeners_active",
        total_listeners_draining: Gauge = "total_listeners_draining",
        total_listeners_warming: Gauge = "total_listeners_warming",
        workers_pinned: Gauge = "workers_pinned",
        workers_started: Gauge = "workers_started",
    }
}

group! {
    /// Runtime settings; the scope is `runtime`.
    RuntimeStats {
        admin_overrides_active: Gauge = "admin_overrides_active",
        deprecated_feature_seen_since_process_start: Gauge = "deprecated_feature_seen_since_process_start",
        deprecated_feature_use: Counter = "deprecated_feature_use",
        load_error: Counter = "load_error",
        load_success: Counter = "load_success",
        num_keys: Gauge = "num_keys",
        num_layers: Gauge = "num_layers",
        override_dir_exists: Counter = "override_dir_exists",
        override_dir_not_exists: Counter = "override_dir_not_exists",
    }
}

group! {
    /// What is written to files, access logs above all; the scope is `filesystem`.
    FilesystemStats {
        flushed_by_timer: Counter = "flushed_by_timer",
        reopen_failed: Counter = "reopen_failed",
        write_buffered: Counter = "write_buffered",
        write_completed: Counter = "write_completed",
        write_failed: Counter = "write_failed",
        write_total_buffered: Gauge = "write_total_buffered",
    }
}

group! {
    /// Names that are resolved; the scope is `dns.cares`, as Envoy's resolver has it.
    DnsStats {
        get_addr_failure: Counter = "get_addr_failure",
        not_found: Counter = "not_found",
        pending_resolutions: Gauge = "pending_resolutions",
        reinits: Counter = "reinits",
        resolve_total: Counter = "resolve_total",
        timeouts: Counter = "timeouts",
    }
}

group! {
    /// Configuration that is subscribed to; the scopes are `cluster_manager.cds`,
    /// `listener_manager.lds`, `http.PREFIX.rds.NAME`, `sds.NAME`, each with the text `version_text`.
    SubscriptionStats {
        init_fetch_timeout: Counter = "init_fetch_timeout",
        update_attempt: Counter = "update_attempt",
        update_duration: Histogram = "update_duration",
        update_failure: Counter = "update_failure",
        update_rejected: Counter = "update_rejected",
        update_success: Counter = "update_success",
        update_time: Gauge = "update_time",
        version: Wide = "version",
    }
}

group! {
    /// What a cluster with discovery of endpoints counts beyond every cluster, in the same scope; with
    /// the text `version_text`.
    EndpointDiscoveryStats {
        init_fetch_timeout: Counter = "init_fetch_timeout",
        update_duration: Histogram = "update_duration",
        update_rejected: Counter = "update_rejected",
        update_time: Gauge = "update_time",
    }
}

group! {
    /// How often discovery brought something new; in the scopes of CDS and RDS.
    ReloadStats {
        config_reload: Counter = "config_reload",
        config_reload_time_ms: Gauge = "config_reload_time_ms",
    }
}

group! {
    /// What discovery of routes alone counts, in its scope.
    RouteDiscoveryStats {
        update_empty: Counter = "update_empty",
    }
}

group! {
    /// What discovery of secrets alone counts, in its scope.
    SecretDiscoveryStats {
        key_rotation_failed: Counter = "key_rotation_failed",
    }
}

group! {
    /// The connection to the control plane; the scope is `control_plane`.
    ControlPlaneStats {
        connected_state: Gauge = "connected_state",
        pending_requests: Gauge = "pending_requests",
        rate_limit_enforced: Counter = "rate_limit_enforced",
    }
}
