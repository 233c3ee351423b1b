//! Decoding takes no more memory than its budget, and sensible messages fit.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::memory::MemoryLimit;
use dubhe_hessian2::{Decode, Decoder, Encoder, ErrorKind, Serde, Value};

const MIB: usize = 1 << 20;

/// The bytes that values take in memory: everything that is allocated, once.
#[derive(Default)]
struct Memory {
    seen: HashSet<usize>,
    bytes: usize,
}

impl Memory {
    fn of<'a>(values: impl IntoIterator<Item = &'a Value>) -> usize {
        let mut memory = Self::default();
        values.into_iter().for_each(|value| memory.add(value));
        memory.bytes
    }

    /// Adds what is allocated for `value`.
    fn add(&mut self, value: &Value) {
        match value {
            Value::List(list) if self.first(list) => {
                self.bytes += list.items.capacity() * size_of::<Value>();
                list.items.iter().for_each(|v| self.add(v));
            }
            Value::Map(map) if self.first(map) => {
                self.bytes += map.entries.capacity() * size_of::<(Value, Value)>();
                map.entries.iter().flat_map(|(k, v)| [k, v]).for_each(|v| self.add(v));
            }
            Value::Object(object) if self.first(object) => {
                self.bytes +=
                    object.fields.capacity() * size_of::<(dubhe_core::ByteString, Value)>();
                object.fields.iter().for_each(|(_, v)| self.add(v));
            }
            Value::Shared(_, inner) => {
                self.bytes += size_of::<Value>();
                self.add(inner);
            }
            _ => {}
        }
    }

    fn first<T>(&mut self, shared: &Arc<T>) -> bool {
        let first = self.seen.insert(Arc::as_ptr(shared).addr());
        self.bytes += if first { size_of::<T>() + 16 } else { 0 };
        first
    }
}

/// A list that says how long it is.
fn list_of(element: &[u8], count: usize) -> Bytes {
    let mut e = Encoder::new();
    e.write_list(count, |e| {
        e.buffer_mut().extend_from_slice(&element.repeat(count));
        Ok(())
    })
    .unwrap();
    e.into_buffer().freeze()
}

/// A list that only its end says the length of.
fn open_list_of(element: &[u8], count: usize) -> Bytes {
    [&[0x57][..], &element.repeat(count), b"Z"].concat().into()
}

fn read<T: for<'de> Decode<'de>>(message: &Bytes) -> Result<T, ErrorKind> {
    T::decode(&mut Decoder::shared(message)).map_err(|e| e.kind())
}

fn within_budget(message: &Bytes) -> bool {
    let budget = MemoryLimit::default().budget(message.len()).left();
    match read::<Value>(message) {
        Ok(value) => {
            let taken = Memory::of([&value]);
            assert!(taken <= budget, "{} bytes take {taken}", message.len());
            true
        }
        Err(kind) => {
            assert_eq!(kind, ErrorKind::Limit);
            false
        }
    }
}

const NULL: &[u8] = b"N";
const TRUE: &[u8] = b"T";
const INT: &[u8] = &[0x91];
const EMPTY_LIST: &[u8] = &[0x78];
const EMPTY_MAP: &[u8] = b"HZ";
const PAIR: &[u8] = &[0x48, 0x01, b'a', 0x91, b'Z'];

#[test]
fn what_is_sensible_fits() {
    for element in [NULL, TRUE, INT, PAIR, b"\x03abc", b"D\0\0\0\0\0\0\0\0"] {
        assert!(within_budget(&list_of(element, 100_000)), "{element:?}");
        assert!(within_budget(&open_list_of(element, 10_000)), "{element:?}");
    }
    assert!(within_budget(&list_of(EMPTY_LIST, 100_000)));
    assert!(within_budget(&list_of(EMPTY_MAP, 400)));
    let mut nested = list_of(INT, 3);
    for _ in 0..100 {
        nested = [&[0x79], &nested[..]].concat().into();
    }
    assert!(within_budget(&nested));
}

