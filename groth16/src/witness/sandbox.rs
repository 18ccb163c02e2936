//! One run of a module: its memory, its deadline, circom's interface to it. Nothing else of the host is seen
//! from inside.

use std::time::Instant;

use wasmtime::{
    Caller, Engine, InstancePre, Linker, Module, ResourceLimiter, Store, Trap, TypedFunc,
    UpdateDeadline, WasmParams, WasmResults,
};

use super::engine::{Running, STACK_BYTES_MAX};
use super::error::{MESSAGE_CHARS_MAX, reason, shortened};
use super::number::HALVES;
use super::{Limits, WORDS, WitnessError};

/// Where the functions that a module gets are found.
const RUNTIME: &str = "runtime";
/// The functions: a module may do without some of them.
const IMPORTS: [&str; 5] = [
    "exceptionHandler",
    "printErrorMessage",
    "showSharedRWMemory",
    "writeBufferMessage",
    // Of circom 2.2.
    "printDebug",
];
/// What every module of circom 1 has, and none of circom 2.
const CIRCOM_1: &str = "getFrLen";

/// What says how many values an input has.
const SIGNAL_SIZE: &str = "getInputSignalSize";

/// Most entries of a module's table of functions.
const TABLE_MAX: usize = 1 << 16;

/// What the host remembers of a run.
pub(super) struct State {
    limits: Limits,
    deadline: Instant,
    /// The memory that was refused.
    refused: Option<usize>,
    /// The code a module gave up with.
    exception: Option<u32>,
    message: String,
    /// A message is being read: asking for another inside is no circuit's way.
    reading: bool,
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.limits.memory_bytes {
            self.refused = Some(desired);
            return Err(wasmtime::Error::msg("too much memory"));
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_MAX)
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }
}

/// Gives a module what it wants, if that is in the list.
pub(super) fn link(engine: &Engine, module: &Module) -> Result<InstancePre<State>, WitnessError> {
    if module.get_export(CIRCOM_1).is_some() {
        return Err(WitnessError::Circom1);
    }
    let stranger = module.imports().find(|i| i.module() != RUNTIME || !IMPORTS.contains(&i.name()));
    if let Some(import) = stranger {
        let name = format!("{}.{}", import.module(), import.name());
        return Err(WitnessError::Import(shortened(&name)));
    }
    let mut linker = Linker::<State>::new(engine);
    let linked = linker
        .func_wrap(RUNTIME, IMPORTS[0], give_up)
        .and_then(|linker| linker.func_wrap(RUNTIME, IMPORTS[1], keep_message))
        // Values that a circuit logs could be secret.
        .and_then(|linker| linker.func_wrap(RUNTIME, IMPORTS[2], || {}))
        .and_then(|linker| linker.func_wrap(RUNTIME, IMPORTS[3], drop_message))
        .and_then(|linker| linker.func_wrap(RUNTIME, IMPORTS[4], |_: u32| {}));
    linked.map_err(super::error::module)?;
    linker.instantiate_pre(module).map_err(super::error::module)
}

fn give_up(mut caller: Caller<'_, State>, code: u32) -> wasmtime::Result<()> {
    caller.data_mut().exception = Some(code);
    Err(wasmtime::Error::msg("given up"))
}

fn keep_message(mut caller: Caller<'_, State>) -> wasmtime::Result<()> {
    let line = read_message(&mut caller)?;
    let message = &mut caller.data_mut().message;
    if !message.is_empty() && !line.is_empty() {
        message.push_str("; ");
    }
    message.push_str(&line);
    *message = shortened(message);
    Ok(())
}

fn drop_message(mut caller: Caller<'_, State>) -> wasmtime::Result<()> {
    read_message(&mut caller).map(drop)
}

