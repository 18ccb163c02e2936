//! What records of contributions say beside points, in keys and in ceremonies alike. Touches nothing.

use crate::error::{FileKind, FormatError};

/// Kinds of parameters, in the order in which they stand.
const NAME: u8 = 1;
const ITERATIONS: u8 = 2;
const BEACON: u8 = 3;

const FIELD: &str = "parameters of a contribution";

/// A value that nobody could choose, and that everybody can look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// The value.
    pub value: Vec<u8>,
    /// log2 of how often it is hashed.
    pub iterations_log: u8,
}

/// Who contributed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contributor {
    pub name: Option<String>,
    pub beacon: Option<Beacon>,
}

impl Contributor {
    /// Reads parameters of a record of some kind: 1 for a beacon, 0 for whatever else.
    pub fn read(file: FileKind, kind: u32, bytes: &[u8]) -> Result<Self, FormatError> {
        let invalid = |reason| FormatError::Invalid { file, field: FIELD, reason };
        let found = Parameters::read(bytes).map_err(invalid)?;
        let beacon = match (kind, found.iterations_log, found.value) {
            (0, None, None) => None,
            (1, Some(iterations_log), Some(value)) => Some(Beacon { value, iterations_log }),
            _ => return Err(invalid(format!("are not those of a contribution of kind {kind}"))),
        };
        Ok(Self { name: found.name, beacon })
    }

    /// The parameters' bytes.
    pub fn encode(&self, file: FileKind) -> Result<Vec<u8>, FormatError> {
        let mut bytes = Vec::new();
        if let Some(name) = &self.name {
            let field = "number of bytes of a contribution's name";
            push(&mut bytes, NAME, name.as_bytes(), (file, field))?;
        }
        if let Some(beacon) = &self.beacon {
            bytes.extend_from_slice(&[ITERATIONS, beacon.iterations_log]);
            let field = "number of bytes of a beacon";
            push(&mut bytes, BEACON, &beacon.value, (file, field))?;
        }
        Ok(bytes)
    }
}

/// Bytes, after their kind and their number.
fn push(
    to: &mut Vec<u8>,
    kind: u8,
    bytes: &[u8],
    (file, field): (FileKind, &'static str),
) -> Result<(), FormatError> {
    let (got, limit) = (bytes.len() as u64, u64::from(u8::MAX));
    let length = u8::try_from(bytes.len());
    let length = length.map_err(|_| FormatError::Limit { file, field, got, limit })?;
    to.extend_from_slice(&[kind, length]);
    to.extend_from_slice(bytes);
    Ok(())
}

#[derive(Default)]
struct Parameters {
    name: Option<String>,
    iterations_log: Option<u8>,
    value: Option<Vec<u8>>,
}

impl Parameters {
    /// Reads them, or says what is wrong.
    fn read(mut bytes: &[u8]) -> Result<Self, String> {
        let cut_off = || "are cut off".to_owned();
        let mut found = Self::default();
        let mut last = 0;
        while let Some((&kind, rest)) = bytes.split_first() {
            if kind <= last {
                return Err("are not in order".to_owned());
            }
            last = kind;
            let (&first, rest) = rest.split_first().ok_or_else(cut_off)?;
            bytes = match kind {
                ITERATIONS => {
                    found.iterations_log = Some(first);
                    rest
                }
                NAME | BEACON => {
                    let split = rest.split_at_checked(usize::from(first));
                    let (text, rest) = split.ok_or_else(cut_off)?;
                    if kind == NAME {
                        found.name = Some(String::from_utf8_lossy(text).into_owned());
                    } else {
                        found.value = Some(text.to_owned());
                    }
                    rest
                }
                _ => return Err(format!("{kind} is no kind of parameter")),
            };
        }
        Ok(found)
    }
}
