//! Makes the model of the configuration from the part of its JSON form that the cases use.

use std::sync::Arc;
use std::time::Duration;

use mesh_proxy::config::message::Message;
use mesh_proxy::config::model::address::Network;
use mesh_proxy::config::model::format::{Format, HeaderChoice, Operator, Piece, Plain};
use mesh_proxy::config::model::header::{Append, HeaderAddition, HeaderChanges, MessageChanges};
use mesh_proxy::config::model::matcher::{
    Case, HeaderMatcher, Pattern, QueryMatcher, Rewrite, StringMatcher, ValueMatcher,
};
use mesh_proxy::config::model::retry::{BackOff, RetryOn, RetryPolicy};
use mesh_proxy::config::model::route::{
    Action, ClusterChoice, Forward, HostRewrite, Idle, PathMatch, PathRewrite, PerFilter, Priority,
    Redirect, RedirectPath, RequireTls, Route, RouteConfiguration, RouteMatch, StreamDuration,
    VirtualHost, WeightedCluster,
};
use mesh_proxy::config::schema;
use regex::bytes::Regex;
use serde_json::{Map, Value};

static NOTHING: schema::Message = schema::Message {
    name: "",
    fields: &[],
    needs: &[],
    others: &[],
};

pub(crate) fn route_configuration(value: &Value) -> RouteConfiguration {
    let message = Message {
        schema: &NOTHING,
        place: None,
        set: Vec::new(),
    };
    RouteConfiguration {
        name: String::new(),
        virtual_hosts: list(value, "virtual_hosts", |it| Arc::new(virtual_host(it))),
        internal_only_headers: list(value, "internal_only_headers", text_of),
        headers: changes(value),
        most_specific_header_mutations_wins: flag(value, "most_specific_header_mutations_wins"),
        ignore_port: flag(value, "ignore_port_in_host_matching"),
        ignore_path_parameters: flag(value, "ignore_path_parameters_in_path_matching"),
        max_direct_response_body_size: 4096,
        filters: PerFilter::new(),
        message: Arc::new(message),
    }
}

fn virtual_host(value: &Value) -> VirtualHost {
    VirtualHost {
        name: text(value, "name"),
        domains: list(value, "domains", text_of),
        routes: list(value, "routes", |it| Arc::new(route(it))),
        require_tls: match &*text(value, "require_tls") {
            "ALL" => RequireTls::All,
            "EXTERNAL_ONLY" => RequireTls::External,
            _ => RequireTls::None,
        },
        headers: changes(value),
        attempt_count_in_request: flag(value, "include_request_attempt_count"),
        attempt_count_in_response: flag(value, "include_attempt_count_in_response"),
        include_is_timeout_retry: false,
        retry: value.get("retry_policy").map(|it| Arc::new(retry(it))),
        buffer_limit: None,
        filters: PerFilter::new(),
    }
}

fn route(value: &Value) -> Route {
    let action = if let Some(redirect) = value.get("redirect") {
        Action::Redirect(self::redirect(redirect))
    } else if let Some(direct) = value.get("direct_response") {
        Action::Respond {
            status: number(direct, "status").unwrap(),
            body: direct["body"]["inline_string"]
                .as_str()
                .unwrap_or_default()
                .into(),
        }
    } else {
        Action::Forward(Arc::new(forward(&value["route"])))
    };
    Route {
        name: text(value, "name"),
        matcher: matcher(&value["match"]),
        action,
        headers: changes(value),
        buffer_limit: None,
        stat_prefix: String::new(),
        filters: PerFilter::new(),
    }
}

fn matcher(value: &Value) -> RouteMatch {
    let path = if let Some(prefix) = value.get("prefix") {
        PathMatch::Prefix(text_of(prefix))
    } else if let Some(path) = value.get("path") {
        PathMatch::Exact(text_of(path))
    } else if let Some(prefix) = value.get("path_separated_prefix") {
        PathMatch::SeparatedPrefix(text_of(prefix))
    } else if let Some(regex) = value.get("safe_regex") {
        PathMatch::Regex(pattern(regex))
    } else {
        PathMatch::Connect
    };
    RouteMatch {
        path,
        case_sensitive: value.get("case_sensitive").is_none_or(|it| it == true),
        share: None,
        headers: list(value, "headers", |it| HeaderMatcher {
            name: text(it, "name"),
            value: value_matcher(it),
            invert: flag(it, "invert_match"),
            missing_is_empty: flag(it, "treat_missing_header_as_empty"),
        }),
        query: list(value, "query_parameters", |it| QueryMatcher {
            name: text(it, "name"),
            value: value_matcher(it),
        }),
        grpc: value.get("grpc").is_some(),
    }
}

