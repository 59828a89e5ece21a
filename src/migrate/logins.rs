//! Which logins an account may own: those from which the source leads back to its customer, and to nobody else.
//!
//! A record lists what its customer could write into it, the mail address of somebody else included. An account that owned
//! every listed login would let one customer sign in under the name of another, who could not be migrated any more. So each
//! login is looked up at the source before the account is made; those that lead elsewhere are left out, and stay free.

use futures_util::future::try_join_all;
use tokio::time::{Instant, timeout_at};

use super::event::{Event, EventKind};
use super::identifier::Identifier;
use super::mapping::{Identity, Question};
use super::outcome::{Outcome, Refusal};
use super::ports::{AccountState, LegacyKey};
use super::step::Step;
use super::visit::{Admission, Ending, Flow, Visit};

/// The reason of decisions and events that say so.
const LEFT_OUT: &str = "login_left_out";

/// Where the source leads from a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leads {
    /// To the same customer.
    Back,
    /// To another customer, to several, or to a record that cannot be read.
    Elsewhere,
    /// To nobody.
    Nowhere,
}

/// A login of a record that has to be looked up.
struct Doubtful {
    login: Identifier,
    origin: Origin,
}

/// Where a login comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// It was typed: its record was fetched by it, though perhaps in another spelling.
    Typed,
    /// The record lists it.
    Listed,
}

impl Doubtful {
    fn is_owned(&self, leads: Leads) -> bool {
        match (self.origin, leads) {
            (_, Leads::Back) => true,
            // A source that tells spellings apart led from what was typed to this customer, and to nobody from the one
            // spelling that the account owns.
            (Origin::Typed, Leads::Nowhere) => true,
            (Origin::Typed, Leads::Elsewhere) | (Origin::Listed, _) => false,
        }
    }
}

impl Visit<'_> {
    /// Takes the logins from `who` that the account may not own. The password is verified, or none is set: nobody who guesses
    /// makes the source work for it.
    ///
    /// An outage ends the visit, and so does a record that is left without any login.
    pub(super) async fn keep_own_logins(&mut self, admission: &Admission, who: &mut Identity) -> Flow<()> {
        if self.migrator.settings.unique_logins {
            return Ok(());
        }
        let (began, listed) = (Instant::now(), who.logins.len());
        let (mut owned, doubtful) = self.sorted(admission, who);
        let looked_up = !doubtful.is_empty();
        owned.extend(self.looked_up(doubtful, &who.key).await?);
        self.left_out = listed - owned.len();
        // In the order of the record.
        who.logins.retain(|login| owned.contains(login));
        if looked_up || self.left_out > 0 {
            let source = self.migrator.parts.source.name();
            self.step(&Step::LookedUpLogins { source, left_out: self.left_out, took: began.elapsed() });
        }
        if who.logins.is_empty() { Err(Ending::of(Outcome::Conflict)) } else { Ok(()) }
    }

    /// A customer who signs in by a login that the account does not own may have changed the account's password since: after a
    /// refusal of the legacy system, the target has the last word.
    pub(super) async fn or_at_target(&mut self, admission: &Admission, who: &Identity, refused: Ending) -> Ending {
        if !matches!(refused.outcome, Outcome::Refused(Refusal::WrongPassword | Refusal::Unverifiable)) {
            return refused;
        }
        match self.migrator.parts.target.find_external(&who.external_id).await {
            Ok(Some(found)) if found.state != AccountState::Pending => {
                match self.check_at_target(admission, &found).await {
                    Ok(Some(ending)) | Err(ending) => ending,
                    // Gone since: the legacy system alone has answered.
                    Ok(None) => refused,
                }
            }
            Ok(_) => refused,
            Err(error) => self.target_failed(&error),
        }
    }

    /// The logins that are known to lead back, and those that have to be looked up. Logins beyond the bound are in neither.
    fn sorted(&self, admission: &Admission, who: &Identity) -> (Vec<String>, Vec<Doubtful>) {
        let (typed, settings) = (&admission.identifier, &self.migrator.settings);
        let (mut owned, mut doubtful, mut left) = (Vec::new(), Vec::new(), settings.lookups);
        for login in &who.logins {
            let origin = if login == typed.canonical() { Origin::Typed } else { Origin::Listed };
            match origin {
                Origin::Typed if typed.typed() == typed.canonical() => {
                    owned.push(login.clone());
                    continue;
                }
                Origin::Listed if left == 0 => continue,
                Origin::Listed => left -= 1,
                Origin::Typed => {}
            }
            // Canonical as it is, so that it is one; what is none is left out.
            doubtful.extend(settings.identifiers.canonical(login).ok().map(|login| Doubtful { login, origin }));
        }
        (owned, doubtful)
    }

    /// Those of the logins that the account may own, asked for at the same time.
    async fn looked_up(&self, doubtful: Vec<Doubtful>, key: &LegacyKey) -> Flow<Vec<String>> {
        let lookups = try_join_all(doubtful.iter().map(|doubtful| self.follow(&doubtful.login, key)));
        let found = timeout_at(self.deadline, lookups).await;
        let found = found.unwrap_or_else(|_| Err(Ending::of(Outcome::LegacyUnavailable)))?;
        let owned = doubtful.into_iter().zip(found).filter(|(doubtful, leads)| doubtful.is_owned(*leads));
        Ok(owned.map(|(doubtful, _)| doubtful.login.canonical().to_owned()).collect())
    }

    /// Asks the source where a login leads.
    async fn follow(&self, login: &Identifier, key: &LegacyKey) -> Flow<Leads> {
        let record = match self.migrator.parts.source.fetch(login, self.deadline).await {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(Leads::Nowhere),
            Err(error) if error.is_about_one_record() => return Ok(Leads::Elsewhere),
            Err(error) => return Err(self.legacy_failed(&error)),
        };
        // As in a login by that name.
        let mut run = self.run.clone();
        run.facts.identifier = Some(login.typed().to_owned());
        let question = Question {
            rules: &self.rules,
            source: self.migrator.parts.source.name(),
            identifier: login,
            identifiers: &self.migrator.settings.identifiers,
            settings: &run,
            keyring: &self.migrator.parts.keyring,
        };
        Ok(match question.who(&record) {
            Ok(found) if found.key == *key => Leads::Back,
            Ok(_) | Err(_) => Leads::Elsewhere,
        })
    }

    /// The reason of a decision: its outcome's, or that an account was made without a login of its record.
    pub(super) fn reason_of<'e>(&self, outcome: &'e Outcome) -> &'e str {
        match outcome {
            Outcome::Migrated | Outcome::MigratedMustChangePassword => self.left_out_reason(),
            outcome => outcome.reason(),
        }
    }

    /// The reason of an account that is made now; empty when it owns all logins of its record.
    pub(super) fn left_out_reason(&self) -> &'static str {
        if self.left_out > 0 { LEFT_OUT } else { "" }
    }

    /// What an operator is told when an account was made without a login of its record.
    pub(super) fn left_out_event(&self, ending: &Ending) -> Option<Event> {
        let is_made = matches!(ending.outcome, Outcome::Migrated | Outcome::MigratedMustChangePassword);
        let account = ending.account.as_ref().map(|(id, _)| id);
        if is_made && self.left_out > 0 { self.event(EventKind::NeedsAction, LEFT_OUT, account) } else { None }
    }
}
