//! Tries a directory out, for `landfall check --connect`.

use ldap3::{Ldap, Scope};
use tokio::time::{Instant, timeout_at};

use super::connection::Pool;
use super::error::Failure;
use super::search::{Finder, Wanted};
use crate::adapters::registry::{Part, Trial, TrialFinding};
use crate::diag::Severity;

/// A value that nobody has.
const NOBODY: &str = "landfall-check-finds-nobody";

/// Bytes of an entry of a trial.
const LIMIT: usize = 1024 * 1024;

/// Connects and binds, and searches for nobody if there is a search.
pub(super) async fn of(pool: &Pool, finder: Option<&Finder>) -> Trial {
    let began = Instant::now();
    let deadline = began + Trial::PATIENCE;
    let tried = async {
        let of_directory = |failure| ("directory", failure);
        let mut lease = pool.lease(deadline).await.map_err(of_directory)?;
        let found = root(lease.ldap().map_err(of_directory)?).await;
        let found = found.map_err(|failure| of_directory(lease.explained(failure)))?;
        if let Some(finder) = finder {
            let searched = finder.find_by(lease.ldap().map_err(of_directory)?, |_| Some(NOBODY.into())).await;
            searched.map_err(|failure| ("search", lease.explained(failure)))?;
        }
        lease.end();
        Ok(found)
    };
    let tried = timeout_at(deadline, tried).await.unwrap_or_else(|_| Err(("directory", Failure::late())));
    trial(began, tried)
}

/// What the directory says of itself: its naming contexts, and its maker.
async fn root(ldap: &mut Ldap) -> Result<(String, Part), Failure> {
    let attributes = ["vendorName", "vendorVersion", "namingContexts"].map(str::to_owned);
    let wanted = Wanted { base: "", scope: Scope::Base, filter: "(objectClass=*)", attributes: &attributes };
    let (entries, result) = wanted.ask(ldap, 1, LIMIT).await?;
    match (entries.first(), result) {
        (_, Some(result)) if result.rc != 0 => Err(Failure::result(&result)),
        (entry, _) => {
            let texts = |name: &str| {
                let values = entry.map_or(&[][..], |entry| entry.values(name));
                values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect::<Vec<_>>()
            };
            let columns = texts("namingContexts").into_iter().map(|name| (name, "naming context".to_owned())).collect();
            Ok((texts("vendorName").join(" "), Part { name: "directory".to_owned(), columns }))
        }
    }
}

fn trial(began: Instant, tried: Result<(String, Part), (&str, Failure)>) -> Trial {
    match tried {
        Ok((vendor, part)) => {
            let vendor = if vendor.is_empty() { String::new() } else { format!("{vendor}, ") };
            let summary = format!("{vendor}connected, {} ms", began.elapsed().as_millis());
            Trial { summary: Some(summary), parts: vec![part], findings: Vec::new() }
        }
        Err((key, failure)) => {
            let message = format!("the directory cannot be used: {}", failure.of("directory", "check").detail());
            let help = "check the address, the certificate, the bind account and the base of the search".to_owned();
            let (severity, key) = (Severity::Error, key.to_owned());
            let finding = TrialFinding { severity, code: "R514", key, message, help };
            Trial { findings: vec![finding], ..Trial::default() }
        }
    }
}
