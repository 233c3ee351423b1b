//! The options of `dubhe registry`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};

/// Look into a registry, watch it, and change its rules.
///
/// URL is a registry as applications name it, such as zookeeper://HOST:PORT, nacos://HOST:PORT,
/// etcd://HOST:PORT, kubernetes:// or file:///FOLDER, with the parameters that they use.
#[derive(Debug, clap::Args)]
#[command(after_help = "--help has more, and examples")]
#[command(after_long_help = "Examples:
  dubhe registry ls zookeeper://127.0.0.1:2181
  dubhe registry ls zookeeper://127.0.0.1:2181 instances shop
  dubhe registry ls nacos://127.0.0.1:8848 providers org.example.Users -o json
  dubhe registry watch zookeeper://127.0.0.1:2181 org.example.Users
  dubhe registry put zookeeper://127.0.0.1:2181 shop.tag-router rule.yaml
  dubhe registry rm zookeeper://127.0.0.1:2181 shop.tag-router
  dubhe registry copy zookeeper://127.0.0.1:2181 nacos://127.0.0.1:8848 --dry-run")]
pub(crate) struct RegistryArgs {
    #[command(subcommand)]
    pub(super) action: Action,
    /// The form of what is listed
    #[arg(long, short = 'o', global = true, value_enum, default_value = "table")]
    pub(super) output: Format,
    /// Time to wait for an answer: 500ms, 5s, 1m
    #[arg(long, global = true, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(super) timeout: Duration,
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List what a registry holds
    Ls {
        /// The registry
        url: String,
        /// The kind to list; by default applications, services and rules
        #[arg(value_enum)]
        what: Option<What>,
        /// The application, for instances; the service, for providers
        name: Option<String>,
    },
    /// Print changes of the providers of services, and of rules, as they happen
    Watch {
        /// The registry
        url: String,
        /// The services, such as org.example.Users or GROUP/INTERFACE:VERSION
        services: Vec<String>,
        /// A rule to watch; may be repeated
        #[arg(long = "rule", value_name = "KEY")]
        rules: Vec<String>,
    },
    /// Print a rule or another document
    Get {
        /// The registry
        url: String,
        /// The key: NAME, or GROUP/NAME for another group than dubbo
        key: String,
    },
    /// Write a rule, if it can be understood
    Put {
        /// The registry
        url: String,
        /// The key, such as shop.tag-router or org.example.Users::.condition-router
        key: String,
        /// The file with the text; - for stdin
        file: PathBuf,
        /// Write it though it cannot be understood
        #[arg(long)]
        force: bool,
    },
    /// Remove a rule
    Rm {
        /// The registry
        url: String,
        /// The key
        key: String,
    },
    /// Copy rules, metadata and mappings to another registry
    Copy {
        /// The registry to read
        from: String,
        /// The registry to write
        to: String,
        /// Print what would be written, and write nothing
        #[arg(long)]
        dry_run: bool,
        /// Keep the providers of all services registered in the other registry, too, until the command
        /// ends
        #[arg(long, conflicts_with = "dry_run")]
        follow: bool,
    },
}

/// A kind of what can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// Applications, with the number of their instances
    Applications,
    /// Services, with the number of their providers
    Services,
    /// The instances of an application, or of all
    Instances,
    /// The providers of a service, or of all
    Providers,
    /// Rules and other configuration
    Rules,
    /// Metadata of applications, mappings and definitions
    Metadata,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Columns, for people
    Table,
    /// A JSON document
    Json,
    /// A YAML document
    Yaml,
}
