//! What rules come to, and what they should: cases that people write beside their rules, and a table of everything.

use std::collections::BTreeSet;

use pulseproof_sdk::Name;
use pulseproof_sdk::access::Role;
use serde::{Deserialize, Serialize};

use crate::{Action, Caller, Kind, Policy, Regions, Resource};

/// Somebody who tries something, and what should come of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Whether it should be permitted.
    pub permitted: bool,
    /// What somebody is; without, somebody who showed no token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The regions that the token is for; without, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<BTreeSet<Name>>,
    /// What is tried.
    pub action: String,
    /// On which region or circuit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Name>,
    /// On a job of these regions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub job_of: Vec<Name>,
    /// On a job that the same token asked for.
    #[serde(default)]
    pub own: bool,
}

/// Who tries in cases.
const CALLER: &str = "token 0123456789abcdef";
/// Who asked for others' jobs.
const ANOTHER: &str = "token fedcba9876543210";

impl Case {
    /// Whether the rules come to what they should.
    ///
    /// # Errors
    /// The case names no action, or not what it acts on.
    pub fn holds(&self, policy: &Policy) -> Result<bool, String> {
        let action: Action = self.action.parse()?;
        let missing = |what| format!("{action} is done to a {what}: say which one with \"on\"");
        let resource = match (action.kind(), &self.on) {
            (Kind::Appliance, _) => Resource::Appliance,
            (Kind::Region, Some(on)) => Resource::Region(on),
            (Kind::Circuit, Some(on)) => Resource::Circuit(on),
            (Kind::Region, None) => return Err(missing("region")),
            (Kind::Circuit, None) => return Err(missing("circuit")),
            (Kind::Job, _) => {
                let owner = if self.own { CALLER } else { ANOTHER };
                Resource::Job { id: "job", owner, regions: &self.job_of }
            }
        };
        let regions = match (&self.regions, self.role) {
            (_, None) => Regions::These(BTreeSet::new()),
            (None, Some(_)) => Regions::All,
            (Some(these), Some(_)) => Regions::These(these.clone()),
        };
        let caller = Caller { name: CALLER.to_owned(), role: self.role, regions };
        Ok(policy.permits(&caller, action, resource) == self.permitted)
    }
}

/// What everybody may do: a row for each action, and whether each of [`columns`] may.
#[must_use]
pub fn table(policy: &Policy) -> Vec<(String, Vec<bool>)> {
    let (here, there) = (name("here"), name("there"));
    let mut rows = Vec::new();
    for &action in Action::ALL {
        let (of_here, of_there) = ([here.clone()], [there.clone()]);
        let job = |owner, regions| Resource::Job { id: "job", owner, regions };
        let resources: Vec<(&str, Resource<'_>)> = match action.kind() {
            Kind::Appliance => vec![("", Resource::Appliance)],
            Kind::Circuit => vec![("", Resource::Circuit(&here))],
            Kind::Region => vec![
                (", in its region", Resource::Region(&here)),
                (", in another", Resource::Region(&there)),
            ],
            Kind::Job => vec![
                (", its own", job(CALLER, &[])),
                (", another's of its region", job(ANOTHER, &of_here)),
                (", another's of another region", job(ANOTHER, &of_there)),
                (", another's proof", job(ANOTHER, &[])),
            ],
        };
        for (which, resource) in resources {
            let may = |role: Option<Role>| {
                let regions = Regions::These(role.map(|_| here.clone()).into_iter().collect());
                let caller = Caller { name: CALLER.to_owned(), role, regions };
                policy.permits(&caller, action, resource)
            };
            let row = std::iter::once(None).chain(Role::ALL.map(Some)).map(may).collect();
            rows.push((format!("{action}{which}"), row));
        }
    }
    rows
}

/// Who the columns of [`table`] are.
#[must_use]
pub fn columns() -> Vec<&'static str> {
    std::iter::once("nobody").chain(Role::ALL.map(Role::name)).collect()
}

fn name(text: &str) -> Name {
    // Both are.
    text.parse().unwrap_or_else(|_| unreachable!("{text} is a name"))
}
