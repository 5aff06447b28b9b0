//! meshctl: puts a sidecar beside any workload, and shows what every sidecar does.

use std::process::ExitCode;

pub mod cli;
mod command;
mod convert;
mod diff;
mod envelope;
mod error;
mod exit;
mod input;
pub mod manifest;
mod output;
mod place;
mod replace;
mod report;

/// Runs the program with the process's own arguments, environment and streams.
///
/// `name` is how the user calls it: `meshctl`, or `kubectl mesh` for the plugin.
pub fn run(name: &'static str) -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    match cli::complete::answer(name, &arguments) {
        cli::complete::Asked::Answered => return ExitCode::SUCCESS,
        cli::complete::Asked::Failed => return ExitCode::FAILURE,
        cli::complete::Asked::No => {}
    }
    let environment = command::Environment::read();
    command::run(name, arguments, &environment).into()
}
