//! Shared rate limits, with the same behaviour as in the file.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use jiff::Timestamp;

use super::MemoryLedger;
use crate::adapters::ledgers::limits::{pause_name, pause_until, paused, take};
use crate::ports::{BoxFuture, PortError, RateLimit, SharedLimits, Taken};

impl MemoryLedger {
    fn stamps(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharedLimits for MemoryLedger {
    fn take<'a>(
        &'a self,
        limit: &'a RateLimit,
        wanted: u32,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Taken, PortError>> {
        Box::pin(async move {
            let mut stamps = self.stamps();
            let (taken, stamp) = take(limit, stamps.get(&limit.name).copied(), wanted, now);
            stamps.insert(limit.name.clone(), stamp);
            Ok(taken)
        })
    }

    fn paused<'a>(&'a self, system: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Timestamp>, PortError>> {
        Box::pin(async move { Ok(paused(self.stamps().get(&pause_name(system)).copied(), now)) })
    }

    fn pause<'a>(&'a self, system: &'a str, until: Timestamp, now: Timestamp) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async move {
            let (mut stamps, name) = (self.stamps(), pause_name(system));
            let stamp = pause_until(stamps.get(&name).copied(), until, now);
            stamps.insert(name, stamp);
            Ok(())
        })
    }
}
