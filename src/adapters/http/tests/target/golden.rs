//! Golden cases: requests that the target must send, answers as the products document them, and what becomes of the account.
//! A product joins by files below `tests/cases/targets`, without a line of Rust.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use axum::body::to_bytes;
use serde::Deserialize;

use super::product::{Answering, Case, Outcome, target_of};
use super::*;
use crate::adapters::http::preset::{Preset, presets};

/// What every product has cases for.
const KINDS: [&str; 6] = ["created", "duplicate", "policy", "rate_limit", "outage", "lost"];

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// Settings of all cases, without `server`. The preset is the name of the folder by default.
    #[serde(default)]
    settings: Json,
    cases: Vec<Golden>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    name: String,
    /// Settings of this case.
    #[serde(default)]
    settings: Json,
    #[serde(flatten)]
    case: Case,
    runs: Vec<Run>,
}

/// One call of the target.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    /// `create` by default.
    #[serde(default, rename = "do")]
    operation: Option<String>,
    exchange: Vec<Exchange>,
    expect: Outcome,
}

/// A request that is expected, and its answer.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    request: Wanted,
    answer: Answering,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    method: String,
    path: String,
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// Headers that must be there; others may be.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The whole body; a text `…` stands for anything.
    #[serde(default)]
    body: Option<Json>,
    /// The whole body as a form.
    #[serde(default)]
    form: Option<BTreeMap<String, String>>,
}

