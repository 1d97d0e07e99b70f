//! What must not compile does not, with messages a newcomer understands; what should compile does. S2-5, S2-33.
//!
//! `TRYBUILD=overwrite cargo test -p netabase-tests ui` writes the messages anew; read the difference.

#[test]
fn messages_name_the_cure() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*.rs");
    cases.pass("ui/pass/*.rs");
}
