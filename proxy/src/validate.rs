//! Tells whether a configuration is good, and everything that is wrong with it.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::SystemTime;

use crate::cli::Options;
use crate::config::files;
use crate::config::load::{self, Origin};
use crate::config::model::Bootstrap;
use crate::config::place::Source;
use crate::config::problem;

/// Loads the configuration and tells on standard output that it is good, or on standard error what
/// is wrong.
pub(crate) fn validate(options: &Options) -> ExitCode {
    match load(options) {
        Ok(_) => {
            let path = options
                .path
                .as_deref()
                .map(|path| path.display().to_string());
            let name = path.unwrap_or_default();
            // A reader that has gone away is no failure.
            let _ = writeln!(std::io::stdout(), "configuration '{name}' OK");
            ExitCode::SUCCESS
        }
        Err(text) => {
            let _ = write!(std::io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

/// Loads the configuration and looks at its files; binds nothing.
///
/// # Errors
///
/// Everything that is wrong, as people read it.
pub(crate) fn load(options: &Options) -> Result<Bootstrap, String> {
    let sources = sources(options)?;
    let texts = || {
        sources
            .iter()
            .map(|(source, _)| source.clone())
            .collect::<Vec<_>>()
    };
    let bootstrap =
        load::bootstrap(&sources).map_err(|problems| problem::render(&problems, &texts()))?;
    let problems = files::check(&bootstrap, SystemTime::now());
    if problems.is_empty() {
        Ok(bootstrap)
    } else {
        Err(problem::render(&problems, &texts()))
    }
}

fn sources(options: &Options) -> Result<Vec<(Source, Origin)>, String> {
    let mut sources = Vec::new();
    if let Some(path) = &options.path {
        let name = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| format!("error: `{name}` cannot be read: {error}\n"))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            format!("error: `{name}` is not UTF-8: byte {at} begins no character\n")
        })?;
        sources.push((Source { name, text }, Origin::File));
    }
    // Envoy takes an empty text for none.
    if let Some(text) = options.yaml.as_ref().filter(|text| !text.is_empty()) {
        let name = "--config-yaml".to_owned();
        let text = text.clone();
        sources.push((Source { name, text }, Origin::Flag));
    }
    if sources.is_empty() {
        return Err(
            "error: `--config-yaml` is empty, and there is no `--config-path`\n".to_owned(),
        );
    }
    Ok(sources)
}
