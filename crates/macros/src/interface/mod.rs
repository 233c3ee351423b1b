//! `#[interface]`.
//!
//! `Interface` is the model of the trait; `declaration` writes the trait itself, `server`
//! and `client` what stands around it.

mod args;
mod client;
mod declaration;
mod method;
mod server;
mod signature;

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Ident, ItemTrait, Path, Result, TraitItem, parse_quote, parse2};

use args::Args;
use method::Method;

/// A trait that stands for a Java interface.
struct Interface<'a> {
    item: &'a ItemTrait,
    args: Args,
    methods: Vec<Method<'a>>,
    server: Ident,
    client: Ident,
    /// The path of the module with the crates that generated code names.
    private: Path,
}

/// An item beside the trait, and what goes into the scope of generated code.
struct Expansion {
    item: TokenStream,
    implementation: TokenStream,
}

/// Expands `#[interface]`.
pub(crate) fn expand(args: TokenStream, item: ItemTrait) -> Result<TokenStream> {
    let interface = Interface::read(parse2(args)?, &item)?;
    let (server, client) = (server::expand(&interface), client::expand(&interface));
    let declaration = declaration::expand(&interface);
    let scoped =
        interface.isolate(&[interface.table(), server.implementation, client.implementation]);
    let (server, client) = (server.item, client.item);
    Ok(quote! { #declaration #server #client #scoped })
}

impl<'a> Interface<'a> {
    fn read(args: Args, item: &'a ItemTrait) -> Result<Self> {
        if !item.generics.params.is_empty() {
            return Err(Error::new_spanned(
                &item.generics,
                "a Java interface is called by name, so its trait has no parameters; use concrete \
                 types, or Value",
            ));
        }
        let methods = item.items.iter().map(read_item).collect::<Result<Vec<_>>>()?;
        check_overloads(&methods)?;
        check_protocols(&methods)?;
        let private = args.krate.clone().unwrap_or_else(|| parse_quote!(::dubhe::__private));
        Ok(Self {
            item,
            args,
            methods,
            server: format_ident!("{}Server", item.ident),
            client: format_ident!("{}Client", item.ident),
            private,
        })
    }

    /// Puts generated items into a scope of their own.
    fn isolate(&self, items: &[TokenStream]) -> TokenStream {
        let private = &self.private;
        quote! {
            #[doc(hidden)]
            #[allow(unused_qualifications, clippy::absolute_paths)]
            const _: () = {
                use #private as __dubhe;
                #(#items)*
            };
        }
    }

    /// The functions that give the name of the service and its methods.
    fn table(&self) -> TokenStream {
        let Args { interface, group, version, .. } = &self.args;
        let methods = self.methods.iter().map(Method::descriptor);
        let count = self.methods.len();
        quote! {
            fn __service() -> __dubhe::core::ServiceKey {
                __dubhe::core::ServiceKey::new(#interface, #group, #version)
            }

            fn __methods() -> [::std::sync::Arc<__dubhe::core::Method>; #count] {
                [#(#methods),*]
            }
        }
    }
}

fn read_item(item: &TraitItem) -> Result<Method<'_>> {
    match item {
        TraitItem::Fn(function) => Method::read(function),
        other => Err(Error::new_spanned(
            other,
            "a Java interface has methods only; move this into a trait of its own",
        )),
    }
}

/// Checks that one protocol carries all methods: streams need Triple, callbacks the dubbo protocol.
fn check_protocols(methods: &[Method<'_>]) -> Result<()> {
    let callback = methods.iter().find_map(|method| method.callbacks().next());
    match (callback, methods.iter().any(Method::streams)) {
        (Some((_, callback)), true) => Err(Error::new_spanned(
            callback.ty,
            "callbacks need the dubbo protocol and streams need Triple: put the methods of one kind \
             into an interface of their own",
        )),
        _ => Ok(()),
    }
}

/// Checks that methods of one name can be told apart by their arguments, and are configured as one.
fn check_overloads(methods: &[Method<'_>]) -> Result<()> {
    let mut seen: HashMap<&str, Vec<&Method<'_>>> = HashMap::new();
    for method in methods {
        let same_name = seen.entry(&method.java).or_default();
        for earlier in same_name.iter() {
            if earlier.types() == method.types() {
                return Err(Error::new_spanned(
                    method.ident,
                    format!(
                        "`{}` and `{}` are both `{}` with the same arguments in Java; rename one: \
                         #[java(name = \"...\")]",
                        earlier.ident, method.ident, method.java
                    ),
                ));
            }
            if earlier.options != method.options {
                return Err(Error::new_spanned(
                    method.ident,
                    format!(
                        "Dubbo configures methods by name: give all methods called `{}` the same \
                         timeout_ms and retries",
                        method.java
                    ),
                ));
            }
        }
        same_name.push(method);
    }
    Ok(())
}
