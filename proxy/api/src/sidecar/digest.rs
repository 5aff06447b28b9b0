//! One short number for everything that is added to a pod.

use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Piece, Sidecar};
use crate::settings::Settings;

/// The first 16 hex digits of SHA-256 over the pieces and the settings; words of explanation do not
/// count. Equal on every machine for the same version, settings and pod.
pub(super) fn digest(built: &Sidecar, settings: &Settings) -> String {
    let mut hash = Sha256::new();
    let lists = [
        &built.first_init_containers,
        &built.last_init_containers,
        &built.containers,
        &built.volumes,
    ];
    for list in lists {
        let values: Vec<&Value> = list.iter().map(|Piece { value, .. }| value).collect();
        add(
            &mut hash,
            &serde_json::to_string(&values).unwrap_or_default(),
        );
    }
    for (name, value) in &built.environment {
        add(&mut hash, name);
        add(&mut hash, value);
    }
    for probe in &built.probes {
        add(&mut hash, &probe.container);
        add(&mut hash, &probe.kind);
        add(&mut hash, &probe.http_get.to_string());
    }
    for (name, value) in settings.listed() {
        add(&mut hash, name);
        add(&mut hash, &value);
    }
    short(hash)
}

/// The digest of a list of texts, of the same form.
pub fn digest_of<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        add(&mut hash, text);
    }
    short(hash)
}

fn short(hash: Sha256) -> String {
    let mut text = String::with_capacity(16);
    for byte in hash.finalize().iter().take(8) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Adds `text` with its length, so that no two lists of texts look the same.
fn add(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text.as_bytes());
}
