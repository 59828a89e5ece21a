//! The compiled plan of a rule file.

use std::sync::Arc;

use super::capture::Trie;
use super::condition::Condition;
use super::lookup::LookupRef;
use super::operand::Operand;
use super::path::PathStep;
use super::places::ReadPlaces;
use super::script::Script;
use super::steps::Steps;
use super::unread::Reads;
use crate::diag::{Files, Span};
use crate::model::Kinds;
use crate::rules::syntax::Unread;
use crate::schema::{Outlines, Schema, Shape};

/// A rule file, checked and compiled. It is immutable and shared by all threads.
#[derive(Debug)]
pub struct Plan {
    /// The name of the rules.
    pub name: String,
    /// The files the rules were read from, for the places in errors and traces.
    pub files: Files,
    /// The target schema.
    pub schema: Arc<Schema>,
    /// The number of registers that a run needs.
    pub(super) registers: usize,
    pub(super) trie: Trie,
    pub(super) derived: Vec<Derived>,
    /// The declared parameters.
    pub params: Vec<ParamPlan>,
    /// The register of `$facts`, if the rules read them.
    pub(super) facts: Option<usize>,
    pub(super) fold_blank: bool,
    /// What happens when the record has fields that no rule reads.
    #[doc(hidden)]
    pub unread: Unread,
    /// What the rules read, to find the unread fields.
    pub(super) reads: Reads,
    pub(super) admit: Vec<AdmitPlan>,
    /// Working values, in the order in which they are computed.
    #[doc(hidden)]
    pub lets: Vec<RulePlan>,
    pub(super) split: Option<SplitPlan>,
    /// The object that the account starts from.
    #[doc(hidden)]
    pub start: Option<RulePlan>,
    /// The claims, in the order in which they are computed.
    #[doc(hidden)]
    pub claims: Vec<RulePlan>,
    /// The indexes of the claims that `identify` and `credential` read.
    pub(super) early: Vec<usize>,
    /// Whether a login also computes the object that the account starts from.
    pub(super) starts_early: bool,
    pub(super) output: Vec<OutputNode>,
    /// The claims that need no check in the finished account, because each is checked when it is computed.
    pub(super) checked: Outlines,
    pub(super) credential: Option<CredentialPlan>,
    pub(super) checks: Vec<CheckPlan>,
    pub(super) identify: Option<IdentifyPlan>,
    /// The members that `identify` and `credential` cannot do without.
    pub(super) needed: Vec<Needed>,
    /// What the rules read of a record, as far as it is known without one.
    #[doc(hidden)]
    pub places: ReadPlaces,
    /// The verifiers that `credential.source` names, as far as they are constants, with their places.
    #[doc(hidden)]
    pub verifiers: Vec<(String, Span)>,
    /// The lookup tables, by index.
    #[doc(hidden)]
    pub lookups: Vec<LookupRef>,
}

/// A register whose value is a part of another one's.
#[derive(Debug)]
pub struct Derived {
    pub(super) register: usize,
    pub(super) from: usize,
    pub(super) steps: Vec<PathStep>,
}

/// A parameter of the rules.
#[derive(Debug)]
pub struct ParamPlan {
    /// Its name.
    pub name: String,
    /// Its value if none is set.
    pub default: Option<Operand>,
    /// Its allowed values, as text; `None` if all are allowed.
    pub values: Option<Vec<String>>,
    /// What it is for.
    pub about: String,
    pub(super) register: usize,
}

impl ParamPlan {
    /// What a parameter must be, if the value has another type than the default: text in place of a list would match
    /// nothing, and `yes` in place of `true` would act as `false`.
    #[must_use]
    pub fn misfit(&self, value: &serde_json::Value) -> Option<&'static str> {
        match &self.default {
            Some(Operand::List(_)) if !value.is_array() => Some("a list"),
            Some(Operand::Object(_)) if !value.is_object() => Some("an object"),
            // blank is not set
            _ if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) => None,
            Some(Operand::Bool(_)) if !is_boolean(value) => Some("`true` or `false`"),
            Some(Operand::Int(_) | Operand::Decimal(_)) if !is_number(value) => Some("a number"),
            _ => None,
        }
    }

    /// Whether the rules allow a value for the parameter.
    #[must_use]
    pub fn may_be(&self, value: &serde_json::Value) -> bool {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.values.as_ref().is_none_or(|values| values.contains(&text))
    }

    /// The allowed values, in backticks; empty if all are allowed.
    #[must_use]
    pub fn listed_values(&self) -> String {
        let values = self.values.iter().flatten().map(|value| format!("`{value}`"));
        values.collect::<Vec<_>>().join(", ")
    }
}

