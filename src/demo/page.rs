//! The pages of the demo: plain data in, HTML out. The templates escape everything.

use std::time::Duration;

use askama::Template;
use serde_json::Value as Json;

use super::mapping::ClaimRow;
use super::record::{RecordView, scheme_in_words};
use super::rules;
use super::samples::{self, Sample};
use super::step_text::{self, Ending, Mood, StepText};
use super::watch::Watched;
use crate::ports::StoredAccount;

/// The style sheet.
pub const CSS: &str = concat!(include_str!("../../templates/colours.css"), include_str!("../../templates/demo.css"));

/// The logo, also the icon of the page.
pub const MARK: &str = include_str!("../../templates/mark.svg");

/// What a browser may do on these pages: show them with our style sheet and logo, and send forms to us.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                          frame-ancestors 'none'";

/// Whether the legacy shop is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shop {
    /// The shop is switched on.
    On,
    /// The shop is switched off.
    Off,
}

impl Shop {
    /// Whether it is on.
    #[must_use]
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

/// The contents of the form, to be shown again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// The identifier.
    pub identifier: String,
    /// The password; only those of samples, which the page shows anyway.
    pub password: String,
}

/// A sample on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleCard {
    /// The sample.
    pub sample: &'static Sample,
    /// The id of its account, if it has one.
    pub account: Option<String>,
}

/// What the front page always shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    /// Whether the shop is available.
    pub shop: Shop,
    /// The number of customers in the shop.
    pub customers: usize,
    /// The number of migrated customers.
    pub migrated: usize,
    /// How often the shop was queried for a record.
    pub queries: u64,
    /// The samples that migrate.
    pub migrating: Vec<SampleCard>,
    /// The samples that do not migrate.
    pub not_migrating: Vec<SampleCard>,
    /// A command that signs a customer in.
    pub curl: String,
    /// The rule file.
    pub rules: &'static str,
}

impl Front {
    /// The front page for an address, such as `127.0.0.1:8080`, with the stored accounts.
    #[must_use]
    pub fn new(address: &str, shop: Shop, queries: u64, accounts: &[StoredAccount]) -> Self {
        let card = |sample: &'static Sample| {
            let has_login = |account: &&StoredAccount| account.logins.iter().any(|login| login == sample.login);
            SampleCard { sample, account: accounts.iter().find(has_login).map(|account| account.id.0.clone()) }
        };
        Self {
            shop,
            customers: super::shop::CUSTOMERS,
            migrated: accounts.len(),
            queries,
            migrating: samples::MIGRATING.iter().map(card).collect(),
            not_migrating: samples::NOT_MIGRATING.iter().map(card).collect(),
            curl: curl(address),
            rules: rules::text(),
        }
    }
}

/// A command that signs a sample in.
#[must_use]
pub fn curl(address: &str) -> String {
    let (identifier, password) =
        samples::MIGRATING.get(1).map(|sample| (sample.login, sample.password)).unwrap_or_default();
    format!(
        "curl -s http://{address}/v1/login -H 'content-type: application/json' \
         -d '{{\"identifier\":\"{identifier}\",\"password\":\"{password}\"}}'"
    )
}

/// Whether the shop was queried during a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopQuery {
    /// The shop was queried.
    Made,
    /// The shop was not queried.
    None,
}

impl ShopQuery {
    /// The sentence on the page.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Made => "the legacy shop was queried",
            Self::None => "the legacy shop was not queried",
        }
    }
}

/// A part of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Plain text.
    Words(&'a str),
    /// Code in backticks.
    Code(&'a str),
}

/// Splits a sentence into plain text and code in backticks.
#[must_use]
pub fn prose(text: &str) -> Vec<Part<'_>> {
    let part = |(at, text)| if at % 2 == 0 { Part::Words(text) } else { Part::Code(text) };
    text.split('`').enumerate().map(part).collect()
}

/// A step with its share of the slowest step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// The step.
    pub text: StepText,
    /// The duration as text; empty if it was not measured.
    pub took: String,
    /// Percentage of the slowest step, at least 1.
    pub share: u128,
    /// Whether the login had already ended.
    pub is_late: bool,
}

/// The login that just ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The outcome.
    pub ending: Ending,
    /// The identifier that was typed.
    pub identifier: String,
    /// The id of the account, if the customer is signed in.
    pub account: Option<String>,
    /// When it is worth trying again, in seconds.
    pub retry_after: Option<u64>,
    /// Whether the shop was queried.
    pub query: ShopQuery,
    /// The steps.
    pub steps: Vec<StepRow>,
    /// The step at which a login ended that failed.
    pub stop: Option<StepText>,
    /// The total duration as text.
    pub total: String,
    /// The claims with a value or a failure; empty if no rules ran.
    pub claims: Vec<ClaimRow>,
    /// The number of claims with neither.
    pub empty: usize,
    /// The legacy record, if the shop was queried and knows the customer.
    pub record: Option<RecordView>,
    /// The scheme of the stored password, in words.
    pub scheme: &'static str,
}

