//! Multi-scalar multiplication: what it is asked to do, and its plan.

mod once;
mod plan;
mod subsets;

pub use once::msm;
pub use plan::{
    BASES_MAX, BITS_MAX, Costs, LEVELS_MAX, Plan, ScalarShape, WINDOW_MAX, best_window,
};
pub use subsets::{SUBSETS_MAX, Subsets};
