//! Asks the filters before the router, in their order, whether a request may go on.

mod calls;
mod faults;
mod permission;

use super::Manager;
use super::request::{Answer, Request};
use crate::config::model::http::{HttpConnectionManager, HttpFilter, HttpFilterKind};
use crate::config::model::route::OverrideConfig;
use crate::http::message::RequestHead;
use crate::http::route::Selected;
use crate::stats::{Scope, Writer};
use crate::stream::Downstream;
pub(super) use calls::Call;
pub(super) use faults::Injected;

/// A filter with what it counts.
pub(super) struct Filter {
    config: HttpFilter,
    kind: Kind,
}

enum Kind {
    Permission(permission::Filter),
    Faults(faults::Filter),
    Calls(calls::Filter),
}

/// How a request leaves the filters.
pub(super) enum Passed<'m> {
    /// Towards the router.
    On,
    /// Answered by one of them.
    Answered(Answer<'m>),
    /// The client went away.
    Gone,
}

/// The filters of a connection manager whose statistics are below `scope`.
pub(super) fn open(config: &HttpConnectionManager, scope: &Scope, writer: Writer) -> Vec<Filter> {
    let open = |config: &HttpFilter| {
        let kind = match &config.kind {
            HttpFilterKind::Rbac(rules) => {
                Kind::Permission(permission::Filter::new(rules, scope, writer))
            }
            HttpFilterKind::Fault(fault) => Kind::Faults(faults::Filter::new(fault, scope, writer)),
            HttpFilterKind::GrpcStats(options) => Kind::Calls(calls::Filter::new(options, writer)),
            HttpFilterKind::Router(_) => return None,
        };
        let config = config.clone();
        Some(Filter { config, kind })
    };
    config.filters.iter().filter_map(open).collect()
}

impl<'m> Request<'m> {
    /// Takes the request through all filters before the router; `end` says that its body is over.
    pub(super) async fn filter<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &RequestHead,
        end: bool,
        selected: Option<&Selected<'m>>,
    ) -> Passed<'m> {
        let manager: &'m Manager = self.manager;
        for filter in &manager.filters {
            let config = &filter.config;
            if selected.map_or(config.disabled, |it| it.is_disabled(config)) {
                continue;
            }
            let of_route = selected.and_then(|it| it.override_of(&config.name));
            let passed = match (&filter.kind, of_route) {
                (Kind::Permission(filter), of_route) => {
                    let rules = match of_route {
                        Some(OverrideConfig::Rbac(rules)) => rules,
                        _ => filter.config(),
                    };
                    self.ask_permission(filter, rules, head)
                }
                (Kind::Calls(filter), _) => {
                    let upstream = selected.and_then(|it| manager.worker.upstream(&it.cluster));
                    self.calls.extend(filter.call(head, upstream));
                    Passed::On
                }
                (Kind::Faults(filter), of_route) => {
                    let fault = match of_route {
                        Some(OverrideConfig::Fault(fault)) => fault,
                        _ => filter.config(),
                    };
                    let cluster = selected.map_or("", |it| &it.cluster);
                    self.inject(filter, fault, cluster, (down, head, end)).await
                }
            };
            if !matches!(passed, Passed::On) {
                return passed;
            }
        }
        Passed::On
    }
}
