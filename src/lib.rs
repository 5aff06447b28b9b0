//! meshctl: puts a sidecar beside any workload, and shows what every sidecar does.

pub mod manifest;
