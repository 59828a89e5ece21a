//! Turns the arguments of steps as written into checked arguments.

use std::ops::Range;

use regex::RegexBuilder;

use super::late;
use super::steps::Flow;
use super::word::is_predicate;
use super::{Compiler, argument_names, unknown};
use crate::diag::{Diagnostic, Files, Span, closest};
use crate::engine::op::{Argument, ArgumentKind, ArgumentSpec, Named, OpSpec, Output};
use crate::engine::operand::Operands;
use crate::engine::path::Tail;
use crate::model::Kinds;
use crate::rules::condition::Subject;
use crate::rules::fields::{boolean, choice, expected};
use crate::rules::syntax::{Expr, RefExpr, Root, StepDef};
use crate::rules::{Entry, Node, body, expr, read_condition, reference};

/// The largest compiled regex, in bytes. Stops large repetitions of character classes (`[\p{L}]{1,64}` is over 10 MB);
/// every pattern of the shipped rules is below 100 KB.
const MAX_REGEX_BYTES: usize = 1024 * 1024;

impl Compiler<'_> {
    /// The checked arguments of a step.
    pub(super) fn arguments(&mut self, spec: &'static OpSpec, def: &StepDef) -> Option<Named> {
        let before = self.findings.len();
        let given = self.given(spec, def)?;
        let is_misspelt = self.findings.len() > before;
        let mut arguments = Named::new();
        let mut complete = true;
        for argument in spec.arguments {
            match given.iter().find(|(have, _)| have.name == argument.name) {
                Some((_, node)) => match self.argument(spec, argument, node) {
                    Some(value) => arguments.push((argument, value)),
                    None => complete = false,
                },
                // the missing argument is probably the misspelt one, or was given under another name
                None if argument.required && (is_misspelt || has_unknown(spec, def)) => complete = false,
                None if argument.required => {
                    complete = false;
                    let help = match unknown::example(spec) {
                        Some(example) => {
                            format!("for example, write `{{ {example} }}`; `{}` is {}", argument.name, argument.about)
                        }
                        None if argument.main => format!("write `{}: …`: {}", spec.name, argument.about),
                        None => format!("write `{}: {{ {}: … }}`: {}", spec.name, argument.name, argument.about),
                    };
                    let message = format!("`{}` needs `{}`", spec.name, argument.name);
                    self.findings.push(Diagnostic::error("R406", def.name.span, message, help));
                }
                None => {}
            }
        }
        (complete && !has_unknown(spec, def)).then_some(arguments)
    }

    /// Matches nodes to arguments.
    fn given<'n>(&mut self, spec: &'static OpSpec, def: &'n StepDef) -> Option<Vec<(&'static ArgumentSpec, &'n Node)>> {
        let Some(node) = &def.argument else { return Some(Vec::new()) };
        if spec.arguments.is_empty() && node.is_null() {
            return Some(Vec::new());
        }
        if spec.arguments.is_empty() {
            let message = format!("`{}` takes no argument", spec.name);
            self.findings.push(Diagnostic::error("R206", node.span, message, format!("write `{}` alone", spec.name)));
            return None;
        }
        let main = spec.arguments.iter().find(|argument| argument.main);
        if let (false, Some(main)) = (is_named(spec, node), main) {
            return Some(vec![(main, node)]);
        }
        let Some(entries) = node.as_map() else {
            let message = format!("`{}` takes its arguments by name", spec.name);
            let help = node
                .as_list()
                .and_then(|items| unknown::positional(spec, items))
                .or_else(|| unknown::example(spec))
                .map_or_else(|| usage(spec), |step| format!("write `{{ {step} }}`"));
            self.findings.push(Diagnostic::error("R406", node.span, message, help));
            return None;
        };
        let mut given = Vec::new();
        for entry in entries {
            match spec.arguments.iter().find(|argument| argument.name == entry.key) {
                Some(argument) => given.push((argument, &entry.value)),
                None => {
                    let help = match argument_names::meant(spec, &entry.key) {
                        // the two differ not only in name
                        Some("end") if spec.name == "slice" => {
                            "write `{ slice: { start: 0, end: 3 } }`: `end` is the position after the last character"
                                .to_owned()
                        }
                        Some(near) => format!("did you mean `{near}`?"),
                        None => usage(spec),
                    };
                    let message = format!("`{}` has no argument `{}`", spec.name, entry.key);
                    self.findings.push(Diagnostic::error("R206", entry.key_span, message, help));
                }
            }
        }
        Some(given)
    }

    fn argument(&mut self, op: &OpSpec, spec: &ArgumentSpec, node: &Node) -> Option<Argument> {
        if late::is_read(spec, node) {
            return self.late_argument(node);
        }
        if self.takes_no_reference(spec, node) {
            return None;
        }
        self.null_as_argument(spec, node);
        self.boolean_as_text(spec, node);
        self.other_text_in_argument(op, spec, node);
        self.pattern_as_argument(op, spec, node);
        match spec.kind {
            ArgumentKind::Text => self.literal_text(node).map(Argument::Text),
            ArgumentKind::Choice(words) => choice(node, words, self.findings)
                .and_then(|at| words.get(at))
                .map(|word| Argument::Text((*word).to_owned())),
            ArgumentKind::Texts => {
                let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
                let texts: Vec<Option<String>> = nodes.iter().map(|node| self.literal_text(node)).collect();
                texts.into_iter().collect::<Option<_>>().map(Argument::Texts)
            }
            ArgumentKind::Integer => self.scalar(node, node.as_integer(), "a whole number").map(Argument::Integer),
            ArgumentKind::Boolean => boolean(node, self.findings).map(Argument::Boolean),
            ArgumentKind::Regex => self.regex(node).map(Argument::Regex),
            ArgumentKind::Operand => {
                let expr = expr::read(node, self.findings)?;
                if (op.name, spec.name) == ("lookup", "in") && self.names_no_object(&expr) {
                    return None;
                }
                self.keys_are_fixed(&expr);
                let (operand, kinds) = self.operand(&expr)?;
                self.takes_one_value(op, spec, &expr, kinds);
                Some(Argument::Operand(operand))
            }
            ArgumentKind::Operands => self.operands(op, node),
            ArgumentKind::Condition => {
                let cond = read_condition(node, Subject::Element, self.findings)?;
                self.element_condition(&cond, op.name).map(Argument::Condition)
            }
            ArgumentKind::Steps => {
                let defs = body::steps(node, self.findings);
                let steps = self.on_element(|compiler| compiler.steps(&defs, &mut Flow::of(Kinds::ANY)));
                Some(Argument::Steps(steps))
            }
            ArgumentKind::Lookup => self.lookup(node).map(Argument::Lookup),
            ArgumentKind::Path => self.path(node).map(Argument::Path),
            ArgumentKind::Fields => self.fields(node),
        }
    }

    /// Reports a `NULL` among values to compare with, where the word was probably meant: no value equals it.
    fn null_as_argument(&mut self, spec: &ArgumentSpec, node: &Node) {
        let compares = matches!(spec.kind, ArgumentKind::Operands) || (spec.name != "default" && spec.main);
        let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
        for node in nodes.iter().filter(|node| compares && node.is_null()) {
            let Some(word @ ("NULL" | "Null" | "null")) = node.as_text() else { continue };
            let message = format!("`{word}` without quotes means no value, and nothing equals no value");
            let help = format!("write `\"{word}\"` for the word; a null in the record already counts as no value");
            self.findings.push(Diagnostic::warning("R113", node.span, message, help));
        }
    }

    /// Reports `trim: true`, which would strip the letters of `true`.
    fn boolean_as_text(&mut self, spec: &ArgumentSpec, node: &Node) {
        let takes_text = spec.main && matches!(spec.kind, ArgumentKind::Text | ArgumentKind::Texts);
        if let (true, Some(word), Some(_)) = (takes_text, node.as_text(), node.as_bool()) {
            let message = format!("`{word}` is text here: it is the argument `{}`, {}", spec.name, spec.about);
            let help = format!("write the step without an argument to use the defaults, or `\"{word}\"` for the text");
            self.findings.push(Diagnostic::warning("R113", node.span, message, help));
        }
    }

    fn operands(&mut self, op: &OpSpec, node: &Node) -> Option<Argument> {
        let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
        let values: Vec<Option<Expr>> = nodes.iter().map(|node| expr::read(node, self.findings)).collect();
        let values: Vec<Expr> = values.into_iter().collect::<Option<_>>()?;
        self.values_behind_a_constant(op, &values);
        self.operands_of(&values).map(Argument::Operands)
    }

    /// Several values, each with a flag that says whether it is a parameter.
    pub(super) fn operands_of(&mut self, values: &[Expr]) -> Option<Operands> {
        let is_param = |value: &Expr| matches!(value, Expr::Reference(RefExpr { root: Root::Variable(name), .. }) if name == "params");
        let operands: Vec<Option<_>> =
            values.iter().map(|value| Some((self.operand(value)?.0, is_param(value)))).collect();
        operands.into_iter().collect()
    }

    /// Reports a list in an argument that takes one value.
    fn takes_one_value(&mut self, op: &OpSpec, spec: &ArgumentSpec, value: &Expr, kinds: Kinds) {
        // these accept or return any value, including lists
        const ANY_VALUE: &[&str] = &["equals", "default", "constant", "find_key", "keys"];
        let is_list = kinds == Kinds::LIST || self.scope.is_list_param(value);
        if !is_list || ANY_VALUE.contains(&op.name) || (op.name == "lookup" && spec.name == "default") {
            return;
        }
        let written = self.files.excerpt(value.span());
        let message = format!("`{}` takes one value here, but `{written}` is a list", op.name);
        let help = match &self.asked {
            Some(left) if is_predicate(op) => one_by_one(self.files, op, left, value),
            _ => "pass one value".to_owned(),
        };
        self.findings.push(Diagnostic::error("R401", value.span(), message, help));
    }

    fn fields(&mut self, node: &Node) -> Option<Argument> {
        let Some(entries) = node.as_map() else {
            self.findings.push(expected(node, "a map"));
            return None;
        };
        let fields: Vec<Option<_>> = entries
            .iter()
            .map(|entry| {
                let expr = expr::read(&entry.value, self.findings)?;
                self.operand(&expr).map(|(operand, _)| (entry.key.clone(), operand))
            })
            .collect();
        fields.into_iter().collect::<Option<_>>().map(Argument::Fields)
    }

    /// Compiles something in which `$item` is the element.
    pub(super) fn on_element<T>(&mut self, compile: impl FnOnce(&mut Self) -> T) -> T {
        let outside = std::mem::replace(&mut self.scope.on_element, true);
        let reads_outside = std::mem::take(&mut self.scope.element_reads);
        let result = compile(self);
        self.scope.on_element = outside;
        self.scope.last_element_reads = std::mem::replace(&mut self.scope.element_reads, reads_outside);
        result
    }

    pub(super) fn constant_text(&mut self, node: &Node) -> Option<String> {
        let text = node.as_text().filter(|_| !node.is_null()).map(str::to_owned);
        if text.is_none() {
            self.findings.push(expected(node, "text"));
        }
        text
    }

    /// Text that is taken literally, except for a doubled dollar at its beginning.
    fn literal_text(&mut self, node: &Node) -> Option<String> {
        let text = self.constant_text(node)?;
        match text.strip_prefix('$').filter(|rest| rest.len() > 1 && reference::is_reference(rest)) {
            Some(escaped) => Some(escaped.to_owned()),
            None => Some(text),
        }
    }

    fn scalar<T>(&mut self, node: &Node, value: Option<T>, what: &str) -> Option<T> {
        if value.is_none() {
            self.findings.push(expected(node, what));
        }
        value
    }

    fn regex(&mut self, node: &Node) -> Option<regex::Regex> {
        let pattern = self.constant_text(node)?;
        self.escape_in_regex(node);
        if let Err(error) = regex_syntax::Parser::new().parse(&pattern) {
            self.findings.push(regex_problem(node, &pattern, &error));
            return None;
        }
        match bounded_regex(&pattern) {
            Some(regex) => {
                if let Some((inner, flags)) = in_slashes(&pattern).or_else(|| node.plain().and_then(between_slashes)) {
                    let flags = if flags.is_empty() { String::new() } else { format!("(?{flags})") };
                    let help = format!("write `'{flags}{inner}'`");
                    let message = "the slashes around the regex are matched literally";
                    self.findings.push(Diagnostic::warning("R301", node.span, message, help));
                }
                if pattern.starts_with(".*") && pattern.len() > 2 {
                    let help = "begin with what must come first, or anchor the regex with `^`";
                    let message = "the regex begins with `.*`, which makes every search start again at every character";
                    self.findings.push(Diagnostic::warning("R302", node.part(0..2), message, help));
                }
                Some(regex)
            }
            None => {
                self.findings.push(Diagnostic::error("R302", node.span, TOO_LARGE.0, TOO_LARGE.1));
                None
            }
        }
    }

    /// A path inside a value: `a.b[0]`, with or without `$.` before it.
    fn path(&mut self, node: &Node) -> Option<Tail> {
        let text = self.constant_text(node)?;
        let (path, lead) = match (text.strip_prefix('$'), text.starts_with('[')) {
            (Some(rest), _) => (rest.to_owned(), 1),
            (None, true) => (text.clone(), 0),
            (None, false) => (format!(".{text}"), -1_isize),
        };
        match reference::parse(&path) {
            Ok(query) => Some(Tail::of(query)),
            Err(problem) => {
                let shift = |at: usize| at.saturating_add_signed(lead).min(text.len());
                let place = node.part(shift(problem.at.start)..shift(problem.at.end));
                self.findings.push(Diagnostic::error("R203", place, problem.message, problem.help));
                None
            }
        }
    }
}

