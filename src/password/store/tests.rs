//! Stored passwords: round trips, rotation, foreign and hostile strings.

use argon2::password_hash::PasswordVerifier;

use super::*;

fn small() -> StoreParameters {
    StoreParameters::new(64, 1, 1).unwrap()
}

fn password(text: &str) -> Password {
    Password::new(text.as_bytes().to_vec()).unwrap()
}

fn peppers(ids: &[&str]) -> Peppers {
    let secret = |id: &str| Zeroizing::new(format!("a long secret named {id}").into_bytes());
    Peppers::new(ids.iter().map(|id| (KeyId::new(id).unwrap(), secret(id))).collect()).unwrap()
}

fn salt_of(fixed: &'static [u8; SALT_BYTES]) -> impl FnMut() -> io::Result<[u8; SALT_BYTES]> {
    || Ok(*fixed)
}

fn hash(store: &PasswordStore, text: &str) -> String {
    store.hash(&password(text), &mut salt_of(b"ssssssssssssssss"), &mut Workspace::new()).unwrap()
}

fn verify(store: &PasswordStore, text: &str, phc: &str) -> Result<StoreVerdict, StoreError> {
    store.verify(&password(text), phc, &mut Workspace::new())
}

#[test]
fn stored_passwords_verify() {
    let store = PasswordStore::new(small(), Peppers::none());
    for text in ["correct horse", "", "nul\0inside", "пароль", &"x".repeat(4096)] {
        let phc = hash(&store, text);
        assert_eq!(verify(&store, text, &phc).unwrap(), StoreVerdict::Match);
        assert_eq!(verify(&store, "another", &phc).unwrap(), StoreVerdict::Mismatch);
        // Any Argon2 implementation can read the hash, such as the crate's own parser.
        let parsed = argon2::password_hash::phc::PasswordHash::new(&phc).unwrap();
        assert!(Argon2::default().verify_password(text.as_bytes(), &parsed).is_ok());
    }
}

#[test]
fn a_hash_of_the_reference_library() {
    // Generated with the reference C library through argon2-cffi.
    let store = PasswordStore::new(StoreParameters::new(64, 2, 1).unwrap(), Peppers::none());
    let phc = store.hash(&password("password"), &mut salt_of(b"somesaltSOMESALT"), &mut Workspace::new()).unwrap();
    assert_eq!(phc, "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRTT01FU0FMVA$7/k55KmIVkwC7X86ajo7yGmnnUt4XUzrBNGKlG/y2Bc");
}

#[test]
fn the_default_is_the_owasp_choice() {
    let phc = hash(&PasswordStore::new(StoreParameters::default(), Peppers::none()), "x");
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$c3Nzc3Nzc3Nzc3Nzc3Nzcw$"), "{phc}");
}

#[test]
fn peppers_rotate() {
    let old = PasswordStore::new(small(), peppers(&["2025"]));
    let phc = hash(&old, "secret");
    assert!(phc.contains(",keyid=MjAyNQ$"), "{phc}");
    assert_eq!(verify(&old, "secret", &phc).unwrap(), StoreVerdict::Match);

    let rotated = PasswordStore::new(small(), peppers(&["2026", "2025"]));
    assert_eq!(verify(&rotated, "secret", &phc).unwrap(), StoreVerdict::MatchToUpgrade);
    assert_eq!(verify(&rotated, "other", &phc).unwrap(), StoreVerdict::Mismatch);

    let forgotten = PasswordStore::new(small(), peppers(&["2026"]));
    assert!(matches!(verify(&forgotten, "secret", &phc), Err(StoreError::UnknownKey)));

    let plain = hash(&PasswordStore::new(small(), Peppers::none()), "secret");
    assert_eq!(verify(&rotated, "secret", &plain).unwrap(), StoreVerdict::MatchToUpgrade);
    // Without its key id the hash does not match, because the secret is an input.
    assert_eq!(verify(&old, "secret", &phc.replace(",keyid=MjAyNQ", "")).unwrap(), StoreVerdict::Mismatch);
}

