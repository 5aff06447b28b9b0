//! Holds the cases and what runs them.

pub(crate) mod families;
pub(crate) mod harness;
pub(crate) mod listed;
