//! The target over a service in this process.

mod change;
mod create;
mod server;
mod strict;
mod verify;

use std::sync::Arc;

use serde_json::{Value as Json, json};

use self::server::{Duplicates, Filters, Service, Traps};
use super::{ScimSettings, ScimTarget};
use crate::adapters::memory::MemoryLedger;
use crate::adapters::suites::remote_target::check_behaviour;
use crate::adapters::suites::target::{call, password, soon};
use crate::ports::{
    AccountState, Authentication, Conflict, Created, Deleted, Deletion, ExternalId, LegacyKey, NewAccount,
    PasswordChange, PortError, PortErrorKind, Support, Target, TargetId,
};

const RIGHT: &str = "correct horse";

/// A service, and the target on it.
struct Scene {
    service: Service,
    target: ScimTarget,
}

impl Scene {
    async fn new(traps: Traps) -> Self {
        Self::with(traps, json!({})).await
    }

    async fn with(traps: Traps, settings: Json) -> Self {
        let service = Service::start(traps).await;
        let target = target(&service, settings);
        Self { service, target }
    }
}

/// Another instance on the same service.
fn target(service: &Service, settings: Json) -> ScimTarget {
    let url = format!("http://{}/scim/v2/", service.address);
    let mut whole = json!({ "server": { "url": url, "auth": { "bearer": { "token": "T" } }, "allow": ["127.0.0.1"] } });
    whole.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let settings: ScimSettings = serde_json::from_value(whole).unwrap();
    settings.target(Arc::new(MemoryLedger::new()), std::path::Path::new("")).unwrap()
}

/// A customer.
#[derive(Clone)]
struct Customer {
    external: ExternalId,
    claims: Json,
    password: Option<&'static str>,
    pending: Option<TargetId>,
}

fn customer(id: &str, name: &str) -> Customer {
    let claims = json!({
        "username": name,
        "email": { "value": format!("{name}@example.org"), "verified": true },
        "name": { "given": "Ada", "family": "King", "full": "Ada King" },
        "locale": "en",
    });
    Customer { external: ExternalId(format!("ext-{id}")), claims, password: Some(RIGHT), pending: None }
}

impl Customer {
    fn without_password(self) -> Self {
        Self { password: None, ..self }
    }

    async fn try_create(&self, target: &ScimTarget) -> Result<Created, PortError> {
        let legacy = LegacyKey { source: "shop".to_owned(), id: self.external.0.clone() };
        let claims = self.claims.to_string();
        let password = self.password.map(password);
        let new = NewAccount {
            external_id: &self.external,
            legacy: &legacy,
            logins: &[],
            claims: &claims,
            password: password.as_ref(),
            hash: None,
            pending: self.pending.as_ref(),
            change: PasswordChange::Optional,
            rules: "rules-1",
            at: jiff::Timestamp::UNIX_EPOCH,
            until: soon(),
        };
        target.create(call(), new).await
    }

    async fn create(&self, target: &ScimTarget) -> Created {
        self.try_create(target).await.unwrap()
    }

    async fn state(&self, target: &ScimTarget) -> Option<AccountState> {
        let found = target.find_created(call(), &self.external).await.unwrap();
        found.map(|found| {
            assert_eq!(found.external_id.as_ref(), Some(&self.external));
            found.state
        })
    }
}

fn new(id: &str) -> Created {
    Created::New(TargetId(id.to_owned()))
}

/// With passwords in a second request it shows which accounts are incomplete.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(in crate::adapters) async fn scim_target_passes() {
    for has_no_patch in [false, true] {
        let traps = Traps { least_password: 8, has_no_patch, ..Traps::default() };
        let Scene { service, target } = Scene::with(traps, json!({ "password": "patch" })).await;
        service.add("stranger");
        check_behaviour(&target).await;
    }
}

#[tokio::test]
async fn a_target_with_passwords_in_one_request_does_what_it_can() {
    let Scene { service, target } = Scene::new(Traps::default()).await;
    assert_eq!(target.capabilities().states, Support::No);
    let ada = customer("1", "ada");
    assert_eq!(ada.create(&target).await, new("u1"));
    let user = service.user("ada");
    assert_eq!((user.password.as_deref(), user.is_active()), (Some(RIGHT), true));
    assert_eq!(user.members["externalId"], "ext-1");
    assert_eq!(ada.state(&target).await, Some(AccountState::Active));
    assert_eq!(customer("9", "nobody").state(&target).await, None);
    // the same customer again keeps the password of the account
    let again = Customer { password: Some("another password"), ..ada.clone() };
    assert_eq!(again.create(&target).await, Created::Exists(TargetId("u1".to_owned())));
    assert_eq!(service.user("ada").password.as_deref(), Some(RIGHT));
    // somebody else with the name is a conflict, and nothing is written
    assert_eq!(customer("2", "ADA").create(&target).await, Created::Conflict(Conflict::Login));
    assert_eq!(service.users().len(), 1);
    let id = TargetId("u1".to_owned());
    let verdict = target.authenticate(call(), &id, &password(RIGHT)).await.unwrap();
    assert_eq!(verdict.verdict, Authentication::Unusable);
    let account = target.read(call(), &id).await.unwrap().unwrap();
    assert_eq!((account.logins, account.state), (vec!["ada".to_owned()], AccountState::Active));
    assert!(account.claims.contains("ada@example.org") && !account.claims.contains(RIGHT));
    assert_eq!(target.list(call(), None, 1).await.unwrap_err().kind(), PortErrorKind::Unsupported);
    let unchanged = target.delete(call(), &id, Deletion::Unchanged { until: soon() }).await;
    assert_eq!(unchanged.unwrap_err().kind(), PortErrorKind::Unsupported);
    let delete = async || target.delete(call(), &id, Deletion::ForGood).await.unwrap();
    assert_eq!((delete().await, delete().await), (Deleted::Yes, Deleted::Missing));
    assert_eq!(target.read(call(), &id).await.unwrap(), None);
    assert_eq!(target.ping().await.unwrap(), None);
}

#[tokio::test]
async fn a_first_login_costs_one_call_once_the_service_is_known() {
    let Scene { service, target } = Scene::new(Traps::default()).await;
    target.ping().await.unwrap();
    target.ping().await.unwrap();
    assert_eq!(service.requests(), ["GET /ServiceProviderConfig", "GET /Schemas", "GET /ServiceProviderConfig"]);
    customer("1", "ada").create(&target).await;
    assert_eq!(service.requests(), ["POST /Users"]);
}

#[tokio::test]
async fn connect_says_what_the_service_does_not_take() {
    let Scene { service, target } =
        Scene::new(Traps { strict: true, filters: Filters::Refuse, ..Traps::default() }).await;
    let trial = target.try_out().await;
    assert!(trial.summary.unwrap().starts_with("SCIM 2.0, PATCH, no filters, no versions, "));
    assert!(trial.parts[0].columns.contains(&("userName".to_owned(), "simple required".to_owned())));
    let messages: Vec<&str> = trial.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(messages[0].contains("does not filter"), "{messages:?}");
    assert!(messages[1].contains("`emails.primary`") && messages[1].contains("`nickName`"), "{messages:?}");
    assert!(service.requests().iter().all(|request| request.starts_with("GET ")));
    service.with(|state| state.traps.is_down = true);
    let trial = super::tests::target(&service, json!({})).try_out().await;
    assert_eq!((trial.summary, trial.findings[0].code), (None, "R514"));
}
