//! The public keys of an issuer: fetched, kept, and fetched again when a token names one that is not known.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Url, redirect};
use tokio::time::Instant;

use super::jwk::KeySet;
use crate::tls::is_local;

/// How long keys are used before they are fetched again, in the background.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// How long keys are used while they cannot be fetched.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);

/// The shortest time between two fetches. Stops tokens with invented key ids from causing one each.
const PAUSE: Duration = Duration::from_secs(30);

/// How long a fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_millis(1500);

/// The largest set of keys, in bytes. Stops an answer from filling the memory; sets have a few KiB.
const MAX_BYTES: usize = 256 * 1024;

/// The keys cannot be fetched, so that nothing is known about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoKeys;

/// Where the keys of an issuer are, and those that were fetched.
#[derive(Debug, Clone)]
pub(super) struct Keys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    state: Mutex<State>,
    /// Held while keys are fetched, so that they are fetched once.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Remote { client: Client, url: Url },
}

#[derive(Debug, Clone, Default)]
struct State {
    known: Option<(Arc<KeySet>, Instant)>,
    tried_at: Option<Instant>,
    has_failed: bool,
}

impl Keys {
    /// Keys at an address or in a file. A file is read at once.
    ///
    /// # Errors
    /// One sentence.
    pub fn open(keys: &str, folder: &Path) -> Result<Self, String> {
        let place = if keys.contains("://") { Place::remote(keys)? } else { Place::File(folder.join(keys)) };
        let mut state = State::default();
        if let Place::File(path) = &place {
            let set = read_file(path).map_err(|reason| format!("cannot use the keys in `{keys}`: {reason}"))?;
            state.known = Some((Arc::new(set), Instant::now()));
        }
        Ok(Self(Arc::new(Inner { place, state: Mutex::new(state), fetching: tokio::sync::Mutex::default() })))
    }

    /// What is wrong with an address of keys; files are read when they are opened.
    pub fn mistake(keys: &str) -> Option<String> {
        if keys.contains("://") {
            checked(keys).err()
        } else {
            keys.is_empty().then(|| "the keys are missing".to_owned())
        }
    }

    /// The keys, among them the one that a token names, if the issuer has it.
    pub async fn with(&self, kid: Option<&str>) -> Result<Arc<KeySet>, NoKeys> {
        let has = |set: &KeySet| set.named(kid).next().is_some();
        let now = Instant::now();
        if let Some((set, fetched_at)) = self.0.known(now)
            && has(&set)
        {
            if now.duration_since(fetched_at) >= FRESH && self.0.is_due(now) {
                let inner = Arc::clone(&self.0);
                tokio::spawn(async move { inner.refresh().await });
            }
            return Ok(set);
        }
        self.0.refresh().await;
        match self.0.known(Instant::now()) {
            Some((set, _)) if has(&set) || !self.0.state().has_failed => Ok(set),
            _ => Err(NoKeys),
        }
    }
}

impl Inner {
    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn known(&self, now: Instant) -> Option<(Arc<KeySet>, Instant)> {
        self.state().known.filter(|(_, fetched_at)| now.duration_since(*fetched_at) < USABLE)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.state().tried_at.is_none_or(|tried_at| now.duration_since(tried_at) >= PAUSE)
    }

    /// Fetches the keys, unless that was tried a moment ago.
    async fn refresh(&self) {
        let _fetching = self.fetching.lock().await;
        if !self.is_due(Instant::now()) {
            return;
        }
        let fetched = match &self.place {
            Place::File(path) => read_file(path),
            Place::Remote { client, url } => fetch(client, url).await,
        };
        if let Err(reason) = &fetched {
            tracing::warn!(%reason, "cannot fetch the keys of access tokens");
        }
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.tried_at, state.has_failed) = (Some(now), fetched.is_err());
        if let Ok(set) = fetched {
            state.known = Some((Arc::new(set), now));
        }
    }
}

impl Place {
    fn remote(text: &str) -> Result<Self, String> {
        let url = checked(text)?;
        crate::tls::install_provider();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("landfall/", env!("CARGO_PKG_VERSION")))
            .timeout(FETCH_TIMEOUT)
            .build();
        Ok(Self::Remote { client: client.map_err(|_| "the HTTP client cannot be created".to_owned())?, url })
    }
}

/// An address that nobody on the way can answer for.
fn checked(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| format!("`{text}` is not a valid address"))?;
    if url.scheme() == "https" || url.scheme() == "http" && is_local(&url) {
        Ok(url)
    } else {
        Err(format!("the keys at `{text}` could be replaced on the way; use an `https://` address"))
    }
}

fn read_file(path: &Path) -> Result<KeySet, String> {
    let length = fs::metadata(path).map_err(|error| error.kind().to_string())?.len();
    if length > MAX_BYTES as u64 {
        return Err(format!("the file has more than {MAX_BYTES} bytes"));
    }
    let text = fs::read(path).map_err(|error| error.kind().to_string())?;
    KeySet::read(&text).ok_or_else(|| NOT_A_SET.to_owned())
}

