//! `dubhe decode` over bytes that Dubbo Java wrote.
use crate::support::{dubhe, dubhe_reading};
use serde_json::Value as Json;

fn vectors(file: &str, list: &str) -> Vec<Json> {
    let path = format!("{}/../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let all: Json = serde_json::from_str(&text).unwrap();
    all[list].as_array().unwrap().clone()
}

fn frames() -> Vec<(String, String)> {
    let frames = vectors("dubbo_frames.json", "frames").into_iter();
    let whole = frames.filter(|frame| frame["hex"].is_string());
    whole
        .map(|frame| {
            let about = format!("{} {}", frame["case"], frame["direction"]);
            (about, frame["hex"].as_str().unwrap().to_owned())
        })
        .collect()
}

fn frame(case: &str, direction: &str) -> String {
    let about = format!("\"{case}\" \"{direction}\"");
    frames().into_iter().find(|(name, _)| *name == about).unwrap().1
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[test]
fn a_request_shows_its_header_arguments_and_attachments() {
    let decoded = dubhe(&["decode", &frame("greet", "c2s")]);
    let expected = r#"frame 1 at byte 0: request
     2  flags             c2
     2  serialization     hessian2 (2)
     4  request id        6329378519939876482
    12  body              186 bytes
    16  dubbo version     "2.0.2"
    22  service           "peer.api.GreetService"
    44  service version   "0.0.0"
    50  method            "greet"
    56  types             "Ljava/lang/String;"
    75  argument 1        "world"
    81  attachments       {
          "path": "peer.api.GreetService"
          "remote.application": "java-consumer"
          "interface": "peer.api.GreetService"
          "version": "0.0.0"
          "timeout": "1000"
        }
"#;
    assert_eq!((decoded.code, &*decoded.out), (0, expected), "{}", decoded.err);
}

#[test]
fn a_reply_shows_its_status_and_value() {
    let decoded = dubhe(&["decode", &frame("greet", "s2c")]);
    for line in [
        "     3  status            20 OK\n",
        "    16  tag               4 (value, attachments)\n",
        "    17  value             \"Hello, world\"\n",
    ] {
        assert!(decoded.out.contains(line), "{line} is not in {}", decoded.out);
    }
}

/// All frames at once, as one captured stream.
#[test]
fn every_captured_frame_is_read_to_its_end() {
    let all = frames();
    let stream: String = all.iter().map(|(_, hex)| hex.as_str()).collect();
    let decoded = dubhe_reading(&["decode", "-"], &bytes(&stream));
    assert_eq!((decoded.code, &*decoded.err), (0, ""));
    let titles = decoded.out.lines().filter(|line| line.starts_with("frame ")).count();
    assert_eq!(titles, all.len());
    for part in ["heartbeat", "readonly", "exception ", "40 BAD_REQUEST", "request, one-way"] {
        assert!(decoded.out.contains(part), "no {part}");
    }
}

#[test]
fn every_value_that_java_wrote_is_read() {
    let vectors = vectors("hessian2.json", "vectors").into_iter();
    // Long values are kept as a digest, and two have no encoding.
    let hex: Vec<String> =
        vectors.filter_map(|vector| vector["hex"].as_str().map(str::to_owned)).collect();
    assert!(hex.len() > 250, "only {} vectors", hex.len());
    for hex in hex {
        let decoded = dubhe(&["decode", &hex]);
        assert_eq!((decoded.code, &*decoded.err), (0, ""), "{hex}");
        assert!(decoded.out.starts_with("     0  "), "{hex}: {}", decoded.out);
    }
}

#[test]
fn bare_values_follow_each_other() {
    let decoded = dubhe(&["decode", "90", "c8:30", "03 61 62 63", "4e"]);
    assert_eq!(decoded.out, "     0  0\n     1  48\n     3  \"abc\"\n     7  null\n");
    assert_eq!(decoded.code, 0);
}

#[test]
fn files_hold_hex_or_bytes() {
    let hex = frame("greet", "s2c");
    let expected = dubhe(&["decode", &hex]).out;
    let path = std::env::temp_dir().join(format!("dubhe-cli-decode-{}", std::process::id()));
    for content in [bytes(&hex), format!("{hex}\n").into_bytes()] {
        std::fs::write(&path, content).unwrap();
        assert_eq!(dubhe(&["decode", path.to_str().unwrap()]).out, expected);
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn an_error_names_the_byte_and_comes_after_what_could_be_read() {
    let hex = frame("greet", "c2s");
    let two = format!("{hex}{}", &hex[..hex.len() - 2]);
    let first = hex.len() / 2;
    for (input, shown, said) in [
        // The last byte of the second frame is missing.
        (two, "argument 1", format!("error at byte {}: ", 2 * first - 1)),
        // The header is cut off.
        (hex[..20].to_owned(), "", "error at byte 0: the input ends after 10 of 16 bytes".into()),
        // Something else follows the first frame.
        (
            format!("{hex}00"),
            "attachments",
            format!("error at byte {first}: 1 bytes begin no frame"),
        ),
        // A bare value that is cut off.
        ("9003 6162".to_owned(), "     0  0\n", "error at byte ".into()),
    ] {
        let decoded = dubhe(&["decode", &input]);
        assert_eq!(decoded.code, 1, "{input}");
        assert!(decoded.out.contains(shown), "{input}: {}", decoded.out);
        assert!(decoded.err.contains(&said), "{input}: {}", decoded.err);
    }
}

#[test]
fn other_serializations_are_shown_as_bytes() {
    // A reply of fastjson2: id 23, status 20.
    let decoded = dubhe(&["decode", "dabb1714 0000000000000001 00000002 92af"]);
    assert_eq!(decoded.code, 0, "{}", decoded.err);
    assert!(decoded.out.contains("content           92 af\n"), "{}", decoded.out);
    assert!(decoded.out.contains("only hessian2 is"), "{}", decoded.out);
}

#[test]
fn nothing_is_an_error() {
    let decoded = dubhe_reading(&["decode"], b"");
    assert_eq!((decoded.code, &*decoded.err), (1, "error: the input is empty\n"));
}
