//! Known answers: the appendices of the specifications (`tests/vectors/jose.json`).

use serde::Deserialize;
use serde_json::{Value, json};

use super::content::{ContentEncryption, Sealed};
use super::jwe::Decrypter;
use super::jwk::KeySet;
use super::jws::Signed;

#[derive(Deserialize)]
struct Vectors {
    decrypt: Vec<Encrypted>,
    refuse: Vec<Encrypted>,
    verify: Vec<Verified>,
    content: Vec<Content>,
}

#[derive(Deserialize)]
struct Encrypted {
    name: String,
    key: String,
    token: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Verified {
    name: String,
    key: Value,
    token: String,
}

#[derive(Deserialize)]
struct Content {
    name: String,
    enc: String,
    key: String,
    iv: String,
    aad: String,
    text: String,
    sealed: String,
    tag: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../tests/vectors/jose.json")).unwrap()
}

/// The token with another letter at a place.
fn changed(token: &str, at: usize) -> String {
    let mut bytes = token.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn tokens_of_the_specifications_are_decrypted() {
    for Encrypted { name, key, token, text } in vectors().decrypt {
        let content = Decrypter::open(&key).unwrap().decrypt(&token).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(std::str::from_utf8(&content).unwrap(), text.unwrap(), "{name}");
    }
    for Encrypted { name, key, token, .. } in vectors().refuse {
        assert!(Decrypter::open(&key).unwrap().decrypt(&token).is_none(), "{name}");
    }
}

#[test]
fn no_letter_of_an_encrypted_token_can_be_changed() {
    let Encrypted { key, token, .. } = vectors().decrypt.remove(0);
    let decrypter = Decrypter::open(&key).unwrap();
    for at in 0..token.len() {
        assert!(decrypter.decrypt(&changed(&token, at)).is_none(), "letter {at}");
    }
}

#[test]
fn contents_of_the_specifications_are_opened() {
    for Content { name, enc, key, iv, aad, text, sealed, tag } in vectors().content {
        let bytes = |text: &str| hex::decode(text).unwrap();
        let (key, iv, aad, text, tag) = (bytes(&key), bytes(&iv), bytes(&aad), bytes(&text), bytes(&tag));
        let encrypted = bytes(&sealed);
        let sealed = Sealed { iv: &iv, text: &encrypted, tag: &tag, aad: &aad };
        let enc = ContentEncryption::named(&enc).unwrap();
        assert_eq!(enc.key_bytes(), key.len(), "{name}");
        assert_eq!(enc.open(&key, &sealed).as_deref(), Some(&text), "{name}");
        // a tag that is cut off is not a tag
        for length in 0..tag.len() {
            assert!(enc.open(&key, &Sealed { tag: &tag[..length], ..sealed }).is_none(), "{name}: {length}");
        }
        assert!(enc.open(&key[1..], &sealed).is_none(), "{name}: a key that is too short");
        assert!(enc.open(&key, &Sealed { iv: &iv[1..], ..sealed }).is_none(), "{name}: a vector that is too short");
        assert!(
            enc.open(&key, &Sealed { text: &encrypted[1..], ..sealed }).is_none(),
            "{name}: a text that is too short"
        );
        for at in 0..encrypted.len() {
            let mut other = encrypted.clone();
            other[at] ^= 0x80;
            assert!(enc.open(&key, &Sealed { text: &other, ..sealed }).is_none(), "{name}: byte {at}");
        }
    }
}

#[test]
fn signatures_of_the_specifications_are_verified() {
    for Verified { name, key, token } in vectors().verify {
        let keys = |key: &Value| KeySet::read(json!({ "keys": [key] }).to_string().as_bytes()).unwrap();
        let set = keys(&key);
        let signed = Signed::read(&token).unwrap();
        assert!(signed.payload(set.named(signed.kid())).is_some(), "{name}");
        assert!(signed.payload(set.named(Some("another"))).is_none(), "{name}: the key has another id");
        let mut other = key.clone();
        other["alg"] = json!("RS512");
        assert!(signed.payload(keys(&other).named(None)).is_none(), "{name}: the key is for another algorithm");
        let at = token.len() - 40;
        let forged = changed(&token, at);
        assert!(Signed::read(&forged).unwrap().payload(set.named(None)).is_none(), "{name}: another signature");
    }
}

#[test]
fn keys_in_pem_are_checked() {
    let Encrypted { key, token, .. } = vectors().decrypt.remove(0);
    let other = vectors().refuse.remove(0).key;
    assert!(
        Decrypter::open(&format!("of this year:\n{other}\nof last year:\n{key}")).unwrap().decrypt(&token).is_some()
    );
    assert_eq!(format!("{:?}", Decrypter::open(&key).unwrap()), "Decrypter(1)");
    let certificate = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----";
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----";
    for (pem, reason) in [
        ("", "there is no private key"),
        ("0123456789abcdef0123456789abcdef", "there is no private key"),
        ("-----BEGIN PRIVATE KEY-----\nAA==", "there is no private key"),
        ("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----", "no RSA key"),
        (certificate, "a certificate"),
        (encrypted, "has a password"),
        (key.repeat(4).as_str(), "at most 3"),
        (SHORT, "has 1024 bits"),
    ] {
        let error = Decrypter::open(pem).unwrap_err();
        assert!(error.contains(reason), "{pem}: {error}");
    }
}

/// `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024`
const SHORT: &str = "-----BEGIN PRIVATE KEY-----
MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBALUvgwrTGMZR/IYo
EpFQbRwhbsraiCJwC9A8OBDNHYjHKazSdOAQWk2wxqKMy/SOPXjV8Pts7xcjrdu1
9o5DY4vfxDuR99qlYUdkNECCZcsZgH1VwI+3jKyM1KqGQT6P44dpu7u8qcTTJgOn
w0X2itWUX6dtFWgyxdA2Yl6uJi9DAgMBAAECgYEAo8B4H+1fw8XPg/Rtq5XTtwvk
VUQiq3U2yBHU3iJzoe3WlZJz/Rnqc7LkI386yiFQH4jETohKolAlzp/rYPI44Wf9
cEbFfPc6RBvKFFK6fQLOvWY7G8GJPomL/SeHYMq3Gy4r5DgLXfwgZL3t1vUcFXvr
ozoGlS/tOwWZP0SjAzkCQQDsJy2YDWqjm6ODU/UtpKdYPKjICZiyo4pGcnADvyQv
oOt5PQ90ZjJDqtDuekwYxXrPrz0a0hccsvLMfb+fNujdAkEAxGm2MKAct7vviBMD
Xp0nwp1RUq1vUQ+ibeTKaRwHDB+BfLpkvmniFHcRGvp5lVrHU1RfP+qoSk3ShdWB
9VnmnwJBAIMN0v25JF8bdojhRQVJhR0wvLIWsUkh/RDPXV6W6uwLr+Iegr8kH+zx
lPVjpWtx3I/5Pj3uLaldneTiPD+NZ3kCQQCCpbJ7i7UufgMpp0QBhlWxPUWf0h+O
cvDfWmVNH0iMxtQx7CYhBntMk5q8MEn5j+WwRxoIgQUqT7OuNEP6uK8PAkB0UY3+
QXgeR2x8jpfDGxBNf/M3kIdVs9VTH0McCabNGwgwL1CLmqr3kiEBAd46UA9X6VLd
+7VzJa3iRIyO699T
-----END PRIVATE KEY-----";
