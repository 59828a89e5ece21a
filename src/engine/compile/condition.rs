//! Conditions as written become conditions that run.

use super::Compiler;
use super::word::{Meaning, is_predicate, meaning, nearly, operator};
use crate::diag::{Diagnostic, Span};
use crate::engine::condition::{Condition, Test};
use crate::engine::op::{ArgumentKind, OpSpec};
use crate::engine::operand::Operands;
use crate::engine::ops;
use crate::model::Kinds;
use crate::rules::syntax::{Cond, Expr, RefExpr, Root, StepDef, TemplatePart, TestDef, Word};
use crate::rules::{Node, NodeKind};

/// The value that a test is about.
#[derive(Clone, Copy)]
struct Tested<'r> {
    reference: &'r RefExpr,
    kinds: Kinds,
    /// Whether the test stands behind `not`.
    negated: bool,
    /// Whether other tests of the same value stand beside it.
    among_others: bool,
}

impl Tested<'_> {
    /// The entry of a condition that asks this of the value, negated where the test at hand is.
    fn asks(&self, test: &str) -> String {
        let left = &self.reference.text;
        match (self.negated, positive(test)) {
            (true, Some(positive)) => format!("{left}: {positive}"),
            (true, None) => format!("{left}: {{ not: {test} }}"),
            (false, _) => format!("{left}: {test}"),
        }
    }
}

/// The test inside `{ not: … }`.
fn positive(test: &str) -> Option<&str> {
    test.strip_prefix("{ not: ")?.strip_suffix(" }")
}

