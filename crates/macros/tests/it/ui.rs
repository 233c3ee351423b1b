//! Wrong use gives errors that teach; the text is part of the interface.

#[test]
fn errors_say_what_to_do() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*/*.rs");
}
