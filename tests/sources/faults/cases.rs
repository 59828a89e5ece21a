//! Each fault.

use std::time::Duration;

use landfall::ports::PortErrorKind;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::time::sleep;

use super::stage::{Stage, database, filled, postgres, query};
use super::table::Row;
use crate::legacy::{Legacy, PASSWORD, fetch_within, verified};
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
    let lost = lost_connections(&stage, server).await;
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
    [connect, pooled, cut].into_iter().chain(lost).chain([paused, slow, locked]).collect()
}

/// Open connections that never answer again, while new ones do: as after a firewall has forgotten them. The processes of
/// PostgreSQL that serve them stand still; MariaDB has one process for all.
async fn lost_connections(stage: &Stage, server: &'static Server) -> Option<Row> {
    if !postgres(server) {
        return None;
    }
    let pids = format!("SELECT pid FROM pg_stat_activity WHERE usename = '{}'", stage.legacy.reader);
    let pids: Vec<String> = stage.legacy.sql(&pids).lines().map(str::to_owned).collect();
    assert_eq!(pids.len(), 4);
    let signal = |signal: &str| {
        let status = std::process::Command::new("kill").arg(signal).args(&pids).status().expect("kill");
        assert!(status.success());
    };
    let row = stage.lasting("idle connections were lost without a word", || signal("-STOP"), nothing).await;
    signal("-CONT");
    stage.warm().await;
    Some(row)
}

async fn restarts(server: &'static Server) -> Vec<Row> {
    // each with a service of its own, whose guard has saved no retry yet
    let stage = || Stage::patient(database(server));
    let restart = |stop| move || server.restart(stop);
    let orderly = stage().momentary("orderly restart during a query", restart(Stop::Orderly)).await;
    let abrupt = stage().momentary("crash and restart during a query", restart(Stop::Abrupt)).await;
    let victim = stage();
    let reader = &victim.legacy.reader;
    let kill = if postgres(server) {
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{reader}'")
    } else {
        format!("KILL USER {reader}@'%'")
    };
    let killed = victim.momentary("connection ended by an administrator", || drop(victim.legacy.sql(&kill))).await;
    let stage = Stage::new(database(server));
    stage.warm().await;
    let idle = stage.lasting("restart between queries", restart(Stop::Orderly), nothing).await;
    stage.end("restarts").await;
    vec![orderly, abrupt, killed, idle]
}

async fn crowds(server: &'static Server) -> Vec<Row> {
    let url = database(server).url();
    let stage = Stage::new(database(server));
    let mut held = Vec::new();
    while let Some(connection) = Holder::try_open(&url).await {
        held.push(connection);
    }
    let full = stage.lasting("the server has too many connections", nothing, move || drop(held)).await;
    stage.end("crowds").await;
    vec![full]
}

/// One connection for two: the second does not wait for longer than its deadline, and the error says why.
pub async fn own_connections(server: &'static Server) {
    let legacy = database(server);
    let record = query(&legacy, "id, login").replace('\n', " ");
    let source = legacy.source_with(&format!("record: {}\nconnections: 1", serde_json::json!(record)));
    let mut refusal = None;
    // on a busy machine the time limit of the caller may come first, which says less
    for _ in 0..5 {
        let slow = fetch_within(&source, "slow", Duration::from_secs(1));
        let other = async {
            sleep(Duration::from_millis(300)).await;
            fetch_within(&source, "ada-7", Duration::from_millis(300)).await
        };
        let (slow, other) = tokio::join!(slow, other);
        assert_eq!(slow.expect_err("a slow query").kind(), PortErrorKind::Unavailable);
        let error = other.expect_err("no connection");
        refusal = Some((error.kind(), error.detail().to_owned()));
        if error.kind() == PortErrorKind::RateLimited {
            break;
        }
    }
    assert_eq!(refusal, Some((PortErrorKind::RateLimited, "all connections are in use".to_owned())));
    assert!(fetch_within(&source, "ada-7", Duration::from_secs(5)).await.expect("a connection").is_some());
}

async fn privileges(server: &'static Server) -> Vec<Row> {
    let legacy = database(server);
    let (url, login, reader) = (legacy.url(), legacy.is_identifier("login"), &legacy.reader);
    let write = if postgres(server) {
        legacy.sql(&format!(
            "GRANT ALL ON customers TO {reader};
             CREATE FUNCTION deletes(text) RETURNS text LANGUAGE sql AS 'DELETE FROM customers; SELECT $1';"
        ));
        format!("SELECT id, login, password, deletes(mark) AS mark FROM customers WHERE {login}")
    } else {
        legacy.sql(&format!("GRANT ALL ON customers TO {reader}@'%';"));
        format!("DELETE FROM customers WHERE {login} RETURNING id, login, password, mark")
    };
    let write = Stage::with(legacy, &url, &write, 4).final_("a query that writes").await;
    let stage = Stage::new(database(server));
    let (reader, sql) = (&stage.legacy.reader, |sql: String| drop(stage.legacy.sql(&sql)));
    let host = if postgres(server) { "" } else { "@'%'" };
    let grant = || sql(format!("GRANT SELECT ON customers TO {reader}{host};"));
    if !postgres(server) {
        // open connections would keep a right to the whole database
        sql(format!("REVOKE SELECT ON {}.* FROM {reader}{host};", stage.legacy.database()));
        grant();
    }
    stage.warm().await;
    let revoke = || sql(format!("REVOKE SELECT ON customers FROM {reader}{host};"));
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
