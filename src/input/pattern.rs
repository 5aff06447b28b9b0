//! Finds the files that a pattern names.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern, PatternError};

use super::{InputError, Source, search, unreadable};

/// The files that fit a pattern, each once; directories that fit are searched through.
pub(super) fn matching(pattern: &str) -> Result<Vec<Source>, InputError> {
    let broken = |error: PatternError| InputError::BadPattern {
        pattern: pattern.to_owned(),
        reason: error.msg.to_owned(),
    };
    Pattern::new(pattern).map_err(broken)?;
    let mut found = Vec::new();
    let (before, across) = split(pattern);
    for path in expanded(before).map_err(broken)? {
        let path = path?;
        match across {
            None if path.is_dir() => search(&path, &mut found)?,
            None => found.push(path),
            Some(across) if before.is_empty() || path.is_dir() => {
                let across = Across {
                    pattern: Pattern::new(across).map_err(broken)?,
                    directories_only: across.ends_with("**"),
                };
                across.walk(&path, Path::new(""), &mut found)?;
            }
            Some(_) => {}
        }
    }
    let mut seen = HashSet::new();
    found.retain(|path| seen.insert(path.clone()));
    if found.is_empty() {
        return Err(InputError::NoMatch {
            pattern: pattern.to_owned(),
        });
    }
    Ok(found.into_iter().map(Source::File).collect())
}

/// What stands before the first `**`, and the pattern from there on.
fn split(pattern: &str) -> (&str, Option<&str>) {
    let parts = pattern.split('/').scan(0, |next, part| {
        let start = *next;
        *next += part.len() + 1;
        Some((start, part))
    });
    let mut across = parts.filter(|(_, part)| *part == "**");
    match across.next() {
        Some((start, _)) => (&pattern[..start], Some(&pattern[start..])),
        None => (pattern, None),
    }
}

type Expanded = Vec<Result<PathBuf, InputError>>;

/// The paths that fit a pattern without `**`; nothing stands for the current directory.
fn expanded(pattern: &str) -> Result<Expanded, PatternError> {
    if !pattern.contains(['*', '?', '[']) {
        return Ok(vec![Ok(PathBuf::from(pattern))]);
    }
    let paths = glob::glob_with(pattern, OPTIONS)?;
    let named = paths.map(|path| {
        path.map_err(|error| unreadable(error.path().display().to_string(), &error.into()))
    });
    Ok(named.collect())
}

/// A pattern that begins with `**`.
struct Across {
    pattern: Pattern,
    /// Whether it ends with `**` too, which stands for directories alone.
    directories_only: bool,
}

impl Across {
    /// Adds what fits in and below `root`/`below`, sorted by name; links to directories stay shut.
    fn walk(&self, root: &Path, below: &Path, found: &mut Vec<PathBuf>) -> Result<(), InputError> {
        let mut directory = root.join(below);
        if directory.as_os_str().is_empty() {
            directory.push(".");
        }
        if self.directories_only && self.pattern.matches_path_with(below, OPTIONS) {
            return search(&directory, found);
        }
        let failed = |error| unreadable(directory.display().to_string(), &error);
        let mut entries = fs::read_dir(&directory)
            .map_err(failed)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = below.join(entry.file_name());
            let path = root.join(&name);
            let fits = self.pattern.matches_path_with(&name, OPTIONS);
            if entry.file_type().map_err(failed)?.is_dir() {
                if fits && !self.directories_only {
                    search(&path, found)?;
                }
                self.walk(root, &name, found)?;
            } else if fits && !self.directories_only && !path.is_dir() {
                found.push(path);
            }
        }
        Ok(())
    }
}

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_first_crossing_part_splits_a_pattern() {
        assert_eq!(
            split("a/b*/**/x/**/*.yaml"),
            ("a/b*/", Some("**/x/**/*.yaml"))
        );
        assert_eq!(split("**/*.yaml"), ("", Some("**/*.yaml")));
        assert_eq!(split("/**"), ("/", Some("**")));
        assert_eq!(split("a/*.yaml"), ("a/*.yaml", None));
    }
}
