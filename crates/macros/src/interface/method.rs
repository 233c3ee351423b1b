//! The model of a method.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, FnArg, Ident, ReceiverKind, Result, TraitItemFn, Type};

use super::signature::{Argument, Declared, Output, Requests, is_context};
use crate::attr::JavaOptions;
use crate::lacking;
use crate::names::camel_case;

/// Tuples have codecs up to this length.
const MAX_ARGUMENTS: usize = 16;

/// The methods that a client has of its own.
const RESERVED_METHODS: [&str; 4] = ["new", "over", "with", "client"];

/// A method of the interface.
pub(super) struct Method<'a> {
    pub(super) item: &'a TraitItemFn,
    pub(super) ident: &'a Ident,
    /// The name of the method in Java.
    pub(super) java: String,
    pub(super) context: bool,
    /// The arguments; empty when it takes `requests`.
    pub(super) arguments: Vec<Argument<'a>>,
    pub(super) requests: Option<Requests<'a>>,
    pub(super) output: Output,
    pub(super) oneway: bool,
    /// The callbacks among the arguments end with the call.
    pub(super) ends_callbacks: bool,
    pub(super) options: MethodOptions,
}

/// The options of a client for slow and failed calls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct MethodOptions {
    pub(super) timeout_ms: Option<u64>,
    pub(super) retries: Option<u32>,
}

impl<'a> Method<'a> {
    pub(super) fn read(item: &'a TraitItemFn) -> Result<Self> {
        let signature = &item.sig;
        let options = JavaOptions::read(
            &item.attrs,
            "a method",
            &["name", "timeout_ms", "retries"],
            &["oneway", "end_callbacks"],
        )?;
        if signature.asyncness.is_none() {
            return Err(Error::new_spanned(
                signature.fn_token,
                "a call over the network takes time: write `async fn`",
            ));
        }
        if !signature.generics.params.is_empty() {
            return Err(Error::new_spanned(
                &signature.generics,
                "a Java method is called by name and descriptor, so it has no parameters; use \
                 concrete types, or Value",
            ));
        }
        if RESERVED_METHODS.contains(&&*signature.ident.to_string()) {
            return Err(Error::new_spanned(
                &signature.ident,
                format!(
                    "the client has a method `{0}` of its own; call this one otherwise and keep \
                     its name in Java: #[java(name = \"{0}\")]",
                    signature.ident
                ),
            ));
        }
        let mut inputs = signature.inputs.iter();
        receiver(inputs.next(), &signature.ident)?;
        let mut inputs = inputs.peekable();
        let context = inputs.next_if(|input| is_context(input)).is_some();
        let inputs: Vec<_> = inputs.collect();
        let requests = Requests::read(&inputs)?;
        if let Some(Requests { item, .. }) = &requests {
            lacking::check(item)?;
        }
        let arguments = match requests {
            Some(_) => Vec::new(),
            None => inputs.into_iter().map(Argument::read).collect::<Result<_>>()?,
        };
        if let Some(extra) = arguments.get(MAX_ARGUMENTS) {
            return Err(Error::new_spanned(
                extra.ident,
                format!(
                    "a method has at most {MAX_ARGUMENTS} arguments; put them into a struct with \
                     #[derive(Java)]"
                ),
            ));
        }
        let output = Output::read(&signature.output, &signature.ident)?;
        let oneway = options.has("oneway");
        if oneway && let Some(Requests { ident, .. }) = &requests {
            let text = "a one-way call is one message; send many of them, or leave out `oneway`";
            return Err(Error::new_spanned(ident, text));
        }
        if oneway && output.is_some_value() {
            return Err(Error::new_spanned(
                &signature.output,
                "nobody waits for a one-way call: return Result<(), Status>",
            ));
        }
        let has_end = options.has("end_callbacks");
        let java =
            options.name.map_or_else(|| camel_case(&signature.ident.to_string()), |n| n.value);
        let options = MethodOptions { timeout_ms: options.timeout_ms, retries: options.retries };
        let ident = &signature.ident;
        let ends_callbacks = ends_callbacks(&arguments, has_end, ident)?;
        Ok(Self {
            item,
            ident,
            java,
            context,
            arguments,
            requests,
            output,
            oneway,
            ends_callbacks,
            options,
        })
    }

