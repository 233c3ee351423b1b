//! The lock under which the files of sockets come and go.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
    thread,
    time::Duration,
};

/// The number of times that a lock is tried before a socket is bound, with a pause of 1 ms: about
/// 3 s. It is held for a few system calls.
pub(super) const PATIENT: u32 = 3_000;
/// The same where a runtime waits: about 20 ms.
pub(super) const BRIEF: u32 = 20;

/// The lock of a directory (`flock(2)`), in which one process at a time looks for a socket that was
/// left behind, replaces it, and listens. No file is needed for it that somebody would remove.
#[derive(Debug)]
pub(super) struct DirLock(Option<File>);

impl DirLock {
    /// Locks the directory of `path`. A directory that may not be read, or whose file system knows
    /// no locks, has none.
    ///
    /// # Errors
    /// When somebody else holds the lock at each of `attempts`.
    pub(super) fn of(path: &Path, attempts: u32) -> io::Result<Self> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        let Ok(file) = File::open(directory) else { return Ok(Self(None)) };
        for _ in 0..attempts {
            match file.try_lock() {
                Ok(()) => return Ok(Self(Some(file))),
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
                Err(TryLockError::Error(error)) => {
                    let directory = directory.display();
                    tracing::debug!(%directory, %error, "cannot lock the directory of a socket");
                    return Ok(Self(None));
                }
            }
        }
        let text = format!("another process holds the lock of {}", directory.display());
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        // Closing is not enough while a process that was forked meanwhile has it open, too.
        if let Some(Err(error)) = self.0.as_ref().map(File::unlock) {
            tracing::debug!(%error, "cannot unlock the directory of a socket");
        }
    }
}
