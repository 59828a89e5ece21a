//! Shapes a user to what a service knows. Strict services refuse a whole user because of one attribute that they do not know.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::api::member;
use super::schema::{Attribute, Kind, Schemas, USER, find};

/// Whether every user has the attribute (RFC 7643, section 3.1), even if the schema does not list it.
fn is_common(name: &str) -> bool {
    name.eq_ignore_ascii_case("externalId")
}

/// A user that a service can store.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shaped {
    /// The user.
    pub user: Map<String, Json>,
    /// The attributes that the service does not know, such as `emails.primary`.
    pub left_out: BTreeSet<String>,
    /// The attributes that the service requires and the user does not have.
    pub missing: BTreeSet<String>,
}

/// Shapes a user. The password is not among its members.
pub(super) fn shape(user: Map<String, Json>, schemas: &Schemas) -> Shaped {
    let mut shaped = Shaped::default();
    let mut urns = vec![USER.to_owned()];
    for (name, value) in user {
        if name.eq_ignore_ascii_case("schemas") {
            continue;
        }
        if name.contains(':') {
            if let Some(extension) = shaped.extension(&name, value, schemas) {
                urns.push(name.clone());
                shaped.user.insert(name, extension);
            }
        } else if is_common(&name) && find(&schemas.user, &name).is_none() {
            shaped.user.insert(name, value);
        } else if let Some((name, value)) = shaped.attribute("", &name, value, &schemas.user) {
            shaped.user.insert(name, value);
        }
    }
    shaped.require("", &schemas.user, &shaped.user.clone());
    shaped.user.insert("schemas".to_owned(), urns.into());
    shaped
}

impl Shaped {
    fn extension(&mut self, urn: &str, value: Json, schemas: &Schemas) -> Option<Json> {
        let (Some(attributes), Json::Object(members)) = (schemas.other(urn), value) else {
            self.left_out.insert(urn.to_owned());
            return None;
        };
        let shaped = self.members(&format!("{urn}:"), members, attributes);
        (!shaped.is_empty()).then_some(Json::Object(shaped))
    }

    /// The members of a complex value, or of an extension. `before` stands in front of their names.
    fn members(&mut self, before: &str, members: Map<String, Json>, attributes: &[Attribute]) -> Map<String, Json> {
        let known = members.into_iter().filter_map(|(name, value)| self.attribute(before, &name, value, attributes));
        let shaped: Map<String, Json> = known.collect();
        if !shaped.is_empty() {
            self.require(before, attributes, &shaped);
        }
        shaped
    }

    /// The name as the service writes it, and the value in its shape.
    fn attribute(&mut self, before: &str, name: &str, value: Json, attributes: &[Attribute]) -> Option<(String, Json)> {
        let path = format!("{before}{name}");
        let Some(attribute) = find(attributes, name).filter(|attribute| !attribute.is_read_only) else {
            self.left_out.insert(path);
            return None;
        };
        let value = match (attribute.is_list, value) {
            (_, Json::Null) => None,
            (true, Json::Array(items)) => {
                let items = items.into_iter().filter_map(|item| self.value(&path, item, attribute));
                let items: Vec<Json> = items.collect();
                (!items.is_empty()).then_some(Json::Array(items))
            }
            (true, value) => self.value(&path, value, attribute).map(|value| Json::Array(vec![value])),
            (false, Json::Array(mut items)) if items.len() == 1 => {
                items.pop().and_then(|item| self.value(&path, item, attribute))
            }
            (false, Json::Array(_)) => {
                self.left_out.insert(path);
                None
            }
            (false, value) => self.value(&path, value, attribute),
        };
        value.map(|value| (attribute.name.clone(), value))
    }

    /// One value. A complex value has a `value`; services differ in whether roles are texts or objects.
    fn value(&mut self, path: &str, value: Json, attribute: &Attribute) -> Option<Json> {
        match (&attribute.kind, value) {
            (Kind::Simple, Json::Object(members)) => {
                let inner = member(&members, "value").filter(|value| !value.is_object()).cloned();
                if inner.is_none() {
                    self.left_out.insert(path.to_owned());
                }
                inner
            }
            (Kind::Complex(parts), Json::Object(members)) if !parts.is_empty() => {
                let shaped = self.members(&format!("{path}."), members, parts);
                (!shaped.is_empty()).then_some(Json::Object(shaped))
            }
            (Kind::Complex(parts), value) if !value.is_object() && find(parts, "value").is_some() => {
                Some(Json::Object(Map::from_iter([("value".to_owned(), value)])))
            }
            (Kind::Complex(_), Json::Object(members)) => Some(Json::Object(members)),
            (Kind::Complex(_), _) => {
                self.left_out.insert(path.to_owned());
                None
            }
            (Kind::Simple, value) => Some(value),
        }
    }

