//! The address of a database server, as far as all of them agree.

use std::net::IpAddr;
use std::path::Path;

use url::{Host, Url};

/// A checked address.
pub(in crate::adapters) struct Address {
    url: Url,
    parameters: Vec<(String, String)>,
}

impl Address {
    /// Parses an address. Files among the parameters become relative to the working directory instead of the folder.
    ///
    /// # Errors
    /// What is wrong, as one sentence that does not show the address: it may contain a password.
    pub fn parse(text: &str, known: &[&str], files: &[&str], folder: &Path) -> Result<Self, String> {
        let mut url = Url::parse(text).map_err(|error| format!("it cannot be read: {error}"))?;
        let mut parameters: Vec<(String, String)> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let mut seen = Vec::new();
        for (name, value) in &mut parameters {
            if seen.contains(name) {
                return Err("a parameter is given twice".to_owned());
            }
            seen.push(name.clone());
            if !known.contains(&name.as_str()) {
                return Err(unknown(name, known));
            }
            if files.contains(&name.as_str()) {
                let path = folder.join(&value);
                if !path.exists() {
                    return Err(format!("the file of `{name}` does not exist: {}", path.display()));
                }
                *value = path.display().to_string();
            }
        }
        url.set_query(None);
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(&parameters);
        }
        let address = Self { url, parameters };
        address.complete()?;
        Ok(address)
    }

    /// Whether the address names certificates to trust, so that the server's must be verified.
    ///
    /// # Errors
    /// If the TLS mode does not verify any certificate: the file would have no effect.
    pub fn trusts(&self, file: &str, mode: Option<&str>, unverified: &[&str]) -> Result<bool, String> {
        match (self.parameter(file), mode) {
            (None, _) => Ok(false),
            (Some(_), Some(mode)) if unverified.contains(&mode) => {
                Err(format!("`{file}` has no effect with TLS mode `{mode}`, which verifies no certificate"))
            }
            (Some(_), _) => Ok(true),
        }
    }

    fn complete(&self) -> Result<(), String> {
        let has = |part: &str, parameters: &[&str]| {
            !part.is_empty() || parameters.iter().any(|name| self.parameter(name).is_some())
        };
        for (part, parameters, name) in [
            (self.url.host_str().unwrap_or_default(), &["host", "socket"][..], "host"),
            (self.url.username(), &["user"], "user"),
            (self.url.path().trim_matches('/'), &["dbname"], "database"),
        ] {
            if !has(part, parameters) {
                return Err(format!("it has no {name}"));
            }
        }
        Ok(())
    }

    /// The address for the driver.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host if it is an IPv6 address: drivers would look up its brackets as a part of a name.
    pub fn ipv6(&self) -> Option<String> {
        match self.url.host() {
            Some(Host::Ipv6(address)) => Some(address.to_string()),
            _ => None,
        }
    }

    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// Whether the server is on this machine: a loopback address, `localhost`, or a socket.
    pub fn is_local(&self) -> bool {
        let host = match self.parameter("host") {
            Some(host) => host.to_owned(),
            None if self.parameter("socket").is_some() => return true,
            None => match self.url.host() {
                Some(Host::Ipv4(address)) => address.to_string(),
                Some(Host::Ipv6(address)) => address.to_string(),
                Some(Host::Domain(name)) => name.to_owned(),
                None => return false,
            },
        };
        let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
        is_loopback || host == "localhost" || host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f")
    }
}

/// The message for an unknown parameter. What does not look like a name is not shown: an unescaped `?` in a password makes
/// a parameter of its rest.
fn unknown(name: &str, known: &[&str]) -> String {
    let is_name = name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"_-".contains(&byte));
    let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    let named = if is_name { format!("`{name}`") } else { "what follows `?`".to_owned() };
    format!("{named} is not a parameter of it; known are {}", names.join(", "))
}
