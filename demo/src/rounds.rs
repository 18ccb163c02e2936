//! Rounds: one region's epoch, from its devices' encryption to the cloud's acceptance.

use std::time::{Duration, Instant};

use pulseproof_kernels::{Curve, apart};
use pulseproof_medguard::cloud::Accepted;
use pulseproof_medguard::device::{Device, Receipt};
use pulseproof_sdk::api::{Intake, Job};
use pulseproof_sdk::client::ClientError;
use pulseproof_sdk::{Problem, ProvedResult, Submission};
use reqwest::Method;

use crate::DemoError;
use crate::parties::{Parties, Region};

/// A sealed submission as it leaves the device.
pub(crate) struct Sealed<C: Curve> {
    pub submission: Submission<C>,
    pub receipt: Receipt<C>,
}

/// A region's epoch that the appliance has summed and proved, and that the cloud has not seen yet.
pub(crate) struct Proved<C: Curve> {
    region: usize,
    epoch: usize,
    receipts: Vec<Receipt<C>>,
    result_bytes: Vec<u8>,
    job: Job,
    /// When sealing began.
    start: Instant,
    seal: Duration,
    intake: Duration,
}

/// One region's epoch, from encryption to the cloud's acceptance.
pub(crate) struct Round<C: Curve> {
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

impl<C: Curve> Proved<C> {
    /// What the appliance published.
    pub fn result(&self) -> Result<ProvedResult<C>, DemoError> {
        read_result(&self.result_bytes)
    }
}

impl<C: Curve> Parties<C> {
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

    /// From sealed submissions to a result that the cloud accepted; `start` is when sealing began.
    pub async fn finish(
        &self,
        region: usize,
        epoch: usize,
        sealed: &[Sealed<C>],
        start: Instant,
    ) -> Result<Round<C>, DemoError> {
        let proved = self.prove(region, epoch, sealed, start).await?;
        self.publish(proved).await
    }

    /// The first half: submissions are sent, summed and proved.
    pub async fn prove(
        &self,
        region: usize,
        epoch: usize,
        sealed: &[Sealed<C>],
        start: Instant,
    ) -> Result<Proved<C>, DemoError> {
        let seal = start.elapsed();
        let bodies: Vec<_> = sealed.iter().map(|sealed| sealed.submission.to_bytes()).collect();
        let gateway = &self.regions[region].gateway;
        let before_intake = Instant::now();
        all_accepted(&gateway.forward(epoch as u64, &bodies).await?)?;
        let intake = before_intake.elapsed();
        let (job, result_bytes) = gateway.conclude(epoch as u64).await?;
        let receipts = sealed.iter().map(|sealed| sealed.receipt.clone()).collect();
        Ok(Proved { region, epoch, receipts, result_bytes, job, start, seal, intake })
    }

    /// The second half: the cloud gets the result, and has to accept it.
    pub async fn publish(&self, proved: Proved<C>) -> Result<Round<C>, DemoError> {
        let accepted = self.deliver(&proved.result_bytes).await?;
        let end_to_end = proved.start.elapsed();
        let result = proved.result()?;
        let Proved { region, epoch, receipts, result_bytes, job, seal, intake, .. } = proved;
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
}

/// A result that somebody published.
pub(crate) fn read_result<C: Curve>(bytes: &[u8]) -> Result<ProvedResult<C>, DemoError> {
    ProvedResult::from_bytes(bytes).map_err(|error| DemoError::BadResult(error.to_string()))
}

/// A problem in one line.
pub(crate) fn describe(problem: &Problem) -> String {
    format!("{} {}", problem.status, problem)
}

/// Checks that nothing was refused.
fn all_accepted(intake: &Intake) -> Result<(), DemoError> {
    match intake.refused.first() {
        Some(refused) => Err(DemoError::Refused(describe(&refused.problem))),
        None => Ok(()),
    }
}