fn is_boolean(value: &serde_json::Value) -> bool {
    value.is_boolean() || matches!(value.as_str(), Some("true" | "false"))
}

/// Whether a value is a number; arguments of commands are text.
fn is_number(value: &serde_json::Value) -> bool {
    let is_finite = |text: &str| text.parse().is_ok_and(f64::is_finite);
    value.is_number() || value.as_str().is_some_and(is_finite)
}

/// An entry of `admit`.
#[derive(Debug)]
pub struct AdmitPlan {
    pub(super) reason: String,
    pub(super) when: Condition,
    pub(super) span: Span,
}

/// One record that yields several accounts.
#[derive(Debug)]
pub struct SplitPlan {
    pub(super) rule: RulePlan,
    /// The register of all elements.
    pub(super) elements: usize,
    /// Working values of each account, in the order in which they are computed.
    pub(super) lets: Vec<RulePlan>,
    /// Whether one account that is invalid makes the others of its record invalid.
    pub(super) all_or_none: bool,
    /// What an element can be: of others the rules would read nothing.
    pub(super) accepts: Kinds,
    /// Working values that are also read outside of claims: if they fail, every account gets the warning.
    pub(super) shared: Vec<usize>,
    /// For each working value, all others that it depends on.
    pub(super) made_of: Vec<(usize, Vec<usize>)>,
}

/// Who the record is.
#[derive(Debug)]
pub struct IdentifyPlan {
    pub(super) id: Operand,
    pub(super) logins: Vec<Operand>,
}

/// Members of a record of which one, at least, is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needed {
    /// The part of the rules that reads them, such as `credential.value`.
    pub by: String,
    pub members: Vec<String>,
}

/// A check between claims.
#[derive(Debug)]
pub struct CheckPlan {
    pub(super) that: Option<Condition>,
    pub(super) needs: Condition,
    pub(super) because: String,
    /// Whether the reason is only a warning.
    pub(super) warns: bool,
    pub(super) span: Span,
}

/// The stored password.
#[derive(Debug)]
pub struct CredentialPlan {
    pub(super) span: Span,
    pub(super) when: Option<Condition>,
    /// Whether the stored password is checked against its scheme; the caller decides if the rules do not.
    pub(super) check: Option<bool>,
    /// What happens if it is unusable.
    pub(super) policy: Policy,
    pub(super) schemes: Vec<String>,
    pub(super) scheme_rule: Option<RulePlan>,
    pub(super) fields: Vec<RulePlan>,
}

impl CredentialPlan {
    /// Whether its parts are for more than one scheme.
    pub(super) fn serves_several(&self) -> bool {
        self.schemes.len() > 1 || self.scheme_rule.is_some()
    }
}

/// How a claim, a working value or a field of an object is computed.
#[derive(Debug)]
pub struct RulePlan {
    /// The claim's path or the variable's name.
    pub name: String,
    /// What it is called in reasons: its path, for members of elements below that of their list.
    pub(super) path: String,
    /// The place of the rule.
    pub span: Span,
    /// What the rule is for.
    pub kind: RuleKind,
    pub(super) register: usize,
    pub(super) when: Option<Condition>,
    pub(super) origin: OriginPlan,
    pub(super) steps: Steps,
    pub(super) filter: Option<Condition>,
    pub(super) each: Option<EachPlan>,
    pub(super) walks: Walks,
    pub(super) then: Steps,
    pub(super) default: Option<Operand>,
    /// The value if `when` is false.
    pub(super) otherwise: Option<Operand>,
    /// Whether the record is invalid without it.
    pub required: bool,
    /// The name in `warnings` if there is no value: of a rule that only warns, or of a required field of an element.
    pub(super) missing: Option<WarningName>,
    pub(super) policy: Policy,
    pub(super) keep_empty: bool,
    /// The working values that the rule depends on; only known in files with `accounts`.
    pub(super) made_of: Vec<usize>,
    /// The shape of the claim in the schema.
    pub(super) shape: Option<Shape>,
    /// Whether its values are masked outside the target.
    pub sensitive: bool,
    /// Inputs of the rule and their expected results.
    pub examples: Vec<ExamplePlan>,
}