#[test]
fn outdated_hashes_need_an_upgrade() {
    let phc = hash(&PasswordStore::new(small(), Peppers::none()), "x");
    assert!(!needs_upgrade(&phc, &small()));
    assert!(needs_upgrade(&phc, &StoreParameters::default()));
    assert!(needs_upgrade("$2b$12$abcdefghijklmnopqrstuuNg5OKgnrgXzS4nk2Fn6ZV6cdyhCbZ4a", &small()));
    let stronger = PasswordStore::new(StoreParameters::new(128, 1, 1).unwrap(), Peppers::none());
    assert_eq!(verify(&stronger, "x", &phc).unwrap(), StoreVerdict::MatchToUpgrade);
}

#[test]
fn foreign_and_hostile_strings_are_errors() {
    let store = PasswordStore::new(small(), Peppers::none());
    let tail = "c29tZXNhbHRTT01FU0FMVA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(verify(&store, "x", &format!("$argon2id$v=19$m=64,t=1,p=1${tail}")).unwrap(), StoreVerdict::Mismatch);
    for (front, expected) in [
        ("", "not Argon2id"),
        ("$argon2i$v=19$m=64,t=1,p=1$", "not Argon2id"),
        ("$argon2id$v=16$m=64,t=1,p=1$", "not Argon2id"),
        ("$argon2id$v=19$t=1,p=1$", "plain numbers"),
        ("$argon2id$v=19$m=064,t=1,p=1$", "plain numbers"),
        ("$argon2id$v=19$m=+64,t=1,p=1$", "plain numbers"),
        ("$argon2id$v=19$m=64,m=64,t=1,p=1$", "plain numbers"),
        ("$argon2id$v=19$m=64,t=1,p=1,data=AA$", "key id"),
        ("$argon2id$v=19$m=64,t=1,p=1,keyid=MjAyNQ,x=1$", "unknown parameters"),
        ("$argon2id$v=19$m=99999999999,t=1,p=1$", "out of range"),
        ("$argon2id$v=19$m=4294967295,t=1,p=1$", "argon2 memory"),
        ("$argon2id$v=19$m=64,t=4294967295,p=1$", "argon2 passes"),
        ("$argon2id$v=19$m=64,t=1,p=1$AA$", "after the hash"),
        ("$argon2id$v=19$m=64,t=1,p=1$=", "not base64"),
    ] {
        let error = verify(&store, "x", &format!("{front}{tail}")).expect_err(front).to_string();
        assert!(error.contains(expected), "{front}: {error}");
    }
    for tail in ["c29tZXNhbHRTT01FU0FMVA", "AA$AAAA", "c29tZXNhbHRTT01FU0FMVA$AAAA"] {
        assert!(verify(&store, "x", &format!("$argon2id$v=19$m=64,t=1,p=1${tail}")).is_err(), "{tail}");
    }
}

#[test]
fn a_failing_salt_source_is_an_error() {
    let store = PasswordStore::new(small(), Peppers::none());
    let failed = store.hash(&password("x"), &mut || Err(io::Error::from(io::ErrorKind::Other)), &mut Workspace::new());
    assert!(matches!(failed, Err(StoreError::Salt(_))));
}

#[test]
fn peppers_are_checked_and_never_printed() {
    let pepper = |id: &str, length: usize| (KeyId::new(id).unwrap(), Zeroizing::new(vec![b'q'; length]));
    for (list, expected) in [
        (vec![pepper("a", 15)], PeppersError::SecretLength),
        (vec![pepper("a", 1025)], PeppersError::SecretLength),
        (vec![pepper("a", 16), pepper("a", 16)], PeppersError::Duplicate),
        (vec![pepper("a", 16), pepper("b", 16), pepper("c", 16), pepper("d", 16)], PeppersError::TooMany),
    ] {
        assert_eq!(Peppers::new(list).err(), Some(expected));
    }
    for id in ["", "ninechars", "a b", "é"] {
        assert_eq!(KeyId::new(id), Err(PeppersError::KeyId), "{id}");
    }
    let store = PasswordStore::new(small(), Peppers::new(vec![pepper("2026", 16)]).unwrap());
    let printed = format!("{store:?}");
    assert!(printed.contains("KeyId(2026): \"***\"") && !printed.contains("qq"), "{printed}");
}
