//! The errors of the compiler for values that are used for what they are not.

#[test]
fn messages_of_the_compiler_name_the_remedy() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
