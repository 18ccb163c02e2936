//! Devices whose words are no encryption of readings: what they would gain, and that nobody decrypts sums with
//! them. The appliance helps, and proves whatever it is told to.

use std::sync::Arc;

use pulseproof_fhe::program::library;
use pulseproof_fhe::{DIMENSION, Encrypt, LayoutRequest, ListTotal, Scale};
use pulseproof_medguard::authority::questions::write_question;
use pulseproof_sdk::{ProvedResult, Submission};

use crate::world::{C, World, device, kind, query, refusal, texts};

fn glucose() -> LayoutRequest {
    let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
    LayoutRequest { scale, inside: (70, 180), slots: 12, summands_max: 20, totals: true }
}

/// The words of the last of these people are what `words` makes of the others' lists; it has a proof, of an
/// honest list of its own.
fn with_a_liar(
    world: &World,
    epoch: u64,
    readings: &[&[i64]],
    words: impl FnOnce(&[Submission<C>]) -> Vec<u64>,
) -> ProvedResult<C> {
    let people: Vec<_> = (0..=readings.len()).collect();
    let roster = world.roster("north", &people);
    let mut all: Vec<_> = (readings.iter().enumerate())
        .map(|(person, readings)| world.submit("north", epoch, person, readings))
        .collect();
    let words = words(&all);
    let mut lie = world.seal("north", epoch, readings.len(), words);
    lie.proof = world.submit("north", epoch, readings.len(), &[50]).proof;
    all.push(lie);
    world.prove(&roster, &all.iter().collect::<Vec<_>>())
}

fn secret_bit(world: &World, bit: usize) -> bool {
    let bytes = world.secret.to_bytes();
    bytes[bytes.len() - DIMENSION / 8 + bit / 8] >> (bit % 8) & 1 == 1
}

/// Words that decrypt, in a sum with honest lists, exactly if a bit of the key is 0.
fn probe(words: usize, noise_bits: u32, target: usize, bit: usize) -> Vec<u64> {
    let half = 1u64 << (noise_bits - 1);
    let minus = |body: usize, mask: usize| body + mask < DIMENSION;
    let mask = (bit + DIMENSION - target) % DIMENSION;
    // The body sees the mask word times the key's bit, with a sign that depends on where it wraps.
    let sign = |body: usize| minus(body, mask) == (bit >= target);
    let mut list = vec![0u64; words];
    list[mask] = if sign(target) { half.wrapping_neg() } else { half };
    for body in 0..words - DIMENSION {
        let quarter = half / 2;
        let same = sign(body) == sign(target);
        list[DIMENSION + body] =
            if body == target || !same { quarter } else { quarter.wrapping_neg() };
    }
    list
}

