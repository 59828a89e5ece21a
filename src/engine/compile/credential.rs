//! The stored password: its rules, and its parts checked against the schemes that read them.

use super::Compiler;
use super::constants::Constant;
use super::objects::listed;
use super::rule::Purpose;
use crate::diag::{Diagnostic, Span};
use crate::engine::plan::{CredentialPlan, RuleKind, RulePlan};
use crate::engine::{digest_part, scheme};
use crate::model::Kinds;
use crate::password::template::Template;
use crate::password::{Form, about_part, find, forms, is_known_word, reads_object};
use crate::rules::Node;
use crate::rules::syntax::{Body, Credential, Expr, Origin, Rule, RuleFile, Word};

/// Parts that describe the credential and are not part of the hash.
pub(super) const AROUND: [&str; 3] = ["source", "set_at", "needs_rehash"];

/// A scheme that the rules may use, and the place that names it.
struct Named {
    text: String,
    span: Span,
}

impl Compiler<'_> {
    /// Compiles `credential`.
    pub(super) fn credential(&mut self, credential: &Credential, rules: &RuleFile) -> Option<CredentialPlan> {
        let when = credential.when.as_ref().map(|when| self.condition(when));
        let stated = credential.on_error.as_ref().map(|on_error| on_error.policy);
        let policy = stated.or(rules.defaults.on_error);
        let purpose =
            Purpose { kind: RuleKind::Credential, register: 0, shape: None, sensitive: true, policy, field_of: None };
        let before = self.findings.len();
        let fields: Vec<Option<(RulePlan, Kinds)>> =
            credential.fields.iter().map(|field| self.credential_part(field, &purpose, rules)).collect();
        let scheme_rule = credential.scheme_rule.as_ref().map(|body| {
            let name = Word { text: "scheme".to_owned(), span: body.span };
            self.rule(&Rule { name, body: body.clone() }, &purpose).map(|(plan, _)| plan)
        });
        scheme::check(&credential.schemes, self.findings);
        scheme::check_templates(&credential.fields, self.findings);
        digest_part::check(credential, self.findings);
        let named = self.named_schemes(credential, rules);
        let fields: Option<Vec<(RulePlan, Kinds)>> = fields.into_iter().collect();
        if let Some(fields) = fields.as_ref().filter(|_| self.findings.len() == before) {
            self.parts_fit(credential, &named, fields);
        }
        self.verifiers_exist(credential, rules);
        let policy = self.credential_policy(credential, rules);
        Some(CredentialPlan {
            span: credential.span,
            when: match when {
                None => None,
                Some(when) => Some(when?),
            },
            check: credential.check,
            policy,
            schemes: credential.schemes.iter().map(|scheme| scheme.text.clone()).collect(),
            scheme_rule: match scheme_rule {
                None => None,
                Some(rule) => Some(rule?),
            },
            fields: fields?.into_iter().map(|(plan, _)| plan).collect(),
        })
    }

    fn credential_part(&mut self, part: &Rule, purpose: &Purpose<'_>, rules: &RuleFile) -> Option<(RulePlan, Kinds)> {
        let mut needed = std::mem::take(&mut self.scope.needs);
        self.is_digest_template = matches!(part.name.text.as_str(), "template" | "prehash");
        let compiled = self.rule_with_needs(part, purpose);
        self.is_digest_template = false;
        let compiled = compiled.map(|(mut plan, needs, kinds)| {
            super::credential_facts::check(&mut plan, part.body.span);
            needed.extend(&needs);
            if rules.accounts.is_some() {
                plan.made_of = needs.into_iter().collect();
            }
            (plan, kinds)
        });
        self.scope.needs = needed;
        compiled
    }

    /// The schemes that the rules name, in `scheme` or in the tables that it reads; unknown ones are reported.
    fn named_schemes(&mut self, credential: &Credential, rules: &RuleFile) -> Vec<Named> {
        let constants = credential.scheme_rule.as_ref().map_or_else(Vec::new, |body| self.constants(body, rules));
        let mut named: Vec<Named> = credential
            .schemes
            .iter()
            .filter(|scheme| find(&scheme.text).is_some())
            .map(|scheme| Named { text: scheme.text.clone(), span: scheme.span })
            .collect();
        for Constant { text, span, entry } in constants {
            if find(&text).is_some() {
                named.push(Named { text, span });
            } else if !text.eq_ignore_ascii_case("auto") {
                let finding = scheme::unknown(&text, span);
                self.findings.push(match entry {
                    Some((table, declared, key)) => finding.also(declared, format!("`{table}` has it for `{key}`")),
                    None => finding,
                });
            }
        }
        named
    }

    /// Reports parts that a scheme needs but does not get, and parts that no scheme uses.
    fn parts_fit(&mut self, credential: &Credential, named: &[Named], fields: &[(RulePlan, Kinds)]) {
        let given: Vec<&Rule> =
            credential.fields.iter().filter(|rule| !AROUND.contains(&rule.name.text.as_str())).collect();
        let has = |name: &str| credential.fields.iter().any(|rule| rule.name.text == name);
        // the contents of an object are unknown
        if has("parameters") || (has("source") && given.is_empty()) {
            return;
        }
        if named.is_empty() {
            if credential.scheme_rule.is_none() && credential.schemes.is_empty() {
                self.parts_without_scheme(credential, &given);
            }
            return;
        }
        // an object, from the record or built by the rules, may contain all of them
        let is_object = fields.iter().any(|(plan, kinds)| plan.name == "value" && *kinds == Kinds::OBJECT);
        let texts = named.iter().filter(|_| !is_object);
        let lacking: Vec<Diagnostic> = texts.filter_map(|scheme| missing_parts(scheme, &given)).collect();
        if !lacking.is_empty() {
            lacking.into_iter().for_each(|finding| self.findings.push(finding));
            return;
        }
        let before = self.findings.len();
        if let [only] = named {
            self.stored_text_fits(only, &given, fields);
        }
        if credential.scheme_rule.is_none() && self.findings.len() == before {
            given.iter().filter_map(|part| unused(part, named, &given)).for_each(|finding| self.findings.push(finding));
            if self.findings.len() == before {
                super::credential_parts::check(credential, self.findings);
            }
        }
        self.templates_read(&given, named);
        self.words_are_known(&given);
        if let (true, false, Some(order)) =
            (has("order"), given.iter().any(|part| is_salt(part)), part(&given, "order"))
        {
            let help = "add `salt:`, `salt_hex:` or `salt_b64:`, or remove `order`";
            let message = "`order` gives the position of the salt, but no rule provides a salt";
            self.findings.push(Diagnostic::error("R415", order.name.span, message, help));
        }
    }

    /// Reports a stored value that is not an object although the scheme reads one, or that lacks the key if no part
    /// gives it.
    fn stored_text_fits(&mut self, scheme: &Named, given: &[&Rule], fields: &[(RulePlan, Kinds)]) {
        let Some(stored) = part(given, "value") else { return };
        let name = find(&scheme.text).map_or("", |info| info.name);
        let kinds = fields.iter().find(|(plan, _)| plan.name == "value").map_or(Kinds::ANY, |(_, kinds)| *kinds);
        if reads_object(name) && !kinds.meets(Kinds::OBJECT) {
            let message = format!("`{}` reads an object, but the input is {kinds}", scheme.text);
            let help = format!("pass the object unchanged: `from: $.field`; {}", more(&scheme.text));
            self.findings.push(Diagnostic::error("R415", stored.name.span, message, help));
        }
        if name == "firebase-scrypt" && part(given, "mem_cost").is_none() && self.is_copied(&stored.body) {
            let missing = ["salt", "signer_key", "mem_cost"].into_iter().filter(|name| part(given, name).is_none());
            let missing = listed_and(&missing.collect::<Vec<_>>());
            let message = format!("`{}` needs {missing}, but no rule provides them", scheme.text);
            let help = format!(
                "add them; if the stored text contains them, such as `$fbscrypt$…`, write `scheme: phc`; {}",
                more(&scheme.text)
            );
            self.findings.push(Diagnostic::error("R415", scheme.span, message, help));
        }
    }

    fn parts_without_scheme(&mut self, credential: &Credential, given: &[&Rule]) {
        let Some(first) = given.first() else {
            let help = "add `from: $.field` for the stored text, or `source:` for the verifier that checks passwords";
            self.findings.push(Diagnostic::error(
                "R415",
                credential.span,
                "`credential` reads no stored password",
                help,
            ));
            return;
        };
        let is_detected = |part: &&&Rule| ["value", "prehash", "username"].contains(&part.name.text.as_str());
        let of_text = |part: &&&Rule| about_text(&part.name.text);
        if part(given, "value").is_none() {
            let message = "the stored password consists of parts, but no scheme is given";
            let help = "add `scheme:`, such as `scheme: md5`; `landfall password schemes` lists all schemes";
            self.findings.push(Diagnostic::error("R415", first.name.span, message, help));
        } else if let Some(part) = given.iter().find(|part| !is_detected(part) && !of_text(part)) {
            let message = format!("no scheme that is detected from the stored text uses the part `{}`", part.name.text);
            let help = "name the scheme with `scheme:`, or remove the part";
            self.findings.push(Diagnostic::error("R415", part.name.span, message, help));
        }
    }

    /// Reports constant parts that must be one of certain words and are not.
    fn words_are_known(&mut self, given: &[&Rule]) {
        for rule in given {
            let Origin::Value(Expr::Literal(node)) = &rule.body.origin else { continue };
            let Some(word) = node.as_text() else { continue };
            if !is_known_word(&rule.name.text, word) {
                let message = format!("`{word}` is not a valid `{}`", rule.name.text);
                let help = format!("it is {}", about_part(&rule.name.text));
                self.findings.push(Diagnostic::error("R415", node.span, message, help));
            }
        }
    }

    /// Reports variables of a template that no part provides, and parts that the template does not read.
    fn templates_read(&mut self, given: &[&Rule], named: &[Named]) {
        for name in ["template", "prehash"] {
            let Some(rule) = part(given, name) else { continue };
            let Origin::Value(Expr::Literal(node)) = &rule.body.origin else { continue };
            let Some(Ok(template)) = node.as_text().map(Template::compile) else { continue };
            let uses = template.uses();
            let has = |names: &[&str]| given.iter().any(|part| names.contains(&part.name.text.as_str()));
            let wanted = [
                (uses.salt, "$salt", &["salt", "salt_hex", "salt_b64"][..]),
                (uses.user, "$user", &["username"]),
                (uses.pepper, "$pepper", &["secret", "secret_hex", "secret_b64", "pepper"]),
            ];
            for (used, variable, parts) in wanted {
                if used && !has(parts) {
                    let message = format!("the template reads `{variable}`, but no rule provides it");
                    let help = format!("add {}", one_of(parts));
                    self.findings.push(Diagnostic::error("R415", place_of(node, variable), message, help));
                }
            }
            for (used, variable, parts) in wanted {
                // another scheme of the list may use the part
                let Some(idle) = given.iter().find(|part| {
                    !used && part.body.when.is_none() && named.len() == 1 && parts.contains(&part.name.text.as_str())
                }) else {
                    continue;
                };
                let message = format!("the template does not read `{variable}`, so `{}` is not used", idle.name.text);
                let help =
                    format!("add `{variable}` where it belongs, such as `md5({variable} . $pass)`, or remove the part");
                self.findings
                    .push(Diagnostic::error("R415", node.span, message, help).also(idle.name.span, "not used"));
            }
        }
    }

    /// Reports undeclared verifiers. Whether they exist is checked against the settings.
    fn verifiers_exist(&mut self, credential: &Credential, rules: &RuleFile) {
        let Some(source) = credential.fields.iter().find(|rule| rule.name.text == "source") else { return };
        for constant in self.constants(&source.body, rules) {
            let declared = rules.verifiers.iter().map(|name| name.text.as_str());
            if !declared.clone().any(|name| name == constant.text) {
                let message = format!("the verifier `{}` is not declared", constant.text);
                let help = match crate::diag::closest(&constant.text, declared) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        format!("add `verifiers: [ {} ]`, with its name from the settings", constant.text)
                    }
                };
                // a file that declares none may be older than its settings; if it declares some, another name is
                // probably misspelt
                self.findings.push(match rules.verifiers.is_empty() {
                    true => Diagnostic::warning("R416", constant.span, message, help),
                    false => Diagnostic::error("R416", constant.span, message, help),
                });
            }
            self.verifiers.push((constant.text, constant.span));
        }
    }

    fn credential_policy(&mut self, credential: &Credential, rules: &RuleFile) -> crate::engine::plan::Policy {
        let body = Body {
            on_error: credential.on_error.clone(),
            ..crate::rules::body::plain(credential.span, Origin::From(Vec::new()))
        };
        let rule = Rule { name: Word { text: "value".to_owned(), span: credential.span }, body };
        // by default an unusable password is only a warning: the account itself is valid
        let policy = rules.defaults.on_error.or(Some(crate::rules::syntax::DefaultPolicy::Warn));
        let purpose =
            Purpose { kind: RuleKind::Credential, register: 0, shape: None, sensitive: true, policy, field_of: None };
        self.policy(&rule, &purpose)
    }
}

