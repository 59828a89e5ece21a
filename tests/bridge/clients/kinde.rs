//! The workflow of Kinde: `kinde.secureFetch` encrypts the body, and anything that is true in the answer creates the user. Customers
//! sign in with their mail addresses; the tests let them type their user names, as all others do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Asked, Client, Decision, send};

pub struct Kinde;

/// The encryption key of the workflow, in Base64.
pub const KEY: &str = "Ix0pQ1LkV3pYb8Jm5o0m7dQb2sYt9wzXc4rN6uEaHgI=";

impl Client for Kinde {
    fn kind(&self) -> &'static str {
        "kinde"
    }

    fn settings(&self) -> String {
        format!("decryption_key: '{KEY}'")
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let at = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis());
            let body = json!({ "email": identifier, "password": password, "at": at.expect("a time"), "ip": "198.51.100.7, x" });
            let sealed = seal(&nonce(), body.to_string().as_bytes());
            let request = http.post(bridge).header("content-type", "application/json").body(sealed);
            let answer = send(request, false).await;
            let data: Value = serde_json::from_str(&answer.body).unwrap_or(Value::String(String::new()));
            match &data {
                Value::Null => answer.seen(Decision::Refused),
                Value::Object(_) if answer.status == 200 => {
                    assert!(data["user"]["identities"][0]["is_verified"].is_boolean(), "{data}");
                    let must_change = data["password"]["is_temporary_password"] == json!(true);
                    answer.seen(Decision::SignedIn { must_change })
                }
                _ => answer.seen(Decision::Unavailable),
            }
        })
    }
}

/// No nonce comes twice.
fn nonce() -> [u8; 12] {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let mut nonce = [7; 12];
    nonce[4..].copy_from_slice(&CALLS.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    nonce
}

/// Nonce, tag and ciphertext, as in the sample of Kinde's documentation.
pub fn seal(nonce: &[u8; 12], text: &[u8]) -> String {
    let key = base64::engine::general_purpose::STANDARD.decode(KEY).expect("Base64");
    let cipher = Aes256Gcm::new_from_slice(&key).expect("a key");
    let sealed = cipher.encrypt(&Nonce::from(*nonce), text).expect("a ciphertext");
    let (ciphertext, tag) = sealed.split_at(sealed.len() - 16);
    URL_SAFE_NO_PAD.encode([nonce.as_slice(), tag, ciphertext].concat())
}
