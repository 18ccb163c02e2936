//! Attacks that gave keys and single people's readings away, and what stops each of them.

use std::sync::Arc;

use pulseproof_fhe::program::Program;
use pulseproof_fhe::program::library;
use pulseproof_medguard::authority::questions::write_question;
use pulseproof_medguard::authority::{Authority, AuthorityError};
use pulseproof_medguard::vault::VaultError;
use pulseproof_sdk::client::HttpService;
use pulseproof_sdk::{Digest, Problem, Roster};
use reqwest::Method;

use crate::world::{self, World, device, kind, query, refusal};

/// Eight questions with outputs of the asker's making gave the authority's whole secret key. There are no
/// outputs in a question any more, and no program without results.
#[tokio::test]
async fn answers_do_not_give_the_secret_key_away() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open_for_questions(vault.path(), std::slice::from_ref(&roster)).await;
    let program: Program = serde_json::from_value(serde_json::json!({
        "version": 1, "inputs": [], "steps": [{"name": "x", "op": "any", "of": []}],
        "outputs": vec!["x"; 256],
    }))
    .unwrap();
    let ask = async |results: &[Vec<u8>]| {
        authority.answer(write_question(&program, results).unwrap()).await
    };
    assert_eq!(kind(ask(&[]).await), refusal("no-results", 403));
    let result = world.sum(&roster, 0, &[0, 1, 2], &[3, 3]).to_bytes();
    assert_eq!(kind(ask(&[result]).await), refusal("unread-result", 422));
    // Bytes behind the question, where ciphertexts were, are no question.
    let mut question = write_question(&program, &[] as &[Vec<u8>]).unwrap();
    question.extend([0; 2049 * 8]);
    assert_eq!(kind(authority.answer(question).await), refusal("malformed-query", 400));
}

