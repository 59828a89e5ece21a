//! What rules read of a record: followed through working values, claims, conditions and the arguments of steps, without a record.
//!
//! Where it is not known which part of a place is read, all of it is: what `credential` reads is secret, and reports must
//! rather hide too much.

use std::collections::BTreeSet;

use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};

use super::Chain;
use crate::diag::Findings;
use crate::engine::places::{PlaceStep, Places, ReadPlaces};
use crate::rules::syntax::{Body, Cond, Each, Expr, Origin, RefExpr, Root, Rule, RuleFile, StepDef, TestDef};
use crate::rules::{Node, expr};

/// Steps of a list or an object that leave its members their names.
const KEEP_NAMES: [&str; 6] = ["filter", "pick", "omit", "compact", "map_values", "map_keys"];

/// Steps of keys that change nothing but their case.
const CASE: [&str; 3] = ["lowercase", "uppercase", "trim"];

/// More places in one body than in any rules: more of them are the whole record. Stops working values that double each other.
const MAX_VISITS: usize = 10_000;

/// A longer path is read as the place where it is cut.
const MAX_STEPS: usize = 16;

/// What the rules of a file read.
pub(super) fn read_places(rules: &RuleFile, chains: &[Chain]) -> ReadPlaces {
    let of_rule = |rule: &Rule| (rule.name.span, read(rules, chains, |reader| reader.body(&rule.body, &[])));
    let split = rules.accounts.iter();
    let split = split.map(|split| (split.name.span, read(rules, chains, |reader| reader.body(&split.body, &[]))));
    let made: Vec<_> = rules.account.iter().chain(&rules.start).map(of_rule).collect();
    let credential = read(rules, chains, Reader::credential);
    let mut used = read(rules, chains, Reader::others);
    used.merge(&credential);
    made.iter().for_each(|(_, places)| used.merge(places));
    let mut ignored = Places::default();
    for reference in &rules.ignore {
        let places = read(rules, chains, |reader| reader.reference(reference, &[]));
        if !places.touch(&used) {
            ignored.merge(&places);
        }
    }
    ReadPlaces { credential, ignored, rules: split.chain(rules.working_values().map(of_rule)).chain(made).collect() }
}

fn read<'r>(rules: &'r RuleFile, chains: &'r [Chain], look: impl FnOnce(&mut Reader<'r>)) -> Places {
    let mut reader = Reader { rules, chains, found: Places::default(), visited: BTreeSet::new() };
    look(&mut reader);
    reader.found
}

/// Collects the places that are read.
struct Reader<'r> {
    rules: &'r RuleFile,
    chains: &'r [Chain],
    found: Places,
    /// The bodies that were read, each with the path in its value, so that cycles end.
    visited: BTreeSet<(*const (), Vec<PlaceStep>)>,
}

impl<'r> Reader<'r> {
    fn credential(&mut self) {
        let Some(credential) = &self.rules.credential else { return };
        credential.when.iter().for_each(|when| self.condition(when));
        credential.scheme_rule.iter().for_each(|body| self.body(body, &[]));
        credential.fields.iter().for_each(|part| self.body(&part.body, &[]));
    }

    /// What is neither a claim nor `credential`.
    fn others(&mut self) {
        let rules = self.rules;
        rules.admit.iter().for_each(|admit| self.condition(&admit.when));
        for check in &rules.checks {
            check.that.iter().chain([&check.needs]).for_each(|condition| self.condition(condition));
        }
        let identify = rules.identify.iter();
        identify.flat_map(|identify| identify.logins.iter().chain([&identify.id])).for_each(|id| self.expr(id, &[]));
        rules.accounts.iter().for_each(|split| self.conditions(&split.body));
    }

    /// Reads the place at a path of a value.
    fn expr(&mut self, expr: &'r Expr, path: &[PlaceStep]) {
        match expr {
            Expr::Literal(_) => {}
            Expr::Reference(reference) => self.reference(reference, path),
            Expr::Template(parts, _) => {
                parts.iter().filter_map(|part| part.reference()).for_each(|reference| self.reference(reference, &[]));
            }
            Expr::List(items, _) => items.iter().for_each(|item| self.expr(item, &[])),
            Expr::Map(members, _) => match path.split_first() {
                Some((PlaceStep::Member(wanted), rest)) => {
                    let wanted = members.iter().filter(|(name, _)| name.text.to_lowercase() == wanted.to_lowercase());
                    wanted.for_each(|(_, value)| self.expr(value, rest));
                }
                _ => members.iter().for_each(|(_, value)| self.expr(value, &[])),
            },
        }
    }

