//! glewlwyd, an OpenID provider from the distribution's package, with its users in SQLite.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use rustix::process::Signal;
use sha2::{Digest as _, Sha512};

use super::network::{free_port, is_answered};
use super::process::Process;
use super::programs::program;

/// The longest wait for the start.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a client of the admin API presents: `Authorization: token …`. Keys have 32 characters.
pub const API_KEY: &str = "landfall-tests-api-key-012345678";

/// The property in which a client keeps its own id of a user.
pub const EXTERNAL_ID: &str = "landfall_external_id";

/// The tables and the administrator, as the package makes them.
const TABLES: &str = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";

/// The pages, and the settings of the pages.
const PAGES: (&str, &str) = ("/usr/share/glewlwyd/webapp", "/usr/share/glewlwyd/templates/config.json");

/// The settings, with places for the port and the folder.
const SETTINGS: &str = include_str!("glewlwyd/glewlwyd.conf");

/// A running glewlwyd.
pub struct Glewlwyd {
    process: Process,
    pub address: SocketAddr,
}

impl Glewlwyd {
    /// Starts it without any user but its administrator.
    pub fn start() -> Self {
        let process = Process::of_this_user("glewlwyd", Signal::TERM);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let folder = process.folder().display().to_string();
        let settings = SETTINGS.replace("@PORT@", &address.port().to_string()).replace("@FOLDER@", &folder);
        process.write("glewlwyd.conf", &settings);
        copy_pages(&process);
        let mut tables = Command::new(program("sqlite3"));
        tables.args(["glewlwyd.db", &format!(".read {TABLES}"), &key(), &property()]);
        process.run(&mut tables);
        let glewlwyd = Self { process, address };
        glewlwyd.serve();
        glewlwyd
    }

    /// Starts it again after [`stop`](Self::stop), on the same port and with its users.
    pub fn serve(&self) {
        let mut glewlwyd = Command::new(program("glewlwyd"));
        self.process.spawn(glewlwyd.arg("--config-file=glewlwyd.conf"));
        let ready = format!("{}/config", self.url());
        self.process.wait_until(TIMEOUT, || is_answered(&ready));
    }

    /// The address as browsers write it, which is what its cookies are for.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    /// Ends it.
    pub fn stop(&self) {
        self.process.stop(Signal::TERM);
    }
}

/// In the package the settings of the pages are a link to a folder, so that no page finds them.
fn copy_pages(process: &Process) {
    let pages = process.folder().join("webapp");
    process.run(Command::new("cp").args(["-rL", PAGES.0]).arg(&pages));
    fs::remove_dir_all(pages.join("config.json"))
        .or_else(|_| fs::remove_file(pages.join("config.json")))
        .expect("a link");
    fs::copy(PAGES.1, pages.join("config.json")).expect("the settings of the pages");
}

/// The statement that adds the API key.
fn key() -> String {
    let hash = base64::engine::general_purpose::URL_SAFE.encode(Sha512::digest(API_KEY));
    format!("INSERT INTO g_api_key (gak_token_hash, gak_username) VALUES ('{{SHA512}}{hash}', 'admin');")
}

/// The statement that lets users have the property; glewlwyd drops others.
fn property() -> String {
    let format = r#"{"multiple":false,"read":true,"write":true,"profile-read":false,"profile-write":false}"#;
    format!(
        "UPDATE g_user_module_instance SET gumi_parameters = \
         json_set(gumi_parameters, '$.\"data-format\".\"{EXTERNAL_ID}\"', json('{format}'));"
    )
}
