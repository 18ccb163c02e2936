//! Keys, wherever they are: in a `.zkey`, or in JSON.

use std::fs::File;
use std::io::{BufReader, Read};

use pulseproof_formats::FileKind;
use pulseproof_formats::zkey::{self, Zkey};
use pulseproof_groth16::{VerifyingKey, Weakness, json};
use pulseproof_kernels::{Curve, CurveId};

use crate::files::Input;
use crate::output::complain;

/// Longest JSON file that is read.
pub const JSON_BYTES_MAX: u64 = 256 << 20;

/// Whether an insecure key is allowed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Allowed {
    /// Accept a recognisably insecure key, with which anybody may forge proofs: for tests
    #[arg(long)]
    insecure_key: bool,
}

impl Allowed {
    /// Refuses an insecure key, or warns of it.
    pub fn check(self, key: &Input, weakness: Option<Weakness>) -> Result<(), String> {
        match weakness {
            Some(weakness) if !self.insecure_key => {
                let hint = "Use a key from a ceremony; --insecure-key accepts this one, for tests";
                Err(key.named(format!("INSECURE key: {weakness}. {hint}")))
            }
            weakness => {
                warn(weakness);
                Ok(())
            }
        }
    }
}

/// Warns of an insecure key.
pub fn warn(weakness: Option<Weakness>) {
    if let Some(weakness) = weakness {
        complain(&format!(
            "WARNING: INSECURE key: {weakness}. For real use: pulseproof groth16 zkey contribute, by as\n         \
             many people as you can get"
        ));
    }
}

/// A file with a verifying key.
pub struct KeyFile<'a> {
    input: &'a Input,
    curve: CurveId,
    content: Content,
}

enum Content {
    Zkey(BufReader<File>),
    Json(Vec<u8>),
}

impl<'a> KeyFile<'a> {
    /// Looks at a file.
    pub fn open(input: &'a Input) -> Result<Self, String> {
        let mut file = input.open()?;
        let failed = |error: &dyn std::fmt::Display| input.named(error);
        let (curve, content) = match FileKind::sniff(&mut file).map_err(|error| failed(&error))? {
            Some(FileKind::Zkey) => {
                let mut source = BufReader::new(file);
                let curve = zkey::curve(&mut source).map_err(|error| failed(&error))?;
                (curve, Content::Zkey(source))
            }
            Some(other) => {
                return Err(failed(&format!("a {other}: expected a .zkey or a verification key")));
            }
            None => {
                let mut text = Vec::new();
                let read = file.take(JSON_BYTES_MAX + 1).read_to_end(&mut text);
                read.map_err(|error| failed(&error))?;
                let curve = json::curve_of_key(&text).map_err(|error| failed(&error))?;
                (curve, Content::Json(text))
            }
        };
        Ok(Self { input, curve, content })
    }

    /// Its curve.
    pub fn curve(&self) -> CurveId {
        self.curve
    }

    /// Reads it, and what shows that it is insecure.
    pub fn read<C: Curve>(&mut self) -> Result<(VerifyingKey<C>, Option<Weakness>), String> {
        let read = match &mut self.content {
            Content::Json(text) => from_json(text).map_err(|error| error.to_string()),
            Content::Zkey(source) => Zkey::<C, _>::open(source)
                .and_then(|mut file| VerifyingKey::from_zkey(&mut file))
                .map_err(|error| error.to_string()),
        };
        read.map_err(|error| self.input.named(error))
    }
}

fn from_json<C: Curve>(
    text: &[u8],
) -> Result<(VerifyingKey<C>, Option<Weakness>), pulseproof_groth16::JsonError> {
    let key = VerifyingKey::from_json(text)?;
    let weakness = key.weakness().or(json::mark(text)?);
    Ok((key, weakness))
}
