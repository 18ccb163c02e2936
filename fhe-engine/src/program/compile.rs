//! From a program to a circuit: names are resolved, types and ranges checked, noise bounded.

use std::collections::HashMap;

use pulseproof_packing::{Layout, NOISE_MAX_PER_SUMMAND};

use super::builder::Builder;
use super::circuit::{Circuit, InputCiphertext, Linear, Output, OutputKind};
use super::data::{Input, InputSource, Op, Program, Step, VERSION};
use super::error::ProgramError;
use super::estimate::Estimate;
use super::integer::Integer;
use crate::bootstrap::noise::FAILURE_LOG2_MAX;

/// Most inputs, steps, terms of a step, outputs.
const MANY: usize = 256;
/// Most lookups of a circuit.
pub const LOOKUPS_MAX: usize = 8192;
/// Most bits of an integer.
const INTEGER_BITS_MAX: u32 = 96;
/// Longest table.
const TABLE_MAX: usize = 256;
/// Most bits that are looked up in one digit.
const GATE_INPUTS_MAX: usize = 15;

/// What a job gives a program: how its sums and words were encrypted.
#[derive(Clone, Copy, Debug)]
pub struct SumContext<'a> {
    /// Of all sums.
    pub layout: &'a Layout,
    /// The total weight of each sum.
    pub summands: &'a [u64],
    /// How many words there are.
    pub words: usize,
}

/// A program that can be run.
#[derive(Debug)]
pub struct Compiled {
    /// What is evaluated.
    pub circuit: Circuit,
    /// What it costs, and how likely it fails.
    pub estimate: Estimate,
}

#[derive(Clone, Debug)]
enum Value {
    Wide(Wide),
    Integer(Integer),
    Bit(Linear),
}

impl From<Integer> for Value {
    fn from(integer: Integer) -> Self {
        Self::Integer(integer)
    }
}

#[derive(Clone, Debug)]
struct Wide {
    linear: Linear,
    low: i128,
    high: i128,
    plaintext_bits: u32,
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Wide(_) => "a wide value",
            Self::Integer(_) => "an integer",
            Self::Bit(_) => "a bit",
        }
    }
}

impl Program {
    /// Checks the program against what it is given and makes a circuit of it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn compile(&self, given: SumContext<'_>) -> Result<Compiled, ProgramError> {
        if self.version != VERSION {
            return Err(ProgramError::Version { found: self.version, expected: VERSION });
        }
        let lengths = [
            ("inputs", self.inputs.len()),
            ("steps", self.steps.len()),
            ("outputs", self.outputs.len()),
        ];
        for (what, found) in lengths {
            limit("program", what, found, MANY)?;
        }
        let mut compiler = Compiler::new(given);
        for input in &self.inputs {
            compiler.input(input)?;
        }
        for step in &self.steps {
            compiler.step(step)?;
        }
        self.outputs.iter().try_for_each(|name| compiler.output(name))?;
        let circuit = compiler.builder.finish();
        let estimate = Estimate::of(&circuit, &compiler.noise);
        Ok(Compiled { circuit, estimate })
    }
}

fn limit(at: &str, what: &'static str, found: usize, limit: usize) -> Result<(), ProgramError> {
    if found <= limit {
        return Ok(());
    }
    Err(ProgramError::TooMany { at: at.to_owned(), what, found, limit })
}

struct Compiler<'a> {
    given: SumContext<'a>,
    builder: Builder,
    values: HashMap<&'a str, Value>,
    /// The most that each input may be off, in words.
    noise: Vec<u64>,
    /// Lookups whose noise was checked.
    checked: usize,
}

impl<'a> Compiler<'a> {
    fn new(given: SumContext<'a>) -> Self {
        let (values, noise) = (HashMap::new(), Vec::new());
        Self { given, builder: Builder::default(), values, noise, checked: 0 }
    }

