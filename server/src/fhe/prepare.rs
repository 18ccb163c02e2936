//! From a request and the sums it names to a circuit and its inputs, or to the problem with it. No
//! store, no network, no bootstraps.

use pulseproof_fhe::program::circuit::Circuit;
use pulseproof_fhe::program::{ProgramError, SumContext};
use pulseproof_fhe::{Ciphertext, Layout, LayoutError};
use pulseproof_sdk::api::{EngineKind, Estimate};
use pulseproof_sdk::fhe::{
    FheRequest, SUMS_MAX, SumRef, WORD_DIGITS, WORDS_MAX, program_digest, word_digest,
    word_from_text,
};
use pulseproof_sdk::outputs::{DIGITS_MAX, SumUsed};
use pulseproof_sdk::profile::is_of;
use pulseproof_sdk::signing::SIGNATURE_BYTES;
use pulseproof_sdk::{Digest, Outputs, Problem};

use crate::problems::internal;
use crate::sums::Sums;

/// Longest detail of a problem with a program, whose names are the client's.
const DETAIL_CHARS_MAX: usize = 500;

/// A program that can be computed.
pub struct Prepared {
    /// What is evaluated.
    pub circuit: Circuit,
    /// On what.
    pub inputs: Vec<Ciphertext>,
    /// What it costs.
    pub estimate: Estimate,
    /// Who bootstraps.
    pub engine: EngineKind,
    /// The result, without outputs, engine and signature.
    pub claim: Outputs,
}

/// Checks how many sums and words there are, before anything is looked up.
///
/// # Errors
/// The problem with the request.
pub fn check_lengths(request: &FheRequest) -> Result<(), Problem> {
    let lengths =
        [("sums", request.sums.len(), 1..=SUMS_MAX), ("words", request.words.len(), 0..=WORDS_MAX)];
    for (field, found, allowed) in lengths {
        if !allowed.contains(&found) {
            let (least, most) = (allowed.start(), allowed.end());
            let detail = format!("{found} {field}, expected {least} to {most}");
            let problem = Problem::new(422, "bad-job", detail).field(field);
            return Err(problem.limit(*most as u64));
        }
    }
    Ok(())
}

/// Checks a request against the results it names, in its order, and compiles its program. The evaluation key
/// is that of the public key with this fingerprint.
///
/// # Errors
/// The problem with the request, or with the store.
pub fn prepare(
    sums: &dyn Sums,
    request: &FheRequest,
    fingerprint: Digest,
    results: &[Vec<u8>],
) -> Result<Prepared, Problem> {
    let layout = Layout::plan(request.layout).map_err(|error| bad_layout(&error))?;
    let words = parse_words(request)?;
    let sums = read_sums(sums, request, results)?;
    check_sums(request, &layout, &sums)?;
    check_meaning(&layout, fingerprint, &sums)?;
    let weights = sums.iter().map(|sum| sum.weight).collect::<Vec<_>>();
    let given = SumContext { layout: &layout, summands: &weights, words: words.len() };
    let compiled = request.program.compile(given).map_err(|error| bad_program(&error))?;
    check_outputs(&compiled.circuit)?;
    let lists: Vec<&[u64]> = sums.iter().map(|sum| &*sum.list).collect();
    let inputs = compiled.circuit.ciphertexts(&lists, &words);
    let pulseproof_fhe::program::Estimate { lookups, depth, failure_log2, .. } = compiled.estimate;
    let claim = Outputs {
        key: request.key,
        engine: String::new(),
        program: program_digest(&request.program),
        words: words.iter().map(word_digest).collect(),
        sums: sums.into_iter().map(|sum| sum.used).collect(),
        outputs: Vec::new(),
        lookups: Digest([0; 32]),
        signature: [0; SIGNATURE_BYTES],
    };
    let estimate = Estimate { lookups, depth, failure_log2 };
    let engine = request.engine;
    Ok(Prepared { circuit: compiled.circuit, inputs, estimate, engine, claim })
}

/// A sum, as far as programs need it.
struct Sum {
    list: Vec<u64>,
    weight: u64,
    profile: Digest,
    used: SumUsed,
}

