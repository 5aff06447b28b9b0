//! Takes mesh-proxy's place in the cluster tests until that can run in a pod: redirection, plaintext
//! relaying of every connection to where it was going, and the paths that the kubelet asks for.
//!
//! It has no identity, no TLS, no configuration and no statistics but two counters.

mod init;
mod run;

use std::io::Write;
use std::process::ExitCode;

use mesh_api::agent::{DRAIN, INIT, RUN, WAIT};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = arguments.first().map_or("", String::as_str);
    match command {
        INIT => init::run(&arguments[1..]),
        RUN => run::run(),
        // Nothing to wait for: it relays as soon as it runs, and has no connections of its own to end.
        DRAIN | WAIT => ExitCode::SUCCESS,
        _ => fail(&format!("no such command: '{command}'"), 2),
    }
}

fn fail(problem: &str, code: u8) -> ExitCode {
    say(&format!("error: {problem}"));
    ExitCode::from(code)
}

/// A line for `kubectl logs`. Nobody is left to be told when that fails.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "mesh-proxy stand-in: {line}");
}
