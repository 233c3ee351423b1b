//! A server that is attacked, and what that costs it as seen from outside.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::dubbo::{self, Connection, OBJECT, OK};
use super::{Chaos, hessian, http2};
use crate::process::{ServerProcess, check, free_address};
use crate::{Result, proc};

/// The longest time of an answer to an honest caller.
const PATIENCE: Duration = Duration::from_secs(2);

/// The projects under attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Project {
    Dubhe,
    Tonic,
}

pub(super) struct Target {
    pub(super) project: Project,
    pub(super) address: SocketAddr,
    process: ServerProcess,
    log: PathBuf,
}

/// The growth of resident memory at its peak, the processor time, and the time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) mib: f64,
    pub(super) cpu_ms: f64,
    pub(super) time: Duration,
}

impl Target {
    /// Starts our server with further arguments.
    pub(super) fn ours(chaos: &Chaos, args: &[&str]) -> Result<Self> {
        Self::ours_at(chaos, free_address()?, args)
    }

    pub(super) fn ours_at(chaos: &Chaos, address: SocketAddr, args: &[&str]) -> Result<Self> {
        Self::ours_named(chaos, address, args, None)
    }

    /// The same on a machine of this name.
    pub(super) fn ours_named(
        chaos: &Chaos,
        address: SocketAddr,
        args: &[&str],
        hostname: Option<&str>,
    ) -> Result<Self> {
        let mut command = Command::new(&chaos.ours);
        command.args(["server", "--addr", &address.to_string()]).args(args);
        command.envs(hostname.map(|name| ("HOSTNAME", name)));
        Self::start(chaos, Project::Dubhe, address, &mut command)
    }

    /// Starts our server with so many descriptors.
    pub(super) fn with_descriptors(chaos: &Chaos, descriptors: u32) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {descriptors} && exec \"$0\" server --addr {address}");
        command.args(["-c", &script]).arg(&chaos.ours);
        Self::start(chaos, Project::Dubhe, address, &mut command)
    }

    /// The server of this project, and tonic's where it was built.
    pub(super) fn all(chaos: &Chaos) -> Result<Vec<Self>> {
        let mut targets = vec![Self::ours(chaos, &[])?];
        if let Some(program) = &chaos.contenders {
            let address = free_address()?;
            let mut command = Command::new(program);
            command.args(["tonic", "server", "--addr", &address.to_string()]);
            targets.push(Self::start(chaos, Project::Tonic, address, &mut command)?);
        }
        Ok(targets)
    }

    fn start(
        chaos: &Chaos,
        project: Project,
        address: SocketAddr,
        command: &mut Command,
    ) -> Result<Self> {
        let log = chaos.peers.log(&format!("server-{}", address.port()));
        let process = ServerProcess::serve(command, address, &log)?;
        Ok(Self { project, address, process, log })
    }

    /// The number of lines of its output that contain `text`.
    pub(super) fn said(&self, text: &str) -> Result<usize> {
        Ok(std::fs::read_to_string(&self.log)?.lines().filter(|line| line.contains(text)).count())
    }

    pub(super) fn url(&self, protocol: &str) -> String {
        format!("{protocol}://{}", self.address)
    }

    pub(super) fn connect(&self) -> Result<Connection> {
        Connection::open(self.address, Duration::from_secs(10))
    }

    /// Sends a signal by its name.
    pub(super) fn signal(&self, name: &str) -> Result<()> {
        check(Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]))
    }

    /// The process id.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Returns true until the process has ended.
    pub(super) fn runs(&mut self) -> bool {
        self.process.runs()
    }

    /// Waits until the process has ended.
    pub(super) fn ended(&mut self, patience: Duration) -> Result<Duration> {
        let begun = Instant::now();
        while self.process.runs() {
            if begun.elapsed() > patience {
                return Err(format!("the server still runs after {patience:?}").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(begun.elapsed())
    }

    /// Runs an attack; its cost, and what it returned.
    pub(super) fn under<T>(&self, attack: impl FnOnce() -> Result<T>) -> Result<(Cost, T)> {
        let pid = self.process.id();
        proc::forget_peak(pid)?;
        let (memory, cpu, begun) = (proc::rss_mib(pid)?, proc::cpu_us(pid)?, Instant::now());
        let done = attack()?;
        let time = begun.elapsed();
        let mib = proc::peak_mib(pid)? - memory;
        Ok((Cost { mib, cpu_ms: (proc::cpu_us(pid)? - cpu) / 1e3, time }, done))
    }

    /// Makes an honest call on a connection of its own.
    pub(super) fn alive(&self) -> Result<Duration> {
        let begun = Instant::now();
        match self.project {
            Project::Dubhe => {
                let mut connection = Connection::open(self.address, PATIENCE)?;
                let call = dubbo::call(1, "echo", OBJECT, &[hessian::ONE]);
                let (status, _) = connection.ask(&call)?;
                if status != OK {
                    return Err(format!("an honest call was answered with status {status}").into());
                }
            }
            Project::Tonic => {
                http2::Connection::open(self.address, PATIENCE)?.echo(1)?;
            }
        }
        Ok(begun.elapsed())
    }

    /// The same as a word for the line of the result.
    pub(super) fn state(&self) -> (bool, String) {
        match self.alive() {
            Ok(time) => (true, format!("an honest call takes {:.1} ms", millis(time))),
            Err(error) => (false, format!("an honest call fails: {error}")),
        }
    }
}

pub(super) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
