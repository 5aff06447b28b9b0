//! Reads text into a tree, choosing between YAML and JSON as Envoy does.

mod json;
mod scalar;
mod yaml;

use super::place::{Place, Source};
use super::problem::Problem;
use super::tree::Node;

/// How deep values may be nested: where protobuf's own reader of JSON stops.
pub(crate) const DEEPEST: usize = 100;

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// YAML, which JSON is a part of.
    Yaml,
    /// JSON.
    Json,
}

impl Language {
    /// As Envoy chooses: YAML by `.yaml` and `.yml` whatever their case, else JSON.
    pub(crate) fn of_file(name: &str) -> Self {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let yaml = ["yaml", "yml"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known));
        if yaml { Self::Yaml } else { Self::Json }
    }
}

/// Reads a source; `number` is which it is among all.
pub(crate) fn read(source: &Source, number: u16, language: Language) -> Result<Node, Problem> {
    let start = Place::new(number, 0);
    if u32::try_from(source.text.len()).is_err() {
        return Err(Problem::of_text(
            "a text of 4 GiB or more cannot be read",
            start,
            "",
        ));
    }
    match language {
        Language::Yaml => yaml::read(&source.text, number),
        Language::Json => json::read(&source.text, number),
    }
}
