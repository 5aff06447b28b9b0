//! Who may do what.

use super::address::Network;
use super::matcher::{HeaderMatcher, StringMatcher};
use std::ops::Range;

/// The RBAC filter of HTTP.
#[derive(Debug, Clone, Default)]
pub struct HttpRbac {
    /// What is enforced; everything passes without it.
    pub rules: Option<Rules>,
    /// What its statistics are called by; may be empty.
    pub stat_prefix: String,
    /// What is only counted.
    pub shadow_rules: Option<Rules>,
    /// What its statistics are called by; may be empty.
    pub shadow_stat_prefix: String,
}

/// The RBAC filter of connections.
#[derive(Debug, Clone, Default)]
pub struct NetworkRbac {
    /// What its statistics are called by.
    pub stat_prefix: String,
    /// What is enforced; everything passes without it.
    pub rules: Option<Rules>,
    /// What is only counted.
    pub shadow_rules: Option<Rules>,
    /// What its statistics are called by; may be empty.
    pub shadow_stat_prefix: String,
}

/// Rules by name.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What a policy that matches means.
    pub action: Action,
    /// Policies, sorted by name as Envoy asks them.
    pub policies: Vec<(String, Policy)>,
}

/// What a policy that matches means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Only what matches one passes.
    Allow,
    /// What matches one does not pass.
    Deny,
}

/// One permission and one principal must match.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What is done.
    pub permissions: Vec<Rule>,
    /// Who does it.
    pub principals: Vec<Rule>,
}

/// A condition of a permission or of a principal.
#[derive(Debug, Clone)]
pub enum Rule {
    /// Always.
    Any,
    /// All of these.
    All(Vec<Self>),
    /// One of these.
    OneOf(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A header of the request.
    Header(HeaderMatcher),
    /// The path without its query.
    Path(StringMatcher),
    /// The destination address.
    Destination(Network),
    /// The destination port.
    DestinationPort(u16),
    /// The destination port.
    DestinationPorts(Range<i32>),
    /// The name in SNI.
    ServerName(StringMatcher),
    /// A name that the peer has proven: URI, DNS or subject, the first kind that it has; any peer that
    /// has proven one without a matcher.
    Authenticated(Option<StringMatcher>),
    /// The peer's address.
    DirectSource(Network),
    /// The client's address, as `x-forwarded-for` may tell.
    Source(Network),
}
