//! The configurations that the injector writes, and one that uses every honoured field.

use std::fs;
use std::path::Path;

use mesh_proxy::config::load::{Origin, bootstrap};
use mesh_proxy::config::place::Source;
use mesh_proxy::config::problem::Problem;

/// Bootstraps by name, as JSON.
pub(crate) fn texts() -> Vec<(&'static str, String)> {
    let read = |name: &'static str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../docs/golden")
            .join(name);
        (name, fs::read_to_string(path).unwrap())
    };
    vec![
        read("bootstrap-mesh-proxy.json"),
        read("bootstrap-envoy.json"),
    ]
}

/// Loads a bootstrap from its text.
pub(crate) fn load(name: &str, text: &str) -> Result<(), Vec<Problem>> {
    let source = Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    bootstrap(&[(source, Origin::File)]).map(|_| ())
}
