//! The bytes of hessian-lite 4.0.4 for 284 values, in both directions.

mod typed;

use std::collections::HashSet;

use dubhe_hessian2::{Decoder, Value, from_bytes, to_bytes};
use dubhe_testkit::samples;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

const FILE: &str = include_str!("../../../../../../tests/vectors/hessian2.json");

/// Vectors whose bytes we do not write, with the bytes we write instead, and why.
const OTHER_BYTES: [(&str, &str, &str); 1] = [(
    "string/lone-surrogate",
    "0361efbfbd62",
    "Rust text holds no lone surrogate: U+FFFD stands for it",
)];

pub(crate) struct Vector {
    pub(crate) name: String,
    /// The bytes, when they are short enough to be listed.
    pub(crate) bytes: Option<Vec<u8>>,
    length: usize,
    sha256: Option<String>,
    head: Option<Vec<u8>>,
}

pub(crate) fn vectors() -> Vec<Vector> {
    let file: Json = serde_json::from_str(FILE).unwrap();
    let all = file["vectors"].as_array().unwrap();
    all.iter()
        .map(|v| {
            let text = |key: &str| v[key].as_str().map(str::to_owned);
            let bytes = text("hex").map(|hex| from_hex(&hex));
            let length =
                bytes.as_ref().map_or_else(|| v["length"].as_u64().unwrap() as usize, Vec::len);
            Vector {
                name: text("name").unwrap(),
                bytes,
                length,
                sha256: text("sha256"),
                head: text("head").map(|hex| from_hex(&hex)),
            }
        })
        .collect()
}

pub(crate) fn vector(name: &str) -> Vec<u8> {
    vectors().into_iter().find(|v| v.name == name).unwrap().bytes.unwrap()
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, b| hex + &format!("{b:02x}"))
}

#[test]
fn every_vector_has_a_sample_and_every_sample_a_vector() {
    let vectors: HashSet<String> = vectors().into_iter().map(|v| v.name).collect();
    let samples: HashSet<String> = samples::all().into_iter().map(|s| s.0).collect();
    assert_eq!(vectors, samples);
    assert_eq!(vectors.len(), 284);
}

#[test]
fn java_bytes_decode_to_the_value() {
    let samples: std::collections::HashMap<String, Value> = samples::all().into_iter().collect();
    for vector in vectors() {
        let Some(bytes) = &vector.bytes else { continue };
        let value: Value = from_bytes(bytes).unwrap_or_else(|e| panic!("{}: {e}", vector.name));
        let expected = &samples[&vector.name];
        let same = value.same(expected) && value.to_string() == expected.to_string();
        assert!(same, "{}:\n{value}\n{expected}", vector.name);
    }
}

#[test]
fn values_encode_to_java_bytes_and_back() {
    let samples: std::collections::HashMap<String, Value> = samples::all().into_iter().collect();
    for vector in vectors() {
        let value = &samples[&vector.name];
        let bytes = to_bytes(value).unwrap_or_else(|e| panic!("{}: {e}", vector.name));
        let back: Value = from_bytes(&bytes).unwrap();
        assert!(back.same(value), "{}", vector.name);
        if let Some((_, ours, _)) = OTHER_BYTES.iter().find(|(name, ..)| *name == vector.name) {
            assert_eq!(to_hex(&bytes), *ours, "{}", vector.name);
            continue;
        }
        if let Some(expected) = &vector.bytes {
            assert_eq!(to_hex(&bytes), to_hex(expected), "{}", vector.name);
            continue;
        }
        assert_eq!(bytes.len(), vector.length, "{}", vector.name);
        assert!(bytes.starts_with(vector.head.as_ref().unwrap()), "{}", vector.name);
        assert_eq!(to_hex(&Sha256::digest(&bytes)), vector.sha256.unwrap(), "{}", vector.name);
    }
}

#[test]
fn skipping_a_value_ends_where_reading_it_does() {
    for vector in vectors() {
        let Some(bytes) = &vector.bytes else { continue };
        let mut d = Decoder::new(bytes);
        d.skip_value().unwrap_or_else(|e| panic!("{}: {e}", vector.name));
        assert!(d.is_at_end(), "{}", vector.name);
    }
}

#[test]
fn a_vector_cut_anywhere_is_an_error() {
    for vector in vectors() {
        let Some(bytes) = &vector.bytes else { continue };
        for len in 0..bytes.len() {
            let cut = &bytes[..len];
            assert!(from_bytes::<Value>(cut).is_err(), "{} at {len}", vector.name);
            assert!(Decoder::new(cut).skip_value().is_err(), "{} at {len}", vector.name);
        }
    }
}
