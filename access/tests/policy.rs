//! What the default rules come to, for everybody and everything; and rules that are none.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use pulseproof_access::cases::{Case, columns, table};
use pulseproof_access::{Action, Caller, DEFAULT, Policy, PolicyError, Regions, Resource};
use pulseproof_sdk::Name;
use pulseproof_sdk::access::Role;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Written by hand: a change of the rules is seen here, or it is none.
const EXPECTED: &str = "
see-status                               nobody gateway operator auditor clinician
see-lookups                              nobody gateway operator auditor clinician
see-metrics                              operator auditor
see-audit
see-profiles                             gateway operator auditor clinician
put-profile                              operator
see-keys                                 gateway operator auditor clinician
manage-keys                              operator
see-circuits                             gateway operator auditor clinician
manage-circuits                          operator
put-result                               gateway operator
remove-result                            operator
upload-witness                           gateway
see-uploads                              gateway operator auditor
remove-upload                            operator
list-jobs                                gateway operator auditor clinician
manage-region, in its region             operator
manage-region, in another
submit, in its region                    gateway
submit, in another
sum, in its region                       gateway
sum, in another
compute, in its region                   gateway clinician
compute, in another
prove                                    gateway
see-job, its own                         gateway operator auditor clinician
see-job, another's of its region         gateway operator auditor clinician
see-job, another's of another region
see-job, another's proof
fetch-result, its own                    gateway operator auditor clinician
fetch-result, another's of its region    gateway auditor clinician
fetch-result, another's of another region
fetch-result, another's proof
cancel-job, its own                      gateway operator auditor clinician
cancel-job, another's of its region      operator
cancel-job, another's of another region
cancel-job, another's proof
forget-job, its own                      gateway operator auditor clinician
forget-job, another's of its region      operator
forget-job, another's of another region
forget-job, another's proof
";

