//! Writes `.proto` files of an [`Api`]: one a package, `org/example.proto` for `org.example`, where the types allow it.
//!
//! A class is a message, with the fields of its superclasses first; a generic one is a message for each use, such as
//! `PageOfUser`. An abstract class is a `oneof` of its subclasses. Exceptions are no messages: they are named in comments.
//!
//! A method has one message each way. That is the class of its one parameter, or a message `UsersGetUserRequest` with a
//! field for each parameter: so it is unless there is exactly one parameter, a class that may not be null. In the same
//! way the result is its class, or the field `result` of `UsersGetUserResponse`; `void` is `google.protobuf.Empty`.
//! Of overloads, the first is written.
//!
//! | Java | protocol buffers |
//! | --- | --- |
//! | `boolean`, `float`, `double`, `long`, `String`, `byte[]` | `bool`, `float`, `double`, `int64`, `string`, `bytes` |
//! | `int`, `short`, `byte` | `int32` |
//! | `char`, `BigDecimal`, `BigInteger`, `UUID`, `Locale`, `Currency`, enums of the JDK | `string` |
//! | `Integer` and so on, whatever may be null | `optional` |
//! | `java.util.Date`, `java.sql.Timestamp`, `Instant`; `Duration` | `google.protobuf.Timestamp`, `Duration` |
//! | other types of `java.time`, `java.sql.Date`, `java.sql.Time` | `string`, in ISO 8601 |
//! | arrays, lists and sets; maps | `repeated`; `map` |
//! | an enum | an enum with `COLOR_UNSPECIFIED` as its zero |
//!
//! `Object`, nested collections, collections without type arguments, keys of maps that are no integers, booleans or texts,
//! and packages that would import each other are left out with a note.
//!
//! Fields are numbered in their order. With the file of before, numbers stay: what is new comes behind them, and what is
//! gone, or has another type now, is `reserved`.
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "files are short and written once: what reads best is best"
)]

mod existing;
mod file;
mod methods;
mod names;
mod types;

use std::collections::BTreeMap;

use crate::model::{Kind, Type};
use crate::{Api, Written};

use existing::Existing;
use types::Types;

/// The options of writing `.proto` files.
#[derive(Clone, Debug, Default)]
pub struct ProtoWriter {
    existing: BTreeMap<String, String>,
}

impl ProtoWriter {
    /// All defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// A file of before, by the path that [`Written::files`] has, whose numbers are kept. Without it, fields are
    /// numbered anew.
    pub fn existing(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.existing.insert(path.into(), text.into());
        self
    }

    /// Writes one file a package.
    pub fn write(&self, api: &Api) -> Written {
        let mut written = Written::default();
        let mut types = Types::new(api);
        for declared in api.types.values() {
            let name = &declared.name;
            let named = match &declared.kind {
                Kind::Service(service) => {
                    methods::write(&mut types, declared, service);
                    continue;
                }
                // A generic class has a message for each use.
                Kind::Class(class) if class.is_exception || !class.parameters.is_empty() => {
                    continue;
                }
                Kind::Class(_) | Kind::Enum(_) => types.named(&Type::class(name)),
            };
            if let Err(why) = named {
                types.note(name, format!("the type is left out: {why}"));
            }
        }
        types.build();
        for (package, content) in types.files.iter().filter(|(_, content)| !content.is_empty()) {
            let path = names::file(package);
            let existing = match self.existing.get(&path).map(|text| Existing::parse(text)) {
                Some(Err(why)) => {
                    let text =
                        format!("its numbers cannot be kept, the file is not written: {why}");
                    written.note(path, text);
                    continue;
                }
                Some(Ok(existing)) => existing,
                None => Existing::default(),
            };
            let text = file::write(package, content, &existing);
            written.files.insert(path, text);
        }
        written.notes.splice(0..0, types.notes);
        written
    }
}
