//! The accepting side.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    task::{Context, Poll, ready},
};

use dubhe_core::SockAddr;
use socket2::{Domain, Socket, Type};
use tokio::net::UnixListener;

use super::file::{SocketFile, remove_stale};
use super::lock::{DirLock, PATIENT};
use super::{UnixOptions, check};
use crate::{
    Error, Result,
    io::{ConnectionInfo, Io, Listen},
};

/// A listening Unix socket. Dropping it removes its file.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::Listen; pub use dubhe_net::io::unix::{UnixListen, UnixOptions}; } }
/// use dubhe::net::{Listen, UnixListen, UnixOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("dubhe-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("greeter.sock");
/// // For `ServerBuilder::start_on`; the address `unix:/run/greeter.sock` does the same.
/// let listen = UnixListen::bind(path, &UnixOptions::default())?;
/// println!("listens on {}", listen.local_addr());
/// # drop(listen);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct UnixListen {
    /// The file, declared before the listener: while that lives, no other file has the identity of
    /// this one.
    _file: SocketFile,
    listener: UnixListener,
    local: SockAddr,
}

impl UnixListen {
    /// Listens on `path`. A socket there on which nobody listens, such as one that a killed process
    /// left, is replaced. The directory is locked meanwhile (`flock(2)`), so that of several servers
    /// that start at one moment the first one listens and the others fail; one that may not be read
    /// cannot be locked. Must be called within a tokio runtime, and blocks while another process has
    /// the lock: [`tokio::task::spawn_blocking`] is the place for it in a program that serves already.
    ///
    /// # Errors
    /// When somebody listens on the path, a file that is no socket is there, the path is too long
    /// ([`MAX_PATH_BYTES`](super::MAX_PATH_BYTES)), its directory does not permit it, or another
    /// process holds the lock of that for 3 s.
    pub fn bind(path: impl Into<Arc<Path>>, options: &UnixOptions) -> Result<Self> {
        let path = path.into();
        check(&path)?;
        let bind = || {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            let address = socket2::SockAddr::unix(&path)?;
            // Until it listens: before, it looks like one that was left behind.
            let _lock = DirLock::of(&path, PATIENT)?;
            match socket.bind(&address) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    remove_stale(&path)?;
                    socket.bind(&address)?;
                }
                bound => bound?,
            }
            let file = SocketFile::at(&path)?;
            if let Some(mode) = options.mode {
                // Nobody can connect before `listen`.
                fs::set_permissions(&path, Permissions::from_mode(mode))?;
            }
            socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
            Ok((file, UnixListener::from_std(socket.into())?))
        };
        let (file, listener) = bind().map_err(|source| {
            Error::io(format!("cannot listen on unix:{}", path.display()), source)
        })?;
        Ok(Self { _file: file, listener, local: SockAddr::Unix(Some(path)) })
    }
}

impl Listen for UnixListen {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Io, ConnectionInfo)>> {
        let (stream, remote) = ready!(self.listener.poll_accept(cx))?;
        let remote = SockAddr::Unix(remote.as_pathname().map(Into::into));
        Poll::Ready(Ok((stream.into(), ConnectionInfo::clear(remote, self.local.clone()))))
    }

    fn local_addr(&self) -> SockAddr {
        self.local.clone()
    }
}
