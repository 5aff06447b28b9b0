//! Reads the command line and runs the subcommand that it names.

mod completions;
mod deliver;
mod edit;
mod function;
mod inject;
mod selection;
mod uninject;
mod version;

use std::ffi::OsString;

use clap::{ArgMatches, ColorChoice};

use crate::cli;
use crate::envelope::Timestamp;
use crate::error::Diagnostic;
use crate::exit::Exit;
use crate::output::{Output, Terminal, WriteError};

/// What the program takes from its environment, read once.
#[derive(Debug)]
pub(crate) struct Environment {
    /// `MESHCTL_PROXY_IMAGE`, the weakest way to choose the sidecar's image.
    pub(crate) proxy_image: Option<String>,
    /// `NO_COLOR` and `TERM`.
    pub(crate) terminal: Terminal,
    /// The time of this run.
    pub(crate) now: Timestamp,
}

impl Environment {
    /// The environment of the process.
    pub(crate) fn read() -> Self {
        let text = |name| {
            std::env::var(name)
                .ok()
                .filter(|text: &String| !text.is_empty())
        };
        Self {
            proxy_image: text(PROXY_IMAGE),
            terminal: Terminal {
                no_color: text("NO_COLOR").is_some(),
                dumb: text("TERM").as_deref() == Some("dumb"),
            },
            now: Timestamp::now(text("SOURCE_DATE_EPOCH").as_deref()),
        }
    }
}

/// Runs the program called `name` and says how it ended.
pub(crate) fn run(name: &'static str, arguments: Vec<OsString>, environment: &Environment) -> Exit {
    let early = Output::new(color_asked_for(&arguments), environment.terminal);
    let matches = match cli::tree(name).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Clean
            };
            return written(early.clap(&error).map(|()| exit), &early);
        }
    };
    let choice = matches
        .get_one("color")
        .copied()
        .unwrap_or(ColorChoice::Auto);
    let output = Output::new(choice, environment.terminal);
    written(dispatch(name, &matches, environment, &output), &output)
}

fn dispatch(
    name: &'static str,
    matches: &ArgMatches,
    environment: &Environment,
    output: &Output,
) -> Result<Exit, WriteError> {
    match matches.subcommand() {
        Some(("inject", matches)) => inject::run(name, matches, environment, output),
        Some(("uninject", matches)) => uninject::run(name, matches, environment, output),
        Some(("completions", matches)) => completions::run(name, matches, output),
        Some(("version", matches)) => version::run(matches, environment, output),
        _ => Ok(Exit::Usage),
    }
}

/// A closed pipe ends the program in silence; any other failure to write is told.
fn written(result: Result<Exit, WriteError>, output: &Output) -> Exit {
    match result {
        Ok(exit) => exit,
        Err(WriteError::Closed) => Exit::Clean,
        Err(error @ WriteError::Failed(_)) => {
            let shown = Diagnostic::new("write", error.to_string());
            output.message(&shown.render(output.messages, output.width));
            Exit::Failed
        }
    }
}

/// What `--color` says, for messages about the command line itself.
fn color_asked_for(arguments: &[OsString]) -> ColorChoice {
    let words = arguments.iter().filter_map(|word| word.to_str());
    let next = arguments
        .iter()
        .skip(1)
        .filter_map(|word| word.to_str())
        .chain([""]);
    let asked = words.zip(next).find_map(|(word, next)| match word {
        "--color" => Some(next),
        _ => word.strip_prefix("--color="),
    });
    asked
        .and_then(|text| text.parse().ok())
        .unwrap_or(ColorChoice::Auto)
}

/// The variable that chooses the sidecar's image.
const PROXY_IMAGE: &str = "MESHCTL_PROXY_IMAGE";