/// Matches nodes to arguments, as far as the names are known.
pub(super) fn written<'n>(spec: &'static OpSpec, def: &'n StepDef) -> Vec<(&'static ArgumentSpec, &'n Node)> {
    let Some(node) = &def.argument else { return Vec::new() };
    let find = |name: &str| spec.arguments.iter().find(|argument| argument.name == name);
    if !is_named(spec, node)
        && let Some(main) = spec.arguments.iter().find(|argument| argument.main)
    {
        return vec![(main, node)];
    }
    let entries = node.as_map().unwrap_or_default().iter();
    entries.filter_map(|entry| Some((find(&entry.key)?, &entry.value))).collect()
}

/// Whether a step's argument is a map of argument names.
fn is_named(spec: &OpSpec, node: &Node) -> bool {
    let Some(entries) = node.as_map() else { return false };
    let main = spec.arguments.iter().find(|argument| argument.main);
    let is_known = |key: &str| spec.arguments.iter().any(|argument| argument.name == key);
    !main.is_some_and(ArgumentSpec::takes_maps)
        || entries.iter().any(|entry| is_known(&entry.key))
        || is_misspelt(spec, entries)
}

/// Whether a map with one key is a misspelt argument, of an op that does not take objects to build or merge.
fn is_misspelt(spec: &OpSpec, entries: &[Entry]) -> bool {
    let [entry] = entries else { return false };
    let is_compared =
        spec.output == Output::Is(Kinds::BOOLEAN) || ["nothing_if", "only", "without"].contains(&spec.name);
    is_compared && closest(&entry.key, spec.arguments.iter().map(|argument| argument.name)).is_some()
}

