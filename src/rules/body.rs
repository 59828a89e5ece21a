//! Reads the body of a rule: how a claim or a working value is computed.

use super::condition::{self, Subject};
use super::expr;
use super::fields::{Fields, choice, empty, expected, key, list, map, not_a_boolean, nothing_as_text, word};
use super::foreign;
use super::node::{Entry, Node, NodeKind};
use super::reference;
use super::syntax::{
    Body, Cond, DefaultPolicy, Each, ExampleDef, ExampleInput, Expr, OnError, Origin, Required, Rule, ScriptDef,
    StepDef, TemplatePart, Without,
};
use crate::diag::{Diagnostic, Findings, Span};

/// The keys of a rule that is a map.
pub const KEYS: &[&str] = &[
    "about",
    "when",
    "from",
    "value",
    "script",
    "with",
    "do",
    "where",
    "each",
    "then",
    "as",
    "default",
    "otherwise",
    "required",
    "on_error",
    "keep_empty",
    "examples",
    "rejects",
];

/// Reads the body of a rule: a reference, text, or a map. An invalid body is reported, and may be
/// anything.
pub fn read(node: &Node, key_span: Span, subject: Subject, findings: &mut Findings) -> Body {
    shaped(node, key_span, subject, findings).unwrap_or_else(|| plain(node.span, unreadable(node.span)))
}

fn unreadable(span: Span) -> Origin {
    Origin::From(vec![Expr::unreadable(span)])
}

fn shaped(node: &Node, key_span: Span, subject: Subject, findings: &mut Findings) -> Option<Body> {
    if let Some(finding) = expr::unquoted(node).or_else(|| unspaced(node)) {
        findings.push(finding);
        return None;
    }
    match &node.kind {
        NodeKind::Map(_) => read_map(node, key_span, subject, findings),
        NodeKind::Scalar(_) if node.is_null() => {
            findings.push(expected(node, "a reference, a text or a map with `from`, `value` or `script`"));
            None
        }
        NodeKind::Scalar(_) => {
            nothing_as_text(node, "`null`, or nothing at all,", findings);
            let origin = match expr::read(node, findings)? {
                reference @ Expr::Reference(_) => Origin::From(vec![reference]),
                other => Origin::Value(other),
            };
            Some(plain(node.span, origin))
        }
        NodeKind::List(_) => {
            let help = "write `{ from: [ … ] }` for the first that is present, or `{ value: [ … ] }` for a list";
            findings.push(Diagnostic::error(
                "R107",
                node.span,
                "a rule is a reference, a text or a map, found a list",
                help,
            ));
            None
        }
    }
}

/// Reports `from:$.a`, which is text in YAML because the space after the colon is missing.
fn unspaced(node: &Node) -> Option<Diagnostic> {
    let text = node.plain()?;
    let (key, value) = text.split_once(':').filter(|(key, value)| KEYS.contains(key) && !value.is_empty())?;
    let help = format!("write `{key}: {value}`");
    Some(Diagnostic::error("R107", node.span, "a space is missing after the colon", help))
}

/// A body that is only an origin.
#[must_use]
pub fn plain(span: Span, origin: Origin) -> Body {
    Body {
        span,
        when: None,
        origin,
        steps: Vec::new(),
        filter: None,
        filter_span: None,
        each: None,
        each_span: None,
        then: Vec::new(),
        cast: None,
        default: None,
        default_span: None,
        otherwise: None,
        otherwise_span: None,
        required: None,
        on_error: None,
        keep_empty: false,
        examples: Vec::new(),
        rejects: Vec::new(),
    }
}

fn read_map(node: &Node, key_span: Span, subject: Subject, findings: &mut Findings) -> Option<Body> {
    let fields = Fields::open(node, "a rule", KEYS, findings)?;
    // everything is read even if the origin is wrong, so that all problems are reported
    let origin = origin(key_span, &fields, subject, findings).unwrap_or_else(|| unreadable(node.span));
    Some(Body { origin, ..with_origin(node, &fields, subject, findings) })
}

