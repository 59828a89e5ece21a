//! Passwords that another system verifies.

use std::path::Path;
use std::sync::Mutex;

use super::*;
use crate::adapters::registry::{TargetAdapter, TargetContext};
use crate::password::Verdict;
use crate::ports::{BoxFuture, Call, PasswordCheck, Presented, Verification, Verifier, Work};

/// Knows the passwords of the service.
struct Signer {
    service: Service,
    asked: Mutex<Vec<String>>,
}

impl Verifier for Signer {
    fn name(&self) -> &str {
        "signer"
    }

    fn verify<'a>(&'a self, _: Call<'a>, presented: Presented<'a>) -> BoxFuture<'a, Result<Verification, PortError>> {
        let name = presented.identifier.typed().to_owned();
        assert!(presented.record.json().contains("\"externalId\":\"ext-"));
        let is_right =
            self.service.user(&name).password.map(String::into_bytes).as_deref() == Some(presented.password.expose());
        self.asked.lock().unwrap().push(name);
        let verdict = if is_right { Verdict::Match } else { Verdict::Mismatch };
        Box::pin(async move { Ok(Verification { verdict, work: Work::Remote }) })
    }
}

#[tokio::test]
async fn the_other_system_is_asked_about_users_who_may_sign_in() {
    let Scene { service, target } = Scene::new(Traps::default()).await;
    let signer = Arc::new(Signer { service: service.clone(), asked: Mutex::default() });
    let target = target.with_verifier(Arc::clone(&signer) as _);
    assert_eq!(target.capabilities().password, PasswordCheck::Api);
    customer("1", "Ada").create(&target).await;
    let verdict = async |id: &str, text: &str| {
        let answer = target.authenticate(call(), &TargetId(id.to_owned()), &password(text)).await.unwrap();
        assert_eq!(answer.work, Work::Remote);
        answer.verdict
    };
    assert_eq!(verdict("u1", RIGHT).await, Authentication::Verified(PasswordChange::Optional));
    assert_eq!(verdict("u1", "wrong").await, Authentication::Mismatch);
    assert_eq!(verdict("u2", RIGHT).await, Authentication::Gone);
    service.change("Ada", "active", json!(false));
    assert_eq!(verdict("u1", RIGHT).await, Authentication::Unusable);
    assert_eq!(*signer.asked.lock().unwrap(), ["Ada", "Ada"]);
    service.with(|state| state.traps.is_down = true);
    let error = target.authenticate(call(), &TargetId("u1".to_owned()), &password(RIGHT)).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
}

#[tokio::test]
async fn the_verifier_is_opened_with_the_target() {
    let mut settings: ScimSettings = serde_json::from_value(json!({
        "server": { "url": "https://id.example.com/scim", "auth": { "bearer": { "token": "T" } } },
        "verify": { "http": {
            "server": { "url": "https://id.example.com", "auth": { "basic": { "user": "u", "password": "P" } } },
            "request": { "path": "/login", "body": { "json": { "login": "{typed}", "password": "{password}" } } },
            "verified_when": [ { "status": 200, "body": { "$.ok": true } } ],
            "mismatch_when": [ { "status": 401, "body": { "$.ok": false } } ],
        } },
    }))
    .unwrap();
    use crate::settings::AdapterSettings as _;
    let keys: Vec<String> = settings.secrets().into_iter().map(|secret| secret.key).collect();
    assert_eq!(keys, ["server.auth.token", "verify.server.auth.password"]);
    let hasher = crate::adapters::suites::target::hasher(8);
    let limits = Arc::new(MemoryLedger::new());
    let context = TargetContext { folder: Path::new(""), hasher, may_create: false, limits };
    assert_eq!(settings.open(context).await.unwrap().capabilities().password, PasswordCheck::Api);
}
