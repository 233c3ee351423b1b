//! The types of a method: its arguments and what it returns.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{
    Error, FnArg, GenericArgument, Ident, Pat, PathArguments, Result, ReturnType, Type,
    TypeImplTrait, TypeParamBound, parse_quote_spanned,
};

use super::method::{referent, span_of};
use crate::attr::{JavaOptions, descriptor};
use crate::lacking::{self, first_type, is_callback};

/// An argument that travels.
pub(super) struct Argument<'a> {
    pub(super) ident: &'a Ident,
    pub(super) ty: &'a Type,
    /// `true` for a `Callback`.
    pub(super) callback: bool,
    /// The Java type that it is declared with, where that is not the one of `ty`.
    pub(super) declared: Option<Declared>,
}

/// The type of `#[java(type = "...")]`.
pub(super) struct Declared {
    /// The name in Java's source.
    pub(super) name: String,
    pub(super) descriptor: String,
}

impl Declared {
    fn read(options: JavaOptions) -> Result<Option<Self>> {
        let Some(declared) = options.declared else { return Ok(None) };
        let descriptor = descriptor(&declared)?;
        Ok(Some(Self { name: declared.value, descriptor }))
    }
}

impl<'a> Argument<'a> {
    pub(super) fn read(input: &'a FnArg) -> Result<Self> {
        let FnArg::Typed(typed) = input else {
            return Err(Error::new_spanned(input, "`self` comes first"));
        };
        let Pat::Ident(pattern) = &*typed.pat else {
            return Err(Error::new_spanned(&typed.pat, "give the argument a plain name"));
        };
        let ty = &*typed.ty;
        let options = JavaOptions::read(&typed.attrs, "an argument", &["type"], &[])?;
        if is_context(input) {
            return Err(Error::new_spanned(ty, "`ctx: &Context` comes right after `&self`"));
        }
        if let Some(Type::Path(path)) = Some(ty)
            && path.path.segments.last().is_some_and(|s| s.ident == "Context")
        {
            return Err(Error::new_spanned(ty, "a handler borrows its context: `ctx: &Context`"));
        }
        match ty {
            Type::ImplTrait(opaque) if opaque.bounds.iter().any(|b| stream_item(b).is_some()) => {
                Err(Error::new_spanned(ty, "requests that come one by one are `Streaming<T>`"))
            }
            Type::ImplTrait(_) => Err(Error::new_spanned(
                ty,
                "a Java method has a descriptor, so its arguments have types with names",
            )),
            _ if is_callback(ty) => {
                fixed(&options, "a callback is declared as the interface of its client")?;
                Ok(Self { ident: &pattern.ident, ty, callback: true, declared: None })
            }
            _ if of_messages(referent(ty).unwrap_or(ty)).is_some() => Err(Error::new_spanned(
                ty,
                "`Streaming<T>` is taken by value, and alone: Java has no other such method",
            )),
            Type::Reference(reference) if reference.mutability.is_some() => {
                Err(Error::new_spanned(
                    ty,
                    "arguments are copies that were sent over the network: take the value, or `&`",
                ))
            }
            _ => {
                lacking::check(ty)?;
                let declared = Declared::read(options)?;
                Ok(Self { ident: &pattern.ident, ty, callback: false, declared })
            }
        }
    }

