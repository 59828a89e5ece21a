//! What a creation carries for the customer to sign in with.

use bumpalo::Bump;
use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use super::HttpTarget;
use super::plan::HashPlan;
use crate::model::{Value, json};
use crate::password::{Credential, find, parse};

/// A stored hash, for a product that takes it as it is.
pub(super) struct StoredHash {
    text: Option<Zeroizing<String>>,
    parts: Map<String, Json>,
}

impl StoredHash {
    /// The hash as one text.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref().map(String::as_str)
    }

    /// The hash with the parts that a product wants; `None` if it lacks one.
    fn taken_apart(&self, plan: &HashPlan) -> Option<Self> {
        let mut parts = self.parts.clone();
        if let Some(pattern) = &plan.pattern {
            let groups = pattern.captures(self.text()?)?;
            for name in pattern.capture_names().flatten() {
                let Some(group) = groups.name(name) else { continue };
                let value = match name.ends_with("_number") {
                    true => Json::from(group.as_str().parse::<u32>().ok()?),
                    false => Json::from(group.as_str()),
                };
                parts.insert(name.to_owned(), value);
            }
        }
        let has_all =
            plan.parts.iter().all(|part| parts.contains_key(part)) && (!plan.uses_text || self.text.is_some());
        has_all.then(|| Self { text: self.text.clone(), parts })
    }

    /// Its parts.
    pub fn parts<'v>(&'v self, arena: &'v Bump) -> Value<'v> {
        let members = self.parts.iter().map(|(name, value)| (name.as_str(), json::borrow_json(value, arena)));
        Value::Object(arena.alloc_slice_fill_iter(members.collect::<Vec<_>>()))
    }
}

impl HttpTarget {
    /// How the product takes a stored hash; `None` if it does not.
    pub(super) fn hash_plan(&self, credential: &Credential) -> Option<(&HashPlan, StoredHash)> {
        let parsed = parse(credential).ok()?;
        let scheme = parsed.scheme();
        let is_of = |plan: &&HashPlan| {
            plan.schemes.iter().any(|name| find(name).map_or(name.as_str(), |info| info.name) == scheme)
        };
        let stored = StoredHash {
            text: parsed.canonical().or_else(|| credential.whole().ok()?.map(str::to_owned)).map(Zeroizing::new),
            parts: credential.parts().clone(),
        };
        self.plan.hashes.iter().filter(is_of).find_map(|plan| Some((plan, stored.taken_apart(plan)?)))
    }
}