/// Which parts of a rule read only members of the elements, so that an object whose members are scalars is not meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Walks {
    /// `where`
    pub(super) filter: bool,
    /// `each`
    pub(super) each: bool,
}

impl RulePlan {
    /// What the rule is called in reasons: its path, for members of elements below that of their list.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// An input of a rule, which replaces what `from` reads, and its expected result.
#[derive(Debug)]
pub struct ExamplePlan {
    /// The input.
    pub input: Operand,
    /// The expected result; `None` if it must fail.
    pub gives: Option<Operand>,
    /// Its place.
    pub span: Span,
}

/// What a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// A claim of the account.
    Claim,
    /// A working value.
    Let,
    /// A field of the object built for each element.
    Field,
    /// A part of the credential.
    Credential,
    /// The elements that become accounts.
    Split,
    /// The object that the account starts from.
    Account,
}

impl RuleKind {
    /// The name of a rule of this kind in reasons and warnings.
    #[must_use]
    pub fn path_of(self, name: &str) -> String {
        if self == Self::Credential { format!("credential.{name}") } else { name.to_owned() }
    }
}

/// Where a value comes from.
#[derive(Debug)]
pub enum OriginPlan {
    /// The first present one, each with its text for traces.
    From(Vec<(Operand, String)>),
    /// A value.
    Value(Operand),
    /// A script with its inputs.
    Script {
        /// The compiled script.
        script: Script,
        /// Its inputs in the order of its names.
        inputs: Vec<Operand>,
        /// The text as a node, to mark places inside it.
        source: crate::rules::Node,
    },
}

/// What is done with each element.
#[derive(Debug)]
pub enum EachPlan {
    /// Steps.
    Steps(Steps),
    /// An object is built.
    Fields(Vec<RulePlan>),
    /// An object is built whose members read each other.
    Linked {
        /// The members in the order in which they are computed.
        fields: Vec<RulePlan>,
        /// The position of each in the object.
        places: Vec<usize>,
    },
}

impl EachPlan {
    /// The members of the object, in the order in which they are computed.
    #[must_use]
    pub fn fields(&self) -> &[RulePlan] {
        match self {
            Self::Steps(_) => &[],
            Self::Fields(fields) | Self::Linked { fields, .. } => fields,
        }
    }
}

/// What happens when a step fails.
#[derive(Debug, Clone)]
pub enum Policy {
    /// The record is invalid.
    Reject,
    /// The claim is left out and this name is added to `warnings`.
    Warn(WarningName),
    /// The claim is left out.
    Skip,
    /// The default is used.
    Default,
}

/// A name in `warnings`.
#[derive(Debug, Clone)]
pub struct WarningName {
    /// The name; for a template, its replacement if there is no element.
    pub(super) fixed: String,
    /// A template for the name of each element of a list.
    pub(super) made: Option<Operand>,
}

impl WarningName {
    /// A constant name.
    pub(super) fn fixed(name: impl Into<String>) -> Self {
        Self { fixed: name.into(), made: None }
    }
}

impl Policy {
    /// The name in `warnings`.
    pub(super) fn warning(&self) -> Option<&WarningName> {
        match self {
            Self::Warn(name) => Some(name),
            _ => None,
        }
    }

    /// Whether a failure makes the record invalid.
    pub(super) fn is_reject(&self) -> bool {
        matches!(self, Self::Reject)
    }

    /// Whether the rule's default replaces a failure.
    pub(super) fn is_default(&self) -> bool {
        matches!(self, Self::Default)
    }
}

/// A member of the account in the output: the structure is fixed by the rules.
#[derive(Debug)]
pub struct OutputNode {
    pub(super) key: Box<str>,
    /// `,"key":` as JSON text.
    pub(super) quoted: Box<[u8]>,
    pub(super) claim: Option<usize>,
    /// The claims that the schema requires in the object: it is left out if one of them has no value, so that
    /// `email.verified` is left out together with an invalid `email.value`.
    pub(super) needs: Vec<usize>,
    pub(super) children: Vec<OutputNode>,
}

