//! Help for unknown steps: what to write instead, with the arguments that the author gave.

use crate::diag::closest;
use crate::engine::op::OpSpec;
use crate::engine::ops;
use crate::engine::ops::foreign::{self, Write};
use crate::engine::ops::time_format;
use crate::rules::{Node, body, reference};

/// What to write instead of an unknown step. `written` is the argument as written in the file.
pub(super) fn help(name: &str, argument: Option<&Node>, written: &str, chains: &[String]) -> String {
    instead(name, argument, written).unwrap_or_else(|| {
        let candidates = ops::all().map(|spec| spec.name).chain(chains.iter().map(String::as_str));
        match closest(name, candidates) {
            Some(near) => format!("did you mean `{near}`? `landfall ops` lists all steps"),
            None => "`landfall ops` lists all steps".to_owned(),
        }
    })
}

/// Help that does not follow from the spelling.
fn instead(name: &str, argument: Option<&Node>, written: &str) -> Option<String> {
    if let Some(help) = shape(name) {
        return Some(help);
    }
    if let Some((called, inner)) = call(name) {
        let help = match (of_name(called, None, ""), ops::find(called)) {
            (Some(help), _) => help,
            (None, Some(_)) if inner.is_empty() => format!("write `{called}`"),
            (None, Some(spec)) => format!("write `{{ {} }}`", example(spec)?),
            (None, None) => return None,
        };
        return Some(format!("steps have no parentheses; their arguments follow a colon: {help}"));
    }
    of_name(name, argument, written)
}

/// A step's place in a rule, and steps that run into each other.
fn shape(name: &str) -> Option<String> {
    if name.contains('\n') || name.contains(" - ") {
        let steps: Vec<&str> = name.split([' ', '\n']).map(|step| step.trim_start_matches('-')).collect();
        let steps: Vec<&str> = steps.into_iter().filter(|step| !step.is_empty()).collect();
        return Some(format!(
            "put every step on its own line and align the dashes, or write `[ {} ]`",
            steps.join(", ")
        ));
    }
    if let Some(step) = name.strip_prefix('-').filter(|step| !step.is_empty()) {
        let steps: Vec<&str> = step.split(" -").map(str::trim).collect();
        return Some(format!("put a space after the dash: `- {}`", steps.join("`, `- ")));
    }
    for separator in [",", "|", ">>", "->"] {
        let steps: Vec<&str> = name.split(separator).map(str::trim).filter(|step| !step.is_empty()).collect();
        if steps.len() > 1 && steps.iter().all(|step| is_word(step)) {
            return Some(format!("steps are a list: write `[ {} ]`", steps.join(", ")));
        }
    }
    if let Some((step, argument)) = name.split_once(':').filter(|(step, _)| is_word(step)) {
        return Some(format!("put a space after the colon: `{step}: {argument}`"));
    }
    if reference::is_reference(name) {
        return Some("a reference goes in `from` or `value`; steps change the value that it reads".to_owned());
    }
    let rule_keys = ["when", "then", "as", "required", "on_error", "from", "value", "with", "keep_empty"];
    let is_key = body::KEYS.contains(&name) && rule_keys.contains(&name);
    is_key.then(|| format!("`{name}` is a key of the rule: write it next to `do`, not inside it"))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// `lower()` and `substr(0, 3)`: the name, and the text between the parentheses.
fn call(name: &str) -> Option<(&str, &str)> {
    let (called, inner) = name.split_once('(')?;
    Some((called.trim_start_matches('.'), inner.trim_end_matches(')').trim()))
}

fn of_name(name: &str, argument: Option<&Node>, written: &str) -> Option<String> {
    let wanted = foreign::plain(name);
    let as_written = foreign::FOREIGN.iter().any(|row| row.names.split(' ').any(|known| known == name));
    let same = |spec: &OpSpec| foreign::plain(spec.name) == wanted && spec.name != name;
    if let Some(spec) = ops::all().find(|spec| !as_written && same(spec)) {
        return Some(format!("did you mean `{}`?", spec.name));
    }
    let row = foreign::find(name)?;
    Some(match row.write {
        Write::Step(step) => {
            let step = with_arguments(step, argument, written).unwrap_or_else(|| step.to_owned());
            translation(name, &step)
        }
        Write::Shown(step) => translation(name, step),
        Write::Steps(steps) => format!("`{name}` takes several steps here: `do: [ {steps} ]`"),
        Write::Rule(rule) => {
            format!("`{name}` is not a step: write the whole rule, such as `CLAIM: {rule}`")
        }
        Write::Condition(condition) => {
            format!("`{name}` is not a step: write a condition, such as `when: {condition}`")
        }
        Write::Nothing(why) => why.to_owned(),
    })
}

fn translation(name: &str, step: &str) -> String {
    match step.split_once(':') {
        Some((op, _)) => format!("`{name}` is `{op}` here: write `{{ {step} }}`"),
        None => format!("`{name}` is `{step}` here: write `{step}`"),
    }
}

/// The step with the arguments from the file, if they can be kept in their order.
fn with_arguments(step: &str, argument: Option<&Node>, written: &str) -> Option<String> {
    let argument = argument?;
    let (op, _) = step.split_once(':')?;
    let spec = ops::find(op)?;
    if let Some(items) = argument.as_list() {
        return positional(spec, items);
    }
    let has_one = argument.as_text().is_some() && !argument.is_null();
    if !has_one || spec.arguments.iter().filter(|argument| argument.required).count() > 1 {
        return None;
    }
    let pattern = argument.as_text().filter(|_| matches!(op, "date" | "format_date"));
    if let Some(translated) = pattern.and_then(time_format::translated) {
        return Some(format!("{op}: \"{translated}\""));
    }
    spec.arguments.iter().find(|argument| argument.main).map(|_| format!("{op}: {written}"))
}

/// Arguments given as a list, by their names; `None` if the list is ambiguous.
pub(super) fn positional(spec: &OpSpec, items: &[Node]) -> Option<String> {
    let required: Vec<_> = spec.arguments.iter().filter(|argument| argument.required).collect();
    let is_plain = |node: &Node| node.as_text().is_some_and(|text| !text.contains(['\n', '`']));
    if required.is_empty() || items.len() > spec.arguments.len() || items.len() < required.len() {
        return None;
    }
    if !items.iter().all(is_plain) || required.len() == 1 {
        return None;
    }
    let given: Vec<String> = spec
        .arguments
        .iter()
        .zip(items)
        .map(|(argument, node)| format!("{}: {}", argument.name, quoted(node)))
        .collect();
    Some(format!("{}: {{ {} }}", spec.name, given.join(", ")))
}

/// A scalar as it can be written anywhere in a list or map on one line.
pub(super) fn quoted(node: &Node) -> String {
    let text = node.as_text().unwrap_or("");
    if node.plain().is_some_and(is_word) { text.to_owned() } else { in_quotes(text) }
}

/// Text in quotes that need no escapes.
pub(super) fn in_quotes(text: &str) -> String {
    if text.contains('\\') || text.contains('"') {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        format!("\"{text}\"")
    }
}

/// The first example of an op that has an argument, as a step.
pub(super) fn example(spec: &OpSpec) -> Option<String> {
    let example = spec.examples.iter().find(|example| !example.arguments.is_empty())?;
    Some(format!("{}: {}", spec.name, example.arguments))
}
