//! Looks up claims by their path, and lists the claims of a schema.

use super::Schema;
use super::path::{path_names, push_name};
use super::shape::{Shape, ShapeKind};

/// What the schema says about one claim path.
#[derive(Debug, Clone, Copy)]
pub struct ClaimShape<'s> {
    /// The shape of the claim's values.
    pub shape: &'s Shape,
    /// Whether the claim is required.
    pub requirement: Requirement,
    /// Whether the claim, an enclosing object or a nested value is marked sensitive.
    pub sensitive: bool,
}

/// Whether a claim is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// It is optional.
    Optional,
    /// It is required if any claim of the enclosing object is present.
    WithParent,
    /// It is required in every account.
    Always,
}

/// A required claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredClaim {
    /// The claim path.
    pub path: String,
    /// The path of the optional object whose presence makes the claim required; `None` if every account needs the claim.
    pub with: Option<String>,
}

impl Schema {
    /// What the schema says about a claim; `None` if the path is invalid or the schema has no such claim.
    ///
    /// Inside an open object every name is a claim, with the shape of the schema's additional members.
    #[must_use]
    pub fn claim(&self, path: &str) -> Option<ClaimShape<'_>> {
        let mut shape = self.root();
        let mut requirement = Requirement::Always;
        let mut sensitive = shape.sensitive;
        for name in path_names(path)? {
            requirement = match &shape.kind {
                ShapeKind::Object(object) => {
                    object.find(name).map_or(Requirement::Optional, |member| member.requirement(requirement))
                }
                _ => Requirement::Optional,
            };
            shape = shape.member(name)?;
            sensitive |= shape.sensitive;
        }
        Some(ClaimShape { shape, requirement, sensitive: sensitive || shape.holds_sensitive() })
    }

    /// All claims that the schema names, in order, objects before their members; for suggestions and listings.
    #[must_use]
    pub fn claim_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect_names(self.root(), "", &mut names);
        names
    }

    /// All claims that are required, always or with their enclosing object, in the order of the schema.
    #[must_use]
    pub fn required_claims(&self) -> Vec<RequiredClaim> {
        let mut claims = Vec::new();
        collect_required(self.root(), "", None, &mut claims);
        claims
    }
}

fn collect_names(shape: &Shape, path: &str, names: &mut Vec<String>) {
    let ShapeKind::Object(object) = &shape.kind else { return };
    for member in &object.members {
        let path = joined(path, &member.name);
        names.push(path.clone());
        collect_names(&member.shape, &path, names);
    }
}

fn collect_required(shape: &Shape, path: &str, with: Option<&str>, claims: &mut Vec<RequiredClaim>) {
    let ShapeKind::Object(object) = &shape.kind else { return };
    for member in &object.members {
        let path = joined(path, &member.name);
        if member.required {
            claims.push(RequiredClaim { path: path.clone(), with: with.map(str::to_owned) });
            collect_required(&member.shape, &path, with, claims);
        } else {
            collect_required(&member.shape, &path, Some(&path), claims);
        }
    }
}

fn joined(path: &str, name: &str) -> String {
    let mut path = path.to_owned();
    push_name(&mut path, name);
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kinds;

    #[test]
    fn claims_of_the_standard_schema() {
        let schema = Schema::builtin("standard").expect("built in");
        for (path, kinds, sensitive) in [
            ("username", Kinds::TEXT, true),
            ("email", Kinds::OBJECT, true),
            ("email.value", Kinds::TEXT, true),
            ("email.verified", Kinds::BOOLEAN, false),
            ("name.given", Kinds::TEXT, true),
            ("status", Kinds::TEXT, false),
            ("roles", Kinds::LIST, false),
            ("custom.greeting", Kinds::JSON, true),
            ("custom.a.b", Kinds::JSON, true),
        ] {
            let claim = schema.claim(path).expect(path);
            assert_eq!((claim.shape.accepts_kinds(), claim.sensitive), (kinds, sensitive), "{path}");
        }
        for path in ["e_mail", "email.wert", "username.x", "email.", "", "roles.x"] {
            assert!(schema.claim(path).is_none(), "{path}");
        }
    }

    #[test]
    fn requirements() {
        let text = r#"{"type": "object", "required": ["a"], "properties": {
            "a": {"type": "object", "required": ["x"], "properties": {"x": {"type": "string"}, "y": {"type": "string"}}},
            "b": {"type": "object", "required": ["x"], "properties": {"x": {"type": "string"}}}}}"#;
        let schema = Schema::load(text).expect("a schema");
        let requirement = |path| schema.claim(path).expect("a claim").requirement;
        assert_eq!(requirement("a"), Requirement::Always);
        assert_eq!(requirement("a.x"), Requirement::Always);
        assert_eq!(requirement("a.y"), Requirement::Optional);
        assert_eq!(requirement("b.x"), Requirement::WithParent);
        let required: Vec<_> = schema.required_claims().into_iter().map(|claim| (claim.path, claim.with)).collect();
        assert_eq!(
            required,
            [("a".to_owned(), None), ("a.x".to_owned(), None), ("b.x".to_owned(), Some("b".to_owned()))]
        );
    }

    #[test]
    fn names_with_dots_are_quoted() {
        let schema = Schema::builtin("scim").expect("built in");
        let urn = r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User".department"#;
        assert!(schema.claim(urn).is_some());
        assert!(schema.claim_names().iter().any(|name| name == urn));
        assert!(schema.claim_names().iter().all(|name| schema.claim(name).is_some()));
    }
}
