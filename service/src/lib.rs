//! What every HTTP service of ours has: the appliance's, the cloud's and the authority's.
//!
//! - [`doors`]: connections, their limits, TLS, and the names that are answered to. [`running`]: start and stop.
//! - [`answer`]: problems as answers. [`client`]: whose a request is. [`rate`]: how often an address may ask.
//! - [`body`]: bodies within limits of length, time and rate. [`budget`]: how many bytes of them at a time.
//! - [`gate`]: how many requests are at work at a time, client by client in turn.
//!
//! Knows no route, no store and no job.

pub mod answer;
pub mod body;
pub mod budget;
pub mod client;
pub mod doors;
pub mod gate;
pub mod rate;
pub mod running;

pub use answer::{ProblemKind, Refusal, blocking, internal};
pub use client::Client;
pub use doors::{Doors, serve_routes};
pub use gate::Gate;
pub use rate::Rate;
pub use running::{Boxed, Running};
