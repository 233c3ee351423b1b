//! Nanoseconds an object of a list of 1,000 objects of 10 fields: the measure of the project's
//! speed goal. Prints one JSON line; runs for a second a figure.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use dubhe_hessian2::{Class, Decode, Decoder, Encode, Encoder, Error, Value};

const OBJECTS: usize = 1_000;

static CLASS: Class = Class::new(
    "org.example.bench.Row",
    &["id", "count", "ratio", "active", "born", "name", "city", "street", "note", "tags"],
);

struct Row<S> {
    id: i64,
    count: i32,
    ratio: f64,
    active: bool,
    born: i64,
    name: S,
    city: S,
    street: S,
    note: S,
    tags: Vec<S>,
}

impl<S: Encode> Encode for Row<S> {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        e.write_object(&CLASS, |e| {
            self.id.encode(e)?;
            self.count.encode(e)?;
            self.ratio.encode(e)?;
            self.active.encode(e)?;
            e.write_date(self.born);
            self.name.encode(e)?;
            self.city.encode(e)?;
            self.street.encode(e)?;
            self.note.encode(e)?;
            self.tags.encode(e)
        })
    }
}

impl<'de, S: Decode<'de>> Decode<'de> for Row<S> {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        let (mut id, mut count, mut ratio, mut active, mut born) = (None, None, None, None, None);
        let (mut name, mut city, mut street, mut note, mut tags) = (None, None, None, None, None);
        d.read_object(&CLASS, |d, field| {
            match field {
                0 => id = Some(Decode::decode(d)?),
                1 => count = Some(Decode::decode(d)?),
                2 => ratio = Some(Decode::decode(d)?),
                3 => active = Some(Decode::decode(d)?),
                4 => born = Some(d.read_date()?),
                5 => name = Some(Decode::decode(d)?),
                6 => city = Some(Decode::decode(d)?),
                7 => street = Some(Decode::decode(d)?),
                8 => note = Some(Decode::decode(d)?),
                _ => tags = Some(Decode::decode(d)?),
            }
            Ok(())
        })?;
        let missing = |field| move || Error::missing_field(CLASS.name(), field);
        Ok(Self {
            id: id.ok_or_else(missing("id"))?,
            count: count.ok_or_else(missing("count"))?,
            ratio: ratio.ok_or_else(missing("ratio"))?,
            active: active.ok_or_else(missing("active"))?,
            born: born.ok_or_else(missing("born"))?,
            name: name.ok_or_else(missing("name"))?,
            city: city.ok_or_else(missing("city"))?,
            street: street.ok_or_else(missing("street"))?,
            note: note.ok_or_else(missing("note"))?,
            tags: tags.ok_or_else(missing("tags"))?,
        })
    }
}

fn rows() -> Vec<Row<String>> {
    (0..OBJECTS)
        .map(|i| {
            let n = i32::try_from(i).unwrap();
            Row {
                id: 1_000_000_007 * i64::from(n),
                count: n * 37,
                ratio: f64::from(n) * 0.37,
                active: n % 2 == 0,
                born: 1_704_067_200_123 + i64::from(n),
                name: format!("name of user {n}"),
                city: format!("city {}", n % 50),
                street: format!("{n} long winding road"),
                note: format!("a note on number {n}, of moderate length, as notes are"),
                tags: vec![format!("t{n}"), "second".to_owned(), "third tag".to_owned()],
            }
        })
        .collect()
}

/// The least time of a call over one second, in nanoseconds an object. Dropping what was made is
/// not counted.
fn measure<T>(mut run: impl FnMut() -> T) -> f64 {
    let (begin, mut best) = (Instant::now(), Duration::MAX);
    while begin.elapsed() < Duration::from_secs(1) {
        let start = Instant::now();
        let made = black_box(run());
        best = best.min(start.elapsed());
        drop(made);
    }
    best.as_secs_f64() * 1e9 / OBJECTS as f64
}

fn main() {
    let rows = rows();
    let mut e = Encoder::new();
    rows.encode(&mut e).unwrap();
    let message = e.into_buffer().freeze();
    let bytes = message.len() / OBJECTS;

    let mut e = Encoder::with_buffer(BytesMut::with_capacity(message.len() + 64));
    let encode = measure(|| {
        e.reset();
        e.buffer_mut().clear();
        black_box(&rows).encode(&mut e).unwrap();
    });
    let owned = measure(|| Vec::<Row<String>>::decode(&mut Decoder::new(&message)).unwrap());
    let borrowed = measure(|| Vec::<Row<&str>>::decode(&mut Decoder::new(&message)).unwrap());
    let value = measure(|| Value::decode(&mut Decoder::shared(&message)).unwrap());
    let skip = measure(|| Decoder::new(black_box(&message)).skip_value().unwrap());
    println!(
        "{{\"encode_ns\":{encode:.0},\"decode_owned_ns\":{owned:.0},\
         \"decode_borrowed_ns\":{borrowed:.0},\"decode_value_ns\":{value:.0},\
         \"skip_ns\":{skip:.0},\"bytes\":{bytes}}}"
    );
}
