//! Reads small things that many messages share.

use serde_json::{Map, Value};

use crate::config::cursor::Cursor;
use crate::config::model::fault::Fraction;
use crate::config::model::{Locality, Runtime};

pub(super) fn locality(cursor: Option<&Cursor<'_>>) -> Locality {
    cursor.map_or_else(Locality::default, |locality| Locality {
        region: locality.string("region"),
        zone: locality.string("zone"),
        sub_zone: locality.string("sub_zone"),
    })
}

/// A share.
pub(super) fn fraction(cursor: &Cursor<'_>) -> Fraction {
    let denominator = match cursor.choice("denominator") {
        0 => 100,
        1 => 10_000,
        _ => 1_000_000,
    };
    let numerator = cursor.number("numerator").unwrap_or(0);
    Fraction {
        numerator,
        denominator,
    }
}

/// The share in a field of `RuntimeFractionalPercent`.
pub(super) fn runtime_fraction(cursor: &Cursor<'_>, field: &str) -> Option<Fraction> {
    let outer = cursor.message(field)?;
    Some(fraction(&outer.message("default_value")?))
}

/// The percentage in a field.
pub(super) fn percent(cursor: &Cursor<'_>, field: &str) -> Option<f64> {
    cursor
        .message(field)
        .map(|percent| percent.double("value").unwrap_or(0.0))
}

/// The metadata `envoy.lb` in a field.
pub(super) fn balancer_metadata(cursor: &Cursor<'_>, field: &str) -> Map<String, Value> {
    let Some(metadata) = cursor.message(field) else {
        return Map::new();
    };
    let objects = metadata.objects("filter_metadata");
    let found = objects
        .into_iter()
        .find(|(namespace, _)| *namespace == "envoy.lb");
    found.map(|(_, fields)| fields.clone()).unwrap_or_default()
}

/// The runtime keys, and the limit on connections among them.
pub(super) fn runtime(bootstrap: &Cursor<'_>) -> (Runtime, Option<u64>) {
    let (mut runtime, mut limit) = (Runtime::default(), None);
    let layered = bootstrap.message("layered_runtime");
    let mut names = Vec::new();
    for layer in layered
        .map(|layered| layered.messages("layers"))
        .unwrap_or_default()
    {
        let name = layer.string("name");
        if names.contains(&name) {
            layer.refuse(
                "name",
                format!("there is another layer `{name}`"),
                "name it otherwise",
            );
        }
        names.push(name);
        for (key, value) in layer.object("static_layer").into_iter().flatten() {
            match (&**key, whole(value)) {
                (ALPN, Some(percent)) if percent <= 100 => {
                    runtime.do_not_validate_alpn_support = percent > 0;
                }
                (CONNECTIONS, Some(most)) => limit = Some(most),
                (ALPN, _) => refuse(&layer, key, "a number from 0 to 100"),
                (CONNECTIONS, _) => refuse(&layer, key, "a number"),
                _ => {
                    let message = format!("mesh-proxy does not honour the runtime key `{key}`");
                    let hint = format!("the keys are `{ALPN}` and `{CONNECTIONS}`");
                    layer.refuse("static_layer", message, hint);
                }
            }
        }
    }
    (runtime, limit)
}

fn refuse(layer: &Cursor<'_>, key: &str, wanted: &str) {
    layer.refuse("static_layer", format!("`{key}` must be {wanted}"), "");
}

/// A whole number, from a number or a text with one.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

const ALPN: &str = "config.do_not_validate_alpn_support";
const CONNECTIONS: &str = "overload.global_downstream_max_connections";

/// The limit on connections that the overload manager sets.
pub(super) fn overload(bootstrap: &Cursor<'_>) -> Option<u64> {
    let manager = bootstrap.message("overload_manager")?;
    let monitors = manager.messages("resource_monitors");
    let mut limits = monitors
        .iter()
        .filter_map(|monitor| monitor.message("typed_config"));
    limits
        .next_back()?
        .number("max_active_downstream_connections")
}
