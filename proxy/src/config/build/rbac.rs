//! Reads access rules.

use super::{address, matcher};
use crate::config::cursor::Cursor;
use crate::config::model::rbac::{Action, HttpRbac, NetworkRbac, Policy, Rule, Rules};

/// Access rules of HTTP.
pub(super) fn http(cursor: &Cursor<'_>) -> HttpRbac {
    HttpRbac {
        rules: cursor.message("rules").map(|it| rules(&it)),
        stat_prefix: cursor.string("rules_stat_prefix"),
        shadow_rules: cursor.message("shadow_rules").map(|it| rules(&it)),
        shadow_stat_prefix: cursor.string("shadow_rules_stat_prefix"),
    }
}

/// Access rules of connections, which have no headers and paths.
pub(super) fn network(cursor: &Cursor<'_>) -> Option<NetworkRbac> {
    let read = |field: &str| cursor.message(field).map(|it| rules(&it));
    let built = NetworkRbac {
        stat_prefix: cursor.text("stat_prefix")?.to_owned(),
        rules: read("rules"),
        shadow_rules: read("shadow_rules"),
        shadow_stat_prefix: cursor.string("shadow_rules_stat_prefix"),
    };
    let all = [
        ("rules", &built.rules),
        ("shadow_rules", &built.shadow_rules),
    ];
    for (field, rules) in all {
        let policies = rules.iter().flat_map(|rules| &rules.policies);
        let mut each = policies.flat_map(|(_, it)| it.permissions.iter().chain(&it.principals));
        if each.any(needs_request) {
            cursor.refuse(
                field,
                "`header` and `url_path` need a request",
                "use HTTP's RBAC",
            );
        }
    }
    Some(built)
}

fn needs_request(rule: &Rule) -> bool {
    match rule {
        Rule::Header(_) | Rule::Path(_) => true,
        Rule::All(rules) | Rule::OneOf(rules) => rules.iter().any(needs_request),
        Rule::Not(rule) => needs_request(rule),
        _ => false,
    }
}

fn rules(cursor: &Cursor<'_>) -> Rules {
    let each = |(name, policy): (&str, Cursor<'_>)| {
        let read = |field: &str, read: fn(&Cursor<'_>) -> Option<Rule>| {
            policy.messages(field).iter().filter_map(read).collect()
        };
        let policy = Policy {
            permissions: read("permissions", permission),
            principals: read("principals", principal),
        };
        (name.to_owned(), policy)
    };
    let mut policies: Vec<_> = cursor.entries("policies").into_iter().map(each).collect();
    policies.sort_by(|(left, _), (right, _)| left.cmp(right));
    Rules {
        action: match cursor.choice("action") {
            0 => Action::Allow,
            _ => Action::Deny,
        },
        policies,
    }
}

fn permission(cursor: &Cursor<'_>) -> Option<Rule> {
    let kind = cursor.member("rule")?;
    let set = |read: fn(&Cursor<'_>) -> Option<Rule>| {
        Some(
            cursor
                .message(kind)?
                .messages("rules")
                .iter()
                .filter_map(read)
                .collect(),
        )
    };
    Some(match kind {
        "and_rules" => Rule::All(set(permission)?),
        "or_rules" => Rule::OneOf(set(permission)?),
        "not_rule" => Rule::Not(Box::new(permission(&cursor.message(kind)?)?)),
        "any" => Rule::Any,
        "header" => Rule::Header(matcher::header(&cursor.message(kind)?)?),
        "url_path" => Rule::Path(matcher::string_in(&cursor.message(kind)?, "path")?),
        "destination_ip" => Rule::Destination(address::network(&cursor.message(kind)?)?),
        "destination_port" => Rule::DestinationPort(cursor.number(kind)?),
        "destination_port_range" => Rule::DestinationPorts(matcher::ports(&cursor.message(kind)?)?),
        _ => Rule::ServerName(matcher::string(&cursor.message("requested_server_name")?)?),
    })
}

fn principal(cursor: &Cursor<'_>) -> Option<Rule> {
    let kind = cursor.member("identifier")?;
    let set = || {
        Some(
            cursor
                .message(kind)?
                .messages("ids")
                .iter()
                .filter_map(principal)
                .collect(),
        )
    };
    Some(match kind {
        "and_ids" => Rule::All(set()?),
        "or_ids" => Rule::OneOf(set()?),
        "not_id" => Rule::Not(Box::new(principal(&cursor.message(kind)?)?)),
        "any" => Rule::Any,
        "authenticated" => {
            let name = matcher::string_in(&cursor.message(kind)?, "principal_name");
            Rule::Authenticated(name)
        }
        "header" => Rule::Header(matcher::header(&cursor.message(kind)?)?),
        "url_path" => Rule::Path(matcher::string_in(&cursor.message(kind)?, "path")?),
        // The older name of it means the same (as in Envoy).
        "source_ip" | "remote_ip" => Rule::Source(address::network(&cursor.message(kind)?)?),
        _ => Rule::DirectSource(address::network(&cursor.message("direct_remote_ip")?)?),
    })
}
