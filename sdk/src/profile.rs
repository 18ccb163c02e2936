//! What the words of a region's devices mean, and whether devices prove that theirs are well-formed.

use pulseproof_kernels::{Curve, G1Affine};
use pulseproof_packing::{Layout, LayoutRequest, PublicKey};
use pulseproof_prover::culprits::Culprits;
use pulseproof_prover::encoding::{DecodeError, Reader, Writer};
use pulseproof_prover::encryption::{self, NotProvable, Proof, Scheme, Statement};
use pulseproof_prover::srs::VerifyingKey;
use rand::rngs::OsRng;

use crate::digest::Digest;

const MAGIC: [u8; 4] = *b"PPPR";
const VERSION: u8 = 1;
/// The bytes that say whether devices prove.
const UNPROVED: u8 = 0;
const PROVED: u8 = 1;
/// Longest request of a layout, as JSON.
const LAYOUT_BYTES_MAX: usize = 1024;
/// Longest profile in bytes: a public key, a layout and their frame.
pub const PROFILE_BYTES_MAX: usize = 40 << 10;

/// A profile, whose hash stands in rosters and is signed by every device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Each device proves that its words encrypt readings in this layout under this key.
    Proved {
        /// How readings are packed.
        layout: Box<Layout>,
        /// What they are encrypted with.
        key: Box<PublicKey>,
    },
    /// Devices cannot prove anything: whoever relies on their words trusts them.
    Unproved {
        /// What the words mean, which nobody checks; see [`meaning`].
        meaning: Digest,
    },
}

/// A hash of packing and encryption key, of which the fingerprint is enough.
pub fn meaning(layout: &Layout, fingerprint: [u8; 32]) -> Digest {
    Digest::of("pulseproof meaning v1", &[layout.id(), fingerprint].concat())
}

/// Whether a profile with this hash, of devices that prove or of others, says that words are encryptions in
/// this layout under the key with this fingerprint.
pub fn is_of(profile: Digest, layout: &Layout, fingerprint: [u8; 32]) -> bool {
    let meaning = meaning(layout, fingerprint);
    [PROVED, UNPROVED].into_iter().any(|tag| hash(tag, meaning) == profile)
}

fn hash(tag: u8, meaning: Digest) -> Digest {
    Digest::of("pulseproof profile v1", &[&[tag], &meaning.0[..]].concat())
}

impl Profile {
    /// The hash: of what the words mean, and of whether that is proved.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Proved { layout, key } => hash(PROVED, meaning(layout, key.fingerprint())),
            Self::Unproved { meaning } => hash(UNPROVED, *meaning),
        }
    }

    /// The binary form.
    ///
    /// # Panics
    /// Never: a layout's request is plain data.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::with_header(MAGIC, VERSION);
        match self {
            Self::Unproved { meaning } => writer.u8(UNPROVED).bytes(&meaning.0),
            Self::Proved { layout, key } => {
                let request = serde_json::to_vec(layout.request()).expect("plain data");
                writer.u8(PROVED).string(&request).bytes(&key.to_bytes())
            }
        };
        writer.finish()
    }

    /// Reads what [`Self::to_bytes`] wrote, and plans its layout.
    ///
    /// # Errors
    /// Any other bytes, with the field that is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::with_header(bytes, MAGIC, VERSION, "profile")?;
        let profile = match reader.u8("encryption")? {
            UNPROVED => Self::Unproved { meaning: Digest(reader.array("meaning")?) },
            PROVED => read_proved(&mut reader)?,
            other => return Err(invalid("encryption", format!("{other} is neither 0 nor 1"))),
        };
        reader.finish()?;
        // A request has many spellings as JSON, a profile one.
        if profile.to_bytes() == bytes {
            return Ok(profile);
        }
        Err(invalid("layout", "written in another way than profiles are".to_owned()))
    }
}

fn read_proved(reader: &mut Reader<'_>) -> Result<Profile, DecodeError> {
    let request = reader.string(LAYOUT_BYTES_MAX, "layout")?;
    let request: LayoutRequest =
        serde_json::from_slice(request).map_err(|error| invalid("layout", error.to_string()))?;
    let key = PublicKey::from_bytes(reader.take(PublicKey::BYTES, "key")?)
        .map_err(|error| invalid("key", error.to_string()))?;
    let layout = Layout::plan(request).map_err(|error| invalid("layout", error.to_string()))?;
    Ok(Profile::Proved { layout: Box::new(layout), key: Box::new(key) })
}

fn invalid(field: &'static str, reason: String) -> DecodeError {
    DecodeError::Invalid { field, reason }
}

/// A profile prepared for checking the proofs of many submissions.
pub struct ProfileVerifier<C: Curve> {
    digest: Digest,
    scheme: Option<Scheme<C>>,
}

/// A submission as far as its proof is concerned.
pub struct ProofClaim<'a, C: Curve> {
    /// The commitment.
    pub commitment: G1Affine<C>,
    /// What the device signed.
    pub message: Vec<u8>,
    /// The proof that came with it.
    pub proof: Option<&'a Proof<C>>,
}

impl<C: Curve> ProfileVerifier<C> {
    /// Prepares a profile.
    ///
    /// # Errors
    /// The layout is larger than what can be proved.
    pub fn new(profile: &Profile) -> Result<Self, NotProvable> {
        let scheme = match profile {
            Profile::Proved { layout, key } => Some(Scheme::new(*layout.clone(), *key.clone())?),
            Profile::Unproved { .. } => None,
        };
        Ok(Self { digest: profile.digest(), scheme })
    }

    /// The profile's hash.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What is proved, if anything is.
    pub fn scheme(&self) -> Option<&Scheme<C>> {
        self.scheme.as_ref()
    }

    /// The submissions that are not as the profile says: whose proof is missing, superfluous or wrong. One pairing
    /// product if there are none. Of those that only pairings tell no more are looked for than `most`.
    pub fn find_false(
        &self,
        key: &VerifyingKey<C>,
        claimed: &[ProofClaim<'_, C>],
        most: usize,
    ) -> Culprits {
        let positions = claimed.iter().enumerate();
        let Some(scheme) = &self.scheme else {
            let superfluous = positions.filter(|(_, c)| c.proof.is_some()).map(|(at, _)| at);
            return Culprits { found: superfluous.collect(), unchecked: Vec::new() };
        };
        let (mut wrong, mut places, mut proved) = (Vec::new(), Vec::new(), Vec::new());
        for (position, ProofClaim { commitment, message, proof }) in positions {
            match proof {
                None => wrong.push(position),
                Some(proof) => {
                    places.push(position);
                    let statement = Statement { commitment: *commitment, context: message };
                    proved.push((statement, *proof));
                }
            }
        }
        let mut culprits =
            encryption::find_false(key, scheme, &proved, most, &mut OsRng).at(&places);
        culprits.found.extend(wrong);
        culprits.found.sort_unstable();
        culprits
    }
}
