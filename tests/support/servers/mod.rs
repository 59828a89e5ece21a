//! Real servers for integration tests. A test starts them itself: in a temporary folder, on a free port of 127.0.0.1, with
//! TLS and an administrator. They end with the test binary, even if it is killed.
//!
//! [`postgres`] and [`mariadb`] are started once for a test binary. A test that stops or pauses a server, or needs other
//! settings, starts its own:
//!
//! ```text
//! let server = Server::start(&MARIADB, Options::default().set("max_connections", "12").tls(Tls::Optional));
//! let database = server.create_database();
//! server.sql(&database, "CREATE TABLE customer (id INT PRIMARY KEY)");
//! let url = server.url("reader", "password", &database);
//! ```
//!
//! A test that uses a server is marked `#[ignore = "needs PostgreSQL; run tests/run"]`.

#![allow(dead_code, reason = "every test binary uses a part of it")]

pub mod canaille;
pub mod certificates;
pub mod cognito_local;
pub mod glewlwyd;
pub mod http_faults;
pub mod keycloak;
pub mod kratos;
mod mariadb;
pub mod moto;
pub mod network;
mod postgres;
pub mod process;
pub mod programs;
pub mod proxy;
pub mod samba;
pub mod scim2_server;
mod server;
pub mod slapd;
mod sockets;
mod watcher;
pub mod wordpress;

use std::sync::LazyLock;

#[allow(unused_imports, reason = "every test binary uses a part of it")]
pub use mariadb::MARIADB;
#[allow(unused_imports, reason = "every test binary uses a part of it")]
pub use postgres::POSTGRES;
#[allow(unused_imports, reason = "every test binary uses a part of it")]
pub use programs::program;
#[allow(unused_imports, reason = "every test binary uses a part of it")]
pub use server::{ADMIN, Login, Options, Server, Stop, System, Tls, Trust};

/// The PostgreSQL server shared by the tests of a binary.
pub fn postgres() -> &'static Server {
    static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start(&POSTGRES, Options::default()));
    &SERVER
}

/// The MariaDB server shared by the tests of a binary.
pub fn mariadb() -> &'static Server {
    static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start(&MARIADB, Options::default()));
    &SERVER
}

/// The Keycloak shared by the tests of a binary.
pub fn keycloak() -> &'static keycloak::Keycloak {
    static SERVER: LazyLock<keycloak::Keycloak> = LazyLock::new(keycloak::Keycloak::start);
    &SERVER
}
