//! t
fn main() -> Result<(), Box<dyn std::error::Error>> {
use pulseproof_kernels::Bls12_381;
use pulseproof_prover::commitment::CommitmentKey;
use pulseproof_prover::srs::develop;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::submission::{Label, Submission};
use pulseproof_sdk::{Digest, Profile};
use rand::rngs::OsRng;

// Whoever makes a development SRS can forge proofs under it: devices get a ceremony's.
let key = CommitmentKey::<Bls12_381>::new(&develop::generate(2, &mut OsRng)?);
let device = DeviceKey::generate(&mut OsRng);
let profile = Profile::Unproved { meaning: Digest::of("what my words mean", b"plain numbers") };
let label = Label {
    region: "north".parse()?,
    epoch: 7,
    device: "meter-17".parse()?,
    sequence: 1,
    profile: profile.digest(),
    srs: Digest(key.srs_id()),
};

// The device commits to its words and signs the commitment with all that it is for.
let submission = Submission::seal(label, vec![1, 2, 3], &key, &device, &mut OsRng);
let read = Submission::<Bls12_381>::from_bytes(&submission.to_bytes(), key.size())?;
assert!(read.is_signed_by(&device.public()));
assert!(!read.is_signed_by(&DeviceKey::generate(&mut OsRng).public()));
Ok(())
}
