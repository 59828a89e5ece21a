//! Errors of scripts, in terms that authors of rules understand, without Rhai's terminology.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use rhai::{Dynamic, EvalAltResult, LexError, ParseError, ParseErrorType, Position};

use super::bridge::ConversionError;
use super::budget::Stop;
use super::helpers::{self, FunctionError};
use super::limits::{MAX_REASON, MAX_SOURCE};
use super::{foreign, place, steps};
use crate::diag::closest;
use crate::engine::op::Failure;

/// Why a script does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// The invalid bytes of the script, if known.
    pub at: Option<Range<usize>>,
    /// One sentence.
    pub message: String,
    /// What to do; empty if the message is enough.
    pub help: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ScriptError {}

/// Why a script failed on the values of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptFailure {
    /// The bytes of the script where it happened, if known.
    pub at: Option<Range<usize>>,
    /// One sentence, without values of the record.
    pub failure: Failure,
    /// The kind of failure.
    pub kind: FailureKind,
}

/// The kinds of script failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// One of [`super::ScriptLimits`] was reached.
    Limit,
    /// The script did something that is not possible.
    Error,
    /// The script executed `throw "reason"`. The key has 1 to 64 lowercase letters, digits, `_`, `-` and `.`, and is a literal
    /// in the script, so it contains no data of the record.
    Thrown(String),
}

/// The help for an unknown word that is similar to a known one.
fn did_you_mean<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    closest(word, names).map(|name| format!("did you mean `{name}`?"))
}

pub(super) fn too_long(bytes: usize) -> ScriptError {
    ScriptError {
        at: None,
        message: format!("the script has {bytes} bytes, more than the maximum of {MAX_SOURCE}"),
        help: "move parts of it to steps".into(),
    }
}

/// The message and help for a script that is nested too deeply.
const TOO_DEEP: (&str, &str) = (
    "the script is nested or chained too deeply",
    "split it into several `let` statements, use `switch` for a chain of `else if`, or a template for a chain of `+`",
);

pub(super) fn too_deep(source: &str, position: Position) -> ScriptError {
    ScriptError { at: place::range(source, position), message: TOO_DEEP.0.into(), help: TOO_DEEP.1.into() }
}

pub(super) fn unknown_function(source: &str, name: &str, position: Position, own: &BTreeSet<String>) -> ScriptError {
    let at = place::range(source, position);
    let subject = at.as_ref().map_or("x", |at| foreign::subject(source, at));
    let mut known: Vec<&str> = helpers::names().chain(steps::all().map(|spec| spec.name)).collect();
    known.extend(own.iter().map(String::as_str));
    let help = foreign::function(name, subject)
        .or_else(|| did_you_mean(name, known.into_iter()))
        .unwrap_or_else(|| "`landfall ops --scripts` lists the functions of scripts".to_owned());
    ScriptError { at, message: format!("there is no function `{name}`"), help }
}

pub(super) fn changed_input(source: &str, name: &str, position: Position) -> ScriptError {
    let (message, help) = input_is_constant(name);
    ScriptError { at: place::range(source, position), message, help: help.to_owned() }
}

fn input_is_constant(name: &str) -> (String, &'static str) {
    (format!("`{name}` is an input and cannot be changed"), "copy it first: `let changed = …`")
}

pub(super) fn unknown_in_function(source: &str, name: &str, position: Position) -> ScriptError {
    ScriptError {
        at: place::range(source, position),
        message: format!("there is no variable `{name}`"),
        help: "a function can use only its own arguments, not the inputs".into(),
    }
}

/// Text in double quotes that was meant to be a template.
pub(super) fn not_a_template(source: &str, text: &str, position: Position) -> ScriptError {
    let at = place::range(source, position).map(|at| {
        let written = format!("\"{text}\"");
        let is_whole = source.get(at.start..).is_some_and(|rest| rest.starts_with(&written));
        if is_whole { at.start..at.start + written.len() } else { at }
    });
    let message = "`${…}` in double quotes is text, not a value".to_owned();
    ScriptError { at, message, help: format!("put the text in backticks: ``{text}``") }
}

/// A property of other languages that texts and lists do not have here.
pub(super) fn not_a_property(source: &str, name: &str, position: Position) -> ScriptError {
    let at = place::range(source, position);
    let subject = at.as_ref().map_or("x", |at| foreign::subject(source, at));
    let call = match name {
        "length" => "len",
        other => other,
    };
    let help = format!("write `{call}({subject})`; a member with this name is `{subject}[\"{name}\"]`");
    ScriptError { at, message: format!("`{name}` is not a property of text or lists"), help }
}

