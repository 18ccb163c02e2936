//! The engine tfhe-cuda against the exact engine: for every digit the same digit.
//!
//! Without a device these tests are *ignored*, with the reason on standard error; with
//! `PULSEPROOF_REQUIRE_BACKEND=cuda` they fail instead.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

use libtest_mimic::{Arguments, Failed, Trial};
use pulseproof_fhe::bootstrap::engine::{Engine, EngineError, Exact, Lookup};
use pulseproof_fhe::bootstrap::parameters::{DIGIT_SHIFT, DIGIT_VALUES};
use pulseproof_fhe::bootstrap::table::Table;
use pulseproof_fhe::bootstrap::tfhe_cuda::TfheCuda;
use pulseproof_fhe::program::result::{EncryptedOutput, OutputShape};
use pulseproof_fhe::{Ciphertext, Encrypt, PublicKey, SecretKey, generate_keys};
use pulseproof_kernels::cpu::Cpu;

/// Keys are made once: every test works with the same.
struct World {
    secret: SecretKey,
    public: PublicKey,
    exact: Exact,
    cuda: Result<TfheCuda, EngineError>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (secret, public) = generate_keys();
    let exact = Exact::new(Cpu::new(), &secret.evaluation_key()).unwrap();
    let cuda = TfheCuda::new(&secret.floating_key());
    World { secret, public, exact, cuda }
});

/// So many lookups, of all digits in all tables by turns.
fn lookups(count: usize) -> Vec<Lookup> {
    let tables = [
        Table::of_digits(|v| v / 4),
        Table::of_digits(|v| v % 4),
        Table::of_digits(|v| (7 * v + 3) % 4),
        Table::of_digits(|v| u64::from(v >= 9)),
    ];
    let tables = tables.map(Arc::new);
    let lookup = |i: usize| {
        let digit = (i % DIGIT_VALUES) as u64;
        let table = Arc::clone(&tables[i / DIGIT_VALUES % tables.len()]);
        Lookup { ciphertext: WORLD.public.encrypt_word(digit, u64::BITS - DIGIT_SHIFT), table }
    };
    (0..count).map(lookup).collect()
}

fn digits(results: Vec<Ciphertext>) -> Vec<u128> {
    let open = |digit| {
        let shape = OutputShape { name: "digit".to_owned(), is_bit: false, digits: 1 };
        WORLD.secret.open(&EncryptedOutput { shape, digits: vec![digit] }).unwrap()
    };
    results.into_iter().map(open).collect()
}

fn agree(count: usize) -> Result<(), Failed> {
    let lookups = lookups(count);
    let cuda = WORLD.cuda.as_ref()?;
    let expected = digits(WORLD.exact.look_up(&lookups)?);
    assert!((0..).zip(&expected).take(DIGIT_VALUES).all(|(v, &digit)| digit == v / 4));
    assert_eq!(digits(cuda.look_up(&lookups)?), expected);
    Ok(())
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required = std::env::var("PULSEPROOF_REQUIRE_BACKEND").unwrap_or_default();
    let required = required.split(',').any(|name| name == "cuda");
    let ignored = match TfheCuda::check() {
        Err(error) if !required => {
            eprintln!("IGNORED: all tests: {error}");
            true
        }
        _ => false,
    };
    // Keys are switched in two ways: one by one, and from 129 ciphertexts on as a product.
    let counts = [0, 1, 64, 128, 129, 300];
    let trial = |count| {
        let name = format!("{count}-lookups-as-exact");
        Trial::test(name, move || agree(count)).with_ignored_flag(ignored)
    };
    libtest_mimic::run(&arguments, counts.map(trial).into()).exit_code()
}