    fn require(&mut self, before: &str, attributes: &[Attribute], members: &Map<String, Json>) {
        let required = attributes.iter().filter(|attribute| attribute.is_required && !attribute.is_read_only);
        for attribute in required {
            // the password is not among the members; ids are the service's own
            let is_elsewhere = ["password", "id", "schemas", "meta"].contains(&attribute.name.as_str());
            if member(members, &attribute.name).is_none() && !(before.is_empty() && is_elsewhere) {
                self.missing.insert(format!("{before}{}", attribute.name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schemas() -> Schemas {
        let strict = json!([
            { "id": USER, "attributes": [
                { "name": "userName", "type": "string", "required": true },
                { "name": "password", "type": "string", "required": true, "mutability": "writeOnly" },
                { "name": "active", "type": "boolean", "required": true },
                { "name": "groups", "type": "complex", "multiValued": true, "mutability": "readOnly" },
                { "name": "roles", "type": "string", "multiValued": true },
                { "name": "title", "type": "string" },
                { "name": "name", "type": "complex", "subAttributes": [
                    { "name": "familyName", "type": "string", "required": true },
                    { "name": "givenName", "type": "string" },
                ] },
                { "name": "emails", "type": "complex", "multiValued": true, "subAttributes": [
                    { "name": "value", "type": "string" }, { "name": "type", "type": "string" },
                ] },
                { "name": "manager", "type": "complex" },
            ] },
            { "id": "urn:x:Shop", "attributes": [ { "name": "tier", "type": "string" } ] },
        ]);
        Schemas::read(strict.as_array().unwrap().iter()).unwrap()
    }

    fn shaped(user: Json) -> (Json, Vec<String>, Vec<String>) {
        let Json::Object(user) = user else { panic!("an object") };
        let Shaped { user, left_out, missing } = shape(user, &schemas());
        (user.into(), left_out.into_iter().collect(), missing.into_iter().collect())
    }

    #[test]
    fn what_the_service_does_not_know_is_left_out() {
        let (user, left_out, missing) = shaped(json!({
            "schemas": [USER, "urn:x:Shop", "urn:x:Other"], "externalId": "e", "USERNAME": "ada", "active": true,
            "nickName": "a", "groups": [ { "value": "g" } ], "name": { "familyName": "L", "formatted": "A L" },
            "emails": [ { "value": "a@example.org", "primary": true }, { "primary": false } ],
            "manager": { "value": "7" }, "title": null,
            "urn:x:Shop": { "tier": "gold", "points": 3 }, "urn:x:Other": { "a": 1 },
        }));
        assert_eq!(
            user,
            json!({
                "schemas": [USER, "urn:x:Shop"], "externalId": "e", "userName": "ada", "active": true,
                "name": { "familyName": "L" }, "emails": [ { "value": "a@example.org" } ], "manager": { "value": "7" },
                "urn:x:Shop": { "tier": "gold" },
            })
        );
        let unknown = ["emails.primary", "groups", "name.formatted", "nickName", "urn:x:Other", "urn:x:Shop:points"];
        assert_eq!((left_out, missing), (unknown.map(str::to_owned).to_vec(), Vec::new()));
    }

    #[test]
    fn values_get_the_shape_of_the_service() {
        let (user, left_out, _) = shaped(json!({
            "userName": ["ada"], "active": true, "roles": { "value": "buyer" }, "emails": "a@example.org", "title": ["a", "b"],
        }));
        assert_eq!(
            user,
            json!({
                "schemas": [USER], "userName": "ada", "active": true, "roles": ["buyer"],
                "emails": [ { "value": "a@example.org" } ],
            })
        );
        assert_eq!(left_out, ["title"]);
    }

    #[test]
    fn what_the_service_requires_is_missing() {
        let (_, _, missing) = shaped(json!({ "userName": "ada", "name": { "givenName": "A" } }));
        assert_eq!(missing, ["active", "name.familyName"]);
    }
}