async fn fetch(client: &Client, url: &Url) -> Result<KeySet, String> {
    let failed = |error: reqwest::Error| error.without_url().to_string();
    let mut response = client.get(url.clone()).header("accept", "application/json").send().await.map_err(failed)?;
    if response.status() != 200 {
        return Err(format!("the server answered {}", response.status().as_u16()));
    }
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if text.len() + chunk.len() > MAX_BYTES {
            return Err(format!("the answer has more than {MAX_BYTES} bytes"));
        }
        text.extend_from_slice(&chunk);
    }
    KeySet::read(&text).ok_or_else(|| NOT_A_SET.to_owned())
}

const NOT_A_SET: &str = "there is no JSON Web Key Set with a public key for signatures";

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::get;
    use tokio::net::TcpListener;
    use tokio::time::{advance, pause};

    use super::*;

    fn set(kid: &str) -> String {
        format!(r#"{{"keys":[{{"kty":"RSA","kid":"{kid}","n":"tw","e":"AQAB"}}]}}"#)
    }

    /// Whether a key is there, or nothing is known.
    async fn has(keys: &Keys, kid: &str) -> Result<bool, NoKeys> {
        keys.with(Some(kid)).await.map(|set| set.named(Some(kid)).next().is_some())
    }

    #[tokio::test]
    async fn keys_that_are_not_known_are_looked_for_now_and_then() {
        pause();
        let folder = tempfile::tempdir().unwrap();
        let write = |text: String| fs::write(folder.path().join("keys.json"), text).unwrap();
        write(set("one"));
        let keys = Keys::open("keys.json", folder.path()).unwrap();
        assert_eq!(has(&keys, "one").await, Ok(true));
        assert_eq!(has(&keys, "two").await, Ok(false), "looked for");
        write(set("two"));
        assert_eq!(has(&keys, "two").await, Ok(false), "a moment ago there was none");
        advance(PAUSE).await;
        assert_eq!(has(&keys, "two").await, Ok(true));
        assert_eq!(has(&keys, "one").await, Ok(false), "it was taken out");
        advance(PAUSE).await;
        write("{".to_owned());
        assert_eq!(has(&keys, "three").await, Err(NoKeys), "nothing is known about it");
        assert_eq!(has(&keys, "two").await, Ok(true), "what is known counts");
        advance(USABLE).await;
        assert_eq!(has(&keys, "two").await, Err(NoKeys), "for a day");
        write(set("two"));
        advance(PAUSE).await;
        assert_eq!(has(&keys, "two").await, Ok(true));
    }

    #[tokio::test]
    async fn old_keys_are_fetched_again_in_the_background() {
        pause();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("keys.json"), set("one")).unwrap();
        let keys = Keys::open("keys.json", folder.path()).unwrap();
        fs::write(folder.path().join("keys.json"), set("two")).unwrap();
        advance(FRESH).await;
        assert_eq!(has(&keys, "one").await, Ok(true));
        tokio::task::yield_now().await;
        assert_eq!(has(&keys, "one").await, Ok(false));
    }

    async fn served(router: Router) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn keys_are_fetched_once_by_all_who_wait() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let answer = move || async move {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
            set("one")
        };
        let base = served(Router::new().route("/keys", get(answer))).await;
        let keys = Keys::open(&format!("{base}/keys"), Path::new(".")).unwrap();
        let asked: Vec<_> = (0..20)
            .map(|number| {
                let keys = keys.clone();
                tokio::spawn(async move { has(&keys, if number % 2 == 0 { "one" } else { "other" }).await })
            })
            .collect();
        for (number, task) in asked.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), Ok(number % 2 == 0));
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_answer_that_is_no_set_says_nothing() {
        let router = Router::new()
            .route("/failed", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, set("one")) }))
            .route("/moved", get(|| async { axum::response::Redirect::temporary("/keys") }))
            .route("/keys", get(|| async { set("one") }))
            .route("/page", get(|| async { "<html>" }))
            .route("/large", get(|| async { format!("{}{}", set("one"), " ".repeat(MAX_BYTES)) }))
            .route(
                "/late",
                get(|| async {
                    tokio::time::sleep(Duration::from_secs(20)).await;
                    set("one")
                }),
            );
        let base = served(router).await;
        for path in ["/failed", "/moved", "/page", "/large", "/late", "/missing"] {
            let keys = Keys::open(&format!("{base}{path}"), Path::new(".")).unwrap();
            let began = std::time::Instant::now();
            assert_eq!(has(&keys, "one").await, Err(NoKeys), "{path}");
            assert!(began.elapsed() < Duration::from_secs(5), "{path}");
        }
        let keys = Keys::open("http://127.0.0.1:1/keys", Path::new(".")).unwrap();
        assert_eq!(has(&keys, "one").await, Err(NoKeys));
    }

    #[test]
    fn keys_cannot_be_replaced_on_the_way() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("page"), "<html>").unwrap();
        for (keys, reason) in [
            ("http://idp.example/keys", "https://"),
            ("http://127.0.0.1.attacker.example/keys", "https://"),
            ("ftp://idp.example/keys", "https://"),
            ("https://", "not a valid address"),
            ("missing.json", "entity not found"),
            ("page", "no JSON Web Key Set"),
        ] {
            let error = Keys::open(keys, folder.path()).unwrap_err();
            assert!(error.contains(reason), "{keys}: {error}");
        }
        for keys in ["https://idp.example/keys", "http://localhost:8080/keys", "http://[::1]/keys"] {
            assert!(Keys::open(keys, folder.path()).is_ok(), "{keys}");
        }
    }
}
