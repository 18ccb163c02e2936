//! What is measured. `pulseproof bench` prints it; the criterion benches run the same bodies.
//!
//! - [`ntt`], [`msm`], [`field`], [`pbs`]: kernels, beside [`peers`], held against [`limits`].
//! - [`measure`], [`report`], [`plot`]: how times are taken, said and drawn.
//! - [`groth16`], [`wsa`], [`encryption`]: proofs.

pub mod encryption;
pub mod field;
pub mod groth16;
pub mod limits;
pub mod measure;
pub mod msm;
pub mod ntt;
pub mod pbs;
pub mod peers;
pub mod plot;
pub mod report;
pub mod wsa;
