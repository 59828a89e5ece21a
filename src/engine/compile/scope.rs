//! Names while rules are compiled: the register of each name, and the registers that each rule reads.

use std::collections::BTreeSet;

use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};

use super::member_reads::MemberRead;
use crate::diag::{Diagnostic, Findings, Span, closest};
use crate::engine::capture::Trie;
use crate::engine::operand::{Base, Reference};
use crate::engine::path::{PathStep, Tail};
use crate::engine::plan::{Derived, RuleKind, RulePlan};
use crate::engine::unread::{MEMBERWISE, Reads, Seen, SeenVariable, Through, To};
use crate::model::Kinds;
use crate::rules::syntax::{Expr, RefExpr, Root};

/// A name that a reference may begin with.
#[derive(Debug)]
pub struct Variable {
    /// Its name; for claims the path.
    pub name: String,
    /// Where it is defined.
    pub span: Option<Span>,
    /// Its register.
    pub register: usize,
    /// What it may be, as far as is known.
    pub kinds: Kinds,
    /// Whether a rule reads it.
    pub used: bool,
    /// Whether it is a parameter that is declared as a list.
    pub is_list: bool,
    /// The kinds of which something can be read in the ways in which it is read.
    pub readable: Kinds,
    /// What is read of it.
    pub seen: Seen,
    /// The places of the record that it is computed from.
    pub sources: Vec<Vec<String>>,
    /// Whether it is a copy of one of them, or of some of its members.
    pub is_taken_over: bool,
}

/// Where a place that is read is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// In the record.
    Record,
    /// In the working value with this register.
    Variable(usize),
}

/// A place that a rule reads: its owner, and the path of names in it.
pub type ReadPlace = (Owner, Vec<String>);
/// An object that `each` builds for every element: its members, and the registers of those that others read.
#[derive(Debug)]
pub struct MadeObject {
    members: Vec<(String, Option<usize>)>,
}

impl MadeObject {
    /// An object with these members, none of which is read.
    pub fn new(names: impl Iterator<Item = String>) -> Self {
        Self { members: names.map(|name| (name, None)).collect() }
    }

    /// Whether a member reads another.
    pub fn is_read(&self) -> bool {
        self.members.iter().any(|(_, register)| register.is_some())
    }

    /// The register of a member, if another member reads it.
    pub fn register(&self, at: usize) -> Option<usize> {
        self.members.get(at)?.1
    }
}

/// How `$item` and `$key` are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ElementReads {
    /// A member of the element: `$item.name`.
    pub member: bool,
    /// The element as a whole, or its key.
    pub whole: bool,
}

/// The built-in names.
pub const BUILTIN: &[&str] = &["params", "account", "facts", "item", "index", "key", "made"];

