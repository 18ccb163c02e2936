//! Jobs that compute programs, as they are asked for.

use pulseproof_sdk::api::{Estimate, JobRequest};
use pulseproof_sdk::fhe::FheRequest;

use super::epochs::result_not_there;
use super::jobs::{Facts, Kind, Need, check_room, insert};
use super::{Denial, Store, StoreError, keys, results};

impl Store {
    /// Queues a job, if its key and the results that it takes are still there and not too many wait.
    pub async fn create_program(
        &self,
        id: &str,
        request: &FheRequest,
        estimate: Estimate,
        unfinished_max: usize,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        if !keys::is_known(&mut transaction, &request.key).await? {
            return Err(Denial::KeyNotThere.into());
        }
        check_room(&mut transaction, Kind::Fhe, unfinished_max).await?;
        let facts = Facts { estimate: Some(estimate), ..Facts::default() };
        let job = JobRequest::Fhe(Box::new(request.clone()));
        insert(&mut transaction, id, &job, &facts).await?;
        Need::EvaluationKey.note(&mut transaction, id, &request.key.to_string()).await?;
        for (index, sum) in request.sums.iter().enumerate() {
            let Some(digest) = &sum.result else { continue };
            if !results::is_known(&mut transaction, digest).await? {
                return Err(result_not_there(index, sum));
            }
            Need::Result.note(&mut transaction, id, &digest.to_string()).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
