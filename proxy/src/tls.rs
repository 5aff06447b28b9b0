//! Secures connections: TLS both ways, secrets that change, and who is at the other end.

mod certificate;
mod chains;
mod client;
mod distrust;
mod files;
mod hello;
mod http;
mod identity;
mod live;
mod name;
mod outcome;
mod parameters;
mod reader;
mod resumption;
mod secret;
mod server;
mod session;
mod stream;
mod trust;
mod verifier;
mod watch;

pub use certificate::{Certificate, Facts, KeyKind};
pub use chains::{Chains, Incoming};
pub use client::{Client, Dialer, Options};
pub use distrust::{Cause, Distrust};
pub use files::{FileSecret, Parse, SecretEvent};
pub use hello::{Hello, Inspected, InspectorCounter, inspect_tls};
pub use http::{HttpVersion, InspectedHttp, inspect_http};
pub use identity::Identity;
pub use live::{Configured, Dialers, Downstream, Live, Upstream, View};
pub use outcome::{Counter, Failure, Handshake};
pub use secret::Secrets;
pub use server::Server;
pub use session::Session;
pub use stream::{ClientStream, ServerStream, accept, connect};
pub use trust::{Asks, Role, Trust, Validated};