impl Visit {
    /// A login with the observed steps.
    #[must_use]
    pub fn new(ending: Ending, identifier: String, watched: Watched) -> Self {
        let slowest = watched.steps.iter().filter_map(|step| step.took).max().unwrap_or_default().as_micros().max(1);
        let query = if watched.steps.iter().any(|step| step.place == step_text::Place::Shop) {
            ShopQuery::Made
        } else {
            ShopQuery::None
        };
        let stops = |step: &StepText| ending.mood == Mood::Stop && step.mood == Mood::Stop;
        let stop = watched.steps.iter().position(stops);
        let row = |(at, text): (usize, StepText)| StepRow {
            took: text.took.map(step_text::duration).unwrap_or_default(),
            share: (text.took.unwrap_or_default().as_micros() * 100 / slowest).max(1),
            is_late: stop.is_some_and(|stop| at > stop),
            text,
        };
        Self {
            ending,
            identifier,
            account: None,
            retry_after: None,
            query,
            stop: stop.and_then(|at| watched.steps.get(at).cloned()),
            steps: watched.steps.into_iter().enumerate().map(row).collect(),
            total: watched.took.map(step_text::duration).unwrap_or_default(),
            claims: Vec::new(),
            empty: 0,
            record: None,
            scheme: "",
        }
    }

    /// Adds the account and the time to try again.
    #[must_use]
    pub fn ended(mut self, account: Option<String>, retry_after: Option<Duration>) -> Self {
        self.account = account;
        // rounded up, because trying a second too early is useless
        self.retry_after = retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        self
    }

    /// Adds the legacy record.
    #[must_use]
    pub fn with_record(mut self, record: &str) -> Self {
        let view = RecordView::of(record);
        self.scheme = scheme_in_words(view.stored_password());
        self.record = Some(view);
        self
    }

    /// Adds the mapped claims.
    #[must_use]
    pub fn with_claims(mut self, claims: Vec<ClaimRow>) -> Self {
        let all = claims.len();
        self.claims = claims.into_iter().filter(|row| !row.value.is_empty() || !row.failure.is_empty()).collect();
        self.empty = all - self.claims.len();
        self
    }

    /// Whether there are steps after the end of the login.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.steps.iter().any(|step| step.is_late)
    }

    /// The number of steps up to the end of the login.
    #[must_use]
    pub fn steps_until_end(&self) -> usize {
        self.steps.iter().filter(|step| !step.is_late).count()
    }

    /// Whether the customer was not signed in.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.ending.mood == Mood::Stop
    }
}

/// The front page, with the login that just ended.
#[derive(Template)]
#[template(path = "home.html")]
pub struct Home {
    /// What the page always shows.
    pub front: Front,
    /// The login that just ended.
    pub visit: Option<Visit>,
    /// The contents of the form.
    pub typed: Typed,
}

/// The view of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// The id.
    pub id: String,
    /// The customer's name, or the first login.
    pub heading: String,
    /// Paths and values of the claims.
    pub claims: Vec<(String, String)>,
    /// Other data in the store.
    pub facts: Vec<(&'static str, String)>,
}

impl AccountView {
    /// The view of an account.
    #[must_use]
    pub fn of(account: &StoredAccount) -> Self {
        let claims: Json = serde_json::from_str(&account.claims).unwrap_or_default();
        let mut flat = Vec::new();
        flatten("", &claims, &mut flat);
        let name = claims.pointer("/name/full").and_then(Json::as_str);
        let first = account.logins.first().map_or(account.id.0.as_str(), String::as_str);
        let legacy = account.legacy.as_ref();
        Self {
            id: account.id.0.clone(),
            heading: name.unwrap_or(first).to_owned(),
            claims: flat,
            facts: vec![
                ("id", account.id.0.clone()),
                ("state", account.state.name().to_owned()),
                ("logins", account.logins.join(", ")),
                ("migrated from", legacy.map(|key| format!("{} {}", key.source, key.id)).unwrap_or_default()),
                ("created", account.created_at.to_string()),
                ("rules", account.rules.clone().unwrap_or_default()),
            ],
        }
    }
}

/// Flattens objects to dotted paths; lists stay as they are.
fn flatten(path: &str, value: &Json, out: &mut Vec<(String, String)>) {
    let Some(members) = value.as_object() else {
        out.push((path.to_owned(), super::mapping::shown(Some(value))));
        return;
    };
    for (name, value) in members {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        flatten(&path, value, out);
    }
}

/// The page of an account.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// The account.
    pub account: AccountView,
}

/// A page with a single message.
#[derive(Template)]
#[template(path = "message.html")]
pub struct Message {
    /// The title.
    pub title: &'static str,
    /// One sentence.
    pub text: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{mapping, rules};
    use crate::migrate::{Outcome, Refusal, Step};
    use crate::ports::{AccountState, LegacyKey, PasswordChange, TargetId};

