//! `landfall ops`: the documentation of the steps.

mod scripts;

use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::{Value as Json, json};

use super::terminal::{output_columns, row};
use super::{CommandError, FINE, show};
use crate::engine::compile::step_help;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Example, Family, Gives, OpSpec, Output};
use crate::engine::{late, ops};

/// Arguments of `landfall ops`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall ops                       # all steps, by family
  landfall ops date                  # one step: its arguments, examples, and when it fails
  landfall ops --scripts             # what a script may call: functions, and steps by name
  landfall ops --format markdown     # the reference page
  landfall ops --format json         # for other programs")]
pub struct Arguments {
    /// The step to explain [default: list all steps]
    op: Option<String>,
    /// List what a script may call instead
    #[arg(long, conflicts_with = "op")]
    scripts: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// The output format.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Text for people
    Human,
    /// A JSON document
    Json,
    /// A Markdown page
    Markdown,
}

/// The columns of the details of a step on a wide terminal.
const DETAIL_COLUMNS: usize = 96;

/// The families in the order in which they are listed, with their headings.
const FAMILIES: [(Family, &str); 8] = [
    (Family::Text, "Text"),
    (Family::Number, "Numbers and booleans"),
    (Family::Time, "Dates and times"),
    (Family::Collection, "Lists and objects"),
    (Family::Decode, "Decoding"),
    (Family::Identity, "Identity values"),
    (Family::Predicate, "Predicates"),
    (Family::Choice, "Choosing and looking up"),
];

/// Runs the command.
///
/// # Errors
/// If there is no such step.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let text = match (&arguments.op, arguments.format) {
        (None, format) if arguments.scripts => scripts::list(format),
        (None, Format::Human) => table(output_columns()),
        (None, Format::Markdown) => page(),
        (None, Format::Json) => format!("{:#}\n", Json::from_iter(ops::all().map(op_json))),
        (Some(name), format) => {
            let spec = ops::find(name).ok_or_else(|| unknown(name))?;
            match format {
                Format::Human => details(spec, output_columns()),
                Format::Markdown => section(spec),
                Format::Json => format!("{:#}\n", op_json(spec)),
            }
        }
    };
    show::output(&text)?;
    Ok(FINE)
}

fn unknown(name: &str) -> CommandError {
    CommandError::new(format!("there is no step `{name}`")).help(step_help(name))
}

fn of_family(family: Family) -> impl Iterator<Item = &'static OpSpec> {
    ops::all().filter(move |spec| spec.family == family)
}

