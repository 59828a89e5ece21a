//! Golden cases: what each dialect reads from a request, and what it replies to every outcome. `tests/cases/bridges/KIND`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use landfall::adapters::memory::MemoryLedger;
use landfall::bridge::{
    Accepted, Ask, BridgeOutcome, BridgeRequest, BridgeSettings, Dialect, KINDS, Kind, OpenContext, Question, Reply,
};
use landfall::ports::{Clock, Keyring};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The settings of the bridge.
    settings: BridgeSettings,
    /// What the clock says.
    #[serde(default = "now")]
    now: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    request: Request,
    /// The reply to a caller who is not admitted.
    #[serde(default)]
    refuses: Option<Replied>,
    /// The reply to a request that asks nothing.
    #[serde(default)]
    replies: Option<Replied>,
    /// What is asked.
    #[serde(default)]
    asks: Option<Asked>,
    /// The replies to outcomes.
    #[serde(default)]
    then: Vec<Then>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    /// Below the bridge.
    #[serde(default)]
    path: String,
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    json: Option<Value>,
    #[serde(default)]
    text: Option<String>,
    /// Sent a second time after it was admitted once.
    #[serde(default)]
    again: bool,
    /// How often it was admitted before, if that is more than once.
    #[serde(default)]
    times: u32,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Asked {
    ask: String,
    identifier: String,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    network: Option<std::net::IpAddr>,
    #[serde(default)]
    correlation: Option<String>,
    /// Compared if it is written.
    #[serde(default)]
    echo: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    outcome: Outcome,
    reply: Replied,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Outcome {
    Accepted {
        #[serde(default)]
        profile: Map<String, Value>,
        #[serde(default)]
        account: String,
        #[serde(default)]
        must_change_password: bool,
    },
    Refused,
    Free,
    Reserved,
    Provisioned {
        account: Option<String>,
    },
    Unavailable,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Replied {
    status: u16,
    /// Compared if they are written.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body as JSON.
    #[serde(default)]
    json: Option<Value>,
    /// The body as text; empty if neither is written.
    #[serde(default)]
    text: Option<String>,
}

fn now() -> String {
    "2026-11-29T12:00:00Z".to_owned()
}

struct Stopped(jiff::Timestamp);

impl Clock for Stopped {
    fn now(&self) -> jiff::Timestamp {
        self.0
    }
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Refused => "refused",
            Self::Free => "free",
            Self::Reserved => "reserved",
            Self::Provisioned { .. } => "provisioned",
            Self::Unavailable => "unavailable",
        }
    }

    fn outcome(&self) -> BridgeOutcome {
        match self {
            Self::Accepted { profile, account, must_change_password } => BridgeOutcome::Accepted(Accepted {
                profile: profile.clone(),
                account: account.clone(),
                must_change_password: *must_change_password,
            }),
            Self::Refused => BridgeOutcome::Refused,
            Self::Free => BridgeOutcome::Free,
            Self::Reserved => BridgeOutcome::Reserved,
            Self::Provisioned { account } => BridgeOutcome::Provisioned { account: account.clone() },
            Self::Unavailable => BridgeOutcome::Unavailable { retry_after: Duration::from_secs(5) },
        }
    }
}

fn ask_name(ask: Ask) -> &'static str {
    match ask {
        Ask::Login => "login",
        Ask::Profile => "profile",
        Ask::SignupCheck => "signup_check",
        Ask::Provision => "provision",
    }
}

impl Asked {
    fn of(question: &Question, wants_echo: bool) -> Self {
        let password = question.password.as_ref().map(|password| String::from_utf8_lossy(password).into_owned());
        Self {
            ask: ask_name(question.ask).to_owned(),
            identifier: question.identifier.clone(),
            password,
            network: question.network,
            correlation: question.correlation.clone(),
            echo: wants_echo.then(|| question.echo.clone()),
        }
    }
}

impl Replied {
    fn check(&self, reply: &Reply, context: &str) {
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status.as_u16(), self.status, "{context}: {body}");
        for (name, value) in &self.headers {
            let have: Vec<_> = reply.headers.iter().filter(|(have, _)| have.as_str() == name).collect();
            assert_eq!(have.len(), 1, "{context}: {name}");
            assert_eq!(have[0].1.to_str().expect("text"), value, "{context}: {name}");
        }
        match (&self.json, &self.text) {
            (Some(wanted), _) => {
                let have: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{context}: no JSON: {body}"));
                assert_eq!(&have, wanted, "{context}");
            }
            (None, wanted) => assert_eq!(body, wanted.as_deref().unwrap_or_default(), "{context}"),
        }
    }
}

