//! The connecting side.

use std::{io, path::Path, sync::Arc, time::Duration};

use dubhe_core::SockAddr;
use dubhe_core::time::after;
use tokio::net::UnixStream;

use super::{UnixOptions, check};
use crate::{
    Error, ErrorKind, Result,
    io::{Address, BoxFuture, ConnectionInfo, Dial, Io},
    time,
};

/// The longest pause between two attempts while a backlog is full; the first is 1 ms.
const MAX_PAUSE: Duration = Duration::from_millis(64);

/// Opens connections to Unix sockets.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::{Address, Dial}; pub use dubhe_net::io::unix::UnixDial; } }
/// use dubhe::net::{Address, Dial, UnixDial};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let nobody = Address::unix(std::path::Path::new("/tmp/no-such-socket.sock"));
/// let error = UnixDial::default().dial(&nobody).await.unwrap_err();
/// println!("{error}");
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct UnixDial {
    options: UnixOptions,
}

impl UnixDial {
    /// A dialer with the given options.
    pub fn new(options: UnixOptions) -> Self {
        Self { options }
    }
}

/// Opens a connection as soon as the backlog of the listener has room, for which the kernel lets
/// nobody wait who does not block.
async fn open(path: &Arc<Path>) -> io::Result<(Io, ConnectionInfo)> {
    let mut pause = Duration::from_millis(1);
    let stream = loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                time::sleep_until(after(time::now(), pause)).await;
                pause = (2 * pause).min(MAX_PAUSE);
            }
            other => break other?,
        }
    };
    let remote = SockAddr::Unix(Some(path.clone()));
    Ok((stream.into(), ConnectionInfo::clear(remote, SockAddr::Unix(None))))
}

impl Dial for UnixDial {
    fn dial<'a>(&'a self, to: &'a Address) -> BoxFuture<'a, Result<(Io, ConnectionInfo)>> {
        Box::pin(async move {
            let path = to.unix_path().ok_or_else(|| {
                let message = format!("cannot connect to {to}: it is no Unix socket");
                Error::new(ErrorKind::Config, message)
            })?;
            check(path)?;
            let limit = self.options.connect_timeout;
            match tokio::time::timeout(limit, open(path)).await {
                Ok(Ok(opened)) => Ok(opened),
                Ok(Err(source)) => Err(Error::io(format!("cannot connect to {to}"), source)),
                Err(_) => Err(Error::timeout(format_args!("connecting to {to}"), limit)),
            }
        })
    }
}
