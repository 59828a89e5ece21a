//! Compiles a rule: its origin, its steps and what happens without a value.

use std::collections::BTreeSet;

use super::condition::of_element;
use super::dead::is_certain;
use super::scope::{ElementReads, MadeObject, ReadPlace};
use super::steps::Flow;
use super::value::literal;
use super::{Compiler, order};
use crate::diag::{Diagnostic, Span, closest};
use crate::engine::operand::Operand;
use crate::engine::plan::{EachPlan, ExamplePlan, OriginPlan, Policy, RuleKind, RulePlan, Walks, WarningName};
use crate::engine::steps::Steps;
use crate::model::Kinds;
use crate::rules::Node;
use crate::rules::syntax::{
    Body, DefaultPolicy, Each, ExampleInput, Expr, OnError, Origin, Root, Rule, ScriptDef, StepDef, Without, Word,
};
use crate::schema::{Shape, ShapeKind};

/// The help for a script that is cut off by a YAML comment.
const CUT_OFF: &str = "in YAML, ` #` begins a comment: write the script below its key, after `script: |`";

/// What a rule is for.
pub(super) struct Purpose<'s> {
    pub kind: RuleKind,
    pub register: usize,
    /// The shape of the claim in the schema.
    pub shape: Option<&'s Shape>,
    pub sensitive: bool,
    /// The policy if the rule has none.
    pub policy: Option<DefaultPolicy>,
    /// For a field of an object: the path of the object, and the shape of the field in the schema.
    pub field_of: Option<(&'s str, Option<&'s Shape>)>,
}

impl Purpose<'_> {
    /// What a rule is called in reasons and warnings.
    fn path_of(&self, rule: &Rule) -> String {
        match self.field_of {
            Some((object, _)) => format!("{object}.{}", rule.name.text),
            None => self.kind.path_of(&rule.name.text),
        }
    }
}

/// The parts that read members of the elements and nothing else of them: they do not mean an object with scalar members.
fn walks(body: &Body, filter: ElementReads, each: ElementReads) -> Walks {
    if filter.whole || each.whole {
        return Walks::default();
    }
    Walks { filter: filter.member, each: each.member && matches!(body.each, Some(Each::Fields(_))) }
}

