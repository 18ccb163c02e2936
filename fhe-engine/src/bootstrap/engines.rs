//! Where bootstraps run. It takes any key.

use std::sync::Arc;

use pulseproof_kernels::backend::AnyBackend;

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
#[derive(Clone, Debug)]
pub struct ExactOn(AnyBackend);

impl ExactOn {
    /// Bootstraps run on this backend.
    pub fn new(backend: impl Into<AnyBackend>) -> Self {
        Self(backend.into())
    }
}

impl Engines for ExactOn {
    fn exact(&self, key: &EvaluationKey) -> Result<Arc<dyn Engine>, EngineError> {
        Ok(Arc::new(Exact::new(self.0.clone(), key)?))
    }
}
