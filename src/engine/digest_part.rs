//! Checks a digest template against the part with the stored hash: both must be text, or both bytes.

use crate::diag::{Diagnostic, Findings};
use crate::password::find;
use crate::password::template::{Template, TemplateOutput};
use crate::rules::syntax::{Credential, Expr, Origin, Rule};

/// Reports a stored hash that can never equal the result of the template.
pub fn check(credential: &Credential, findings: &mut Findings) {
    let [scheme] = credential.schemes.as_slice() else { return };
    if find(&scheme.text).is_none_or(|info| info.name != "template") {
        return;
    }
    let part = |name: &str| credential.fields.iter().find(|rule| rule.name.text == name);
    let Some(text) = part("template").and_then(constant) else { return };
    let Ok(template) = Template::compile(text) else { return };
    let stored = ["hash_hex", "hash_b64", "value"].into_iter().find_map(part);
    let Some(stored) = stored else { return };
    let encoding = match part("encoding") {
        Some(rule) => constant(rule),
        None => Some("text"),
    };
    let decoded = match (stored.name.text.as_str(), encoding) {
        ("hash_hex", _) | ("value", Some("hex")) => "hex",
        ("hash_b64", _) | ("value", Some("base64")) => "base64",
        ("value", Some("text")) => "text",
        _ => return,
    };
    if let Some(Mismatch { makes, help, is_sure }) = mismatch(decoded, template.output(), text) {
        let compared = if decoded == "text" { "compared as text" } else { "decoded to bytes" };
        let message = format!("the stored hash is {compared}, but the template returns {makes}");
        let level = if is_sure { Diagnostic::error } else { Diagnostic::warning };
        findings.push(level("R304", stored.name.span, message, help));
    }
}

/// The constant text of a part.
fn constant(rule: &Rule) -> Option<&str> {
    match &rule.body.origin {
        Origin::Value(Expr::Literal(node)) => node.as_text(),
        _ => None,
    }
}

/// Why a stored hash and a template never match.
struct Mismatch {
    makes: &'static str,
    help: String,
    /// Whether no known system stores its hashes like this.
    is_sure: bool,
}

fn mismatch(decoded: &str, output: TemplateOutput, template: &str) -> Option<Mismatch> {
    let raw = raw(template).map_or_else(
        || "make the template return bytes, for example with `md5_bin`".to_owned(),
        |raw| format!("write `template: {raw}`"),
    );
    let (makes, help, is_sure) = match (decoded, output) {
        ("hex", TemplateOutput::Hex) => (
            "hexadecimal text",
            format!("pass the stored text with `from:`, which is compared unchanged, or {raw}"),
            true,
        ),
        ("hex", TemplateOutput::Base64) => ("base64 text", raw, true),
        ("base64", TemplateOutput::Base64) => {
            ("base64 text", format!("pass the stored text with `from:`, which is compared unchanged, or {raw}"), true)
        }
        ("base64", TemplateOutput::Hex) => (
            "hexadecimal text",
            format!(
                "{raw}; if the hexadecimal text itself was encoded in base64, write `base64({template})`, and pass the \
                 stored text with `from:`"
            ),
            false,
        ),
        ("text", TemplateOutput::Bytes) => (
            "bytes",
            format!(
                "pass it with `hash_hex:` or `hash_b64:`, or write `template: hex({template})` or `base64({template})`"
            ),
            true,
        ),
        _ => return None,
    };
    Some(Mismatch { makes, help, is_sure })
}

/// The template that returns bytes: `md5_bin($pass)` for `md5($pass)`, `sha1_bin($pass)` for `base64(sha1_bin($pass))`.
fn raw(template: &str) -> Option<String> {
    let (name, rest) = template.trim().split_once('(')?;
    let inner = rest.strip_suffix(')').map(str::to_owned).filter(|_| matches!(name, "hex" | "base64"));
    let candidates = [Some(format!("{name}_bin({rest}")), inner];
    let makes_bytes = |text: &String| Template::compile(text).is_ok_and(|made| made.output() == TemplateOutput::Bytes);
    candidates.into_iter().flatten().find(makes_bytes)
}
