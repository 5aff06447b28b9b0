//! Decides whether a connection may go on, by the access rules of its filter chain: once, when its first bytes have
//! come.

use std::rc::Rc;
use std::sync::Arc;

use super::chain::Surroundings;
use crate::config::model::listener::FilterChain;
use crate::config::model::rbac::NetworkRbac;
use crate::facts::Downstream;
use crate::http::local_reply::LocalReply;
use crate::rbac::{Asked, Verdict, ask};
use crate::stats::{Handle, RbacShadowStats, RbacStats, Registry, Writer};
use crate::wire::Admission;

/// The access rules of a filter chain, in their order.
pub(super) struct Permission {
    chain: Arc<FilterChain>,
    stats: Vec<Stats>,
}

/// What the rules of one filter are counted in.
struct Stats {
    enforced: Handle<RbacStats>,
    shadow: Handle<RbacShadowStats>,
}

impl Stats {
    fn new(config: &NetworkRbac, registry: &Registry, writer: Writer) -> Self {
        let prefix = config.stat_prefix.trim_end_matches('.');
        let scope = registry.scope(&format!("{prefix}.rbac"));
        let shadow = match config.shadow_stat_prefix.trim_end_matches('.') {
            "" => scope.handle(writer),
            prefix => scope.child(prefix).handle(writer),
        };
        Self {
            enforced: scope.handle(writer),
            shadow,
        }
    }
}

impl Permission {
    /// The rules of a chain, if it has any.
    pub(super) fn new(chain: &Arc<FilterChain>, around: &Surroundings<'_>) -> Option<Rc<Self>> {
        let writer = around.worker.writer();
        let stats = |it| Stats::new(it, around.registry, writer);
        (!chain.rbac.is_empty()).then(|| {
            Rc::new(Self {
                stats: chain.rbac.iter().map(stats).collect(),
                chain: Arc::clone(chain),
            })
        })
    }

    /// What is to be asked for a connection of which all is known that is known before its first bytes.
    pub(super) fn admission(self: Rc<Self>, downstream: &Downstream) -> Admission {
        let downstream = downstream.clone();
        Box::new(move || self.admit(&downstream))
    }

    /// Asks the filters, up to the first that refuses.
    fn admit(&self, downstream: &Downstream) -> Result<(), String> {
        let asked = Asked {
            downstream,
            client: &downstream.peer,
            request: None,
        };
        for (config, stats) in self.chain.rbac.iter().zip(&self.stats) {
            if let Some(rules) = &config.shadow_rules {
                if ask(rules, asked).allowed {
                    stats.shadow.shadow_allowed.increment();
                } else {
                    stats.shadow.shadow_denied.increment();
                }
            }
            let Some(rules) = &config.rules else {
                continue;
            };
            let Verdict { allowed, policy } = ask(rules, asked);
            if !allowed {
                stats.enforced.denied.increment();
                return Err(LocalReply::rbac_denied(policy).details.into_owned());
            }
            stats.enforced.allowed.increment();
        }
        Ok(())
    }
}