/// Two proved results of one epoch differ in one device. One of them is decrypted.
#[tokio::test]
async fn two_results_of_one_epoch_do_not_single_a_device_out() {
    let world = World::new(4);
    let roster = world.roster("north", &[0, 1, 2, 3]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open_for_questions(vault.path(), std::slice::from_ref(&roster)).await;
    let lists: Vec<_> = (0..4).map(|i| world.submit("north", 0, i, &[i as i64 % 4, 2])).collect();
    let all: Vec<_> = lists.iter().collect();
    let (with, without) = (world.prove(&roster, &all), world.prove(&roster, &all[..3]));
    let totals = authority.decrypt(query(&[&with])).await.unwrap();
    assert_eq!(totals.totals.count, 8);
    assert_eq!(kind(authority.decrypt(query(&[&without])).await), refusal("epoch-claimed", 409));
    // Nor by way of a program.
    let above = library::mean_above(1);
    let question = write_question(&above, &[without.to_bytes()]).unwrap();
    assert_eq!(kind(authority.answer(question).await), refusal("epoch-claimed", 409));
    let question = write_question(&above, &[with.to_bytes()]).unwrap();
    assert!(authority.answer(question).await.is_ok());
    // The same claim proved again is the same claim.
    let again = world.prove(&roster, &all);
    assert_ne!(again.to_bytes(), with.to_bytes());
    assert_eq!(authority.decrypt(query(&[&again])).await.unwrap(), totals);
}

/// Of a claim that was first at the authority there is one for ever: the other one is refused, also inside a
/// larger query, which then pins nothing.
#[tokio::test]
async fn a_query_pins_all_of_its_results_or_none() {
    let world = World::new(4);
    let roster = world.roster("north", &[0, 1, 2, 3]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open(vault.path(), std::slice::from_ref(&roster)).await;
    let lists: Vec<_> = (0..4).map(|i| world.submit("north", 1, i, &[1, 2])).collect();
    let all: Vec<_> = lists.iter().collect();
    let (with, without) = (world.prove(&roster, &all), world.prove(&roster, &all[..3]));
    let zero = world.sum(&roster, 0, &[0, 1, 2, 3], &[1, 2]);
    let other_zero = world.sum(&roster, 0, &[0, 1, 2, 3], &[1, 2]);
    assert!(authority.decrypt(query(&[&with])).await.is_ok());
    assert_eq!(
        kind(authority.decrypt(query(&[&zero, &without])).await),
        refusal("epoch-claimed", 409)
    );
    // Had epoch 0 been pinned by the refused query, this other claim of it would be refused.
    assert!(authority.decrypt(query(&[&other_zero])).await.is_ok());
    assert_eq!(kind(authority.decrypt(query(&[&zero])).await), refusal("epoch-claimed", 409));
}

/// Lists without readings make no group of one with readings.
#[tokio::test]
async fn empty_lists_do_not_count_as_people() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open_for_questions(vault.path(), std::slice::from_ref(&roster)).await;
    let sum = |epoch, readings: [&[i64]; 3]| {
        let lists: Vec<_> = (0..3).map(|i| world.submit("north", epoch, i, readings[i])).collect();
        world.prove(&roster, &lists.iter().collect::<Vec<_>>())
    };
    let alone = sum(0, [&[3, 1], &[], &[]]);
    assert_eq!(kind(authority.decrypt(query(&[&alone])).await), refusal("unanswerable", 422));
    let question = write_question(&library::mean_above(1), &[alone.to_bytes()]).unwrap();
    assert_eq!(kind(authority.answer(question).await), refusal("unanswerable", 422));
    // Four readings can be two people's; five cannot.
    let pair = sum(1, [&[3, 1], &[2, 2], &[]]);
    assert_eq!(kind(authority.decrypt(query(&[&pair])).await), refusal("unanswerable", 422));
    let group = sum(2, [&[3, 1], &[2, 2], &[0]]);
    assert_eq!(authority.decrypt(query(&[&group])).await.unwrap().totals.count, 5);
    // Beside a group it is refused as well.
    assert_eq!(
        kind(authority.decrypt(query(&[&group, &pair])).await),
        refusal("unanswerable", 422)
    );
}

/// The roster of the same people less one, as a region of its own or as the region's next version.
#[tokio::test]
async fn a_second_roster_less_one_person_subtracts_nothing() {
    let world = World::new(4);
    let north = world.roster("north", &[0, 1, 2, 3]);
    let less = world.roster("south", &[0, 1, 2]);
    let vault = tempfile::tempdir().unwrap();
    let in_two = |error: AuthorityError| match error {
        AuthorityError::Vault(VaultError::KeyInTwoRegions { region, other, .. }) => {
            assert_eq!((region.as_str(), other.as_str()), ("south", "north"));
        }
        other => panic!("{other}"),
    };
    let both = world.try_open(vault.path(), &[north.clone(), less.clone()]).await;
    in_two(both.map(drop).unwrap_err());
    let authority = world.open(vault.path(), std::slice::from_ref(&north)).await;
    let all = world.sum(&north, 0, &[0, 1, 2, 3], &[1, 2]);
    assert!(authority.decrypt(query(&[&all])).await.is_ok());
    authority.close().await;
    // Not after a restart either, without the first roster.
    in_two(world.try_open(vault.path(), &[less]).await.map(drop).unwrap_err());
    // The region's next version is fine, but the epoch stays with what was claimed under the first.
    let next = world.roster("north", &[0, 1, 2]);
    let authority = world.open(vault.path(), std::slice::from_ref(&next)).await;
    let rest = world.sum(&next, 0, &[0, 1, 2], &[1, 2]);
    assert_eq!(kind(authority.decrypt(query(&[&rest])).await), refusal("epoch-claimed", 409));
    let later = world.sum(&next, 1, &[0, 1, 2], &[1, 2]);
    assert!(authority.decrypt(query(&[&later])).await.is_ok());
}

#[tokio::test]
async fn a_key_under_two_names_and_rosters_that_mean_something_else_stop_the_start() {
    let world = World::new(4);
    let vault = tempfile::tempdir().unwrap();
    let honest = world.roster("north", &[0, 1, 2]);
    let refused = async |change: &dyn Fn(&mut Roster)| {
        let mut roster = honest.clone();
        change(&mut roster);
        world.try_open(vault.path(), &[roster]).await.map(drop).unwrap_err()
    };
    let other_name = |roster: &mut Roster| {
        roster.devices.insert(device(3), world.people[1].public());
    };
    let twice = refused(&other_name).await;
    match twice {
        AuthorityError::RepeatedKey { region, first, second } => {
            assert_eq!((region, first, second), (world::name("north"), device(1), device(3)));
        }
        other => panic!("{other}"),
    }
    let field = |error| match error {
        AuthorityError::Roster { region, field, .. } => (region.to_string(), field),
        other => panic!("{other}"),
    };
    let north = "north".to_owned();
    assert_eq!(field(refused(&|r| r.words += 1).await), (north.clone(), "words"));
    assert_eq!(field(refused(&|r| r.profile = Digest([1; 32])).await), (north, "profile"));
    assert!(world.try_open(vault.path(), std::slice::from_ref(&honest)).await.is_ok());
    // The vault is this key's.
    let other = World::new(3);
    let roster = other.roster("north", &[0, 1, 2]);
    let error = other.try_open(vault.path(), &[roster]).await.map(drop).unwrap_err();
    assert!(matches!(error, AuthorityError::Vault(VaultError::WrongKey { .. })), "{error}");
    // A pair of keys must be one.
    let setup = pulseproof_medguard::authority::Setup {
        public_key: other.profile.public_key.clone(),
        ..world.setup(vault.path(), &[])
    };
    let error = Authority::open(setup).await.map(drop).unwrap_err();
    assert!(matches!(error, AuthorityError::KeyPair), "{error}");
}

/// Of two claims for one epoch that come at once, one wins, and it is the same one after a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_claims_at_once_exactly_one_wins() {
    let world = World::new(4);
    let roster = world.roster("north", &[0, 1, 2, 3]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open(vault.path(), std::slice::from_ref(&roster)).await;
    for epoch in 0..4 {
        let lists: Vec<_> = (0..4).map(|i| world.submit("north", epoch, i, &[1, 2])).collect();
        let all: Vec<_> = lists.iter().collect();
        let (with, without) = (world.prove(&roster, &all), world.prove(&roster, &all[..3]));
        let ask = |result: &pulseproof_sdk::ProvedResult<world::C>| {
            let (authority, query) = (Arc::clone(&authority), query(&[result]));
            tokio::spawn(async move { authority.decrypt(query).await.is_ok() })
        };
        let (first, second) = (ask(&with), ask(&without));
        let won = (first.await.unwrap(), second.await.unwrap());
        assert!(won.0 != won.1, "epoch {epoch}: {won:?}");
        let other = world.open(vault.path(), std::slice::from_ref(&roster)).await;
        assert_eq!(other.decrypt(query(&[&with])).await.is_ok(), won.0);
        assert_eq!(other.decrypt(query(&[&without])).await.is_ok(), won.1);
    }
}

/// Totals are charged too, to every result in a query.
#[tokio::test]
async fn totals_of_overlapping_queries_exhaust_the_budget() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let vault = tempfile::tempdir().unwrap();
    let mut setup = world.setup(vault.path(), std::slice::from_ref(&roster));
    // One epoch: 6 readings, a sum up to 18, squares up to 54: 3 + 3 + 5 + 6 bits. Two: 4 + 4 + 6 + 7.
    setup.policy.bits_max = 17 + 21;
    let authority = Arc::new(Authority::open(setup).await.unwrap());
    let sums: Vec<_> = (0..3).map(|epoch| world.sum(&roster, epoch, &[0, 1, 2], &[1, 2])).collect();
    assert!(authority.decrypt(query(&[&sums[0]])).await.is_ok());
    let both = authority.decrypt(query(&[&sums[0], &sums[1]])).await.unwrap();
    // In another order it is the same question.
    assert_eq!(authority.decrypt(query(&[&sums[1], &sums[0]])).await.unwrap(), both);
    let third = authority.decrypt(query(&[&sums[0], &sums[2]])).await;
    assert_eq!(kind(third), refusal("budget-exhausted", 403));
    // What was refused cost nobody anything.
    assert!(authority.decrypt(query(&[&sums[2]])).await.is_ok());
    assert!(authority.decrypt(query(&[&sums[1]])).await.is_ok());
    let more = authority.decrypt(query(&[&sums[1], &sums[2]])).await;
    assert_eq!(kind(more), refusal("budget-exhausted", 403));
}