impl Compiler<'_> {
    /// Compiles a rule, and returns it with the kinds of its result.
    pub(super) fn rule(&mut self, rule: &Rule, purpose: &Purpose<'_>) -> Option<(RulePlan, Kinds)> {
        let body = &rule.body;
        let when = body.when.as_ref().map(|when| self.condition(when));
        let (origin, places) = self.origin_with_places(&body.origin, body.keep_empty);
        let mut flow = Flow::of(origin.as_ref().map_or(Kinds::ANY, |(_, kinds)| *kinds));
        if let Origin::Script(script) = &body.origin {
            flow.fails = Some((script.source.span, "script", "the script fails"));
        }
        let mut steps = self.steps_before_cast(body, &mut flow);
        self.list_first(body, &mut flow, &mut steps);
        let (mut filter_reads, mut each_reads) = (ElementReads::default(), ElementReads::default());
        let filter = body.filter.as_ref().map(|filter| {
            let input = flow.kinds.and(Kinds::LIST.or(Kinds::OBJECT));
            self.needs_list("where", body.filter_span.unwrap_or(body.span), &mut flow);
            if !input.is_empty() {
                flow.kinds = input;
            }
            let condition = self.element_condition(filter, "where");
            filter_reads = self.scope.last_element_reads;
            condition
        });
        let policy = self.policy(rule, purpose);
        let each = body.each.as_ref().map(|each| {
            let plan = self.each(each, rule, purpose, &policy, &mut flow);
            each_reads = self.scope.last_element_reads;
            plan
        });
        let mut then = self.steps(&body.then, &mut flow);
        self.cast(body.cast.as_ref(), &mut flow, &mut then);
        if let Origin::Value(value) = &body.origin {
            self.rules_in_value(value, purpose.kind, &rule.name.text);
        }
        for (key, value) in [("default", &body.default), ("otherwise", &body.otherwise)] {
            value.iter().for_each(|value| self.rules_instead(key, value));
        }
        let default = body.default.as_ref().map(|default| self.made_value(default, body.keep_empty));
        let otherwise = body.otherwise.as_ref().map(|otherwise| self.made_value(otherwise, body.keep_empty));
        self.contradictions(rule, purpose, &flow);
        self.meets_claim(rule, purpose, &flow, origin.as_ref().map(|(origin, _)| origin));
        self.dead_parts(rule, purpose, &flow, &policy, origin.as_ref().map(|(origin, _)| origin));
        for (made, written, key) in
            [(&default, &body.default, "default: "), (&otherwise, &body.otherwise, "otherwise: ")]
        {
            let (Some(Some((operand, kinds))), Some(written)) = (made, written) else { continue };
            flow.kinds = flow.kinds.or(*kinds);
            if let Some(shape) = purpose.shape {
                self.constant_fits(operand, shape, written.span(), key);
            }
        }
        let plan = RulePlan {
            name: rule.name.text.clone(),
            path: purpose.path_of(rule),
            span: rule.name.span,
            kind: purpose.kind,
            register: purpose.register,
            when: transpose(when)?,
            origin: origin?.0,
            steps,
            filter: transpose(filter)?,
            each: transpose(each)?,
            walks: walks(body, filter_reads, each_reads),
            then,
            default: transpose(default)?.map(|(operand, _)| operand),
            otherwise: transpose(otherwise)?.map(|(operand, _)| operand),
            required: body.required.is_some_and(|required| required.without == Without::Reject),
            missing: self.missing(rule, purpose, &policy),
            policy,
            keep_empty: body.keep_empty,
            made_of: Vec::new(),
            shape: purpose.shape.cloned(),
            sensitive: purpose.sensitive,
            examples: examples(body),
        };
        self.scope.reads_through(&places, &plan);
        Some((plan, flow.kinds))
    }

    /// The origin, and the places that it names; the rest of the rule determines which parts of them are read.
    fn origin_with_places(
        &mut self,
        origin: &Origin,
        keep_empty: bool,
    ) -> (Option<(OriginPlan, Kinds)>, Vec<ReadPlace>) {
        let is_alone = match origin {
            Origin::From(exprs) => exprs.iter().all(|expr| matches!(expr, Expr::Reference(_))),
            Origin::Value(expr) => matches!(expr, Expr::Reference(_)),
            Origin::Script(_) => false,
        };
        let outer = self.scope.held.take();
        self.scope.held = is_alone.then(Vec::new);
        let made = self.origin(origin, keep_empty);
        let places = std::mem::replace(&mut self.scope.held, outer).unwrap_or_default();
        (made, places)
    }

    fn origin(&mut self, origin: &Origin, keep_empty: bool) -> Option<(OriginPlan, Kinds)> {
        match origin {
            Origin::Value(expr) => {
                self.made_value(expr, keep_empty).map(|(operand, kinds)| (OriginPlan::Value(operand), kinds))
            }
            Origin::From(exprs) => {
                let mut kinds = Kinds::NONE;
                let mut sources = Vec::new();
                let mut complete = true;
                for expr in exprs {
                    match self.operand(expr) {
                        Some((operand, may_be)) => {
                            kinds = kinds.or(may_be);
                            sources.push((operand, self.files.excerpt(expr.span()).to_owned()));
                        }
                        None => complete = false,
                    }
                }
                complete.then_some((OriginPlan::From(sources), kinds))
            }
            Origin::Script(script) => self.script(script),
        }
    }

    fn script(&mut self, def: &ScriptDef) -> Option<(OriginPlan, Kinds)> {
        let inputs: Vec<Option<Operand>> = def.with.iter().map(|(_, expr)| Some(self.operand(expr)?.0)).collect();
        let names: Vec<&str> = def.with.iter().map(|(name, _)| name.text.as_str()).collect();
        let text = def.source.as_text().unwrap_or("");
        match self.sandbox.compile(text, &names) {
            Ok(script) => {
                let inputs = inputs.into_iter().collect::<Option<_>>()?;
                Some((OriginPlan::Script { script, inputs, source: def.source.clone() }, Kinds::ANY))
            }
            Err(error) => {
                let place = error.at.map_or(def.source.span, |range| def.source.part(range));
                let help = if self.is_cut_off(&def.source) { CUT_OFF.to_owned() } else { error.help };
                self.findings.push(Diagnostic::error("R303", place, error.message, help));
                None
            }
        }
    }

    /// Whether a script ends where a YAML comment begins, such as `x, #{ … }` on the line of its key.
    fn is_cut_off(&self, source: &Node) -> bool {
        let following = Span { start: source.span.end, end: source.span.end + 2, ..source.span };
        source.plain().is_some() && self.files.excerpt(following) == " #"
    }

    fn each(
        &mut self,
        each: &Each,
        rule: &Rule,
        purpose: &Purpose<'_>,
        policy: &Policy,
        flow: &mut Flow,
    ) -> Option<EachPlan> {
        self.needs_list("each", rule.body.each_span.unwrap_or(rule.body.span), flow);
        match each {
            Each::Steps(defs) => {
                let mut element = Flow { fails: flow.fails, ..Flow::of(Kinds::ANY) };
                let steps = self.on_element(|compiler| compiler.steps(defs, &mut element));
                flow.fails = element.fails;
                Some(EachPlan::Steps(steps))
            }
            Each::Fields(fields) => {
                let element = purpose.shape.and_then(Shape::element);
                let before = self.findings.len();
                let (object, reads) =
                    self.object(fields, |compiler, field| compiler.field(field, rule, element, purpose, policy));
                if !reads && !fields.is_empty() && self.findings.len() == before {
                    self.same_objects(fields, rule.body.each_span.unwrap_or(rule.body.span));
                }
                object
            }
        }
    }

    fn same_objects(&mut self, fields: &[Rule], span: Span) {
        let of_record = fields.iter().find_map(|field| match &field.body.origin {
            Origin::From(sources) => sources.iter().find_map(|source| match source {
                Expr::Reference(reference) if reference.root == Root::Record => Some(of_element(reference)),
                _ => None,
            }),
            _ => None,
        });
        let message = "`each` produces the same object for every element: no member reads the element";
        let meant = of_record.unwrap_or_else(|| "$item.name".to_owned());
        let help = format!("the element is `$item`: write `{meant}` to read one of its members");
        self.findings.push(Diagnostic::error("R413", span, message, help));
    }

    /// The object that is built for every element, and whether a member reads the element. Members may read each other,
    /// and are computed in the order of their dependencies.
    fn object(
        &mut self,
        fields: &[Rule],
        mut compile: impl FnMut(&mut Self, &Rule) -> Option<RulePlan>,
    ) -> (Option<EachPlan>, bool) {
        let mut needed = std::mem::take(&mut self.scope.needs);
        self.scope.made.push(MadeObject::new(fields.iter().map(|field| field.name.text.clone())));
        let (plans, reads) = self.watching_element(|compiler| {
            let mut one =
                |field| compile(compiler, field).map(|plan| (plan, std::mem::take(&mut compiler.scope.needs)));
            fields.iter().map(&mut one).collect::<Vec<_>>()
        });
        let object = self.scope.made.pop();
        needed.append(&mut self.scope.needs);
        plans.iter().flatten().for_each(|(_, needs)| needed.extend(needs));
        self.scope.needs = needed;
        let plans: Option<Vec<_>> = plans.into_iter().collect();
        (plans.zip(object).map(|(plans, object)| self.linked(plans, &object)), reads)
    }

    /// The members in the order in which they are computed.
    fn linked(&mut self, mut plans: Vec<(RulePlan, BTreeSet<usize>)>, object: &MadeObject) -> EachPlan {
        if !object.is_read() {
            return EachPlan::Fields(plans.into_iter().map(|(plan, _)| plan).collect());
        }
        for (at, (plan, _)) in plans.iter_mut().enumerate() {
            plan.register = object.register(at).unwrap_or_else(|| self.scope.register());
        }
        let registers: Vec<usize> = plans.iter().map(|(plan, _)| plan.register).collect();
        let fields = order::sort(plans, self.findings);
        let place = |field: &RulePlan| registers.iter().position(|register| *register == field.register).unwrap_or(0);
        let places = fields.iter().map(place).collect();
        EachPlan::Linked { fields, places }
    }

    fn field(
        &mut self,
        field: &Rule,
        parent: &Rule,
        element: Option<&Shape>,
        purpose: &Purpose<'_>,
        policy: &Policy,
    ) -> Option<RulePlan> {
        if let Some(shape) = element
            && shape.member(&field.name.text).is_none()
        {
            let message = format!("elements of `{}` have no member `{}`", parent.name.text, field.name.text);
            let help = match closest(&field.name.text, element_members(shape)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the members are {}", element_members(shape).collect::<Vec<_>>().join(", ")),
            };
            self.findings.push(Diagnostic::error("R201", field.name.span, message, help));
        }
        let inherited = match policy {
            Policy::Reject => parent.body.on_error.as_ref().map(|on_error| on_error.policy).or(purpose.policy),
            Policy::Warn(_) => Some(DefaultPolicy::Warn),
            Policy::Skip | Policy::Default => Some(DefaultPolicy::Skip),
        };
        let list = purpose.path_of(parent);
        let inner = Purpose {
            kind: RuleKind::Field,
            register: 0,
            shape: None,
            sensitive: purpose.sensitive,
            policy: inherited,
            field_of: Some((&list, element.and_then(|shape| shape.member(&field.name.text)))),
        };
        let (mut plan, _) = self.rule(field, &inner)?;
        let path = plan.path.clone();
        let is_named = field.body.on_error.as_ref().is_some_and(|on_error| on_error.key.is_some());
        if let (Policy::Warn(name), false) = (&mut plan.policy, is_named) {
            name.fixed.clone_from(&path);
        }
        match (&mut plan.missing, &plan.policy) {
            (Some(name), _) if !is_named => name.fixed = path,
            // the field inherits the settings of the list for its elements, unless it has its own name
            (None, Policy::Warn(name)) if plan.required && is_named => plan.missing = Some(name.clone()),
            (None, _) if plan.required && !names_elements(parent) => plan.missing = Some(WarningName::fixed(path)),
            _ => {}
        }
        Some(plan)
    }

    /// The steps of `do`, which run before `as` wherever that is written.
    fn steps_before_cast(&mut self, body: &Body, flow: &mut Flow) -> Steps {
        self.list_after_do = body.cast.as_ref().is_some_and(|word| word.text == "list");
        let steps = self.steps(&body.steps, flow);
        self.list_after_do = false;
        steps
    }

    /// Applies `as: list` before anything that iterates over the list: a single value becomes its only element.
    fn list_first(&mut self, body: &Body, flow: &mut Flow, steps: &mut Steps) {
        let walks = body.filter.is_some() || body.each.is_some() || !body.then.is_empty();
        if let Some(word) = body.cast.as_ref().filter(|word| word.text == "list" && walks) {
            self.convert(word, flow, steps);
        }
    }

    fn cast(&mut self, cast: Option<&Word>, flow: &mut Flow, then: &mut Steps) {
        const TYPES: &[&str] = &["text", "integer", "number", "boolean", "list"];
        let Some(word) = cast else { return };
        if !TYPES.contains(&word.text.as_str()) {
            let meant = match word.text.to_ascii_lowercase().as_str() {
                "string" | "str" | "varchar" | "char" => Some("text"),
                "int" | "int32" | "int64" | "long" | "bigint" => Some("integer"),
                "float" | "double" | "decimal" | "numeric" => Some("number"),
                "bool" => Some("boolean"),
                "array" | "set" => Some("list"),
                other => closest(other, TYPES.iter().copied()),
            };
            let help = match (meant, word.text.as_str()) {
                (Some(meant), _) => format!("did you mean `{meant}`?"),
                (None, "date" | "datetime" | "timestamp" | "time") => {
                    "write a step: `do: [ date ]`, or `do: [ { date: \"%d.%m.%Y\" } ]` with the format".to_owned()
                }
                _ => "the types are `text`, `integer`, `number`, `boolean` and `list`".to_owned(),
            };
            self.findings.push(Diagnostic::error("R107", word.span, format!("`{}` is not a type", word.text), help));
            flow.kinds = Kinds::ANY;
            return;
        }
        // a value that is still a list needs no second conversion
        if word.text == "list" && flow.kinds == Kinds::LIST {
            return;
        }
        self.convert(word, flow, then);
    }

    fn convert(&mut self, word: &Word, flow: &mut Flow, steps: &mut Steps) {
        let name = Word { text: format!("to_{}", word.text), span: word.span };
        let made = self.steps(&[StepDef { name, argument: None }], flow);
        steps.0.extend(made.0);
    }

    /// What happens when a step of the rule fails.
    pub(super) fn policy(&mut self, rule: &Rule, purpose: &Purpose<'_>) -> Policy {
        let policy = match &rule.body.on_error {
            Some(on_error) => on_error.policy,
            None => purpose.policy.unwrap_or(DefaultPolicy::Reject),
        };
        match policy {
            DefaultPolicy::Reject => Policy::Reject,
            DefaultPolicy::Warn => Policy::Warn(self.warning_name(rule, purpose)),
            DefaultPolicy::Skip => Policy::Skip,
            // `default` as a file-wide policy applies only to rules with a default
            DefaultPolicy::Default if rule.body.default.is_none() => Policy::Reject,
            DefaultPolicy::Default => Policy::Default,
        }
    }

    /// The name of a rule in `warnings`: its path, or the name that `{ warn: NAME }` gives it.
    fn warning_name(&mut self, rule: &Rule, purpose: &Purpose<'_>) -> WarningName {
        let path = purpose.kind.path_of(&rule.name.text);
        let key = rule.body.on_error.as_ref().and_then(|on_error| on_error.key.as_ref());
        let made = key.and_then(|key| match rule.body.each {
            Some(_) => self.on_element(|compiler| compiler.operand(key)),
            None => self.operand(key),
        });
        match made {
            Some((Operand::Text(name), _)) => WarningName::fixed(name),
            Some((operand @ (Operand::Reference(_) | Operand::Template(_)), _)) => {
                WarningName { fixed: path, made: Some(operand) }
            }
            Some(_) => WarningName::fixed(key.map_or("", |key| self.files.excerpt(key.span()))),
            None => WarningName::fixed(path),
        }
    }

    /// The name in `warnings` if a rule has no value, if it warns about that.
    fn missing(&mut self, rule: &Rule, purpose: &Purpose<'_>, policy: &Policy) -> Option<WarningName> {
        let required = rule.body.required.filter(|required| required.without == Without::Warn)?;
        if let Some(default) = rule.body.default.as_ref().filter(|default| is_certain(default)) {
            let help = "the default replaces a missing value: keep one of the two";
            let message = format!("`{}` has a default, so it is never missing", rule.name.text);
            self.findings
                .push(Diagnostic::warning("R404", required.span, message, help).also(default.span(), "the default"));
        }
        Some(policy.warning().cloned().unwrap_or_else(|| WarningName::fixed(purpose.kind.path_of(&rule.name.text))))
    }

    fn contradictions(&mut self, rule: &Rule, purpose: &Purpose<'_>, flow: &Flow) {
        let body = &rule.body;
        let stated = body.on_error.as_ref();
        let required =
            body.required.filter(|required| required.without == Without::Reject).map(|required| required.span);
        if let (Some(required), Some(OnError { policy: DefaultPolicy::Warn, span, .. }), None) =
            (required, stated, &body.each)
        {
            let message = format!(
                "`{}` is required: without it, or when a step fails, the record is invalid, and `on_error: warn` never applies",
                rule.name.text
            );
            let help = "write `required: warn` to leave the claim out with a warning, or remove `on_error`";
            self.findings.push(Diagnostic::warning("R404", *span, message, help).also(required, "required here"));
        }
        if let (Some(required), Some(OnError { policy: DefaultPolicy::Skip, span, .. })) = (required, stated) {
            let help = "a required claim cannot be left out silently: remove `required`, or write `on_error: reject`";
            let message = format!("`{}` is required and skipped", rule.name.text);
            self.findings.push(Diagnostic::error("R404", *span, message, help).also(required, "required here"));
        }
        if let (None, Some(OnError { policy: DefaultPolicy::Default, span, .. })) = (&body.default, stated) {
            let help = "add `default: …` to the rule, or choose `reject`, `warn` or `skip`";
            self.findings.push(Diagnostic::error("R404", *span, "`on_error: default` without a `default`", help));
        }
        if stated.is_none()
            && purpose.policy.is_none()
            && let Some((span, step, fails)) = flow.fails
        {
            let message = format!("`{step}` can fail, but the rule does not say what happens then");
            let help = format!(
                "it fails when {fails}: add `on_error` to this rule or to `defaults`: `reject`, `warn`, `skip` or `default`"
            );
            self.findings.push(Diagnostic::error("R403", span, message, help));
        }
    }

    fn needs_list(&mut self, word: &str, span: Span, flow: &mut Flow) {
        let input = flow.kinds;
        // `where` keeps objects, `each` turns them into lists
        flow.kinds = if word == "where" { input.and(Kinds::LIST.or(Kinds::OBJECT)) } else { Kinds::LIST };
        if !input.meets(Kinds::LIST.or(Kinds::OBJECT)) {
            let message = format!("`{word}` takes a list, but the input is {input}");
            flow.kinds = Kinds::ANY;
            let help = "turn it into a list under `do` first, for example with `split`, or use only `do` and `when`";
            self.findings.push(Diagnostic::error("R401", span, message, help));
        }
    }
}

/// Whether the warnings of a list have their own names.
fn names_elements(list: &Rule) -> bool {
    list.body.on_error.as_ref().is_some_and(|on_error| on_error.key.is_some())
}

fn element_members(shape: &Shape) -> impl Iterator<Item = &str> {
    let members = match &shape.kind {
        ShapeKind::Object(object) => object.members.as_slice(),
        _ => &[],
    };
    members.iter().map(|member| &*member.name)
}

fn examples(body: &Body) -> Vec<ExamplePlan> {
    let given = body.examples.iter().map(|example| ExamplePlan {
        input: match &example.input {
            ExampleInput::Key(text) => Operand::Text(text.as_str().into()),
            ExampleInput::Node(node) => literal(node).0,
        },
        gives: Some(literal(&example.gives).0),
        span: example.span,
    });
    let rejected = body.rejects.iter().map(|node| ExamplePlan { input: literal(node).0, gives: None, span: node.span });
    given.chain(rejected).collect()
}

/// An optional part that was written must have compiled.
#[expect(clippy::option_option, reason = "the outer says whether it was written, the inner whether it compiled")]
fn transpose<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        None => Some(None),
        Some(None) => None,
        Some(compiled) => Some(compiled),
    }
}
