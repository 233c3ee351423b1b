//! Makes Rust of `.proto` files in a build script; no protoc is needed.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), dubhe_build::Error> {
//!     dubhe_build::compile(&["proto/greeter.proto"], &["proto"])
//! }
//! ```
//!
//! For a service `Greeter` there are, beside the messages:
//!
//! - a trait `Greeter`, whose methods are written as `async fn`: each takes a `Request` and returns
//!   a `Response`, of one message, of `Streaming` messages (taken), or of any stream (returned);
//! - `GreeterServer`, which serves an implementation of it;
//! - `GreeterClient`, which calls it, whoever provides it. Its methods are those of the service;
//!   one that would be called `new`, `with`, `client`, `clone`, `into` or `try_into` gets an
//!   underscore at its end.
//!
//! What is made of a service gives way to messages and enums of its name, and a method to one before
//! it that is equal in snake case, each with an underscore at its end: beside a message `EchoClient`
//! the client of `Echo` is `EchoClient_`. Names on the wire stay those of the file. Messages, enums
//! and fields keep their names; where two of them would be one in Rust, [`compile`] refuses them,
//! and names both. Files in an edition are refused too.
//!
//! Messages have the JSON form of protocol buffers, in calls and as values of serde; fields of type `bytes`
//! share the memory of what arrived, and servers know the descriptors that reflection hands out.
//!
//! With the feature `java`, `java` and `Java` make Rust of the interfaces and classes in jars; `dubhe::include_java!()`
//! includes it.
//!
//! `dubhe::include_proto!("org.example")` includes one package, `dubhe::include_proto!()` all of
//! them as nested modules. A message with types in it may have a package of its name beside it
//! (`a.Sub` and `a.sub`): both are one module then, and need `include_proto!()`.

mod boxes;
mod client;
mod comment;
mod defaults;
mod edition;
mod error;
mod extensions;
mod found;
#[cfg(feature = "java")]
mod java;
mod json;
mod modules;
mod names;
mod packages;
mod parsed;
mod required;
mod schema;
mod server;
mod service;
mod shape;
mod unknown;
mod well_known;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::quote;

pub use error::Error;
#[cfg(feature = "java")]
pub use java::{Java, MethodOption, OVERRIDE_VALUE, Unannotated, java};
pub use modules::{ModuleFile, Modules};

use prost_build::Module;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use error::at;

/// The file that holds the packages as nested modules; `include_proto!()` names it.
const PACKAGES: &str = "dubhe.packages.rs";

/// The file that holds the descriptors of all files and their imports.
const DESCRIPTORS: &str = "dubhe.descriptors.bin";

/// The directory to write to: the one that is named, or that of the build script.
fn out_dir(named: Option<&Path>) -> Result<PathBuf, Error> {
    let named = named.map(Path::to_owned);
    named.or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from)).ok_or(Error::NoOutDir)
}

/// Compiles `files`, which are found in `includes` as their imports are, with all defaults.
///
/// # Errors
/// See [`Builder::compile`].
pub fn compile(files: &[impl AsRef<Path>], includes: &[impl AsRef<Path>]) -> Result<(), Error> {
    Builder::new().compile(files, includes)
}

/// The options of compiling `.proto` files.
#[derive(Clone, Debug)]
pub struct Builder {
    krate: String,
    out_dir: Option<PathBuf>,
    server: bool,
    client: bool,
    unknown_fields: bool,
}

impl Default for Builder {
    fn default() -> Self {
        let krate = "::dubhe::generated".to_owned();
        Self { krate, out_dir: None, server: true, client: true, unknown_fields: false }
    }
}

impl Builder {
    /// Messages, traits, servers and clients, in `OUT_DIR`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The path of a module that holds the crates `client`, `core`, `protobuf` and `server`, in
    /// place of `::dubhe::generated`; for programs that do without the crate `dubhe`. No part of
    /// it may begin with an underscore, which prost would take away.
    pub fn krate(mut self, path: impl Into<String>) -> Self {
        self.krate = path.into();
        self
    }

