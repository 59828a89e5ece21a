//! Names while rules are compiled: which register holds what, and what each rule needs.

use std::collections::BTreeSet;

use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};

use crate::diag::{Diagnostic, Findings, Span, closest};
use crate::engine::capture::Trie;
use crate::engine::operand::{Base, Reference};
use crate::engine::path::{PathStep, Tail};
use crate::engine::plan::Derived;
use crate::model::Kinds;
use crate::rules::syntax::{RefExpr, Root};

/// A name that a reference may begin with.
#[derive(Debug)]
pub struct Variable {
    /// Its name; for claims the path.
    pub name: String,
    /// Where it was written.
    pub span: Option<Span>,
    /// Its register.
    pub register: usize,
    /// What it may hold, as far as is known.
    pub kinds: Kinds,
    /// Whether a rule reads it.
    pub used: bool,
    /// The members read of it; `None` once it is read as a whole.
    pub members: Option<BTreeSet<String>>,
}

/// Everything that names mean.
#[derive(Debug, Default)]
pub struct Scope {
    registers: usize,
    slots: Vec<(Vec<String>, usize)>,
    /// Parameters.
    pub params: Vec<Variable>,
    /// Working values, and the element of `accounts`.
    pub lets: Vec<Variable>,
    /// Claims.
    pub claims: Vec<Variable>,
    /// The name of the element of `accounts`, which is declared when the record is split.
    pub split: Option<String>,
    /// The register of `$facts`.
    pub facts: usize,
    /// Whether a rule reads `$facts`.
    pub reads_facts: bool,
    /// Whether `$item`, `$index` and `$key` mean something here.
    pub on_element: bool,
    /// Whether claims may be read here.
    pub claims_visible: bool,
    /// The registers that the rule at hand reads.
    pub needs: BTreeSet<usize>,
    ignored: Vec<Vec<String>>,
    /// The members of elements that the rule at hand reads: the conditions of `find` read what the working value then holds.
    pub element_members: BTreeSet<String>,
}

/// The members of `$facts`.
const FACTS: &[&str] = &["now", "tenant", "identifier", "added"];

impl Scope {
    /// A new register.
    pub fn register(&mut self) -> usize {
        self.registers += 1;
        self.registers - 1
    }

