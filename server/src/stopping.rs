//! When the appliance stops.

use tokio::sync::watch;

/// Completes once the appliance was told to stop.
pub async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a reason to stop as well.
    let _ = stopping.wait_for(|&stop| stop).await;
}
