//! `landfall bridge script`: what runs at a product, with the address of the bridge.

use std::path::Path;

use url::Url;

use crate::bridge::{BridgeSettings, Kind, Script};
use crate::cli::{CommandError, config};
use crate::config::{Needs, Settings};
use crate::tls::is_local;

/// What to do without an address.
const ADDRESS: &str = "write where the product reaches the service: `--url https://login.example.com`";

/// The scripts to print.
///
/// # Errors
/// If the dialect has none, or none of this name.
pub(super) fn chosen(kind: &Kind, name: Option<&str>) -> Result<Vec<Script>, CommandError> {
    if kind.scripts.is_empty() {
        let message = format!("nothing of Landfall runs at {}, so that `{}` has no scripts", kind.product, kind.name);
        return Err(
            CommandError::new(message).help(format!("`landfall bridge show {}` says how it is set up", kind.name))
        );
    }
    let Some(name) = name else { return Ok(kind.scripts.to_vec()) };
    let found = kind.scripts.iter().find(|script| script.name.eq_ignore_ascii_case(name));
    found.map(|script| vec![*script]).ok_or_else(|| {
        let names: Vec<String> = kind.scripts.iter().map(|script| format!("`{}`", script.name)).collect();
        CommandError::new(format!("the bridge `{}` has no script `{name}`", kind.name))
            .help(format!("it has {}", names.join(", ")))
    })
}

/// The texts of scripts; several are each below a line with their name.
pub(super) fn text(scripts: &[Script], address: &str) -> String {
    let of = |script: &Script| script.text.replace("{{url}}", address);
    match scripts {
        [only] => of(only),
        several => several.iter().map(|script| format!("==> {} <==\n{}\n", script.name, of(script))).collect(),
    }
}

/// The address of the bridge.
///
/// # Errors
/// If nothing says it, or it could not stand in a script.
pub(super) fn address(kind: &Kind, url: Option<&str>, file: Option<&Path>) -> Result<String, CommandError> {
    let Some(file) = file else {
        let url = url.ok_or_else(|| CommandError::new("the script needs the address of the bridge").help(ADDRESS))?;
        return written(url, &format!("/bridge/{}", kind.name));
    };
    let name = file.display().to_string();
    let read = Settings::read_ledger_only(file, Needs::Nothing).map_err(|error| config::unreadable(file, &error))?;
    let loaded = read.loaded.ok_or_else(|| {
        CommandError::new(format!("`{name}` has mistakes")).help(format!("`landfall check --config {name}` shows them"))
    })?;
    let path = configured(kind, &loaded.settings, &name)?;
    match url {
        Some(url) => written(url, &path),
        None => Ok(format!("{}{path}", listening(&loaded.settings)?)),
    }
}

/// An address as it was given; without a path, that of the bridge is added.
fn written(url: &str, path: &str) -> Result<String, CommandError> {
    let invalid = |why: &str| CommandError::new(format!("`{url}` {why}")).help(ADDRESS);
    let parsed = Url::parse(url).map_err(|_| invalid("is not a web address"))?;
    if !matches!(parsed.scheme(), "https" | "http") {
        return Err(invalid("does not begin with `https://`"));
    }
    let is_bare = parsed.username().is_empty() && parsed.password().is_none();
    if !is_bare || parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(invalid("has more than a host and a path"));
    }
    // The address stands between quotes in scripts of several languages.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]%".contains(c);
    if !parsed.as_str().chars().all(is_plain) {
        return Err(invalid("has a character that cannot stand in a script"));
    }
    if parsed.scheme() == "http" && !is_local(&parsed) {
        anstream::eprintln!(
            "note: passwords are sent to `{url}` unencrypted; use `https://` outside of a private network"
        );
    }
    let whole = parsed.as_str().trim_end_matches('/');
    Ok(if parsed.path() == "/" { format!("{whole}{path}") } else { whole.to_owned() })
}

/// The path of the bridge in the settings.
fn configured(kind: &Kind, settings: &Settings, name: &str) -> Result<String, CommandError> {
    let bridges: Vec<&BridgeSettings> = settings.bridges.iter().filter(|bridge| bridge.kind == kind.name).collect();
    match bridges.as_slice() {
        [bridge] => Ok(bridge.path().into_owned()),
        [] => {
            let help = format!("add it under `bridges`; `landfall bridge show {}` describes its settings", kind.name);
            Err(CommandError::new(format!("`{name}` has no bridge `{}`", kind.name)).help(help))
        }
        _ => {
            let help = "leave `--config` out, and write the whole address of one: \
                        `--url https://login.example.com/bridge/shop`";
            Err(CommandError::new(format!("`{name}` has {} bridges `{}`", bridges.len(), kind.name)).help(help))
        }
    }
}