fn table(columns: Option<usize>) -> String {
    let width = ops::all().map(|spec| spec.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (family, heading) in FAMILIES {
        // writing to a `String` cannot fail
        let _ = writeln!(out, "{heading}");
        for spec in of_family(family) {
            out.push_str(&row(&format!("  {:width$}  ", spec.name), spec.summary, columns));
        }
        out.push('\n');
    }
    let _ = writeln!(out, "`landfall ops NAME` explains one of them.");
    out
}

fn details(spec: &OpSpec, columns: Option<usize>) -> String {
    let mut out = format!("{}: {}\n\n", spec.name, spec.summary);
    if !spec.details.is_empty() {
        let _ = writeln!(out, "{}\n", wrapped(spec.details, columns.unwrap_or(DETAIL_COLUMNS).min(DETAIL_COLUMNS)));
    }
    for (head, text) in [("takes   ", takes(spec)), ("gives   ", gives(spec)), ("fails   ", fails(spec))] {
        out.push_str(&row(head, &text, columns));
    }
    if !spec.arguments.is_empty() {
        out.push_str("\narguments\n");
        let width = spec.arguments.iter().map(|argument| argument.name.len()).max().unwrap_or(0);
        for argument in spec.arguments {
            let text = format!("{} ({})", argument.about, facts(argument));
            out.push_str(&row(&format!("  {:width$}  ", argument.name), &text, columns));
        }
    }
    if !spec.examples.is_empty() {
        out.push_str("\nexamples\n");
        for example in spec.examples {
            let _ = writeln!(out, "  - {}", call(spec, example));
            let _ = writeln!(out, "      {} → {}", example.input, result(&example.gives));
        }
    }
    out
}

fn page() -> String {
    let mut out = "# Steps\n".to_owned();
    for (family, heading) in FAMILIES {
        let _ = write!(out, "\n## {heading}\n\n| step | what it does |\n|---|---|\n");
        for spec in of_family(family) {
            let _ = writeln!(out, "| [`{}`](#{}) | {} |", spec.name, spec.name, cell(spec.summary));
        }
        for spec in of_family(family) {
            let _ = write!(out, "\n{}", section(spec));
        }
    }
    out
}

fn section(spec: &OpSpec) -> String {
    let mut out = format!("### {}\n\n`{}` {}.", spec.name, spec.name, spec.summary);
    if !spec.details.is_empty() {
        let _ = write!(out, " {}", spec.details);
    }
    let _ = write!(out, "\n\nTakes {}, gives {}. Fails: {}.\n", takes(spec), gives(spec), fails(spec));
    if !spec.arguments.is_empty() {
        out.push_str("\n| argument | kind | about |\n|---|---|---|\n");
        for argument in spec.arguments {
            let _ = writeln!(out, "| `{}` | {} | {} |", argument.name, cell(&facts(argument)), cell(argument.about));
        }
    }
    if !spec.examples.is_empty() {
        out.push_str("\n```yaml\n");
        for example in spec.examples {
            let _ = writeln!(out, "- {}  # {} → {}", call(spec, example), example.input, result(&example.gives));
        }
        out.push_str("```\n");
    }
    out
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn takes(spec: &OpSpec) -> String {
    let kinds = spec.input.to_string();
    if spec.takes_nothing { format!("{kinds}, and also missing and null") } else { kinds }
}

fn gives(spec: &OpSpec) -> String {
    match spec.output {
        Output::Is(kinds) => kinds.to_string(),
        Output::Same => "the same kind as the input".to_owned(),
        Output::Element => "an element of the list, of any kind".to_owned(),
    }
}

fn fails(spec: &OpSpec) -> String {
    if spec.fails.is_empty() { "never".to_owned() } else { format!("when {}", spec.fails) }
}

/// The kind of an argument and whether it is required, as text.
fn facts(argument: &ArgumentSpec) -> String {
    let kind = match argument.kind {
        ArgumentKind::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "),
        kind => kind_name(kind).to_owned(),
    };
    let read = if late::may_be_read(argument) { ", or a reference" } else { "" };
    let need = if argument.required { "; required" } else { "" };
    let main = if argument.main { "; can be written without its name" } else { "" };
    format!("{kind}{read}{need}{main}")
}

fn kind_name(kind: ArgumentKind) -> &'static str {
    match kind {
        ArgumentKind::Text => "text",
        ArgumentKind::Texts => "text or a list of texts",
        ArgumentKind::Integer => "whole number",
        ArgumentKind::Boolean => "`true` or `false`",
        ArgumentKind::Choice(_) => "keyword",
        ArgumentKind::Regex => "regex",
        ArgumentKind::Operand => "value or reference",
        ArgumentKind::Operands => "value or reference, or a list of them",
        ArgumentKind::Condition => "condition",
        ArgumentKind::Steps => "steps",
        ArgumentKind::Lookup => "name of a lookup",
        ArgumentKind::Path => "path",
        ArgumentKind::Fields => "map of names to values or references",
    }
}

fn call(spec: &OpSpec, example: &Example) -> String {
    if example.arguments.is_empty() { spec.name.to_owned() } else { format!("{}: {}", spec.name, example.arguments) }
}

fn result(gives: &Gives) -> &'static str {
    match gives {
        Gives::Value(value) => value,
        Gives::Nothing => "no value",
        Gives::Failure => "fails",
    }
}

fn op_json(spec: &OpSpec) -> Json {
    let examples: Vec<Json> = spec.examples.iter().map(example_json).collect();
    let arguments: Vec<Json> = spec.arguments.iter().map(argument_json).collect();
    let family = FAMILIES.iter().find(|(family, _)| *family == spec.family).map(|(_, heading)| *heading);
    json!({
        "name": spec.name,
        "family": family,
        "summary": spec.summary,
        "details": spec.details,
        "takes": spec.input.to_string(),
        "takes_nothing": spec.takes_nothing,
        "gives": gives(spec),
        "fails": spec.fails,
        "arguments": arguments,
        "examples": examples,
    })
}

fn argument_json(argument: &ArgumentSpec) -> Json {
    let mut out = json!({
        "name": argument.name,
        "kind": kind_name(argument.kind),
        "reference": late::may_be_read(argument),
        "required": argument.required,
        "main": argument.main,
        "about": argument.about,
    });
    if let (ArgumentKind::Choice(words), Some(members)) = (argument.kind, out.as_object_mut()) {
        members.insert("choices".to_owned(), json!(words));
    }
    out
}

fn example_json(example: &Example) -> Json {
    let data = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_else(|_| text.into());
    let mut out = json!({ "arguments": example.arguments, "input": data(example.input) });
    let (key, value) = match &example.gives {
        Gives::Value(value) => ("gives", data(value)),
        Gives::Nothing => ("gives_nothing", Json::Bool(true)),
        Gives::Failure => ("fails", Json::Bool(true)),
    };
    if let Some(members) = out.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
    out
}

/// The text, wrapped into lines of at most `width` characters.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_is_explained() {
        insta::assert_snapshot!(details(ops::find("pivot").unwrap(), None));
        insta::assert_snapshot!(section(ops::find("trim").unwrap()));
    }

    #[test]
    fn every_step_is_listed_in_every_format() {
        let (table, page) = (table(None), page());
        for spec in ops::all() {
            assert!(table.contains(&format!("\n  {} ", spec.name)), "{}", spec.name);
            assert!(page.contains(&format!("### {}\n", spec.name)), "{}", spec.name);
            let json = op_json(spec);
            assert_eq!(json["examples"].as_array().unwrap().len(), spec.examples.len());
        }
        assert_eq!(unknown("datee").help.unwrap(), "did you mean `date`? `landfall ops` lists all steps");
    }
}
