//! The file of a listening socket.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
};

use socket2::{Domain, SockAddr, Socket, Type};

use super::lock::{BRIEF, DirLock};

/// The file that binding a socket made. Dropping it removes the file, unless another is there by
/// then.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    /// The file at `path`, whatever becomes of the working directory.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let identity = identity(&fs::symlink_metadata(&path)?);
        Ok(Self { path, identity })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Nobody puts another one there between the look and the removal, unless somebody keeps the
        // lock: then that must be ventured, since nothing may wait here.
        let _lock = DirLock::of(&self.path, BRIEF);
        let own = |found: Metadata| identity(&found) == self.identity;
        if fs::symlink_metadata(&self.path).is_ok_and(own)
            && let Err(error) = fs::remove_file(&self.path)
        {
            let path = self.path.display();
            tracing::warn!(%path, %error, "cannot remove the file of a socket");
        }
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Removes the socket at `path` that a process left behind.
///
/// # Errors
/// When somebody listens on it, or it is no socket: it stays then.
pub(super) fn remove_stale(path: &Path) -> io::Result<()> {
    let taken = |why| Err(io::Error::new(io::ErrorKind::AddrInUse, why));
    let gone = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    };
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) => return gone(error),
    };
    if !found.file_type().is_socket() {
        return taken("a file that is no socket is there, and is not replaced");
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        // A full backlog is one that is listened on.
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => return gone(error),
        _ => return taken("the address is in use: a process listens on it"),
    }
    match fs::symlink_metadata(path) {
        Ok(now) if identity(&now) != identity(&found) => {
            taken("the address is in use: another process has just begun to listen on it")
        }
        _ => fs::remove_file(path).or_else(gone),
    }
}
