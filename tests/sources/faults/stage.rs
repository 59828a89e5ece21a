//! A service on a server, to which something happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use landfall::adapters::sql::SqlSource;
use landfall::guard::BreakerState;
use landfall::migrate::Outcome;
use serde_json::json;
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::table::Row;
use crate::legacy::{Legacy, System, is_postgres};
use crate::login::{CUSTOMERS, DEADLINE, Service, add_customers};
use crate::servers::Server;

/// The customers with a fault of their own. The others are `ada-6`, `ada-7` and so on: each signs in once, because the
/// target alone is asked about a customer who has migrated. Passwords are their numbers.
const SPECIAL: [&str; 5] = ["slow", "twin", "TWIN", "large", "broken"];

/// How many customers there are: more than any fault needs.
const CUSTOMER_COUNT: usize = 2000;

/// How many connections a service has.
const CONNECTIONS: usize = 4;

/// The longest wait for the first success after a fault.
const RECOVERY: Duration = Duration::from_secs(5);

/// A service on a legacy database.
pub struct Stage {
    pub legacy: Legacy<'static>,
    service: Service,
    next: AtomicUsize,
}

/// A database with the customers.
pub fn database(server: &'static Server) -> Legacy<'static> {
    filled(Legacy::new(server, CUSTOMERS))
}

/// Adds the customers to a database.
pub fn filled(legacy: Legacy<'static>) -> Legacy<'static> {
    let others = (SPECIAL.len()..CUSTOMER_COUNT).map(|number| format!("ada-{number}"));
    let logins: Vec<String> = SPECIAL.iter().map(|login| (*login).to_owned()).chain(others).collect();
    add_customers(&legacy, &logins);
    let text = if legacy.system() == System::Postgres { "text" } else { "longtext" };
    legacy.sql(&format!(
        "ALTER TABLE customers ADD COLUMN pause int DEFAULT 0, ADD COLUMN filler {text};
         UPDATE customers SET pause = 20 WHERE login = 'slow'; UPDATE customers SET filler = REPEAT('x', 2000000) WHERE login = 'large';"
    ));
    legacy
}

/// The record query of the customers. The one who is slow is waited for.
pub fn query(legacy: &Legacy<'_>, columns: &str) -> String {
    let login = legacy.is_identifier("login");
    let wait = if legacy.system() == System::Postgres { "pg_sleep(pause) IS NOT NULL" } else { "SLEEP(pause) = 0" };
    format!(
        "SELECT {columns} FROM customers WHERE {login} AND CASE WHEN {login} AND pause > 0 THEN {wait} ELSE 1 = 1 END"
    )
}

impl Stage {
    pub fn new(legacy: Legacy<'static>) -> Self {
        let url = legacy.url();
        Self::at(legacy, &url)
    }

    /// At another address of the database.
    pub fn at(legacy: Legacy<'static>, url: &str) -> Self {
        let query = query(&legacy, "id, login, password, mark, filler");
        Self::with(legacy, url, &query, CONNECTIONS)
    }

    pub fn with(legacy: Legacy<'static>, url: &str, query: &str, connections: usize) -> Self {
        let yaml = format!("url: {}\nrecord: {}\nconnections: {connections}", json!(url), json!(query));
        let source = SqlSource::new("legacy", serde_yaml::from_str(&yaml).expect("settings")).expect("settings");
        Self { legacy, service: Service::new(source), next: AtomicUsize::new(SPECIAL.len()) }
    }

    /// Without time limits.
    pub fn patient(legacy: Legacy<'static>) -> Self {
        let source = legacy.source(&query(&legacy, "id, login, password, mark, filler"));
        Self { legacy, service: Service::patient(source), next: AtomicUsize::new(SPECIAL.len()) }
    }

    /// A login of this customer, or with `ada` of the next one who has not signed in.
    pub async fn login(&self, typed: &str) -> Outcome {
        if let Some(number) = SPECIAL.iter().position(|login| *login == typed) {
            return self.service.login(typed, &number.to_string()).await;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        assert!(number < CUSTOMER_COUNT, "all customers have signed in");
        self.service.login(&format!("ada-{number}"), &number.to_string()).await
    }

    /// Customers sign in, and connections are open.
    pub async fn warm(&self) {
        for outcome in join_all((0..CONNECTIONS).map(|_| self.login("ada"))).await {
            assert!(outcome.is_success(), "{outcome:?}: {}", self.error());
        }
    }

    /// What the log says of most failures: the kind, and the sentence without the words of the driver.
    fn error(&self) -> String {
        let steps = self.service.fixture.steps.0.lock().expect("the steps");
        let mut errors: BTreeMap<String, usize> = BTreeMap::new();
        for text in steps.iter().filter_map(|step| step.split_once(" failed: ").map(|(_, text)| text)) {
            let text = text.trim_end_matches(['}', ' ', '"']);
            let (kind, sentence) = text.split_once(", ").unwrap_or((text, ""));
            let sentence = sentence.split_once(": ").map_or(sentence, |(begin, _)| begin);
            // one attempt ends with the guard's time limit, another with the login's deadline
            let sentence = sentence.replace("the query took too long", "the call took too long");
            let sentence = sentence.replace("the server does not answer", "the call took too long");
            if !sentence.contains("the circuit breaker is open") {
                *errors.entry(format!("`{kind}`: {sentence}")).or_default() += 1;
            }
        }
        errors.into_iter().max_by_key(|(_, count)| *count).map(|(error, _)| error).unwrap_or_default()
    }

    /// A fault that lasts until it is healed.
    pub async fn lasting(&self, fault: &str, inject: impl FnOnce(), heal: impl FnOnce()) -> Row {
        self.lasting_for(fault, "ada", inject, heal).await
    }

    pub async fn lasting_for(&self, fault: &str, typed: &str, inject: impl FnOnce(), heal: impl FnOnce()) -> Row {
        block_in_place(inject);
        let row = self.row(fault, typed).await;
        block_in_place(heal);
        self.recovers(fault).await;
        row
    }

    /// A fault that only other settings heal.
    pub async fn final_(&self, fault: &str) -> Row {
        self.row(fault, "ada").await
    }

    /// What customers are answered during the fault.
    async fn row(&self, fault: &str, typed: &str) -> Row {
        self.service.fixture.steps.0.lock().expect("the steps").clear();
        let mut answers = BTreeSet::new();
        for _ in 0..3 {
            for outcome in join_all((0..CONNECTIONS).map(|_| self.login(typed))).await {
                answers.insert(answer(&outcome));
            }
            if self.service.figures.breaker() == BreakerState::Open {
                break;
            }
        }
        let opened = self.service.figures.breaker() == BreakerState::Open;
        self.nothing_is_left(fault).await;
        let answer = answers.into_iter().collect::<Vec<_>>().join(", ");
        Row {
            fault: fault.to_owned(),
            error: self.error(),
            answer,
            breaker: if opened { "opens" } else { "stays closed" },
        }
    }

    /// A fault of a moment: it happens while customers are waiting for their record. Temporary answers are fine, and
    /// success is, if the query was tried again in time.
    pub async fn momentary(&self, fault: &str, happen: impl FnOnce()) -> Row {
        self.service.fixture.steps.0.lock().expect("the steps").clear();
        let waiting = join_all((0..2).map(|_| self.login("slow")));
        let happening = async {
            let began = Instant::now();
            while running(&self.legacy) < 2 {
                assert!(began.elapsed() < RECOVERY, "{fault}: the queries do not run");
                sleep(Duration::from_millis(20)).await;
            }
            block_in_place(happen);
        };
        let (outcomes, ()) = tokio::join!(waiting, happening);
        let answers: BTreeSet<String> = outcomes.iter().map(answer).collect();
        assert!(outcomes.iter().all(|outcome| outcome.is_temporary()), "{fault}: {outcomes:?}");
        let error = self.error();
        self.recovers(fault).await;
        Row {
            fault: fault.to_owned(),
            error,
            answer: answers.into_iter().collect::<Vec<_>>().join(", "),
            breaker: "stays closed",
        }
    }

    /// Customers sign in again soon, and the breaker closes.
    pub async fn recovers(&self, fault: &str) {
        let began = Instant::now();
        loop {
            let outcome = self.login("ada").await;
            if outcome.is_success() {
                break;
            }
            assert!(outcome.is_temporary(), "{fault}: {outcome:?}");
            assert!(began.elapsed() < RECOVERY, "{fault}: {outcome:?}: {}", self.error());
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(self.service.figures.breaker(), BreakerState::Closed, "{fault}");
        println!("{fault}: recovered within {:.2} s", began.elapsed().as_secs_f64());
    }

    /// A second after the deadline no query of ours runs, and there are no more connections than the settings allow.
    async fn nothing_is_left(&self, fault: &str) {
        let until = Instant::now() + DEADLINE + Duration::from_secs(1);
        while running(&self.legacy) > 0 {
            assert!(Instant::now() < until, "{fault}: queries are still running");
            sleep(Duration::from_millis(20)).await;
        }
        let open = sessions(&self.legacy, "");
        // the server has not noticed yet that connections were lost
        let allowed = if fault.contains("lost") { 2 * CONNECTIONS } else { CONNECTIONS };
        assert!(open <= allowed, "{fault}: {open} connections");
    }

    /// Ends the service: its connections are closed.
    pub async fn end(self, fault: &str) {
        let Self { legacy, service, .. } = self;
        drop(service);
        let began = Instant::now();
        while sessions(&legacy, "") > 0 {
            assert!(began.elapsed() < DEADLINE + Duration::from_secs(1), "{fault}: connections are left");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Sessions of the reader in which a query runs.
fn running(legacy: &Legacy<'_>) -> usize {
    sessions(
        legacy,
        if legacy.system() == System::Postgres { " AND state <> 'idle'" } else { " AND command <> 'Sleep'" },
    )
}

/// Sessions of the reader. A server that does not answer has none that we could see.
fn sessions(legacy: &Legacy<'_>, condition: &str) -> usize {
    let (table, user) = match legacy.system() {
        System::Postgres => ("pg_stat_activity", "usename"),
        _ => ("information_schema.processlist", "user"),
    };
    let sql = format!("SELECT COUNT(*) FROM {table} WHERE {user} = '{}'{condition}", legacy.reader);
    block_in_place(|| legacy.try_sql(&sql)).map_or(0, |count| count.parse().expect("a number"))
}

/// The status that the service answers, and the outcome in the audit.
fn answer(outcome: &Outcome) -> String {
    let status = match outcome {
        outcome if outcome.is_success() => 200,
        outcome if outcome.is_temporary() => 503,
        _ => 401,
    };
    let reason = outcome.reason();
    let reason = reason.name();
    let reason = if reason.is_empty() { String::new() } else { format!(", {reason}") };
    if status == 200 { "200".to_owned() } else { format!("{status} (`{}`{reason})", outcome.name()) }
}

/// Whether a server is PostgreSQL.
pub fn postgres(server: &Server) -> bool {
    is_postgres(server)
}
