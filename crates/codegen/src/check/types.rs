//! Values that are written as one type and read as another, in Hessian.
//!
//! Sources: hessian-lite `Hessian2Input.readInt`, `readLong`, `readDouble`, `readBoolean` and `readString`, which take each
//! other's tags; `SerializerFactory.getDeserializer` for classes; `crates/codec/hessian2` for Dubhe.

use super::effect::Effect;
use crate::Api;
use crate::model::{Kind, Primitive, Type};

/// The two `Api`s, for what classes extend.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) old: &'a Api,
    pub(super) new: &'a Api,
}

/// Form in which a type travels.
enum Form<'a> {
    Void,
    /// An integer of that many bytes, `true` if it may be null.
    Integer(u8, bool),
    /// The same of floating point.
    Real(u8, bool),
    /// `true` if it may be null.
    Boolean(bool),
    Char,
    /// A `String`, and a `char[]`.
    Text,
    Bytes,
    Object,
    Sequence(Holder, Option<&'a Type>),
    /// A map; `true` if it is of the interface.
    Entries(bool, &'a [Type]),
    Class(&'a str, &'a [Type]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    Any,
    List,
    Set,
    Array,
    /// A class of the JDK, by its name.
    Other,
}

const MAPS: [&str; 7] = [
    "java.util.HashMap",
    "java.util.LinkedHashMap",
    "java.util.TreeMap",
    "java.util.SortedMap",
    "java.util.NavigableMap",
    "java.util.concurrent.ConcurrentHashMap",
    "java.util.concurrent.ConcurrentMap",
];

fn form(ty: &Type) -> Form<'_> {
    match ty {
        Type::Void => Form::Void,
        Type::Primitive(of) => primitive(*of, false),
        Type::Variable(_) => Form::Object,
        Type::Nullable(of) => form(of),
        Type::Array(of) => match **of {
            Type::Primitive(Primitive::Byte) => Form::Bytes,
            Type::Primitive(Primitive::Char) => Form::Text,
            _ => Form::Sequence(Holder::Array, Some(of)),
        },
        Type::Class { name, arguments } => {
            let sequence = |holder| Form::Sequence(holder, arguments.first());
            match name.as_str() {
                "java.lang.Object"
                | "java.lang.Comparable"
                | "java.lang.Cloneable"
                | "java.io.Serializable" => Form::Object,
                "java.lang.String" | "java.lang.CharSequence" => Form::Text,
                "java.lang.Void" => Form::Void,
                "java.lang.Boolean" => primitive(Primitive::Boolean, true),
                "java.lang.Byte" => primitive(Primitive::Byte, true),
                "java.lang.Short" => primitive(Primitive::Short, true),
                "java.lang.Character" => primitive(Primitive::Char, true),
                "java.lang.Integer" => primitive(Primitive::Int, true),
                "java.lang.Long" => primitive(Primitive::Long, true),
                "java.lang.Float" => primitive(Primitive::Float, true),
                "java.lang.Double" => primitive(Primitive::Double, true),
                "java.util.Collection" | "java.lang.Iterable" => sequence(Holder::Any),
                "java.util.List" => sequence(Holder::List),
                "java.util.Set" => sequence(Holder::Set),
                "java.util.ArrayList"
                | "java.util.LinkedList"
                | "java.util.HashSet"
                | "java.util.LinkedHashSet"
                | "java.util.TreeSet"
                | "java.util.SortedSet"
                | "java.util.Queue"
                | "java.util.Deque" => sequence(Holder::Other),
                "java.util.Map" => Form::Entries(true, arguments),
                name if MAPS.contains(&name) => Form::Entries(false, arguments),
                _ => Form::Class(name, arguments),
            }
        }
    }
}

fn primitive(of: Primitive, may_be_null: bool) -> Form<'static> {
    match of {
        Primitive::Boolean => Form::Boolean(may_be_null),
        Primitive::Byte => Form::Integer(1, may_be_null),
        Primitive::Short => Form::Integer(2, may_be_null),
        Primitive::Char => Form::Char,
        Primitive::Int => Form::Integer(4, may_be_null),
        Primitive::Long => Form::Integer(8, may_be_null),
        Primitive::Float => Form::Real(4, may_be_null),
        Primitive::Double => Form::Real(8, may_be_null),
    }
}

