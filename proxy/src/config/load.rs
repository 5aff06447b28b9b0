//! Loads configuration: from texts to the model, or to everything that is wrong.

use std::sync::Arc;

use super::build::{self, Context};
use super::check;
use super::cursor::Cursor;
use super::merge::merge;
use super::message::Message;
use super::model::Bootstrap;
use super::model::cluster::Cluster;
use super::model::endpoint::LoadAssignment;
use super::model::listener::Listener;
use super::model::route::RouteConfiguration;
use super::model::tls::Secret;
use super::path::Path;
use super::place::Source;
use super::problem::{Problem, Problems};
use super::read::{Language, read};
use super::schema::bootstrap::BOOTSTRAP;
use super::schema::discovery::DISCOVERY_RESPONSE;

/// Reads a bootstrap from a file and from what is laid over it, as Envoy does by `--config-path` and
/// `--config-yaml`. `sources` are the file, if there is one, and the rest, if there is one; the
/// language of a file is told by its name.
///
/// # Errors
///
/// Everything that is wrong with the texts. Files that they name are not looked at: see
/// [`super::files::check`].
pub fn bootstrap(sources: &[(Source, Origin)]) -> Result<Bootstrap, Vec<Problem>> {
    let problems = Problems::default();
    let mut whole: Option<Message> = None;
    for (number, (source, origin)) in sources.iter().enumerate() {
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        let language = match origin {
            Origin::File => Language::of_file(&source.name),
            Origin::Flag => Language::Yaml,
        };
        match read(source, number, language) {
            Ok(node) => {
                let message = check::message(&node, &BOOTSTRAP, &Path::default(), &problems);
                match &mut whole {
                    Some(whole) => merge(whole, message),
                    None => whole = Some(message),
                }
            }
            Err(problem) => problems.add(problem),
        }
    }
    let whole = whole.unwrap_or_else(|| Message::new(&BOOTSTRAP, None));
    let built = build::bootstrap(whole, &problems);
    match built {
        Some(bootstrap) if problems.is_empty() => Ok(bootstrap),
        _ => Err(problems.into_sorted()),
    }
}

/// Where a text was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File,
    /// On the command line.
    Flag,
}

/// A resource of discovery.
#[derive(Debug, Clone)]
pub enum Resource {
    /// Of LDS.
    Listener(Arc<Listener>),
    /// Of CDS.
    Cluster(Arc<Cluster>),
    /// Of RDS.
    Routes(Arc<RouteConfiguration>),
    /// Of EDS.
    Endpoints(Arc<LoadAssignment>),
    /// Of SDS.
    Secret(Arc<Secret>),
}

/// Reads a discovery response in JSON or YAML for a proxy that was started with `bootstrap`, and
/// gives its resources, in their order.
///
/// # Errors
///
/// Everything that is wrong with any of them.
pub fn response(source: &Source, bootstrap: &Bootstrap) -> Result<Vec<Resource>, Vec<Problem>> {
    let problems = Problems::default();
    let node = read(source, 0, Language::of_file(&source.name)).map_err(|problem| vec![problem])?;
    let message = check::message(&node, &DISCOVERY_RESPONSE, &Path::default(), &problems);
    let cursor = Cursor::new(&message, Path::default(), &problems);
    let context = Context::after(bootstrap);
    let items = cursor.messages("resources");
    let built = items
        .iter()
        .filter_map(|item| build::resource(item, &context))
        .collect();
    if problems.is_empty() {
        Ok(built)
    } else {
        Err(problems.into_sorted())
    }
}