/// Reads everything except the origin of a body.
pub fn with_origin(node: &Node, fields: &Fields<'_>, subject: Subject, findings: &mut Findings) -> Body {
    Body {
        when: condition_of(fields, "when", subject, findings),
        steps: steps_of(fields, "do", findings),
        filter: condition_of(fields, "where", Subject::Element, findings),
        filter_span: fields.entry("where").map(|entry| entry.key_span),
        each: fields.get("each").map(|node| each(node, findings)),
        each_span: fields.entry("each").map(|entry| entry.key_span),
        then: steps_of(fields, "then", findings),
        cast: fields.word("as", findings),
        default: fields.get("default").map(|node| {
            nothing_as_text(node, "`null`, or nothing at all,", findings);
            expr::read_or_any(node, findings)
        }),
        default_span: fields.entry("default").map(|entry| entry.key_span),
        otherwise: fields.get("otherwise").map(|node| expr::read_or_any(node, findings)),
        otherwise_span: fields.entry("otherwise").map(|entry| entry.key_span),
        required: fields.get("required").and_then(|node| required(node, findings)),
        on_error: fields.get("on_error").map(|node| on_error(node, findings)),
        keep_empty: fields.boolean("keep_empty", findings).unwrap_or(false),
        examples: fields.get("examples").map_or_else(Vec::new, |node| examples(node, findings)),
        rejects: fields.list("rejects", findings).to_vec(),
        ..plain(node.span, Origin::From(Vec::new()))
    }
}

fn origin(key_span: Span, fields: &Fields<'_>, subject: Subject, findings: &mut Findings) -> Option<Origin> {
    let given: Vec<_> = ["from", "value", "script"].into_iter().filter_map(|key| fields.entry(key)).collect();
    match given.as_slice() {
        [] if ["from", "value", "script"].into_iter().any(|key| fields.is_misspelled(key)) => return None,
        [] => {
            let help = "say where the value comes from: `from: $.field`, `value: …` or `script: |`";
            findings.push(Diagnostic::error(
                "R110",
                key_span,
                "a rule needs one of `from`, `value` and `script`",
                help,
            ));
            return None;
        }
        [_] => {}
        [first, second, ..] => {
            let message = format!(
                "a rule takes one of `from`, `value` and `script`, but this one has `{}` and `{}`",
                first.key, second.key
            );
            let help = match second.key.as_str() {
                "value" => "keep one of them; use `default:` for a missing value",
                _ => "keep one of them",
            };
            findings
                .push(Diagnostic::error("R110", second.key_span, message, help).also(first.key_span, "the first one"));
            return None;
        }
    }
    if let (Some(entry), None) = (fields.entry("with"), fields.entry("script")) {
        let help = "add `script:`, or remove `with:`";
        findings.push(Diagnostic::error(
            "R110",
            entry.key_span,
            "`with` names the inputs of a script, but there is no script",
            help,
        ));
    }
    if let Some(node) = fields.get("from") {
        return from(node, "from", subject, findings).map(Origin::From);
    }
    if let Some(node) = fields.get("value") {
        nothing_as_text(node, "`null`, or nothing at all,", findings);
        return expr::read(node, findings).map(Origin::Value);
    }
    fields.get("script").and_then(|node| script(node, fields, findings)).map(Origin::Script)
}

/// Reads `from`, or another key like it: one reference or template, or a list of them.
pub fn from(node: &Node, key: &str, subject: Subject, findings: &mut Findings) -> Option<Vec<Expr>> {
    let sources = match node.as_list() {
        Some([]) => {
            findings.push(empty(node, "the list of references is empty", "[ $.field ]"));
            return None;
        }
        Some(items) => items.iter().collect(),
        None => vec![node],
    };
    let read: Vec<Option<Expr>> = sources.into_iter().map(|node| source(node, key, subject, findings)).collect();
    read.into_iter().collect()
}

/// Reads one of the references or templates of `from`, or of another key like it.
pub fn source(node: &Node, key: &str, subject: Subject, findings: &mut Findings) -> Option<Expr> {
    let read = expr::read(node, findings)?;
    if let Expr::Literal(_) | Expr::Map(..) | Expr::List(..) = read {
        let constant = if key == "from" { ", or `value:` for a constant" } else { "" };
        let named = node.as_text().filter(|_| !node.is_null()).and_then(|text| field_named(text, subject));
        let help = match named {
            Some(reference) if subject == Subject::Element => {
                format!("write `{reference}` to read the element{constant}")
            }
            Some(reference) => format!("write `{reference}` to read the record{constant}"),
            None if key != "from" && node.as_scalar().is_none() => {
                "define it under `let`, and write its name here, such as `$login`".to_owned()
            }
            None => format!("write a reference such as `{}.field`{constant}", subject.base()),
        };
        findings.push(Diagnostic::error("R109", node.span, format!("`{key}` takes references"), help));
        return None;
    }
    Some(read)
}

