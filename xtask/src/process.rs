//! Child processes: run one, read one, own one.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs, process};

use crate::Result;

/// Standard output of a command that must succeed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start {}: {error}", name(command)))?;
    if !done.status.success() {
        return Err(format!("{} ended with {}", name(command), done.status).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// Runs a command to its end, its output on our standard error.
pub(crate) fn check(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| format!("cannot start {}: {error}", name(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} ended with {status}", name(command)).into())
    }
}

/// Runs a command and hands each line of its standard output to `line`. After
/// `limit` it is killed, which is an error.
pub(crate) fn lines(
    command: &mut Command,
    limit: Duration,
    mut line: impl FnMut(&str),
) -> Result<ExitStatus> {
    let mut running = ServerProcess(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", name(command)))?,
    );
    let stdout = running.0.stdout.take().ok_or("the child has no standard output")?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n').map_while(std::result::Result::ok) {
            // The receiver is gone once the time is up.
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
    let end = Instant::now() + limit;
    loop {
        match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(text) => line(text.trim_end_matches('\r')),
            Err(RecvTimeoutError::Disconnected) => return Ok(running.0.wait()?),
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!(
                    "{} was still running after {} s and was killed",
                    name(command),
                    limit.as_secs()
                )
                .into());
            }
        }
    }
}

fn name(command: &Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    command.get_args().fold(program, |line, arg| line + " " + &arg.to_string_lossy())
}

/// A child process that is killed when its owner lets go of it.
#[derive(Debug)]
pub(crate) struct ServerProcess(Child);

impl ServerProcess {
    /// Starts a server, its output in `log`, and waits until its port answers.
    pub(crate) fn serve(command: &mut Command, address: SocketAddr, log: &Path) -> Result<Self> {
        let open = || File::options().create(true).append(true).open(log);
        let name = name(command);
        let mut running = Self(
            command
                .stdin(Stdio::null())
                .stdout(open()?)
                .stderr(open()?)
                .spawn()
                .map_err(|error| format!("cannot start {name}: {error}"))?,
        );
        running
            .wait(log, || TcpStream::connect(address).is_ok())
            .map_err(|what| format!("{name} {what}"))?;
        Ok(running)
    }

    /// Starts a program whose pipes are the caller's.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        let running = command.spawn();
        Ok(Self(running.map_err(|error| format!("cannot start {}: {error}", name(command)))?))
    }

    /// The standard output, if that is a pipe; the first time.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    /// Waits until a line with `text` is in `log`.
    pub(crate) fn said(&mut self, text: &str, log: &Path) -> Result<()> {
        let said = || fs::read_to_string(log).is_ok_and(|log| log.contains(text));
        self.wait(log, said)
            .map_err(|what| format!("the server that should say {text:?} {what}"))?;
        Ok(())
    }

    /// The state of the process, and its last output.
    pub(crate) fn account(&mut self, log: &Path) -> String {
        let state = match self.0.try_wait() {
            Ok(Some(status)) => format!("ended with {status}"),
            _ => "still runs".to_owned(),
        };
        format!("{state}; its output ended with: {}", tail(log))
    }

    /// Waits for `done`, or reports what the server did in its place.
    fn wait(&mut self, log: &Path, done: impl Fn() -> bool) -> std::result::Result<(), String> {
        const LIMIT: Duration = Duration::from_mins(2);
        let end = Instant::now() + LIMIT;
        while !done() {
            let gone = self.0.try_wait().ok().flatten();
            if gone.is_some() || Instant::now() > end {
                let what = gone.map_or_else(
                    || format!("was not ready within {LIMIT:?}"),
                    |status| format!("ended with {status}"),
                );
                return Err(format!("{what}; its output ended with: {}", tail(log)));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Returns true until the process has ended.
    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Sends SIGTERM, and waits until the process has ended with the status 0.
    pub(crate) fn terminate(&mut self, log: &Path) -> Result<()> {
        const LIMIT: Duration = Duration::from_mins(1);
        check(Command::new("kill").args(["-TERM", &self.id().to_string()]))?;
        let end = Instant::now() + LIMIT;
        while self.runs() {
            if Instant::now() > end {
                return Err(format!("still runs {LIMIT:?} after SIGTERM").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        match self.0.wait()? {
            status if status.success() => Ok(()),
            _ => Err(format!("at SIGTERM it {}", self.account(log)).into()),
        }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Both fail only when the child has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join(" | ")
}

/// An address on loopback that nothing listens on now.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// A folder for one run, removed with its owner.
#[derive(Debug)]
pub(crate) struct RunDir(PathBuf);

impl RunDir {
    pub(crate) fn new(task: &str) -> Result<Self> {
        let path = env::temp_dir().join(format!("dubhe-{task}-{}", process::id()));
        fs::create_dir_all(&path)
            .map_err(|error| format!("cannot make the folder {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        // A folder that stays behind is in nobody's way.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::process::Command;
    use std::time::Duration;

    use super::{RunDir, ServerProcess, free_address, lines, output};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn lines_arrive_in_order_with_the_status() {
        let mut seen = Vec::new();
        let status = lines(&mut shell("echo a; echo b; exit 3"), Duration::from_mins(1), |line| {
            seen.push(line.to_owned());
        });
        assert_eq!(seen, ["a", "b"]);
        assert_eq!(status.unwrap().code(), Some(3));
    }

    #[test]
    fn a_command_that_does_not_end_is_killed() {
        let error = lines(&mut shell("exec sleep 600"), Duration::ZERO, |_| {}).unwrap_err();
        assert!(error.to_string().contains("still running"), "{error}");
    }

    #[test]
    fn a_failing_command_is_an_error() {
        assert_eq!(output(&mut shell("printf yes")).unwrap(), "yes");
        assert!(output(&mut shell("exit 1")).is_err());
    }

    #[test]
    fn a_server_that_is_terminated_ends_well_or_says_how() {
        let dir = RunDir::new("process-terminate-test").unwrap();
        let log = dir.path().join("log");
        for (at_term, ends_well) in [("exit 0", true), ("exit 3", false)] {
            let script = format!("trap '{at_term}' TERM; echo ready; while :; do sleep 0.01; done");
            let mut command = shell(&script);
            let mut server =
                ServerProcess::spawn(command.stdout(File::create(&log).unwrap())).unwrap();
            server.said("ready", &log).unwrap();
            assert_eq!(server.terminate(&log).is_ok(), ends_well, "{at_term}");
        }
    }

    #[test]
    fn a_server_that_dies_says_why() {
        let dir = RunDir::new("process-test").unwrap();
        let log = dir.path().join("log");
        let mut command = shell("echo out of luck >&2; exit 7");
        let error = ServerProcess::serve(&mut command, free_address().unwrap(), &log).unwrap_err();
        assert!(error.to_string().contains("out of luck"), "{error}");
    }
}
