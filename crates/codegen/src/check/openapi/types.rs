//! JSON that is written as one type and read as another, by Jackson and by serde.
//!
//! Sources: Jackson's `NumberDeserializers` and `StdDeserializer`, which cut off fractions and refuse what is too wide, and
//! Spring Boot's defaults (`FAIL_ON_UNKNOWN_PROPERTIES` is off).

use super::super::effect::Effect;
use super::read::{DEPTH, Document, Schema, Ty};

/// A type in the words of the document.
pub(super) fn spelled(ty: &Ty) -> String {
    match ty {
        Ty::Unit => "no content".to_owned(),
        Ty::Bool => "boolean".to_owned(),
        Ty::I32 => "integer of 32 bits".to_owned(),
        Ty::I64 => "integer".to_owned(),
        Ty::F32 => "float".to_owned(),
        Ty::F64 => "number".to_owned(),
        Ty::Text => "string".to_owned(),
        Ty::Bytes => "bytes".to_owned(),
        Ty::Any => "any value".to_owned(),
        Ty::List(of) => format!("array of {}", spelled(of)),
        Ty::Map(of) => format!("map of {}", spelled(of)),
        Ty::Named(name) => name.clone(),
        Ty::Boxed(of) => spelled(of),
        Ty::Option(of) => format!("{} or null", spelled(of)),
    }
}

/// A type in its document, without the names of others that it stands for.
fn resolved<'a>(document: &'a Document, ty: &'a Ty) -> (&'a Ty, Option<&'a Schema>) {
    let mut ty = ty;
    for _ in 0..DEPTH {
        match ty {
            Ty::Named(name) => match document.schemas.get(name) {
                Some(Schema::Alias(of)) => ty = of,
                other => return (ty, other),
            },
            _ => break,
        }
    }
    (ty, None)
}

/// Judges values that one document's side writes and the other's reads.
pub(super) fn effect(written: (&Document, &Ty), read: (&Document, &Ty)) -> Effect {
    at(written, read, DEPTH)
}

fn at(written: (&Document, &Ty), read: (&Document, &Ty), left: usize) -> Effect {
    let Some(left) = left.checked_sub(1) else { return Effect::none() };
    let ((from, a), (to, b)) = (written, read);
    // A schema of one name is compared where it stands.
    if a == b && matches!(a, Ty::Named(_)) {
        return Effect::none();
    }
    let ((a, of_a), (b, of_b)) = (resolved(from, a), resolved(to, b));
    let (said, other) = (spelled(written.1), spelled(read.1));
    match (a, b) {
        (Ty::Option(a), Ty::Option(b)) => return at((from, a), (to, b), left),
        // What has no content is read as none.
        (Ty::Unit, Ty::Option(_)) => return Effect::none(),
        (a, Ty::Option(b)) => return at((from, a), (to, b), left),
        _ => {}
    }
    match (a, b) {
        (_, Ty::Any) => Effect::none(),
        (_, Ty::Unit) => Effect::fine("what is sent is passed over"),
        (Ty::Unit, _) => Effect::incompatible(format!("nothing is sent, which is no {other}")),
        (Ty::Option(a), _) => Effect::conditional("null is refused, or not expected").worse(at(
            (from, a),
            (to, b),
            left,
        )),
        (Ty::Any, _) => Effect::conditional(format!("fails unless the value is of {other}")),
        (Ty::Bool, Ty::Bool)
        | (Ty::Text, Ty::Text)
        | (Ty::Bytes, Ty::Bytes)
        | (Ty::I32, Ty::I32 | Ty::I64 | Ty::F64)
        | (Ty::I64, Ty::I64)
        | (Ty::F32, Ty::F32 | Ty::F64)
        | (Ty::F64, Ty::F64) => Effect::none(),
        (Ty::I64, Ty::I32) => Effect::conditional("numbers of more than 32 bits are refused"),
        (Ty::I32 | Ty::I64 | Ty::F64, Ty::F32) | (Ty::I64, Ty::F64) => {
            Effect::conditional("large numbers lose digits")
        }
        (Ty::F32 | Ty::F64, Ty::I32 | Ty::I64) => {
            Effect::conditional("fractions are cut off by Java and refused by Dubhe")
        }
        (Ty::List(a), Ty::List(b)) | (Ty::Map(a), Ty::Map(b)) => at((from, a), (to, b), left),
        (Ty::Named(_), Ty::Map(_)) | (Ty::Map(_), Ty::Named(_)) => Effect::conditional(format!(
            "{said} is read as {other}, as far as names and values of the object fit"
        )),
        (Ty::Named(_), Ty::Text) if matches!(of_a, Some(Schema::Enum(_))) => Effect::none(),
        (Ty::Text, Ty::Named(_)) if matches!(of_b, Some(Schema::Enum(_))) => {
            Effect::conditional(format!("fails unless the text is a value of {other}"))
        }
        (Ty::Named(_), _) | (_, Ty::Named(_)) => match (of_a, of_b) {
            (Some(Schema::Union { .. }), _) | (_, Some(Schema::Union { .. })) => {
                Effect::conditional("fails where the value is of a form that the other lacks")
            }
            (Some(Schema::Object { .. }), Some(Schema::Object { .. })) => Effect::conditional(
                "it is read as another object: what both have under one name; the rest is passed over or missing",
            ),
            (Some(Schema::Enum(a)), Some(Schema::Enum(b))) if a.is_subset(b) => Effect::none(),
            (Some(Schema::Enum(_)), Some(Schema::Enum(_))) => {
                Effect::conditional("a value that the reader lacks is refused")
            }
            (None, _) | (_, None) if matches!((a, b), (Ty::Named(_), Ty::Named(_))) => {
                Effect::conditional("a type of your own is not compared")
            }
            _ => Effect::incompatible(format!("{said} cannot be read as {other}")),
        },
        _ => Effect::incompatible(format!("{said} cannot be read as {other}")),
    }
}
