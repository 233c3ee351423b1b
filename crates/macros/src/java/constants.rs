//! A Java enum: an object of the enum's class whose only field is the name of the constant
//! (hessian-lite `EnumSerializer`; a constant with a body is written as its enum's class too).

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Result};

use super::Container;
use super::variant::Variants;
use crate::names::{clash, screaming_snake_case};

pub(crate) fn expand(container: &Container<'_>, variants: &Variants<'_>) -> Result<TokenStream> {
    let names = names(variants)?;
    let ident = &container.input.ident;
    let (generics, arguments, clause) = container.input.generics.split_for_impl();
    if !container.input.generics.params.is_empty() {
        return Err(Error::new_spanned(generics, "a Java enum has no parameters"));
    }
    let class = &container.class;
    let java_type = container.java_type(&quote! {
        let _ = types;
        __hessian2::derive::TypeDefinition {
            enums: ::std::vec![#(::std::convert::From::from(#names)),*],
            ..::std::default::Default::default()
        }
    });
    let idents: Vec<_> = variants.known.iter().map(|v| v.ident).collect();
    let start = variants.other.is_none().then(|| quote!(let start = d.position();));
    let (other_name, other_value) = match &variants.other {
        Some(other) => {
            let other = other.ident;
            (
                quote!(Self::#other(name) => ::std::convert::AsRef::<str>::as_ref(name),),
                quote!(name => ::std::result::Result::Ok(Self::#other(::std::convert::From::from(name))),),
            )
        }
        None => (
            TokenStream::new(),
            quote!(name => ::std::result::Result::Err(
                __hessian2::Error::unknown_constant(#class, name).at(start)
            ),),
        ),
    };
    Ok(quote! {
        #java_type

        impl #generics __hessian2::Encode for #ident #arguments #clause {
            fn encode(
                &self,
                e: &mut __hessian2::Encoder,
            ) -> ::std::result::Result<(), __hessian2::Error> {
                static CLASS: __hessian2::Class = __hessian2::Class::new(#class, &["name"]);
                let name: &str = match self {
                    #(Self::#idents => #names,)*
                    #other_name
                };
                e.write_object(&CLASS, |e| {
                    e.write_str(name);
                    ::std::result::Result::Ok(())
                })
            }
        }

        impl<'__de> __hessian2::Decode<'__de> for #ident {
            fn decode(
                d: &mut __hessian2::Decoder<'__de>,
            ) -> ::std::result::Result<Self, __hessian2::Error> {
                #start
                match &*d.read_constant_of(#class, &[#(#names),*])? {
                    #(#names => ::std::result::Result::Ok(Self::#idents),)*
                    #other_value
                }
            }
        }
    })
}

fn names(variants: &Variants<'_>) -> Result<Vec<String>> {
    let mut seen = HashMap::new();
    let mut names = Vec::new();
    for variant in &variants.known {
        let name = match &variant.name {
            Some(name) => name.value.clone(),
            None => screaming_snake_case(&variant.ident.to_string()),
        };
        if let Some(earlier) = seen.insert(name.clone(), variant.ident) {
            return Err(clash(earlier, variant.ident, &name));
        }
        names.push(name);
    }
    Ok(names)
}