/// The characters a module has to say, until it says zero, but no more than the limit.
fn read_message(caller: &mut Caller<'_, State>) -> wasmtime::Result<String> {
    let export = caller.get_export("getMessageChar").and_then(|export| export.into_func());
    let next: TypedFunc<(), u32> =
        export.ok_or_else(|| wasmtime::Error::msg("no getMessageChar"))?.typed(&*caller)?;
    if std::mem::replace(&mut caller.data_mut().reading, true) {
        return Err(wasmtime::Error::msg("a message within a message"));
    }
    let mut message = String::new();
    for _ in 0..MESSAGE_CHARS_MAX {
        match next.call(&mut *caller, ())? {
            0 => break,
            code => message.push(char::from_u32(code).unwrap_or('?')),
        }
    }
    caller.data_mut().reading = false;
    Ok(shortened(message.trim_end()))
}

/// A module at work.
pub(super) struct Sandbox {
    store: Store<State>,
    exports: Exports,
    _running: Running,
}

/// circom's interface.
struct Exports {
    version: TypedFunc<(), u32>,
    halves: TypedFunc<(), u32>,
    raw_prime: TypedFunc<(), ()>,
    read: TypedFunc<u32, u32>,
    write: TypedFunc<(u32, u32), ()>,
    init: TypedFunc<u32, ()>,
    input_size: TypedFunc<(), u32>,
    /// Since circom 2.0.4.
    signal_size: Option<TypedFunc<(u32, u32), u32>>,
    set_signal: TypedFunc<(u32, u32, u32), ()>,
    witness_size: TypedFunc<(), u32>,
    witness: TypedFunc<u32, ()>,
}

impl Sandbox {
    /// Starts a module of its own: nothing is shared with another run.
    pub(super) fn new(module: &InstancePre<State>, limits: &Limits) -> Result<Self, WitnessError> {
        let engine = module.module().engine();
        let now = Instant::now();
        let deadline = now.checked_add(limits.time).unwrap_or(now);
        let state = State {
            limits: *limits,
            deadline,
            refused: None,
            exception: None,
            message: String::new(),
            reading: false,
        };
        let running = Running::begin();
        let mut store = Store::new(engine, state);
        store.limiter(|state| state);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store| {
            let late = Instant::now() >= store.data().deadline;
            Ok(if late { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(1) })
        });
        let instance = module.instantiate(&mut store).map_err(|error| explain(&store, &error))?;
        let exports = Exports::of(&instance, &mut store)?;
        Ok(Self { store, exports, _running: running })
    }

    fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        function: impl Fn(&Exports) -> &TypedFunc<P, R>,
        arguments: P,
    ) -> Result<R, WitnessError> {
        let called = function(&self.exports).call(&mut self.store, arguments);
        called.map_err(|error| explain(&self.store, &error))
    }

    /// That the interface is circom 2's, with values of 256 bits.
    pub(super) fn check_version(&mut self) -> Result<(), WitnessError> {
        let version = self.call(|e| &e.version, ())?;
        if version != 2 {
            return Err(WitnessError::Version(version));
        }
        let halves = self.call(|e| &e.halves, ())?;
        if usize::try_from(halves) == Ok(HALVES) { Ok(()) } else { Err(WitnessError::Prime) }
    }

    /// The prime.
    pub(super) fn prime(&mut self) -> Result<[u64; WORDS], WitnessError> {
        self.call(|e| &e.raw_prime, ())?;
        let mut prime = [0; WORDS];
        self.shared(&mut prime)?;
        Ok(prime)
    }

    /// Makes the module ready for inputs, with all its checks on.
    pub(super) fn start(&mut self) -> Result<(), WitnessError> {
        self.call(|e| &e.init, 1)
    }

    /// How many values all inputs have together.
    pub(super) fn input_len(&mut self) -> Result<usize, WitnessError> {
        self.call(|e| &e.input_size, ()).map(index)
    }

    /// How many values the witness has.
    pub(super) fn witness_len(&mut self) -> Result<usize, WitnessError> {
        self.call(|e| &e.witness_size, ()).map(index)
    }

    /// That the circuit has such an input, with so many values, if the module can tell. If it cannot, it
    /// stops at the first value that it has no place for.
    pub(super) fn check_signal(&mut self, name: &str, got: usize) -> Result<(), WitnessError> {
        let Some(signal_size) = &self.exports.signal_size else { return Ok(()) };
        let size = signal_size.call(&mut self.store, hash(name));
        let size = size.map_err(|error| explain(&self.store, &error))?;
        // Of a name it does not know a module says 0, or -1.
        if size.cast_signed() < 0 || (size == 0 && got > 0) {
            return Err(WitnessError::UnknownSignal(shortened(name)));
        }
        let expected = index(size);
        if got == expected {
            return Ok(());
        }
        Err(WitnessError::Count { signal: shortened(name), got, expected })
    }

    /// Sets one value of an input. With the last one the module computes the witness.
    pub(super) fn set_signal(
        &mut self,
        name: &str,
        index: usize,
        words: &[u32; HALVES],
    ) -> Result<(), WitnessError> {
        for (position, word) in (0..).zip(words) {
            self.call(|e| &e.write, (position, *word))?;
        }
        let (high, low) = hash(name);
        let index =
            u32::try_from(index).map_err(|_| WitnessError::Inconsistent("too many values"))?;
        self.call(|e| &e.set_signal, (high, low, index))
    }

    /// A value of the witness.
    pub(super) fn value(&mut self, index: usize, words: &mut [u64]) -> Result<(), WitnessError> {
        let index =
            u32::try_from(index).map_err(|_| WitnessError::Inconsistent("too many values"))?;
        self.call(|e| &e.witness, index)?;
        self.shared(words)
    }

    /// The value that the module has put where both sides see it.
    fn shared(&mut self, words: &mut [u64]) -> Result<(), WitnessError> {
        for (position, word) in (0..).step_by(2).zip(words) {
            let low = self.call(|e| &e.read, position)?;
            let high = self.call(|e| &e.read, position + 1)?;
            *word = u64::from(low) | u64::from(high) << 32;
        }
        Ok(())
    }
}

