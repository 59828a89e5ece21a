//! A directory as a verifier: a bind as the customer, on a connection that is used for nothing else.

use std::fmt;
use std::path::Path;

use ldap3::controls::RawControl;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::check;
use super::connection::{Pool, Servers};
use super::error::Failure;
use super::reply::{PASSWORD_POLICY, verdict};
use super::search::{Finder, NAME_LIMIT};
use super::settings::LdapVerifierSettings;
use super::trial;
use crate::adapters::registry::Trial;
use crate::password::Verdict;
use crate::ports::{BoxFuture, Call, PortError, PortErrorKind, Presented, Verification, Verifier, Work};

/// Verifies passwords by binds.
pub struct LdapVerifier {
    name: String,
    pool: Pool,
    finder: Option<Finder>,
    user: String,
    settings: LdapVerifierSettings,
}

impl LdapVerifier {
    /// Creates a verifier; connects to nothing. Paths are relative to the folder.
    ///
    /// # Errors
    /// If the settings are invalid, as one sentence.
    pub fn open(name: &str, settings: LdapVerifierSettings, folder: &Path) -> Result<Self, String> {
        let servers = Servers::new(settings.directory.clone(), folder, NAME_LIMIT)?;
        let pool = Pool::new(servers, settings.connections)?;
        let user = path(&settings.user).ok_or("the user is not a path")?.to_owned();
        let finder = settings.search.as_ref().map(|search| {
            let (base, filter) = check::templates(search).map_err(|error| error.to_string())?;
            let attributes = vec![if user == "dn" { "1.1".to_owned() } else { user.clone() }];
            Ok::<_, String>(Finder { base, filter, scope: search.scope, attributes, limit: NAME_LIMIT })
        });
        Ok(Self { name: name.to_owned(), pool, finder: finder.transpose()?, user, settings })
    }

    /// Connects and binds as the account that searches.
    pub(super) async fn try_out(&self) -> Trial {
        trial::of(&self.pool, None).await
    }

    async fn check(&self, presented: Presented<'_>, deadline: Instant) -> Result<Verification, Failure> {
        // An empty password makes a bind anonymous, and successful (RFC 4513, section 5.1.2). Servers written in C may cut
        // passwords at a NUL.
        let password = std::str::from_utf8(presented.password.expose());
        let Some(password) = password.ok().filter(|text| !text.is_empty() && !text.contains('\0')) else {
            let why = "a password that is empty, or not text, is never sent to a directory";
            return Ok(Verification::without_work(Verdict::Unusable(why.into())));
        };
        let user = self.user_of(presented, deadline).await?;
        if user.trim().is_empty() {
            return Err(Failure::of_one_record("the record has an empty user for the bind"));
        }
        let mut connection = self.pool.servers().connect(deadline).await?;
        let policy = RawControl { ctype: PASSWORD_POLICY.to_owned(), crit: false, val: None };
        let suspicion = connection.suspicion();
        let result = connection.ldap.with_controls(vec![policy]).simple_bind(&user, password).await;
        let result = result.map_err(|error| connection.failure(&error));
        let verdict = result.and_then(|result| verdict(&result, self.settings.expired_passwords));
        let verdict = verdict.inspect_err(|failure| suspicion.judge(failure))?;
        suspicion.clear();
        Ok(Verification { verdict, work: Work::Remote })
    }

    async fn user_of(&self, presented: Presented<'_>, deadline: Instant) -> Result<String, Failure> {
        let missing = || Failure::of_one_record("the record has no single user for the bind");
        let Some(finder) = &self.finder else {
            let record: Value = serde_json::from_str(presented.record.json())
                .map_err(|_| Failure::of_one_record("the record is not JSON"))?;
            return user_in(&record, &self.user).ok_or_else(missing);
        };
        let found = loop {
            let mut lease = self.pool.lease(deadline).await?;
            match finder.find(lease.ldap()?, presented.identifier).await {
                Err(failure) => self.pool.again(&lease, failure)?,
                Ok(found) => {
                    lease.end();
                    break found;
                }
            }
        };
        let entry = found.ok_or_else(|| Failure::of_one_record("the directory has no entry for the customer"))?;
        let value = match entry.values(&self.user) {
            _ if self.user == "dn" => entry.dn.clone().into_bytes(),
            [value] => value.clone(),
            _ => return Err(missing()),
        };
        String::from_utf8(value).map_err(|_| missing())
    }
}

/// The member of `$.member`.
pub(super) fn path(text: &str) -> Option<&str> {
    let name = text.strip_prefix("$.")?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b';');
    (!name.is_empty() && name.bytes().all(is_name)).then_some(name)
}

/// The one text of a member, whatever the case of its name.
fn user_in(record: &Value, name: &str) -> Option<String> {
    let mut members = record.as_object()?.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let (value, others) = (members.next()?.1, members.next());
    let value = match (value, others) {
        (Value::Array(values), None) => match values.as_slice() {
            [value] => value,
            _ => return None,
        },
        (value, None) => value,
        (_, Some(_)) => return None,
    };
    value.as_str().map(str::to_owned)
}

impl fmt::Debug for LdapVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LdapVerifier").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Verifier for LdapVerifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn verify<'a>(
        &'a self,
        call: Call<'a>,
        presented: Presented<'a>,
    ) -> BoxFuture<'a, Result<Verification, PortError>> {
        Box::pin(async move {
            let found = timeout_at(call.deadline, self.check(presented, call.deadline)).await;
            let late = || Failure::new(PortErrorKind::Unavailable, "the bind took too long");
            found.unwrap_or_else(|_| Err(late())).map_err(|failure| failure.of(&self.name, "verify"))
        })
    }
}