/// The error of a script that does not parse.
pub(super) fn compile(source: &str, inputs: &[&str], found: &ParseError) -> ScriptError {
    let at = match found.err_type() {
        ParseErrorType::UnexpectedEOF => Some(source.len()..source.len()),
        ParseErrorType::BadInput(LexError::MalformedChar(word)) => place::range(source, found.position()).map(|at| {
            let written = source.get(at.start..).is_some_and(|rest| rest.starts_with(&format!("'{word}'")));
            if written { at.start..at.start + word.len() + 2 } else { at }
        }),
        _ => place::range(source, found.position()),
    };
    let (message, help) = parse_message(found.err_type(), inputs);
    let place = at.as_ref().map_or(0, |at| at.start);
    let help = known_habit(source, place, found.err_type()).unwrap_or(help);
    ScriptError { at, message, help }
}

/// Help for syntax of other languages.
fn known_habit(source: &str, at: usize, kind: &ParseErrorType) -> Option<String> {
    let after = |length: usize| source.get(at + length..).unwrap_or("").trim_start();
    match kind {
        ParseErrorType::Reserved(word) | ParseErrorType::UnknownOperator(word) if word == "?" => {
            foreign::ternary(source, at)
        }
        ParseErrorType::Reserved(word) | ParseErrorType::VariableUndefined(word)
            if foreign::NOTHING.split(' ').any(|nothing| nothing == word) =>
        {
            foreign::compared_with_nothing(source, at)
        }
        ParseErrorType::Reserved(word) if source.get(..at)?.ends_with('.') => {
            foreign::function(word, foreign::subject(source, &(at..at + word.len())))
        }
        ParseErrorType::BadInput(LexError::ImproperSymbol(word, _)) if word == "?" => foreign::ternary(source, at),
        ParseErrorType::MissingToken(token, _) => foreign::missing(source, token, at),
        ParseErrorType::VariableUndefined(name) if after(name.len()).starts_with("=>") => {
            Some(format!("write an anonymous function as `|{name}| …`"))
        }
        ParseErrorType::VariableUndefined(name)
            if after(name.len()).starts_with(":=")
                || (after(name.len()).starts_with('=') && !after(name.len()).starts_with("==")) =>
        {
            Some(format!("declare it first: `let {name} = …`"))
        }
        ParseErrorType::VariableUndefined(name) if name == "f" && source.get(at + 1..)?.starts_with(['"', '\'']) => {
            Some("put text with values in backticks: `Hello ${name}`".to_owned())
        }
        ParseErrorType::VariableExpected if source.get(..at)?.trim_end().ends_with("for") => {
            Some("write `for element in list { … }` or `for number in 0..3 { … }`".to_owned())
        }
        ParseErrorType::MismatchedType(wanted, _) if wanted.contains("bool") => {
            Some("`&&` and `||` combine conditions; for a default value, write `x ?? \"other\"`".to_owned())
        }
        _ => None,
    }
}

fn parse_message(kind: &ParseErrorType, inputs: &[&str]) -> (String, String) {
    let (message, help) = match kind {
        ParseErrorType::UnexpectedEOF => {
            ("the script ends too early".into(), "close all open brackets, braces and parentheses")
        }
        ParseErrorType::BadInput(error) => return lex_message(error),
        ParseErrorType::VariableUndefined(name) => return undefined(name, inputs),
        ParseErrorType::MissingToken(token, _) => (format!("expected `{token}` here"), ""),
        ParseErrorType::ExprTooDeep => (TOO_DEEP.0.into(), TOO_DEEP.1),
        ParseErrorType::TooManyFunctions => {
            ("the script defines too many functions".into(), "move parts of it to steps")
        }
        ParseErrorType::LiteralTooLarge(_, most) => (format!("this literal is larger than {most}"), ""),
        ParseErrorType::AssignmentToConstant(name) => input_is_constant(name),
        ParseErrorType::Reserved(word) | ParseErrorType::UnknownOperator(word) => return disabled_word(word),
        ParseErrorType::FnDuplicatedDefinition(name, _) => (format!("the function `{name}` is defined twice"), ""),
        ParseErrorType::DuplicatedProperty(name) => (format!("the key `{name}` is written twice"), ""),
        ParseErrorType::FnDuplicatedParam(_, name) => (format!("the argument `{name}` is declared twice"), ""),
        ParseErrorType::WrongFnDefinition => ("a function is defined inside a block".into(), "move it to the start"),
        ParseErrorType::LoopBreak => ("`break` or `continue` is outside a loop".into(), ""),
        ParseErrorType::ExprExpected(_) => ("a value is missing here".into(), ""),
        ParseErrorType::VariableExpected => ("a name is missing here".into(), ""),
        ParseErrorType::PropertyExpected => ("a key is missing here".into(), ""),
        other => (lower_first(&other.to_string()), ""),
    };
    (message, help.to_owned())
}

