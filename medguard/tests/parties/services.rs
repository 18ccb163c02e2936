//! Cloud and authority over HTTP: what they accept and what they refuse.

use std::sync::Arc;

use pulseproof_fhe::{Layout, LayoutRequest, Scale, Totals, add_assign, generate_keys};
use pulseproof_medguard::authority::{Authority, Decryption, Policy, Setup, write_query};
use pulseproof_medguard::cloud::{Accepted, Cloud, Query};
use pulseproof_medguard::device::{AuditError, Device, Profile, Receipt};
use pulseproof_medguard::trust::TrustAnchors;
use pulseproof_prover::commitment::Opening;
use pulseproof_prover::srs::Srs;
use pulseproof_prover::wsa::modular::prove;
use pulseproof_sdk::client::{ClientError, HttpService};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::result::{Claim, Contribution};
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::{Digest, Problem, ProvedResult, Roster, Submission};
use rand::rngs::OsRng;
use reqwest::Method;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::world::{C, key, name};

fn srs() -> &'static Srs<C> {
    key().srs()
}

/// A region's devices with a few readings each, and who trusts them.
struct World {
    profile: Arc<Profile<C>>,
    devices: Vec<Device<C>>,
    roster: Roster,
    appliance: ApplianceKey,
    authority: HttpService,
    cloud: HttpService,
    /// Removed at the end.
    _vault: TempDir,
}

fn readings(device: usize, epoch: u64) -> Vec<i64> {
    let first = 60 + 7 * i64::try_from(epoch).unwrap() + i64::try_from(device).unwrap();
    (0..12).map(|i| first + 10 * i).collect()
}

impl World {
    async fn new(devices: usize) -> Self {
        let layout = Layout::plan(LayoutRequest {
            scale: Scale { decimals: 0, minimum: 40, maximum: 400 },
            inside: (70, 180),
            slots: 12,
            summands_max: 20,
            totals: true,
        })
        .unwrap();
        let (secret_key, public_key) = generate_keys();
        let shared = Arc::new(srs().clone());
        let profile = Profile::proved(layout.clone(), public_key.clone(), shared);
        let profile = Arc::new(profile.unwrap());
        let device = |i| {
            let key = DeviceKey::generate(&mut OsRng);
            Device::new(name("north"), name(&format!("d{i}")), key, profile.clone())
        };
        let devices: Vec<_> = (0..devices).map(device).collect();
        let roster = Roster {
            region: name("north"),
            words: u32::try_from(layout.words()).unwrap(),
            profile: profile.digest(),
            devices: devices.iter().map(|d| (d.name().clone(), d.public_key())).collect(),
        };
        let rosters = [(name("north"), roster.clone())].into();
        let appliance = ApplianceKey::generate(&mut OsRng);
        let appliances = [(name("north"), vec![appliance.public()])].into();
        let profiles = vec![Arc::clone(&profile.lists)];
        let trust =
            TrustAnchors { key: srs().verifying_key.clone(), rosters, profiles, appliances };
        let vault = tempfile::tempdir().unwrap();
        let authority = Authority::open(Setup {
            secret_key,
            public_key,
            layout,
            trust: trust.clone(),
            policy: Policy::default(),
            engines: None,
            vault: vault.path().to_owned(),
        });
        let authority = authority.await.unwrap();
        let authority = serve(|listener| authority.serve(listener, std::future::pending())).await;
        let cloud = Cloud::new(trust, authority.clone());
        let cloud = serve(|listener| cloud.serve(listener, std::future::pending())).await;
        Self { profile, devices, roster, appliance, authority, cloud, _vault: vault }
    }

    /// What an honest appliance would publish, without the devices listed as missing.
    fn result(&mut self, epoch: u64, missing: &[usize]) -> (ProvedResult<C>, Vec<Receipt<C>>) {
        self.weighted_result(epoch, missing, 1)
    }

