//! What the authority answers of programs: single bits, and only of programs over results that it would
//! decrypt itself.
//!
//! Nothing proves that an output is what the program computes, so for that the appliance is trusted. What
//! the authority checks is everything else: which key, which program, and that each sum the program was
//! computed on is a proved one of enough devices, counted once each. Encrypted words are nobody's proved
//! sum, and programs that take them are refused.

use pulseproof_fhe::program::result::OutputError;
use pulseproof_fhe::program::{From, Given, Program};
use pulseproof_kernels::Curve;
use pulseproof_prover::encoding::{DecodeError, Reader, Writer};
use pulseproof_sdk::fhe::{SUMS_MAX, program_digest};
use pulseproof_sdk::{Digest, Outputs, Problem, ProvedResult};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::authority::{Authority, RESULT_BYTES_MAX};

const MAGIC: [u8; 4] = *b"PPAQ";
const VERSION: u8 = 1;
const PROGRAM_BYTES_MAX: usize = 1 << 20;
const OUTPUTS_BYTES_MAX: usize = 32 << 20;

/// A bit of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The output's name in the program.
    pub name: String,
    /// The bit.
    pub value: bool,
}

/// Packs a program, the bytes of its outputs and those of the proved results it was computed on, in the
/// program's order.
///
/// # Errors
/// The program cannot be written.
pub fn write_question<B: AsRef<[u8]>>(
    program: &Program,
    outputs: &[u8],
    results: &[B],
) -> serde_json::Result<Vec<u8>> {
    let mut writer = Writer::with_header(MAGIC, VERSION);
    writer.string(&serde_json::to_vec(program)?).string(outputs).length(results.len());
    for result in results {
        writer.string(result.as_ref());
    }
    Ok(writer.finish())
}

struct Question<'a> {
    program: Program,
    outputs: Outputs,
    results: Vec<&'a [u8]>,
}

fn read_question(bytes: &[u8]) -> Result<Question<'_>, DecodeError> {
    let mut reader = Reader::with_header(bytes, MAGIC, VERSION, "question")?;
    let program = serde_json::from_slice(reader.string(PROGRAM_BYTES_MAX, "program")?);
    let program = program.map_err(|error| {
        let reason = error.to_string();
        DecodeError::Invalid { field: "program", reason }
    })?;
    let outputs = Outputs::from_bytes(reader.string(OUTPUTS_BYTES_MAX, "outputs")?)?;
    let count = reader.length(SUMS_MAX, "results")?;
    let results =
        (0..count).map(|_| reader.string(RESULT_BYTES_MAX, "result")).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(Question { program, outputs, results })
}

impl<C: Curve> Authority<C> {
    /// Verifies the results behind a program's outputs, and opens the outputs.
    ///
    /// # Errors
    /// The problem to answer with; nothing is opened then.
    pub fn answer(&self, question: &[u8]) -> Result<Vec<Answer>, Problem> {
        let Question { program, outputs, results } = read_question(question)
            .map_err(|error| Problem::new(400, "malformed-query", error.to_string()))?;
        self.check_claim(&program, &outputs)?;
        check_sums(&outputs, &results)?;
        let results: Vec<_> =
            results.par_iter().map(|bytes| self.trust.verify(bytes)).collect::<Result<_, _>>()?;
        self.check_policy(&results)?;
        self.check_shapes(&program, &outputs, &results)?;
        let open = |output| {
            let value = self.secret_key.open(output).map_err(|error| unreadable(&error))?;
            Ok(Answer { name: output.shape.name.clone(), value: value == 1 })
        };
        outputs.outputs.iter().map(open).collect()
    }

    /// The key is ours, the program is the one, and it takes nothing but sums.
    fn check_claim(&self, program: &Program, outputs: &Outputs) -> Result<(), Problem> {
        if self.evaluation_key != Some(outputs.key) {
            let detail = format!("{} is not this authority's evaluation key", outputs.key);
            return Err(Problem::new(422, "wrong-key", detail).field("key"));
        }
        if outputs.program != program_digest(program) {
            let detail = "the outputs are those of another program";
            return Err(Problem::new(422, "wrong-program", detail).field("program"));
        }
        let takes_words = program.inputs.iter().any(|i| matches!(i.from, From::Word { .. }));
        if takes_words || !outputs.words.is_empty() {
            let detail = "encrypted words are no proved sums: they might be a single device's";
            return Err(Problem::new(403, "unproved-words", detail).field("words").limit(0));
        }
        Ok(())
    }

    /// The outputs are what the program has, and all of them are bits.
    fn check_shapes(
        &self,
        program: &Program,
        outputs: &Outputs,
        results: &[ProvedResult<C>],
    ) -> Result<(), Problem> {
        let weights: Option<Vec<u64>> = results.iter().map(|r| r.claim.total_weight()).collect();
        let weights = weights.ok_or_else(|| {
            Problem::new(422, "weight-overflow", "total weight over 2^64").field("results")
        })?;
        let given = Given { layout: &self.layout, summands: &weights, words: 0 };
        let compiled = program.compile(given).map_err(|error| {
            Problem::new(422, "bad-program", error.to_string()).field("program")
        })?;
        let shapes = compiled.circuit.shapes();
        if !outputs.outputs.iter().map(|output| &output.shape).eq(&shapes) {
            let detail = "the outputs do not have the names and lengths of the program's";
            return Err(Problem::new(422, "wrong-outputs", detail).field("outputs"));
        }
        match shapes.iter().find(|shape| !shape.is_bit) {
            None => Ok(()),
            Some(shape) => {
                let detail = format!("{:?} is a number; only single bits are opened", shape.name);
                Err(Problem::new(403, "not-a-bit", detail).field("outputs").limit(1))
            }
        }
    }
}

/// The results are those that the outputs name, in their order.
fn check_sums(outputs: &Outputs, results: &[&[u8]]) -> Result<(), Problem> {
    let named = outputs.sums.iter().map(|sum| sum.result);
    if named.eq(results.iter().map(|bytes| Digest::sha256(bytes))) {
        return Ok(());
    }
    let detail = "the results are not those that the outputs say they were computed on";
    Err(Problem::new(422, "wrong-sums", detail).field("results"))
}

fn unreadable(error: &OutputError) -> Problem {
    Problem::new(422, "undecryptable", error.to_string()).field("outputs")
}
