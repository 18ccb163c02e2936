//! What the authority answers of programs, and what it refuses to.

use std::sync::Arc;

use pulseproof_fhe::LayoutRequest;
use pulseproof_fhe::program::Program;
use pulseproof_fhe::program::library;
use pulseproof_medguard::authority::Authority;
use pulseproof_medguard::authority::questions::{
    Answer, OpenedBit, write_question, write_question_with_outputs,
};
use pulseproof_sdk::client::{ClientError, HttpService};
use pulseproof_sdk::{Digest, Problem, ProvedResult};
use reqwest::Method;
use tokio::net::TcpListener;

use crate::world::{C, World, compute, engines, kind, refusal, small};

async fn ask(
    authority: &Arc<Authority<C>>,
    program: &Program,
    results: &[&ProvedResult<C>],
) -> Result<Answer, Problem> {
    let results: Vec<_> = results.iter().map(|result| result.to_bytes()).collect();
    authority.answer(write_question(program, &results).unwrap()).await
}

#[tokio::test]
async fn bits_of_proved_sums_are_computed_and_opened() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open_for_questions(vault.path(), std::slice::from_ref(&roster)).await;
    let result = world.sum(&roster, 0, &[0, 1, 2], &[3, 3]);
    let key = std::fs::read(vault.path().join("evaluation.key")).unwrap();
    assert_eq!(authority.evaluation_key(), Some(Digest::sha256(&key)));
    for (threshold, value) in [(2, true), (3, false)] {
        let program = library::mean_above(threshold);
        let answered = ask(&authority, &program, &[&result]).await.unwrap();
        assert_eq!(answered.bits, [OpenedBit { name: "above".to_owned(), value }]);
        // An honest appliance has the same words, and so the same digest.
        let outputs = compute(&world, &key, &program, &[&result]).signed(&world.appliance);
        assert_eq!(answered.outputs, outputs.digest());
        // One that computes another program has not.
        let other = compute(&world, &key, &library::mean_above(1), &[&result]);
        let other = other.signed(&world.appliance);
        assert_ne!(answered.outputs, other.digest());
        // Whatever an appliance computed, it is not what is decrypted.
        let results = [result.to_bytes()];
        let question = write_question_with_outputs(&program, &results, &[outputs]).unwrap();
        assert_eq!(kind(authority.answer(question).await), refusal("foreign-outputs", 403));
    }
    // The key outlives the process, and a damaged one is noticed.
    let before = authority.evaluation_key();
    authority.close().await;
    let again = world.open_for_questions(vault.path(), std::slice::from_ref(&roster)).await;
    assert_eq!(again.evaluation_key(), before);
    again.close().await;
    let mut damaged = key;
    damaged[1000] ^= 1;
    std::fs::write(vault.path().join("evaluation.key"), damaged).unwrap();
    let setup = pulseproof_medguard::authority::Setup {
        engines: Some(engines()),
        ..world.setup(vault.path(), &[roster])
    };
    let error = Authority::open(setup).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("evaluation.key"), "{error}");
}

#[tokio::test]
async fn only_programs_over_proved_results_that_give_bits_are_answered() {
    let world = World::new(8);
    let roster = world.roster("north", &[0, 1, 2, 3]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open_for_questions(vault.path(), std::slice::from_ref(&roster)).await;
    let kind_of = async |program: &Program, results: &[&ProvedResult<C>]| {
        kind(ask(&authority, program, results).await)
    };
    let above = library::mean_above(2);
    let full = world.sum(&roster, 0, &[0, 1, 2, 3], &[3, 3]);
    let thin = world.sum(&roster, 1, &[0, 1], &[3, 3]);
    let lists: Vec<_> = (0..4).map(|i| world.submit("north", 2, i, &[3, 3])).collect();
    let heavy = world.prove_weighted(&roster, &lists.iter().collect::<Vec<_>>(), 9);
    assert_eq!(kind_of(&above, &[&thin]).await, refusal("too-few-devices", 403));
    assert_eq!(kind_of(&above, &[&heavy]).await, refusal("weighted-sum", 403));
    let mut forged = full.clone();
    forged.aggregate[7] ^= 1;
    assert_eq!(kind_of(&above, &[&forged]).await, refusal("untrusted-appliance", 403));
    let ProvedResult { claim, aggregate, proof, .. } = forged;
    let signed = ProvedResult::signed(claim, aggregate, proof, &world.appliance);
    assert_eq!(kind_of(&above, &[&signed]).await, refusal("result-rejected", 422));
    assert_eq!(kind_of(&above, &[]).await, refusal("no-results", 403));
    // Two results where one is read, the same one twice.
    let other = world.sum(&roster, 3, &[0, 1, 2, 3], &[3, 3]);
    assert_eq!(kind_of(&above, &[&full, &other]).await, refusal("unread-result", 422));
    let trend = library::trend(&[4, 4], 1);
    assert_eq!(kind_of(&trend, &[&full, &full]).await, refusal("repeated-result", 422));
    assert_eq!(kind_of(&trend, &[&full]).await, refusal("bad-program", 422));
    assert_eq!(kind_of(&library::extremes(&[4]), &[&full]).await, refusal("not-a-bit", 403));
    // A word is nobody's proved sum: it might be a single device's.
    let secret = library::mean_above_secret(4, 3, 13);
    assert_eq!(kind_of(&secret, &[&full]).await, refusal("unproved-words", 403));
    // One without outputs is free, and tells whether there is an answer.
    let silent = Program { outputs: vec![], ..above.clone() };
    assert_eq!(kind_of(&silent, &[&full]).await, refusal("bad-program", 422));
    for malformed in [&b""[..], b"PPAQ", b"PPAQ\x01\x02\0\0\0{}", b"PPAQ\x02\x02\0\0\0{}"] {
        let answer = authority.answer(malformed.to_vec()).await;
        assert_eq!(kind(answer), refusal("malformed-query", 400));
    }
    assert!(ask(&authority, &above, &[&full]).await.is_ok());
}

#[tokio::test]
async fn an_authority_without_engines_answers_no_questions() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open(vault.path(), std::slice::from_ref(&roster)).await;
    let result = world.sum(&roster, 0, &[0, 1, 2], &[3, 3]);
    let answer = ask(&authority, &library::mean_above(1), &[&result]).await;
    assert_eq!(kind(answer), refusal("no-programs", 501));
}

