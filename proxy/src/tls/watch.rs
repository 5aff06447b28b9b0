//! Hears of files that are moved into directories, which is how secrets are replaced.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Directories that are watched.
#[derive(Debug)]
pub(super) struct Watcher {
    kernel: kernel::Inotify,
    /// Those that are not there.
    missing: Vec<PathBuf>,
}

/// A file that was moved into a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Moved {
    /// Into this directory, under this name.
    File(PathBuf, OsString),
    /// Perhaps: a directory could not be watched all the time.
    Perhaps,
}

impl Moved {
    /// Whether it may be this file; without a name, any of the directory.
    pub(super) fn concerns(&self, directory: &Path, name: Option<&std::ffi::OsStr>) -> bool {
        match self {
            Self::Perhaps => true,
            Self::File(place, moved) => place == directory && name.is_none_or(|name| name == moved),
        }
    }
}

impl Watcher {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            kernel: kernel::Inotify::new()?,
            missing: Vec::new(),
        })
    }

    /// Watches these directories, in the stead of others; tells whether some of them are new. One
    /// that is not there yet is watched when it is.
    pub(super) fn watch(&mut self, directories: Vec<PathBuf>) -> bool {
        self.kernel.keep(&directories);
        self.missing = directories;
        self.find_missing()
    }

    /// Waits until a file is moved into one of them.
    pub(super) async fn moved(&mut self) -> io::Result<Vec<Moved>> {
        loop {
            let moved = if self.missing.is_empty() {
                self.kernel.moved().await?
            } else {
                match tokio::time::timeout(AGAIN, self.kernel.moved()).await {
                    Ok(moved) => moved?,
                    Err(_) if self.find_missing() => vec![Moved::Perhaps],
                    Err(_) => continue,
                }
            };
            self.missing.extend(self.kernel.lost());
            return Ok(moved);
        }
    }

    /// Whether a directory is watched now that was not.
    fn find_missing(&mut self) -> bool {
        let mut found = false;
        self.missing
            .retain(|directory| match self.kernel.add(directory) {
                Ok(new) => {
                    found |= new;
                    false
                }
                Err(_) => true,
            });
        found
    }
}

/// When a directory is looked for again that was not there.
const AGAIN: Duration = Duration::from_secs(1);

#[cfg(target_os = "linux")]
mod kernel {
    use std::ffi::{OsStr, OsString};
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::{Path, PathBuf};

    use rustix::fs::inotify::{
        CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init, remove_watch,
    };
    use tokio::io::unix::AsyncFd;

    use super::Moved;

    #[derive(Debug)]
    pub(super) struct Inotify {
        descriptor: AsyncFd<OwnedFd>,
        watched: Vec<(i32, PathBuf)>,
        /// Those that were watched until they went away.
        lost: Vec<PathBuf>,
    }

    impl Inotify {
        #[expect(
            deprecated,
            reason = "an owned descriptor is always the same; `register` is unsafe"
        )]
        pub(super) fn new() -> io::Result<Self> {
            let descriptor = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
            Ok(Self {
                descriptor: AsyncFd::new(descriptor)?,
                watched: Vec::new(),
                lost: Vec::new(),
            })
        }

        /// Watches a directory; tells whether it was not watched before.
        pub(super) fn add(&mut self, directory: &Path) -> io::Result<bool> {
            if self.watched.iter().any(|(_, known)| known == directory) {
                return Ok(false);
            }
            let flags = WatchFlags::MOVED_TO | WatchFlags::ONLYDIR;
            let watch = add_watch(self.descriptor.get_ref(), directory, flags)?;
            self.watched.push((watch, directory.to_owned()));
            Ok(true)
        }

        pub(super) fn keep(&mut self, directories: &[PathBuf]) {
            let descriptor = self.descriptor.get_ref();
            self.watched.retain(|(watch, directory)| {
                let kept = directories.contains(directory);
                if !kept {
                    let _ = remove_watch(descriptor, *watch);
                }
                kept
            });
        }

        pub(super) fn lost(&mut self) -> Vec<PathBuf> {
            std::mem::take(&mut self.lost)
        }

        pub(super) async fn moved(&mut self) -> io::Result<Vec<Moved>> {
            loop {
                let mut ready = self.descriptor.readable().await?;
                let events = ready.try_io(|descriptor| events(descriptor.get_ref()));
                let Ok(events) = events else {
                    continue;
                };
                let mut moved = Vec::new();
                for (watch, flags, name) in events? {
                    if flags.contains(ReadFlags::IGNORED) {
                        let gone = self.watched.extract_if(.., |(known, _)| *known == watch);
                        self.lost.extend(gone.map(|(_, directory)| directory));
                        moved.push(Moved::Perhaps);
                    } else if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                        moved.push(Moved::Perhaps);
                    } else if let Some((_, place)) =
                        self.watched.iter().find(|(known, _)| *known == watch)
                    {
                        moved.push(Moved::File(place.clone(), name));
                    }
                }
                if !moved.is_empty() {
                    return Ok(moved);
                }
            }
        }
    }

    /// Everything that has happened.
    fn events(descriptor: &OwnedFd) -> io::Result<Vec<(i32, ReadFlags, OsString)>> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(descriptor, &mut buffer);
        let mut events = Vec::new();
        loop {
            match reader.next() {
                Ok(event) => {
                    let name = event
                        .file_name()
                        .map(|name| OsStr::from_bytes(name.to_bytes()));
                    let name = name.unwrap_or_default().to_owned();
                    events.push((event.wd(), event.events(), name));
                }
                Err(rustix::io::Errno::WOULDBLOCK) if !events.is_empty() => return Ok(events),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Without inotify, files are looked at again and again.
#[cfg(not(target_os = "linux"))]
mod kernel {
    use std::io;
    use std::path::{Path, PathBuf};

    use super::Moved;

    #[derive(Debug)]
    pub(super) struct Inotify;

    impl Inotify {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn add(&mut self, _directory: &Path) -> io::Result<bool> {
            Ok(false)
        }

        pub(super) fn keep(&mut self, _directories: &[PathBuf]) {}

        pub(super) fn lost(&mut self) -> Vec<PathBuf> {
            Vec::new()
        }

        pub(super) async fn moved(&mut self) -> io::Result<Vec<Moved>> {
            tokio::time::sleep(super::AGAIN).await;
            Ok(vec![Moved::Perhaps])
        }
    }
}
