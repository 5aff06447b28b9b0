//! An upstream host: what is known about it, and what happens to it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{AcqRel, Acquire, Relaxed},
};

use crate::config::model::Locality;
use crate::config::model::address::Address;
use crate::config::model::endpoint::{Endpoint, Health, Metadata};
use crate::stats::{Counter, Gauge};

use super::count::{Apart, for_workers};
use super::outlier::Monitor;

/// Names a host of a cluster for as long as it is a member, whatever is learnt about it meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(pub u64);

/// An upstream host as one update described it. A later update makes another `Host` with the same
/// identity and the same [`HostState`].
#[derive(Debug)]
pub struct Host {
    /// Its identity.
    pub id: HostId,
    /// Where it is.
    pub address: Address,
    /// Its name; may be empty.
    pub hostname: String,
    /// Where it stands.
    pub locality: Locality,
    /// Its share; at least 1.
    pub weight: u32,
    /// The priority that it belongs to.
    pub priority: u32,
    /// By namespace.
    pub metadata: Metadata,
    /// How its health is checked.
    pub check: HostCheck,
    /// What happens to it.
    pub state: Arc<HostState>,
}

/// How the health of a host is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCheck {
    /// Where.
    pub address: Address,
    /// By which name, if another one is given.
    pub hostname: Option<String>,
    /// Not at all.
    pub disabled: bool,
}

impl HostCheck {
    /// As an endpoint says, which is at `address`.
    pub fn of(endpoint: &Endpoint, address: &Address) -> Self {
        let check = &endpoint.check;
        let at = check.address.as_ref().unwrap_or(address);
        Self {
            address: check
                .port
                .map_or_else(|| at.clone(), |port| with_port(at, port)),
            hostname: check.hostname.clone(),
            disabled: check.disabled,
        }
    }
}

/// An address with another port.
pub(crate) fn with_port(address: &Address, port: u16) -> Address {
    match address {
        Address::Socket(socket) => Address::Socket((socket.ip(), port).into()),
        Address::Name(name, _) => Address::Name(name.clone(), port),
        Address::Pipe(..) => address.clone(),
    }
}

impl Host {
    /// Whether its metadata `envoy.lb` says `canary`.
    pub fn canary(&self) -> bool {
        self.balancing("canary")
            .and_then(serde_json::Value::as_bool)
            == Some(true)
    }

    /// What places it on a ring, if its metadata `envoy.lb` says `hash_key`.
    pub fn hash_key(&self) -> Option<&str> {
        let key = self.balancing("hash_key")?.as_str()?;
        (!key.is_empty()).then_some(key)
    }

    /// The metadata under a namespace.
    pub fn metadata(&self, namespace: &str) -> Option<&serde_json::Map<String, serde_json::Value>> {
        self.metadata
            .iter()
            .find(|(name, _)| name == namespace)
            .map(|(_, fields)| fields)
    }

    fn balancing(&self, key: &str) -> Option<&serde_json::Value> {
        self.metadata("envoy.lb")?.get(key)
    }

    /// What a worker counts about it.
    pub fn traffic(&self, worker: usize) -> &HostTraffic {
        &self.state.workers[worker % self.state.workers.len()].0
    }

    /// How healthy it is altogether.
    pub fn coarse_health(&self) -> CoarseHealth {
        self.state.flags.get().coarse()
    }
}

/// What happens to a host; shared by all that know it.
#[derive(Debug)]
pub struct HostState {
    /// Why it is not healthy.
    pub flags: HealthFlags,
    /// What outlier detection remembers of it.
    pub monitor: Monitor,
    /// It was chosen since this was last cleared; kept for clusters that make hosts on demand.
    pub chosen: AtomicBool,
    falls: AtomicU32,
    workers: Box<[Apart<HostTraffic>]>,
}

