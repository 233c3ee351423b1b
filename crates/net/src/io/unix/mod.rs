//! Unix domain sockets: streams between processes of one machine, by the path of a file.
//!
//! A system without them has these types too, and errors that say so.

#[cfg(not(unix))]
mod absent;
#[cfg(unix)]
mod dial;
#[cfg(unix)]
mod file;
#[cfg(unix)]
mod listen;
#[cfg(unix)]
mod lock;

use std::{path::Path, time::Duration};

#[cfg(not(unix))]
pub use absent::{UnixDial, UnixListen};
#[cfg(unix)]
pub use dial::UnixDial;
#[cfg(unix)]
pub use listen::UnixListen;

use crate::{Error, ErrorKind, Result};

/// The longest path of a socket in bytes: `sun_path` (`unix(7)`, `unix(4)`) holds one more, for the
/// zero at its end. 107 on Linux, 103 on macOS and the BSDs.
pub const MAX_PATH_BYTES: usize =
    if cfg!(any(target_os = "linux", target_os = "android")) { 107 } else { 103 };

/// The options of Unix sockets.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::unix::UnixOptions; } }
/// use dubhe::net::UnixOptions;
///
/// let mut unix = UnixOptions::default(); // `options.unix` of a server
/// unix.mode = Some(0o660); // the group of the service may connect
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UnixOptions {
    /// The permissions of the file, such as `0o660`: to connect needs leave to write. Default
    /// `None`: as the umask has it, which most often lets the owner connect alone. Whoever may
    /// write to its directory can put another socket in its place.
    pub mode: Option<u32>,
    /// The number of connections that the kernel holds before they are accepted. Default 1,024.
    pub backlog: u32,
    /// The longest time to open a connection, which waits when the listener's backlog is full.
    /// Default 3 s, as Dubbo's `connect.timeout`.
    pub connect_timeout: Duration,
}

impl Default for UnixOptions {
    fn default() -> Self {
        Self { mode: None, backlog: 1024, connect_timeout: Duration::from_secs(3) }
    }
}

/// Checks that a socket can have this path.
///
/// # Errors
/// When it is empty, has a zero byte, or is longer than [`MAX_PATH_BYTES`].
fn check(path: &Path) -> Result<()> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let why = if bytes.is_empty() {
        "it is empty".to_owned()
    } else if bytes.contains(&0) {
        "it has a zero byte".to_owned()
    } else if bytes.len() > MAX_PATH_BYTES {
        format!("it has {} bytes of at most {MAX_PATH_BYTES}; choose a shorter one", bytes.len())
    } else {
        return Ok(());
    };
    let path = path.to_string_lossy();
    let message = format!("the path {path:?} is none for a Unix socket: {why}");
    Err(Error::new(ErrorKind::Config, message))
}
