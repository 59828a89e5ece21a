//! Hashes that are described by a digest template, and templates that transform the password for other hashes.

use zeroize::Zeroizing;

use crate::password::credential::{Credential, decode};
use crate::password::encoding::same;
use crate::password::length::{CUT_BY_TEMPLATE, HashLength};
use crate::password::limits::Cost;
use crate::password::stored::{Attempt, ParseResult, Prepared, StoredHash};
use crate::password::template::{Template, TemplateError, TemplateInput, TemplateProblem};
use crate::password::verdict::{Problem, Verdict};

/// A template with the parts of the record that it uses.
pub(super) struct Bound {
    template: Template,
    salt: Vec<u8>,
    user: String,
    pepper: Zeroizing<Vec<u8>>,
}

struct Templated {
    bound: Bound,
    hash: Vec<u8>,
    length: HashLength,
}

/// Parses scheme `template`: parts `template`, `hash`, and those of `salt`, `user`, `pepper` that the template uses.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let bound = Bound::new(credential.required_text(&["template"])?, credential)?;
    let hash = match credential.bytes("hash", "text")? {
        Some(hash) => hash,
        None => {
            decode("hash", credential.required()?, credential.text(&["hash_encoding", "encoding"])?.unwrap_or("text"))?
        }
    };
    let hash = if bound.template.is_lower_hex() { lower_hex(hash) } else { hash };
    let length = bound.length(&hash)?;
    Ok(Box::new(Templated { bound, hash, length }))
}

/// Systems write the same digits in upper case.
fn lower_hex(mut hash: Vec<u8>) -> Vec<u8> {
    if hash.iter().all(u8::is_ascii_hexdigit) {
        hash.make_ascii_lowercase();
    }
    hash
}

/// A hash of the transformed password.
pub(super) fn transformed(text: &str, credential: &Credential, inner: Box<dyn StoredHash>) -> ParseResult {
    let bound = Bound::new(text, credential)?;
    let calls = bound.template.calls();
    Ok(Box::new(Prepared { prepare: Box::new(move |password| bound.value(password)), calls, inner, prefix: None }))
}

/// Describes a problem of a template, without its text: a rule may have put a part of the record in its place.
fn invalid(error: &TemplateError) -> Problem {
    let what = match error.problem() {
        TemplateProblem::TooCostly => return Problem::cost("the template runs too many functions or rounds"),
        TemplateProblem::Syntax => "not an expression",
        TemplateProblem::UnknownFunction => "unknown function",
        TemplateProblem::UnknownVariable => "unknown variable",
        TemplateProblem::Arguments => "invalid arguments",
        TemplateProblem::Placement => "`$_` has a value only in the step of a `repeat`",
        TemplateProblem::PasswordUnused => "`$pass` is not used",
        TemplateProblem::TooLong => "too long",
        TemplateProblem::TooDeep => "nested too deeply",
    };
    Problem::malformed(format!("invalid template at byte {}: {what}", error.range().start))
}

impl Bound {
    fn new(text: &str, credential: &Credential) -> Result<Self, Problem> {
        let template = Template::compile(text).map_err(|error| invalid(&error))?;
        let uses = template.uses();
        let need = |used: bool, there: bool, what: &str| {
            if used && !there {
                Err(Problem::malformed(format!("the template needs a {what}, which is missing")))
            } else {
                Ok(())
            }
        };
        let salt = credential.bytes("salt", "utf8")?;
        let (user, pepper) = (credential.username()?, credential.pepper()?);
        need(uses.salt, salt.is_some(), "salt")?;
        need(uses.user, user.is_some(), "user name")?;
        need(uses.pepper, pepper.is_some(), "pepper")?;
        Ok(Self {
            template,
            salt: salt.unwrap_or_default(),
            user: user.unwrap_or_default().to_owned(),
            pepper: pepper.unwrap_or_default(),
        })
    }

    fn input<'a>(&'a self, pass: &'a [u8]) -> TemplateInput<'a> {
        TemplateInput { pass, salt: &self.salt, user: self.user.as_bytes(), pepper: &self.pepper }
    }

    /// The length of the stored digest, if the stored hash has the length of the template's result.
    fn length(&self, hash: &[u8]) -> Result<HashLength, Problem> {
        let Some(made) = self.template.length(&self.input(&[])) else { return Ok(HashLength::Bytes(hash.len())) };
        if made.bytes != hash.len() {
            let (bytes, stored) = (made.bytes, hash.len());
            return Err(Problem::malformed(format!(
                "the stored hash has {stored} bytes, but the template produces {bytes}"
            )));
        }
        Ok(if made.is_cut { HashLength::Shorter(CUT_BY_TEMPLATE, made.digest) } else { HashLength::Bytes(made.digest) })
    }

    fn value(&self, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, Verdict> {
        self.template.evaluate(&self.input(password)).map_err(|error| {
            // A password that the legacy encoding cannot represent was never set there.
            if error.is_limit() { Verdict::CostRefused(error.to_string().into()) } else { Verdict::Mismatch }
        })
    }
}

impl StoredHash for Templated {
    fn cost(&self) -> Cost {
        Cost::Digests(self.bound.template.calls())
    }

    fn length(&self) -> HashLength {
        self.length
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        match self.bound.value(attempt.password) {
            Ok(value) => Verdict::match_if(same(&value, &self.hash)),
            Err(verdict) => verdict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_template_has_a_position_and_is_not_quoted() {
        for (text, why) in [
            ("sha512917abdc311e1d4e23", "invalid template at byte 0: not an expression"),
            ("md5($pass . secretfunction($salt))", "invalid template at byte 12: unknown function"),
            ("repeat(4000000000, $pass, md5($_))", "the template runs too many functions or rounds"),
        ] {
            let fields = [("template", text), ("hash", "00")].map(|(key, text)| (key.to_owned(), text.into()));
            let problem = parse(&Credential::fields("template", fields.into_iter().collect())).err();
            assert_eq!(problem.map(|problem| problem.to_string()).as_deref(), Some(why), "{text}");
        }
    }
}
