//! Null within types, as `kotlin.Metadata` has it: Kotlin writes no annotation for `List<String?>`.
//!
//! The annotation has a message of protobuf in its texts `d1`, a byte for each character, behind a character 0; and in `d2` the
//! texts that the message refers to by number (Kotlin `core/metadata/src/metadata.proto`, `jvm_metadata.proto`). What cannot
//! be read says nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::annotations::{Annotation, Part, Step, Target, TypeAnnotation, When};
use super::{Member, signature};

/// Levels of types within types that are followed.
const DEPTH: usize = 16;
/// Types that are looked at, of one class: a table of types may be referred to again and again.
const TYPES: usize = 65_536;
/// Marks that one class may have.
const MARKS: usize = 4_096;

/// The texts of the annotation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) d1: Vec<Arc<str>>,
    pub(super) d2: Vec<Arc<str>>,
}

/// A field of a message.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A number of four or eight bytes.
    Other,
}

/// The fields of a message, until one is no field.
struct Message<'a>(&'a [u8]);

impl<'a> Iterator for Message<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.number()?;
        let value = match tag & 7 {
            0 => Value::Number(self.number()?),
            1 => self.cut(8).map(|_| Value::Other)?,
            2 => {
                let len = usize::try_from(self.number()?).ok()?;
                Value::Bytes(self.cut(len)?)
            }
            5 => self.cut(4).map(|_| Value::Other)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

impl<'a> Message<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(first & 0x7F) << shift;
            if first & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn cut(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    /// The last message at a number.
    fn message(self, at: u64) -> Option<&'a [u8]> {
        self.filter_map(|(number, value)| match value {
            Value::Bytes(bytes) if number == at => Some(bytes),
            _ => None,
        })
        .last()
    }

    /// The last number at a number.
    fn value(self, at: u64) -> Option<usize> {
        let found = self.filter_map(|(number, value)| match value {
            Value::Number(value) if number == at => Some(value),
            _ => None,
        });
        usize::try_from(found.last()?).ok()
    }
}

/// The texts that a message refers to.
struct Texts<'a> {
    /// Each with the first number that it is not for, and if it is the text of `d2` or one of its own.
    records: Vec<(usize, Record<'a>)>,
    d2: &'a [Arc<str>],
}

#[derive(Clone, Copy)]
enum Record<'a> {
    /// The text of `d2`.
    Listed,
    Own(&'a str),
    /// A name that Kotlin knows, or that is made of a text.
    Other,
}

impl<'a> Texts<'a> {
    fn new(table: &'a [u8], d2: &'a [Arc<str>]) -> Self {
        let (mut records, mut end) = (Vec::new(), 0_usize);
        for (number, value) in Message(table) {
            let (1, Value::Bytes(record)) = (number, value) else { continue };
            let (mut range, mut of) = (1, Record::Listed);
            for (number, value) in Message(record) {
                match (number, value) {
                    (1, Value::Number(count)) => range = usize::try_from(count).unwrap_or(0),
                    (6, Value::Bytes(text)) => {
                        of = std::str::from_utf8(text).map_or(Record::Other, Record::Own);
                    }
                    (3, Value::Number(0)) => {}
                    (2..=5, _) if !matches!(of, Record::Own(_)) => of = Record::Other,
                    _ => {}
                }
            }
            end = end.saturating_add(range);
            records.push((end, of));
        }
        Self { records, d2 }
    }

    fn get(&self, number: usize) -> Option<&str> {
        let at = self.records.partition_point(|(end, _)| *end <= number);
        match self.records.get(at)?.1 {
            Record::Listed => self.d2.get(number).map(|text| &**text),
            Record::Own(text) => Some(text),
            Record::Other => None,
        }
    }
}

/// The types of a class, with what may be looked at of them.
struct Types<'a> {
    table: Vec<&'a [u8]>,
    /// The number of the first type of the table that may be null.
    first_nullable: Option<usize>,
    left: usize,
}

impl<'a> Types<'a> {
    fn new(class: &'a [u8]) -> Self {
        let table = Message(class).message(30).unwrap_or_default();
        let types = Message(table).filter_map(|(number, value)| match value {
            Value::Bytes(bytes) if number == 1 => Some(bytes),
            _ => None,
        });
        let first_nullable = Message(table).value(2);
        Self { table: types.collect(), first_nullable, left: TYPES }
    }

