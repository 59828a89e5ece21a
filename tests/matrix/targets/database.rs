//! Landfall's own account store and its ledger in PostgreSQL: a proxy in front of each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::expected::{self, Adapter, Cell, Fault};
use crate::servers::proxy::{Loss, Serve};
use crate::servers::{ADMIN, Options, POSTGRES, Server, Tls};
use crate::service::{ALLOWANCE, Answered, DEADLINE, Service, name, password, record};
use crate::shop::RULES;
use crate::sql;
use crate::wire::Wire;

/// How many customers the shop has.
const CUSTOMERS: usize = 1000;

/// How long after a fault a login may still be an outage.
const RECOVERY: Duration = Duration::from_secs(10);

/// How long a call of the ledger may take.
const LEDGER_CALL: Duration = Duration::from_secs(2);

/// The message that commits.
const COMMIT: &[u8] = b"COMMIT\0";

/// What fails, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    AccountsAtFirst,
    AccountsLater,
    AccountsNewPassword,
    LedgerAtFirst,
    LedgerLater,
}

impl Moment {
    /// How long a login may take. A call of the ledger has a limit of its own, because a decision is recorded even if the
    /// deadline has passed.
    fn limit(self) -> Duration {
        match self {
            Self::LedgerAtFirst | Self::LedgerLater => 2 * LEDGER_CALL + DEADLINE,
            _ => DEADLINE,
        }
    }
}

/// The columns, and what they are called.
pub const MOMENTS: [(Moment, &str); 5] = [
    (Moment::AccountsAtFirst, "accounts, first login"),
    (Moment::AccountsLater, "accounts, later login"),
    (Moment::AccountsNewPassword, "accounts, new password"),
    (Moment::LedgerAtFirst, "ledger, first login"),
    (Moment::LedgerLater, "ledger, later login"),
];

/// What the database or the way to it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// As a legacy system does it.
    Of(Fault),
    /// At each commit in turn.
    Commit(Loss),
}

/// The rows.
pub const ROWS: [Row; 16] = [
    Row::Of(Fault::ShortLatency),
    Row::Of(Fault::LongLatency),
    Row::Of(Fault::Drip),
    Row::Of(Fault::BlackHole),
    Row::Of(Fault::Refuse),
    Row::Of(Fault::Reset),
    Row::Of(Fault::ShortAnswer),
    Row::Of(Fault::Broken),
    Row::Of(Fault::Unavailable),
    Row::Of(Fault::Busy),
    Row::Of(Fault::OtherProtocol),
    Row::Of(Fault::Malformed),
    Row::Commit(Loss::Message),
    Row::Commit(Loss::Answer),
    Row::Commit(Loss::Late(Duration::from_millis(100))),
    Row::Commit(Loss::Silence),
];

impl Row {
    /// What the page calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Of(fault) => fault.name(),
            Self::Commit(Loss::Message) => "the connection breaks before a commit",
            Self::Commit(Loss::Answer) => "the answer to a commit is lost",
            Self::Commit(Loss::Late(_)) => "the connection breaks, and the commit arrives later",
            Self::Commit(Loss::Silence) => "no answer to a commit, which does not arrive",
        }
    }
}

/// The cell of a moment. What a customer is answered does not depend on it.
pub fn expected(row: Row, _: Moment) -> Option<Cell> {
    match row {
        Row::Of(Fault::Unavailable) => Some(expected::away("the database is stopping or starting")),
        Row::Of(Fault::Busy) => Some(Cell::Outage("rate_limited", "the database has too many connections")),
        Row::Of(fault) => expected::expected(Adapter::Postgres, fault),
        // tried again, as a look-up of what the first try did
        Row::Commit(Loss::Message | Loss::Answer | Loss::Late(_)) => Some(Cell::SignsIn),
        Row::Commit(Loss::Silence) => Some(Cell::Both),
    }
}

struct Scene {
    service: Service,
    accounts: Wire,
    ledger: Wire,
    server: Server,
    database: String,
    next: usize,
    /// A customer with an account, its id, and the password there.
    veteran: (String, String, String),
    problems: Vec<String>,
}

/// Plays all faults.
pub async fn play() {
    let server = Server::start(&POSTGRES, Options::default().tls(Tls::Optional));
    let database = server.create_database();
    let [accounts, ledger] = [(); 2].map(|()| Wire::new(server.address()));
    let service = service(&server, &database, [&accounts, &ledger]);
    let veteran = (name(0), String::new(), password(&name(0)));
    let mut scene = Scene { service, accounts, ledger, server, database, next: 0, veteran, problems: Vec::new() };
    let first = scene.service.sign_in(&name(0)).await;
    assert_eq!(first.status, 200, "without a fault: {first:?}");
    scene.veteran.1 = scene.sql(&format!("SELECT id FROM landfall_accounts WHERE username = '{}'", name(0)));
    let mut met = vec![name(0)];
    for (moment, _) in MOMENTS {
        for row in ROWS {
            let Some(cell) = expected(row, moment) else { continue };
            match row {
                Row::Of(fault) => {
                    let wire = scene.wire(moment);
                    let serve =
                        || -> Arc<Serve> { Arc::new(move |mut stream| drop(sql::postgres(&mut stream, fault))) };
                    block_in_place(|| wire.inject(fault, serve));
                    let customer = scene.meet(row, moment, cell).await;
                    met.push(customer);
                }
                Row::Commit(loss) => met.extend(scene.meet_commits(row, loss, moment, cell).await),
            }
        }
    }
    scene.end(&met);
}

