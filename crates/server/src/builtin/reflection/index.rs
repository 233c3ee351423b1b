//! An index of protobuf descriptors.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

/// The files of descriptor sets, indexed by the names that they declare.
#[derive(Default)]
pub(crate) struct Index {
    files: Vec<File>,
    names: HashMap<String, usize>,
    /// The file of every fully qualified name.
    symbols: HashMap<String, usize>,
    messages: HashSet<String>,
    /// The file of every extension, by the extended message and the number.
    extensions: BTreeMap<(String, i32), usize>,
}

struct File {
    /// The descriptor as it was given, unknown options included.
    bytes: Bytes,
    imports: Vec<String>,
}

/// `google.protobuf.FileDescriptorSet` with its files undecoded.
#[derive(Clone, PartialEq, prost::Message)]
struct Set {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    files: Vec<Bytes>,
}

impl Index {
    /// Indexes `sets`. Of files of one name the first counts. A file that cannot be decoded is logged
    /// and skipped.
    pub(crate) fn of(sets: impl IntoIterator<Item = &'static [u8]>) -> Self {
        let mut index = Self::default();
        let skip =
            |error| tracing::warn!(%error, "cannot decode descriptors; reflection skips them");
        let mut seen = HashSet::new();
        for set in sets {
            // All services of a build script come with the same set.
            if !seen.insert(set) {
                continue;
            }
            match Set::decode(Bytes::from_static(set)) {
                Ok(set) => set.files.into_iter().for_each(|file| {
                    FileDescriptorProto::decode(file.clone())
                        .map_or_else(skip, |parsed| index.add(file, &parsed));
                }),
                Err(error) => skip(error),
            }
        }
        index
    }

    fn add(&mut self, bytes: Bytes, file: &FileDescriptorProto) {
        if self.names.contains_key(file.name()) {
            return;
        }
        let at = self.files.len();
        self.files.push(File { bytes, imports: file.dependency.clone() });
        self.names.insert(file.name().to_owned(), at);
        let scope = file.package();
        file.message_type.iter().for_each(|message| self.message(at, scope, message));
        file.enum_type.iter().for_each(|one| self.enumeration(at, scope, one));
        file.extension.iter().for_each(|field| self.extension(at, scope, field));
        for service in &file.service {
            let name = self.symbol(at, scope, service.name());
            for method in &service.method {
                self.symbol(at, &name, method.name());
            }
        }
    }

    fn message(&mut self, at: usize, scope: &str, message: &DescriptorProto) {
        let name = self.symbol(at, scope, message.name());
        for field in &message.field {
            self.symbol(at, &name, field.name());
        }
        for oneof in &message.oneof_decl {
            self.symbol(at, &name, oneof.name());
        }
        message.nested_type.iter().for_each(|inner| self.message(at, &name, inner));
        message.enum_type.iter().for_each(|one| self.enumeration(at, &name, one));
        message.extension.iter().for_each(|field| self.extension(at, &name, field));
        self.messages.insert(name);
    }

    fn enumeration(&mut self, at: usize, scope: &str, one: &EnumDescriptorProto) {
        self.symbol(at, scope, one.name());
        // Values are names beside their enum, not within it.
        for value in &one.value {
            self.symbol(at, scope, value.name());
        }
    }

    fn extension(&mut self, at: usize, scope: &str, field: &FieldDescriptorProto) {
        self.symbol(at, scope, field.name());
        let extended = field.extendee().trim_start_matches('.').to_owned();
        self.extensions.insert((extended, field.number()), at);
    }

    fn symbol(&mut self, at: usize, scope: &str, name: &str) -> String {
        let full = if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") };
        self.symbols.entry(full.clone()).or_insert(at);
        full
    }

