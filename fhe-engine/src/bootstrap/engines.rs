//! Where bootstraps run. It takes any key.

use std::sync::Arc;

use pulseproof_kernels::backend::{AnyBackend, Backend, BackendKind};

use crate::bootstrap::engine::{Engine, EngineError, Exact};
use crate::bootstrap::keys::EvaluationKey;

/// Makes engines of evaluation keys.
pub trait Engines: Send + Sync {
    /// What our kernels run on.
    fn backend(&self) -> BackendKind;

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
    fn backend(&self) -> BackendKind {
        self.0.kind()
    }

    fn exact(&self, key: &EvaluationKey) -> Result<Arc<dyn Engine>, EngineError> {
        Ok(Arc::new(Exact::new(self.0.clone(), key)?))
    }
}
