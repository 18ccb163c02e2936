//! Somebody who asks the authority for what it must not reveal, and an appliance that lies about a program.

use pulseproof_fhe::Ciphertext;
use pulseproof_fhe::program::result::{EncryptedOutput, OutputShape};
use pulseproof_fhe::program::{Program, library};
use pulseproof_kernels::Curve;
use pulseproof_medguard::authority::questions::{
    Answer, write_question, write_question_with_outputs,
};
use pulseproof_sdk::client::ClientError;
use pulseproof_sdk::fhe::program_digest;
use pulseproof_sdk::outputs::SumUsed;
use pulseproof_sdk::{Digest, Outputs, ProvedResult};
use reqwest::Method;
use serde_json::json;

use super::Cheat;
use crate::DemoError;
use crate::alerts::ask_appliance;
use crate::rounds::{Round, Sealed};

/// Bits of the key that one question would have revealed.
const BITS: usize = 256;

impl<C: Curve> Cheat<'_, C> {
    /// Asks the authority a program of results; the inner error is its refusal.
    async fn ask(
        &self,
        program: &Program,
        results: &[Vec<u8>],
    ) -> Result<Result<Answer, ClientError>, DemoError> {
        let question = write_question(program, results).map_err(std::io::Error::from)?;
        Ok(self.send(question).await)
    }

    async fn send(&self, question: Vec<u8>) -> Result<Answer, ClientError> {
        let authority = &self.parties.authority;
        authority.json(authority.request(Method::POST, "/v1/answers").body(question)).await
    }

    /// A ciphertext of the asker's making, with one word set, would decrypt to a bit of the key.
    pub(super) async fn steal_key(&mut self, round: &Round<C>) -> Result<(), DemoError> {
        let nothing = json!({
            "version": 1, "inputs": [], "steps": [{"name": "bit", "op": "any", "of": []}],
            "outputs": vec!["bit"; BITS],
        });
        let nothing: Program = serde_json::from_value(nothing).map_err(std::io::Error::from)?;
        let none: [Vec<u8>; 0] = [];
        // Under a program that does read a result, so that nothing else is wrong with it.
        let above = library::mean_above(1);
        let outputs = self.bits_of_the_key(&above, round);
        let results = [&round.result_bytes];
        let question = write_question_with_outputs(&above, &results, &[outputs]);
        let answer = self.send(question.map_err(std::io::Error::from)?).await;
        let attempt = "somebody submits a ciphertext of his own that decrypts to a bit of the key";
        self.expect_refusal(attempt, "authority", answer, "foreign-outputs")?;

        let answer = self.ask(&nothing, &none).await?;
        let attempt = "he asks a program that reads no result";
        self.expect_refusal(attempt, "authority", answer, "no-results")?;

        let result = vec![round.result_bytes.clone()];
        let answer = self.ask(&nothing, &result).await?;
        let attempt = "he asks it of a proved result that it does not read";
        self.expect_refusal(attempt, "authority", answer, "unread-result")?;

        let answer = self.ask(&library::mean_above_secret(1, 1, 8), &result).await?;
        let attempt = "he asks a program that takes an encrypted word of his";
        self.expect_refusal(attempt, "authority", answer, "unproved-words")
    }

    /// Outputs, signed by the appliance, whose digit has one word set: it decrypts to a bit of the key.
    fn bits_of_the_key(&self, program: &Program, round: &Round<C>) -> Outputs {
        let mut words = vec![0u64; Ciphertext::WORDS];
        words[0] = (1u64 << 59).wrapping_neg();
        let shape = OutputShape { name: "above".to_owned(), is_bit: true, digits: 1 };
        let digits = Ciphertext::from_words(words).into_iter().collect();
        let claim = &round.result.claim;
        let used = SumUsed {
            region: claim.region.clone(),
            epoch: claim.epoch,
            sum: round.result.sum_digest(),
        };
        let outputs = Outputs {
            key: self.parties.evaluation_key.unwrap_or(Digest([0; 32])),
            engine: String::new(),
            program: program_digest(program),
            sums: vec![used],
            words: Vec::new(),
            outputs: vec![EncryptedOutput { shape, digits }],
            lookups: Digest([0; 32]),
            signature: [0; 64],
        };
        outputs.signed(&self.parties.identity)
    }

    /// The difference of two sums that both are proved would be one device.
    pub(super) async fn subtract(
        &mut self,
        sealed: &[Sealed<C>],
        round: &Round<C>,
    ) -> Result<(), DemoError> {
        let mut claim = round.result.claim.clone();
        claim.missing.push(claim.contributions.remove(0).device);
        claim.missing.sort();
        let (aggregate, proof) = self.prove_without_first(sealed, &claim)?;
        let less = ProvedResult::signed(claim, aggregate, proof, &self.parties.identity);

        let attempt = "the appliance proves a second sum of the epoch, less one device";
        self.publish_in_vain(attempt, &less, "result-replayed").await?;
        // The authority has heard of the honest one.
        self.decrypt(&round.result).await?;
        let answer = self.decrypt(&less).await;
        let attempt = "it has the totals of both sums decrypted, to subtract them";
        self.expect_refusal(attempt, "authority", answer, "epoch-claimed")?;
        let answer = self.ask(&library::mean_above(1), &[less.to_bytes()]).await?;
        let attempt = "it asks a question of the second sum";
        self.expect_refusal(attempt, "authority", answer, "epoch-claimed")
    }

    /// The appliance computes another threshold and signs it as the one that was asked for.
    pub(super) async fn lie(&mut self, round: &Round<C>) -> Result<(), DemoError> {
        let (asked, other) = (library::mean_above(1), library::mean_above(2));
        let answered = self.ask(&asked, std::slice::from_ref(&round.result_bytes)).await??;
        let honest = ask_appliance(self.parties, &asked, &[round]).await?;
        let mut lie = ask_appliance(self.parties, &other, &[round]).await?;
        lie.program = program_digest(&asked);
        let lie = lie.signed(&self.parties.identity);
        let attempt = "the appliance computes another threshold, and signs it as what was asked";
        if lie.digest() == answered.outputs || honest.digest() != answered.outputs {
            self.missed(attempt, "its outputs look like the authority's");
            return Ok(());
        }
        let how = format!(
            "it signed {}, the authority computed and decrypted {}, and so did the appliance when it was honest",
            lie.digest(),
            answered.outputs
        );
        self.caught(attempt, "authority", how);
        Ok(())
    }
}