/// The node of an argument, if it is given.
pub(super) fn place_of<'n>(spec: &OpSpec, given: &'n Node, argument: &ArgumentSpec) -> Option<&'n Node> {
    if is_named(spec, given) { given.get(argument.name) } else { Some(given).filter(|_| argument.main) }
}

/// The help for a predicate that is given several values: test each of them.
fn one_by_one(files: &Files, op: &OpSpec, left: &str, value: &Expr) -> String {
    let asked = |value: &str| format!("{{ {left}: {{ {}: {value} }} }}", op.name);
    let parts: Vec<String> = match value {
        Expr::List(items, _) if items.len() <= 3 => {
            items.iter().map(|item| asked(files.excerpt(item.span()))).collect()
        }
        _ => vec![asked("…"), asked("…")],
    };
    let members = match op.name {
        "contains" => format!(
            "; if `{left}` is a list and one matching element is enough, write `{left}: {{ any: {{ where: {{ $item: {} }} }} }}`",
            files.excerpt(value.span())
        ),
        _ => String::new(),
    };
    format!("test each of them: `any: [ {} ]`{members}", parts.join(", "))
}

/// Whether the step has no argument of a name that is given.
fn has_unknown(spec: &OpSpec, def: &StepDef) -> bool {
    let named = def.argument.as_ref().filter(|node| is_named(spec, node) || !spec.arguments.iter().any(|one| one.main));
    let given = named.and_then(Node::as_map).unwrap_or_default();
    given.iter().any(|entry| spec.arguments.iter().all(|argument| argument.name != entry.key))
}