    /// How many registers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.registers
    }

    /// Adds a name.
    pub fn variable(&mut self, name: &str, span: Option<Span>) -> Variable {
        let register = self.register();
        Variable {
            name: name.to_owned(),
            span,
            register,
            kinds: Kinds::ANY,
            used: false,
            members: Some(BTreeSet::new()),
        }
    }

    /// Leaves a path behind on purpose.
    pub fn ignore(&mut self, reference: &RefExpr, findings: &mut Findings) {
        match &reference.root {
            Root::Record => {
                let (names, rest) = leading_names(&reference.query);
                if rest.is_empty() && !names.is_empty() {
                    self.ignored.push(names);
                } else {
                    let help = "name one field, such as `$.session` or `$.profile.photo`";
                    findings.push(Diagnostic::error("R109", reference.span, "`ignore` takes names of fields", help));
                }
            }
            Root::Variable(name) => {
                let (names, _) = leading_names(&reference.query);
                match (self.lets.iter_mut().find(|v| v.name == *name), names.first()) {
                    (Some(variable), Some(member)) => {
                        if let Some(members) = &mut variable.members {
                            members.insert(member.clone());
                        }
                    }
                    (Some(_), None) => {}
                    (None, _) => findings.push(self.unknown_variable(name, reference)),
                }
            }
        }
    }

    /// The reference of a name, resolved; and what it may hold.
    pub fn resolve(&mut self, reference: &RefExpr, findings: &mut Findings) -> Option<(Reference, Kinds)> {
        match &reference.root {
            Root::Record => Some((self.slot(&reference.query), Kinds::ANY)),
            Root::Variable(name) => self.named(name, reference, findings),
        }
    }

    fn slot(&mut self, query: &JpQuery) -> Reference {
        let (names, rest) = leading_names(query);
        let known = self.slots.iter().find(|(path, _)| *path == names).map(|(_, register)| *register);
        let register = known.unwrap_or_else(|| {
            let register = self.register();
            self.slots.push((names, register));
            register
        });
        Reference { base: Base::Register(register), tail: Tail::of(JpQuery::new(rest)) }
    }

    fn named(&mut self, name: &str, reference: &RefExpr, findings: &mut Findings) -> Option<(Reference, Kinds)> {
        match name {
            "item" | "index" | "key" => self.element(name, reference, findings),
            "params" => self.member_of_params(reference, findings),
            "account" => self.claim(reference, findings),
            "facts" => {
                let (names, _) = leading_names(&reference.query);
                if let Some(unknown) = names.first().filter(|first| !FACTS.contains(&first.as_str())) {
                    let help = "the facts are `now`, `tenant`, `identifier`, and `added` with what hooks add";
                    findings.push(Diagnostic::error(
                        "R204",
                        reference.span,
                        format!("there is no fact `{unknown}`"),
                        help,
                    ));
                    return None;
                }
                self.reads_facts = true;
                let base = Base::Register(self.facts);
                Some((Reference { base, tail: Tail::of(reference.query.clone()) }, Kinds::ANY))
            }
            _ => {
                let (names, rest) = leading_names(&reference.query);
                let Some(variable) = self.lets.iter_mut().find(|variable| variable.name == name) else {
                    findings.push(self.unknown_variable(name, reference));
                    return None;
                };
                variable.read(names.first(), rest.is_empty() || !names.is_empty());
                let kinds = if reference.query.segments.is_empty() { variable.kinds } else { Kinds::ANY };
                let register = variable.register;
                self.needs.insert(register);
                Some((Reference { base: Base::Register(register), tail: Tail::of(reference.query.clone()) }, kinds))
            }
        }
    }

    fn element(&mut self, name: &str, reference: &RefExpr, findings: &mut Findings) -> Option<(Reference, Kinds)> {
        if !self.on_element {
            let help =
                "it means something inside `each`, `where`, and the conditions and steps of `find`, `filter` and `map`";
            findings.push(Diagnostic::error("R204", reference.span, format!("`${name}` stands outside a list"), help));
            return None;
        }
        self.element_members.extend(leading_names(&reference.query).0.into_iter().next());
        let base = match name {
            "item" => Base::Item,
            "index" => Base::Index,
            _ => Base::Key,
        };
        Some((Reference { base, tail: Tail::of(reference.query.clone()) }, Kinds::ANY))
    }

    fn member_of_params(&mut self, reference: &RefExpr, findings: &mut Findings) -> Option<(Reference, Kinds)> {
        let (names, _) = leading_names(&reference.query);
        let wanted = names.first().map_or("", String::as_str);
        let Some(param) = self.params.iter_mut().find(|param| param.name == wanted) else {
            let names: Vec<&str> = self.params.iter().map(|param| param.name.as_str()).collect();
            let help = match closest(wanted, names.iter().copied()) {
                Some(near) => format!("did you mean `$params.{near}`?"),
                None => format!("declare it: `params: {{ {wanted}: {{ default: … }} }}`"),
            };
            findings.push(Diagnostic::error("R204", reference.span, format!("there is no parameter `{wanted}`"), help));
            return None;
        };
        param.used = true;
        let rest = reference.query.segments.get(1..).unwrap_or_default().to_vec();
        Some((Reference { base: Base::Register(param.register), tail: Tail::of(JpQuery::new(rest)) }, Kinds::ANY))
    }

    fn claim(&mut self, reference: &RefExpr, findings: &mut Findings) -> Option<(Reference, Kinds)> {
        if !self.claims_visible {
            let message = format!("`{}` cannot be read here: claims are made after `let` and `admit`", reference.text);
            let help =
                "read the record or a working value; what needs a claim is a claim itself, or a condition of one";
            findings.push(Diagnostic::error("R204", reference.span, message, help));
            return None;
        }
        let (names, _) = leading_names(&reference.query);
        let path = names.join(".");
        let covers = |claim: &Variable| path == claim.name || path.starts_with(&format!("{}.", claim.name));
        let Some(claim) = self.claims.iter_mut().filter(|claim| covers(claim)).max_by_key(|claim| claim.name.len())
        else {
            let names: Vec<&str> = self.claims.iter().map(|claim| claim.name.as_str()).collect();
            let inside: Vec<&&str> = names.iter().filter(|name| name.starts_with(&format!("{path}."))).collect();
            let help = match (inside.first(), closest(&path, names.iter().copied())) {
                (Some(inside), _) => format!("name one claim, such as `$account.{inside}`"),
                (None, Some(near)) => format!("did you mean `$account.{near}`?"),
                (None, None) => "only claims that this file maps can be read".to_owned(),
            };
            findings.push(Diagnostic::error("R204", reference.span, format!("no rule makes the claim `{path}`"), help));
            return None;
        };
        claim.used = true;
        let depth = claim.name.split('.').count();
        let kinds = if depth == reference.query.segments.len() { claim.kinds } else { Kinds::ANY };
        let rest = reference.query.segments.get(depth..).unwrap_or_default().to_vec();
        self.needs.insert(claim.register);
        Some((Reference { base: Base::Register(claim.register), tail: Tail::of(JpQuery::new(rest)) }, kinds))
    }

    fn unknown_variable(&self, name: &str, reference: &RefExpr) -> Diagnostic {
        if self.split.as_deref() == Some(name) {
            let message = format!("`${name}` is an element of `accounts`, and there is none yet in `let`");
            let help = format!(
                "working values are made once, before the record is split: read `${name}` under `account`, `admit` or `credential`"
            );
            return Diagnostic::error("R204", reference.span, message, help);
        }
        let known: Vec<&str> = self.lets.iter().map(|variable| variable.name.as_str()).collect();
        let builtin = ["params", "account", "facts", "item", "index", "key"];
        let help = match closest(name, known.iter().chain(&builtin).copied()) {
            Some(near) => format!("did you mean `${near}`?"),
            None => format!("declare it under `let:`, or write `$.{name}` to read the record"),
        };
        Diagnostic::error("R204", reference.span, format!("there is no variable `${name}`"), help)
    }

    /// The wanted paths of the record, and the registers that are parts of others.
    #[must_use]
    pub fn slots(&self) -> (Trie, Vec<Derived>) {
        let mut trie = Trie::default();
        let mut derived = Vec::new();
        let mut slots: Vec<&(Vec<String>, usize)> = self.slots.iter().collect();
        slots.sort_by_key(|(path, _)| path.len());
        for (path, register) in slots {
            match trie.covering(path) {
                Some((from, depth)) => {
                    let steps = path.iter().skip(depth).map(|name| PathStep::Member(name.as_str().into())).collect();
                    derived.push(Derived { register: *register, from, steps });
                }
                None => trie.read(path, *register),
            }
        }
        for path in &self.ignored {
            trie.ignore(path);
        }
        (trie, derived)
    }
}

impl Variable {
    /// Notes that members were read while the value was made.
    pub fn know(&mut self, read: BTreeSet<String>) {
        if let Some(members) = &mut self.members {
            members.extend(read);
        }
    }

    /// Notes that a member, or the whole, is read.
    fn read(&mut self, member: Option<&String>, is_known: bool) {
        self.used = true;
        match (member, &mut self.members) {
            (Some(member), Some(members)) if is_known => {
                members.insert(member.clone());
            }
            _ => self.members = None,
        }
    }
}

/// The member names that a query begins with, and the segments behind them.
#[must_use]
pub fn leading_names(query: &JpQuery) -> (Vec<String>, Vec<Segment>) {
    let names: Vec<String> = query
        .segments
        .iter()
        .map_while(|segment| match segment {
            Segment::Selector(Selector::Name(name)) => Some(name.clone()),
            _ => None,
        })
        .collect();
    let rest = query.segments.get(names.len()..).unwrap_or_default().to_vec();
    (names, rest)
}
