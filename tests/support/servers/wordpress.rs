//! WordPress from the distribution's package, on PHP's own web server, with its tables in MariaDB.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::mariadb;
use super::network::free_port;
use super::process::Process;
use super::programs::program;

/// The longest wait for the start.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Who may list users.
pub const ADMIN: (&str, &str) = ("shop-admin", "north-pier-7");

/// The database user, and its password.
const USER: (&str, &str) = ("wordpress", "a password of the tests");

/// The folder of the scripts.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/servers/wordpress");

/// A running WordPress.
pub struct WordPress {
    process: Process,
    database: String,
    pub address: SocketAddr,
}

impl WordPress {
    /// Starts it with its users, and with or without the plugin for basic authentication.
    pub fn start(has_plugin: bool) -> Self {
        let process = Process::of_this_user("wordpress", Signal::TERM);
        let database = mariadb().create_database_with("CHARACTER SET utf8mb4");
        let (user, password) = USER;
        mariadb().sql(&database, &format!("CREATE USER IF NOT EXISTS '{user}'@'127.0.0.1' IDENTIFIED BY '{password}'"));
        mariadb().sql(&database, &format!("GRANT ALL ON {database}.* TO '{user}'@'127.0.0.1'"));
        fs::copy(Path::new(SCRIPTS).join("config.php"), process.folder().join("config.php")).expect("the settings");
        let plugins = process.folder().join("mu-plugins");
        fs::create_dir(&plugins).expect("a folder");
        if has_plugin {
            fs::copy(Path::new(SCRIPTS).join("basic.php"), plugins.join("basic.php")).expect("the plugin");
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let wordpress = Self { process, database, address };
        wordpress.process.run(wordpress.php().arg(Path::new(SCRIPTS).join("users.php")));
        wordpress.serve();
        wordpress
    }

    fn php(&self) -> Command {
        let mut php = Command::new(program("php"));
        let (user, password) = USER;
        php.env("SITE", self.process.folder()).env("DATABASE", &self.database);
        php.env("DATABASE_HOST", mariadb().address().to_string());
        php.env("DATABASE_USER", user).env("DATABASE_PASSWORD", password);
        php
    }

    /// Starts it again after [`stop`](Self::stop), on the same port.
    pub fn serve(&self) {
        let mut php = self.php();
        php.args(["-S", &self.address.to_string()]).arg(Path::new(SCRIPTS).join("index.php"));
        self.process.spawn(&mut php);
        self.process.wait_until(TIMEOUT, || TcpStream::connect(self.address).is_ok());
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
