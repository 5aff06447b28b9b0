//! Prints the completion script of a shell.

use clap::ArgMatches;
use clap_complete::{Shell, generate};

use crate::cli;
use crate::exit::Exit;
use crate::output::{Output, WriteError};

pub(super) fn run(
    name: &'static str,
    matches: &ArgMatches,
    output: &Output,
) -> Result<Exit, WriteError> {
    let Some(shell) = matches.get_one::<Shell>("shell") else {
        return Ok(Exit::Usage);
    };
    let mut script = Vec::new();
    generate(*shell, &mut cli::tree(name), "meshctl", &mut script);
    output.data(&script)?;
    Ok(Exit::Clean)
}