    /// Finds the file of this name.
    pub(super) fn file(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// Finds the file that declares `symbol`.
    pub(super) fn declaring(&self, symbol: &str) -> Option<usize> {
        self.symbols.get(symbol).copied()
    }

    /// Finds the file that declares this extension.
    pub(super) fn extending(&self, message: &str, number: i32) -> Option<usize> {
        self.extensions.get(&(message.to_owned(), number)).copied()
    }

    /// The numbers of all extensions of `message`; `None` when there is no such message.
    pub(super) fn extensions(&self, message: &str) -> Option<Vec<i32>> {
        let of = |number| (message.to_owned(), number);
        let range = self.extensions.range(of(i32::MIN)..=of(i32::MAX));
        let numbers: Vec<i32> = range.map(|((_, number), _)| *number).collect();
        (self.messages.contains(message) || !numbers.is_empty()).then_some(numbers)
    }

    /// Returns a file, followed by all files that it imports, each once.
    pub(super) fn with_imports(&self, at: usize) -> Vec<Bytes> {
        let mut wanted = vec![at];
        let mut next = 0;
        while let Some(file) = wanted.get(next).and_then(|at| self.files.get(*at)) {
            for import in file.imports.iter().filter_map(|name| self.file(name)) {
                if !wanted.contains(&import) {
                    wanted.push(import);
                }
            }
            next += 1;
        }
        wanted.iter().filter_map(|at| Some(self.files.get(*at)?.bytes.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, extendee: Option<&str>, number: i32) -> FieldDescriptorProto {
        FieldDescriptorProto {
            name: Some(name.into()),
            extendee: extendee.map(Into::into),
            number: Some(number),
            ..Default::default()
        }
    }

    /// `b.proto` imports `a.proto` and extends its message.
    fn index() -> Index {
        let one = |name: &str| Some(name.to_owned());
        let a = FileDescriptorProto {
            name: one("a.proto"),
            package: one("a"),
            message_type: vec![DescriptorProto {
                name: one("Outer"),
                field: vec![field("text", None, 1)],
                nested_type: vec![DescriptorProto { name: one("Inner"), ..Default::default() }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let b = FileDescriptorProto {
            name: one("b.proto"),
            dependency: vec!["a.proto".into(), "missing.proto".into()],
            extension: vec![
                field("more", Some(".a.Outer"), 200),
                field("less", Some(".a.Outer"), 100),
            ],
            ..Default::default()
        };
        let files = [a, b].map(|file| file.encode_to_vec().into());
        let set = Set { files: files.into() }.encode_to_vec();
        let bad = Set { files: vec![Bytes::from_static(b"\xff")] }.encode_to_vec();
        let sets =
            [set.clone(), bad, b"\xff".to_vec(), set].map(|set| -> &'static [u8] { set.leak() });
        Index::of(sets)
    }

    #[test]
    fn names_lead_to_their_file() {
        let index = index();
        assert_eq!(index.files.len(), 2);
        for (symbol, file) in [
            ("a.Outer", Some(0)),
            ("a.Outer.text", Some(0)),
            ("a.Outer.Inner", Some(0)),
            ("more", Some(1)),
            ("a", None),
            ("Outer", None),
        ] {
            assert_eq!(index.declaring(symbol), file, "{symbol}");
        }
        assert_eq!((index.file("b.proto"), index.file("c.proto")), (Some(1), None));
    }

    #[test]
    fn extensions_are_known_by_their_message() {
        let index = index();
        assert_eq!(index.extensions("a.Outer"), Some(vec![100, 200]));
        assert_eq!(index.extensions("a.Outer.Inner"), Some(vec![]));
        assert_eq!(index.extensions("a.Other"), None);
        assert_eq!(index.extending("a.Outer", 100), Some(1));
        assert_eq!(index.extending("a.Outer", 101), None);
    }

    #[test]
    fn a_file_comes_before_what_it_imports() {
        let index = index();
        let name =
            |bytes: &Bytes| FileDescriptorProto::decode(bytes.clone()).unwrap().name.unwrap();
        let names: Vec<_> = index.with_imports(1).iter().map(name).collect();
        assert_eq!(names, ["b.proto", "a.proto"]);
        assert!(index.with_imports(9).is_empty());
    }
}