fn value_matcher(value: &Value) -> ValueMatcher {
    if let Some(present) = value.get("present_match") {
        return ValueMatcher::Present(present == true);
    }
    if let Some(range) = value.get("range_match") {
        let bound = |name: &str| range[name].as_i64().unwrap();
        return ValueMatcher::Range(bound("start")..bound("end"));
    }
    let matcher = &value["string_match"];
    let given = |name: &str| matcher.get(name).map(text_of);
    let case = if flag(matcher, "ignore_case") {
        Case::Ignored
    } else {
        Case::Counts
    };
    ValueMatcher::Text(if let Some(text) = given("exact") {
        StringMatcher::Exact(text, case)
    } else if let Some(text) = given("prefix") {
        StringMatcher::Prefix(text, case)
    } else if let Some(text) = given("suffix") {
        StringMatcher::Suffix(text, case)
    } else if let Some(text) = given("contains") {
        StringMatcher::Contains(text, case)
    } else {
        StringMatcher::Regex(pattern(&matcher["safe_regex"]))
    })
}

fn forward(value: &Value) -> Forward {
    let host = |name: &str| value.get(name).map(text_of);
    Forward {
        cluster: match value.get("weighted_clusters") {
            Some(weighted) => ClusterChoice::Weighted {
                clusters: list(weighted, "clusters", |it| WeightedCluster {
                    name: text(it, "name"),
                    weight: number(it, "weight").unwrap(),
                    metadata: Map::new(),
                    headers: changes(it),
                    host: None,
                    filters: PerFilter::new(),
                }),
                header: None,
            },
            None => match value.get("cluster_header") {
                Some(name) => ClusterChoice::Header(text_of(name)),
                None => ClusterChoice::Name(text(value, "cluster")),
            },
        },
        not_found_status: 503,
        metadata: Map::new(),
        path: match (value.get("prefix_rewrite"), value.get("regex_rewrite")) {
            (Some(prefix), _) => PathRewrite::Prefix(text_of(prefix)),
            (None, Some(regex)) => PathRewrite::Regex(rewrite(regex)),
            (None, None) => PathRewrite::None,
        },
        host: if let Some(literal) = host("host_rewrite_literal") {
            HostRewrite::Literal(literal)
        } else if let Some(header) = host("host_rewrite_header") {
            HostRewrite::Header(header)
        } else if let Some(regex) = value.get("host_rewrite_path_regex") {
            HostRewrite::PathRegex(rewrite(regex))
        } else {
            HostRewrite::None
        },
        append_x_forwarded_host: flag(value, "append_x_forwarded_host"),
        timeout: match value.get("timeout") {
            Some(time) => Some(seconds(time)).filter(|it| !it.is_zero()),
            None => Some(Duration::from_secs(15)),
        },
        idle_timeout: Idle::Inherited,
        retry: value.get("retry_policy").map(|it| Arc::new(retry(it))),
        priority: Priority::Default,
        hash: Vec::new(),
        upgrades: Vec::new(),
        terminate_connect: false,
        terminate_post: false,
        stream_duration: StreamDuration::default(),
    }
}

fn redirect(value: &Value) -> Redirect {
    let given = |name: &str| value.get(name).map(text_of);
    Redirect {
        scheme: flag(value, "https_redirect")
            .then(|| "https".to_owned())
            .or_else(|| given("scheme_redirect")),
        host: given("host_redirect"),
        port: number(value, "port_redirect"),
        path: if let Some(path) = given("path_redirect") {
            RedirectPath::Path(path)
        } else if let Some(prefix) = given("prefix_rewrite") {
            RedirectPath::Prefix(prefix)
        } else if let Some(regex) = value.get("regex_rewrite") {
            RedirectPath::Regex(rewrite(regex))
        } else {
            RedirectPath::Same
        },
        status: match &*text(value, "response_code") {
            "FOUND" => 302,
            "SEE_OTHER" => 303,
            "TEMPORARY_REDIRECT" => 307,
            "PERMANENT_REDIRECT" => 308,
            _ => 301,
        },
        strip_query: flag(value, "strip_query"),
    }
}

