//! A readable form: JSON's shape, with class names in front and labels as `&1` and `*1`.

use std::fmt::{self, Display, Formatter, Write};

use super::{Name, Value};

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(v) => v.fmt(f),
            Self::Int(v) => v.fmt(f),
            Self::Long(v) => write!(f, "{v}L"),
            Self::Double(v) => write!(f, "{v:?}"),
            Self::Date(v) => write!(f, "Date({v} ms)"),
            Self::String(v) => write!(f, "{:?}", &**v),
            Self::Bytes(v) => write!(f, "byte[{}]", v.len()),
            Self::List(list) => {
                class(f, list.class.as_ref())?;
                f.write_char('[')?;
                joined(f, &list.items, |f, v| v.fmt(f))?;
                f.write_char(']')
            }
            Self::Map(map) => {
                class(f, map.class.as_ref())?;
                f.write_char('{')?;
                joined(f, &map.entries, |f, (k, v)| write!(f, "{k}: {v}"))?;
                f.write_char('}')
            }
            Self::Object(object) => {
                class(f, Some(&object.class))?;
                f.write_char('{')?;
                joined(f, &object.fields, |f, (k, v)| write!(f, "{k}: {v}"))?;
                f.write_char('}')
            }
            Self::Shared(label, v) => write!(f, "&{} {v}", label.0),
            Self::Ref(label) => write!(f, "*{}", label.0),
        }
    }
}

fn class(f: &mut Formatter<'_>, name: Option<&Name>) -> fmt::Result {
    name.map_or(Ok(()), |name| write!(f, "{name} "))
}

fn joined<T>(
    f: &mut Formatter<'_>,
    parts: &[T],
    show: impl Fn(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        show(f, part)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_reads_like_json_with_anchors() {
        let node = Value::from(
            Value::object("a.Node").field("id", 7_i64).field("next", Value::reference(1)),
        );
        let list = Value::list([node.shared(1), Value::map([("k", 1.5)]), Value::from(vec![1_u8])]);
        assert_eq!(list.to_string(), r#"[&1 a.Node {id: 7L, next: *1}, {"k": 1.5}, byte[1]]"#);
    }
}
