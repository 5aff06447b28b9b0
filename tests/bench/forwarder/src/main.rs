//! Starts a forwarder or the server behind it: `mesh-forwarder KIND PORT UPSTREAM`.

use std::error::Error;

mod buffer;
mod hand;
mod hand_http2;
mod hand_tokio;
mod hpack;
mod http1;
mod http2;
mod listen;
mod readiness;
mod server;
mod with_h2;
mod with_hyper;

use with_hyper::Protocol;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = |index: usize| -> Result<u16, Box<dyn Error>> {
        Ok(arguments
            .get(index)
            .ok_or("usage: mesh-forwarder KIND PORT UPSTREAM")?
            .parse()?)
    };
    match arguments.first().map(String::as_str) {
        Some("hand") => hand::run(port(1)?, port(2)?)?,
        Some("hand-http2") => hand_http2::run(port(1)?, port(2)?, false)?,
        Some("hand-http2-dynamic") => hand_http2::run(port(1)?, port(2)?, true)?,
        Some("h2") => with_h2::run(port(1)?, port(2)?)?,
        Some("hyper") => with_hyper::run(port(1)?, port(2)?, Protocol::First)?,
        Some("hyper-http2") => with_hyper::run(port(1)?, port(2)?, Protocol::Second)?,
        Some("server") => server::run(port(1)?)?,
        Some("hand-tokio") => hand_tokio::run(port(1)?, port(2)?)?,
        _ => return Err("usage: mesh-forwarder KIND PORT UPSTREAM".into()),
    }
    Ok(())
}
