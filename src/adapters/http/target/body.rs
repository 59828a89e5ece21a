//! The body of a creation: the account that the rules make, with additions merged over it.

use reqwest::header::HeaderValue;
use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use super::section::AccountBodySettings;
use crate::adapters::http::error::Failure;
use crate::adapters::http::request::{Mistake, Node};
use crate::adapters::http::template::{Known, Name, Template, Values};
use crate::model::{Value, json};

/// The body of a creation.
#[derive(Debug)]
pub(super) struct AccountBody {
    leave_out: Vec<String>,
    with_secret: Node,
    without_secret: Node,
    content_type: HeaderValue,
}

/// Whether a creation carries the password or the hash of the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    /// It does.
    Secret,
    /// It does not.
    Nothing,
}

impl AccountBody {
    /// Compiles a body; for stored hashes with their own addition.
    pub fn compile(
        settings: &AccountBodySettings,
        hash: Option<&Json>,
        known: Known<'_>,
        key: &str,
        mistakes: &mut Vec<Mistake>,
    ) -> Option<Self> {
        let secret = hash.or(settings.with_password.as_ref());
        let mut node = |addition: Option<&Json>, known: Known<'_>| {
            let mut whole = Json::Object(Map::new());
            for addition in settings.add.iter().chain(addition) {
                if !addition.is_object() {
                    mistakes.push(Mistake::new(key, "an addition to the body is not an object", "write a map"));
                    return None;
                }
                merge(&mut whole, addition);
            }
            Node::compile(&whole, known).map_err(|error| mistakes.push(Mistake::template(key, &error))).ok()
        };
        let without_secret = node(settings.without_password.as_ref(), Known { password: false, ..known });
        let nobody_knows = known.target.map(|target| super::KnownTarget { unusable_password: false, ..target });
        let with_secret = node(secret, Known { target: nobody_knows, ..known });
        let content_type = HeaderValue::from_str(settings.content_type.as_deref().unwrap_or("application/json"));
        let help = "write a media type such as `application/json`";
        let content_type = content_type.map_err(|_| mistakes.push(Mistake::new(key, "not a content type", help))).ok();
        Some(Self {
            leave_out: settings.leave_out.clone(),
            with_secret: with_secret?,
            without_secret: without_secret?,
            content_type: content_type?,
        })
    }

    /// Compiles what is merged over an account as the product returns it.
    pub fn over(
        addition: &Json,
        leave_out: &[String],
        known: Known<'_>,
        key: &str,
        mistakes: &mut Vec<Mistake>,
    ) -> Option<Self> {
        let settings = AccountBodySettings { leave_out: leave_out.to_vec(), ..AccountBodySettings::default() };
        Self::compile(&settings, Some(addition), known, key, mistakes)
    }

    /// All placeholders of a creation that carries a secret.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.with_secret.templates().into_iter().flat_map(Template::names)
    }

    /// Whether a creation carries the password.
    pub fn sends_password(&self) -> bool {
        self.names().any(|name| *name == Name::Password)
    }

    /// The content type and the body.
    pub fn build(
        &self,
        account: Value<'_>,
        carries: Carries,
        values: &Values<'_>,
    ) -> Result<(HeaderValue, Zeroizing<Vec<u8>>), Failure> {
        let addition = match carries {
            Carries::Secret => &self.with_secret,
            Carries::Nothing => &self.without_secret,
        };
        let members = account.as_object().unwrap_or_default().iter();
        let kept: Vec<(&str, Value<'_>)> =
            members.filter(|(name, _)| !self.leave_out.iter().any(|left| left == name)).copied().collect();
        let mut out = Zeroizing::new(Vec::with_capacity(4096));
        write(Value::Object(&kept), addition, values, &mut out)?;
        Ok((self.content_type.clone(), out))
    }
}

/// Merges objects member by member; everything else is replaced.
fn merge(into: &mut Json, from: &Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (name, member) in from {
                merge(into.entry(name.clone()).or_insert(Json::Null), member);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// Writes an account with an addition merged over it.
fn write(account: Value<'_>, addition: &Node, values: &Values<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let (Value::Object(members), Node::Object(added)) = (account, addition) else {
        return addition.write(values, out);
    };
    out.push(b'{');
    let mut is_first = true;
    let mut name_of = |name: &str, out: &mut Vec<u8>| {
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        json::write_text(name, out);
        out.push(b':');
    };
    for (name, member) in members {
        name_of(name, out);
        match added.iter().find(|(other, _)| other == name) {
            Some((_, addition)) => write(*member, addition, values, out)?,
            None => json::write(*member, out),
        }
    }
    for (name, addition) in added.iter().filter(|(name, _)| !members.iter().any(|(other, _)| other == name)) {
        name_of(name, out);
        addition.write(values, out)?;
    }
    out.push(b'}');
    Ok(())
}
