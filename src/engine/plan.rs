//! The compiled plan: everything that the rules fix, decided once.

use std::sync::Arc;

use super::capture::Trie;
use super::condition::Condition;
use super::lookup::LookupRef;
use super::operand::Operand;
use super::path::PathStep;
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
    /// How many registers a run needs.
    pub(super) registers: usize,
    pub(super) trie: Trie,
    pub(super) derived: Vec<Derived>,
    /// The parameters the rules declare.
    pub params: Vec<ParamPlan>,
    /// The register of `$facts`, when rules read them.
    pub(super) facts: Option<usize>,
    pub(super) fold_blank: bool,
    /// What happens when the record has fields that no rule reads.
    pub unread: Unread,
    /// What the rules read, to tell what is left unread.
    pub(super) reads: Reads,
    pub(super) admit: Vec<AdmitPlan>,
    /// Working values, in the order in which they are made.
    pub lets: Vec<RulePlan>,
    pub(super) split: Option<SplitPlan>,
    /// The object that the account begins with.
    pub start: Option<RulePlan>,
    /// The claims, in the order in which they are made.
    pub claims: Vec<RulePlan>,
    /// The places among the claims of those that say who a record is and how its password is stored.
    pub(super) early: Vec<usize>,
    /// Whether a login makes the object that the account begins with, too.
    pub(super) starts_early: bool,
    pub(super) output: Vec<OutputNode>,
    /// The claims that keep the schema when they are put together, because each was checked when it was made.
    pub(super) checked: Outlines,
    pub(super) credential: Option<CredentialPlan>,
    pub(super) checks: Vec<CheckPlan>,
    pub(super) identify: Option<IdentifyPlan>,
    /// The verifiers that `credential.source` names, as far as the rules tell, with their places.
    pub verifiers: Vec<(String, Span)>,
    /// The tables, in the order of their numbers.
    pub lookups: Vec<LookupRef>,
}

/// A register that is a part of another one.
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
    /// Its value when nothing is set.
    pub default: Option<Operand>,
    /// The only values it may have, as text; all when the rules do not say.
    pub values: Option<Vec<String>>,
    /// What it is for.
    pub about: String,
    pub(super) register: usize,
}

impl ParamPlan {
    /// What a value that is set must be, when the default has another type: text in place of a list would match nothing, and
    /// `yes` in place of `true` would act as `false`.
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

    /// Whether the rules admit a value for the parameter.
    #[must_use]
    pub fn may_be(&self, value: &serde_json::Value) -> bool {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.values.as_ref().is_none_or(|values| values.contains(&text))
    }

    /// The values that the rules admit, in backticks; empty when they admit all.
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

/// A refusal.
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
    /// Working values of each account, in the order in which they are made.
    pub(super) lets: Vec<RulePlan>,
    /// Whether one account that is invalid makes the others of its record invalid.
    pub(super) all_or_none: bool,
    /// What an element can be: of others the rules would read nothing.
    pub(super) accepts: Kinds,
    /// Working values that something besides claims reads: when they fail, every account is warned of it.
    pub(super) shared: Vec<usize>,
    /// For each working value, all others that it is made of.
    pub(super) made_of: Vec<(usize, Vec<usize>)>,
}

/// Who the record is.
#[derive(Debug)]
pub struct IdentifyPlan {
    pub(super) id: Operand,
    pub(super) logins: Vec<Operand>,
}

/// A check between claims.
#[derive(Debug)]
pub struct CheckPlan {
    pub(super) that: Option<Condition>,
    pub(super) needs: Condition,
    pub(super) because: String,
    /// Whether the reason is a warning, and the account is made all the same.
    pub(super) warns: bool,
    pub(super) span: Span,
}

