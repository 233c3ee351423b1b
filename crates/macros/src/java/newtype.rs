//! A tuple struct of one field: written and read as this field, under the class of the struct. A collection or map is
//! written as one of that class, unless it is a type of the JDK that no object has or that Hessian does not name.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{DataStruct, Error, Fields, Result, Type, parse_quote};

use super::Container;
use super::generics::{bounded, reading};
use crate::attr::JAVA;
use crate::lacking;

/// The interfaces of collections and maps, of which there are no objects, and the two classes that Hessian writes without a
/// name.
const UNTYPED: &[&str] = &[
    "java.lang.Iterable",
    "java.util.ArrayList",
    "java.util.Collection",
    "java.util.Deque",
    "java.util.HashMap",
    "java.util.List",
    "java.util.Map",
    "java.util.NavigableMap",
    "java.util.NavigableSet",
    "java.util.Queue",
    "java.util.Set",
    "java.util.SortedMap",
    "java.util.SortedSet",
    "java.util.concurrent.ConcurrentMap",
];

/// The one field of a tuple struct, if it is such a struct.
pub(super) fn read(data: &DataStruct) -> Result<Option<&Type>> {
    let Fields::Unnamed(fields) = &data.fields else { return Ok(None) };
    let mut each = fields.unnamed.iter();
    let (Some(field), None) = (each.next(), each.next()) else { return Ok(None) };
    if let Some(option) = field.attrs.iter().find(|attribute| attribute.path().is_ident(JAVA)) {
        let text = "the class is written as this field, which has no options; leave them out";
        return Err(Error::new_spanned(option, text));
    }
    lacking::check(&field.ty).map(|()| Some(&field.ty))
}

pub(super) fn expand(container: &Container<'_>, ty: &Type) -> TokenStream {
    let ident = &container.input.ident;
    // What the class consists of is not known.
    let java_type = container.java_type(&quote! {
        let _ = types;
        ::std::default::Default::default()
    });
    let encodes = bounded(&container.input.generics, &parse_quote!(__hessian2::Encode));
    let decodes = reading(&encodes, &parse_quote!(__hessian2::Decode<'__de>));
    let (_, arguments, _) = container.input.generics.split_for_impl();
    let (encode_generics, _, encode_clause) = encodes.split_for_impl();
    let (decode_generics, _, decode_clause) = decodes.split_for_impl();
    let span = ty.span();
    let class = &container.class;
    let encode_own = if UNTYPED.contains(&class.as_str()) {
        quote!(__hessian2::Encode::encode(&self.0, e))
    } else {
        quote!(__hessian2::Encode::encode_as(self, #class, e))
    };
    let encode = quote_spanned!(span=> __hessian2::Encode::encode_as(&self.0, class, e));
    let decode = quote_spanned!(span=> <#ty as __hessian2::Decode<'__de>>::decode(d).map(Self));
    quote! {
        #java_type

        impl #encode_generics __hessian2::Encode for #ident #arguments #encode_clause {
            fn encode(
                &self,
                e: &mut __hessian2::Encoder,
            ) -> ::std::result::Result<(), __hessian2::Error> {
                #encode_own
            }

            fn encode_as(
                &self,
                class: &str,
                e: &mut __hessian2::Encoder,
            ) -> ::std::result::Result<(), __hessian2::Error> {
                #encode
            }
        }

        impl #decode_generics __hessian2::Decode<'__de> for #ident #arguments #decode_clause {
            fn decode(
                d: &mut __hessian2::Decoder<'__de>,
            ) -> ::std::result::Result<Self, __hessian2::Error> {
                #decode
            }
        }
    }
}