/// The reference to the field that a bare word probably names.
fn field_named(text: &str, subject: Subject) -> Option<String> {
    let of_record = || reference::of_field(text).filter(|_| subject == Subject::Record);
    foreign::reference_for(text, subject).or_else(of_record)
}

fn script(node: &Node, fields: &Fields<'_>, findings: &mut Findings) -> Option<ScriptDef> {
    word(node, findings)?;
    let inputs = fields.get("with").map_or(&[][..], |inputs| map(inputs, findings));
    let with = inputs.iter().map(|entry| (key(entry), expr::read_or_any(&entry.value, findings))).collect();
    Some(ScriptDef { with, source: node.clone() })
}

fn condition_of(fields: &Fields<'_>, name: &str, subject: Subject, findings: &mut Findings) -> Option<Cond> {
    fields.get(name).and_then(|node| condition::read(node, subject, findings))
}

fn steps_of(fields: &Fields<'_>, name: &str, findings: &mut Findings) -> Vec<StepDef> {
    fields.get(name).map_or_else(Vec::new, |node| steps(node, findings))
}

/// Reads a list of steps, or a single step.
pub fn steps(node: &Node, findings: &mut Findings) -> Vec<StepDef> {
    match node.as_list() {
        Some(items) => items.iter().filter_map(|item| step(item, findings)).collect(),
        None if node.is_null() => {
            findings.push(expected(node, "a list of steps such as `[ trim ]`"));
            Vec::new()
        }
        None => step(node, findings).into_iter().collect(),
    }
}

fn step(node: &Node, findings: &mut Findings) -> Option<StepDef> {
    if node.as_list().is_some() {
        let help = "write the steps one after another, in one list";
        findings.push(Diagnostic::error("R107", node.span, "a list of steps is inside another list of steps", help));
        return None;
    }
    match node.as_map() {
        None => word(node, findings).map(|name| StepDef { name, argument: None }),
        Some([entry]) => {
            // an empty value means no argument; an explicit `null` is one
            let argument = (entry.value.as_text() != Some("") || !entry.value.is_null()).then(|| entry.value.clone());
            Some(StepDef { name: key(entry), argument })
        }
        Some(_) => {
            let help = one_step_each(node);
            findings.push(Diagnostic::error("R107", node.span, "a step is a word or a map with one key", help));
            None
        }
    }
}

/// The steps of one map, as separate maps.
fn one_step_each(node: &Node) -> String {
    let entries = node.as_map().unwrap_or_default();
    let step = |entry: &Entry| match entry.value.as_text() {
        Some("") => entry.key.clone(),
        Some(text) if entry.value.plain().is_some() => format!("{{ {}: {text} }}", entry.key),
        Some(text) => format!("{{ {}: \"{text}\" }}", entry.key),
        None => format!("{{ {}: … }}", entry.key),
    };
    match entries {
        [] => "write the name of a step, such as `trim`".to_owned(),
        _ => format!("write one step per list item: `[ {} ]`", entries.iter().map(step).collect::<Vec<_>>().join(", ")),
    }
}

fn each(node: &Node, findings: &mut Findings) -> Each {
    if node.as_list().is_some() || node.as_scalar().is_some() {
        return Each::Steps(steps(node, findings));
    }
    Each::Fields(members(node, Subject::Element, findings))
}

/// Reads a map of names of claims or members to rules. The names are fixed.
pub fn members(node: &Node, subject: Subject, findings: &mut Findings) -> Vec<Rule> {
    let rules = rules(node, subject, findings);
    for rule in &rules {
        let name = &rule.name.text;
        if !name.contains("{$") && !name.contains("${") && !name.contains("{{") {
            continue;
        }
        let message = format!("`{name}` is a name, and names are fixed: nothing is put in place of the braces");
        let help = "write the name out; for names that the record gives, make the object under `let`, with `pivot`, \
                    `rename` or a script";
        findings.push(Diagnostic::error("R202", rule.name.span, message, help));
    }
    rules
}

/// Reads a map of names to rules.
pub fn rules(node: &Node, subject: Subject, findings: &mut Findings) -> Vec<Rule> {
    let mut rest = map(node, findings);
    let mut rules = Vec::new();
    while let Some((entry, after)) = rest.split_first() {
        rest = after;
        let is_key = |entry: &&Entry| KEYS.contains(&entry.key.as_str());
        let misplaced = if entry.value.is_null() { after.iter().take_while(is_key).count() } else { 0 };
        let body = match after.first().filter(|_| misplaced > 0) {
            Some(first) => {
                findings.push(not_indented(entry, first));
                rest = after.get(misplaced..).unwrap_or_default();
                plain(entry.value.span, unreadable(entry.value.span))
            }
            None => read(&entry.value, entry.key_span, subject, findings),
        };
        rules.push(Rule { name: key(entry), body });
    }
    rules
}

