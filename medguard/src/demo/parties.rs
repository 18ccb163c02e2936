//! Everybody in the demo, and one honest round among them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pulseproof_fhe::{Layout, LayoutRequest, Scale, generate_keys};
use pulseproof_files::{Readers, write_bytes};
use pulseproof_kernels::{Curve, apart};
use pulseproof_sdk::api::{Intake, Job};
use pulseproof_sdk::client::{Appliance, ClientError, Service};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::{Digest, Name, Problem, ProvedResult, Roster, Submission};
use pulseproof_server::{Config, Machine, Prover, identity};
use pulseproof_service::Running;
use reqwest::Method;

use super::{DemoError, Options, Tamper, TamperReport};
use crate::authority::{Authority, Policy, Setup};
use crate::cloud::{Accepted, Cloud};
use crate::cohort;
use crate::device::{Device, Profile, Receipt};
use crate::gateway::Gateway;
use crate::trust::Trust;

/// Everybody.
pub(super) struct Parties<C: Curve> {
    pub profile: Arc<Profile<C>>,
    pub prover: Arc<dyn Prover<C>>,
    pub regions: Vec<Region<C>>,
    pub cloud: Service,
    pub authority: Service,
    pub appliance: Appliance,
    /// The appliance's own, for an appliance that cheats; cloud and authority trust it.
    pub identity: ApplianceKey,
    /// The folder of what the authority must not forget.
    pub vault: PathBuf,
    /// The evaluation key that the appliance has, if anything is asked.
    pub evaluation_key: Option<Digest>,
    services: Vec<Running>,
}

/// A region: its devices, their readings and their gateway.
pub(super) struct Region<C: Curve> {
    pub gateway: Gateway,
    pub roster: Roster,
    pub devices: Vec<Device<C>>,
    /// By device, by epoch.
    pub readings: Vec<Vec<Vec<i64>>>,
}

/// One region's epoch, from encryption to the cloud's acceptance.
pub(super) struct Round<C: Curve> {
    pub region: usize,
    pub epoch: usize,
    pub receipts: Vec<Receipt<C>>,
    pub result: ProvedResult<C>,
    pub result_bytes: Vec<u8>,
    pub job: Job,
    pub accepted: Accepted,
    pub seal: Duration,
    pub intake: Duration,
    pub end_to_end: Duration,
}

/// A sealed submission as it leaves the device.
pub(super) struct Sealed<C: Curve> {
    pub submission: Submission<C>,
    pub receipt: Receipt<C>,
}

