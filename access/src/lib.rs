//! Who may do what to an appliance: rules in Cedar that people can read, change and test.
//!
//! - [`Caller`]: who asks. [`Action`]: what for. [`Resource`]: of what.
//! - [`Policy`]: the rules; those that are used unless an operator has others are in `policies/default.cedar`, and what
//!   any rules may speak of is in `policies/appliance.cedarschema`.
//! - [`cases`]: what rules come to, and what they should.
//!
//! Knows no HTTP and no store. What no rule permits is refused; a rule that fails permits nothing.

mod actions;
pub mod cases;
mod policy;

use std::collections::BTreeSet;

use pulseproof_sdk::Name;
use pulseproof_sdk::access::Role;

pub use actions::{Action, Kind};
pub use policy::{DEFAULT, Policy, PolicyError};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// How jobs say whose they are; nobody else has the same.
    pub name: String,
    /// What it is to the appliance; nothing, if it showed no token.
    pub role: Option<Role>,
    /// Of which regions.
    pub regions: Regions,
}

/// The regions that somebody's token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Regions {
    /// All of them, also those to come.
    All,
    /// These.
    These(BTreeSet<Name>),
}

/// What is acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The appliance.
    Appliance,
    /// A region.
    Region(&'a Name),
    /// A circuit.
    Circuit(&'a Name),
    /// A job.
    Job {
        /// Its id.
        id: &'a str,
        /// Who asked for it; of jobs of earlier versions nobody knows.
        owner: &'a str,
        /// The regions whose readings are in it.
        regions: &'a [Name],
    },
}

impl Caller {
    /// Somebody who showed no token.
    #[must_use]
    pub fn nobody(name: impl Into<String>) -> Self {
        Self { name: name.into(), role: None, regions: Regions::These(BTreeSet::new()) }
    }

    /// What it is to the appliance, as rules say it.
    #[must_use]
    pub fn role_name(&self) -> &'static str {
        self.role.map_or("nobody", Role::name)
    }
}