fn service(server: &Server, database: &str, wires: [&Wire; 2]) -> Service {
    let [accounts, ledger] = wires.map(|wire| {
        let url = server.url_at(wire.proxy.address, ADMIN.0, ADMIN.1, database);
        format!("{url}?sslmode=disable")
    });
    let settings = format!(
        "listen: 127.0.0.1:0\nlog: {{ level: debug }}\ntarget: {{ kind: sql, name: accounts, url: '{accounts}' }}\n\
         ledger: {{ url: '{ledger}', key: 'file:ledger.key' }}\n\
         guard: {{ call: 800ms, breaker: {{ window: 50, minimum: 50, failures: 100, open: 200ms }} }}\n\
         service: {{ callers: [ {{ name: tests, bearer: 'file:caller.token' }} ] }}\n\
         login: {{ floor: 1ms, quantum: 1ms, deadline: 1s, lease: 1100ms, attempts: {{ customer: {{ limit: 1000, \
         window: 15m }}, network: {{ limit: 1000000, window: 15m }} }} }}\nrules: rules.yaml\n\
         source: {{ name: shop, kind: file, path: export.ndjson, logins: [ $.login ] }}\n"
    );
    let export: String = (0..CUSTOMERS).map(|number| format!("{}\n", record(&name(number)))).collect();
    Service::start_whole(&[("rules.yaml", RULES), ("export.ndjson", &export)], &settings)
}

impl Scene {
    fn wire(&self, moment: Moment) -> &Wire {
        match moment {
            Moment::LedgerAtFirst | Moment::LedgerLater => &self.ledger,
            _ => &self.accounts,
        }
    }

    fn sql(&self, statement: &str) -> String {
        self.server.sql(&self.database, &format!("{statement};")).trim().to_owned()
    }

    /// Each commit of a request is lost once.
    async fn meet_commits(&mut self, row: Row, loss: Loss, moment: Moment, cell: Cell) -> Vec<String> {
        let mut met = Vec::new();
        for passing in 0.. {
            self.wire(moment).proxy.lose_after(passing, COMMIT, loss);
            met.push(self.meet(row, moment, cell).await);
            let was_met = !self.wire(moment).proxy.awaits_loss();
            self.wire(moment).proxy.lose_nothing();
            if !was_met {
                self.demand(row, moment, passing > 0 || moment == Moment::AccountsLater, || "no commit".to_owned());
                break;
            }
        }
        met
    }

    /// One cell, and the end of the fault. Returns whose account is looked at afterwards.
    async fn meet(&mut self, row: Row, moment: Moment, cell: Cell) -> String {
        let customer = match moment {
            Moment::AccountsAtFirst | Moment::LedgerAtFirst => {
                self.next += 1;
                name(self.next)
            }
            _ => name(0),
        };
        let answered = match moment {
            Moment::AccountsNewPassword => {
                self.veteran.2 = format!("new {}", self.next);
                self.service.set_password(&self.veteran.1, &self.veteran.2).await
            }
            _ => self.sign_in(&customer).await,
        };
        block_in_place(|| self.wire(moment).proxy.heal());
        println!("{moment:?}: {}: {} ms, {}", row.name(), answered.took.as_millis(), answered.status);
        let in_time = answered.took <= moment.limit() + ALLOWANCE;
        self.demand(row, moment, in_time, || format!("late: {answered:?}"));
        self.demand(row, moment, cell.is(&answered), || format!("expected {cell:?}, but {answered:?}"));
        if moment == Moment::AccountsNewPassword && answered.status != 204 {
            self.sets_well(row, moment).await;
        }
        self.ends_well(row, moment, &customer).await;
        customer
    }

    async fn sign_in(&self, customer: &str) -> Answered {
        let typed = if *customer == self.veteran.0 { self.veteran.2.clone() } else { password(customer) };
        self.service.login(customer, &typed).await
    }

    async fn sets_well(&mut self, row: Row, moment: Moment) {
        let began = Instant::now();
        loop {
            let answered = self.service.set_password(&self.veteran.1, &self.veteran.2).await;
            if answered.status == 204 {
                return;
            }
            let goes_on = answered.status == 503 && began.elapsed() < RECOVERY;
            assert!(goes_on, "{moment:?}: after {}: {answered:?}", row.name());
            sleep(Duration::from_millis(25)).await;
        }
    }

    async fn ends_well(&mut self, row: Row, moment: Moment, customer: &str) {
        let began = Instant::now();
        loop {
            let answered = self.sign_in(customer).await;
            if answered.status == 200 {
                return;
            }
            let goes_on = answered.status == 503 && began.elapsed() < RECOVERY;
            assert!(goes_on, "{moment:?}: after {}: {answered:?}", row.name());
            sleep(Duration::from_millis(25)).await;
        }
    }

    /// Everybody has one account, and the ledger knows it.
    fn end(mut self, met: &[String]) {
        for customer in met {
            let accounts = self.sql(&format!("SELECT count(*) FROM landfall_accounts WHERE username = '{customer}'"));
            if accounts != "1" {
                self.problems.push(format!("{customer} has {accounts} accounts"));
            }
        }
        let accounts = self.sql("SELECT count(*) FROM landfall_accounts");
        let known = self.sql("SELECT count(*) FROM landfall_entries WHERE state = 'done'");
        assert_eq!(accounts, known, "the ledger knows other accounts than there are");
        assert!(self.problems.is_empty(), "{}", self.problems.join("\n"));
    }

    fn demand(&mut self, row: Row, moment: Moment, is_met: bool, problem: impl FnOnce() -> String) {
        if !is_met {
            self.problems.push(format!("{moment:?}: {}: {}", row.name(), problem()));
        }
    }
}
