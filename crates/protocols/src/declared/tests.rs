//! Definitions and messages.

use super::Library;

#[test]
fn what_is_shipped_loads() {
    let library = Library::parse(&[]).unwrap_or_else(|error| panic!("{error}"));
    assert!(library.protocols().count() >= 20);
}
