//! The proxy beside an application: it reads the configuration that Envoy reads.
//!
//! [`run`] is the program. [`config`] is what it reads: `config::load` takes texts to
//! `config::model`, which is all that the rest needs to know.

#[cfg(test)]
extern crate self as mesh_proxy;

pub mod access_log;
pub mod admin;
mod app;
pub mod calendar;
mod cli;
pub mod config;
pub mod drain;
pub mod exchange;
pub mod facts;
pub mod format;
pub mod http;
pub mod http1;
pub mod http2;
pub mod listener;
pub mod log;
pub mod manager;
pub mod multiplex;
pub mod rbac;
pub mod redirect;
pub mod socket;
pub mod stats;
pub mod stream;
pub mod tap;
pub mod tcp;
pub mod throttle;
pub mod timer;
pub mod tls;
pub mod upstream;
mod validate;
pub mod wire;
pub mod worker;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use cli::Parsed;

/// Runs the program with the arguments of a command line, the program's name first.
///
/// Ends with 0, with 1 after a failure such as a bad configuration, with 2 when the command line is
/// wrong.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match cli::parse(arguments) {
        Parsed::Serve(options) => app::serve(&options),
        Parsed::Validate(options) => validate::validate(&options),
        Parsed::Redirect(options) => redirect::run(&options),
        Parsed::Shown(text) => {
            // A reader that has gone away is no failure.
            let _ = write!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Parsed::Wrong(text) => {
            let _ = write!(std::io::stderr(), "{text}");
            ExitCode::from(USAGE)
        }
    }
}

const USAGE: u8 = 2;
