//! The settings of HTTP systems: as a source, and as a verifier.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::check;
use super::shape::{ConditionSettings, PartSettings, RequestSettings, SubjectSettings};
use super::source::HttpSource;
use super::verifier::HttpVerifier;
use crate::adapters::registry::{
    OpenError, OpenSource, SourceAdapter, SourceContext, Trial, VerifierAdapter, VerifierContext,
};
use crate::ports::{BoxFuture, Verifier};
use crate::settings::{AdapterSettings, Reporter, Secret, SecretSetting, SecretUse, units};

/// A web API that is asked at each login.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Part of every customer's key in the ledger. Never change it after customers were migrated.
    #[serde(default = "crate::adapters::legacy")]
    pub name: String,
    /// How to reach the system.
    pub server: Server,
    /// Requests for a product that is known by name, or the path of a YAML file with them. What is written here replaces
    /// what the preset has.
    #[serde(default)]
    pub preset: Option<String>,
    /// Secret: the parameters of the preset, also in requests as `{param.NAME}`.
    #[serde(default)]
    pub params: BTreeMap<String, Secret>,
    /// The request for the record. Placeholders are `{identifier}` (normalised) and `{typed}`.
    #[serde(default)]
    pub record: Option<Box<RequestSettings>>,
    /// Further requests for the record by other logins, such as the address. All are sent at the same time. A customer whom
    /// several find is one, by `key`; two customers are an error, because Landfall cannot decide which is meant.
    #[serde(default)]
    pub or: Option<Vec<RequestSettings>>,
    /// The member that identifies a customer, such as `$.id`. Needed with `or`.
    #[serde(default)]
    pub key: Option<String>,
    /// Where the record is in the answer, such as `$.items`. A list has none or one; two records are an error, because
    /// Landfall cannot decide which customer is meant. `$` by default.
    #[serde(default)]
    pub pick: Option<String>,
    /// Members of records in a list, one of which must be the identifier, for systems that find similar names too.
    #[serde(default, rename = "match")]
    pub matching: Option<Vec<String>>,
    /// Answers that mean that there is no such customer. By default the status 404, if the path names the customer. An
    /// empty list always does.
    #[serde(default)]
    pub none_when: Option<Vec<ConditionSettings>>,
    /// Answers that have a record, such as `[ { status: 200, body: { $.id: { exists: true } } } ]`, for systems that also
    /// answer 200 when they failed. If set, what neither this nor `none_when` describes is an outage. By default the status
    /// 200 and an object that is not empty.
    #[serde(default)]
    pub found_when: Option<Vec<ConditionSettings>>,
    /// More requests, for parts of the record. `{$.id}` is a value of the record. Each becomes a member of the record.
    #[serde(default)]
    pub lists: Option<BTreeMap<String, PartSettings>>,
    /// Whether you know that no login of any record (user name, address, whatever `identify` lists) also leads to another
    /// customer. Then nothing is looked up before an account is created, see `login.lookups`. If this is wrong, customers
    /// can take over each other's logins.
    #[serde(default)]
    pub unique_logins: bool,
    /// Bytes of one record with its parts.
    #[serde(default = "record_limit", with = "units::Size")]
    pub record_limit: usize,
    /// Bytes of one answer after it was decompressed. Prevents an answer from filling the memory.
    #[serde(default = "response_limit", with = "units::Size")]
    pub response_limit: usize,
}

/// How to reach an HTTP system.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// `https://HOST`, with a port and a path if needed. Requests go nowhere else.
    pub url: String,
    /// How Landfall identifies itself.
    #[serde(default)]
    pub auth: Option<AuthSettings>,
    /// Certificates.
    #[serde(default)]
    pub tls: TlsSettings,
    /// Names, addresses and networks that may be private, such as `crm.internal` or `10.0.0.0/8`. Others are refused, so that
    /// no name leads to this machine or its neighbours.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Whether passwords and records may cross the network unencrypted: `http://` to another machine.
    #[serde(default)]
    pub plain_http: bool,
}

/// Certificates of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// Certificates to trust, in PEM, instead of those of the system. Certificates are always verified.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// The client certificate and those that it was issued by, in PEM.
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// The key of the client certificate, in PEM.
    #[serde(default)]
    pub key: Option<PathBuf>,
}

