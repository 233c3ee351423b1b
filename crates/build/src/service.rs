//! The model of a service, and its trait.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, TokenStream};
use prost_build::ServiceGenerator;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};
use quote::{format_ident, quote};

use crate::names::{self, type_name};
use crate::{client, server};

/// Writes what stands around a service.
pub(crate) struct Generator {
    private: TokenStream,
    server: bool,
    client: bool,
    /// The expressions of the descriptors, by packages.
    descriptors: HashMap<String, TokenStream>,
    /// The names of the items of each service, by its name on the wire.
    items: HashMap<String, Items>,
}

impl Generator {
    /// A generator for the services of `files`.
    pub(crate) fn new(
        krate: &str,
        server: bool,
        client: bool,
        files: &[&FileDescriptorProto],
        descriptors: &dyn Fn(&str) -> TokenStream,
    ) -> Self {
        let packages = files.iter().map(|file| file.package());
        let descriptors =
            packages.map(|package| (package.to_owned(), descriptors(package))).collect();
        Self { private: tokens(krate), server, client, descriptors, items: items(files) }
    }
}

/// The names of what is made of a service.
#[derive(Clone)]
pub(crate) struct Items {
    pub(crate) service: Ident,
    pub(crate) server: Ident,
    pub(crate) client: Ident,
}

/// The names for the services of `files`. Messages and enums have theirs, and traits come before
/// servers and clients; whoever comes late gets an underscore at its end.
fn items(files: &[&FileDescriptorProto]) -> HashMap<String, Items> {
    let mut taken = HashSet::new();
    for file in files {
        let messages = file.message_type.iter().map(DescriptorProto::name);
        let enums = file.enum_type.iter().map(EnumDescriptorProto::name);
        let module = names::module(file.package());
        taken.extend(messages.chain(enums).map(|name| (module.clone(), type_name(name))));
    }
    let mut named = |package: &str, name: String| {
        format_ident!("{}", free(name, |name| taken.insert((names::module(package), name.into()))))
    };
    let mut services = Vec::new();
    for file in files {
        for service in &file.service {
            let (package, name) = (file.package(), type_name(service.name()));
            services.push((package, service.name(), named(package, name)));
        }
    }
    let named = services.into_iter().map(|(package, name, service)| {
        let base = type_name(name);
        let base = base.trim_end_matches('_');
        let server = named(package, format!("{base}Server"));
        let client = named(package, format!("{base}Client"));
        (name_on_wire(package, name), Items { service, server, client })
    });
    named.collect()
}

/// The name with as many underscores at its end as it takes to be the first of it.
pub(crate) fn free(mut name: String, mut is_first: impl FnMut(&str) -> bool) -> String {
    while !is_first(&name) {
        name.push('_');
    }
    name
}

fn name_on_wire(package: &str, name: &str) -> String {
    if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") }
}

impl ServiceGenerator for Generator {
    fn generate(&mut self, service: prost_build::Service, buf: &mut String) {
        let name = name_on_wire(&service.package, &service.proto_name);
        // All services of the files have theirs.
        let Some(items) = self.items.get(&name) else { return };
        let package = service.package.clone();
        let service = Service::read(&self.private, name, items.clone(), &service);
        if self.server {
            buf.push_str(&service.declaration().to_string());
            let descriptors = self.descriptors.get(&package);
            buf.push_str(&server::expand(&service, descriptors).to_string());
        }
        if self.client {
            buf.push_str(&client::expand(&service).to_string());
        }
    }
}

/// A service of a `.proto` file.
pub(crate) struct Service {
    /// The path of the module that holds the crates which generated code names.
    pub(crate) private: TokenStream,
    /// The names of the trait, the server and the client.
    pub(crate) items: Items,
    /// The name on the wire: `package.Service`.
    pub(crate) name: String,
    docs: Vec<String>,
    pub(crate) methods: Vec<Method>,
}

/// A method of it.
pub(crate) struct Method {
    pub(crate) ident: TokenStream,
    /// The name on the wire.
    pub(crate) name: String,
    docs: Vec<String>,
    pub(crate) input: TokenStream,
    pub(crate) output: TokenStream,
    pub(crate) shape: Shape,
}

/// The sides that send more than one message.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) many_in: bool,
    pub(crate) many_out: bool,
}

impl Shape {
    /// The name of the functions that generated servers and clients call.
    pub(crate) fn glue(self) -> Ident {
        format_ident!(
            "{}",
            match (self.many_in, self.many_out) {
                (false, false) => "unary",
                (true, false) => "client_stream",
                (false, true) => "server_stream",
                (true, true) => "bidirectional",
            }
        )
    }

