//! Image references, by the grammar of the distribution project.
//!
//! See <https://github.com/distribution/reference>: `[host[:port]/]path[:tag][@digest]`.

use std::fmt;

use super::InvalidSetting;
use super::value::SettingValue;

/// Where a container's image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image(String);

impl Image {
    /// The reference as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Image {
    /// Of this version, from wherever the nodes look for images without a host.
    fn default() -> Self {
        Self(concat!("mesh-proxy:", env!("CARGO_PKG_VERSION")).to_owned())
    }
}

impl fmt::Display for Image {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl SettingValue for Image {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        if text.is_empty() {
            return Err(wrong(0, "the value is empty"));
        }
        let (name, digest) = text
            .split_once('@')
            .map_or((text, None), |(name, digest)| (name, Some(digest)));
        if let Some(digest) = digest {
            check_digest(name.len() + 1, digest)?;
        }
        let last_slash = name.rfind('/').map_or(0, |slash| slash + 1);
        let (path, tag) = match name[last_slash..].find(':') {
            Some(colon) => (&name[..last_slash + colon], Some(last_slash + colon + 1)),
            None => (name, None),
        };
        if let Some(at) = tag {
            check_tag(at, &name[at..])?;
        }
        check_path(path)?;
        Ok(Self(text.to_owned()))
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

fn check_path(path: &str) -> Result<(), InvalidSetting> {
    if path.len() > 255 {
        return Err(wrong(255, "the name is longer than 255 characters"));
    }
    let mut at = 0;
    for (index, component) in path.split('/').enumerate() {
        let host = index == 0
            && path.contains('/')
            && (component.contains(['.', ':', '[']) || component == "localhost");
        if host {
            check_host(component)?;
        } else {
            check_component(at, component)?;
        }
        at += component.len() + 1;
    }
    Ok(())
}

fn check_host(host: &str) -> Result<(), InvalidSetting> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter);
    if let Some(at) = host.find(|letter| !allowed(letter)) {
        return Err(wrong(
            at,
            "a registry's host is letters, digits, `.` and `-`",
        ));
    }
    let behind_brackets = host.rfind(']').map_or(0, |bracket| bracket + 1);
    if let Some(colon) = host[behind_brackets..].find(':') {
        let port = &host[behind_brackets + colon + 1..];
        if port.parse::<u16>().is_err() {
            return Err(wrong(
                behind_brackets + colon + 1,
                "a registry's port is 1 to 65535",
            ));
        }
    }
    Ok(())
}

fn check_component(at: usize, component: &str) -> Result<(), InvalidSetting> {
    let expected = "each part of the name is a-z and 0-9, with `.`, `_`, `__` or `-` between them";
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return Err(wrong(at, expected));
    };
    if let Some(position) = bytes
        .iter()
        .position(|byte| !letter(*byte) && !b"._-".contains(byte))
    {
        return Err(wrong(at + position, expected));
    }
    if !letter(*first) {
        return Err(wrong(at, expected));
    }
    if !letter(*last) {
        return Err(wrong(at + component.len() - 1, expected));
    }
    let mut begin = 0;
    for separator in component.split(|character: char| character.is_ascii_alphanumeric()) {
        let known = matches!(separator, "" | "." | "_" | "__")
            || separator.bytes().all(|byte| byte == b'-');
        if !known {
            return Err(wrong(at + begin, expected));
        }
        begin += separator.len() + 1;
    }
    Ok(())
}

fn check_tag(at: usize, tag: &str) -> Result<(), InvalidSetting> {
    let expected = "a tag is at most 128 letters, digits, `_`, `.` and `-`";
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    if tag.is_empty() || tag.starts_with(['.', '-']) {
        return Err(wrong(at, expected));
    }
    if let Some(position) = tag.find(|letter| !allowed(letter)) {
        return Err(wrong(at + position, expected));
    }
    if tag.len() > 128 {
        return Err(wrong(at + 128, expected));
    }
    Ok(())
}

fn check_digest(at: usize, digest: &str) -> Result<(), InvalidSetting> {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    let whole = hex.len() == 64
        && hex
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if whole {
        Ok(())
    } else {
        Err(wrong(at, "a digest is `sha256:` and 64 hex digits"))
    }
}

fn wrong(at: usize, what: &str) -> InvalidSetting {
    InvalidSetting::new(
        at,
        format!("{what}; an image is [HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_registries_take() {
        let digest = format!("mesh-proxy@sha256:{}", "0a".repeat(32));
        for text in [
            "mesh-proxy",
            "mesh-proxy:0.1.0",
            "envoyproxy/envoy:v1.40.0",
            "localhost:5001/mesh-proxy:dev",
            "localhost/mesh-proxy",
            "registry.example.com:443/team/a__b/mesh--proxy:V1.2_3-rc",
            "[::1]:5000/mesh-proxy",
            &digest,
        ] {
            assert!(Image::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn says_where_an_image_goes_wrong() {
        for (text, at) in [
            ("", 0),
            ("Mesh-Proxy", 0),
            ("mesh proxy", 4),
            ("mesh-proxy:", 11),
            ("mesh-proxy:a/b:c", 11),
            ("mesh-proxy:a b", 12),
            ("registry.example.com:x/mesh", 21),
            ("a//b", 2),
            ("a/b-", 3),
            ("a/b..c", 3),
            ("mesh-proxy@sha256:12", 11),
            ("https://example.com/a", 6),
        ] {
            let found = Image::parse(text).map_err(|error| error.at);
            assert_eq!(found, Err(at), "{text}");
        }
    }
}