    /// The same, with the first device counted `weight` times.
    fn weighted_result(
        &mut self,
        epoch: u64,
        missing: &[usize],
        weight: u64,
    ) -> (ProvedResult<C>, Vec<Receipt<C>>) {
        let submit = |(index, device): (usize, &mut Device<C>)| {
            device.submit(epoch, &readings(index, epoch)).unwrap()
        };
        let all: Vec<_> = self.devices.iter_mut().enumerate().map(submit).collect();
        let present = |i: &usize| !missing.contains(i);
        let summed: Vec<&Submission<C>> =
            (0..all.len()).filter(present).map(|i| &all[i].0).collect();
        let mut weights = vec![1; summed.len()];
        weights[0] = weight;
        let claim = Claim {
            srs: Digest(srs().verifying_key.id()),
            region: name("north"),
            epoch,
            roster: self.roster.digest(),
            profile: self.roster.profile,
            contributions: summed
                .iter()
                .zip(&weights)
                .map(|(s, &weight)| Contribution {
                    device: s.label.device.clone(),
                    sequence: s.label.sequence,
                    weight,
                    commitment: s.commitment,
                    signature: s.signature,
                    proof: s.proof.clone(),
                })
                .collect(),
            missing: missing.iter().map(|i| name(&format!("d{i}"))).collect(),
        };
        let openings: Vec<_> = summed
            .iter()
            .map(|s| Opening { commitment: s.commitment, words: &s.words, blinders: &s.blinders })
            .collect();
        let context = claim.context().0;
        let (statement, proof) = prove(key(), &openings, &weights, &context, &mut OsRng).unwrap();
        let result = ProvedResult::signed(claim, statement.aggregate, proof, &self.appliance);
        (result, all.into_iter().map(|(_, receipt)| receipt).collect())
    }

    async fn deliver(&self, result: &[u8]) -> Result<Accepted, Box<Problem>> {
        let request = self.cloud.request(Method::POST, "/v1/results").body(result.to_vec());
        problem(self.cloud.json(request).await)
    }

    async fn query(&self, query: &Query) -> Result<Decryption, Box<Problem>> {
        let request = self.cloud.request(Method::POST, "/v1/queries").json(query);
        problem(self.cloud.json(request).await)
    }

    async fn decrypt(&self, body: Vec<u8>) -> Result<Decryption, Box<Problem>> {
        let request = self.authority.request(Method::POST, "/v1/decryptions").body(body);
        problem(self.authority.json(request).await)
    }

    fn plain(&self, epochs: &[u64], devices: &[usize]) -> Totals {
        let all = epochs.iter().flat_map(|&e| devices.iter().flat_map(move |&d| readings(d, e)));
        Totals::of_readings(&self.profile.layout, all)
    }
}

async fn serve<F>(start: impl FnOnce(TcpListener) -> F) -> HttpService
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(start(listener));
    HttpService::new(url).unwrap()
}

fn problem<T>(answer: Result<T, ClientError>) -> Result<T, Box<Problem>> {
    answer.map_err(|error| match error {
        ClientError::Problem(problem) => problem,
        other => panic!("{other}"),
    })
}

fn sum(results: &[&ProvedResult<C>]) -> Vec<u64> {
    let mut sum = vec![0; results[0].aggregate.len()];
    results.iter().for_each(|result| add_assign(&mut sum, &result.aggregate, 1));
    sum
}

#[tokio::test]
async fn proved_results_are_combined_and_decrypted_to_the_plain_totals() {
    let mut world = World::new(4).await;
    let (first, receipts) = world.result(0, &[]);
    let (second, _) = world.result(1, &[2]);
    assert_eq!(world.deliver(&first.to_bytes()).await.unwrap().devices, 4);
    assert_eq!(world.deliver(&second.to_bytes()).await.unwrap().missing, [name("d2")]);
    let decryption = world.query(&Query::default()).await.unwrap();
    let mut expected = world.plain(&[0], &[0, 1, 2, 3]);
    let late = world.plain(&[1], &[0, 1, 3]);
    expected.count += late.count;
    expected.inside += late.inside;
    expected.sum += late.sum;
    expected.sum_of_squares += late.sum_of_squares;
    assert_eq!(decryption, Decryption { totals: expected, results: 2, submissions: 7 });
    assert!(receipts.iter().all(|receipt| receipt.audit(&first).is_ok()));
}

