//! Finds and reads the manifests that a command line names.

mod pattern;

use std::collections::HashSet;
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use crate::error::{Diagnostic, Spot};
use crate::exit::Exit;
use crate::place::Lines;

/// Where a manifest comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// The name that messages use.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => "<stdin>".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// What it is, whatever its spelling and links to it.
    fn itself(&self) -> Self {
        match self {
            Self::Stdin => Self::Stdin,
            // A pipe's path leads nowhere, so it is taken as it is.
            Self::File(path) => Self::File(fs::canonicalize(path).unwrap_or_else(|_| path.clone())),
        }
    }

    /// The whole text.
    pub(crate) fn read(&self) -> Result<String, InputError> {
        let bytes = match self {
            Self::Stdin => {
                let mut bytes = Vec::new();
                io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
            }
            Self::File(path) => fs::read(path),
        };
        let bytes = bytes.map_err(|error| unreadable(self.name(), &error))?;
        text(bytes, self.name())
    }
}

/// Why there is nothing to work on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// No file was named and nobody pipes one in.
    #[error("no manifest given")]
    Terminal,
    /// `-` stands twice on the command line.
    #[error("standard input can be read only once")]
    StdinTwice,
    /// No such file or directory.
    #[error("cannot find {name}")]
    Missing {
        /// The argument.
        name: String,
    },
    /// A pattern that fits no file.
    #[error("no file matches {pattern}")]
    NoMatch {
        /// The argument.
        pattern: String,
    },
    /// A pattern that is none.
    #[error("cannot read the pattern {pattern}: {reason}")]
    BadPattern {
        /// The argument.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// A directory with nothing for us in it.
    #[error("no manifest in {name}")]
    EmptyDirectory {
        /// The directory.
        name: String,
    },
    /// The operating system says no.
    #[error("cannot read {name}: {reason}")]
    Unreadable {
        /// The file.
        name: String,
        /// What the operating system says.
        reason: String,
    },
    /// Not text.
    #[error("{name} is not text: byte {at} is {what}")]
    Binary {
        /// The file.
        name: String,
        /// The first byte that does not fit, counted from 0.
        at: usize,
        /// What is there.
        what: String,
        /// Where that is, if what goes before it is text.
        spot: Option<Box<Spot>>,
    },
    /// Text in another encoding.
    #[error("{name} is encoded as {encoding}")]
    OtherEncoding {
        /// The file.
        name: String,
        /// `UTF-16` and the like.
        encoding: &'static str,
    },
}

impl InputError {
    /// The exit code that it leads to.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Terminal | Self::StdinTwice => Exit::Usage,
            Self::Binary { .. } | Self::OtherEncoding { .. } => Exit::Unparsable,
            Self::Missing { .. }
            | Self::NoMatch { .. }
            | Self::BadPattern { .. }
            | Self::EmptyDirectory { .. }
            | Self::Unreadable { .. } => Exit::Failed,
        }
    }

    /// The message to show.
    pub(crate) fn diagnostic(&self) -> Diagnostic {
        let message = self.to_string();
        match self {
            Self::Terminal => Diagnostic::new("usage", message),
            Self::StdinTwice => Diagnostic::new("usage", message).with_hint("write - once"),
            Self::Missing { name } if name.contains("://") => {
                Diagnostic::new("input", message).with_hint("download it first, or pipe it in")
            }
            Self::NoMatch { .. } => Diagnostic::new("input", message)
                .with_hint("** matches any number of directories, * does not cross them"),
            Self::BadPattern { .. } => Diagnostic::new("input", message),
            Self::EmptyDirectory { name } => Diagnostic::new("input", message).in_file(name).with_hint(
                "files that end in .yaml, .yml or .json are read; hidden ones and hidden directories are not",
            ),
            Self::Missing { name } | Self::Unreadable { name, .. } => Diagnostic::new("input", message).in_file(name),
            Self::Binary { name, spot, .. } => {
                let message = Diagnostic::new("binary", message)
                    .with_hint("a manifest is text in UTF-8");
                match spot {
                    Some(spot) => message.at(name, (**spot).clone()),
                    None => message.in_file(name),
                }
            }
            Self::OtherEncoding { name, encoding } => Diagnostic::new("encoding", message)
                .in_file(name)
                .with_hint(format!("convert it first: iconv -f {encoding} -t UTF-8 FILE")),
        }
    }
}

/// The manifests that `arguments` name, in their order, each once and under its first name.
///
/// An argument is `-`, a file, a directory (searched through) or a pattern. What cannot be found
/// does not hide the rest.
pub(crate) fn find(arguments: &[String]) -> (Vec<Source>, Vec<InputError>) {
    let mut sources = Vec::new();
    let mut errors = Vec::new();
    if arguments.is_empty() {
        if io::stdin().is_terminal() {
            return (sources, vec![InputError::Terminal]);
        }
        return (vec![Source::Stdin], errors);
    }
    let mut seen = HashSet::new();
    for argument in arguments {
        match named(argument) {
            Ok(found) => {
                for source in found {
                    if seen.insert(source.itself()) {
                        sources.push(source);
                    } else if source == Source::Stdin {
                        errors.push(InputError::StdinTwice);
                    }
                }
            }
            Err(error) => errors.push(error),
        }
    }
    (sources, errors)
}

