//! All records of a database, page by page, for `landfall bulk`: each page begins after the last value of the one before, so
//! that no query reads the whole table.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::SqlSource;
use super::cell::{Cell, Cells};
use super::database::RowLimits;
use super::settings::{AllSettings, Start};
use super::shape::column;
use super::template::Template;
use crate::formats::{Format, RawRecord, RecordError};
use crate::ports::{PortError, PortErrorKind};

/// How much a page may have. Stops a query without a limit from filling the memory; admits a thousand rows of any profile.
const LIMITS: RowLimits = RowLimits { rows: 10_000, bytes: 64 * 1024 * 1024 };

/// How long a page with its lists may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A record, or why it cannot be used.
type Item = Result<RawRecord, RecordError>;

/// The records of a database.
pub(super) struct Pages {
    source: Arc<SqlSource>,
    handle: Handle,
    after: Cell,
    page: VecDeque<Item>,
    number: u64,
    ended: bool,
}

impl Pages {
    /// Begins before the first record; `None` without a query for all of them. Must be called within a tokio runtime.
    pub(super) fn new(source: Arc<SqlSource>) -> Option<Self> {
        let after = match &source.settings.all.as_ref()?.start {
            Start::Number(number) => Cell::Integer(*number),
            Start::Text(text) => Cell::Text(text.clone()),
        };
        Some(Self { source, handle: Handle::current(), after, page: VecDeque::new(), number: 0, ended: false })
    }

    fn read(&mut self) {
        let source = Arc::clone(&self.source);
        match self.handle.block_on(source.page(&self.after)) {
            Ok(page) => {
                self.ended = page.records.is_empty();
                self.after = page.last;
                for record in page.records {
                    let item = self.item(record);
                    self.page.push_back(item);
                }
            }
            Err(error) => {
                self.ended = true;
                let item = self.failed(&error, true);
                self.page.push_back(Err(item));
            }
        }
    }

    fn item(&mut self, record: Result<String, PortError>) -> Item {
        match record {
            Ok(json) => {
                self.number += 1;
                let number = self.number;
                Ok(RawRecord {
                    json,
                    number,
                    line: number,
                    bytes: None,
                    accounts: Vec::new(),
                    shared: Vec::new(),
                    is_reject: false,
                })
            }
            Err(error) => Err(self.failed(&error, false)),
        }
    }

    fn failed(&mut self, error: &PortError, fatal: bool) -> RecordError {
        self.number += 1;
        let (number, line) = (self.number, self.number);
        RecordError { number, line, message: error.to_string(), raw: None, format: Format::Json, fatal }
    }
}

impl Iterator for Pages {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if self.page.is_empty() && !self.ended {
            self.read();
        }
        self.page.pop_front()
    }
}

/// A page of records.
struct Page {
    records: Vec<Result<String, PortError>>,
    /// The value after which the next page begins.
    last: Cell,
}

impl SqlSource {
    async fn page(&self, after: &Cell) -> Result<Page, PortError> {
        let deadline = Instant::now() + PATIENCE;
        let (Some(query), Some(settings)) = (&self.all, &self.settings.all) else {
            return Ok(Page { records: Vec::new(), last: after.clone() });
        };
        let page = timeout_at(deadline, self.page_of(query, settings, after, deadline)).await;
        page.unwrap_or_else(|_| Err(self.late("list")))
    }

    async fn page_of(
        &self,
        query: &Template,
        settings: &AllSettings,
        after: &Cell,
        deadline: Instant,
    ) -> Result<Page, PortError> {
        let wrong = |detail: String| self.failed(PortErrorKind::Misconfigured, "list", detail);
        let mut session = self.database.session("list", deadline).await?;
        let values = query.names.iter().map(|_| after.clone()).collect();
        let rows: Vec<Cells> = session.rows(query, values, LIMITS).await?;
        if rows.len() > LIMITS.rows {
            return Err(wrong(format!("the query of `all` returns more than {} rows; add `LIMIT 500`", LIMITS.rows)));
        }
        let by = |row: &Cells| {
            column(row, &settings.by)
                .cloned()
                .ok_or_else(|| wrong(format!("the query of `all` has no column `{}`", settings.by)))
        };
        let last = rows.last().map(by).transpose()?.unwrap_or_else(|| after.clone());
        if !rows.is_empty() && (last == *after || last == Cell::Null) {
            let detail = "a page of `all` ends where it began; its query needs `> :after` and `ORDER BY`";
            return Err(wrong(format!("{detail} the column `{}`", settings.by)));
        }
        let mut before = after;
        for row in &rows {
            let value = column(row, &settings.by).unwrap_or(&Cell::Null);
            if is_out_of_order(before, value) {
                let detail = "of a page of `all` must be unique and ascending; customers would be left out otherwise";
                return Err(wrong(format!("the values of the column `{}` {detail}", settings.by)));
            }
            before = value;
        }
        let mut records = Vec::with_capacity(rows.len());
        for row in &rows {
            match self.with_lists(&mut *session, row).await {
                Ok(record) => records.push(Ok(record.json().to_owned())),
                Err(error) if error.is_about_one_record() => records.push(Err(error)),
                Err(error) => return Err(error),
            }
        }
        session.end().await?;
        Ok(Page { records, last })
    }
}

/// Whether a value cannot follow another one. How texts are ordered is known to the database alone.
fn is_out_of_order(before: &Cell, value: &Cell) -> bool {
    match (before, value) {
        (Cell::Integer(before), Cell::Integer(value)) => value <= before,
        (before, value) => before == value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_page_ascend() {
        let text = |text: &str| Cell::Text(text.to_owned());
        assert!(!is_out_of_order(&Cell::Integer(1), &Cell::Integer(2)));
        assert!(is_out_of_order(&Cell::Integer(2), &Cell::Integer(2)));
        assert!(is_out_of_order(&Cell::Integer(3), &Cell::Integer(2)));
        assert!(is_out_of_order(&text("a"), &text("a")));
        assert!(!is_out_of_order(&text("ä"), &text("b")), "the database orders texts");
    }
}
