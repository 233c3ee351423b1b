//! The options of `dubhe registry`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};

/// Look into a registry, watch it, and change its rules.
///
/// URL is a registry as applications name it, such as zookeeper://HOST:PORT, nacos://HOST:PORT,
/// etcd://HOST:PORT, kubernetes:// or file:///FOLDER, with the parameters that they use. The config centre
/// apollo://HOST:PORT?app.id=NAME can be read and watched.
///
/// Who asks, and TLS, are part of the URL, which then is in quotes: USER:PASSWORD@ before the host; for ZooKeeper,
/// Nacos and etcd ?tls=true, ca-cert-file=FILE, tls-cert-file=FILE with tls-key-file=FILE, and tls-server-name=NAME;
/// for Kubernetes kubeconfig=FILE with context=NAME, and for kubernetes://HOST:PORT caCertFile=FILE,
/// clientCertFile=FILE with clientKeyFile=FILE, or oauthToken=TOKEN. Files are PEM.
#[derive(Debug, clap::Args)]
#[command(after_help = "--help has more, and examples")]
#[command(after_long_help = "Examples:
  dubhe registry ls zookeeper://127.0.0.1:2181
  dubhe registry ls zookeeper://127.0.0.1:2181 instances shop
  dubhe registry ls nacos://127.0.0.1:8848 providers org.example.Users -o json
  dubhe registry watch zookeeper://127.0.0.1:2181 org.example.Users
  dubhe registry watch nacos://127.0.0.1:8848 --application shop -o json
  dubhe registry put zookeeper://127.0.0.1:2181 shop.tag-router rule.yaml
  dubhe registry rm zookeeper://127.0.0.1:2181 shop.tag-router
  dubhe registry ls 'etcd://shop:PASSWORD@10.0.0.1:2379?ca-cert-file=ca.pem'
  dubhe registry ls 'nacos://10.0.0.1:8848?ca-cert-file=ca.pem&tls-cert-file=me.pem&tls-key-file=me.key'
  dubhe registry copy zookeeper://127.0.0.1:2181 nacos://127.0.0.1:8848 --dry-run")]
pub(crate) struct RegistryArgs {
    #[command(subcommand)]
    pub(super) action: Action,
    /// The form of what is listed or watched
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
    /// Print changes as they happen: of providers, of instances and of rules
    ///
    /// Without a name, prints the applications and services that come and go, which are asked for every
    /// second. With -o json each change is an object on a line, with -o yaml a document.
    Watch {
        /// The registry
        url: String,
        /// Services whose providers to watch, such as org.example.Users or GROUP/INTERFACE:VERSION
        services: Vec<String>,
        /// An application whose instances to watch; may be repeated
        #[arg(long = "application", value_name = "NAME")]
        applications: Vec<String>,
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
        /// Keep all providers registered in the other registry, too, at each level that both have, until
        /// Ctrl-C, which takes them back
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
