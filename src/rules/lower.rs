//! Reads the rule file from the YAML tree, and reports all problems at once.

use super::body::{self, POLICIES};
use super::condition::{self, Subject};
use super::expr;
use super::fields::{Fields, choice, empty, expected, key, list, map, word};
use super::node::{Entry, Node, NodeKind};
use super::reference;
use super::syntax::{
    Admit, Blank, Check, Credential, DefaultPolicy, Defaults, Expr, Identify, LookupDef, LookupSource, NamedSteps,
    Origin, Param, RefExpr, Rule, RuleFile, Split, Unread, Without, Word,
};
use crate::diag::{Diagnostic, Findings, Span};

/// The version of the language that this program reads.
pub const VERSION: i64 = 1;

/// The keys of a rule file, in the order in which they are written.
pub const KEYS: &[&str] = &[
    "landfall",
    "name",
    "about",
    "use",
    "schema",
    "params",
    "defaults",
    "lookups",
    "steps",
    "identify",
    "admit",
    "let",
    "accounts",
    "account",
    "credential",
    "ignore",
    "checks",
    "verifiers",
    "tests",
];

/// Reads a rule file from its tree.
pub fn rule_file(root: &Node, findings: &mut Findings) -> Option<RuleFile> {
    let fields = Fields::open(root, "a rule file", KEYS, findings)?;
    version(&fields, root, findings);
    let account = fields.get("account").map(|node| account(node, findings)).unwrap_or_default();
    Some(RuleFile {
        name: fields.word("name", findings),
        about: fields.word("about", findings),
        uses: fields.list("use", findings).iter().filter_map(|node| word(node, findings)).collect(),
        schema: fields.word("schema", findings),
        params: entries(&fields, "params", findings, param),
        defaults: fields.get("defaults").map_or_else(Defaults::default, |node| defaults(node, findings)),
        lookups: entries(&fields, "lookups", findings, lookup),
        steps: entries(&fields, "steps", findings, |name, node, findings| {
            Some(NamedSteps { name, steps: body::steps(node, findings) })
        }),
        identify: fields.get("identify").and_then(|node| identify(node, findings)),
        admit: fields.list("admit", findings).iter().filter_map(|node| admit(node, findings)).collect(),
        lets: rules(&fields, "let", findings),
        accounts: fields.get("accounts").and_then(|node| split(node, findings)),
        start: account.start,
        start_words: account.words,
        account: account.claims,
        account_span: fields.entry("account").map(|entry| entry.key_span),
        credential: fields.get("credential").and_then(|node| credential(node, findings)),
        ignore: fields.list("ignore", findings).iter().filter_map(|node| ignored(node, findings)).collect(),
        checks: fields.list("checks", findings).iter().filter_map(|node| check(node, findings)).collect(),
        verifiers: fields.list("verifiers", findings).iter().filter_map(|node| word(node, findings)).collect(),
        tests: fields.get("tests").cloned(),
    })
}

fn version(fields: &Fields<'_>, root: &Node, findings: &mut Findings) {
    match fields.get("landfall") {
        Some(node) if node.as_integer() == Some(VERSION) => {}
        Some(node) => findings.push(Diagnostic::error(
            "R111",
            node.span,
            format!("this program reads version {VERSION} of the rule language"),
            format!("write `landfall: {VERSION}`"),
        )),
        None => findings.push(Diagnostic::error(
            "R111",
            Span { end: root.span.start, ..root.span },
            "the rule file does not begin with the version of the rule language",
            format!("add `landfall: {VERSION}` as the first line"),
        )),
    }
}

fn entries<T>(
    fields: &Fields<'_>,
    name: &str,
    findings: &mut Findings,
    read: impl Fn(Word, &Node, &mut Findings) -> Option<T>,
) -> Vec<T> {
    let Some(node) = fields.get(name) else { return Vec::new() };
    map(node, findings).iter().filter_map(|entry| read(key(entry), &entry.value, findings)).collect()
}

fn rules(fields: &Fields<'_>, name: &str, findings: &mut Findings) -> Vec<Rule> {
    fields.get(name).map_or_else(Vec::new, |node| body::rules(node, Subject::Record, findings))
}

