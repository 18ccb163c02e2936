//! AMD's certificates: from a root that is built in (ARK) over an authority (ASK, or ASVK for loaded keys) to the key that
//! signs reports (VCEK or VLEK).

use ring::signature::{ECDSA_P384_SHA384_FIXED, RSA_PSS_2048_8192_SHA384, UnparsedPublicKey};
use x509_cert::Certificate as Parsed;
use x509_cert::der::asn1::Ia5StringRef;
use x509_cert::der::{Decode, Encode};

use crate::bytes::Hex;
use crate::refused::Refused;
use crate::sev::Endorsement;
use crate::sev::report::{Report, Signer};
use crate::sev::tcb::{Processor, Tcb};

/// The keys of a kind of processor, in DER: its root, and its authority of chips' keys.
pub(crate) struct Line {
    pub(crate) processor: Processor,
    pub(crate) root: &'static [u8],
    pub(crate) authority: &'static [u8],
}

/// AMD's.
pub(crate) const LINES: [Line; 3] = [
    Line {
        processor: Processor::Milan,
        root: include_bytes!("roots/milan-ark.der"),
        authority: include_bytes!("roots/milan-ask.der"),
    },
    Line {
        processor: Processor::Genoa,
        root: include_bytes!("roots/genoa-ark.der"),
        authority: include_bytes!("roots/genoa-ask.der"),
    },
    Line {
        processor: Processor::Turin,
        root: include_bytes!("roots/turin-ark.der"),
        authority: include_bytes!("roots/turin-ask.der"),
    },
];

/// AMD's extensions, 1.3.6.1.4.1.3704.1 and these.
const FMC: &str = "1.3.6.1.4.1.3704.1.3.9";
const BOOTLOADER: &str = "1.3.6.1.4.1.3704.1.3.1";
const TEE: &str = "1.3.6.1.4.1.3704.1.3.2";
const SNP: &str = "1.3.6.1.4.1.3704.1.3.3";
const MICROCODE: &str = "1.3.6.1.4.1.3704.1.3.8";
const CHIP_ID: &str = "1.3.6.1.4.1.3704.1.4";
const CLOUD: &str = "1.3.6.1.4.1.3704.1.5";

/// From a root to the key that signed a report; not verified before [`Chain::verify`].
pub(super) struct Chain {
    processor: Processor,
    root: Certificate,
    authority: Certificate,
    key: Certificate,
}

struct Certificate {
    of: &'static str,
    parsed: Parsed,
}

impl Chain {
    /// Finds, among certificates that somebody sent, that of the report's key, and by its issuer the rest.
    pub(super) fn build(
        lines: &[Line],
        report: &Report<'_>,
        certificates: &[&[u8]],
    ) -> Result<Self, Refused> {
        let name = match report.signer()? {
            Signer::Chip => "SEV-VCEK",
            Signer::Loaded => "SEV-VLEK",
        };
        let mut key = None;
        let mut others = Vec::new();
        for der in certificates {
            let certificate = Certificate::read("the key", der)?;
            if certificate.name().as_deref() == Some(name) {
                key = Some(certificate);
            } else {
                others.push(Certificate { of: "the authority", ..certificate });
            }
        }
        let key = key.ok_or_else(|| Refused::NoCertificate(report.certificate_at()))?;
        for line in lines {
            let root = Certificate::read("the root", line.root)?;
            others.push(Certificate::read("the authority", line.authority)?);
            let issued = |one: &Certificate| key.names(one) && one.names(&root);
            if let Some(at) = others.iter().position(issued) {
                let authority = others.swap_remove(at);
                return Ok(Self { processor: line.processor, root, authority, key });
            }
        }
        Err(key.refused("its issuer is no authority of AMD's that is known"))
    }

    /// Whether each is signed by the one before, and valid at a time.
    pub(super) fn verify(&self, now: u64) -> Result<(), Refused> {
        for certificate in [&self.root, &self.authority, &self.key] {
            certificate.valid(now)?;
        }
        self.authority.signed_by(&self.root)?;
        self.key.signed_by(&self.authority)
    }

    pub(super) fn processor(&self) -> Processor {
        self.processor
    }

    /// Whether the certificate is of the chip and the firmware of the report.
    pub(super) fn matches(&self, report: &Report<'_>) -> Result<Endorsement, Refused> {
        if !report.is_of(self.processor) {
            return Err(Refused::OtherProcessor { certificate: self.processor });
        }
        let endorsement = match report.signer()? {
            Signer::Chip => self.chip(report.chip_id())?,
            Signer::Loaded => Endorsement::Loaded(self.key.text(CLOUD)?),
        };
        let (certificate, report) = (self.tcb()?, report.reported_tcb(self.processor));
        if certificate != report {
            return Err(Refused::CertifiedTcb { certificate, report });
        }
        Ok(endorsement)
    }