/// Everything that a name can mean.
#[derive(Debug, Default)]
pub struct Scope {
    registers: usize,
    slots: Vec<(Vec<String>, usize)>,
    /// Parameters.
    pub params: Vec<Variable>,
    /// Working values, and the element of `accounts`.
    pub lets: Vec<Variable>,
    /// The names of `accounts`, for working values of the record that read them.
    pub of_accounts: Vec<String>,
    /// Claims.
    pub claims: Vec<Variable>,
    /// The register of `$facts`.
    pub facts: usize,
    /// Whether a rule reads `$facts`.
    pub reads_facts: bool,
    /// Whether `$item`, `$index` and `$key` exist here.
    pub on_element: bool,
    /// Whether the element has been read since this flag was reset.
    pub reads_element: bool,
    /// How the element at hand is read.
    pub element_reads: ElementReads,
    /// How the element was read of what was compiled last for every element.
    pub last_element_reads: ElementReads,
    /// The name of the accounts while the elements that become accounts are selected.
    pub splitting: Option<String>,
    /// Whether claims may be read here.
    pub claims_visible: bool,
    /// The register of the object that the account starts from.
    pub start: Option<usize>,
    /// The objects of `each` around the current rule, innermost last.
    pub made: Vec<MadeObject>,
    /// The registers that the current rule reads.
    pub needs: BTreeSet<usize>,
    ignored: Vec<Vec<String>>,
    /// The members that are read of working values and claims.
    pub member_reads: Vec<MemberRead>,
    /// The members of elements that the current rule reads: a working value made with `find` contains what its
    /// condition read.
    pub element_members: BTreeSet<Vec<String>>,
    /// What is read of the record.
    pub seen: Seen,
    /// The places that the origin of a rule names, while it is unknown which parts of them the rule reads.
    pub held: Option<Vec<ReadPlace>>,
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
            is_list: false,
            readable: Kinds::NONE,
            seen: Seen::default(),
            sources: Vec::new(),
            is_taken_over: false,
        }
    }

    /// Whether a value is a parameter that is declared as a list.
    #[must_use]
    pub fn is_list_param(&self, value: &Expr) -> bool {
        let Expr::Reference(RefExpr { root: Root::Variable(name), query, .. }) = value else { return false };
        let (names, rest) = leading_names(query);
        let [wanted] = names.as_slice() else { return false };
        name == "params" && rest.is_empty() && self.params.iter().any(|param| param.name == *wanted && param.is_list)
    }

    /// Marks a path as left out on purpose.
    pub fn ignore(&mut self, reference: &RefExpr, findings: &mut Findings) {
        match &reference.root {
            Root::Record => {
                let (names, rest) = leading_names(&reference.query);
                if rest.is_empty() && !names.is_empty() {
                    self.seen.note(&names);
                    self.ignored.push(names);
                } else {
                    let help = "name one field, such as `$.session` or `$.profile.photo`";
                    findings.push(Diagnostic::error("R109", reference.span, "`ignore` takes field names", help));
                }
            }
            Root::Variable(name) => {
                let (names, _) = leading_names(&reference.query);
                match self.lets.iter_mut().find(|variable| variable.name == *name) {
                    Some(variable) => variable.seen.note(&names),
                    None => findings.push(self.unknown_variable(name, reference)),
                }
            }
        }
    }

    /// Resolves a reference, and returns it with the kinds of its value.
    pub fn resolve(&mut self, reference: &RefExpr, findings: &mut Findings) -> Option<(Reference, Kinds)> {
        match &reference.root {
            Root::Record => Some((self.slot(&reference.query), Kinds::ANY)),
            Root::Variable(name) => self.named(name, reference, findings),
        }
    }

    fn slot(&mut self, query: &JpQuery) -> Reference {
        let (names, rest) = leading_names(query);
        self.reads(Owner::Record, &names, rest.is_empty());
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
            "made" => self.sibling(reference, findings),
            "params" => self.member_of_params(reference, findings),
            "account" => self.claim(reference, findings),
            "facts" => {
                let (names, _) = leading_names(&reference.query);
                if let Some(unknown) = names.first().filter(|first| !FACTS.contains(&first.as_str())) {
                    let help = "the facts are `now`, `tenant`, `identifier`, and `added` for what hooks add";
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
                if self.splitting.as_deref() == Some(name) {
                    findings.push(not_yet(name, reference, self.on_element));
                    return None;
                }
                let (names, rest) = leading_names(&reference.query);
                let Some(variable) = self.lets.iter_mut().find(|variable| variable.name == name) else {
                    findings.push(self.unknown_variable(name, reference));
                    return None;
                };
                variable.used = true;
                variable.readable = variable.readable.or(readable_by(&reference.query));
                let kinds = if reference.query.segments.is_empty() { variable.kinds } else { Kinds::ANY };
                let register = variable.register;
                self.member_reads.extend(names.first().map(|member| MemberRead::new(register, reference, member)));
                self.reads(Owner::Variable(register), &names, rest.is_empty());
                self.needs.insert(register);
                Some((Reference { base: Base::Register(register), tail: Tail::of(reference.query.clone()) }, kinds))
            }
        }
    }

    fn element(&mut self, name: &str, reference: &RefExpr, findings: &mut Findings) -> Option<(Reference, Kinds)> {
        if !self.on_element {
            let help =
                "it exists only inside `each`, `where`, and the conditions and steps of `find`, `filter` and `map`";
            findings.push(Diagnostic::error("R204", reference.span, format!("`${name}` is used outside a list"), help));
            return None;
        }
        self.reads_element = true;
        let (names, _) = leading_names(&reference.query);
        match name {
            "item" if !names.is_empty() => self.element_reads.member = true,
            "item" | "key" => self.element_reads.whole = true,
            _ => {}
        }
        if !names.is_empty() {
            self.element_members.insert(names);
        }
        let base = match name {
            "item" => Base::Item,
            "index" => Base::Index,
            _ => Base::Key,
        };
        Some((Reference { base, tail: Tail::of(reference.query.clone()) }, Kinds::ANY))
    }

    /// A member of the object that is being built for the element.
    fn sibling(&mut self, reference: &RefExpr, findings: &mut Findings) -> Option<(Reference, Kinds)> {
        let (names, _) = leading_names(&reference.query);
        let Some(object) = self.made.last_mut() else {
            let help = "it reads another member of the same element: use it in the map under `each`";
            let message = "`$made` is used outside an object that `each` builds";
            findings.push(Diagnostic::error("R204", reference.span, message, help));
            return None;
        };
        let wanted = names.first().map_or("", String::as_str);
        let Some((_, register)) = object.members.iter_mut().find(|(name, _)| name == wanted) else {
            let names = || object.members.iter().map(|(name, _)| name.as_str());
            let (message, help) = match closest(wanted, names()) {
                _ if wanted.is_empty() => ("`$made` names no member".to_owned(), None),
                near => (format!("no rule sets the member `{wanted}` of this element"), near),
            };
            let help = help.map_or_else(
                || {
                    format!(
                        "the members are {}",
                        names().map(|name| format!("`$made.{name}`")).collect::<Vec<_>>().join(", ")
                    )
                },
                |near| format!("did you mean `$made.{near}`?"),
            );
            findings.push(Diagnostic::error("R204", reference.span, message, help));
            return None;
        };
        let register = *register.get_or_insert_with(|| {
            self.registers += 1;
            self.registers - 1
        });
        self.needs.insert(register);
        let rest = reference.query.segments.get(1..).unwrap_or_default().to_vec();
        Some((Reference { base: Base::Register(register), tail: Tail::of(JpQuery::new(rest)) }, Kinds::ANY))
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
            let message =
                format!("`{}` cannot be read here: claims are computed after `let` and `admit`", reference.text);
            let help = "read the record or a working value; what reads a claim must be a claim itself, or its `when`";
            findings.push(Diagnostic::error("R204", reference.span, message, help));
            return None;
        }
        let (names, _) = leading_names(&reference.query);
        let path = names.join(".");
        let inside = format!("{path}.");
        let is_made = |claim: &Variable| {
            claim.name == path || path.starts_with(&format!("{}.", claim.name)) || claim.name.starts_with(&inside)
        };
        // a claim that no rule sets may be in the object that the account starts from
        if let Some(start) = self.start.filter(|_| !path.is_empty() && !self.claims.iter().any(is_made)) {
            self.needs.insert(start);
            let tail = Tail::of(reference.query.clone());
            return Some((Reference { base: Base::Register(start), tail }, Kinds::ANY));
        }
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
            findings.push(Diagnostic::error("R204", reference.span, format!("no rule sets the claim `{path}`"), help));
            return None;
        };
        claim.used = true;
        let depth = claim.name.split('.').count();
        let kinds = if depth == reference.query.segments.len() { claim.kinds } else { Kinds::ANY };
        let rest = reference.query.segments.get(depth..).unwrap_or_default().to_vec();
        self.member_reads.extend(names.get(depth).map(|member| MemberRead::new(claim.register, reference, member)));
        self.needs.insert(claim.register);
        Some((Reference { base: Base::Register(claim.register), tail: Tail::of(JpQuery::new(rest)) }, kinds))
    }

    fn unknown_variable(&self, name: &str, reference: &RefExpr) -> Diagnostic {
        if self.of_accounts.iter().any(|known| known == name) {
            let message = format!("`${name}` belongs to one account, but this is computed once for the whole record");
            let help = "move this working value into `accounts: { …, let: { … } }`";
            return Diagnostic::error("R204", reference.span, message, help);
        }
        let known: Vec<&str> = self.lets.iter().map(|variable| variable.name.as_str()).collect();
        let help = match closest(name, known.iter().chain(BUILTIN).copied()) {
            _ if name == "record" || name == "row" => {
                format!("the record is `$`: write `{}`", reference.text.replacen(name, "", 1))
            }
            Some(near) => format!("did you mean `${near}`?"),
            None => format!("declare it under `let:`, or write `$.{name}` to read the record"),
        };
        Diagnostic::error("R204", reference.span, format!("there is no variable `${name}`"), help)
    }

    /// The paths of the record that are read, and the registers that are parts of others.
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
        (trie, derived)
    }
}