/// The origin of the address on which the service listens.
fn listening(settings: &Settings) -> Result<String, CommandError> {
    let listen = settings.listen;
    if listen.ip().is_unspecified() || listen.port() == 0 {
        let message = format!("`listen: {listen}` does not say under which name the product reaches the service");
        return Err(CommandError::new(message).help(ADDRESS));
    }
    let scheme = if settings.service.tls.is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://{listen}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SCRIPTS: &[Script] = &[
        Script { name: "login", text: "fetch('{{url}}/login')" },
        Script { name: "getUser", text: "{{url}} {{url}}" },
    ];

    fn kind() -> Kind {
        Kind { scripts: SCRIPTS, ..*Kind::named("keycloak").unwrap() }
    }

    fn message(error: CommandError) -> String {
        format!("{error}; {}", error.help.as_deref().unwrap_or_default())
    }

    #[test]
    fn scripts_are_printed_with_the_address() {
        let login = chosen(&kind(), Some("LOGIN")).unwrap();
        assert_eq!(text(&login, "https://a.example/b"), "fetch('https://a.example/b/login')");
        let both = text(&chosen(&kind(), None).unwrap(), "https://a");
        assert_eq!(both, "==> login <==\nfetch('https://a/login')\n==> getUser <==\nhttps://a https://a\n");
        let wrong = message(chosen(&kind(), Some("log")).unwrap_err());
        assert_eq!(wrong, "the bridge `keycloak` has no script `log`; it has `login`, `getUser`");
        let none = message(chosen(&Kind { scripts: &[], ..kind() }, None).unwrap_err());
        assert!(none.starts_with("nothing of Landfall runs at Keycloak"), "{none}");
    }

    #[test]
    fn an_address_has_a_path_and_nothing_that_could_leave_its_quotes() {
        for (url, wanted) in [
            ("https://login.example.com", "https://login.example.com/bridge/keycloak"),
            ("https://login.example.com/", "https://login.example.com/bridge/keycloak"),
            ("https://login.example.com:8443/shop/", "https://login.example.com:8443/shop"),
            ("http://[::1]:8080", "http://[::1]:8080/bridge/keycloak"),
            ("https://bücher.example", "https://xn--bcher-kva.example/bridge/keycloak"),
        ] {
            assert_eq!(address(&kind(), Some(url), None).unwrap(), wanted);
        }
        for (url, why) in [
            ("login.example.com", "is not a web address"),
            ("ftp://login.example.com", "does not begin with `https://`"),
            ("https://me:pw@login.example.com", "has more than a host and a path"),
            ("https://login.example.com/?a=b", "has more than a host and a path"),
            ("https://login.example.com/');alert('", "has a character that cannot stand in a script"),
        ] {
            let wrong = message(address(&kind(), Some(url), None).unwrap_err());
            assert!(wrong.contains(why) && wrong.contains("--url https://"), "{wrong}");
        }
        assert!(message(address(&kind(), None, None).unwrap_err()).contains("needs the address"));
    }

    /// Settings with bridges, in a folder of their own.
    fn settings(listen: &str, bridges: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/wordpress.yaml");
        let text = format!(
            "listen: {listen}\nrules: '{rules}'\n\
             source: {{ kind: sql, url: 'sqlite:shop.db', record: 'SELECT * FROM u WHERE l = :identifier COLLATE landfall' }}\n\
             target: {{ kind: handover }}\nledger: {{ url: 'sqlite:ledger.db', key: '{}' }}\n\
             service: {{ callers: [ {{ name: idp, bearer: {} }} ], allow_plain_http: true }}\nbridges: [ {bridges} ]\n",
            "ab".repeat(32),
            "t".repeat(32)
        );
        let path = folder.path().join("landfall.yaml");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn the_settings_say_the_path_and_where_the_service_listens() {
        let one = "{ kind: keycloak, path: /shop, callers: [ idp ] }";
        let (_folder, path) = settings("127.0.0.1:8080", one);
        assert_eq!(address(&kind(), None, Some(&path)).unwrap(), "http://127.0.0.1:8080/shop");
        let url = Some("https://login.example.com");
        assert_eq!(address(&kind(), url, Some(&path)).unwrap(), "https://login.example.com/shop");
        let (_folder, path) = settings("0.0.0.0:8080", one);
        assert!(message(address(&kind(), None, Some(&path)).unwrap_err()).contains("under which name"));
        let (_folder, path) = settings("127.0.0.1:8080", &format!("{one}, {{ kind: keycloak, callers: [ idp ] }}"));
        assert!(message(address(&kind(), url, Some(&path)).unwrap_err()).contains("has 2 bridges `keycloak`"));
        let other = Kind { name: "other", ..kind() };
        let wrong = message(address(&other, url, Some(&path)).unwrap_err());
        assert!(wrong.contains("has no bridge `other`") && wrong.contains("landfall bridge show other"), "{wrong}");
        let (_folder, path) = settings("127.0.0.1:8080", "{ kind: keycloak, callers: [ nobody ] }");
        assert!(message(address(&kind(), None, Some(&path)).unwrap_err()).contains("has mistakes"));
    }
}