impl<C: Curve> Parties<C> {
    /// Makes keys, plans the packing, enrols the devices and starts the services.
    pub async fn start(machine: Machine<C>, options: &Options) -> Result<Self, DemoError> {
        let prover = Arc::clone(&machine.prover);
        let members = options.shape.apply(&options.data, &mut rand::rngs::OsRng)?;
        let policy = Policy::default();
        let least = policy.devices_min;
        if let Some(thin) = members.iter().find(|region| region.members.len() < least) {
            let (region, devices) = (thin.name.clone(), thin.members.len());
            return Err(DemoError::ThinRegion { region, devices, least });
        }
        let epochs = members.iter().flat_map(|r| &r.members).map(|m| m.epochs.len());
        let layout = Layout::plan(LayoutRequest {
            scale: Scale {
                decimals: options.data.decimals,
                minimum: options.range.0,
                maximum: options.range.1,
            },
            inside: options.inside,
            slots: options.shape.slots,
            summands_max: epochs.sum::<usize>() as u64,
            totals: true,
        })?;
        let (secret_key, public_key) = generate_keys();
        let srs = Arc::new(prover.srs().clone());
        let profile = Arc::new(Profile::proved(layout.clone(), public_key.clone(), srs)?);
        let asks = options.alerts.epochs > 0 || options.tamper.is_some_and(Tamper::asks);
        let engines = asks.then(|| Arc::clone(&machine.engines));
        let (store, vault) = (options.folder.join("appliance"), options.folder.join("authority"));
        let config = Config::new(store.clone());
        let appliance = Running::start(|listener, stopped| async move {
            let stopped = async { drop(stopped.await) };
            let served = pulseproof_server::serve(listener, machine, config, stopped).await;
            served.map_err(std::io::Error::other)
        })
        .await?;
        let client = Appliance::new(appliance.url());
        let enrol = |region| Region::enrol(region, &profile, client.clone());
        let regions: Vec<_> = members.into_iter().map(enrol).collect();
        client.put_profile(&profile.described()).await?;
        for region in &regions {
            client.register(&region.roster).await?;
        }

        let rosters = regions.iter().map(|r| (r.roster.region.clone(), r.roster.clone())).collect();
        let trusted = client.identity().await?;
        let appliances = regions.iter().map(|r| (r.roster.region.clone(), vec![trusted])).collect();
        let profiles = vec![Arc::clone(&profile.lists)];
        let key = prover.srs().verifying_key.clone();
        let trust = Trust { key, rosters, profiles, appliances };
        let authority = Authority::open(Setup {
            secret_key,
            public_key,
            layout,
            trust: trust.clone(),
            policy,
            engines,
            vault: vault.clone(),
        })
        .await?;
        let evaluation_key = authority.evaluation_key();
        let authority = Running::start(|listener, stopped| {
            authority.serve(listener, async { drop(stopped.await) })
        })
        .await?;
        let authority_service = Service::new(authority.url());
        if evaluation_key.is_some() {
            let request = authority_service.request(Method::GET, "/v1/evaluation-key");
            client.put_evaluation_key(authority_service.bytes(request).await?).await?;
        }
        let cloud = Cloud::new(trust, authority_service.clone());
        let cloud = Running::start(|listener, stopped| {
            cloud.serve(listener, async { drop(stopped.await) })
        })
        .await?;
        let cloud_service = Service::new(cloud.url());
        let services = vec![cloud, authority, appliance];
        Ok(Self {
            profile,
            prover,
            regions,
            cloud: cloud_service,
            authority: authority_service,
            appliance: client,
            identity: identity::open(&store)?,
            vault,
            evaluation_key,
            services,
        })
    }

    /// The most epochs any device has.
    pub fn epochs(&self) -> usize {
        let readings = self.regions.iter().flat_map(|region| &region.readings);
        readings.map(Vec::len).max().unwrap_or(0)
    }

    /// Whether enough devices have enough readings for a region's epoch: of fewer nothing is decrypted.
    pub fn is_summed(&self, region: usize, epoch: usize) -> bool {
        let policy = Policy::default();
        let readings = &self.regions[region].readings;
        let present: Vec<_> = readings.iter().filter_map(|of| of.get(epoch)).collect();
        let count: usize = present.iter().map(|of| of.len()).sum();
        let slots = self.profile.layout.request().slots;
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

    /// An honest round.
    pub async fn round(&mut self, region: usize, epoch: usize) -> Result<Round<C>, DemoError> {
        let start = Instant::now();
        let sealed = self.seal(region, epoch)?;
        self.finish(region, epoch, &sealed, start).await
    }

    /// Every device's submission for an epoch.
    pub fn seal(&mut self, region: usize, epoch: usize) -> Result<Vec<Sealed<C>>, DemoError> {
        let Region { devices, readings, .. } = &mut self.regions[region];
        let seal = |(device, readings): (&mut Device<C>, &Vec<Vec<i64>>)| {
            let readings = readings.get(epoch)?;
            let sealed = device.submit(epoch as u64, readings);
            Some(sealed.map(|(submission, receipt)| Sealed { submission, receipt }))
        };
        let work = || {
            let sealed = apart::map(devices.iter_mut().zip(&*readings).collect(), seal);
            sealed.into_iter().flatten().collect::<Result<Vec<_>, _>>()
        };
        Ok(tokio::task::block_in_place(work)?)
    }

    /// Submissions of one device's first epoch and of the others' empty lists, for an epoch after all
    /// others.
    pub fn seal_alone(&mut self, region: usize) -> Result<Vec<Sealed<C>>, DemoError> {
        let epoch = self.epochs() as u64;
        let Region { devices, readings, .. } = &mut self.regions[region];
        let first = readings[0][0].clone();
        let seal = |(index, device): (usize, &mut Device<C>)| {
            let readings = if index == 0 { &first[..] } else { &[] };
            let sealed = device.submit(epoch, readings);
            sealed.map(|(submission, receipt)| Sealed { submission, receipt })
        };
        Ok(devices.iter_mut().enumerate().map(seal).collect::<Result<_, _>>()?)
    }

    /// From sealed submissions to a result that the cloud accepted; `start` is when sealing began.
    pub async fn finish(
        &self,
        region: usize,
        epoch: usize,
        sealed: &[Sealed<C>],
        start: Instant,
    ) -> Result<Round<C>, DemoError> {
        let seal = start.elapsed();
        let bodies: Vec<_> = sealed.iter().map(|s| s.submission.to_bytes()).collect();
        let gateway = &self.regions[region].gateway;
        let before_intake = Instant::now();
        all_accepted(&gateway.forward(epoch as u64, &bodies).await?)?;
        let intake = before_intake.elapsed();
        let (job, result_bytes) = gateway.conclude(epoch as u64).await?;
        let accepted = self.deliver(&result_bytes).await?;
        let end_to_end = start.elapsed();
        let result = ProvedResult::from_bytes(&result_bytes)
            .map_err(|error| DemoError::Result(error.to_string()))?;
        let receipts = sealed.iter().map(|sealed| sealed.receipt.clone()).collect();
        Ok(Round {
            region,
            epoch,
            receipts,
            result,
            result_bytes,
            job,
            accepted,
            seal,
            intake,
            end_to_end,
        })
    }

    /// Hands a result to the cloud.
    pub async fn deliver(&self, result: &[u8]) -> Result<Accepted, ClientError> {
        let request = self.cloud.request(Method::POST, "/v1/results").body(result.to_vec());
        self.cloud.json(request).await
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
            Some(error) if failed.len() > expected => Err(DemoError::Result(error.to_string())),
            _ => Ok(()),
        }
    }