/// How Landfall identifies itself.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(tag = "kind")]
pub enum AuthSettings {
    /// A token.
    #[serde(rename = "bearer")]
    Bearer(BearerAuth),
    /// A user and a password.
    #[serde(rename = "basic")]
    Basic(BasicAuth),
    /// A header of the system's own.
    #[serde(rename = "header")]
    Header(HeaderAuth),
    /// OAuth 2.0 client credentials. The token is kept, and renewed shortly before it expires.
    #[serde(rename = "oauth")]
    Oauth(Box<OauthAuth>),
    /// AWS Signature Version 4.
    #[serde(rename = "aws")]
    Aws(AwsAuth),
}

/// As it is read: a map in which `kind` names the variant.
impl Serialize for AuthSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        enum Written<'a> {
            Bearer(&'a BearerAuth),
            Basic(&'a BasicAuth),
            Header(&'a HeaderAuth),
            Oauth(&'a OauthAuth),
            Aws(&'a AwsAuth),
        }
        match self {
            Self::Bearer(auth) => Written::Bearer(auth),
            Self::Basic(auth) => Written::Basic(auth),
            Self::Header(auth) => Written::Header(auth),
            Self::Oauth(auth) => Written::Oauth(auth),
            Self::Aws(auth) => Written::Aws(auth),
        }
        .serialize(serializer)
    }
}

/// A token.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BearerAuth {
    /// Secret: the token.
    pub token: Secret,
}

/// A user and a password.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The user.
    pub user: String,
    /// Secret: the password.
    pub password: Secret,
}

/// A header with a key.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderAuth {
    /// The name of the header.
    pub name: String,
    /// Secret: its value.
    pub value: Secret,
}

/// OAuth 2.0 client credentials.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OauthAuth {
    /// Where tokens are issued: a URL, or a path below the host of `url`.
    pub token_url: String,
    /// The client.
    pub client_id: String,
    /// Secret: its password.
    pub client_secret: Secret,
    /// The scope that is asked for.
    #[serde(default)]
    pub scope: Option<String>,
    /// The audience that is asked for, which Auth0 needs.
    #[serde(default)]
    pub audience: Option<String>,
    /// The resource that is asked for (RFC 8707), which Logto needs.
    #[serde(default)]
    pub resource: Option<String>,
    /// Where the client's password is sent.
    #[serde(default)]
    pub send_secret: SendSecret,
}

/// Where the password of an OAuth client is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendSecret {
    /// Basic authentication.
    #[default]
    Basic,
    /// The fields `client_id` and `client_secret`.
    Body,
}

/// AWS Signature Version 4.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsAuth {
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// The service, such as `cognito-idp`.
    pub service: String,
    /// The access key.
    pub access_key: String,
    /// Secret: its secret.
    pub secret_key: Secret,
}

/// A web API that verifies passwords.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpVerifierSettings {
    /// How to reach the system.
    pub server: Box<Server>,
    /// Requests and conditions for a product that is known by name, or the path of a YAML file with them. What is written
    /// here replaces what the preset has.
    #[serde(default)]
    pub preset: Option<String>,
    /// Secret: the parameters of the preset, also in requests as `{param.NAME}`.
    #[serde(default)]
    pub params: BTreeMap<String, Secret>,
    /// The request that verifies. `{password}` may stand in its body or its `basic` authentication, and nowhere else;
    /// `{$.id}` is a value of the record.
    #[serde(default)]
    pub request: Option<Box<RequestSettings>>,
    /// Answers that mean that the password is right. The status alone does not.
    #[serde(default)]
    pub verified_when: Option<Vec<ConditionSettings>>,
    /// Answers that mean that the password is wrong. What no condition describes is an outage.
    #[serde(default)]
    pub mismatch_when: Option<Vec<ConditionSettings>>,
    /// Answers that mean that the customer is locked.
    #[serde(default)]
    pub locked_when: Option<Vec<ConditionSettings>>,
    /// Answers that mean that the customer is disabled.
    #[serde(default)]
    pub disabled_when: Option<Vec<ConditionSettings>>,
    /// Answers that mean that the account or the password has expired.
    #[serde(default)]
    pub expired_when: Option<Vec<ConditionSettings>>,
    /// Answers that mean that the password is right, and that the customer must choose a new one.
    #[serde(default)]
    pub must_change_when: Option<Vec<ConditionSettings>>,
    /// A second request once the password is right, which tells whose it was. `{answer.$.access_token}` is a value of the
    /// first answer.
    #[serde(default)]
    pub then: Option<Box<RequestSettings>>,
    /// Whose answer it is. If it is somebody else's, the login fails and nobody is verified.
    #[serde(default)]
    pub subject: Option<SubjectSettings>,
    /// Whether a status alone is enough, for systems whose answers have no body, or one that says nothing.
    #[serde(default)]
    pub status_alone: Option<bool>,
    /// Bytes of one answer after it was decompressed.
    #[serde(default = "response_limit", with = "units::Size")]
    pub response_limit: usize,
}

