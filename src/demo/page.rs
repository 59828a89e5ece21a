//! The pages of the demo: plain data in, HTML out. Everything is escaped by the templates.

use std::time::Duration;

use askama::Template;
use serde_json::Value as Json;

use super::mapping::ClaimRow;
use super::record::{RecordView, scheme_in_words};
use super::rules;
use super::samples::{self, Sample};
use super::step_text::{self, Ending, Mood, StepText};
use super::watch::Watched;
use crate::migrate::StoredAccount;

/// The style sheet.
pub const CSS: &str = include_str!("../../templates/demo.css");

/// The mark, also the icon of the page.
pub const MARK: &str = include_str!("../../templates/mark.svg");

/// What a browser may do on these pages: nothing but show them, with our style sheet and mark, and send forms to us.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                          frame-ancestors 'none'";

/// Whether the legacy shop answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shop {
    /// It does.
    On,
    /// It was switched off.
    Off,
}

impl Shop {
    /// Whether it is on.
    #[must_use]
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

/// What was typed into the form, to be shown again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// The name.
    pub identifier: String,
    /// The password; only of samples, which the page shows anyway.
    pub password: String,
}

/// A sample on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleCard {
    /// The sample.
    pub sample: &'static Sample,
    /// The id of its account, once it has one.
    pub account: Option<String>,
}

/// What stands on the front page whoever signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    /// Whether the shop answers.
    pub shop: Shop,
    /// How many customers it has.
    pub customers: usize,
    /// How many have come across.
    pub across: usize,
    /// How often it was asked for a record.
    pub asked: u64,
    /// The samples that come across.
    pub arriving: Vec<SampleCard>,
    /// The samples that do not.
    pub staying: Vec<SampleCard>,
    /// A command line that signs in.
    pub curl: String,
    /// The rule file.
    pub rules: &'static str,
}

impl Front {
    /// The front page at an address, such as `127.0.0.1:8080`, with the accounts that are stored.
    #[must_use]
    pub fn new(address: &str, shop: Shop, asked: u64, accounts: &[StoredAccount]) -> Self {
        let card = |sample: &'static Sample| {
            let has_it = |account: &&StoredAccount| account.logins.iter().any(|login| login == sample.login);
            SampleCard { sample, account: accounts.iter().find(has_it).map(|account| account.id.0.clone()) }
        };
        Self {
            shop,
            customers: super::shop::CUSTOMERS,
            across: accounts.len(),
            asked,
            arriving: samples::ARRIVING.iter().map(card).collect(),
            staying: samples::STAYING.iter().map(card).collect(),
            curl: curl(address),
            rules: rules::text(),
        }
    }
}

/// A command line that signs the first sample in.
#[must_use]
pub fn curl(address: &str) -> String {
    let (identifier, password) =
        samples::ARRIVING.get(1).map(|sample| (sample.login, sample.password)).unwrap_or_default();
    format!(
        "curl -s http://{address}/v1/login -H 'content-type: application/json' \
         -d '{{\"identifier\":\"{identifier}\",\"password\":\"{password}\"}}'"
    )
}

/// Whether the shop was asked during a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It was.
    Yes,
    /// It was not.
    No,
}

impl Asked {
    /// As the page says it.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Yes => "the legacy shop was asked",
            Self::No => "the legacy shop was not asked",
        }
    }
}

/// A part of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Words.
    Words(&'a str),
    /// Something that stood in backticks.
    Code(&'a str),
}

/// The parts of a sentence in which names stand in backticks.
#[must_use]
pub fn prose(text: &str) -> Vec<Part<'_>> {
    let part = |(at, text)| if at % 2 == 0 { Part::Words(text) } else { Part::Code(text) };
    text.split('`').enumerate().map(part).collect()
}

/// A step with the share it had of the slowest one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// The step.
    pub told: StepText,
    /// How long it took, as text; empty when it was not measured.
    pub took: String,
    /// Percent of the slowest step, at least 1.
    pub share: u128,
}

/// A login that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// How it ended.
    pub ending: Ending,
    /// What was typed as the name.
    pub identifier: String,
    /// The account's id, when the customer is in.
    pub account: Option<String>,
    /// When it is worth to try again, in seconds.
    pub retry_after: Option<u64>,
    /// Whether the shop was asked.
    pub asked: Asked,
    /// The steps.
    pub steps: Vec<StepRow>,
    /// How long it took in all, as text.
    pub total: String,
    /// The claims that have a value or a failure; none when no rule ran.
    pub made: Vec<ClaimRow>,
    /// How many claims have neither.
    pub empty: usize,
    /// What the shop holds, when it was asked and knows the customer.
    pub record: Option<RecordView>,
    /// The scheme of the stored password, in words.
    pub scheme: &'static str,
}

