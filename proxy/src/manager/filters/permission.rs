//! Refuses requests that the rules of RBAC do not allow.

use std::sync::Arc;

use super::super::request::{Answer, Request};
use super::Passed;
use crate::config::model::rbac::HttpRbac;
use crate::http::local_reply::LocalReply;
use crate::http::message::RequestHead;
use crate::rbac::{Asked, ask};
use crate::stats::{Handle, RbacShadowStats, RbacStats, Scope, Writer};

/// The filter.
pub(super) struct Filter {
    config: Arc<HttpRbac>,
    stats: Handle<RbacStats>,
    shadow_stats: Handle<RbacShadowStats>,
}

impl Filter {
    pub(super) fn new(config: &Arc<HttpRbac>, scope: &Scope, writer: Writer) -> Self {
        let below = |prefix: &str| match prefix.trim_end_matches('.') {
            "" => scope.child("rbac"),
            prefix => scope.child("rbac").child(prefix),
        };
        Self {
            stats: below(&config.stat_prefix).handle(writer),
            shadow_stats: below(&config.shadow_stat_prefix).handle(writer),
            config: Arc::clone(config),
        }
    }

    pub(super) fn config(&self) -> &Arc<HttpRbac> {
        &self.config
    }
}

impl<'m> Request<'m> {
    pub(super) fn ask_permission(
        &self,
        filter: &Filter,
        config: &HttpRbac,
        head: &RequestHead,
    ) -> Passed<'m> {
        let asked = Asked {
            downstream: self.downstream,
            client: &self.client,
            request: Some(head),
        };
        if let Some(rules) = &config.shadow_rules {
            if ask(rules, asked).allowed {
                filter.shadow_stats.shadow_allowed.increment();
            } else {
                filter.shadow_stats.shadow_denied.increment();
            }
        }
        let Some(rules) = &config.rules else {
            return Passed::On;
        };
        let verdict = ask(rules, asked);
        if verdict.allowed {
            filter.stats.allowed.increment();
            return Passed::On;
        }
        filter.stats.denied.increment();
        Passed::Answered(Answer::from(LocalReply::rbac_denied(verdict.policy)))
    }
}
