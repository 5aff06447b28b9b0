//! Holds what is seen of a case, and finds what two programs do differently.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What was seen of one case: lines by section.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Observation {
    sections: BTreeMap<String, Vec<String>>,
}

/// Statistics that are no behaviour. Every other one that is not zero is compared, but for those of
/// the process as a whole ([`INTERNAL`]).
const IGNORED: &[(&str, &str)] = &[
    (
        "_flow_control_",
        "how often a side was waited for is a matter of timing",
    ),
    (
        ".worker_",
        "how a program spreads connections over its threads",
    ),
    (
        "_bytes_buffered",
        "what lies in a program's own buffers at the moment",
    ),
    (".max_host_weight", "a step of Envoy's balancers"),
    (
        ".lb_recalculate_zone_structures",
        "a step of Envoy's balancers",
    ),
    (
        ".default.total_match_count",
        "counts how often transport sockets were looked up",
    ),
    (".assignment_stale", "is about discovery"),
    (".warming_state", "is about start"),
    (
        ".client_ssl_socket_factory.",
        "counts how often contexts were made",
    ),
    (
        ".server_ssl_socket_factory.",
        "counts how often contexts were made",
    ),
];

/// Statistics of the process that say how Envoy is built, not what it does with traffic.
const INTERNAL: &[&str] = &[
    "access_log_file.",
    "cluster_manager.",
    "dns.",
    "envoy.",
    "filesystem.",
    "http.admin.",
    "listener.admin.",
    "listener_manager.",
    "main_thread.",
    "overload.",
    "runtime.",
    "server.",
    "thread_local_cluster_manager.",
    "tls_inspector.bytes_processed",
    "workers.",
];

impl Observation {
    pub(crate) fn add(&mut self, section: impl Into<String>, lines: Vec<String>) {
        self.sections.insert(section.into(), lines);
    }

    /// All lines, each with its section.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (section, lines) in &self.sections {
            for line in lines {
                writeln!(text, "  {section}: {line}").unwrap();
            }
        }
        text
    }

    /// What `other` has and has not, in comparison; nothing if they are alike.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let mut text = String::new();
        let names = self.sections.keys().chain(other.sections.keys());
        let names: BTreeSet<_> = names.collect();
        let none = Vec::new();
        for name in names {
            let left = self.sections.get(name).unwrap_or(&none);
            let right = other.sections.get(name).unwrap_or(&none);
            let start = left
                .iter()
                .zip(right)
                .take_while(|(left, right)| left == right)
                .count();
            let ends = left[start..].iter().rev().zip(right[start..].iter().rev());
            let end = ends.take_while(|(left, right)| left == right).count();
            for (sign, lines) in [("-", left), ("+", right)] {
                for line in &lines[start..lines.len() - end] {
                    writeln!(text, "    {sign} {name}: {line}").unwrap();
                }
            }
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Whether a statistic counts.
pub(crate) fn counts(name: &str) -> bool {
    !IGNORED.iter().any(|(part, _)| name.contains(part))
        && !INTERNAL.iter().any(|prefix| name.starts_with(prefix))
}
