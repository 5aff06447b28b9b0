//! Chooses the route of a request and says what it makes of the request.

pub mod direct;
mod domains;
pub mod hashing;
mod matching;
pub mod rewrite;
pub mod timeout;

use std::borrow::Cow;
use std::sync::Arc;

use self::domains::Domains;
use super::change::{self, Scratch};
use super::message::{RequestHead, ResponseHead};
use super::text::{Decimal, first_value, number};
use crate::config::model::header::{HeaderChanges, MessageChanges};
use crate::config::model::http::HttpFilter;
use crate::config::model::retry::RetryPolicy;
use crate::config::model::route::{
    Action, ClusterChoice, FilterOverride, Forward, OverrideConfig, RequireTls, Route,
    RouteConfiguration, VirtualHost, WeightedCluster,
};
use crate::facts::LogContext;

/// A route configuration, made ready to be asked.
#[derive(Debug)]
pub struct RouteTable {
    config: Arc<RouteConfiguration>,
    domains: Domains,
}

/// What is found for a request.
#[derive(Debug)]
pub enum Found<'t> {
    /// No route.
    Nothing,
    /// The client must come again by `https`: see [`direct::tls_location`].
    RequireTls(&'t VirtualHost),
    /// This route.
    Route(Selected<'t>),
}

/// A route that was chosen, with all that it inherits.
#[derive(Debug, Clone)]
pub struct Selected<'t> {
    /// The configuration.
    pub config: &'t RouteConfiguration,
    /// The virtual host.
    pub virtual_host: &'t VirtualHost,
    /// The route.
    pub route: &'t Route,
    /// The share of the traffic that it belongs to.
    pub weighted: Option<&'t WeightedCluster>,
    /// The cluster's name; empty where there is none.
    pub cluster: Cow<'t, str>,
}

impl RouteTable {
    /// Makes a configuration ready.
    pub fn new(config: Arc<RouteConfiguration>) -> Self {
        let domains = Domains::new(&config);
        Self { config, domains }
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<RouteConfiguration> {
        &self.config
    }

    /// The route of a request, whose head has been through [`super::policy`]. `random` belongs to the
    /// request: asked again, the answer is the same.
    pub fn find(&self, head: &RequestHead, random: u64) -> Found<'_> {
        let Some(index) = self.domains.find(&head.authority) else {
            return Found::Nothing;
        };
        let virtual_host = &*self.config.virtual_hosts[index];
        if must_use_tls(virtual_host.require_tls, head) {
            return Found::RequireTls(virtual_host);
        }
        let found = virtual_host
            .routes
            .iter()
            .find(|route| matching::matches(&route.matcher, head, random, &self.config));
        found.map_or(Found::Nothing, |route| {
            Found::Route(self.selected(virtual_host, route, head, random))
        })
    }

    fn selected<'t>(
        &'t self,
        virtual_host: &'t VirtualHost,
        route: &'t Route,
        head: &RequestHead,
        random: u64,
    ) -> Selected<'t> {
        let (cluster, weighted) = match &route.action {
            Action::Forward(forward) => choose(&forward.cluster, head, random),
            _ => (Cow::Borrowed(""), None),
        };
        Selected {
            config: &self.config,
            virtual_host,
            route,
            weighted,
            cluster,
        }
    }
}

