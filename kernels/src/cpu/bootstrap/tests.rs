//! Key switching and bootstrapping against schoolbook products, with each kind of instructions.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::backend::BootstrapOps;
use crate::bootstrap::{BootstrapShape, KeyswitchShape, MODULUS};
use crate::cpu::Cpu;
use crate::error::Error;
use crate::host::HostBuffer;
use crate::naive::Naive;

/// With each kind of instructions that this machine has.
fn machines() -> Vec<Cpu> {
    Cpu::each().collect()
}

/// Words of any kind, the edges among them.
fn words(rng: &mut StdRng, len: usize) -> Vec<u64> {
    let edges = [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1, 1 << 51, (1 << 51) - 1];
    let word = |rng: &mut StdRng| match rng.gen_range(0..4) {
        0 => edges[rng.gen_range(0..edges.len())],
        _ => rng.r#gen(),
    };
    (0..len).map(|_| word(rng)).collect()
}

/// Residues of any kind, the edges among them.
fn residues(rng: &mut StdRng, len: usize) -> Vec<u64> {
    let edges = [0, 1, MODULUS - 1, MODULUS / 2, MODULUS / 2 + 1];
    let residue = |rng: &mut StdRng| match rng.gen_range(0..4) {
        0 => edges[rng.gen_range(0..edges.len())],
        _ => rng.gen_range(0..MODULUS),
    };
    (0..len).map(|_| residue(rng)).collect()
}

fn keyswitch(
    backend: &impl Switches,
    shape: KeyswitchShape,
    key: &[u64],
    batch: &[u64],
) -> Vec<u64> {
    let key = backend.keyswitch_key(shape, key).unwrap();
    backend.keyswitch_batch(&key, &HostBuffer(batch.to_vec())).unwrap().0
}

/// Backends whose buffers are ours.
trait Switches: BootstrapOps<Buffer<u64> = HostBuffer<u64>> {}
impl<B: BootstrapOps<Buffer<u64> = HostBuffer<u64>>> Switches for B {}

fn check_keyswitch(shape: KeyswitchShape, key: &[u64], batch: &[u64]) {
    let expected = keyswitch(&Naive, shape, key, batch);
    for cpu in machines() {
        let got = keyswitch(&cpu, shape, key, batch);
        assert!(got == expected, "{shape:?} {:?}", cpu.instructions());
    }
}

/// A batch: ciphertexts, tables, and which ciphertext takes which.
struct Batch {
    ciphertexts: Vec<u64>,
    tables: Vec<u64>,
    choices: Vec<u32>,
}

impl Batch {
    fn random(rng: &mut StdRng, shape: &BootstrapShape, count: usize, tables: u32) -> Self {
        Self {
            ciphertexts: words(rng, count * shape.row_from()),
            tables: words(rng, tables as usize * shape.size()),
            choices: (0..count).map(|_| rng.gen_range(0..tables)).collect(),
        }
    }

    fn bootstrap(&self, backend: &impl Switches, shape: BootstrapShape, key: &[u64]) -> Vec<u64> {
        let key = backend.bootstrap_key(shape, key).unwrap();
        let ciphertexts = HostBuffer(self.ciphertexts.clone());
        let tables = HostBuffer(self.tables.clone());
        backend.pbs_batch(&key, &ciphertexts, &tables, &self.choices).unwrap().0
    }

    fn check(&self, shape: BootstrapShape, key: &[u64]) {
        let expected = self.bootstrap(&Naive, shape, key);
        for cpu in machines() {
            let got = self.bootstrap(&cpu, shape, key);
            assert!(got == expected, "{shape:?} {:?}", cpu.instructions());
        }
    }
}

#[test]
fn switched_ciphertexts_are_those_of_naive() {
    let rng = &mut StdRng::seed_from_u64(1);
    let digits = [(1, 1), (4, 4), (4, 15), (23, 2), (31, 2), (31, 1), (1, 63), (7, 9)];
    for (case, (base_log, levels)) in digits.into_iter().enumerate() {
        for (from, to) in [(1, 1), (3, 31), (70, 32), (64, 100)] {
            let shape = KeyswitchShape { from, to, base_log, levels };
            let key = words(rng, shape.key_words());
            let count = [0, 1, 3, 17][(case + from) % 4];
            let batch = words(rng, count * shape.row_from());
            check_keyswitch(shape, &key, &batch);
        }
    }
}

#[test]
fn switching_wraps() {
    let shape = KeyswitchShape { from: 40, to: 9, base_log: 31, levels: 2 };
    let key = vec![u64::MAX; shape.key_words()];
    for word in [0, u64::MAX, 1 << 63, 1 << 62] {
        check_keyswitch(shape, &key, &vec![word; 5 * shape.row_from()]);
    }
}

#[test]
fn bootstrapped_ciphertexts_are_those_of_naive() {
    let rng = &mut StdRng::seed_from_u64(2);
    let digits = [(23, 1), (1, 1), (31, 1), (24, 2), (12, 4), (16, 3), (1, 49), (7, 7)];
    for log_size in 6..=9 {
        for (case, (base_log, levels)) in digits.into_iter().enumerate() {
            let dimension = 1 + (case + log_size as usize) % 5;
            let shape = BootstrapShape { dimension, log_size, base_log, levels };
            let key = residues(rng, shape.key_words());
            let count = [1, 3, 0, 17][case % 4] >> (log_size - 6).min(2);
            Batch::random(rng, &shape, count, 3).check(shape, &key);
        }
    }
}

