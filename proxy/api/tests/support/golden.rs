//! The golden resources of docs/golden are what the builders write.

use std::fs;

use crate::sample;

#[test]
fn golden_resources_are_up_to_date() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let directory = sample::golden_directory();
    let mut stale = Vec::new();
    for (name, value) in sample::goldens() {
        let text = format!("{}\n", serde_json::to_string_pretty(&value).unwrap());
        let path = directory.join(name);
        if update {
            fs::create_dir_all(&directory).unwrap();
            fs::write(&path, text).unwrap();
        } else if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "docs/golden is stale: {stale:?}\n\nhint: UPDATE_GOLDEN=1 cargo test -p mesh-api golden, and read the diff"
    );
}

/// An argument of more than 128 KiB cannot be passed to a program, and every pod carries it.
#[test]
fn bootstraps_are_small() {
    for (name, value) in sample::goldens() {
        let size = value.to_string().len();
        if name.starts_with("bootstrap") {
            assert!(size < 16 * 1024, "{name}: {size} bytes");
        }
    }
}