impl Exports {
    fn of(instance: &wasmtime::Instance, store: &mut Store<State>) -> Result<Self, WitnessError> {
        Ok(Self {
            version: export(instance, store, "getVersion")?,
            halves: export(instance, store, "getFieldNumLen32")?,
            raw_prime: export(instance, store, "getRawPrime")?,
            read: export(instance, store, "readSharedRWMemory")?,
            write: export(instance, store, "writeSharedRWMemory")?,
            init: export(instance, store, "init")?,
            input_size: export(instance, store, "getInputSize")?,
            signal_size: match instance.get_export(&mut *store, SIGNAL_SIZE) {
                Some(_) => Some(export(instance, store, SIGNAL_SIZE)?),
                None => None,
            },
            set_signal: export(instance, store, "setInputSignal")?,
            witness_size: export(instance, store, "getWitnessSize")?,
            witness: export(instance, store, "getWitness")?,
        })
    }
}

fn export<P: WasmParams, R: WasmResults>(
    instance: &wasmtime::Instance,
    store: &mut Store<State>,
    name: &'static str,
) -> Result<TypedFunc<P, R>, WitnessError> {
    instance.get_typed_func(store, name).map_err(|_| WitnessError::Export(name))
}

/// What stopped a module: what the host has noted of it, or else what the engine says.
fn explain(store: &Store<State>, error: &wasmtime::Error) -> WitnessError {
    let state = store.data();
    if let Some(got) = state.refused {
        return WitnessError::Memory { got, limit: state.limits.memory_bytes };
    }
    if let Some(code) = state.exception {
        return WitnessError::Circuit { reason: reason(code), message: state.message.clone() };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => WitnessError::Time(state.limits.time),
        Some(Trap::StackOverflow) => WitnessError::Stack(STACK_BYTES_MAX),
        Some(trap) => WitnessError::Trap(trap.to_string()),
        None => WitnessError::Trap(shortened(&error.root_cause().to_string())),
    }
}

/// FNV-1a of 64 bits of a signal's name: the high word and the low one.
fn hash(name: &str) -> (u32, u32) {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    ((hash >> 32) as u32, hash as u32)
}

/// A count of the module's, as the host counts.
fn index(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
