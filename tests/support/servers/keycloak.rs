//! Keycloak, with a realm `legacy` of invented customers, or an almost empty realm `customers`. `tests/run` downloads it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::network::{free_port, is_answered};
use super::process::Process;
use super::programs::cached;

/// The folder in the cache.
pub const DISTRIBUTION: &str = "keycloak-26.7.3";

/// The longest wait for the start, which includes the import.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The client of the shop's login page, which may send passwords.
pub const PUBLIC_CLIENT: &str = "shop";

/// A client with its secret, which asks for no one-time password.
pub const PASSWORD_CLIENT: (&str, &str) = ("shop-password-only", "another secret of the tests");

/// The client of Landfall with its secret: it may read users of the realm `legacy`, and write those of `customers`.
pub const ADMIN_CLIENT: (&str, &str) = ("landfall", "a secret of the tests");

/// A client with its secret, which has only the role `query-users`.
pub const QUERY_CLIENT: (&str, &str) = ("landfall-query-only", "a third secret of the tests");

/// The realm of a legacy system, with its customers.
const LEGACY: (&str, &str) = ("legacy", include_str!("keycloak_realm.json"));

/// The realm of a target: passwords have ten characters or more, and there is one user, whom nobody migrated.
const CUSTOMERS: (&str, &str) = ("customers", include_str!("keycloak_customers.json"));

/// What a `kc.sh` says to Java.
const JAVA_OPTIONS: [&str; 3] = [
    "-Xmx384m",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
];

/// A running Keycloak.
pub struct Keycloak {
    process: Process,
    realm: &'static str,
    pub address: SocketAddr,
}

impl Keycloak {
    /// Starts it with the realm `legacy`; returns when the realm answers.
    pub fn start() -> Self {
        Self::with(LEGACY, &cached(DISTRIBUTION))
    }

    /// Starts it with the realm `customers`.
    pub fn start_as_target() -> Self {
        Self::with(CUSTOMERS, &cached(DISTRIBUTION))
    }

    /// Starts a distribution, such as one with an extension, with a realm.
    pub fn with((realm, import): (&'static str, &str), distribution: &Path) -> Self {
        let process = Process::of_this_user("keycloak", Signal::TERM);
        for part in ["lib", "conf", "providers", "themes"] {
            symlink(distribution.join(part), process.folder().join(part)).expect("a link");
        }
        fs::create_dir_all(process.folder().join("data/import")).expect("a folder");
        fs::write(process.folder().join(format!("data/import/{realm}-realm.json")), import).expect("the realm");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let keycloak = Self { process, realm, address };
        keycloak.serve();
        keycloak
    }

    /// Starts it again after [`stop`](Self::stop), on the same port.
    pub fn serve(&self) {
        self.process.spawn(&mut start(self.process.folder(), self.address.port(), free_port()));
        let realm = format!("{}/realms/{}", self.url(), self.realm);
        // the port is open before the import
        self.process.wait_until(TIMEOUT, || is_answered(&realm));
    }

    /// The address as clients write it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The token endpoint of the realm.
    pub fn token_url(&self) -> String {
        format!("{}/realms/{}/protocol/openid-connect/token", self.url(), self.realm)
    }

    /// The users of the realm in the admin API.
    pub fn users_url(&self) -> String {
        format!("{}/users", self.admin_url())
    }

    /// The realm in the admin API.
    pub fn admin_url(&self) -> String {
        format!("{}/admin/realms/{}", self.url(), self.realm)
    }

    /// Ends it.
    pub fn stop(&self) {
        self.process.stop(Signal::TERM);
    }
}

/// The program; `kc.sh` would use the folder of the distribution, which tests share.
pub fn java(home: &Path, is_built: bool) -> Command {
    let mut java = Command::new("java");
    java.args(JAVA_OPTIONS).arg(format!("-Dkc.home.dir={}", home.display()));
    java.arg(format!("-Djboss.server.config.dir={}/conf", home.display()));
    java.arg(format!("-Dkc.config.built={is_built}"));
    java.args(["-cp", "lib/quarkus-run.jar", "io.quarkus.bootstrap.runner.QuarkusEntryPoint"]);
    java
}

fn start(home: &Path, port: u16, management: u16) -> Command {
    let mut java = java(home, true);
    java.args(["start", "--optimized", "--http-enabled=true", "--hostname-strict=false", "--http-host=127.0.0.1"]);
    java.arg("--import-realm").arg(format!("--http-port={port}")).arg(format!("--http-management-port={management}"));
    java
}
