//! `dubhe new`: a project that runs.

mod ask;
mod files;
mod names;
mod project;
mod registry;
mod source;
mod template;
mod workspace;
mod write;

use std::env;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, remark};
use ask::Questions;
use project::{Ci, Kind, Project, Protocol};
use source::Source;

/// Make a project that runs, with tests, a CI file and a container file.
///
/// A provider serves an interface, a consumer calls one, and a filter is a library for servers, clients and
/// gateways. What no option says is asked where stdin and stdout are a terminal; elsewhere the defaults hold.
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
#[command(after_help = "Examples:
  dubhe new shop                                       # asks; a provider by default
  dubhe new shop --kind both --interface org.example.Greeter --registry zookeeper://127.0.0.1:2181
  dubhe new shop --kind provider --proto               # of a .proto file
  dubhe new tenants --kind filter")]
pub(crate) struct NewArgs {
    /// Name of the package, and of the folder that is made for it here
    name: String,
    /// Kind of the project [default: provider]
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Java interface, or service of the .proto file, with its package [default: org.example.Greeter]
    #[arg(long, value_name = "INTERFACE")]
    interface: Option<String>,
    /// Describe the service in a .proto file in place of a trait [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    proto: Option<bool>,
    /// Protocol of the consumer's calls [default: dubbo, or tri with --proto]
    #[arg(long, value_enum)]
    protocol: Option<Protocol>,
    /// Registry where providers and consumers meet, such as zookeeper://HOST:PORT, nacos://HOST:PORT or
    /// etcd://HOST:PORT; or none [default: none]
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// CI system whose file is written [default: github]
    #[arg(long, value_enum)]
    ci: Option<Ci>,
    /// Take Dubhe from this git repository
    #[arg(long, value_name = "URL", default_value = source::REPOSITORY)]
    git: String,
    /// Take Dubhe from a clone in this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "git")]
    path: Option<PathBuf>,
    /// Take Dubhe from the registry of crates in this version
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["git", "path"])]
    version: Option<String>,
}

/// Makes the project in the current folder. Must be called within a tokio runtime.
pub(crate) fn run(options: NewArgs, out: &mut impl Write) -> Result<(), Failure> {
    let mut stdin = io::stdin().lock();
    let questions = if io::stdin().is_terminal() && io::stdout().is_terminal() {
        Questions::to(&mut stdin, out)
    } else {
        Questions::nobody()
    };
    let here = env::current_dir()?;
    let project = decide(options, &here, questions)?;
    write::write(&here.join(&project.name), &files::files_of(&project)?)?;
    if let Some((manifest, inside)) = workspace::lacks(&here.join(&project.name)) {
        remark(&format!(
            "hint: {} is a workspace: cargo builds this package once `{inside}` is in its `members`, or in its `exclude`",
            manifest.display()
        ));
    }
    if let Source::Path(folder) = &project.source {
        remark(&format!(
            "hint: Dubhe is taken from {}, which neither CI nor the build of an image have",
            folder.display()
        ));
    }
    Ok(out.write_all(introduction(&project).as_bytes())?)
}

/// Decides what the project is. A name, a folder or a source that cannot be is refused before anything is asked.
fn decide(options: NewArgs, here: &Path, questions: Questions<'_>) -> Result<Project, Failure> {
    names::check_package(&options.name).map_err(|why| usage(&why))?;
    write::check(&here.join(&options.name))?;
    let source = Source::of(options.git, options.path, options.version);
    let source = source.map_err(|why| usage(&why))?;
    let given = project::Given {
        name: options.name,
        kind: options.kind,
        interface: options.interface,
        proto: options.proto,
        protocol: options.protocol,
        registry: options.registry,
        ci: options.ci,
        source,
    };
    given.complete(questions)
}

/// The failure of a command line that is wrong.
fn usage(why: &str) -> Failure {
    Failure::Usage(format!("error: {why}"))
}

/// A line on what was made, and lines to try.
fn introduction(project: &Project) -> String {
    let Project { name, kind, interface, .. } = project;
    let protocol = project.protocol.name();
    let port = files::PORT;
    let what = match kind {
        Kind::Provider => "a provider of",
        Kind::Consumer => "a consumer of",
        Kind::Both => "a provider and a consumer of",
        Kind::Filter => "a filter, tried on",
    };
    let call = if project.proto {
        format!("tri://127.0.0.1:{port} {interface}/Greet '{{\"name\":\"Ada\"}}'")
    } else {
        format!("{protocol}://127.0.0.1:{port} {interface} greet Ada")
    };
    let lines = match kind {
        Kind::Provider => vec!["cargo run".to_owned(), format!("dubhe call {call}")],
        Kind::Consumer => vec![format!("PROVIDER={protocol}://HOST:PORT cargo run -- Ada")],
        Kind::Both => vec![
            "cargo run".to_owned(),
            "cargo run --bin consumer -- Ada".to_owned(),
            format!("dubhe call {call}"),
        ],
        Kind::Filter => vec![
            "cargo run --example provider".to_owned(),
            format!("dubhe call -H 'tenant: acme' {call}"),
        ],
    };
    format!(
        "made {name}, {what} {interface}; its README.md has more\n\n  cd {name}\n  cargo test\n  {}\n",
        lines.join("\n  ")
    )
}