    /// The directory to write to; by default `OUT_DIR`, which cargo sets for build scripts.
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(path.into());
        self
    }

    /// Makes the traits of services and their servers, or not; by default yes.
    pub fn server(mut self, yes: bool) -> Self {
        self.server = yes;
        self
    }

    /// Makes clients of services, or not; by default yes.
    pub fn client(mut self, yes: bool) -> Self {
        self.client = yes;
        self
    }

    /// Makes messages that keep the fields that their schema does not have, extensions among them, or
    /// not; by default not, and messages lose them when they are decoded.
    ///
    /// Each message then has a field more, `unknown_fields` of the type `Option<UnknownFields>`: write
    /// `..Default::default()` in its literals. It gets an underscore at its end beside one of its name.
    /// Messages are not `Copy`. The fields are written behind the others, as they came, and JSON has the
    /// extensions that `files` and their imports declare, as `"[package.extension]"`. For these a message
    /// `Thing` has a type `thing::Extensions` beside it, which
    /// `UnknownFields::decode` reads and `UnknownFields::add` writes; it is `Extensions2` beside a type
    /// of its name. If an extension is of a message or enum of another package,
    /// both packages need `include_proto!()`.
    ///
    /// What stays lost: unknown fields of the well-known types, whose code is not made here, and of the
    /// entries of maps; unknown fields of JSON.
    ///
    /// Source: [unknown fields](https://protobuf.dev/programming-guides/proto3/#unknowns) in the guide to
    /// protocol buffers.
    pub fn preserve_unknown_fields(mut self, yes: bool) -> Self {
        self.unknown_fields = yes;
        self
    }

    /// Compiles `files`, which are found in `includes` as their imports are. Files of one build
    /// script belong into one call: another writes over what this one wrote.
    ///
    /// # Errors
    /// When a file cannot be read, is not right, or the output cannot be written. The error says
    /// where, by file, line and column.
    pub fn compile(
        &self,
        files: &[impl AsRef<Path>],
        includes: &[impl AsRef<Path>],
    ) -> Result<(), Error> {
        let out = out_dir(self.out_dir.as_deref())?;
        let opened = Opened::new(files, includes)?;
        opened.rerun_if_changed();
        let descriptors = |_: &str| quote!(::core::include_bytes!(#DESCRIPTORS));
        let tree = self.packages(&opened, &descriptors)?;
        let write = |name: &str, code: &[u8]| {
            let path = out.join(name);
            std::fs::write(&path, code).map_err(at(&path))
        };
        write(DESCRIPTORS, &opened.descriptors)?;
        for (parts, code) in tree.packages() {
            let name = packages::file_name(&parts);
            if name == PACKAGES {
                return Err(Error::Reserved { package: parts.join("."), file: name });
            }
            write(&name, code.as_bytes())?;
        }
        write(PACKAGES, tree.code().as_bytes())
    }

    /// Makes the same of `files` as modules for a folder that is kept, and writes nothing. The option
    /// [`out_dir`](Self::out_dir) does not matter.
    ///
    /// The code is not formatted, and says nothing of lints. A package `a.b` is the module `a::b`, in `a/b.rs`, or in
    /// `a/b/mod.rs` if there are packages in it.
    ///
    /// # Errors
    /// When a file cannot be read or is not right. The error says where, by file, line and column.
    pub fn modules(
        &self,
        files: &[impl AsRef<Path>],
        includes: &[impl AsRef<Path>],
    ) -> Result<Modules, Error> {
        let opened = Opened::new(files, includes)?;
        let made = opened.made();
        let name = modules::descriptors_name(&made);
        let descriptors =
            |package: &str| service::tokens(&modules::descriptors_path(package, &name));
        let tree = self.packages(&opened, &descriptors)?;
        Ok(modules::modules(&tree, &made, opened.descriptors.clone(), &name))
    }

    /// The code of all packages. `descriptors` is the expression of the descriptors in the services of a package.
    fn packages(
        &self,
        opened: &Opened,
        descriptors: &dyn Fn(&str) -> TokenStream,
    ) -> Result<packages::Tree, Error> {
        let mut set = opened.set.clone();
        let extensions =
            if self.unknown_fields { extensions::add(&mut set.file) } else { HashMap::new() };
        let made = opened.made_of(&set.file);
        names::check(&made)?;
        let schema = schema::Schema::new(&set, extensions);
        let files = set.file.iter().cloned();
        let modules =
            files.map(|file| (Module::from_protobuf_package_name(file.package()), file)).collect();
        let mut prost = self.prost(&made, opened.not_made.iter(), descriptors);
        for path in boxes::needed(&set.file) {
            prost.boxed(path);
        }
        let modules = prost.generate(modules).map_err(at(Path::new("the generated code")))?;
        let mut forms = Vec::with_capacity(modules.len());
        for (module, code) in modules {
            let path = module.to_file_name_or("_");
            let code = self.with_forms(Path::new(&path), &code, &schema)?;
            forms.push((module, code));
        }
        let mut tree = packages::Tree::of(forms);
        tree.join()?;
        Ok(tree)
    }

    /// The code of a package, whose file is `path`, with the shapes and JSON forms of its messages.
    fn with_forms(
        &self,
        path: &Path,
        code: &str,
        schema: &schema::Schema<'_>,
    ) -> Result<String, Error> {
        let not_rust = |what: &str| at(path)(io::Error::other(what.to_owned()));
        let krate: TokenStream =
            self.krate.parse().map_err(|_| not_rust(&format!("{} is no path", self.krate)))?;
        let mut file = syn::parse_file(code).map_err(|error| not_rust(&error.to_string()))?;
        let messages = parsed::messages(&file.items);
        if messages.is_empty() {
            return Ok(code.to_owned());
        }
        let shapes = messages.iter().map(|message| shape::implementation(message, schema));
        let mut package = json::Package::new(schema, &messages);
        let json: Vec<TokenStream> =
            messages.iter().map(|message| package.implementation(message)).collect();
        let tables = package.tables();
        let known = self.unknown_fields.then(|| {
            quote!(
                use __dubhe::protobuf::known as __known;
            )
        });
        let unknown = messages
            .iter()
            .filter(|message| self.unknown_fields && !schema.holds_extensions(&message.name))
            .map(unknown::implementation);
        let forms = quote! {
            #[allow(
                deprecated,
                unused_imports,
                unused_qualifications,
                unused_variables,
                unreachable_patterns,
                clippy::all,
                clippy::pedantic
            )]
            const _: () = {
                use #krate as __dubhe;
                use __dubhe::protobuf::json as __json;
                #known
                use __dubhe::protobuf::shape as __shape;
                #(#shapes)*
                #(#json)*
                #(#unknown)*
                #tables
            };
        };
        if !self.unknown_fields {
            return Ok(format!("{code}{forms}\n"));
        }
        drop(messages);
        unknown::keep(&mut file.items, &self.krate, schema);
        Ok(format!("{}\n{forms}\n", quote!(#file)))
    }

    fn prost<'a>(
        &self,
        files: &[&FileDescriptorProto],
        not_made: impl Iterator<Item = &'a String>,
        descriptors: &dyn Fn(&str) -> TokenStream,
    ) -> prost_build::Config {
        let Self { krate, server, client, .. } = self;
        let mut config = prost_build::Config::new();
        config
            .bytes(["."])
            .type_attribute(".", LINT_ATTRIBUTE)
            .compile_well_known_types()
            .enable_type_names()
            .prost_path(format!("{krate}::protobuf::prost"))
            .service_generator(Box::new(service::Generator::new(
                krate,
                *server,
                *client,
                files,
                descriptors,
            )));
        for name in not_made {
            let last = name.rsplit('.').next().unwrap_or_default();
            config.extern_path(name, format!("{krate}::protobuf::types::{last}"));
        }
        config
    }
}

/// The attribute that keeps the lints of a program off generated types.
const LINT_ATTRIBUTE: &str =
    "#[allow(missing_docs, deprecated, unused_qualifications, clippy::all, clippy::pedantic)]";

/// Files that are read, and their imports.
struct Opened {
    descriptors: Vec<u8>,
    set: FileDescriptorSet,
    /// The types of which nothing is made.
    not_made: HashSet<String>,
    /// The paths of the files; those of `google/protobuf` are built in.
    paths: Vec<PathBuf>,
}

impl Opened {
    fn new(files: &[impl AsRef<Path>], includes: &[impl AsRef<Path>]) -> Result<Self, Error> {
        let mut compiler = protox::Compiler::with_file_resolver(found::resolver(includes));
        compiler.include_imports(true);
        compiler.open_files(files).map_err(|error| edition::explain(error, includes))?;
        let paths = compiler.files().filter_map(|file| file.path()).map(Path::to_owned).collect();
        let descriptors = compiler.encode_file_descriptor_set();
        let mut set = compiler.include_source_info(true).file_descriptor_set();
        defaults::make_infinite(&mut set.file);
        comment::make_inert(&mut set.file);
        let imported = compiler.files().filter(|file| file.is_import());
        let imported = imported.map(|file| file.name().to_owned()).collect();
        let not_made = well_known::not_made(&set.file, &imported);
        Ok(Self { descriptors, set, not_made, paths })
    }

    /// The files of which something is made.
    fn made(&self) -> Vec<&FileDescriptorProto> {
        self.made_of(&self.set.file)
    }

    fn made_of<'a>(&self, files: &'a [FileDescriptorProto]) -> Vec<&'a FileDescriptorProto> {
        files.iter().filter(|file| well_known::is_made(file, &self.not_made)).collect()
    }

    /// Tells cargo which files this depends on.
    #[allow(clippy::print_stdout, reason = "cargo reads it")]
    fn rerun_if_changed(&self) {
        for path in &self.paths {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
}
