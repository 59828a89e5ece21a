//! canaille, an OpenID provider whose users are made by SCIM. `tests/run` downloads it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::network::{free_port, is_answered};
use super::process::Process;
use super::programs::{cached, program};
use super::proxy::Proxy;

/// The folder in the cache.
const DISTRIBUTION: &str = "canaille-0.3.6";

/// The longest wait for the start.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The client that writes users, with its secret.
pub const WRITER: (&str, &str) = ("landfall", "a secret of the tests");

/// The client whose customers sign in, with its secret.
pub const SHOP: (&str, &str) = ("shop", "another secret of the tests");

/// What makes the tables and the clients.
const PREPARE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/servers/canaille/prepare.py");

/// A running canaille behind a proxy, with its users in SQLite. It answers under one name and port, which are those of the proxy.
pub struct Canaille {
    process: Process,
    address: SocketAddr,
    pub proxy: Proxy,
}

impl Canaille {
    /// Starts it without any user.
    pub fn start() -> Self {
        let process = Process::of_this_user("canaille", Signal::TERM);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let canaille = Self { process, address, proxy: Proxy::to(address) };
        let mut prepare = canaille.python();
        prepare.arg(PREPARE).arg(canaille.proxy.address.port().to_string());
        prepare.args([WRITER.0, WRITER.1, SHOP.0, SHOP.1]);
        canaille.process.run(&mut prepare);
        canaille.serve();
        canaille
    }

    fn python(&self) -> Command {
        Command::new(cached(DISTRIBUTION).join("bin/python"))
    }

    /// Starts it again after [`stop`](Self::stop), on the same port and with its users.
    pub fn serve(&self) {
        let mut python = self.python();
        python.arg(cached(DISTRIBUTION).join("bin/canaille")).env("CANAILLE_CONFIG", "canaille.toml");
        // no worker: one process
        python.args(["run", "--workers", "0", "--bind", &self.address.to_string()]);
        self.process.spawn(&mut python);
        let ready = format!("{}/login", self.url());
        self.process.wait_until(TIMEOUT, || is_answered(&ready));
    }

    /// The address as clients and browsers write it. By its number it answers every path with a redirection.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.proxy.address.port())
    }

    /// The address of its SCIM interface.
    pub fn scim_url(&self) -> String {
        format!("{}/scim/v2", self.url())
    }

    /// How many users have this name.
    pub fn count(&self, name: &str) -> usize {
        let query = format!("SELECT count(*) FROM user WHERE user_name = '{name}'");
        let mut sqlite = Command::new(program("sqlite3"));
        // canaille may be writing
        sqlite.args(["-cmd", ".timeout 5000"]).arg(self.process.folder().join("canaille.db")).arg(query);
        let output = sqlite.output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
    }

    /// Ends it.
    pub fn stop(&self) {
        self.process.stop(Signal::TERM);
    }
}
