//! Everybody in the demo, and which of their epochs are summed.

use std::path::PathBuf;
use std::sync::Arc;

use pulseproof_kernels::Curve;
use pulseproof_medguard::authority::Policy;
use pulseproof_medguard::device::{Device, Profile};
use pulseproof_medguard::gateway::Gateway;
use pulseproof_sdk::client::{ApplianceClient, HttpService};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::{Digest, Roster};
use pulseproof_server::Prover;
use pulseproof_service::Running;

use crate::rounds::Round;
use crate::{DemoError, TamperReport};

/// Everybody.
pub(crate) struct Parties<C: Curve> {
    pub profile: Arc<Profile<C>>,
    pub prover: Arc<dyn Prover<C>>,
    pub regions: Vec<Region<C>>,
    pub cloud: HttpService,
    pub authority: HttpService,
    /// As a clinician, who asks questions.
    pub appliance: ApplianceClient,
    /// The appliance's own, for an appliance that cheats; cloud and authority trust it.
    pub identity: ApplianceKey,
    /// What the authority insists on.
    pub policy: Policy,
    /// The folder of what the authority must not forget.
    pub vault: PathBuf,
    /// The evaluation key that the appliance has, if anything is asked.
    pub evaluation_key: Option<Digest>,
    /// In the order in which they are stopped.
    pub services: Vec<Running>,
}

/// A region: its devices, their readings and their gateway.
pub(crate) struct Region<C: Curve> {
    pub gateway: Gateway,
    pub roster: Roster,
    pub devices: Vec<Device<C>>,
    /// The devices' own, for a device that cheats.
    pub keys: Vec<DeviceKey>,
    /// By device, by epoch.
    pub readings: Vec<Vec<Vec<i64>>>,
}

impl<C: Curve> Parties<C> {
    /// The most epochs any device has.
    pub fn epochs(&self) -> usize {
        let readings = self.regions.iter().flat_map(|region| &region.readings);
        readings.map(Vec::len).max().unwrap_or(0)
    }

    /// Whether enough devices have enough readings for a region's epoch: of fewer nothing is decrypted.
    pub fn is_summed(&self, region: usize, epoch: usize) -> bool {
        let readings = &self.regions[region].readings;
        let present: Vec<_> = readings.iter().filter_map(|of| of.get(epoch)).collect();
        let count: usize = present.iter().map(|of| of.len()).sum();
        let slots = self.profile.layout.request().slots;
        let policy = &self.policy;
        policy.is_group(present.len(), readings.len()) && policy.is_enough(count as u128, slots)
    }

    /// Regions' epochs that are summed.
    pub fn rounds(&self) -> usize {
        let regions = 0..self.regions.len();
        let summed =
            |region| (0..self.epochs()).filter(move |&e| self.is_summed(region, e)).count();
        regions.map(summed).sum()
    }

    /// Readings of epochs in which too few devices have any.
    pub fn withheld(&self) -> usize {
        let of = |(index, region): (usize, &Region<C>)| -> usize {
            let epochs = region.readings.iter().flat_map(|r| r.iter().enumerate());
            epochs.filter(|&(e, _)| !self.is_summed(index, e)).map(|(_, r)| r.len()).sum()
        };
        self.regions.iter().enumerate().map(of).sum()
    }

    /// Every device checks that the cloud's result counts it; whoever was caught being left out in a
    /// tampering is expected not to be.
    pub fn audit(
        &self,
        rounds: &[Round<C>],
        tampered: Option<&TamperReport>,
    ) -> Result<(), DemoError> {
        let expected: usize = tampered.map_or(0, |report| report.left_out);
        let audit = |round: &Round<C>| -> Vec<_> {
            round.receipts.iter().filter_map(|receipt| receipt.audit(&round.result).err()).collect()
        };
        let failed: Vec<_> = rounds.iter().flat_map(audit).collect();
        match failed.first() {
            Some(error) if failed.len() > expected => Err(DemoError::BadResult(error.to_string())),
            _ => Ok(()),
        }
    }

    /// Stops the services, the appliance last.
    pub async fn stop(self) -> std::io::Result<()> {
        for service in self.services {
            service.stop().await?;
        }
        Ok(())
    }
}
