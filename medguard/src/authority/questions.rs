//! Programs on proved results, computed by the authority itself: single bits come out.
//!
//! A question carries the program and the results, and no ciphertext beside. The authority compiles the
//! program from its own layout and from what it verified, evaluates it under its own evaluation key, and
//! decrypts what came out. An appliance that computes the same under the same key has the same words:
//! bootstrapping is exact.
//!
//! Under [`Answering::Quorum`] a question carries outputs that appliances signed, and the authority decrypts
//! those that enough of them agree on.
//!
//! Each output is charged with one bit to every result that the program reads. Encrypted words are nobody's
//! proved sum, and programs that take them are refused, as are those that read no result.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use pulseproof_fhe::Ciphertext;
use pulseproof_fhe::program::circuit::{Circuit, OutputKind};
use pulseproof_fhe::program::result::EncryptedOutput;
use pulseproof_fhe::program::{InputSource, Program, SumContext};
use pulseproof_kernels::Curve;
use pulseproof_prover::encoding::{DecodeError, Reader, Writer};
use pulseproof_sdk::fhe::{SUMS_MAX, program_digest};
use pulseproof_sdk::merkle::Tree;
use pulseproof_sdk::outputs::{OUTPUTS_MAX, SumUsed};
use pulseproof_sdk::result::RESULT_BYTES_MAX;
use pulseproof_sdk::signing::SIGNATURE_BYTES;
use pulseproof_sdk::{Digest, Outputs, Problem, ProvedResult};
use pulseproof_service::blocking;
use serde::{Deserialize, Serialize};

use super::policy::Answering;
use super::quorum::APPLIANCES_MAX;
use super::{Authority, Programs, Shared, internal, malformed, pins};
use crate::combine::combine;
use crate::vault::claims::CheckedQuestion;

const MAGIC: [u8; 4] = *b"PPAQ";
const VERSION: u8 = 2;
const PROGRAM_BYTES_MAX: usize = 1 << 20;
/// What stands for who bootstrapped if appliances did.
const QUORUM: &str = "quorum";
const OUTPUTS_BYTES_MAX: usize = 32 << 20;

/// What a question is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The bits.
    pub bits: Vec<OpenedBit>,
    /// What was decrypted: [`Outputs::digest`], which whoever computes the same under the same evaluation key
    /// has as well.
    pub outputs: Digest,
    /// Who bootstrapped.
    pub engine: String,
    /// Time from the first bootstrap to the last, in microseconds, others' in between.
    pub compute_us: u64,
}

/// A bit of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedBit {
    /// The output's name in the program.
    pub name: String,
    /// The bit.
    pub value: bool,
}

/// Packs a program and the bytes of the proved results it is asked of, in the program's order.
///
/// # Errors
/// The program cannot be written.
pub fn write_question<B: AsRef<[u8]>>(
    program: &Program,
    results: &[B],
) -> serde_json::Result<Vec<u8>> {
    write_question_with_outputs(program, results, &[])
}

/// The same for an authority that decrypts what a quorum of appliances signed: with their outputs.
///
/// # Errors
/// The program cannot be written.
pub fn write_question_with_outputs<B: AsRef<[u8]>>(
    program: &Program,
    results: &[B],
    outputs: &[Outputs],
) -> serde_json::Result<Vec<u8>> {
    let mut writer = Writer::with_header(MAGIC, VERSION);
    writer.string(&serde_json::to_vec(program)?).length(results.len());
    for result in results {
        writer.string(result.as_ref());
    }
    writer.length(outputs.len());
    for outputs in outputs {
        writer.string(&outputs.to_bytes());
    }
    Ok(writer.finish())
}

struct Question<'a> {
    program: Program,
    results: Vec<&'a [u8]>,
    outputs: Vec<Outputs>,
}

fn read_question(bytes: &[u8]) -> Result<Question<'_>, DecodeError> {
    let mut reader = Reader::with_header(bytes, MAGIC, VERSION, "question")?;
    let program = serde_json::from_slice(reader.string(PROGRAM_BYTES_MAX, "program")?);
    let program = program.map_err(|error| {
        let reason = error.to_string();
        DecodeError::Invalid { field: "program", reason }
    })?;
    let count = reader.length(SUMS_MAX, "results")?;
    let results =
        (0..count).map(|_| reader.string(RESULT_BYTES_MAX, "result")).collect::<Result<_, _>>()?;
    let count = reader.length(APPLIANCES_MAX, "outputs")?;
    let outputs = (0..count)
        .map(|_| Outputs::from_bytes(reader.string(OUTPUTS_BYTES_MAX, "outputs")?))
        .collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(Question { program, results, outputs })
}

