//! Reads the instructions of a function.

use std::collections::HashMap;

use super::program::{
    Binary, Comparison, Exchange, Function, Instruction, Operand, PARAMETERS, Program, Sum, Text,
    Type, Unary, What, array,
};

/// Reads a function.
pub struct Reader<'a> {
    program: &'a Program,
    /// Names that are declared: `%r` for `%r<8>`, or a whole one.
    declared: Vec<&'a str>,
    registers: HashMap<String, usize>,
    places: HashMap<String, (usize, usize)>,
    labels: HashMap<&'a str, usize>,
    function: Function,
}

impl<'a> Reader<'a> {
    pub fn new(program: &'a Program, text: &Text<'a>) -> Self {
        let mut reader = Self {
            program,
            declared: Vec::new(),
            registers: HashMap::new(),
            places: HashMap::new(),
            labels: HashMap::new(),
            function: Function::default(),
        };
        reader.function.returned = text.returned.map(|declaration| reader.place(declaration));
        for parameter in &text.parameters {
            let place = reader.place(parameter);
            reader.function.parameters.push(place);
        }
        reader
    }

    /// Makes room for a parameter that is declared.
    fn place(&mut self, declaration: &str) -> (usize, usize) {
        let (name, len) = array(declaration.split_whitespace().last().unwrap());
        let start = self.function.parameter_bytes.next_multiple_of(16);
        let known = self.places.get(name).copied().filter(|&(_, room)| room >= len);
        let (start, _) = known.unwrap_or_else(|| {
            self.function.parameter_bytes = start + len;
            (start, len)
        });
        self.places.insert(name.to_owned(), (start, len));
        (start, len)
    }

    pub fn read(mut self, text: &Text<'a>) -> Function {
        let mut statements = Vec::new();
        let mut at = 0;
        for statement in text.body.split(';') {
            let mut rest = statement.trim();
            loop {
                if let Some(after) = rest.strip_prefix(['{', '}']) {
                    rest = after.trim_start();
                } else if let Some((label, after)) = label(rest) {
                    self.labels.insert(label, at);
                    rest = after.trim_start();
                } else {
                    break;
                }
            }
            if rest.starts_with(".reg") {
                let name = rest.split_whitespace().last().unwrap();
                self.declared.push(name.split('<').next().unwrap());
                continue;
            }
            if [".pragma", ".shared"].iter().any(|word| rest.starts_with(word)) || rest.is_empty() {
                continue;
            }
            if rest.starts_with(".local") {
                let (_, len) = array(rest.split_whitespace().last().unwrap());
                self.function.local_bytes += len.next_multiple_of(16);
                continue;
            }
            if !rest.starts_with(".param") {
                at += 1;
            }
            statements.push(rest);
        }
        for statement in statements {
            if statement.starts_with(".param") {
                self.place(statement);
                continue;
            }
            let instruction = self.instruction(statement);
            self.function.code.push(instruction);
        }
        self.function.registers = self.registers.len();
        self.function
    }

    fn register(&mut self, name: &str) -> usize {
        let family = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_declared = self.declared.iter().any(|&known| known == name || known == family);
        assert!(is_declared, "the register {name} is not known");
        let next = self.registers.len();
        *self.registers.entry(name.to_owned()).or_insert(next)
    }

    fn operand(&mut self, text: &str) -> Operand {
        match text {
            "%tid.x" => Operand::Thread,
            "%ctaid.x" => Operand::Group,
            _ if text.starts_with('%') => Operand::Register(self.register(text)),
            _ if text.starts_with("__local_depot") => Operand::Depot,
            _ => match self.program.symbols.get(text) {
                Some(&address) => Operand::Value(address),
                None => Operand::Value(number(text)),
            },
        }
    }

    /// `[base+offset]`.
    fn address(&mut self, text: &str) -> (Operand, u64) {
        let text = text.trim_matches(['[', ']']);
        let (base, offset) = text.split_once('+').unwrap_or((text, "0"));
        let offset = number(offset);
        match self.places.get(base) {
            Some(&(start, _)) => (Operand::Value(PARAMETERS | start as u64), offset),
            None => (self.operand(base), offset),
        }
    }

