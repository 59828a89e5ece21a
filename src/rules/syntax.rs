//! The syntax tree of a rule file; every part has its place.

use jsonpath_rust::parser::model::JpQuery;

use super::Node;
use crate::diag::Span;

/// Text and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// A whole rule file.
#[derive(Debug, Clone, Default)]
pub struct RuleFile {
    /// Its name; events and traces show it.
    pub name: Option<Word>,
    /// What it is for.
    pub about: Option<Word>,
    /// Files whose lookups and steps it shares.
    pub uses: Vec<Word>,
    /// The schema of the account: a built-in name or a file.
    pub schema: Option<Word>,
    /// Values set per deployment.
    pub params: Vec<Param>,
    /// The settings of every claim that does not override them.
    pub defaults: Defaults,
    /// Tables.
    pub lookups: Vec<LookupDef>,
    /// Named chains of steps.
    pub steps: Vec<NamedSteps>,
    /// Who the record is.
    pub identify: Option<Identify>,
    /// Who may not migrate.
    pub admit: Vec<Admit>,
    /// Working values.
    pub lets: Vec<Rule>,
    /// One record that yields several accounts.
    pub accounts: Option<Split>,
    /// The object that the account starts from.
    pub start: Option<Rule>,
    /// The keys of the start, with their places.
    pub start_words: Vec<(String, Span)>,
    /// The claims.
    pub account: Vec<Rule>,
    /// The place of the `account` key.
    pub account_span: Option<Span>,
    /// The stored password.
    pub credential: Option<Credential>,
    /// Fields that are left out on purpose.
    pub ignore: Vec<RefExpr>,
    /// Conditions between claims.
    pub checks: Vec<Check>,
    /// The verifiers that `credential.source` may name.
    pub verifiers: Vec<Word>,
    /// Tests in the rule file, read by the test runner.
    pub tests: Option<Node>,
}

impl RuleFile {
    /// The working values, of the record and of its accounts.
    pub fn working_values(&self) -> impl Iterator<Item = &Rule> {
        self.lets.iter().chain(self.accounts.iter().flat_map(|split| &split.lets))
    }
}

/// A value set per deployment.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name, read as `$params.NAME`.
    pub name: Word,
    /// The value if none is set; a parameter without a default must be set.
    pub default: Option<Node>,
    /// The allowed values, if the rules list them.
    pub values: Option<Vec<Node>>,
    /// What it is for.
    pub about: Option<Word>,
}

/// The settings of every claim that does not override them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Defaults {
    /// Whether blank text counts as no value.
    pub blank: Blank,
    /// What happens to a claim whose steps fail.
    pub on_error: Option<DefaultPolicy>,
    /// What happens when the record has fields that no rule reads.
    pub unread: Unread,
}

/// Whether blank text counts as no value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Blank {
    /// `""` and `"  "` are no value.
    #[default]
    Missing,
    /// They are text.
    Keep,
}

/// A policy without arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultPolicy {
    /// The record is invalid.
    Reject,
    /// The claim is left out, with a warning.
    Warn,
    /// The claim is left out and counted.
    Skip,
    /// The claim's `default` is used.
    Default,
}

/// What happens when the record has fields that no rule reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unread {
    /// Nothing.
    #[default]
    Allow,
    /// They are reported.
    Warn,
    /// The record is invalid.
    Reject,
}

/// A table.
#[derive(Debug, Clone)]
pub struct LookupDef {
    /// Its name.
    pub name: Word,
    /// Where its entries are.
    pub source: LookupSource,
}

/// Where the entries of a table are.
#[derive(Debug, Clone)]
pub enum LookupSource {
    /// In the rule file: keys to values.
    Inline(Vec<(Word, Node)>),
    /// In a CSV, JSON or YAML file next to it.
    File {
        /// The file.
        file: Word,
        /// The column of the keys.
        key: Option<Word>,
        /// The column of the values.
        value: Option<Word>,
    },
}

