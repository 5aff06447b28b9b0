//! Texts and single values that are refused.

use super::Envoy::{Refuses, Takes};
use super::{Bad, cluster, health, listener, port};

/// Texts and single values.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(crate) fn bad_texts() -> Vec<Bad> {
    let text = |text: &str| text.to_owned();
    vec![
        ("no text", text(""), Refuses),
        ("a word", text("hello"), Refuses),
        ("not closed", text("node: {id: a\n"), Refuses),
        ("a tab", text("node:\n\tid: a\n"), Refuses),
        (
            "two documents",
            text("node: {id: a}\n---\nnode: {id: b}\n"),
            Takes,
        ),
        ("a key twice", text("node: {id: a}\nnode: {id: b}\n"), Takes),
        (
            "a key in two spellings",
            text("staticResources: {}\nstatic_resources: {}\n"),
            Takes,
        ),
        ("no such field", text("nope: 1\nnodes: {}\n"), Refuses),
        ("no such field, null", text("nope: null\n"), Refuses),
        ("a boolean by YAML 1.1", text("node: {id: n}\n"), Refuses),
        ("a number for text", text("node: {id: 5}\n"), Refuses),
        ("a list for a message", text("node: [1]\n"), Refuses),
        ("text for a message", text("node: hello\n"), Refuses),
        ("a port too large", port("70000"), Refuses),
        ("a negative port", port("-1"), Refuses),
        ("a port with a fraction", port("1.5"), Refuses),
        ("a boolean for a port", port("true"), Refuses),
        ("words for a port", port("eighty"), Refuses),
        (
            "a number for a boolean",
            text("stats_flush_on_admin: 1"),
            Refuses,
        ),
        (
            "false where only true is",
            text("stats_flush_on_admin: false"),
            Refuses,
        ),
        (
            "a time without unit",
            text("stats_flush_interval: 5"),
            Refuses,
        ),
        ("milliseconds", text("stats_flush_interval: 5ms"), Refuses),
        (
            "a negative time",
            text("stats_flush_interval: -5s"),
            Refuses,
        ),
        (
            "a time too long",
            text("stats_flush_interval: 300s"),
            Refuses,
        ),
        (
            "ten digits of a second",
            text("stats_flush_interval: 1.0000000001s"),
            Refuses,
        ),
        (
            "two of a group",
            text(
                "admin: {address: {pipe: {path: /a}, socket_address: {address: '::', port_value: 1}}}",
            ),
            Refuses,
        ),
        ("none of a group", text("admin: {address: {}}"), Refuses),
        (
            "a name for an address",
            text("admin: {address: {socket_address: {address: localhost, port_value: 0}}}"),
            Refuses,
        ),
        (
            "an unknown name of an enumeration",
            listener("traffic_direction: SIDEWAYS\n    filter_chains: [{}]"),
            Refuses,
        ),
        (
            "a near name of an enumeration",
            listener("traffic_direction: INBOND\n    filter_chains: [{}]"),
            Refuses,
        ),
        (
            "percent beyond all",
            cluster("common_lb_config: {healthy_panic_threshold: {value: 101}}"),
            Refuses,
        ),
        (
            "no number",
            cluster("common_lb_config: {healthy_panic_threshold: {value: NaN}}"),
            Refuses,
        ),
        (
            "no base64",
            health("tcp_health_check: {send: {binary: '*'}}"),
            Refuses,
        ),
        ("no type", tcp_without_type(), Refuses),
        ("a type without host", filter_of("envoy.nope.Nope"), Refuses),
        (
            "an unknown type",
            filter_of("type.googleapis.com/envoy.nope.Nope"),
            Refuses,
        ),
        (
            "no configuration of a filter",
            listener("filter_chains: [{filters: [{name: a}]}]"),
            Refuses,
        ),
        (
            "nested too deep",
            text(&format!(
                "node: {{metadata: {{a: {}1{}}}}}",
                "[".repeat(120),
                "]".repeat(120)
            )),
            Refuses,
        ),
        (
            "a runtime key",
            text("layered_runtime: {layers: [{name: a, static_layer: {foo: bar}}]}"),
            Takes,
        ),
        (
            "a runtime layer twice",
            text(
                "layered_runtime: {layers: [{name: a, admin_layer: {}}, {name: a, admin_layer: {}}]}",
            ),
            Refuses,
        ),
    ]
}

fn tcp_without_type() -> String {
    listener("filter_chains: [{filters: [{name: f, typed_config: {stat_prefix: a, cluster: c}}]}]")
}

fn filter_of(url: &str) -> String {
    listener(&format!(
        "filter_chains: [{{filters: [{{name: f, typed_config: {{\"@type\": {url}}}}}]}}]"
    ))
}
