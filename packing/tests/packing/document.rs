//! The tables of `docs/encryption.md` are what the code computes.

#[path = "../../examples/head_room.rs"]
#[allow(dead_code)]
mod head_room;

const DOCUMENT: &str = include_str!("../../../docs/encryption.md");

#[test]
fn the_table_of_plaintext_bits_is_current() {
    let table = head_room::plaintext_table();
    assert!(DOCUMENT.contains(&table), "docs/encryption.md must contain\n{table}");
}

#[test]
fn the_table_of_layouts_is_current() {
    let table = head_room::layout_table();
    assert!(DOCUMENT.contains(&table), "docs/encryption.md must contain\n{table}");
}
