//! A gateway: forwards what devices hand it, unread, and asks for the sum.

use pulseproof_sdk::Name;
use pulseproof_sdk::api::{Intake, Job, JobRequest};
use pulseproof_sdk::client::{ApplianceClient, ClientError};

/// A region's gateway.
pub struct Gateway {
    region: Name,
    appliance: ApplianceClient,
}

impl Gateway {
    /// The gateway of a region.
    pub fn new(region: Name, appliance: ApplianceClient) -> Self {
        Self { region, appliance }
    }

    /// Forwards submissions.
    ///
    /// # Errors
    /// The appliance could not be reached or refused the whole batch.
    pub async fn forward(
        &self,
        epoch: u64,
        submissions: &[Vec<u8>],
    ) -> Result<Intake, ClientError> {
        self.appliance.submit(&self.region, epoch, submissions).await
    }

    /// Closes the epoch, waits for the proof and fetches the result.
    ///
    /// # Errors
    /// The appliance could not be reached or has no result.
    pub async fn conclude(&self, epoch: u64) -> Result<(Job, Vec<u8>), ClientError> {
        let request =
            JobRequest::Aggregate { region: self.region.clone(), epoch, weights: [].into() };
        let queued = self.appliance.create_job(&request).await?;
        let job = self.appliance.wait(&queued.id).await?;
        let result = self.appliance.result(&job.id).await?;
        Ok((job, result))
    }
}
