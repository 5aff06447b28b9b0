//! Lets our HTTP/2 and that of the h2 crate talk to each other over a pipe in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod http2 {
    mod client;
    mod driver;
    mod server;
}
