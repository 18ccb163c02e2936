//! Prints the tables of `docs/encryption.md`: what the noise leaves for the plaintext, and how long
//! the list of a day of glucose readings becomes.

use std::fmt::Write;

use pulseproof_packing::{HeadRoom, Layout, LayoutRequest, Scale, head_room};

const SUMMANDS: [u64; 7] = [1, 10, 100, 160, 1000, 10_000, 100_000];

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() {
    println!("{}\n{}", plaintext_table(), layout_table());
}

/// Plaintext bits of a sum, and its noise.
pub fn plaintext_table() -> String {
    let mut table = String::from(
        "| summands | plaintext bits | log2 of noise, at most | noise in units of Δ/2, at most |\n\
         |---:|---:|---:|---:|\n",
    );
    for summands in SUMMANDS {
        let _ = match head_room(summands) {
            Some(HeadRoom { plaintext_bits, noise_max }) => {
                let noise = noise_max as f64;
                let share = noise / (1u64 << (63 - plaintext_bits)) as f64;
                writeln!(
                    table,
                    "| {summands} | {plaintext_bits} | {:.2} | {share:.2} |",
                    noise.log2()
                )
            }
            None => writeln!(table, "| {summands} | none | | |"),
        };
    }
    table
}

/// Words of a list of 288 glucose readings, 40 to 400 mg/dl.
pub fn layout_table() -> String {
    let mut table =
        String::from("| summands | plaintext bits | words | bytes |\n|---:|---:|---:|---:|\n");
    for summands_max in SUMMANDS {
        let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
        let request =
            LayoutRequest { scale, inside: (70, 180), slots: 288, summands_max, totals: false };
        let _ = match Layout::plan(request) {
            Ok(layout) => writeln!(
                table,
                "| {summands_max} | {} | {} | {} |",
                layout.plaintext_bits(),
                layout.words(),
                8 * layout.words()
            ),
            Err(error) => writeln!(table, "| {summands_max} | {error} | | |"),
        };
    }
    table
}
