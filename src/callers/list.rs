//! Authenticates the callers of the service, such as the identity provider: by bearer token, basic password, or signed
//! calls.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

use super::once::{Counts, counts, digest};
use super::signed_call::{SignedCall, SignedRequest};
use crate::ports::Nonces;
use crate::settings::Secret;
use crate::signing::{SigningKey, SigningKeyError};

/// A caller from the settings.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Its name in logs and metrics.
    pub name: String,
    /// How it authenticates.
    pub credential: CallerCredential,
}

/// How a caller authenticates.
#[derive(Debug, Clone)]
pub enum CallerCredential {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer(SecretString),
    /// `Authorization: Basic …` (RFC 7617).
    Basic {
        /// The user name.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// Headers of Standard Webhooks. Every key is accepted, so that keys can be rotated without a gap.
    Signed(Vec<SecretString>),
}

/// Invalid settings of callers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallerError {
    /// There are no callers, so nobody could use the service.
    #[error("no callers are configured")]
    Nobody,
    /// A secret is empty or too short.
    #[error("the secret of the caller `{0}` is shorter than {min} bytes", min = Secret::MIN_TOKEN)]
    Secret(String),
    /// A signing secret is invalid.
    #[error("the caller `{0}` is invalid: {1}")]
    SigningKey(String, SigningKeyError),
    /// A signed caller has no key.
    #[error("the caller `{0}` has no signing secret")]
    NoKey(String),
    /// A name is empty or used twice.
    #[error("the name of the caller `{0}` is empty or used twice")]
    Name(String),
}

/// The headers of a request that authenticate it.
#[derive(Clone, Copy, Default)]
pub struct CallerHead<'a> {
    /// The header `authorization`.
    pub authorization: Option<&'a str>,
    /// The header `webhook-id`.
    pub id: Option<&'a str>,
    /// The header `webhook-timestamp`.
    pub timestamp: Option<&'a str>,
    /// The header `webhook-signature`.
    pub signature: Option<&'a str>,
}

/// What the headers say about the caller, before the body is read.
#[derive(Debug)]
pub enum Introduction<'a> {
    /// The call comes from this caller.
    Known(Arc<str>),
    /// It may be a signed call; the body decides.
    Signed(SignedCall<'a>),
    /// It comes from no known caller, whatever the body is.
    Refused,
}

/// A caller whose signature is valid; whether the call is a replay is not known yet.
#[derive(Debug)]
pub struct Signer {
    name: Arc<str>,
    digest: [u8; 32],
    signed_at: Timestamp,
}

/// Whether a signed call is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It is accepted, as a call from this caller.
    Admitted(Arc<str>),
    /// It is refused.
    Refused,
    /// The signature is valid, but whether the call is a replay is temporarily unknown, so it is not accepted either.
    Unavailable,
}

/// All configured callers. Secrets are stored as digests where possible.
pub struct Callers {
    tokens: Vec<(Arc<str>, [u8; 32])>,
    signed: Vec<(Arc<str>, SigningKey)>,
    nonces: Arc<dyn Nonces>,
}

impl Callers {
    /// How far the time of a signed call may be off, in seconds. Stops replays of old calls; allows for clocks that
    /// drift by minutes.
    pub const WINDOW: i64 = 300;

    /// The longest `authorization` header that is processed, in bytes.
    const MAX_HEADER_BYTES: usize = 4096;