/// Reports a reference to the accounts before they have been selected.
fn not_yet(name: &str, reference: &RefExpr, on_element: bool) -> Diagnostic {
    let help = if on_element {
        let member = reference.text.trim_start_matches('$').trim_start_matches(name);
        format!("here the element is `$item`: write `$item{member}`")
    } else {
        "read the record or a working value here".to_owned()
    };
    let message = format!("`${name}` is an account, but the accounts are only being selected here");
    Diagnostic::error("R204", reference.span, message, help)
}

impl Scope {
    /// Records that a place is read, or leaves that to the rule whose origin it is.
    fn reads(&mut self, owner: Owner, names: &[String], is_exact: bool) {
        match &mut self.held {
            Some(held) if is_exact => held.push((owner, names.to_vec())),
            _ => {
                if let Some(seen) = self.seen_of(owner) {
                    seen.note(names);
                }
            }
        }
    }

    fn seen_of(&mut self, owner: Owner) -> Option<&mut Seen> {
        match owner {
            Owner::Record => Some(&mut self.seen),
            Owner::Variable(register) => {
                let variable = self.lets.iter_mut().find(|variable| variable.register == register);
                variable.map(|variable| &mut variable.seen)
            }
        }
    }

    /// Records which parts of the places in its origin a rule reads.
    pub fn reads_through(&mut self, places: &[ReadPlace], rule: &RulePlan) {
        let chosen = rule.steps.0.iter().take_while(|step| MEMBERWISE.contains(&step.name)).count();
        let all_choose = chosen == rule.steps.0.len();
        let filtered = all_choose && rule.filter.is_some();
        let is_variable = matches!(rule.kind, RuleKind::Let | RuleKind::Split);
        let keeps_all = all_choose && rule.each.is_none() && rule.then.is_empty();
        let to = if is_variable && keeps_all { To::Variable(rule.register) } else { To::Whole };
        let chooses = (chosen > 0 || filtered) && !matches!(rule.kind, RuleKind::Field | RuleKind::Credential);
        for (owner, names) in places {
            let Some(seen) = self.seen_of(*owner) else { continue };
            if to == To::Whole && !chooses {
                seen.note(names);
            } else {
                seen.take_over(names, Through { rule: rule.register, steps: chosen, filtered, to });
            }
        }
        let made = self.lets.iter_mut().find(|variable| is_variable && variable.register == rule.register);
        if let Some(variable) = made {
            variable.is_taken_over = to != To::Whole && !places.is_empty();
            let of_record = places.iter().filter(|(owner, _)| *owner == Owner::Record);
            variable.sources = of_record.map(|(_, names)| names.clone()).collect();
        }
    }

