//! Endpoints of a cluster.

use serde_json::{Map, Value};

use super::Locality;
use super::address::Address;
use super::fault::Fraction;

/// All endpoints of a cluster.
#[derive(Debug, Clone, Default)]
pub struct LoadAssignment {
    /// The cluster, or the name under which it is discovered.
    pub cluster_name: String,
    /// By locality and priority.
    pub localities: Vec<LocalityEndpoints>,
    /// Percent by which healthy endpoints of a priority count for more than they are.
    pub overprovisioning_factor: u32,
    /// Endpoints count by weight when the health of a priority is told.
    pub weighted_priority_health: bool,
    /// Requests that are dropped, by category and share.
    pub drops: Vec<(String, Fraction)>,
}

/// Endpoints of a locality and priority.
#[derive(Debug, Clone, Default)]
pub struct LocalityEndpoints {
    /// Where they stand.
    pub locality: Locality,
    /// 0 is asked first; there may be gaps.
    pub priority: u32,
    /// Its share, where localities are weighted.
    pub weight: Option<u32>,
    /// The endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Where it is.
    pub address: Address,
    /// Its name; may be empty.
    pub hostname: String,
    /// Its share; at least 1.
    pub weight: u32,
    /// What discovery knows.
    pub health: Health,
    /// By namespace, such as `envoy.lb`, `envoy.transport_socket_match` and `meshctl`.
    pub metadata: Metadata,
    /// How its health is checked.
    pub check: EndpointCheck,
}

/// Metadata by namespace.
pub type Metadata = Vec<(String, Map<String, Value>)>;

/// What discovery knows about an endpoint's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nothing: taken as healthy.
    Unknown,
    /// Healthy.
    Healthy,
    /// Not healthy.
    Unhealthy,
    /// Ending: no new requests.
    Draining,
    /// Its health checks take too long: not healthy.
    Timeout,
    /// Only if there are not enough healthy ones.
    Degraded,
}

/// How an endpoint's health is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointCheck {
    /// Another port, if given.
    pub port: Option<u16>,
    /// Another host, if given.
    pub hostname: Option<String>,
    /// Another address, if given.
    pub address: Option<Address>,
    /// Not at all.
    pub disabled: bool,
}