    fn reference(&mut self, reference: &RefExpr, path: &[PlaceStep]) {
        let mut steps = steps_of(&reference.query);
        if !matches!(steps.last(), Some(Below::Anything)) {
            steps.extend(path.iter().cloned().map(Below::Step));
        }
        let mut path: Vec<PlaceStep> =
            steps.into_iter().map_while(|step| if let Below::Step(step) = step { Some(step) } else { None }).collect();
        path.truncate(MAX_STEPS);
        match &reference.root {
            Root::Record => self.place(&path),
            Root::Variable(name) if name == "account" => self.claim(&path),
            Root::Variable(name) => self.variable(name, &path),
        }
    }

    /// A place of the record. An element of a list may also stand there alone.
    fn place(&mut self, path: &[PlaceStep]) {
        let length = path.iter().rposition(|step| *step != PlaceStep::Any).map_or(0, |last| last + 1);
        self.found.add(path.get(..length).unwrap_or_default());
    }

    fn claim(&mut self, path: &[PlaceStep]) {
        let names: Vec<&str> = path.iter().map_while(PlaceStep::name).collect();
        let rules = self.rules;
        for claim in &rules.account {
            let own: Vec<&str> = claim.name.text.split('.').collect();
            if names.starts_with(&own) {
                self.body(&claim.body, path.get(own.len()..).unwrap_or_default());
            } else if own.starts_with(&names) {
                self.body(&claim.body, &[]);
            }
        }
        rules.start.iter().for_each(|start| self.body(&start.body, path));
    }

    /// A working value or the element of `accounts`; other names are no places of the record, or parts of a list that is read
    /// anyway.
    fn variable(&mut self, name: &str, path: &[PlaceStep]) {
        let rules = self.rules;
        for rule in rules.working_values().filter(|rule| rule.name.text == name) {
            self.body(&rule.body, path);
        }
        for split in rules.accounts.iter().filter(|split| split.name.text == name) {
            let mut path = path.to_vec();
            path.insert(0, PlaceStep::Any);
            self.body(&split.body, &path);
        }
    }

    /// Reads the place at a path of what a body makes.
    fn body(&mut self, body: &'r Body, path: &[PlaceStep]) {
        if self.visited.len() > MAX_VISITS {
            return self.found.add(&[]);
        }
        if !self.visited.insert((std::ptr::from_ref(body).cast(), path.to_vec())) {
            return;
        }
        self.conditions(body);
        let paths = self.before(body, path);
        for path in &paths {
            match &body.origin {
                Origin::From(sources) => sources.iter().for_each(|source| self.expr(source, path)),
                Origin::Value(value) => self.expr(value, path),
                Origin::Script(script) => script.with.iter().for_each(|(_, input)| self.expr(input, &[])),
            }
            [&body.default, &body.otherwise].into_iter().flatten().for_each(|other| self.expr(other, path));
        }
    }

    /// Everything of a body that its value is not made of but depends on, and what its steps bring in.
    fn conditions(&mut self, body: &'r Body) {
        body.when.iter().chain(&body.filter).for_each(|condition| self.condition(condition));
        self.steps(&body.steps, "");
        self.steps(&body.then, "");
        match &body.each {
            None => {}
            Some(Each::Steps(steps)) => self.steps(steps, ""),
            Some(Each::Fields(rules)) => rules.iter().for_each(|rule: &Rule| self.body(&rule.body, &[])),
        }
    }

    /// The paths in the origin of a body that become a path in its value. The empty path is all of it.
    fn before(&self, body: &Body, path: &[PlaceStep]) -> Vec<Vec<PlaceStep>> {
        let is_list = body.each.is_some() || !body.then.is_empty() || body.cast.is_some();
        if is_list {
            return vec![Vec::new()];
        }
        if body.steps.is_empty() {
            return vec![path.to_vec()];
        }
        // what steps do further below is unknown
        let mut paths = vec![path.get(..1).unwrap_or_default().to_vec()];
        let mut steps = Vec::new();
        self.flat(&body.steps, "", &mut steps);
        for step in steps.iter().rev() {
            paths = paths.into_iter().flat_map(|path| before_step(step, path)).collect();
        }
        paths
    }

