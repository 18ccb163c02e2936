//! The appliance's signing key: made on the first start, in a file that only its owner may read.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pulseproof_files::{Readers, write_bytes};
use pulseproof_sdk::identity::{ApplianceKey, AppliancePublicKey};
use rand::rngs::OsRng;
use zeroize::Zeroizing;

/// The file's name in the data folder.
pub const FILE: &str = "identity.key";
/// The file with the keys before it, if it was not the first.
pub const EARLIER: &str = "identity.earlier";
/// What it starts with.
pub const PREFIX: &str = "pulseproof-appliance-key:";
/// The prefix, 64 hexadecimal digits and a newline.
const BYTES: usize = PREFIX.len() + 64 + 1;

/// The key of a data folder; a new one if there is none.
///
/// # Errors
/// The file cannot be used, is damaged, or others may read it.
pub fn open(folder: &Path) -> io::Result<ApplianceKey> {
    match File::open(folder.join(FILE)) {
        Ok(file) => read(file),
        Err(error) if error.kind() == ErrorKind::NotFound => make(folder),
        Err(error) => Err(error),
    }
}

/// The key of a data folder that has one.
///
/// # Errors
/// As [`open`], or there is none.
pub fn existing(folder: &Path) -> io::Result<ApplianceKey> {
    read(File::open(folder.join(FILE))?)
}

/// The keys that the appliance of a folder had before, as their owner wrote them down: a public key a line.
///
/// # Errors
/// The file is there and cannot be read.
pub fn earlier(folder: &Path) -> io::Result<Vec<AppliancePublicKey>> {
    let text = match std::fs::read_to_string(folder.join(EARLIER)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let key = |line: &str| {
        line.parse()
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, format!("{EARLIER}: {error}")))
    };
    text.split_whitespace().map(key).collect()
}

fn make(folder: &Path) -> io::Result<ApplianceKey> {
    let key = ApplianceKey::generate(&mut OsRng);
    let mut text = Zeroizing::new([0; BYTES]);
    let (prefix, rest) = text.split_at_mut(PREFIX.len());
    prefix.copy_from_slice(PREFIX.as_bytes());
    hex::encode_to_slice(Zeroizing::new(key.seed()), &mut rest[..64]).map_err(io::Error::other)?;
    rest[64] = b'\n';
    write_bytes(&folder.join(FILE), Readers::Owner, &text[..])?;
    Ok(key)
}

fn read(mut file: File) -> io::Result<ApplianceKey> {
    let damaged = |reason: &str| io::Error::new(ErrorKind::InvalidData, reason.to_owned());
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return Err(damaged("others than its owner may read it: chmod 600"));
    }
    let mut text = Zeroizing::new([0; BYTES]);
    file.read_exact(&mut text[..])?;
    if file.read(&mut [0])? != 0 {
        return Err(damaged("longer than a key"));
    }
    let digits = text.strip_prefix(PREFIX.as_bytes()).and_then(|rest| rest.strip_suffix(b"\n"));
    let digits = digits.ok_or_else(|| damaged("not an appliance's key"))?;
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, &mut seed[..]).map_err(|_| damaged("not an appliance's key"))?;
    Ok(ApplianceKey::from_seed(*seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let public = open(folder.path()).unwrap().public();
        assert_eq!(open(folder.path()).unwrap().public(), public);
        let file = folder.path().join(FILE);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(open(other.path()).unwrap().public(), public);
    }

    #[test]
    fn keys_before_are_told_by_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(earlier(folder.path()).unwrap(), []);
        let keys = [[1; 32], [2; 32]].map(|seed| ApplianceKey::from_seed(seed).public());
        let text = keys.map(|key| format!("{key}\n")).concat();
        std::fs::write(folder.path().join(EARLIER), text).unwrap();
        assert_eq!(earlier(folder.path()).unwrap(), keys);
        std::fs::write(folder.path().join(EARLIER), "x").unwrap();
        assert!(earlier(folder.path()).is_err());
    }

    #[test]
    fn open_and_damaged_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap();
        let file = folder.path().join(FILE);
        let honest = std::fs::read(&file).unwrap();
        for damaged in [&honest[1..], &honest[..BYTES - 1], &[&honest[..], b"\n"].concat()] {
            std::fs::write(&file, damaged).unwrap();
            assert!(open(folder.path()).is_err());
        }
        std::fs::write(&file, &honest).unwrap();
        assert!(open(folder.path()).is_ok());
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        assert!(open(folder.path()).unwrap_err().to_string().contains("chmod 600"));
    }
}