    fn kind(self) -> Ident {
        format_ident!(
            "{}",
            match (self.many_in, self.many_out) {
                (false, false) => "Unary",
                (true, false) => "ClientStream",
                (false, true) => "ServerStream",
                (true, true) => "Bidirectional",
            }
        )
    }
}

impl Service {
    fn read(
        private: &TokenStream,
        name: String,
        items: Items,
        service: &prost_build::Service,
    ) -> Self {
        let mut taken = HashSet::new();
        let mut methods: Vec<Method> = service.methods.iter().map(Method::read).collect();
        for method in &mut methods {
            let name = free(method.ident.to_string(), |name| taken.insert(name.to_owned()));
            method.ident = tokens(&name);
        }
        Self {
            private: private.clone(),
            items,
            name,
            docs: service.comments.leading.clone(),
            methods,
        }
    }

    /// The trait. Methods return futures that can be sent between threads, and implementations
    /// write them as `async fn`.
    fn declaration(&self) -> TokenStream {
        let Self { private, items: Items { service: ident, .. }, .. } = self;
        let docs = docs(&self.docs, || format!("The service `{}`.", self.name));
        let methods = self.methods.iter().map(|method| {
            let Method { ident, input, output, shape, .. } = method;
            let docs = method.docs();
            let input = if shape.many_in {
                quote!(#private::core::Streaming<#input>)
            } else {
                quote!(#input)
            };
            let output = if shape.many_out {
                quote! {
                    impl #private::protobuf::futures_core::Stream<
                        Item = ::core::result::Result<#output, #private::core::Status>,
                    > + ::core::marker::Send
                }
            } else {
                quote!(#output)
            };
            quote! {
                #docs
                fn #ident(
                    &self,
                    request: #private::core::Request<#input>,
                ) -> impl ::core::future::Future<
                    Output = ::core::result::Result<
                        #private::core::Response<#output>,
                        #private::core::Status,
                    >,
                > + ::core::marker::Send;
            }
        });
        quote! {
            #docs
            #[allow(dead_code, reason = "few programs are both ends of a service")]
            #[allow(clippy::all, clippy::pedantic)]
            pub trait #ident: ::core::marker::Send + ::core::marker::Sync + 'static {
                #(#methods)*
            }
        }
    }

    /// The expressions of its key and of the array of its methods.
    pub(crate) fn table(&self) -> (TokenStream, TokenStream) {
        let name = &self.name;
        let methods = self.methods.iter().map(|Method { name, shape, .. }| {
            let kind = shape.kind();
            quote!(__dubhe::protobuf::method(#name, __dubhe::core::CallKind::#kind))
        });
        (quote!(__dubhe::core::ServiceKey::interface_only(#name)), quote!([#(#methods),*]))
    }

    /// Puts implementations into a scope of their own.
    pub(crate) fn isolate(&self, items: &TokenStream) -> TokenStream {
        let private = &self.private;
        quote! {
            #[allow(
                unused_qualifications,
                clippy::all,
                clippy::pedantic,
                clippy::absolute_paths,
                clippy::indexing_slicing
            )]
            const _: () = {
                use #private as __dubhe;
                #items
            };
        }
    }
}

impl Method {
    fn read(method: &prost_build::Method) -> Self {
        Self {
            ident: tokens(&method.name),
            name: method.proto_name.clone(),
            docs: method.comments.leading.clone(),
            input: tokens(&method.input_type),
            output: tokens(&method.output_type),
            shape: Shape { many_in: method.client_streaming, many_out: method.server_streaming },
        }
    }

    pub(crate) fn docs(&self) -> TokenStream {
        docs(&self.docs, || format!("The method `{}`.", self.name))
    }
}

/// The comment before an item of a `.proto` file, or what to say without one.
fn docs(comment: &[String], otherwise: impl FnOnce() -> String) -> TokenStream {
    let lines = comment.iter().flat_map(|block| block.lines());
    let lines: Vec<String> = lines
        .map(|line| if line.is_empty() { String::new() } else { format!(" {line}") })
        .collect();
    if lines.is_empty() {
        let text = otherwise();
        return quote!(#[doc = #text]);
    }
    quote!(#(#[doc = #lines])*)
}

/// Parses a path that prost gives as text.
pub(crate) fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|error: proc_macro2::LexError| {
        let text = format!("`{text}` is not valid Rust: {error}");
        quote!(::core::compile_error!(#text))
    })
}
