//! Where readings lie in an encrypted list, and how much noise a sum of lists carries.
//!
//! This is what everybody who encrypts, adds up, proves or decrypts must agree on, and nothing of it
//! needs an encryption library: a [`Layout`] puts every bit of every slot in its place, encodes
//! readings to the plaintext words of a list and decodes the words of a sum to [`Totals`]; a
//! [`PublicKey`] is words with a name. `docs/encryption.md` says what is encrypted and proves how much
//! room the noise leaves ([`head_room`]).
//!
//! ```
//! use pulseproof_packing::{Layout, LayoutRequest, Scale, Totals};
//!
//! let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
//! let layout = Layout::plan(LayoutRequest { scale, inside: (70, 180), slots: 4, summands_max: 10, totals: false })?;
//! let words = layout.encode(&[95, 240])?;
//! // Without noise, the plaintexts are the words' upper bits.
//! let plaintexts: Vec<u64> =
//!     words.iter().zip(layout.noise_bits()).map(|(word, noise_bits)| word >> noise_bits).collect();
//! assert_eq!(layout.decode(&plaintexts, 1)?, Totals::of_readings(&layout, [95, 240]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod decimal;
mod encoding;
mod error;
mod format;
mod layout;
mod limbs;
mod list_total;
mod noise;
mod public_key;
#[cfg(test)]
mod tests;
mod totals;
mod witness;

pub use error::{DecryptError, EncryptError, KeyError, LayoutError, Quantity};
pub use format::{Format, Hex};
pub use layout::{Layout, LayoutRequest, Scale};
pub use limbs::{Limb, Place};
pub use list_total::ListTotal;
pub use noise::{
    DIMENSION, HeadRoom, KEY_NOISE_MAX, NOISE_BOUND, NOISE_BOUND_LOG2, NOISE_MAX_PER_SUMMAND,
    SECRET_WEIGHT_MAX, head_room,
};
pub use public_key::PublicKey;
pub use totals::Totals;
pub use witness::EncryptionWitness;
