//! Reading the files of all these commands; errors name the file.

use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use pulseproof_formats::elements::Check;
use pulseproof_formats::zkey::{self, PointsG1, Zkey};
use pulseproof_groth16::{VerifyingKey, json};
use pulseproof_kernels::{Curve, CurveId};

/// Longest JSON file that is read.
const JSON_BYTES_MAX: u64 = 256 << 20;

/// Printed with every key that lists no contribution.
pub const NO_CONTRIBUTION: &str = "\
WARNING: INSECURE key: it lists no contribution of phase 2, so somebody may know its secrets and forge
         proofs. For real use: pulseproof groth16 zkey contribute, by as many people as you can get";

/// Opens a file.
pub fn open(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| named(path, error))
}

/// An error that names the file.
pub fn named(path: &Path, error: impl Display) -> String {
    format!("{}: {error}", path.display())
}

/// Reads a JSON file.
pub fn read_json(path: &Path) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path).map_err(|error| named(path, error))?.len();
    if size > JSON_BYTES_MAX {
        return Err(named(path, format!("{size} bytes, at most {JSON_BYTES_MAX} are read")));
    }
    std::fs::read(path).map_err(|error| named(path, error))
}

/// A verifying key, wherever it is: in a `.zkey`, or in JSON.
pub enum AnyVerifyingKey {
    /// In a `.zkey`, over this curve.
    Zkey(CurveId),
    /// JSON, over this curve.
    Json(CurveId, Vec<u8>),
}

impl AnyVerifyingKey {
    /// Looks at a file.
    pub fn open(path: &Path) -> Result<Self, String> {
        if path.extension().is_some_and(|extension| extension == "zkey") {
            let curve = zkey::curve(&mut BufReader::new(open(path)?));
            return Ok(Self::Zkey(curve.map_err(|error| named(path, error))?));
        }
        let text = read_json(path)?;
        let curve = json::curve_of_key(&text).map_err(|error| named(path, error))?;
        Ok(Self::Json(curve, text))
    }

    /// Its curve.
    pub fn curve(&self) -> CurveId {
        match self {
            Self::Zkey(curve) | Self::Json(curve, _) => *curve,
        }
    }

    /// Reads it; the file is that which it was opened with.
    pub fn read<C: Curve>(&self, path: &Path) -> Result<VerifyingKey<C>, String> {
        let failed = |error: &dyn Display| named(path, error);
        match self {
            Self::Json(_, text) => VerifyingKey::from_json(text).map_err(|error| failed(&error)),
            Self::Zkey(_) => {
                let mut file = Zkey::<C, _>::open(BufReader::new(open(path)?))
                    .map_err(|error| failed(&error))?;
                let ic = file.points_g1(PointsG1::Ic, Check::Full, &mut |_, _| ());
                let ic = ic.map_err(|error| failed(&error))?;
                Ok(VerifyingKey::of(file.header(), ic))
            }
        }
    }
}
