//! The settings of a SCIM service as a target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::ScimTarget;
use super::ids::IdAttribute;
use super::password::PasswordIn;
use crate::adapters::http::check;
use crate::adapters::http::client;
use crate::adapters::http::request::Mistake;
use crate::adapters::http::settings::{Server, bounds, response_limit, server_secret};
use crate::adapters::http::target::Uncounted;
use crate::adapters::http::throttle::RateSettings;
use crate::adapters::product_rules::{Owner, RulesFile};
use crate::adapters::registry::{TargetAdapter, TargetContext, Trial, TrialFinding, VerifierContext, VerifierSettings};
use crate::diag::{Files, Findings};
use crate::ports::{BoxFuture, IdentifierProfile, PortError, PortErrorKind, SharedLimits, Target};
use crate::settings::{AdapterSettings, Reporter, SecretSetting, shown, units};

/// The section of the verifier.
const VERIFY: &str = "target.verify";

/// The rules in the program.
const RULES: &str = "scim.yaml";

/// A SCIM 2.0 service.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScimSettings {
    /// The name in logs and metrics, and under which all instances count calls.
    #[serde(default = "name")]
    pub name: String,
    /// How to reach the service. `url` is where `/Users` is, such as `https://id.example.com/scim/v2`.
    pub server: Box<Server>,
    /// The rule file that makes users from the claims, in place of `rules/targets/scim.yaml`.
    #[serde(default)]
    pub rules: Option<PathBuf>,
    /// Parameters of the rule file.
    #[serde(default, serialize_with = "shown::json_by_name")]
    pub rule_params: BTreeMap<String, Json>,
    /// The attribute that has Landfall's id. Services that do not keep `externalId` need another one that they do not use, such
    /// as `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber`. Never change it after customers were
    /// migrated.
    #[serde(default = "id_attribute")]
    pub id_attribute: String,
    /// Which request gives the service the password.
    #[serde(default)]
    pub password: PasswordIn,
    /// What verifies the passwords of migrated customers: a verifier with settings of its own, as under `verifiers`, such as
    /// the token endpoint of the service or a bind at its directory. `{typed}` and `{identifier}` are the `userName`, `{$.id}` is a value of
    /// the user. Without it migrated customers are refused, because their passwords are at the service.
    #[serde(default)]
    pub verify: Option<Box<VerifierSettings>>,
    /// Whether the service is searched for another user of the same name after each creation, for services that create two.
    #[serde(default)]
    pub check_unique: bool,
    /// Whether the service is asked at `/ServiceProviderConfig` and `/Schemas` what it can do and store. Otherwise it gets users
    /// as the rules make them.
    #[serde(default = "discover")]
    pub discover: bool,
    /// How many users are read to find one at a service that does not filter. At a larger one it cannot be found out what became
    /// of a creation whose answer was lost.
    #[serde(default = "scan_limit")]
    pub scan_limit: u32,
    /// How many calls all instances together make, such as `[ { calls: 50, per: 1s } ]`.
    #[serde(default)]
    pub rates: Vec<RateSettings>,
    /// Bytes of one answer after it was decompressed.
    #[serde(default = "response_limit", with = "units::Size")]
    pub response_limit: usize,
}

fn name() -> String {
    "accounts".to_owned()
}

fn id_attribute() -> String {
    "externalId".to_owned()
}

fn discover() -> bool {
    true
}

fn scan_limit() -> u32 {
    1000
}

impl ScimSettings {
    /// Where the rules are.
    pub(super) fn rules_file(&self, folder: &Path) -> RulesFile {
        match &self.rules {
            Some(path) => RulesFile::on_disk(Owner::Target, folder.join(path)),
            None => RulesFile::embedded(Owner::Target, RULES),
        }
    }

    /// The target, connected to nothing.
    ///
    /// # Errors
    /// [`PortErrorKind::Misconfigured`].
    pub fn target(&self, limits: Arc<dyn SharedLimits>, folder: &Path) -> Result<ScimTarget, PortError> {
        ScimTarget::open(self, limits, folder)
            .map_err(|why| PortError::new(PortErrorKind::Misconfigured, &self.name, "open").because(why))
    }
}

fn of_verifier(secret: SecretSetting<'_>) -> SecretSetting<'_> {
    SecretSetting { key: format!("verify.{}", secret.key), ..secret }
}

fn verifier_context(folder: &Path) -> VerifierContext<'_> {
    VerifierContext { name: "verify", folder, identifiers: IdentifierProfile::default() }
}

impl AdapterSettings for ScimSettings {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        bounds(reporter, "response_limit", self.response_limit);
        reporter.bound("scan_limit", self.scan_limit.into(), 1, 100_000);
        RateSettings::check(&self.rates, reporter);
        if IdAttribute::parse(&self.id_attribute).is_none() {
            let help = "write an attribute of users, or one of another schema with its URN, such as `urn:…:User:employeeNumber`";
            reporter.error("R506", "id_attribute", "the attribute cannot have Landfall's id", help);
        }
        check::report(client::place(&self.server).err().into_iter().collect(), reporter);
        if let Some(verify) = &self.verify {
            verify.adapter().check(&mut reporter.section(VERIFY));
        }
    }

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        let verifier = self.verify.as_mut().map(|verify| verify.adapter_mut().secrets()).unwrap_or_default();
        server_secret(&mut self.server).into_iter().chain(verifier.into_iter().map(of_verifier)).collect()
    }
}

impl TargetAdapter for ScimSettings {
    fn url(&self) -> &str {
        &self.server.url
    }

    fn check_secrets(&self, folder: &Path, reporter: &mut Reporter<'_>) {
        let mut mistakes = check::client_mistakes(&self.server, folder);
        mistakes.extend(self.rules_file(folder).mistakes(&self.rule_params).into_iter().map(Mistake::from));
        check::report(mistakes, reporter);
        if let Some(verify) = &self.verify {
            verify.adapter().check_secrets(verifier_context(folder), &mut reporter.section(VERIFY));
        }
    }

    fn check_rules(&self, folder: &Path, files: &mut Files, findings: &mut Findings) {
        self.rules_file(folder).check(files, findings);
    }

    fn connect<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Option<Trial>> {
        Box::pin(async move {
            let mut trial = match self.target(Arc::new(Uncounted), folder) {
                Ok(target) => target.try_out().await,
                // reported with the settings
                Err(_) => Trial::default(),
            };
            if let Some(verify) = &self.verify {
                let found = verify.adapter().connect(verifier_context(folder)).await.findings.into_iter();
                let within = |finding: TrialFinding| TrialFinding { key: format!("verify.{}", finding.key), ..finding };
                trial.findings.extend(found.map(within));
            }
            Some(trial)
        })
    }

    fn open<'a>(&'a self, context: TargetContext<'a>) -> BoxFuture<'a, Result<Arc<dyn Target>, PortError>> {
        Box::pin(async move {
            let target = self.target(context.limits, context.folder)?;
            let Some(verify) = &self.verify else { return Ok(Arc::new(target) as Arc<dyn Target>) };
            let verifier = verify.adapter().open(verifier_context(context.folder)).await;
            let verifier = verifier.map_err(|error| {
                let why = format!("`verify` cannot be used: {error}");
                PortError::new(PortErrorKind::Misconfigured, &self.name, "open").because(why)
            })?;
            Ok(Arc::new(target.with_verifier(verifier)) as Arc<dyn Target>)
        })
    }
}
