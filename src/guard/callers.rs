//! Who may call the service: the identity provider, with a bearer token, a basic password, or signed calls.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

use super::nonces::{Fresh, Nonces};
use super::signature::{Signature, SigningKey, SigningKeyError};

/// A caller of the settings.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Its name in logs and metrics.
    pub name: String,
    /// How it shows who it is.
    pub credential: CallerCredential,
}

/// How a caller shows who it is.
#[derive(Debug, Clone)]
pub enum CallerCredential {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer(SecretString),
    /// `Authorization: Basic …` (RFC 7617).
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// Headers of Standard Webhooks. Every one of the keys is admitted, so that keys can be changed without a gap.
    Signed(Vec<SecretString>),
}

/// Settings of callers that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallerError {
    /// There is no caller, so nobody could call.
    #[error("no caller is set")]
    Nobody,
    /// A secret is empty or short.
    #[error("the secret of the caller `{0}` has fewer than {min} bytes", min = Callers::MIN_SECRET_BYTES)]
    Secret(String),
    /// A signing secret is none.
    #[error("the caller `{0}` cannot be used: {1}")]
    SigningKey(String, SigningKeyError),
    /// A signed caller has no key.
    #[error("the caller `{0}` has no signing secret")]
    NoKey(String),
    /// A name is empty or used twice.
    #[error("the name of the caller `{0}` is empty or used twice")]
    Name(String),
}

/// What is looked at of a request.
#[derive(Clone, Copy, Default)]
pub struct CallerRequest<'a> {
    /// The header `authorization`.
    pub authorization: Option<&'a str>,
    /// The header `webhook-id`.
    pub id: Option<&'a str>,
    /// The header `webhook-timestamp`.
    pub timestamp: Option<&'a str>,
    /// The header `webhook-signature`.
    pub signature: Option<&'a str>,
    /// The body as it came, before anybody parsed it.
    pub body: &'a [u8],
}

/// Whether a request is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It is, as a call of this caller.
    Admitted(Arc<str>),
    /// It is not.
    Refused,
    /// It is signed well, but whether it is a replay cannot be told now, so it is not let in either.
    Unavailable,
}

/// Everybody who may call. Secrets are kept as digests where that is enough.
pub struct Callers {
    tokens: Vec<(Arc<str>, [u8; 32])>,
    signed: Vec<(Arc<str>, SigningKey)>,
    nonces: Arc<dyn Nonces>,
}

impl Callers {
    /// The shortest bearer token or basic password, in bytes. Stops secrets that can be guessed.
    pub const MIN_SECRET_BYTES: usize = 16;

    /// How far the time of a signed call may be off, in seconds. Stops old calls from being sent again; admits clocks that
    /// drift by minutes.
    pub const WINDOW: i64 = 300;

    /// The longest header that is looked at, in bytes.
    const MAX_HEADER_BYTES: usize = 4096;

    /// The longest id of a signed call, in bytes; a UUID has 36.
    const MAX_ID_BYTES: usize = 128;