fn part<'r>(given: &[&'r Rule], name: &str) -> Option<&'r Rule> {
    given.iter().find(|rule| rule.name.text == name).copied()
}

fn is_salt(rule: &Rule) -> bool {
    ["salt", "salt_hex", "salt_b64"].contains(&rule.name.text.as_str())
}

/// Whether a scheme that is detected from the stored text may use a part.
fn about_text(name: &str) -> bool {
    ["secret", "secret_hex", "secret_b64", "pepper", "ad", "ad_hex", "ad_b64"].contains(&name)
}

/// The parts that a scheme needs but does not get.
fn missing_parts(scheme: &Named, given: &[&Rule]) -> Option<Diagnostic> {
    let form = form_of(scheme, given)?;
    let missing: Vec<&&[&str]> =
        form.needs.iter().filter(|names| !names.iter().any(|n| part(given, n).is_some())).collect();
    let first = missing.first()?;
    if let (true, Some(stored)) = (first.contains(&"hash_hex"), part(given, "value")) {
        let message = format!("with separate parts, `{}` takes the hash as a part too", scheme.text);
        let help = format!("write {} in place of `{}:`; {}", one_of(first), written_as(stored), more(&scheme.text));
        return Some(Diagnostic::error("R415", stored.name.span, message, help));
    }
    let names: Vec<&str> = missing.iter().filter_map(|names| names.first().copied()).collect();
    let message = match names.as_slice() {
        ["value"] => format!("`{}` needs the stored text, but no rule provides it", scheme.text),
        names => format!(
            "`{}` needs {}, but no rule provides {}",
            scheme.text,
            listed_and(names),
            if names.len() == 1 { "it" } else { "them" }
        ),
    };
    let what = match **first {
        ["value"] => "add `from: $.field`".to_owned(),
        names => format!("add {}", one_of(names)),
    };
    let about = first.first().map_or("", |name| about_part(name));
    let about = if matches!(**first, ["value"]) { String::new() } else { format!(" ({about})") };
    Some(Diagnostic::error("R415", scheme.span, message, format!("{what}{about}; {}", more(&scheme.text))))
}