    /// The type that is decoded and sent: what a reference refers to, owned.
    pub(super) fn owned(&self) -> TokenStream {
        match referent(self.ty) {
            Some(inner) => {
                quote_spanned!(inner.span()=> <#inner as ::std::borrow::ToOwned>::Owned)
            }
            None => {
                let ty = self.ty;
                quote!(#ty)
            }
        }
    }

    /// The expression that makes the owned value.
    pub(super) fn to_owned(&self) -> TokenStream {
        // Errors about the value are about its type.
        let (mut ident, span) = (self.ident.clone(), span_of(self.ty));
        ident.set_span(ident.span().located_at(span));
        match referent(self.ty) {
            Some(_) => quote_spanned!(span=> ::std::borrow::ToOwned::to_owned(#ident)),
            None => quote!(#ident),
        }
    }

    /// The expression that passes the owned value to the handler.
    pub(super) fn pass(&self) -> TokenStream {
        let ident = self.ident;
        if referent(self.ty).is_some() { quote!(&#ident) } else { quote!(#ident) }
    }
}

/// Refuses `#[java(type = "...")]` where the type is known.
fn fixed(options: &JavaOptions, why: &str) -> Result<()> {
    match &options.declared {
        Some(declared) => Err(Error::new(declared.span, format!("{why}; leave `type` out"))),
        None => Ok(()),
    }
}

/// The argument `name: Streaming<T>`: requests that come one by one.
pub(super) struct Requests<'a> {
    pub(super) ident: &'a Ident,
    /// The type of one of them.
    pub(super) item: &'a Type,
}

impl<'a> Requests<'a> {
    /// Reads such an argument, when it is the only one.
    pub(super) fn read(inputs: &[&'a FnArg]) -> Result<Option<Self>> {
        let [FnArg::Typed(typed)] = inputs else { return Ok(None) };
        let (Pat::Ident(pattern), Some(item)) = (&*typed.pat, of_messages(&typed.ty)) else {
            return Ok(None);
        };
        let options = JavaOptions::read(&typed.attrs, "an argument", &["type"], &[])?;
        fixed(&options, "Java declares a stream as its observer")?;
        Ok(Some(Self { ident: &pattern.ident, item }))
    }
}

/// `T` of `Streaming<T>`.
fn of_messages(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Path(path) => {
            first_type(path.path.segments.last().filter(|s| s.ident == "Streaming")?)
        }
        Type::Group(group) => of_messages(&group.elem),
        _ => None,
    }
}

/// Returns true for `ctx: &Context`.
pub(super) fn is_context(input: &FnArg) -> bool {
    let FnArg::Typed(typed) = input else { return false };
    match referent(&typed.ty) {
        Some(Type::Path(path)) => path.path.segments.last().is_some_and(|s| s.ident == "Context"),
        _ => false,
    }
}

/// The result of a method, apart from errors.
pub(super) enum Output {
    /// A value.
    Value(Type),
    /// Values that come one by one.
    Stream {
        /// The type of one of them.
        item: Type,
    },
}

impl Output {
    pub(super) fn read(output: &ReturnType, method: &Ident) -> Result<Self> {
        const TEXT: &str = "a call can fail: return `Result<T, Status>`, or with an error of your \
                            own that is `Into<Status>`, such as one with #[derive(JavaException)]";
        let ReturnType::Type(_, ty) = output else {
            return Err(Error::new_spanned(method, TEXT));
        };
        if let Some(stream) = of_stream(ty) {
            let item = stream.bounds.iter().find_map(stream_item).and_then(value_of);
            let item = item.ok_or_else(|| {
                Error::new_spanned(
                    stream,
                    "a method returns one value, or `impl Stream<Item = Result<T, Status>>`",
                )
            })?;
            return lacking::check(&item).map(|()| Self::Stream { item });
        }
        let value = value_of(ty).ok_or_else(|| Error::new_spanned(ty, TEXT))?;
        lacking::check(&value).map(|()| Self::Value(value))
    }

    /// Returns true if it is a value, and certainly not `()`.
    pub(super) fn is_some_value(&self) -> bool {
        match self {
            Self::Value(Type::Tuple(tuple)) => !tuple.elems.is_empty(),
            // An alias may stand for `()`.
            Self::Value(Type::Path(path)) => path.qself.is_none(),
            _ => true,
        }
    }
}

/// `T` of `Result<T>` or `Result<T, E>`, and of any other name that may be an alias of such a type.
fn value_of(ty: &Type) -> Option<Type> {
    match ty {
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last()?;
            match first_type(last) {
                Some(value) if last.ident == "Result" => Some(value.clone()),
                _ if is_no_result(&last.ident) => None,
                _ => {
                    let span = last.ident.span();
                    Some(parse_quote_spanned! {span=>
                        <#ty as __dubhe::client::stub::Fallible>::Value
                    })
                }
            }
        }
        Type::Group(group) => value_of(&group.elem),
        _ => None,
    }
}

/// `impl Stream` of `Result<impl Stream, E>`, or of an alias.
fn of_stream(ty: &Type) -> Option<&TypeImplTrait> {
    match ty {
        Type::Path(path) => match first_type(path.path.segments.last()?)? {
            Type::ImplTrait(stream) => Some(stream),
            _ => None,
        },
        Type::Group(group) => of_stream(&group.elem),
        _ => None,
    }
}

/// Returns true for types that everybody knows for values.
fn is_no_result(name: &Ident) -> bool {
    const VALUES: [&str; 26] = [
        "Option", "Vec", "VecDeque", "String", "Box", "Arc", "Rc", "Cow", "Array", "HashMap",
        "BTreeMap", "HashSet", "BTreeSet", "Value", "bool", "char", "i8", "u8", "i16", "u16",
        "i32", "u32", "i64", "u64", "f32", "f64",
    ];
    VALUES.iter().any(|value| name == value)
}

/// `T` of the bound `Stream<Item = T>`.
fn stream_item(bound: &TypeParamBound) -> Option<&Type> {
    let TypeParamBound::Trait(bound) = bound else { return None };
    let stream = bound.path.segments.last().filter(|s| s.ident == "Stream")?;
    let PathArguments::AngleBracketed(arguments) = &stream.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(item) if item.ident == "Item" => Some(&item.ty),
        _ => None,
    })
}
