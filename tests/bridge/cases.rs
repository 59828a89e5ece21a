//! Golden cases: what each dialect reads from a request, and what it replies to every outcome. `tests/cases/bridges/KIND`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use landfall::adapters::memory::MemoryLedger;
use landfall::bridge::{
    Accepted, Ask, BridgeOutcome, BridgeRequest, BridgeSettings, Dialect, KINDS, Kind, OpenContext, ProductApi,
    Question, Reply,
};
use landfall::ports::{BoxFuture, Clock, Keyring, PortError, PortErrorKind};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::page;

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The settings of the bridge.
    pub settings: BridgeSettings,
    /// What the clock says.
    #[serde(default = "now")]
    pub now: String,
    /// What the API of the product has, by path; an entry that is `null` is an outage.
    #[serde(default)]
    pub product: Option<BTreeMap<String, Value>>,
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub request: Request,
    /// The reply to a caller who is not admitted.
    #[serde(default)]
    pub refuses: Option<Replied>,
    /// The reply to a request that asks nothing.
    #[serde(default)]
    pub replies: Option<Replied>,
    /// What is asked.
    #[serde(default)]
    asks: Option<Asked>,
    /// The replies to outcomes.
    #[serde(default)]
    then: Vec<Then>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub method: String,
    /// Below the bridge.
    #[serde(default)]
    pub path: String,
    #[serde(default)]
    pub query: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, OneOrMore>,
    #[serde(default)]
    pub json: Option<Value>,
    #[serde(default)]
    pub text: Option<String>,
    /// Who calls.
    #[serde(default)]
    pub caller: Option<std::net::IpAddr>,
    /// Sent a second time after it was admitted once.
    #[serde(default)]
    again: bool,
    /// How often it was admitted before, if that is more than once.
    #[serde(default)]
    times: u32,
}

/// The value of a header, or those of a repeated one.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub fn values(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::More(values) => values,
        }
    }
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
    /// Compared if they are written.
    #[serde(default)]
    facts: Option<Value>,
    /// Compared if it is written.
    #[serde(default)]
    echo: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Then {
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
    Noted,
    Unavailable,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Replied {
    pub status: u16,
    /// Compared if they are written.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body as JSON; the text `<any>` in it stands for any text.
    #[serde(default)]
    pub json: Option<Value>,
    /// The body as text; empty if neither is written.
    #[serde(default)]
    pub text: Option<String>,
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
            Self::Noted => "noted",
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
            Self::Noted => BridgeOutcome::Noted,
            Self::Unavailable => BridgeOutcome::Unavailable { retry_after: Duration::from_secs(5) },
        }
    }
}

pub fn ask_name(ask: Ask) -> &'static str {
    match ask {
        Ask::Login => "login",
        Ask::Profile => "profile",
        Ask::SignupCheck => "signup_check",
        Ask::Provision => "provision",
        Ask::PasswordSet => "password_set",
    }
}

/// The same question, without the password, which no reply needs.
fn copy(question: &Question) -> Question {
    Question { echo: question.echo.clone(), ..Question::new(question.ask, question.identifier.clone()) }
}

impl Asked {
    fn of(question: &Question, wanted: &Self) -> Self {
        let password = question.password.as_ref().map(|password| String::from_utf8_lossy(password).into_owned());
        Self {
            ask: ask_name(question.ask).to_owned(),
            identifier: question.identifier.clone(),
            password,
            network: question.network,
            correlation: question.correlation.clone(),
            facts: wanted.facts.is_some().then(|| Value::Object(question.facts.clone())),
            echo: wanted.echo.is_some().then(|| question.echo.clone()),
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
                assert!(is_like(&have, wanted), "{context}: {have}, and not {wanted}");
            }
            (None, wanted) => assert_eq!(body, wanted.as_deref().unwrap_or_default(), "{context}"),
        }
    }
}

/// Whether a document is the one that is wanted.
fn is_like(have: &Value, wanted: &Value) -> bool {
    match (have, wanted) {
        (Value::String(_), Value::String(any)) if any == "<any>" => true,
        (Value::Object(have), Value::Object(wanted)) => {
            have.len() == wanted.len()
                && wanted.iter().all(|(name, wanted)| have.get(name).is_some_and(|have| is_like(have, wanted)))
        }
        _ => have == wanted,
    }
}

/// The API of a product with a few answers.
struct Product(BTreeMap<String, Value>);

impl ProductApi for Product {
    fn get<'a>(&'a self, path: &'a str, _: &'a str) -> BoxFuture<'a, Result<Option<Value>, PortError>> {
        Box::pin(async move {
            match self.0.get(path) {
                Some(Value::Null) => Err(PortError::new(PortErrorKind::Unavailable, "product", "get")),
                found => Ok(found.cloned()),
            }
        })
    }
}