fn retry(value: &Value) -> RetryPolicy {
    RetryPolicy {
        on: RetryOn::parse(&text(value, "retry_on")).0,
        status_codes: Vec::new(),
        headers: Vec::new(),
        request_headers: Vec::new(),
        retries: number(value, "num_retries").unwrap_or(1),
        per_try_timeout: value.get("per_try_timeout").map(seconds),
        per_try_idle_timeout: None,
        back_off: BackOff {
            base: Duration::from_millis(25),
            max: Duration::from_millis(250),
        },
        avoid_previous_hosts: false,
        host_selection_attempts: 1,
    }
}

fn changes(value: &Value) -> MessageChanges {
    let side = |add: &str, remove: &str| HeaderChanges {
        remove: list(value, remove, text_of),
        add: list(value, add, |it| HeaderAddition {
            name: text(&it["header"], "key"),
            value: format(&text(&it["header"], "value")),
            action: match &*text(it, "append_action") {
                "ADD_IF_ABSENT" => Append::AddIfAbsent,
                "OVERWRITE_IF_EXISTS_OR_ADD" => Append::OverwriteIfExistsOrAdd,
                "OVERWRITE_IF_EXISTS" => Append::OverwriteIfExists,
                _ => Append::AppendIfExistsOrAdd,
            },
            keep_empty: flag(it, "keep_empty_value"),
        }),
    };
    MessageChanges {
        request: side("request_headers_to_add", "request_headers_to_remove"),
        response: side("response_headers_to_add", "response_headers_to_remove"),
    }
}

/// Texts with operators that have no length.
pub(crate) fn format(text: &str) -> Format {
    let mut pieces = Vec::new();
    for (index, part) in text.split('%').enumerate() {
        if index % 2 == 0 {
            if !part.is_empty() {
                pieces.push(Piece::Text(part.to_owned()));
            }
            continue;
        }
        let header = |rest: &str| HeaderChoice {
            name: rest.trim_end_matches(')').to_lowercase(),
            other: None,
        };
        let operator = if let Some(rest) = part.strip_prefix("REQ(") {
            Operator::RequestHeader(header(rest))
        } else if let Some(rest) = part.strip_prefix("RESP(") {
            Operator::ResponseHeader(header(rest))
        } else if part == "GRPC_STATUS" {
            Operator::GrpcStatus(mesh_proxy::config::model::format::GrpcStatusForm::CamelString)
        } else {
            let known = Plain::ALL.iter().find(|it| it.word() == part);
            Operator::Plain(*known.unwrap())
        };
        pieces.push(Piece::Operator {
            operator,
            at_most: None,
        });
    }
    Format { pieces }
}

pub(crate) fn network(text: &str) -> Network {
    Network(text.parse().unwrap())
}

fn rewrite(value: &Value) -> Rewrite {
    let substitution = text(value, "substitution").replace("\\1", "${1}");
    Rewrite {
        pattern: pattern(&value["pattern"]),
        substitution,
    }
}

fn pattern(value: &Value) -> Pattern {
    let text = text(value, "regex");
    Pattern {
        whole: Regex::new(&format!("\\A(?:{text})\\z")).unwrap(),
        part: Regex::new(&text).unwrap(),
        text,
    }
}

fn list<T>(value: &Value, name: &str, each: impl FnMut(&Value) -> T) -> Vec<T> {
    value[name]
        .as_array()
        .into_iter()
        .flatten()
        .map(each)
        .collect()
}

fn text(value: &Value, name: &str) -> String {
    text_of(&value[name])
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn flag(value: &Value, name: &str) -> bool {
    value[name] == true
}

fn number<T: TryFrom<u64>>(value: &Value, name: &str) -> Option<T> {
    T::try_from(value[name].as_u64()?).ok()
}

fn seconds(value: &Value) -> Duration {
    let text = text_of(value);
    Duration::from_secs_f64(text.trim_end_matches('s').parse().unwrap())
}
