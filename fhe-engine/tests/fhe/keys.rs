//! Keys: their bytes, their names, and what they do not tell.

use pulseproof_fhe::{
    Encrypt, KeyError, Layout, LayoutRequest, PublicKey, Scale, SecretKey, Totals, generate_keys,
};

#[test]
fn keys_survive_their_bytes() {
    let (secret, public) = generate_keys();
    let restored = PublicKey::from_bytes(&public.to_bytes()).unwrap();
    assert_eq!(restored, public);
    assert_eq!(restored.fingerprint(), public.fingerprint());
    let reopened = SecretKey::from_bytes(&secret.to_bytes()).unwrap();
    assert_eq!(reopened.to_bytes(), secret.to_bytes());
    assert_eq!(reopened.fingerprint(), public.fingerprint());
    assert!(reopened.opens(&restored));

    let scale = Scale { decimals: 1, minimum: 350, maximum: 420 };
    let request =
        LayoutRequest { scale, inside: (360, 375), slots: 2, summands_max: 1, totals: false };
    let layout = Layout::plan(request).unwrap();
    let list = restored.encrypt(&layout, &[366, 391]).unwrap();
    let totals = Totals { count: 2, inside: 1, sum: 16 + 41, sum_of_squares: 256 + 1681 };
    assert_eq!(reopened.decrypt(&layout, &list, 1), Ok(totals));
}

#[test]
fn keys_have_the_size_they_say() {
    let (secret, public) = generate_keys();
    assert_eq!(public.to_bytes().len(), 10 + 2 * 2048 * 8);
    assert_eq!(secret.to_bytes().len(), 10 + 32 + 2048 / 8);
    assert_eq!(public.to_bytes()[..10], *b"PPFHEPUB\x01\x00");
    assert_eq!(secret.to_bytes()[..10], *b"PPFHESEC\x01\x00");
}

#[test]
fn key_pairs_are_told_apart() {
    let (secret, public) = generate_keys();
    let (other_secret, other_public) = generate_keys();
    assert!(secret.opens(&public));
    assert!(!secret.opens(&other_public));
    assert!(!other_secret.opens(&public));

    // One bit of the secret, wherever it is, breaks the pair, and so does the name.
    let bytes = secret.to_bytes();
    for index in [10, 41, 42, 100, 297] {
        let mut bytes = bytes.clone();
        bytes[index] ^= 0x10;
        assert!(!SecretKey::from_bytes(&bytes).unwrap().opens(&public), "byte {index}");
    }
    let mut bytes = public.to_bytes();
    bytes[5000] ^= 1;
    let tampered = PublicKey::from_bytes(&bytes).unwrap();
    assert_ne!(tampered.fingerprint(), public.fingerprint());
    assert!(!secret.opens(&tampered));
}

fn rejects<K>(kind: &'static str, good: &[u8], read: impl Fn(&[u8]) -> Result<K, KeyError>) {
    let expected = good.len();
    let error = |bytes: &[u8]| read(bytes).err();
    assert_eq!(error(good), None);
    for found in [0, 1, 9, 10, 11, 42, expected - 1] {
        assert_eq!(error(&good[..found]), Some(KeyError::Truncated { kind, found, expected }));
    }
    let found = expected + 1;
    assert_eq!(error(&[good, &[0]].concat()), Some(KeyError::Trailing { kind, found, expected }));
    for index in 0..8 {
        let mut bytes = good.to_vec();
        bytes[index] ^= 1;
        assert_eq!(error(&bytes), Some(KeyError::Magic { kind }));
    }
    for version in [0u16, 2, 256, 257] {
        let mut bytes = good.to_vec();
        bytes[8..10].copy_from_slice(&version.to_le_bytes());
        assert_eq!(error(&bytes), Some(KeyError::Version { kind, found: version, expected: 1 }));
    }
}

#[test]
fn bytes_of_anything_else_are_refused() {
    let (secret, public) = generate_keys();
    rejects("public key", &public.to_bytes(), PublicKey::from_bytes);
    rejects("secret key", &secret.to_bytes(), SecretKey::from_bytes);
    let error = PublicKey::from_bytes(&secret.to_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "public key: the first eight bytes are not this format's");
    let error = SecretKey::from_bytes(&secret.to_bytes()[..100]).unwrap_err();
    assert_eq!(error.to_string(), "secret key: 100 bytes, but the format has 298: truncated");
}

#[test]
fn a_secret_key_shows_only_its_public_name() {
    let (secret, public) = generate_keys();
    let name: String = public.fingerprint().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(format!("{secret:?}"), format!("SecretKey(of public key {name})"));
    assert_eq!(format!("{secret:#?}"), format!("{secret:?}"));
    assert_eq!(format!("{public:?}"), format!("PublicKey({name})"));
}
