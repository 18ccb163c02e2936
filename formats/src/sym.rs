//! Names of signals (`.sym`), as circom writes them beside a circuit: a line for each signal, with its number, its
//! wire, its component and its name. Touches the source it is given, line by line.
//!
//! Several signals may have one wire, because circom joins those that are always equal: the first of them, which
//! is the outermost, gives the wire its name. A signal that was simplified away has none.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

use crate::text::unmarked;

/// Longest line that is read.
pub const LINE_BYTES_MAX: u64 = 4096;

const UTF_16: &str = "UTF-16 text: save it as UTF-8";

/// A signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// Its wire, if it has one.
    pub wire: Option<u32>,
    /// Its name, such as `main.root`.
    pub name: &'a str,
}

/// Why names cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SymError {
    /// Reading fails.
    #[error("sym file: {0}")]
    Io(#[from] io::Error),
    /// A line is not what circom writes.
    #[error("sym file: line {line}: {reason}")]
    Line {
        /// Which one, from 1.
        line: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A signal has a wire that the circuit has not.
    #[error("sym file: of another circuit: wire {wire} is not below {wires}")]
    Foreign {
        /// The wire.
        wire: u32,
        /// How many the circuit has.
        wires: u32,
    },
    /// Not all of a circuit's wires have names.
    #[error("sym file: of another circuit: wire {wire} has no name")]
    Unnamed {
        /// The first of them.
        wire: u32,
    },
}

/// Hands out all signals, in order.
///
/// # Errors
/// Reading fails, or a line is not what circom writes.
pub fn each(mut source: impl BufRead, mut on: impl FnMut(Symbol<'_>)) -> Result<(), SymError> {
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        io::Read::take(&mut source, LINE_BYTES_MAX + 1).read_until(b'\n', &mut text)?;
        if text.is_empty() {
            break;
        }
        let failed = |reason| SymError::Line { line, reason };
        if text.len() as u64 > LINE_BYTES_MAX {
            return Err(failed("longer than 4096 bytes"));
        }
        let text = if line == 1 { unmarked(&text).map_err(|_| failed(UTF_16))? } else { &text };
        on(symbol(text).map_err(failed)?);
    }
    Ok(())
}

/// One line.
fn symbol(line: &[u8]) -> Result<Symbol<'_>, &'static str> {
    let text = str::from_utf8(line).map_err(|_| "not UTF-8")?;
    let text = text.trim_end_matches(['\n', '\r']);
    let mut parts = text.splitn(4, ',');
    let (Some(_), Some(wire), Some(_), Some(name)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("not the four fields number, wire, component, name");
    };
    let wire = match wire {
        "-1" => None,
        wire => Some(wire.parse().map_err(|_| "the wire is no number")?),
    };
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("the name is empty or has control characters");
    }
    Ok(Symbol { wire, name })
}

/// The names of some wires; those that have none are left out. `wires`: how many the circuit has, where that is known.
///
/// # Errors
/// As [`each`], and if a signal has a wire that the circuit has not: then it is another circuit's.
pub fn names(
    source: impl BufRead,
    wanted: &BTreeSet<u32>,
    wires: Option<u32>,
) -> Result<BTreeMap<u32, String>, SymError> {
    let (mut names, mut highest) = (BTreeMap::new(), 0);
    each(source, |symbol| {
        let Some(wire) = symbol.wire else { return };
        highest = highest.max(wire);
        if wanted.contains(&wire) {
            names.entry(wire).or_insert_with(|| symbol.name.to_owned());
        }
    })?;
    match wires {
        Some(wires) if highest >= wires => Err(SymError::Foreign { wire: highest, wires }),
        _ => Ok(names),
    }
}

/// The names of a circuit's public signals: wires 1 to `public`, in their order.
///
/// # Errors
/// As [`names`], and if one has no name: then they are another circuit's.
pub fn public_names(
    source: impl BufRead,
    public: u32,
    wires: Option<u32>,
) -> Result<Vec<String>, SymError> {
    let mut found = names(source, &(1..=public).collect(), wires)?;
    (1..=public).map(|wire| found.remove(&wire).ok_or(SymError::Unnamed { wire })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"1,1,2,main.out[0]\n2,2,2,main.out[1]\n3,3,2,main.in\n4,-1,1,main.c.x\n\
                          5,3,1,main.c.in\n6,4,0,main.c.d.y,z\n";

    #[test]
    fn signals_come_in_order() {
        let mut all = Vec::new();
        each(TEXT, |symbol| all.push((symbol.wire, symbol.name.to_owned()))).unwrap();
        assert_eq!(all.len(), 6);
        assert_eq!(all[0], (Some(1), "main.out[0]".to_owned()));
        assert_eq!(all[3], (None, "main.c.x".to_owned()));
        // Names with a comma are not circom's, and harmless.
        assert_eq!(all[5], (Some(4), "main.c.d.y,z".to_owned()));
    }

    #[test]
    fn a_wire_has_its_outermost_name() {
        assert_eq!(names(TEXT, &[3, 4, 9].into(), Some(5)).unwrap()[&3], "main.in");
        let public = ["main.out[0]", "main.out[1]", "main.in"];
        assert_eq!(public_names(TEXT, 3, None).unwrap(), public);
        assert_eq!(public_names(TEXT, 0, None).unwrap(), [""; 0]);
        let missing = public_names(TEXT, 5, None).unwrap_err();
        assert!(missing.to_string().ends_with("wire 5 has no name"), "{missing}");
    }

    #[test]
    fn names_of_another_circuit_are_refused() {
        let foreign = names(TEXT, &BTreeSet::new(), Some(4)).unwrap_err().to_string();
        assert!(foreign.ends_with("another circuit: wire 4 is not below 4"), "{foreign}");
    }

    #[test]
    fn lines_end_as_they_like() {
        assert_eq!(
            public_names(&b"\xef\xbb\xbf1,1,0,main.a\r\n2,2,0,main.b"[..], 2, Some(3)).unwrap()[1],
            "main.b"
        );
    }

    #[test]
    fn what_circom_does_not_write_is_refused() {
        let refused = |text: &[u8]| each(text, |_| ()).unwrap_err().to_string();
        assert!(refused(b"1,1,0,main.a\n2,2,main.b\n").contains("line 2: not the four fields"));
        assert!(refused(b"\n").contains("line 1"));
        assert!(refused(b"\xff\xfe1\0,\0").contains("line 1: UTF-16"));
        for wire in ["x", "", "-2", "4294967296", "1.5"] {
            assert!(refused(format!("1,{wire},0,main.a\n").as_bytes()).contains("no number"));
        }
        assert!(refused(b"1,1,0,\n").contains("empty"));
        assert!(refused(b"1,1,0,main.\x1b[2J\n").contains("control"));
        assert!(refused(b"1,1,0,main.\xff\n").contains("UTF-8"));
        let long = [b"1,1,0,".as_slice(), &[b'a'; 5000]].concat();
        assert!(refused(&long).contains("longer than 4096"));
        assert!(refused(b"r1cs\x01\0\0\0").contains("line 1"));
    }
}
