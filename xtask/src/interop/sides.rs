//! The commands of both sides of a suite.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::registry::Registry;
use super::suite::{Side, Suite};
use crate::peers::{Peer, Peers};

/// The application of the Spring Cloud peers, and ours beside it.
const SPRING: &str = "spring-provider";
const OUR_SPRING: &str = "rust-spring-provider";

/// The provider of a side at `address`, which tells `registry` of itself.
pub(super) fn provider(
    suite: &Suite,
    side: Side,
    peers: &Peers,
    ours: &Path,
    address: SocketAddr,
    registry: Option<&Registry>,
) -> Command {
    let (at, port) = (address.to_string(), address.port().to_string());
    if let (Peer::Spring(_), Some(registry)) = (suite.peer, registry) {
        return match side {
            Side::Ours => {
                let mut command = Command::new(ours);
                command.args(["spring", "--addr", &at, "--registry", &registry.url()]);
                command
            }
            Side::Peer => {
                let mut command = peers.command(suite.peer, &["serve", &port]);
                command.env("NACOS", registry.address());
                command
            }
        };
    }
    if side == Side::Ours {
        let mut command = Command::new(ours);
        command.args(["provider", "--addr", &at]);
        if let Some(registry) = registry {
            command.args(["--registry", &registry.our_url(), "--protocol", suite.wire()]);
        }
        return command;
    }
    let args: &[&str] = match suite.peer {
        Peer::GoGrpc | Peer::JavaGrpc => &["serve", &port],
        _ => &["serve", suite.wire(), &port],
    };
    let mut command = peers.command(suite.peer, args);
    if let Some(registry) = registry {
        command.env("REGISTRY", registry.url());
        let mode = registry.level().register_mode();
        command.env("PROVIDER_OPTS", format!("-Ddubbo.application.register-mode={mode}"));
        command.env("GO_DUBBO_FLAGS", go_registry(registry).join(" "));
    }
    command
}

/// The consumer, which runs all cases against the provider at `address` or in `registry`.
pub(super) fn consumer(
    suite: &Suite,
    peers: &Peers,
    ours: &Path,
    address: SocketAddr,
    registry: Option<&Registry>,
) -> Command {
    let (wire, at) = (suite.wire(), address.to_string());
    let url = format!("{wire}://{at}");
    if let (Peer::Spring(_), Some(registry)) = (suite.peer, registry) {
        return match suite.caller() {
            Side::Ours => {
                let mut command = Command::new(ours);
                command.args(["consumer", "--cases", "spring", "--protocol", wire]);
                command.args(["--registry", &registry.url(), "--application", SPRING]);
                command
            }
            Side::Peer => {
                let mut command = peers.command(suite.peer, &["consume", OUR_SPRING]);
                command.env("NACOS", registry.address());
                command
            }
        };
    }
    if suite.caller() == Side::Ours {
        return match registry {
            Some(of) => our_consumer(suite, ours, &["--registry", &of.our_url()]),
            None => our_consumer(suite, ours, &["--url", &url]),
        };
    }
    match (suite.peer, registry) {
        (Peer::Java(_), _) => {
            let streams = if wire == "tri" { ",streams" } else { "" };
            let mode = format!("-Dmode=calls,generic,conventions,codes{streams}");
            let mut args = vec!["consume".into(), mode];
            args.extend(suite.only().map(|only| format!("-Donly={only}")));
            match registry {
                Some(registry) => args.extend([
                    format!("-Dregistry={}", registry.url()),
                    format!("-Dprotocol={wire}"),
                    format!(
                        "-Ddubbo.application.service-discovery.migration={}",
                        registry.level().migration()
                    ),
                ]),
                None => args.push(format!("-Durl={url}")),
            }
            peers.command(suite.peer, &args)
        }
        (Peer::GoGrpc | Peer::JavaGrpc, _) => peers.command(suite.peer, &["test", &at]),
        (_, Some(registry)) => {
            let mut args = ["test", "-protocol", wire].map(str::to_owned).to_vec();
            args.extend(go_registry(registry));
            peers.command(suite.peer, &args)
        }
        (_, None) => peers.command(suite.peer, &["test", "-protocol", wire, "-addr", &at]),
    }
}

/// The consumer of our side, which finds the provider by `source`.
pub(super) fn our_consumer(suite: &Suite, ours: &Path, source: &[&str]) -> Command {
    let cases = match suite.peer {
        Peer::Java(_) => "java",
        Peer::GoGrpc | Peer::JavaGrpc => "grpc",
        _ => "go",
    };
    let mut command = Command::new(ours);
    command.args(["consumer", "--cases", cases]).args(source);
    if source.first() == Some(&"--registry") {
        command.args(["--protocol", suite.wire()]);
    }
    command.args(suite.only().iter().flat_map(|only| ["--only", only]));
    command
}

/// The consumer that makes the same calls to Java's provider and to ours.
pub(super) fn comparison(ours: &Path, java: SocketAddr, own: SocketAddr) -> Command {
    let mut command = Command::new(ours);
    command.args(["json", "--java", &java.to_string(), "--ours", &own.to_string()]);
    command
}

/// dubbo-go's flags for a registry.
fn go_registry(registry: &Registry) -> [String; 4] {
    let type_of = registry.level().go().to_owned();
    ["-registry".into(), registry.url(), "-registry-type".into(), type_of]
}