    fn instruction(&mut self, statement: &str) -> Instruction {
        let (guard, statement) = match statement.strip_prefix('@') {
            Some(rest) => {
                let (predicate, rest) = rest.split_once(char::is_whitespace).unwrap();
                let name = predicate.trim_start_matches('!');
                (Some((self.register(name), name == predicate)), rest.trim_start())
            }
            None => (None, statement),
        };
        let (code, rest) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
        let words: Vec<&str> = code.split('.').collect();
        let what =
            if words[0] == "call" { self.call(rest) } else { self.what(&words, &operands(rest)) };
        Instruction { guard, what }
    }

    fn call(&mut self, rest: &str) -> What {
        let rest: String = rest.split_whitespace().collect();
        let (returned, rest) = match rest.strip_prefix('(') {
            Some(inner) => {
                let (name, rest) = inner.split_once("),").unwrap();
                (Some(self.places[name]), rest.to_owned())
            }
            None => (None, rest),
        };
        let (name, parameters) = rest.split_once(",(").unwrap();
        let parameters = parameters.trim_end_matches(')').split(',');
        What::Call {
            function: self.program.names[name],
            returned,
            parameters: parameters.map(|name| self.places[name]).collect(),
        }
    }

    fn what(&mut self, words: &[&str], texts: &[&str]) -> What {
        let code = words.join(".");
        let has = |word: &str| words.contains(&word);
        let unknown = words[1..].iter().find(|&word| !MODIFIERS.contains(word));
        assert!(unknown.is_none(), "{code} is not known");
        match words[0] {
            "ret" => return What::Return,
            "bar" if has("sync") && texts == ["0"] => return What::Barrier,
            "bra" => return What::Branch(self.labels[texts[0]]),
            _ => {}
        }
        let of = kind(words[words.len() - 1]);
        match words[0] {
            "ld" => {
                let (base, offset) = self.address(texts[1]);
                return What::Load {
                    of,
                    to: vector(texts[0]).map(|r| self.register(r)).collect(),
                    base,
                    offset,
                };
            }
            "st" => {
                let (base, offset) = self.address(texts[0]);
                let from = vector(texts[1]).map(|r| self.operand(r)).collect();
                return What::Store { of, from, base, offset };
            }
            "mov" if texts[0].starts_with('{') => {
                assert_eq!(of.bits, 64, "{code} is not known");
                let to = vector(texts[0]).map(|register| self.register(register)).collect();
                return What::Unpack { to, from: self.operand(texts[1]) };
            }
            "atom" => {
                let (to, (address, offset)) = (self.register(texts[0]), self.address(texts[1]));
                assert_eq!((offset, of.bits, of.signed), (0, 32, false), "{code}");
                let by = self.operand(texts[2]);
                return if has("add") {
                    What::AtomicAdd { to, address, by }
                } else {
                    assert!(has("min"), "{code} is not known");
                    What::AtomicMin { to, address, by }
                };
            }
            "shfl" => {
                let (to, valid) = texts[0].split_once('|').unwrap();
                let (to, valid) = (self.register(to), self.register(valid));
                let exchange = if has("up") { Exchange::Up } else { Exchange::Index };
                assert!(has("up") || has("idx"), "{code} is not known");
                let operands = [1, 2, 3, 4].map(|i| self.operand(texts[i]));
                return What::Shuffle { exchange, to, valid, operands };
            }
            "match" => {
                assert!(has("any"), "{code} is not known");
                let (to, value) = (self.register(texts[0]), self.operand(texts[1]));
                return What::Match { to, value, mask: self.operand(texts[2]) };
            }
            _ => {}
        }
        let to = self.register(texts[0]);
        let operands: Vec<Operand> = texts[1..].iter().map(|text| self.operand(text)).collect();
        let at = |i: usize| operands[i];
        let sum = |sum, carry_in| {
            let operands = [at(0), at(1), operands.get(2).copied().unwrap_or(Operand::Value(0))];
            What::Sum { sum, of, carry_in, carry_out: has("cc"), to, operands }
        };
        let unary = |unary| What::Unary(unary, of, to, at(0));
        let binary = |binary| What::Binary(binary, of, to, at(0), at(1));
        let mad = || match (has("lo"), has("hi")) {
            (true, false) => Sum::MadLo,
            (false, true) => Sum::MadHi,
            _ => panic!("{code} is not known"),
        };
        match words[0] {
            "mov" | "cvta" => unary(Unary::Mov),
            "not" => unary(Unary::Not),
            "neg" => unary(Unary::Neg),
            "brev" => unary(Unary::Brev),
            "popc" => unary(Unary::Popc),
            "bfind" if has("shiftamt") => unary(Unary::Bfind),
            "cvt" => What::Unary(Unary::Cvt { from: of }, kind(words[1]), to, at(0)),
            "and" => binary(Binary::And),
            "or" => binary(Binary::Or),
            "xor" => binary(Binary::Xor),
            "shl" => binary(Binary::Shl),
            "shr" => binary(Binary::Shr),
            "min" => binary(Binary::Min),
            "max" => binary(Binary::Max),
            "div" => binary(Binary::Div),
            "rem" => binary(Binary::Rem),
            "mul" | "mad" | "madc" if has("hi") && of.signed => panic!("{code} is not known"),
            "mul" if has("wide") => binary(Binary::MulWide),
            "mul" if has("hi") => binary(Binary::MulHi),
            "mul" if has("lo") => sum(Sum::MadLo, false),
            "add" => sum(Sum::Add, false),
            "addc" => sum(Sum::Add, true),
            "sub" => sum(Sum::Sub, false),
            "subc" => sum(Sum::Sub, true),
            "mad" => sum(mad(), false),
            "madc" => sum(mad(), true),
            "selp" => match at(2) {
                Operand::Register(predicate) => What::Select(of, to, at(0), at(1), predicate),
                _ => panic!("{code} by what is no register"),
            },
            "setp" if operands.len() == 2 => {
                What::Compare(comparison(words[1]), of, to, at(0), at(1))
            }
            "bfi" => What::BitInsert { of, to, operands: [at(0), at(1), at(2), at(3)] },
            "shf" if has("r") && has("wrap") => {
                What::FunnelShift { to, operands: [at(0), at(1), at(2)] }
            }
            _ => panic!("{code} is not known"),
        }
    }
}

