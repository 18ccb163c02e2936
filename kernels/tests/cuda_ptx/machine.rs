//! Executes a kernel: every thread for itself until all wait for each other, with an eye on each access to memory.

use super::arithmetic::{added, compared, one, two};
use super::program::{
    CONSTANTS, Exchange, Function, LOCAL, Operand, PARAMETERS, Program, SEGMENT_BITS, SHARED, Sum,
    What,
};

const WARP: usize = 32;
/// What memory and registers hold before anything is written.
const POISON: u8 = 0xa5;
/// Most instructions of a launch.
const STEPS_MAX: u64 = 1 << 34;

/// What a workgroup has.
pub struct Machine<'a> {
    pub program: &'a Program,
    pub buffers: Vec<&'a mut [u8]>,
    shared: Vec<u8>,
    constants: Vec<u8>,
    group: u64,
    /// Whether the last thread goes first: what a missing barrier would have kept apart shows in one of both orders.
    backwards: bool,
    steps: u64,
}

/// A function at work.
struct Frame<'a> {
    function: &'a Function,
    next: usize,
    registers: Vec<u64>,
    parameters: Vec<u8>,
    local: usize,
    /// Where the caller wants what is returned.
    returned: Option<(usize, usize)>,
}

struct Thread<'a> {
    index: usize,
    frames: Vec<Frame<'a>>,
    local: Vec<u8>,
    /// That of the instruction before, and whether it is a borrow. It does not outlive a function.
    carry: Option<(bool, bool)>,
    waits: Waits,
}

/// What a thread waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    Nothing,
    Barrier,
    /// For the others of its warp, at an instruction that was not executed yet.
    Warp,
    Left,
}

impl Thread<'_> {
    /// Where it is.
    fn place(&self) -> Option<(*const Function, usize)> {
        let frame = self.frames.last()?;
        Some((std::ptr::from_ref(frame.function), frame.next))
    }
}

impl<'a> Frame<'a> {
    fn new(function: &'a Function, local: usize, returned: Option<(usize, usize)>) -> Self {
        Self {
            function,
            next: 0,
            registers: vec![u64::from_le_bytes([POISON; 8]); function.registers],
            parameters: vec![POISON; function.parameter_bytes],
            local,
            returned,
        }
    }
}

impl<'a> Machine<'a> {
    pub fn new(
        program: &'a Program,
        buffers: Vec<&'a mut [u8]>,
        shared_bytes: usize,
        backwards: bool,
    ) -> Self {
        let shared = vec![POISON; program.shared_bytes + shared_bytes];
        Self {
            program,
            buffers,
            shared,
            constants: program.constants.clone(),
            group: 0,
            backwards,
            steps: 0,
        }
    }

    /// Runs a workgroup. The kernel's parameters are the buffers' addresses and a block of numbers.
    pub fn run(
        &mut self,
        entry: &str,
        group: u64,
        threads: usize,
        numbers: &[u32],
    ) -> Result<(), String> {
        self.group = group;
        self.shared.fill(POISON);
        let function = self.program.function(entry);
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let mut threads: Vec<Thread<'a>> = (0..threads)
            .map(|index| {
                let mut frame = Frame::new(function, 0, None);
                let (&(block, len), buffers) = function.parameters.split_last().unwrap();
                frame.parameters[block..block + len].copy_from_slice(&bytes[..len]);
                for (segment, &(at, _)) in (1u64..).zip(buffers) {
                    let address = segment << SEGMENT_BITS;
                    frame.parameters[at..at + 8].copy_from_slice(&address.to_le_bytes());
                }
                let local = vec![POISON; function.local_bytes];
                Thread { index, frames: vec![frame], local, carry: None, waits: Waits::Nothing }
            })
            .collect();
        assert_eq!(function.parameters.len(), self.buffers.len() + 1, "{entry}: buffers");
        loop {
            for i in 0..threads.len() {
                let last = threads.len() - 1;
                let thread = &mut threads[if self.backwards { last - i } else { i }];
                while thread.waits == Waits::Nothing {
                    self.step(thread)?;
                }
            }
            for warp in threads.chunks_mut(WARP) {
                exchange(warp)?;
            }
            if threads.iter().all(|thread| thread.waits == Waits::Left) {
                return Ok(());
            }
            let first = threads[0].place();
            let met = |t: &Thread<'_>| t.waits == Waits::Barrier && t.place() == first;
            if threads.iter().all(met) {
                threads.iter_mut().for_each(|thread| thread.waits = Waits::Nothing);
            } else if threads.iter().all(|t| matches!(t.waits, Waits::Barrier | Waits::Left)) {
                return Err("some threads wait at a barrier that others do not come to".to_owned());
            }
        }
    }

