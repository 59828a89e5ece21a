//! The settings of a directory: as a source, and as a verifier.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{self, Mistake};
use super::source::LdapSource;
use super::verifier::LdapVerifier;
use crate::adapters::registry::{
    OpenError, OpenSource, SourceAdapter, SourceContext, Trial, VerifierAdapter, VerifierContext,
};
use crate::password::Verdict;
use crate::ports::BoxFuture;
use crate::settings::{AdapterSettings, Reporter, Secret, SecretSetting, SecretUse, units};

/// A directory that is searched at each login.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapSettings {
    /// Part of every customer's key in the ledger. Never change it after customers were migrated.
    #[serde(default = "crate::adapters::legacy")]
    pub name: String,
    /// How to reach the directory.
    pub directory: Directory,
    /// The search for the entry. Two entries are an error, because Landfall cannot decide which customer is meant.
    pub search: Search,
    /// The attributes to read. Those that a server shows only when they are named, such as `memberOf` and `createTimestamp`
    /// of OpenLDAP, must be named.
    #[serde(default = "attributes")]
    pub attributes: Vec<String>,
    /// More attributes whose values are bytes and never text. Photos, certificates, `objectGUID` and `objectSid` are known.
    #[serde(default)]
    pub binary: Vec<String>,
    /// A second search, for the groups that name the entry as their member.
    #[serde(default)]
    pub groups: Option<Groups>,
    /// Whether you know that no login of any record (user name, address, whatever `identify` lists) also leads to another
    /// customer. Then nothing is looked up before an account is created, see `login.lookups`. If this is wrong, customers
    /// can take over each other's logins.
    #[serde(default)]
    pub unique_logins: bool,
    /// Bytes of one record with its groups. Prevents photos from filling the memory; admits one photo.
    #[serde(default = "record_limit", with = "units::Size")]
    pub record_limit: usize,
    /// Connections that are open at the same time. Prevents a flood of logins from taking all connections of the directory.
    #[serde(default = "connections")]
    pub connections: u32,
}

/// How to reach a directory.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// `ldaps://HOST` or `ldap://HOST`, with a port if it is not the usual one. The first that answers is used; the time that
    /// a login has is shared among them.
    pub servers: Vec<String>,
    /// Whether connections to `ldap://` begin TLS before anything else is sent.
    #[serde(default)]
    pub start_tls: bool,
    /// Certificates to trust, in PEM, instead of those of the system. Certificates are always verified.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Whether passwords may cross the network unencrypted: `ldap://` without `start_tls` to another machine.
    #[serde(default)]
    pub plain: bool,
    /// Who searches: an account that can read, and nothing else.
    #[serde(default)]
    pub bind: Option<BindAccount>,
}

/// Who searches.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BindAccount {
    /// Its name: a distinguished name, or what else the directory accepts, such as `landfall@ad.example`.
    pub dn: String,
    /// Secret: its password.
    pub password: Secret,
}

/// A search for one entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Where it begins. May contain `{dn:identifier}` or `{dn:typed}`.
    pub base: String,
    /// The filter. `{filter:identifier}` is the normalised identifier, `{filter:typed}` is what was typed; there is no other
    /// way for a value to enter.
    pub filter: String,
    /// How far below the base.
    #[serde(default)]
    pub scope: SearchScope,
}

/// A search for groups, which become a list of the record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// Where it begins.
    pub base: String,
    /// The filter: `{filter:dn}` is the name of the entry, `{filter:ATTRIBUTE}` the first value of one of its attributes.
    #[serde(default = "member")]
    pub filter: String,
    /// The attribute of a group that is read; `dn` is its name.
    #[serde(default = "dn")]
    pub attribute: String,
    /// The member of the record that has the list.
    #[serde(default = "member_of", rename = "as")]
    pub name: String,
}

/// How far below its base a search reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchScope {
    /// The base itself.
    Base,
    /// What is directly below the base.
    One,
    /// Everything below the base.
    #[default]
    Sub,
}

/// A directory that verifies passwords by a bind.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapVerifierSettings {
    /// How to reach the directory.
    pub directory: Directory,
    /// Who binds: a path in the record.
    #[serde(default = "record_dn")]
    pub user: String,
    /// A search that finds the entry that binds, for records from elsewhere. Then `user` is a path in that entry.
    #[serde(default)]
    pub search: Option<Search>,
    /// What becomes of the right password if it has expired.
    #[serde(default)]
    pub expired_passwords: ExpiredPasswords,
    /// Searches that run at the same time.
    #[serde(default = "connections")]
    pub connections: u32,
}

