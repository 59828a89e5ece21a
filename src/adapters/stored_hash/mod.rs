//! A verifier that checks the stored hash here, as the legacy system does.

use std::sync::Arc;

use crate::hashing::Hasher;
use crate::password::Verdict;
use crate::ports::{BoxFuture, Call, PortError, Presented, Verification, Verifier};

/// Verifies passwords against the credential that the rules read from the record.
///
/// Schemes that include the user name in the hash take it from the credential, where the rules put it.
#[derive(Debug, Clone)]
pub struct StoredHashVerifier {
    hasher: Arc<Hasher>,
}

impl StoredHashVerifier {
    /// Creates a verifier that uses this hasher.
    #[must_use]
    pub fn new(hasher: Arc<Hasher>) -> Self {
        Self { hasher }
    }
}

impl Verifier for StoredHashVerifier {
    fn name(&self) -> &'static str {
        "stored_hash"
    }

    fn verify<'a>(
        &'a self,
        call: Call<'a>,
        presented: Presented<'a>,
    ) -> BoxFuture<'a, Result<Verification, PortError>> {
        Box::pin(async move {
            match presented.credential {
                Some(credential) => self.hasher.verify(credential, presented.password, call.deadline).await,
                None => Ok(Verification::without_work(Verdict::Unusable("no password is stored".into()))),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Password;
    use crate::password::lane::{Lane, LaneSettings};
    use crate::password::store::{PasswordStore, Peppers, StoreParameters};
    use crate::password::{Credential, Limits};
    use crate::ports::{IdentifierProfile, Record, Work};

    #[tokio::test]
    async fn verifies_against_the_stored_credential() {
        let md5 = Credential::encoded("md5", "900150983cd24fb0d6963f7d28e17f72");
        let store = PasswordStore::new(StoreParameters::new(8, 1, 1).expect("parameters"), Peppers::none());
        let lane = Lane::start(LaneSettings::default()).expect("a lane");
        let verifier =
            StoredHashVerifier::new(Arc::new(Hasher::new(lane, store, Limits::default(), &md5).expect("a hasher")));
        // PostgreSQL's md5 includes the user name: md5("abc" + "ada").
        let named = Credential::encoded("postgres-md5", "md5c9de9ed1ce2387b9a607ea31d4588e9c").with_username("ada");
        let broken = Credential::encoded("bcrypt", "$2b$10$cut");
        let identifier = IdentifierProfile::default().canonical("ada").expect("an identifier");
        let record = Record::new("{}".to_owned());
        for (credential, password, verdict, hashes) in [
            (Some(&md5), "abc", "match", 1),
            (Some(&md5), "abd", "mismatch", 1),
            (Some(&named), "abc", "match", 1),
            (Some(&named), "nothing", "mismatch", 1),
            (Some(&broken), "abc", "malformed", 0),
            (None, "abc", "unusable", 0),
        ] {
            let password = Arc::new(Password::new(password.as_bytes().to_vec()).expect("a password"));
            let (identifier, record, password) = (&identifier, &record, &password);
            let presented = Presented { identifier, record, credential, password };
            let before = verifier.hasher.calls().legacy;
            let answer = verifier.verify(Call::outside_login("r1"), presented).await.expect("an answer");
            assert_eq!((answer.verdict.name(), verifier.hasher.calls().legacy - before), (verdict, hashes));
            assert_eq!(matches!(answer.work, Work::Hash(_)), hashes == 1, "{verdict}");
        }
    }
}
