//! Compiles conditions.

use super::Compiler;
use super::word::{Meaning, is_predicate, meaning, misspelt_test, operator};
use crate::diag::{Diagnostic, Span};
use crate::engine::condition::{Condition, Test};
use crate::engine::op::{ArgumentKind, OpSpec};
use crate::engine::operand::Operands;
use crate::engine::ops;
use crate::model::Kinds;
use crate::rules::syntax::{Cond, Expr, RefExpr, Root, StepDef, TemplatePart, TestDef, Word};
use crate::rules::{Node, NodeKind};

/// The value that is tested.
#[derive(Clone, Copy)]
struct Tested<'r> {
    reference: &'r RefExpr,
    kinds: Kinds,
    /// Whether the test is inside `not`.
    negated: bool,
    /// Whether there are other tests of the same value next to it.
    among_others: bool,
}

impl Tested<'_> {
    /// The entry of a condition with this test of the value, negated if the current test is.
    fn as_entry(&self, test: &str) -> String {
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
    /// Compiles a condition.
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

    /// Compiles a condition that is tested for every element, and so has to read it.
    pub(super) fn element_condition(&mut self, cond: &Cond, word: &str) -> Option<Condition> {
        let before = self.findings.len();
        let (compiled, reads) = self.watching_element(|compiler| compiler.condition(cond));
        // an invalid condition is a finding already
        if compiled.is_some() && !reads && self.findings.len() == before {
            let left = first_reference(cond)?;
            let message = format!(
                "the condition of `{word}` never reads the element, so it is true for all elements or for none"
            );
            let help = match (&left.root, word) {
                (Root::Record, "where") => format!(
                    "the element is `$item`: write `{}`; conditions on the whole record go under `when`",
                    of_element(left)
                ),
                (Root::Record, _) => format!("the element is `$item`: write `{}`", of_element(left)),
                _ => "the element is `$item`, its number `$index`, and its key in an object `$key`".to_owned(),
            };
            self.findings.push(Diagnostic::error("R413", left.span, message, help));
        }
        if self.decides { compiled.map(|condition| Condition::Decided(Box::new(condition))) } else { compiled }
    }

    /// Compiles a condition of `admit` or `checks`, whose predicates must not fail unnoticed.
    pub(super) fn deciding_condition(&mut self, cond: &Cond) -> Option<Condition> {
        self.decides = true;
        let compiled = self.condition(cond);
        self.decides = false;
        compiled
    }

    /// Compiles something that runs for every element, and returns whether it reads the element.
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
                    // the reference may be a list, which means its elements
                    Expr::Reference(_) => Test::OneOf(Operands::from(vec![operand])),
                    _ => Test::Equals(operand),
                })
            }
            TestDef::OneOf(values) => self.one_of(values, tested),
            TestDef::Predicate(def) => self.predicate(def, tested),
            TestDef::All(tests) => {
                let with_others = Tested { among_others: true, ..tested };
                let tests: Vec<Option<Test>> = tests.iter().map(|test| self.test(test, with_others)).collect();
                tests.into_iter().collect::<Option<_>>().map(Test::All)
            }
            TestDef::Not(test) => {
                self.test(test, Tested { negated: !tested.negated, ..tested }).map(|test| Test::Not(Box::new(test)))
            }
        }
    }

    /// A constant after a reference: the name of a predicate, or the value to compare with.
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
                let help = format!("did you mean `{}`? For the text itself write `\"{text}\"`", tested.as_entry(&test));
                self.findings.push(Diagnostic::warning("R215", node.span, message, help));
            }
            Meaning::NoPredicate => {
                let message = format!("`{text}` is compared as text");
                let help = match self.chains.iter().any(|chain| chain.name == text) {
                    true => format!(
                        "a named chain is not a predicate: define a working value with it and compare that with `true`; for the text itself \
                         write `\"{text}\"`"
                    ),
                    false => format!(
                        "there is no predicate with this name (`landfall ops` lists all of them); for the text itself write `\"{text}\"`"
                    ),
                };
                self.findings.push(Diagnostic::warning("R215", node.span, message, help));
            }
            Meaning::Text => self.pattern_as_text(node, tested),
        }
        self.can_equal(std::slice::from_ref(node), node.span, tested);
        self.other_text(node, tested.kinds);
        self.blank_constant(node, "missing", tested);
        Some(Test::Equals(super::literal(node).0))
    }

    /// `"x*"`, `/x/`: a pattern that is compared as text.
    fn pattern_as_text(&mut self, node: &Node, tested: Tested<'_>) {
        let Some(text) = node.as_text() else { return };
        let Some(test) = super::patterns::of_condition(text, node.plain().is_some()) else { return };
        let message = format!("`{text}` is compared as text, not as a pattern");
        let help = format!("write `{}`; for the text itself write `{{ equals: \"{text}\" }}`", tested.as_entry(&test));
        self.findings.push(Diagnostic::warning("R113", node.span, message, help));
    }

    fn one_of(&mut self, values: &[Expr], tested: Tested<'_>) -> Option<Test> {
        let operands = self.operands_of(values);
        let mut constants = Vec::new();
        for value in values {
            if names_itself(value, tested.reference) {
                self.compared_with_itself(value.span(), tested);
            }
            if let Expr::Map(_, span) = value {
                self.test_in_list(*span, tested);
                return None;
            }
            if let Expr::Literal(node) = value {
                if matches!(node.kind, NodeKind::Map(_)) {
                    self.test_in_list(node.span, tested);
                    return None;
                }
                self.word_in_list(node, tested);
                self.other_text(node, tested.kinds);
                self.null_in_list(node);
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

    /// `[ x, { starts_with: y } ]`: the values of a list are texts, numbers, references and lists of these.
    fn test_in_list(&mut self, span: Span, tested: Tested<'_>) {
        let (left, written) = (&tested.reference.text, self.files.excerpt(span));
        let message = format!("`{written}` in a list of values is not a test: no value equals a map");
        let help = match tested.negated {
            true => format!("write `not: {{ any: [ {{ {left}: [ … ] }}, {{ {left}: {written} }} ] }}`"),
            false => format!("write `any: [ {{ {left}: [ … ] }}, {{ {left}: {written} }} ]`"),
        };
        self.findings.push(Diagnostic::error("R413", span, message, help));
    }

    /// Reports a predicate in a list of values, where it is compared as text.
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
        let either = format!("any: [ {{ {left}: {test} }}, {{ {left}: [ … ] }} ]");
        let meant = if tested.negated { format!("not: {{ {either} }}") } else { either };
        let help = format!("write `{meant}`; for the text itself write `\"{text}\"`");
        self.findings.push(Diagnostic::warning("R215", node.span, message, help));
    }

    /// Reports a value that is known to be a list or an object and so never equals a constant.
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
                format!("write `{}`", tested.as_entry(&format!("{{ contains: {written} }}")))
            }
            _ if tested.kinds.meets(Kinds::LIST) => {
                format!("write `{}`", tested.as_entry(&format!("{{ any: {{ where: {{ $item: [ {written} ] }} }} }}")))
            }
            _ => format!("test one of its members: `{left}.name: {written}`"),
        };
        self.findings.push(Diagnostic::error("R413", span, message, help));
    }

    /// Reports a comparison with blank text, which counts as no value when it is read, so nothing ever equals it.
    fn blank_constant(&mut self, node: &Node, instead: &str, tested: Tested<'_>) {
        let is_blank = !node.is_null() && node.as_text().is_some_and(|text| text.trim().is_empty());
        if !is_blank || !self.fold_blank {
            return;
        }
        let message = "blank text counts as no value, so nothing equals it";
        let help = match instead {
            "null" => "write `null` in the list for no value".to_owned(),
            _ => format!("write `{}`", tested.as_entry(instead)),
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
            let help = "use a predicate; `landfall ops` lists them";
            let message = format!("`{}` is not a predicate: it does not return a boolean", spec.name);
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
        // `{ one_of: [ null, x ] }` means the same as `[ null, x ]`
        let takes_nothing = spec.takes_nothing || matches!(spec.name, "equals" | "one_of");
        Some(Test::Op { name: spec.name, op, takes_nothing })
    }

    /// Reports `{ gt: 5 }`, `{ not_in: [ a, b ] }`: a predicate under its name in another language.
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
        let help = format!("write `{}`", tested.as_entry(&test));
        Some(Diagnostic::error("R205", def.name.span, message, help))
    }

    /// Reports `{ is_present: true }`, `{ exists: false }`: a test with a flag.
    fn written_as_flag(&self, def: &StepDef, tested: Tested<'_>) -> Option<Diagnostic> {
        let name = def.name.text.as_str();
        let test = match ops::find(name) {
            Some(spec) if is_predicate(spec) && spec.arguments.is_empty() => name.to_owned(),
            Some(_) => return None,
            None if matches!(name, "present" | "missing" | "blank") => name.to_owned(),
            None => misspelt_test(name).filter(|test| ops::find(test).is_none_or(|spec| spec.arguments.is_empty()))?,
        };
        let Some(argument) = &def.argument else {
            let message = format!("there is no predicate `{name}`");
            let help = format!("write `{}`", tested.as_entry(&test));
            return ops::find(name).is_none().then(|| Diagnostic::error("R205", def.name.span, message, help));
        };
        let wanted = match (argument.as_bool(), positive(&test)) {
            (Some(false), Some(positive)) => positive.to_owned(),
            (Some(false), None) => format!("{{ not: {test} }}"),
            _ => test,
        };
        let help = match positive(&wanted) {
            None if tested.among_others => format!("write `{wanted}:` with nothing after it"),
            None if !tested.negated => format!("write it alone: `{}`", tested.as_entry(&wanted)),
            _ if tested.among_others => format!("write `{}`", wanted.trim_start_matches("{ ").trim_end_matches(" }")),
            _ => format!("write `{}`", tested.as_entry(&wanted)),
        };
        let message = format!("`{name}` takes no argument");
        Some(Diagnostic::error("R206", argument.span, message, help))
    }
}

/// The first reference of a condition.
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

/// The place where an argument of a predicate names the tested value.
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