#[tokio::test]
async fn who_asks_too_much_at_once_is_told_to_come_again() {
    let world = World::new(3);
    let vault = tempfile::tempdir().unwrap();
    let mut setup = world.setup(vault.path(), &[]);
    (setup.policy.at_work_max, setup.policy.waiting_max) = (0, 0);
    let authority = Authority::open(setup).await.unwrap();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let service = HttpService::new(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(authority.serve(listener, std::future::pending()));
    for path in ["/v1/answers", "/v1/decryptions"] {
        let answer = service.request(Method::POST, path).body("x").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 429);
        assert!(answer.headers().contains_key("retry-after"));
        let problem: Problem = answer.json().await.unwrap();
        assert!(problem.is("too-many-questions") && problem.limit == Some(0), "{problem}");
    }
}

/// A gateway with an appliance of its own, and honest submissions, is nobody to the authority.
#[tokio::test]
async fn a_result_of_another_appliance_is_not_opened() {
    let mut world = World::new(4);
    let roster = world.roster("north", &[0, 1, 2, 3]);
    let vault = tempfile::tempdir().unwrap();
    let authority = world.open(vault.path(), std::slice::from_ref(&roster)).await;
    let honest = world.sum(&roster, 0, &[0, 1, 2, 3], &[1, 2]);
    world.appliance = pulseproof_sdk::identity::ApplianceKey::generate(&mut rand::rngs::OsRng);
    let subset = world.sum(&roster, 0, &[0, 1, 2], &[1, 2]);
    let refused = authority.decrypt(query(&[&subset])).await;
    assert_eq!(kind(refused), refusal("untrusted-appliance", 403));
    assert!(authority.decrypt(query(&[&honest])).await.is_ok(), "it pinned nothing");
}