/// A product that follows a script.
#[derive(Clone, Default)]
struct Script {
    expected: Arc<Mutex<VecDeque<Exchange>>>,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Script {
    fn complain(&self, complaint: String) {
        self.complaints.lock().unwrap().push(complaint);
    }

    async fn answer(&self, request: Request) -> Response {
        let Some(Exchange { request: wanted, answer }) = self.expected.lock().unwrap().pop_front() else {
            self.complain(format!("unexpected: {} {}", request.method(), request.uri()));
            return reply(500, "application/json", "{}");
        };
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let query: BTreeMap<String, String> = url::form_urlencoded::parse(query).into_owned().collect();
        let found = format!("{} {}", parts.method, parts.uri.path());
        if found != format!("{} {}", wanted.method, wanted.path) || query != wanted.query {
            self.complain(format!(
                "wanted {} {} {:?}, found {found} {query:?}",
                wanted.method, wanted.path, wanted.query
            ));
        }
        for (name, value) in &wanted.headers {
            let found = parts.headers.get(name).map(|found| found.to_str().unwrap());
            if found != Some(value) {
                self.complain(format!("{found:?} in place of the header {name}: {value}"));
            }
        }
        let body = to_bytes(body, 1 << 20).await.unwrap();
        if let Some(form) = wanted.form {
            let found: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
            if found != form {
                self.complain(format!("the form {found:?}, wanted {form:?}"));
            }
        } else {
            let found: Option<Json> = (!body.is_empty()).then(|| serde_json::from_slice(&body).unwrap());
            if !like(found.as_ref().unwrap_or(&Json::Null), wanted.body.as_ref().unwrap_or(&Json::Null)) {
                self.complain(format!("the body {}, wanted {}", json!(found), json!(wanted.body)));
            }
        }
        answer.response()
    }
}

/// Whether JSON is as it is wanted, with `…` for any text.
fn like(found: &Json, wanted: &Json) -> bool {
    match (found, wanted) {
        (Json::String(_), Json::String(wanted)) if wanted == "…" => true,
        (Json::Object(found), Json::Object(wanted)) => {
            let same = |(name, member): (&String, &Json)| found.get(name).is_some_and(|found| like(found, member));
            found.len() == wanted.len() && wanted.iter().all(same)
        }
        (Json::Array(found), Json::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| like(found, wanted))
        }
        (found, wanted) => found == wanted,
    }
}

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/targets");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn cases_of(path: &Path) -> Cases {
    let text = fs::read_to_string(path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

async fn complaints_about(golden: Golden, mut settings: Json, folder: &Path) -> Vec<String> {
    settings = merged(settings, golden.settings);
    let script = Script::default();
    let answering = script.clone();
    let server = Server::answering(move |request| {
        let script = answering.clone();
        async move { script.answer(request).await }
    })
    .await;
    settings["server"] = merged(server.settings(), settings["server"].take());
    let target = target_of(settings, folder).unwrap();
    for (at, run) in golden.runs.into_iter().enumerate() {
        script.expected.lock().unwrap().extend(run.exchange);
        let outcome = golden.case.run(&target, run.operation.as_deref().unwrap_or("create")).await;
        if outcome != run.expect {
            script.complain(format!("run {at}: {outcome:?}, wanted {:?}", run.expect));
        }
        let left = script.expected.lock().unwrap().drain(..).count();
        if left > 0 {
            script.complain(format!("run {at}: {left} requests were not sent"));
        }
    }
    let complaints = script.complaints.lock().unwrap().clone();
    complaints.into_iter().map(|complaint| format!("{}: {complaint}", golden.name)).collect()
}

#[tokio::test]
async fn golden_cases_pass() {
    let mut complaints = Vec::new();
    for folder in folders() {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let is_cases = |path: &PathBuf| KINDS.contains(&stem(path).as_str());
        for path in files.filter(is_cases) {
            let Cases { settings, cases } = cases_of(&path);
            let settings = merged(json!({ "preset": stem(&folder) }), settings);
            assert!(!cases.is_empty(), "{}", path.display());
            for golden in cases {
                let found = complaints_about(golden, settings.clone(), &folder).await;
                complaints.extend(found.into_iter().map(|found| format!("{}: {found}", path.display())));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The runner sees what it is for.
#[tokio::test]
async fn a_case_that_differs_is_found() {
    let case = |change: fn(&mut Json)| {
        let mut case = json!({
            "name": "ada", "claims": { "username": "ada" }, "password": "correct horse",
            "runs": [ {
                "exchange": [ {
                    "request": { "method": "POST", "path": "/accounts", "body": {
                        "external_id": "9c1d8a7f4e2b4b6c8d0e1f2a3b4c5d6e", "username": "ada", "password": "…",
                        "password_change_required": false,
                    } },
                    "answer": { "status": 201, "body": { "id": "a-1" } },
                } ],
                "expect": { "new": "a-1" },
            } ],
        });
        change(&mut case);
        complaints_about(serde_json::from_value(case).unwrap(), json!({ "preset": "rest" }), Path::new(""))
    };
    assert_eq!(case(|_| {}).await, Vec::<String>::new());
    let changes: [(fn(&mut Json), &str); 5] = [
        (|case| case["runs"][0]["expect"] = json!({ "new": "a-2" }), "run 0"),
        (|case| case["runs"][0]["exchange"][0]["request"]["path"] = "/users".into(), "wanted POST /users"),
        (|case| case["runs"][0]["exchange"][0]["request"]["body"]["username"] = "eve".into(), "the body"),
        (|case| case["runs"][0]["exchange"] = json!([]), "unexpected: POST /accounts"),
        (
            |case| {
                let twice = case["runs"][0]["exchange"][0].clone();
                case["runs"][0]["exchange"] = json!([twice, twice]);
            },
            "1 requests were not sent",
        ),
    ];
    for (change, wanted) in changes {
        let found = case(change).await;
        assert!(found.iter().any(|complaint| complaint.contains(wanted)), "{found:?}, wanted {wanted}");
    }
}

#[test]
fn every_target_has_golden_cases() {
    let folders = folders();
    for (name, text) in presets() {
        let preset: Preset = serde_yaml::from_str(text).unwrap();
        let Some(target) = preset.target else { continue };
        let folder = folders.iter().find(|folder| stem(folder) == name);
        let folder = folder.unwrap_or_else(|| panic!("{name} has no folder in tests/cases/targets"));
        let steps = target.requests.steps.iter().flatten();
        let has_policy = !target.requests.create.unwrap().password_refused_when.is_empty()
            || steps.into_iter().any(|step| !step.password_refused_when.is_empty());
        for kind in KINDS.iter().filter(|kind| has_policy || **kind != "policy") {
            assert!(folder.join(format!("{kind}.yaml")).is_file(), "{name} has no cases `{kind}`");
        }
    }
}
