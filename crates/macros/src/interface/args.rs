//! `#[interface("org.example.Users", version = "1.0.0", group = "shop")]`.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Path, Result, Token};

use crate::attr::{Spanned, check_class};
use crate::names::hint;

const ARGUMENTS: [&str; 3] = ["version", "group", "crate"];

/// The arguments of the attribute.
pub(super) struct Args {
    pub(super) interface: String,
    pub(super) version: String,
    pub(super) group: String,
    /// The path that stands for `::dubhe::__private`.
    pub(super) krate: Option<Path>,
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(LitStr) {
            let span = if input.is_empty() { Span::call_site() } else { input.span() };
            return Err(Error::new(
                span,
                "which Java interface is this? say it first: #[interface(\"org.example.Users\")]",
            ));
        }
        let name: LitStr = input.parse()?;
        check_class(&Spanned { value: name.value(), span: name.span() })?;
        let mut args = Self {
            interface: name.value(),
            version: String::new(),
            group: String::new(),
            krate: None,
        };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let key = Ident::parse_any(input)?;
            if !ARGUMENTS.contains(&&*key.to_string()) {
                let hint = hint(&key.to_string(), &ARGUMENTS);
                let text = format!("`{key}` is not an option of an interface; {hint}");
                return Err(Error::new(key.span(), text));
            }
            input.parse::<Token![=]>()?;
            let value: LitStr = input.parse()?;
            match &*key.to_string() {
                "version" => args.version = value.value(),
                "group" => args.group = value.value(),
                _ => args.krate = Some(value.parse()?),
            }
        }
        Ok(args)
    }
}