#[test]
fn bootstrapped_large_ciphertexts_are_those_of_naive() {
    let rng = &mut StdRng::seed_from_u64(3);
    for (log_size, base_log, levels) in [(10, 23, 1), (10, 15, 3), (11, 23, 1), (12, 12, 2)] {
        let shape = BootstrapShape { dimension: 2, log_size, base_log, levels };
        let key = residues(rng, shape.key_words());
        Batch::random(rng, &shape, 1, 2).check(shape, &key);
    }
}

#[test]
fn edges_are_bootstrapped_as_naive_does() {
    for levels in 1..=2 {
        let shape = BootstrapShape { dimension: 3, log_size: 6, base_log: 23, levels };
        for residue in [0, 1, MODULUS / 2, MODULUS / 2 + 1, MODULUS - 1] {
            let key = vec![residue; shape.key_words()];
            for word in [0, 1, u64::MAX, 1 << 63, 1 << 57, (1 << 56) - 1, 1 << 56] {
                for entry in [0, 1, u64::MAX, 1 << 63] {
                    let batch = Batch {
                        ciphertexts: vec![word; 2 * shape.row_from()],
                        tables: vec![entry; shape.size()],
                        choices: vec![0; 2],
                    };
                    batch.check(shape, &key);
                }
            }
        }
    }
}

#[test]
fn all_instructions_agree_at_full_size() {
    let rng = &mut StdRng::seed_from_u64(4);
    let shape = KeyswitchShape { from: 2048, to: 918, base_log: 4, levels: 4 };
    let key = words(rng, shape.key_words());
    let batch = words(rng, 5 * shape.row_from());
    let portable = keyswitch(&Cpu::portable(), shape, &key, &batch);
    for cpu in machines() {
        let got = keyswitch(&cpu, shape, &key, &batch);
        assert!(got == portable, "{:?}", cpu.instructions());
    }
    let shape = BootstrapShape { dimension: 918, log_size: 11, base_log: 23, levels: 1 };
    let key = residues(rng, shape.key_words());
    let batch = Batch::random(rng, &shape, 3, 2);
    let portable = batch.bootstrap(&Cpu::portable(), shape, &key);
    for cpu in machines() {
        let got = batch.bootstrap(&cpu, shape, &key);
        assert!(got == portable, "{:?}", cpu.instructions());
    }
}

#[test]
fn keys_are_used_as_they_were_prepared() {
    let rng = &mut StdRng::seed_from_u64(5);
    let switch = KeyswitchShape { from: 5, to: 40, base_log: 4, levels: 4 };
    let shape = BootstrapShape { dimension: 2, log_size: 7, base_log: 23, levels: 1 };
    let (words, residues) = (words(rng, switch.key_words()), residues(rng, shape.key_words()));
    let batch = Batch::random(rng, &shape, 2, 1);
    let ciphertexts = HostBuffer(words[..2 * switch.row_from()].to_vec());
    let [fast, portable] = [Cpu::new(), Cpu::portable()];
    let key = portable.keyswitch_key(switch, &words).unwrap();
    let got = [fast, portable].map(|cpu| cpu.keyswitch_batch(&key, &ciphertexts).unwrap());
    assert_eq!(got[0], got[1]);
    let key = fast.bootstrap_key(shape, &residues).unwrap();
    let (ciphertexts, tables) = (HostBuffer(batch.ciphertexts), HostBuffer(batch.tables));
    let bootstrap = |cpu: Cpu| cpu.pbs_batch(&key, &ciphertexts, &tables, &batch.choices);
    assert_eq!(bootstrap(fast), bootstrap(portable));
}

/// The errors of both, which are to be equal.
fn check_refused<T, U>(got: Result<T, Error>, naive: Result<U, Error>) {
    let naive = naive.err().expect("is refused");
    assert_eq!(got.err().expect("is refused"), naive);
}

#[test]
fn what_naive_refuses_is_refused() {
    let switch = KeyswitchShape { from: 3, to: 2, base_log: 4, levels: 4 };
    let shape = BootstrapShape { dimension: 2, log_size: 6, base_log: 23, levels: 1 };
    let words = vec![0; 1024];
    for cpu in machines() {
        for (switch, len) in [(switch, 35), (KeyswitchShape { levels: 16, ..switch }, 144)] {
            let (got, naive) = (
                cpu.keyswitch_key(switch, &words[..len]),
                Naive.keyswitch_key(switch, &words[..len]),
            );
            check_refused(got, naive);
        }
        for (shape, key) in [
            (shape, &words[..511]),
            (shape, &[vec![0; 511], vec![MODULUS]].concat()),
            (BootstrapShape { log_size: 13, ..shape }, &words),
        ] {
            check_refused(cpu.bootstrap_key(shape, key), Naive.bootstrap_key(shape, key));
        }
        let (key, naive) =
            (cpu.keyswitch_key(switch, &words[..36]), Naive.keyswitch_key(switch, &words[..36]));
        let ragged = HostBuffer(vec![0; 6]);
        let got = cpu.keyswitch_batch(&key.unwrap(), &ragged);
        check_refused(got, Naive.keyswitch_batch(&naive.unwrap(), &ragged));
        let key = cpu.bootstrap_key(shape, &words[..512]).unwrap();
        let naive = Naive.bootstrap_key(shape, &words[..512]).unwrap();
        for (ciphertexts, tables, choices) in
            [(4, 64, vec![0]), (6, 65, vec![0; 2]), (6, 64, vec![0]), (6, 64, vec![0, 1])]
        {
            let (ciphertexts, tables) =
                (HostBuffer(vec![0; ciphertexts]), HostBuffer(vec![0; tables]));
            let got = cpu.pbs_batch(&key, &ciphertexts, &tables, &choices);
            check_refused(got, Naive.pbs_batch(&naive, &ciphertexts, &tables, &choices));
        }
    }
}