/// The place of a value, by which Java converts it or not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A field, whose declared type Java knows with its type arguments.
    Field,
    /// An argument or result, of which Java knows the class alone.
    Alone,
    /// An element or type argument of something whose class alone is known: what arrives stays as it is.
    Held,
}

impl Reading<'_> {
    /// Judges values of a field that are written as `written` and read as `read`.
    pub(super) fn effect(&self, written: &Type, read: &Type) -> Effect {
        self.judge(written, read, Place::Field)
    }

    /// Judges arguments and results.
    pub(super) fn alone(&self, written: &Type, read: &Type) -> Effect {
        self.judge(written, read, Place::Alone)
    }

    fn judge(&self, written: &Type, read: &Type, place: Place) -> Effect {
        let effect = self.judge_value(written, read, place);
        match cast(written, read) {
            Some(fault) if place == Place::Held && written != read => effect.worse(fault),
            _ => effect,
        }
    }

    fn judge_value(&self, written: &Type, read: &Type, place: Place) -> Effect {
        let within = if place == Place::Field { Place::Field } else { Place::Held };
        if written == read {
            return Effect::none();
        }
        let mismatch = || {
            let (written, read) = super::both(written, read);
            Effect::incompatible(format!("{written} cannot be read as {read}"))
        };
        match (form(written), form(read)) {
            (_, Form::Void) => Effect::fine("the value is passed over"),
            (_, Form::Object) => Effect::none(),
            (Form::Void, _) => {
                Effect::conditional("null arrives, which is zero or false for a primitive type")
            }
            (Form::Object, _) => {
                Effect::conditional(format!("fails unless the value is a {}", super::short(read)))
            }
            (Form::Integer(a, null), Form::Integer(b, other)) => {
                let fits = if a <= b { Effect::none() } else { Effect::conditional(TOO_WIDE) };
                fits.worse(null_to_primitive(null, other))
            }
            (Form::Integer(a, null), Form::Real(b, other)) => {
                let exact = a < b;
                let fits = if exact { Effect::none() } else { Effect::conditional(DIGITS) };
                fits.worse(null_to_primitive(null, other))
            }
            (Form::Real(..), Form::Integer(..)) => Effect::conditional(FRACTION),
            (Form::Real(a, null), Form::Real(b, other)) => {
                let fits = if a <= b { Effect::none() } else { Effect::conditional(DIGITS) };
                fits.worse(null_to_primitive(null, other))
            }
            (Form::Boolean(null), Form::Boolean(other)) => null_to_primitive(null, other),
            (Form::Boolean(_), Form::Integer(..) | Form::Real(..)) => {
                Effect::fine("true is read as 1, false as 0")
            }
            (Form::Integer(..) | Form::Real(..), Form::Boolean(_)) => {
                Effect::conditional("each number but 0 is read as true")
            }
            (Form::Integer(..) | Form::Real(..) | Form::Boolean(_), Form::Text) => {
                Effect::fine("the number or boolean is read as its text")
            }
            (Form::Char, Form::Char | Form::Text) | (Form::Text, Form::Text) => Effect::none(),
            (Form::Text, Form::Char) => Effect::conditional("only a text of one character is read"),
            (Form::Bytes, Form::Bytes) => Effect::none(),
            (Form::Sequence(a, item), Form::Sequence(b, other)) => {
                let object = Type::object();
                // An array knows the class of its elements.
                let within = if b == Holder::Array { Place::Field } else { within };
                let (item, other) = (item.unwrap_or(&object), other.unwrap_or(&object));
                let items = self.judge(item, other, within);
                // Classes of collections differ where both are `Other`, or the types were equal.
                let same = b == Holder::Any && a != Holder::Array || a == b && a != Holder::Other;
                if same { items } else { Effect::conditional(HOLDER).worse(items) }
            }
            (Form::Entries(_, from), Form::Entries(any, to)) => {
                let object = Type::object();
                let part =
                    |of: &[Type], i: usize| of.get(i).cloned().unwrap_or_else(|| object.clone());
                let parts = [0, 1].map(|i| self.judge(&part(from, i), &part(to, i), within));
                let holder = if any { Effect::none() } else { Effect::conditional(HOLDER) };
                parts.into_iter().fold(holder, Effect::worse)
            }
            (Form::Class(a, from), Form::Class(b, to)) if a == b => {
                // A field of the type of a type parameter is any object to Java.
                let parts = from.iter().zip(to);
                let parts = parts.map(|(from, to)| self.judge(from, to, Place::Held));
                parts.fold(Effect::none(), Effect::worse)
            }
            (Form::Integer(..) | Form::Real(..), Form::Class(NUMBER, _)) => Effect::none(),
            (Form::Class(NUMBER, _), Form::Integer(..) | Form::Real(..)) => {
                Effect::conditional(format!("fails unless the value is a {}", super::short(read)))
            }
            (Form::Class(a, _), Form::Class(b, _)) if self.extends(a, b) => Effect::none(),
            (Form::Class(a, _), Form::Class(b, _)) if self.extends(b, a) => {
                Effect::conditional(format!("fails unless the value is a {}", super::short(read)))
            }
            _ => mismatch(),
        }
    }

    /// `true` if a class is below another in either `Api`.
    fn extends(&self, class: &str, above: &str) -> bool {
        is_above_in_jdk(above, class)
            || [self.old, self.new].into_iter().any(|api| extends(api, class, above))
    }
}