    const RECORD: &str = include_str!("../../rules/records/demo.json");

    fn account() -> StoredAccount {
        StoredAccount {
            id: TargetId("a/1".to_owned()),
            state: AccountState::Active,
            legacy: Some(LegacyKey { source: "shop".to_owned(), id: "1".to_owned() }),
            logins: vec!["ida.brandt".to_owned()],
            claims: r#"{"name":{"full":"Ida <Brandt>"},"roles":["customer"]}"#.to_owned(),
            rules: Some("abc".to_owned()),
            created_at: "2025-01-01T00:00:00Z".parse().unwrap(),
            changed_at: "2025-01-01T00:00:00Z".parse().unwrap(),
            since_migration: crate::ports::SinceMigration::Unchanged,
            change: PasswordChange::Optional,
        }
    }

    fn watched(steps: &[Step<'_>]) -> Watched {
        Watched {
            steps: steps.iter().filter_map(step_text::step).collect(),
            took: Some(Duration::from_millis(210)),
            mapped: true,
        }
    }

    fn home(visit: Option<Visit>, shop: Shop) -> String {
        let front = Front::new("127.0.0.1:8080", shop, 1, &[account()]);
        Home { front, visit, typed: Typed::default() }.render().unwrap()
    }

    #[test]
    fn the_front_page_shows_every_sample_and_its_password() {
        let page = home(None, Shop::On);
        for sample in samples::all() {
            assert!(page.contains(sample.login) && page.contains(sample.password), "{}", sample.login);
        }
        assert!(page.contains("<title>Landfall demo</title>"));
        assert!(page.contains("1 of 200") && page.contains("1 time<") && page.contains("switched on"));
        assert!(page.contains(r#"href="/accounts/a%2F1""#) || page.contains(r#"href="/accounts/a/1""#));
    }

    #[test]
    fn a_migration_shows_its_steps_and_claims() {
        let took = Duration::from_millis(100);
        let steps = [
            Step::Counted,
            Step::Fetched { source: "shop", known: crate::migrate::Known::Yes, took },
            Step::Created { answer: crate::migrate::CreateResult::New, took: took / 2 },
        ];
        let visit = Visit::new(step_text::ending(&Outcome::Migrated), "ida.brandt".to_owned(), watched(&steps))
            .ended(Some("a1".to_owned()), None)
            .with_record(RECORD)
            .with_claims(mapping::claims(&rules::rules().unwrap(), RECORD));
        assert_eq!(visit.steps.iter().map(|step| step.share).collect::<Vec<_>>(), [1, 100, 50]);
        assert_eq!(visit.query, ShopQuery::Made);
        let page = home(Some(visit), Shop::On);
        for part in [
            "Signed in: ida.brandt – Landfall demo",
            "Attempt counted",
            "email.value",
            "phpass",
            "210 ms of work",
            "wp_usermeta",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("role=\"alert\""));
    }

    #[test]
    fn a_refusal_is_an_alert() {
        let ending = step_text::ending(&Outcome::Refused(Refusal::WrongPassword));
        let visit = Visit::new(ending, "<script>".to_owned(), watched(&[Step::Counted]))
            .ended(None, Some(Duration::from_millis(1500)));
        assert_eq!((visit.retry_after, visit.query), (Some(2), ShopQuery::None));
        let page = home(Some(visit), Shop::Off);
        assert!(page.contains("role=\"alert\"") && page.contains("switched off") && page.contains("try again in 2 s"));
        assert!(!page.contains("<script>") && page.contains("refused: wrong_password"));
    }

    #[test]
    fn text_in_backticks_is_code() {
        assert_eq!(prose("a `b` c"), [Part::Words("a "), Part::Code("b"), Part::Words(" c")]);
        assert_eq!(prose("plain"), [Part::Words("plain")]);
    }

    #[test]
    fn the_account_page_shows_claims_by_path() {
        let view = AccountView::of(&account());
        assert_eq!(view.claims.first(), Some(&("name.full".to_owned(), r#""Ida <Brandt>""#.to_owned())));
        let page = AccountPage { account: view }.render().unwrap();
        assert!(page.contains("roles") && !page.contains("<Brandt>"));
    }

    #[test]
    fn pages_have_no_scripts_inline_styles_or_other_origins() {
        let message = Message { title: "Not found", text: "This page does not exist." }.render().unwrap();
        let account = AccountPage { account: AccountView::of(&account()) }.render().unwrap();
        for page in [home(None, Shop::On), message, account, CSS.to_owned()] {
            for forbidden in ["<script", " style=", "<style", "https://", "@import", "url("] {
                assert!(!page.contains(forbidden), "{forbidden}");
            }
            let addresses = page.matches("http://").count();
            assert_eq!(addresses, page.matches("http://127.0.0.1:8080/v1/login").count());
        }
    }
}
