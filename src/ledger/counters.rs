//! Attempts in memory: the same counters, reservations and networks as in the file.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::attempts::{bucket, known_for};
use super::stamp::{later, micros};
use crate::migrate::{Attempt, Counter, Reservation, Reserved, Room, Settled};

/// How many expired rows a failure sweeps, as in the file.
const SWEEP: usize = 8;

/// Whose, which lane, and the stamp or token of a row.
type Row = (String, String, i64);

/// A row counts from its stamp until it expires, unless its stamp is further ahead than that is long.
#[derive(Clone, Copy)]
struct Span {
    from: i64,
    until: i64,
}

impl Span {
    fn is_live(self, now: i64) -> bool {
        self.until > now && self.from.saturating_mul(2).saturating_sub(self.until) <= now
    }
}

/// Failures of one lane in one bucket.
struct Bucket {
    lane: String,
    span: Span,
    failed: u32,
}

/// An attempt that is in flight.
struct Flying {
    lane: String,
    token: i64,
    span: Span,
}

/// Failures, what is in flight, and networks; each by its owner.
#[derive(Default)]
pub(super) struct Counters {
    failures: HashMap<String, Vec<Bucket>>,
    /// When each bucket expires.
    expiries: BTreeSet<(i64, Row)>,
    flying: HashMap<String, Vec<Flying>>,
    /// When each attempt in flight expires.
    landings: BTreeSet<(i64, Row)>,
    tokens: i64,
    networks: HashMap<String, Vec<(String, i64)>>,
}

impl Counters {
    /// How many buckets there are.
    pub(super) fn rows(&self) -> usize {
        self.expiries.len()
    }

    /// How many attempts are in flight, those included that nobody ended yet.
    pub(super) fn in_flight(&self) -> usize {
        self.landings.len()
    }

    pub(super) fn would_admit(&self, counter: &Counter, at: Timestamp) -> Room {
        if self.failed(&counter.whose, &counter.lane, micros(at)) >= counter.limit { Room::Full } else { Room::Free }
    }

    pub(super) fn reserve(&mut self, attempt: &Attempt) -> Reserved {
        let (now, mut counter) = (micros(attempt.at), attempt.counter.clone());
        if let Some(network) = attempt.network.as_ref().filter(|network| self.is_known(&counter.whose, network, now)) {
            counter.lane.clone_from(network);
        }
        let failed = self.failed(&counter.whose, &counter.lane, now);
        if failed >= counter.limit {
            return Reserved::OverLimit;
        }
        let flying = self.flying.get(&counter.whose).into_iter().flatten();
        let flying = flying.filter(|flying| flying.lane == counter.lane && flying.span.is_live(now)).count();
        if flying >= usize::try_from(counter.limit - failed).unwrap_or(usize::MAX) {
            return Reserved::Busy;
        }
        self.tokens += 1;
        let (token, lane) = (self.tokens, counter.lane.clone());
        let span = Span { from: now, until: later(attempt.at, attempt.hold) };
        self.landings.insert((span.until, (counter.whose.clone(), lane.clone(), token)));
        self.flying.entry(counter.whose.clone()).or_default().push(Flying { lane, token, span });
        Reserved::Admitted(Reservation { counter, token })
    }

    pub(super) fn settle(&mut self, settled: &[Settled], at: Timestamp) {
        let now = micros(at);
        for change in settled {
            match change {
                Settled::Ended(reservation) => self.end(reservation, now),
                Settled::Failed(counter) => self.fail(counter, at),
                Settled::Cleared(whose) => self.clear(whose),
                Settled::SeenAt { whose, network } => self.see(whose, network, now),
            }
        }
        if settled.iter().any(|change| matches!(change, Settled::Failed(_))) {
            self.sweep(now);
        }
    }

    fn failed(&self, whose: &str, lane: &str, now: i64) -> u32 {
        let buckets = self.failures.get(whose).into_iter().flatten();
        let live = buckets.filter(|bucket| bucket.lane == lane && bucket.span.is_live(now));
        live.fold(0, |sum: u32, bucket| sum.saturating_add(bucket.failed))
    }