impl Compiler<'_> {
    /// A condition, ready to run.
    pub(super) fn condition(&mut self, cond: &Cond) -> Option<Condition> {
        match cond {
            Cond::All(parts) => self.conditions(parts).map(Condition::All),
            Cond::Any(parts) => self.conditions(parts).map(Condition::Any),
            Cond::Not(part) => self.condition(part).map(|part| Condition::Not(Box::new(part))),
            Cond::Test(left, test) => {
                let resolved = self.scope.resolve(left, self.findings);
                let kinds = match &resolved {
                    Some((reference, _)) if !reference.tail.is_singular() => Kinds::LIST,
                    Some((_, kinds)) => *kinds,
                    None => Kinds::ANY,
                };
                let test = self.test(test, Tested { reference: left, kinds, negated: false, among_others: false });
                Some(Condition::Test(resolved?.0, test?))
            }
        }
    }

    fn conditions(&mut self, parts: &[Cond]) -> Option<Vec<Condition>> {
        let parts: Vec<Option<Condition>> = parts.iter().map(|part| self.condition(part)).collect();
        parts.into_iter().collect()
    }

    /// A condition that is asked of every element, and so has to read it.
    pub(super) fn element_condition(&mut self, cond: &Cond, word: &str) -> Option<Condition> {
        let before = self.findings.len();
        let (compiled, reads) = self.watching_element(|compiler| compiler.condition(cond));
        // what is wrong with the condition is one finding
        if compiled.is_some() && !reads && self.findings.len() == before {
            let left = first_reference(cond)?;
            let message =
                format!("the condition of `{word}` never reads the element, so that it holds for all or for none");
            let help = match (&left.root, word) {
                (Root::Record, "where") => format!(
                    "the element is `$item`: write `{}`; what is asked of the whole record stands under `when`",
                    of_element(left)
                ),
                (Root::Record, _) => format!("the element is `$item`: write `{}`", of_element(left)),
                _ => "the element is `$item`, its number `$index`, and its key in an object `$key`".to_owned(),
            };
            self.findings.push(Diagnostic::error("R413", left.span, message, help));
        }
        if self.decides { compiled.map(|condition| Condition::Decided(Box::new(condition))) } else { compiled }
    }

    /// A condition of `admit` or `checks`, whose predicates must not fail unnoticed.
    pub(super) fn deciding_condition(&mut self, cond: &Cond) -> Option<Condition> {
        self.decides = true;
        let compiled = self.condition(cond);
        self.decides = false;
        compiled
    }

    /// Compiles something that is done with every element, and tells whether it reads the element.
    pub(super) fn watching_element<T>(&mut self, compile: impl FnOnce(&mut Self) -> T) -> (T, bool) {
        let outside = std::mem::replace(&mut self.scope.reads_element, false);
        let compiled = self.on_element(compile);
        (compiled, std::mem::replace(&mut self.scope.reads_element, outside))
    }

    fn test(&mut self, test: &TestDef, tested: Tested<'_>) -> Option<Test> {
        match test {
            TestDef::Present => Some(Test::Present),
            TestDef::Missing => Some(Test::Missing),
            TestDef::Equals(Expr::Literal(node)) => self.literal_test(node, tested),
            TestDef::Equals(value) => {
                let (operand, _) = self.operand(value)?;
                if names_itself(value, tested.reference) {
                    self.compared_with_itself(value.span(), tested);
                }
                Some(match value {
                    // the reference may name a list, which stands for its elements
                    Expr::Reference(_) => Test::OneOf(Operands::from(vec![operand])),
                    _ => Test::Equals(operand),
                })
            }
            TestDef::OneOf(values) => self.one_of(values, tested),
            TestDef::Predicate(def) => self.predicate(def, tested),
            TestDef::All(tests) => {
                let beside = Tested { among_others: true, ..tested };
                let tests: Vec<Option<Test>> = tests.iter().map(|test| self.test(test, beside)).collect();
                tests.into_iter().collect::<Option<_>>().map(Test::All)
            }
            TestDef::Not(test) => {
                self.test(test, Tested { negated: !tested.negated, ..tested }).map(|test| Test::Not(Box::new(test)))
            }
        }
    }

    /// A constant behind a reference: the name of a predicate, or what the value must equal.
    fn literal_test(&mut self, node: &Node, tested: Tested<'_>) -> Option<Test> {
        let left = &tested.reference.text;
        let text = node.plain().unwrap_or_default();
        match if text.is_empty() { Meaning::Text } else { meaning(text) } {
            Meaning::Predicate(spec) => {
                let name = Word { text: spec.name.to_owned(), span: node.span };
                return self.predicate(&StepDef { name, argument: None }, tested);
            }
            Meaning::NeedsArgument(_) => {
                let message = format!("`{text}` is a predicate and needs an argument");
                let help = format!("write `{left}: {{ {text}: … }}`; for the text itself write `\"{text}\"`");
                self.findings.push(Diagnostic::error("R406", node.span, message, help));
                return None;
            }
            Meaning::Nearly(test) => {
                let message = format!("`{text}` is compared as text");
                let help = format!("did you mean `{}`? For the text itself write `\"{text}\"`", tested.asks(&test));
                self.findings.push(Diagnostic::warning("R215", node.span, message, help));
            }
            Meaning::NoPredicate => {
                let message = format!("`{text}` is compared as text");
                let help = match self.chains.iter().any(|chain| chain.name == text) {
                    true => format!(
                        "a named chain is no predicate: make a working value with it and ask for `true`; for the text itself \
                         write `\"{text}\"`"
                    ),
                    false => format!(
                        "there is no predicate of this name, `landfall ops` lists them; for the text itself write `\"{text}\"`"
                    ),
                };
                self.findings.push(Diagnostic::warning("R215", node.span, message, help));
            }
            Meaning::Text => self.pattern_as_text(node, tested),
        }
        self.can_equal(std::slice::from_ref(node), node.span, tested);
        self.blank_constant(node, "missing", tested);
        Some(Test::Equals(super::literal(node).0))
    }

    /// `"x*"`, `/x/`: a pattern that is compared as text.
    fn pattern_as_text(&mut self, node: &Node, tested: Tested<'_>) {
        let Some(text) = node.as_text() else { return };
        let Some(test) = super::patterns::of_condition(text, node.plain().is_some()) else { return };
        let message = format!("`{text}` is compared as text, not as a pattern");
        let help = format!("write `{}`; for the text itself write `{{ equals: \"{text}\" }}`", tested.asks(&test));
        self.findings.push(Diagnostic::warning("R113", node.span, message, help));
    }

    fn one_of(&mut self, values: &[Expr], tested: Tested<'_>) -> Option<Test> {
        let operands = self.operands_of(values);
        let mut constants = Vec::new();
        for value in values {
            if names_itself(value, tested.reference) {
                self.compared_with_itself(value.span(), tested);
            }
            if let Expr::Literal(node) = value {
                self.word_in_list(node, tested);
                self.blank_constant(node, "null", tested);
                constants.push(node.clone());
            }
        }
        if let (Some(first), true) = (values.first(), constants.len() == values.len()) {
            let span = values.last().map_or(first.span(), |last| first.span().to(last.span()));
            self.can_equal(&constants, span, tested);
        }
        operands.map(Test::OneOf)
    }

    /// A predicate in a list of values is compared as text.
    fn word_in_list(&mut self, node: &Node, tested: Tested<'_>) {
        let Some(text) = node.plain().filter(|text| !text.is_empty()) else { return };
        let is_word = matches!(text, "present" | "missing" | "blank");
        let test = match meaning(text) {
            _ if is_word => text.to_owned(),
            Meaning::Predicate(spec) => spec.name.to_owned(),
            Meaning::NeedsArgument(spec) => format!("{{ {}: … }}", spec.name),
            Meaning::Nearly(test) => test,
            Meaning::Text | Meaning::NoPredicate => return,
        };
        let left = &tested.reference.text;
        let message = format!("`{text}` in a list of values is compared as text");
        let help = format!(
            "write `any: [ {{ {left}: {test} }}, {{ {left}: [ … ] }} ]`; for the text itself write `\"{text}\"`"
        );
        self.findings.push(Diagnostic::warning("R215", node.span, message, help));
    }

    /// What is known to be a list or an object never equals a constant.
    fn can_equal(&mut self, constants: &[Node], span: Span, tested: Tested<'_>) {
        let can = |node: &Node| node.is_null() || tested.kinds.meets(Kinds::SCALAR.or(Kinds::BYTES));
        if constants.iter().any(can) || constants.is_empty() {
            return;
        }
        let left = &tested.reference.text;
        let is = match tested.kinds {
            Kinds::LIST => "a list".to_owned(),
            Kinds::OBJECT => "an object".to_owned(),
            kinds => kinds.to_string(),
        };
        let message = format!("`{left}` is {is}, which never equals a text or number");
        let written = self.files.excerpt(span);
        let help = match constants {
            [_] if tested.kinds.meets(Kinds::LIST) => {
                format!("write `{}`", tested.asks(&format!("{{ contains: {written} }}")))
            }
            _ if tested.kinds.meets(Kinds::LIST) => {
                format!("write `{}`", tested.asks(&format!("{{ any: {{ where: {{ $item: [ {written} ] }} }} }}")))
            }
            _ => format!("test one of its members: `{left}.name: {written}`"),
        };
        self.findings.push(Diagnostic::error("R413", span, message, help));
    }

    /// Blank text counts as no value where it is read, so that nothing ever equals it.
    fn blank_constant(&mut self, node: &Node, instead: &str, tested: Tested<'_>) {
        let is_blank = !node.is_null() && node.as_text().is_some_and(|text| text.trim().is_empty());
        if !is_blank || !self.fold_blank {
            return;
        }
        let message = "blank text counts as no value, so that nothing equals it";
        let help = match instead {
            "null" => "write `null` in the list for no value".to_owned(),
            _ => format!("write `{}`", tested.asks(instead)),
        };
        self.findings.push(Diagnostic::error("R413", node.span, message, help));
    }

    fn compared_with_itself(&mut self, span: Span, tested: Tested<'_>) {
        let left = &tested.reference.text;
        let message = format!("`{left}` is compared with itself");
        let help = match (&tested.reference.root, self.scope.on_element) {
            (Root::Record, true) => {
                format!("the element is `$item`: write `{}: {left}`", of_element(tested.reference))
            }
            _ => "compare it with another value".to_owned(),
        };
        self.findings.push(Diagnostic::error("R413", span, message, help));
    }

    fn predicate(&mut self, def: &StepDef, tested: Tested<'_>) -> Option<Test> {
        if let Some(finding) = self.written_as_flag(def, tested) {
            self.findings.push(finding);
            return None;
        }
        if let Some(finding) = self.other_operator(def, tested) {
            self.findings.push(finding);
            return None;
        }
        let spec = self.find_op(def)?;
        if !is_predicate(spec) {
            let help = "a condition takes predicates: `landfall ops` lists them";
            let message = format!("`{}` is no predicate: it does not give a boolean", spec.name);
            self.findings.push(Diagnostic::error("R401", def.name.span, message, help));
            return None;
        }
        let outside = self.asked.replace(tested.reference.text.clone());
        let op = self.build(spec, def);
        self.asked = outside;
        let op = op?;
        if !spec.input.meets(tested.kinds) {
            self.cannot_meet(spec, tested.kinds, def.name.span);
            return None;
        }
        if let Some(span) = def.argument.as_ref().and_then(|node| argument_names(spec, node, tested.reference)) {
            self.compared_with_itself(span, tested);
        }
        // `{ one_of: [ null, x ] }` asks what `[ null, x ]` asks
        let takes_nothing = spec.takes_nothing || matches!(spec.name, "equals" | "one_of");
        Some(Test::Op { name: spec.name, op, takes_nothing })
    }

    /// `{ gt: 5 }`, `{ not_in: [ a, b ] }`: a predicate by the name that another language has for it.
    fn other_operator(&self, def: &StepDef, tested: Tested<'_>) -> Option<Diagnostic> {
        let name = &def.name.text;
        let (op, negated) = operator(name).filter(|_| ops::find(name).is_none())?;
        let argument = def.argument.as_ref()?;
        let written = self.files.excerpt(argument.span);
        let test = match op {
            // equality needs no op
            "equals" | "one_of" => written.to_owned(),
            _ => format!("{{ {op}: {written} }}"),
        };
        let test = if negated { format!("{{ not: {test} }}") } else { test };
        let message = format!("there is no predicate `{name}`");
        let help = format!("write `{}`", tested.asks(&test));
        Some(Diagnostic::error("R205", def.name.span, message, help))
    }

    /// `{ is_present: true }`, `{ exists: false }`: a test with a flag behind it.
    fn written_as_flag(&self, def: &StepDef, tested: Tested<'_>) -> Option<Diagnostic> {
        let name = def.name.text.as_str();
        let test = match ops::find(name) {
            Some(spec) if is_predicate(spec) && spec.arguments.is_empty() => name.to_owned(),
            Some(_) => return None,
            None if matches!(name, "present" | "missing" | "blank") => name.to_owned(),
            None => nearly(name).filter(|test| ops::find(test).is_none_or(|spec| spec.arguments.is_empty()))?,
        };
        let Some(argument) = &def.argument else {
            let message = format!("there is no predicate `{name}`");
            let help = format!("write `{}`", tested.asks(&test));
            return ops::find(name).is_none().then(|| Diagnostic::error("R205", def.name.span, message, help));
        };
        let wanted = match (argument.as_bool(), positive(&test)) {
            (Some(false), Some(positive)) => positive.to_owned(),
            (Some(false), None) => format!("{{ not: {test} }}"),
            _ => test,
        };
        let help = match positive(&wanted) {
            None if tested.among_others => format!("write `{wanted}:` with nothing behind it"),
            None if !tested.negated => format!("write it alone: `{}`", tested.asks(&wanted)),
            _ if tested.among_others => format!("write `{}`", wanted.trim_start_matches("{ ").trim_end_matches(" }")),
            _ => format!("write `{}`", tested.asks(&wanted)),
        };
        let message = format!("`{name}` takes no argument");
        Some(Diagnostic::error("R206", argument.span, message, help))
    }
}