/// A question whose public checks all passed.
pub(super) struct Examined<C: Curve> {
    question: CheckedQuestion,
    /// What will be decrypted, without the outputs.
    pub claim: Outputs,
    /// What appliances computed and signed.
    pub given: Vec<Outputs>,
    pub circuit: Circuit,
    pub inputs: Vec<Ciphertext>,
    results: Vec<ProvedResult<C>>,
}

impl<C: Curve> Authority<C> {
    /// Verifies the results of a question, computes the program and decrypts its outputs.
    ///
    /// # Errors
    /// The problem to answer with; nothing is released then.
    pub async fn answer(
        self: &Shared<C>,
        question: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Answer, Problem> {
        let this = Arc::clone(self);
        let examine = move || {
            let examined = this.examine_question(question.as_ref())?;
            Ok((this.agreed(&examined)?, examined))
        };
        let (agreed, examined) = blocking(examine).await?;
        let this = Arc::clone(self);
        let checked = examined.question.clone();
        self.answer_once(checked, move || this.compute(&examined, agreed)).await
    }

    pub(super) fn programs(&self) -> Result<&Programs, Problem> {
        let detail = "this authority computes no programs";
        self.programs.as_ref().ok_or_else(|| Problem::new(501, "no-programs", detail))
    }

    /// Checks all of a question that everybody can see.
    ///
    /// # Errors
    /// What is wrong with the program, a result or who published it.
    pub(super) fn examine_question(&self, question: &[u8]) -> Result<Examined<C>, Problem> {
        let key = self.programs()?.evaluation_key;
        let Question { program, results: bytes, outputs: given } =
            read_question(question).map_err(|error| malformed(&error))?;
        check_reads(&program, bytes.len())?;
        let results = self.verify(&bytes)?;
        // Each once, and all packed alike.
        combine(&results)?;
        results
            .iter()
            .try_for_each(|result| self.check_summands(result.claim.contributions.len() as u64))?;
        let circuit = self.compile(&program, &results)?;
        let sums: Vec<_> = results.iter().map(|result| &result.aggregate).collect();
        let inputs = circuit.ciphertexts(&sums, &[]);
        let pins = pins(&results);
        let claims = pins.iter().flat_map(|pin| pin.claim.0);
        let claim = claim(key, program_digest(&program), &results);
        let digest: Vec<u8> = claim.program.0.into_iter().chain(claims).collect();
        let digest = Digest::of("medguard question v1", &digest);
        let question = CheckedQuestion { digest, pins, bits: circuit.outputs.len() as u64 };
        Ok(Examined { question, claim, given, circuit, inputs, results })
    }

    /// What a quorum computed, if that is what is decrypted.
    fn agreed(&self, examined: &Examined<C>) -> Result<Option<Outputs>, Problem> {
        let Examined { given, claim, circuit, .. } = examined;
        match &self.policy.answering {
            Answering::Quorum(quorum) => quorum.agreed(given, claim, &circuit.shapes()).map(Some),
            Answering::Recompute if given.is_empty() => Ok(None),
            Answering::Recompute => {
                let detail = "this authority computes programs itself: leave the outputs out";
                Err(Problem::new(403, "foreign-outputs", detail).field("outputs").limit(0))
            }
        }
    }

    /// The program's circuit, if bits are all that comes out.
    fn compile(&self, program: &Program, results: &[ProvedResult<C>]) -> Result<Circuit, Problem> {
        // One without outputs would be free, and yet reveal whether there is an answer.
        if !(1..=OUTPUTS_MAX).contains(&program.outputs.len()) {
            let detail = format!("{} outputs, expected 1 to {OUTPUTS_MAX}", program.outputs.len());
            let problem = Problem::new(422, "bad-program", detail).field("outputs");
            return Err(problem.limit(OUTPUTS_MAX as u64));
        }
        // Weights are one, as policy demands.
        let weights: Vec<_> =
            results.iter().map(|result| result.claim.contributions.len() as u64).collect();
        let given = SumContext { layout: &self.layout, summands: &weights, words: 0 };
        let circuit = match program.compile(given) {
            Ok(compiled) => compiled.circuit,
            Err(error) => {
                return Err(Problem::new(422, "bad-program", error.to_string()).field("program"));
            }
        };
        match circuit.outputs.iter().find(|output| output.kind != OutputKind::Bit) {
            None => Ok(circuit),
            Some(output) => {
                let detail =
                    format!("{:?} is a number; only single bits are decrypted", output.name);
                Err(Problem::new(403, "not-a-bit", detail).field("outputs").limit(1))
            }
        }
    }

    /// The bits, or nothing if a result is not a group's. Everything is computed either way.
    fn compute(
        &self,
        examined: &Examined<C>,
        agreed: Option<Outputs>,
    ) -> Result<Option<Answer>, Problem> {
        let totals = self.all_totals(&examined.results);
        let start = Instant::now();
        let outputs = match agreed {
            // Nobody signs who bootstrapped.
            Some(agreed) => Outputs { engine: QUORUM.to_owned(), ..agreed },
            None => self.evaluate(examined)?,
        };
        let compute_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let bits = self.open_bits(&outputs);
        let (digest, engine) = (outputs.digest(), outputs.engine);
        let answered = bits.map(|bits| Answer { bits, outputs: digest, engine, compute_us });
        Ok(totals.and(answered))
    }

    fn evaluate(&self, examined: &Examined<C>) -> Result<Outputs, Problem> {
        let Examined { circuit, inputs, results, claim, .. } = examined;
        let batcher = &self.programs()?.batcher;
        let region = results.first().map_or("", |result| result.claim.region.as_str());
        let mut session = batcher.open(region).map_err(internal)?;
        let found =
            circuit.results(inputs, |lookups| session.look_up(lookups)).map_err(internal)?;
        let outputs = circuit.outputs_of(circuit.digits(inputs, &found));
        let (lookups, engine) = (Tree::over(&found).root(), batcher.engine().name());
        Ok(Outputs { outputs, lookups, engine, ..claim.clone() })
    }

    /// The bits, or nothing if one of them is none. All of them are decrypted either way.
    fn open_bits(&self, outputs: &Outputs) -> Option<Vec<OpenedBit>> {
        let open = |output: &EncryptedOutput| {
            let value = self.secret_key.open(output).ok();
            value.map(|value| OpenedBit { name: output.shape.name.clone(), value: value == 1 })
        };
        let opened: Vec<_> = outputs.outputs.iter().map(open).collect();
        opened.into_iter().collect()
    }
}

/// What will be computed, in the words in which an appliance says what it computed.
fn claim<C: Curve>(key: Digest, program: Digest, results: &[ProvedResult<C>]) -> Outputs {
    let used = |result: &ProvedResult<C>| SumUsed {
        region: result.claim.region.clone(),
        epoch: result.claim.epoch,
        sum: result.sum_digest(),
    };
    Outputs {
        key,
        engine: String::new(),
        program,
        sums: results.iter().map(used).collect(),
        words: Vec::new(),
        outputs: Vec::new(),
        lookups: Digest([0; 32]),
        signature: [0; SIGNATURE_BYTES],
    }
}

/// The program takes nothing but results, and reads each of them.
fn check_reads(program: &Program, results: usize) -> Result<(), Problem> {
    let mut unread: BTreeSet<usize> = (0..results).collect();
    for input in &program.inputs {
        match input.from {
            InputSource::Sum { sum, .. } => unread.remove(&sum),
            InputSource::Word { .. } => {
                let detail = "encrypted words are no proved sums: they might be a single device's";
                return Err(Problem::new(403, "unproved-words", detail).field("words").limit(0));
            }
        };
    }
    if results == 0 {
        let detail = "a program that reads no result says nothing about proved sums";
        return Err(Problem::new(403, "no-results", detail).field("results"));
    }
    match unread.first() {
        None => Ok(()),
        Some(index) => {
            let detail = "the program does not read this result; leave it out";
            Err(Problem::new(422, "unread-result", detail).field(format!("results[{index}]")))
        }
    }
}
