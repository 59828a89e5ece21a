//! Each fault.

use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::time::sleep;

use super::stage::{Stage, database, filled, postgres, query};
use super::table::Row;
use crate::legacy::{Legacy, PASSWORD, verified};
use crate::servers::certificates::Authority;
use crate::servers::network::black_hole;
use crate::servers::proxy::{Mode, Proxy};
use crate::servers::{ADMIN, Options, Server, Stop, System, Tls};

/// A server that lives as long as the tests.
fn start(system: &'static dyn System, options: Options) -> &'static Server {
    Box::leak(Box::new(Server::start(system, options)))
}

/// Every fault, in the order of the table.
pub async fn all(system: &'static dyn System) -> Vec<Row> {
    let server = start(system, Options::default().set("max_connections", "16"));
    let mut rows = Vec::new();
    rows.extend(connecting(server).await);
    rows.extend(tls(system, server).await);
    rows.extend(silence(server).await);
    rows.extend(restarts(server).await);
    rows.extend(crowds(server).await);
    rows.extend(privileges(server).await);
    rows.extend(tables(server).await);
    rows.extend(records(server).await);
    rows
}

fn nothing() {}

async fn connecting(server: &'static Server) -> Vec<Row> {
    let stage = Stage::new(database(server));
    stage.warm().await;
    let refused = stage.lasting("connection refused", || server.stop(Stop::Orderly), || server.start_again()).await;
    let stage_two = Stage::new(database(server));
    let reader = stage_two.legacy.reader.clone();
    let password = |password: &str| {
        let sql = if postgres(server) {
            format!("ALTER USER {reader} PASSWORD '{password}';")
        } else {
            format!("ALTER USER {reader}@'%' IDENTIFIED BY '{password}';")
        };
        stage_two.legacy.sql(&sql);
    };
    let wrong = stage_two.lasting("wrong password", || password("another"), || password(PASSWORD)).await;
    let missing = database(server);
    let url = missing.url().replace(missing.database(), "no_such_database");
    let unknown = Stage::at(missing, &url).final_("unknown database").await;
    stage.end("refused").await;
    vec![refused, wrong, unknown]
}

async fn tls(system: &'static dyn System, server: &'static Server) -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder");
    let other = Authority::new().write(folder.path());
    let at = |legacy: &Legacy<'static>, server: &Server, parameters: &str| {
        format!("{}?{parameters}", server.url(&legacy.reader, PASSWORD, legacy.database()))
    };
    let legacy = database(server);
    let url = at(&legacy, server, &verified(server, &other));
    let untrusted = Stage::at(legacy, &url).final_("certificate of an unknown authority").await;
    let legacy = database(server);
    let url = at(&legacy, server, if postgres(server) { "sslmode=disable" } else { "ssl-mode=DISABLED" });
    let required = Stage::at(legacy, &url).final_("the server requires TLS, the address disables it").await;
    let elsewhere = start(system, Options::default().names(&["database.example.org"]));
    let name = Stage::new(database(elsewhere)).final_("certificate for another host name").await;
    let plain = start(system, Options::default().tls(Tls::Off));
    let off = Stage::new(database(plain)).final_("the server has no TLS").await;
    vec![untrusted, name, required, off]
}

async fn silence(server: &'static Server) -> Vec<Row> {
    let hole = black_hole();
    let legacy = database(server);
    let parameters = verified(server, server.ca_path());
    let at = |address, legacy: &Legacy<'_>| {
        format!("{}?{parameters}", server.url_at(address, &legacy.reader, PASSWORD, legacy.database()))
    };
    let url = at(hole.address, &legacy);
    let connect = Stage::at(legacy, &url).final_("no answer when connecting").await;
    let proxy = Proxy::to(server.address());
    let legacy = database(server);
    let url = at(proxy.address, &legacy);
    let stage = Stage::at(legacy, &url);
    stage.warm().await;
    let pooled =
        stage.lasting("no answer on open connections", || proxy.set(Mode::Stall), || proxy.set(Mode::Forward)).await;
    stage.warm().await;
    let cut = stage.lasting("idle connections were cut", || assert!(proxy.cut() > 0), nothing).await;
    let stage = Stage::new(database(server));
    stage.warm().await;
    let paused = stage.lasting("the server is paused", || server.pause(), || server.resume()).await;
    stage.warm().await;
    let slow = stage.lasting_for("query past the deadline", "slow", nothing, nothing).await;
    let mut holder = Holder::open(server, stage.legacy.database()).await;
    let lock = if postgres(server) {
        "BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE"
    } else {
        "LOCK TABLES customers WRITE"
    };
    holder.run(lock).await;
    let locked = stage.lasting("table locked", nothing, move || drop(holder)).await;
    stage.end("silence").await;
    vec![connect, pooled, cut, paused, slow, locked]
}

