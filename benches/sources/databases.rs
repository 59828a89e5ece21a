//! The same customers in each database that is installed.

use std::collections::HashMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr as _;
use std::time::Instant;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use crate::customers;
use crate::servers::{ADMIN, MARIADB, Options, POSTGRES, Server, System};

/// The user of the source, who may only read.
const READER: &str = "reader";

/// Customers that are inserted at once.
const PART: u64 = 10_000;

/// Where a database runs.
enum Place {
    /// In this process, on a file.
    File { _folder: TempDir },
    /// In a server of its own.
    Server(Box<Server>),
}

/// A database with the customers.
pub struct Database {
    /// The name in the table.
    pub name: String,
    /// The address for the source.
    pub url: String,
    place: Place,
}

impl Database {
    /// All databases that are installed.
    pub async fn all(customers: u64) -> Vec<Self> {
        let mut databases = vec![Self::sqlite(customers).await];
        let reader =
            format!("CREATE USER {READER} PASSWORD 'reader'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER};");
        let options = Options::default().set("shared_buffers", "128MB");
        databases.extend(Self::server("PostgreSQL", &POSTGRES, options, "", &reader, customers));
        let reader = format!("CREATE USER {READER}@'%' IDENTIFIED BY 'reader'; GRANT SELECT ON *.* TO {READER}@'%';");
        let options = Options::default().set("innodb_buffer_pool_size", "128M");
        databases.extend(Self::server("MariaDB", &MARIADB, options, " COLLATE utf8mb4_bin", &reader, customers));
        databases
    }

    async fn sqlite(customers: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("shop.db").display());
        let options = SqliteConnectOptions::from_str(&url).unwrap().create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        for sql in statements("", customers) {
            let sql = format!("BEGIN; {sql} COMMIT;");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
        Self { name: "SQLite".to_owned(), url, place: Place::File { _folder: folder } }
    }

    /// Nothing if the server is not installed.
    fn server(
        name: &str,
        system: &'static dyn System,
        options: Options,
        collate: &str,
        reader: &str,
        customers: u64,
    ) -> Option<Self> {
        // the reason is on standard error by then
        let Ok(server) = catch_unwind(AssertUnwindSafe(|| Server::start(system, options))) else {
            println!("{name} cannot be started here, so it is left out");
            return None;
        };
        let database = server.create_database();
        for sql in statements(collate, customers) {
            server.sql(&database, &sql);
        }
        server.sql(&database, reader);
        server.sql(
            &database,
            if system.name() == "postgres" { "ANALYZE" } else { "ANALYZE TABLE customer, customer_role" },
        );
        let version =
            server.sql(&database, if system.name() == "postgres" { "SHOW server_version" } else { "SELECT version()" });
        let version = version.split([' ', '-']).next().unwrap_or_default();
        let (url, ca) = (server.url(READER, "reader", &database), server.ca_path().display());
        let url = match system.name() {
            "postgres" => format!("{url}?sslmode=verify-full&sslrootcert={ca}"),
            _ => format!("{url}?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}"),
        };
        Some(Self { name: format!("{name} {version}"), url, place: Place::Server(Box::new(server)) })
    }

    fn remote(&self) -> Option<&Server> {
        match &self.place {
            Place::File { .. } => None,
            Place::Server(server) => Some(server),
        }
    }

    /// The open connections of the source.
    pub fn connections(&self) -> Option<String> {
        let server = self.remote()?;
        let (database, sql) = match self.url.starts_with("postgres") {
            true => ("postgres", format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{READER}'")),
            false => ("mysql", format!("SELECT count(*) FROM information_schema.processlist WHERE user = '{READER}'")),
        };
        Some(server.run_sql(ADMIN.0, ADMIN.1, database, &sql).unwrap())
    }

    /// Milliseconds of many round trips on one connection.
    pub async fn round_trips(&self, count: usize) -> Vec<f64> {
        let mut times = Vec::new();
        if self.url.starts_with("postgres") {
            let mut connection = PgConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
            for _ in 0..count {
                let began = Instant::now();
                sqlx::raw_sql("SELECT 1").execute(&mut connection).await.unwrap();
                times.push(began.elapsed().as_secs_f64() * 1000.0);
            }
        } else if self.url.starts_with("mysql") {
            let mut connection = MySqlConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
            for _ in 0..count {
                let began = Instant::now();
                sqlx::raw_sql("SELECT 1").execute(&mut connection).await.unwrap();
                times.push(began.elapsed().as_secs_f64() * 1000.0);
            }
        }
        times
    }

    /// The CPU time of the server's threads and processes so far.
    pub fn server_cpu(&self) -> ServerCpu {
        let Some(pid) = self.remote().and_then(Server::pid) else { return ServerCpu::default() };
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let pids = children.split_whitespace().map(str::to_owned).chain([pid.to_string()]);
        let tasks = pids.flat_map(|pid| fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten());
        ServerCpu(
            tasks
                .filter_map(|task| {
                    let stat = fs::read_to_string(task.path().join("schedstat")).ok()?;
                    Some((task.file_name().into_string().ok()?, stat.split_whitespace().next()?.parse().ok()?))
                })
                .collect(),
        )
    }
}

/// Nanoseconds by thread. Threads that end are not counted; connections stay open here.
#[derive(Default)]
pub struct ServerCpu(HashMap<String, u64>);

impl ServerCpu {
    /// The seconds since another moment.
    pub fn since(&self, before: &Self) -> f64 {
        let nanos = |(task, now): (&String, &u64)| now.saturating_sub(before.0.get(task).copied().unwrap_or(0));
        self.0.iter().map(nanos).sum::<u64>() as f64 / 1e9
    }
}

fn statements(collate: &str, customers: u64) -> impl Iterator<Item = String> {
    let parts = (0..customers).step_by(usize::try_from(PART).unwrap());
    let rows = parts.map(move |first| customers::rows(first..customers.min(first + PART)));
    [customers::tables(collate)].into_iter().chain(rows).chain([customers::INDEXES.to_owned()])
}
