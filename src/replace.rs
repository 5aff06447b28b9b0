//! Replaces files as a whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::Diagnostic;
use crate::input::reason;
use crate::manifest::outcome::Piece;

/// A new version of a file, safely on disk beside it but not yet in its place.
///
/// Dropped without [`Staged::commit`], it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Staged {
    target: PathBuf,
    beside: PathBuf,
    committed: bool,
}

/// Why a file keeps its old content.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {name}: {reason}")]
pub(crate) struct ReplaceError {
    name: String,
    reason: String,
    hint: &'static str,
}

impl ReplaceError {
    /// The message to show.
    pub(crate) fn diagnostic(&self) -> Diagnostic {
        Diagnostic::new("write", self.to_string())
            .in_file(&self.name)
            .with_hint(self.hint)
    }
}

impl Staged {
    /// Writes `text` beside `path` (beside what it links to, if it is a link).
    ///
    /// A file that may not be written is refused although its directory would allow it, and so is
    /// one with other hard links, which would keep the old version. Mode and owner are kept, ACLs
    /// and extended attributes are not.
    pub(crate) fn write(path: &Path, text: &[Piece<'_>]) -> Result<Self, ReplaceError> {
        let failed = |error: io::Error| failure(path, &error);
        let target = fs::canonicalize(path).map_err(failed)?;
        let old = fs::metadata(&target).map_err(failed)?;
        if !old.is_file() {
            return Err(failed(io::Error::other("not a regular file")));
        }
        if old.permissions().readonly() {
            return Err(failed(io::Error::other("the file is read-only")));
        }
        if names(&old) > 1 {
            return Err(ReplaceError {
                name: path.display().to_string(),
                reason: "other hard links to it would keep the old version".to_owned(),
                hint: "write the result to a new file and copy it over this one, or put a copy in the link's place",
            });
        }
        OpenOptions::new()
            .write(true)
            .open(&target)
            .map_err(failed)?;
        let (beside, file) = create_beside(&target).map_err(failed)?;
        let staged = Self {
            target,
            beside,
            committed: false,
        };
        fill(file, text, &old).map_err(failed)?;
        Ok(staged)
    }

    /// Puts the new version in the old one's place.
    pub(crate) fn commit(mut self) -> Result<(), ReplaceError> {
        fs::rename(&self.beside, &self.target).map_err(|error| failure(&self.target, &error))?;
        self.committed = true;
        if let Some(directory) = self.target.parent() {
            // The new content is safe on disk; only the order of names after a crash depends on
            // this, and not every file system offers it.
            let _ = File::open(directory).and_then(|directory| directory.sync_all());
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.committed {
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// A new hidden file in the directory of `target`; its ending keeps it from being read as a manifest.
fn create_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    for attempt in 0..ATTEMPTS {
        let beside =
            target.with_file_name(format!(".{name}.{}-{attempt}.meshctl", std::process::id()));
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)
        {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other.map(|file| (beside, file)),
        }
    }
    Err(io::Error::other("leftovers of earlier runs are in the way"))
}

fn fill(file: File, text: &[Piece<'_>], old: &Metadata) -> io::Result<()> {
    keep_owner(&file, old);
    file.set_permissions(old.permissions())?;
    let mut buffered = BufWriter::new(file);
    text.iter()
        .try_for_each(|piece| buffered.write_all(piece.as_str().as_bytes()))?;
    buffered.into_inner()?.sync_all()
}

/// Only a privileged user may give files away, so this is done where it can be done.
#[cfg(unix)]
fn keep_owner(file: &File, old: &Metadata) {
    use std::os::unix::fs::MetadataExt;
    let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_file: &File, _old: &Metadata) {}

/// How many hard links lead to a file.
#[cfg(unix)]
fn names(file: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(file)
}

#[cfg(not(unix))]
fn names(_file: &Metadata) -> u64 {
    1
}

fn failure(path: &Path, error: &io::Error) -> ReplaceError {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the file is as it was; free some space and try again"
        }
        _ => "the file is as it was; without --in-place the result goes to standard output",
    };
    ReplaceError {
        name: path.display().to_string(),
        reason: reason(error),
        hint,
    }
}

const ATTEMPTS: usize = 100;
