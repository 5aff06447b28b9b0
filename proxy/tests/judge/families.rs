//! The cases, by family.

#![expect(
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    reason = "tables of cases, and JSON that is passed as it is written"
)]

pub(crate) mod balancing;
pub(crate) mod breakers;
pub(crate) mod filters;
pub(crate) mod framing;
pub(crate) mod grpc;
pub(crate) mod headers;
pub(crate) mod health;
pub(crate) mod http2;
pub(crate) mod limits;
pub(crate) mod logs;
pub(crate) mod retries;
pub(crate) mod routing;
pub(crate) mod tcp;
pub(crate) mod timeouts;
pub(crate) mod tls;
pub(crate) mod trailers;