    fn fail(&mut self, counter: &Counter, at: Timestamp) {
        let (from, until) = bucket(counter, at);
        let row = (counter.whose.clone(), counter.lane.clone(), from);
        let buckets = self.failures.entry(counter.whose.clone()).or_default();
        match buckets.iter_mut().find(|bucket| bucket.lane == counter.lane && bucket.span.from == from) {
            Some(bucket) => {
                self.expiries.remove(&(bucket.span.until, row.clone()));
                bucket.span.until = until;
                bucket.failed = bucket.failed.saturating_add(1);
            }
            None => buckets.push(Bucket { lane: counter.lane.clone(), span: Span { from, until }, failed: 1 }),
        }
        self.expiries.insert((until, row));
    }

    fn end(&mut self, reservation: &Reservation, now: i64) {
        let counter = &reservation.counter;
        self.land(&(counter.whose.clone(), counter.lane.clone(), reservation.token));
        while let Some((_, row)) = self.landings.first().filter(|(until, _)| *until <= now).cloned() {
            self.land(&row);
        }
        while let Some((_, row)) = self.landings.last().filter(|landing| is_ahead(landing, &self.flying, now)).cloned()
        {
            self.land(&row);
        }
    }

    fn land(&mut self, row: &Row) {
        let Some(flying) = self.flying.get_mut(&row.0) else { return };
        if let Some(at) = flying.iter().position(|flying| flying.lane == row.1 && flying.token == row.2) {
            let landed = flying.swap_remove(at);
            self.landings.remove(&(landed.span.until, row.clone()));
        }
        if flying.is_empty() {
            self.flying.remove(&row.0);
        }
    }

    fn clear(&mut self, whose: &str) {
        for bucket in self.failures.remove(whose).into_iter().flatten() {
            self.expiries.remove(&(bucket.span.until, (whose.to_owned(), bucket.lane, bucket.span.from)));
        }
    }

    fn sweep(&mut self, now: i64) {
        for _ in 0..SWEEP {
            let Some((until, row)) = self.expiries.first().filter(|(until, _)| *until <= now).cloned() else { break };
            self.forget(until, &row);
        }
        for _ in 0..SWEEP {
            let is_ahead = |(until, row): &&(i64, Row)| !Span { from: row.2, until: *until }.is_live(now);
            let Some((until, row)) = self.expiries.last().filter(is_ahead).cloned() else { break };
            self.forget(until, &row);
        }
    }

    fn forget(&mut self, until: i64, row: &Row) {
        self.expiries.remove(&(until, row.clone()));
        let Some(buckets) = self.failures.get_mut(&row.0) else { return };
        buckets.retain(|bucket| bucket.lane != row.1 || bucket.span.from != row.2);
        if buckets.is_empty() {
            self.failures.remove(&row.0);
        }
    }

    fn is_known(&self, whose: &str, network: &str, now: i64) -> bool {
        let mut seen = self.networks.get(whose).into_iter().flatten();
        seen.any(|(known, at)| known == network && now.abs_diff(*at) <= known_for().unsigned_abs())
    }

    fn see(&mut self, whose: &str, network: &str, now: i64) {
        let seen = self.networks.entry(whose.to_owned()).or_default();
        seen.retain(|(known, at)| known != network && *at >= now.saturating_sub(known_for()));
        seen.push((network.to_owned(), now));
        seen.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        seen.truncate(usize::try_from(Attempt::KNOWN_NETWORKS).unwrap_or(usize::MAX));
    }
}

/// Whether an attempt was put in flight by a clock that was far ahead.
fn is_ahead((_, row): &&(i64, Row), flying: &HashMap<String, Vec<Flying>>, now: i64) -> bool {
    let mut flying = flying.get(&row.0).into_iter().flatten();
    flying.any(|flying| flying.lane == row.1 && flying.token == row.2 && !flying.span.is_live(now))
}
