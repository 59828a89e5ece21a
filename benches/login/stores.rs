//! Where the ledger and the accounts are: in SQLite files, or in databases of a PostgreSQL server on this machine.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::servers::{ADMIN, Options, POSTGRES, Server};

/// A kind of stores. Each world has stores of its own.
pub struct Stores {
    /// What tables call them.
    pub name: &'static str,
    server: Option<Server>,
}

impl Stores {
    /// SQLite, and PostgreSQL if it is installed.
    pub fn all() -> Vec<Self> {
        let sqlite = Self { name: "SQLite", server: None };
        // The tests' server does not wait for the disk; SQLite does.
        let durable = ["fsync", "synchronous_commit", "full_page_writes"];
        let options = durable.into_iter().fold(Options::default(), |options, name| options.set(name, "on"));
        // The reason is on standard error by then.
        let server = catch_unwind(AssertUnwindSafe(|| Server::start(&POSTGRES, options))).ok();
        if server.is_none() {
            println!("PostgreSQL cannot be started here, so it is left out");
        }
        let postgres = server.map(|server| Self { name: "PostgreSQL", server: Some(server) });
        std::iter::once(sqlite).chain(postgres).collect()
    }

    /// The settings of new stores.
    pub fn settings(&self) -> String {
        let (target, ledger) = match &self.server {
            None => ("sqlite:accounts.db".to_owned(), "sqlite:ledger.db".to_owned()),
            Some(server) => {
                let url = server.url(ADMIN.0, ADMIN.1, &server.create_database());
                let url = format!("{url}?sslmode=verify-full&sslrootcert={}", server.ca_path().display());
                (url.clone(), url)
            }
        };
        format!("target: {{ kind: sql, url: '{target}' }}\nledger: {{ url: '{ledger}', key: '${{KEY}}' }}\n")
    }
}
