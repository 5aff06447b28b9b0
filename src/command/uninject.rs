//! Takes sidecars out of manifests.

use clap::ArgMatches;

use crate::command::Environment;
use crate::command::edit::{self, Edit};
use crate::exit::Exit;
use crate::manifest;
use crate::output::{Output, WriteError};
use crate::report::Action;

pub(super) fn run(
    name: &'static str,
    matches: &ArgMatches,
    environment: &Environment,
    output: &Output,
) -> Result<Exit, WriteError> {
    let edit = Edit {
        action: Action::Uninject,
        apply: manifest::uninject::uninject,
        options: edit::selection(matches),
    };
    edit::run(name, matches, edit, environment, output)
}
