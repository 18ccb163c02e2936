//! Where bootstraps run: a backend, with its type forgotten. It takes any key.

use std::sync::Arc;

use pulseproof_kernels::backend::BootstrapOps;

use crate::bootstrap::engine::{Engine, EngineError, Exact};
use crate::bootstrap::keys::EvaluationKey;

/// Makes engines of evaluation keys.
pub trait Engines: Send + Sync {
    /// Our kernels with a key.
    ///
    /// # Errors
    /// The backend's.
    fn exact(&self, key: &EvaluationKey) -> Result<Arc<dyn Engine>, EngineError>;
}

/// Our kernels on a backend.
#[derive(Clone, Copy, Debug)]
pub struct ExactOn<B>(pub B);

impl<B: BootstrapOps + Clone> Engines for ExactOn<B> {
    fn exact(&self, key: &EvaluationKey) -> Result<Arc<dyn Engine>, EngineError> {
        Ok(Arc::new(Exact::new(self.0.clone(), key)?))
    }
}