    fn input<'b>(&mut self, input: &'b Input) -> Result<(), ProgramError>
    where
        'b: 'a,
    {
        let at = &input.name;
        let (ciphertext, high, plaintext_bits, summands) = match input.from {
            InputSource::Sum { sum, total } => {
                let available = self.given.summands.len();
                let &summands = self.given.summands.get(sum).ok_or_else(|| {
                    let at = at.clone();
                    ProgramError::NoSuchSource { at, what: "sums", index: sum, available }
                })?;
                let (body, bits) = (self.given.layout.body_of(total))
                    .ok_or_else(|| ProgramError::NoTotals { at: at.clone() })?;
                let most = self.given.layout.maximum_of(total, summands);
                (InputCiphertext::Body { sum, body }, most, bits, summands)
            }
            InputSource::Word { word, maximum, plaintext_bits } => {
                if word >= self.given.words {
                    let (at, available) = (at.clone(), self.given.words);
                    let what = "words";
                    return Err(ProgramError::NoSuchSource { at, what, index: word, available });
                }
                check_range(at, "plaintext_bits", plaintext_bits.into(), 1..=40)?;
                (InputCiphertext::Word(word), maximum.into(), plaintext_bits, 1)
            }
        };
        let high = i128::try_from(high).unwrap_or(i128::MAX);
        self.noise.push(NOISE_MAX_PER_SUMMAND.saturating_mul(summands));
        let linear = self.builder.input(ciphertext);
        let wide = Wide { linear, low: 0, high, plaintext_bits }.fitting(at)?;
        self.define(at, Value::Wide(wide))
    }

    fn define<'b>(&mut self, name: &'b str, value: Value) -> Result<(), ProgramError>
    where
        'b: 'a,
    {
        let is_name = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        if !is_name || self.values.insert(name, value).is_some() {
            return Err(ProgramError::Name { at: name.chars().take(80).collect() });
        }
        Ok(())
    }

    fn step<'b>(&mut self, step: &'b Step) -> Result<(), ProgramError>
    where
        'b: 'a,
    {
        let value = self.value(&step.name, &step.op)?;
        limit(&step.name, "lookups up to here", self.builder.lookups(), LOOKUPS_MAX)?;
        self.check_noise(&step.name)?;
        self.define(&step.name, value)
    }

    /// Checks the lookups that were added since.
    fn check_noise(&mut self, at: &str) -> Result<(), ProgramError> {
        let worst = Estimate::worst_from(self.builder.circuit(), &self.noise, self.checked);
        self.checked = self.builder.lookups();
        if worst <= FAILURE_LOG2_MAX {
            return Ok(());
        }
        Err(ProgramError::Noise { at: at.to_owned(), failure_log2: worst })
    }

    fn value(&mut self, at: &str, op: &Op) -> Result<Value, ProgramError> {
        Ok(match op {
            Op::Linear { terms, constant } => Value::Wide(self.linear(at, terms, *constant)?),
            Op::Negative { of } => {
                let wide = self.wide(at, of)?;
                Value::Bit(self.bits(&wide).pop().unwrap_or_default())
            }
            Op::Integer { of, drop_bits } => Value::Integer(self.integer_of(at, of, *drop_bits)?),
            Op::Absolute { of, drop_bits } => {
                let wide = self.wide(at, of)?;
                check_range(at, "drop_bits", (*drop_bits).into(), 0..=62)?;
                let bits = self.bits(&wide);
                let most = (wide.low >> drop_bits).unsigned_abs();
                let most = most.max((wide.high >> drop_bits).unsigned_abs());
                let from = (*drop_bits as usize).min(bits.len().saturating_sub(1));
                Value::Integer(self.builder.absolute(&bits[from..], most))
            }
            Op::Bit { of, index } => {
                let wide = self.wide(at, of)?;
                check_range(at, "index", (*index).into(), 0..=u128::from(wide.width() - 1))?;
                let bits = self.builder.bits(&wide.linear, wide.plaintext_bits, index + 1);
                Value::Bit(bits.into_iter().next_back().unwrap_or_default())
            }
            Op::Constant { value } => Value::Integer(Integer::known((*value).into())),
            Op::Not { of } => {
                let bit = self.bit(at, of)?;
                Value::Bit(Linear::digit(1).plus(-1, &bit))
            }
            Op::All { of } => {
                let (sum, count) = self.gate(at, of)?;
                Value::Bit(self.builder.digit(sum, |v| u64::from(v == count)))
            }
            Op::Any { of } => {
                let (sum, _) = self.gate(at, of)?;
                Value::Bit(self.builder.digit(sum, |v| u64::from(v > 0)))
            }
            Op::Count { of } => {
                limit(at, "bits", of.len(), MANY)?;
                let bits: Vec<_> =
                    of.iter().map(|name| self.bit(at, name)).collect::<Result<_, _>>()?;
                Value::Integer(self.builder.count(&bits))
            }
            Op::AtLeast { left, right } => {
                let (left, right) = (self.integer(at, left)?, self.integer(at, right)?);
                Value::Bit(self.builder.at_least(&left, &right))
            }
            Op::Add { of } => self.add(at, of)?.fitting(at)?.into(),
            Op::Multiply { left, right } => self.multiply(at, left, right)?.fitting(at)?.into(),
            Op::Square { of } => self.square(at, of)?.fitting(at)?.into(),
            Op::Scale { of, by } => self.scale(at, of, *by)?.fitting(at)?.into(),
            Op::Select { condition, then, otherwise } => {
                self.select(at, condition, [then, otherwise])?.fitting(at)?.into()
            }
            Op::Minimum { of } => self.extreme(at, of, false)?.fitting(at)?.into(),
            Op::Maximum { of } => self.extreme(at, of, true)?.fitting(at)?.into(),
            Op::Lookup { of, table } => self.entry(at, of, table)?.fitting(at)?.into(),
        })
    }

    fn add(&mut self, at: &str, names: &[String]) -> Result<Integer, ProgramError> {
        let numbers = self.integers(at, names)?;
        Ok(self.builder.add(&numbers.iter().collect::<Vec<_>>()))
    }

    fn multiply(&mut self, at: &str, left: &str, right: &str) -> Result<Integer, ProgramError> {
        let (left, right) = (self.integer(at, left)?, self.integer(at, right)?);
        left.check_product(at, right.maximum)?;
        Ok(self.builder.multiply(&left, &right))
    }

    fn square(&mut self, at: &str, name: &str) -> Result<Integer, ProgramError> {
        let number = self.integer(at, name)?;
        number.check_product(at, number.maximum)?;
        Ok(self.builder.square(&number))
    }

    fn scale(&mut self, at: &str, name: &str, by: u64) -> Result<Integer, ProgramError> {
        let number = self.integer(at, name)?;
        number.check_product(at, by.into())?;
        Ok(self.builder.scale(&number, by))
    }

    fn select(
        &mut self,
        at: &str,
        condition: &str,
        [then, otherwise]: [&str; 2],
    ) -> Result<Integer, ProgramError> {
        let bit = self.bit(at, condition)?;
        let (then, otherwise) = (self.integer(at, then)?, self.integer(at, otherwise)?);
        Ok(self.builder.select(&bit, &then, &otherwise))
    }

    fn entry(&mut self, at: &str, name: &str, table: &[u64]) -> Result<Integer, ProgramError> {
        limit(at, "entries", table.len(), TABLE_MAX)?;
        let number = self.integer(at, name)?;
        if number.maximum >= table.len() as u128 {
            let expected = format!("more than {}, what {name:?} can be", number.maximum);
            let (at, found) = (at.to_owned(), table.len() as u128);
            let what = "length of the table";
            return Err(ProgramError::Range { at, what, found, expected });
        }
        Ok(self.builder.entry(&number, table))
    }

    fn extreme(
        &mut self,
        at: &str,
        names: &[String],
        greatest: bool,
    ) -> Result<Integer, ProgramError> {
        let mut numbers = self.integers(at, names)?.into_iter();
        let first = numbers.next().unwrap_or_else(|| Integer::known(0));
        Ok(numbers.fold(first, |best, number| {
            let bit = self.builder.at_least(&best, &number);
            let (one, other) = if greatest { (&best, &number) } else { (&number, &best) };
            self.builder.select(&bit, one, other)
        }))
    }

    fn linear(
        &self,
        at: &str,
        terms: &[(String, i64)],
        constant: i64,
    ) -> Result<Wide, ProgramError> {
        limit(at, "terms", terms.len(), MANY)?;
        let Some((first, _)) = terms.first() else {
            let (at, expected) = (at.to_owned(), "at least 1".to_owned());
            return Err(ProgramError::Range { at, what: "number of terms", found: 0, expected });
        };
        let bits = self.wide(at, first)?.plaintext_bits;
        let constant_word = constant.cast_unsigned() << (u64::BITS - bits);
        let zero = Linear::constant(constant_word);
        let (low, high) = (constant.into(), constant.into());
        let mut sum = Wide { linear: zero, low, high, plaintext_bits: bits };
        for (name, factor) in terms {
            let wide = self.wide(at, name)?;
            if wide.plaintext_bits != bits {
                let (at, name) = (at.to_owned(), name.clone());
                let found = wide.plaintext_bits;
                return Err(ProgramError::Width { at, name, found, expected: bits });
            }
            let ends = [wide.low, wide.high].map(|end| end.saturating_mul((*factor).into()));
            sum.low = sum.low.saturating_add(ends[0].min(ends[1]));
            sum.high = sum.high.saturating_add(ends[0].max(ends[1]));
            sum.linear = sum.linear.plus(*factor, &wide.linear);
        }
        sum.fitting(at)
    }

    fn integer_of(&mut self, at: &str, of: &str, drop: u32) -> Result<Integer, ProgramError> {
        let wide = self.wide(at, of)?;
        check_range(at, "drop_bits", drop.into(), 0..=62)?;
        if wide.low < 0 {
            let (at, name) = (at.to_owned(), of.to_owned());
            return Err(ProgramError::MayBeNegative { at, name, low: wide.low });
        }
        let bits = self.bits(&wide);
        // The last bit is a sign, and 0.
        let kept = bits.get(drop as usize..bits.len() - 1).unwrap_or_default();
        if kept.is_empty() {
            return Ok(Integer::known(0));
        }
        Ok(Integer::of_bits(kept, (wide.high >> drop).unsigned_abs()))
    }

    /// All bits of a wide value in two's complement; the last is its sign.
    fn bits(&mut self, wide: &Wide) -> Vec<Linear> {
        if wide.low >= 0 {
            let mut bits = self.builder.bits(&wide.linear, wide.plaintext_bits, wide.width() - 1);
            bits.push(Linear::default());
            return bits;
        }
        self.builder.bits(&wide.linear, wide.plaintext_bits, wide.width())
    }

    /// The sum of some bits in one digit, and how many they are.
    fn gate(&mut self, at: &str, names: &[String]) -> Result<(Linear, u64), ProgramError> {
        limit(at, "bits", names.len(), GATE_INPUTS_MAX)?;
        let bits: Vec<_> = names.iter().map(|name| self.bit(at, name)).collect::<Result<_, _>>()?;
        let parts: Vec<_> = bits.iter().map(|bit| (1, bit)).collect();
        Ok((self.builder.combine(&parts), bits.len() as u64))
    }

    fn find(&self, at: &str, name: &str) -> Result<&Value, ProgramError> {
        let unknown = || ProgramError::Unknown { at: at.to_owned(), name: name.to_owned() };
        self.values.get(name).ok_or_else(unknown)
    }

    fn wide(&self, at: &str, name: &str) -> Result<Wide, ProgramError> {
        match self.find(at, name)? {
            Value::Wide(wide) => Ok(wide.clone()),
            other => Err(wrong_type(at, name, other, "a wide value")),
        }
    }

    fn integer(&self, at: &str, name: &str) -> Result<Integer, ProgramError> {
        match self.find(at, name)? {
            Value::Integer(integer) => Ok(integer.clone()),
            other => Err(wrong_type(at, name, other, "an integer")),
        }
    }

    fn integers(&self, at: &str, names: &[String]) -> Result<Vec<Integer>, ProgramError> {
        limit(at, "operands", names.len(), MANY)?;
        names.iter().map(|name| self.integer(at, name)).collect()
    }

    fn bit(&self, at: &str, name: &str) -> Result<Linear, ProgramError> {
        match self.find(at, name)? {
            Value::Bit(bit) => Ok(bit.clone()),
            other => Err(wrong_type(at, name, other, "a bit")),
        }
    }

    fn output(&mut self, name: &str) -> Result<(), ProgramError> {
        let (kind, digits) = match self.find("outputs", name)? {
            Value::Bit(bit) => (OutputKind::Bit, vec![bit.clone()]),
            Value::Integer(integer) => (OutputKind::Integer, integer.digits.clone()),
            wide @ Value::Wide(_) => {
                return Err(wrong_type("outputs", name, wide, "an integer or a bit"));
            }
        };
        self.builder.output(Output { name: name.to_owned(), kind, digits });
        Ok(())
    }
}

