//! People who are none: lists without readings, and one person in two rosters.

use std::time::Instant;

use pulseproof_kernels::Curve;
use pulseproof_medguard::device::Device;
use pulseproof_medguard::vault::Vault;
use pulseproof_sdk::{Digest, Roster};

use super::Cheat;
use crate::DemoError;
use crate::parties::Region;
use crate::rounds::Sealed;

impl<C: Curve> Cheat<'_, C> {
    /// One device with readings among devices without, and the same people less one as another region.
    pub(super) async fn sybil(&mut self) -> Result<(), DemoError> {
        // An epoch that is nobody's, after all others.
        let epoch = self.parties.epochs();
        let start = Instant::now();
        let alone = self.seal_alone(epoch)?;
        let result = self.parties.prove(0, epoch, &alone, start).await?.result()?;
        let answer = self.decrypt(&result).await;
        let attempt = "one device has readings, and all others of its region lists without any";
        self.expect_refusal(attempt, "authority", answer, "unanswerable")?;
        self.enrol_twice().await;
        Ok(())
    }

    /// Submissions of the first device's first readings and of the others' empty lists.
    fn seal_alone(&mut self, epoch: usize) -> Result<Vec<Sealed<C>>, DemoError> {
        let Region { devices, readings, .. } = &mut self.parties.regions[0];
        let first = &readings[0][0];
        let seal = |(index, device): (usize, &mut Device<C>)| {
            let readings = if index == 0 { &first[..] } else { &[] };
            let sealed = device.submit(epoch as u64, readings);
            sealed.map(|(submission, receipt)| Sealed { submission, receipt })
        };
        let work = || devices.iter_mut().enumerate().map(seal).collect::<Result<_, _>>();
        Ok(tokio::task::block_in_place(work)?)
    }

    /// The authority is told of a second region, of the first one's people less one.
    async fn enrol_twice(&mut self) {
        let honest = &self.parties.regions[0].roster;
        let mut devices = honest.devices.clone();
        devices.pop_first();
        let region = "region-of-the-others".parse().expect("a name");
        let less = Roster { region, devices, ..honest.clone() };
        let public_key = Digest(self.parties.profile.public_key.fingerprint());
        let enrolled = match Vault::open(&self.parties.vault, public_key).await {
            Ok(vault) => vault.enrol([&less].into_iter()).await,
            Err(error) => Err(error),
        };
        let attempt = "the same people less one are enrolled as another region";
        match enrolled {
            Err(error) => self.caught(attempt, "authority", error.to_string()),
            Ok(()) => self.missed(attempt, "the authority enrolled them"),
        }
    }
}
