//! Lists what of a discovery response is honoured.

use super::Kind::{Any, List};
use super::Shape::{Absent, Scalar, Several};
use super::cluster::CLUSTER;
use super::endpoint::CLUSTER_LOAD_ASSIGNMENT;
use super::listener::LISTENER;
use super::macros::messages;
use super::route::ROUTE_CONFIGURATION;
use super::tls::SECRET;
use super::{MANY, STRING};

messages! {
    message DISCOVERY_RESPONSE "envoy.service.discovery.v3.DiscoveryResponse" {
        1 version_info: STRING => "";
        2 resources: List(&Any(&[&LISTENER, &CLUSTER, &ROUTE_CONFIGURATION, &CLUSTER_LOAD_ASSIGNMENT, &SECRET]), 0, MANY) => "";
        4 type_url: STRING => "";
        5 nonce: STRING => "";
    } without {
        3 canary: Scalar, 6 control_plane: Absent, 7 resource_errors: Several,
    }
}
