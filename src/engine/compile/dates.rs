//! Dates where a claim holds times, and times where it holds dates: a rule whose last step gives the other never makes a
//! value.

use super::{Compiler, argument};
use crate::diag::Diagnostic;
use crate::engine::ops;
use crate::engine::ops::time::gives_time;
use crate::rules::Node;
use crate::rules::syntax::{Rule, StepDef};
use crate::schema::{Shape, ShapeKind, TextFormat};

/// Steps that always give a time.
const TIMES: &[&str] = &["epoch", "filetime", "dotnet_date", "extended_json_date"];

impl Compiler<'_> {
    /// The last step of a rule gives what the claim holds, as far as its arguments tell.
    pub(super) fn date_fits(&mut self, rule: &Rule, shape: &Shape) {
        let body = &rule.body;
        let ShapeKind::Text(text) = &shape.kind else { return };
        let wants_time = match text.format {
            Some(TextFormat::DateTime) => true,
            Some(TextFormat::Date | TextFormat::Birthdate) => false,
            _ => return,
        };
        let last = if body.each.is_some() { body.then.last() } else { body.then.last().or(body.steps.last()) };
        let Some(last) = last.filter(|last| body.cast.is_none() && !self.is_chain(last)) else { return };
        let Some(is_time) = result(last).filter(|is_time| *is_time != wants_time) else { return };
        let name = &last.name.text;
        let (given, held) = if is_time { ("a time", "a date") } else { ("a date", "a time") };
        let message = format!("the claim `{}` holds {held}, and this `{name}` always gives {given}", rule.name.text);
        let help = match (is_time, name.as_str()) {
            (true, "date") => self.with_arguments(last, "date"),
            (true, _) => "write the step `to_date` behind it".to_owned(),
            (false, "date") => self.with_arguments(last, "time"),
            (false, _) => "leave the step out".to_owned(),
        };
        self.findings.push(Diagnostic::error("R401", last.name.span, message, help));
    }

    fn is_chain(&self, step: &StepDef) -> bool {
        let meant = self.names_meant(&step.name.text);
        self.chains.iter().any(|chain| meant.contains(&chain.name))
    }

    /// The step with more arguments, as the author would write it.
    fn with_arguments(&self, step: &StepDef, to: &str) -> String {
        let named = step.argument.as_ref().filter(|node| node.as_map().is_some());
        let zone = if to == "time" && named.is_none_or(|node| node.get("zone").is_none()) { ", zone: UTC" } else { "" };
        match formats(step).filter(|_| named.is_none()) {
            Some(format) => format!("write `date: {{ format: {}, to: {to}{zone} }}`", self.files.excerpt(format.span)),
            None => format!("add `to: {to}{zone}` to the arguments of `date`"),
        }
    }
}

/// Whether a step always gives a time, or always a date.
fn result(step: &StepDef) -> Option<bool> {
    match step.name.text.as_str() {
        name if TIMES.contains(&name) => Some(true),
        "to_date" => Some(false),
        "date" => match step.argument.as_ref().and_then(|node| node.get("to")) {
            Some(to) => match to.as_text()? {
                "time" => Some(true),
                "date" => Some(false),
                _ => None,
            },
            None => of_formats(formats(step)?),
        },
        _ => None,
    }
}

fn formats(step: &StepDef) -> Option<&Node> {
    let given = argument::written(ops::find("date")?, step);
    given.into_iter().find(|(argument, _)| argument.name == "format").map(|(_, node)| node)
}

fn of_formats(node: &Node) -> Option<bool> {
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    let mut gives = nodes.iter().map(|node| gives_time(node.as_text()?));
    let first = gives.next()??;
    gives.all(|one| one == Some(first)).then_some(first)
}