    /// Steps with those of the chains that they name. A chain that names itself is a finding elsewhere, and ends here.
    fn flat(&self, steps: &'r [StepDef], prefix: &str, flat: &mut Vec<&'r StepDef>) {
        for step in steps {
            match self.chain(step, prefix).filter(|_| flat.len() < MAX_STEPS) {
                Some(chain) => self.flat(&chain.steps, &chain.prefix, flat),
                None => flat.push(step),
            }
        }
    }

    fn chain(&self, step: &StepDef, prefix: &str) -> Option<&'r Chain> {
        let (name, full) = (&step.name.text, format!("{prefix}{}", step.name.text));
        self.chains.iter().find(|chain| chain.name == full || chain.name == *name)
    }

    /// What the arguments of steps read.
    fn steps(&mut self, steps: &'r [StepDef], prefix: &str) {
        for step in steps {
            step.argument.iter().for_each(|argument| self.argument(argument));
            let Some(chain) = self.chain(step, prefix) else { continue };
            if self.visited.insert((std::ptr::from_ref(chain).cast(), Vec::new())) {
                self.steps(&chain.steps, &chain.prefix);
            }
        }
    }

    fn argument(&mut self, node: &Node) {
        if let Some(entries) = node.as_map() {
            for entry in entries {
                self.argument(&Node { span: entry.key_span, kind: entry.key_kind() });
                self.argument(&entry.value);
            }
        } else if let Some(items) = node.as_list() {
            items.iter().for_each(|item| self.argument(item));
        } else if let Some(read) = expr::read(node, &mut Findings::default()) {
            self.written(&read);
        }
    }

    /// The references of a scalar.
    fn written(&mut self, scalar: &Expr) {
        match scalar {
            Expr::Reference(reference) => self.reference(reference, &[]),
            Expr::Template(parts, _) => {
                parts.iter().filter_map(|part| part.reference()).for_each(|reference| self.reference(reference, &[]));
            }
            Expr::Literal(_) | Expr::List(..) | Expr::Map(..) => {}
        }
    }

    fn condition(&mut self, condition: &'r Cond) {
        match condition {
            Cond::All(parts) | Cond::Any(parts) => parts.iter().for_each(|part| self.condition(part)),
            Cond::Not(part) => self.condition(part),
            Cond::Test(subject, test) => {
                self.reference(subject, &[]);
                self.test(test);
            }
        }
    }

    fn test(&mut self, test: &'r TestDef) {
        match test {
            TestDef::Present | TestDef::Missing => {}
            TestDef::Equals(value) => self.expr(value, &[]),
            TestDef::OneOf(values) => values.iter().for_each(|value| self.expr(value, &[])),
            TestDef::Predicate(step) => step.argument.iter().for_each(|argument| self.argument(argument)),
            TestDef::All(tests) => tests.iter().for_each(|test| self.test(test)),
            TestDef::Not(test) => self.test(test),
        }
    }
}

/// The paths before a step of what has a path of at most one step behind it.
fn before_step(step: &StepDef, path: Vec<PlaceStep>) -> Vec<Vec<PlaceStep>> {
    let name = step.name.text.as_str();
    let (Some(PlaceStep::Member(member)), true) = (path.first(), name == "strip_key_prefix") else {
        return if keeps_names(step) { vec![path] } else { vec![Vec::new()] };
    };
    let argument = step.argument.as_ref();
    let prefix = argument.and_then(|node| node.as_text().or_else(|| node.get("prefix").and_then(Node::as_text)));
    match prefix {
        Some(prefix) => vec![vec![PlaceStep::Member(format!("{prefix}{member}"))], path],
        None => vec![Vec::new()],
    }
}

fn keeps_names(step: &StepDef) -> bool {
    let name = step.name.text.as_str();
    let changes_case = || {
        let steps = step.argument.as_ref().and_then(Node::as_list).unwrap_or_default();
        steps.iter().all(|step| step.as_text().is_some_and(|name| CASE.contains(&name)))
    };
    KEEP_NAMES.contains(&name) && (name != "map_keys" || changes_case())
}

/// A step of a reference.
enum Below {
    Step(PlaceStep),
    /// It is unknown what is read below.
    Anything,
}

