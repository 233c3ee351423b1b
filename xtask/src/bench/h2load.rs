//! h2load: the same load for HTTP/2 servers of all kinds. It counts replies and does not read them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::load::{CONCURRENCY, CONNS, SIZE};
use super::{LOAD_CORE, pinned};
use crate::Result;
use crate::process::output;

/// The path of the calls.
pub(super) const PATH: &str = "bench.Echo/Echo";

/// A gRPC message of the size that all echo clients send, and the folder of a web server that
/// answers a call with it.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) folder: PathBuf,
    file: PathBuf,
}

impl Body {
    pub(super) fn write(folder: PathBuf) -> Result<Self> {
        let file = folder.join(PATH);
        fs::create_dir_all(file.parent().unwrap_or(&folder))?;
        fs::write(&file, message(SIZE.parse()?))?;
        Ok(Self { folder, file })
    }
}

/// A framed `Msg` with `size` bytes of data.
fn message(size: u8) -> Vec<u8> {
    // Field 1, of bytes; one byte of length is enough below 128.
    let data = 0..size;
    let message = [0x0a, size].into_iter().chain(data);
    [0, 0, 0, 0, size + 2].into_iter().chain(message).collect()
}

/// The length of a run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Length {
    Seconds(u64),
    Calls(u64),
}

/// The counts of h2load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counts {
    pub(super) rps: f64,
    pub(super) started: u64,
    /// The requests that are done and have not failed.
    pub(super) succeeded: u64,
    /// Replies with an HTTP status of 200 to 299.
    pub(super) good: u64,
}

/// Puts the load on a server.
pub(super) fn run(body: &Body, address: &str, length: Length) -> Result<Counts> {
    let conns: u64 = CONNS.parse()?;
    let streams = CONCURRENCY.parse::<u64>()? / conns;
    let length = match length {
        Length::Seconds(seconds) => format!("--duration={seconds}"),
        Length::Calls(calls) => format!("--requests={calls}"),
    };
    let mut command: Command = pinned(LOAD_CORE, "h2load", &["--threads=1", &length]);
    command
        .args([format!("--clients={conns}"), format!("--max-concurrent-streams={streams}")])
        .args(["--header=content-type: application/grpc", "--header=te: trailers", "--data"])
        .arg(Path::new(&body.file))
        .arg(format!("http://{address}/{PATH}"));
    let text = output(&mut command)?;
    parse(&text).ok_or_else(|| format!("cannot read what h2load says: {text}").into())
}

fn parse(text: &str) -> Option<Counts> {
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
    let number = |line: &str, unit: &str| {
        line.split(", ").find_map(|part| part.strip_suffix(unit)?.trim().parse::<f64>().ok())
    };
    let count = |line: &str, unit: &str| {
        line.split(", ").find_map(|part| part.strip_suffix(unit)?.trim().parse::<u64>().ok())
    };
    let requests = line("requests: ")?;
    Some(Counts {
        rps: number(line("finished in ")?, " req/s")?,
        started: count(requests, " started")?,
        succeeded: count(requests, " succeeded")?,
        good: count(line("status codes: ")?, " 2xx")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Counts, message, parse};

    #[test]
    fn a_message_is_framed() {
        assert_eq!(message(2), [0, 0, 0, 0, 4, 0x0a, 2, 0, 1]);
    }

    #[test]
    fn counts_are_read() {
        let text = "progress: 100% done\n\n\
            finished in 2.05s, 97561.25 req/s, 2.50MB/s\n\
            requests: 200000 total, 200000 started, 199999 done, 199998 succeeded, 1 failed, \
            0 errored, 0 timeout\n\
            status codes: 199997 2xx, 0 3xx, 0 4xx, 2 5xx\n";
        let counts = Counts { rps: 97561.25, started: 200_000, succeeded: 199_998, good: 199_997 };
        assert_eq!(parse(text), Some(counts));
        assert_eq!(parse("h2load: no such option"), None);
    }
}
