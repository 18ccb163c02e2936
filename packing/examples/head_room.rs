//! Prints the tables of `docs/encryption.md`: what the noise leaves for the plaintext, and how long
//! the list of a day of glucose readings becomes.

use std::fmt::Write;

use pulseproof_packing::{DIMENSION, Layout, LayoutRequest, Scale, head_room};

const SUMMANDS: [u64; 7] = [1, 10, 100, 160, 1000, 10_000, 100_000];

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() {
    println!("{}\n{}", plaintext_table(), layout_table());
}

/// Plaintext bits of a list with as many bodies as one mask serves.
pub fn plaintext_table() -> String {
    let mut table = String::from(
        "| summands | plaintext bits | log2 of failure, at most | log2 of noise std, at most |\n\
         |---:|---:|---:|---:|\n",
    );
    for summands in SUMMANDS {
        let _ = match head_room(summands, DIMENSION) {
            Some(room) => writeln!(
                table,
                "| {summands} | {} | {:.1} | {:.2} |",
                room.plaintext_bits, room.failure_log2, room.noise_std_log2
            ),
            None => writeln!(table, "| {summands} | none | | |"),
        };
    }
    table
}

/// Words of a list of 288 glucose readings, 40 to 400 mg/dl.
pub fn layout_table() -> String {
    let mut table = String::from(
        "| summands | plaintext bits | words | bytes | log2 of failure, at most |\n\
         |---:|---:|---:|---:|---:|\n",
    );
    for summands_max in SUMMANDS {
        let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
        let request =
            LayoutRequest { scale, inside: (70, 180), slots: 288, summands_max, totals: false };
        let _ = match Layout::plan(request) {
            Ok(layout) => writeln!(
                table,
                "| {summands_max} | {} | {} | {} | {:.1} |",
                layout.plaintext_bits(),
                layout.words(),
                8 * layout.words(),
                layout.failure_log2()
            ),
            Err(error) => writeln!(table, "| {summands_max} | {error} | | | |"),
        };
    }
    table
}
