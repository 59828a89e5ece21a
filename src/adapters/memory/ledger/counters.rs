//! Attempts in memory: the same counters, reservations and networks as in the file.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::adapters::ledgers::{SWEEP, bucket, known_for, later, micros};
use crate::ports::{Attempt, Counter, Reservation, Reserved, Room, Settled};

/// The owner, the lane, and the timestamp or token of a row.
type Row = (String, String, i64);

/// A row counts from its timestamp until it expires, unless its timestamp is further in the future than its lifetime.
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

/// The failures of one lane in one bucket.
struct Bucket {
    lane: String,
    span: Span,
    failed: u32,
}

/// An attempt in flight.
struct InFlight {
    lane: String,
    token: i64,
    span: Span,
}

/// Failures, attempts in flight and known networks, each by owner.
#[derive(Default)]
pub(super) struct Counters {
    failures: HashMap<String, Vec<Bucket>>,
    /// When each bucket expires.
    expiries: BTreeSet<(i64, Row)>,
    in_flight: HashMap<String, Vec<InFlight>>,
    /// When each attempt in flight expires.
    in_flight_expiries: BTreeSet<(i64, Row)>,
    tokens: i64,
    networks: HashMap<String, Vec<(String, i64)>>,
}

impl Counters {
    /// The number of buckets.
    pub(super) fn rows(&self) -> usize {
        self.expiries.len()
    }

    /// The number of attempts in flight, including expired ones that were not removed yet.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight_expiries.len()
    }

    pub(super) fn would_admit(&self, counter: &Counter, at: Timestamp) -> Room {
        if self.failed(&counter.owner, &counter.lane, micros(at)) >= counter.limit { Room::Full } else { Room::Free }
    }

    pub(super) fn reserve(&mut self, attempt: &Attempt) -> Reserved {
        let (now, mut counter) = (micros(attempt.at), attempt.counter.clone());
        if let Some(network) = attempt.network.as_ref().filter(|network| self.is_known(&counter.owner, network, now)) {
            counter.lane.clone_from(network);
        }
        let failed = self.failed(&counter.owner, &counter.lane, now);
        if failed >= counter.limit {
            return Reserved::OverLimit;
        }
        let in_flight = self.in_flight.get(&counter.owner).into_iter().flatten();
        let in_flight =
            in_flight.filter(|in_flight| in_flight.lane == counter.lane && in_flight.span.is_live(now)).count();
        if in_flight >= usize::try_from(counter.limit - failed).unwrap_or(usize::MAX) {
            return Reserved::Busy;
        }
        self.tokens += 1;
        let (token, lane) = (self.tokens, counter.lane.clone());
        let span = Span { from: now, until: later(attempt.at, attempt.hold) };
        self.in_flight_expiries.insert((span.until, (counter.owner.clone(), lane.clone(), token)));
        self.in_flight.entry(counter.owner.clone()).or_default().push(InFlight { lane, token, span });
        Reserved::Admitted(Reservation { counter, token })
    }

    pub(super) fn settle(&mut self, settled: &[Settled], at: Timestamp) {
        let now = micros(at);
        for change in settled {
            match change {
                Settled::Ended(reservation) => self.end_reservation(reservation, now),
                Settled::Failed(counter) => self.add_failure(counter, at),
                Settled::Cleared(owner) => self.clear(owner),
                Settled::SeenAt { owner, network } => self.remember_network(owner, network, now),
            }
        }
        if settled.iter().any(|change| matches!(change, Settled::Failed(_))) {
            self.sweep(now);
        }
    }

    fn failed(&self, owner: &str, lane: &str, now: i64) -> u32 {
        let buckets = self.failures.get(owner).into_iter().flatten();
        let live = buckets.filter(|bucket| bucket.lane == lane && bucket.span.is_live(now));
        live.fold(0, |sum: u32, bucket| sum.saturating_add(bucket.failed))
    }

    fn add_failure(&mut self, counter: &Counter, at: Timestamp) {
        let (from, until) = bucket(counter, at);
        let row = (counter.owner.clone(), counter.lane.clone(), from);
        let buckets = self.failures.entry(counter.owner.clone()).or_default();
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

    fn end_reservation(&mut self, reservation: &Reservation, now: i64) {
        let counter = &reservation.counter;
        self.end_attempt(&(counter.owner.clone(), counter.lane.clone(), reservation.token));
        while let Some((_, row)) = self.in_flight_expiries.first().filter(|(until, _)| *until <= now).cloned() {
            self.end_attempt(&row);
        }
        while let Some((_, row)) =
            self.in_flight_expiries.last().filter(|expiry| is_ahead(expiry, &self.in_flight, now)).cloned()
        {
            self.end_attempt(&row);
        }
    }

    fn end_attempt(&mut self, row: &Row) {
        let Some(in_flight) = self.in_flight.get_mut(&row.0) else { return };
        if let Some(at) = in_flight.iter().position(|in_flight| in_flight.lane == row.1 && in_flight.token == row.2) {
            let ended = in_flight.swap_remove(at);
            self.in_flight_expiries.remove(&(ended.span.until, row.clone()));
        }
        if in_flight.is_empty() {
            self.in_flight.remove(&row.0);
        }
    }

    fn clear(&mut self, owner: &str) {
        for bucket in self.failures.remove(owner).into_iter().flatten() {
            self.expiries.remove(&(bucket.span.until, (owner.to_owned(), bucket.lane, bucket.span.from)));
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

    fn is_known(&self, owner: &str, network: &str, now: i64) -> bool {
        let mut seen = self.networks.get(owner).into_iter().flatten();
        seen.any(|(known, at)| known == network && now.abs_diff(*at) <= known_for().unsigned_abs())
    }

    fn remember_network(&mut self, owner: &str, network: &str, now: i64) {
        let seen = self.networks.entry(owner.to_owned()).or_default();
        seen.retain(|(known, at)| known != network && *at >= now.saturating_sub(known_for()));
        seen.push((network.to_owned(), now));
        seen.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        seen.truncate(usize::try_from(Attempt::KNOWN_NETWORKS).unwrap_or(usize::MAX));
    }
}

/// Whether an attempt was reserved by a clock that was far ahead.
fn is_ahead((_, row): &&(i64, Row), in_flight: &HashMap<String, Vec<InFlight>>, now: i64) -> bool {
    let mut in_flight = in_flight.get(&row.0).into_iter().flatten();
    in_flight.any(|in_flight| in_flight.lane == row.1 && in_flight.token == row.2 && !in_flight.span.is_live(now))
}
