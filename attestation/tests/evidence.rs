//! Evidence and collateral in JSON: what is read, and what is refused before it is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use pulseproof_attestation::{
    BadEvidence, Binding, COLLATERAL_LIMIT, Collateral, Evidence, Kind, REPORT_LIMIT,
};

fn binding() -> Binding {
    Binding::new([1; 32], [2; 32])
}

fn json(evidence: &Evidence) -> String {
    serde_json::to_string(evidence).unwrap()
}

/// The format is frozen.
#[test]
fn evidence_is_written_in_one_way() {
    let (key, nonce) = ("01".repeat(32), "02".repeat(32));
    let of = format!(r#""key":"{key}","nonce":"{nonce}""#);
    let none = Evidence::none(binding());
    assert_eq!(json(&none), format!(r#"{{"kind":"none",{of}}}"#));
    let quote = Evidence::new(Kind::Tdx, binding(), vec![1, 2, 3, 4], Vec::new()).unwrap();
    assert_eq!(json(&quote), format!(r#"{{"kind":"tdx",{of},"report":"AQIDBA=="}}"#));
    let report = Evidence::new(Kind::SevSnp, binding(), vec![1], vec![2]).unwrap();
    let expected = format!(r#"{{"kind":"sev-snp",{of},"report":"AQ==","certificates":"Ag=="}}"#);
    assert_eq!(json(&report), expected);
    for evidence in [none, quote, report] {
        assert_eq!(Evidence::from_json(json(&evidence).as_bytes()).unwrap(), evidence);
    }
}

#[test]
fn evidence_in_another_way_is_refused() {
    let good = json(&Evidence::new(Kind::SevSnp, binding(), vec![1], vec![2]).unwrap());
    for (text, other) in [
        ("sev-snp", "sgx"),
        ("sev-snp", "SEV-SNP"),
        ("sev-snp", "none"),
        ("0101", "01"),
        ("0101", "010101"),
        ("0101", "0A01"),
        ("0101", "0g01"),
        ("\"AQ==\"", "\"AQ\""),
        ("\"AQ==\"", "\"AQ=\""),
        // Bits that mean nothing.
        ("\"AQ==\"", "\"AR==\""),
        ("\"AQ==\"", "\" AQ==\""),
        ("\"AQ==\"", "\"AQ==\\n\""),
        ("\"AQ==\"", "\"\""),
        ("\"AQ==\"", "null"),
        ("\"Ag==\"", "\"\""),
        ("\"Ag==\"", "null"),
        ("\"AQ==\"", "[1]"),
        ("\"report\":\"AQ==\",", ""),
        ("\"kind\":\"sev-snp\",", ""),
        ("\"kind\"", "\"provider\":\"sev_guest\",\"kind\""),
        ("\"kind\"", "\"kind\":\"sev-snp\",\"kind\""),
        ("\"report\"", "\"report\":\"AQ==\",\"report\""),
        ("}", "} {}"),
        ("}", ""),
    ] {
        let wrong = good.replacen(text, other, 1);
        assert_ne!(wrong, good);
        assert!(Evidence::from_json(wrong.as_bytes()).is_err(), "{wrong}");
    }
    // A list of the same values.
    let list = serde_json::from_str::<serde_json::Map<_, _>>(&good).unwrap();
    let list = serde_json::Value::Array(list.into_iter().map(|(_, value)| value).collect());
    assert!(Evidence::from_json(list.to_string().as_bytes()).is_err());
    // White space between things means nothing, and people put it there.
    let spaced = good.replace(",", " ,\n ");
    assert_eq!(json(&Evidence::from_json(spaced.as_bytes()).unwrap()), good);
}

#[test]
fn parts_that_a_kind_does_not_have_are_refused() {
    let good = json(&Evidence::none(binding()));
    for extra in [r#","report":"AQ==""#, r#","certificates":"AQ==""#] {
        let wrong = good.replace('}', &format!("{extra}}}"));
        assert!(Evidence::from_json(wrong.as_bytes()).is_err(), "{wrong}");
    }
    for (kind, report, certificates) in
        [(Kind::None, vec![1], vec![]), (Kind::Tdx, vec![], vec![]), (Kind::Tdx, vec![1], vec![1])]
    {
        let made = Evidence::new(kind, binding(), report, certificates);
        assert!(matches!(made, Err(BadEvidence::Parts(_))));
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let longest = [vec![1; REPORT_LIMIT], vec![2; COLLATERAL_LIMIT]];
    let [report, certificates] = longest.clone();
    let evidence = Evidence::new(Kind::SevSnp, binding(), report, certificates).unwrap();
    assert_eq!(Evidence::from_json(json(&evidence).as_bytes()).unwrap(), evidence);
    for at in 0..2 {
        let mut longer = longest.clone();
        longer[at].push(3);
        let [report, certificates] = longer;
        let made = Evidence::new(Kind::SevSnp, binding(), report, certificates);
        assert!(matches!(made, Err(BadEvidence::Size(..))));
    }
    // Of the same length in base64 as what is just short enough, and one group longer.
    let text = json(&evidence);
    let report = REPORT_LIMIT / 3 * 4;
    for (len, read) in [(REPORT_LIMIT, true), (REPORT_LIMIT + 1, false), (REPORT_LIMIT + 3, false)]
    {
        let base64 = base64_of_ones(len);
        assert!(base64.len() >= report);
        let other = text.replace(&base64_of_ones(REPORT_LIMIT), &base64);
        assert_eq!(Evidence::from_json(other.as_bytes()).is_ok(), read, "{len}");
    }
    let endless = vec![b' '; 1 << 20];
    assert!(matches!(Evidence::from_json(&endless), Err(BadEvidence::TooLong(_))));
}

fn base64_of_ones(len: usize) -> String {
    let tail = ["", "AQ==", "AQE="][len % 3];
    format!("{}{tail}", "AQEB".repeat(len / 3))
}

#[test]
fn collateral_is_read_within_limits() {
    let intel = include_bytes!("vectors/tdx/tdx_quote_collateral.json");
    let text = std::str::from_utf8(intel).unwrap();
    let both = format!(r#"{{"sev-snp": ["AQ=="], "tdx": {text}}}"#);
    assert!(Collateral::from_json(both.as_bytes()).is_ok());
    assert!(Collateral::from_json(b"{}").is_ok());
    assert!(Collateral::none().with_tdx(intel).is_ok());
    for wrong in [r#"{"sev_snp": []}"#, r#"{"sev-snp": [""]}"#, r#"{"tdx": {}}"#, "[]"] {
        assert!(Collateral::from_json(wrong.as_bytes()).is_err(), "{wrong}");
    }
    let spaces = " ".repeat(COLLATERAL_LIMIT);
    assert!(Collateral::from_json(format!("{{}}{spaces}").as_bytes()).is_err());
    assert!(Collateral::none().with_tdx(format!("{text}{spaces}").as_bytes()).is_err());
    assert!(Collateral::none().with_sev_snp(&[1; 16 << 10]).is_ok());
    assert!(Collateral::none().with_sev_snp(&[1; (16 << 10) + 1]).is_err());
}
