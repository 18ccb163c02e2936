//! Entries of the log as FHIR AuditEvents, R4 (<https://hl7.org/fhir/R4/auditevent.html>).

use jiff::Timestamp;
use pulseproof_sdk::audit::AuditEntry;
use pulseproof_store::audit::APPLIANCE;
use serde_json::{Map, Value, json};

/// Codes of DICOM's audit events.
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
/// Codes of what goes over HTTP.
const EVENTS: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
/// What an entry is in FHIR's terms: the type's system, code and display, and the action.
type Kind = (&'static str, &'static str, &'static str, &'static str);

/// An entry as an AuditEvent.
///
/// # Errors
/// The entry's act is no object.
pub fn event(entry: &AuditEntry) -> serde_json::Result<Value> {
    let mut act: Map<String, Value> = serde_json::from_str(entry.act.get())?;
    let what = act.remove("what").unwrap_or_default();
    let what = what.as_str().unwrap_or_default();
    let (system, code, display, action) = kind(what);
    let recorded = i64::try_from(entry.at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    let failed = what == "refused" || act.get("state") == Some(&json!("failed"));
    let detail = |(name, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        json!({ "type": name, "valueString": value })
    };
    let mut details: Vec<_> = act.iter().map(detail).collect();
    details.push(json!({ "type": "hash", "valueString": entry.hash }));
    Ok(json!({
        "resourceType": "AuditEvent",
        "id": format!("pulseproof-{}", entry.position),
        "type": { "system": system, "code": code, "display": display },
        "subtype": [{ "system": "urn:pulseproof:audit", "code": what }],
        "action": action,
        "recorded": recorded.unwrap_or_default().to_string(),
        // 4: a minor failure.
        "outcome": if failed { "4" } else { "0" },
        "agent": [{
            "who": { "identifier": { "system": "urn:pulseproof:caller", "value": entry.who } },
            "requestor": entry.who != APPLIANCE,
        }],
        "source": {
            "observer": { "display": "Pulseproof appliance" },
            "type": [{
                "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
                "code": "4",
                "display": "Application Server",
            }],
        },
        "entity": [{
            "what": { "identifier": { "system": "urn:pulseproof:audit-entry", "value": entry.position.to_string() } },
            "detail": details,
        }],
    }))
}

fn kind(what: &str) -> Kind {
    match what {
        "started" => (DICOM, "110120", "Application Start", "E"),
        "stopped" => (DICOM, "110121", "Application Stop", "E"),
        "token-created" => (DICOM, "110137", "User Security Attributes Changed", "C"),
        "token-revoked" => (DICOM, "110137", "User Security Attributes Changed", "D"),
        "refused" => (DICOM, "110113", "Security Alert", "E"),
        "submissions-accepted" | "restored" => (DICOM, "110107", "Import", "C"),
        "result-fetched" | "copy-taken" => (DICOM, "110106", "Export", "R"),
        "job-queued" | "job-ended" => (EVENTS, "rest", "RESTful Operation", "E"),
        gone if gone.ends_with("-removed") || gone.ends_with("-forgotten") => {
            (EVENTS, "rest", "RESTful Operation", "D")
        }
        _ => (EVENTS, "rest", "RESTful Operation", "C"),
    }
}

#[cfg(test)]
mod tests {
    use pulseproof_sdk::Digest;
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn what_is_gone_was_deleted() {
        for (what, action) in [
            ("circuit-added", "C"),
            ("circuit-removed", "D"),
            ("job-forgotten", "D"),
            ("jobs-forgotten", "D"),
            ("token-revoked", "D"),
            ("result-fetched", "R"),
            ("job-ended", "E"),
            ("refused", "E"),
        ] {
            assert_eq!(kind(what).3, action, "{what}");
        }
    }

    #[test]
    fn an_entry_says_the_same_in_fhir() {
        let act = r#"{"what":"job-ended","job":"ab","state":"failed","problem":"internal"}"#;
        let entry = AuditEntry {
            position: 7,
            at: 1_796_000_000_123,
            who: "appliance".to_owned(),
            act: RawValue::from_string(act.to_owned()).unwrap(),
            hash: Digest([1; 32]),
            signature: None,
        };
        let event = event(&entry).unwrap();
        let at = |pointer: &str| event.pointer(pointer).unwrap().clone();
        assert_eq!(at("/recorded"), "2026-11-30T00:53:20.123Z");
        assert_eq!((at("/outcome"), at("/action")), (json!("4"), json!("E")));
        assert_eq!(at("/subtype/0/code"), "job-ended");
        assert_eq!(at("/agent/0/requestor"), false);
        let details = at("/entity/0/detail");
        assert!(
            details.as_array().unwrap().contains(&json!({ "type": "job", "valueString": "ab" }))
        );
        assert_eq!(details.as_array().unwrap().len(), 4);
    }
}
