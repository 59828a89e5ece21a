//! What a server of the tests does, for every database system.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, stdin};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::servers::certificates::Authority;
use crate::servers::{ADMIN, Login, Options, Server, Stop, System, Tls, Trust};

/// The longest wait for anything.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How long nothing has to happen.
const SILENCE: Duration = Duration::from_millis(300);

/// The variable that turns the test of killed tests into the process that is killed.
const VICTIM: &str = "LANDFALL_TESTS_VICTIM";

/// A question to the server over another way, as administrator.
fn ask(system: &dyn System, server: &Server, trust: Trust<'_>) -> Result<String, String> {
    let (user, password) = ADMIN;
    let login = Login { address: server.address(), trust, user, password, database: system.admin_database() };
    server.run_client(&login, "SELECT 6 * 7")
}

/// Whether the server's certificate is valid for a name. Clients of MariaDB 11 do not compare names on this machine.
fn is_valid_for(system: &dyn System, server: &Server, option: &str, name: &str) -> bool {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-starttls", system.name(), "-connect", &server.address().to_string()]);
    client.args(["-verify_return_error", option, name, "-CAfile"]).arg(server.ca_path()).stdin(Stdio::null());
    client.output().expect("openssl").status.success()
}

/// A table with one row.
fn customer(server: &Server) -> String {
    let database = server.create_database();
    server.sql(&database, "CREATE TABLE customer (name VARCHAR(20)); INSERT INTO customer VALUES ('Zoë');");
    database
}

fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

pub fn clients_verify_the_certificate(system: &dyn System, shared: &Server) {
    assert_eq!(ask(system, shared, Trust::AuthorityAndName(shared.ca_path())), Ok("42".to_owned()));
    let folder = tempfile::tempdir().expect("a folder");
    let other = Authority::new().write(folder.path());
    let error = ask(system, shared, Trust::AuthorityAndName(&other)).expect_err("another authority");
    assert!(error.contains("certificate"), "{error}");
    assert!(ask(system, shared, Trust::Plain).is_err(), "it accepts a connection without TLS");
    assert!(is_valid_for(system, shared, "-verify_hostname", "localhost"));
    assert!(is_valid_for(system, shared, "-verify_ip", "127.0.0.1"));
}

pub fn the_certificate_has_the_chosen_names(system: &'static dyn System, _: &Server) {
    let server = Server::start(system, Options::default().names(&["database.example.org"]));
    assert_eq!(server.sql(system.admin_database(), "SELECT 1"), "1");
    assert!(is_valid_for(system, &server, "-verify_hostname", "database.example.org"));
    assert!(!is_valid_for(system, &server, "-verify_ip", "127.0.0.1"));
}

pub fn tls_is_optional_or_off(system: &'static dyn System, _: &Server) {
    let server = Server::start(system, Options::default().tls(Tls::Optional));
    assert!(ask(system, &server, Trust::Plain).is_ok());
    assert!(ask(system, &server, Trust::AuthorityAndName(server.ca_path())).is_ok());
    let server = Server::start(system, Options::default().tls(Tls::Off));
    assert!(ask(system, &server, Trust::Plain).is_ok());
    assert!(ask(system, &server, Trust::AuthorityAndName(server.ca_path())).is_err());
}

pub fn settings_are_its_own(system: &'static dyn System, shared: &Server) {
    let server = Server::start(system, Options::default().set("max_connections", "13"));
    let question = if system.name() == "postgres" { "SHOW max_connections" } else { "SELECT @@max_connections" };
    assert_eq!(server.sql(system.admin_database(), question), "13");
    assert_ne!(shared.sql(system.admin_database(), question), "13");
    assert_ne!(shared.address(), server.address());
}

pub fn each_test_has_a_database(_: &dyn System, shared: &Server) {
    let (one, two) = (customer(shared), customer(shared));
    shared.sql(&two, "DELETE FROM customer;");
    assert_eq!(shared.sql(&one, "SELECT name, 7 FROM customer;"), "Zoë\t7");
    assert_eq!(shared.sql(&two, "SELECT name FROM customer;"), "");
    assert!(shared.run_sql(ADMIN.0, ADMIN.1, &one, "SELECT nothing; SELECT 1;").is_err());
    assert!(shared.run_sql(ADMIN.0, "wrong", &one, "SELECT 1;").is_err());
}

