//! Mistakes in the settings of a directory.

use std::net::IpAddr;
use std::path::Path;

use url::Url;

use super::settings::{Directory, LdapSettings, LdapVerifierSettings, Search};
use super::template::{Place, Template, TemplateError};
use super::transport::connector;
use super::verifier::path;

/// A mistake at a key, relative to the section.
pub(super) struct Mistake {
    pub code: &'static str,
    pub key: String,
    pub message: String,
    pub help: String,
}

pub(super) fn mistake(
    code: &'static str,
    key: impl Into<String>,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Mistake {
    Mistake { code, key: key.into(), message: message.into(), help: help.into() }
}

/// Mistakes in the settings of a source.
pub(super) fn source(settings: &LdapSettings) -> Vec<Mistake> {
    let mut found = directory(&settings.directory);
    found.extend(search(&settings.search));
    if !settings.search.filter.contains('{') && !settings.search.base.contains('{') {
        let help = "a search without `{filter:identifier}` finds the same entries for everybody";
        found.push(mistake("R503", "search.filter", "the search does not use the identifier", help));
    }
    if let Some(groups) = &settings.groups {
        found.extend(template("groups.base", &groups.base, Place::Dn, |_| false));
        found.extend(template("groups.filter", &groups.filter, Place::Filter, is_of_group));
    }
    found
}

/// Mistakes in the settings of a verifier.
pub(super) fn verifier(settings: &LdapVerifierSettings) -> Vec<Mistake> {
    let mut found = directory(&settings.directory);
    found.extend(settings.search.iter().flat_map(search));
    if path(&settings.user).is_none() {
        let help = "name one member of the record, such as `$.dn` or `$.userPrincipalName`";
        found.push(mistake("R506", "user", "the user is not a path", help));
    }
    found
}

/// Mistakes that show only once files and secrets were read.
pub(super) fn secrets(directory: &Directory, folder: &Path) -> Vec<Mistake> {
    let mut found = Vec::new();
    if let Err(message) = connector(directory, folder) {
        let help = "name a file with certificates in PEM, relative to the settings";
        found.push(mistake("R506", "directory.ca", message, help));
    }
    if directory.bind.as_ref().is_some_and(|bind| bind.password.expose().is_empty()) {
        let help = "a bind with an empty password makes the directory treat Landfall as a stranger";
        found.push(mistake("R506", "directory.bind.password", "the password of the bind account is empty", help));
    }
    found
}

/// Whether a filter for groups knows this name. Attributes show only in entries.
pub(super) fn is_of_group(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b';'))
}

pub(super) fn directory(directory: &Directory) -> Vec<Mistake> {
    let mut found = Vec::new();
    if directory.servers.is_empty() {
        let help = "for example `servers: [ ldaps://ldap.example.org ]`";
        found.push(mistake("R503", "directory.servers", "a directory needs at least one server", help));
    }
    for server in &directory.servers {
        let parsed = Url::parse(server).ok().filter(|url| matches!(url.scheme(), "ldap" | "ldaps"));
        let Some(url) = parsed.filter(is_bare) else {
            let help = "write `ldaps://HOST`, `ldap://HOST`, or one of these with `:PORT`";
            found.push(mistake("R506", "directory.servers", "a server has an invalid address", help));
            continue;
        };
        let is_tls = url.scheme() == "ldaps" || directory.start_tls;
        if is_tls && url.host_str().is_some_and(|host| host.starts_with('[')) {
            let help = "write the host name that its certificate has";
            found.push(mistake("R506", "directory.servers", "an IPv6 address cannot be verified by TLS", help));
        }
        if !is_tls && !directory.plain && !is_local(&url) {
            let help =
                "use `ldaps://` or `start_tls: true`; `plain: true` lets passwords cross the network unencrypted";
            found.push(mistake("R508", "directory.servers", "a server on another machine is used without TLS", help));
        }
    }
    found
}

fn is_bare(url: &Url) -> bool {
    let has_path = !url.path().trim_matches('/').is_empty() || url.query().is_some() || url.fragment().is_some();
    url.host_str().is_some_and(|host| !host.is_empty()) && url.username().is_empty() && !has_path
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn is_identifier(name: &str) -> bool {
    matches!(name, "identifier" | "typed")
}

fn search(search: &Search) -> Vec<Mistake> {
    let base = template("search.base", &search.base, Place::Dn, is_identifier);
    base.into_iter().chain(template("search.filter", &search.filter, Place::Filter, is_identifier)).collect()
}

pub(super) fn template(key: &str, text: &str, place: Place, is_known: impl Fn(&str) -> bool) -> Option<Mistake> {
    let error: TemplateError = Template::parse(text, place, is_known).err()?;
    Some(mistake("R506", key, format!("`{key}` is invalid: {error}"), error.help()))
}

/// The templates of a search whose settings were checked.
pub(super) fn templates(search: &Search) -> Result<(Template, Template), TemplateError> {
    let base = Template::parse(&search.base, Place::Dn, is_identifier)?;
    Ok((base, Template::parse(&search.filter, Place::Filter, is_identifier)?))
}
