//! How long a quote is, and whether it is written in the one way that it can be: a verifier of signatures skips padding,
//! lengths that contain others, and certificates that it does not need.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dcap_qvl::intel::extract_cert_chain;
use dcap_qvl::quote::{AuthData, Quote};

use crate::refused::Refused;

/// The header of a quote, and the body of version 4.
const HEADER: usize = 48;
const BODY: usize = 584;
/// Version 5 says of its body what it is, in two bytes, and how long, in four.
const BODY_TYPE: usize = 2;
/// Before its certification data an authentication has a signature and a key, and a type and a length of that.
const SIGNATURE_AND_KEY: usize = 128;
const TYPE_AND_LENGTH: usize = 6;
/// What a quoting enclave certifies with: its report, the platform's signature on it, and the length of its own data.
const ENCLAVE_REPORT: usize = 384 + 64 + 2;
/// A quoting enclave's report.
const REPORT_TYPE: u16 = 6;

/// Cuts off the zeros that a host fills its buffer with, behind the length that the quote has by its own account.
pub(crate) fn without_padding(quote: &mut Vec<u8>) {
    if let Some(len) = len(quote)
        && quote.get(len..).is_some_and(|padding| padding.iter().all(|byte| *byte == 0))
    {
        quote.truncate(len);
    }
}

/// The length that a quote has by its own account.
fn len(quote: &[u8]) -> Option<usize> {
    let number = |at: usize| -> Option<usize> {
        let bytes = quote.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let signed = match quote.get(..2)? {
        [4, 0] => HEADER + BODY,
        [5, 0] => (HEADER + BODY_TYPE + 4).checked_add(number(HEADER + BODY_TYPE)?)?,
        _ => return None,
    };
    signed.checked_add(4)?.checked_add(number(signed)?)
}

/// Whether a quote is written in the one way: nothing behind it or between its parts, and no certificate that is not
/// needed and could be another.
pub(super) fn canonical(bytes: &[u8], root: &[u8]) -> Result<(), Refused> {
    let wrong = |why: &str| Refused::Report(why.to_owned());
    let quote = Quote::parse(bytes).map_err(|error| Refused::Report(format!("{error:#}")))?;
    let AuthData::V4(auth) = &quote.auth_data else {
        return Err(wrong("it is no quote of a trust domain"));
    };
    let inner = &auth.qe_report_data.certification_data;
    if auth.certification_data.cert_type != REPORT_TYPE {
        return Err(wrong("it does not have its quoting enclave's report"));
    }
    let enclave = auth.qe_report_data.qe_auth_data.data.len();
    let report = ENCLAVE_REPORT + enclave + TYPE_AND_LENGTH + inner.body.data.len();
    let authentication = SIGNATURE_AND_KEY + TYPE_AND_LENGTH + report;
    let whole = quote.signed_length() + 4 + authentication;
    // Lengths inside are not compared: each holds what is in it, and what it holds besides makes the whole longer.
    if bytes.len() != whole {
        return Err(wrong("there is something behind it, or between its parts"));
    }
    let chain = extract_cert_chain(&quote).map_err(|error| Refused::Report(error.to_string()))?;
    if chain.last().map(Vec::as_slice) != Some(root) || chain.len() != 3 {
        return Err(wrong("its certificates do not go from its platform's to Intel's root"));
    }
    // Some have a zero behind the last line, as C does.
    let text = inner.body.data.strip_suffix(&[0]).unwrap_or(&inner.body.data);
    if text != pem(&chain).as_bytes() {
        return Err(wrong("its certificates are not written in the one way that PEM has"));
    }
    Ok(())
}

/// Certificates in PEM, as Intel writes them.
fn pem(chain: &[Vec<u8>]) -> String {
    let mut text = String::new();
    for certificate in chain {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut rest = &STANDARD.encode(certificate)[..];
        while !rest.is_empty() {
            let (line, next) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = next;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}
