//! The command line of `dubhe gen`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use dubhe::ServiceKey;
use dubhe_codegen::pattern::matches;

use crate::failure::Failure;

/// Write Rust of Java interfaces and classes, or Java and .proto files of Rust.
///
/// Sources are jars, folders of class files, class files; the URL of a registry with service definitions, or files of
/// them; OpenAPI documents; .proto files. With --to java or proto they are Rust: files, or the folder of a crate.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "Examples:
  dubhe gen orders-api-1.2.jar --out src/api           # traits, classes, enums, exceptions
  dubhe gen orders-api-1.2.jar --sources orders-api-1.2-sources.jar --interface 'org.example.*Service'
  dubhe gen zookeeper://127.0.0.1:2181 --interface org.example.Orders
  dubhe gen orders-api-1.3.jar --out src/api --check   # what changed, and who breaks
  dubhe gen --to java src --out java                   # interfaces and classes with a pom.xml")]
pub(crate) struct GenArgs {
    /// Jar, folder, file or URL to read
    #[arg(required = true, value_name = "SOURCE")]
    pub(super) sources: Vec<String>,
    /// Language to write
    #[arg(long, value_enum, default_value = "rust")]
    pub(super) to: To,
    /// Folder to write to [default: src/api, java or proto]
    #[arg(long, short, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
    /// Compare with what is there, write nothing, and fail if they differ
    #[arg(long)]
    pub(super) check: bool,
    /// Print the differences as JSON
    #[arg(long, requires = "check")]
    pub(super) json: bool,
    /// Interface to take; `*` stands for any letters [default: all that are services]
    #[arg(long = "interface", value_name = "PATTERN")]
    pub(super) interfaces: Vec<String>,
    /// Group of the services that are taken from a registry
    #[arg(long, value_name = "GROUP")]
    pub(super) group: Option<String>,
    /// Version of the services that are taken from a registry
    #[arg(long, value_name = "VERSION")]
    pub(super) version: Option<String>,
    /// Jar or folder with classes that the interfaces refer to
    #[arg(long, value_name = "JAR")]
    pub(super) classpath: Vec<PathBuf>,
    /// Jar or folder of Java sources, for documentation and names of parameters
    #[arg(long = "sources", value_name = "JAR")]
    pub(super) java_sources: Vec<PathBuf>,
    /// Class to take although no interface leads to it, such as an exception that no method declares; `*` stands for any
    /// letters
    #[arg(long = "class", value_name = "PATTERN")]
    pub(super) classes: Vec<String>,
    /// Class with subclasses whose values are of exactly this class, so that no enum of them stands for it; `*` stands for
    /// any letters
    #[arg(long, value_name = "PATTERN")]
    pub(super) exact: Vec<String>,
    /// Rust type of a class, field, result or parameter: a path, or `value` to keep objects as they are
    #[arg(long = "type", value_name = "JAVA=RUST")]
    pub(super) types: Vec<String>,
    /// Name in Rust of a class, method or field
    #[arg(long = "rename", value_name = "JAVA=RUST")]
    pub(super) renames: Vec<String>,
    /// Types without an annotation of null become an `Option` in fields and results, everywhere, or nowhere [default: default]
    #[arg(long, value_enum)]
    pub(super) unannotated: Option<Nulls>,
    /// Field, result or parameter (org.example.Orders.find.key) that is an `Option`; `*` stands for any letters
    #[arg(long, value_name = "PATTERN")]
    pub(super) nullable: Vec<String>,
    /// Field, result or parameter that is no `Option` unless --nullable names it
    #[arg(long, value_name = "PATTERN")]
    pub(super) non_null: Vec<String>,
    /// An option of a method that no interface says: context, end_callbacks or oneway
    #[arg(long = "method", value_name = "PATTERN=OPTION")]
    pub(super) methods: Vec<String>,
    /// Folder with the imports of .proto files
    #[arg(long = "include", value_name = "FOLDER")]
    pub(super) includes: Vec<PathBuf>,
    /// Group of the pom.xml [default: the common package]
    #[arg(long, value_name = "GROUP")]
    pub(super) group_id: Option<String>,
    /// Name in the pom.xml [default: the last part of the common package, and -api]
    #[arg(long, value_name = "NAME")]
    pub(super) artifact_id: Option<String>,
    /// Version in the pom.xml [default: 1.0.0-SNAPSHOT]
    #[arg(long, value_name = "VERSION")]
    pub(super) artifact_version: Option<String>,
    /// Release of Java [default: 8]
    #[arg(long, value_enum)]
    pub(super) release: Option<Release>,
    /// Time that a registry has to answer [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(super) timeout: Option<Duration>,
}

