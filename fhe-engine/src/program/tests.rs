//! Programs against what they mean: circuits on phases in the clear, with noise of our making.

use proptest::prelude::*;
use pulseproof_packing::{
    DIMENSION, Layout, LayoutRequest, ListTotal, NOISE_MAX_PER_SUMMAND, Scale,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::builder::SQUARED_NORM_MAX;
use super::library::{self, Deviations};
use super::plain;
use super::*;
use crate::bootstrap::engine::{Lookup, WrongCount};
use crate::bootstrap::noise::{bootstrap_variance, failure_log2};
use crate::bootstrap::parameters::DIGIT_SHIFT;
use crate::ciphertext::Ciphertext;

fn layout() -> Layout {
    layout_for(160)
}

fn layout_for(summands_max: u64) -> Layout {
    let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
    let inside = (70, 180);
    Layout::plan(LayoutRequest { scale, inside, slots: 288, summands_max, totals: true }).unwrap()
}

/// Layouts, by the most lists, for which sums of ten can be compared with every threshold.
const LISTS: [u64; 4] = [133, 160, 400, 1000];

/// Eight standard deviations of a bootstrap.
const NOISE: i64 = 1 << 52;

/// What a bootstrap without a key does to a phase, with the worst noise.
fn look_up(lookups: &[Lookup], rng: &mut StdRng) -> Vec<Ciphertext> {
    let one = |lookup: &Lookup| {
        let phase = lookup.ciphertext.words()[DIMENSION];
        let exponent = (phase >> 52) as usize;
        let word = lookup.table.polynomial()[exponent % DIMENSION];
        let word = if exponent < DIMENSION { word } else { word.wrapping_neg() };
        let noise = if rng.r#gen() { NOISE } else { -NOISE };
        let noisy = word.wrapping_add(lookup.table.offset()).wrapping_add(noise.cast_unsigned());
        Ciphertext::trivial(noisy)
    };
    lookups.iter().map(one).collect()
}

/// The outputs of a program's circuit, for sums with these totals.
fn run(
    layout: &Layout,
    program: &Program,
    summands: &[u64],
    sum: impl Fn(usize, ListTotal) -> i128,
    words: &[u64],
    seed: u64,
) -> Result<Vec<u128>, ProgramError> {
    let rng = &mut StdRng::seed_from_u64(seed);
    let compiled = program.compile(SumContext { layout, summands, words: words.len() })?;
    let inputs: Vec<_> = program
        .inputs
        .iter()
        .map(|input| {
            let (value, bits, weight) = match input.from {
                InputSource::Sum { sum: index, total } => {
                    let value = u64::try_from(sum(index, total)).unwrap();
                    (value, layout.body_of(total).unwrap().1, summands[index])
                }
                InputSource::Word { word, plaintext_bits, .. } => (words[word], plaintext_bits, 1),
            };
            let noise = (weight * NOISE_MAX_PER_SUMMAND).cast_signed();
            let noise = if rng.r#gen() { noise } else { -noise };
            Ciphertext::trivial((value << (64 - bits)).wrapping_add(noise.cast_unsigned()))
        })
        .collect();
    let look_up = |lookups: Vec<Lookup>| Ok::<_, WrongCount>(look_up(&lookups, rng));
    let digits = compiled.circuit.evaluate(&inputs, look_up).unwrap();
    let value = |digits: &[Ciphertext]| {
        digits.iter().rev().fold(0u128, |value, digit| {
            let phase = digit.words()[DIMENSION].wrapping_add(1 << (DIGIT_SHIFT - 1));
            value << 2 | u128::from(phase >> DIGIT_SHIFT)
        })
    };
    let outputs = compiled.circuit.outputs_of(digits);
    Ok(outputs.iter().map(|output| value(&output.digits)).collect())
}

fn agrees(program: &Program, summands: &[u64], values: &[[u64; 4]], words: &[u64]) {
    agrees_in(&layout(), program, summands, values, words);
}

fn agrees_in(
    layout: &Layout,
    program: &Program,
    summands: &[u64],
    values: &[[u64; 4]],
    words: &[u64],
) {
    let sum = |index: usize, total: ListTotal| values[index][total as usize].into();
    let expected = plain::evaluate(program, sum, |word| words[word].into()).unwrap();
    let got = run(layout, program, summands, sum, words, values[0][0]).unwrap();
    assert_eq!(got, expected, "{values:?} {words:?}");
}

/// Totals of sums of these weights.
fn totals(summands: Vec<u64>) -> impl Strategy<Value = Vec<[u64; 4]>> {
    let one = |w: u64| [0..=288 * w, 0..=288 * w, 0..=288 * 360 * w, 0..=360 * w];
    summands.into_iter().map(one).collect::<Vec<_>>()
}

fn weights(count: usize) -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(prop::sample::select(vec![1u64, 2, 3, 5, 6, 10]), count)
}