fn lex_message(error: &LexError) -> (String, String) {
    match error {
        LexError::UnterminatedString => ("unterminated text".into(), "end it with the same quote".into()),
        LexError::ImproperSymbol(word, _) => disabled_word(word),
        LexError::UnexpectedInput(word) => {
            let help = foreign::word(word).unwrap_or_default().to_owned();
            (format!("unexpected `{word}`"), help)
        }
        LexError::MalformedEscapeSequence(word) => {
            (format!("`{word}` is not a valid escape sequence"), "write `\\\\` for a backslash".into())
        }
        LexError::MalformedNumber(word) => {
            (format!("`{word}` is not a number"), "write numbers of more than 64 bits as text".into())
        }
        LexError::MalformedChar(word) => {
            (format!("`'{word}'` is not text: single quotes enclose a single character"), format!("write `\"{word}\"`"))
        }
        other => (lower_first(&other.to_string()), String::new()),
    }
}

fn disabled_word(word: &str) -> (String, String) {
    let help = match word {
        "import" | "export" => "scripts have no modules",
        "eval" | "print" | "debug" => "scripts only compute a value, so this is disabled",
        _ => match foreign::word(word) {
            Some(help) => help,
            None if word.starts_with(char::is_alphabetic) => {
                let help = format!(
                    "this is a reserved word: as the key of a map, write `\"{word}\"`; as a name, choose another"
                );
                return (format!("`{word}` cannot be used in a script"), help);
            }
            None => "this is a reserved word without a meaning in scripts; choose another name",
        },
    };
    (format!("`{word}` cannot be used in a script"), help.to_owned())
}

/// Whether scripts can call a function of this name.
fn is_function(name: &str) -> bool {
    helpers::names().any(|known| known == name) || steps::find(name).is_some()
}

fn undefined(name: &str, inputs: &[&str]) -> (String, String) {
    let help = did_you_mean(name, inputs.iter().copied())
        .or_else(|| foreign::word(name).map(str::to_owned))
        .or_else(|| is_function(name).then(|| format!("write its argument in parentheses: `{name}(x)`")))
        .unwrap_or_else(|| match inputs {
            [] => format!("the script has no inputs; declare them: `with: {{ {name}: $.{name} }}`"),
            _ => {
                format!(
                    "the inputs are {}; a rule declares them under `with`, such as `{name}: $.{name}`",
                    quoted(inputs)
                )
            }
        });
    (format!("there is no variable `{name}`"), help)
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_lowercase().collect::<String>()).unwrap_or_default();
    (first + chars.as_str()).replace('\'', "`").trim_end_matches('.').to_owned()
}

pub(super) fn input(name: &str, why: &ConversionError) -> ScriptFailure {
    conversion_failure(format!("the input `{name}` {}", why.why), why)
}

pub(super) fn output(why: &ConversionError) -> ScriptFailure {
    conversion_failure(format!("the result {}", why.why), why)
}

fn conversion_failure(message: String, why: &ConversionError) -> ScriptFailure {
    let kind = if why.limit { FailureKind::Limit } else { FailureKind::Error };
    ScriptFailure { at: None, failure: Failure::new(message), kind }
}

/// The failure of a script that was stopped from outside.
pub(super) fn stopped(stop: Stop, at: Option<Range<usize>>) -> ScriptFailure {
    let (message, kind) = match stop {
        Stop::Operations => ("the script takes too many operations", FailureKind::Limit),
        Stop::Time => ("the script takes too long", FailureKind::Limit),
        Stop::NoText => ("a list or map cannot be used as text; use `join`", FailureKind::Error),
    };
    ScriptFailure { at, failure: Failure::new(message), kind }
}

