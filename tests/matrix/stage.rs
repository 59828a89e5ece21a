//! Plays a fault in front of a running service, and compares what happens with what is expected.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::expected::{Adapter, Cell, Fault, expected};
use crate::service::{ALLOWANCE, Answered, DEADLINE, Service, name};
use crate::sql::NOTICE;

/// What a fault may add to the memory of the process.
const MEMORY: u64 = 64 * 1024 * 1024;

/// The longest wait for the first success after a fault.
const RECOVERY: Duration = Duration::from_secs(10);

/// How many other customers sign in during a fault: enough for the breaker to open.
const OTHERS: usize = 4;

/// How long a server that comes and goes is watched: it was down twice and up twice.
const FLAPPING: Duration = Duration::from_millis(4100);

/// A service whose legacy system has faults.
pub struct Stage {
    adapter: Adapter,
    service: Service,
    next: AtomicUsize,
    /// The memory of the service after its first logins.
    usual: u64,
    problems: Vec<String>,
}

impl Stage {
    /// A service that works.
    pub async fn new(adapter: Adapter, service: Service) -> Self {
        let mut stage = Self { adapter, service, next: AtomicUsize::new(0), usual: 0, problems: Vec::new() };
        for answered in join_all((0..OTHERS).map(|_| stage.sign_in_next())).await {
            assert_eq!(answered.status, 200, "{adapter:?} without a fault: {answered:?}");
        }
        stage.usual = stage.service.peak();
        stage
    }

    /// A customer who has not signed in. The legacy system is not asked about the others.
    fn next(&self) -> String {
        name(self.next.fetch_add(1, Ordering::Relaxed))
    }

    async fn sign_in_next(&self) -> Answered {
        self.service.sign_in(&self.next()).await
    }

    /// One cell.
    pub async fn play(&mut self, fault: Fault, inject: impl FnOnce(), heal: impl FnOnce()) {
        let Some(cell) = expected(self.adapter, fault) else { return };
        let before = self.service.peak();
        block_in_place(inject);
        let customer = self.next();
        let took = match cell {
            Cell::SignsIn | Cell::LeftOut(_) | Cell::Outage(..) => self.first(fault, cell, &customer).await,
            Cell::Both | Cell::SometimesLeftOut | Cell::Conflict => self.flapping(fault, cell).await,
        };
        let grown = self.service.peak().saturating_sub(before) / 1024;
        block_in_place(heal);
        self.recovers(fault, &customer).await;
        let more = self.service.peak() - self.usual;
        // the drivers of databases panic at what is too short, which is caught
        let panicked = self.service.has_logged("panicked") && !self.adapter.is_database();
        let said = self.service.has_logged(NOTICE);
        self.demand(fault, !said, || "words of the server are in the log".to_owned());
        self.demand(fault, more < MEMORY, || format!("took {} MiB of memory", more >> 20));
        self.demand(fault, !panicked, || "panicked".to_owned());
        println!("{:?}: {}: {} ms, {grown} KiB more", self.adapter, fault.name(), took.as_millis());
    }

    /// The first login, and those of others, one of which has a wrong password.
    async fn first(&mut self, fault: Fault, cell: Cell, customer: &str) -> Duration {
        let mut first = self.service.sign_in(customer).await;
        if first.took > DEADLINE + ALLOWANCE {
            println!("{:?}: {}: late, {} ms; once more", self.adapter, fault.name(), first.took.as_millis());
            first = self.sign_in_next().await;
        }
        self.check(fault, cell, &first);
        let is_outage = matches!(cell, Cell::Outage(..));
        if is_outage {
            let wrong = self.next();
            let (wrong, others) = tokio::join!(
                self.service.login(&wrong, "wrong"),
                join_all((0..OTHERS - 1).map(|_| self.sign_in_next())),
            );
            for answered in others.iter().chain([&wrong]) {
                self.demand(fault, answered.status == 503, || format!("another login: {answered:?}"));
            }
        }
        first.took
    }

    fn check(&mut self, fault: Fault, cell: Cell, answered: &Answered) {
        let in_time = answered.took <= DEADLINE + ALLOWANCE;
        self.demand(fault, in_time, || format!("late: {answered:?}"));
        let is_expected = cell.is(answered);
        self.demand(fault, is_expected, || format!("expected {cell:?}, but {answered:?}"));
    }

    /// Logins while the system comes and goes: some fail and some do not.
    async fn flapping(&mut self, fault: Fault, cell: Cell) -> Duration {
        let (began, mut longest) = (Instant::now(), Duration::ZERO);
        let (mut failed, mut fine) = (0, 0);
        while began.elapsed() < FLAPPING {
            let answered = self.sign_in_next().await;
            longest = longest.max(answered.took);
            self.check(fault, cell, &answered);
            if answered.failures.is_empty() {
                fine += 1
            } else {
                failed += 1
            }
            sleep(Duration::from_millis(50)).await;
        }
        self.demand(fault, failed > 0 && fine > 0, || format!("{failed} failed, {fine} did not"));
        longest
    }

    /// The same customer signs in, and then everybody.
    async fn recovers(&mut self, fault: Fault, customer: &str) {
        let (began, mut in_a_row, mut waiting) = (Instant::now(), 0, true);
        while in_a_row < OTHERS {
            let answered = if waiting { self.service.sign_in(customer).await } else { self.sign_in_next().await };
            in_a_row = if answered.status == 200 { in_a_row + 1 } else { 0 };
            waiting &= answered.status != 200;
            let goes_on = matches!(answered.status, 200 | 503) && began.elapsed() < RECOVERY;
            assert!(goes_on, "{:?}: after {}: {answered:?}", self.adapter, fault.name());
            if in_a_row == 0 {
                sleep(Duration::from_millis(25)).await;
            }
        }
    }

    fn demand(&mut self, fault: Fault, is_met: bool, problem: impl FnOnce() -> String) {
        if !is_met {
            self.problems.push(format!("{:?}: {}: {}", self.adapter, fault.name(), problem()));
        }
    }

    /// All cells were as expected.
    pub fn end(self) {
        println!("{:?}: {} MiB more than without faults", self.adapter, (self.service.peak() - self.usual) >> 20);
        assert!(self.problems.is_empty(), "{}", self.problems.join("\n"));
    }
}