    /// Adds the ways to what may be null within a type, which is at one number or a number of the table at the other.
    fn within(&mut self, of: &'a [u8], (own, by_number): (u64, u64)) -> Vec<Vec<Step>> {
        let mut found = Vec::new();
        if let Some((ty, is_nullable)) = self.find(of, own, by_number) {
            self.walk(ty, is_nullable, &mut Vec::new(), &mut found);
        }
        found
    }

    fn find(&self, of: &'a [u8], own: u64, by_number: u64) -> Option<(&'a [u8], bool)> {
        if let Some(ty) = Message(of).message(own) {
            return Some((ty, Message(ty).value(3) == Some(1)));
        }
        let number = Message(of).value(by_number)?;
        let ty = self.table.get(number)?;
        let is_nullable = self.first_nullable.is_some_and(|first| number >= first);
        Some((ty, is_nullable || Message(ty).value(3) == Some(1)))
    }

    fn walk(
        &mut self,
        ty: &'a [u8],
        is_nullable: bool,
        path: &mut Vec<Step>,
        found: &mut Vec<Vec<Step>>,
    ) {
        if self.left == 0 || path.len() == DEPTH || found.len() == MARKS {
            return;
        }
        self.left -= 1;
        if is_nullable && !path.is_empty() {
            found.push(path.clone());
        }
        let arguments = Message(ty).filter_map(|(number, value)| match value {
            Value::Bytes(bytes) if number == 2 => Some(bytes),
            _ => None,
        });
        for (at, argument) in arguments.enumerate() {
            let Ok(at) = u8::try_from(at) else { return };
            // A star has no type.
            if let Some((ty, is_nullable)) = self.find(argument, 2, 3) {
                path.push(Step::Argument(at));
                self.walk(ty, is_nullable, path, found);
                path.pop();
            }
        }
    }
}

/// Marks the fields and methods of a class.
pub(super) fn mark(metadata: &Metadata, fields: &mut [Member], methods: &mut [Member]) {
    let mut bytes = Vec::new();
    let mut texts = metadata.d1.iter().flat_map(|text| text.chars());
    // Before Kotlin 1.4 bytes could be in another form, which does not begin so.
    if texts.next() != Some('\0') {
        return;
    }
    bytes.extend(texts.map_while(|c| u8::try_from(u32::from(c)).ok()));
    let mut message = Message(&bytes);
    let Some(table) = message.number().and_then(|len| message.cut(usize::try_from(len).ok()?))
    else {
        return;
    };
    let (class, texts) = (message.0, Texts::new(table, &metadata.d2));
    let mut types = Types::new(class);
    let mut left = MARKS;
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let names: Vec<Arc<str>> = methods.iter().map(|of| of.name.clone()).collect();
    for (at, name) in names.iter().enumerate() {
        by_name.entry(name).or_default().push(at);
    }
    let functions = |class| {
        Message(class).filter_map(|(number, value)| match (number, value) {
            (9, Value::Bytes(function)) => Some(Function::new(function, &texts)),
            _ => None,
        })
    };
    let mut count: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for of in functions(class).flatten() {
        *count.entry((of.name, of.parameters)).or_default() += 1;
    }
    for of in functions(class).flatten() {
        let is_one = count.get(&(of.name.clone(), of.parameters)) == Some(&1);
        let candidates = by_name.get(&*of.name).into_iter().flatten().copied();
        let mut fit = candidates.filter(|at| {
            methods.get(*at).is_some_and(|method| match &of.descriptor {
                Some(descriptor) => *method.descriptor == **descriptor,
                None => is_one && parameters(method) == Some(of.parameters),
            })
        });
        let (Some(at), None) = (fit.next(), fit.next()) else { continue };
        let Some(method) = methods.get_mut(at) else { continue };
        let ways = types.within(of.bytes, (3, 7));
        add(method, Part::Type, ways, &mut left);
        for (at, (parameter, numbers)) in of.of_parameters().enumerate() {
            let Ok(at) = u8::try_from(at) else { break };
            let ways = types.within(parameter, numbers);
            add(method, Part::Parameter(at), ways, &mut left);
        }
    }
    for (number, value) in Message(class) {
        let (10, Value::Bytes(property)) = (number, value) else { continue };
        let ways = types.within(property, (3, 9));
        if ways.is_empty() {
            continue;
        }
        let name = Message(property).value(2).and_then(|name| texts.get(name));
        let jvm = Message(property).message(100).unwrap_or_default();
        let named = |at: u64| Message(Message(jvm).message(at)?).value(1);
        let field = named(1).and_then(|name| texts.get(name)).or(name);
        if let Some(field) = fields.iter_mut().find(|of| Some(&*of.name) == field) {
            add(field, Part::Type, ways.clone(), &mut left);
        }
        let getter = named(3).and_then(|name| texts.get(name));
        let is_getter =
            |of: &&mut Member| Some(&*of.name) == getter && of.descriptor.starts_with("()");
        if let Some(getter) = methods.iter_mut().find(is_getter) {
            add(getter, Part::Type, ways, &mut left);
        }
    }
}

