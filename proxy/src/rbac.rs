//! Decides who may do what, for HTTP requests and for connections.

use std::net::{IpAddr, SocketAddr};

use crate::config::model::address::Address;
use crate::config::model::matcher::StringMatcher;
use crate::config::model::rbac::{Action, Policy, Rule, Rules};
use crate::facts::Downstream;
use crate::http::header_match;
use crate::http::message::RequestHead;
use crate::http::path::without_query;

/// Who asks for what.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The connection.
    pub downstream: &'a Downstream,
    /// The client, as `x-forwarded-for` may tell; the peer of the connection otherwise.
    pub client: &'a Address,
    /// The request, where there is one.
    pub request: Option<&'a RequestHead>,
}

/// What the rules say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<'r> {
    /// It may pass.
    pub allowed: bool,
    /// The policy that matched, if one did.
    pub policy: Option<&'r str>,
}

/// Asks the rules: the first policy by name that matches decides.
pub fn ask<'r>(rules: &'r Rules, asked: Asked<'_>) -> Verdict<'r> {
    let matched = rules
        .policies
        .iter()
        .find(|(_, policy)| asked.matches(policy));
    Verdict {
        allowed: matched.is_some() == (rules.action == Action::Allow),
        policy: matched.map(|(name, _)| &**name),
    }
}

impl Asked<'_> {
    fn matches(self, policy: &Policy) -> bool {
        let one_of = |rules: &[Rule]| rules.iter().any(|rule| self.keeps(rule));
        one_of(&policy.permissions) && one_of(&policy.principals)
    }

    fn keeps(self, rule: &Rule) -> bool {
        let local = socket(&self.downstream.local);
        let within = |network: &crate::config::model::address::Network, address: &Address| {
            ip(address).is_some_and(|it| network.contains(it))
        };
        match rule {
            Rule::Any => true,
            Rule::All(rules) => rules.iter().all(|it| self.keeps(it)),
            Rule::OneOf(rules) => rules.iter().any(|it| self.keeps(it)),
            Rule::Not(rule) => !self.keeps(rule),
            Rule::Header(matcher) => match self.request {
                Some(request) => header_match::request(matcher, request),
                None => header_match::values(matcher, std::iter::empty()),
            },
            Rule::Path(matcher) => self.request.is_some_and(|request| {
                !request.path.is_empty() && matcher.matches(without_query(&request.path))
            }),
            Rule::Destination(network) => within(network, &self.downstream.local),
            Rule::DestinationPort(port) => local.is_some_and(|it| it.port() == *port),
            Rule::DestinationPorts(ports) => {
                local.is_some_and(|it| ports.contains(&i32::from(it.port())))
            }
            Rule::ServerName(matcher) => matcher.matches(self.downstream.server_name.as_bytes()),
            Rule::Authenticated(matcher) => self.has_proven(matcher.as_ref()),
            Rule::DirectSource(network) => within(network, &self.downstream.peer),
            Rule::Source(network) => within(network, self.client),
        }
    }

    /// Any name of the peer's certificate will do: URI, DNS name, subject. Without a matcher the
    /// connection need only be TLS (as in Envoy).
    fn has_proven(self, matcher: Option<&StringMatcher>) -> bool {
        let Some(tls) = &self.downstream.tls else {
            return false;
        };
        let Some(matcher) = matcher else {
            return true;
        };
        match &tls.peer {
            Some(peer) => {
                let mut names = peer.uris.iter().chain(&peer.dns).chain([&peer.subject]);
                names.any(|name| matcher.matches(name.as_bytes()))
            }
            None => matcher.matches(b""),
        }
    }
}

fn socket(address: &Address) -> Option<SocketAddr> {
    match address {
        Address::Socket(address) => Some(*address),
        Address::Name(..) | Address::Pipe(..) => None,
    }
}

fn ip(address: &Address) -> Option<IpAddr> {
    socket(address).map(|it| it.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::address::Network;
    use crate::config::model::matcher::Case;
    use crate::facts::{Certificate, Tls, test_downstream};

    fn network(text: &str) -> Network {
        Network(text.parse().unwrap())
    }

    fn exact(text: &str) -> StringMatcher {
        StringMatcher::Exact(text.into(), Case::Counts)
    }

    #[test]
    fn rules() {
        let mut downstream = test_downstream();
        downstream.server_name = "shop".into();
        downstream.tls = Some(Tls {
            peer: Some(Certificate {
                uris: vec!["spiffe://a".into()],
                dns: vec!["a.example".into()],
                subject: "CN=a".into(),
                ..Certificate::default()
            }),
            ..Tls::default()
        });
        let request = RequestHead {
            path: b"/admin?x".to_vec(),
            ..RequestHead::default()
        };
        let client = Address::Socket("192.168.0.1:0".parse().unwrap());
        let asked = Asked {
            downstream: &downstream,
            client: &client,
            request: Some(&request),
        };
        for (rule, wanted) in [
            (Rule::Path(exact("/admin")), true),
            (Rule::Path(exact("/admin?x")), false),
            (Rule::Destination(network("10.0.0.0/24")), true),
            (Rule::DestinationPort(80), true),
            (Rule::DestinationPorts(81..90), false),
            (Rule::ServerName(exact("shop")), true),
            (Rule::Authenticated(None), true),
            (Rule::Authenticated(Some(exact("a.example"))), true),
            (Rule::Authenticated(Some(exact("CN=a"))), true),
            (Rule::Authenticated(Some(exact("b"))), false),
            (Rule::DirectSource(network("10.0.0.9/32")), true),
            (Rule::Source(network("10.0.0.9/32")), false),
            (Rule::Source(network("192.168.0.0/16")), true),
            (Rule::Not(Box::new(Rule::Any)), false),
            (Rule::All(vec![Rule::Any, Rule::DestinationPort(1)]), false),
            (Rule::OneOf(vec![Rule::Any, Rule::DestinationPort(1)]), true),
        ] {
            assert_eq!(asked.keeps(&rule), wanted, "{rule:?}");
        }
    }

    #[test]
    fn actions() {
        let downstream = test_downstream();
        let asked = Asked {
            downstream: &downstream,
            client: &downstream.peer,
            request: None,
        };
        let rules = |action, permission| Rules {
            action,
            policies: vec![(
                "p".to_owned(),
                Policy {
                    permissions: vec![permission],
                    principals: vec![Rule::Any],
                },
            )],
        };
        for (action, permission, allowed, policy) in [
            (Action::Allow, Rule::Any, true, Some("p")),
            (Action::Allow, Rule::DestinationPort(1), false, None),
            (Action::Deny, Rule::Any, false, Some("p")),
            (Action::Deny, Rule::DestinationPort(1), true, None),
        ] {
            let verdict = Verdict { allowed, policy };
            assert_eq!(ask(&rules(action, permission), asked), verdict);
        }
    }
}
