//! Claims that are objects: a text for such a claim is meant for one of its members.

use super::Compiler;
use super::dead::is_plain;
use super::steps::Flow;
use crate::diag::{Diagnostic, closest};
use crate::model::Kinds;
use crate::rules::syntax::{Body, Expr, Origin, RefExpr, Root, Rule, RuleFile};
use crate::schema::{ObjectShape, Shape, ShapeKind, push_name};

use super::value::literal;

/// The members that a text for an object is most likely meant for, best first.
const USUAL: &[&str] = &[
    "value",
    "full",
    "formatted",
    "display",
    "displayName",
    "full_name",
    "fullName",
    "street_address",
    "streetAddress",
    "address",
    "number",
    "text",
    "id",
    "name",
];

impl Compiler<'_> {
    /// Reports a rule that sets an object claim to something that is not, or probably not, an object.
    pub(super) fn meets_object(&mut self, path: &str, rule: &Rule, shape: &Shape, flow: &Flow) -> bool {
        let body = &rule.body;
        if let (Origin::Value(map @ Expr::Map(..)), true) = (&body.origin, is_plain(body)) {
            self.members_fit(path, map, shape);
            return true;
        }
        let help = match &shape.kind {
            ShapeKind::Object(object) => help_for_object(path, object, body),
            ShapeKind::List(list) if list.element.accepts_kinds() == Kinds::OBJECT => {
                help_for_list(path, &list.element, &self.source_of(body))
            }
            _ => return false,
        };
        let accepted = shape.accepts_kinds();
        if !accepted.meets(flow.kinds) && flow.kinds != Kinds::NOTHING {
            let what = if accepted == Kinds::OBJECT { "is an object" } else { "is a list of objects" };
            let message = format!("the claim `{path}` {what}, but the rule produces {}", flow.kinds);
            self.findings.push(Diagnostic::error("R401", rule.name.span, message, help));
            return true;
        }
        let ShapeKind::Object(object) = &shape.kind else { return false };
        if !is_about_one_member(object) || !self.is_copied(body) {
            return false;
        }
        let message =
            format!("the claim `{path}` is an object, and `{}` is copied into it as a whole", self.source_of(body));
        self.findings.push(Diagnostic::error("R401", rule.name.span, message, help));
        true
    }

    /// Whether a value is copied unchanged from the record, so it is probably text.
    pub(super) fn is_copied(&self, body: &Body) -> bool {
        let copied = |expr: &Expr| matches!(expr, Expr::Reference(reference) if self.is_field(reference));
        is_plain(body)
            && match &body.origin {
                Origin::From(sources) => sources.iter().all(copied),
                Origin::Value(value) => copied(value),
                Origin::Script(_) => false,
            }
    }

    fn is_field(&self, reference: &RefExpr) -> bool {
        match &reference.root {
            Root::Record => !reference.query.segments.is_empty(),
            Root::Variable(name) if name == "account" => false,
            // a member of a working value; the working value itself may have been built as an object
            Root::Variable(name) => !reference.query.segments.is_empty() || self.copied_lets.contains(name),
        }
    }

    /// The working values that are copies of fields, under another name.
    pub(super) fn note_copies(&mut self, rules: &RuleFile) {
        // a copy of a copy is found in one of the next rounds
        for _ in rules.working_values() {
            for rule in rules.working_values() {
                if self.is_copied(&rule.body) && !self.copied_lets.contains(&rule.name.text) {
                    self.copied_lets.push(rule.name.text.clone());
                }
            }
        }
    }

    fn source_of(&self, body: &Body) -> String {
        match &body.origin {
            Origin::From(sources) => sources.first().map_or("$.field", |source| self.files.excerpt(source.span())),
            Origin::Value(value) => self.files.excerpt(value.span()),
            Origin::Script(_) => "$.field",
        }
        .trim_matches(['"', '\''])
        .to_owned()
    }

    /// Reports members of a written object that the claim does not have.
    fn members_fit(&mut self, path: &str, expr: &Expr, shape: &Shape) {
        match expr {
            Expr::Map(members, _) => {
                let ShapeKind::Object(object) = &shape.kind else { return };
                for (name, value) in members {
                    let inner = joined(path, &name.text);
                    match shape.member(&name.text) {
                        Some(member) => self.members_fit(&inner, value, member),
                        None => {
                            let message = format!("the claim `{path}` has no member `{}`", name.text);
                            let names = object.members.iter().map(|member| member.name.as_str());
                            let help = match closest(&name.text, names.clone()) {
                                Some(near) => format!("did you mean `{near}`?"),
                                None => format!("its members are {}", listed(names)),
                            };
                            self.findings.push(Diagnostic::error("R201", name.span, message, help));
                        }
                    }
                }
            }
            Expr::Literal(node) => self.constant_fits(&literal(node).0, shape, node.span, ""),
            Expr::Reference(_) | Expr::Template(..) | Expr::List(..) => {}
        }
    }
}