fn read_sums(
    sums: &dyn Sums,
    request: &FheRequest,
    results: &[Vec<u8>],
) -> Result<Vec<Sum>, Problem> {
    let read = |(SumRef { region, epoch, .. }, bytes): (&SumRef, &Vec<u8>)| {
        let damaged = |reason: &str| internal(&format!("result of {region} {epoch}: {reason}"));
        let result = sums.read(bytes).map_err(|problem| damaged(&problem.to_string()))?;
        let weight = result.weight.ok_or_else(|| damaged("weights overflow"))?;
        let used = SumUsed { region: region.clone(), epoch: *epoch, sum: result.digest };
        Ok(Sum { list: result.words, weight, profile: result.profile, used })
    };
    request.sums.iter().zip(results).map(read).collect()
}

fn check_sums(request: &FheRequest, layout: &Layout, sums: &[Sum]) -> Result<(), Problem> {
    let (words, most) = (layout.words(), request.layout.summands_max);
    for (index, sum) in sums.iter().enumerate() {
        let refuse =
            |kind, detail: String| Problem::new(422, kind, detail).field(format!("sums[{index}]"));
        if sum.weight > most {
            let detail = format!("total weight {}, the layout is for {most}", sum.weight);
            return Err(refuse("too-many-summands", detail).limit(most));
        }
        if sum.list.len() != words {
            let detail = format!("{} words, the layout has {words}", sum.list.len());
            return Err(refuse("wrong-length", detail).limit(words as u64));
        }
        if sum.profile != sums[0].profile {
            let detail = "packed or encrypted differently than the first sum".to_owned();
            return Err(refuse("mixed-profiles", detail));
        }
    }
    Ok(())
}

/// What is signed speaks of a program and of sums: what their words mean must not be the client's choice.
fn check_meaning(layout: &Layout, fingerprint: Digest, sums: &[Sum]) -> Result<(), Problem> {
    if sums.iter().all(|sum| is_of(sum.profile, layout, fingerprint.0)) {
        return Ok(());
    }
    let detail =
        "the profile of the sums is of another layout, or of another key than the evaluation key";
    Err(Problem::new(422, "wrong-profile", detail).field("layout"))
}

fn parse_words(request: &FheRequest) -> Result<Vec<Ciphertext>, Problem> {
    let parse = |(index, text): (usize, &String)| {
        word_from_text(text).map_err(|error| {
            let problem = Problem::new(422, "bad-word", error.to_string());
            problem.field(format!("words[{index}]")).limit(WORD_DIGITS as u64)
        })
    };
    request.words.iter().enumerate().map(parse).collect()
}

fn check_outputs(circuit: &Circuit) -> Result<(), Problem> {
    let digits: usize = circuit.outputs.iter().map(|output| output.digits.len()).sum();
    if digits <= DIGITS_MAX {
        return Ok(());
    }
    let detail = format!("{digits} digits in all outputs together, at most {DIGITS_MAX}");
    Err(Problem::new(422, "bad-program", detail).field("program.outputs").limit(DIGITS_MAX as u64))
}

fn bad_layout(error: &LayoutError) -> Problem {
    Problem::new(422, "bad-layout", error.to_string()).field("layout")
}

fn bad_program(error: &ProgramError) -> Problem {
    use ProgramError as E;
    let detail: String = error.to_string().chars().take(DETAIL_CHARS_MAX).collect();
    let problem = Problem::new(422, "bad-program", detail);
    let field = |at: &String| format!("program.{}", at.chars().take(64).collect::<String>());
    match error {
        E::Version { expected, .. } => problem.field("program.version").limit((*expected).into()),
        E::TooMany { at, limit, .. } => problem.field(field(at)).limit(*limit as u64),
        E::Name { at }
        | E::Unknown { at, .. }
        | E::Type { at, .. }
        | E::NoSuchSource { at, .. }
        | E::NoTotals { at }
        | E::TooWide { at, .. }
        | E::Width { at, .. }
        | E::MayBeNegative { at, .. }
        | E::Range { at, .. }
        | E::Noise { at, .. } => problem.field(field(at)),
        _ => problem.field("program"),
    }
}