#[test]
fn the_default_rules_come_to_what_is_written_here() {
    let names: BTreeSet<_> = columns().into_iter().collect();
    let expected: Vec<(String, Vec<String>)> = EXPECTED
        .trim()
        .lines()
        .map(|line| {
            let mut words: Vec<_> = line.split_whitespace().collect();
            let who: Vec<_> = {
                let from = words.iter().position(|word| names.contains(word));
                words.split_off(from.unwrap_or(words.len()))
            };
            (words.join(" "), who.into_iter().map(str::to_owned).collect())
        })
        .collect();
    let policy = Policy::read(DEFAULT).unwrap();
    let got: Vec<(String, Vec<String>)> = table(&policy)
        .into_iter()
        .map(|(what, may)| {
            let who = columns().into_iter().zip(may).filter(|(_, may)| *may);
            (what, who.map(|(who, _)| who.to_owned()).collect())
        })
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn regions_are_those_of_the_token() {
    let policy = Policy::read(DEFAULT).unwrap();
    let (north, south) = (name("north"), name("south"));
    let gateway = |regions| Caller { name: "g".into(), role: Some(Role::Gateway), regions };
    let of_north = gateway(Regions::These([north.clone()].into()));
    let of_none = gateway(Regions::These(BTreeSet::new()));
    let of_all = gateway(Regions::All);
    let submits = |who, region| policy.permits(who, Action::Submit, Resource::Region(region));
    assert!(submits(&of_north, &north) && !submits(&of_north, &south));
    assert!(submits(&of_all, &north) && submits(&of_all, &south));
    assert!(!submits(&of_none, &north));
    // An operator or auditor of one region is none of another, and of all of them of everything.
    let proof = Resource::Job { id: "2", owner: "another", regions: &[] };
    for (role, action) in
        [(Role::Operator, Action::CancelJob), (Role::Auditor, Action::FetchResult)]
    {
        let of = |regions| Caller { name: "x".into(), role: Some(role), regions };
        let one = [north.clone()];
        let job = Resource::Job { id: "1", owner: "another", regions: &one };
        let (here, there) =
            (of(Regions::These(one.clone().into())), of(Regions::These([south.clone()].into())));
        assert!(policy.permits(&here, action, job) && !policy.permits(&there, action, job));
        assert!(!policy.permits(&here, action, proof));
        let all = of(Regions::All);
        assert!(policy.permits(&all, action, job) && policy.permits(&all, action, proof));
        // The log is of all regions.
        let sees_log = |who| policy.permits(who, Action::SeeAudit, Resource::Appliance);
        assert!(sees_log(&all) && !sees_log(&here));
    }
    // A job on two regions is seen by those of both.
    let both = [north, south];
    let job = Resource::Job { id: "1", owner: "another", regions: &both };
    let fetches = |who| policy.permits(who, Action::FetchResult, job);
    assert!(fetches(&of_all) && !fetches(&of_north) && !fetches(&of_none));
}

#[test]
fn no_rule_lets_nobody_at_jobs() {
    let policy = Policy::read("permit (principal, action, resource);").unwrap();
    let (nobody, north) = (Caller::nobody("x"), name("north"));
    let job = Resource::Job { id: "1", owner: "x", regions: &[] };
    for (action, of) in [
        (Action::ListJobs, Resource::Appliance),
        (Action::SeeJob, job),
        (Action::FetchResult, job),
        (Action::CancelJob, job),
        (Action::Sum, Resource::Region(&north)),
        (Action::Compute, Resource::Region(&north)),
        (Action::Prove, Resource::Circuit(&north)),
    ] {
        assert!(!policy.permits(&nobody, action, of), "{action}");
        let somebody = Caller { role: Some(Role::Auditor), ..nobody.clone() };
        assert!(policy.permits(&somebody, action, of), "{action}");
    }
    assert!(policy.permits(&nobody, Action::SeeMetrics, Resource::Appliance));
}

#[test]
fn rules_that_are_none_are_refused() {
    for (text, expected) in [
        ("", "there are none"),
        ("permit", "unexpected end"),
        ("permit (principal, action == Action::\"fly\", resource);", "fly"),
        ("permit (principal, action, resource) when { principal.rank == \"operator\" };", "rank"),
        ("permit (principal is Person, action, resource);", "Person"),
    ] {
        let error = Policy::read(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
        assert_eq!(matches!(error, PolicyError::Empty), text.is_empty());
    }
}

#[test]
fn cases_tell_which_rules_are_meant() {
    let policy = Policy::read(DEFAULT).unwrap();
    let case = |json: &str| serde_json::from_str::<Case>(json).unwrap().holds(&policy);
    assert_eq!(case(r#"{"permitted":true,"action":"see-status"}"#), Ok(true));
    assert_eq!(case(r#"{"permitted":true,"action":"see-metrics"}"#), Ok(false));
    let submit = r#""role":"gateway","regions":["north"],"action":"submit""#;
    assert_eq!(case(&format!(r#"{{"permitted":true,{submit},"on":"north"}}"#)), Ok(true));
    assert_eq!(case(&format!(r#"{{"permitted":false,{submit},"on":"south"}}"#)), Ok(true));
    assert_eq!(case(&format!(r#"{{"permitted":true,{submit},"on":"south"}}"#)), Ok(false));
    assert!(case(&format!(r#"{{"permitted":true,{submit}}}"#)).unwrap_err().contains("region"));
    assert!(case(r#"{"permitted":true,"action":"fly"}"#).unwrap_err().contains("fly"));
    let job = r#""role":"gateway","regions":["north"],"action":"fetch-result""#;
    assert_eq!(case(&format!(r#"{{"permitted":true,{job},"job_of":["north"]}}"#)), Ok(true));
    assert_eq!(
        case(&format!(r#"{{"permitted":false,{job},"job_of":["north","south"]}}"#)),
        Ok(true)
    );
    assert_eq!(case(&format!(r#"{{"permitted":true,{job},"own":true}}"#)), Ok(true));
}