#[test]
fn values_that_are_far_larger_than_their_bytes_are_bounded() {
    for element in [NULL, EMPTY_LIST, EMPTY_MAP, PAIR, b"\x70\x01a", b"\x51\x90"] {
        for count in [100_000, 4_000_000] {
            within_budget(&list_of(element, count));
            within_budget(&open_list_of(element, count));
        }
    }
    for element in [NULL, EMPTY_LIST, EMPTY_MAP] {
        assert!(!within_budget(&list_of(element, 4_000_000)), "{element:?}");
        assert!(!within_budget(&open_list_of(element, 4_000_000)), "{element:?}");
    }
}

#[test]
fn a_budget_is_an_option_and_exact() {
    // 2,000 elements and the list around them.
    let message = list_of(NULL, 2_000);
    let read = |most| Decoder::shared(&message).memory(MemoryLimit::new(64, most)).read_value();
    assert!(size_of::<Value>() * 2_000 <= 128 * 1024);
    assert!(read(128 * 1024).is_ok());
    let error = read(64 * 1024).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.to_string().contains("raise MemoryLimit"), "{error}");

    // To the byte: strings of Rust are copied.
    let texts = |last: usize| ["a".repeat(20_000), "a".repeat(20_000), "a".repeat(last)].to_vec();
    let few = dubhe_hessian2::payload::args((texts(1_000),));
    let few = dubhe_hessian2::payload::arguments_with_memory::<(Vec<String>,)>(&few);
    let most = 64 * 1024 - few.unwrap().1 + 1_000;
    let read = |last| {
        let message = dubhe_hessian2::to_bytes(&texts(last)).unwrap();
        let mut d = Decoder::new(&message).memory(MemoryLimit::new(64, 64 * 1024));
        Vec::<String>::decode(&mut d).err().map(|e| e.kind())
    };
    assert_eq!((read(most), read(most + 1)), (None, Some(ErrorKind::Limit)));
}

/// Writes a list of `count` integers and then `again` references to it, as `put` has each.
fn repeated(count: usize, again: usize, put: impl Fn(&mut Encoder, usize)) -> Bytes {
    let mut e = Encoder::new();
    e.write_map(|e| {
        put(e, 0);
        let first = e.next_reference();
        e.write_list(count, |e| {
            (0..count).for_each(|_| e.write_i32(1));
            Ok(())
        })?;
        for index in 1..=again {
            put(e, index);
            e.write_reference(first);
        }
        Ok(())
    })
    .unwrap();
    e.into_buffer().freeze()
}

#[test]
fn values_of_one_message_share_what_they_refer_to() {
    for count in [64 << 10, 256 << 10, MIB] {
        let message = repeated(count, 10, |e, index| e.write_str(&index.to_string()));
        let values: HashMap<String, Value> = read(&message).unwrap();
        assert_eq!(values.len(), 11);
        assert!(values.values().all(|v| v.items().len() == count));
        let taken = Memory::of(values.values());
        assert!(taken <= count * size_of::<Value>() + 128, "{taken}");
        assert!(taken <= MemoryLimit::default().budget(message.len()).left());
    }
    let message = repeated(3 * MIB, 20, |e, index| e.write_str(&index.to_string()));
    assert_eq!(read::<HashMap<String, Value>>(&message), Err(ErrorKind::Limit));
}

#[test]
fn typed_values_copy_within_their_budget() {
    let key = |e: &mut Encoder, index: usize| e.write_str(&index.to_string());
    let few = repeated(1_000, 5, key);
    assert_eq!(read::<HashMap<String, Vec<i64>>>(&few).unwrap().len(), 6);
    // Each copy takes eight times its bytes, and references may unfold to sixteen times as many.
    let many = repeated(MIB, 17, key);
    assert_eq!(read::<HashMap<String, Vec<i64>>>(&many), Err(ErrorKind::Limit));
}

/// A value that takes a kilobyte, read out of one byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Large([u8; 1024]);

impl<'de> Decode<'de> for Large {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, dubhe_hessian2::Error> {
        let low = d.read_i32()?.to_be_bytes();
        let mut all = [0; 1024];
        all[..4].copy_from_slice(&low);
        Ok(Self(all))
    }
}

