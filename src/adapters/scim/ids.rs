//! Where a user has Landfall's id, by which it is found again.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value as Json};

use super::api::member;
use super::schema::{Schemas, find};
use crate::adapters::http::error::Failure;
use crate::ports::PortErrorKind;

/// The attribute that has Landfall's id, and whether the service keeps it.
#[derive(Debug)]
pub(super) struct Ids {
    attribute: IdAttribute,
    are_dropped: AtomicBool,
}

/// An attribute: of users, or of another schema behind its URN and a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IdAttribute {
    written: String,
    urn: Option<String>,
    name: String,
}

impl IdAttribute {
    /// The attribute that is written so; `None` if it cannot have an id.
    pub fn parse(written: &str) -> Option<Self> {
        let (urn, name) = match written.rsplit_once(':') {
            Some((urn, name)) => (Some(urn), name),
            None => (None, written),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$');
        let is_taken = ["id", "userName", "password", "active", "schemas", "meta"];
        let is_taken = urn.is_none() && is_taken.iter().any(|taken| taken.eq_ignore_ascii_case(name));
        let is_urn = urn.is_none_or(|urn| urn.contains(':') && !urn.contains('"') && !urn.contains(' '));
        let is_valid = !name.is_empty() && name.chars().all(is_name) && is_urn && !is_taken;
        is_valid.then(|| Self { written: written.to_owned(), urn: urn.map(str::to_owned), name: name.to_owned() })
    }

    /// How it is written, also in filters.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The id of a user.
    pub fn of<'u>(&self, user: &'u Map<String, Json>) -> Option<&'u str> {
        let members = match &self.urn {
            Some(urn) => member(user, urn)?.as_object()?,
            None => user,
        };
        member(members, &self.name)?.as_str().filter(|id| !id.is_empty())
    }

    /// Gives a user its id, whatever the rules made there.
    fn set(&self, user: &mut Map<String, Json>, id: &str) {
        let Some(urn) = &self.urn else {
            user.retain(|name, _| !name.eq_ignore_ascii_case(&self.name));
            user.insert(self.name.clone(), id.into());
            return;
        };
        let key = user.keys().find(|key| key.eq_ignore_ascii_case(urn)).cloned().unwrap_or_else(|| urn.clone());
        if let Json::Object(members) = user.entry(key).or_insert_with(|| Json::Object(Map::new())) {
            members.retain(|name, _| !name.eq_ignore_ascii_case(&self.name));
            members.insert(self.name.clone(), id.into());
        }
        if let Json::Array(urns) = user.entry("schemas").or_insert_with(|| Json::Array(Vec::new()))
            && !urns.iter().any(|other| other.as_str().is_some_and(|other| other.eq_ignore_ascii_case(urn)))
        {
            urns.push(urn.clone().into());
        }
    }

    /// Whether the service keeps it, as far as it says. Every user has `externalId`, even if the schema does not list it.
    fn is_kept(&self, schemas: &Schemas) -> bool {
        let attributes = match &self.urn {
            Some(urn) => schemas.other(urn).unwrap_or_default(),
            None => &schemas.user,
        };
        match find(attributes, &self.name) {
            Some(attribute) => !attribute.is_read_only,
            None => self.urn.is_none() && self.name.eq_ignore_ascii_case("externalId"),
        }
    }
}

impl Ids {
    pub fn new(attribute: IdAttribute) -> Self {
        Self { attribute, are_dropped: AtomicBool::new(false) }
    }

    pub fn attribute(&self) -> &IdAttribute {
        &self.attribute
    }

    /// Gives a user its id, if the service takes it: a strict service refuses a user because of it.
    pub fn set(&self, user: &mut Map<String, Json>, id: &str, schemas: Option<&Schemas>) {
        if schemas.is_none_or(|schemas| self.attribute.is_kept(schemas)) {
            self.attribute.set(user, id);
        }
    }

    /// Whether the service keeps ids, as far as it says and shows.
    pub fn are_kept(&self, schemas: Option<&Schemas>) -> bool {
        !self.are_dropped.load(Ordering::Relaxed) && schemas.is_none_or(|schemas| self.attribute.is_kept(schemas))
    }

    /// A new user came back without its id, or with it. Whether this is news.
    pub fn came_back(&self, has_id: bool) -> bool {
        self.are_dropped.swap(!has_id, Ordering::Relaxed) == has_id && !has_id
    }

    /// Nobody can be found. Never an empty result: recovery would give an account up.
    pub fn unknown(&self) -> Failure {
        let detail = format!(
            "the service does not keep `{}`, so accounts of Landfall cannot be found again; set `id_attribute`",
            self.attribute.written()
        );
        Failure::new(PortErrorKind::Misconfigured, detail)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_stand_in_an_attribute_of_the_user_or_of_another_schema() {
        for (written, user, wanted) in [
            ("externalId", json!({ "externalid": "x" }), json!({ "externalId": "e" })),
            (
                "urn:x:Shop:number",
                json!({ "schemas": ["urn:a"] }),
                json!({ "schemas": ["urn:a", "urn:x:Shop"], "urn:x:Shop": { "number": "e" } }),
            ),
            (
                "urn:x:Shop:number",
                json!({ "schemas": ["urn:x:shop"], "urn:X:Shop": { "tier": 1, "Number": "x" } }),
                json!({ "schemas": ["urn:x:shop"], "urn:X:Shop": { "tier": 1, "number": "e" } }),
            ),
        ] {
            let Json::Object(mut user) = user else { panic!("an object") };
            let attribute = IdAttribute::parse(written).unwrap();
            attribute.set(&mut user, "e");
            assert_eq!(attribute.of(&user), Some("e"));
            assert_eq!(Json::from(user), wanted);
        }
        for wrong in ["", "userName", "ID", "a b", "a\" or \"b", "urn:", ":a", "a.b"] {
            assert_eq!(IdAttribute::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn it_is_news_once_that_a_service_drops_ids() {
        let ids = Ids::new(IdAttribute::parse("externalId").unwrap());
        assert!(!ids.came_back(true) && ids.are_kept(None));
        assert!(ids.came_back(false) && !ids.came_back(false) && !ids.are_kept(None));
        assert!(!ids.came_back(true) && ids.are_kept(None));
    }
}