    /// Leaves each result and what it takes to verify it: `pulseproof verify` reads these.
    pub fn leave_artifacts(&self, folder: &Path, rounds: &[Round<C>]) -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let leave =
            |name: String, bytes: &[u8]| write_bytes(&folder.join(name), Readers::Everybody, bytes);
        leave("srs.verifying-key".to_owned(), &self.prover.srs().verifying_key.to_bytes())?;
        let profile = self.profile.described();
        leave(format!("{}.profile", profile.digest()), &profile.to_bytes())?;
        for region in &self.regions {
            let name = &region.roster.region;
            leave(format!("{name}.roster.json"), &serde_json::to_vec_pretty(&region.roster)?)?;
            let appliances = serde_json::to_vec_pretty(&[self.identity.public()])?;
            leave(format!("{name}.appliances.json"), &appliances)?;
        }
        for round in rounds {
            let region = &self.regions[round.region].roster.region;
            leave(format!("{region}.epoch-{}.result", round.epoch), &round.result_bytes)?;
        }
        Ok(())
    }

    /// Stops the services, the appliance last.
    pub async fn stop(self) -> std::io::Result<()> {
        for service in self.services {
            service.stop().await?;
        }
        Ok(())
    }
}

impl<C: Curve> Region<C> {
    fn enrol(members: cohort::Region, profile: &Arc<Profile<C>>, appliance: Appliance) -> Self {
        let name = members.name;
        let (names, readings): (Vec<Name>, Vec<_>) =
            members.members.into_iter().map(|member| (member.name, member.epochs)).unzip();
        let device = |device| Device::new(name.clone(), device, profile.clone());
        let devices: Vec<_> = names.into_iter().map(device).collect();
        let keys: BTreeMap<_, _> =
            devices.iter().map(|d| (d.name().clone(), d.public_key())).collect();
        let words = profile.layout.words();
        let roster = Roster {
            region: name.clone(),
            words: u32::try_from(words).expect("a layout has at most 4096 words"),
            profile: profile.digest(),
            devices: keys,
        };
        Self { gateway: Gateway::new(name, appliance), roster, devices, readings }
    }
}

/// Checks that nothing was refused.
pub(super) fn all_accepted(intake: &Intake) -> Result<(), DemoError> {
    match intake.refused.first() {
        Some(refused) => Err(DemoError::Refused(describe(&refused.problem))),
        None => Ok(()),
    }
}

/// A problem in one line.
pub(super) fn describe(problem: &Problem) -> String {
    format!("{} {}", problem.status, problem)
}
