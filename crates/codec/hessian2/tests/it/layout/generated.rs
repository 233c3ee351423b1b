//! Arguments of all shapes, sharing whatever can be shared.

use bytes::Bytes;
use dubhe_hessian2::Encoder;
use proptest::prelude::*;

use super::check::{back, there_and_back};

/// Writes values that numbers choose.
struct Writer<'a> {
    choices: std::slice::Iter<'a, u8>,
    out: Encoder,
    depth: usize,
    containers: usize,
    /// The number of fields of each class.
    classes: Vec<usize>,
    types: usize,
}

impl<'a> Writer<'a> {
    fn new(choices: &'a [u8]) -> Self {
        let (choices, out) = (choices.iter(), Encoder::new());
        Self { choices, out, depth: 0, containers: 0, classes: Vec::new(), types: 0 }
    }

    fn choose(&mut self, below: usize) -> usize {
        self.choices.next().map_or(0, |choice| usize::from(*choice) % below)
    }

    fn put(&mut self, bytes: &[u8]) {
        self.out.buffer_mut().extend_from_slice(bytes);
    }

    fn number(&mut self, number: usize) {
        self.out.write_i32(i32::try_from(number).unwrap());
    }

    fn value(&mut self) {
        let kinds = if self.depth < 6 { 14 } else { 4 };
        match self.choose(kinds) {
            0 => self.out.write_i32(7),
            1 => self.out.write_str("text"),
            2 => self.out.write_null(),
            3 | 4 if self.containers > 0 => {
                let number = self.choose(self.containers);
                self.out.write_reference(number);
            }
            3 | 4 => self.out.write_bool(true),
            5 | 6 => self.list(),
            7 | 8 => self.map(),
            9 => self.define(),
            _ if self.classes.is_empty() => self.define(),
            _ => {
                let class = self.choose(self.classes.len());
                self.object(class);
            }
        }
    }

    fn open(&mut self) {
        self.containers += 1;
        self.depth += 1;
    }

    fn values(&mut self, count: usize) {
        (0..count).for_each(|_| self.value());
        self.depth -= 1;
    }

    fn list(&mut self) {
        let (form, count) = (self.choose(6), self.choose(4));
        let direct = u8::try_from(count).unwrap();
        match form {
            0 => self.put(&[0x78 + direct]),
            1 => self.put(b"X"),
            2 => self.put(b"W"),
            3 => self.put(&[0x70 + direct]),
            4 => self.put(b"V"),
            _ => self.put(b"U"),
        }
        if form >= 3 {
            self.class_type();
        }
        if matches!(form, 1 | 4) {
            self.number(count);
        }
        self.open();
        self.values(count);
        if matches!(form, 2 | 5) {
            self.put(b"Z");
        }
    }

    fn map(&mut self) {
        let typed = self.choose(2) == 1;
        self.put(if typed { b"M" } else { b"H" });
        if typed {
            self.class_type();
        }
        let entries = self.choose(3);
        self.open();
        self.values(2 * entries);
        self.put(b"Z");
    }

    /// Writes a type by its number, or by a text that may be there already.
    fn class_type(&mut self) {
        match self.choose(3) {
            0 if self.types > 0 => {
                let number = self.choose(self.types);
                self.number(number);
            }
            n => {
                self.out.write_str(["t.A", "t.B", "t.C"][n]);
                self.types += 1;
            }
        }
    }

    /// A class of a few names, that may be there already, and an object of it.
    fn define(&mut self) {
        let (name, fields) = (self.choose(3), self.choose(3));
        self.put(b"C");
        self.out.write_str(["c.A", "c.B", "c.C"][name]);
        self.number(fields);
        (0..fields).for_each(|n| self.out.write_str(["f", "g", "h"][n]));
        self.classes.push(fields);
        self.object(self.classes.len() - 1);
    }

    fn object(&mut self, class: usize) {
        match u8::try_from(class) {
            Ok(class @ 0..=0xf) => self.put(&[0x60 + class]),
            _ => {
                self.put(b"O");
                self.number(class);
            }
        }
        self.open();
        self.values(self.classes[class]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn arguments_that_share_mean_the_same_alone(
        choices in proptest::collection::vec(any::<u8>(), 0..300),
        count in 0..8_usize,
    ) {
        let mut writer = Writer::new(&choices);
        (0..count).for_each(|_| writer.value());
        there_and_back(writer.out.buffer(), count);
    }

    #[test]
    fn arguments_alone_mean_the_same_together(
        each in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..8),
    ) {
        let pieces: Vec<Bytes> = each
            .iter()
            .map(|choices| {
                let mut writer = Writer::new(choices);
                writer.value();
                writer.out.into_buffer().freeze()
            })
            .collect();
        back(&pieces);
    }

    #[test]
    fn any_bytes_are_arguments_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
        count in 0..4_usize,
    ) {
        there_and_back(&bytes, count);
        let pieces = bytes.chunks(bytes.len() / 3 + 1).map(Bytes::copy_from_slice);
        back(&pieces.collect::<Vec<_>>());
    }
}