/// The failure of a script at run time.
pub(super) fn run(source: &str, found: &EvalAltResult, stop: Option<Stop>) -> ScriptFailure {
    let inner = found.unwrap_inner();
    let at = place::range(source, inner.position()).or_else(|| place::range(source, found.position()));
    if let Some(stop) = stop {
        return stopped(stop, at);
    }
    let (message, kind) = match inner {
        EvalAltResult::ErrorRuntime(thrown, _) => thrown_message(source, thrown),
        EvalAltResult::ErrorTooManyOperations(_) => return stopped(Stop::Operations, at),
        EvalAltResult::ErrorTerminated(..) => return stopped(Stop::Time, at),
        EvalAltResult::ErrorTooManyVariables(_) => ("the script has too many variables".into(), FailureKind::Limit),
        EvalAltResult::ErrorStackOverflow(_) => ("functions call each other too deeply".into(), FailureKind::Limit),
        EvalAltResult::ErrorDataTooLarge(..) => ("a text, list or map grows too large".into(), FailureKind::Limit),
        other => (run_message(source, other), FailureKind::Error),
    };
    ScriptFailure { at, failure: Failure::new(message), kind }
}

fn thrown_message(source: &str, thrown: &Dynamic) -> (String, FailureKind) {
    if let Some(wrong) = thrown.read_lock::<FunctionError>() {
        return (wrong.0.clone().into_owned(), FailureKind::Error);
    }
    match thrown.as_immutable_string_ref() {
        Ok(reason) if is_reason(source, &reason) => {
            let reason = reason.as_str();
            (format!("the script threw `{reason}`"), FailureKind::Thrown(reason.to_owned()))
        }
        _ => ("the script threw a value that is not a reason key written in the script".into(), FailureKind::Error),
    }
}

fn is_reason(source: &str, reason: &str) -> bool {
    let proper = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'_' | b'-' | b'.');
    (1..=MAX_REASON).contains(&reason.len())
        && reason.bytes().all(proper)
        && ['"', '`'].iter().any(|quote| source.contains(&format!("{quote}{reason}{quote}")))
}

fn run_message(source: &str, found: &EvalAltResult) -> String {
    match found {
        EvalAltResult::ErrorFunctionNotFound(signature, _) => not_applicable(source, signature),
        EvalAltResult::ErrorNonPureMethodCallOnConstant(..) | EvalAltResult::ErrorAssignmentToConstant(..) => {
            "an input cannot be changed; copy it first with `let`".into()
        }
        EvalAltResult::ErrorMismatchDataType(wanted, found, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, found, _) => {
            format!("expected {}, found {}", kind_name(wanted), kind_name(found))
        }
        EvalAltResult::ErrorIndexingType(..) => "this value has no elements or members".into(),
        EvalAltResult::ErrorArrayBounds(..) => "the list has no element at this position".into(),
        EvalAltResult::ErrorStringBounds(..) => "the text has no character at this position".into(),
        EvalAltResult::ErrorBitFieldBounds(..) => "the number has no bit at this position".into(),
        EvalAltResult::ErrorFor(_) => "this value cannot be looped over".into(),
        EvalAltResult::ErrorDotExpr(..) | EvalAltResult::ErrorPropertyNotFound(..) => {
            "this value has no such member; write `?.` if it may be `()`".into()
        }
        EvalAltResult::ErrorArithmetic(..) => "invalid arithmetic: overflow, division by zero or not a number".into(),
        EvalAltResult::ErrorUnboundThis(_) => "`this` is used outside a method".into(),
        _ => "the script cannot continue here".into(),
    }
}

/// Turns `lower (array)` into a sentence. The name is left out if the script does not contain it.
fn not_applicable(source: &str, signature: &str) -> String {
    let (name, kinds) = signature.split_once(" (").unwrap_or((signature, ""));
    let kinds: Vec<_> =
        kinds.trim_end_matches(')').split(", ").filter(|kind| !kind.is_empty()).map(kind_name).collect();
    let name = name.trim();
    let what = if source.contains(name) { format!("`{name}`") } else { "this".to_owned() };
    match kinds.as_slice() {
        [] => format!("{what} does not work here"),
        kinds => format!("{what} does not work on {}", kinds.join(" and ")),
    }
}

fn kind_name(name: &str) -> &'static str {
    // Rhai names the types that text may have as `&str | ImmutableString | String`.
    let name = name.split(" | ").next().unwrap_or_default();
    match name.trim_start_matches("&mut ").rsplit("::").next().unwrap_or_default().trim() {
        "string" | "ImmutableString" | "str" | "&str" | "String" | "char" => "text",
        "i64" => "an integer",
        "f64" => "a number",
        "bool" => "a boolean",
        "array" | "Array" => "a list",
        "map" | "Map" => "a map",
        "blob" | "Blob" => "bytes",
        "()" | "unit" => "nothing",
        "Fn" | "FnPtr" => "a function",
        _ => "another value",
    }
}
