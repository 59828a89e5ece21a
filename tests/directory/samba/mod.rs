//! Samba as an Active Directory domain controller, behind a running service.

mod connections;
mod outcomes;
mod records;
mod service;

use std::sync::LazyLock;

use crate::servers::samba::{DOMAIN, Domain, Samba, needs_root};

/// The password of the account that searches.
const READER_PASSWORD: &str = "Reader-Passw0rd";

/// Wrong passwords that lock an account.
pub const LOCKOUT: usize = 4;

/// The name of a user of the domain for a bind.
pub fn upn(name: &str) -> String {
    format!("{name}@{DOMAIN}")
}

/// Who may search: name and password.
pub fn reader() -> (String, &'static str) {
    (upn("landfall"), READER_PASSWORD)
}

/// A controller of a domain with invented people.
pub fn controller() -> Samba {
    people().controller("")
}

/// The domain; it is provisioned once.
pub fn people() -> &'static Domain {
    needs_root();
    &PEOPLE
}

static PEOPLE: LazyLock<Domain> = LazyLock::new(|| {
    let domain = Domain::provision();
    let user = |name: &str, password: &str, more: &[&str]| {
        domain.tool(&[&["user", "create", name, password][..], more].concat());
    };
    let threshold = format!("--account-lockout-threshold={LOCKOUT}");
    domain.tool(&["domain", "passwordsettings", "set", &threshold]);
    user("landfall", READER_PASSWORD, &[]);
    user(
        "ada",
        "Harbour-Lamp-42",
        &["--given-name=Ada", "--surname=Lovelace", "--mail-address=Ada@Shop.Example.org", "--department=Engines"],
    );
    domain.tool(&["user", "rename", "ada", &format!("--upn=a.lovelace@{DOMAIN}")]);
    user("jörg.müller", "Wïnter-Coat-88", &["--given-name=Jörg", "--surname=Müller"]);
    user("bo", "Copper-Kettle-5", &[]);
    // one group within another
    for group in ["Engineers", "Staff"] {
        domain.tool(&["group", "add", group]);
    }
    domain.tool(&["group", "addmembers", "Engineers", "ada"]);
    domain.tool(&["group", "addmembers", "Staff", "Engineers"]);
    for name in ["tim", "tom", "ted"] {
        user(name, "Two-Twins-22", &["--mail-address=twins@shop.example.org"]);
    }
    user("otto", "Old-Anchor-60", &[]);
    domain.tool(&["user", "disable", "otto"]);
    user("erna", "Old-Anchor-61", &[]);
    domain.tool(&["user", "setexpiry", "erna", "--days=-1"]);
    user("mia", "Old-Anchor-62", &["--must-change-at-next-login"]);
    user("lina", "Old-Anchor-63", &[]);
    user("nora", "Old-Anchor-65", &[]);
    user("willi", "Old-Anchor-66", &[]);
    // passwords expire after 42 days
    domain.tool_before(60, &["user", "create", "paul", "Old-Anchor-64"]);
    domain
});
