//! Holds what HTTP is to the proxy, whichever version carries it.

pub mod change;
pub mod fault;
pub mod flags;
pub mod grpc;
pub mod grpc_stats;
pub mod hash;
pub mod header_match;
pub mod headers;
pub mod local_reply;
pub mod message;
pub mod path;
pub mod policy;
pub mod reset;
pub mod retry;
pub mod route;
pub mod text;
pub mod upgrade;

#[cfg(test)]
mod test_model;
