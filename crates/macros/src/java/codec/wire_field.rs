//! The fields of a class on the wire, with the code that writes and reads each.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use crate::java::field::Field;
use crate::java::{Object, Role};

/// A field of the wire, in the order of writing.
pub(super) struct WireField<'a> {
    pub(super) java: &'a str,
    /// The statement that writes it.
    pub(super) write: TokenStream,
    /// The expression that reads it, and the slot that keeps it; a field without is skipped.
    pub(super) read: Option<(usize, TokenStream)>,
}

/// The fields of a class, without those of its superclass, that are of one kind.
pub(super) fn wire_fields<'a>(object: &'a Object<'_>, simple: bool) -> Vec<WireField<'a>> {
    let throwable = if object.throwable { throwable_fields(object, simple) } else { Vec::new() };
    let own = object.own(simple).map(|field| WireField {
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
fn throwable_fields<'a>(object: &'a Object<'_>, simple: bool) -> Vec<WireField<'a>> {
    let field_of = |java, role, write: fn(TokenStream) -> TokenStream, without, read| {
        let field = object.of_role(role);
        let write = field.map_or(without, |field| {
            let ident = field.ident;
            write(quote!(self.#ident))
        });
        WireField { java, write, read: field.map(|field| (object.slot_of(field), read)) }
    };
    if simple {
        return vec![field_of(
            "detailMessage",
            Role::Message,
            |field| quote!(__hessian2::Encode::encode(&#field, e)?;),
            quote!(e.write_null();),
            quote!(__hessian2::derive::decode_or_default(d)?),
        )];
    }
    vec![
        field_of(
            "suppressedExceptions",
            Role::Suppressed,
            |field| quote!(__hessian2::derive::encode_suppressed(&#field, e)?;),
            quote!(__hessian2::derive::encode_no_suppressed(e)?;),
            quote!(__hessian2::derive::decode_or_default(d)?),
        ),
        field_of(
            "stackTrace",
            Role::Stack,
            |field| quote!(__hessian2::derive::encode_stack(&#field, e)?;),
            quote!(__hessian2::derive::encode_no_stack(e)?;),
            quote!(__hessian2::derive::decode_or_default(d)?),
        ),
        field_of(
            "cause",
            Role::Cause,
            |field| quote!(__hessian2::derive::encode_cause(#field.as_ref(), number, e)?;),
            quote!(e.write_reference(number);),
            quote!(__hessian2::derive::decode_cause(d)?),
        ),
    ]
}