pub fn a_read_only_server_is_prepared_by_its_administrator(system: &'static dyn System, _: &Server) {
    let (setting, user, refusal) = if system.name() == "postgres" {
        (
            "default_transaction_read_only",
            "CREATE USER app PASSWORD 'secret'; GRANT ALL ON customer TO app;",
            "read-only",
        )
    } else {
        ("read_only", "CREATE USER app IDENTIFIED BY 'secret'; GRANT ALL ON customer TO app;", "--read-only")
    };
    let server = Server::start(system, Options::default().set(setting, "on"));
    let database = customer(&server);
    server.sql(&database, user);
    let run = |text: &str| server.run_sql("app", "secret", &database, text);
    assert_eq!(run("SELECT name FROM customer;"), Ok("Zoë".to_owned()));
    let error = run("DELETE FROM customer;").expect_err("a read-only server");
    assert!(error.contains(refusal), "{error}");
}

pub fn databases_have_other_character_sets(system: &dyn System, shared: &Server) {
    let (clause, question) = if system.name() == "postgres" {
        ("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", "SHOW server_encoding")
    } else {
        ("CHARACTER SET latin1", "SELECT @@character_set_database")
    };
    let database = shared.create_database_with(clause);
    assert_eq!(shared.sql(&database, question).to_lowercase(), "latin1");
    assert!(shared.sql(&shared.create_database(), question).to_lowercase().starts_with("utf8"));
}

pub fn urls_escape_their_parts(system: &dyn System, shared: &Server) {
    let url = shared.url(ADMIN.0, ADMIN.1, "test_0");
    let address = shared.address();
    assert_eq!(url, format!("{}://admin:p%40ss%2Fword%20of%20100%25@{address}/test_0", system.name()));
}

pub fn data_survives_a_restart(system: &'static dyn System, _: &Server) {
    let server = Server::start(system, Options::default());
    let (database, address) = (customer(&server), server.address());
    for stop in [Stop::Orderly, Stop::Abrupt] {
        let before = server.pid();
        server.restart(stop);
        assert_ne!(server.pid(), before);
        assert_eq!(server.address(), address);
        assert_eq!(server.sql(&database, "SELECT name FROM customer;"), "Zoë", "{stop:?}");
    }
}

pub fn a_stopped_server_refuses(system: &'static dyn System, _: &Server) {
    let server = Server::start(system, Options::default());
    let pid = server.pid().expect("a process");
    server.pause();
    server.stop(Stop::Orderly);
    assert!(server.pid().is_none() && !exists(pid));
    let error = TcpStream::connect(server.address()).expect_err("a stopped server");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    server.start_again();
    assert_eq!(server.sql(system.admin_database(), "SELECT 1"), "1");
}

pub fn a_paused_server_answers_later(system: &'static dyn System, _: &Server) {
    let server = Server::start(system, Options::default());
    thread::scope(|scope| {
        server.pause();
        let (sender, receiver) = channel();
        let server = &server;
        scope.spawn(move || sender.send(server.sql(system.admin_database(), "SELECT 1")));
        assert_eq!(receiver.recv_timeout(SILENCE), Err(RecvTimeoutError::Timeout));
        server.resume();
        assert_eq!(receiver.recv_timeout(TIMEOUT), Ok("1".to_owned()));
    });
}

pub fn a_dropped_server_is_gone(system: &'static dyn System, _: &Server) {
    let server = Server::start(system, Options::default());
    let (pid, folder) = (server.pid().expect("a process"), server.folder().to_owned());
    assert!(exists(pid) && folder.exists());
    drop(server);
    assert!(!exists(pid) && !folder.exists());
}

/// Runs itself as another process with a shared server, and kills it.
pub fn a_server_ends_with_the_killed_tests(system: &'static dyn System, shared: &Server) {
    if let Some(state) = std::env::var_os(VICTIM) {
        if state == "paused" {
            shared.pause();
        }
        println!("\nserver {} {}", shared.pid().expect("a process"), shared.folder().display());
        // Until it is killed, or the test that would kill it is.
        let _ = stdin().read_to_end(&mut Vec::new());
        return;
    }
    for state in ["running", "paused"] {
        let name = thread::current().name().expect("the name of the test").to_owned();
        let mut victim = Command::new(std::env::current_exe().expect("this program"))
            .args(["--include-ignored", "--nocapture", "--exact", &name])
            .env(VICTIM, state)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the tests");
        let mut lines = BufReader::new(victim.stdout.take().expect("its output")).lines().map_while(Result::ok);
        let line = lines.find_map(|line| line.strip_prefix("server ").map(str::to_owned)).expect("a server");
        victim.kill().expect("a running process");
        victim.wait().expect("it ends");
        let (pid, folder) = line.split_once(' ').expect("two words");
        let began = Instant::now();
        while exists(pid.parse().expect("a number")) || Path::new(folder).exists() {
            assert!(began.elapsed() < TIMEOUT, "{}, {state}: {line} is left", system.name());
            thread::sleep(Duration::from_millis(10));
        }
    }
}
