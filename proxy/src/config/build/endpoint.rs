//! Reads endpoints.

use super::{address, common};
use crate::config::cursor::Cursor;
use crate::config::model::address::Address;
use crate::config::model::endpoint::{
    Endpoint, EndpointCheck, Health, LoadAssignment, LocalityEndpoints, Metadata,
};

/// What becomes of endpoints that have a name in the stead of an IP address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// They are resolved.
    Resolved,
    /// They are told.
    Refused,
}

/// The endpoints of a cluster.
pub(crate) fn assignment(cursor: &Cursor<'_>, names: Names) -> LoadAssignment {
    let policy = cursor.message("policy");
    let policy = policy.as_ref();
    let drops = policy
        .map(|it| it.messages("drop_overloads"))
        .unwrap_or_default();
    let drop = |it: &Cursor<'_>| {
        let share = common::fraction(&it.message("drop_percentage")?);
        Some((it.text("category")?.to_owned(), share))
    };
    LoadAssignment {
        cluster_name: cursor.string("cluster_name"),
        localities: cursor
            .messages("endpoints")
            .iter()
            .map(|it| locality(it, names))
            .collect(),
        overprovisioning_factor: policy
            .and_then(|it| it.number("overprovisioning_factor"))
            .unwrap_or(140),
        weighted_priority_health: policy.is_some_and(|it| it.flag("weighted_priority_health")),
        drops: drops.iter().filter_map(drop).collect(),
    }
}

fn locality(cursor: &Cursor<'_>, names: Names) -> LocalityEndpoints {
    let items = cursor.messages("lb_endpoints");
    let endpoints: Vec<Endpoint> = items.iter().filter_map(|it| endpoint(it, names)).collect();
    let sum: u64 = endpoints.iter().map(|it| u64::from(it.weight)).sum();
    if sum > u64::from(u32::MAX) {
        let message = format!("the sum of all weights is {sum}");
        cursor.refuse("lb_endpoints", message, "at most 4294967295");
    }
    LocalityEndpoints {
        locality: common::locality(cursor.message("locality").as_ref()),
        priority: cursor.number("priority").unwrap_or(0),
        weight: cursor.number("load_balancing_weight"),
        endpoints,
    }
}

fn endpoint(cursor: &Cursor<'_>, names: Names) -> Option<Endpoint> {
    let inner = cursor.message("endpoint");
    let given = inner.as_ref().is_some_and(|it| it.has("address"));
    let broken = cursor.has("endpoint") && inner.is_none();
    if !(given || broken) {
        cursor.refuse("endpoint", "`endpoint.address` is missing", "");
    }
    let inner = inner?;
    let outer = inner.message("address")?;
    let address = address::to_dial(&outer)?;
    if let (Address::Name(name, _), Names::Refused) = (&address, names) {
        let message = format!("`{name}` is no IP address");
        outer.refuse(
            "socket_address",
            message,
            "use the type STRICT_DNS to resolve names",
        );
        return None;
    }
    Some(Endpoint {
        address,
        hostname: inner.string("hostname"),
        weight: cursor.number("load_balancing_weight").unwrap_or(1),
        health: match cursor.choice("health_status") {
            0 => Health::Unknown,
            1 => Health::Healthy,
            2 => Health::Unhealthy,
            3 => Health::Draining,
            4 => Health::Timeout,
            _ => Health::Degraded,
        },
        metadata: metadata(cursor),
        check: inner
            .message("health_check_config")
            .map(|it| check(&it))
            .unwrap_or_default(),
    })
}

fn metadata(cursor: &Cursor<'_>) -> Metadata {
    let Some(metadata) = cursor.message("metadata") else {
        return Vec::new();
    };
    let objects = metadata.objects("filter_metadata").into_iter();
    objects
        .map(|(namespace, fields)| (namespace.to_owned(), fields.clone()))
        .collect()
}

fn check(cursor: &Cursor<'_>) -> EndpointCheck {
    EndpointCheck {
        port: cursor.number("port_value").filter(|port| *port > 0),
        hostname: cursor.text("hostname").map(str::to_owned),
        address: cursor
            .message("address")
            .and_then(|it| address::to_listen(&it)),
        disabled: cursor.flag("disable_active_health_check"),
    }
}
