//! Any text as a Java source, whose comments become Markdown. Nothing panics, and no comment grows beyond its source
//! by more than what its marks need.

#![no_main]

use dubhe_codegen::javadoc::Sources;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for source in [text.to_owned(), format!("/**{text}*/ interface A {{ /**{text}*/ int a(int b); }}")] {
        let mut sources = Sources::default();
        sources.add(&source);
        let Some(found) = sources.get("A") else { continue };
        let method = found.method("a", &["int".to_owned()]).and_then(|method| method.doc);
        for doc in [found.doc(), method, found.field("a")].into_iter().flatten() {
            assert!(doc.len() <= 16 * source.len() + 64);
        }
    }
});