/// The most members of an object that is one value with attributes, such as an email address with `verified`. Larger
/// ones, such as postal addresses, are often copied as a whole.
const FEW_MEMBERS: usize = 3;

/// Whether a field that is copied to an object claim is almost certainly meant for one of its members.
fn is_about_one_member(object: &ObjectShape) -> bool {
    primary(object).is_some_and(|member| member == "value" || object.members.len() <= FEW_MEMBERS)
}

/// The main member of an object: its only required one, or `value`.
fn primary(object: &ObjectShape) -> Option<&str> {
    let mut required = object.members.iter().filter(|member| member.required);
    let only = match (required.next(), required.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    let found = only.or_else(|| object.find("value"))?;
    is_scalar(&found.shape).then_some(found.name.as_str())
}

/// The member that a text is most likely meant for.
fn likely_member(object: &ObjectShape) -> Option<&str> {
    let usual = || USUAL.iter().find_map(|name| object.find(name)).map(|member| member.name.as_str());
    let first_text = || object.members.iter().find(|member| member.shape.accepts_kinds().meets(Kinds::TEXT));
    primary(object).or_else(usual).or_else(|| first_text().map(|member| member.name.as_str()))
}

fn is_scalar(shape: &Shape) -> bool {
    let kinds = shape.accepts_kinds();
    !kinds.meets(Kinds::OBJECT) && !kinds.meets(Kinds::LIST)
}

fn help_for_object(path: &str, object: &ObjectShape, body: &Body) -> String {
    let Some(member) = likely_member(object) else {
        let member = last_name(body).unwrap_or("NAME");
        return format!("name the member, such as `{}`", joined(path, member));
    };
    let meant = format!("did you mean `{}`?", joined(path, member));
    let others: Vec<String> =
        object.members.iter().filter(|other| other.name != member).take(3).map(|m| joined(path, &m.name)).collect();
    if others.is_empty() {
        meant
    } else {
        format!("{meant} The object also has {}", listed(others.iter().map(String::as_str)))
    }
}

fn help_for_list(path: &str, element: &Shape, source: &str) -> String {
    let member = match &element.kind {
        ShapeKind::Object(object) => likely_member(object).unwrap_or("value"),
        _ => "value",
    };
    format!("write `{path}: {{ from: {source}, as: list, each: {{ {member}: $item }} }}` for a list of one")
}

/// The last name in the reference that a rule copies.
fn last_name(body: &Body) -> Option<&str> {
    let Origin::From(sources) = &body.origin else { return None };
    let Some(Expr::Reference(reference)) = sources.first() else { return None };
    reference.text.rsplit('.').next().filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// The path of a member.
pub(super) fn joined(path: &str, member: &str) -> String {
    let mut joined = path.to_owned();
    push_name(&mut joined, member);
    joined
}

/// Names in backticks, separated by commas.
pub(super) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
