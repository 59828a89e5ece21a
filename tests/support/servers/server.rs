//! A database server that a test has started.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustix::process::Signal;

use super::certificates::{Authority, Certificate, LOCAL};
use super::network::free_port;
use super::process::Process;

/// The administrator: name and password. The password has characters that a URL must escape.
pub const ADMIN: (&str, &str) = ("admin", "p@ss/word of 100%");

/// What a URL escapes in a user, a password or a database.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.').remove(b'~');

/// The longest wait for a server to accept a login.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The polling interval.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As an administrator does: connections end, data is written.
    Orderly,
    /// As a crash does: the server recovers when it starts again.
    Abrupt,
}

/// Whether a server accepts connections with TLS, and without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Only with TLS.
    Required,
    /// With and without.
    Optional,
    /// Only without.
    Off,
}

/// The settings of a server.
pub struct Options {
    pub tls: Tls,
    pub names: Vec<String>,
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { tls: Tls::Required, names: LOCAL.map(str::to_owned).to_vec(), settings: Vec::new() }
    }
}

impl Options {
    /// Sets a setting of the server's configuration file, such as `max_connections`.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets whether connections have TLS.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the host names and IP addresses in the certificate.
    pub fn names(mut self, names: &[&str]) -> Self {
        self.names = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }
}

/// What a client requires of the server's certificate.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// Nothing: the connection has no TLS.
    Plain,
    /// That this authority signed it.
    Authority(&'a Path),
    /// That this authority signed it for the address.
    AuthorityAndName(&'a Path),
}

/// How to connect to a server.
pub struct Login<'a> {
    pub address: SocketAddr,
    pub trust: Trust<'a>,
    pub user: &'a str,
    pub password: &'a str,
    pub database: &'a str,
}

/// What differs between database systems.
pub trait System: Sync {
    /// The name, which is also the scheme of URLs.
    fn name(&self) -> &'static str;
    /// The service user of the distribution's package.
    fn service_user(&self) -> &'static str;
    /// The database where the administrator is at home.
    fn admin_database(&self) -> &'static str;
    /// What `CREATE DATABASE` says behind the name.
    fn database_clause(&self) -> &'static str;
    /// Makes the data folder.
    fn prepare(&self, process: &Process, certificate: &Certificate);
    /// Writes the configuration files.
    fn configure(&self, process: &Process, options: &Options, port: u16);
    /// The server in the foreground.
    fn serve(&self, process: &Process) -> Command;
    /// The signal that stops it.
    fn signal(&self, stop: Stop) -> Signal;
    /// The command line client, which reads statements from standard input and stops at the first error.
    fn client(&self, login: &Login<'_>) -> Command;
}

/// A server that runs as a child of the test process.
pub struct Server {
    system: &'static dyn System,
    options: Options,
    process: Process,
    address: SocketAddr,
    ca: PathBuf,
    databases: AtomicUsize,
}

impl Server {
    /// Prepares a server and starts it; returns when it accepts logins.
    pub fn start(system: &'static dyn System, options: Options) -> Self {
        let process = Process::new(system.name(), system.service_user(), system.signal(Stop::Abrupt));
        let authority = Authority::new();
        let ca = authority.write(process.folder());
        system.prepare(&process, &authority.issue(&options.names));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut server = Self { system, options, process, address, ca, databases: AtomicUsize::new(0) };
        if let Err(log) = server.try_start() {
            // Another process may have taken the port in between.
            server.address.set_port(free_port());
            server.try_start().unwrap_or_else(|again| panic!("{} does not start\n{log}\n{again}", system.name()));
        }
        server
    }

    fn try_start(&self) -> Result<(), String> {
        self.system.configure(&self.process, &self.options, self.address.port());
        self.process.spawn(&mut self.system.serve(&self.process));
        let began = Instant::now();
        while let Err(error) = self.run_sql(ADMIN.0, ADMIN.1, self.system.admin_database(), "SELECT 1") {
            if self.process.has_ended() {
                return Err(self.log());
            }
            assert!(began.elapsed() < TIMEOUT, "it accepts no login: {error}\n{}", self.log());
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Starts the server again, on its port.
    pub fn start_again(&self) {
        self.try_start().unwrap_or_else(|log| panic!("{} does not start again\n{log}", self.system.name()));
    }

    /// Stops the server; its data stays.
    pub fn stop(&self, stop: Stop) {
        self.process.stop(self.system.signal(stop));
    }

    /// Kills all processes of the server at once, as when its machine fails; its data stays.
    pub fn crash(&self) {
        self.process.crash();
    }

    /// Stops the server and starts it again, on its port.
    pub fn restart(&self, stop: Stop) {
        self.stop(stop);
        self.start_again();
    }

    /// Stops all processes of the server where they are: connections stay open, and nothing answers.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets a paused server go on.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// The process id of the running server.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// The folder of the server.
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of the authority that signed the server's certificate, in PEM.
    pub fn ca_path(&self) -> &Path {
        &self.ca
    }

    /// The URL of a database for a user. It says nothing about TLS.
    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        self.url_at(self.address, user, password, database)
    }

    /// The same at another address, such as a proxy's.
    pub fn url_at(&self, address: SocketAddr, user: &str, password: &str, database: &str) -> String {
        let [user, password, database] = [user, password, database].map(|part| utf8_percent_encode(part, ESCAPED));
        format!("{}://{user}:{password}@{address}/{database}", self.system.name())
    }

    /// Makes an empty database in UTF-8, and returns its name.
    pub fn create_database(&self) -> String {
        self.create_database_with(self.system.database_clause())
    }

    /// Makes an empty database, with what `CREATE DATABASE` says behind the name.
    pub fn create_database_with(&self, clause: &str) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.sql(self.system.admin_database(), &format!("CREATE DATABASE {name} {clause};"));
        name
    }

    /// Runs statements as administrator, and returns their rows: a line each, with tabs between columns.
    pub fn sql(&self, database: &str, text: &str) -> String {
        let rows = self.run_sql(ADMIN.0, ADMIN.1, database, text);
        rows.unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// Runs statements as a user. The error is what the client prints.
    pub fn run_sql(&self, user: &str, password: &str, database: &str, text: &str) -> Result<String, String> {
        let trust = match self.options.tls {
            Tls::Off => Trust::Plain,
            _ if self.options.names.iter().any(|name| *name == self.address.ip().to_string()) => {
                Trust::AuthorityAndName(&self.ca)
            }
            _ => Trust::Authority(&self.ca),
        };
        self.run_client(&Login { address: self.address, trust, user, password, database }, text)
    }

    /// Runs statements over another way to the server: a proxy, or another authority.
    pub fn run_client(&self, login: &Login<'_>, text: &str) -> Result<String, String> {
        let mut client = self.system.client(login);
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = client.spawn().expect("the client starts");
        // A client that cannot connect does not read.
        let _ = child.stdin.take().expect("its input").write_all(text.as_bytes());
        let output = child.wait_with_output().expect("its output");
        let [rows, error] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        if output.status.success() { Ok(rows.trim_end_matches('\n').to_owned()) } else { Err(error) }
    }
}

/// A client without the settings of the user who runs the tests.
pub fn bare_client(program: PathBuf) -> Command {
    let mut client = Command::new(program);
    client.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LC_ALL", "C.UTF-8");
    client
}
