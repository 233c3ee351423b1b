//! Any bytes, read in every way: as a value, as Rust types, by skipping. Nothing panics, and
//! skipping accepts what reading accepts, up to the same byte.

#![no_main]

use std::collections::{BTreeMap, HashSet};

use dubhe_hessian2::java::{
    BigDecimal, BigInteger, BitSet, Calendar, Date, Throwable, Uuid, ZonedDateTime,
};
use dubhe_hessian2::{Array, Decode, Decoder, Value};
use libfuzzer_sys::fuzz_target;

/// Lists within lists: the type that follows references deepest.
struct Tree {
    _branches: Vec<Tree>,
}

impl<'de> Decode<'de> for Tree {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, dubhe_hessian2::Error> {
        Ok(Self { _branches: Decode::decode(d)? })
    }
}

fn read<'de, T: Decode<'de>>(message: &'de [u8]) {
    let mut d = Decoder::new(message);
    while !d.is_at_end() && T::decode(&mut d).is_ok() {}
}

fuzz_target!(|message: &[u8]| {
    let mut reader = Decoder::new(message);
    let mut skipper = Decoder::new(message);
    while !reader.is_at_end() && reader.read_value().is_ok() {
        skipper.skip_value().expect("what can be read can be skipped");
        assert_eq!(reader.position(), skipper.position());
    }
    read::<Tree>(message);
    read::<i32>(message);
    read::<f64>(message);
    read::<char>(message);
    read::<Option<&str>>(message);
    read::<Vec<u8>>(message);
    read::<Array<u16>>(message);
    read::<Vec<Option<String>>>(message);
    read::<HashSet<i64>>(message);
    read::<BTreeMap<String, Value>>(message);
    read::<Date>(message);
    read::<BigDecimal>(message);
    if let Ok(number) = BigInteger::decode(&mut Decoder::new(message)) {
        let text = number.to_string();
        assert!(text.len() <= 11_000);
        assert!(text.len() > 10_000 || text.parse::<BigInteger>().is_ok_and(|same| same == number));
    }
    read::<BigInteger>(message);
    read::<BitSet>(message);
    read::<Calendar>(message);
    read::<Uuid>(message);
    read::<ZonedDateTime>(message);
    read::<Throwable>(message);
});
