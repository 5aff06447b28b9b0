//! Runs cases on programs and compares what is seen of them.

pub(crate) mod case;
pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod client_h2;
pub(crate) mod config;
pub(crate) mod frames;
mod message;
mod observation;
pub(crate) mod program;
pub(crate) mod record;
pub(crate) mod run;
pub(crate) mod script;
mod stream;
mod text;
mod upstream;
pub(crate) mod upstream_h2;
pub(crate) mod verdict;
