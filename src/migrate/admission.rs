//! What is decided before any port is used: whether there is time for the hashes of a login, and whether what the customer
//! typed is well-formed.

use std::net::IpAddr;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::ending::{Ending, Flow};
use super::login::Login;
use super::outcome::{Outcome, Refusal};
use super::visit::Visit;
use crate::hashing::TurnedAway;
use crate::model::Password;
use crate::ports::Identifier;

/// A customer whose input is well-formed.
pub(super) struct Admission {
    pub identifier: Identifier,
    pub password: Arc<Password>,
    pub network: Option<IpAddr>,
}

impl Visit<'_> {
    /// Turns a login away at once if its hashes could not be computed before its deadline. Decided before anything is
    /// known of the customer, and without taking a place: a login that will wait for others of its customer or its
    /// network must not keep anybody out. So many others wait before this one, beside those inside.
    pub(super) fn may_enter(&mut self, ahead: usize) -> Flow<()> {
        let room = self.cx.refusals.hasher.has_room(self.deadline, ahead);
        room.map_err(|turned_away| self.turn_away(turned_away))
    }

    /// Takes a place among those whose hashes are computed.
    pub(super) fn enter(&mut self) -> Flow<()> {
        let place = self.cx.refusals.hasher.enter(self.deadline);
        self.place = Some(place.map_err(|turned_away| self.turn_away(turned_away))?);
        Ok(())
    }

    pub(super) fn turn_away(&mut self, _: TurnedAway) -> Ending {
        self.turned_away = true;
        Ending::of(Outcome::Overloaded)
    }

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
        if let Err(turned_away) = self.enter() {
            return turned_away;
        }
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
