//! What every HTTP service of ours has: the appliance's, the cloud's and the authority's.
//!
//! - [`answer`]: problems as answers. [`body`]: bodies within limits of length and time.
//! - [`gate`]: how many requests at a time. [`rate`]: how often an address may ask.
//! - [`running`]: start and stop.
//!
//! Knows no route, no store and no job.

pub mod answer;
pub mod body;
pub mod gate;
pub mod rate;
pub mod running;

pub use answer::{Refusal, blocking, internal};
pub use gate::Gate;
pub use rate::Rate;
pub use running::{Boxed, Running, serve_routes};