impl Plan {
    /// Whether the rules have `identify`.
    #[must_use]
    pub fn identifies(&self) -> bool {
        self.identify.is_some()
    }

    /// Whether they say what a customer may type to sign in.
    #[must_use]
    pub fn names_logins(&self) -> bool {
        self.identify.as_ref().is_some_and(|identify| !identify.logins.is_empty())
    }

    /// A part of `identify` or `credential` that has no value in any record that lacks the same members, such as
    /// `credential.value`; `has` tells which members a record has.
    #[cfg_attr(not(feature = "login"), allow(dead_code, reason = "sources ask, and the pure engine has none"))]
    pub(crate) fn lacking(&self, has: impl Fn(&str) -> bool) -> Option<&str> {
        self.needed.iter().find(|needed| !needed.members.iter().any(|name| has(name))).map(|needed| &*needed.by)
    }

    /// All rules that compute values, except fields of objects: working values, the elements of `accounts`, the start of the
    /// account, claims, and parts of the credential.
    pub fn rules(&self) -> impl Iterator<Item = &RulePlan> {
        let split = self.split.iter().flat_map(|split| std::iter::once(&split.rule).chain(&split.lets));
        let credential = self.credential.iter().flat_map(|plan| plan.scheme_rule.iter().chain(&plan.fields));
        self.lets.iter().chain(split).chain(&self.start).chain(&self.claims).chain(credential)
    }

    /// The keys of the reasons why customers may not migrate.
    #[doc(hidden)]
    pub fn denials(&self) -> impl Iterator<Item = &str> {
        self.admit.iter().map(|admit| admit.reason.as_str())
    }

    /// The keys of the conditions between claims.
    #[doc(hidden)]
    pub fn reasons_of_checks(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().map(|check| check.because.as_str())
    }

    /// Whether a record may yield several accounts.
    #[must_use]
    pub fn splits(&self) -> bool {
        self.split.is_some()
    }

    /// Whether the rules say what a password is verified against.
    #[must_use]
    pub fn has_credential(&self) -> bool {
        self.credential.is_some()
    }

    /// The columns of a flat account: claims in the order of the output.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let mut columns = Vec::new();
        for node in &self.output {
            node.columns("", &mut columns);
        }
        if self.start.is_some() {
            self.columns_of_schema(&mut columns);
        }
        columns
    }
}

impl Plan {
    /// The claims that the start of an account may contain: those of the schema.
    fn columns_of_schema(&self, columns: &mut Vec<String>) {
        let names = self.schema.claim_names();
        let is_inside = |name: &str, other: &str| name.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'));
        for name in &names {
            let has_members = names.iter().any(|other| is_inside(other, name));
            let is_there =
                columns.iter().any(|column| column == name || is_inside(name, column) || is_inside(column, name));
            if !has_members && !is_there {
                columns.push(name.clone());
            }
        }
    }
}

/// The schemes of stored passwords that the rules declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredSchemes<'p> {
    /// There is no stored hash: the rules have no `credential`, or only a `source` that verifies passwords.
    Nothing,
    /// These.
    Named(&'p [String]),
    /// The record or the stored text determines the scheme.
    Told,
}

impl Plan {
    /// The schemes that `credential` names.
    #[must_use]
    pub fn declared_schemes(&self) -> DeclaredSchemes<'_> {
        match &self.credential {
            Some(credential) if !credential.schemes.is_empty() => DeclaredSchemes::Named(&credential.schemes),
            Some(credential) if credential.fields.iter().any(|part| part.name != "source") => DeclaredSchemes::Told,
            _ => DeclaredSchemes::Nothing,
        }
    }

    /// Whether `credential` has a part with this name.
    #[must_use]
    pub fn credential_has(&self, part: &str) -> bool {
        self.credential.iter().flat_map(|credential| &credential.fields).any(|field| field.name == part)
    }
}

impl OutputNode {
    fn columns(&self, prefix: &str, columns: &mut Vec<String>) {
        let path = if prefix.is_empty() { self.key.to_string() } else { format!("{prefix}.{}", self.key) };
        if self.children.is_empty() {
            columns.push(path);
        } else {
            self.children.iter().for_each(|child| child.columns(&path, columns));
        }
    }
}
