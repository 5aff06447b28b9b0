//! Makes configuration for unit tests in the way in which the integration tests make it.

#[path = "../../tests/policy/manager.rs"]
pub(crate) mod manager;
#[path = "../../tests/policy/model.rs"]
pub(crate) mod model;