/// What becomes of a right password that has expired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpiredPasswords {
    /// The login is refused.
    #[default]
    Refuse,
    /// The customer is migrated, and must choose a new password.
    MustChange,
}

impl ExpiredPasswords {
    /// The verdict about an expired password.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Refuse => Verdict::Expired,
            Self::MustChange => Verdict::MustChange,
        }
    }
}

fn attributes() -> Vec<String> {
    let named =
        ["*", "memberOf", "entryUUID", "createTimestamp", "modifyTimestamp", "pwdAccountLockedTime", "pwdReset"];
    named.map(str::to_owned).to_vec()
}

fn member() -> String {
    "(member={filter:dn})".to_owned()
}

fn dn() -> String {
    "dn".to_owned()
}

fn member_of() -> String {
    "memberOf".to_owned()
}

fn record_dn() -> String {
    "$.dn".to_owned()
}

fn record_limit() -> usize {
    1024 * 1024
}

fn connections() -> u32 {
    4
}

pub(super) fn secrets(directory: &mut Directory) -> Vec<SecretSetting<'_>> {
    let (key, usage) = ("directory.bind.password", SecretUse::Address);
    let bind = directory.bind.as_mut();
    bind.map(|bind| SecretSetting { key: key.to_owned(), secret: &mut bind.password, usage }).into_iter().collect()
}

pub(super) fn report(mistakes: Vec<Mistake>, reporter: &mut Reporter<'_>) {
    for Mistake { code, key, message, help } in mistakes {
        reporter.error(code, &key, message, help);
    }
}

impl AdapterSettings for LdapSettings {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        reporter.bound("record_limit", self.record_limit.try_into().unwrap_or(u64::MAX), 1024, 16 * 1024 * 1024);
        reporter.bound("connections", self.connections.into(), 1, 1000);
        report(check::source(self), reporter);
    }

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        secrets(&mut self.directory)
    }
}

impl SourceAdapter for LdapSettings {
    fn unique_logins(&self) -> bool {
        self.unique_logins
    }

    fn record_limit(&self) -> usize {
        self.record_limit
    }

    fn check_secrets(&self, context: SourceContext<'_>, reporter: &mut Reporter<'_>) {
        report(check::secrets(&self.directory, context.folder), reporter);
    }

    fn connect<'a>(&'a self, context: SourceContext<'a>) -> BoxFuture<'a, Trial> {
        Box::pin(async move {
            match LdapSource::open(self.clone(), context.folder) {
                Ok(source) => source.try_out().await,
                // reported with the settings
                Err(_) => Trial::default(),
            }
        })
    }

    fn open<'a>(&'a self, context: SourceContext<'a>) -> BoxFuture<'a, Result<OpenSource, OpenError>> {
        Box::pin(async move {
            let source = LdapSource::open(self.clone(), context.folder)?;
            Ok(OpenSource { source: Arc::new(source), report: None })
        })
    }
}

impl AdapterSettings for LdapVerifierSettings {
    fn name(&self) -> &'static str {
        "ldap"
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        reporter.bound("connections", self.connections.into(), 1, 1000);
        report(check::verifier(self), reporter);
    }

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        secrets(&mut self.directory)
    }
}

impl VerifierAdapter for LdapVerifierSettings {
    fn check_secrets(&self, context: VerifierContext<'_>, reporter: &mut Reporter<'_>) {
        report(check::secrets(&self.directory, context.folder), reporter);
    }

    fn connect<'a>(&'a self, context: VerifierContext<'a>) -> BoxFuture<'a, Trial> {
        Box::pin(async move {
            match LdapVerifier::open(context.name, self.clone(), context.folder) {
                Ok(verifier) => verifier.try_out().await,
                // reported with the settings
                Err(_) => Trial::default(),
            }
        })
    }

    fn open<'a>(
        &'a self,
        context: VerifierContext<'a>,
    ) -> BoxFuture<'a, Result<Arc<dyn crate::ports::Verifier>, OpenError>> {
        Box::pin(async move {
            let verifier = LdapVerifier::open(context.name, self.clone(), context.folder)?;
            Ok(Arc::new(verifier) as Arc<dyn crate::ports::Verifier>)
        })
    }
}
