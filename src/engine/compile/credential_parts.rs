//! Parts that only some schemes of a list use: without `when`, they make the texts of the others unusable.

use super::credential::listed_and;
use crate::diag::{Diagnostic, Findings};
use crate::engine::scheme::{is_prehashed, takes};
use crate::rules::syntax::{Credential, Origin, Rule};

/// Parts that change what is hashed, or that are the hash. The others describe texts without a prefix, and only those.
const TELLING: [&str; 15] = [
    "salt",
    "salt_hex",
    "salt_b64",
    "secret",
    "secret_hex",
    "secret_b64",
    "pepper",
    "ad",
    "ad_hex",
    "ad_b64",
    "prehash",
    "username",
    "hash",
    "hash_hex",
    "hash_b64",
];

/// Reports them.
pub(super) fn check(credential: &Credential, findings: &mut Findings) {
    let has_prehash = credential.fields.iter().any(|rule| rule.name.text == "prehash");
    for part in credential.fields.iter().filter(|part| TELLING.contains(&part.name.text.as_str())) {
        if part.body.when.is_some() {
            continue;
        }
        let name = part.name.text.as_str();
        let (using, others): (Vec<_>, Vec<_>) =
            credential.schemes.iter().partition(|scheme| takes(&scheme.text, name, has_prehash));
        let Some(first) = others.first() else { continue };
        let others_text = listed_and(&others.iter().map(|scheme| scheme.text.as_str()).collect::<Vec<_>>());
        let verb = if others.len() == 1 { "does" } else { "do" };
        let message = format!("{others_text} {verb} not use the part `{name}`, which is given for every text");
        let help = help(part, &first.text, using.is_empty());
        // what the record lacks for these texts does no harm
        let level = match &part.body.origin {
            Origin::From(_) if !using.is_empty() => Diagnostic::warning,
            _ => Diagnostic::error,
        };
        let finding = level("R415", part.name.span, message, help);
        findings.push(finding.also(first.span, "its hashes would be unusable"));
    }
}

fn help(part: &Rule, other: &str, is_of_none: bool) -> String {
    let name = part.name.text.as_str();
    let takes_prehash = is_prehashed(other) && name != "prehash";
    let mixed = match name {
        "secret" | "secret_hex" | "secret_b64" | "pepper" => Some("$pepper"),
        "salt" | "salt_hex" | "salt_b64" => Some("$salt"),
        "username" => Some("$user"),
        _ => None,
    };
    match mixed.filter(|_| takes_prehash) {
        Some(variable) if is_of_none => {
            format!("`{other}` needs `prehash: $pass . {variable}` to use it; or remove the part")
        }
        Some(variable) => format!(
            "give `{name}` a `when` that holds for the other texts only; \
             where it belongs to `{other}`, too, add `prehash: $pass . {variable}`"
        ),
        None if is_of_none => format!("remove `{name}`"),
        None => format!("give `{name}` a `when` that holds for the texts of the other schemes only"),
    }
}
