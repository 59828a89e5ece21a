//! Compiles values into operands: literals get their types, references are resolved.

use super::Compiler;
use super::lookup::undoubled;
use crate::diag::{Diagnostic, Span};
use crate::engine::operand::{Operand, Part, Parts, Template};
use crate::model::Kinds;
use crate::rules::syntax::{Expr, TemplatePart};
use crate::rules::{Node, NodeKind, foreign};

impl Compiler<'_> {
    /// The operand of a value, and its possible kinds.
    pub(super) fn operand(&mut self, expr: &Expr) -> Option<(Operand, Kinds)> {
        match expr {
            Expr::Literal(node) => {
                self.names_in_text(node);
                Some(literal(node))
            }
            Expr::Reference(reference) => {
                let (reference, kinds) = self.scope.resolve(reference, self.findings)?;
                let kinds = if reference.tail.is_singular() { kinds } else { Kinds::LIST };
                Some((Operand::Reference(reference), kinds))
            }
            Expr::Template(parts, span) => {
                self.names_in_template(parts, *span);
                let parts: Vec<Option<Part>> = parts.iter().map(|part| self.template_part(part)).collect();
                let parts: Vec<Part> = parts.into_iter().collect::<Option<_>>()?;
                let operand = match parts.as_slice() {
                    [Part::Text(text)] => Operand::Text(text.clone()),
                    _ => Operand::Template(Template(parts)),
                };
                Some((operand, Kinds::TEXT))
            }
            Expr::List(items, _) => {
                let items: Vec<Option<Operand>> = items.iter().map(|item| Some(self.operand(item)?.0)).collect();
                Some((Operand::List(items.into_iter().collect::<Option<_>>()?), Kinds::LIST))
            }
            Expr::Map(members, _) => {
                let members: Vec<Option<_>> = members
                    .iter()
                    .map(|(key, value)| Some((undoubled(&key.text).into(), self.operand(value)?.0)))
                    .collect();
                Some((Operand::Object(members.into_iter().collect::<Option<_>>()?), Kinds::OBJECT))
            }
        }
    }

    /// Reports working values in a text without braces.
    fn names_in_text(&mut self, node: &Node) {
        if self.is_digest_template || !node.as_text().is_some_and(|text| text.contains('$')) {
            return;
        }
        let lets = &self.scope.lets;
        let finding = foreign::check_names(node, &|name| lets.iter().any(|known| known.name == name));
        if let Some(finding) = finding {
            self.findings.push(finding);
        }
    }

    /// Reports those in the text of a template, where escaped dollars cannot be distinguished from others.
    fn names_in_template(&mut self, parts: &[TemplatePart], span: Span) {
        if self.is_digest_template || self.files.excerpt(span).contains("$$") {
            return;
        }
        let named = parts.iter().find_map(|part| match part {
            TemplatePart::Text(text) => self.scope.lets.iter().find(|known| names(text, &known.name)),
            TemplatePart::Reference(_) => None,
        });
        if let Some(variable) = named {
            let message = format!("`${0}` inside text is a reference only in braces", variable.name);
            let help = format!("write `{{${}}}`", variable.name);
            self.findings.push(Diagnostic::warning("R216", span, message, help));
        }
    }

    /// The operand of `value:` or `default:`: parts without a value are left out of its lists and maps.
    pub(super) fn made_value(&mut self, expr: &Expr, keep_empty: bool) -> Option<(Operand, Kinds)> {
        if let Expr::List(..) | Expr::Map(..) = expr {
            self.parts_without_value(expr, keep_empty);
        }
        self.operand(expr).map(|(operand, kinds)| (Parts::of(operand, keep_empty), kinds))
    }

    /// Reports parts that never have a value.
    fn parts_without_value(&mut self, expr: &Expr, keep_empty: bool) {
        let parts: Vec<&Expr> = match expr {
            Expr::List(items, _) => items.iter().collect(),
            Expr::Map(members, _) => members.iter().map(|(_, value)| value).collect(),
            Expr::Literal(_) | Expr::Reference(_) | Expr::Template(..) => return,
        };
        for part in parts {
            let (what, help) = match part {
                Expr::Literal(node) if node.is_null() => ("`null`", "remove it: `null` is never written"),
                part if is_empty(part) && !keep_empty => {
                    ("empty", "remove it, or write `keep_empty: true` in the rule to keep empty parts")
                }
                part => {
                    self.parts_without_value(part, keep_empty);
                    continue;
                }
            };
            let message = format!("this part is {what}, so it is always left out");
            self.findings.push(Diagnostic::warning("R404", part.span(), message, help));
        }
    }

    fn template_part(&mut self, part: &TemplatePart) -> Option<Part> {
        match part {
            TemplatePart::Text(text) => Some(Part::Text(text.as_str().into())),
            TemplatePart::Reference(reference) => {
                self.scope.resolve(reference, self.findings).map(|(reference, _)| Part::Reference(reference))
            }
        }
    }
}

/// Whether a text contains `$name` as a word.
fn names(text: &str, name: &str) -> bool {
    let is_word = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices('$').any(|(at, _)| {
        text.get(at + 1..).and_then(|rest| rest.strip_prefix(name)).is_some_and(is_word)
            && !text.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric))
    })
}

/// Whether a value is written as `""`, `[]` or `{}`.
fn is_empty(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(node) => node.as_text() == Some(""),
        Expr::List(items, _) => items.is_empty(),
        Expr::Map(members, _) => members.is_empty(),
        Expr::Reference(_) | Expr::Template(..) => false,
    }
}

/// A node without references as an operand: plain scalars have the types of YAML 1.2's core schema, and numbers keep
/// their text when they do not fit 64 bits.
#[must_use]
pub fn literal(node: &Node) -> (Operand, Kinds) {
    match &node.kind {
        NodeKind::List(items) => (Operand::List(items.iter().map(|item| literal(item).0).collect()), Kinds::LIST),
        NodeKind::Map(entries) => {
            let members = entries.iter().map(|entry| (entry.key.as_str().into(), literal(&entry.value).0)).collect();
            (Operand::Object(members), Kinds::OBJECT)
        }
        NodeKind::Scalar(scalar) => {
            if node.is_null() {
                (Operand::Null, Kinds::NOTHING)
            } else if let Some(value) = node.as_bool() {
                (Operand::Bool(value), Kinds::BOOLEAN)
            } else if let Some(value) = node.as_integer() {
                (Operand::Int(value), Kinds::INTEGER)
            } else if node.plain().is_some_and(is_json_number) {
                (Operand::Decimal(scalar.text.as_str().into()), Kinds::NUMBER)
            } else {
                (Operand::Text(scalar.text.as_str().into()), Kinds::TEXT)
            }
        }
    }
}

/// Whether a text is a number as JSON writes it (RFC 8259, section 6).
fn is_json_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}
