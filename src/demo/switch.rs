//! The legacy shop with a switch: switched off, it is unavailable. Counts how often it is queried for a record.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::page::Shop;
use crate::ports::{BoxFuture, Call, Coverage, Identifier, Members, PortError, PortErrorKind, Record, Source};

/// A source that can be switched off.
pub struct Switch {
    source: Arc<dyn Source>,
    off: AtomicBool,
    queries: AtomicU64,
}

impl Switch {
    /// A source that is switched on.
    #[must_use]
    pub fn new(source: Arc<dyn Source>) -> Self {
        Self { source, off: AtomicBool::new(false), queries: AtomicU64::new(0) }
    }

    /// Switches the source on or off.
    pub fn set(&self, shop: Shop) {
        self.off.store(!shop.is_on(), Ordering::Relaxed);
    }

    /// Whether the source is on.
    #[must_use]
    pub fn shop(&self) -> Shop {
        if self.off.load(Ordering::Relaxed) { Shop::Off } else { Shop::On }
    }

    /// How often logins queried the source, with or without success.
    #[must_use]
    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    /// Counts from zero again.
    pub fn forget_queries(&self) {
        self.queries.store(0, Ordering::Relaxed);
    }

    /// Reads a record for the page, without counting it; `None` if there is no record or the source is unavailable.
    pub async fn peek(&self, call: Call<'_>, identifier: &Identifier) -> Option<Record> {
        if !self.shop().is_on() {
            return None;
        }
        self.source.fetch(call, identifier).await.ok().flatten()
    }
}

impl Source for Switch {
    fn name(&self) -> &str {
        self.source.name()
    }

    fn coverage(&self) -> Coverage {
        self.source.coverage()
    }

    fn members(&self) -> Members {
        self.source.members()
    }

    fn fetch<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        if self.shop().is_on() {
            return self.source.fetch(call, identifier);
        }
        let error = PortError::new(PortErrorKind::Unavailable, self.name(), "fetch").because("it is switched off");
        Box::pin(async { Err(error) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::IdentifierProfile;

    struct Fixed;

    impl Source for Fixed {
        fn name(&self) -> &'static str {
            "shop"
        }

        fn fetch<'a>(&'a self, _: Call<'a>, _: &'a Identifier) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
            Box::pin(async { Ok(Some(Record::new("{}".to_owned()))) })
        }
    }

    #[tokio::test]
    async fn a_switched_off_source_is_unavailable_and_not_empty() {
        let switch = Switch::new(Arc::new(Fixed));
        let ada = IdentifierProfile::default().canonical("ada").unwrap();
        let call = Call::outside_login("r1");
        assert!(switch.fetch(call, &ada).await.unwrap().is_some());
        switch.set(Shop::Off);
        assert_eq!(switch.fetch(call, &ada).await.unwrap_err().kind(), PortErrorKind::Unavailable);
        assert_eq!((switch.queries(), switch.peek(call, &ada).await), (2, None));
        switch.set(Shop::On);
        assert!(switch.peek(call, &ada).await.is_some());
        assert_eq!(switch.queries(), 2);
    }
}
