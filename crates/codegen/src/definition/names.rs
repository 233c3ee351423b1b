//! Names of types in all spellings of Java: `Type.getTypeName`, `Class.getCanonicalName` and `Class.getName`.

use crate::model::{Primitive, Type};

/// The most bytes of the name of a type.
const MAX_NAME: usize = 4096;

/// The deepest nesting of type arguments.
const MAX_DEPTH: usize = 32;

/// The most dimensions of an array: that of the Java Virtual Machine.
const MAX_DIMENSIONS: usize = 255;

const OUT_OF_PLACE: &str = "a primitive type or void where a class is expected";

/// Reads the name of a type. Classes are called as they are written; a name without a package that stands for
/// no primitive type is a variable.
pub(super) fn parse(text: &str) -> Result<Type, &'static str> {
    if text.len() > MAX_NAME {
        return Err("a name of more than 4,096 bytes");
    }
    let mut parser = Parser { rest: text };
    let ty = parser.ty(0)?;
    parser.blanks();
    if parser.rest.is_empty() { Ok(ty) } else { Err("text behind the type") }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn ty(&mut self, depth: usize) -> Result<Type, &'static str> {
        if depth > MAX_DEPTH {
            return Err("type arguments nested more than 32 deep");
        }
        self.blanks();
        let mut ty = if self.eat("?") {
            self.blanks();
            if self.eat("extends ") {
                return self.ty(depth + 1);
            }
            if self.eat("super ") {
                self.ty(depth + 1)?;
            }
            return Ok(Type::object());
        } else if self.rest.starts_with('[') {
            return self.descriptor();
        } else {
            self.named(depth)?
        };
        let mut dimensions = 0;
        while self.eat("[]") || self.eat("...") {
            dimensions += 1;
            if ty == Type::Void {
                return Err(OUT_OF_PLACE);
            }
            if dimensions > MAX_DIMENSIONS {
                return Err("an array of more than 255 dimensions");
            }
            ty = Type::Array(Box::new(ty));
        }
        Ok(ty)
    }

    /// A primitive type, a variable or a class with its arguments.
    fn named(&mut self, depth: usize) -> Result<Type, &'static str> {
        let mut name = self.name()?.to_owned();
        let mut arguments = Vec::new();
        while self.eat("<") {
            // Those of a class around it say nothing of the nested class.
            arguments.clear();
            loop {
                let argument = self.ty(depth + 1)?;
                if matches!(argument, Type::Void | Type::Primitive(_)) {
                    return Err(OUT_OF_PLACE);
                }
                arguments.push(argument);
                self.blanks();
                if !self.eat(",") {
                    break;
                }
            }
            if !self.eat(">") {
                return Err("`>` is expected");
            }
            // `org.example.Outer<T>$Inner<U>`; the `$` may be part of the inner name already.
            if self.rest.starts_with(['.', '$']) && !self.rest.starts_with("...") {
                self.rest = self.rest.get(1..).unwrap_or_default();
                let inner = self.name()?;
                name.push('$');
                name.push_str(inner);
                arguments.clear();
            }
        }
        if !arguments.is_empty() {
            return Ok(Type::Class { name, arguments });
        }
        Ok(match primitive(&name) {
            Some(primitive) => Type::Primitive(primitive),
            None if name == "void" => Type::Void,
            None if name.contains(['.', '$']) => Type::class(name),
            None => Type::Variable(name),
        })
    }

    fn name(&mut self) -> Result<&'a str, &'static str> {
        let end = self.rest.find([' ', '<', '>', ',', '[', ']', '?', '&', ';']);
        let end = end.unwrap_or(self.rest.len());
        let end = self.rest.find("...").map_or(end, |dots| dots.min(end));
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        if is_name(name) { Ok(name) } else { Err("not the name of a type") }
    }

    /// The name of an array as `Class.getName` has it: `[[I`, `[Ljava.lang.String;`.
    fn descriptor(&mut self) -> Result<Type, &'static str> {
        let mut dimensions = 0;
        while self.eat("[") {
            dimensions += 1;
        }
        if dimensions > MAX_DIMENSIONS {
            return Err("an array of more than 255 dimensions");
        }
        let mut ty = if self.eat("L") {
            let (name, rest) = self.rest.split_once(';').ok_or("`;` is expected")?;
            if !is_name(name) {
                return Err("not the name of a type");
            }
            self.rest = rest;
            Type::class(name)
        } else {
            let letters = [
                ("Z", Primitive::Boolean),
                ("B", Primitive::Byte),
                ("S", Primitive::Short),
                ("C", Primitive::Char),
                ("I", Primitive::Int),
                ("J", Primitive::Long),
                ("F", Primitive::Float),
                ("D", Primitive::Double),
            ];
            let found = letters.into_iter().find(|(letter, _)| self.eat(letter));
            Type::Primitive(found.ok_or("not the name of an array")?.1)
        };
        for _ in 0..dimensions {
            ty = Type::Array(Box::new(ty));
        }
        Ok(ty)
    }
}

fn primitive(name: &str) -> Option<Primitive> {
    use Primitive::{Boolean, Byte, Char, Double, Float, Int, Long, Short};
    [Boolean, Byte, Short, Char, Int, Long, Float, Double].into_iter().find(|of| of.name() == name)
}

/// `true` for identifiers of Java that are joined by dots.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME && name.split('.').all(is_identifier)
}