#[tokio::test]
async fn the_cloud_refuses_what_is_not_proved_or_not_new() {
    let mut world = World::new(3).await;
    let (honest, _) = world.result(0, &[]);
    let bytes = honest.to_bytes();
    let kind = async |bytes: &[u8]| {
        let problem = *world.deliver(bytes).await.unwrap_err();
        (problem.kind, problem.status)
    };
    let rejected = ("urn:pulseproof:result-rejected".to_owned(), 422);
    let untrusted = ("urn:pulseproof:untrusted-appliance".to_owned(), 403);
    assert_eq!(kind(&bytes[..99]).await, ("urn:pulseproof:malformed-result".to_owned(), 400));
    assert_eq!(kind(b"").await.1, 400);
    for change in [
        (|r: &mut ProvedResult<C>| r.aggregate[7] ^= 1) as fn(&mut ProvedResult<C>),
        |r| r.claim.epoch = 9,
        |r| r.claim.contributions[0].sequence += 1,
        |r| r.claim.contributions[0].weight += 1,
        |r| r.claim.contributions[0].signature[3] ^= 1,
        |r| r.claim.contributions.swap(0, 1),
        |r| drop(r.claim.contributions.pop()),
        |r| r.claim.missing.push(r.claim.contributions[2].device.clone()),
        |r| r.claim.roster.0[0] ^= 1,
        |r| r.claim.profile.0[0] ^= 1,
        |r| r.claim.srs.0[0] ^= 1,
        |r| r.aggregate.push(0),
    ] {
        let mut forged = honest.clone();
        change(&mut forged);
        // An appliance that lies signs it.
        let ProvedResult { claim, aggregate, proof, .. } = forged;
        let forged = ProvedResult::signed(claim, aggregate, proof, &world.appliance);
        assert_eq!(kind(&forged.to_bytes()).await, rejected);
    }
    // A gateway that is first with a subset has no appliance's key.
    let stranger = ApplianceKey::generate(&mut OsRng);
    let ProvedResult { claim, aggregate, proof, .. } = honest.clone();
    let by_stranger = ProvedResult::signed(claim, aggregate, proof, &stranger);
    assert_eq!(kind(&by_stranger.to_bytes()).await, untrusted);
    let mut foreign = honest.clone();
    foreign.claim.region = name("south");
    assert_eq!(kind(&foreign.to_bytes()).await.0, "urn:pulseproof:unknown-region");

    assert!(world.deliver(&bytes).await.is_ok());
    assert_eq!(kind(&bytes).await, ("urn:pulseproof:result-replayed".to_owned(), 409));
}

#[tokio::test]
async fn the_authority_decrypts_only_what_it_has_verified_itself() {
    let mut world = World::new(3).await;
    let (honest, _) = world.result(0, &[]);
    let bytes = honest.to_bytes();
    let kind = async |body: Vec<u8>| {
        let kind = world.decrypt(body).await.unwrap_err().kind;
        kind.strip_prefix("urn:pulseproof:").unwrap().to_owned()
    };
    let query = |combined: &[u64], results: &[&[u8]]| write_query(combined, results);

    let mut forged = honest.clone();
    let last = forged.aggregate.len() - 1;
    forged.aggregate[last] = forged.aggregate[last].wrapping_add(1 << 60);
    let ProvedResult { claim, aggregate, proof, .. } = forged;
    let forged = ProvedResult::signed(claim, aggregate, proof, &world.appliance);
    let body = query(&forged.aggregate, &[&forged.to_bytes()]);
    assert_eq!(kind(body).await, "result-rejected");
    // An honest proof does not vouch for another ciphertext beside it.
    assert_eq!(kind(query(&forged.aggregate, &[&bytes])).await, "wrong-combination");
    let twice = sum(&[&honest, &honest]);
    assert_eq!(kind(query(&twice, &[&bytes, &bytes])).await, "repeated-result");
    assert_eq!(kind(query(&[], &[])).await, "no-results");
    assert_eq!(kind(query(&honest.aggregate, &[&bytes])[..80].to_vec()).await, "malformed-query");
    assert_eq!(kind(b"PPDQ".to_vec()).await, "malformed-query");

    let decryption = world.decrypt(query(&honest.aggregate, &[&bytes])).await.unwrap();
    assert_eq!(decryption.totals, world.plain(&[0], &[0, 1, 2]));
}