/// A named chain of steps.
#[derive(Debug, Clone)]
pub struct NamedSteps {
    /// Its name.
    pub name: Word,
    /// The steps.
    pub steps: Vec<StepDef>,
}

/// One step: an op or a named chain, with its argument as written.
#[derive(Debug, Clone)]
pub struct StepDef {
    /// The op's or chain's name.
    pub name: Word,
    /// Its argument.
    pub argument: Option<Node>,
}

/// Who the record is.
#[derive(Debug, Clone)]
pub struct Identify {
    /// The legacy id: stable, never reused.
    pub id: Expr,
    /// What a customer may type to sign in.
    pub logins: Vec<Expr>,
}

/// Who may not migrate.
#[derive(Debug, Clone)]
pub struct Admit {
    /// The reason's key.
    pub deny: Word,
    /// When it applies.
    pub when: Cond,
}

/// One record that yields several accounts.
#[derive(Debug, Clone)]
pub struct Split {
    /// The name of the variable for the element.
    pub name: Word,
    /// The list of elements.
    pub body: Body,
    /// Working values of each account.
    pub lets: Vec<Rule>,
    /// Whether one account that is invalid makes the others of its record invalid.
    pub all_or_none: bool,
}

/// A claim or a working value.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The claim's dotted path or the variable's name.
    pub name: Word,
    /// Its body.
    pub body: Body,
}

/// How a value is computed.
#[derive(Debug, Clone)]
pub struct Body {
    /// The whole body.
    pub span: Span,
    /// The condition under which it has a value.
    pub when: Option<Cond>,
    /// Where it comes from.
    pub origin: Origin,
    /// The steps of the whole value.
    pub steps: Vec<StepDef>,
    /// The condition under which elements are kept.
    pub filter: Option<Cond>,
    /// The place of the key `where`.
    pub filter_span: Option<Span>,
    /// What is done with each element.
    pub each: Option<Each>,
    /// The place of the key `each`.
    pub each_span: Option<Span>,
    /// The steps of the whole list.
    pub then: Vec<StepDef>,
    /// The type of the result.
    pub cast: Option<Word>,
    /// The value if there is none.
    pub default: Option<Expr>,
    /// The place of the key `default`.
    pub default_span: Option<Span>,
    /// The value if `when` is false.
    pub otherwise: Option<Expr>,
    /// The place of the key `otherwise`.
    pub otherwise_span: Option<Span>,
    /// What happens without it.
    pub required: Option<Required>,
    /// What happens when a step fails.
    pub on_error: Option<OnError>,
    /// Whether empty text, lists and objects are kept.
    pub keep_empty: bool,
    /// Inputs and their expected results.
    pub examples: Vec<ExampleDef>,
    /// Inputs that must fail.
    pub rejects: Vec<Node>,
}

/// What happens if a rule has no value.
#[derive(Debug, Clone, Copy)]
pub struct Required {
    /// The place of the word.
    pub span: Span,
    /// What happens.
    pub without: Without,
}

/// What happens to a record without a required value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// It is invalid.
    Reject,
    /// The claim is left out, with a warning.
    Warn,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The first of these that is present.
    From(Vec<Expr>),
    /// This value.
    Value(Expr),
    /// The result of this script.
    Script(ScriptDef),
}

/// A script and its inputs.
#[derive(Debug, Clone)]
pub struct ScriptDef {
    /// The names the script sees.
    pub with: Vec<(Word, Expr)>,
    /// The text, as a node so that places inside it are known.
    pub source: Node,
}

/// What is done with each element of a list.
#[derive(Debug, Clone)]
pub enum Each {
    /// Steps.
    Steps(Vec<StepDef>),
    /// An object is built for it.
    Fields(Vec<Rule>),
}

/// What happens when a step fails.
#[derive(Debug, Clone)]
pub struct OnError {
    /// The policy.
    pub policy: DefaultPolicy,
    /// The name in `warnings`, if it is not the claim's path: text, or a template with `$index` and `$key`.
    pub key: Option<Expr>,
    /// Its place.
    pub span: Span,
}

