//! The projects that are measured, and the commands that start them.

use std::net::SocketAddr;
use std::process::Command;

use crate::bench::{Bench, LOAD_CORE, OURS, SERVER_CORE, load, pinned};
use crate::peers::Peer;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Project {
    Dubhe,
    Tonic,
    ConnectRust,
    GrpcGo,
    DubboGo,
    DubboJava,
    /// An HTTP/2 server in C that sends a file of the size of a reply: what HTTP/2 costs at least.
    Nghttpd,
}

/// The work of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Unary,
    Streams,
}

impl Project {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dubhe => OURS,
            Self::Tonic => "tonic",
            Self::ConnectRust => "connect-rust",
            Self::GrpcGo => "grpc-go",
            Self::DubboGo => "dubbo-go",
            Self::DubboJava => "dubbo-java",
            Self::Nghttpd => "nghttpd",
        }
    }

    /// A JVM compiles while it runs, and wants a longer warm-up.
    pub(super) fn compiles(self) -> bool {
        self == Self::DubboJava
    }

    /// Returns true if it answers with what was sent.
    pub(super) fn echoes(self) -> bool {
        self != Self::Nghttpd
    }

    /// The server; `folder` is what a web server serves.
    pub(super) fn server(self, bench: &Bench, at: SocketAddr, folder: &str) -> Command {
        let (address, port) = (at.to_string(), at.port().to_string());
        match self {
            Self::Dubhe => bench.ours(SERVER_CORE, &["server", "--addr", &address]),
            Self::Tonic => bench.contender(SERVER_CORE, &["tonic", "server", "--addr", &address]),
            Self::ConnectRust => {
                bench.contender(SERVER_CORE, &["connect", "server", "--addr", &address])
            }
            Self::GrpcGo => {
                bench.peers.pinned(Peer::GoBench, SERVER_CORE, &["serve", "grpc", &address])
            }
            Self::DubboGo => {
                bench.peers.pinned(Peer::GoBench, SERVER_CORE, &["serve", "triple", &address])
            }
            Self::DubboJava => {
                bench.peers.pinned(Peer::Java("3"), SERVER_CORE, &["bench-server", "tri", &port])
            }
            Self::Nghttpd => {
                let host = at.ip().to_string();
                let args = ["--no-tls", "--address", &host, "--htdocs", folder, &port];
                pinned(SERVER_CORE, "nghttpd", &args)
            }
        }
    }

    /// The client, and the seconds it takes to warm up; `None` where there is none.
    pub(super) fn client(self, bench: &Bench, work: Work, address: &str) -> Option<(Command, u64)> {
        let seconds = bench.plan.seconds;
        let contender = |name, what| {
            let mut command = bench.contender(LOAD_CORE, &[name, what]);
            command.args(load::flags("--", address, seconds));
            (command, 0)
        };
        let ours = |kind| (load::client(bench, kind, address, seconds), 0);
        let go = |kind| (load::go_client(bench, kind, address, seconds), 1);
        let java =
            |kind| (load::java_client(bench, kind, address, seconds), bench.plan.client_warmup());
        Some(match (self, work) {
            (Self::Dubhe, Work::Unary) => ours("triple"),
            (Self::Dubhe, Work::Streams) => ours("triple-stream"),
            (Self::Tonic, Work::Unary) => contender("tonic", "unary"),
            (Self::Tonic, Work::Streams) => contender("tonic", "streams"),
            (Self::ConnectRust, Work::Unary) => contender("connect", "unary"),
            (Self::ConnectRust, Work::Streams) => contender("connect", "streams"),
            (Self::GrpcGo, Work::Unary) => go("grpc"),
            (Self::GrpcGo, Work::Streams) => go("grpc-stream"),
            (Self::DubboGo, Work::Unary) => go("triple"),
            (Self::DubboJava, Work::Unary) => java("triple"),
            (Self::DubboGo | Self::DubboJava, Work::Streams) | (Self::Nghttpd, _) => return None,
        })
    }
}