    fn step(&mut self, thread: &mut Thread<'a>) -> Result<(), String> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err("it does not end".to_owned());
        }
        let frame = thread.frames.last_mut().expect("a thread has a frame until it leaves");
        let instruction = &frame.function.code[frame.next];
        if instruction.guard.is_some_and(|(at, wanted)| (frame.registers[at] & 1 == 1) != wanted) {
            frame.next += 1;
            return Ok(());
        }
        if matches!(instruction.what, What::Shuffle { .. } | What::Match { .. }) {
            thread.waits = Waits::Warp;
            return Ok(());
        }
        frame.next += 1;
        let get = |operand: Operand| {
            value(operand, &frame.registers, thread.index, self.group, frame.local)
        };
        match &instruction.what {
            What::Unary(unary, of, to, a) => {
                frame.registers[*to] = one(*unary, *of, get(*a));
            }
            What::Binary(binary, of, to, a, b) => {
                frame.registers[*to] = two(*binary, *of, get(*a), get(*b));
            }
            What::Sum { sum, of, carry_in, carry_out, to, operands } => {
                let is_borrow = matches!(sum, Sum::Sub);
                let carry = match (carry_in, thread.carry) {
                    (false, _) => false,
                    (true, Some((carry, borrows))) if borrows == is_borrow => carry,
                    (true, _) => return Err("a carry that nobody left".to_owned()),
                };
                let (result, carry) = added(*sum, *of, operands.map(get), carry);
                frame.registers[*to] = result;
                if *carry_out {
                    thread.carry = Some((carry, is_borrow));
                }
            }
            What::Select(of, to, a, b, by) => {
                let chosen = if frame.registers[*by] & 1 == 1 { *a } else { *b };
                frame.registers[*to] = get(chosen) & of.mask();
            }
            What::Compare(comparison, of, to, a, b) => {
                frame.registers[*to] = u64::from(compared(*comparison, *of, get(*a), get(*b)));
            }
            What::BitInsert { of, to, operands } => {
                let [from, into, at, len] = operands.map(get);
                let mask = if len == 0 { 0 } else { u64::MAX >> (64 - len) << at };
                frame.registers[*to] = (into & !mask | from << at & mask) & of.mask();
            }
            What::FunnelShift { to, operands } => {
                let [low, high, by] = operands.map(get);
                let both = (high & u64::from(u32::MAX)) << 32 | low & u64::from(u32::MAX);
                frame.registers[*to] = both >> (by % 32) & u64::from(u32::MAX);
            }
            What::Load { of, to, base, offset } => {
                let (address, bytes) = (get(*base).wrapping_add(*offset), of.bytes());
                let memory = memory(
                    self,
                    &mut frame.parameters,
                    &mut thread.local,
                    address,
                    bytes * to.len(),
                )?;
                for (&to, part) in to.iter().zip(memory.chunks_exact(bytes)) {
                    let mut word = [0; 8];
                    word[..bytes].copy_from_slice(part);
                    frame.registers[to] = of.extended(u64::from_le_bytes(word));
                }
            }
            What::Store { of, from, base, offset } => {
                let (address, bytes) = (get(*base).wrapping_add(*offset), of.bytes());
                let values: Vec<u64> = from.iter().map(|&from| get(from)).collect();
                let memory = memory(
                    self,
                    &mut frame.parameters,
                    &mut thread.local,
                    address,
                    bytes * values.len(),
                )?;
                for (value, part) in values.iter().zip(memory.chunks_exact_mut(bytes)) {
                    part.copy_from_slice(&value.to_le_bytes()[..bytes]);
                }
            }
            What::Unpack { to, from } => {
                let (word, bits) = (get(*from), 64 / to.len());
                for (i, &to) in to.iter().enumerate() {
                    frame.registers[to] = word >> (i * bits) & (u64::MAX >> (64 - bits));
                }
            }
            What::AtomicAdd { to, address, by } | What::AtomicMin { to, address, by } => {
                let (address, by) = (get(*address), get(*by) & u64::from(u32::MAX));
                let by = u32::try_from(by).unwrap();
                let word = memory(self, &mut frame.parameters, &mut thread.local, address, 4)?;
                let old = u32::from_le_bytes(word.as_ref().try_into().unwrap());
                let is_add = matches!(instruction.what, What::AtomicAdd { .. });
                let new = if is_add { old.wrapping_add(by) } else { old.min(by) };
                word.copy_from_slice(&new.to_le_bytes());
                frame.registers[*to] = u64::from(old);
            }
            What::Branch(target) => frame.next = *target,
            What::Call { function, returned, parameters } => {
                let function = &self.program.functions[*function];
                let local = frame.local + frame.function.local_bytes;
                let mut called = Frame::new(function, local, *returned);
                for (&(from, len), &(to, expected)) in parameters.iter().zip(&function.parameters) {
                    assert_eq!(len, expected, "parameters are as long as they are declared");
                    called.parameters[to..to + len]
                        .copy_from_slice(&frame.parameters[from..from + len]);
                }
                if thread.local.len() < local + function.local_bytes {
                    thread.local.resize(local + function.local_bytes, POISON);
                }
                thread.carry = None;
                thread.frames.push(called);
            }
            What::Return => {
                thread.carry = None;
                let left = thread.frames.pop().expect("it was there");
                match thread.frames.last_mut() {
                    None => thread.waits = Waits::Left,
                    Some(caller) => {
                        if let (Some((to, len)), Some((from, _))) =
                            (left.returned, left.function.returned)
                        {
                            caller.parameters[to..to + len]
                                .copy_from_slice(&left.parameters[from..from + len]);
                        }
                    }
                }
            }
            What::Barrier => thread.waits = Waits::Barrier,
            What::Shuffle { .. } | What::Match { .. } => unreachable!("waits for its warp"),
        }
        Ok(())
    }
}