    /// Everything that is read; `split` is the variable of `accounts` with the register of its elements.
    pub(in crate::engine) fn finish_reads(&mut self, split: Option<(usize, usize)>) -> Reads {
        for variable in self.lets.iter_mut().filter(|variable| !variable.is_taken_over) {
            for (source, ignored) in
                variable.sources.iter().flat_map(|source| self.ignored.iter().map(move |ignored| (source, ignored)))
            {
                // ignored paths, as paths of the record
                if source.starts_with(ignored) {
                    variable.seen.note(&[]);
                } else if let Some(rest) = ignored.strip_prefix(source.as_slice()) {
                    variable.seen.note(rest);
                }
            }
        }
        let variables = self.lets.iter_mut().filter(|variable| variable.used).map(|variable| SeenVariable {
            name: variable.name.clone(),
            register: variable.register,
            seen: std::mem::take(&mut variable.seen),
            is_taken_over: variable.is_taken_over,
            elements: split.filter(|(register, _)| *register == variable.register).map(|(_, elements)| elements),
        });
        Reads { record: std::mem::take(&mut self.seen), variables: variables.collect() }
    }
}

/// The kinds of which a query can read something.
fn readable_by(query: &JpQuery) -> Kinds {
    match query.segments.first() {
        None => Kinds::ANY,
        Some(Segment::Selector(Selector::Name(_))) => Kinds::OBJECT,
        Some(_) => Kinds::LIST.or(Kinds::OBJECT),
    }
}

/// The member names that a query begins with, and the segments after them.
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