fn param(name: Word, node: &Node, findings: &mut Findings) -> Option<Param> {
    const KEYS: &[&str] = &["default", "about", "values"];
    // what another tool calls these is no default either
    let is_spec = node.as_map().is_some_and(|entries| {
        entries.iter().any(|entry| KEYS.contains(&entry.key.as_str()))
            || entries.iter().all(|entry| super::misnamed::help("a parameter", &entry.key).is_some())
    });
    if !is_spec {
        return Some(Param { name, default: (!node.is_null()).then(|| node.clone()), values: None, about: None });
    }
    let fields = Fields::open(node, "a parameter", KEYS, findings)?;
    let default = fields.get("default").cloned();
    let values = fields.get("values").map(|node| values(node, default.as_ref(), findings));
    Some(Param { name, default, values, about: fields.word("about", findings) })
}

/// Reads the allowed values of a parameter; its default must be one of them.
fn values(node: &Node, default: Option<&Node>, findings: &mut Findings) -> Vec<Node> {
    let items = list(node, findings);
    let mut scalars = Vec::new();
    for item in items {
        match word(item, findings) {
            Some(_) => scalars.push(item.clone()),
            None => return Vec::new(),
        }
    }
    if items.is_empty() && node.as_list().is_some() {
        findings.push(expected(node, "at least one value"));
    }
    if let Some(default) = default
        && !scalars.is_empty()
        && !scalars.iter().any(|value| value.as_text() == default.as_text())
    {
        let help = "add it to `values`, or choose another default";
        let message = "the default is not one of the `values` of the parameter";
        findings.push(Diagnostic::error("R112", default.span, message, help).also(node.span, "these"));
    }
    scalars
}

fn defaults(node: &Node, findings: &mut Findings) -> Defaults {
    let Some(fields) = Fields::open(node, "`defaults`", &["blank", "on_error", "unread"], findings) else {
        return Defaults::default();
    };
    Defaults {
        blank: match fields.choice("blank", &["missing", "keep"], findings) {
            Some(1) => Blank::Keep,
            _ => Blank::Missing,
        },
        // an invalid policy is one finding, not one for every rule that can fail
        on_error: fields
            .get("on_error")
            .map(|node| choice(node, POLICIES, findings).map_or(DefaultPolicy::Reject, body::policy)),
        unread: match fields.choice("unread", &["allow", "warn", "reject"], findings) {
            Some(1) => Unread::Warn,
            Some(2) => Unread::Reject,
            _ => Unread::Allow,
        },
    }
}

fn lookup(name: Word, node: &Node, findings: &mut Findings) -> Option<LookupDef> {
    if node.get("file").is_some() {
        let fields = Fields::open(node, "a lookup file", &["file", "key", "value"], findings)?;
        let (file, key, value) =
            (fields.word("file", findings), fields.word("key", findings), fields.word("value", findings));
        // without a file the name is still declared, so that its uses are not findings
        let source = match file {
            Some(file) => LookupSource::File { file, key, value },
            None => LookupSource::Inline(Vec::new()),
        };
        return Some(LookupDef { name, source });
    }
    let entries = map(node, findings);
    if entries.is_empty() && node.as_map().is_some() {
        findings.push(empty(node, &format!("the lookup `{}` has no entries", name.text), "{ from: to }"));
    }
    let entries = entries.iter().map(|entry| (key(entry), entry.value.clone())).collect();
    Some(LookupDef { name, source: LookupSource::Inline(entries) })
}

fn identify(node: &Node, findings: &mut Findings) -> Option<Identify> {
    let fields = Fields::open(node, "`identify`", &["id", "logins"], findings)?;
    let id = fields.need("id", findings).map(|node| expr::read_or_any(node, findings));
    let logins = match fields.get("logins") {
        Some(node) => logins(node, findings),
        None => Vec::new(),
    };
    if logins.is_empty() && !fields.is_misspelled("logins") {
        let span = fields.get("logins").map_or(node.span, |node| node.span);
        let message = "without `logins` no customer can sign in: a login refuses every record";
        let help = "add what customers type to sign in: `logins: [ $.login, $.mail ]`";
        findings.push(Diagnostic::warning("R108", span, message, help));
    }
    Some(Identify { id: id?, logins })
}

