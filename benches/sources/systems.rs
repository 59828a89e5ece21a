//! The same customers in each legacy system that is installed.

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

use crate::servers::slapd::Slapd;
use crate::servers::{self, ADMIN, MARIADB, Options, POSTGRES, Server};
use crate::web_api::WebApi;
use crate::{customers, directory};

/// The user of the source, who may only read.
const READER: &str = "reader";

/// Customers that are inserted at once.
const PART: u64 = 10_000;

/// Where a system runs.
enum Place {
    /// In this process, on a file.
    File { _folder: TempDir },
    /// In a database server of its own.
    Database { server: Box<Server>, url: String },
    /// A directory.
    Directory(Box<Slapd>),
    /// A web API in a process of its own.
    WebApi(WebApi),
}

/// How a world asks a system.
#[derive(Clone)]
pub struct Asked {
    /// The section `source` of the settings.
    pub source: String,
    /// The section `verifiers`; empty if stored hashes are verified.
    pub verifiers: String,
    /// The rules.
    pub rules: String,
}

/// A legacy system with the customers.
pub struct System {
    /// The name in the table.
    pub name: String,
    /// How it is asked.
    pub asked: Asked,
    place: Place,
}

/// A database is asked for hashes.
fn of_database(url: &str) -> Asked {
    let (record, roles) = (customers::RECORD, customers::ROLES);
    let source = format!(
        "{{ kind: sql, name: shop, url: '{url}', record: '{record}', lists: {{ roles: {{ query: '{roles}', as: values }} }} }}"
    );
    Asked { source, verifiers: String::new(), rules: customers::RULES.to_owned() }
}

impl System {
    /// All systems that are installed.
    pub async fn all(customers: u64) -> Vec<Self> {
        let mut systems = Self::databases(customers).await;
        let api = WebApi::start(customers);
        systems.push(Self { name: "HTTP".to_owned(), asked: api.asked(), place: Place::WebApi(api) });
        systems.extend(Self::directory(customers));
        systems
    }

    /// Nothing if slapd is not installed.
    fn directory(customers: u64) -> Option<Self> {
        let Ok(slapd) = catch_unwind(AssertUnwindSafe(|| Slapd::start(&directory::entries(customers)))) else {
            println!("slapd cannot be started here, so it is left out");
            return None;
        };
        let asked = directory::asked(&slapd);
        Some(Self { name: "LDAP (slapd)".to_owned(), asked, place: Place::Directory(Box::new(slapd)) })
    }

    async fn databases(customers: u64) -> Vec<Self> {
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
        Self { name: "SQLite".to_owned(), asked: of_database(&url), place: Place::File { _folder: folder } }
    }

    /// Nothing if the server is not installed.
    fn server(
        name: &str,
        system: &'static dyn servers::System,
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
        let (name, asked) = (format!("{name} {version}"), of_database(&url));
        Some(Self { name, asked, place: Place::Database { server: Box::new(server), url } })
    }

    /// The open connections of the source, which databases tell.
    pub fn connections(&self) -> Option<String> {
        let Place::Database { server, url } = &self.place else { return None };
        let (database, sql) = match url.starts_with("postgres") {
            true => ("postgres", format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{READER}'")),
            false => (
                "information_schema",
                format!("SELECT count(*) FROM information_schema.processlist WHERE user = '{READER}'"),
            ),
        };
        Some(server.run_sql(ADMIN.0, ADMIN.1, database, &sql).unwrap())
    }

    /// Milliseconds of many round trips on one connection.
    pub async fn round_trips(&self, count: usize) -> Vec<f64> {
        let mut times = Vec::new();
        let Place::Database { url, .. } = &self.place else { return times };
        if url.starts_with("postgres") {
            let mut connection = PgConnectOptions::from_str(url).unwrap().connect().await.unwrap();
            for _ in 0..count {
                let began = Instant::now();
                sqlx::raw_sql("SELECT 1").execute(&mut connection).await.unwrap();
                times.push(began.elapsed().as_secs_f64() * 1000.0);
            }
        } else {
            let mut connection = MySqlConnectOptions::from_str(url).unwrap().connect().await.unwrap();
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
        let pid = match &self.place {
            Place::File { .. } => None,
            Place::Database { server, .. } => server.pid(),
            Place::Directory(slapd) => slapd.pid(),
            Place::WebApi(api) => Some(api.pid()),
        };
        let Some(pid) = pid else { return ServerCpu::default() };
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
