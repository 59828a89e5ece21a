//! The workflow `user:existing_password_provided` of Kinde, by the script that we generate. `kinde.secureFetch` encrypts the body
//! with a key that only the workflow has, so that decrypting it authenticates the caller; the script adds the time, so that no
//! call counts twice.
//!
//! A script signs in on anything that is true, so that a refusal is `null`, and everything else that is no user has no body.

use std::time::Duration;

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce as GcmNonce};
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::object;
use crate::bridge::kinds::{Authentication, Kind, Script};
use crate::bridge::question::{BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::{BridgeRequest, address};
use crate::bridge::secret::SecretText;
use crate::bridge::signed::{Counts, Once};
use crate::ports::BoxFuture;
use crate::settings::Secret;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "kinde",
    product: "Kinde",
    about: "a workflow asks with the password in an encrypted call, and creates the user from the reply",
    topology: Topology::ReturnProfile,
    authentication: Authentication::Own,
    deadline: Duration::from_secs(8),
    repeat: Duration::from_secs(10 * 60),
    rules: Some("kinde.yaml"),
    needs: &["decryption_key"],
    takes: &[],
    docs: include_str!("kinde.md"),
    scripts: &[Script { name: "workflow", text: include_str!("kinde/workflow.ts") }],
    open: |context: &OpenContext<'_>| Ok(Box::new(Kinde::open(context)?)),
};

/// The bytes of a key, of a nonce and of a tag (NIST SP 800-38D).
const KEY: usize = 32;
const NONCE: usize = 12;
const TAG: usize = 16;

/// The documentation says Base64URL, and the sample code next to it reads the other alphabet.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

struct Kinde {
    cipher: Aes256Gcm,
    once: Once,
}

/// The body that the script sends.
#[derive(Deserialize)]
struct Call {
    email: String,
    password: SecretText,
    /// When it was sent, in milliseconds since 1970.
    at: i64,
    /// The address of the customer. A list is not read: which of its addresses are true is not public.
    ip: Option<String>,
}

impl Kinde {
    fn open(context: &OpenContext<'_>) -> Result<Self, String> {
        let key = context.settings.decryption_key.as_ref().ok_or("`decryption_key` is missing")?;
        Ok(Self { cipher: cipher(key)?, once: Once::new(context) })
    }

    /// The call in a body. `None` for what nobody with the key has sent.
    fn read(&self, body: &[u8]) -> Option<Call> {
        let sealed = Sealed::read(body)?;
        object(&sealed.open(&self.cipher)?)
    }

    /// Whether a call is fresh, and was never seen before.
    async fn is_first(&self, body: &[u8], call: &Call) -> Result<(), Reply> {
        let sent = Timestamp::from_millisecond(call.at).map_err(|_| not_admitted())?;
        let sealed = Sealed::read(body).ok_or_else(not_admitted)?;
        match self.once.counts("kinde", &[sealed.nonce().ok_or_else(not_admitted)?], sent).await {
            Counts::Yes => Ok(()),
            Counts::No => Err(not_admitted()),
            Counts::Unknown => Err(Reply::empty(StatusCode::SERVICE_UNAVAILABLE)),
        }
    }
}

fn cipher(key: &Secret) -> Result<Aes256Gcm, String> {
    let key = key.key(KEY).map_err(|error| format!("`decryption_key`: {error}"))?;
    Aes256Gcm::new_from_slice(&key).map_err(|_| format!("`decryption_key` does not have {KEY} bytes"))
}

/// What is in a body: a nonce, a tag and a ciphertext, in the order of the sample in Kinde's documentation; or the tag last, as in
/// the Web Cryptography API. The tag shows which.
struct Sealed {
    bytes: Vec<u8>,
}

impl Sealed {
    fn read(body: &[u8]) -> Option<Self> {
        let text = body.trim_ascii();
        let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
        let standard: Vec<u8> = text.iter().map(|byte| standard(*byte)).collect();
        let bytes = BASE64.decode(standard).ok()?;
        (bytes.len() >= NONCE + TAG).then_some(Self { bytes })
    }

    fn open(&self, cipher: &Aes256Gcm) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = self.bytes.split_at_checked(NONCE)?;
        let nonce = GcmNonce::try_from(nonce).ok()?;
        let (tag, ciphertext) = rest.split_at_checked(TAG)?;
        let tag_first = cipher.decrypt(&nonce, [ciphertext, tag].concat().as_slice());
        tag_first.or_else(|_| cipher.decrypt(&nonce, rest)).ok().map(Zeroizing::new)
    }

    /// What one key never uses twice (NIST SP 800-38D, section 8), so that no other way to write a call makes it another one.
    fn nonce(&self) -> Option<&[u8]> {
        self.bytes.split_at_checked(NONCE).map(|(nonce, _)| nonce)
    }
}

impl Dialect for Kinde {
    fn admit<'a>(&'a self, request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async {
            let call = self.read(request.body).ok_or_else(not_admitted)?;
            self.is_first(request.body, &call).await
        })
    }

    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if *request.method != Method::POST || !matches!(request.path, "" | "/") {
            return Err(Reply::empty(StatusCode::NOT_FOUND));
        }
        let call = self.read(request.body).ok_or_else(not_admitted)?;
        let mut question = Question::login(call.email, call.password.into_bytes());
        question.network = call.ip.as_deref().and_then(address);
        Ok(question)
    }

    fn reply(&self, _: &Question, outcome: &BridgeOutcome) -> Reply {
        match outcome {
            BridgeOutcome::Accepted(accepted) => Reply::json(StatusCode::OK, &Value::Object(accepted.profile.clone())),
            BridgeOutcome::Unavailable { .. } => Reply::empty(StatusCode::SERVICE_UNAVAILABLE),
            _ => Reply::json(StatusCode::OK, &Value::Null),
        }
    }
}

/// The character of the standard alphabet for one of the alphabet for URLs (RFC 4648).
fn standard(character: u8) -> u8 {
    match character {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// Without a body, which a script would take for a user.
fn not_admitted() -> Reply {
    Reply::empty(StatusCode::UNAUTHORIZED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_thirty_two_bytes() {
        let open = |key: &str| cipher(&Secret::new(key)).map(|_| ());
        assert_eq!(open("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), Ok(()));
        for key in ["AAECAwQFBgcICQoLDA0ODw==", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISI=", "not a key"] {
            assert!(open(key).unwrap_err().contains("decryption_key"), "{key}");
        }
    }
}
