//! Looking at a stdin that nothing asks for.

/// Returns true if stdin has something: a file that is not at its end, or a pipe into which
/// something has been written by now. It waits for nobody who may write later, and takes nothing from a pipe
/// that others may still read or write.
#[cfg(unix)]
pub(super) async fn has_something() -> bool {
    use std::fs::File;
    use std::io::{BufRead as _, Seek as _};
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::FileTypeExt as _;
    use std::time::Duration;

    use tokio::io::Interest;
    use tokio::net::unix::pipe::Receiver;

    /// The time for a look; what is there already is told by the first.
    const LOOK: Duration = Duration::from_millis(1);

    let stdin = std::io::stdin();
    let Ok(mut file) = stdin.as_fd().try_clone_to_owned().map(File::from) else { return false };
    let Ok(about) = file.metadata() else { return false };
    if about.is_file() {
        return file.stream_position().is_ok_and(|at| at < about.len());
    }
    // Others are terminals, sockets, and devices such as /dev/null.
    if !about.file_type().is_fifo() {
        return false;
    }
    // Unchecked, it leaves alone how others read the pipe: it is not made non-blocking.
    let Ok(pipe) = Receiver::from_file_unchecked(file) else { return false };
    let ready = tokio::time::timeout(LOOK, pipe.ready(Interest::READABLE)).await;
    let Ok(Ok(ready)) = ready else { return false };
    // It is readable when its writers are gone too; only then a read tells more, and does not wait.
    let ended = ready.is_read_closed();
    !ended || stdin.lock().fill_buf().is_ok_and(|bytes| !bytes.is_empty())
}

/// Returns false: there is no way to look without waiting.
#[cfg(not(unix))]
pub(super) async fn has_something() -> bool {
    false
}
