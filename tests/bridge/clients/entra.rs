//! Microsoft Entra External ID: encrypts the password for the key of the extension, as in a call that was recorded (RSA-OAEP,
//! A128CBC-HS256, compressed, an unsecured token inside), and accepts an answer only with its nonce. A call that fails is
//! repeated once, with the same bytes.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use aes::Aes128;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::PrivateKey;
use rsa::pkcs8::DecodePrivateKey as _;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

use super::{Answer, Asked, Client, Decision, json_body, send};

const ISSUER: &str = "https://tenant.ciamlogin.example/tenant/v2.0";
const APP: &str = "7d0cf6a4-52d4-4a0f-8c43-1b6b1f3a9e10";
const CALLER: &str = "99045fe1-7639-4a75-9d4a-577b6ca3810f";

pub struct Entra;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/bridges/entra").join(name)
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn random<const N: usize>() -> [u8; N] {
    landfall::random::bytes().expect("random bytes")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs()
}

/// The access token of the tenant.
fn token() -> String {
    let pem = fs::read_to_string(file("signer.pem")).expect("a key");
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).expect("Base64")).expect("a key");
    let claims = json!({
        "aud": APP, "iss": ISSUER, "azp": CALLER, "iat": now(), "nbf": now() - 300, "exp": now() + 3600, "ver": "2.0",
    });
    let text = format!("{}.{}", b64(json!({ "alg": "RS256", "kid": "signer" }).to_string()), b64(claims.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("a signature");
    format!("{text}.{}", b64(signature))
}

/// The password, encrypted for the key.
fn sealed(identifier: &str, password: &str, nonce: &str) -> String {
    let claims = json!({
        "aud": APP, "iat": now(), "nbf": now(), "exp": now() + 600,
        "user-password": password, "username": identifier, "nonce": nonce,
    });
    let inner = format!("{}.{}.", b64(json!({ "alg": "none" }).to_string()), b64(claims.to_string()));
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(inner.as_bytes()).expect("written");
    let text = deflate.finish().expect("compressed");
    let (key, iv): ([u8; 32], [u8; 16]) = (random(), random());
    let header = b64(json!({ "alg": "RSA-OAEP", "enc": "A128CBC-HS256", "zip": "DEF" }).to_string());
    let mut buffer = vec![0; text.len() + 16];
    buffer[..text.len()].copy_from_slice(&text);
    let cipher = cbc::Encryptor::<Aes128>::new_from_slices(&key[16..], &iv).expect("a key");
    let text = cipher.encrypt_padded::<Pkcs7>(&mut buffer, text.len()).expect("room").to_vec();
    let mut tag = Hmac::<Sha256>::new_from_slice(&key[..16]).expect("a key");
    let bits = (header.len() as u64 * 8).to_be_bytes();
    for part in [header.as_bytes(), &iv, &text, &bits] {
        tag.update(part);
    }
    let tag = tag.finalize().into_bytes();
    let ours = PrivateKey::from_pkcs8_pem(&fs::read_to_string(file("decrypt.pem")).expect("a key")).expect("a key");
    let key = ours.to_public_key().oaep_encrypt::<Sha1>(&key).expect("encrypted");
    [header, b64(key), b64(iv), b64(text), b64(&tag[..16])].join(".")
}

impl Client for Entra {
    fn kind(&self) -> &'static str {
        "entra"
    }

    /// With more time than the product has, so that a slow machine decides nothing.
    fn settings(&self) -> String {
        format!(
            "deadline: 20s, decryption_key: 'file:decrypt.pem', access_token: {{ issuer: '{ISSUER}', audience: [ {APP} ], \
             authorized_parties: [ {CALLER} ], keys: jwks.json }}"
        )
    }

    fn prepare(&self, folder: &Path) {
        for name in ["decrypt.pem", "jwks.json"] {
            fs::copy(file(name), folder.join(name)).expect("a copy");
        }
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let nonce = hex::encode(random::<16>());
            let event = json!({
                "type": "microsoft.graph.authenticationEvent.passwordSubmit",
                "source": "/tenants/tenant/applications/shop",
                "data": {
                    "@odata.type": "microsoft.graph.onPasswordSubmitCalloutData",
                    "encryptedPasswordContext": sealed(identifier, password, &nonce),
                    "authenticationContext": { "correlationId": nonce, "client": { "ip": "127.0.0.1", "market": "en-us" } },
                },
            });
            let token = token();
            let ask = || json_body(http.post(bridge), &event).bearer_auth(&token);
            let mut answer = send(ask(), false).await;
            if answer.status >= 500 {
                answer = send(ask(), false).await;
            }
            let decision = decided(&answer, &nonce);
            answer.body = answer.body.replace(&nonce, "NONCE");
            answer.seen(decision)
        })
    }
}

fn decided(answer: &Answer, nonce: &str) -> Decision {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let data = &body["data"];
    let is_ours = answer.status == 200
        && data["nonce"] == json!(nonce)
        && data["@odata.type"] == json!("microsoft.graph.onPasswordSubmitResponseData");
    let action =
        data["actions"].as_array().filter(|actions| actions.len() == 1).map(|actions| &actions[0]["@odata.type"]);
    match action.and_then(Value::as_str).filter(|_| is_ours) {
        Some("microsoft.graph.passwordSubmit.MigratePassword") => Decision::SignedIn { must_change: false },
        Some("microsoft.graph.passwordSubmit.UpdatePassword") => Decision::SignedIn { must_change: true },
        Some("microsoft.graph.passwordSubmit.Retry") => Decision::Refused,
        _ => Decision::Unavailable,
    }
}
