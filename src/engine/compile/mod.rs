//! Compiles rules into a plan. Everything that can be checked before there is a record is checked here.

mod argument;
mod argument_names;
mod claim_names;
mod claims;
mod condition;
mod constants;
mod credential;
mod credential_facts;
mod credential_parts;
mod dates;
mod dead;
mod dependence;
mod failure;
mod identity;
mod late;
mod lookup;
mod made_of;
mod member_maps;
mod member_reads;
mod needed;
mod nested_rules;
mod objects;
mod order;
mod own_names;
mod patterns;
mod read_places;
mod reference_free;
mod rule;
mod scope;
mod shared;
mod spelling;
mod start;
mod steps;
mod table_keys;
mod unknown;
mod value;
mod word;

pub(crate) use argument::script_regex;
pub(crate) use value::literal;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dependence::Dependence;
use lookup::Table;
use made_of::MadeOf;
use rule::Purpose;
use scope::Scope;

use super::operand::Operand;
use super::ops;
use super::plan::{AdmitPlan, CheckPlan, OutputNode, ParamPlan, Plan, RuleKind, RulePlan, SplitPlan};
use super::script::{Sandbox, ScriptLimits};
use crate::diag::{Diagnostic, FileId, Files, Findings, Span};
use crate::model::Kinds;
use crate::rules::syntax::{Admit, Blank, Check, Rule, RuleFile, Split, StepDef, Without};
use crate::rules::{Node, read_rules, rule_file};
use crate::schema::{Outlines, Schema, Shape, ShapeKind, path_names};

/// What to write instead of an unknown step.
#[must_use]
pub fn step_help(name: &str) -> String {
    unknown::help(name, None, "", &[])
}

/// Loads the files that rules name. The engine itself opens no files.
pub trait Loader {
    /// Loads the file `name`, which the file `asker` refers to.
    ///
    /// # Errors
    /// One sentence that says why the file cannot be loaded.
    fn load(&self, asker: &str, name: &str) -> Result<Loaded, String>;
}

/// A loaded file.
#[derive(Debug)]
pub struct Loaded {
    /// Its full name, for findings and for the files that it refers to.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The loader for rules that refer to no other file.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Loader for NoFiles {
    fn load(&self, _: &str, name: &str) -> Result<Loaded, String> {
        Err(format!("`{name}` cannot be read here: only the rule file itself is available"))
    }
}

/// Reads and compiles a rule file. All findings are added; there is a plan only if none of them is an error.
pub fn compile(files: &mut Files, file: FileId, loader: &dyn Loader, findings: &mut Findings) -> Option<Plan> {
    let tree = read_rules(files, file, findings)?;
    let mut lowered = Findings::default();
    let Some(mut rules) = rule_file(&tree, &mut lowered) else {
        findings.extend(lowered);
        return None;
    };
    let (shared, missing_files) = shared::load(&rules, file, files, loader, findings);
    let schema = shared::schema(&rules, file, files, loader, findings);
    if let Some(tree) = schema.as_ref().and_then(|schema| member_maps::taken_apart(&tree, schema, findings)) {
        lowered = Findings::default();
        rules = rule_file(&tree, &mut lowered)?;
    }
    findings.extend(lowered);
    let schema = schema?;
    let mut compiler = Compiler {
        files,
        findings,
        scope: Scope::default(),
        schema,
        tables: Vec::new(),
        missing_files,
        chains: Vec::new(),
        chain_stack: Vec::new(),
        copied_lets: Vec::new(),
        claim_needs: BTreeMap::new(),
        param_values: Vec::new(),
        verifiers: Vec::new(),
        sandbox: Sandbox::new(ScriptLimits::default()),
        fold_blank: rules.defaults.blank == Blank::Missing,
        asked: None,
        decides: false,
        list_after_do: false,
        own_prefix: format!("{}.", shared::stem(files.name(file))),
        prefix: String::new(),
        is_digest_template: false,
        param_defaults: rules.params.iter().map(|param| param.default.as_ref().map(|node| literal(node).0)).collect(),
    };
    compiler.names(&rules, file, shared, loader);
    let plan = compiler.plan(&rules);
    compiler.idle_chains();
    // a file that only shares lookups and steps is used by other files
    if rules.account_span.is_some() {
        compiler.unused();
    }
    let plan = plan.filter(|_| !findings.has_errors())?;
    Some(Plan { files: files.clone(), ..plan })
}