/// The steps of a query, up to the first one that chooses by what it reads.
fn steps_of(query: &JpQuery) -> Vec<Below> {
    let mut steps = Vec::new();
    for segment in &query.segments {
        steps.push(match segment {
            Segment::Selector(Selector::Name(name)) => Below::Step(PlaceStep::Member(name.clone())),
            Segment::Selector(Selector::Wildcard | Selector::Index(_) | Selector::Slice(..)) => {
                Below::Step(PlaceStep::Any)
            }
            _ => {
                steps.push(Below::Anything);
                return steps;
            }
        });
    }
    steps
}

impl PlaceStep {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Member(name) => Some(name),
            Self::Any => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::{Files, Findings, render};
    use crate::engine::compile::{NoFiles, compile};
    use crate::engine::places::{PlaceStep, Places};

    /// What is secret, and what is ignored, of the places asked for.
    fn check(rules: &str, secret: &[&str], open: &[&str]) {
        let text = format!("landfall: 1\nname: shop\n{rules}");
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let file = files.add("shop.yaml", text.as_str());
        let plan = compile(&mut files, file, &NoFiles, &mut findings);
        let plan = plan.unwrap_or_else(|| panic!("{}", render::plain(&files, &findings.sorted())));
        let is_secret = |path: &str| {
            let places = path.split('.').fold(plan.places.credential.clone(), |places: Places, name| match name {
                "*" => places.in_element(),
                name => places.in_member(name),
            });
            places.is_whole()
        };
        secret.iter().for_each(|path| assert!(is_secret(path), "`{path}` is not secret by\n{rules}"));
        open.iter().for_each(|path| assert!(!is_secret(path), "`{path}` is secret by\n{rules}"));
    }

    #[test]
    fn everything_that_the_credential_reads_is_found() {
        check(
            "account: { external_id: $.id, custom.code: $.code }\n\
             credential: { when: { $.kind: local }, hash_hex: $.code, salt: { from: [ $.a.s, \"{$.t}\" ] }, \
             scheme: { from: [ $.algo, $.other ] } }",
            &["kind", "code", "code.below", "a.s", "t", "algo", "other"],
            &["id", "a", "a.t"],
        );
    }

    #[test]
    fn working_values_are_followed() {
        let account = "defaults: { on_error: warn }\naccount: { external_id: $.id }\n\
                       credential: { scheme: bcrypt, value: $v.code }\n";
        for (lets, secret, open) in [
            ("v: $.user", &["user.code"][..], &["user", "user.mail", "code"][..]),
            ("v: { from: [ $.user, $ ] }", &["user.code", "code"], &["user", "mail"]),
            ("v: { value: { code: $.x, b: $.y } }", &["x"], &["y"]),
            ("v: { from: $w, where: { $item.on: present } }, w: $.deep.user", &["deep.user.code"], &["deep.user.mail"]),
            ("v: { from: $, do: [ { map_keys: [ lowercase ] } ] }", &["Code"], &["mail"]),
            ("v: { from: $, do: [ { strip_key_prefix: u_ } ] }", &["u_code"], &["mail"]),
            ("v: { from: $.meta, do: [ { pivot: { key: k, value: v } } ] }", &["meta.*.v"], &["mail"]),
            ("v: { from: $, do: [ { rename_keys: { names: { mail: code } } } ] }", &["mail"], &[]),
            ("v: { with: { c: $.x }, script: c }", &["x"], &["mail"]),
            ("v: { from: $.list, do: [ { find: { $item.k: $.wanted } } ] }", &["list.*.code", "wanted"], &["mail"]),
            (
                "v: { value: { code: $w } }, w: { when: { $.flag: 1 }, from: \"$.list[0].c\" }",
                &["flag", "list.*.c"],
                &["list.*.d"],
            ),
        ] {
            check(&format!("let: {{ {lets} }}\n{account}"), secret, open);
        }
    }

    #[test]
    fn accounts_and_claims_are_followed() {
        check(
            "accounts: { name: member, from: $.people }\naccount: { external_id: $member.id, custom.code: $member.code }\n\
             credential: { scheme: md5, value: $member.hash, salt: $account.custom.code }",
            &["people.*.hash", "people.*.code"],
            &["people.*.id"],
        );
    }

    #[test]
    fn names_are_compared_without_case_and_elements_may_stand_alone() {
        let mut places = Places::default();
        places.add(&[PlaceStep::Member("UserPassword".to_owned())]);
        assert!(places.in_member("userpassword").in_element().is_whole());
        check(
            "account: { external_id: $.id }\ncredential: { scheme: bcrypt, value: \"$.hash[0]\" }",
            &["hash"],
            &["id"],
        );
    }
}