impl HostState {
    /// A host that nothing has happened to yet, for so many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            flags: HealthFlags::default(),
            monitor: Monitor::default(),
            chosen: AtomicBool::new(false),
            falls: AtomicU32::new(0),
            workers: for_workers(workers),
        }
    }

    /// How often checks or outlier detection found that it is not well: connections from before are not to be used.
    pub fn falls(&self) -> u32 {
        self.falls.load(Acquire)
    }

    /// It was found not to be well.
    pub(crate) fn fall(&self) {
        self.falls.fetch_add(1, AcqRel);
    }

    /// What each worker counts.
    pub fn workers(&self) -> impl Iterator<Item = &HostTraffic> {
        self.workers.iter().map(|worker| &worker.0)
    }

    /// The sum of a number over all workers.
    pub fn sum(&self, number: impl Fn(&HostTraffic) -> u64) -> u64 {
        self.workers().map(number).sum()
    }

    /// Requests that are being answered, over all workers.
    pub fn active_requests(&self) -> u64 {
        self.sum(|traffic| traffic.rq_active.value())
    }

    /// Connections that are open, over all workers.
    pub fn active_connections(&self) -> u64 {
        self.sum(|traffic| traffic.cx_active.value())
    }

    /// Notes that it was chosen.
    pub(crate) fn choose(&self) {
        if !self.chosen.load(Relaxed) {
            self.chosen.store(true, Relaxed);
        }
    }
}

/// What a worker counts about a host, by Envoy's names.
#[derive(Debug, Default)]
pub struct HostTraffic {
    /// Connections that are open.
    pub cx_active: Gauge,
    /// Connections that could not be made.
    pub cx_connect_fail: Counter,
    /// Connections.
    pub cx_total: Counter,
    /// Requests that are being answered.
    pub rq_active: Gauge,
    /// Requests that failed: no answer, or 5xx.
    pub rq_error: Counter,
    /// Requests that wait for a connection to it.
    pub rq_pending_active: Gauge,
    /// Requests that were answered otherwise.
    pub rq_success: Counter,
    /// Requests that took too long.
    pub rq_timeout: Counter,
    /// Requests.
    pub rq_total: Counter,
    /// For outlier detection: answers of the host.
    pub(crate) answers: Counter,
    /// For outlier detection: answers of the host that are no failures.
    pub(crate) good_answers: Counter,
    /// For outlier detection: what happened on our side.
    pub(crate) attempts: Counter,
    /// For outlier detection: what went well on our side.
    pub(crate) good_attempts: Counter,
}

/// Why a host is not healthy, or is not to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum HealthFlag {
    /// Its active health checks fail.
    FailedActiveCheck = 1,
    /// Outlier detection has ejected it.
    FailedOutlierCheck = 1 << 1,
    /// Discovery says that it is not healthy.
    FailedDiscovery = 1 << 2,
    /// Its active health checks say that it is degraded.
    DegradedActiveCheck = 1 << 3,
    /// Discovery says that it is degraded.
    DegradedDiscovery = 1 << 4,
    /// It is discovered no more, and goes once its health checks fail.
    PendingRemoval = 1 << 5,
    /// It has not been checked yet, and is not counted until then.
    PendingActiveCheck = 1 << 6,
    /// It said that it is about to go, and is not counted.
    ExcludedByImmediateFailure = 1 << 7,
    /// Its active health checks take too long.
    ActiveCheckTimeout = 1 << 8,
    /// Discovery says that it is draining.
    Draining = 1 << 9,
}

impl HealthFlag {
    /// All of them, in Envoy's order.
    pub const ALL: [Self; 10] = [
        Self::FailedActiveCheck,
        Self::FailedOutlierCheck,
        Self::FailedDiscovery,
        Self::DegradedActiveCheck,
        Self::DegradedDiscovery,
        Self::PendingRemoval,
        Self::PendingActiveCheck,
        Self::ExcludedByImmediateFailure,
        Self::ActiveCheckTimeout,
        Self::Draining,
    ];

    /// As Envoy's `/clusters` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FailedActiveCheck => "failed_active_hc",
            Self::FailedOutlierCheck => "failed_outlier_check",
            Self::FailedDiscovery => "failed_eds_health",
            Self::DegradedActiveCheck => "degraded_active_hc",
            Self::DegradedDiscovery => "degraded_eds_health",
            Self::PendingRemoval => "pending_dynamic_removal",
            Self::PendingActiveCheck => "pending_active_hc",
            Self::ExcludedByImmediateFailure => "excluded_via_immediate_hc_fail",
            Self::ActiveCheckTimeout => "active_hc_timeout",
            Self::Draining => "eds_status_draining",
        }
    }

    /// The flag that says what discovery knows.
    pub(crate) fn discovered(health: Health) -> Option<Self> {
        match health {
            Health::Unknown | Health::Healthy => None,
            Health::Unhealthy | Health::Timeout => Some(Self::FailedDiscovery),
            Health::Draining => Some(Self::Draining),
            Health::Degraded => Some(Self::DegradedDiscovery),
        }
    }
}

