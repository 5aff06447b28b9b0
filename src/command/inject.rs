//! Adds the sidecar to manifests.

use clap::ArgMatches;
use clap::parser::ValueSource;
use mesh_api::settings::{MeshSetting, Overrides, Setting, Settings};
use mesh_api::sidecar::{Pod, conflict};

use crate::command::edit::{self, Edit};
use crate::command::{Environment, PROXY_IMAGE};
use crate::error::Diagnostic;
use crate::exit::Exit;
use crate::manifest;
use crate::manifest::outcome::Options;
use crate::output::{Output, WriteError};
use crate::report::Action;

pub(super) fn run(
    name: &'static str,
    matches: &ArgMatches,
    environment: &Environment,
    output: &Output,
) -> Result<Exit, WriteError> {
    let given = match from_environment(environment) {
        Ok(given) => given,
        Err(problem) => {
            output.message(&problem.render(output.messages, output.width));
            return Ok(Exit::Usage);
        }
    };
    let flags = from_flags(matches);
    if let Some(problem) = contradiction(&flags) {
        edit::usage(name, Action::Inject, &problem, output);
        return Ok(Exit::Usage);
    }
    let annotate: Vec<&String> = matches.get_many("annotate").unwrap_or_default().collect();
    let edit = Edit {
        action: Action::Inject,
        apply: manifest::inject::inject,
        options: Options {
            flags,
            environment: given,
            annotate_namespaces: annotate.iter().any(|what| *what == "namespaces"),
            annotate_services: annotate.iter().any(|what| *what == "services"),
            ..edit::selection(matches)
        },
    };
    edit::run(name, matches, edit, environment, output)
}

/// The settings that the environment gives.
fn from_environment(environment: &Environment) -> Result<Overrides, Diagnostic> {
    let mut given = Overrides::default();
    if let (Some(image), Some(setting)) =
        (&environment.proxy_image, Setting::from_name("proxy-image"))
    {
        given.set(setting, image).map_err(|invalid| {
            Diagnostic::new(
                "usage",
                format!("cannot use {PROXY_IMAGE}={image}: {invalid}"),
            )
        })?;
    }
    Ok(given)
}

/// What two flags say against each other, whatever the manifest says.
fn contradiction(flags: &Overrides) -> Option<Diagnostic> {
    let found = conflict(&Settings::resolve(&[flags]), &Pod::default())?;
    let given: Option<Vec<String>> = found
        .settings
        .iter()
        .map(|setting| Some(format!("--{} {}", setting.name(), flags.get(*setting)?)))
        .collect();
    let message = format!("{}: {}", given?.join(" and "), found.message);
    Some(Diagnostic::new("usage", message).with_hint(found.hint))
}

/// The settings that flags give. The command line has checked the values.
fn from_flags(matches: &ArgMatches) -> Overrides {
    let mut flags = Overrides::default();
    for setting in Setting::ALL {
        if matches.value_source(setting.name()) != Some(ValueSource::CommandLine) {
            continue;
        }
        if let Some(text) = matches.get_one::<String>(setting.name()) {
            let _ = flags.set(*setting, text);
        }
    }
    for setting in MeshSetting::ALL {
        if let Some(text) = matches.get_one::<String>(setting.name()) {
            let _ = flags.set_mesh(*setting, text);
        }
    }
    flags
}
