//! Hessian2: a list of 1,000 objects of ten fields, the same ones that the Java and Go programs
//! in `tests/peers` time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dubhe::Java;
use dubhe::hessian2::{Decode, Decoder, Encode, Encoder, Error};
use dubhe::java::Date;
use serde_json::json;

/// Objects in the list.
const COUNT: i32 = 1000;
/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(2);

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.bench.Row")]
struct Row {
    id: i64,
    count: i32,
    score: f64,
    active: bool,
    created: Date,
    name: String,
    email: String,
    city: String,
    note: String,
    tags: Vec<String>,
}

#[derive(Java, Debug)]
#[java(class = "org.example.bench.Row")]
struct BorrowedRow<'a> {
    id: i64,
    count: i32,
    score: f64,
    active: bool,
    created: Date,
    name: &'a str,
    email: &'a str,
    city: &'a str,
    note: &'a str,
    tags: Vec<&'a str>,
}

fn rows() -> Vec<Row> {
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
fn time(mut run: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    let mut laps = Vec::new();
    let start = Instant::now();
    while start.elapsed() < TIME {
        let lap = Instant::now();
        run()?;
        laps.push(lap.elapsed());
    }
    laps.sort();
    let fast = laps.get(laps.len() / 10).copied().unwrap_or_default();
    Ok(fast.as_secs_f64() * 1e9 / f64::from(COUNT))
}

pub(crate) fn run() -> Result<(), Error> {
    let rows = rows();
    let mut encoder = Encoder::new();
    rows.encode(&mut encoder)?;
    let bytes = encoder.into_buffer();

    let mut buffer = bytes.clone();
    let encode = time(|| {
        buffer.clear();
        let mut encoder = Encoder::with_buffer(std::mem::take(&mut buffer));
        black_box(&rows).encode(&mut encoder)?;
        buffer = encoder.into_buffer();
        black_box(&buffer);
        Ok(())
    })?;
    let decode = time(|| {
        let list = Vec::<Row>::decode(&mut Decoder::new(black_box(&bytes)))?;
        black_box(list);
        Ok(())
    })?;
    let borrowed = time(|| {
        let list = Vec::<BorrowedRow<'_>>::decode(&mut Decoder::new(black_box(&bytes)))?;
        black_box(list);
        Ok(())
    })?;
    if Vec::<Row>::decode(&mut Decoder::new(&bytes))? != rows {
        return Err(Error::new(
            dubhe::hessian2::ErrorKind::Mismatch,
            "the list changed on its way",
        ));
    }
    let report = json!({
        "encode_ns": encode,
        "decode_ns": decode,
        "decode_borrowed_ns": borrowed,
        "bytes": bytes.len(),
    });
    println!("{report}");
    Ok(())
}