/// An input and its expected result.
#[derive(Debug, Clone)]
pub struct ExampleDef {
    /// The input: a key of a map, or any value in the list form.
    pub input: ExampleInput,
    /// The expected result.
    pub gives: Node,
    /// Its place.
    pub span: Span,
}

/// The input of an example.
#[derive(Debug, Clone)]
pub enum ExampleInput {
    /// A key: text.
    Key(String),
    /// Any value.
    Node(Node),
}

/// The stored password.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The whole block.
    pub span: Span,
    /// The condition under which there is one.
    pub when: Option<Cond>,
    /// What happens if a part fails or the whole credential is unusable.
    pub on_error: Option<OnError>,
    /// Whether the stored password is checked against its scheme; the caller decides if this is not set.
    pub check: Option<bool>,
    /// The schemes; several are distinguished by their prefix.
    pub schemes: Vec<Word>,
    /// A scheme that the record names.
    pub scheme_rule: Option<Body>,
    /// Its parts: `value`, `salt`, `set_at` …
    pub fields: Vec<Rule>,
}

/// Conditions between claims.
#[derive(Debug, Clone)]
pub struct Check {
    /// When the check applies; always, if left out.
    pub that: Option<Cond>,
    /// What must be true then.
    pub needs: Cond,
    /// The reason's key.
    pub because: Word,
    /// What happens if it is false.
    pub otherwise: Without,
}

/// A value in a rule file.
#[derive(Debug, Clone)]
pub enum Expr {
    /// A scalar as written.
    Literal(Node),
    /// A reference.
    Reference(RefExpr),
    /// Text with references.
    Template(Vec<TemplatePart>, Span),
    /// A list.
    List(Vec<Expr>, Span),
    /// A map.
    Map(Vec<(Word, Expr)>, Span),
}

/// A part of a template.
#[derive(Debug, Clone)]
pub enum TemplatePart {
    /// Literal text.
    Text(String),
    /// A reference.
    Reference(RefExpr),
}

/// `$.a.b` or `$name.a`.
#[derive(Debug, Clone)]
pub struct RefExpr {
    /// Its root.
    pub root: Root,
    /// The path from there.
    pub query: JpQuery,
    /// As written.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// The root of a reference.
#[derive(Debug, Clone, PartialEq)]
pub enum Root {
    /// `$`
    Record,
    /// `$name`
    Variable(String),
}

/// A condition.
#[derive(Debug, Clone)]
pub enum Cond {
    /// All are true.
    All(Vec<Cond>),
    /// At least one is true.
    Any(Vec<Cond>),
    /// It is false.
    Not(Box<Cond>),
    /// A tested value.
    Test(RefExpr, TestDef),
}

/// A test of a value.
#[derive(Debug, Clone)]
pub enum TestDef {
    /// There is a value.
    Present,
    /// There is no value.
    Missing,
    /// Equal.
    Equals(Expr),
    /// One of these.
    OneOf(Vec<Expr>),
    /// A predicate.
    Predicate(StepDef),
    /// All of these.
    All(Vec<TestDef>),
    /// Not this.
    Not(Box<TestDef>),
}

impl TemplatePart {
    /// The reference, if this is one.
    #[must_use]
    pub fn reference(&self) -> Option<&RefExpr> {
        match self {
            Self::Text(_) => None,
            Self::Reference(reference) => Some(reference),
        }
    }
}

impl Expr {
    /// The placeholder for an invalid value: it may be anything, so that it causes no further
    /// findings.
    #[must_use]
    pub fn unreadable(span: Span) -> Self {
        Self::Reference(RefExpr { root: Root::Record, query: JpQuery::new(Vec::new()), text: "$".to_owned(), span })
    }

    /// Its place.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Literal(node) => node.span,
            Self::Reference(reference) => reference.span,
            Self::Template(_, span) | Self::List(_, span) | Self::Map(_, span) => *span,
        }
    }
}