/// The same question is answered from the vault, also after a restart, and costs nothing.
#[tokio::test]
async fn a_question_is_paid_for_once() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let vault = tempfile::tempdir().unwrap();
    let mut setup = world.setup(vault.path(), std::slice::from_ref(&roster));
    (setup.engines, setup.policy.bits_max) = (Some(engines()), 2);
    let authority = Arc::new(Authority::open(setup).await.unwrap());
    let result = world.sum(&roster, 0, &[0, 1, 2], &[3, 3]);
    let above = library::mean_above;
    let first = ask(&authority, &above(1), &[&result]).await.unwrap();
    assert_eq!(ask(&authority, &above(1), &[&result]).await.unwrap(), first);
    assert!(ask(&authority, &above(2), &[&result]).await.is_ok());
    let spent = ask(&authority, &above(0), &[&result]).await.unwrap_err();
    assert_eq!((spent.is("budget-exhausted"), spent.status, spent.limit), (true, 403, Some(2)));
    assert_eq!(ask(&authority, &above(1), &[&result]).await.unwrap(), first);
    // Another epoch has a budget of its own.
    let next = world.sum(&roster, 1, &[0, 1, 2], &[3, 3]);
    assert!(ask(&authority, &above(1), &[&next]).await.is_ok());
    authority.close().await;

    let mut setup = world.setup(vault.path(), &[roster]);
    (setup.engines, setup.policy.bits_max) = (Some(engines()), 2);
    let again = Arc::new(Authority::open(setup).await.unwrap());
    assert_eq!(ask(&again, &above(1), &[&result]).await.unwrap(), first);
    let spent = ask(&again, &above(0), &[&result]).await;
    assert_eq!(kind(spent), refusal("budget-exhausted", 403));
}

/// More lists than the packing is planned for may not decrypt: that is public, and said before anything is.
#[tokio::test]
async fn sums_of_more_lists_than_planned_are_refused_in_questions_too() {
    let world = World::with(4, LayoutRequest { summands_max: 3, ..small() });
    let roster = world.roster("north", &[0, 1, 2, 3]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open_for_questions(vault.path(), std::slice::from_ref(&roster)).await;
    let result = world.sum(&roster, 0, &[0, 1, 2, 3], &[3, 3]);
    let refused = kind(ask(&authority, &library::mean_above(2), &[&result]).await);
    assert_eq!(refused, refusal("too-many-summands", 422));
}

#[tokio::test]
async fn who_asks_too_often_is_turned_away() {
    let world = World::new(3);
    let vault = tempfile::tempdir().unwrap();
    let mut setup = world.setup(vault.path(), &[]);
    setup.policy.per_minute_max = 3.try_into().unwrap();
    let authority = Authority::open(setup).await.unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let service = HttpService::new(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(authority.serve(listener, std::future::pending()));
    let ask = async || service.bytes(service.request(Method::GET, "/v1/public-key")).await;
    for _ in 0..3 {
        ask().await.unwrap();
    }
    match ask().await.unwrap_err() {
        ClientError::Problem(problem) => {
            assert!(problem.is("too-many-requests") && problem.limit == Some(3), "{problem}");
        }
        other => panic!("{other}"),
    }
}
