//! What the injector and the controller write is accepted.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;

use mesh_proxy::config::load::{Origin, bootstrap, response};
use mesh_proxy::config::place::Source;
use mesh_proxy::config::problem::render;

fn golden(name: &str) -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/golden")
        .join(name);
    Source {
        name: name.to_owned(),
        text: fs::read_to_string(path).unwrap(),
    }
}

#[test]
fn bootstraps() {
    for name in ["bootstrap-mesh-proxy.json", "bootstrap-envoy.json"] {
        let source = golden(name);
        let sources = [(source.clone(), Origin::File)];
        let loaded = bootstrap(&sources).unwrap_or_else(|it| panic!("{}", render(&it, &[source])));
        assert_eq!(loaded.listeners.len(), 2, "{name}");
        assert!(loaded.discovery.ads.is_some(), "{name}");
        assert!(loaded.runtime.do_not_validate_alpn_support, "{name}");
    }
}

#[test]
fn resources() {
    for name in ["lds.json", "cds.json", "rds.json", "eds.json"] {
        let source = golden(name);
        let first = [(golden("bootstrap-mesh-proxy.json"), Origin::File)];
        let started = bootstrap(&first).unwrap();
        let loaded =
            response(&source, &started).unwrap_or_else(|it| panic!("{}", render(&it, &[source])));
        assert!(!loaded.is_empty(), "{name}");
    }
}
