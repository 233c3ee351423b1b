//! The JSON forms of the types of `google/protobuf/*.proto`.

use prost_types::{Any, Duration, FieldMask, ListValue, Struct, Timestamp, Value, value};

use super::{Error, Json, Object, Plain, Reader, Type, Types, Writer};
use crate::types::{
    BoolValue, BytesValue, DoubleValue, Empty, FloatValue, Int32Value, Int64Value, StringValue,
    UInt32Value, UInt64Value,
};

macro_rules! types {
    ($($name:ident)*) => {
        /// The types that every `Any` may hold.
        pub(super) static WELL_KNOWN: Types = Types {
            messages: &[$(Type::of::<$name>(concat!("google.protobuf.", stringify!($name)))),*],
            uses: &[],
        };
    };
}

types! {
    Any BoolValue BytesValue DoubleValue Duration Empty FieldMask FloatValue Int32Value Int64Value
    ListValue StringValue Struct Timestamp UInt32Value UInt64Value Value
}

macro_rules! wrappers {
    ($($name:ident)*) => {$(
        impl Json for $name {
            fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
                self.value.write(out)
            }

            fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
                self.value.read(json)
            }
        }
    )*};
}

wrappers! {
    BoolValue BytesValue DoubleValue FloatValue Int32Value Int64Value StringValue UInt32Value
    UInt64Value
}

impl Object for Empty {
    fn find(_: &str) -> Option<u32> {
        None
    }

    fn read_field(&mut self, _: u32, json: &mut Reader<'_>) -> Result<(), Error> {
        json.skip()
    }

    fn write_fields(&self, _: &mut Writer<'_>) -> Result<(), Error> {
        Ok(())
    }
}

impl Json for FieldMask {
    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        let mut text = String::new();
        for path in &self.paths {
            if !text.is_empty() {
                text.push(',');
            }
            camel_case(path, &mut text).ok_or_else(|| {
                Error::new(format!("the path {path:?} of a FieldMask has no form in camel case"))
            })?;
        }
        out.string(&text)
    }

    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
        let text = json.string()?;
        // As protobuf's Java, this passes over empty paths, which could not be written.
        for path in text.split(',').filter(|path| !path.is_empty()) {
            json.element::<String>()?;
            json.block(2 * path.len())?;
            self.paths.push(
                snake_case(path).ok_or_else(|| {
                    json.error("expected paths in camel case, separated by commas")
                })?,
            );
        }
        Ok(())
    }
}

/// Appends a path in camel case; `None` if it would not come back.
fn camel_case(path: &str, out: &mut String) -> Option<()> {
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        match character {
            '_' => {
                let next = characters.next().filter(char::is_ascii_lowercase)?;
                out.push(next.to_ascii_uppercase());
            }
            character if character.is_ascii_uppercase() => return None,
            character => out.push(character),
        }
    }
    Some(())
}

/// A path in snake case; `None` if it is not one in camel case.
fn snake_case(path: &str) -> Option<String> {
    let mut out = String::with_capacity(path.len());
    for character in path.chars() {
        match character {
            'A'..='Z' => {
                out.push('_');
                out.push(character.to_ascii_lowercase());
            }
            'a'..='z' | '0'..='9' | '.' => out.push(character),
            _ => return None,
        }
    }
    Some(out)
}

impl Json for Struct {
    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        out.object(|out| {
            for (key, value) in &self.fields {
                out.any_key(key)?;
                value.write(out).map_err(|error| error.within(key))?;
            }
            Ok(())
        })
    }

    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
        json.object(&mut |json, key| {
            json.block(key.len())?;
            json.charge(2 * (size_of::<String>() + size_of::<Value>()))?;
            let mut value = Value::default();
            value.read(json)?;
            match self.fields.insert(key.to_owned(), value) {
                None => Ok(()),
                Some(_) => Err(json.error("a key that comes twice")),
            }
        })
    }
}

impl Json for ListValue {
    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        out.begin(b'[')?;
        for (index, value) in self.values.iter().enumerate() {
            out.next();
            value.write(out).map_err(|error| error.at(index))?;
        }
        out.end(b']');
        Ok(())
    }

    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
        json.elements(Plain, &mut self.values)
    }
}

impl Json for Value {
    const NULL: bool = true;

    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        match &self.kind {
            None | Some(value::Kind::NullValue(_)) => {
                out.null();
                Ok(())
            }
            Some(value::Kind::BoolValue(value)) => value.write(out),
            Some(value::Kind::NumberValue(value)) if value.is_finite() => value.write(out),
            Some(value::Kind::NumberValue(_)) => {
                Err(Error::new("a Value may not be NaN or infinite, which JSON does not have"))
            }
            Some(value::Kind::StringValue(value)) => value.write(out),
            Some(value::Kind::StructValue(value)) => value.write(out),
            Some(value::Kind::ListValue(value)) => value.write(out),
        }
    }

    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
        fn of<T: Json>(
            json: &mut Reader<'_>,
            kind: fn(T) -> value::Kind,
        ) -> Result<value::Kind, Error> {
            let mut value = T::default();
            value.read(json)?;
            Ok(kind(value))
        }
        self.kind = Some(match json.peek() {
            Some(b'{') => of(json, value::Kind::StructValue)?,
            Some(b'[') => of(json, value::Kind::ListValue)?,
            Some(b'"') => of(json, value::Kind::StringValue)?,
            Some(b't' | b'f') => of(json, value::Kind::BoolValue)?,
            _ if json.null()? => value::Kind::NullValue(0),
            _ => of(json, value::Kind::NumberValue)?,
        });
        Ok(())
    }
}
