//! The engine all modules run on, and the clock that interrupts them.
//!
//! A limit on time is kept by epochs, not by fuel: an operator knows what a second is, and a check of the
//! epoch costs a module one comparison per call and loop, where fuel is counted for every instruction.

use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use wasmtime::{Config, Engine};

use super::WitnessError;

/// How deep a module's calls may go, in bytes of stack. Threads have 2 MiB by default.
pub const STACK_BYTES_MAX: usize = 512 << 10;

/// How often running modules are asked for their deadline.
const TICK: Duration = Duration::from_millis(10);

/// How many modules run.
static RUNNING: Mutex<usize> = Mutex::new(0);
/// That the first of them has begun.
static BEGUN: Condvar = Condvar::new();

/// The engine, once its clock is there. What a module of circom has no use for is switched off.
pub(super) fn shared() -> Result<&'static Engine, WitnessError> {
    static ENGINE: LazyLock<Result<Engine, String>> = LazyLock::new(|| {
        let mut config = Config::new();
        config.epoch_interruption(true).max_wasm_stack(STACK_BYTES_MAX);
        config.wasm_tail_call(false).wasm_extended_const(false);
        config.wasm_multi_memory(false).wasm_memory64(false);
        config.wasm_relaxed_simd(false).wasm_simd(false);
        let engine = Engine::new(&config).map_err(|error| error.to_string())?;
        let clock = engine.clone();
        let thread = thread::Builder::new().name("witness-clock".to_owned());
        thread.spawn(move || tick(&clock)).map_err(|error| error.to_string())?;
        Ok(engine)
    });
    ENGINE.as_ref().map_err(|reason| WitnessError::Engine(reason.clone()))
}

/// Counts epochs while a module runs, and sleeps while none does.
fn tick(engine: &Engine) {
    loop {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        drop(BEGUN.wait_while(running, |running| *running == 0));
        thread::sleep(TICK);
        engine.increment_epoch();
    }
}

/// While it lives, the clock ticks.
pub(super) struct Running;

impl Running {
    pub(super) fn begin() -> Self {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        BEGUN.notify_one();
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
    }
}
