//! Circuits whose keys are in memory before a job asks for them, and stay there.

use std::sync::Arc;

use pulseproof_store::circuits::StoredCircuit;
use tokio::sync::watch;

use crate::app::App;
use crate::groth16::cache::Wanted;
use crate::stopping::stopped;

/// Loads the keys of pinned circuits, one after the other, until the appliance stops. What cannot be
/// loaded is logged: the jobs that need it will say why.
pub async fn run(app: &Arc<App>, stopping: watch::Receiver<bool>) {
    let all = async {
        match app.store.circuits().await {
            Ok(circuits) => {
                for circuit in circuits {
                    load(app, &circuit).await;
                }
            }
            Err(error) => tracing::error!(%error, "pinned circuits are not known"),
        }
    };
    tokio::select! {
        () = all => {}
        () = stopped(stopping) => {}
    }
}

/// Loads a circuit's key where proofs are made, if the circuit is pinned.
pub async fn load(app: &App, circuit: &StoredCircuit) {
    if !is_pinned(app, circuit) {
        return;
    }
    let backend = app.backends.primary().unwrap_or(&app.backends.cpu);
    let wanted = Wanted { key: circuit.zkey.sha256, checked: true, pinned: true };
    if let Err(error) = backend.cache.lease(wanted).await {
        let (name, backend) = (&circuit.name, backend.kind);
        tracing::warn!(%name, %backend, %error, "the key of a pinned circuit was not loaded");
    }
}

/// Whether a circuit's key is to stay in memory.
pub fn is_pinned(app: &App, circuit: &StoredCircuit) -> bool {
    app.config.groth16.pinned.contains(&circuit.name)
}