    /// Creates the set of callers. `nonces` remembers signed calls; all processes that serve these callers must share
    /// it.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn new(callers: &[Caller], nonces: Arc<dyn Nonces>) -> Result<Self, CallerError> {
        let mut result = Self { tokens: Vec::new(), signed: Vec::new(), nonces };
        let mut names = BTreeSet::new();
        for caller in callers {
            if caller.name.is_empty() || !names.insert(caller.name.as_str()) {
                return Err(CallerError::Name(caller.name.clone()));
            }
            result.add(caller)?;
        }
        if callers.is_empty() { Err(CallerError::Nobody) } else { Ok(result) }
    }

    fn add(&mut self, caller: &Caller) -> Result<(), CallerError> {
        let name: Arc<str> = caller.name.as_str().into();
        match &caller.credential {
            CallerCredential::Bearer(token) => {
                let digest = digest("bearer", &[checked_secret(&name, token)?.as_bytes()]);
                self.tokens.push((name, digest));
            }
            CallerCredential::Basic { user, password } => {
                let digest = digest("basic", &[format!("{user}:{}", checked_secret(&name, password)?).as_bytes()]);
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

    /// What the headers of a request say about its caller. A request with an `authorization` header is judged by that
    /// header alone.
    #[must_use]
    pub fn introduced<'a>(&self, head: &CallerHead<'a>, now: Timestamp) -> Introduction<'a> {
        match head.authorization {
            Some(header) => self.token(header).map_or(Introduction::Refused, Introduction::Known),
            None if self.signed.is_empty() => Introduction::Refused,
            None => SignedCall::read(head, now).map_or(Introduction::Refused, Introduction::Signed),
        }
    }

    fn token(&self, header: &str) -> Option<Arc<str>> {
        let presented = credential_digest(header)?;
        // All tokens are compared, so that the time does not reveal which one matched.
        let mut known = None;
        for (name, digest) in &self.tokens {
            if bool::from(digest.ct_eq(&presented)) {
                known = Some(Arc::clone(name));
            }
        }
        known
    }

    /// The caller who signed a request; `None` if no key matches.
    #[must_use]
    pub fn signer(&self, call: &SignedCall<'_>, request: &SignedRequest<'_>) -> Option<Signer> {
        // All keys are tried, so that the time does not reveal which one matched.
        let is_signed = |(_, key): &&(Arc<str>, SigningKey)| call.is_signed_by(key, request);
        let matching = self.signed.iter().filter(is_signed).fold(None, |_, matching| Some(matching));
        let name = Arc::clone(&matching?.0);
        let digest = digest("nonce", &[name.as_bytes(), call.id.as_bytes()]);
        Some(Signer { name, digest, signed_at: Timestamp::from_second(call.timestamp).ok()? })
    }

    /// Whether a signed call is accepted, which happens once. Only validly signed calls are remembered, so that
    /// strangers cannot fill the memory. Ask only when ready to serve the call: it cannot be sent again.
    pub async fn admit(&self, signer: Signer, now: Timestamp) -> Admission {
        match counts(&*self.nonces, signer.digest, signer.signed_at, now).await {
            Counts::Yes => Admission::Admitted(signer.name),
            Counts::No => Admission::Refused,
            Counts::Unknown => Admission::Unavailable,
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

fn checked_secret<'s>(name: &str, secret: &'s SecretString) -> Result<&'s str, CallerError> {
    let secret = secret.expose_secret();
    if secret.len() < Secret::MIN_TOKEN { Err(CallerError::Secret(name.to_owned())) } else { Ok(secret) }
}

/// The digest of the credentials in an `authorization` header; `None` if they have an unknown form.
fn credential_digest(header: &str) -> Option<[u8; 32]> {
    let (scheme, credentials) = header.split_once(' ').filter(|_| header.len() <= Callers::MAX_HEADER_BYTES)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(digest("bearer", &[credentials.as_bytes()]));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = zeroize::Zeroizing::new(STANDARD.decode(credentials).ok()?);
    Some(digest("basic", &[std::str::from_utf8(&pair).ok()?.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::memory::MemoryLedger;
    use crate::ports::{BoxFuture, Fresh, Nonce, PortError, PortErrorKind};

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
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

    fn callers() -> Callers {
        Callers::new(&settings(), Arc::new(MemoryLedger::new())).unwrap()
    }

    fn admitted(name: &str) -> Admission {
        Admission::Admitted(name.into())
    }

    /// A login with a body.
    fn login(body: &[u8]) -> SignedRequest<'_> {
        SignedRequest { method: "POST", path: "/v1/login", body }
    }

    fn sign(key: &str, id: &str, timestamp: i64, request: SignedRequest<'_>) -> String {
        SigningKey::new(&SecretString::from(key)).unwrap().sign(id, timestamp, &request.content())
    }

    async fn call(
        callers: &Callers,
        id: &str,
        timestamp: &str,
        signature: &str,
        request: SignedRequest<'_>,
        now: i64,
    ) -> Admission {
        let (id, timestamp, signature) = (Some(id), Some(timestamp), Some(signature));
        let head = CallerHead { authorization: None, id, timestamp, signature };
        let Introduction::Signed(call) = callers.introduced(&head, at(now)) else { return Admission::Refused };
        match callers.signer(&call, &request) {
            Some(signer) => callers.admit(signer, at(now)).await,
            None => Admission::Refused,
        }
    }

    #[test]
    fn authorization_headers() {
        let callers = callers();
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for (header, want) in [
            (format!("Bearer {TOKEN}"), Some("idp")),
            (format!("bearer {TOKEN}"), Some("idp")),
            (basic(&format!("shop:{TOKEN}")), Some("shop")),
            (basic(&format!("shop2:{TOKEN}")), None),
            (basic("shop:"), None),
            ("Basic ***".to_owned(), None),
            (format!("Bearer {TOKEN} "), None),
            (format!("Bearer shop:{TOKEN}"), None),
            ("Bearer ".to_owned(), None),
            ("Bearer".to_owned(), None),
            (format!("Digest {TOKEN}"), None),
            (String::new(), None),
        ] {
            let head = CallerHead { authorization: Some(&header), ..CallerHead::default() };
            let known = match callers.introduced(&head, at(NOW)) {
                Introduction::Known(name) => Some(name),
                _ => None,
            };
            assert_eq!(known.as_deref(), want, "{header}");
        }
        assert!(matches!(callers.introduced(&CallerHead::default(), at(NOW)), Introduction::Refused));
    }

    /// Calls are refused without waiting for the body if the headers already rule out every caller.
    #[test]
    fn headers_without_a_possible_signature_are_refused_at_once() {
        let (callers, now) = (callers(), NOW.to_string());
        let matching = sign(KEYS[0], "msg", NOW, login(b"{}"));
        let (old, long, two) = ((NOW - 301).to_string(), "m".repeat(129), format!("v1a,xx {matching}"));
        let head = |id, timestamp, signature| CallerHead {
            authorization: None,
            id: Some(id),
            timestamp: Some(timestamp),
            signature: Some(signature),
        };
        for (head, want) in [
            (head("msg", &now, &matching), true),
            (head("msg", &now, &two), true),
            (head("msg", &old, &matching), false),
            (head("msg", "x", &matching), false),
            (head("", &now, &matching), false),
            (head("m.g", &now, &matching), false),
            (head(&long, &now, &matching), false),
            (head("msg", &now, ""), false),
            (head("msg", &now, "v1,AAAA"), false),
            (head("msg", &now, matching.trim_start_matches("v1,")), false),
        ] {
            let is_signed = matches!(callers.introduced(&head, at(NOW)), Introduction::Signed(_));
            assert_eq!(is_signed, want, "{:?} {:?} {:?}", head.id, head.timestamp, head.signature);
        }
        let tokens = Callers::new(&settings()[..2], Arc::new(MemoryLedger::new())).unwrap();
        let head = head("msg", &now, &matching);
        assert!(matches!(tokens.introduced(&head, at(NOW)), Introduction::Refused), "no caller signs");
    }

    #[tokio::test]
    async fn every_active_key_is_accepted_and_no_other() {
        let callers = callers();
        for (at, key) in KEYS.iter().chain(&["another-key-another-key-another"]).enumerate() {
            let id = format!("msg_{at}");
            let want = if at < 2 { admitted("signer") } else { Admission::Refused };
            let signature = sign(key, &id, NOW, login(b"{}"));
            assert_eq!(call(&callers, &id, &NOW.to_string(), &signature, login(b"{}"), NOW).await, want);
        }
    }

    #[tokio::test]
    async fn timestamps_may_be_off_by_the_window() {
        let callers = callers();
        for (skew, want) in [
            (-301, Admission::Refused),
            (-300, admitted("signer")),
            (0, admitted("signer")),
            (300, admitted("signer")),
            (301, Admission::Refused),
            (i64::from(i32::MAX), Admission::Refused),
        ] {
            let (id, timestamp) = (format!("msg_{}", skew + 1000), NOW + skew);
            let signature = sign(KEYS[0], &id, timestamp, login(b"{}"));
            assert_eq!(
                call(&callers, &id, &timestamp.to_string(), &signature, login(b"{}"), NOW).await,
                want,
                "{skew}"
            );
        }
        for timestamp in ["", "x", "-1", "+1800000000", "01800000000", " 1800000000", "9999999999999999999"] {
            let signature = sign(KEYS[0], "msg_t", NOW, login(b"{}"));
            assert_eq!(call(&callers, "msg_t", timestamp, &signature, login(b"{}"), NOW).await, Admission::Refused);
        }
    }

    #[tokio::test]
    async fn every_flipped_bit_is_refused() {
        let callers = callers();
        let (id, body, timestamp) = ("msg_flip", br#"{"identifier":"ada"}"#.to_vec(), NOW.to_string());
        let signature = sign(KEYS[0], id, NOW, login(&body));
        let flips = |text: &[u8]| {
            let text = text.to_vec();
            (0..text.len() * 8).map(move |bit| {
                let mut flipped = text.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                flipped
            })
        };
        for flipped in flips(&body) {
            assert_eq!(call(&callers, id, &timestamp, &signature, login(&flipped), NOW).await, Admission::Refused);
        }
        for flipped in flips(signature.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok()) {
            assert_eq!(call(&callers, id, &timestamp, &flipped, login(&body), NOW).await, Admission::Refused);
        }
        for flipped in flips(id.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok()) {
            assert_eq!(call(&callers, &flipped, &timestamp, &signature, login(&body), NOW).await, Admission::Refused);
        }
        assert_eq!(call(&callers, id, &timestamp, &signature, login(&body), NOW).await, admitted("signer"));
    }

    #[tokio::test]
    async fn bytes_cannot_be_moved_between_id_and_body() {
        let callers = callers();
        let inner = NOW.to_string();
        let signature = sign(KEYS[0], "msg", NOW, login(b"{}"));
        let moved = format!("msg.{NOW}");
        assert_eq!(call(&callers, &moved, &inner, &signature, login(b"{}"), NOW).await, Admission::Refused);
    }

    #[tokio::test]
    async fn a_signature_is_valid_for_one_request() {
        let callers = callers();
        let (id, timestamp) = ("msg_one", NOW.to_string());
        let set = SignedRequest { method: "POST", path: "/v1/accounts/ada/password", body: b"{\"password\":\"a\"}" };
        let signature = sign(KEYS[0], id, NOW, set);
        let over_the_body = SigningKey::new(&KEYS[0].into()).unwrap().sign(id, NOW, set.body);
        for (signature, request) in [
            (&signature, SignedRequest { path: "/v1/accounts/bob/password", ..set }),
            (&signature, SignedRequest { path: "/v1/accounts/ada/password?", ..set }),
            (&signature, SignedRequest { path: "/v1/login", ..set }),
            (&signature, SignedRequest { method: "PUT", ..set }),
            (&signature, SignedRequest { body: b"{\"password\":\"b\"}", ..set }),
            (&over_the_body, set),
        ] {
            assert_eq!(call(&callers, id, &timestamp, signature, request, NOW).await, Admission::Refused);
        }
        assert_eq!(call(&callers, id, &timestamp, &signature, set, NOW).await, admitted("signer"));
        assert_eq!(call(&callers, id, &timestamp, &signature, set, NOW).await, Admission::Refused, "a replay");
    }

    #[tokio::test]
    async fn calls_are_refused_if_they_cannot_be_remembered() {
        struct Full;
        impl Nonces for Full {
            fn remember<'a>(&'a self, _: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>> {
                Box::pin(async { Err(PortError::new(PortErrorKind::Unavailable, "ledger", "remember")) })
            }
        }
        let callers = Callers::new(&settings(), Arc::new(Full)).unwrap();
        let signature = sign(KEYS[0], "msg", NOW, login(b"{}"));
        let answer = call(&callers, "msg", &NOW.to_string(), &signature, login(b"{}"), NOW).await;
        assert_eq!(answer, Admission::Unavailable);
    }

    #[test]
    fn insecure_settings_are_rejected() {
        let one = |name: &str, credential| vec![Caller { name: name.into(), credential }];
        let bearer = |token: &str| CallerCredential::Bearer(token.into());
        let basic = CallerCredential::Basic { user: "u".into(), password: "".into() };
        let twice = [one("a", bearer(TOKEN)), one("a", bearer(TOKEN))].concat();
        for (callers, want) in [
            (Vec::new(), CallerError::Nobody),
            (one("a", bearer("")), CallerError::Secret("a".into())),
            (one("a", bearer("0123456789abcdef0123456789abcde")), CallerError::Secret("a".into())),
            (one("a", basic), CallerError::Secret("a".into())),
            (one("a", CallerCredential::Signed(Vec::new())), CallerError::NoKey("a".into())),
            (
                one("a", CallerCredential::Signed(vec!["0123456789abcdef".into()])),
                CallerError::SigningKey("a".into(), SigningKeyError::TooShort),
            ),
            (one("", bearer(TOKEN)), CallerError::Name(String::new())),
            (twice, CallerError::Name("a".into())),
        ] {
            assert_eq!(Callers::new(&callers, Arc::new(MemoryLedger::new())).err(), Some(want));
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let shown = format!("{:?} {:?}", settings(), callers());
        assert!(shown.contains("signer"));
        assert!(![TOKEN, KEYS[0], KEYS[1]].iter().any(|secret| shown.contains(secret)), "{shown}");
    }
}
