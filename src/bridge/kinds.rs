//! All dialects: one row for each `kind`.

use std::time::Duration;

use super::dialect::{Dialect, OpenContext, Topology};
use super::dialects::{
    auth0, b2c, basic, cognito, curity, entra, fusionauth, gravitee, keycloak, kinde, kratos, logto, okta, phasetwo,
    ropc, strivacity, vtex, wso2, zitadel,
};

/// How the callers of a bridge authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// As one of `service.callers` that the bridge names in `callers`.
    Callers,
    /// In a way of the product's own, by other settings of the bridge.
    Own,
}

/// A script that runs at the product.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// What it is called at the product, such as `login`.
    pub name: &'static str,
    /// Its text; `{{url}}` stands for the address of the bridge.
    pub text: &'static str,
}

/// A dialect.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its name: `kind` in the settings.
    pub name: &'static str,
    /// The product.
    pub product: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Who writes the account.
    pub topology: Topology,
    /// How callers authenticate.
    pub authentication: Authentication,
    /// How long the product waits, less the time of the network.
    pub deadline: Duration,
    /// How long the product may ask again for a customer who was handed over.
    pub repeat: Duration,
    /// The rule file in the program that makes what the product stores; `None` if it takes no profile.
    pub rules: Option<&'static str>,
    /// The settings of its own that it needs, beside those that every bridge has.
    pub needs: &'static [&'static str],
    /// The settings of its own that it can do without.
    pub takes: &'static [&'static str],
    /// How the product is set up, and what is carried over. In Markdown.
    pub docs: &'static str,
    /// The scripts that run at the product.
    pub scripts: &'static [Script],
    /// Opens it.
    pub open: fn(&OpenContext<'_>) -> Result<Box<dyn Dialect>, String>,
}

/// The dialects, in the order of their names.
pub const KINDS: &[Kind] = &[
    auth0::KIND,
    b2c::KIND,
    basic::KIND,
    cognito::KIND,
    curity::KIND,
    entra::KIND,
    fusionauth::KIND,
    gravitee::KIND,
    keycloak::KIND,
    kinde::KIND,
    kratos::KIND,
    logto::KIND,
    okta::KIND,
    phasetwo::KIND,
    ropc::KIND,
    strivacity::KIND,
    vtex::KIND,
    wso2::KIND,
    zitadel::KIND,
];

impl Kind {
    /// The dialect with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }
}
