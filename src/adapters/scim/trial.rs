//! Tries a SCIM service out, for `landfall check --connect`. Writes nothing.

use serde_json::{Map, Value as Json};
use tokio::time::{Instant, timeout};

use super::ScimTarget;
use super::discovery::Abilities;
use super::password::PasswordIn;
use super::schema::{Attribute, Kind};
use super::search::By;
use super::shape::shape;
use crate::adapters::http::error::Failure;
use crate::adapters::registry::{Part, Trial, TrialFinding};
use crate::diag::Severity;
use crate::ports::{Call, Support};

/// The claims of an invented customer who has all of them.
const EVERYTHING: &str = include_str!("../../../rules/records/targets/full.json");

/// An id that no account has.
const NOBODY: &str = "landfall-check-finds-nobody";

impl ScimTarget {
    /// Asks what the service can do, searches for nobody, and shapes an invented user.
    pub(super) async fn try_out(&self) -> Trial {
        let (began, call) = (Instant::now(), Call::outside_login("check"));
        let asked = async {
            let abilities = self.abilities().await?;
            self.search(By::ExternalId(self.ids.attribute(), NOBODY), call).await?;
            Ok(abilities)
        };
        match timeout(Trial::PATIENCE, asked).await.unwrap_or_else(|_| Err(Failure::late())) {
            Ok(abilities) => {
                let took = began.elapsed().as_millis();
                let summary = format!("SCIM 2.0, {}, {took} ms; nothing was written", shown(&abilities));
                let parts = abilities.schemas.iter().map(|schemas| part(&schemas.user)).collect();
                Trial { summary: Some(summary), parts, findings: self.findings(&abilities) }
            }
            Err(failure) => {
                let message = format!("the system cannot be used: {}", failure.detail());
                let help = "check the URL, the certificates, the credentials and their rights, and `scan_limit`";
                Trial { findings: vec![finding(Severity::Error, "server", message, help)], ..Trial::default() }
            }
        }
    }

    fn findings(&self, abilities: &Abilities) -> Vec<TrialFinding> {
        let mut found = Vec::new();
        let mut warn = |key: &str, message: String, help: &str| {
            found.push(finding(Severity::Warning, key, message, help));
        };
        if abilities.filter == Support::No || self.filters.are_ignored() {
            let message =
                format!("the service does not filter users, so up to {} are read to find one", self.scan_limit);
            warn(
                "scan_limit",
                message,
                "set it above the number of users, or ask the vendor for filters by `externalId`",
            );
        }
        if self.password_in == PasswordIn::Patch && abilities.change_password == Support::No {
            let message = "the service says that it does not change passwords".to_owned();
            warn("password", message, "leave `password` out if the service takes a password with a new user");
        }
        let Some(schemas) = &abilities.schemas else {
            let message =
                "the service does not say what it can store, so users are sent as the rules make them".to_owned();
            warn("rules", message, "try one creation at a test tenant");
            return found;
        };
        if !self.ids.are_kept(Some(schemas)) {
            let message = format!(
                "the service does not keep `{}`, so accounts cannot be found again",
                self.ids.attribute().written()
            );
            warn("id_attribute", message, "set it to an attribute that the service keeps and does not use");
        }
        if !schemas.takes("password") {
            let message = "the users of the service have no password, so accounts are created without one".to_owned();
            warn("server", message, "every migrated customer must set a password at the service");
        }
        let Some(user) = self.everything() else { return found };
        let shaped = shape(user, schemas);
        for missing in shaped.missing {
            let message = format!("the service requires `{missing}`, which the rules do not make even from all claims");
            warn("rules", message, "write a rule file that makes it, with a constant if need be");
        }
        if !shaped.left_out.is_empty() {
            let names: Vec<String> = shaped.left_out.iter().map(|name| format!("`{name}`")).collect();
            let message =
                format!("the service does not know these attributes, which are left out: {}", names.join(", "));
            warn("rules", message, "nothing, or a rule file that puts their values elsewhere");
        }
        found
    }

    /// What the rules make from all claims; `None` if they make nothing from these.
    fn everything(&self) -> Option<Map<String, Json>> {
        let made = self.rules.account_of(EVERYTHING).ok()?;
        serde_json::from_str(&made).ok()
    }
}

fn finding(severity: Severity, key: &str, message: String, help: &str) -> TrialFinding {
    let code = if severity == Severity::Error { "R514" } else { "R515" };
    TrialFinding { severity, code, key: key.to_owned(), message, help: help.to_owned() }
}

fn shown(abilities: &Abilities) -> String {
    let all = [("PATCH", abilities.patch), ("filters", abilities.filter), ("versions", abilities.etag)];
    let texts = all.map(|(name, support)| if support == Support::Yes { name.to_owned() } else { format!("no {name}") });
    texts.join(", ")
}

fn part(user: &[Attribute]) -> Part {
    let kind = |attribute: &Attribute| {
        let kind = match attribute.kind {
            Kind::Simple => "simple",
            Kind::Complex(_) => "complex",
        };
        let words = [
            Some(kind),
            attribute.is_list.then_some("list"),
            attribute.is_required.then_some("required"),
            attribute.is_read_only.then_some("read-only"),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let columns = user.iter().map(|attribute| (attribute.name.clone(), kind(attribute))).collect();
    Part { name: "user".to_owned(), columns }
}