pub fn opened(kind: &Kind, file: &File, folder: &Path) -> Box<dyn Dialect> {
    let product = file.product.clone().map(|answers| Arc::new(Product(answers)) as Arc<dyn ProductApi>);
    let now = file.now.parse().expect("a time");
    (kind.open)(&OpenContext {
        settings: &file.settings,
        folder,
        product,
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
        let Request { method, path, query, headers, json, text, caller, again, times } = &self.request;
        let body = json.as_ref().map(Value::to_string).or_else(|| text.clone()).unwrap_or_default();
        let mut map = HeaderMap::new();
        if json.is_some() {
            map.insert("content-type", HeaderValue::from_static("application/json"));
        }
        for (name, values) in headers {
            let name = name.parse::<HeaderName>().expect("a name");
            map.remove(&name);
            for value in values.values() {
                map.append(&name, value.parse().expect("a value"));
            }
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
            caller: *caller,
        };
        let mut covered = BTreeSet::new();
        for _ in 0..(*times).max(u32::from(*again)) {
            assert!(dialect.admit(&request).await.is_ok(), "{context}: the first time");
            let _ = dialect.ask(&request).await;
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
        let question = match (dialect.ask(&request).await, &self.replies) {
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
        assert_eq!(&Asked::of(&question, wanted), wanted, "{context}");
        for then in &self.then {
            let context = format!("{context}, {}", then.outcome.name());
            let (mut question, outcome) = (copy(&question), then.outcome.outcome());
            dialect.supplement(&mut question, &outcome).await;
            then.reply.check(&dialect.reply(&question, &outcome), &context);
            covered.insert(format!("{} {}", ask_name(question.ask), then.outcome.name()));
        }
        covered
    }
}

/// The files of a dialect.
pub fn files(kind: &Kind) -> Vec<PathBuf> {
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
                let dialect = opened(kind, &file, folder);
                covered.extend(case.run(&*dialect, &file.settings.path(), &context).await);
            }
        }
        assert!(covered.contains("asks nothing"), "{}: no case of a malformed request", kind.name);
        for ask in ["login", "profile", "signup_check", "provision", "password_set"] {
            let has = |outcome: &str| covered.contains(&format!("{ask} {outcome}"));
            let outcomes: &[&str] = match ask {
                "signup_check" => &["free", "reserved", "unavailable"],
                "provision" => &["provisioned", "unavailable"],
                "password_set" => &["noted", "unavailable"],
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

/// How long the body of a reply may be on the page.
const SHOWN: usize = 60;

/// A reply on the page: the status, and the body if it is short.
fn shown(reply: &Replied) -> String {
    let body = reply.json.as_ref().map(Value::to_string).or_else(|| reply.text.clone()).unwrap_or_default();
    match body.len() {
        0 => reply.status.to_string(),
        1..=SHOWN => format!("{} `{}`", reply.status, body.replace('|', "\\|")),
        _ => format!("{} …", reply.status),
    }
}

/// What each product is replied to a login, from the cases.
#[test]
fn the_page_shows_the_replies() {
    let mut rows = Vec::new();
    for kind in KINDS {
        let mut cells: BTreeMap<&str, String> = BTreeMap::new();
        for path in files(kind) {
            let text = fs::read_to_string(&path).expect("a file");
            let file: File = serde_yaml::from_str(&text).expect("a file of cases");
            for case in file.cases.iter().filter(|case| case.asks.as_ref().is_some_and(|asked| asked.ask == "login")) {
                for then in &case.then {
                    let name = match &then.outcome {
                        Outcome::Accepted { must_change_password: true, .. } => "must change",
                        outcome => outcome.name(),
                    };
                    cells.entry(name).or_insert_with(|| shown(&then.reply));
                }
            }
        }
        let cell = |name: &str| cells.get(name).cloned().unwrap_or_else(|| "as signed in".to_owned());
        let outcomes = ["accepted", "must change", "refused", "unavailable"];
        rows.push([vec![kind.product.to_owned()], outcomes.map(cell).to_vec()].concat());
    }
    let head = ["product", "signed in", "signed in, new password needed", "refused", "outage"];
    page::compare("replies", &page::table(&head, rows.into_iter()));
}

/// The one body of a refusal that is told from others by nothing.
#[test]
fn cases_are_read_strictly() {
    assert!(serde_json::from_value::<Replied>(json!({ "status": 200, "boddy": "" })).is_err());
}
