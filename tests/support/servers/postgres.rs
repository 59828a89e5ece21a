//! PostgreSQL, in the newest installed version.

use std::fmt::Write as _;
use std::process::Command;

use rustix::process::Signal;

use super::certificates::Certificate;
use super::process::Process;
use super::programs::postgres_program;
use super::server::{ADMIN, Login, Options, Stop, System, Tls, Trust, bare_client};

/// PostgreSQL.
pub static POSTGRES: Postgres = Postgres;

/// PostgreSQL.
pub struct Postgres;

/// Durability is not tested here, so nothing waits for the disk. The log shows the SQLSTATE of each message.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 40
superuser_reserved_connections = 2
shared_buffers = 16MB
fsync = off
synchronous_commit = off
full_page_writes = off
log_line_prefix = '%m [%p] %e %u@%d '
";

impl System for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn service_user(&self) -> &'static str {
        "postgres"
    }

    fn admin_database(&self) -> &'static str {
        "postgres"
    }

    fn database_clause(&self) -> &'static str {
        "ENCODING 'UTF8' TEMPLATE template0"
    }

    fn prepare(&self, process: &Process, certificate: &Certificate) {
        let data = process.make_folder("data");
        let password = process.write("password", ADMIN.1);
        let mut initdb = Command::new(postgres_program("initdb"));
        initdb.args([
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
            "--no-sync",
            "--username",
            ADMIN.0,
        ]);
        process.run(initdb.arg("--pwfile").arg(password).arg("--pgdata").arg(data));
        process.write("data/server.crt", &certificate.certificate);
        process.write("data/server.key", &certificate.key);
    }

    fn configure(&self, process: &Process, options: &Options, port: u16) {
        let ssl = if options.tls == Tls::Off { "off" } else { "on" };
        let mut text = format!("{SETTINGS}port = {port}\nssl = {ssl}\n");
        for (name, value) in &options.settings {
            writeln!(text, "{name} = '{}'", value.replace('\'', "''")).expect("text");
        }
        process.write("data/postgresql.conf", &text);
        let others = if options.tls == Tls::Required { "reject" } else { "scram-sha-256" };
        let secured = if options.tls == Tls::Off { "" } else { "hostssl all all 127.0.0.1/32 scram-sha-256\n" };
        process.write("data/pg_hba.conf", &format!("{secured}hostnossl all all 127.0.0.1/32 {others}\n"));
    }

    fn serve(&self, process: &Process) -> Command {
        let mut server = Command::new(postgres_program("postgres"));
        server.arg("-D").arg(process.folder().join("data"));
        server
    }

    /// SIGKILL would leave its shared memory behind.
    fn signal(&self, stop: Stop) -> Signal {
        match stop {
            Stop::Orderly => Signal::INT,
            Stop::Abrupt => Signal::QUIT,
        }
    }

    fn client(&self, login: &Login<'_>) -> Command {
        let mut client = bare_client(postgres_program("psql"));
        client.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator=\t"]);
        client.args(["--no-password", "--set=ON_ERROR_STOP=1", "--file=-"]);
        client.env("PGHOST", login.address.ip().to_string()).env("PGPORT", login.address.port().to_string());
        client.env("PGUSER", login.user).env("PGPASSWORD", login.password).env("PGDATABASE", login.database);
        client.env("PGCONNECT_TIMEOUT", "10");
        match login.trust {
            Trust::Plain => client.env("PGSSLMODE", "disable"),
            Trust::Authority(ca) => client.env("PGSSLMODE", "verify-ca").env("PGSSLROOTCERT", ca),
            Trust::AuthorityAndName(ca) => client.env("PGSSLMODE", "verify-full").env("PGSSLROOTCERT", ca),
        };
        if login.user == ADMIN.0 {
            // The administrator can prepare a server that is read-only for everybody else.
            client.env("PGOPTIONS", "-c default_transaction_read_only=off");
        }
        client
    }
}