/// The stored password.
#[derive(Debug)]
pub struct CredentialPlan {
    pub(super) span: Span,
    pub(super) when: Option<Condition>,
    /// Whether what is stored is checked against its scheme; the caller decides when the rules do not say.
    pub(super) check: Option<bool>,
    /// What happens when it cannot be used.
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

/// How a claim, a working value or a field of an object is made.
#[derive(Debug)]
pub struct RulePlan {
    /// The claim's path or the variable's name.
    pub name: String,
    /// Where the rule stands.
    pub span: Span,
    /// What is being made.
    pub kind: RuleKind,
    pub(super) register: usize,
    pub(super) when: Option<Condition>,
    pub(super) origin: OriginPlan,
    pub(super) steps: Steps,
    pub(super) filter: Option<Condition>,
    pub(super) each: Option<EachPlan>,
    pub(super) then: Steps,
    pub(super) default: Option<Operand>,
    /// The value when `when` does not hold.
    pub(super) otherwise: Option<Operand>,
    /// Whether the record is held back without it.
    pub required: bool,
    /// The name in `warnings` when there is no value: of a rule that only warns, or of a required field of an element.
    pub(super) missing: Option<WarningName>,
    pub(super) policy: Policy,
    pub(super) keep_empty: bool,
    /// The working values that the rule is made of; only known in files with `accounts`.
    pub(super) made_of: Vec<usize>,
    /// What the schema says of the claim.
    pub(super) shape: Option<Shape>,
    /// Whether its values are masked outside the target.
    pub sensitive: bool,
    /// Inputs of the rule and what they must give.
    pub examples: Vec<ExamplePlan>,
}

/// An input of a rule and what it must give; it stands in for what `from` reads.
#[derive(Debug)]
pub struct ExamplePlan {
    /// The input.
    pub input: Operand,
    /// What it must give; nothing when it must fail.
    pub gives: Option<Operand>,
    /// Where it stands.
    pub span: Span,
}

/// What a rule makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// A claim of the account.
    Claim,
    /// A working value.
    Let,
    /// A field of the object made for each element.
    Field,
    /// A part of the credential.
    Credential,
    /// The elements that become accounts.
    Split,
    /// The object that the account begins with.
    Account,
}

impl RuleKind {
    /// What a rule of this kind is called in reasons and warnings.
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
    /// An object is made.
    Fields(Vec<RulePlan>),
    /// An object is made whose members read each other.
    Linked {
        /// The members in the order in which they are made.
        fields: Vec<RulePlan>,
        /// The position of each in the object.
        places: Vec<usize>,
    },
}

impl EachPlan {
    /// The members of the object that is made, in the order in which they are made.
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
    /// The record is held back.
    Reject,
    /// The claim is left out and this name stands in `warnings`.
    Warn(WarningName),
    /// The claim is left out.
    Skip,
    /// The default is used.
    Default,
}

/// A name in `warnings`.
#[derive(Debug, Clone)]
pub struct WarningName {
    /// The name; for a made one what stands for it where there is no element.
    pub(super) fixed: String,
    /// A name that is made for each element of a list.
    pub(super) made: Option<Operand>,
}

impl WarningName {
    /// A name that is always the same.
    pub(super) fn fixed(name: impl Into<String>) -> Self {
        Self { fixed: name.into(), made: None }
    }
}

impl Policy {
    /// The name that stands in `warnings`.
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

    /// Whether the rule's default stands in for a failure.
    pub(super) fn is_default(&self) -> bool {
        matches!(self, Self::Default)
    }
}

/// A member of the account as it is written out: the skeleton is fixed by the rules.
#[derive(Debug)]
pub struct OutputNode {
    pub(super) key: Box<str>,
    /// `,"key":` as it stands in JSON.
    pub(super) quoted: Box<[u8]>,
    pub(super) claim: Option<usize>,
    /// The claims without which the schema does not admit the object: it is left out when one of them has no value, so that
    /// `email.verified` falls with a refused `email.value`.
    pub(super) needs: Vec<usize>,
    pub(super) children: Vec<OutputNode>,
}

impl Plan {
    /// Whether the rules say who a record is.
    #[must_use]
    pub fn identifies(&self) -> bool {
        self.identify.is_some()
    }

    /// Whether they say what a customer may type to sign in.
    #[must_use]
    pub fn names_logins(&self) -> bool {
        self.identify.as_ref().is_some_and(|identify| !identify.logins.is_empty())
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
    /// The claims that the account may begin with: those that the schema names.
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

/// What the rules say of the schemes of stored passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredSchemes<'p> {
    /// The rules make no stored hash: there is no `credential`, or only a `source` that verifies passwords.
    Nothing,
    /// These.
    Named(&'p [String]),
    /// The record or the stored text tells.
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

    /// Whether `credential` makes a part of this name.
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