fn wrong_type(at: &str, name: &str, found: &Value, expected: &'static str) -> ProgramError {
    let (at, name) = (at.to_owned(), name.to_owned());
    ProgramError::Type { at, name, found: found.kind(), expected }
}

fn check_range(
    at: &str,
    what: &'static str,
    found: u128,
    range: std::ops::RangeInclusive<u128>,
) -> Result<(), ProgramError> {
    if range.contains(&found) {
        return Ok(());
    }
    let expected = format!("{} to {}", range.start(), range.end());
    Err(ProgramError::Range { at: at.to_owned(), what, found, expected })
}

impl Wide {
    /// Bits in two's complement, the sign included.
    fn width(&self) -> u32 {
        let magnitude = |end: i128| i128::BITS - (if end < 0 { !end } else { end }).leading_zeros();
        1 + magnitude(self.low).max(magnitude(self.high))
    }

    /// The value, if its plaintext has room for all it can be.
    fn fitting(self, at: &str) -> Result<Self, ProgramError> {
        if self.width() <= self.plaintext_bits {
            return Ok(self);
        }
        let Self { low, high, plaintext_bits: bits, .. } = self;
        Err(ProgramError::TooWide { at: at.to_owned(), low, high, bits })
    }
}

impl Integer {
    fn fitting(self, at: &str) -> Result<Self, ProgramError> {
        self.check_product(at, 1)?;
        Ok(self)
    }

    /// The product with a number up to `by` is not too long.
    fn check_product(&self, at: &str, by: u128) -> Result<(), ProgramError> {
        let limit = 1u128 << INTEGER_BITS_MAX;
        match self.maximum.checked_mul(by) {
            Some(maximum) if maximum < limit => Ok(()),
            maximum => {
                let found = maximum.unwrap_or(u128::MAX);
                let expected = format!("less than 2^{INTEGER_BITS_MAX}");
                let what = "the greatest result";
                Err(ProgramError::Range { at: at.to_owned(), what, found, expected })
            }
        }
    }
}
