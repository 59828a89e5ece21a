//! The settings of a product's API as a target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::link::Link;
use super::plan::TargetPlan;
use super::section::TargetSection;
use super::store::HttpTarget;
use crate::adapters::http::check;
use crate::adapters::http::client;
use crate::adapters::http::preset::{self, WholeTarget};
use crate::adapters::http::product_api::HttpProductApi;
use crate::adapters::http::request::Mistake;
use crate::adapters::http::settings::{Server, bounds, response_limit, secrets};
use crate::adapters::http::throttle::RateSettings;
use crate::adapters::registry::{ProductApi, TargetAdapter, TargetContext, Trial};
use crate::diag::{Files, Findings};
use crate::ports::{BoxFuture, PortError, PortErrorKind, RateLimit, SharedLimits, Taken, Target};
use crate::settings::{AdapterSettings, Reporter, Secret, SecretSetting, shown, units};

/// A product's API.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpTargetSettings {
    /// The name in logs and metrics, and under which all instances count calls.
    #[serde(default = "name")]
    pub name: String,
    /// How to reach the product, as an account that may create users.
    pub server: Box<Server>,
    /// The requests of a product that is known by name, or the path of a YAML file with them.
    #[serde(default)]
    pub preset: Option<String>,
    /// Secret: the parameters of the preset, also in requests as `{param.NAME}`.
    #[serde(default)]
    pub params: BTreeMap<String, Secret>,
    /// The rule file that makes the body of a creation from the claims, in place of the preset's.
    #[serde(default)]
    pub rules: Option<PathBuf>,
    /// Parameters of this rule file.
    #[serde(default, serialize_with = "shown::json_by_name")]
    pub rule_params: BTreeMap<String, Json>,
    /// How many calls all instances together make, such as `[ { calls: 50, per: 1s } ]`. In place of the preset's.
    #[serde(default)]
    pub rates: Option<Vec<RateSettings>>,
    /// What becomes of an account at the product that has a login of the customer and was not created by Landfall.
    #[serde(default)]
    pub link: Link,
    /// Requests. Each replaces that of the preset.
    #[serde(default)]
    pub requests: Option<Box<TargetSection>>,
    /// Bytes of one answer after it was decompressed.
    #[serde(default = "response_limit", with = "units::Size")]
    pub response_limit: usize,
}

fn name() -> String {
    "accounts".to_owned()
}

impl HttpTargetSettings {
    fn is_in_program(&self) -> bool {
        !self.preset.as_deref().is_some_and(preset::is_file)
    }

    fn whole(&self, folder: &Path) -> Result<WholeTarget, Vec<Mistake>> {
        preset::of_target(self, folder)
    }

    /// The mistakes in the requests.
    fn mistakes(&self, folder: &Path) -> Vec<Mistake> {
        let whole = match self.whole(folder) {
            Ok(whole) => whole,
            Err(mistakes) => return mistakes,
        };
        let plan = match TargetPlan::compile(&whole.requests, &self.server, &whole.params) {
            Ok(plan) => plan,
            Err(mistakes) => return mistakes,
        };
        let can_link = plan.adopt.is_some() && plan.owner.iter().any(|owner| owner.email.is_some());
        if self.link == Link::VerifiedEmail && !can_link {
            let help = "leave `link` out, or write `owner.email`, `owner.verified_when` and `adopt` under `requests`";
            return vec![Mistake::contradiction("link", "the requests of the target cannot link accounts", help)];
        }
        Vec::new()
    }

    /// The target, connected to nothing.
    ///
    /// # Errors
    /// [`PortErrorKind::Misconfigured`].
    pub fn target(&self, limits: Arc<dyn SharedLimits>, folder: &Path) -> Result<HttpTarget, PortError> {
        HttpTarget::open(self, limits, folder)
            .map_err(|why| PortError::new(PortErrorKind::Misconfigured, &self.name, "open").because(why))
    }
}

impl AdapterSettings for HttpTargetSettings {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        bounds(reporter, "response_limit", self.response_limit);
        RateSettings::check(self.rates.as_deref().unwrap_or_default(), reporter);
        let mut mistakes: Vec<Mistake> = client::place(&self.server).err().into_iter().collect();
        if self.is_in_program() {
            mistakes.extend(self.mistakes(Path::new("")));
        }
        check::report(mistakes, reporter);
    }

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        secrets(&mut self.server, &mut self.params)
    }
}

impl TargetAdapter for HttpTargetSettings {
    fn url(&self) -> &str {
        &self.server.url
    }

    fn check_secrets(&self, folder: &Path, reporter: &mut Reporter<'_>) {
        let mut mistakes = check::client_mistakes(&self.server, folder);
        if !self.is_in_program() {
            mistakes.extend(self.mistakes(folder));
        }
        if let Ok(whole) = self.whole(folder) {
            mistakes.extend(whole.rules.mistakes(&whole.rule_params).into_iter().map(Mistake::from));
        }
        check::report(mistakes, reporter);
    }

    fn check_rules(&self, folder: &Path, files: &mut Files, findings: &mut Findings) {
        if let Ok(whole) = self.whole(folder) {
            whole.rules.check(files, findings);
        }
    }

    fn connect<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Option<Trial>> {
        Box::pin(async move {
            Some(match self.target(Arc::new(Uncounted), folder) {
                Ok(target) => target.try_out().await,
                // reported with the settings
                Err(_) => Trial::default(),
            })
        })
    }

    fn open<'a>(&'a self, context: TargetContext<'a>) -> BoxFuture<'a, Result<Arc<dyn Target>, PortError>> {
        Box::pin(async move { Ok(Arc::new(self.target(context.limits, context.folder)?) as Arc<dyn Target>) })
    }

    fn api(&self, folder: &Path) -> Result<Option<Arc<dyn ProductApi>>, PortError> {
        Ok(Some(Arc::new(HttpProductApi::open(self, folder)?)))
    }
}

/// Lets every call pass: one request of `check` is no load, and there may be no ledger yet.
pub(in crate::adapters) struct Uncounted;

impl SharedLimits for Uncounted {
    fn take<'a>(&'a self, _: &'a RateLimit, wanted: u32, _: Timestamp) -> BoxFuture<'a, Result<Taken, PortError>> {
        Box::pin(async move { Ok(Taken::Calls(wanted)) })
    }

    fn paused<'a>(&'a self, _: &'a str, _: Timestamp) -> BoxFuture<'a, Result<Option<Timestamp>, PortError>> {
        Box::pin(async { Ok(None) })
    }

    fn pause<'a>(&'a self, _: &'a str, _: Timestamp, _: Timestamp) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}
