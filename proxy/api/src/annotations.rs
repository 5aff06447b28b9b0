//! The names under `meshctl.dev/`.

/// Every annotation and label of ours starts with this.
pub const PREFIX: &str = "meshctl.dev/";
/// Opt in or out, as label or annotation: `enabled`, `disabled`.
pub const INJECT: &str = "meshctl.dev/inject";
/// What we injected: an [`crate::sidecar::Injected`] as JSON.
pub const INJECTED: &str = "meshctl.dev/injected";
/// The probes that we rewrote, as they were: JSON, `container/kind` to the original
/// handler, such as `{"tcpSocket":{"port":5432}}`.
pub const REWRITTEN_PROBES: &str = "meshctl.dev/rewritten-probes";
