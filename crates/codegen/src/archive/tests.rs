use std::io::Write;

use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

/// A jar of these entries.
fn jar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The names and sources of the class files of a jar, and the notes.
fn visited(limits: Limits, jar: &[u8]) -> (Vec<String>, Vec<String>) {
    let mut reader = Reader::new(limits);
    let mut names = Vec::new();
    reader
        .jar_bytes("a.jar", jar, ".class", &mut |entry| {
            names.push(format!("{} of {} ({})", entry.name, entry.source, entry.bytes.len()));
        })
        .unwrap();
    (names, reader.take_notes().iter().map(ToString::to_string).collect())
}

#[test]
fn entries_are_sorted_and_variants_passed_over() {
    let jar = jar(&[
        ("b/B.class", b"12"),
        ("META-INF/versions/17/b/B.class", b"123"),
        ("a/A.class", b"1"),
        ("a/readme.txt", b""),
        ("../../evil.class", b"1234"),
    ]);
    let (names, notes) = visited(Limits::default(), &jar);
    assert_eq!(
        names,
        ["../../evil.class of a.jar (4)", "a/A.class of a.jar (1)", "b/B.class of a.jar (2)"]
    );
    assert_eq!(notes, [""; 0]);
}

#[test]
fn a_spring_boot_application_is_looked_into() {
    let library = jar(&[("lib/L.class", b"123")]);
    let application = jar(&[
        ("org/springframework/boot/loader/Launcher.class", b"1"),
        ("BOOT-INF/lib/z.jar", &library),
        ("BOOT-INF/lib/broken.jar", b"no jar"),
        ("BOOT-INF/classes/my/App.class", b"12"),
    ]);
    let (names, notes) = visited(Limits::default(), &application);
    assert_eq!(names, ["my/App.class of a.jar (2)", "lib/L.class of z.jar in a.jar (3)"]);
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("a.jar!/BOOT-INF/lib/broken.jar: "), "{}", notes[0]);
}

#[test]
fn a_bomb_is_passed_over() {
    let zeros = vec![0; 1 << 20];
    let jar = jar(&[("a/Bomb.class", &zeros), ("b/B.class", b"1")]);
    assert!(jar.len() < 10_000);
    let (names, notes) = visited(Limits { entry: 1_000, ..Limits::default() }, &jar);
    assert_eq!(names, ["b/B.class of a.jar (1)"]);
    assert!(notes[0].contains("the limit `entry` allows, 1000 bytes"), "{}", notes[0]);
    let (names, notes) = visited(Limits { total: 1_000, ..Limits::default() }, &jar);
    assert_eq!(names, [""; 0]);
    assert_eq!(notes.len(), 2);
    assert!(
        notes[1].contains("b/B.class: the limit `total` of 1000 bytes is reached"),
        "{}",
        notes[1]
    );
}

#[test]
fn cut_and_changed_jars_do_not_panic() {
    let whole = jar(&[("a/A.class", b"content"), ("b/B.class", &[7; 300])]);
    for len in 0..whole.len() {
        let _ = Reader::default().jar_bytes("a.jar", &whole[..len], ".class", &mut |_| {});
    }
    for at in 0..whole.len() {
        for change in [0xFF, 0x01] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            let _ = Reader::default().jar_bytes("a.jar", &bytes, ".class", &mut |_| {});
        }
    }
}

#[test]
fn a_wrong_checksum_loses_one_entry() {
    let mut bytes = jar(&[("a/A.class", b"content"), ("b/B.class", b"other")]);
    let crc = bytes.windows(4).position(|w| w == [b'P', b'K', 1, 2]).unwrap() + 16;
    bytes[crc] ^= 1;
    let (names, notes) = visited(Limits::default(), &bytes);
    assert_eq!(names, ["b/B.class of a.jar (5)"]);
    assert!(notes[0].starts_with("a.jar!/a/A.class: "), "{}", notes[0]);
}

#[test]
fn what_is_no_jar_is_an_error() {
    let error = Reader::default().jar_bytes("a.jar", b"text", ".class", &mut |_| {}).unwrap_err();
    assert!(error.to_string().starts_with("a.jar is no jar, or was cut off: "), "{error}");
    let error = Reader::default().jar(Path::new("none.jar"), ".class", &mut |_| {}).unwrap_err();
    assert!(error.to_string().starts_with("cannot read none.jar: "), "{error}");
}
