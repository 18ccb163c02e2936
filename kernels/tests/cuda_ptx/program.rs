//! PTX as NVRTC writes it, read into something that can be executed. What is not known is refused: nothing is guessed.

use std::collections::HashMap;

use super::reader::Reader;

/// Addresses have a segment in their upper bits: the buffers of a launch in order, and then these.
pub const SEGMENT_BITS: u32 = 40;
pub const LOCAL: u64 = 0xfe << SEGMENT_BITS;
pub const SHARED: u64 = 0xfd << SEGMENT_BITS;
pub const PARAMETERS: u64 = 0xfc << SEGMENT_BITS;
pub const CONSTANTS: u64 = 0xfb << SEGMENT_BITS;

/// A translation unit.
#[derive(Default)]
pub struct Program {
    pub functions: Vec<Function>,
    pub names: HashMap<String, usize>,
    /// All constant arrays, one after the other.
    pub constants: Vec<u8>,
    /// Bytes that sources declare as shared; those that a launch brings come after them.
    pub shared_bytes: usize,
    /// Where the names of arrays stand for.
    pub symbols: HashMap<String, u64>,
}

/// A kernel, or what it calls.
#[derive(Default)]
pub struct Function {
    pub code: Vec<Instruction>,
    pub registers: usize,
    pub local_bytes: usize,
    /// Places of parameters, of what is returned, and of those of calls: where, and how many bytes.
    pub parameters: Vec<(usize, usize)>,
    pub returned: Option<(usize, usize)>,
    pub parameter_bytes: usize,
}

#[derive(Clone, Copy, Debug)]
pub enum Operand {
    Register(usize),
    Value(u64),
    /// The function's local memory.
    Depot,
    Thread,
    Group,
}

#[derive(Debug)]
pub struct Instruction {
    /// The predicate, and what it must be.
    pub guard: Option<(usize, bool)>,
    pub what: What,
}

