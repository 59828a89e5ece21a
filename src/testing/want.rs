//! Reads the expectations of a test.

use crate::diag::{Diagnostic, Findings, Span};
use crate::engine::compile::literal;
use crate::engine::operand::Operand;
use crate::rules::Node;
use crate::rules::fields::{Fields, expected, list, word};
use crate::rules::syntax::Word;

/// What a test expects of its record.
#[derive(Debug)]
pub(super) struct Wants {
    /// What is expected of each account; `None` if only the snapshot counts.
    pub accounts: Option<Accounts>,
    /// The folder or file of the snapshot.
    pub snapshot: Option<Word>,
}

/// How many accounts are expected.
#[derive(Debug)]
pub(super) enum Accounts {
    /// One.
    One(Box<Want>),
    /// Several, in this order.
    Several(Vec<Want>),
}

/// What is expected of one account.
#[derive(Debug, Default)]
pub(super) struct Want {
    /// Some of its claims.
    pub expect: Option<Claims>,
    /// All of it.
    pub exactly: Option<Claims>,
    /// Some parts of the credential.
    pub credential: Option<Operand>,
    /// The same as written.
    pub credential_node: Option<Node>,
    /// The warnings, all of them.
    pub warnings: Option<Vec<Word>>,
    /// The reason of a denial.
    pub denied: Option<Word>,
    /// Why the record is invalid.
    pub invalid: Option<Invalid>,
    /// A password that the credential must verify.
    pub password: Option<Word>,
    /// A password that the credential must not verify.
    pub wrong_password: Option<Word>,
}

/// Expected claims.
#[derive(Debug)]
pub(super) struct Claims {
    /// Their values.
    pub value: Operand,
    /// As written.
    pub node: Node,
}

/// Why a record is expected to be invalid.
#[derive(Debug)]
pub(super) enum Invalid {
    /// For any reason.
    Any,
    /// For these reasons and no others.
    For(Vec<WantedReason>),
}

/// A reason, as written in a test.
#[derive(Debug)]
pub(super) struct WantedReason {
    /// The claim, working value or check.
    pub rule: Word,
    /// The step that failed, if the test names it.
    pub step: Option<Word>,
}

/// The keys that expect something of one account.
const WANT_KEYS: &[&str] =
    &["expect", "exactly", "credential", "warnings", "denied", "invalid", "password", "wrong_password"];

/// Those of them that expect an account.
const ACCOUNT_KEYS: &[&str] = &["expect", "exactly", "credential", "warnings", "password", "wrong_password"];

/// Reads what a test expects.
pub(super) fn wants(node: &Node, fields: &Fields<'_>, findings: &mut Findings) -> Option<Wants> {
    let snapshot = fields.word("snapshot", findings);
    let says_one = WANT_KEYS.iter().any(|key| fields.get(key).is_some());
    let accounts = match fields.entry("accounts") {
        Some(entry) => {
            if let Some(other) = WANT_KEYS.iter().find_map(|key| fields.entry(key)) {
                exclude(other.key_span, &other.key, entry.key_span, "accounts", findings);
            }
            let items = list(&entry.value, findings);
            if items.is_empty() {
                let help = "a record without accounts is `invalid`";
                findings.push(Diagnostic::error("R604", entry.key_span, "`accounts` expects nothing", help));
            }
            Some(Accounts::Several(items.iter().filter_map(|item| of_account(item, findings)).collect()))
        }
        None if says_one => Some(Accounts::One(Box::new(want(fields, findings)))),
        None => None,
    };
    if accounts.is_none() && snapshot.is_none() {
        let help = "add one of `expect`, `exactly`, `denied`, `invalid`, `accounts`, `password` or `snapshot`";
        findings.push(Diagnostic::error("R604", node.span, "the test expects nothing", help));
        return None;
    }
    Some(Wants { accounts, snapshot })
}