async fn restarts(server: &'static Server) -> Vec<Row> {
    let stage = Stage::new(database(server));
    stage.warm().await;
    let orderly = stage.momentary("orderly restart during a query", || server.restart(Stop::Orderly)).await;
    let abrupt = stage.momentary("crash and restart during a query", || server.restart(Stop::Abrupt)).await;
    let (reader, system) = (stage.legacy.reader.clone(), postgres(server));
    let kill = || {
        if system {
            stage
                .legacy
                .sql(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{reader}'"));
        } else {
            stage.legacy.sql(&format!("KILL USER {reader}@'%'"));
        }
    };
    let killed = stage.momentary("connection ended by an administrator", kill).await;
    stage.warm().await;
    let idle = stage.lasting("restart between queries", || server.restart(Stop::Orderly), nothing).await;
    stage.end("restarts").await;
    vec![orderly, abrupt, killed, idle]
}

async fn crowds(server: &'static Server) -> Vec<Row> {
    let crowd = database(server);
    let stage = Stage::new(database(server));
    let url = crowd.url();
    let mut held = Vec::new();
    while let Some(connection) = Holder::try_open(&url).await {
        held.push(connection);
    }
    let full = stage.lasting("the server has too many connections", nothing, move || drop(held)).await;
    stage.end("crowds").await;
    let legacy = database(server);
    let (url, record) = (legacy.url(), query(&legacy, "id, login, password, mark"));
    let stage = Stage::with(legacy, &url, &record, 1);
    let waiting = tokio::join!(
        async {
            for _ in 0..2 {
                futures_util::future::join_all((0..3).map(|_| stage.login("slow"))).await;
            }
        },
        async {
            sleep(Duration::from_millis(100)).await;
            stage.final_("all connections of the source are in use").await
        }
    );
    vec![full, waiting.1]
}

async fn privileges(server: &'static Server) -> Vec<Row> {
    let legacy = database(server);
    let (url, reader) = (legacy.url(), legacy.reader.clone());
    let everything = if postgres(server) { "ALL TABLES IN SCHEMA public" } else { "*" };
    let host = if postgres(server) { "" } else { "@'%'" };
    legacy.sql(&format!("GRANT ALL ON {everything} TO {reader}{host};"));
    let delete =
        format!("DELETE FROM customers WHERE {} RETURNING id, login, password, mark", legacy.is_identifier("login"));
    let stage = Stage::with(legacy, &url, &delete, 4);
    let write = stage.final_("a query that writes").await;
    let stage = Stage::new(database(server));
    stage.warm().await;
    let (reader, database) = (stage.legacy.reader.clone(), stage.legacy.database().to_owned());
    let (table, on) = if postgres(server) { ("customers".to_owned(), "") } else { (format!("{database}.*"), "@'%'") };
    let revoke = || drop(stage.legacy.sql(&format!("REVOKE SELECT ON {table} FROM {reader}{on};")));
    let grant = || drop(stage.legacy.sql(&format!("GRANT SELECT ON {table} TO {reader}{on};")));
    let revoked = stage.lasting("the right to read was revoked", revoke, grant).await;
    vec![write, revoked]
}

async fn tables(server: &'static Server) -> Vec<Row> {
    let mut rows = Vec::new();
    let stage = Stage::new(database(server));
    stage.warm().await;
    let run = |sql: &'static str| {
        let legacy = &stage.legacy;
        move || drop(legacy.sql(sql))
    };
    for (fault, before, after) in [
        ("table dropped", "ALTER TABLE customers RENAME TO gone", "ALTER TABLE gone RENAME TO customers"),
        (
            "column dropped, which the query names",
            "ALTER TABLE customers RENAME COLUMN mark TO sign",
            "ALTER TABLE customers RENAME COLUMN sign TO mark",
        ),
    ] {
        rows.push(stage.lasting(fault, run(before), run(after)).await);
    }
    let retype = if postgres(server) {
        "ALTER TABLE customers ALTER COLUMN extra TYPE text"
    } else {
        "ALTER TABLE customers MODIFY extra text"
    };
    let legacy = database(server);
    let (url, record) = (legacy.url(), query(&legacy, "*"));
    let stage = Stage::with(legacy, &url, &record, 4);
    stage.warm().await;
    let run = |sql: &'static str| {
        let legacy = &stage.legacy;
        move || drop(legacy.sql(sql))
    };
    for (fault, before, after) in [
        ("column added (`SELECT *`)", "ALTER TABLE customers ADD COLUMN extra int", "SELECT 1"),
        ("type of a column changed (`SELECT *`)", retype, "SELECT 1"),
        ("column dropped, which no rule reads (`SELECT *`)", "ALTER TABLE customers DROP COLUMN extra", "SELECT 1"),
        (
            "column dropped, which the rules read (`SELECT *`)",
            "ALTER TABLE customers RENAME COLUMN password TO secret",
            "ALTER TABLE customers RENAME COLUMN secret TO password",
        ),
    ] {
        rows.push(stage.lasting(fault, run(before), run(after)).await);
    }
    stage.end("tables").await;
    rows
}

async fn records(server: &'static Server) -> Vec<Row> {
    let stage = Stage::new(database(server));
    stage.warm().await;
    let twins = stage.lasting_for("two records", "twin", nothing, nothing).await;
    let large = stage.lasting_for("record over `record_limit`", "large", nothing, nothing).await;
    let mut rows = vec![twins, large];
    if postgres(server) {
        let name = server.create_database_with("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
        let legacy = filled(Legacy::with(server, name, crate::login::CUSTOMERS));
        legacy.sql("UPDATE customers SET mark = E'\\xff' WHERE login = 'broken';");
        let stage = Stage::new(legacy);
        stage.warm().await;
        rows.push(stage.lasting_for("text in an invalid encoding", "broken", nothing, nothing).await);
    }
    rows
}

/// A connection of somebody else.
enum Holder {
    Postgres(PgConnection),
    MariaDb(MySqlConnection),
}

impl Holder {
    /// As administrator.
    async fn open(server: &Server, database: &str) -> Self {
        let url = format!("{}?{}", server.url(ADMIN.0, ADMIN.1, database), verified(server, server.ca_path()));
        Self::try_open(&url).await.expect("a connection")
    }

    async fn try_open(url: &str) -> Option<Self> {
        if url.starts_with("postgres") {
            PgConnection::connect(url).await.ok().map(Self::Postgres)
        } else {
            MySqlConnection::connect(url).await.ok().map(Self::MariaDb)
        }
    }

    async fn run(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Postgres(connection) => drop(connection.execute(sql).await.expect("statements")),
            Self::MariaDb(connection) => drop(connection.execute(sql).await.expect("statements")),
        }
    }
}