    /// These callers. `nonces` remembers signed calls, and must outlive a restart.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn new(callers: &[Caller], nonces: Arc<dyn Nonces>) -> Result<Self, CallerError> {
        let mut made = Self { tokens: Vec::new(), signed: Vec::new(), nonces };
        let mut names = BTreeSet::new();
        for caller in callers {
            if caller.name.is_empty() || !names.insert(caller.name.as_str()) {
                return Err(CallerError::Name(caller.name.clone()));
            }
            made.add(caller)?;
        }
        if callers.is_empty() { Err(CallerError::Nobody) } else { Ok(made) }
    }

    fn add(&mut self, caller: &Caller) -> Result<(), CallerError> {
        let name: Arc<str> = caller.name.as_str().into();
        match &caller.credential {
            CallerCredential::Bearer(token) => {
                let digest = digest("bearer", &[long_enough(&name, token)?]);
                self.tokens.push((name, digest));
            }
            CallerCredential::Basic { user, password } => {
                let digest = digest("basic", &[&format!("{user}:{}", long_enough(&name, password)?)]);
                self.tokens.push((name, digest));
            }
            CallerCredential::Signed(secrets) => {
                for secret in secrets {
                    let key = SigningKey::new(secret);
                    let key = key.map_err(|error| CallerError::SigningKey(name.to_string(), error))?;
                    self.signed.push((Arc::clone(&name), key));
                }
                if secrets.is_empty() {
                    return Err(CallerError::NoKey(name.to_string()));
                }
            }
        }
        Ok(())
    }

    /// Whether a request is let in. A request with an `authorization` header is judged by it alone.
    pub async fn admit(&self, request: CallerRequest<'_>, now: Timestamp) -> Admission {
        match request.authorization {
            Some(header) => self.token(header),
            None => self.signature(&request, now).await,
        }
    }

    fn token(&self, header: &str) -> Admission {
        let Some(shown) = shown(header) else { return Admission::Refused };
        // All are compared, so that the time tells nothing of which one it was.
        let mut admitted = Admission::Refused;
        for (name, digest) in &self.tokens {
            if bool::from(digest.ct_eq(&shown)) {
                admitted = Admission::Admitted(Arc::clone(name));
            }
        }
        admitted
    }

    async fn signature(&self, request: &CallerRequest<'_>, now: Timestamp) -> Admission {
        let Some(call) = SignedCall::read(request) else { return Admission::Refused };
        if (now.as_second() - call.timestamp).abs() > Self::WINDOW {
            return Admission::Refused;
        }
        let mut signer = None;
        for (name, key) in &self.signed {
            if key.check(call.signatures, call.id, call.timestamp, request.body) == Signature::Right {
                signer = Some(name);
            }
        }
        let Some(name) = signer else { return Admission::Refused };
        // Only well signed ids are remembered, so that strangers cannot fill the memory.
        let nonce = digest("nonce", &[name, call.id]);
        let nonce = hex::encode(nonce.get(..16).unwrap_or_default());
        let until = Timestamp::from_second(call.timestamp + Self::WINDOW).unwrap_or(Timestamp::MAX);
        match self.nonces.remember(&nonce, until, now).await {
            Ok(Fresh::First) => Admission::Admitted(Arc::clone(name)),
            Ok(Fresh::Seen) => Admission::Refused,
            Err(error) => {
                tracing::error!(%error, "signed calls cannot be remembered");
                Admission::Unavailable
            }
        }
    }
}

/// Shows names only.
impl fmt::Debug for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.tokens.iter().map(|(name, _)| name).chain(self.signed.iter().map(|(name, _)| name));
        f.debug_tuple("Callers").field(&names.collect::<BTreeSet<_>>()).finish()
    }
}

/// The headers of a signed call.
struct SignedCall<'a> {
    id: &'a str,
    timestamp: i64,
    signatures: &'a str,
}

impl<'a> SignedCall<'a> {
    fn read(request: &CallerRequest<'a>) -> Option<Self> {
        let (id, timestamp, signatures) = (request.id?, request.timestamp?, request.signature?);
        // Without a dot in the id no two lists of id, time and body give the same signed bytes.
        let is_id = !id.is_empty()
            && id.len() <= Callers::MAX_ID_BYTES
            && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.');
        // One spelling of a number: the signed bytes are made of the number, not of the header.
        let is_time =
            timestamp.len() <= 12 && !timestamp.starts_with('0') && timestamp.bytes().all(|b| b.is_ascii_digit());
        if !is_id || !is_time || signatures.len() > Callers::MAX_HEADER_BYTES {
            return None;
        }
        Some(Self { id, timestamp: timestamp.parse().ok()?, signatures })
    }
}

fn long_enough<'s>(name: &str, secret: &'s SecretString) -> Result<&'s str, CallerError> {
    let secret = secret.expose_secret();
    if secret.len() < Callers::MIN_SECRET_BYTES { Err(CallerError::Secret(name.to_owned())) } else { Ok(secret) }
}

/// The digest of what an `authorization` header shows; none when it shows nothing that we know.
fn shown(header: &str) -> Option<[u8; 32]> {
    let (scheme, shown) = header.split_once(' ').filter(|_| header.len() <= Callers::MAX_HEADER_BYTES)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(digest("bearer", &[shown]));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = zeroize::Zeroizing::new(STANDARD.decode(shown).ok()?);
    Some(digest("basic", &[std::str::from_utf8(&pair).ok()?]))
}