fn narrow(weights: &[u64]) -> Vec<u32> {
    weights.iter().map(|&w| u32::try_from(w).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn thresholds(values in totals(vec![10]), threshold in 0u32..=360, secret in 0u64..=360) {
        agrees(&library::mean_above(threshold), &[10], &values, &[]);
        agrees(&library::device_mean_above(10, threshold), &[10], &values, &[]);
        let bits = layout().body_of(ListTotal::Mean).unwrap().1;
        agrees(&library::mean_above_secret(10, 360, bits), &[10], &values, &[secret]);
    }

    #[test]
    fn thresholds_at_the_edge(
        lists in prop::sample::select(&LISTS[..]), count in 0u64..=2880, threshold in 0u32..=360,
        off in -1i64..=1,
    ) {
        let sum = (count * u64::from(threshold)).saturating_add_signed(off).min(288 * 3600);
        let program = library::mean_above(threshold);
        agrees_in(&layout_for(lists), &program, &[10], &[[count, 0, sum, 0]], &[]);
    }

    #[test]
    fn thresholds_for_all_lists(count in 0u64..=46_080, threshold in 0u32..=360, off in -1i64..=1) {
        let sum = (count * u64::from(threshold)).saturating_add_signed(off).min(160 * 288 * 360);
        agrees(&library::mean_above(threshold), &[160], &[[count, 0, sum, 0]], &[]);
    }

    #[test]
    fn spikes(
        (w, values) in weights(4).prop_flat_map(|w| (Just(w.clone()), totals(w))),
        k in 0u32..5, denominator in 1u32..3, drop_bits in 0u32..6,
    ) {
        let k = Deviations { numerator: k, denominator };
        agrees(&library::spike(&narrow(&w), k, drop_bits), &w, &values, &[]);
    }

    #[test]
    fn quiet_windows(means in prop::collection::vec(0u64..=8, 5), drop_bits in 0u32..3) {
        let values: Vec<_> = means.iter().map(|&mean| [0, 0, 0, 500 + mean]).collect();
        let k = Deviations { numerator: 2, denominator: 1 };
        agrees(&library::spike(&[10; 5], k, drop_bits), &[10; 5], &values, &[]);
    }

    #[test]
    fn trends_and_extremes(
        (w, values) in weights(5).prop_flat_map(|w| (Just(w.clone()), totals(w))),
        tolerance in 0u32..1000,
    ) {
        agrees(&library::trend(&narrow(&w), tolerance), &w, &values, &[]);
        agrees(&library::extremes(&narrow(&w)), &w, &values, &[]);
    }

    #[test]
    fn histograms(
        (w, values) in weights(6).prop_flat_map(|w| (Just(w.clone()), totals(w))),
        mut edges in prop::collection::vec(0u32..=360, 1..4),
    ) {
        edges.sort_unstable();
        agrees(&library::histogram(&narrow(&w), &edges), &w, &values, &[]);
    }

    /// Every operation, composed at random.
    #[test]
    fn every_operation(
        values in totals(vec![2, 3]), factor in -3i64..=3, constant in -1000i64..1000,
        drop_bits in 0u32..9, index in 0u32..12, by in 0u64..100,
        table in prop::collection::vec(0u64..5000, 256),
    ) {
        let step = |name: &str, op| Step { name: name.to_owned(), op };
        let n = |name: &str| name.to_owned();
        let all = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let from = |name: &str, sum, total| Input { name: n(name), from: InputSource::Sum { sum, total } };
        let steps = vec![
            step("wide", Op::Linear { terms: vec![(n("a"), factor), (n("b"), 1)], constant }),
            step("minus", Op::Negative { of: n("wide") }),
            step("size", Op::Absolute { of: n("wide"), drop_bits }),
            step("x", Op::Integer { of: n("a"), drop_bits }),
            step("y", Op::Integer { of: n("b"), drop_bits: 0 }),
            step("z", Op::Integer { of: n("count"), drop_bits: 2 }),
            step("bit", Op::Bit { of: n("wide"), index: index.min(9) }),
            step("k", Op::Constant { value: by }),
            step("sum", Op::Add { of: all(&["x", "y", "size", "k"]) }),
            step("product", Op::Multiply { left: n("x"), right: n("y") }),
            step("square", Op::Square { of: n("size") }),
            step("scaled", Op::Scale { of: n("y"), by }),
            step("order", Op::AtLeast { left: n("product"), right: n("square") }),
            step("chosen", Op::Select { condition: n("bit"), then: n("sum"), otherwise: n("x") }),
            step("least", Op::Minimum { of: all(&["x", "y", "size"]) }),
            step("most", Op::Maximum { of: all(&["x", "k", "size"]) }),
            step("entry", Op::Lookup { of: n("z"), table: table.clone() }),
            step("not", Op::Not { of: n("bit") }),
            step("both", Op::All { of: all(&["minus", "order", "not"]) }),
            step("either", Op::Any { of: all(&["minus", "order", "not"]) }),
            step("ones", Op::Count { of: all(&["minus", "order", "not", "both", "either"]) }),
        ];
        let outputs = steps.iter().map(|step| step.name.clone()).filter(|name| name != "wide");
        let program = Program {
            version: 1,
            inputs: vec![
                from("a", 0, ListTotal::Mean),
                from("b", 1, ListTotal::Mean),
                from("count", 0, ListTotal::Inside),
            ],
            outputs: outputs.collect(),
            steps,
        };
        agrees(&program, &[2, 3], &values, &[]);
        let json = serde_json::to_string(&program).unwrap();
        prop_assert_eq!(serde_json::from_str::<Program>(&json).unwrap(), program);
    }
}

#[test]
fn the_norm_that_is_allowed_fails_as_seldom_as_promised() {
    let failure = failure_log2(SQUARED_NORM_MAX * bootstrap_variance(), 1 << (DIGIT_SHIFT - 1));
    assert!(failure <= -128.0, "{failure}");
}

#[test]
fn costs_are_shown_before_a_run() {
    let layout = layout();
    let estimate = |program: &Program, summands: &[u64]| {
        program.compile(SumContext { layout: &layout, summands, words: 0 }).unwrap().estimate
    };
    let above = estimate(&library::mean_above(100), &[10]);
    assert_eq!((above.lookups, above.depth), (21, 21));
    assert!(above.worst_failure_log2 <= -128.0 && above.failure_log2 < -123.0);
    let k = Deviations { numerator: 2, denominator: 1 };
    let spike = estimate(&library::spike(&[10; 5], k, 4), &[10; 5]);
    assert!(spike.lookups < 800, "{spike:?}");
}

fn refused(change: impl FnOnce(&mut Program)) -> ProgramError {
    let mut program = library::mean_above(100);
    change(&mut program);
    run(&layout(), &program, &[10], |_, _| 0, &[], 0).unwrap_err()
}

#[test]
fn bad_programs_are_refused() {
    use ProgramError as E;
    let step = |name: &str, op| Step { name: name.to_owned(), op };
    let n = |name: &str| name.to_owned();
    assert!(matches!(refused(|p| p.version = 2), E::Version { found: 2, expected: 1 }));
    assert!(matches!(refused(|p| p.steps[1].name = n("sum")), E::Name { .. }));
    assert!(matches!(refused(|p| p.steps[1].name = n("")), E::Name { .. }));
    assert!(matches!(refused(|p| p.steps[1].name = "x".repeat(65)), E::Name { .. }));
    assert!(matches!(refused(|p| p.outputs[0] = n("nowhere")), E::Unknown { .. }));
    assert!(matches!(refused(|p| p.outputs[0] = n("sum")), E::Type { .. }));
    assert!(matches!(refused(|p| p.outputs = vec![n("above"); 257]), E::TooMany { .. }));
    assert!(matches!(
        refused(|p| p.inputs[0] =
            Input { name: n("sum"), from: InputSource::Sum { sum: 1, total: ListTotal::Sum } }),
        E::NoSuchSource { index: 1, .. }
    ));
    assert!(matches!(
        refused(|p| p.inputs[0] = Input {
            name: n("sum"),
            from: InputSource::Word { word: 0, maximum: 1, plaintext_bits: 20 }
        }),
        E::NoSuchSource { available: 0, .. }
    ));
    assert!(matches!(
        refused(|p| p.inputs[1] =
            Input { name: n("count"), from: InputSource::Sum { sum: 0, total: ListTotal::Mean } }),
        E::Width { .. }
    ));
    // A threshold far out of the scale, and one that only the noise forbids.
    let wide =
        |factor| Op::Linear { terms: vec![(n("count"), factor), (n("sum"), -1)], constant: 0 };
    assert!(matches!(refused(|p| p.steps[0].op = wide(1 << 20)), E::TooWide { .. }));
    let far = |factor| Op::Linear {
        terms: vec![(n("count"), factor), (n("count"), -factor), (n("sum"), 1)],
        constant: 0,
    };
    assert!(matches!(refused(|p| p.steps[0].op = far(i64::MAX)), E::TooWide { .. }));
    let integer = Op::Integer { of: n("below-zero-if-above"), drop_bits: 0 };
    assert!(matches!(refused(|p| p.steps.push(step("i", integer))), E::MayBeNegative { .. }));
    let bit = Op::Bit { of: n("sum"), index: 40 };
    assert!(matches!(refused(|p| p.steps.push(step("i", bit))), E::Range { .. }));
    let not = Op::Not { of: n("sum") };
    assert!(matches!(refused(|p| p.steps.push(step("i", not))), E::Type { .. }));
    let all = Op::All { of: vec![n("above"); 16] };
    assert!(matches!(refused(|p| p.steps.push(step("i", all))), E::TooMany { .. }));
    let grow = |p: &mut Program| {
        p.steps.push(step("s", Op::Integer { of: n("sum"), drop_bits: 0 }));
        for i in 0..4 {
            let of = if i == 0 { n("s") } else { format!("s{}", i - 1) };
            p.steps.push(step(&format!("s{i}"), Op::Square { of }));
        }
    };
    assert!(matches!(refused(grow), E::Range { .. }));
    let short = |p: &mut Program| {
        p.steps.push(step("s", Op::Integer { of: n("sum"), drop_bits: 14 }));
        p.steps.push(step("t", Op::Lookup { of: n("s"), table: vec![1; 3] }));
    };
    assert!(matches!(refused(short), E::Range { .. }));
}

#[test]
fn noise_is_refused_before_it_is_made() {
    // Each of some sums of 160 lists is off by a seventh of the margin, almost; their total fits.
    let total_of = |sums: usize| {
        let mut program = library::mean_above(100);
        let name = |sum: usize| format!("count-{sum}");
        let from = |sum| InputSource::Sum { sum, total: ListTotal::Count };
        program.inputs = (0..sums).map(|i| Input { name: name(i), from: from(i) }).collect();
        let terms = (0..sums).map(|i| (name(i), 1)).collect();
        program.steps[0].op = Op::Linear { terms, constant: -1 };
        run(&layout(), &program, &vec![160; sums], |_, _| 0, &[], 0)
    };
    assert_eq!(total_of(6), Ok(vec![1]));
    let got = total_of(7);
    assert!(matches!(got, Err(ProgramError::Noise { .. })), "{got:?}");
}

#[test]
fn every_threshold_of_the_scale_compiles() {
    let compiles = |lists, summands| {
        let layout = layout_for(lists);
        let given = SumContext { layout: &layout, summands: &[summands], words: 0 };
        (0..=360).all(|threshold| library::mean_above(threshold).compile(given).is_ok())
    };
    for lists in LISTS {
        assert!(compiles(lists, 10), "{lists}");
    }
    assert!(compiles(133, 133) && compiles(160, 160));
    // Half a step is 2^37 where there is no spare bit.
    assert!(compiles(400, 200));
}

#[test]
fn programs_that_do_not_compile_mean_nothing() {
    let program = library::mean_above(1);
    let plain = |program: &Program| plain::evaluate(program, |_, _| 2, |_| 0);
    assert!(plain(&program).is_some());
    let nowhere = Program { outputs: vec!["nowhere".to_owned()], ..program.clone() };
    assert_eq!(plain(&nowhere), None);
    let entry = |of: &str, table: &[u64]| {
        let op = Op::Lookup { of: of.to_owned(), table: table.to_owned() };
        let steps = vec![Step { name: "entry".to_owned(), op }];
        plain(&Program { steps, outputs: vec!["entry".to_owned()], ..program.clone() })
    };
    assert_eq!(entry("sum", &[3, 4, 5]), Some(vec![5]));
    assert_eq!(entry("sum", &[3, 4]), None);
    assert_eq!(entry("nowhere", &[3, 4, 5]), None);
}

#[test]
fn lists_without_totals_are_refused() {
    let request = LayoutRequest { totals: false, ..*layout().request() };
    let layout = Layout::plan(request).unwrap();
    let got =
        library::mean_above(1).compile(SumContext { layout: &layout, summands: &[1], words: 0 });
    assert!(matches!(got, Err(ProgramError::NoTotals { .. })));
}

#[test]
fn more_or_fewer_results_than_lookups_are_an_error() {
    let (layout, rng) = (layout(), &mut StdRng::seed_from_u64(1));
    let given = SumContext { layout: &layout, summands: &[1], words: 0 };
    let circuit = library::mean_above(1).compile(given).unwrap().circuit;
    let inputs = vec![Ciphertext::trivial(0); circuit.inputs.len()];
    let first = circuit.levels()[0].len();
    for found in [first - 1, first + 1] {
        let look_up = |lookups: Vec<Lookup>| {
            let mut results = look_up(&lookups, rng);
            results.resize(found, Ciphertext::trivial(0));
            Ok::<_, WrongCount>(results)
        };
        let expected = WrongCount { expected: first, found };
        assert_eq!(circuit.results(&inputs, look_up), Err(expected));
    }
}

#[test]
fn programs_of_other_fields_are_not_read() {
    let json = serde_json::to_value(library::mean_above(1)).unwrap();
    let mut more = json.clone();
    more["extra"] = 1.into();
    assert!(serde_json::from_value::<Program>(more).is_err());
    let mut other = json;
    other["steps"][0]["op"] = "divide".into();
    assert!(serde_json::from_value::<Program>(other).is_err());
}
