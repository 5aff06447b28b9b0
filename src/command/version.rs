//! Prints the version and what it was built from.

use clap::ArgMatches;
use serde_json::json;

use crate::command::Environment;
use crate::envelope::{API_VERSION, Envelope};
use crate::exit::Exit;
use crate::output::{Output, WriteError};

pub(super) fn run(
    matches: &ArgMatches,
    environment: &Environment,
    output: &Output,
) -> Result<Exit, WriteError> {
    let as_json = matches
        .get_one::<String>("output")
        .is_some_and(|format| format == "json");
    let text = if as_json { json(environment) } else { plain() };
    output.data(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn json(environment: &Environment) -> String {
    let item = json!({
        "version": VERSION,
        "commit": COMMIT,
        "rustc": RUSTC,
        "target": TARGET,
        "apiVersion": API_VERSION,
    });
    Envelope {
        items: vec![item],
        ..Envelope::default()
    }
    .render("Version", environment.now)
}

fn plain() -> String {
    let commit = COMMIT.unwrap_or("unknown");
    format!(
        "meshctl {VERSION}\ncommit  {commit}\nrustc   {RUSTC}\ntarget  {TARGET}\napi     {API_VERSION}\n"
    )
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
const COMMIT: Option<&str> = option_env!("MESHCTL_COMMIT");
const RUSTC: &str = env!("MESHCTL_RUSTC");
const TARGET: &str = env!("MESHCTL_TARGET");
