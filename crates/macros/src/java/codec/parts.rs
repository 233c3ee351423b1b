//! The parts that are written and read for each field of the wire.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use crate::java::field::Field;
use crate::java::{Object, Role};

/// One field of the wire, in the order of writing.
pub(super) struct Part<'a> {
    pub(super) java: &'a str,
    /// The statement that writes it.
    pub(super) write: TokenStream,
    /// The expression that reads it, and the slot that keeps it; a part without is skipped.
    pub(super) read: Option<(usize, TokenStream)>,
}

/// The fields of a class, without those of its superclass, that are of one kind.
pub(super) fn parts<'a>(object: &'a Object<'_>, simple: bool) -> Vec<Part<'a>> {
    let throwable = if object.throwable { throwable_parts(object, simple) } else { Vec::new() };
    let own = object.own(simple).map(|field| Part {
        java: &field.java,
        write: {
            let (ident, span) = (field.ident, field.ty.span());
            quote_spanned!(span=> __hessian2::Encode::encode(&self.#ident, e)?;)
        },
        read: Some((object.slot_of(field), read_own(field))),
    });
    throwable.into_iter().chain(own).collect()
}

fn read_own(field: &Field<'_>) -> TokenStream {
    let span = field.ty.span();
    if field.default {
        quote_spanned!(span=> __hessian2::derive::decode_or_default(d)?)
    } else {
        quote_spanned!(span=> __hessian2::Decode::decode(d)?)
    }
}

/// The fields that `Throwable` adds, in Java 17's order.
fn throwable_parts<'a>(object: &'a Object<'_>, simple: bool) -> Vec<Part<'a>> {
    let part = |java, role, write: fn(TokenStream) -> TokenStream, without, read| {
        let field = object.of_role(role);
        let write = field.map_or(without, |field| {
            let ident = field.ident;
            write(quote!(self.#ident))
        });
        Part { java, write, read: field.map(|field| (object.slot_of(field), read)) }
    };
    if simple {
        return vec![part(
            "detailMessage",
            Role::Message,
            |field| quote!(__hessian2::Encode::encode(&#field, e)?;),
            quote!(e.write_null();),
            quote!(__hessian2::derive::decode_or_default(d)?),
        )];
    }
    vec![
        Part {
            java: "suppressedExceptions",
            write: quote!(__hessian2::derive::encode_no_suppressed(e)?;),
            read: None,
        },
        part(
            "stackTrace",
            Role::Stack,
            |field| quote!(__hessian2::derive::encode_stack(&#field, e)?;),
            quote!(__hessian2::derive::encode_no_stack(e)?;),
            quote!(__hessian2::derive::decode_or_default(d)?),
        ),
        part(
            "cause",
            Role::Cause,
            |field| quote!(__hessian2::derive::encode_cause(#field.as_ref(), number, e)?;),
            quote!(e.write_reference(number);),
            quote!(__hessian2::derive::decode_cause(d)?),
        ),
    ]
}