/// `true` for an identifier of Java.
pub(super) fn is_identifier(name: &str) -> bool {
    let is_start = |letter: char| letter.is_alphabetic() || letter == '_' || letter == '$';
    name.starts_with(is_start)
        && name.chars().all(|letter| is_start(letter) || letter.is_alphanumeric())
}

/// `true` for classes of the JDK, which nobody declares.
pub(super) fn is_jdk(name: &str) -> bool {
    ["java.", "javax.", "jdk.", "sun.", "com.sun."].iter().any(|package| name.starts_with(package))
}

/// The binary name of a class by the classes that are known, and `true` if it is a guess.
///
/// `getCanonicalName` prints `org.example.Order.Line` of `org.example.Order$Line`.
pub(super) fn binary(name: &str, is_known: impl Fn(&str) -> bool) -> (String, bool) {
    let nest = |at: usize| {
        let (outer, inner) = name.split_at(at);
        format!("{outer}{}", inner.replace('.', "$"))
    };
    if name.contains('$') || is_known(name) && !name.contains('.') {
        return (name.to_owned(), false);
    }
    let dots = || name.match_indices('.').map(|(at, _)| at);
    if let Some(at) = dots().find(|at| name.get(..*at).is_some_and(&is_known)) {
        return (nest(at), false);
    }
    let starts_class = |at: &usize| {
        let simple = name.get(..*at).unwrap_or_default().rsplit('.').next();
        simple.is_some_and(|simple| simple.starts_with(char::is_uppercase))
    };
    match dots().find(starts_class) {
        Some(at) => (nest(at), !is_jdk(name)),
        None => (name.to_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Result<String, &'static str> {
        parse(text).map(|ty| ty.to_string())
    }

    #[test]
    fn types_are_read_in_all_spellings() {
        for (text, expected) in [
            ("int", "int"),
            ("void", "void"),
            ("java.util.List<peer.api.User>", "java.util.List<peer.api.User>"),
            (
                "java.util.Map<java.lang.Long,java.util.List<int[]>>",
                "java.util.Map<java.lang.Long, java.util.List<int[]>>",
            ),
            (
                "java.util.Map<java.lang.Long, byte[]>[][]",
                "java.util.Map<java.lang.Long, byte[]>[][]",
            ),
            ("[[I", "int[][]"),
            ("[Ljava.lang.String;", "java.lang.String[]"),
            ("java.lang.Object...", "java.lang.Object[]"),
            ("java.util.List<? extends peer.api.User>", "java.util.List<peer.api.User>"),
            ("java.util.List<?>", "java.util.List<java.lang.Object>"),
            ("java.util.List<? super peer.api.User>", "java.util.List<java.lang.Object>"),
            ("peer.api.Outer<T>$Inner<U>", "peer.api.Outer$Inner<U>"),
            ("peer.api.Outer<T>.Inner", "peer.api.Outer$Inner"),
            ("java.util.List<T>", "java.util.List<T>"),
            ("peer.api.Animal$Dog", "peer.api.Animal$Dog"),
            ("peer.api.Größe", "peer.api.Größe"),
        ] {
            assert_eq!(printed(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(parse("T"), Ok(Type::Variable("T".into())));
        assert_eq!(
            parse("[Lpeer.api.User;"),
            Ok(Type::Array(Box::new(Type::class("peer.api.User"))))
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            " ",
            "a..b",
            "a.",
            ".a",
            "a b",
            "1a",
            "a-b",
            "a/b",
            "java.util.List<",
            "java.util.List<>",
            "java.util.List<int>",
            "java.util.List<void>",
            "void[]",
            "int[",
            "[V",
            "[Q",
            "[L",
            "[Ljava.lang.String",
            "a.B>",
            "a.B<c.D>>",
            "a.B<c.D",
            "a\nb",
            "func(int)",
            "[]uint8",
        ] {
            assert!(printed(text).is_err(), "{text:?} is {:?}", printed(text));
        }
        let deep = format!("{}a.B{}", "a.B<".repeat(33), ">".repeat(33));
        assert_eq!(printed(&deep), Err("type arguments nested more than 32 deep"));
        assert!(printed(&format!("int{}", "[]".repeat(256))).is_err());
        assert!(printed(&format!("{}I", "[".repeat(256))).is_err());
        assert!(printed(&"a".repeat(5000)).is_err());
    }

    #[test]
    fn nested_classes_are_found_by_the_class_around_them() {
        let known = |name: &str| ["peer.api.Animal", "peer.Odd"].contains(&name);
        let binary = |name| binary(name, known);
        assert_eq!(binary("peer.api.Animal"), ("peer.api.Animal".into(), false));
        assert_eq!(binary("peer.api.Animal.Dog"), ("peer.api.Animal$Dog".into(), false));
        assert_eq!(binary("peer.api.Animal.Dog.Tail"), ("peer.api.Animal$Dog$Tail".into(), false));
        assert_eq!(binary("peer.api.Animal$Dog"), ("peer.api.Animal$Dog".into(), false));
        assert_eq!(binary("peer.api.Other.Dog"), ("peer.api.Other$Dog".into(), true));
        assert_eq!(binary("java.util.Map.Entry"), ("java.util.Map$Entry".into(), false));
        assert_eq!(binary("peer.api.lower"), ("peer.api.lower".into(), false));
    }
}
