//! Reads the configuration of Envoy into one model.

pub(crate) mod build;
pub(crate) mod check;
pub mod cursor;
pub mod dump;
pub mod files;
pub mod load;
pub(crate) mod merge;
pub mod message;
pub mod model;
pub mod path;
pub mod place;
pub mod problem;
pub(crate) mod read;
pub mod schema;
pub(crate) mod tree;