/// What can be typed to sign in; invalid entries are reported.
fn logins(node: &Node, findings: &mut Findings) -> Vec<Expr> {
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    let mut read = |node: &Node| {
        body::source(node, "identify.logins", Subject::Record, findings).unwrap_or_else(|| Expr::unreadable(node.span))
    };
    nodes.iter().map(&mut read).collect()
}

fn admit(node: &Node, findings: &mut Findings) -> Option<Admit> {
    let fields = Fields::open(node, "an entry of `admit`", &["deny", "when"], findings)?;
    let deny = fields.need("deny", findings).and_then(|node| reason(node, findings));
    let when = fields.need("when", findings).and_then(|node| condition::read(node, Subject::Record, findings));
    Some(Admit { deny: deny?, when: when? })
}

/// A reason is a key that the service turns into a message, never prose.
fn reason(node: &Node, findings: &mut Findings) -> Option<Word> {
    let word = word(node, findings)?;
    let is_key = !word.text.is_empty() && word.text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if !is_key {
        let words = word.text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
        let key = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_");
        let key = if key.is_empty() { "closed_account".to_owned() } else { key };
        let help = format!("write a key such as `{key}`; the service turns keys into messages");
        findings.push(Diagnostic::error(
            "R112",
            node.span,
            "a reason is a key of letters, digits, `_`, `-` and `.`",
            help,
        ));
        return None;
    }
    Some(word)
}

fn split(node: &Node, findings: &mut Findings) -> Option<Split> {
    const KEYS: &[&str] = &["name", "from", "do", "where", "on_error", "let", "all_or_none"];
    let fields = Fields::open(node, "`accounts`", KEYS, findings)?;
    let name = fields.need("name", findings).and_then(|node| word(node, findings));
    let from = fields.need("from", findings).and_then(|node| body::from(node, "from", Subject::Record, findings));
    let from = from.unwrap_or_else(|| vec![Expr::unreadable(node.span)]);
    let body = body::with_origin(node, &fields, Subject::Record, findings);
    let lets = rules(&fields, "let", findings);
    let all_or_none = fields.boolean("all_or_none", findings) == Some(true);
    Some(Split { name: name?, body: super::syntax::Body { origin: Origin::From(from), ..body }, lets, all_or_none })
}

/// The keys of `account` that say what the account starts from; they are claims if there is no `from`.
pub const START_KEYS: &[&str] = &["from", "do", "where", "on_error"];

/// The claims, and the object that they are added to.
#[derive(Default)]
struct Account {
    start: Option<Rule>,
    words: Vec<(String, Span)>,
    claims: Vec<Rule>,
}

fn account(node: &Node, findings: &mut Findings) -> Account {
    let Some(from) = node.as_map().and_then(|entries| entries.iter().find(|entry| entry.key == "from")) else {
        return Account { claims: body::members(node, Subject::Record, findings), ..Account::default() };
    };
    let entries = node.as_map().unwrap_or_default().iter().cloned();
    let (start, claims): (Vec<Entry>, Vec<Entry>) = entries.partition(|entry| START_KEYS.contains(&entry.key.as_str()));
    let words = start.iter().map(|entry| (entry.key.clone(), entry.key_span)).collect();
    let of = |entries: Vec<Entry>| Node { span: node.span, kind: NodeKind::Map(entries) };
    let start = of(start);
    let body = Fields::open(&start, "the start of the account", START_KEYS, findings).map(|fields| {
        let sources = body::from(&from.value, "from", Subject::Record, findings)
            .unwrap_or_else(|| vec![Expr::unreadable(from.value.span)]);
        let body = body::with_origin(&start, &fields, Subject::Record, findings);
        super::syntax::Body { origin: Origin::From(sources), ..body }
    });
    let name = Word { text: "account".to_owned(), span: from.key_span };
    Account {
        start: body.map(|body| Rule { name, body }),
        words,
        claims: body::members(&of(claims), Subject::Record, findings),
    }
}

/// The keys of `credential` that are not parts of it.
const CREDENTIAL_KEYS: &[&str] = &["when", "from", "do", "on_error", "check", "scheme"];

