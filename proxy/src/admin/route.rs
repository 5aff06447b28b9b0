//! Knows the paths of the admin, what they take and who answers.

use std::fmt::Write;

use hyper::{Method, StatusCode};

use super::query::Query;
use super::reply::Reply;
use super::server::Shared;
use super::{
    certificates, clusters, command, config_dump, home, listeners, logging, memory, server_info,
    statistics, tap,
};

/// A path that is answered.
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) help: &'static str,
    /// Whether it changes something, which takes a POST.
    pub(super) changes: bool,
    pub(super) parameters: &'static [Parameter],
    answer: fn(&Shared, &Query) -> Reply,
}

/// A parameter: its name, what it is for, and its values if they are few.
pub(super) struct Parameter(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static [&'static str],
);

/// Answers a request to a path that has no query any more.
pub(super) fn answer(shared: &Shared, method: &Method, path: &str, query: &str) -> Reply {
    let Some(route) = ROUTES.iter().find(|route| route.path == path) else {
        return Reply::text(format!("invalid path. {}", help())).with(StatusCode::NOT_FOUND);
    };
    if route.changes && method != Method::POST {
        let refusal = format!("Method {method} not allowed, POST required.");
        return Reply::text(refusal).with(StatusCode::METHOD_NOT_ALLOWED);
    }
    (route.answer)(shared, &Query::parse(query))
}

/// What `/help` says.
pub(super) fn help() -> String {
    let mut text = "admin commands are:\n".to_owned();
    for route in ROUTES {
        let method = if route.changes { " (POST)" } else { "" };
        let _ = writeln!(text, "  {}{method}: {}", route.path, route.help);
        for Parameter(name, help, values) in route.parameters {
            let _ = match values {
                [] => writeln!(text, "      {name}: {help}"),
                values => writeln!(text, "      {name}: {help}; One of ({})", values.join(", ")),
            };
        }
    }
    text
}

const FILTER: Parameter = Parameter(
    "filter",
    "Regular expression (Google re2) for filtering stats",
    &[],
);
const INVERT: Parameter = Parameter("invert_filter", "Invert the filter regex", &[]);
const USED_ONLY: Parameter = Parameter(
    "usedonly",
    "Only include stats that have been written by system since restart",
    &[],
);

/// The paths in their order, with Envoy's words for what they do.
pub(super) const ROUTES: &[Route] = &[
    Route {
        path: "/",
        help: "Admin home page",
        changes: false,
        parameters: &[],
        answer: |_, _| Reply::html(home::page()),
    },
    Route {
        path: "/certs",
        help: "print certs on machine",
        changes: false,
        parameters: &[],
        answer: |shared, _| certificates::answer(&shared.source.certificates()),
    },
    Route {
        path: "/clusters",
        help: "upstream cluster status",
        changes: false,
        parameters: &[Parameter(
            "filter",
            "Regular expression (Google re2) for filtering clusters by name",
            &[],
        )],
        answer: |shared, query| clusters::answer(&shared.source.clusters(), query),
    },
    Route {
        path: "/config_dump",
        help: "dump current Envoy configs",
        changes: false,
        parameters: &[
            Parameter("resource", "The resource to dump", &[]),
            Parameter(
                "mask",
                "The mask to apply. When both resource and mask are specified, the mask is applied to every element in the desired repeated field so that only a subset of fields are returned. The mask is parsed as a Protobuf::FieldMask",
                &[],
            ),
            Parameter(
                "name_regex",
                "Dump only the currently loaded configurations whose names match the specified regex. Can be used with both resource and mask query parameters.",
                &[],
            ),
            Parameter(
                "include_eds",
                "Dump currently loaded configuration including EDS. See the response definition for more information",
                &[],
            ),
        ],
        answer: |shared, query| config_dump::answer(shared.source.configuration(), query),
    },
    Route {
        path: "/drain_listeners",
        help: "drain listeners",
        changes: true,
        parameters: &[
            Parameter(
                "graceful",
                "When draining listeners, enter a graceful drain period prior to closing listeners. This behaviour and duration is configurable via server options or CLI",
                &[],
            ),
            Parameter(
                "skip_exit",
                "When draining listeners, drain the connections but never stop the listeners. The graceful parameter has no effect when this is set, since the drain period only delays stopping the listeners",
                &[],
            ),
            Parameter(
                "inboundonly",
                "Drains all inbound listeners. traffic_direction field in envoy_v3_api_msg_config.listener.v3.Listener is used to determine whether a listener is inbound or outbound.",
                &[],
            ),
        ],
        answer: command::drain_listeners,
    },
    Route {
        path: "/healthcheck/fail",
        help: "cause the server to fail health checks",
        changes: true,
        parameters: &[],
        answer: |shared, _| command::fail_health_check(shared, true),
    },
    Route {
        path: "/healthcheck/ok",
        help: "cause the server to pass health checks",
        changes: true,
        parameters: &[],
        answer: |shared, _| command::fail_health_check(shared, false),
    },
    Route {
        path: "/help",
        help: "print out list of admin commands",
        changes: false,
        parameters: &[],
        answer: |_, _| Reply::text(help()),
    },
    Route {
        path: "/hot_restart_version",
        help: "print the hot restart compatibility version",
        changes: false,
        parameters: &[],
        answer: |_, _| Reply::text("disabled\n"),
    },
    Route {
        path: "/listeners",
        help: "print listener info",
        changes: false,
        parameters: &[Parameter("format", "File format to use", &["text", "json"])],
        answer: |shared, query| listeners::answer(&shared.source.listeners(), query),
    },
    Route {
        path: "/logging",
        help: "query/change logging levels",
        changes: true,
        parameters: &[
            Parameter(
                "paths",
                "Change multiple logging levels by setting to <logger_name1>:<desired_level1>,<logger_name2>:<desired_level2>. If fine grain logging is enabled, use __FILE__ or a glob experision as the logger name. For example, source/common*:warning",
                &[],
            ),
            Parameter(
                "level",
                "desired logging level, this will change all loggers's level",
                &[
                    "", "trace", "debug", "info", "warning", "error", "critical", "off",
                ],
            ),
        ],
        answer: |shared, query| logging::answer(&shared.levels, query),
    },
    Route {
        path: "/memory",
        help: "print current allocation/heap usage",
        changes: false,
        parameters: &[],
        answer: |shared, _| memory::answer(shared.source.memory()),
    },
    Route {
        path: "/quitquitquit",
        help: "exit the server",
        changes: true,
        parameters: &[],
        answer: |shared, _| command::quit(shared),
    },
    Route {
        path: "/ready",
        help: "print server state, return 200 if LIVE, otherwise return 503",
        changes: false,
        parameters: &[],
        answer: |shared, _| server_info::ready(&shared.source.server()),
    },
    Route {
        path: "/reset_counters",
        help: "reset all counters to zero",
        changes: true,
        parameters: &[],
        answer: |shared, _| command::reset_counters(shared),
    },
    Route {
        path: "/server_info",
        help: "print server version/status information",
        changes: false,
        parameters: &[],
        answer: |shared, _| server_info::answer(&shared.source.server()),
    },
    Route {
        path: "/stats",
        help: "print server stats",
        changes: false,
        parameters: &[
            USED_ONLY,
            FILTER,
            INVERT,
            Parameter("format", "Format to use", &["text", "json", "prometheus"]),
            Parameter(
                "type",
                "Stat types to include.",
                &["All", "Counters", "Histograms", "Gauges", "TextReadouts"],
            ),
            Parameter(
                "histogram_buckets",
                "Histogram bucket display mode",
                &["cumulative", "disjoint", "detailed", "summary"],
            ),
        ],
        answer: statistics::answer,
    },
    Route {
        path: "/stats/prometheus",
        help: "print server stats in prometheus format",
        changes: false,
        parameters: &[
            USED_ONLY,
            Parameter(
                "text_readouts",
                "Render text_readouts as new gaugues with value 0 (increases Prometheus data size)",
                &[],
            ),
            FILTER,
            INVERT,
            Parameter(
                "histogram_buckets",
                "Histogram bucket display mode",
                &["cumulative", "summary"],
            ),
        ],
        answer: statistics::prometheus,
    },
    Route {
        path: "/tap",
        help: "print requests as lines of JSON, as they end",
        changes: false,
        parameters: &[
            Parameter(
                "filter",
                "Condition such as status >= 500 && method == GET",
                &[],
            ),
            Parameter(
                "header",
                "A header whose value is shown; may stand several times",
                &[],
            ),
            Parameter(
                "events",
                "Whether requests are shown as they begin, too",
                &["end", "all"],
            ),
            Parameter("rate", "Lines a second at most", &[]),
        ],
        answer: tap::answer,
    },
];
