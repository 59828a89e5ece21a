//! Valid YAML that does not mean what it looks like: a `#` that cuts off a text, a `&` that disappears, a `|` with
//! nothing below it.

use std::collections::HashSet;
use std::ops::Range;

use granit_parser::ScalarStyle as Style;

use super::tokens::{Kind, Token};
use super::{Source, traps};
use crate::diag::{Diagnostic, Findings};

/// Reports text that YAML does not read the way it looks. A `|` or `>` with nothing below it then counts as that
/// character, so that it causes no further findings.
pub(super) fn check(source: Source<'_>, tokens: &mut [Token], findings: &mut Findings) {
    let used: HashSet<usize> = tokens
        .iter()
        .filter_map(|token| match token.kind {
            Kind::Alias(anchor) => anchor,
            _ => None,
        })
        .collect();
    for at in 0..tokens.len() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before)).map(|token| token.span.end);
        let Some(token) = tokens.get_mut(at) else { continue };
        let Kind::Scalar(text, style) = &token.kind else { continue };
        let found = match style {
            Style::Literal | Style::Folded if text.is_empty() => empty_block(source, token, findings),
            Style::Plain if token.span.start == token.span.end => {
                before.and_then(|before| value_is_comment(source, before)).map(|found| findings.push(found)).is_some()
            }
            Style::Plain => {
                findings_of_plain(source, token, text, findings);
                false
            }
            _ => false,
        };
        let is_unused = !found && token.anchor != 0 && !used.contains(&token.anchor);
        if let Some(finding) = is_unused.then(|| unused_anchor(source, token.span.start)).flatten() {
            findings.push(finding);
        }
    }
}

fn findings_of_plain(source: Source<'_>, token: &Token, text: &str, findings: &mut Findings) {
    if let Some(found) = cut_by_comment(source, token.span.start..token.span.end, text) {
        findings.push(found);
    }
    if text.starts_with(['“', '”', '„', '‘', '’', '«']) {
        let plain = text.trim_matches(['“', '”', '„', '‘', '’', '«', '»']);
        let message = "typographic quotes are part of the text, not quotes";
        let help = match plain {
            "" => "use straight quotes: `\"…\"`".to_owned(),
            plain => format!("write `{}`", traps::quoted(plain)),
        };
        findings.push(Diagnostic::warning("R113", token.span, message, help));
    }
}

fn rest_of_line<'t>(source: Source<'t>, at: usize) -> &'t str {
    source.text.get(at..).and_then(|rest| rest.split(['\n', '\r']).next()).unwrap_or("")
}

/// What hardly begins a comment: `#5`, `#{$.id}`, `#$`.
fn is_text(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '{' | '$')
}

/// `Apt #5`: a comment without a space after its `#` was probably not meant as one.
fn cut_by_comment(source: Source<'_>, range: Range<usize>, text: &str) -> Option<Diagnostic> {
    let rest = rest_of_line(source, range.end);
    let comment = rest.trim_start();
    let is_close = comment.strip_prefix('#').is_some_and(|after| after.starts_with(is_text));
    // a map in a script, which the script reports
    let is_script = comment.starts_with("#{") && text.ends_with(['(', ',', '=', ':', '{', '[']);
    if !is_close || is_script || comment.len() == rest.len() {
        return None;
    }
    let start = range.end + rest.len() - comment.len();
    let written = source.text.get(range.start..range.end)?;
    let whole = traps::quoted(&format!("{written}{}", rest.trim_end()));
    let message = format!("` #` begins a comment, so the value is only `{text}`");
    let help = format!("write `{whole}` for the text, or put a space after `#` for a comment");
    Some(Diagnostic::warning("R113", source.span(start, start + comment.trim_end().len()), message, help))
}

/// `before: #`: a value that is only a comment.
fn value_is_comment(source: Source<'_>, key_end: usize) -> Option<Diagnostic> {
    let rest = rest_of_line(source, key_end);
    let value = rest.strip_prefix(':')?.trim_start();
    let after = value.strip_prefix('#')?;
    if !(after.trim().is_empty() || after.starts_with(is_text)) {
        return None;
    }
    let start = key_end + rest.len() - value.len();
    let text = value.trim_end();
    let help = format!("write `{}` for the text, or put a space after `#` for a comment", traps::quoted(text));
    let message = "`#` begins a comment, so there is no value";
    Some(Diagnostic::warning("R113", source.span(start, start + text.len()), message, help))
}

/// `split: |`
fn empty_block(source: Source<'_>, token: &mut Token, findings: &mut Findings) -> bool {
    let Some(before) = source.text.get(..token.span.start) else { return false };
    let line = before.trim_end();
    let Some(sign) = line.chars().next_back().filter(|sign| matches!(sign, '|' | '>')) else { return false };
    token.span = source.span(line.len() - 1, line.len());
    let message = format!("`{sign}` begins a block of text, but the block is empty");
    let help = format!("write `\"{sign}\"` for the character, or indent the text below deeper than the key");
    findings.push(Diagnostic::error("R113", token.span, message, help));
    token.kind = Kind::Scalar(sign.to_string(), Style::Plain);
    true
}

/// `&co`: an unused anchor was probably not meant as one.
fn unused_anchor(source: Source<'_>, value: usize) -> Option<Diagnostic> {
    let line = source.text.get(..value)?.rfind('\n').map_or(0, |line_break| line_break + 1);
    let start = line + source.text.get(line..)?.find('&').filter(|at| line + at <= value)?;
    let rest = rest_of_line(source, start);
    let name = rest.split([' ', ',', ']', '}']).next().unwrap_or(rest);
    let end = rest.find([',', ']', '}']).unwrap_or(rest.len());
    let text = rest.get(..end).unwrap_or(rest).split(" #").next().unwrap_or("").trim_end();
    let message = format!("`{name}` is read as a YAML anchor and is not part of the text");
    let help = format!("write `{}`", traps::quoted(text));
    Some(Diagnostic::error("R104", source.span(start, start + text.len()), message, help))
}
