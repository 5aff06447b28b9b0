//! Starts a forwarder or the server behind it: `mesh-forwarder KIND PORT [UPSTREAM [SIDE FOLDER]]`.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;

use tls::Tls;
use with_hyper::Protocol::{First, Second};

mod buffer;
mod hand;
mod hand_http2;
mod hand_http2_tokio;
mod hand_tokio;
mod hpack;
mod http1;
mod http2;
mod listen;
mod readiness;
mod server;
mod stream;
mod tcp;
mod tls;
mod with_h2;
mod with_hyper;

const USAGE: &str = "usage: mesh-forwarder KIND PORT [UPSTREAM [accept|connect FOLDER]]";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize| arguments.get(index).map(String::as_str);
    let kind = argument(0).ok_or(USAGE)?;
    let port = argument(1).ok_or(USAGE)?.parse()?;
    if kind == "server" {
        thread::spawn(move || stream::serve(port + 2));
        return Ok(server::run(port)?);
    }
    if kind == "take" || kind == "knock" {
        let number = |index: usize| argument(index).ok_or(USAGE).map(str::parse::<u64>);
        let load = if kind == "take" {
            stream::take
        } else {
            stream::knock
        };
        let count = load(port, number(2)??, number(3)??)?;
        return Ok(writeln!(io::stdout(), "{count}")?);
    }
    let upstream = argument(2).ok_or(USAGE)?.parse()?;
    // TLS is on one hop, and says which protocol that one speaks.
    let second = match kind {
        "hyper-http1-http2" => argument(3) == Some("connect"),
        "hyper-http2-http1" => argument(3) == Some("accept"),
        _ => kind.contains("http2"),
    };
    let tls = match (argument(3), argument(4)) {
        (None, _) => Tls::default(),
        (Some(side), Some(folder)) => Tls::load(
            side,
            Path::new(folder),
            if second { "h2" } else { "http/1.1" },
        )?,
        _ => return Err(USAGE.into()),
    };
    match kind {
        "hand" => hand::run(port, upstream, tls)?,
        "hand-http2" => hand_http2::run(port, upstream, tls, false)?,
        "hand-http2-dynamic" => hand_http2::run(port, upstream, tls, true)?,
        "hand-http2-tokio" => hand_http2_tokio::run(port, upstream)?,
        "hand-tokio" => hand_tokio::run(port, upstream)?,
        "tcp" => tcp::run(port, upstream, tls, false)?,
        "tcp-splice" => tcp::run(port, upstream, tls, true)?,
        "h2" => with_h2::run(port, upstream)?,
        "hyper-http1" => with_hyper::run(port, upstream, &tls, First, First)?,
        "hyper-http2" => with_hyper::run(port, upstream, &tls, Second, Second)?,
        "hyper-http1-http2" => with_hyper::run(port, upstream, &tls, First, Second)?,
        "hyper-http2-http1" => with_hyper::run(port, upstream, &tls, Second, First)?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
