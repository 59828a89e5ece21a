//! scim2-server, a SCIM server that keeps its users in memory. `tests/run` downloads it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::network::free_port;
use super::process::Process;
use super::programs::cached;

/// The folder in the cache.
const DISTRIBUTION: &str = "scim2-server-0.8.3";

/// The longest wait for the start.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a client has to present.
pub const TOKEN: &str = "a token of the tests";

/// The file that it writes when it stops.
const DUMP: &str = "resources.json";

/// A running scim2-server.
pub struct Scim2Server {
    process: Process,
    pub address: SocketAddr,
}

impl Scim2Server {
    /// Starts it without any user.
    pub fn start() -> Self {
        let process = Process::of_this_user("scim2-server", Signal::INT);
        let server = Self { process, address: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())) };
        server.serve();
        server
    }

    /// Starts it again after [`stop`](Self::stop), on the same port and without users.
    pub fn serve(&self) {
        let mut python = Command::new(cached(DISTRIBUTION).join("bin/python"));
        python.arg(cached(DISTRIBUTION).join("bin/scim2-server"));
        python.args(["--hostname", "127.0.0.1", "--port", &self.address.port().to_string()]);
        python.args(["--bearer-token", TOKEN, "--dump-resources", DUMP]);
        self.process.spawn(&mut python);
        self.process.wait_until(TIMEOUT, || TcpStream::connect(self.address).is_ok());
    }

    /// The address of its SCIM interface, as clients write it.
    pub fn url(&self) -> String {
        format!("http://{}/v2", self.address)
    }

    /// Ends it, and returns what it kept, with passwords as they were sent.
    pub fn stop(&self) -> Vec<Value> {
        self.process.stop(Signal::INT);
        let dump = fs::read_to_string(self.process.folder().join(DUMP)).expect("its resources");
        serde_json::from_str(&dump).expect("JSON")
    }
}