/// A set of flags that all threads read and the owner of the cluster writes.
#[derive(Debug, Default)]
pub struct HealthFlags(AtomicU32);

impl HealthFlags {
    /// Those that are set now.
    pub fn get(&self) -> Flags {
        Flags(self.0.load(Acquire))
    }

    /// Sets one; true if it was not set.
    pub fn set(&self, flag: HealthFlag) -> bool {
        self.0.fetch_or(flag as u32, AcqRel) & flag as u32 == 0
    }

    /// Clears one; true if it was set.
    pub fn clear(&self, flag: HealthFlag) -> bool {
        self.0.fetch_and(!(flag as u32), AcqRel) & flag as u32 != 0
    }

    /// Sets or clears one; true if that changed it.
    pub fn put(&self, flag: HealthFlag, value: bool) -> bool {
        if value {
            self.set(flag)
        } else {
            self.clear(flag)
        }
    }
}

/// How healthy a host is altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoarseHealth {
    /// It is asked.
    Healthy,
    /// It is asked if there are not enough healthy ones.
    Degraded,
    /// It is not asked, unless too many are so.
    Unhealthy,
}

/// Flags at one moment; written as Envoy's `/clusters` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u32);

impl Flags {
    /// Whether a flag is set.
    pub fn has(self, flag: HealthFlag) -> bool {
        self.0 & flag as u32 != 0
    }

    /// How healthy this is.
    pub fn coarse(self) -> CoarseHealth {
        const UNHEALTHY: u32 = HealthFlag::FailedActiveCheck as u32
            | HealthFlag::FailedOutlierCheck as u32
            | HealthFlag::FailedDiscovery as u32
            | HealthFlag::Draining as u32;
        const DEGRADED: u32 =
            HealthFlag::DegradedActiveCheck as u32 | HealthFlag::DegradedDiscovery as u32;
        if self.0 & UNHEALTHY != 0 {
            CoarseHealth::Unhealthy
        } else if self.0 & DEGRADED != 0 {
            CoarseHealth::Degraded
        } else {
            CoarseHealth::Healthy
        }
    }

    /// Whether such a host does not count among the hosts of its priority.
    pub fn excluded(self) -> bool {
        const EXCLUDED: u32 = HealthFlag::PendingActiveCheck as u32
            | HealthFlag::ExcludedByImmediateFailure as u32
            | HealthFlag::Draining as u32;
        self.0 & EXCLUDED != 0
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return formatter.write_str("healthy");
        }
        let set = HealthFlag::ALL.into_iter().filter(|flag| self.has(*flag));
        set.map(HealthFlag::name)
            .try_for_each(|name| write!(formatter, "/{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_written_as_envoy_writes_them() {
        let flags = HealthFlags::default();
        assert_eq!(flags.get().to_string(), "healthy");
        assert!(flags.set(HealthFlag::FailedOutlierCheck));
        assert!(!flags.set(HealthFlag::FailedOutlierCheck));
        flags.set(HealthFlag::FailedActiveCheck);
        flags.set(HealthFlag::Draining);
        let text = "/failed_active_hc/failed_outlier_check/eds_status_draining";
        assert_eq!(flags.get().to_string(), text);
        assert!(flags.clear(HealthFlag::Draining));
        assert!(!flags.put(HealthFlag::Draining, false));
    }

    #[test]
    fn health_is_the_worst_that_flags_say() {
        use CoarseHealth::{Degraded, Healthy, Unhealthy};
        for flag in HealthFlag::ALL {
            let flags = HealthFlags::default();
            flags.set(flag);
            let expected = match flag {
                HealthFlag::FailedActiveCheck
                | HealthFlag::FailedOutlierCheck
                | HealthFlag::FailedDiscovery
                | HealthFlag::Draining => Unhealthy,
                HealthFlag::DegradedActiveCheck | HealthFlag::DegradedDiscovery => Degraded,
                _ => Healthy,
            };
            assert_eq!(flags.get().coarse(), expected, "{flag:?}");
            flags.set(HealthFlag::DegradedDiscovery);
            assert_ne!(flags.get().coarse(), Healthy, "{flag:?}");
        }
    }
}
