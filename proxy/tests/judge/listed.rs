//! Lists the cases in which mesh-proxy differs from Envoy, and why; docs/envoy-subset.md shows them.

/// A case that differs for a reason.
pub(crate) struct Listed {
    pub(crate) family: &'static str,
    pub(crate) case: &'static str,
    pub(crate) reason: &'static str,
}

pub(crate) const LISTED: &[Listed] = &[Listed {
    family: "breakers",
    case: "a host comes back after its time",
    reason: "what is learnt about a host holds for the next request, where Envoy gathers changes for a second (`update_merge_window`)",
}];

/// The families in which no difference may be listed.
const STRICT: [&str; 2] = ["retries", "framing"];

/// At most one case in twenty is listed, each with a reason, and it exists.
pub(crate) fn check(families: &[(&str, Vec<&str>)]) {
    let all: usize = families.iter().map(|(_, names)| names.len()).sum();
    assert!(
        LISTED.len() * 20 <= all,
        "{} of {all} cases are listed",
        LISTED.len()
    );
    for listed in LISTED {
        let Listed {
            family,
            case,
            reason,
        } = listed;
        assert!(
            !STRICT.contains(family),
            "{family} has no differences, but {case} is listed"
        );
        assert!(!reason.is_empty(), "{family}, {case}: no reason");
        let known = families
            .iter()
            .any(|(name, names)| name == family && names.contains(case));
        assert!(known, "{family} has no case `{case}`");
    }
}

/// How many cases of each family mesh-proxy does as Envoy does; they may only become more. One less than seen where a
/// case is about time. A family that is not here asks for what mesh-proxy does not serve yet.
pub(crate) const STANDING: &[(&str, usize)] = &[
    ("framing", 192),
    ("routing", 99),
    ("headers", 119),
    ("retries", 113),
    ("timeouts", 54),
    ("trailers", 24),
    ("http2", 87),
    ("limits", 14),
    ("grpc", 47),
    ("breakers", 28),
    ("balancing", 20),
    ("filters", 60),
    ("health", 33),
    ("logs", 23),
    ("tcp", 152),
    ("tls", 78),
];
