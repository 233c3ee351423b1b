//! The Java and Go peers of `tests/peers`.

use std::path::PathBuf;
use std::process::Command;

use crate::Result;
use crate::process::RunDir;
use crate::repo::{has_program, root};

/// The script that builds and runs a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Dubbo Java; the generation as `java-dubbo.sh` names it.
    Java(&'static str),
    /// Spring Cloud Alibaba; the generation as `spring-cloud.sh` names it.
    Spring(&'static str),
    /// dubbo-go's interop provider and consumer.
    Go,
    /// grpc-go's interop server and client.
    GoGrpc,
    /// Connect's conformance runner.
    GoConnect,
    /// grpc-java's interop server and client.
    JavaGrpc,
    /// The API jars of applications.
    JavaApis,
    /// The Go programs of the benchmarks.
    GoBench,
    /// grpcurl.
    Grpcurl,
    /// Apache ZooKeeper.
    ZooKeeper,
    /// etcd.
    Etcd,
    /// Nacos.
    Nacos,
    /// The API server of Kubernetes, with its etcd.
    Kubernetes,
    /// The conformance runner of the protobuf project.
    ProtobufConformance,
}

impl Peer {
    /// The packages to install first, if something is missing.
    pub(crate) fn missing(self) -> Option<&'static str> {
        match self {
            Self::Java(_)
            | Self::Spring(_)
            | Self::JavaGrpc
            | Self::JavaApis
            | Self::ZooKeeper
            | Self::Nacos
                if !has_program("javac") || !has_program("mvn") =>
            {
                Some(
                    "needs a JDK 17 or newer and Maven: apt-get install default-jdk-headless maven",
                )
            }
            Self::Go
            | Self::GoGrpc
            | Self::GoConnect
            | Self::GoBench
            | Self::Grpcurl
            | Self::Etcd
                if !has_program("go") =>
            {
                Some("needs Go 1.26 or newer: see https://go.dev/doc/install")
            }
            Self::Kubernetes if !has_program("go") || !has_program("openssl") => Some(
                "needs Go 1.26 or newer and openssl: see https://go.dev/doc/install, and \
                 apt-get install openssl",
            ),
            Self::ProtobufConformance if !has_program("node") || !has_program("npm") => {
                Some("needs Node.js with npm: apt-get install nodejs npm")
            }
            _ => None,
        }
    }
}

/// The peers of one run: their data and logs are its own.
#[derive(Debug)]
pub(crate) struct Peers {
    dir: RunDir,
}

impl Peers {
    pub(crate) fn new(task: &str) -> Result<Self> {
        Ok(Self { dir: RunDir::new(task)? })
    }

    /// A command of the peer's script.
    pub(crate) fn command<A: AsRef<str>>(&self, peer: Peer, args: &[A]) -> Command {
        let mut command = Command::new(script(peer));
        command.args(args.iter().map(AsRef::as_ref));
        self.set_environment(&mut command, peer);
        command
    }

    /// The same, with data and logs in a folder of their own by this name.
    pub(crate) fn command_in_own_folder<A: AsRef<str>>(
        &self,
        peer: Peer,
        name: &str,
        args: &[A],
    ) -> Command {
        let mut command = self.command(peer, args);
        command.env("PEERS_RUN", self.file(&file_name(name)));
        command
    }

    /// The same, held to one processor core.
    pub(crate) fn pinned<A: AsRef<str>>(&self, peer: Peer, core: &str, args: &[A]) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", core]).arg(script(peer)).args(args.iter().map(AsRef::as_ref));
        self.set_environment(&mut command, peer);
        command
    }

    fn set_environment(&self, command: &mut Command, peer: Peer) {
        command.env("PEERS_RUN", self.dir.path());
        match peer {
            Peer::Java(generation) => command.env("DUBBO", generation),
            Peer::Spring(generation) => command.env("SPRING", generation),
            _ => command,
        };
    }

    /// The file in which a server of this run writes its output.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.file(&format!("{}.log", file_name(name)))
    }

    /// A file of this run, gone with it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// The name as one of a file.
fn file_name(name: &str) -> String {
    name.replace("->", "-to-").replace('/', "-")
}

fn script(peer: Peer) -> PathBuf {
    let name = match peer {
        Peer::Java(_) => "java-dubbo.sh",
        Peer::Spring(_) => "spring-cloud.sh",
        Peer::Go => "go-dubbo.sh",
        Peer::GoGrpc => "go-grpc.sh",
        Peer::GoConnect => "go-connect.sh",
        Peer::JavaGrpc => "java-grpc.sh",
        Peer::JavaApis => "java-apis.sh",
        Peer::GoBench => "go-bench.sh",
        Peer::Grpcurl => "grpcurl.sh",
        Peer::ZooKeeper => "zookeeper.sh",
        Peer::Etcd => "etcd.sh",
        Peer::Nacos => "nacos.sh",
        Peer::Kubernetes => "kube-apiserver.sh",
        Peer::ProtobufConformance => "protobuf-conformance.sh",
    };
    root().join("tests/peers").join(name)
}
