//! Jobs that compute programs, as they are asked for.

use async_trait::async_trait;
use pulseproof_sdk::api::{Estimate, JobRequest};
use pulseproof_sdk::fhe::FheRequest;

use super::epochs::result_not_there;
use super::queue::{asked_before, check_room, insert, note};
use super::{SqlStore, keys, results};
use crate::jobs::{Ask, Dependency, JobDetails, JobKind, Room};
use crate::{Denial, Programs, StoreError};

#[async_trait]
impl Programs for SqlStore {
    async fn create_program(
        &self,
        ask: &Ask,
        request: &FheRequest,
        estimate: Estimate,
        room: Room,
    ) -> Result<String, StoreError> {
        let mut transaction = self.write().await?;
        if let Some(job) = asked_before(&mut **transaction, ask).await? {
            return Ok(job);
        }
        if !keys::is_known(&mut transaction, &request.key).await? {
            return Err(Denial::KeyNotThere.into());
        }
        check_room(&mut transaction, JobKind::Fhe, &ask.client, room).await?;
        let facts = JobDetails { estimate: Some(estimate), ..JobDetails::default() };
        let job = JobRequest::Fhe(Box::new(request.clone()));
        insert(&mut transaction, ask, &job, &facts).await?;
        let key = request.key.to_string();
        note(&mut transaction, &ask.id, Dependency::EvaluationKey, &key).await?;
        for (index, sum) in request.sums.iter().enumerate() {
            let Some(digest) = &sum.result else { continue };
            if !results::is_known(&mut transaction, digest).await? {
                return Err(result_not_there(index, sum));
            }
            note(&mut transaction, &ask.id, Dependency::Result, &digest.to_string()).await?;
        }
        transaction.commit().await?;
        Ok(ask.id.clone())
    }
}
