//! Plays the faults at one moment, and looks at the accounts afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::cells::{MOMENTS, Moment, ROWS, Row, Store, expected};
use super::product::{Manner, Product, is_at, moment_of};
use super::settings::{at, service};
use crate::expected::{Cell, Fault};
use crate::http::played;
use crate::servers::http_faults::{Chosen, Fault as Played, FaultServer};
use crate::service::{ALLOWANCE, Answered, DEADLINE, Service, name, password};

/// When a late write takes effect: about when the claim ends, and after somebody else was asked.
const LATE: [Duration; 2] = [Duration::from_millis(1200), Duration::from_millis(2500)];

/// How long after a fault a login may still be an outage: the claim ends, and recovery runs every second.
const RECOVERY: Duration = Duration::from_secs(10);

/// After this time nothing happens any more: late writes have taken effect, and recovery has run.
const SETTLED: Duration = Duration::from_millis(3500);

/// What the log says of a request that waits for the end of a pause.
const HELD_BACK: &str = "the request was not sent, because the rate of requests is limited";

/// How many customers sign in between two faults.
const OTHERS: usize = 2;

/// A service whose target has faults at one moment.
struct Scene {
    store: Store,
    moment: Moment,
    service: Service,
    server: FaultServer,
    product: Product,
    next: usize,
    /// A customer with an account, and the password there.
    veteran: (String, String),
    problems: Vec<String>,
}

