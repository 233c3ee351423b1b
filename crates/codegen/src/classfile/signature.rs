//! Descriptors and generic signatures (JVMS 4.3 and 4.7.9.1).

use crate::model::Primitive;

/// Levels of arrays and type arguments that a type may have, which is what arrays may have by themselves.
pub const DEPTH: usize = 255;

/// Parameters that a method may have (JVMS 4.3.3).
const PARAMETERS: usize = 255;

/// An error of parsing a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its signature is wrong at byte {offset}: {what}")]
pub struct Error {
    /// The fault.
    pub what: &'static str,
    /// The byte of the signature, from 0.
    pub offset: usize,
}

/// A type as a signature has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JavaType {
    /// `void`, as a result.
    Void,
    /// A primitive type.
    Primitive(Primitive),
    /// A class or interface.
    Class(ClassType),
    /// An array of that type.
    Array(Box<JavaType>),
    /// A type variable.
    Variable(String),
}

/// A class or interface with its type arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassType {
    /// The binary name: `java.util.Map$Entry`.
    pub name: String,
    /// The type arguments; those of the classes around it are left out.
    pub arguments: Vec<Argument>,
}

/// A type argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `?`
    Any,
    /// `? extends T`
    Extends(JavaType),
    /// `? super T`
    Super(JavaType),
    /// `T`
    Exact(JavaType),
}

/// A type parameter and its bounds, of which the first one is its erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeParameter {
    /// The name.
    pub name: String,
    /// The bounds, the class first. There is none for `T extends Object` in some class files.
    pub bounds: Vec<JavaType>,
}

/// The signature of a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassSignature {
    /// The type parameters.
    pub parameters: Vec<TypeParameter>,
    /// The superclass, then the interfaces.
    pub parents: Vec<ClassType>,
}

/// The signature or descriptor of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodSignature {
    /// The type parameters of the method itself.
    pub type_parameters: Vec<TypeParameter>,
    /// The types of its parameters.
    pub parameters: Vec<JavaType>,
    /// The type of its result.
    pub result: JavaType,
}

/// Parses the signature of a class.
pub fn class(text: &str) -> Result<ClassSignature, Error> {
    let mut parser = Parser { text, at: 0 };
    let parameters = parser.type_parameters()?;
    let mut parents = Vec::new();
    while parser.peek().is_some() {
        parser.expect('L')?;
        parents.push(parser.class_type(DEPTH)?);
    }
    Ok(ClassSignature { parameters, parents })
}

/// Parses the signature or descriptor of a method.
pub fn method(text: &str) -> Result<MethodSignature, Error> {
    let mut parser = Parser { text, at: 0 };
    let type_parameters = parser.type_parameters()?;
    parser.expect('(')?;
    let mut parameters = Vec::new();
    while !parser.eat(')') {
        if parameters.len() == PARAMETERS {
            return Err(parser.error("it has more than 255 parameters"));
        }
        parameters.push(parser.java_type(DEPTH)?);
    }
    let result = if parser.eat('V') { JavaType::Void } else { parser.java_type(DEPTH)? };
    while parser.eat('^') {
        parser.java_type(DEPTH)?;
    }
    parser.end()?;
    Ok(MethodSignature { type_parameters, parameters, result })
}

/// Parses the signature or descriptor of a field.
pub fn field(text: &str) -> Result<JavaType, Error> {
    let mut parser = Parser { text, at: 0 };
    let of = parser.java_type(DEPTH)?;
    parser.end()?;
    Ok(of)
}

