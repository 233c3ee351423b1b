//! Reading `#[java(...)]`, with errors that name the nearest known option.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, LitInt, LitStr, Path, Result};

use crate::names::hint;

/// The name of the attribute that all macros of this crate read.
pub(crate) const JAVA: &str = "java";

/// A value and where it was written.
#[derive(Clone)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// The options of `#[java(...)]`. Each macro names those that mean something at each place.
#[derive(Default)]
pub(crate) struct JavaOptions {
    /// `class = "org.example.User"`.
    pub(crate) class: Option<Spanned<String>>,
    /// `crate = "dubhe_hessian2"`.
    pub(crate) krate: Option<Path>,
    /// `name = "userName"`.
    pub(crate) name: Option<Spanned<String>>,
    /// `type = "java.util.Collection"`.
    pub(crate) declared: Option<Spanned<String>>,
    /// `timeout_ms = 500`.
    pub(crate) timeout_ms: Option<u64>,
    /// `retries = 0`.
    pub(crate) retries: Option<u32>,
    flags: Vec<Spanned<&'static str>>,
}

impl JavaOptions {
    /// Reads the `#[java(...)]` among `attrs`. `values` and `flags` are the options known at this
    /// `place`, such as "a field".
    pub(crate) fn read(
        attrs: &[Attribute],
        place: &str,
        values: &[&'static str],
        flags: &[&'static str],
    ) -> Result<Self> {
        let mut options = Self::default();
        for attr in attrs.iter().filter(|a| a.path().is_ident(JAVA)) {
            attr.parse_nested_meta(|meta| options.read_one(&meta, place, values, flags))?;
        }
        Ok(options)
    }

    fn read_one(
        &mut self,
        meta: &ParseNestedMeta<'_>,
        place: &str,
        values: &[&'static str],
        flags: &[&'static str],
    ) -> Result<()> {
        let said = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        if let Some(flag) = flags.iter().find(|flag| **flag == said) {
            return self.set_flag(meta, flag);
        }
        if !values.contains(&&*said) {
            let known: Vec<_> = values.iter().chain(flags).copied().collect();
            return Err(unknown(meta, &said, place, &known));
        }
        match &*said {
            "class" => once(&mut self.class, meta, text(meta)?),
            "name" => once(&mut self.name, meta, text(meta)?),
            "type" => once(&mut self.declared, meta, text(meta)?),
            "crate" => once(&mut self.krate, meta, meta.value()?.parse::<LitStr>()?.parse()?),
            "timeout_ms" => once(&mut self.timeout_ms, meta, number(meta)?),
            "retries" => once(&mut self.retries, meta, number(meta)?),
            _ => Err(meta.error("this option is known here, but nothing reads it")),
        }
    }

    fn set_flag(&mut self, meta: &ParseNestedMeta<'_>, flag: &'static str) -> Result<()> {
        if self.has(flag) {
            return Err(meta.error(format!("`{flag}` is said twice")));
        }
        if meta.input.peek(syn::Token![=]) {
            return Err(meta.error(format!("`{flag}` takes no value")));
        }
        let span = meta.path.get_ident().map_or_else(Span::call_site, syn::Ident::span);
        self.flags.push(Spanned { value: flag, span });
        Ok(())
    }

    /// Returns true if a flag is set.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f.value == flag)
    }

    /// Refuses more than one flag.
    pub(crate) fn exclusive(&self) -> Result<()> {
        let [first, rest @ ..] = &*self.flags else { return Ok(()) };
        if let Some(second) = rest.first() {
            let text = format!("`{}` and `{}` exclude each other", first.value, second.value);
            return Err(Error::new(second.span, text));
        }
        Ok(())
    }
}

fn unknown(meta: &ParseNestedMeta<'_>, said: &str, place: &str, known: &[&str]) -> Error {
    let hint = hint(said, known);
    meta.error(format!("`{said}` is not an option of {place}; {hint}"))
}

fn once<T>(slot: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(meta.error("this option is given twice")),
    }
}

fn text(meta: &ParseNestedMeta<'_>) -> Result<Spanned<String>> {
    let literal: LitStr = meta.value()?.parse()?;
    if literal.value().is_empty() {
        return Err(Error::new(literal.span(), "this must not be empty"));
    }
    Ok(Spanned { value: literal.value(), span: literal.span() })
}

fn number<N: std::str::FromStr<Err: std::fmt::Display>>(meta: &ParseNestedMeta<'_>) -> Result<N> {
    meta.value()?.parse::<LitInt>()?.base10_parse()
}

/// A Java class name as it is written in Java: dots between packages, `$` before nested classes.
pub(crate) fn check_class(class: &Spanned<String>) -> Result<()> {
    if is_class(&class.value) {
        return Ok(());
    }
    Err(Error::new(
        class.span,
        "this is not a Java class name; write it with its package, such as \
         \"org.example.User\", and nested classes with `$`: \"org.example.User$Kind\"",
    ))
}

/// The descriptor of a type as Java's sources write it, without type arguments.
pub(crate) fn descriptor(declared: &Spanned<String>) -> Result<String> {
    let element = declared.value.trim_end_matches("[]");
    let brackets = "[".repeat((declared.value.len() - element.len()) / 2);
    let component = match element {
        "boolean" => "Z",
        "byte" => "B",
        "short" => "S",
        "char" => "C",
        "int" => "I",
        "long" => "J",
        "float" => "F",
        "double" => "D",
        class if is_class(class) && class != "void" => {
            return Ok(format!("{brackets}L{};", class.replace('.', "/")));
        }
        _ => {
            return Err(Error::new(
                declared.span,
                "this is no type of a parameter in Java; write it as in Java, with its package and \
                 without type arguments: \"java.util.Collection\", \"org.example.User$Kind[]\", \"int\"",
            ));
        }
    };
    Ok(brackets + component)
}

/// Returns `true` for what the JVM may call a class, names of obfuscated classes such as `a.1` among them.
fn is_class(name: &str) -> bool {
    name.split('.').all(|part| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'))
    })
}