/// The reference that a condition begins with.
fn first_reference(cond: &Cond) -> Option<&RefExpr> {
    match cond {
        Cond::All(parts) | Cond::Any(parts) => parts.first().and_then(first_reference),
        Cond::Not(part) => first_reference(part),
        Cond::Test(reference, _) => Some(reference),
    }
}

/// `$.a` as `$item.a`.
pub(super) fn of_element(reference: &RefExpr) -> String {
    format!("$item{}", reference.text.trim_start_matches('$'))
}

fn same(a: &RefExpr, b: &RefExpr) -> bool {
    a.root == b.root && a.query == b.query
}

/// Whether a value is a reference, by itself or as the only part of a text.
fn names_itself(value: &Expr, reference: &RefExpr) -> bool {
    match value {
        Expr::Reference(other) => same(other, reference),
        Expr::Template(parts, _) => {
            matches!(parts.as_slice(), [TemplatePart::Reference(other)] if same(other, reference))
        }
        _ => false,
    }
}

/// Where an argument of a predicate names the value that it is asked of.
fn argument_names(spec: &OpSpec, node: &Node, reference: &RefExpr) -> Option<Span> {
    let takes_values = |kind: ArgumentKind| matches!(kind, ArgumentKind::Operand | ArgumentKind::Operands);
    if !spec.arguments.iter().any(|argument| takes_values(argument.kind)) {
        return None;
    }
    match &node.kind {
        NodeKind::Scalar(_) => {
            let read = crate::rules::expr::read(node, &mut crate::diag::Findings::default())?;
            names_itself(&read, reference).then_some(node.span)
        }
        NodeKind::List(items) => items.iter().find_map(|item| argument_names(spec, item, reference)),
        NodeKind::Map(entries) => entries.iter().find_map(|entry| argument_names(spec, &entry.value, reference)),
    }
}
