//! Finds the manifests that every check runs on.

use std::path::{Path, PathBuf};

/// A manifest with its name.
#[derive(Debug)]
pub struct Manifest {
    /// Its file name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The project's own real-shaped manifests.
pub fn own() -> Vec<Manifest> {
    let manifests = read(&data("manifests"));
    assert!(!manifests.is_empty(), "tests/data/manifests is empty");
    manifests
}

/// The manifests of a folder of tests/data.
pub fn folder(name: &str) -> Vec<Manifest> {
    let manifests = read(&data(name));
    assert!(!manifests.is_empty(), "tests/data/{name} is empty");
    manifests
}

/// The manifests of the folder that `MESHCTL_MANIFESTS` names, if it is set.
pub fn given() -> Option<Vec<Manifest>> {
    let folder = std::env::var_os("MESHCTL_MANIFESTS")?;
    let manifests = read(Path::new(&folder));
    assert!(
        !manifests.is_empty(),
        "MESHCTL_MANIFESTS names a folder without manifests"
    );
    Some(manifests)
}

/// A path in tests/data.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// A path in tests/tools.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tools")
        .join(name)
}

fn read(folder: &Path) -> Vec<Manifest> {
    let mut paths = Vec::new();
    collect(folder, &mut paths);
    paths.sort();
    let manifest = |path: PathBuf| Manifest {
        text: std::fs::read_to_string(&path).expect("a manifest in UTF-8"),
        name: path
            .strip_prefix(folder)
            .unwrap_or(&path)
            .display()
            .to_string(),
    };
    paths.into_iter().map(manifest).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder of manifests");
    for path in entries.map(|entry| entry.expect("a readable folder").path()) {
        if path.is_dir() {
            collect(&path, paths);
        } else if path
            .extension()
            .is_some_and(|it| it == "yaml" || it == "yml" || it == "json")
        {
            paths.push(path);
        }
    }
}