/// Reports keys of a rule that are next to its name instead of below it.
fn not_indented(rule: &Entry, first: &Entry) -> Diagnostic {
    let message = format!("`{}` is next to `{}`, not inside it", first.key, rule.key);
    let help = format!("indent `{}` and the keys below it deeper than `{}`", first.key, rule.key);
    Diagnostic::error("R107", first.key_span, message, help).also(rule.key_span, "this has no value")
}

/// Reads `required`: `true`, `false` or `warn`.
fn required(node: &Node, findings: &mut Findings) -> Option<Required> {
    let without = match (node.as_bool(), node.as_text()) {
        (Some(true), _) => Without::Reject,
        (Some(false), _) => return None,
        (None, Some("warn")) => Without::Warn,
        _ => {
            findings.push(not_a_boolean(node, "`true`, `false` or `warn`"));
            return None;
        }
    };
    Some(Required { span: node.span, without })
}

/// The words of `on_error`, in the order of [`policy`].
pub const POLICIES: &[&str] = &["reject", "warn", "skip", "default"];

/// The policy of a position in [`POLICIES`].
#[must_use]
pub fn policy(position: usize) -> DefaultPolicy {
    match position {
        0 => DefaultPolicy::Reject,
        1 => DefaultPolicy::Warn,
        2 => DefaultPolicy::Skip,
        _ => DefaultPolicy::Default,
    }
}

/// Reads `on_error`: a word, or `{ warn: NAME }` for another name in `warnings`. An invalid value is reported, and
/// counts as `reject`, so that it causes no further findings.
pub fn on_error(node: &Node, findings: &mut Findings) -> OnError {
    let plain = |policy: DefaultPolicy| OnError { policy, key: None, span: node.span };
    if let Some([entry]) = node.as_map() {
        if entry.key != "warn" {
            findings.push(expected(node, "`reject`, `warn`, `skip`, `default` or `{ warn: NAME }`"));
            return plain(DefaultPolicy::Reject);
        }
        let key = warning_name(&entry.value, findings);
        return OnError { key, ..plain(DefaultPolicy::Warn) };
    }
    plain(choice(node, POLICIES, findings).map_or(DefaultPolicy::Reject, policy))
}

/// Reads a name for `warnings`: text, in which `{$index}` and `{$key}` identify the element. Values of a record are
/// never part of a warning.
fn warning_name(node: &Node, findings: &mut Findings) -> Option<Expr> {
    word(node, findings)?;
    let name = expr::read(node, findings)?;
    let references = match &name {
        Expr::Reference(reference) => vec![reference],
        Expr::Template(parts, _) => parts.iter().filter_map(TemplatePart::reference).collect(),
        _ => Vec::new(),
    };
    let place = |text: &str| matches!(text, "$index" | "$key");
    if let Some(other) = references.into_iter().find(|reference| !place(&reference.text)) {
        let message = format!("the name of a warning cannot contain `{}`", other.text);
        let help =
            "warnings never contain values from the record: use `{$index}` or `{$key}` inside `each`, or fixed text";
        findings.push(Diagnostic::error("R109", other.span, message, help));
        return None;
    }
    Some(name)
}

/// Reads `examples`: a map of inputs to outputs, or a list of `{ input, gives }` for inputs that are not text.
fn examples(node: &Node, findings: &mut Findings) -> Vec<ExampleDef> {
    if node.as_list().is_none() {
        return map(node, findings)
            .iter()
            .map(|entry| ExampleDef {
                input: ExampleInput::Key(entry.key.clone()),
                gives: entry.value.clone(),
                span: entry.key_span.to(entry.value.span),
            })
            .collect();
    }
    list(node, findings).iter().filter_map(|item| example(item, findings)).collect()
}

fn example(node: &Node, findings: &mut Findings) -> Option<ExampleDef> {
    let fields = Fields::open(node, "an example", &["input", "gives"], findings)?;
    let input = ExampleInput::Node(fields.need("input", findings)?.clone());
    Some(ExampleDef { input, gives: fields.need("gives", findings)?.clone(), span: node.span })
}