    fn chip(&self, id: Hex<64>) -> Result<Endorsement, Refused> {
        if id == Hex([0; 64]) {
            return Err(Refused::HiddenChip);
        }
        let certified = self.key.extension(CHIP_ID)?;
        // Newer certificates have it as an OCTET STRING of its own.
        let certified = match certified {
            [4, len, bytes @ ..] if usize::from(*len) == bytes.len() => bytes,
            bytes => bytes,
        };
        // Turin's has 8 bytes, and zeros behind them in a report.
        let len = if self.processor == Processor::Turin { 8 } else { 64 };
        let (bytes, zeros) = id.0.split_at(len);
        if certified == bytes && zeros.iter().all(|byte| *byte == 0) {
            Ok(Endorsement::Chip(id))
        } else {
            Err(Refused::Chip)
        }
    }

    fn tcb(&self) -> Result<Tcb, Refused> {
        let fmc = if self.processor == Processor::Turin { self.key.version(FMC)? } else { 0 };
        Ok(Tcb {
            fmc,
            bootloader: self.key.version(BOOTLOADER)?,
            tee: self.key.version(TEE)?,
            snp: self.key.version(SNP)?,
            microcode: self.key.version(MICROCODE)?,
        })
    }

    /// Whether the report is signed by the certificate's key.
    pub(super) fn signed(&self, report: &Report<'_>) -> Result<(), Refused> {
        let key = self.key.public_key()?;
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key)
            .verify(report.signed(), &report.signature())
            .map_err(|_| Refused::Signature)
    }
}

impl Certificate {
    fn read(of: &'static str, der: &[u8]) -> Result<Self, Refused> {
        let refused = |why: String| Refused::Certificate { of, why };
        let parsed = Parsed::from_der(der).map_err(|error| refused(error.to_string()))?;
        if parsed.to_der().ok().as_deref() != Some(der) {
            return Err(refused("it is not written in the one way that DER has".to_owned()));
        }
        Ok(Self { of, parsed })
    }

    fn refused(&self, why: impl Into<String>) -> Refused {
        Refused::Certificate { of: self.of, why: why.into() }
    }

    /// Its subject's common name.
    fn name(&self) -> Option<String> {
        let subject = self.parsed.tbs_certificate().subject();
        Some(subject.common_name().ok()??.value().into_owned())
    }

    /// Whether it says that it was issued by another.
    fn names(&self, issuer: &Self) -> bool {
        self.parsed.tbs_certificate().issuer() == issuer.parsed.tbs_certificate().subject()
    }

    fn valid(&self, now: u64) -> Result<(), Refused> {
        let validity = self.parsed.tbs_certificate().validity();
        let [from, until] =
            [validity.not_before, validity.not_after].map(|time| time.to_unix_duration().as_secs());
        if now < from {
            return Err(self.refused(format!("it is not valid yet at {now}, but from {from} on")));
        }
        if now > until {
            return Err(
                self.refused(format!("it has expired: it is {now}, and was valid to {until}"))
            );
        }
        Ok(())
    }

    /// AMD signs with RSASSA-PSS, SHA-384 and 48 bytes of salt, as the root says of itself.
    fn signed_by(&self, issuer: &Self) -> Result<(), Refused> {
        let (tbs, by) = (self.parsed.tbs_certificate(), issuer.parsed.tbs_certificate());
        if tbs.signature() != by.signature() || self.parsed.signature_algorithm() != by.signature()
        {
            return Err(self.refused("it is signed in another way than AMD does"));
        }
        let bytes = tbs.to_der().map_err(|error| self.refused(error.to_string()))?;
        let signature = self.parsed.signature().as_bytes();
        let signature = signature.ok_or_else(|| self.refused("its signature is no bytes"))?;
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA384, issuer.public_key()?)
            .verify(&bytes, signature)
            .map_err(|_| self.refused(format!("it is not signed by {}", issuer.of)))
    }

    /// Its key's bytes. Whether they are a key of the kind that is needed is seen when it is used.
    fn public_key(&self) -> Result<&[u8], Refused> {
        let key = self.parsed.tbs_certificate().subject_public_key_info();
        let bytes = key.subject_public_key.as_bytes();
        bytes.ok_or_else(|| self.refused("its key is no bytes"))
    }

    /// The one extension of that kind.
    fn extension(&self, oid: &str) -> Result<&[u8], Refused> {
        let extensions = self.parsed.tbs_certificate().extensions().into_iter().flatten();
        let mut found = extensions.filter(|one| one.extn_id.to_string() == oid);
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one.extn_value.as_bytes()),
            _ => Err(self.refused(format!("it has no extension {oid}, or several"))),
        }
    }

    /// A version: an INTEGER of one byte.
    fn version(&self, oid: &str) -> Result<u8, Refused> {
        u8::from_der(self.extension(oid)?)
            .map_err(|_| self.refused(format!("its extension {oid} is no version")))
    }

    fn text(&self, oid: &str) -> Result<String, Refused> {
        Ia5StringRef::from_der(self.extension(oid)?)
            .map(|text| text.as_str().to_owned())
            .map_err(|_| self.refused(format!("its extension {oid} is no text")))
    }
}