    /// The callbacks among its arguments, by their places.
    pub(super) fn callbacks(&self) -> impl Iterator<Item = (usize, &Argument<'a>)> {
        self.arguments.iter().enumerate().filter(|(_, argument)| argument.callback)
    }

    /// The name of what its callbacks are for.
    pub(super) fn callback_use(&self) -> TokenStream {
        if self.ends_callbacks {
            quote!(__dubhe::core::callback::CallbackUse::End)
        } else {
            quote!(__dubhe::core::callback::CallbackUse::Begin)
        }
    }

    /// The types of its arguments, for comparison.
    pub(super) fn types(&self) -> String {
        if self.requests.is_some() {
            return self.carried().to_string();
        }
        let each = self.arguments.iter().map(|argument| match &argument.declared {
            Some(Declared { descriptor, .. }) => descriptor.clone(),
            None => argument.owned().to_string(),
        });
        each.collect::<Vec<_>>().join(",")
    }

    /// The tuple of its arguments, as they are decoded.
    pub(super) fn tuple(&self) -> TokenStream {
        let types = self.arguments.iter().map(Argument::owned);
        quote_spanned!(self.carried_span()=> (#(#types,)*))
    }

    /// The tuple of what a message of the request carries.
    fn carried(&self) -> TokenStream {
        match &self.requests {
            // Java's observers are of objects: `Integer`, never `int`.
            Some(Requests { item, .. }) => {
                quote_spanned!(item.span()=> (::std::option::Option<#item>,))
            }
            None => self.tuple(),
        }
    }

    /// The name of its kind, and of what generated servers and clients call for it.
    pub(super) fn shape(&self) -> (Ident, Ident) {
        let (kind, glue) = match (&self.requests, &self.output) {
            (None, Output::Value(_)) if self.oneway => ("OneWay", "oneway"),
            (None, Output::Value(_)) => ("Unary", "unary"),
            (None, Output::Stream { .. }) => ("ServerStream", "server_stream"),
            (Some(_), Output::Value(_)) => ("ClientStream", "client_stream"),
            (Some(_), Output::Stream { .. }) => ("Bidirectional", "bidirectional"),
        };
        (format_ident!("{kind}"), format_ident!("{glue}"))
    }

    /// Returns true if a side sends more than one message.
    pub(super) fn streams(&self) -> bool {
        self.requests.is_some() || matches!(self.output, Output::Stream { .. })
    }

    /// Statements that refuse types which cannot travel. Whatever calls them, the errors are the same and
    /// stand at the types, so the compiler reports them once.
    pub(super) fn checks(&self) -> TokenStream {
        let arguments = self.sent().map(|(written, ty)| {
            quote_spanned!(span_of(written)=> __dubhe::hessian2::payload::check_argument::<#ty>();)
        });
        let result = self.result();
        let result = quote_spanned! {result.span()=>
            __dubhe::hessian2::payload::check_result::<#result>();
        };
        quote!(#(#arguments)* #result)
    }

    /// The expression that makes its `Method`.
    pub(super) fn descriptor(&self) -> TokenStream {
        let (java, carried, (kind, _)) = (&self.java, self.carried(), self.shape());
        let (span, checks) = (self.carried_span(), self.checks());
        let descriptors = if self.arguments.iter().any(|argument| argument.declared.is_some()) {
            self.declared_descriptors(span)
        } else {
            quote_spanned!(span=> <#carried as __dubhe::hessian2::Arguments>::descriptors())
        };
        let span = self.ident.span();
        quote_spanned! {span=>
            {
                #checks
                ::std::sync::Arc::new(
                    __dubhe::core::Method::java(#java, #descriptors)
                        .kind(__dubhe::core::CallKind::#kind),
                )
            }
        }
    }

    /// The expression for the descriptors of arguments of which some are declared with another type.
    fn declared_descriptors(&self, span: Span) -> TokenStream {
        let each = self.arguments.iter().map(|argument| match &argument.declared {
            Some(Declared { descriptor, .. }) => {
                quote!(::std::borrow::Cow::Borrowed(#descriptor))
            }
            None => {
                let ty = argument.owned();
                quote_spanned!(span=> <#ty as __dubhe::hessian2::JavaType>::descriptor())
            }
        });
        quote!(<[::std::borrow::Cow<'static, str>]>::concat(&[#(#each),*]))
    }

    /// The span of the errors of the tuple of arguments: the only type that may lack a form in Java.
    pub(super) fn carried_span(&self) -> Span {
        let types = self.sent().map(|(ty, _)| ty);
        lacking::only_doubtful(types).map_or_else(|| self.ident.span(), |ty| self.located_at(ty))
    }

    /// The span of the errors of its server: as `carried_span`, with the result.
    pub(super) fn server_span(&self) -> Span {
        let types = self.sent().map(|(ty, _)| ty).chain([self.result()]);
        lacking::only_doubtful(types).map_or_else(|| self.ident.span(), |ty| self.located_at(ty))
    }

    /// The span of the method's names, with its errors at a type.
    pub(super) fn located_at(&self, ty: &Type) -> Span {
        self.ident.span().located_at(span_of(ty))
    }

    /// The type of the result, or of one of the results.
    pub(super) fn result(&self) -> &Type {
        let (Output::Value(result) | Output::Stream { item: result }) = &self.output;
        result
    }

    /// The types of the arguments or requests, as they are written and as they are sent.
    fn sent(&self) -> impl Iterator<Item = (&Type, TokenStream)> {
        let arguments = self.arguments.iter().filter(|argument| !argument.callback);
        let requests = self.requests.iter().map(|Requests { item, .. }| (*item, quote!(#item)));
        arguments.map(|argument| (argument.ty, argument.owned())).chain(requests)
    }

    /// The attributes without those that are read here.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &'a Attribute> {
        self.item.attrs.iter().filter(|a| !a.path().is_ident(crate::attr::JAVA))
    }

    /// The documentation.
    pub(super) fn docs(&self) -> impl Iterator<Item = &'a Attribute> {
        self.item.attrs.iter().filter(|a| a.path().is_ident("doc"))
    }
}

fn ends_callbacks(arguments: &[Argument<'_>], said: bool, method: &Ident) -> Result<bool> {
    if said && !arguments.iter().any(|argument| argument.callback) {
        let text =
            "`end_callbacks` is for a method with a callback: `listener: Callback<ListenerClient>`";
        return Err(Error::new_spanned(method, text));
    }
    Ok(said)
}

fn receiver(first: Option<&FnArg>, ident: &Ident) -> Result<()> {
    const TEXT: &str =
        "many calls run at once on one service: take `&self`, and keep state behind a lock";
    match first {
        Some(FnArg::Receiver(receiver)) => match &receiver.kind {
            ReceiverKind::Reference(_, None, None) => Ok(()),
            _ => Err(Error::new(receiver.span(), TEXT)),
        },
        Some(typed @ FnArg::Typed(_)) => Err(Error::new_spanned(typed, TEXT)),
        None => Err(Error::new_spanned(ident, TEXT)),
    }
}

/// The span of a type, or of what it refers to.
pub(super) fn span_of(ty: &Type) -> Span {
    referent(ty).unwrap_or(ty).span()
}

/// A type argument that is a reference gives what it refers to.
pub(super) fn referent(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Reference(reference) => Some(&reference.elem),
        Type::Group(group) => referent(&group.elem),
        _ => None,
    }
}
