//! The real quote and its collateral, signed again by keys made for tests. They verify under no built-in root.

use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::intel::extract_cert_chain;
use dcap_qvl::quote::Quote;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    CustomExtension, DnType, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    RevocationReason, RevokedCertParams, SerialNumber, date_time_ymd,
};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use x509_cert::der::{Decode, asn1::ObjectIdentifier};

use super::*;

/// What Intel writes of a platform into its certificate.
const PLATFORM: [u64; 7] = [1, 2, 840, 113_741, 1, 13, 1];
/// Where parts of a quote of version 4 are.
pub(super) const BODY: usize = 48;
const SIGNED: usize = 632;
const KEY: usize = SIGNED + 4 + 64;
const ENCLAVE: usize = SIGNED + 4 + 128 + 6;
const ENCLAVE_DATA: usize = ENCLAVE + 384 + 64 + 2;
const CHAIN: usize = ENCLAVE_DATA + 32 + 6;

/// What somebody with a root of their own makes of a quote.
pub(super) struct Made {
    pub(super) root: &'static [u8],
    pub(super) quote: Vec<u8>,
    pub(super) collateral: Vec<u8>,
}

/// What is other than in the real one.
#[derive(Default)]
pub(super) struct Change {
    /// Bytes of the quote before it is signed.
    pub(super) quote: Option<(usize, Vec<u8>)>,
    /// A text of the collateral, and what stands there instead.
    pub(super) collateral: Option<(&'static str, &'static str)>,
    /// Whether there is a certificate too many between the platform's and the root.
    pub(super) longer: bool,
    /// Whether the platform's certificate is on the list of those revoked.
    pub(super) revoked: bool,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

fn params(name: &str, is_ca: bool, serial: u64) -> CertificateParams {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2035, 1, 1));
    params.serial_number = Some(SerialNumber::from(serial));
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    }
    params
}

fn revocations(issuer: &Authority, revoked: &[u64]) -> Vec<u8> {
    let revoked = revoked.iter().map(|serial| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: date_time_ymd(2025, 6, 1),
        reason_code: Some(RevocationReason::KeyCompromise),
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2025, 6, 1),
        next_update: date_time_ymd(2025, 8, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(issuer).unwrap().der().to_vec()
}

/// r and s, as quotes and collateral have them.
fn sign(key: &KeyPair, bytes: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    raw(key).sign(&random, bytes).unwrap().as_ref().to_vec()
}

fn raw(key: &KeyPair) -> EcdsaKeyPair {
    let der = key.serialize_der();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new()).unwrap()
}

fn platform_extension(quote: &[u8]) -> CustomExtension {
    let chain = extract_cert_chain(&Quote::parse(quote).unwrap()).unwrap();
    let platform = x509_cert::Certificate::from_der(&chain[0]).unwrap();
    let oid = ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1");
    let mut extensions = platform.tbs_certificate().extensions().unwrap().iter();
    let found = extensions.find(|one| one.extn_id == oid).unwrap();
    CustomExtension::from_oid_content(&PLATFORM, found.extn_value.as_bytes().to_vec())
}

/// Makes a quote for whom the tests ask, and its collateral.
pub(super) fn make(change: &Change) -> Made {
    let real = real::quote();
    let root = CertifiedIssuer::self_signed(params("Root", true, 1), key()).unwrap();
    let platforms =
        CertifiedIssuer::signed_by(params("Intel SGX PCK Platform CA", true, 2), key(), &root)
            .unwrap();
    let (platform_key, signer_key) = (key(), key());
    let mut platform = params("Platform", false, 3);
    platform.custom_extensions.push(platform_extension(&real));
    let platform = platform.signed_by(&platform_key, &platforms).unwrap();
    let signer = params("Signer", false, 4).signed_by(&signer_key, &root).unwrap();
    let between = platforms.pem().repeat(if change.longer { 2 } else { 1 });
    let chain = [platform.pem(), between, root.pem()].concat();
    let revoked = if change.revoked { vec![3] } else { Vec::new() };
    let lists = [revocations(&root, &[]), revocations(&platforms, &revoked)];
    let signers = [signer.pem(), root.pem()].concat();
    Made {
        root: root.der().to_vec().leak(),
        quote: quote(real, &platform_key, &chain.replace('\r', ""), change),
        collateral: collateral(&signer_key, &signers, lists, change),
    }
}

fn quote(mut quote: Vec<u8>, platform: &KeyPair, chain: &str, change: &Change) -> Vec<u8> {
    let attester = key();
    quote[BODY + 520..BODY + 584].copy_from_slice(&asked().report_data());
    if let Some((at, bytes)) = &change.quote {
        quote[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    let signature = sign(&attester, &quote[..SIGNED]);
    quote[KEY - 64..KEY].copy_from_slice(&signature);
    quote[KEY..KEY + 64].copy_from_slice(&raw(&attester).public_key().as_ref()[1..]);
    let own = [&quote[KEY..KEY + 64], &quote[ENCLAVE_DATA..ENCLAVE_DATA + 32]].concat();
    quote[ENCLAVE + 320..ENCLAVE + 352].copy_from_slice(digest(&SHA256, &own).as_ref());
    let signature = sign(platform, &quote[ENCLAVE..ENCLAVE + 384]);
    quote[ENCLAVE + 384..ENCLAVE + 448].copy_from_slice(&signature);
    quote.truncate(CHAIN);
    quote.extend_from_slice(chain.as_bytes());
    for at in [SIGNED, ENCLAVE - 4, CHAIN - 4] {
        let len = u32::try_from(quote.len() - at - 4).unwrap();
        quote[at..at + 4].copy_from_slice(&len.to_le_bytes());
    }
    quote
}

fn collateral(key: &KeyPair, signers: &str, lists: [Vec<u8>; 2], change: &Change) -> Vec<u8> {
    let mut made: QuoteCollateralV3 = serde_json::from_slice(real::COLLATERAL).unwrap();
    if let Some((text, other)) = change.collateral {
        assert!(made.tcb_info.contains(text) || made.qe_identity.contains(text));
        made.tcb_info = made.tcb_info.replace(text, other);
        made.qe_identity = made.qe_identity.replace(text, other);
    }
    made.tcb_info_signature = sign(key, made.tcb_info.as_bytes());
    made.qe_identity_signature = sign(key, made.qe_identity.as_bytes());
    made.tcb_info_issuer_chain = signers.to_owned();
    made.qe_identity_issuer_chain = signers.to_owned();
    [made.root_ca_crl, made.pck_crl] = lists;
    serde_json::to_vec(&made).unwrap()
}