/// Whether a sum decrypts revealed a bit of the key: sixteen of sixteen came out right.
#[tokio::test]
async fn refusals_tell_nothing_of_the_key() {
    let world = World::with(4, glucose());
    let layout = &world.profile.layout;
    let noise_bits = u64::BITS - layout.plaintext_bits();
    let roster = world.roster("north", &[0, 1, 2, 3]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open(vault.path(), &[roster]).await;
    let (mut problems, mut right) = (Vec::new(), 0);
    for (epoch, bit) in [0, 5, 77, 1023, 1500, 2047].into_iter().enumerate() {
        let readings: [&[i64]; 3] = [&[90, 150, 201], &[107, 150], &[124, 150, 201]];
        let result = with_a_liar(&world, epoch as u64, &readings, |_| {
            probe(layout.words(), noise_bits, 12, bit)
        });
        // What the authority would see if it decrypted this.
        let open = world.secret.decrypt(layout, &result.aggregate, 4);
        right += usize::from(open.is_ok() != secret_bit(&world, bit));
        problems.push(authority.decrypt(query(&[&result])).await.unwrap_err());
    }
    // Not every list of honest people leaves the sum room to carry.
    assert!(right >= 4, "the attack is one: {right} of 6 bits");
    assert!(problems.iter().all(|problem| problem.is("result-rejected")), "{problems:?}");
    // One text, whichever bit was asked for, and whatever it is.
    assert_eq!(texts(&problems).len(), 1, "{problems:?}");
}

/// A device cancels all others but one: the sum of five would be one person's readings.
#[tokio::test]
async fn one_device_does_not_cancel_the_others() {
    let world = World::with(5, glucose());
    let roster = world.roster("north", &[0, 1, 2, 3, 4]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open(vault.path(), &[roster]).await;
    let readings: [&[i64]; 4] = [&[100, 150], &[101, 150], &[102, 150], &[103, 150]];
    let result = with_a_liar(&world, 0, &readings, |others| {
        let mut words = vec![0u64; others[0].words.len()];
        for other in &others[1..] {
            for (word, of) in words.iter_mut().zip(&other.words) {
                *word = word.wrapping_sub(*of);
            }
        }
        words
    });
    let alone = world.secret.decrypt(&world.profile.layout, &result.aggregate, 5).unwrap();
    assert_eq!((alone.count, alone.sum), (2, 60 + 110), "the attack is one");
    let refused = kind(authority.decrypt(query(&[&result])).await);
    assert_eq!(refused, refusal("result-rejected", 422));
}

/// A device's own totals decide a program's answer, if nobody compares them with its slots.
#[tokio::test]
async fn one_device_does_not_decide_a_program() {
    let world = World::with(4, glucose());
    let roster = world.roster("north", &[0, 1, 2, 3]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open_for_questions(vault.path(), &[roster]).await;
    let (layout, public_key) = (&world.profile.layout, &world.profile.public_key);
    for total in [ListTotal::Sum, ListTotal::Mean] {
        let result = with_a_liar(&world, 0, &[&[80, 80, 80][..]; 3], |_| {
            let mut words = public_key.encrypt(layout, &[80, 80, 80]).unwrap();
            let (body, bits) = layout.body_of(total).unwrap();
            let more = 300u64 << (u64::BITS - bits);
            words[DIMENSION + body] = words[DIMENSION + body].wrapping_add(more);
            words
        });
        let question = write_question(&library::mean_above(100), &[result.to_bytes()]).unwrap();
        let refused = kind(authority.answer(question).await);
        assert_eq!(refused, refusal("result-rejected", 422), "{total}");
    }
}

/// Devices that cannot prove may be summed; of their sums nothing is decrypted, whatever it is.
#[tokio::test]
async fn nothing_is_opened_of_what_nobody_proved() {
    let world = World::unproved(3, glucose());
    let roster = world.roster("north", &[0, 1, 2]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open_for_questions(vault.path(), std::slice::from_ref(&roster)).await;
    let sum = world.sum(&roster, 0, &[0, 1, 2], &[80, 90, 100]);
    assert!(sum.claim.contributions.iter().all(|contribution| contribution.proof.is_none()));
    let refused = kind(authority.decrypt(query(&[&sum])).await);
    assert_eq!(refused, refusal("unproved-encryption", 403));
    let question = write_question(&library::mean_above(100), &[sum.to_bytes()]).unwrap();
    let refused = kind(authority.answer(question).await);
    assert_eq!(refused, refusal("unproved-encryption", 403));
}

/// A proof is bound to its device, epoch and commitment, and missing ones are missed.
#[tokio::test]
async fn proofs_of_others_and_of_other_epochs_are_refused() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open(vault.path(), std::slice::from_ref(&roster)).await;
    let honest = |epoch| -> Vec<_> {
        (0..3).map(|person| world.submit("north", epoch, person, &[1, 2])).collect()
    };
    let (now, later) = (honest(0), honest(1));
    let exchanges = [None, now[1].proof.clone(), later[2].proof.clone()];
    let mut refused = Vec::new();
    for proof in exchanges {
        let mut all = honest(0);
        all[2].proof = proof;
        let result = world.prove(&roster, &all.iter().collect::<Vec<_>>());
        refused.push(authority.decrypt(query(&[&result])).await.unwrap_err());
    }
    assert!(refused.iter().all(|p| p.is("result-rejected")), "{refused:?}");
    assert!(refused.iter().all(|p| p.detail.contains(device(2).as_str())), "{refused:?}");
    let result = world.prove(&roster, &now.iter().collect::<Vec<_>>());
    assert_eq!(Arc::clone(&authority).decrypt(query(&[&result])).await.unwrap().totals.count, 6);
}