fn record_limit() -> usize {
    256 * 1024
}

pub(in crate::adapters) fn response_limit() -> usize {
    1024 * 1024
}

pub(in crate::adapters) fn bounds(reporter: &mut Reporter<'_>, key: &str, value: usize) {
    reporter.bound(key, value.try_into().unwrap_or(u64::MAX), 1024, 16 * 1024 * 1024);
}

pub(super) fn secrets<'s>(server: &'s mut Server, params: &'s mut BTreeMap<String, Secret>) -> Vec<SecretSetting<'s>> {
    let param = |(key, secret)| SecretSetting { key: format!("params.{key}"), secret, usage: SecretUse::Address };
    server_secret(server).into_iter().chain(params.iter_mut().map(param)).collect()
}

/// The secret by which Landfall identifies itself at a server.
pub(in crate::adapters) fn server_secret(server: &mut Server) -> Option<SecretSetting<'_>> {
    let of_auth = server.auth.as_mut().map(|auth| match auth {
        AuthSettings::Bearer(bearer) => ("token", &mut bearer.token),
        AuthSettings::Basic(basic) => ("password", &mut basic.password),
        AuthSettings::Header(header) => ("value", &mut header.value),
        AuthSettings::Oauth(oauth) => ("client_secret", &mut oauth.client_secret),
        AuthSettings::Aws(aws) => ("secret_key", &mut aws.secret_key),
    });
    of_auth.map(|(key, secret)| SecretSetting { key: format!("server.auth.{key}"), secret, usage: SecretUse::Address })
}

impl AdapterSettings for HttpSettings {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        bounds(reporter, "record_limit", self.record_limit);
        bounds(reporter, "response_limit", self.response_limit);
        check::source(self, reporter);
    }

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        secrets(&mut self.server, &mut self.params)
    }
}

impl SourceAdapter for HttpSettings {
    fn unique_logins(&self) -> bool {
        self.unique_logins
    }

    fn record_limit(&self) -> usize {
        self.record_limit
    }

    fn check_secrets(&self, context: SourceContext<'_>, reporter: &mut Reporter<'_>) {
        check::source_secrets(self, context.folder, reporter);
    }

    fn connect<'a>(&'a self, context: SourceContext<'a>) -> BoxFuture<'a, Trial> {
        Box::pin(async move {
            match HttpSource::open(self, context.identifiers, context.folder) {
                Ok(source) => source.try_out().await,
                // reported with the settings
                Err(_) => Trial::default(),
            }
        })
    }

    fn open<'a>(&'a self, context: SourceContext<'a>) -> BoxFuture<'a, Result<OpenSource, OpenError>> {
        Box::pin(async move {
            let source = HttpSource::open(self, context.identifiers, context.folder)?;
            Ok(OpenSource { source: Arc::new(source), report: None })
        })
    }
}

impl AdapterSettings for HttpVerifierSettings {
    fn name(&self) -> &'static str {
        "http"
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        bounds(reporter, "response_limit", self.response_limit);
        check::verifier(self, reporter);
    }

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        secrets(&mut self.server, &mut self.params)
    }
}

impl VerifierAdapter for HttpVerifierSettings {
    fn check_secrets(&self, context: VerifierContext<'_>, reporter: &mut Reporter<'_>) {
        check::verifier_secrets(self, context.folder, reporter);
    }

    fn connect<'a>(&'a self, context: VerifierContext<'a>) -> BoxFuture<'a, Trial> {
        Box::pin(async move {
            match HttpVerifier::open(context.name, self, context.identifiers, context.folder) {
                Ok(verifier) => verifier.try_out().await,
                // reported with the settings
                Err(_) => Trial::default(),
            }
        })
    }

    fn open<'a>(&'a self, context: VerifierContext<'a>) -> BoxFuture<'a, Result<Arc<dyn Verifier>, OpenError>> {
        Box::pin(async move {
            let verifier = HttpVerifier::open(context.name, self, context.identifiers, context.folder)?;
            Ok(Arc::new(verifier) as Arc<dyn Verifier>)
        })
    }
}
