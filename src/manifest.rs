//! Text in, text out: manifests as byte ranges, and the edits that only insert bytes.

pub mod document;
pub mod edit;
pub mod inject;
pub mod meshes;
pub mod namespace;
pub mod notes;
pub mod outcome;
pub mod patch;
pub mod plan;
pub mod pod;
pub mod prove;
pub mod read;
pub mod removal;
pub mod render;
pub mod security;
pub mod skip;
pub mod stream;
pub mod template;
pub mod tree;
pub mod uninject;
pub mod view;
pub mod workload;