/// A named chain of steps while rules are compiled.
#[derive(Debug, Clone)]
struct Chain {
    name: String,
    span: Span,
    steps: Vec<StepDef>,
    used: bool,
    shared: bool,
    /// The prefix of the names of its file: `contact.`; empty for the rules themselves.
    prefix: String,
}

struct Compiler<'c> {
    files: &'c Files,
    findings: &'c mut Findings,
    scope: Scope,
    schema: Arc<Schema>,
    tables: Vec<Table>,
    /// The prefixes of shared files that could not be read: their names are unknown.
    missing_files: Vec<String>,
    chains: Vec<Chain>,
    chain_stack: Vec<String>,
    /// The working values that are copies of fields.
    copied_lets: Vec<String>,
    /// The registers that each claim reads, by the claim's own register.
    claim_needs: BTreeMap<usize, BTreeSet<usize>>,
    /// The allowed values of the parameters that list them.
    param_values: Vec<(String, Vec<Node>)>,
    /// The verifiers that `credential.source` names.
    verifiers: Vec<(String, Span)>,
    sandbox: Sandbox,
    /// Whether blank text counts as no value.
    fold_blank: bool,
    /// The value that the current condition tests, as written.
    asked: Option<String>,
    /// The prefix that other files use for the names of this file.
    own_prefix: String,
    /// The prefix of the shared file whose chain is being compiled.
    prefix: String,
    /// Whether the current condition decides about the record: it is in `admit` or `checks`.
    decides: bool,
    /// Whether the steps at hand stand in `do` beside `as: list`, which comes after them.
    list_after_do: bool,
    /// Whether the current texts are digest templates, which have their own variables.
    is_digest_template: bool,
    /// The defaults of the parameters, in their order.
    param_defaults: Vec<Option<Operand>>,
}

