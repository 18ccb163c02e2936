//! Readings go in encrypted, only totals come out.
//!
//! A device packs the readings of one epoch into a [`Layout`] and encrypts them under the
//! authority's [`PublicKey`]. The result is a plain vector of words; adding such vectors word by
//! word ([`add_assign`]) adds the readings inside, which no holder of the vectors alone can read.
//! The authority's [`SecretKey`] decrypts a sum and returns its [`Totals`].
//!
//! How wide a plaintext may be is derived from a proved bound on the noise ([`head_room`]), never
//! guessed; the proof is in `docs/encryption.md`.
//!
//! ```
//! use pulseproof_fhe::{
//!     Encrypt, Layout, LayoutRequest, Scale, Totals, add_assign, generate_keys,
//! };
//!
//! // Glucose in mg/dl from 40 to 400, in range from 70 to 180, for at most ten devices.
//! let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
//! let layout = Layout::plan(LayoutRequest { scale, inside: (70, 180), slots: 4, summands_max: 10, totals: false })?;
//! let (secret, public) = generate_keys();
//!
//! let mut sum = vec![0; layout.words()];
//! add_assign(&mut sum, &public.encrypt(&layout, &[95, 110, 240])?, 1);
//! add_assign(&mut sum, &public.encrypt(&layout, &[60, 130, 125, 150])?, 1);
//!
//! let totals = secret.decrypt(&layout, &sum, 2)?;
//! assert_eq!(totals, Totals::of_readings(&layout, [95, 110, 240, 60, 130, 125, 150]));
//! assert_eq!((totals.count, totals.inside), (7, 5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod batcher;
pub mod bootstrap;
mod cipher;
mod ciphertext;
mod encrypt;
mod keys;
mod phase;
pub mod program;

#[cfg(test)]
mod adversary;
#[cfg(test)]
mod tests;

pub use cipher::add_assign;
pub use ciphertext::Ciphertext;
pub use encrypt::Encrypt;
pub use keys::{SecretKey, generate_keys};
pub use pulseproof_packing::{
    DIMENSION, DecryptError, EncryptError, EncryptionWitness, HeadRoom, KeyError, Layout,
    LayoutError, LayoutRequest, ListTotal, NOISE_BOUND_LOG2, PublicKey, Quantity, Scale, Totals,
    head_room,
};