const NUMBER: &str = "java.lang.Number";

/// Classes of the JDK that travel, each with those below it.
const ABOVE: [(&str, &[&str]); 6] = [
    (NUMBER, &["java.math.BigDecimal", "java.math.BigInteger"]),
    ("java.util.Date", &["java.sql.Date", "java.sql.Time", "java.sql.Timestamp"]),
    ("java.util.Calendar", &["java.util.GregorianCalendar"]),
    ("java.time.ZoneId", &["java.time.ZoneOffset"]),
    (
        "java.lang.Throwable",
        &["java.lang.Exception", "java.lang.RuntimeException", "java.lang.Error"],
    ),
    ("java.lang.Exception", &["java.lang.RuntimeException"]),
];

fn is_above_in_jdk(above: &str, class: &str) -> bool {
    ABOVE.iter().any(|(of, below)| *of == above && below.contains(&class))
}

/// Judges an element of a collection that is an argument or result itself: Java makes an object of what is on the wire, and
/// fails where it takes that for another.
fn cast(written: &Type, read: &Type) -> Option<Effect> {
    let arrives = match form(written) {
        Form::Integer(1 | 2 | 4, _) => "Integer",
        Form::Integer(..) => "Long",
        Form::Real(..) => "Double",
        Form::Boolean(_) => "Boolean",
        Form::Char | Form::Text => "String",
        _ => return None,
    };
    let expected = match form(read) {
        Form::Integer(1, _) => "Byte",
        Form::Integer(2, _) => "Short",
        Form::Integer(4, _) => "Integer",
        Form::Integer(..) => "Long",
        Form::Real(4, _) => "Float",
        Form::Real(..) => "Double",
        Form::Boolean(_) => "Boolean",
        Form::Char => "Character",
        Form::Text => "String",
        _ => return None,
    };
    (arrives != expected).then(|| {
        Effect::incompatible(format!(
            "Java fails with a ClassCastException: an element that arrives as {arrives} stays one, where \
             {expected} is expected"
        ))
    })
}

/// The classes above one that are followed, so that a circle ends.
pub(super) const MAX_SUPERCLASSES: usize = 64;

/// `true` if a class is below another.
pub(super) fn extends(api: &Api, class: &str, above: &str) -> bool {
    let is_listed = |name: &str| {
        let declared = api.types.get(above).map(|declared| &declared.kind);
        matches!(declared, Some(Kind::Class(of)) if of.subclasses.iter().any(|of| of == name))
    };
    let mut name = class;
    for _ in 0..MAX_SUPERCLASSES {
        if is_listed(name) {
            return true;
        }
        let Some(Kind::Class(of)) = api.types.get(name).map(|declared| &declared.kind) else {
            return false;
        };
        let Some(Type::Class { name: superclass, .. }) = &of.superclass else { return false };
        if superclass == above {
            return true;
        }
        name = superclass;
    }
    false
}

const TOO_WIDE: &str = "numbers that do not fit are cut off by Java and refused by Dubhe";
const DIGITS: &str = "large numbers lose digits";
const FRACTION: &str = "fractions and large numbers are cut off by Java and refused by Dubhe";
const HOLDER: &str = "Java fails where the field cannot hold the writer's class of collection";

fn null_to_primitive(may_be_null: bool, reader_takes_null: bool) -> Effect {
    if may_be_null && !reader_takes_null {
        Effect::conditional("null is read as zero or false")
    } else {
        Effect::none()
    }
}
