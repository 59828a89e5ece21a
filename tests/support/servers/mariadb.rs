//! MariaDB.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use super::certificates::Certificate;
use super::process::Process;
use super::programs::program;
use super::server::{ADMIN, Login, Options, Stop, System, Tls, Trust, bare_client};

/// MariaDB.
pub static MARIADB: MariaDb = MariaDb;

/// MariaDB.
pub struct MariaDb;

/// Durability is not tested here, so nothing waits for the disk. Newer versions may lack a `loose-` setting.
const SETTINGS: &str = "\
bind-address=127.0.0.1
skip-name-resolve
skip-log-bin
max_connections=40
innodb_buffer_pool_size=32M
innodb_log_file_size=8M
innodb_flush_log_at_trx_commit=0
loose-debug-no-sync
loose-innodb_flush_method=nosync
performance_schema=OFF
";

impl System for MariaDb {
    fn name(&self) -> &'static str {
        "mysql"
    }

    fn service_user(&self) -> &'static str {
        "mysql"
    }

    fn admin_database(&self) -> &'static str {
        "mysql"
    }

    fn database_clause(&self) -> &'static str {
        "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
    }

    fn prepare(&self, process: &Process, certificate: &Certificate) {
        process.make_folder("data");
        process.make_folder("tmp");
        process.write("server.crt", &certificate.certificate);
        process.write("server.key", &certificate.key);
        // One statement a line: the server reads them so.
        let (user, password) = ADMIN;
        let statements = format!(
            "CREATE USER IF NOT EXISTS '{user}'@'127.0.0.1' IDENTIFIED BY '{password}';\n\
             GRANT ALL ON *.* TO '{user}'@'127.0.0.1' WITH GRANT OPTION;\n"
        );
        process.write("init.sql", &statements);
        let defaults = process.write("install.cnf", &format!("{}{SETTINGS}", folders(process)));
        let mut install = Command::new(program("mariadb-install-db"));
        install.arg(format!("--defaults-file={}", defaults.display()));
        process.run(install.args(["--auth-root-authentication-method=normal", "--skip-test-db"]));
    }

    fn configure(&self, process: &Process, options: &Options, port: u16) {
        let place = process.folder().display();
        let mut text = format!(
            "{}socket={place}/data/socket\npid-file={place}/data/pid\n\
             init-file={place}/init.sql\nport={port}\n{SETTINGS}",
            folders(process)
        );
        match options.tls {
            Tls::Off => text.push_str("skip-ssl\n"),
            Tls::Required | Tls::Optional => {
                let required = if options.tls == Tls::Required { "ON" } else { "OFF" };
                let files = format!("ssl-cert={place}/server.crt\nssl-key={place}/server.key\n");
                writeln!(text, "{files}require_secure_transport={required}").expect("text");
            }
        }
        options.settings.iter().for_each(|(name, value)| writeln!(text, "{name}={value}").expect("text"));
        process.write("my.cnf", &text);
    }

    fn serve(&self, process: &Process) -> Command {
        let mut server = Command::new(program("mariadbd"));
        server.arg(format!("--defaults-file={}/my.cnf", process.folder().display()));
        server
    }

    fn signal(&self, stop: Stop) -> Signal {
        match stop {
            Stop::Orderly => Signal::TERM,
            Stop::Abrupt => Signal::KILL,
        }
    }

    fn client(&self, login: &Login<'_>) -> Command {
        let mut client = bare_client(program("mariadb"));
        client.args(["--no-defaults", "--batch", "--skip-column-names", "--default-character-set=utf8mb4"]);
        client.args(["--protocol=tcp", "--connect-timeout=10", "--user", login.user]);
        client.arg(format!("--host={}", login.address.ip())).arg(format!("--port={}", login.address.port()));
        let authority = |ca: &Path| format!("--ssl-ca={}", ca.display());
        match login.trust {
            Trust::Plain => client.arg("--skip-ssl"),
            Trust::Authority(ca) => client.arg(authority(ca)).arg("--skip-ssl-verify-server-cert"),
            Trust::AuthorityAndName(ca) => client.arg(authority(ca)).arg("--ssl-verify-server-cert"),
        };
        client.env("MYSQL_PWD", login.password).arg(login.database);
        client
    }
}

/// A server deletes the temporary tables of others at its start, so each has a folder of its own.
fn folders(process: &Process) -> String {
    let place = process.folder().display();
    format!("[mariadbd]\ndatadir={place}/data\ntmpdir={place}/tmp\n")
}