fn value(operand: Operand, registers: &[u64], thread: usize, group: u64, local: usize) -> u64 {
    match operand {
        Operand::Register(at) => registers[at],
        Operand::Value(value) => value,
        Operand::Depot => LOCAL | local as u64,
        Operand::Thread => thread as u64,
        Operand::Group => group,
    }
}

/// So many bytes at an address. They are all of one allocation, and where their width wants them.
fn memory<'m>(
    machine: &'m mut Machine<'_>,
    parameters: &'m mut [u8],
    local: &'m mut [u8],
    address: u64,
    bytes: usize,
) -> Result<&'m mut [u8], String> {
    let offset = address & ((1 << SEGMENT_BITS) - 1);
    let segment = address - offset;
    let at = usize::try_from(offset).unwrap();
    let memory = match segment {
        LOCAL => local,
        SHARED => &mut machine.shared,
        PARAMETERS => parameters,
        // Nobody writes there: PTX has no way to.
        CONSTANTS => &mut machine.constants,
        _ => {
            let index = usize::try_from(segment >> SEGMENT_BITS).unwrap().wrapping_sub(1);
            machine.buffers.get_mut(index).ok_or_else(|| format!("{address:#x} is of no memory"))?
        }
    };
    if at % bytes.next_power_of_two() != 0 {
        return Err(format!("{address:#x} is not where {bytes} bytes may begin"));
    }
    let len = memory.len();
    memory
        .get_mut(at..at + bytes)
        .ok_or_else(|| format!("{address:#x} is beyond the {len} bytes there"))
}

/// Lets the threads of a warp go on that wait for each other at the same instruction.
fn exchange(warp: &mut [Thread<'_>]) -> Result<(), String> {
    let Some(first) = warp.iter().position(|thread| thread.waits == Waits::Warp) else {
        return Ok(());
    };
    let at = warp[first].place();
    if !warp.iter().all(|thread| thread.waits == Waits::Warp && thread.place() == at) {
        return Err("some threads of a warp do not come to where others wait for them".to_owned());
    }
    let frame = warp[first].frames.last().unwrap();
    let what = &frame.function.code[frame.next].what;
    let get = |lane: usize, operand: Operand| {
        let frame = warp[lane].frames.last().unwrap();
        value(operand, &frame.registers, warp[lane].index, 0, frame.local)
    };
    let all = if warp.len() == WARP { u64::from(u32::MAX) } else { (1 << warp.len()) - 1 };
    let lanes = 0..warp.len();
    let masked = |lane, mask| get(lane, mask) & u64::from(u32::MAX) == u64::from(u32::MAX);
    let results: Vec<[Option<(usize, u64)>; 2]> = match what {
        What::Shuffle { exchange, to, valid, operands: [from, by, clamp, mask] } => {
            let lane_of = |lane: usize| {
                assert!(masked(lane, *mask), "a shuffle of some lanes is not known");
                let by = usize::try_from(get(lane, *by) & u64::from(u32::MAX)).unwrap();
                let clamp = usize::try_from(get(lane, *clamp)).unwrap();
                assert!(clamp < WARP, "shuffles within parts of a warp are not known");
                match exchange {
                    Exchange::Up => lane.checked_sub(by % WARP).filter(|&source| source >= clamp),
                    Exchange::Index => Some(by % WARP).filter(|&source| source <= clamp),
                }
            };
            let result = |lane: usize| {
                let (source, is_valid) = lane_of(lane).map_or((lane, 0), |source| (source, 1));
                [Some((*to, get(source, *from))), Some((*valid, is_valid))]
            };
            lanes.map(result).collect()
        }
        What::Match { to, value, mask } => {
            let result = |lane: usize| {
                assert!(masked(lane, *mask), "a match of some lanes is not known");
                let own = get(lane, *value);
                let same = (0..warp.len()).filter(|&other| get(other, *value) == own);
                [Some((*to, same.map(|other| 1 << other).sum::<u64>() & all)), None]
            };
            lanes.map(result).collect()
        }
        _ => unreachable!("nothing else waits for a warp"),
    };
    for (thread, results) in warp.iter_mut().zip(results) {
        let frame = thread.frames.last_mut().unwrap();
        for (to, result) in results.into_iter().flatten() {
            frame.registers[to] = result;
        }
        frame.next += 1;
        thread.waits = Waits::Nothing;
    }
    Ok(())
}