#[test]
fn the_elements_of_every_collection_count() {
    let ints = |count: u16| {
        let mut e = Encoder::new();
        e.write_list(count.into(), |e| {
            (0..count).for_each(|n| e.write_i32(n.into()));
            Ok(())
        })
        .unwrap();
        e.into_buffer().freeze()
    };
    let pairs = |count: u16| {
        let mut e = Encoder::new();
        e.write_map(|e| {
            (0..2 * count).for_each(|n| e.write_i32(n.into()));
            Ok(())
        })
        .unwrap();
        e.into_buffer().freeze()
    };
    macro_rules! counts {
        ($($message:ident $type:ty;)*) => {$(
            assert!(read::<$type>(&$message(20)).is_ok(), stringify!($type));
            assert_eq!(read::<$type>(&$message(2_000)).err(), Some(ErrorKind::Limit), stringify!($type));
        )*};
    }
    counts! {
        ints Vec<Large>;
        ints Vec<Option<Large>>;
        ints Vec<Box<Large>>;
        ints Vec<Arc<Large>>;
        ints std::collections::VecDeque<Large>;
        ints HashSet<Large>;
        ints std::collections::BTreeSet<Large>;
        pairs HashMap<i32, Large>;
        pairs HashMap<Large, i32>;
        pairs BTreeMap<i32, Large>;
    }
    assert!(read::<Vec<Option<Large>>>(&open_list_of(NULL, 2_000)).is_err());
}

#[test]
fn types_of_serde_count_too() {
    #[derive(serde::Deserialize, Debug)]
    struct Wide {
        #[serde(default)]
        _one: [u64; 32],
        #[serde(default)]
        _two: [u64; 32],
    }
    assert!(read::<Serde<Vec<Option<Wide>>>>(&list_of(NULL, 20)).is_ok());
    for message in [list_of(NULL, 2_000), list_of(EMPTY_MAP, 2_000)] {
        assert_eq!(read::<Serde<Vec<Option<Wide>>>>(&message).err(), Some(ErrorKind::Limit));
        assert_eq!(
            read::<Serde<Vec<Option<Box<Wide>>>>>(&list_of(EMPTY_MAP, 2_000)).err(),
            Some(ErrorKind::Limit)
        );
    }
    let message = repeated(2_000, 40, |e, index| e.write_str(&index.to_string()));
    assert_eq!(read::<Serde<HashMap<String, Vec<u64>>>>(&message).err(), Some(ErrorKind::Limit));
}

#[test]
fn the_tables_of_a_decoder_count() {
    let limit = MemoryLimit::new(64, MIB);
    let skip =
        |message: &[u8]| Decoder::new(message).memory(limit).skip_value().err().map(|e| e.kind());
    assert_eq!(skip(&list_of(EMPTY_LIST, 10_000)), None);
    assert_eq!(skip(&list_of(EMPTY_LIST, 100_000)), Some(ErrorKind::Limit));
    // Classes of 1,000 fields without names, 1,005 bytes each.
    let class = [b"C\x01a\xcb\xe8", &[0; 1_000][..]].concat();
    assert_eq!(skip(&[&class.repeat(3), &b"N"[..]].concat()), None);
    assert_eq!(skip(&[&class.repeat(40), &b"N"[..]].concat()), Some(ErrorKind::Limit));
}

#[test]
fn arguments_of_their_own_have_one_budget() {
    let arguments = vec![list_of(NULL, 1_000); 100];
    let mut d = Decoder::separate(&arguments).memory(MemoryLimit::new(64, MIB));
    let read = (0..100).take_while(|_| d.begin_argument().read_value().is_ok()).count();
    assert_eq!(read, MIB / (1_000 * size_of::<Value>() + 144));
}

#[test]
fn a_value_that_was_referred_to_nests_no_deeper_for_that() {
    // Each list holds the one before it at the depth of 50.
    let mut e = Encoder::new();
    fn nest(e: &mut Encoder, depth: usize, last: Option<usize>) {
        e.write_list(1, |e| {
            match (depth, last) {
                (0, Some(last)) => e.write_reference(last),
                (0, None) => e.write_null(),
                _ => nest(e, depth - 1, last),
            }
            Ok(())
        })
        .unwrap();
    }
    let mut last = None;
    for _ in 0..10 {
        let next = e.next_reference();
        nest(&mut e, 49, last);
        last = Some(next);
    }
    let message = e.into_buffer().freeze();
    let mut d = Decoder::shared(&message);
    assert_eq!((0..10).take_while(|_| d.read_value().is_ok()).count(), 2);
}
