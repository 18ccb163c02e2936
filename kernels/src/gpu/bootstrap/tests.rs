//! Both plans on twins, against naive; little memory; buffers of others.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::backend::{Backend, BootstrapOps};
use crate::bootstrap::{BootstrapShape, KeyswitchShape, MODULUS};
use crate::error::Error;
use crate::gpu::twin::TwinDevice;
use crate::gpu::{Gpu, Limits};
use crate::naive::Naive;

/// Words at which roundings are likely to slip, and random ones.
fn words(len: usize, rng: &mut StdRng) -> Vec<u64> {
    let word = |rng: &mut StdRng| match rng.gen_range(0..8) {
        0 => [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1][rng.gen_range(0..5)],
        1 => 1 << rng.gen_range(0..64),
        2 => (1u64 << rng.gen_range(0..64)).wrapping_neg(),
        _ => rng.r#gen(),
    };
    (0..len).map(|_| word(rng)).collect()
}

fn keyswitched<B: BootstrapOps>(
    backend: &B,
    shape: KeyswitchShape,
    [key, ciphertexts]: [&[u64]; 2],
) -> Result<Vec<u64>, Error> {
    let key = backend.keyswitch_key(shape, key)?;
    let ciphertexts = backend.upload(ciphertexts)?;
    backend.download(&backend.keyswitch_batch(&key, &ciphertexts)?)
}

fn bootstrapped<B: BootstrapOps>(
    backend: &B,
    shape: BootstrapShape,
    [key, ciphertexts, tables]: [&[u64]; 3],
    choices: &[u32],
) -> Result<Vec<u64>, Error> {
    let key = backend.bootstrap_key(shape, key)?;
    let (ciphertexts, tables) = (backend.upload(ciphertexts)?, backend.upload(tables)?);
    backend.download(&backend.pbs_batch(&key, &ciphertexts, &tables, choices)?)
}

fn gpu(shared_bytes: u32, memory: u64) -> Gpu {
    let limits = Limits { workgroup: 32, shared_bytes, allocation_bytes_max: memory };
    Gpu::new(TwinDevice::new(limits, memory))
}

#[test]
fn switched_as_naive_does_in_as_many_pieces_as_it_takes() {
    let rng = &mut StdRng::seed_from_u64(1);
    for (base_log, levels) in [(4, 4), (1, 1), (21, 3), (31, 2), (2, 31)] {
        let shape = KeyswitchShape { from: 70, to: 11, base_log, levels };
        let key = words(shape.key_words(), rng);
        for count in [0, 1, 17, 40] {
            let ciphertexts = words(count * shape.row_from(), rng);
            let inputs = [key.as_slice(), &ciphertexts];
            let expected = keyswitched(&Naive, shape, inputs).unwrap();
            let mut refused = 0;
            for memory in [1 << 24, 1 << 18, 1 << 17, 1 << 16, 1 << 10] {
                match keyswitched(&gpu(256, memory), shape, inputs) {
                    Ok(got) => assert!(got == expected, "{shape:?}, {count}, {memory}"),
                    Err(Error::OutOfMemory { .. }) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            assert!((1..5).contains(&refused));
        }
    }
}

#[test]
fn bootstrapped_as_naive_does_by_both_plans_in_as_many_pieces_as_it_takes() {
    let rng = &mut StdRng::seed_from_u64(2);
    for (dimension, log_size, base_log, levels) in
        [(3, 6, 23, 1), (2, 7, 4, 3), (70, 6, 12, 4), (1, 8, 1, 49), (1, 6, 31, 1)]
    {
        let shape = BootstrapShape { dimension, log_size, base_log, levels };
        let mut key = words(shape.key_words(), rng);
        key.iter_mut().for_each(|word| *word %= MODULUS);
        let tables = words(3 * shape.size(), rng);
        for count in [0, 1, 5] {
            let ciphertexts = words(count * shape.row_from(), rng);
            let choices: Vec<u32> = (0..count).map(|_| rng.gen_range(0..3)).collect();
            let inputs = [key.as_slice(), &ciphertexts, &tables];
            let expected = bootstrapped(&Naive, shape, inputs, &choices).unwrap();
            let mut refused = 0;
            for shared in [256, 48 << 10] {
                for memory in [1 << 26, 1 << 20, 1 << 18, 1 << 16, 1 << 14, 1 << 10] {
                    match bootstrapped(&gpu(shared, memory), shape, inputs, &choices) {
                        Ok(got) => assert!(got == expected, "{shape:?}, {count}, {memory}"),
                        Err(Error::OutOfMemory { .. }) => refused += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            assert!((2..12).contains(&refused));
        }
    }
}

#[test]
fn what_belongs_to_others_is_refused() {
    let (mine, other) = (gpu(256, 1 << 20), gpu(256, 1 << 20));
    let shape = KeyswitchShape { from: 1, to: 1, base_log: 1, levels: 1 };
    let keys = [&mine, &other].map(|gpu| gpu.keyswitch_key(shape, &[1, 2]).unwrap());
    let ciphertexts = [&mine, &other].map(|gpu| gpu.upload(&[3u64, 4]).unwrap());
    for (key, ciphertext) in [(0, 1), (1, 0), (1, 1)] {
        let got = mine.keyswitch_batch(&keys[key], &ciphertexts[ciphertext]).err();
        assert_eq!(got, Some(Error::ForeignBuffer));
    }
    let shape = BootstrapShape { dimension: 1, log_size: 6, base_log: 1, levels: 1 };
    let key = vec![0; shape.key_words()];
    let keys = [&mine, &other].map(|gpu| gpu.bootstrap_key(shape, &key).unwrap());
    let tables = [&mine, &other].map(|gpu| gpu.zeros::<u64>(64).unwrap());
    for (key, ciphertext, table) in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
        let (ciphertexts, tables) = (&ciphertexts[ciphertext], &tables[table]);
        let got = mine.pbs_batch(&keys[key], ciphertexts, tables, &[0]).err();
        assert_eq!(got, Some(Error::ForeignBuffer));
    }
    assert!(mine.pbs_batch(&keys[0], &ciphertexts[0], &tables[0], &[0]).is_ok());
}