/// The number of the parameters of a method, without the one that a `suspend` function ends with.
fn parameters(method: &Member) -> Option<usize> {
    let count = signature::method(&method.descriptor).ok()?.parameters.len();
    let is_suspend = method.descriptor.contains("Lkotlin/coroutines/Continuation;)");
    Some(count - usize::from(is_suspend))
}

/// A function.
struct Function<'a> {
    bytes: &'a [u8],
    /// The name of the method.
    name: String,
    /// The descriptor of the method, where it is none that Kotlin finds by itself.
    descriptor: Option<String>,
    /// The number of parameters, with the receiver.
    parameters: usize,
}

impl<'a> Function<'a> {
    fn new(bytes: &'a [u8], texts: &Texts<'_>) -> Option<Self> {
        let signature = Message(bytes).message(100).unwrap_or_default();
        let text = |of: &'a [u8], at: u64| texts.get(Message(of).value(at)?).map(str::to_owned);
        let name = text(signature, 1).or_else(|| text(bytes, 2))?;
        let mut function = Self { bytes, name, descriptor: text(signature, 2), parameters: 0 };
        function.parameters = function.of_parameters().count();
        Some(function)
    }

    /// The messages of the parameters, each with the numbers of its type in it; the receiver is the function itself.
    fn of_parameters(&self) -> impl Iterator<Item = (&'a [u8], (u64, u64))> + use<'a> {
        let bytes = self.bytes;
        let has_receiver = Message(bytes).message(5).is_some() || Message(bytes).value(8).is_some();
        let receiver = has_receiver.then_some((bytes, (5, 8)));
        let values = Message(bytes).filter_map(|(number, value)| match value {
            Value::Bytes(parameter) if number == 6 => Some((parameter, (3, 5))),
            _ => None,
        });
        receiver.into_iter().chain(values)
    }
}

fn add(member: &mut Member, part: Part, ways: Vec<Vec<Step>>, left: &mut usize) {
    for path in ways {
        let Some(less) = left.checked_sub(1) else { return };
        *left = less;
        let annotation = Annotation { name: "Nullable", when: When::Always };
        let target = Target { part, path };
        member.attributes.type_annotations.push(TypeAnnotation { target, annotation });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_stand_for_several_texts() {
        // Two of `d2`, one of its own, one that is made of a text of `d2`, and one more of `d2`.
        let table = [10, 2, 8, 2, 10, 3, 50, 1, b'x', 10, 2, 24, 1, 10, 0];
        let d2: Vec<Arc<str>> = ["a", "b", "", "c", "d"].map(Arc::from).to_vec();
        let texts = Texts::new(&table, &d2);
        let all: Vec<Option<&str>> = (0..6).map(|at| texts.get(at)).collect();
        assert_eq!(all, [Some("a"), Some("b"), Some("x"), None, Some("d"), None]);
    }

    #[test]
    fn a_table_of_types_that_refer_to_each_other_ends() {
        // Each of 16 types has the next one as its 8 arguments.
        let mut table = Vec::new();
        for next in 1..=16_u8 {
            let arguments = [18, 2, 24, next % 16].repeat(8);
            table.extend([10, u8::try_from(arguments.len()).unwrap()]);
            table.extend(arguments);
        }
        table.extend([16, 0]);
        let mut class = vec![0xF2, 1];
        let len = table.len();
        class.extend([u8::try_from(len & 0x7F).unwrap() | 0x80, u8::try_from(len >> 7).unwrap()]);
        class.extend(table);
        let mut types = Types::new(&class);
        assert_eq!(types.table.len(), 16);
        let found = types.within(&[56, 0], (3, 7));
        assert!(found.len() <= MARKS && found.iter().all(|path| path.len() < DEPTH));
        assert_eq!(found.len(), MARKS);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text: String = std::iter::once('\0').chain(bytes.iter().map(|b| char::from(*b))).collect();
            let metadata = Metadata { d1: vec![text.into()], d2: vec!["a".into(), "b".into()] };
            mark(&metadata, &mut [], &mut []);
        }
    }
}
