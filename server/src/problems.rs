//! Problems that every module of the appliance may answer with.

use pulseproof_groth16::Weakness;
use pulseproof_prover::encoding::DecodeError;
use pulseproof_sdk::Problem;

/// The problem of a job that failed through no fault of the request's.
pub fn internal(reason: &str) -> Problem {
    tracing::error!(reason, "job failed");
    Problem::new(500, "internal", "the job failed inside the appliance; its log says why")
}

/// Bytes that are not what they should be.
pub fn malformed(error: &DecodeError) -> Problem {
    let problem = Problem::new(400, "malformed", error.to_string());
    match error {
        DecodeError::TooLong { field, limit, .. } => problem.field(*field).limit(*limit as u64),
        DecodeError::Truncated { field, .. }
        | DecodeError::NotOnCurve { field }
        | DecodeError::WrongSubgroup { field }
        | DecodeError::NonCanonical { field }
        | DecodeError::Invalid { field, .. } => problem.field(*field),
        DecodeError::Magic { .. } => problem.field("magic"),
        DecodeError::Version { .. } => problem.field("version"),
        DecodeError::WrongCurve { .. } => problem.field("curve"),
        DecodeError::Trailing(_) => problem,
    }
}

/// Proofs under the key would be worth nothing.
pub fn insecure_key(weakness: Weakness, field: &str) -> Problem {
    let detail = format!(
        "an insecure key: {weakness}. Use one from a ceremony; for tests an appliance allows others with \
         --insecure-key"
    );
    Problem::new(422, "insecure-key", detail).field(field)
}

/// The system gave no random bytes.
pub fn no_randomness(error: &rand::Error) -> Problem {
    tracing::error!(%error, "no randomness");
    Problem::new(500, "internal", "the operating system gave no randomness")
}

/// There is no such upload, it is somebody else's, or a job with it has ended.
pub fn unknown_witness(field: &'static str) -> Problem {
    let detail = "there is no such witness: POST it to /v1/witnesses first, and name the token that is \
                  answered; it goes when a job with it ends";
    Problem::new(404, "unknown-witness", detail).field(field)
}

/// What is said with everything that depends on a key that is a toy.
pub fn warning(weakness: Weakness) -> String {
    format!("INSECURE key: {weakness}")
}