fn of_account(node: &Node, findings: &mut Findings) -> Option<Want> {
    let fields = Fields::open(node, "an entry of `accounts`", WANT_KEYS, findings)?;
    if node.as_map().is_some_and(<[_]>::is_empty) {
        let help = "write what you expect of the account: `{ expect: { … } }`";
        findings.push(Diagnostic::error("R604", node.span, "the entry expects nothing", help));
    }
    Some(want(&fields, findings))
}

fn want(fields: &Fields<'_>, findings: &mut Findings) -> Want {
    for (key, others) in [
        ("denied", &[ACCOUNT_KEYS, &["invalid"]][..]),
        ("invalid", &[ACCOUNT_KEYS][..]),
        ("exactly", &[&["expect"][..]][..]),
    ] {
        let other = others.iter().copied().flatten().find_map(|other| fields.entry(other));
        if let (Some(entry), Some(other)) = (fields.entry(key), other) {
            exclude(other.key_span, &other.key, entry.key_span, key, findings);
        }
    }
    if let Some(node) = fields.get("expect") {
        let others =
            ["credential", "warnings", "denied", "invalid", "exactly", "password", "wrong_password", "snapshot"];
        super::vacuous::empty_claims(node, others.iter().all(|key| fields.get(key).is_none()), findings);
    }
    Want {
        expect: claims(fields, "expect", findings),
        exactly: claims(fields, "exactly", findings),
        credential: fields.get("credential").map(|node| literal(node).0),
        credential_node: fields.get("credential").cloned(),
        warnings: fields.get("warnings").map(|node| words(node, findings)),
        denied: fields.word("denied", findings),
        invalid: fields.get("invalid").map(|node| invalid(node, findings)),
        password: fields.word("password", findings),
        wrong_password: fields.word("wrong_password", findings),
    }
}

fn exclude(span: Span, key: &str, first: Span, first_key: &str, findings: &mut Findings) {
    let message = format!("`{key}` and `{first_key}` cannot be used together");
    let help = match first_key {
        "accounts" => format!(
            "`accounts` lists what is expected of each account: move `{key}` into an entry, `accounts: [ {{ {key}: … }} ]`"
        ),
        _ => {
            "a record becomes an account, is denied, or is invalid: keep one of the keys, or write two tests".to_owned()
        }
    };
    findings.push(Diagnostic::error("R605", span, message, help).also(first, format!("`{first_key}` here")));
}

fn claims(fields: &Fields<'_>, key: &str, findings: &mut Findings) -> Option<Claims> {
    let node = fields.get(key)?;
    if node.as_map().is_none() {
        findings.push(expected(node, "a map of claims"));
        return None;
    }
    Some(Claims { value: literal(node).0, node: node.clone() })
}

fn words(node: &Node, findings: &mut Findings) -> Vec<Word> {
    list(node, findings).iter().filter_map(|item| word(item, findings)).collect()
}

fn invalid(node: &Node, findings: &mut Findings) -> Invalid {
    if node.as_bool() == Some(true) {
        return Invalid::Any;
    }
    let items = node.as_list().unwrap_or(std::slice::from_ref(node));
    if items.is_empty() || node.as_bool() == Some(false) {
        let help = "name the claim that fails, or write `true` for any reason";
        findings.push(Diagnostic::error("R604", node.span, "`invalid` expects nothing", help));
    }
    Invalid::For(items.iter().filter_map(|item| reason(item, findings)).collect())
}

fn reason(node: &Node, findings: &mut Findings) -> Option<WantedReason> {
    if node.as_map().is_none() {
        return word(node, findings).map(|rule| WantedReason { rule, step: None });
    }
    let fields = Fields::open(node, "a reason", &["rule", "step"], findings)?;
    let rule = fields.need("rule", findings).and_then(|node| word(node, findings));
    Some(WantedReason { rule: rule?, step: fields.word("step", findings) })
}

impl Wants {
    /// What is expected of each account.
    pub fn each(&self) -> &[Want] {
        match &self.accounts {
            None => &[],
            Some(Accounts::One(want)) => std::slice::from_ref(want.as_ref()),
            Some(Accounts::Several(wants)) => wants,
        }
    }
}
