//! Compiles `identify`: an id and logins that differ between records.

use super::Compiler;
use super::dependence::Dependence;
use crate::diag::{Diagnostic, Span};
use crate::engine::operand::Operand;
use crate::engine::plan::IdentifyPlan;
use crate::model::Kinds;
use crate::rules::syntax::{Expr, Identify, RuleFile};
use crate::rules::{Node, reference};

/// The texts of a finding about a value that is the same for every record.
struct Same {
    subject: &'static str,
    /// What it is, completing "the id is …", and the kinds of that.
    wanted: (&'static str, Kinds),
    follows: &'static str,
    example: &'static str,
}

const ID: Same = Same {
    subject: "the id",
    wanted: ("one text", Kinds::TEXT.or(Kinds::NUMBER)),
    follows: "every record would be the same customer",
    example: "id: $.id",
};

const LOGIN: Same = Same {
    subject: "this login",
    wanted: ("text or a list of texts", Kinds::TEXT.or(Kinds::NUMBER).or(Kinds::LIST)),
    follows: "every customer would sign in with the same name",
    example: "logins: [ $.login, $.mail ]",
};

impl Compiler<'_> {
    /// Compiles the id and the logins.
    pub(super) fn identify(&mut self, identify: &Identify, rules: &RuleFile) -> Option<IdentifyPlan> {
        let id = self.identifying(&identify.id, &ID, rules);
        let logins: Vec<Option<Operand>> =
            identify.logins.iter().map(|login| self.identifying(login, &LOGIN, rules)).collect();
        Some(IdentifyPlan { id: id?, logins: logins.into_iter().collect::<Option<_>>()? })
    }

    fn identifying(&mut self, expr: &Expr, same: &Same, rules: &RuleFile) -> Option<Operand> {
        if let Expr::List(_, span) | Expr::Map(_, span) = expr {
            let message = format!("{} must be one text, found {}", same.subject, shape(expr));
            let help =
                "define it under `let`, such as `customer: { from: [ $.id, $.uid ] }`, and write `$customer` here";
            self.findings.push(Diagnostic::error("R109", *span, message, help));
            return None;
        }
        let (operand, kinds) = self.operand(expr)?;
        let dependence = Dependence::new(rules, &self.chains);
        if !dependence.reads_record(expr) {
            let made_at = dependence.constant_behind(expr);
            self.same_for_all(expr, same, made_at);
            return None;
        }
        if let Some(split) = &rules.accounts
            && !Dependence::on_element(rules, &self.chains, &split.name.text).reads_record(expr)
        {
            self.findings.push(same_in_record(expr, same, &split.name.text));
        }
        let (wanted, accepted) = same.wanted;
        if !kinds.meets(accepted) {
            let message = format!("{} must be {wanted}, but the input is {kinds}", same.subject);
            let help =
                "take one element, such as `$.mails[0]`, or define it under `let` with `first`, `find` or `join`";
            self.findings.push(Diagnostic::error("R401", expr.span(), message, help));
            return None;
        }
        Some(operand)
    }

    fn same_for_all(&mut self, expr: &Expr, same: &Same, made_at: Option<Span>) {
        let message = format!("{} reads nothing from the record: {}", same.subject, same.follows);
        let finding = Diagnostic::error("R109", expr.span(), message, different(expr, same));
        self.findings.push(match made_at {
            Some(span) => finding.also(span, "consists only of constants"),
            None => finding,
        });
    }
}

/// A value that all accounts of a record share.
fn same_in_record(expr: &Expr, same: &Same, element: &str) -> Diagnostic {
    let (follows, example) = match same.subject {
        "the id" => ("all accounts of a record would be the same customer", format!("\"{{$.id}}-{{${element}.id}}\"")),
        _ => ("all accounts of a record would sign in with the same name", format!("${element}.login")),
    };
    let message = format!("{} reads nothing of `${element}`: {follows}", same.subject);
    Diagnostic::warning("R109", expr.span(), message, format!("read the element, such as `{example}`"))
}

/// Whether a constant may be the name of a field; a number is probably an id copied from a record.
fn is_name(node: &Node) -> bool {
    !node.is_null() && node.as_integer().is_none() && node.as_bool().is_none()
}

fn shape(expr: &Expr) -> &'static str {
    if matches!(expr, Expr::List(..)) { "a list" } else { "a map" }
}

/// How to write a value that differs between records.
fn different(expr: &Expr, same: &Same) -> String {
    match expr {
        Expr::Literal(node) => match node.as_text().filter(|_| is_name(node)).and_then(reference::of_field) {
            Some(reference) => format!("did you mean `{reference}`?"),
            None => format!("read the record, such as `{}`", same.example),
        },
        Expr::Reference(reference) if reference.text.starts_with("$facts.identifier") => {
            "what the customer types is not part of the record; read the field it is compared with".to_owned()
        }
        Expr::Reference(reference) => {
            format!("`{}` is the same for every record: read the record, such as `{}`", reference.text, same.example)
        }
        Expr::Template(..) => "include a field of the record in the text, such as `shop:{$.id}`".to_owned(),
        Expr::List(..) | Expr::Map(..) => format!("read the record, such as `{}`", same.example),
    }
}
