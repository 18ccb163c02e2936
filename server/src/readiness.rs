//! Whether the appliance can take work: its store answers, and there is room on its disk. What is out of service while
//! work goes on without it is told as well.

use pulseproof_sdk::api::Readiness;

use crate::app::App;
use crate::room::{self, Room};

/// With less room than this, work is not taken: a batch and its journal need some.
const DISK_BYTES_MIN: u64 = 128 << 20;

/// How it is now; why backends are out of service only for who may know.
pub async fn of(app: &App, with_reasons: bool) -> Readiness {
    let mut problems = Vec::new();
    if let Err(error) = app.store.queue_length().await {
        tracing::error!(%error, "not ready");
        problems.push("the store does not answer; the log says why".to_owned());
    }
    match room::on_disk(&app.config.data_dir).await {
        Ok(Room { free, .. }) if free < DISK_BYTES_MIN => {
            problems.push(format!("{free} bytes are free on the disk, at least {DISK_BYTES_MIN}"));
        }
        Ok(_) => {}
        Err(error) => {
            tracing::error!(%error, "not ready");
            problems.push("the disk does not answer; the log says why".to_owned());
        }
    }
    let ready = problems.is_empty();
    problems.extend(app.health.out_of_service(with_reasons));
    Readiness { ready, problems }
}