/// How wide, and whether with a sign.
#[derive(Clone, Copy, Debug)]
pub struct Type {
    pub bits: u32,
    pub signed: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Binary {
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Min,
    Max,
    Div,
    Rem,
    MulHi,
    MulWide,
}

#[derive(Clone, Copy, Debug)]
pub enum Unary {
    Mov,
    Not,
    Neg,
    Brev,
    Popc,
    /// How far the highest one is from the top.
    Bfind,
    Cvt {
        from: Type,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// a·b + c, or a + b, or a − b, with a carry in and out as asked.
#[derive(Clone, Copy, Debug)]
pub enum Sum {
    Add,
    Sub,
    MadLo,
    MadHi,
}

#[derive(Clone, Copy, Debug)]
pub enum Exchange {
    Up,
    Index,
}

#[derive(Debug)]
pub enum What {
    Unary(Unary, Type, usize, Operand),
    Binary(Binary, Type, usize, Operand, Operand),
    Sum {
        sum: Sum,
        of: Type,
        carry_in: bool,
        carry_out: bool,
        to: usize,
        operands: [Operand; 3],
    },
    Select(Type, usize, Operand, Operand, usize),
    Compare(Comparison, Type, usize, Operand, Operand),
    BitInsert {
        of: Type,
        to: usize,
        operands: [Operand; 4],
    },
    FunnelShift {
        to: usize,
        operands: [Operand; 3],
    },
    Load {
        of: Type,
        to: Vec<usize>,
        base: Operand,
        offset: u64,
    },
    Store {
        of: Type,
        from: Vec<Operand>,
        base: Operand,
        offset: u64,
    },
    /// The halves of a word.
    Unpack {
        to: Vec<usize>,
        from: Operand,
    },
    AtomicAdd {
        to: usize,
        address: Operand,
        by: Operand,
    },
    AtomicMin {
        to: usize,
        address: Operand,
        by: Operand,
    },
    Branch(usize),
    Call {
        function: usize,
        returned: Option<(usize, usize)>,
        parameters: Vec<(usize, usize)>,
    },
    Return,
    Barrier,
    Shuffle {
        exchange: Exchange,
        to: usize,
        valid: usize,
        operands: [Operand; 4],
    },
    Match {
        to: usize,
        value: Operand,
        mask: Operand,
    },
}

impl Program {
    pub fn read(text: &str) -> Self {
        let lines = text.lines().map(|line| line.split("//").next().unwrap());
        let text = lines.collect::<Vec<_>>().join("\n");
        let mut program = Self::default();
        program.read_arrays(&text);
        let functions = functions(&text);
        for (index, function) in functions.iter().enumerate() {
            program.names.insert(function.name.to_owned(), index);
        }
        for function in &functions {
            let read = Reader::new(&program, function).read(function);
            program.functions.push(read);
        }
        program
    }

    pub fn function(&self, name: &str) -> &Function {
        &self.functions[self.names[name]]
    }

    fn read_arrays(&mut self, text: &str) {
        // What a launch brings comes after what sources declare.
        let mut brought = Vec::new();
        for statement in text.split([';', '{', '}']) {
            let words: Vec<&str> = statement.split_whitespace().collect();
            let Some(at) = words.iter().position(|&word| word == ".shared" || word == ".const")
            else {
                continue;
            };
            let (name, len) = array(words[words.len() - 1].trim_end_matches('='));
            let (name, len) =
                if name.is_empty() { array(words[words.len() - 2]) } else { (name, len) };
            if words[at] == ".shared" && len == 0 {
                brought.push(name.to_owned());
            } else if words[at] == ".shared" {
                self.symbols.insert(name.to_owned(), SHARED | self.shared_bytes as u64);
                self.shared_bytes = (self.shared_bytes + len).next_multiple_of(16);
            } else {
                let start = self.constants.len().next_multiple_of(16);
                self.constants.resize(start + len, 0);
                self.symbols.insert(name.to_owned(), CONSTANTS | start as u64);
                let from = text.find(statement).unwrap() + statement.len() + 1;
                let values = text[from..].split('}').next().unwrap().split(',');
                for (byte, value) in self.constants[start..].iter_mut().zip(values) {
                    *byte = value.trim().parse().unwrap();
                }
            }
        }
        for name in brought {
            self.symbols.insert(name, SHARED | self.shared_bytes as u64);
        }
    }
}

/// `name[len]`; 8 bytes without a length, none with an empty one.
pub fn array(text: &str) -> (&str, usize) {
    match text.split_once('[') {
        Some((name, len)) => (name, len.trim_end_matches(']').parse().unwrap_or(0)),
        None => (text, 8),
    }
}

/// A function as it is written.
pub struct Text<'a> {
    pub name: &'a str,
    pub returned: Option<&'a str>,
    pub parameters: Vec<&'a str>,
    pub body: &'a str,
}

/// The functions that have a body.
fn functions(text: &str) -> Vec<Text<'_>> {
    let mut found = Vec::new();
    let starts = text.match_indices(".entry").chain(text.match_indices(".func"));
    for (at, keyword) in starts {
        let mut rest = text[at + keyword.len()..].trim_start();
        let mut returned = None;
        if let Some(inner) = rest.strip_prefix('(') {
            let (value, after) = inner.split_once(')').unwrap();
            returned = Some(value);
            rest = after.trim_start();
        }
        let (name, after) = rest.split_once('(').unwrap();
        let (parameters, after) = after.split_once(')').unwrap();
        let (between, body) = after.split_once('{').unwrap();
        if between.contains(';') {
            continue;
        }
        let parameters = parameters.split(',').filter(|p| !p.trim().is_empty()).collect();
        found.push(Text { name: name.trim(), returned, parameters, body: &body[..end(body)] });
    }
    found
}

/// Where the brace is that ends what was begun before.
fn end(body: &str) -> usize {
    let mut depth = 1;
    body.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    })
    .expect("a function ends")
}