fn opened(kind: &Kind, settings: &BridgeSettings, folder: &Path, now: jiff::Timestamp) -> Box<dyn Dialect> {
    (kind.open)(&OpenContext {
        settings,
        folder,
        nonces: Arc::new(MemoryLedger::new()),
        keyring: Arc::new(Keyring::new(&[7; 32]).expect("a key")),
        clock: Arc::new(Stopped(now)),
    })
    .unwrap_or_else(|error| panic!("{}: {error}", kind.name))
}

impl Case {
    /// Runs the case, and returns the cells of the matrix that it covers.
    async fn run(&self, dialect: &dyn Dialect, bridge: &str, context: &str) -> BTreeSet<String> {
        let context = format!("{context}, {}", self.name);
        let Request { method, path, query, headers, json, text, again, times } = &self.request;
        let body = json.as_ref().map(Value::to_string).or_else(|| text.clone()).unwrap_or_default();
        let mut map = HeaderMap::new();
        if json.is_some() {
            map.insert("content-type", HeaderValue::from_static("application/json"));
        }
        for (name, value) in headers {
            map.insert(name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"));
        }
        let query = query.as_deref();
        let target = format!("{bridge}{path}{}", query.map(|query| format!("?{query}")).unwrap_or_default());
        let method: Method = method.parse().expect("a method");
        let request = BridgeRequest {
            method: &method,
            target: &target,
            path,
            query,
            headers: &map,
            body: body.as_bytes(),
            network: None,
        };
        let mut covered = BTreeSet::new();
        for _ in 0..(*times).max(u32::from(*again)) {
            assert!(dialect.admit(&request).await.is_ok(), "{context}: the first time");
        }
        match (dialect.admit(&request).await, &self.refuses) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => panic!("{context}: it is admitted"),
            (Err(reply), Some(wanted)) => {
                wanted.check(&reply, &context);
                covered.insert("caller refused".to_owned());
                return covered;
            }
            (Err(reply), None) => panic!("{context}: it is not admitted: {}", String::from_utf8_lossy(&reply.body)),
        }
        let question = match (dialect.question(&request), &self.replies) {
            (Ok(question), None) => question,
            (Ok(_), Some(_)) => panic!("{context}: it asks something"),
            (Err(reply), Some(wanted)) => {
                wanted.check(&reply, &context);
                covered.insert("asks nothing".to_owned());
                return covered;
            }
            (Err(reply), None) => panic!("{context}: it asks nothing: {}", String::from_utf8_lossy(&reply.body)),
        };
        let wanted = self.asks.as_ref().unwrap_or_else(|| panic!("{context}: `asks` is missing"));
        assert_eq!(&Asked::of(&question, wanted.echo.is_some()), wanted, "{context}");
        for then in &self.then {
            let context = format!("{context}, {}", then.outcome.name());
            then.reply.check(&dialect.reply(&question, &then.outcome.outcome()), &context);
            covered.insert(format!("{} {}", ask_name(question.ask), then.outcome.name()));
        }
        covered
    }
}

/// The files of a dialect.
fn files(kind: &Kind) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/bridges").join(kind.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

#[tokio::test]
async fn every_dialect_has_its_golden_cases() {
    for kind in KINDS {
        let mut covered = BTreeSet::new();
        for path in files(kind) {
            let context = path.display().to_string();
            let text = fs::read_to_string(&path).expect("a file");
            let mut file: File = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_eq!(file.settings.kind, kind.name, "{context}");
            let folder = path.parent().expect("a folder");
            for secret in file.settings.secrets() {
                secret.secret.resolve(folder).unwrap_or_else(|error| panic!("{context}: {error}"));
            }
            for case in &file.cases {
                // what one case has signed is not known to the next
                let dialect = opened(kind, &file.settings, folder, file.now.parse().expect("a time"));
                covered.extend(case.run(&*dialect, &file.settings.path(), &context).await);
            }
        }
        assert!(covered.contains("asks nothing"), "{}: no case of a malformed request", kind.name);
        for ask in ["login", "profile", "signup_check", "provision"] {
            let has = |outcome: &str| covered.contains(&format!("{ask} {outcome}"));
            let outcomes: &[&str] = match ask {
                "signup_check" => &["free", "reserved", "unavailable"],
                "provision" => &["provisioned", "unavailable"],
                _ => &["accepted", "refused", "unavailable"],
            };
            if outcomes.iter().any(|outcome| has(outcome)) {
                for outcome in outcomes {
                    assert!(has(outcome), "{}: no case of {ask} {outcome}", kind.name);
                }
            }
        }
        assert!(covered.iter().any(|cell| cell.starts_with("login ")), "{}: no login", kind.name);
    }
}

/// The one body of a refusal that is told from others by nothing.
#[test]
fn cases_are_read_strictly() {
    assert!(serde_json::from_value::<Replied>(json!({ "status": 200, "boddy": "" })).is_err());
}