/// Plays all faults of a target, at all moments at the same time.
pub async fn play(store: Store) {
    let moments = MOMENTS.iter().filter(|(moment, _)| ROWS.iter().any(|row| expected(store, *row, *moment).is_some()));
    let problems = join_all(moments.map(|(moment, _)| play_at(store, *moment))).await.concat();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What is not as it should be.
async fn play_at(store: Store, moment: Moment) -> Vec<String> {
    let product = Product::default();
    let answering = product.clone();
    let server = FaultServer::start_tls(move |request| answering.answer(request));
    let service = service(&server, &at(store, &server.url()));
    let veteran = (name(0), password(&name(0)));
    let mut scene = Scene { store, moment, service, server, product, next: 1, veteran, problems: Vec::new() };
    let first = scene.service.sign_in(&name(0)).await;
    assert_eq!(first.status, 200, "{store:?} without a fault: {first:?}");
    let mut met = Vec::new();
    for row in ROWS {
        let Some(cell) = expected(store, row, moment) else { continue };
        for manner in manners(row, moment, cell) {
            met.push((row, manner, scene.meet(row, manner, cell).await));
        }
    }
    scene.afterwards(met).await
}

/// What the product does while it meets a fault.
fn manners(row: Row, moment: Moment, cell: Cell) -> Vec<Manner> {
    match (row, moment) {
        (Row::Late, _) => LATE.map(Manner::Late).to_vec(),
        (Row::CreatedAgain, _) => vec![Manner::CreatedAgain],
        (Row::WithoutId, _) => vec![Manner::WithoutId],
        (Row::Nowhere, _) => vec![Manner::Nowhere],
        (_, Moment::LookUp) => vec![Manner::SentTwice],
        _ if moment.writes() && row.may_have_no_effect() && matches!(cell, Cell::Outage(..) | Cell::Both) => {
            vec![Manner::Usual, Manner::WithoutEffect(moment)]
        }
        _ => vec![Manner::Usual],
    }
}

impl Scene {
    fn next(&mut self) -> String {
        self.next += 1;
        name(self.next)
    }

    /// One cell. Returns whose account is looked at afterwards.
    async fn meet(&mut self, row: Row, manner: Manner, cell: Cell) -> String {
        let is_new = !matches!(self.moment, Moment::LaterLogin | Moment::NewPassword);
        let mut answered = None;
        let mut customer = self.veteran.0.clone();
        // a machine that is busy may be late once
        for _ in 0..2 {
            if is_new {
                customer = self.next();
            }
            self.product.answer_in(manner);
            block_in_place(|| self.inject(row));
            let found = self.ask(&customer).await;
            block_in_place(|| self.server.heal());
            self.product.answer_in(Manner::Usual);
            let is_late = found.took > DEADLINE + ALLOWANCE;
            answered = Some(found);
            if !is_late {
                break;
            }
        }
        let answered = answered.expect("an answer");
        println!("{:?}, {:?}: {}: {} ms", self.store, self.moment, row.name(), answered.took.as_millis());
        let in_time = answered.took <= DEADLINE + ALLOWANCE;
        self.demand(row, in_time, || format!("late: {answered:?}"));
        // recovery looks accounts up, too, and may be the first that is asked to wait
        let is_held_back = row == Row::Of(Fault::BusyUntil)
            && answered.status == 503
            && answered.failures.last().is_some_and(|failed| failed.detail.contains(HELD_BACK));
        let is_expected = is_held_back || cell.is(&answered);
        self.demand(row, is_expected, || format!("{manner:?}: expected {cell:?}, but {answered:?}"));
        let is_audited = match cell {
            _ if self.moment == Moment::NewPassword => true,
            Cell::Outage("rate_limited", _) => answered.outcome == "overloaded",
            Cell::Outage(..) => answered.outcome == "target_unavailable",
            _ => true,
        };
        self.demand(row, is_audited, || format!("the outcome is {answered:?}"));
        self.others(row).await;
        customer
    }

    fn inject(&self, row: Row) {
        let moment = self.moment;
        let at: Arc<Chosen> = Arc::new(move |request| is_at(request, moment));
        let creation: Arc<Chosen> = Arc::new(|request| moment_of(request) == Some(Moment::Creation));
        match played_row(row) {
            None => {}
            Some(fault) if !row.is_of_connections() => self.server.set_for(fault, at),
            Some(fault) if matches!(moment, Moment::SecondCall | Moment::LookUp) => {
                self.server.set_after(fault, creation);
            }
            Some(fault) => self.server.set(fault),
        }
    }

    /// What the customer does at the moment.
    async fn ask(&mut self, customer: &str) -> Answered {
        match self.moment {
            Moment::NewPassword => {
                self.veteran.1 = format!("new {}", self.veteran.1);
                let id = self.product.accounts_of(&email(customer)).first().expect("an account").id.clone();
                self.service.set_password(&id, &self.veteran.1).await
            }
            Moment::LaterLogin => self.service.login(customer, &self.veteran.1).await,
            _ => self.service.sign_in(customer).await,
        }
    }

    /// Others sign in as soon as the fault is over: nothing stays behind, besides a pause that was asked for.
    async fn others(&mut self, row: Row) {
        let (began, mut in_a_row) = (Instant::now(), 0);
        while in_a_row < OTHERS {
            let customer = self.next();
            let answered = self.service.sign_in(&customer).await;
            in_a_row = if answered.status == 200 { in_a_row + 1 } else { 0 };
            let goes_on = matches!(answered.status, 200 | 503) && began.elapsed() < RECOVERY;
            assert!(goes_on, "{:?}, {:?}: after {}: {answered:?}", self.store, self.moment, row.name());
            if in_a_row == 0 {
                sleep(Duration::from_millis(25)).await;
            }
        }
    }

    /// Everybody has one account with the right password, and signs in.
    async fn afterwards(mut self, met: Vec<(Row, Manner, String)>) -> Vec<String> {
        if self.moment == Moment::NewPassword {
            let set = self.ask(&name(0)).await;
            assert_eq!(set.status, 204, "{set:?}");
        }
        let ends = join_all(met.iter().map(|(_, _, customer)| self.ends_well(customer))).await;
        for ((row, manner, _), end) in met.iter().zip(ends) {
            self.demand(*row, end.is_ok(), || format!("{manner:?}: afterwards {end:?}"));
        }
        sleep(SETTLED).await;
        for (row, manner, customer) in &met {
            let accounts = self.product.accounts_of(&email(customer));
            let typed = if *customer == self.veteran.0 { self.veteran.1.clone() } else { password(customer) };
            let is_whole = match accounts.as_slice() {
                [account] => account.password.as_ref() == Some(&typed) && account.user["active"] != false,
                _ => false,
            };
            self.demand(*row, is_whole, || format!("{manner:?}: afterwards the target has {accounts:?}"));
        }
        self.problems
    }

    /// Signs in until it is no outage.
    async fn ends_well(&self, customer: &str) -> Result<(), Answered> {
        let began = Instant::now();
        loop {
            let typed = if customer == self.veteran.0 { self.veteran.1.clone() } else { password(customer) };
            let answered = self.service.login(customer, &typed).await;
            match answered.status {
                200 => return Ok(()),
                // the password is at the target, which verifies nothing
                401 if self.store != Store::OneCall && answered.reason == "already_migrated" => return Ok(()),
                503 if began.elapsed() < RECOVERY => sleep(Duration::from_millis(100)).await,
                _ => return Err(answered),
            }
        }
    }

    fn demand(&mut self, row: Row, is_met: bool, problem: impl FnOnce() -> String) {
        if !is_met {
            self.problems.push(format!("{:?}, {:?}: {}: {}", self.store, self.moment, row.name(), problem()));
        }
    }
}

fn email(customer: &str) -> String {
    format!("{customer}@example.org")
}

/// What the server does; nothing if the product answers, in its own manner.
fn played_row(row: Row) -> Option<Played> {
    Some(match row {
        // everybody waits that long
        Row::Of(Fault::BusyUntil) => Played::TooMany(Some("1")),
        Row::Of(fault) => played(fault),
        Row::HangUp => Played::HangUp,
        Row::NoAnswer => Played::NoAnswer,
        Row::BadGateway => Played::BadGateway,
        Row::WrongType => Played::WrongType,
        Row::CreatedAgain => Played::Reset,
        Row::Late => Played::BlackHole,
        Row::WithoutId | Row::Nowhere => return None,
    })
}
