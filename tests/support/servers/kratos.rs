//! Ory Kratos with one identity schema, whose identities are in memory. `tests/run` builds it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::network::{free_port, is_answered};
use super::process::Process;
use super::programs::cached;

/// The folder in the cache.
const DISTRIBUTION: &str = "kratos-1.3.1";

/// The longest wait for the start.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The configuration, with places for the ports, the folder, the address of the hook and its token.
const SETTINGS: &str = include_str!("kratos/kratos.yml");

/// The identity schema: `email` and `username`, by which people sign in, and `name`.
const SCHEMA: &str = include_str!("kratos/customer.schema.json");

/// A running Kratos.
pub struct Kratos {
    process: Process,
    public: SocketAddr,
    admin: SocketAddr,
}

impl Kratos {
    /// Starts it without any identity. At the first login of identities with the mark it asks a hook, with a bearer token.
    pub fn start(hook: &str, token: &str) -> Self {
        let process = Process::of_this_user("kratos", Signal::TERM);
        let [public, admin] = [free_port(), free_port()].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let schema = process.write("customer.schema.json", SCHEMA);
        let settings = SETTINGS
            .replace("@PUBLIC@", &public.port().to_string())
            .replace("@ADMIN@", &admin.port().to_string())
            .replace("@SCHEMA@", &schema.display().to_string())
            .replace("@HOOK@", hook)
            .replace("@TOKEN@", token);
        process.write("kratos.yml", &settings);
        let kratos = Self { process, public, admin };
        let mut command = Command::new(cached(DISTRIBUTION).join("kratos"));
        command.args(["serve", "--dev", "--sqa-opt-out", "--config", "kratos.yml"]);
        kratos.process.spawn(&mut command);
        let ready = format!("{}/admin/health/ready", kratos.admin_url());
        kratos.process.wait_until(TIMEOUT, || is_answered(&ready));
        kratos
    }

    /// The address of the API for logins.
    pub fn public_url(&self) -> String {
        format!("http://{}", self.public)
    }

    /// The address of the admin API.
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin)
    }
}