impl Compiler<'_> {
    /// Declares every name of the file before anything that may use it is compiled.
    fn names(&mut self, rules: &RuleFile, file: FileId, shared: Vec<shared::SharedFile>, loader: &dyn Loader) {
        self.scope.facts = self.scope.register();
        let files = shared.iter().map(|shared| (shared.prefix.as_str(), shared.file, &shared.rules, true));
        for (prefix, file, rules, is_shared) in std::iter::once(("", file, rules, false)).chain(files) {
            for def in &rules.lookups {
                let asker = self.files.name(file);
                table_keys::check(def, self.fold_blank, self.findings);
                self.tables.push(lookup::table(def, prefix, self.tables.len(), asker, loader, self.findings));
            }
            self.chains_that_hide_steps(rules);
            self.chains.extend(rules.steps.iter().map(|def| Chain {
                name: format!("{prefix}{}", def.name.text),
                span: def.name.span,
                steps: def.steps.clone(),
                used: false,
                shared: is_shared,
                prefix: prefix.to_owned(),
            }));
        }
        for param in &rules.params {
            let mut variable = self.scope.variable(&param.name.text, Some(param.name.span));
            variable.is_list = param.default.as_ref().is_some_and(|default| default.as_list().is_some());
            self.scope.params.push(variable);
            self.param_values.extend(param.values.clone().map(|values| (param.name.text.clone(), values)));
        }
        for rule in &rules.lets {
            self.declare(&rule.name.text, rule.name.span);
        }
        for claim in &rules.account {
            let variable = self.scope.variable(&claim.name.text, Some(claim.name.span));
            self.scope.claims.push(variable);
        }
    }

    /// A chain of its own that has the name of a step is used in its place, which nobody sees where it is used.
    fn chains_that_hide_steps(&mut self, rules: &RuleFile) {
        for def in &rules.steps {
            let name = &def.name.text;
            if ops::find(name).is_some() {
                let message = format!("the chain `{name}` has the name of a step, and is used in place of it");
                let help = format!("give the chain another name, such as `own_{name}`");
                self.findings.push(Diagnostic::warning("R202", def.name.span, message, help));
            }
        }
    }

    fn declare(&mut self, name: &str, span: Span) {
        let taken = scope::BUILTIN.contains(&name);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if taken || !is_name {
            let message = format!("`{name}` cannot be the name of a working value");
            let help =
                format!("use ASCII letters, digits and `_`; the names `{}` are reserved", scope::BUILTIN.join("`, `"));
            self.findings.push(Diagnostic::error("R202", span, message, help));
        }
        if let Some(first) = self.scope.lets.iter().find(|known| known.name == name).and_then(|known| known.span) {
            let message = format!("the working value `{name}` is defined twice");
            let help = "rename one of them";
            self.findings.push(Diagnostic::error("R202", span, message, help).also(first, "first here"));
        }
        let variable = self.scope.variable(name, Some(span));
        self.scope.lets.push(variable);
    }

    fn plan(&mut self, rules: &RuleFile) -> Option<Plan> {
        let params = self.params(rules);
        let of_accounts = rules
            .accounts
            .iter()
            .flat_map(|split| std::iter::once(&split.name).chain(split.lets.iter().map(|rule| &rule.name)));
        self.scope.of_accounts = of_accounts.map(|name| name.text.clone()).collect();
        self.note_copies(rules);
        let (mut lets, mut made_of) = self.lets(&rules.lets, rules);
        let split = rules.accounts.as_ref().map(|split| self.split(split, rules, &mut made_of));
        self.scope.needs.clear();
        let admit: Vec<Option<AdmitPlan>> = rules.admit.iter().map(|admit| self.admit(admit)).collect();
        let mut shared = std::mem::take(&mut self.scope.needs);
        let start = self.start(rules);
        self.scope.claims_visible = true;
        let mut claims = self.claims(rules);
        self.scope.needs.clear();
        let mut credential = rules.credential.as_ref().map(|credential| self.credential(credential, rules));
        let of_credential = std::mem::take(&mut self.scope.needs);
        let identify = rules.identify.as_ref().map(|identify| self.identify(identify, rules));
        let (early, starts_early) = self.early_claims(&claims, of_credential);
        let checks: Vec<Option<CheckPlan>> = rules.checks.iter().map(|check| self.check(check)).collect();
        shared.append(&mut self.scope.needs);
        let split = split.map(|split| split.map(|split| made_of.finish(split, &shared)));
        if let Some(Some(split)) = &split {
            let parts = credential.iter_mut().flatten().flat_map(|credential| &mut credential.fields);
            lets.iter_mut().chain(&mut claims).chain(parts).for_each(|rule| split.complete(&mut rule.made_of));
        }
        for reference in &rules.ignore {
            self.scope.ignore(reference, self.findings);
        }
        // the object that the account starts from may contain all of them
        if rules.start.is_none() {
            self.required_claims(&rules.account, rules.account_span);
        }
        self.members_of_lists();
        let split = split.map(|split| split.map(|split| self.with_accepted(split)));
        let output = self.skeleton(&rules.account);
        let checked = match rules.start {
            None => self.checked(&rules.account, &claims),
            Some(_) => Outlines::default(),
        };
        let (trie, derived) = self.scope.slots();
        let reads = self.scope.finish_reads(
            split.as_ref().and_then(|split| split.as_ref().map(|split| (split.rule.register, split.elements))),
        );
        Some(Plan {
            name: rules.name.as_ref().map_or_else(String::new, |name| name.text.clone()),
            files: Files::default(),
            schema: Arc::clone(&self.schema),
            registers: self.scope.len(),
            trie,
            derived,
            params,
            facts: self.scope.reads_facts.then_some(self.scope.facts),
            fold_blank: rules.defaults.blank == Blank::Missing,
            unread: rules.defaults.unread,
            reads,
            admit: admit.into_iter().collect::<Option<_>>()?,
            lets,
            split: match split {
                None => None,
                Some(split) => Some(split?),
            },
            start,
            claims,
            early,
            starts_early,
            output,
            checked,
            credential: match credential {
                None => None,
                Some(credential) => Some(credential?),
            },
            checks: checks.into_iter().collect::<Option<_>>()?,
            identify: match identify {
                None => None,
                Some(identify) => Some(identify?),
            },
            needed: needed::needed(rules, &Dependence::new(rules, &self.chains)),
            places: read_places::read_places(rules, &self.chains),
            verifiers: self.verifiers.clone(),
            lookups: self.tables.iter().map(|table| Arc::clone(&table.lookup)).collect(),
        })
    }

    fn params(&mut self, rules: &RuleFile) -> Vec<ParamPlan> {
        let registers = self.scope.params.iter().map(|variable| variable.register);
        let findings = &mut *self.findings;
        rules
            .params
            .iter()
            .zip(registers)
            .map(|(param, register)| ParamPlan {
                name: param.name.text.clone(),
                default: param
                    .default
                    .as_ref()
                    .map(|node| lookup::fixed(node, "the default of a parameter is a constant", findings)),
                values: param
                    .values
                    .as_ref()
                    .map(|values| values.iter().filter_map(|node| node.as_text().map(str::to_owned)).collect()),
                about: param.about.as_ref().map_or_else(String::new, |about| about.text.clone()),
                register,
            })
            .collect()
    }

    /// Compiles a rule and returns the registers that it reads.
    fn rule_with_needs(&mut self, rule: &Rule, purpose: &Purpose<'_>) -> Option<(RulePlan, BTreeSet<usize>, Kinds)> {
        self.scope.needs.clear();
        self.scope.element_members.clear();
        let compiled = self.rule(rule, purpose);
        let needs = std::mem::take(&mut self.scope.needs);
        compiled.map(|(plan, kinds)| (plan, needs, kinds))
    }

    /// Working values in the order in which they are computed, and the dependencies of each.
    fn lets(&mut self, lets: &[Rule], rules: &RuleFile) -> (Vec<RulePlan>, MadeOf) {
        let (mut compiled, mut made_of) = (Vec::new(), MadeOf::default());
        for rule in lets {
            let Some(register) = self.scope.lets.iter().find(|v| v.name == rule.name.text).map(|v| v.register) else {
                continue;
            };
            let policy = rules.defaults.on_error;
            let purpose =
                Purpose { kind: RuleKind::Let, register, shape: None, sensitive: true, policy, field_of: None };
            if let Some((plan, needs, kinds)) = self.rule_with_needs(rule, &purpose) {
                let read = std::mem::take(&mut self.scope.element_members);
                if let Some(variable) = self.scope.lets.iter_mut().find(|variable| variable.register == register) {
                    variable.kinds = kinds;
                    read.iter().for_each(|names| variable.seen.note(names));
                }
                made_of.add(register, &needs);
                compiled.push((plan, needs));
            }
        }
        (order::sort(compiled, self.findings), made_of)
    }

    fn claims(&mut self, rules: &RuleFile) -> Vec<RulePlan> {
        let mut compiled = Vec::new();
        let mut paths: BTreeMap<Vec<&str>, Span> = BTreeMap::new();
        for rule in &rules.account {
            // an invalid path is a finding already
            let first = path_names(&rule.name.text).and_then(|names| paths.insert(names, rule.name.span));
            if let Some(first) = first {
                let message = format!("the claim `{}` is set twice", rule.name.text);
                let help = "keep one of the rules; to read from two places, list them under `from`";
                self.findings.push(Diagnostic::error("R202", rule.name.span, message, help).also(first, "first here"));
            }
            let found = self.claim_shape(rule);
            let register = self.scope.claims.iter().find(|v| v.name == rule.name.text).map_or(0, |v| v.register);
            let purpose = Purpose {
                kind: RuleKind::Claim,
                register,
                shape: found.as_ref().map(|(shape, _)| shape),
                sensitive: found.as_ref().is_some_and(|(_, sensitive)| *sensitive),
                policy: rules.defaults.on_error,
                field_of: None,
            };
            if let Some((mut plan, needs, kinds)) = self.rule_with_needs(rule, &purpose) {
                if rules.accounts.is_some() {
                    plan.made_of = needs.iter().copied().collect();
                }
                if let Some(variable) = self.scope.claims.iter_mut().find(|variable| variable.register == register) {
                    variable.kinds = kinds;
                }
                self.claim_needs.insert(register, needs.clone());
                compiled.push((plan, needs));
            }
        }
        self.claims_inside_others(&paths);
        order::sort(compiled, self.findings)
    }

    /// Reports a claim inside another claim that is not an object.
    fn claims_inside_others(&mut self, paths: &BTreeMap<Vec<&str>, Span>) {
        for (path, span) in paths {
            let outer = (1..path.len()).rev().find_map(|length| paths.get_key_value(path.get(..length)?));
            let Some((outer, first)) = outer else { continue };
            let name = outer.join(".");
            let is_object =
                self.schema.claim(&name).is_none_or(|claim| matches!(claim.shape.kind, ShapeKind::Object(_)));
            if !is_object {
                let message =
                    format!("this claim is inside the claim `{name}`, which may be something other than an object");
                let help = "set both in one rule, or rename one of them";
                self.findings.push(Diagnostic::error("R202", *span, message, help).also(*first, "the outer claim"));
            }
        }
    }

    /// The elements that become accounts, and the working values of each. Those of the record are computed before and
    /// do not see them.
    fn split(&mut self, split: &Split, rules: &RuleFile, made_of: &mut MadeOf) -> Option<SplitPlan> {
        self.declare(&split.name.text, split.name.span);
        let register = self.scope.lets.last().map(|variable| variable.register)?;
        let rule = Rule { name: split.name.clone(), body: split.body.clone() };
        let policy = rules.defaults.on_error;
        let purpose = Purpose { kind: RuleKind::Split, register, shape: None, sensitive: true, policy, field_of: None };
        self.scope.splitting = Some(split.name.text.clone());
        let compiled = self.rule_with_needs(&rule, &purpose);
        self.scope.splitting = None;
        for rule in &split.lets {
            self.declare(&rule.name.text, rule.name.span);
        }
        let (lets, made_of_lets) = self.lets(&split.lets, rules);
        made_of.join(made_of_lets);
        let (mut rule, needs, _) = compiled?;
        rule.made_of = needs.into_iter().collect();
        let (shared, made_of) = (Vec::new(), Vec::new());
        let elements = self.scope.register();
        let accepts = Kinds::ANY;
        Some(SplitPlan { rule, elements, lets, all_or_none: split.all_or_none, accepts, shared, made_of })
    }

    /// The accounts with what their elements can be, which is known when all rules are compiled.
    fn with_accepted(&self, split: SplitPlan) -> SplitPlan {
        let element = self.scope.lets.iter().find(|variable| variable.register == split.rule.register);
        let readable = element.map_or(Kinds::NONE, |variable| variable.readable);
        let accepts = if readable.is_empty() { Kinds::ANY } else { readable };
        SplitPlan { accepts, ..split }
    }

    fn admit(&mut self, admit: &Admit) -> Option<AdmitPlan> {
        let when = self.deciding_condition(&admit.when)?;
        Some(AdmitPlan { reason: admit.deny.text.clone(), when, span: admit.deny.span })
    }

    fn check(&mut self, check: &Check) -> Option<CheckPlan> {
        let that = check.that.as_ref().map(|that| self.deciding_condition(that));
        let needs = self.deciding_condition(&check.needs);
        Some(CheckPlan {
            that: match that {
                None => None,
                Some(that) => Some(that?),
            },
            needs: needs?,
            because: check.because.text.clone(),
            warns: check.otherwise == Without::Warn,
            span: check.because.span,
        })
    }

    /// The claims that `identify` and `credential` read, in the order of the plan, and whether these read the object
    /// that the account starts from: a login computes them before all others.
    fn early_claims(&self, claims: &[RulePlan], of_credential: BTreeSet<usize>) -> (Vec<usize>, bool) {
        let mut wanted: BTreeSet<usize> = self.scope.needs.union(&of_credential).copied().collect();
        let mut open: Vec<usize> = wanted.iter().copied().collect();
        while let Some(register) = open.pop() {
            for need in self.claim_needs.get(&register).into_iter().flatten() {
                if wanted.insert(*need) {
                    open.push(*need);
                }
            }
        }
        let is_wanted = |at: &usize| claims.get(*at).is_some_and(|claim| wanted.contains(&claim.register));
        let starts_early = self.scope.start.is_some_and(|start| wanted.contains(&start));
        ((0..claims.len()).filter(is_wanted).collect(), starts_early)
    }

    /// The structure of the account: members in the order in which the file first names them.
    fn skeleton(&self, claims: &[Rule]) -> Vec<OutputNode> {
        let mut nodes = Vec::new();
        for rule in claims {
            let Some(variable) = self.scope.claims.iter().find(|claim| claim.name == rule.name.text) else { continue };
            let Some(names) = path_names(&rule.name.text) else { continue };
            place(&mut nodes, &names, variable.register);
        }
        demand(&mut nodes, self.schema.root());
        nodes
    }

    /// The claims that are checked as soon as they are computed, in the order of the account.
    fn checked(&self, rules: &[Rule], claims: &[RulePlan]) -> Outlines {
        let is_checked = |name: &str| claims.iter().any(|claim| claim.name == name && claim.shape.is_some());
        let names = || rules.iter().map(|rule| rule.name.text.as_str());
        let outlines = self.schema.outline(names().filter(|name| is_checked(name)));
        if names().all(is_checked) { outlines } else { outlines.with_others() }
    }

    /// Reports unused names, which are probably mistakes.
    fn unused(&mut self) {
        if self.findings.has_errors() {
            return;
        }
        let mut unused = Vec::new();
        for (what, variables) in [("the parameter", &self.scope.params), ("the working value", &self.scope.lets)] {
            let idle = variables.iter().filter(|variable| !variable.used);
            unused.extend(idle.filter_map(|variable| Some((what, variable.name.clone(), variable.span?))));
        }
        let tables = self.tables.iter().filter(|table| !table.used && !table.shared);
        unused.extend(tables.map(|table| ("the lookup", table.lookup.name.clone(), table.span)));
        let chains = self.chains.iter().filter(|chain| !chain.used && !chain.shared);
        unused.extend(chains.map(|chain| ("the chain", chain.name.clone(), chain.span)));
        for (what, name, span) in unused {
            let message = format!("{what} `{name}` is never used");
            self.findings.push(Diagnostic::warning("R208", span, message, "use it or remove it"));
        }
    }
}

fn place(nodes: &mut Vec<OutputNode>, names: &[&str], register: usize) {
    let Some((name, rest)) = names.split_first() else { return };
    let at = nodes.iter().position(|node| *node.key == **name).unwrap_or_else(|| {
        nodes.push(OutputNode::new(name));
        nodes.len() - 1
    });
    let Some(node) = nodes.get_mut(at) else { return };
    if rest.is_empty() {
        node.claim = Some(register);
    } else {
        place(&mut node.children, rest, register);
    }
}

/// Records, for every object that may be left out, the claims that the schema requires in it.
fn demand(nodes: &mut [OutputNode], shape: &Shape) {
    let ShapeKind::Object(object) = &shape.kind else { return };
    for node in nodes {
        let Some(member) = object.find(&node.key) else { continue };
        demand(&mut node.children, &member.shape);
        let ShapeKind::Object(inner) = &member.shape.kind else { continue };
        if !member.required {
            let required = inner.members.iter().filter(|inside| inside.required);
            let children = &node.children;
            node.needs =
                required.filter_map(|inside| children.iter().find(|child| *child.key == *inside.name)?.claim).collect();
        }
    }
}
