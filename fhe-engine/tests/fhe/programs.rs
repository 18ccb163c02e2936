//! Programs on real ciphertexts: devices encrypt, somebody adds, an engine that holds no secret computes,
//! the authority opens single bits, and they are what the readings say.

use std::sync::{Arc, LazyLock};

use pulseproof_fhe::batcher::{Batcher, Limits};
use pulseproof_fhe::bootstrap::engine::{Engine, Exact};
use pulseproof_fhe::bootstrap::keys::EvaluationKey;
use pulseproof_fhe::program::library::{self, Deviations};
use pulseproof_fhe::program::{Program, SumContext, plain};
use pulseproof_fhe::{
    Ciphertext, Encrypt, Layout, LayoutRequest, ListTotal, PublicKey, Scale, SecretKey, add_assign,
    generate_keys,
};
use pulseproof_kernels::cpu::Cpu;

struct World {
    layout: Layout,
    secret: SecretKey,
    public: PublicKey,
    batcher: Batcher,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
    let request =
        LayoutRequest { scale, inside: (70, 180), slots: 6, summands_max: 12, totals: true };
    let (secret, public) = generate_keys();
    // As the appliance gets it.
    let key = EvaluationKey::from_bytes(&secret.evaluation_key().to_bytes()).unwrap();
    assert_eq!(key.fingerprint(), public.fingerprint());
    let engine: Arc<dyn Engine> = Arc::new(Exact::new(Cpu::new(), &key).unwrap());
    let batcher = Batcher::start(engine, Limits::default(), |_| {}).unwrap();
    World { layout: Layout::plan(request).unwrap(), secret, public, batcher }
});

/// The sum of the lists of some devices, and its totals in the clear.
struct Sum {
    words: Vec<u64>,
    readings: Vec<Vec<i64>>,
}

impl Sum {
    fn of(readings: &[&[i64]]) -> Self {
        let World { layout, public, .. } = &*WORLD;
        let mut words = vec![0; layout.words()];
        for list in readings {
            add_assign(&mut words, &public.encrypt(layout, list).unwrap(), 1);
        }
        Self { words, readings: readings.iter().map(|list| list.to_vec()).collect() }
    }

    fn total(&self, total: ListTotal) -> i128 {
        let code = |raw: &i64| i128::from(raw - 40);
        let of_list = |list: &Vec<i64>| {
            let count = list.len() as i128;
            let sum: i128 = list.iter().map(code).sum();
            match total {
                ListTotal::Count => count,
                ListTotal::Inside => {
                    list.iter().filter(|raw| (70..=180).contains(*raw)).count() as i128
                }
                ListTotal::Sum => sum,
                ListTotal::Mean => (2 * sum + count) / (2 * count.max(1)),
            }
        };
        self.readings.iter().map(of_list).sum()
    }
}

/// Runs a program on sums and words, and compares what the authority opens with what it means.
fn agrees(program: &Program, sums: &[Sum], words: &[(u64, u32)]) -> Vec<u128> {
    let World { layout, secret, public, batcher } = &*WORLD;
    let summands: Vec<u64> = sums.iter().map(|sum| sum.readings.len() as u64).collect();
    let given = SumContext { layout, summands: &summands, words: words.len() };
    let compiled = program.compile(given).unwrap();
    let encrypted: Vec<Ciphertext> =
        words.iter().map(|&(word, bits)| public.encrypt_word(word, bits)).collect();
    let lists: Vec<&[u64]> = sums.iter().map(|sum| sum.words.as_slice()).collect();
    let inputs = compiled.circuit.ciphertexts(&lists, &encrypted);
    let mut session = batcher.open("region").unwrap();
    let digits = compiled.circuit.evaluate(&inputs, |lookups| session.look_up(lookups)).unwrap();
    let outputs = compiled.circuit.outputs_of(digits);
    let opened: Vec<u128> = outputs.iter().map(|output| secret.open(output).unwrap()).collect();
    let expected = plain::evaluate(
        program,
        |index, total| sums[index].total(total),
        |word| words[word].0.into(),
    );
    assert_eq!(Some(&opened), expected.as_ref());
    opened
}

#[test]
fn thresholds() {
    // Mean 125, code 85, exactly.
    let sum = || Sum::of(&[&[100, 150, 125], &[125], &[120, 130]]);
    assert_eq!(agrees(&library::mean_above(84), &[sum()], &[]), [1]);
    assert_eq!(agrees(&library::mean_above(85), &[sum()], &[]), [0]);
    assert_eq!(agrees(&library::device_mean_above(3, 85), &[sum()], &[]), [0]);
    let (_, bits) = WORLD.layout.body_of(ListTotal::Mean).unwrap();
    let secret = library::mean_above_secret(3, 360, bits);
    assert_eq!(agrees(&secret, &[sum()], &[(84, bits)]), [1]);
    assert_eq!(agrees(&secret, &[sum()], &[(360, bits)]), [0]);
}

#[test]
fn spikes_and_trends() {
    let flat = |mean: i64| Sum::of(&[&[mean, mean + 2], &[mean - 2]]);
    let window = || [flat(120), flat(121), flat(119), flat(120)];
    let sums = |now: i64| [flat(now)].into_iter().chain(window()).collect::<Vec<_>>();
    let spike = library::spike(&[2; 5], Deviations { numerator: 2, denominator: 1 }, 0);
    assert_eq!(agrees(&spike, &sums(170), &[]), [1]);
    assert_eq!(agrees(&spike, &sums(120), &[]), [0]);
    let rising = [flat(100), flat(110), flat(120)];
    assert_eq!(agrees(&library::trend(&[2; 3], 10), &rising, &[]), [1, 0]);
}

#[test]
fn regions_side_by_side() {
    let sums =
        || [Sum::of(&[&[90], &[95], &[91]]), Sum::of(&[&[200, 210]]), Sum::of(&[&[150], &[140]])];
    let weights = [3, 1, 2];
    agrees(&library::extremes(&weights), &sums(), &[]);
    assert_eq!(agrees(&library::histogram(&weights, &[60, 120]), &sums(), &[]), [1, 1, 1]);
}

#[test]
fn what_an_appliance_alters_is_refused_or_wrong_but_never_more_than_a_digit() {
    let World { secret, .. } = &*WORLD;
    let shape = pulseproof_fhe::program::result::OutputShape {
        name: "above".to_owned(),
        is_bit: true,
        digits: 1,
    };
    let digits = vec![Ciphertext::trivial(7 << 59)];
    let output = pulseproof_fhe::program::result::EncryptedOutput { shape, digits };
    let error = secret.open(&output).unwrap_err();
    assert!(error.to_string().contains("above") && error.found == 7);
}