/// The parts a credential may have.
pub const CREDENTIAL_PARTS: &[&str] = &[
    "source",
    "value",
    "hash",
    "hash_hex",
    "hash_b64",
    "salt",
    "salt_hex",
    "salt_b64",
    "order",
    "iterations",
    "template",
    "digest",
    "encoding",
    "password_encoding",
    "prehash",
    "username",
    "pepper",
    "secret",
    "secret_hex",
    "secret_b64",
    "ad",
    "ad_hex",
    "ad_b64",
    "key",
    "hasher",
    "signer_key",
    "salt_separator",
    "mem_cost",
    "rounds",
    "memory",
    "passes",
    "lanes",
    "variant",
    "version",
    "n",
    "r",
    "p",
    "parameters",
    "set_at",
    "needs_rehash",
];

fn credential(node: &Node, findings: &mut Findings) -> Option<Credential> {
    let known: Vec<&'static str> = CREDENTIAL_KEYS.iter().chain(CREDENTIAL_PARTS).copied().collect();
    let fields = Fields::open(node, "`credential`", &known, findings)?;
    let mut parts: Vec<Rule> = Vec::new();
    if let Some(from) = fields.entry("from") {
        let body = body::with_origin(node, &fields, Subject::Record, findings);
        let sources = body::from(&from.value, "from", Subject::Record, findings);
        let origin = Origin::From(sources.unwrap_or_else(|| vec![Expr::unreadable(from.value.span)]));
        let name = Word { text: "value".to_owned(), span: from.key_span };
        // `when` belongs to the whole credential
        parts.push(Rule { name, body: super::syntax::Body { origin, when: None, ..body } });
    }
    for entry in node.as_map().unwrap_or_default() {
        if CREDENTIAL_PARTS.contains(&entry.key.as_str()) {
            parts.push(Rule {
                name: key(entry),
                body: body::read(&entry.value, entry.key_span, Subject::Record, findings),
            });
        }
    }
    if let (Some(steps), None) = (fields.entry("do"), fields.entry("from")) {
        let help = "write `from:` for the stored text, or put the steps in the rule of the part: `hash_hex: { from: …, do: … }`";
        findings.push(Diagnostic::error(
            "R110",
            steps.key_span,
            "`do` changes what `from` reads, but there is no `from`",
            help,
        ));
    }
    let (schemes, scheme_rule) = fields.entry("scheme").map_or((Vec::new(), None), |entry| schemes(entry, findings));
    Some(Credential {
        span: node.span,
        when: fields.get("when").and_then(|node| condition::read(node, Subject::Record, findings)),
        on_error: fields.get("on_error").map(|node| body::on_error(node, &mut Findings::default())),
        check: fields.boolean("check", findings),
        schemes,
        scheme_rule,
        fields: parts,
    })
}

fn schemes(entry: &Entry, findings: &mut Findings) -> (Vec<Word>, Option<super::syntax::Body>) {
    let node = &entry.value;
    let is_rule = node.as_map().is_some() || node.as_text().is_some_and(reference::is_reference);
    if is_rule {
        return (Vec::new(), Some(body::read(node, entry.key_span, Subject::Record, findings)));
    }
    let words = match node.as_list() {
        Some(items) => items.iter().filter_map(|item| word(item, findings)).collect(),
        None => word(node, findings).into_iter().collect(),
    };
    (words, None)
}

fn ignored(node: &Node, findings: &mut Findings) -> Option<RefExpr> {
    match node.as_text() {
        Some(text) if reference::is_reference(text) => reference::read(node, 0..text.len(), findings),
        text => {
            let what = match text.filter(|text| reference::is_reference(&format!("$.{text}"))) {
                Some(text) => format!("a reference such as `$.{text}`"),
                None => "a reference such as `$.field`".to_owned(),
            };
            findings.push(expected(node, &what));
            None
        }
    }
}

fn check(node: &Node, findings: &mut Findings) -> Option<Check> {
    let fields = Fields::open(node, "an entry of `checks`", &["that", "needs", "because", "on_error"], findings)?;
    let that = fields.get("that").and_then(|node| condition::read(node, Subject::Record, findings));
    let needs = fields.need("needs", findings).and_then(|node| condition::read(node, Subject::Record, findings));
    let because = fields.need("because", findings).and_then(|node| reason(node, findings));
    let otherwise = match fields.choice("on_error", &["reject", "warn"], findings) {
        Some(1) => Without::Warn,
        _ => Without::Reject,
    };
    Some(Check { that, needs: needs?, because: because?, otherwise })
}
