//! The comparator.

use std::fmt;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::{Case, outputs};
use crate::backend::{AnyBackend, Backend, BackendKind};
use crate::element::{Element, to_words};
use crate::error::Error;

/// Something that an operation returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// What it is.
    name: &'static str,
    values: Values,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    /// Values of `width` words each.
    Words { words: Vec<u64>, width: usize },
    /// Texts: what was refused and how.
    Texts(Vec<String>),
}

impl Output {
    /// Values in the words that a backend keeps them in.
    pub(super) fn values<T: Element>(name: &'static str, values: &[T]) -> Self {
        Self::words(name, to_words(values), T::WORDS)
    }

    /// Values of `width` words each.
    pub(super) fn words(name: &'static str, words: Vec<u64>, width: usize) -> Self {
        Self { name, values: Values::Words { words, width } }
    }

    /// Texts.
    pub(super) fn texts(name: &'static str, texts: Vec<String>) -> Self {
        Self { name, values: Values::Texts(texts) }
    }

    fn len(&self) -> usize {
        match &self.values {
            Values::Words { words, width } => words.len() / width,
            Values::Texts(texts) => texts.len(),
        }
    }

    /// The value at an index as a person reads it; "nothing" beyond the end.
    fn show(&self, index: usize) -> String {
        match &self.values {
            _ if index >= self.len() => "nothing".to_owned(),
            Values::Words { words, width } => {
                let words = words[index * width..(index + 1) * width].iter().rev();
                words.fold("0x".to_owned(), |text, word| format!("{text}{word:016x}"))
            }
            Values::Texts(texts) => texts[index].clone(),
        }
    }

    /// The first index at which two outputs differ; a length is a difference, too.
    fn first_difference(&self, other: &Self) -> Option<usize> {
        let first = match (&self.values, &other.values) {
            (Values::Words { words: a, width }, Values::Words { words: b, .. }) => {
                a.iter().zip(b).position(|(a, b)| a != b).map(|word| word / width)
            }
            (Values::Texts(a), Values::Texts(b)) => a.iter().zip(b).position(|(a, b)| a != b),
            _ => Some(0),
        };
        first.or_else(|| (self.len() != other.len()).then(|| self.len().min(other.len())))
    }

    /// Feeds everything to a hash, with lengths.
    pub(super) fn absorb(&self, hash: &mut Sha256) {
        hash.update(self.name);
        hash.update((self.len() as u64).to_le_bytes());
        match &self.values {
            Values::Words { words, .. } => words.iter().for_each(|w| hash.update(w.to_le_bytes())),
            Values::Texts(texts) => texts.iter().for_each(|text| {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text);
            }),
        }
    }
}

/// Two backends agreed.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// How many values were compared.
    pub values: usize,
    /// How long each backend took, inputs, uploads and downloads included.
    pub times: [Duration; 2],
}

/// Two backends disagree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Difference {
    /// What was computed.
    pub case: Case,
    /// The backends: the one that is judged, and its judge.
    pub backends: [BackendKind; 2],
    /// Which of the operation's outputs.
    pub output: &'static str,
    /// The first index at which it differs; none if a backend failed.
    pub index: Option<usize>,
    /// What each backend says, values in hexadecimal.
    pub values: [String; 2],
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, backends: [a, b], output, index, values: [of_a, of_b] } = self;
        write!(f, "{case}\n  {output}")?;
        if let Some(index) = index {
            write!(f, "[{index}]")?;
        }
        write!(f, "\n    got      ({a}): {of_a}\n    expected ({b}): {of_b}")
    }
}

/// Asks both backends and compares.
pub(super) fn compare(
    case: &Case,
    a: &AnyBackend,
    b: &AnyBackend,
) -> Result<Outcome, Box<Difference>> {
    let (of_a, time_a) = timed(|| outputs(a, case));
    let (of_b, time_b) = timed(|| outputs(b, case));
    let differ = |output, index, values| {
        let backends = [a.kind(), b.kind()];
        Err(Box::new(Difference { case: *case, backends, output, index, values }))
    };
    let (of_a, of_b) = match (of_a, of_b) {
        (Ok(of_a), Ok(of_b)) => (of_a, of_b),
        (of_a, of_b) => return differ("outcome", None, [say(of_a), say(of_b)]),
    };
    for (of_a, of_b) in of_a.iter().zip(&of_b) {
        if let Some(index) = of_a.first_difference(of_b) {
            let values = [of_a.show(index), of_b.show(index)];
            return differ(of_a.name, Some(index), values);
        }
    }
    let values = of_a.iter().map(Output::len).sum();
    Ok(Outcome { values, times: [time_a, time_b] })
}

/// A sound case fails on no backend, so two equal errors are a difference from what should be.
fn say(outputs: Result<Vec<Output>, Error>) -> String {
    match outputs {
        Ok(_) => "succeeds".to_owned(),
        Err(error) => format!("fails: {error}"),
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (work(), start.elapsed())
}
