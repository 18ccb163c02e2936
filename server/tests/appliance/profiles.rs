//! Profiles, and submissions that prove what their words are.

use std::sync::Arc;

use pulseproof_fhe::{Encrypt, Layout, LayoutRequest, PublicKey, Scale, generate_keys};
use pulseproof_kernels::Bn254;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_prover::commitment::Opening;
use pulseproof_prover::encryption::{Secrets, prove};
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_sdk::profile::ProfileVerifier;
use pulseproof_sdk::{Digest, Profile, ProvedResult, Submission};
use rand::rngs::OsRng;
use reqwest::Method;

use crate::common::*;

/// Devices that prove what they encrypt, and a region of them.
struct Proving {
    region: Region<Bn254>,
    key: ProvingKey<Bn254>,
    layout: Layout,
    public: PublicKey,
    lists: ProfileVerifier<Bn254>,
}

fn layout() -> Layout {
    let scale = Scale { decimals: 0, minimum: 0, maximum: 3 };
    let request = LayoutRequest { scale, inside: (1, 2), slots: 2, summands_max: 12, totals: true };
    Layout::plan(request).unwrap()
}

fn profile(layout: &Layout, public: &PublicKey) -> Profile {
    Profile::Proved { layout: Box::new(layout.clone()), key: Box::new(public.clone()) }
}

impl Proving {
    fn new(devices: usize) -> Self {
        let (layout, (_, public)) = (layout(), generate_keys());
        let lists = ProfileVerifier::new(&profile(&layout, &public)).unwrap();
        let mut region = Region::new(12, devices);
        region.roster.words = u32::try_from(layout.words()).unwrap();
        region.roster.profile = lists.digest();
        let key = ProvingKey::new(Cpu::new(), Arc::clone(&region.srs)).unwrap();
        Self { region, key, layout, public, lists }
    }

    fn submission(&self, device: usize, epoch: u64) -> Submission<Bn254> {
        let readings = [1, 3];
        let encrypted = self.public.encrypt_with_witness(&self.layout, &readings).unwrap();
        let (words, encryption) = encrypted;
        let mut submission = self.region.seal(self.region.label(device, epoch, epoch), words);
        let Submission { label, commitment, words, blinders, .. } = &submission;
        let opening = Opening { commitment: *commitment, words, blinders };
        let slots = self.layout.quantities(&readings).unwrap();
        let secrets = Secrets { encryption: &encryption, slots: &slots };
        let context = label.message::<Bn254>(commitment);
        let scheme = self.lists.scheme().unwrap();
        let proof = prove(&self.key, scheme, &opening, &secrets, &context, &mut OsRng).unwrap();
        submission.proof = Some(proof);
        submission
    }
}

#[tokio::test]
async fn only_what_is_proved_is_summed_and_results_carry_the_proofs() {
    let proving = Proving::new(4);
    let directory = tempfile::tempdir().unwrap();
    let server = proving.region.start(directory.path());
    server.client.put_profile(&profile(&proving.layout, &proving.public)).await.unwrap();
    server.client.register(&proving.region.roster).await.unwrap();
    let mut batch: Vec<_> = (0..4).map(|device| proving.submission(device, 1)).collect();
    // No proof, another's, and one of another epoch.
    batch[1].proof = None;
    batch[2].proof = batch[0].proof.clone();
    batch[3].proof = proving.submission(3, 2).proof;
    let bytes: Vec<_> = batch.iter().map(Submission::to_bytes).collect();
    let intake = server.submit(1, &bytes).await;
    assert_eq!(accepted(&intake), [0]);
    assert_eq!(intake.refused.iter().map(|refused| refused.index).collect::<Vec<_>>(), [1, 2, 3]);
    for refused in &intake.refused {
        assert_problem(&refused.problem, 422, "bad-encryption", Some("proof"), None);
    }
    // The proof has opened the commitment once already, and the sum opens it again.
    assert_eq!(openings(directory.path()).await, [1]);
    let (_, result) = server.run(&aggregate(1)).await;
    assert_eq!(openings(directory.path()).await, [2]);
    let result = ProvedResult::<Bn254>::from_bytes(&result).unwrap();
    assert_eq!(result.claim.contributions[0].proof, batch[0].proof);
    let appliance = server.client.identity().await.unwrap();
    let (key, roster) = (&proving.region.srs.verifying_key, &proving.region.roster);
    assert_eq!(result.verify(key, roster, &[appliance], &proving.lists), Ok(()));
    let mut stripped = result;
    stripped.claim.contributions[0].proof = None;
    assert!(stripped.verify(key, roster, &[appliance], &proving.lists).is_err());
}

#[tokio::test]
async fn a_proof_that_nobody_asked_for_is_refused() {
    let proving = Proving::new(1);
    let region: Region = Region::new(12, 1);
    let (_directory, server) = region.open().await;
    let mut submission = region.seal(region.label(0, 1, 1), words(0, 1));
    submission.proof = proving.submission(0, 1).proof;
    let intake = server.submit(1, &[submission.to_bytes()]).await;
    assert_problem(&intake.refused[0].problem, 422, "bad-encryption", Some("proof"), None);
}

#[tokio::test]
async fn rosters_name_profiles_that_were_handed_in() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let server = region.start(directory.path());
    let refused = problem(server.client.register(&region.roster).await);
    assert_problem(&refused, 404, "unknown-profile", Some("profile"), None);
    server.register(&region.roster).await;
    // It is there after a restart, and may be uploaded again.
    server.stop();
    let server = region.start(directory.path());
    server.client.register(&region.roster).await.unwrap();
    server.client.put_profile(&unproved()).await.unwrap();
}

#[tokio::test]
async fn what_is_no_profile_is_refused() {
    let region: Region = Region::new(4, 1);
    let (_directory, server) = region.open().await;
    let proved = profile(&layout(), &generate_keys().1);
    // Proofs are of vectors of 4096 words, and this SRS is for 16.
    let refused = problem(server.client.put_profile(&proved).await);
    assert_problem(&refused, 422, "not-provable", Some("words"), Some(16));
    let put = async |digest: Digest, bytes: Vec<u8>| {
        let request = reqwest::Client::new()
            .request(Method::PUT, format!("{}/v1/profiles/{digest}", server.base));
        let answer = request.body(bytes).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let bytes = unproved().to_bytes();
    let (status, text) = put(Digest([1; 32]), bytes.clone()).await;
    assert!(status == 422 && text.contains("wrong-digest"), "{text}");
    for wrong in [&bytes[1..], &bytes[..bytes.len() - 1], b"", &proved.to_bytes()[..2000]] {
        let (status, text) = put(unproved().digest(), wrong.to_vec()).await;
        assert!(status == 400 && text.contains("malformed"), "{status} {text}");
    }
    let (status, _) = put(unproved().digest(), vec![0; 1 << 20]).await;
    assert_eq!(status, 413);
}
