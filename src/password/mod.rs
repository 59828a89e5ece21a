//! Every stored hash, verified safely.
//!
//! A [`Credential`] says which scheme made it and holds its text or its parts. [`parse`] understands it without computing
//! anything, so that its [`Cost`] is known; [`verify`] holds that cost against the [`Limits`] before any work is done and
//! answers with a [`Verdict`], in which a broken hash is never a wrong password.
//!
//! ```
//! use landfall::model::Password;
//! use landfall::password::{Credential, Limits, Verdict, verify};
//!
//! let credential = Credential::encoded("bcrypt", "$2b$05$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW");
//! assert_eq!(verify(&credential, &Password::new(Vec::new())?, &Limits::default()), Verdict::Match);
//!
//! let hostile = Credential::encoded("bcrypt", "$2b$31$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW");
//! assert_eq!(verify(&hostile, &Password::new(Vec::new())?, &Limits::default()).name(), "cost_refused");
//! # Ok::<(), landfall::model::PasswordError>(())
//! ```
//!
//! A scheme is one file in `schemes/` and one line in the table of `schemes/mod.rs`.

mod asked;
mod credential;
mod detect;
mod digests;
mod encoding;
mod forms;
pub mod lane;
mod length;
mod limits;
pub mod matrix;
mod parts;
mod registry;
mod schemes;
pub mod store;
mod stored;
pub mod template;
mod verdict;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::model::Password;

pub use credential::Credential;
pub use detect::{Detection, detect, placeholder};
pub use forms::{Form, about as about_part, forms, is_known_word, reads_object};
pub use limits::{Cost, Limits};
pub use registry::{SchemeInfo, find, schemes};
pub use verdict::{Lossy, Problem, Verdict};

use lane::Workspace;
use stored::{AnyOf, Attempt, StoredHash};

/// A stored credential that was understood: its cost is known and nothing has been computed.
pub struct Parsed {
    scheme: &'static str,
    stored: Box<dyn StoredHash>,
}

/// Understands a stored credential. The scheme `auto` stands for the one that the text itself names.
///
/// A hash that was cut short is [`Problem::Malformed`], and a part that the scheme does not use is [`Problem::Unsupported`]:
/// whoever wrote it down expects that it counts.
///
/// # Errors
/// Why it cannot be checked: see [`Problem`].
pub fn parse(credential: &Credential) -> Result<Parsed, Problem> {
    credential.check_size()?;
    let credential = &credential.watched();
    let parsed = parse_watched(credential)?;
    parsed.stored.length().check()?;
    credential.check_used()?;
    Ok(parsed)
}

fn parse_watched(credential: &Credential) -> Result<Parsed, Problem> {
    if credential.is_null() {
        return Err(Problem::unusable("nothing is stored"));
    }
    if credential.scheme().eq_ignore_ascii_case("auto") {
        return parse_detected(credential);
    }
    let info = find(credential.scheme()).ok_or(Problem::unsupported("this scheme is not known"))?;
    let may_be_placeholder = |text: &&str| match info.name {
        "plain" => false,
        // `*` marks a locked account in other systems, and starts every hash of MySQL, cut ones too.
        "mysql41" => !text.strip_prefix('*').is_some_and(is_hex_digits),
        _ => true,
    };
    if let Some(why) = credential.whole()?.filter(may_be_placeholder).and_then(placeholder) {
        return Err(Problem::unusable(why));
    }
    Ok(Parsed { scheme: info.name, stored: (info.parse)(credential)? })
}

fn is_hex_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn parse_detected(credential: &Credential) -> Result<Parsed, Problem> {
    let text = credential.whole()?.ok_or(Problem::unsupported("a credential in parts does not name its scheme"))?;
    match detect(text) {
        Detection::Known(info) => Ok(Parsed { scheme: info.name, stored: (info.parse)(&credential.under(info.name))? }),
        Detection::Unusable(why) => Err(Problem::unusable(why)),
        Detection::Unknown => Err(Problem::unsupported("no known scheme writes such a text")),
        Detection::Ambiguous { why, readings: [] } => Err(Problem::unsupported(format!("name the scheme: {why}"))),
        Detection::Ambiguous { readings, .. } => {
            let infos = readings.iter().filter_map(|name| find(name));
            let stored = infos.clone().map(|info| (info.parse)(credential)).collect::<Result<Vec<_>, _>>()?;
            let scheme = infos.map(|info| info.name).next().unwrap_or("auto");
            Ok(Parsed { scheme, stored: Box::new(AnyOf(stored)) })
        }
    }
}

impl Parsed {
    /// The name of the scheme; for `auto` the detected one.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// What one check costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.stored.cost()
    }

    /// The stored text as the scheme's own writer prints it; `None` for credentials in parts.
    #[must_use]
    pub fn canonical(&self) -> Option<String> {
        self.stored.canonical()
    }

    /// Checks a password, after the cost and the length of the password were held against the limits.
    #[must_use]
    pub fn verify(&self, password: &Password, limits: &Limits, workspace: &mut Workspace) -> Verdict {
        let cost = self.stored.cost();
        if let Err(problem) = cost.within(limits) {
            return problem.into();
        }
        let longest = cost.password_bytes(limits);
        if password.expose().len() > longest {
            return Verdict::CostRefused(format!("the presented password has more than {longest} bytes").into());
        }
        let mut attempt = Attempt { password: password.expose(), workspace };
        // The primitives are called within their bounds; should one of them panic all the same, one login fails closed.
        catch_unwind(AssertUnwindSafe(|| self.stored.check(&mut attempt)))
            .unwrap_or(Verdict::Unsupported("the check stopped unexpectedly".into()))
    }
}

/// Checks a presented password against a stored credential.
#[must_use]
pub fn verify(credential: &Credential, password: &Password, limits: &Limits) -> Verdict {
    verify_in(credential, password, limits, &mut Workspace::new())
}

/// Like [`verify`], in memory that a hashing thread keeps.
#[must_use]
pub fn verify_in(credential: &Credential, password: &Password, limits: &Limits, workspace: &mut Workspace) -> Verdict {
    match parse(credential) {
        Ok(parsed) => parsed.verify(password, limits, workspace),
        Err(problem) => problem.into(),
    }
}

#[cfg(test)]
mod tests;