fn named(argument: &str) -> Result<Vec<Source>, InputError> {
    if argument == "-" {
        return Ok(vec![Source::Stdin]);
    }
    let path = Path::new(argument);
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            let mut files = Vec::new();
            search(path, &mut files)?;
            if files.is_empty() {
                return Err(InputError::EmptyDirectory {
                    name: argument.to_owned(),
                });
            }
            Ok(files.into_iter().map(Source::File).collect())
        }
        Ok(_) => Ok(vec![Source::File(path.to_owned())]),
        Err(_) if argument.contains(['*', '?', '[']) => pattern::matching(argument),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(InputError::Missing {
            name: argument.to_owned(),
        }),
        Err(error) => Err(unreadable(argument.to_owned(), &error)),
    }
}

/// Adds every manifest in and below `directory`, sorted by name; links to directories stay shut.
fn search(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), InputError> {
    let failed = |error| unreadable(directory.display().to_string(), &error);
    let mut entries = fs::read_dir(directory)
        .map_err(failed)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type().map_err(failed)?.is_dir() {
            search(&path, files)?;
        } else if is_manifest(&path) && !path.is_dir() {
            files.push(path);
        }
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| MANIFEST_ENDINGS.iter().any(|known| end == *known))
}

/// How the names of manifests end.
pub(crate) const MANIFEST_ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

fn unreadable(name: String, error: &io::Error) -> InputError {
    InputError::Unreadable {
        name,
        reason: reason(error),
    }
}

/// What the operating system says, in its words but without the error number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

/// Bytes as text, or what shows that they are none.
fn text(bytes: Vec<u8>, name: String) -> Result<String, InputError> {
    if let Some(encoding) = other_encoding(&bytes) {
        return Err(InputError::OtherEncoding { name, encoding });
    }
    let zero = memchr::memchr(0, &bytes);
    let (at, what, bytes) = match (String::from_utf8(bytes), zero) {
        (Ok(text), None) => return Ok(text),
        (Ok(text), Some(at)) => (at, "NUL".to_owned(), text.into_bytes()),
        (Err(error), zero) => {
            let invalid = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            match zero {
                Some(at) if at < invalid => (at, "NUL".to_owned(), bytes),
                _ => (
                    invalid,
                    format!("0x{:02x}, which is no UTF-8", bytes[invalid]),
                    bytes,
                ),
            }
        }
    };
    Err(InputError::Binary {
        name,
        at,
        what,
        spot: spot(&bytes, at).map(Box::new),
    })
}

/// The line that leads up to the byte at `at`, unless it is binary too.
fn spot(bytes: &[u8], at: usize) -> Option<Spot> {
    let line = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
    let before = std::str::from_utf8(&bytes[..at]).ok()?;
    if before[line..].contains(|c: char| c.is_control() && c != '\t') {
        return None;
    }
    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
    let shown = format!("{before}{}", String::from_utf8_lossy(&bytes[at..end]));
    Some(Spot::of(&Lines::of(&shown), at))
}

fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some("UTF-16LE"),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some("UTF-16BE"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{InputError, reason, text};

    fn failure(bytes: &[u8]) -> String {
        text(bytes.to_vec(), "a.yaml".to_owned())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn keeps_a_byte_order_mark() {
        assert_eq!(
            text(b"\xef\xbb\xbfa: 1".to_vec(), String::new()).unwrap(),
            "\u{feff}a: 1"
        );
    }

    #[test]
    fn names_the_first_byte_that_is_no_text() {
        assert_eq!(
            failure(b"a: \xff\0"),
            "a.yaml is not text: byte 3 is 0xff, which is no UTF-8"
        );
        assert_eq!(failure(b"ab: \0\xff"), "a.yaml is not text: byte 4 is NUL");
        assert_eq!(failure(b"a: b\0"), "a.yaml is not text: byte 4 is NUL");
    }

    #[test]
    fn knows_other_encodings() {
        assert_eq!(failure(b"\xff\xfea\0"), "a.yaml is encoded as UTF-16");
        assert_eq!(failure(b"a\0:\0"), "a.yaml is encoded as UTF-16LE");
        assert_eq!(failure(b"\0a\0:"), "a.yaml is encoded as UTF-16BE");
        assert_eq!(
            failure(b"\xff\xfe\0\0a\0\0\0"),
            "a.yaml is encoded as UTF-32"
        );
    }

    #[test]
    fn binary_lines_are_not_shown() {
        let InputError::Binary { spot, .. } =
            text(b"\x7fELF\x02\0".to_vec(), String::new()).unwrap_err()
        else {
            panic!("not binary");
        };
        assert!(spot.is_none());
    }

    #[test]
    fn drops_the_error_number() {
        assert_eq!(
            reason(&io::Error::from_raw_os_error(13)),
            "permission denied"
        );
    }
}