impl GenArgs {
    /// Returns `true` if an interface is asked for.
    pub(super) fn takes_interface(&self, interface: &str) -> bool {
        self.interfaces.is_empty()
            || self.interfaces.iter().any(|pattern| matches(pattern, interface))
    }

    /// Returns `true` if a service is asked for.
    pub(super) fn takes(&self, service: &ServiceKey) -> bool {
        let is = |asked: &Option<String>, own: &str| asked.as_deref().is_none_or(|of| of == own);
        self.takes_interface(service.interface())
            && is(&self.group, service.group())
            && is(&self.version, service.version())
    }
}

/// The language that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum To {
    Rust,
    Java,
    Proto,
}

/// The types that are an `Option` where Java says nothing of null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Nulls {
    /// Fields and results.
    Default,
    /// All types.
    Nullable,
    /// No type.
    #[value(name = "non-null")]
    NonNull,
}

/// The release of Java whose sources are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Release {
    /// Java 8, the oldest one that Dubbo knows.
    #[value(name = "8")]
    V8,
    /// Java 17.
    #[value(name = "17")]
    V17,
}

/// Kind of source and language, of which an option can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Classes,
    Definition,
    Registry,
    OpenApi,
    Protobuf,
    /// Java of Rust.
    Java,
    /// `.proto` files of Rust.
    Proto,
}

/// Sources that become Rust through the model of Java's types.
const JAVA_TYPES: &[Use] = &[Use::Classes, Use::Definition, Use::Registry];

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classes => "jars and class files",
            Self::Definition => "service definitions",
            Self::Registry => "registries",
            Self::OpenApi => "OpenAPI documents",
            Self::Protobuf => ".proto files",
            Self::Java => "--to java",
            Self::Proto => "--to proto",
        })
    }
}

impl GenArgs {
    /// Refuses options that do nothing where they are given.
    pub(super) fn refuse_others(&self, of: Use) -> Result<(), Failure> {
        let named = [JAVA_TYPES, &[Use::Java, Use::Proto]].concat();
        let options: [(&str, bool, &[Use]); 16] = [
            ("--interface", !self.interfaces.is_empty(), &named),
            ("--classpath", !self.classpath.is_empty(), &[Use::Classes]),
            ("--sources", !self.java_sources.is_empty(), &[Use::Classes]),
            ("--class", !self.classes.is_empty(), &[Use::Classes]),
            ("--exact", !self.exact.is_empty(), &[Use::Classes]),
            ("--type", !self.types.is_empty(), JAVA_TYPES),
            ("--rename", !self.renames.is_empty(), JAVA_TYPES),
            ("--unannotated", self.unannotated.is_some(), JAVA_TYPES),
            ("--nullable", !self.nullable.is_empty(), JAVA_TYPES),
            ("--non-null", !self.non_null.is_empty(), JAVA_TYPES),
            ("--method", !self.methods.is_empty(), JAVA_TYPES),
            ("--include", !self.includes.is_empty(), &[Use::Protobuf]),
            ("--group-id", self.group_id.is_some(), &[Use::Java]),
            ("--artifact-id", self.artifact_id.is_some(), &[Use::Java]),
            ("--artifact-version", self.artifact_version.is_some(), &[Use::Java]),
            ("--release", self.release.is_some(), &[Use::Java]),
        ];
        let of_registries = [
            ("--group", self.group.is_some(), &[Use::Registry][..]),
            ("--version", self.version.is_some(), &[Use::Registry]),
            ("--timeout", self.timeout.is_some(), &[Use::Registry]),
        ];
        let wrong = options
            .iter()
            .chain(&of_registries)
            .find(|(_, given, uses)| *given && !uses.contains(&of));
        let Some((option, _, uses)) = wrong else { return Ok(()) };
        let uses: Vec<String> = uses.iter().map(ToString::to_string).collect();
        Err(Failure::Usage(format!(
            "error: {option} is an option of {}; with {of} it would do nothing",
            uses.join(", ")
        )))
    }
}