/// The canary: what is refused above is decrypted where nothing stands against it.
#[tokio::test]
async fn without_its_rules_the_authority_would_open_all_of_it() {
    let world = World::new(4);
    let roster = world.roster("north", &[0, 1, 2, 3]);
    let open = async |devices_min| {
        let vault = tempfile::tempdir().unwrap();
        let mut setup = world.setup(vault.path(), std::slice::from_ref(&roster));
        setup.policy.devices_min = devices_min;
        setup.policy.share_min.numerator = 0;
        (Arc::new(Authority::open(setup).await.unwrap()), vault)
    };
    let lists: Vec<_> = (0..4).map(|i| world.submit("north", 0, i, &[i as i64, 2])).collect();
    let all: Vec<_> = lists.iter().collect();
    let (with, without) = (world.prove(&roster, &all), world.prove(&roster, &all[..3]));
    // Two vaults that know nothing of each other: the difference is one device.
    let (first, _vault) = open(3).await;
    let (second, _other_vault) = open(3).await;
    let a = first.decrypt(query(&[&with])).await.unwrap().totals;
    let b = second.decrypt(query(&[&without])).await.unwrap().totals;
    assert_eq!((a.count - b.count, a.sum - b.sum), (2, 3 + 2));
    // A policy of one device decrypts one device's readings among empty lists.
    let (lax, _lax_vault) = open(1).await;
    let mut lists = vec![world.submit("north", 1, 0, &[3, 1])];
    lists.extend((1..3).map(|i| world.submit("north", 1, i, &[])));
    let alone = world.prove(&roster, &lists.iter().collect::<Vec<_>>());
    assert_eq!(lax.decrypt(query(&[&alone])).await.unwrap().totals.sum, 4);
    assert_eq!(kind(first.decrypt(query(&[&alone])).await), refusal("unanswerable", 422));
}