#[tokio::test]
async fn results_of_too_few_devices_are_not_decrypted() {
    let mut world = World::new(4).await;
    let (thin, _) = world.result(0, &[1, 3]);
    let (full, _) = world.result(1, &[]);
    let refused = async |results: &[&ProvedResult<C>]| {
        let bytes: Vec<_> = results.iter().map(|result| result.to_bytes()).collect();
        *world.decrypt(write_query(&sum(results), &bytes)).await.unwrap_err()
    };
    let problem = refused(&[&thin]).await;
    assert!(problem.is("too-few-devices"));
    assert_eq!((problem.status, problem.limit), (403, Some(3)));
    // Hidden in a larger sum it is refused as well: the difference would tell.
    assert!(refused(&[&full, &thin]).await.is("too-few-devices"));
}

#[tokio::test]
async fn sums_that_could_single_a_device_out_are_not_decrypted() {
    let mut world = World::new(3).await;
    let (heavy, _) = world.weighted_result(0, &[], 9);
    let bytes = heavy.to_bytes();
    assert!(world.deliver(&bytes).await.is_ok(), "it is proved");
    let problem = world.decrypt(write_query(&heavy.aggregate, &[&bytes])).await.unwrap_err();
    assert!(problem.is("weighted-sum"), "{problem}");
    assert_eq!((problem.status, problem.limit), (403, Some(1)));
}

#[tokio::test]
async fn more_than_the_packing_was_planned_for_is_not_decrypted() {
    let mut world = World::new(3).await;
    let results: Vec<_> = (0..7).map(|epoch| world.result(epoch, &[]).0).collect();
    let all: Vec<_> = results.iter().collect();
    let bytes: Vec<_> = results.iter().map(ProvedResult::to_bytes).collect();
    let problem = world.decrypt(write_query(&sum(&all), &bytes)).await.unwrap_err();
    assert!(problem.is("too-many-summands"), "{problem}");
    assert_eq!((problem.status, problem.limit), (422, Some(20)));
    assert!(world.decrypt(write_query(&sum(&all[..6]), &bytes[..6])).await.is_ok());
}

#[tokio::test]
async fn a_device_notices_that_it_was_left_out_or_exchanged() {
    let mut world = World::new(4).await;
    let (without, receipts) = world.result(0, &[3]);
    assert!(matches!(receipts[3].audit(&without), Err(AuditError::LeftOut { epoch: 0, .. })));
    assert_eq!(receipts[0].audit(&without), Ok(()));
    // The appliance asks the device again and sums the other submission.
    let (again, _) = world.result(0, &[]);
    assert!(matches!(receipts[0].audit(&again), Err(AuditError::Exchanged { .. })));
}

#[tokio::test]
async fn unknown_places_and_empty_clouds_answer_with_problems() {
    let world = World::new(3).await;
    assert!(world.query(&Query::default()).await.unwrap_err().is("no-results"));
    let query = Query { regions: vec![name("south")] };
    assert!(world.query(&query).await.unwrap_err().is("unknown-region"));
    let request = world.cloud.request(Method::GET, "/v1/results/north/0");
    let missing = problem(world.cloud.bytes(request).await).unwrap_err();
    assert_eq!(missing.status, 404);
    let request = world.authority.request(Method::GET, "/v1/public-key");
    let key = world.authority.bytes(request).await.unwrap();
    let key = pulseproof_fhe::PublicKey::from_bytes(&key).unwrap();
    assert_eq!(key.fingerprint(), world.profile.public_key.fingerprint());
}