/// Reports a part that no scheme of the rules uses.
fn unused(rule: &Rule, named: &[Named], given: &[&Rule]) -> Option<Diagnostic> {
    let name = rule.name.text.as_str();
    let uses = |form: &Form| form.needs.iter().chain(form.takes).any(|names| names.contains(&name));
    if named.iter().any(|scheme| form_of(scheme, given).is_none_or(|form| uses(&form))) {
        return None;
    }
    let scheme = named.first()?;
    let in_parts = forms(&scheme.text).iter().any(uses) && part(given, "value").is_some();
    let message = match named {
        [_] if in_parts => format!("`{}` does not use the part `{name}` with a complete stored text", scheme.text),
        [_] => format!("`{}` does not use the part `{name}`", scheme.text),
        _ => format!("none of the schemes uses the part `{name}`"),
    };
    let help = if name == "template" {
        "write `scheme: template`: the template describes how the digest is computed".to_owned()
    } else if in_parts {
        format!("for the hash alone write `hash_hex:` or `hash_b64:` in place of `from:`; {}", more(&scheme.text))
    } else {
        format!("remove it: a part that the scheme does not use makes the hash unusable; {}", more(&scheme.text))
    };
    Some(Diagnostic::error("R415", rule.name.span, message, help))
}

/// The storage form that the given parts are closest to.
fn form_of(scheme: &Named, given: &[&Rule]) -> Option<Form> {
    let strays = |form: &Form| {
        let missing = form.needs.iter().filter(|names| !names.iter().any(|name| part(given, name).is_some())).count();
        let known = |name: &str| form.needs.iter().chain(form.takes).any(|names| names.contains(&name));
        missing + given.iter().filter(|rule| !known(&rule.name.text)).count()
    };
    forms(&scheme.text).iter().min_by_key(|form| strays(form)).copied()
}

/// The key under which the stored text is written: its rule is always named `value`.
fn written_as(stored: &Rule) -> &'static str {
    let length = stored.name.span.end - stored.name.span.start;
    if length == "from".len() { "from" } else { "value" }
}

/// The place of a variable in a template.
fn place_of(node: &Node, variable: &str) -> Span {
    let at = node.as_text().and_then(|text| text.find(variable));
    at.map_or(node.span, |at| node.part(at..at + variable.len()))
}

fn more(scheme: &str) -> String {
    format!("`landfall password schemes {scheme}` shows an example")
}

fn one_of(names: &[&str]) -> String {
    let written: Vec<String> = names.iter().map(|name| format!("`{name}:`")).collect();
    match written.as_slice() {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        _ => written.concat(),
    }
}

/// Names in a sentence.
pub(super) fn listed_and(names: &[&str]) -> String {
    match names {
        [most @ .., last] if !most.is_empty() => format!("{} and `{last}`", listed(most.iter().copied())),
        names => listed(names.iter().copied()),
    }
}
