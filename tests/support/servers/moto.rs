//! moto, a server that answers as Amazon Cognito does. `tests/run` downloads it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::network::{free_port, is_answered};
use super::process::Process;
use super::programs::cached;

/// The folder in the cache.
const DISTRIBUTION: &str = "moto-5.2.5";

/// The longest wait for the start.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The region of its user pools.
pub const REGION: &str = "eu-central-1";

/// A running moto. It forgets everything when it is stopped; a pool of the same name has the same id afterwards.
pub struct Moto {
    process: Process,
    pub address: SocketAddr,
}

impl Moto {
    /// Starts it without any pool.
    pub fn start() -> Self {
        let process = Process::of_this_user("moto", Signal::TERM);
        let moto = Self { process, address: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())) };
        moto.serve();
        moto
    }

    /// Starts it again after [`stop`](Self::stop), on the same port.
    pub fn serve(&self) {
        let mut python = Command::new(cached(DISTRIBUTION).join("bin/python"));
        python.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &self.address.port().to_string()]);
        for kind in ["USER_POOL_ID", "USER_POOL_CLIENT_ID"] {
            python.env(format!("MOTO_COGNITO_IDP_{kind}_STRATEGY"), "HASH");
        }
        self.process.spawn(&mut python);
        let ready = format!("{}/moto-api/data.json", self.url());
        self.process.wait_until(TIMEOUT, || is_answered(&ready));
    }

    /// The address as clients write it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it.
    pub fn stop(&self) {
        self.process.stop(Signal::TERM);
    }
}
