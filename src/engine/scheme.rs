//! The scheme of a stored password in the rules: one, or several that are distinguished by the start of the stored
//! text.

use bumpalo::collections::Vec as ArenaVec;

use crate::diag::{Diagnostic, Findings, Span, closest};
use crate::model::Value;
use crate::model::json::to_json;
use crate::password::template::{Template, TemplateProblem};
use crate::password::{Credential, Limits, SchemeInfo, find, forms, parse, schemes};
use crate::rules::syntax::{Expr, Origin, Rule, Word};

/// The parts of a credential that are digest templates.
const TEMPLATES: [&str; 2] = ["template", "prehash"];

/// The scheme of a list that a stored text belongs to: the one that its prefix names, otherwise the one without a
/// prefix.
#[must_use]
pub fn choose<'s>(schemes: &'s [String], encoded: &str) -> Option<&'s str> {
    let describing = |scheme: &&str| find(scheme).is_some_and(SchemeInfo::is_self_describing);
    let names = || schemes.iter().map(String::as_str);
    names()
        .find(|scheme| find(scheme).is_some_and(|info| info.claims(encoded)))
        .or_else(|| names().find(|scheme| !describing(scheme)))
}

/// Whether a credential can be used to verify a password, as far as this is known without the password.
///
/// # Errors
/// Why not; contains no value of the record.
pub fn usable(credential: Value<'_>, is_of_several: bool) -> Result<(), String> {
    let serde_json::Value::Object(object) = to_json(credential) else { return Ok(()) };
    // passwords that a verifier checks are not examined
    if object.contains_key("source") {
        return Ok(());
    }
    let scheme = object.get("scheme").and_then(serde_json::Value::as_str);
    if is_of_several
        && object.contains_key("username")
        && scheme.is_some_and(|scheme| !takes(scheme, "username", object.contains_key("prehash")))
    {
        return Err("the part `username` is not used by the scheme of this hash".to_owned());
    }
    // whether clear text may be accepted is a matter of the settings
    let limits = Limits { plain_text: true, ..Limits::default() };
    let parsed = Credential::from_json(&object).and_then(|credential| parse(&credential));
    let affordable = parsed.and_then(|parsed| parsed.cost().within(&limits));
    affordable.map_err(|problem| problem.to_string())
}

/// Removes the parts that describe a text without a prefix, if the stored text names its scheme: it has its own rounds.
/// Salts, peppers and templates for the password stay: a part that the scheme does not use makes the credential unusable.
pub fn keep_used<'a, T>(parts: &mut ArenaVec<'a, (&'a str, T)>, scheme: &str, encoded: &str) {
    if find(scheme).is_none_or(|info| !info.claims(encoded)) {
        return;
    }
    parts.retain(|(part, _)| {
        !matches!(
            *part,
            "order"
                | "iterations"
                | "template"
                | "digest"
                | "encoding"
                | "password_encoding"
                | "key"
                | "hasher"
                | "signer_key"
                | "salt_separator"
                | "mem_cost"
                | "rounds"
                | "memory"
                | "passes"
                | "lanes"
                | "variant"
                | "version"
                | "n"
                | "r"
                | "p"
        )
    });
}

/// Whether a part holds a salt.
pub fn is_salt(part: &str) -> bool {
    matches!(part, "salt" | "salt_hex" | "salt_b64")
}

/// Whether a credential without a salt, although the rules give one, would be read as one with an empty salt. A text that
/// names its scheme has its own.
pub fn wants_salt(scheme: &str, encoded: &str, template: Option<&str>) -> bool {
    let Some(info) = find(scheme) else { return false };
    if info.is_self_describing() && info.claims(encoded) {
        return false;
    }
    match template {
        Some(template) => template.contains("$salt"),
        None => takes(scheme, "salt", true),
    }
}

/// Whether a scheme uses a part; bcrypt and its like use salts, names and peppers through `prehash` only.
pub fn takes(scheme: &str, part: &str, has_prehash: bool) -> bool {
    if is_prehashed(scheme) && part != "prehash" && !has_prehash {
        return part == "value";
    }
    forms(scheme).iter().any(|form| form.needs.iter().chain(form.takes).any(|names| names.contains(&part)))
}

/// Whether a scheme takes salts, names and peppers through `prehash`.
pub fn is_prehashed(scheme: &str) -> bool {
    find(scheme).is_some_and(|info| matches!(info.name, "bcrypt" | "wordpress" | "php"))
}

/// Reports unknown schemes, and lists whose schemes cannot be distinguished.
pub fn check(schemes: &[Word], findings: &mut Findings) {
    let mut silent: Option<&Word> = None;
    for scheme in schemes {
        let Some(info) = find(&scheme.text) else {
            findings.push(unknown(&scheme.text, scheme.span));
            continue;
        };
        if info.is_self_describing() {
            continue;
        }
        if let Some(first) = silent.filter(|_| schemes.len() > 1) {
            let message = format!("`{}` and `{}` cannot be distinguished by the stored text", first.text, scheme.text);
            let help = "keep only one scheme without a prefix, or let the record name the scheme: `scheme: $.type`";
            findings.push(Diagnostic::error("R409", scheme.span, message, help).also(first.span, "the first of them"));
        }
        silent = silent.or(Some(scheme));
    }
}

/// Compiles the constant digest templates of the rules, so that a mistake is found now and not at a login.
pub fn check_templates(parts: &[Rule], findings: &mut Findings) {
    for part in parts.iter().filter(|part| TEMPLATES.contains(&part.name.text.as_str())) {
        let Origin::Value(Expr::Literal(node)) = &part.body.origin else { continue };
        let Some(text) = node.as_text() else { continue };
        if let Err(error) = Template::compile(text) {
            let help = match error.problem() {
                TemplateProblem::TooCostly => "use fewer rounds: the cost of verifying a password is limited",
                TemplateProblem::PasswordUnused => {
                    "make the hash depend on `$pass`, otherwise every password would match"
                }
                _ => error.advice().unwrap_or("docs/credentials.md#digest-templates describes templates"),
            };
            findings.push(Diagnostic::error("R304", node.part(error.range()), error.to_string(), help));
        }
    }
}

/// The finding for an unknown scheme.
pub fn unknown(scheme: &str, span: Span) -> Diagnostic {
    let names = schemes().iter().flat_map(|info| info.aliases.iter().chain(std::iter::once(&info.name))).copied();
    let help = match closest(scheme, names) {
        _ if scheme.eq_ignore_ascii_case("auto") => {
            "remove `scheme`: the scheme is detected from the start of the stored text".to_owned()
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => "`landfall password schemes` lists all schemes".to_owned(),
    };
    Diagnostic::error("R408", span, format!("there is no password scheme `{scheme}`"), help)
}
