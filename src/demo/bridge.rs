//! `landfall demo --bridge`: the recorded calls of an identity provider, and what the demo's own service answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::bridge::{BridgeSettings, Kind};
use crate::ports::{AuditFilter, AuditRecord, PortError, Reports};

/// The recorded calls, by dialect.
const RECORDINGS: &[(&str, &str)] =
    &[("keycloak", include_str!("bridges/keycloak.yaml")), ("ropc", include_str!("bridges/ropc.yaml"))];

/// What later calls have in place of the access token of an answer.
const TOKEN: &str = "{{access_token}}";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The width of sentences.
const WIDTH: usize = 96;

/// The dialects that have recorded calls.
pub fn recorded() -> impl Iterator<Item = &'static str> {
    RECORDINGS.iter().map(|(kind, _)| *kind)
}

/// The settings of the bridge of a dialect in the demo; `None` if there are no recorded calls.
#[must_use]
pub fn settings(kind: &Kind) -> Option<BridgeSettings> {
    let mut settings = recording(kind.name).ok()?.settings;
    settings.insert("kind".to_owned(), kind.name.into());
    serde_json::from_value(Value::Object(settings)).ok()
}

/// Why recorded calls cannot be shown.
#[derive(Debug, Error)]
pub enum PlayError {
    /// There are none for the dialect, or they are invalid; a test of this program detects the latter.
    #[error("the demo has no recorded calls of `{0}`")]
    Recording(String),
    /// A call was not answered.
    #[error("the demo did not answer")]
    Answer(#[from] reqwest::Error),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] PortError),
    /// The text cannot be written.
    #[error("writing failed: {}", .0.kind())]
    Output(#[from] io::Error),
}

/// Recorded calls.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    /// The settings of the bridge, beside its kind.
    #[serde(default)]
    settings: Map<String, Value>,
    calls: Vec<Call>,
}

/// A call as the product sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    /// What has happened before.
    about: String,
    method: String,
    /// Below the bridge.
    #[serde(default)]
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A body of JSON.
    #[serde(default)]
    json: Option<Value>,
    /// Another body.
    #[serde(default)]
    text: Option<String>,
    /// What the product makes of the answer.
    #[serde(default)]
    then: Option<String>,
}

fn recording(kind: &str) -> Result<Recording, PlayError> {
    let text = RECORDINGS.iter().find(|(name, _)| *name == kind).map(|(_, text)| *text);
    let read = text.and_then(|text| serde_yaml::from_str(text).ok());
    read.ok_or_else(|| PlayError::Recording(kind.to_owned()))
}

/// Sends the recorded calls of a product to a bridge, and shows each with its answer and what the ledger recorded. `base` is
/// the address of the service.
///
/// # Errors
/// [`PlayError`].
pub async fn play(
    kind: &Kind,
    base: &str,
    reports: &dyn Reports,
    show: &mut (dyn FnMut(&str) -> io::Result<()> + Send),
) -> Result<(), PlayError> {
    crate::tls::install_provider();
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let recording = recording(kind.name)?;
    let mut seen = latest(reports).await?.map_or(0, |row| row.number);
    let mut token = String::new();
    for (at, call) in recording.calls.iter().enumerate() {
        show(&format!("{}\n{}", wrapped(&format!("{}. {}", at + 1, call.about), ""), request_text(kind, call)))?;
        let response = send(&client, kind, base, call, &token).await?;
        let (answer, body) = answer_text(response).await?;
        if let Some(issued) = body.get("access_token").and_then(Value::as_str) {
            issued.clone_into(&mut token);
        }
        let row = latest(reports).await?.filter(|row| row.number > seen);
        seen = row.as_ref().map_or(seen, |row| row.number);
        show(&format!("{answer}\n  ledger  {}\n", ledger_text(row.as_ref())))?;
        if let Some(then) = &call.then {
            show(&format!("\n{}", wrapped(then, "  ")))?;
        }
        show("\n")?;
    }
    Ok(())
}

async fn latest(reports: &dyn Reports) -> Result<Option<AuditRecord>, PortError> {
    Ok(reports.audit(AuditFilter::default(), 1).await?.into_iter().next())
}

async fn send(client: &Client, kind: &Kind, base: &str, call: &Call, token: &str) -> Result<Response, reqwest::Error> {
    // the recordings contain methods that exist
    let method = call.method.parse().unwrap_or(Method::GET);
    let mut request = client.request(method, format!("{base}{}", path(kind, call)));
    for (name, value) in &call.headers {
        request = request.header(name, value.replace(TOKEN, token));
    }
    if let Some(json) = &call.json {
        request = request.header(CONTENT_TYPE, "application/json").body(json.to_string());
    }
    if let Some(text) = &call.text {
        request = request.body(text.clone());
    }
    request.send().await
}

fn path(kind: &Kind, call: &Call) -> String {
    format!("/bridge/{}{}", kind.name, call.path)
}

fn request_text(kind: &Kind, call: &Call) -> String {
    let mut out = format!("  > {} {}\n", call.method, path(kind, call));
    for (name, value) in &call.headers {
        // writing to a `String` cannot fail
        let _ = writeln!(out, "  > {name}: {}", value.replace(TOKEN, "…"));
    }
    if let Some(json) = &call.json {
        let _ = writeln!(out, "  > {CONTENT_TYPE}: application/json\n  > {json}");
    }
    if let Some(text) = &call.text {
        let _ = writeln!(out, "  > {text}");
    }
    out + "\n"
}

/// The text of an answer, and its body if it is JSON.
async fn answer_text(response: Response) -> Result<(String, Value), reqwest::Error> {
    let mut out = format!("  < {}\n", response.status());
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if let Some(media_type) = media_type {
        let _ = writeln!(out, "  < {CONTENT_TYPE}: {media_type}");
    }
    let body = response.text().await?;
    let json = serde_json::from_str::<Value>(&body).unwrap_or_default();
    let mut shown = json.clone();
    if let Some(Value::String(token)) = shown.get_mut("access_token") {
        *token = token.chars().take(24).chain(['…']).collect();
    }
    let shown = if json.is_null() { body } else { format!("{shown:#}") };
    for line in shown.lines() {
        let _ = writeln!(out, "  < {line}");
    }
    Ok((out, json))
}

fn ledger_text(row: Option<&AuditRecord>) -> String {
    let Some(AuditRecord { operation, outcome, reason, account, .. }) = row else { return "nothing".to_owned() };
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    let account = account.as_ref().map(|account| format!(", account {account}")).unwrap_or_default();
    format!("{operation}: {outcome}{reason}{account}")
}

/// Sentences in lines that begin with an indentation.
#[must_use]
pub fn wrapped(text: &str, indent: &str) -> String {
    let (mut out, mut line) = (String::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{indent}{line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{indent}{line}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_is_of_a_dialect_and_begins_with_a_call() {
        assert!(recorded().any(|kind| kind == "keycloak"));
        for kind in recorded() {
            assert!(settings(Kind::named(kind).unwrap()).is_some(), "{kind}");
            let recording = recording(kind).unwrap();
            assert!(recording.calls.len() > 1, "{kind}");
            assert!(recording.calls.iter().all(|call| call.method.parse::<Method>().is_ok()), "{kind}");
        }
        assert_eq!(recording("none").unwrap_err().to_string(), "the demo has no recorded calls of `none`");
    }
}
