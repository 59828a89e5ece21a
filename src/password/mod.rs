//! Verifies passwords against stored hashes of many schemes, within limits of cost.
//!
//! A [`Credential`] has a scheme, and its text or its parts. [`parse`] parses it without computing anything, so that
//! its [`Cost`] is known. [`verify`] checks the cost against the [`Limits`] before any work is done, and returns a
//! [`Verdict`], in which a malformed hash is never a wrong password.
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

mod census;
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
mod used_parts;
mod verdict;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::model::Password;

#[doc(hidden)]
pub use census::{Census, Check, census};
pub use credential::Credential;
pub use detect::{Detection, detect, placeholder};
#[doc(hidden)]
pub use forms::{Form, about as about_part, forms, is_known_word, reads_object};
pub use limits::{Cost, Limits};
pub use registry::{SchemeInfo, find, schemes};
pub use verdict::{Lossy, Problem, Verdict, VerdictKind};

use lane::Workspace;
use stored::{AnyOf, Attempt, StoredHash};

/// A parsed credential: its cost is known and nothing has been computed.
pub struct Parsed {
    scheme: &'static str,
    stored: Box<dyn StoredHash>,
}

/// Parses a stored credential. The scheme `auto` means the one detected from the text.
///
/// A truncated hash is [`Problem::Malformed`], and a part that the scheme does not use is [`Problem::Unsupported`],
/// because the author of the rules expects it to have an effect.
///
/// # Errors
/// See [`Problem`] for the reasons.
pub fn parse(credential: &Credential) -> Result<Parsed, Problem> {
    credential.check_size()?;
    let credential = &credential.tracked();
    let parsed = parse_tracked(credential)?;
    parsed.stored.length().check()?;
    credential.check_used()?;
    Ok(parsed)
}

fn parse_tracked(credential: &Credential) -> Result<Parsed, Problem> {
    if credential.is_null() {
        return Err(Problem::unusable("no password hash is stored"));
    }
    if credential.scheme().eq_ignore_ascii_case("auto") {
        return parse_detected(credential);
    }
    let info = find(credential.scheme()).ok_or(Problem::unsupported("unknown scheme"))?;
    let may_be_placeholder = |text: &&str| match info.name {
        "plain" => false,
        // `*` marks a locked account in other systems, but starts every hash of MySQL, truncated ones included.
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
    let text =
        credential.whole()?.ok_or(Problem::unsupported("the scheme of a credential in parts must be declared"))?;
    match detect(text) {
        Detection::Known(info) => {
            Ok(Parsed { scheme: info.name, stored: (info.parse)(&credential.with_scheme(info.name))? })
        }
        Detection::Unusable(why) => Err(Problem::unusable(why)),
        Detection::Unknown => Err(Problem::unsupported("unknown hash format")),
        Detection::Ambiguous { why, readings: [] } => Err(Problem::unsupported(format!("declare the scheme: {why}"))),
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

    /// The cost of one check.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.stored.cost()
    }

    /// Whether the scheme ignores part of ordinary passwords, such as everything after 8 bytes, or the case of letters. A
    /// match may then well be a [lossy](Verdict::LossyMatch) one; which of both it is depends on the password.
    #[must_use]
    pub fn ignores_part(&self) -> bool {
        self.stored.ignores_part()
    }

    /// The stored text in its canonical form; `None` for credentials in parts.
    #[must_use]
    pub fn canonical(&self) -> Option<String> {
        self.stored.canonical()
    }

    /// Verifies a password, after checking the cost and the length of the password against the limits.
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
        // The primitives are called within their bounds; if one of them panics anyway, only this login fails.
        catch_unwind(AssertUnwindSafe(|| self.stored.check(&mut attempt)))
            .unwrap_or(Verdict::Unsupported("the check failed unexpectedly".into()))
    }
}

/// Verifies a presented password against a stored credential.
#[must_use]
pub fn verify(credential: &Credential, password: &Password, limits: &Limits) -> Verdict {
    verify_in(credential, password, limits, &mut Workspace::new())
}

/// Like [`verify`], with the memory of a hashing thread.
#[must_use]
pub fn verify_in(credential: &Credential, password: &Password, limits: &Limits, workspace: &mut Workspace) -> Verdict {
    match parse(credential) {
        Ok(parsed) => parsed.verify(password, limits, workspace),
        Err(problem) => problem.into(),
    }
}

#[cfg(test)]
mod tests;