fn usage(spec: &OpSpec) -> String {
    let names: Vec<String> = spec.arguments.iter().map(|argument| format!("`{}`", argument.name)).collect();
    format!("its arguments are {}; see `landfall ops {}`", names.join(", "), spec.name)
}

/// The place of an argument of a step, or of characters inside it.
pub(super) fn place(spec: &OpSpec, def: &StepDef, name: &str, at: Option<Range<usize>>) -> Span {
    let Some(node) = &def.argument else { return def.name.span };
    let named = if is_named(spec, node) { node.get(name) } else { None };
    let node = named.unwrap_or(node);
    // a list of texts reports places inside its first element
    let node = node.as_list().and_then(<[Node]>::first).filter(|_| at.is_some()).unwrap_or(node);
    at.map_or(node.span, |range| node.part(range))
}

const TOO_LARGE: (&str, &str) = (
    "the regex is too large when compiled",
    "use fewer repetitions; the usual cause is `{1,64}` over a large class such as `\\p{L}`",
);

fn bounded_regex(pattern: &str) -> Option<regex::Regex> {
    RegexBuilder::new(pattern).size_limit(MAX_REGEX_BYTES).dfa_size_limit(MAX_REGEX_BYTES).build().ok()
}

/// A regex inside a script.
///
/// # Errors
/// What is wrong with it, and what to do.
pub(crate) fn script_regex(pattern: &str) -> Result<regex::Regex, (String, String)> {
    if let Err(error) = regex_syntax::Parser::new().parse(pattern) {
        let (_, reason, help) = regex_mistake(pattern, &error);
        return Err((format!("invalid regex: {reason}"), help.to_owned()));
    }
    bounded_regex(pattern).ok_or_else(|| (TOO_LARGE.0.to_owned(), TOO_LARGE.1.to_owned()))
}