impl<'t> Selected<'t> {
    /// Where the request is sent, if it is.
    pub fn forward(&self) -> Option<&'t Forward> {
        match &self.route.action {
            Action::Forward(forward) => Some(forward),
            _ => None,
        }
    }

    /// Whether a request's body goes upstream as bytes: CONNECT, or POST, that is ended here.
    pub fn carries_bytes(&self, head: &RequestHead) -> bool {
        self.forward().is_some_and(|it| match &*head.method {
            b"CONNECT" => it.terminate_connect,
            b"POST" => it.terminate_post,
            _ => false,
        })
    }

    /// When it is tried again: as the route says, else as the virtual host does.
    pub fn retry_policy(&self) -> Option<&'t RetryPolicy> {
        let own = self.forward().and_then(|forward| forward.retry.as_deref());
        own.or(self.virtual_host.retry.as_deref())
    }

    /// Bytes of the request that are kept for retries, at most; nothing for the listener's limit.
    pub fn buffer_limit(&self) -> Option<u64> {
        self.route.buffer_limit.or(self.virtual_host.buffer_limit)
    }

    /// Whether a filter is left out.
    pub fn is_disabled(&self, filter: &HttpFilter) -> bool {
        self.overrides(&filter.name)
            .find_map(|it| it.disabled)
            .unwrap_or(filter.disabled)
    }

    /// The most specific other configuration of a filter.
    pub fn override_of(&self, filter: &str) -> Option<&'t OverrideConfig> {
        self.overrides(filter).find_map(|it| it.config.as_ref())
    }

    /// Settings of a filter, the most specific first.
    fn overrides<'n>(
        &self,
        filter: &'n str,
    ) -> impl Iterator<Item = &'t FilterOverride> + use<'n, 't> {
        let weighted = self.weighted.map(|it| &it.filters);
        let others = [
            &self.route.filters,
            &self.virtual_host.filters,
            &self.config.filters,
        ];
        weighted
            .into_iter()
            .chain(others)
            .filter_map(|it| it.get(filter))
    }

    /// Whether some change of headers is configured.
    fn changes(&self) -> [Option<&'t MessageChanges>; 4] {
        let mut levels = [
            Some(&self.route.headers),
            Some(&self.virtual_host.headers),
            Some(&self.config.headers),
        ];
        if self.config.most_specific_header_mutations_wins {
            levels.reverse();
        }
        let weighted = self.weighted.map(|it| &it.headers);
        [weighted, levels[0], levels[1], levels[2]]
    }

    /// Changes the request that goes upstream: headers, then host, then path. `suppress`: no
    /// `x-envoy-` headers are added.
    pub fn finalize_request(
        &self,
        head: &mut RequestHead,
        context: &LogContext<'_>,
        suppress: bool,
        scratch: &mut Scratch,
    ) {
        let [weighted, rest @ ..] = self.changes();
        let each = |changes: &MessageChanges, head: &mut RequestHead, scratch: &mut Scratch| {
            if !is_empty(&changes.request) {
                change::request(&changes.request, head, context, scratch);
            }
        };
        if let Some(changes) = weighted {
            each(changes, head, scratch);
        }
        if let Some(host) = self.weighted.and_then(|it| it.host.as_deref()) {
            head.authority.clear();
            head.authority.extend_from_slice(host.as_bytes());
        }
        for changes in rest.into_iter().flatten() {
            each(changes, head, scratch);
        }
        if let Some(forward) = self.forward() {
            rewrite::host(forward, head, suppress, scratch);
            rewrite::path(
                &self.route.matcher.path,
                &forward.path,
                head,
                suppress,
                scratch,
            );
        }
    }

    /// Changes the response that goes downstream.
    pub fn finalize_response(
        &self,
        head: &mut ResponseHead,
        context: &LogContext<'_>,
        scratch: &mut Scratch,
    ) {
        for changes in self.changes().into_iter().flatten() {
            if !is_empty(&changes.response) {
                change::response(&changes.response, head, context, scratch);
            }
        }
    }

    /// Writes which try this is into the request, if configured; `timed_out` says of a retry whether the try before it
    /// took too long.
    pub fn mark_attempt(&self, head: &mut RequestHead, attempt: u32, timed_out: Option<bool>) {
        if self.virtual_host.attempt_count_in_request {
            let count = Decimal::new(attempt.into());
            head.headers.set(b"x-envoy-attempt-count", count.as_bytes());
        }
        if let Some(timed_out) = timed_out.filter(|_| self.virtual_host.include_is_timeout_retry) {
            let text: &[u8] = if timed_out { b"true" } else { b"false" };
            head.headers.set(b"x-envoy-is-timeout-retry", text);
        }
    }

    /// Writes how many tries it took into the response, if configured.
    pub fn mark_response(&self, head: &mut ResponseHead, attempts: u32) {
        if attempts > 0 && self.virtual_host.attempt_count_in_response {
            let count = Decimal::new(attempts.into());
            head.headers.set(b"x-envoy-attempt-count", count.as_bytes());
        }
    }
}

fn is_empty(changes: &HeaderChanges) -> bool {
    changes.add.is_empty() && changes.remove.is_empty()
}

fn must_use_tls(require: RequireTls, head: &RequestHead) -> bool {
    let headers = &head.headers;
    let is_plain = || headers.get(b"x-forwarded-proto") != Some(b"https");
    match require {
        RequireTls::None => false,
        RequireTls::All => is_plain(),
        RequireTls::External => is_plain() && headers.get(b"x-envoy-internal") != Some(b"true"),
    }
}

fn choose<'t>(
    choice: &'t ClusterChoice,
    head: &RequestHead,
    random: u64,
) -> (Cow<'t, str>, Option<&'t WeightedCluster>) {
    match choice {
        ClusterChoice::Name(name) => (Cow::Borrowed(name), None),
        ClusterChoice::Header(name) => {
            let value = first_value(head, name.as_bytes()).unwrap_or_default();
            (
                Cow::Owned(String::from_utf8_lossy(value).into_owned()),
                None,
            )
        }
        ClusterChoice::Weighted { clusters, header } => {
            let chosen = header
                .as_ref()
                .and_then(|name| number(first_value(head, name.as_bytes())?));
            let cluster = by_weight(clusters, chosen.unwrap_or(random));
            (Cow::Borrowed(cluster.map_or("", |it| &it.name)), cluster)
        }
    }
}

fn by_weight(clusters: &[WeightedCluster], random: u64) -> Option<&WeightedCluster> {
    let total: u64 = clusters.iter().map(|it| u64::from(it.weight)).sum();
    let mut rest = random % total.max(1);
    clusters.iter().find(|it| {
        let weight = u64::from(it.weight);
        let chosen = rest < weight;
        rest = rest.saturating_sub(weight);
        chosen
    })
}

#[cfg(test)]
mod tests;
