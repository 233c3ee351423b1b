//! The encoding of a [`Value`].

use std::collections::HashMap;

use dubhe_core::Value;
use dubhe_core::value::Label;

use crate::{Encode, Encoder, Error, ErrorKind};

impl Encode for Value {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        let mut shared = Shared::of(std::slice::from_ref(self));
        write(self, e, &mut shared)
    }

    /// A list or map that has a class of its own keeps it.
    fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
        let mut shared = Shared::of(std::slice::from_ref(self));
        match self {
            Self::List(list) if list.class.is_none() => {
                let items = |e: &mut Encoder| write_items(&list.items, e, &mut shared);
                e.write_typed_list(class, list.items.len(), items)
            }
            Self::Map(map) if map.class.is_none() => {
                e.write_typed_map(class, |e| write_entries(&map.entries, e, &mut shared))
            }
            _ => write(self, e, &mut shared),
        }
    }
}

/// Writes the elements of one value as arguments, one after the other: what one names, others may
/// refer to.
///
/// # Errors
/// As for a value.
pub(crate) fn write_elements(elements: &[Value], e: &mut Encoder) -> Result<(), Error> {
    let mut shared = Shared::of(elements);
    for element in elements {
        write(element, e, &mut shared)?;
        e.end_argument();
    }
    Ok(())
}

/// The named containers of one value, or of the elements of one.
struct Shared<'a> {
    roots: &'a [Value],
    /// The reference number of each that has been written.
    written: HashMap<Label, usize>,
    /// All of them, once one was referred to before its place.
    found: Option<HashMap<Label, &'a Value>>,
}

fn write<'a>(value: &'a Value, e: &mut Encoder, shared: &mut Shared<'a>) -> Result<(), Error> {
    match value {
        Value::Null => e.write_null(),
        Value::Bool(v) => e.write_bool(*v),
        Value::Int(v) => e.write_i32(*v),
        Value::Long(v) => e.write_i64(*v),
        Value::Double(v) => e.write_f64(*v),
        Value::Date(v) => e.write_date(*v),
        Value::String(v) => e.write_str(v),
        Value::Bytes(v) => e.write_bytes(v),
        Value::List(list) => {
            let items = |e: &mut Encoder| write_items(&list.items, e, shared);
            return match &list.class {
                Some(class) => e.write_typed_list(class, list.items.len(), items),
                None => e.write_list(list.items.len(), items),
            };
        }
        Value::Map(map) => {
            let entries = |e: &mut Encoder| write_entries(&map.entries, e, shared);
            return match &map.class {
                Some(class) => e.write_typed_map(class, entries),
                None => e.write_map(entries),
            };
        }
        Value::Object(object) => {
            let names = object.fields.iter().map(|(name, _)| name);
            return e.write_dynamic_object(&object.class, names, |e| {
                object.fields.iter().try_for_each(|(_, value)| write(value, e, shared))
            });
        }
        Value::Shared(label, inner) => return write_shared(*label, inner, e, shared),
        Value::Ref(label) => match shared.written.get(label) {
            Some(number) => e.write_reference(*number),
            None => return write_shared(*label, shared.find(*label)?, e, shared),
        },
        _ => {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "this kind of value has no Hessian form",
            ));
        }
    }
    Ok(())
}

fn write_items<'a>(
    items: &'a [Value],
    e: &mut Encoder,
    shared: &mut Shared<'a>,
) -> Result<(), Error> {
    items.iter().try_for_each(|item| write(item, e, shared))
}

fn write_entries<'a>(
    entries: &'a [(Value, Value)],
    e: &mut Encoder,
    shared: &mut Shared<'a>,
) -> Result<(), Error> {
    entries.iter().try_for_each(|(key, value)| {
        write(key, e, shared)?;
        write(value, e, shared)
    })
}

/// Writes a named container where it is met first, and a reference to it from then on.
fn write_shared<'a>(
    label: Label,
    inner: &'a Value,
    e: &mut Encoder,
    shared: &mut Shared<'a>,
) -> Result<(), Error> {
    if let Some(number) = shared.written.get(&label) {
        e.write_reference(*number);
        return Ok(());
    }
    if matches!(inner, Value::Shared(..) | Value::Ref(_)) {
        let detail = format!("label {} names another label; name the container itself", label.0);
        return Err(Error::new(ErrorKind::Reference, detail));
    }
    // Only containers have numbers: a named scalar is written each time.
    if matches!(inner, Value::List(_) | Value::Map(_) | Value::Object(_)) {
        shared.written.insert(label, e.next_reference());
    }
    write(inner, e, shared)
}

impl<'a> Shared<'a> {
    fn of(roots: &'a [Value]) -> Self {
        Self { roots, written: HashMap::new(), found: None }
    }

    /// The container of a label that has not been met yet.
    fn find(&mut self, label: Label) -> Result<&'a Value, Error> {
        let roots = self.roots;
        let found = self.found.get_or_insert_with(|| {
            let mut found = HashMap::new();
            for root in roots {
                collect(root, &mut found);
            }
            found
        });
        found.get(&label).copied().ok_or_else(|| {
            Error::new(
                ErrorKind::Reference,
                format!("label {} names nothing in the value; mark it as Shared", label.0),
            )
        })
    }
}

fn collect<'a>(value: &'a Value, found: &mut HashMap<Label, &'a Value>) {
    match value {
        Value::List(list) => list.items.iter().for_each(|v| collect(v, found)),
        Value::Map(map) => map.entries.iter().for_each(|(k, v)| {
            collect(k, found);
            collect(v, found);
        }),
        Value::Object(object) => object.fields.iter().for_each(|(_, v)| collect(v, found)),
        Value::Shared(label, inner) => {
            found.insert(*label, inner);
            collect(inner, found);
        }
        _ => {}
    }
}