/// SHA-256 over a word and parts, each preceded by its length. Digests have one length, so that comparing them tells nothing of
/// the length of a secret.
fn digest(domain: &str, parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in std::iter::once(&domain).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::super::nonces::{FileNonces, MemoryNonces};
    use super::*;
    use crate::migrate::{Pending, PortError, PortErrorKind};

    const TOKEN: &str = "0123456789abcdef";
    const KEYS: [&str; 2] = ["first-key-first-key-first-key", "second-key-second-key-second"];
    const NOW: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn settings() -> Vec<Caller> {
        let caller = |name: &str, credential| Caller { name: name.into(), credential };
        vec![
            caller("idp", CallerCredential::Bearer(TOKEN.into())),
            caller("shop", CallerCredential::Basic { user: "shop".into(), password: TOKEN.into() }),
            caller("signer", CallerCredential::Signed(KEYS.map(SecretString::from).to_vec())),
        ]
    }

    fn callers(nonces: Arc<dyn Nonces>) -> Callers {
        Callers::new(&settings(), nonces).unwrap()
    }

    fn admitted(name: &str) -> Admission {
        Admission::Admitted(name.into())
    }

    fn sign(key: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
        SigningKey::new(&SecretString::from(key)).unwrap().sign(id, timestamp, body)
    }

    async fn call(callers: &Callers, id: &str, timestamp: &str, signature: &str, body: &[u8], now: i64) -> Admission {
        let (id, timestamp, signature) = (Some(id), Some(timestamp), Some(signature));
        callers.admit(CallerRequest { authorization: None, id, timestamp, signature, body }, at(now)).await
    }

    #[tokio::test]
    async fn authorization_headers() {
        let callers = callers(Arc::new(MemoryNonces::default()));
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for (header, want) in [
            (format!("Bearer {TOKEN}"), admitted("idp")),
            (format!("bearer {TOKEN}"), admitted("idp")),
            (basic(&format!("shop:{TOKEN}")), admitted("shop")),
            (basic(&format!("shop2:{TOKEN}")), Admission::Refused),
            (basic("shop:"), Admission::Refused),
            ("Basic ***".to_owned(), Admission::Refused),
            (format!("Bearer {TOKEN} "), Admission::Refused),
            (format!("Bearer shop:{TOKEN}"), Admission::Refused),
            ("Bearer ".to_owned(), Admission::Refused),
            ("Bearer".to_owned(), Admission::Refused),
            (format!("Digest {TOKEN}"), Admission::Refused),
            (String::new(), Admission::Refused),
        ] {
            let request = CallerRequest { authorization: Some(&header), ..CallerRequest::default() };
            assert_eq!(callers.admit(request, at(NOW)).await, want, "{header}");
        }
        assert_eq!(callers.admit(CallerRequest::default(), at(NOW)).await, Admission::Refused);
    }

    #[tokio::test]
    async fn signed_calls_of_every_active_key_and_of_none_other() {
        let callers = callers(Arc::new(MemoryNonces::default()));
        for (at, key) in KEYS.iter().chain(&["another-key-another-key-another"]).enumerate() {
            let id = format!("msg_{at}");
            let want = if at < 2 { admitted("signer") } else { Admission::Refused };
            let signature = sign(key, &id, NOW, b"{}");
            assert_eq!(call(&callers, &id, &NOW.to_string(), &signature, b"{}", NOW).await, want);
        }
    }

    #[tokio::test]
    async fn the_time_may_be_off_by_the_window() {
        let callers = callers(Arc::new(MemoryNonces::default()));
        for (skew, want) in [
            (-301, Admission::Refused),
            (-300, admitted("signer")),
            (0, admitted("signer")),
            (300, admitted("signer")),
            (301, Admission::Refused),
            (i64::from(i32::MAX), Admission::Refused),
        ] {
            let (id, timestamp) = (format!("msg_{}", skew + 1000), NOW + skew);
            let signature = sign(KEYS[0], &id, timestamp, b"{}");
            assert_eq!(call(&callers, &id, &timestamp.to_string(), &signature, b"{}", NOW).await, want, "{skew}");
        }
        for timestamp in ["", "x", "-1", "+1800000000", "01800000000", " 1800000000", "9999999999999999999"] {
            let signature = sign(KEYS[0], "msg_t", NOW, b"{}");
            assert_eq!(call(&callers, "msg_t", timestamp, &signature, b"{}", NOW).await, Admission::Refused);
        }
    }

    #[tokio::test]
    async fn every_flipped_bit_is_refused() {
        let callers = callers(Arc::new(MemoryNonces::default()));
        let (id, body, timestamp) = ("msg_flip", br#"{"identifier":"ada"}"#.to_vec(), NOW.to_string());
        let signature = sign(KEYS[0], id, NOW, &body);
        let flips = |text: &[u8]| {
            let text = text.to_vec();
            (0..text.len() * 8).map(move |bit| {
                let mut flipped = text.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                flipped
            })
        };
        for flipped in flips(&body) {
            assert_eq!(call(&callers, id, &timestamp, &signature, &flipped, NOW).await, Admission::Refused);
        }
        for flipped in flips(signature.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok()) {
            assert_eq!(call(&callers, id, &timestamp, &flipped, &body, NOW).await, Admission::Refused);
        }
        for flipped in flips(id.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok()) {
            assert_eq!(call(&callers, &flipped, &timestamp, &signature, &body, NOW).await, Admission::Refused);
        }
        assert_eq!(call(&callers, id, &timestamp, &signature, &body, NOW).await, admitted("signer"));
    }

    #[tokio::test]
    async fn bytes_cannot_move_between_id_and_body() {
        let callers = callers(Arc::new(MemoryNonces::default()));
        let inner = NOW.to_string();
        let signature = sign(KEYS[0], "msg", NOW, format!("{inner}.rest").as_bytes());
        let moved = format!("msg.{NOW}");
        assert_eq!(call(&callers, &moved, &inner, &signature, b"rest", NOW).await, Admission::Refused);
    }

    #[tokio::test]
    async fn ten_thousand_replays_and_a_restart_admit_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let open = || callers(Arc::new(FileNonces::open(folder.path().join("nonces"), at(NOW)).unwrap()));
        let (timestamp, signature) = (NOW.to_string(), sign(KEYS[0], "msg_once", NOW, b"{}"));
        let before = open();
        assert_eq!(call(&before, "msg_once", &timestamp, &signature, b"{}", NOW).await, admitted("signer"));
        for _ in 0..5_000 {
            assert_eq!(call(&before, "msg_once", &timestamp, &signature, b"{}", NOW).await, Admission::Refused);
        }
        drop(before);
        let after = open();
        for replay in 0..5_000 {
            let answer = call(&after, "msg_once", &timestamp, &signature, b"{}", NOW + replay % 400).await;
            assert_eq!(answer, Admission::Refused);
        }
    }

    #[tokio::test]
    async fn a_store_that_cannot_remember_admits_nobody() {
        struct Full;
        impl Nonces for Full {
            fn remember<'a>(&'a self, _: &'a str, _: Timestamp, _: Timestamp) -> Pending<'a, Result<Fresh, PortError>> {
                Box::pin(async { Err(PortError::new(PortErrorKind::Unavailable, "nonces", "remember")) })
            }
        }
        let callers = callers(Arc::new(Full));
        let signature = sign(KEYS[0], "msg", NOW, b"{}");
        let answer = call(&callers, "msg", &NOW.to_string(), &signature, b"{}", NOW).await;
        assert_eq!(answer, Admission::Unavailable);
    }

    #[test]
    fn settings_that_admit_too_many_are_refused() {
        let one = |name: &str, credential| vec![Caller { name: name.into(), credential }];
        let bearer = |token: &str| CallerCredential::Bearer(token.into());
        let basic = CallerCredential::Basic { user: "u".into(), password: "".into() };
        let twice = [one("a", bearer(TOKEN)), one("a", bearer(TOKEN))].concat();
        for (callers, want) in [
            (Vec::new(), CallerError::Nobody),
            (one("a", bearer("")), CallerError::Secret("a".into())),
            (one("a", bearer("0123456789abcde")), CallerError::Secret("a".into())),
            (one("a", basic), CallerError::Secret("a".into())),
            (one("a", CallerCredential::Signed(Vec::new())), CallerError::NoKey("a".into())),
            (
                one("a", CallerCredential::Signed(vec![TOKEN.into()])),
                CallerError::SigningKey("a".into(), SigningKeyError::TooShort),
            ),
            (one("", bearer(TOKEN)), CallerError::Name(String::new())),
            (twice, CallerError::Name("a".into())),
        ] {
            assert_eq!(Callers::new(&callers, Arc::new(MemoryNonces::default())).err(), Some(want));
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let shown = format!("{:?} {:?}", settings(), callers(Arc::new(MemoryNonces::default())));
        assert!(shown.contains("signer"));
        assert!(![TOKEN, KEYS[0], KEYS[1]].iter().any(|secret| shown.contains(secret)), "{shown}");
    }
}
