//! The tables of both databases: what is selected from the one and inserted into the other.

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row as _, SqliteConnection};

/// How many rows one statement inserts. Bounds the memory; a statement has at most 65,535 parameters.
const ROWS: usize = 500;

/// What a column holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Number,
    Bytes,
    Flag,
}
use Kind::{Bytes, Flag, Number, Text};

/// A table, column by column: the name in PostgreSQL, what is selected in SQLite, and what it holds.
pub(super) struct Table {
    from: &'static str,
    pub to: &'static str,
    columns: &'static [(&'static str, &'static str, Kind)],
}

/// A column with the same name in both.
macro_rules! same {
    ($($name:literal $kind:ident),* $(,)?) => { &[$(($name, $name, $kind)),*] };
}

/// The ledger, without what has another shape in PostgreSQL.
pub(super) const LEDGER: &[Table] = &[
    Table {
        from: "entries",
        to: "landfall_entries",
        columns: &[
            ("source", "source", Text),
            ("legacy_id", "legacy_id", Text),
            ("state", "state", Text),
            ("external_id", "external_id", Text),
            ("account", "account", Text),
            ("token", "token", Number),
            // nobody is waiting for it
            ("grant_id", "''", Text),
            ("rules", "rules", Text),
            ("claimed_at", "claimed_at", Number),
            ("verified_at", "verified_at", Number),
            ("creating_at", "creating_at", Number),
            ("lease_until", "lease_until", Number),
            ("created_at", "created_at", Number),
            ("done_at", "done_at", Number),
            ("activated_at", "activated_at", Number),
            ("tags", "tags", Text),
        ],
    },
    Table {
        from: "tombstones",
        to: "landfall_tombstones",
        columns: same!("digest" Text, "buried_at" Number, "source" Text, "legacy_id" Text),
    },
    Table { from: "logins", to: "landfall_logins", columns: same!("digest" Text, "source" Text, "legacy_id" Text) },
    Table { from: "limits", to: "landfall_limits", columns: same!("name" Text, "stamp" Number) },
    Table {
        from: "observations",
        to: "landfall_observations",
        columns: same!(
            "kind" Text, "source" Text, "about" Text, "name" Text, "change" Text, "count" Number, "first_at" Number,
            "last_at" Number, "customers" Text,
        ),
    },
    Table {
        from: "attempts",
        to: "landfall_attempts",
        columns: same!("counter" Text, "lane" Text, "bucket" Number, "failed" Number, "expires_at" Number),
    },
    Table {
        from: "networks",
        to: "landfall_networks",
        columns: same!("customer" Text, "network" Text, "seen_at" Number),
    },
    Table {
        from: "audit",
        to: "landfall_audit",
        columns: same!(
            "number" Number, "at" Number, "outcome" Text, "reason" Text, "subject" Text, "customer" Text,
            "count" Number, "text" Text, "chain" Text,
        ),
    },
    Table {
        from: "audit_totals",
        to: "landfall_audit_totals",
        columns: same!("outcome" Text, "reason" Text, "count" Number),
    },
    Table {
        from: "outbox",
        to: "landfall_outbox",
        columns: same!(
            "id" Number, "at" Number, "kind" Text, "reason" Text, "account" Text, "request_id" Text, "tags" Text,
            "source" Text, "legacy_id" Text, "kept" Text, "routed" Flag,
        ),
    },
    Table {
        from: "deliveries",
        to: "landfall_deliveries",
        columns: same!("event" Number, "webhook" Text, "attempts" Number, "due_at" Number, "why" Text),
    },
    Table { from: "nonces", to: "landfall_nonces", columns: same!("digest" Bytes, "owner" Bytes, "signed_at" Number) },
    Table {
        from: "meta WHERE name IN ('store', 'audit_start')",
        to: "landfall_meta",
        columns: same!("name" Text, "number" Number, "text" Text, "tag" Text),
    },
];

/// The account store.
pub(super) const ACCOUNTS: &[Table] = &[
    Table {
        from: "accounts",
        to: "landfall_accounts",
        columns: same!(
            "id" Text, "external_id" Text, "source" Text, "legacy_id" Text, "state" Text, "phc" Text,
            "must_change" Flag, "claims" Text, "rules" Text, "email" Text, "phone" Text, "username" Text,
            "created_at" Number, "changed_at" Number, "made_at" Number,
        ),
    },
    Table { from: "account_logins", to: "landfall_account_logins", columns: same!("login" Text, "account_id" Text) },
    Table { from: "closed", to: "landfall_closed", columns: same!("external_id" Text) },
    Table { from: "store", to: "landfall_store", columns: same!("id" Text, "ping" Number) },
];

impl Table {
    /// Copies all rows; returns how many there were.
    pub async fn copy(&self, from: &mut SqliteConnection, to: &mut PgConnection) -> Result<u64, sqlx::Error> {
        let selected: Vec<&str> = self.columns.iter().map(|(_, selected, _)| *selected).collect();
        // constants of this file, here and below
        let sql = format!("SELECT {} FROM {}", selected.join(", "), self.from);
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(from);
        let (mut page, mut copied) = (Vec::with_capacity(ROWS), 0);
        while let Some(row) = rows.try_next().await? {
            page.push(row);
            copied += 1;
            if page.len() == ROWS {
                self.insert(to, &page).await?;
                page.clear();
            }
        }
        if !page.is_empty() {
            self.insert(to, &page).await?;
        }
        Ok(copied)
    }

    async fn insert(&self, to: &mut PgConnection, rows: &[SqliteRow]) -> Result<(), sqlx::Error> {
        let names: Vec<&str> = self.columns.iter().map(|(name, ..)| *name).collect();
        let mut query =
            QueryBuilder::<Postgres>::new(format!("INSERT INTO {} ({}) VALUES ", self.to, names.join(", ")));
        for (at, row) in rows.iter().enumerate() {
            query.push(if at == 0 { "(" } else { ", (" });
            for (column, (.., kind)) in self.columns.iter().enumerate() {
                if column > 0 {
                    query.push(", ");
                }
                match kind {
                    Text => query.push_bind(row.try_get::<Option<String>, _>(column)?),
                    Number => query.push_bind(row.try_get::<Option<i64>, _>(column)?),
                    Bytes => query.push_bind(row.try_get::<Option<Vec<u8>>, _>(column)?),
                    Flag => query.push_bind(row.try_get::<i64, _>(column)? != 0),
                };
            }
            query.push(")");
        }
        query.build().persistent(false).execute(to).await.map(|_| ())
    }
}