/// `/^a/i`, as JavaScript and Perl write a regex: the pattern and the flags.
fn in_slashes(pattern: &str) -> Option<(&str, &str)> {
    let (inner, flags) = pattern.strip_prefix('/')?.rsplit_once('/')?;
    let is_anchored = inner.starts_with('^') || inner.ends_with('$') || !flags.is_empty();
    let flags_are = flags.chars().all(|flag| matches!(flag, 'i' | 'g' | 'm' | 's' | 'u' | 'x'));
    (is_anchored && flags_are && !inner.is_empty()).then(|| (inner, flags.trim_matches(['g', 'u'])))
}

/// `/x/`, which could be part of a path if it stood in quotes.
pub(super) fn between_slashes(pattern: &str) -> Option<(&str, &str)> {
    let inner = pattern.strip_prefix('/')?.strip_suffix('/')?;
    (!inner.is_empty() && !inner.contains('/')).then_some((inner, ""))
}

fn regex_problem(node: &Node, pattern: &str, error: &regex_syntax::Error) -> Diagnostic {
    let (range, reason, help) = regex_mistake(pattern, error);
    Diagnostic::error("R301", node.part(range), format!("invalid regex: {reason}"), help)
}

/// The place of a mistake in a regex, what it is, and what to do.
fn regex_mistake(pattern: &str, error: &regex_syntax::Error) -> (Range<usize>, String, &'static str) {
    let (range, reason) = match error {
        regex_syntax::Error::Parse(error) => {
            (error.span().start.offset..error.span().end.offset, error.kind().to_string())
        }
        regex_syntax::Error::Translate(error) => {
            (error.span().start.offset..error.span().end.offset, error.kind().to_string())
        }
        other => (0..pattern.len(), other.to_string()),
    };
    let help = if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| pattern.contains(look)) {
        "look-around cannot be matched in linear time: use a group, or two steps"
    } else if reason.contains("backreference") {
        "backreferences are not supported: use two steps, or a script"
    } else if reason.contains("unclosed group") {
        "close it with `)`, or write `\\(` for the character itself"
    } else if reason.contains("unclosed character class") {
        "close it with `]`, or write `\\[` for the character itself"
    } else if reason.contains("missing expression") {
        "`*`, `+` and `?` repeat what comes before them: write `.*` for any text, `\\*` for the character itself"
    } else if reason.contains("unopened group") {
        "open it with `(`, or write `\\)` for the character itself"
    } else {
        "see https://docs.rs/regex/latest/regex/#syntax"
    };
    (range, reason, help)
}
