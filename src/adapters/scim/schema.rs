//! What a service can store of a user, as it says at `/Schemas` (RFC 7643, section 7).

use serde_json::{Map, Value as Json};

use super::api::member;

/// The schema of users.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// The schemas of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schemas {
    /// The attributes of users.
    pub user: Vec<Attribute>,
    /// Other schemas, by their URN.
    pub others: Vec<(String, Vec<Attribute>)>,
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub name: String,
    pub kind: Kind,
    pub is_list: bool,
    pub is_required: bool,
    pub is_read_only: bool,
}

/// The values of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// One value.
    Simple,
    /// Several named ones. Without names, whatever there is.
    Complex(Vec<Attribute>),
}

impl Schemas {
    /// Reads the schemas in a list; `None` if that of users is not among them.
    pub fn read<'j>(found: impl Iterator<Item = &'j Json>) -> Option<Self> {
        let (mut user, mut others) = (None, Vec::new());
        for schema in found.filter_map(Json::as_object) {
            let Some(id) = member(schema, "id").and_then(Json::as_str) else { continue };
            let attributes = attributes(schema, "attributes");
            if id.eq_ignore_ascii_case(USER) {
                user = Some(attributes);
            } else {
                others.push((id.to_owned(), attributes));
            }
        }
        user.filter(|user| !user.is_empty()).map(|user| Self { user, others })
    }

    /// The attributes of a schema other than that of users.
    pub fn other(&self, urn: &str) -> Option<&[Attribute]> {
        let found = self.others.iter().find(|(id, _)| id.eq_ignore_ascii_case(urn));
        found.map(|(_, attributes)| attributes.as_slice())
    }

    /// Whether users have this attribute and it can be written.
    pub fn takes(&self, name: &str) -> bool {
        find(&self.user, name).is_some_and(|attribute| !attribute.is_read_only)
    }

    /// Whether users must have this attribute.
    pub fn requires(&self, name: &str) -> bool {
        find(&self.user, name).is_some_and(|attribute| attribute.is_required)
    }
}

/// The attribute with this name, in any case.
pub(super) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

fn attributes(object: &Map<String, Json>, key: &str) -> Vec<Attribute> {
    let listed = member(object, key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    listed.iter().filter_map(|attribute| attribute.as_object().and_then(read)).collect()
}

fn read(attribute: &Map<String, Json>) -> Option<Attribute> {
    let text = |key: &str| member(attribute, key).and_then(Json::as_str).unwrap_or_default();
    let flag = |key: &str| member(attribute, key).and_then(Json::as_bool).unwrap_or(false);
    let name = text("name").to_owned();
    let kind = match text("type") {
        "complex" => Kind::Complex(attributes(attribute, "subAttributes")),
        _ => Kind::Simple,
    };
    let is_read_only = text("mutability").eq_ignore_ascii_case("readOnly");
    (!name.is_empty()).then(|| Attribute {
        name,
        kind,
        is_list: flag("multiValued"),
        is_required: flag("required"),
        is_read_only,
    })
}