/// What is known to come after the first word of an instruction.
const MODIFIERS: [&str; 40] = [
    "lo", "hi", "wide", "cc", "uni", "sync", "up", "idx", "any", "global", "shared", "local",
    "param", "const", "nc", "volatile", "v2", "v4", "to", "r", "wrap", "shiftamt", "add", "min",
    "eq", "ne", "lt", "le", "gt", "ge", "pred", "b16", "u16", "s16", "b32", "u32", "s32", "b64",
    "u64", "s64",
];

/// A label at the beginning, and what comes after it.
fn label(text: &str) -> Option<(&str, &str)> {
    let (label, after) = text.split_once(':')?;
    (label.starts_with('$') && !label.contains(char::is_whitespace)).then_some((label, after))
}

/// Operands, of which some are vectors.
fn operands(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let between = |c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    };
    text.split(between).map(str::trim).filter(|operand| !operand.is_empty()).collect()
}

/// The parts of `{a, b}`, or the one that there is.
fn vector(text: &str) -> impl Iterator<Item = &str> {
    text.trim_matches(['{', '}']).split(',').map(str::trim)
}

fn number(text: &str) -> u64 {
    let value: i128 = match text.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16).unwrap(),
        None => text.parse().unwrap_or_else(|_| panic!("{text} is not known")),
    };
    (value & i128::from(u64::MAX)).try_into().unwrap()
}

fn kind(word: &str) -> Type {
    let (bits, signed) = match word {
        "pred" => (1, false),
        "b16" | "u16" => (16, false),
        "s16" => (16, true),
        "b32" | "u32" => (32, false),
        "s32" => (32, true),
        "b64" | "u64" => (64, false),
        "s64" => (64, true),
        _ => panic!("the type {word} is not known"),
    };
    Type { bits, signed }
}

fn comparison(word: &str) -> Comparison {
    match word {
        "eq" => Comparison::Eq,
        "ne" => Comparison::Ne,
        "lt" => Comparison::Lt,
        "le" => Comparison::Le,
        "gt" => Comparison::Gt,
        "ge" => Comparison::Ge,
        _ => panic!("the comparison {word} is not known"),
    }
}
