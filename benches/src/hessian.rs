//! Hessian2: a list of 1,000 objects of ten fields, the same ones that the Java and Go programs
//! in `tests/peers` time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use bytestring::ByteString;
use dubhe::Java;
use dubhe::hessian2::{Decode, Decoder, Encode, Encoder, Error};
use dubhe::java::Date;
use serde_json::json;

/// Objects in the list.
const COUNT: i32 = 1000;
/// The time for which each figure is measured.
const MEASURE_TIME: Duration = Duration::from_secs(2);

/// `String` owns its text, `ByteString` shares the message, `&str` borrows from it.
#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.bench.Row")]
struct Row<S> {
    id: i64,
    count: i32,
    score: f64,
    active: bool,
    created: Date,
    name: S,
    email: S,
    city: S,
    note: S,
    tags: Vec<S>,
}

type Rows<S> = Vec<Row<S>>;

fn rows() -> Rows<String> {
    let row = |i: i32| Row {
        id: 1_000_000_007 * i64::from(i),
        count: 1_000 + i,
        score: f64::from(i) + 0.25,
        active: i % 2 == 0,
        created: Date(1_700_000_000_001 + i64::from(i)),
        name: format!("name-{i}"),
        email: format!("user{i}@example.org"),
        city: "Hangzhou".into(),
        note: "forty characters of text, plain ASCII, x".into(),
        tags: vec!["alpha".into(), "beta".into(), format!("tag-{}", i % 10)],
    };
    (0..COUNT).map(row).collect()
}

/// Nanoseconds per object of the fastest tenth of many runs: what else the machine does only adds.
/// Dropping what was made is left out, as collecting it is in Java and Go.
fn time<T>(mut run: impl FnMut() -> Result<T, Error>) -> Result<f64, Error> {
    let mut laps = Vec::new();
    let start = Instant::now();
    while start.elapsed() < MEASURE_TIME {
        let lap = Instant::now();
        let made = black_box(run()?);
        laps.push(lap.elapsed());
        drop(made);
    }
    laps.sort();
    let fast = laps.get(laps.len() / 10).copied().unwrap_or_default();
    Ok(fast.as_secs_f64() * 1e9 / f64::from(COUNT))
}

#[allow(clippy::print_stdout, reason = "it is what the program is for")]
pub(crate) fn run() -> Result<(), Error> {
    let rows = rows();
    let mut encoder = Encoder::new();
    rows.encode(&mut encoder)?;
    let bytes = encoder.into_buffer().freeze();

    let mut buffer = BytesMut::from(&*bytes);
    let encode = time(|| {
        buffer.clear();
        let mut encoder = Encoder::with_buffer(std::mem::take(&mut buffer));
        black_box(&rows).encode(&mut encoder)?;
        buffer = encoder.into_buffer();
        black_box(&buffer);
        Ok(())
    })?;
    let decode = time(|| Rows::<String>::decode(&mut Decoder::new(black_box(&bytes))))?;
    let shared = time(|| Rows::<ByteString>::decode(&mut Decoder::shared(black_box(&bytes))))?;
    let borrowed = time(|| Rows::<&str>::decode(&mut Decoder::new(black_box(&bytes))))?;
    // What allocating and filling that many strings takes by itself.
    let copy = time(|| Ok(black_box(&rows).clone()))?;
    if Rows::<String>::decode(&mut Decoder::new(&bytes))? != rows {
        return Err(Error::new(
            dubhe::hessian2::ErrorKind::Mismatch,
            "the list changed on its way",
        ));
    }
    let report = json!({
        "encode_ns": encode,
        "decode_ns": decode,
        "decode_shared_ns": shared,
        "decode_borrowed_ns": borrowed,
        "copy_ns": copy,
        "bytes": bytes.len(),
    });
    println!("{report}");
    Ok(())
}
