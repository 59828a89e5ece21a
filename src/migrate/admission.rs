//! The form of what a customer typed, checked before any port is used.

use std::net::IpAddr;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::ending::Ending;
use super::login::Login;
use super::outcome::Refusal;
use super::visit::Visit;
use crate::model::Password;
use crate::ports::Identifier;

/// A customer whose input is well-formed.
pub(super) struct Admission {
    pub identifier: Identifier,
    pub password: Arc<Password>,
    pub network: Option<IpAddr>,
}

impl Visit<'_> {
    /// Normalises the identifier and checks the form of the password. Uses no port.
    pub(super) fn admit(
        &mut self,
        identifier: &str,
        password: Zeroizing<Vec<u8>>,
        network: Option<IpAddr>,
    ) -> Result<Admission, Zeroizing<Vec<u8>>> {
        let Ok(identifier) = self.identify(identifier) else { return Err(password) };
        let Some(acceptable) = acceptable_password(&password) else { return Err(password) };
        self.password = Some(Arc::clone(&acceptable));
        Ok(Admission { identifier, password: acceptable, network })
    }

    /// Takes a customer whose input is malformed through the same steps as everybody else.
    pub(super) fn malformed(&mut self, password: &[u8]) -> Ending {
        let presented = password.get(..password.len().min(Login::MAX_PASSWORD_BYTES)).unwrap_or_default();
        self.password = Password::new(presented.to_vec()).ok().map(Arc::new);
        Ending::refused(Refusal::Malformed)
    }
}

/// A password that may be verified or stored. An empty password makes LDAP servers bind anonymously (RFC 4513 section
/// 5.1.2), and bcrypt cycles over NUL.
pub(super) fn acceptable_password(typed: &[u8]) -> Option<Arc<Password>> {
    let is_acceptable = !typed.is_empty() && typed.len() <= Login::MAX_PASSWORD_BYTES && !typed.contains(&0);
    is_acceptable.then(|| Password::new(typed.to_vec()).ok().map(Arc::new)).flatten()
}