impl Visit {
    /// A login with the steps that were watched.
    #[must_use]
    pub fn new(ending: Ending, identifier: String, watched: Watched) -> Self {
        let slowest = watched.steps.iter().filter_map(|told| told.took).max().unwrap_or_default().as_micros().max(1);
        let asked =
            if watched.steps.iter().any(|told| told.place == step_text::Place::Shop) { Asked::Yes } else { Asked::No };
        let row = |told: StepText| StepRow {
            took: told.took.map(step_text::duration).unwrap_or_default(),
            share: (told.took.unwrap_or_default().as_micros() * 100 / slowest).max(1),
            told,
        };
        Self {
            ending,
            identifier,
            account: None,
            retry_after: None,
            asked,
            steps: watched.steps.into_iter().map(row).collect(),
            total: watched.took.map(step_text::duration).unwrap_or_default(),
            made: Vec::new(),
            empty: 0,
            record: None,
            scheme: "",
        }
    }

    /// Adds the account and when to try again.
    #[must_use]
    pub fn ended(mut self, account: Option<String>, retry_after: Option<Duration>) -> Self {
        self.account = account;
        // rounded up: a second too early is in vain
        self.retry_after = retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        self
    }

    /// Adds what the shop holds.
    #[must_use]
    pub fn holding(mut self, record: &str) -> Self {
        let view = RecordView::of(record);
        self.scheme = scheme_in_words(view.stored_password());
        self.record = Some(view);
        self
    }

    /// Adds what the rules made of it.
    #[must_use]
    pub fn mapping(mut self, claims: Vec<ClaimRow>) -> Self {
        let all = claims.len();
        self.made = claims.into_iter().filter(|row| !row.value.is_empty() || !row.failure.is_empty()).collect();
        self.empty = all - self.made.len();
        self
    }

    /// Whether the customer is not in.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.ending.mood == Mood::Stop
    }
}

/// The front page, with the login that was just made.
#[derive(Template)]
#[template(path = "home.html")]
pub struct Home {
    /// What always stands there.
    pub front: Front,
    /// The login that was just made.
    pub visit: Option<Visit>,
    /// What the form holds.
    pub typed: Typed,
}

/// An account as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Its id.
    pub id: String,
    /// The customer's name, or the first login.
    pub heading: String,
    /// Paths and values of the claims.
    pub claims: Vec<(String, String)>,
    /// What the store knows besides.
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
                ("signs in as", account.logins.join(", ")),
                ("came from", legacy.map(|key| format!("{} {}", key.source, key.id)).unwrap_or_default()),
                ("created", account.created_at.to_string()),
                ("rules", account.rules.clone().unwrap_or_default()),
            ],
        }
    }
}

/// Members of objects become dotted paths; lists stay as they are.
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

/// A page that says one thing.
#[derive(Template)]
#[template(path = "message.html")]
pub struct Message {
    /// In a few words.
    pub title: &'static str,
    /// In a sentence.
    pub text: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{mapping, rules};
    use crate::migrate::{AccountState, LegacyKey, Outcome, PasswordChange, Refusal, Step, TargetId};

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
    fn the_front_page_names_every_sample_and_its_password() {
        let page = home(None, Shop::On);
        for sample in samples::all() {
            assert!(page.contains(sample.login) && page.contains(sample.password), "{}", sample.login);
        }
        assert!(page.contains("<title>Landfall demo</title>"));
        assert!(page.contains("1 of 200") && page.contains("1 time<") && page.contains("switched on"));
        assert!(page.contains(r#"href="/accounts/a%2F1""#) || page.contains(r#"href="/accounts/a/1""#));
    }

    #[test]
    fn a_migration_is_told_step_by_step_and_claim_by_claim() {
        let took = Duration::from_millis(100);
        let steps = [
            Step::Counted,
            Step::Fetched { source: "shop", known: crate::migrate::Known::Yes, took },
            Step::Created { answer: "new", took: took / 2 },
        ];
        let visit = Visit::new(step_text::ending(&Outcome::Migrated), "ida.brandt".to_owned(), watched(&steps))
            .ended(Some("a1".to_owned()), None)
            .holding(RECORD)
            .mapping(mapping::claims(&rules::rules().unwrap(), RECORD));
        assert_eq!(visit.steps.iter().map(|step| step.share).collect::<Vec<_>>(), [1, 100, 50]);
        assert_eq!(visit.asked, Asked::Yes);
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
    fn a_refusal_is_announced() {
        let ending = step_text::ending(&Outcome::Refused(Refusal::WrongPassword));
        let visit = Visit::new(ending, "<script>".to_owned(), watched(&[Step::Counted]))
            .ended(None, Some(Duration::from_millis(1500)));
        assert_eq!((visit.retry_after, visit.asked), (Some(2), Asked::No));
        let page = home(Some(visit), Shop::Off);
        assert!(page.contains("role=\"alert\"") && page.contains("switched off") && page.contains("try again in 2 s"));
        assert!(!page.contains("<script>") && page.contains("refused: wrong_password"));
    }

    #[test]
    fn backticks_mark_code() {
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
    fn no_page_has_script_or_inline_style_or_another_origin() {
        let message = Message { title: "Not here", text: "There is no such page." }.render().unwrap();
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
