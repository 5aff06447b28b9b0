//! Helps the test programs: a generator of manifests, the peers' tools, and small checks.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

pub mod apply;
pub mod cases;
pub mod files;
pub mod generate;
pub mod insertions;
pub mod json;
pub mod model;
pub mod others;
pub mod peers;
pub mod pod;
pub mod random;
pub mod yaml;
