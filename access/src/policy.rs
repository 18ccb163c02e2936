//! Rules, read and asked.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression as Value, Schema, ValidationMode, Validator,
};

use crate::{Action, Caller, Regions, Resource};

/// The rules that an appliance has unless its operator gives it others.
pub const DEFAULT: &str = include_str!("../policies/default.cedar");
const SCHEMA: &str = include_str!("../policies/appliance.cedarschema");

/// Rules.
pub struct Policy {
    rules: PolicySet,
    authorizer: Authorizer,
    types: Types,
}

/// Why there are no rules.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not Cedar.
    #[error("rules: {0}")]
    Syntax(String),
    /// Rules on what there is not.
    #[error("rules: {0}")]
    Invalid(String),
    /// No rules at all: nobody could do anything.
    #[error("rules: there are none, and what no rule permits is refused")]
    Empty,
}

/// The kinds of things that rules speak of.
struct Types {
    client: EntityTypeName,
    action: EntityTypeName,
    appliance: EntityTypeName,
    region: EntityTypeName,
    circuit: EntityTypeName,
    job: EntityTypeName,
}

impl Types {
    fn new() -> Result<Self, PolicyError> {
        let named = |name| EntityTypeName::from_str(name).map_err(syntax);
        Ok(Self {
            client: named("Client")?,
            action: named("Action")?,
            appliance: named("Appliance")?,
            region: named("Region")?,
            circuit: named("Circuit")?,
            job: named("Job")?,
        })
    }
}

fn syntax(error: impl fmt::Display) -> PolicyError {
    PolicyError::Syntax(error.to_string())
}

impl Policy {
    /// Reads rules, and refuses those that speak of what there is not.
    ///
    /// # Errors
    /// See [`PolicyError`].
    pub fn read(text: &str) -> Result<Self, PolicyError> {
        let rules = PolicySet::from_str(text).map_err(|error| {
            PolicyError::Syntax(
                error.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            )
        })?;
        if rules.is_empty() {
            return Err(PolicyError::Empty);
        }
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(syntax)?;
        let checked = Validator::new(schema).validate(&rules, ValidationMode::Strict);
        if !checked.validation_passed() {
            let reasons: Vec<_> = checked.validation_errors().map(ToString::to_string).collect();
            return Err(PolicyError::Invalid(reasons.join("; ")));
        }
        Ok(Self { rules, authorizer: Authorizer::new(), types: Types::new()? })
    }

    /// Whether somebody may do something.
    #[must_use]
    pub fn permits(&self, caller: &Caller, action: Action, of: Resource<'_>) -> bool {
        let is_known = caller.role.is_some() || !action.needs_token();
        is_known && self.ask(caller, action, of) == Some(Decision::Allow)
    }

    /// Nothing, if the question cannot be put, which counts as no.
    fn ask(&self, caller: &Caller, action: Action, of: Resource<'_>) -> Option<Decision> {
        let Types { client, action: actions, .. } = &self.types;
        let who = uid(client, &caller.name);
        let (what, attributes) = self.describe(of);
        let entities = [
            Entity::new(who.clone(), described(caller), HashSet::new()).ok()?,
            Entity::new(what.clone(), attributes, HashSet::new()).ok()?,
        ];
        let entities = Entities::from_entities(entities, None).ok()?;
        let action = uid(actions, action.name());
        let request = Request::new(who, action, what, Context::empty(), None).ok()?;
        let answer = self.authorizer.is_authorized(&request, &self.rules, &entities);
        Some(answer.decision())
    }

    fn describe(&self, resource: Resource<'_>) -> (EntityUid, HashMap<String, Value>) {
        let Types { appliance, region, circuit, job, .. } = &self.types;
        let named = |name: &str| [("name".to_owned(), text(name))].into();
        match resource {
            Resource::Appliance => (uid(appliance, "this"), HashMap::new()),
            Resource::Region(name) => (uid(region, name.as_str()), named(name.as_str())),
            Resource::Circuit(name) => (uid(circuit, name.as_str()), named(name.as_str())),
            Resource::Job { id, owner, regions } => {
                let regions = Value::new_set(regions.iter().map(|region| text(region.as_str())));
                let owner = ("owner".to_owned(), text(owner));
                (uid(job, id), [owner, ("regions".to_owned(), regions)].into())
            }
        }
    }
}

fn described(caller: &Caller) -> HashMap<String, Value> {
    let (everywhere, regions) = match &caller.regions {
        Regions::All => (true, Value::new_set([])),
        Regions::These(these) => {
            (false, Value::new_set(these.iter().map(|region| text(region.as_str()))))
        }
    };
    [
        ("name".to_owned(), text(&caller.name)),
        ("role".to_owned(), text(caller.role_name())),
        ("everywhere".to_owned(), Value::new_bool(everywhere)),
        ("regions".to_owned(), regions),
    ]
    .into()
}

fn uid(of: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
}

fn text(text: &str) -> Value {
    Value::new_string(text.to_owned())
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy({} rules)", self.rules.policies().count())
    }
}
