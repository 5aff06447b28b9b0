//! Shows a cluster as Envoy's `/clusters` does.

use std::sync::Arc;

use crate::config::model::Locality;
use crate::config::model::address::Address;
use crate::config::model::route::Priority;

use super::breaker::Resource;
use super::cluster::Cluster;
use super::host::{CoarseHealth, Flags, Host};
use super::outlier::Averages;

/// A cluster at one moment.
#[derive(Debug, Clone)]
pub struct ClusterView {
    /// Its name.
    pub name: String,
    /// What its statistics are called by.
    pub stat_name: String,
    /// What success rates were compared with, if outliers are detected: of answers, and of our side.
    pub averages: Option<(Averages, Averages)>,
    /// The limits of requests of each priority: connections, pending, requests, retries.
    pub limits: [(Priority, [u64; 4]); 2],
    /// Its hosts, by priority.
    pub hosts: Vec<HostView>,
}

/// A host at one moment.
#[derive(Debug, Clone)]
pub struct HostView {
    /// Where it is.
    pub address: Address,
    /// Connections that are open.
    pub cx_active: u64,
    /// Connections that could not be made.
    pub cx_connect_fail: u64,
    /// Connections.
    pub cx_total: u64,
    /// Requests that are being answered.
    pub rq_active: u64,
    /// Requests that failed.
    pub rq_error: u64,
    /// Requests that wait for a connection to it.
    pub rq_pending_active: u64,
    /// Requests that were answered.
    pub rq_success: u64,
    /// Requests that took too long.
    pub rq_timeout: u64,
    /// Requests.
    pub rq_total: u64,
    /// Its name; may be empty.
    pub hostname: String,
    /// Why it is not healthy; written as Envoy does.
    pub health_flags: Flags,
    /// How healthy it is altogether.
    pub health: CoarseHealth,
    /// Its share.
    pub weight: u32,
    /// Where it stands.
    pub locality: Locality,
    /// It is a canary.
    pub canary: bool,
    /// Its priority.
    pub priority: u32,
    /// Percent of good answers in the last interval; -1 if there were too few.
    pub success_rate: f64,
    /// The same of what happened on our side.
    pub local_origin_success_rate: f64,
}

impl Cluster {
    /// All that `/clusters` shows of it.
    pub fn view(&self) -> ClusterView {
        let limits = |priority| {
            (
                priority,
                Resource::ALL.map(|resource| self.breakers().limit(priority, resource)),
            )
        };
        ClusterView {
            name: self.config().name.clone(),
            stat_name: self.config().stat_name.clone(),
            averages: self.averages(),
            limits: [limits(Priority::Default), limits(Priority::High)],
            hosts: self.snapshot().hosts().map(HostView::new).collect(),
        }
    }
}

impl HostView {
    fn new(host: &Arc<Host>) -> Self {
        let state = &host.state;
        Self {
            address: host.address.clone(),
            cx_active: state.active_connections(),
            cx_connect_fail: state.sum(|one| one.cx_connect_fail.value()),
            cx_total: state.sum(|one| one.cx_total.value()),
            rq_active: state.active_requests(),
            rq_error: state.sum(|one| one.rq_error.value()),
            rq_pending_active: state.sum(|one| one.rq_pending_active.value()),
            rq_success: state.sum(|one| one.rq_success.value()),
            rq_timeout: state.sum(|one| one.rq_timeout.value()),
            rq_total: state.sum(|one| one.rq_total.value()),
            hostname: host.hostname.clone(),
            health_flags: state.flags.get(),
            health: host.coarse_health(),
            weight: host.weight,
            locality: host.locality.clone(),
            canary: host.canary(),
            priority: host.priority,
            success_rate: state.monitor.success_rate(),
            local_origin_success_rate: state.monitor.local_origin_success_rate(),
        }
    }
}