/// Returns the binary name of a class whose internal name is given.
pub fn binary_name(internal: &str) -> String {
    internal.replace('/', ".")
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let eats = self.peek() == Some(wanted);
        if eats {
            self.at += wanted.len_utf8();
        }
        eats
    }

    fn error(&self, what: &'static str) -> Error {
        Error { what, offset: self.at }
    }

    fn expect(&mut self, wanted: char) -> Result<(), Error> {
        let what = match wanted {
            'L' => "a class is expected",
            '(' => "`(` is expected",
            ':' => "`:` is expected",
            _ => "`;` is expected",
        };
        if self.eat(wanted) { Ok(()) } else { Err(self.error(what)) }
    }

    fn end(&self) -> Result<(), Error> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.error("something follows behind its end"))
        }
    }

    /// The characters up to the next one that ends an identifier.
    fn identifier(&mut self) -> Result<&'a str, Error> {
        let rest = self.rest();
        let len = rest.find(['.', ';', '[', '<', '>', ':']).unwrap_or(rest.len());
        let name = rest.get(..len).unwrap_or_default();
        if name.is_empty() {
            return Err(self.error("a name is expected"));
        }
        self.at += len;
        Ok(name)
    }

    /// `<T:Ljava/lang/Object;U::Ljava/util/List<TT;>;>`
    fn type_parameters(&mut self) -> Result<Vec<TypeParameter>, Error> {
        let mut parameters = Vec::new();
        if !self.eat('<') {
            return Ok(parameters);
        }
        while !self.eat('>') {
            let name = self.identifier()?.to_owned();
            let mut bounds = Vec::new();
            self.expect(':')?;
            // The bound that is a class may be left out.
            if !matches!(self.peek(), Some(':')) && matches!(self.peek(), Some('L' | 'T' | '[')) {
                bounds.push(self.java_type(DEPTH)?);
            }
            while self.eat(':') {
                bounds.push(self.java_type(DEPTH)?);
            }
            parameters.push(TypeParameter { name, bounds });
        }
        Ok(parameters)
    }

    fn java_type(&mut self, depth: usize) -> Result<JavaType, Error> {
        let Some(within) = depth.checked_sub(1) else {
            return Err(self.error("arrays and type arguments are nested more than 255 levels"));
        };
        let before = self.at;
        let primitive = match self.next() {
            Some('Z') => Primitive::Boolean,
            Some('B') => Primitive::Byte,
            Some('S') => Primitive::Short,
            Some('C') => Primitive::Char,
            Some('I') => Primitive::Int,
            Some('J') => Primitive::Long,
            Some('F') => Primitive::Float,
            Some('D') => Primitive::Double,
            Some('[') => return Ok(JavaType::Array(Box::new(self.java_type(within)?))),
            Some('L') => return self.class_type(within).map(JavaType::Class),
            Some('T') => {
                let name = self.identifier()?.to_owned();
                self.expect(';')?;
                return Ok(JavaType::Variable(name));
            }
            _ => {
                self.at = before;
                return Err(self.error("a type is expected"));
            }
        };
        Ok(JavaType::Primitive(primitive))
    }

    /// A class behind its `L`: `java/util/Map<TK;TV;>.Entry<TK;TV;>;`
    fn class_type(&mut self, depth: usize) -> Result<ClassType, Error> {
        let mut name = binary_name(self.identifier()?);
        let mut arguments = self.arguments(depth)?;
        while self.eat('.') {
            name.push('$');
            name.push_str(self.identifier()?);
            arguments = self.arguments(depth)?;
        }
        self.expect(';')?;
        Ok(ClassType { name, arguments })
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Argument>, Error> {
        let mut arguments = Vec::new();
        if !self.eat('<') {
            return Ok(arguments);
        }
        while !self.eat('>') {
            arguments.push(match self.peek() {
                Some('*') => {
                    self.at += 1;
                    Argument::Any
                }
                Some('+') => {
                    self.at += 1;
                    Argument::Extends(self.java_type(depth)?)
                }
                Some('-') => {
                    self.at += 1;
                    Argument::Super(self.java_type(depth)?)
                }
                _ => Argument::Exact(self.java_type(depth)?),
            });
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(name: &str) -> JavaType {
        JavaType::Class(ClassType { name: name.into(), arguments: Vec::new() })
    }

    #[test]
    fn methods_are_parsed() {
        let text =
            "<T::Lorg/a/Shape;U:Ljava/lang/Object;>(ITT;[[Ljava/util/List<-TU;>;)V^Lorg/a/E;^TT;";
        let parsed = method(text).unwrap();
        assert_eq!(parsed.type_parameters[0].bounds, [class_of("org.a.Shape")]);
        assert_eq!(parsed.type_parameters[1].name, "U");
        let list = ClassType {
            name: "java.util.List".into(),
            arguments: vec![Argument::Super(JavaType::Variable("U".into()))],
        };
        let array = JavaType::Array(Box::new(JavaType::Array(Box::new(JavaType::Class(list)))));
        let int = JavaType::Primitive(Primitive::Int);
        assert_eq!(parsed.parameters, [int, JavaType::Variable("T".into()), array]);
        assert_eq!(parsed.result, JavaType::Void);
    }

    #[test]
    fn nested_classes_keep_their_own_arguments() {
        let parsed = field("Lorg/a/Outer<Ljava/lang/String;>.Inner<*>;").unwrap();
        let inner = ClassType { name: "org.a.Outer$Inner".into(), arguments: vec![Argument::Any] };
        assert_eq!(parsed, JavaType::Class(inner));
    }

    #[test]
    fn classes_are_parsed() {
        let parsed = class("<K:>Lorg/a/Base<TK;>;Ljava/io/Serializable;").unwrap();
        assert_eq!(parsed.parameters[0].bounds, []);
        assert_eq!(parsed.parents[1].name, "java.io.Serializable");
    }

    #[test]
    fn arrays_have_255_dimensions_at_most() {
        assert!(field(&("[".repeat(254) + "I")).is_ok());
        assert_eq!(field(&("[".repeat(256) + "I")).unwrap_err().offset, 255);
    }

    #[test]
    fn deep_nesting_is_refused() {
        for step in ["La/A<", "[", "La/A<+", "La/A<TT;>.B<"] {
            let error = field(&step.repeat(100_000)).unwrap_err();
            assert!(error.what.contains("nested"), "{step}: {error}");
        }
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for text in ["", "V", "L;", "La/A", "La/A<I", "T;", "II", "La/A<>x;", "[", "<"] {
            assert!(field(text).is_err(), "{text}");
        }
        for text in ["", "(", "()", "()VI", "(V)V", "<T>()V", "<T:I>()V", "()V^", "ä()V"] {
            assert!(method(text).is_err(), "{text}");
        }
        for text in ["I", "<T:Ljava/lang/Object;", "Lä", "L\u{1F600}<"] {
            assert!(class(text).is_err(), "{text}");
        }
    }
}
