//! Tests with texts of other languages, and texts that only look like them.

use super::*;
use crate::diag::{Files, Severity};
use crate::rules::{NodeKind, read};

/// The finding about a text, as severity and help.
fn found(text: &str) -> Option<(Severity, String)> {
    let mut files = Files::default();
    let file = files.add("a.yaml", format!("'{}'", text.replace('\'', "''")));
    let node = read(&files, file, &mut crate::diag::Findings::default()).unwrap();
    assert!(matches!(node.kind, NodeKind::Scalar(_)));
    check(&node, node.as_text().unwrap()).map(|finding| (finding.severity, finding.help))
}

#[test]
fn help_uses_the_syntax_of_this_language() {
    let cases = [
        ("{{ record.last }}", "`$.last`"),
        ("Dear {{ last | upper }}!", "`\"Dear {$.last}!\"`; `upper` is a step"),
        ("{{ $.x }}", "`$.x`"),
        ("<%= user.last %>", "`$.user.last`"),
        ("$.first $.last", "`\"{$.first} {$.last}\"`"),
        ("Mr $.last", "`\"Mr {$.last}\"`"),
        ("$.a + $.b", "`\"{$.a}{$.b}\"`; to compute write `{ from: $.a, do: [ { add: $.b } ] }`"),
        ("$.a || $.b", "`{ from: [ $.a, $.b ] }`"),
        ("$.a || 'x y'", "`{ from: $.a, default: \"x y\" }`"),
        ("$.a ?? $.b ?? none", "`{ from: [ $.a, $.b ], default: none }`"),
        ("$.first ~ ' ' ~ $.last", "`\"{$.first} {$.last}\"`"),
        ("$.first || ' ' || $.last", "`\"{$.first} {$.last}\"`"),
        ("concat($.a, ' ', $.b)", "`\"{$.a} {$.b}\"`"),
        ("CONCAT(first, ' ', last)", "`\"{$.first} {$.last}\"`"),
        ("NVL(mail, login)", "`{ from: [ $.mail, $.login ] }`"),
        ("coalesce($.a, $.b)", "`{ from: [ $.a, $.b ] }`"),
        ("lower($.mail)", "`{ from: $.mail, do: [ lowercase ] }`"),
        ("$.mail.toLowerCase()", "`{ from: $.mail, do: [ lowercase ] }`"),
        ("$.mail | lower | default('x')", "`{ from: $.mail, do: [ lowercase, { default: x } ] }`"),
        ("$.cents / 100", "`{ from: $.cents, do: [ { divide: 100 } ] }`"),
        ("$.a == 1 ? active : locked", "`{ when: { $.a: 1 }, value: active, otherwise: locked }`"),
        ("$.a or $.b", "`{ from: [ $.a, $.b ] }`"),
        ("$.a is null", "`{ when: { $.a: missing }, value: true, otherwise: false }`"),
        ("not $.a", "`{ from: $.a, do: [ invert ] }`"),
        ("if($.a == 1, 'x', 'y')", "`{ when: { $.a: 1 }, value: x, otherwise: y }`"),
        ("$.a > 5", "`{ when: { $.a: { more_than: 5 } }, value: true, otherwise: false }`"),
    ];
    for (text, spelling) in cases {
        let (_, help) = found(text).unwrap_or_else(|| panic!("nothing about {text}"));
        assert!(help.contains(spelling), "{text}: {help}");
    }
}

#[test]
fn other_texts_stay_texts() {
    let texts = [
        "$5 off",
        "$$5 off, code {{{$.code}}}",
        "costs US$.5",
        "$.a",
        "$.mails[?@.type == 'home'].value",
        "$['First Name']",
        "$.First Name",
        "{$.a} {$.b}",
        "#{$.number}",
        "{{\"a\": 1}}",
        "Smith (Ltd)",
        "a < b",
        "100%",
        "write $$.a",
        "$$item",
        "ada@example.com",
        "a || b",
    ];
    for text in texts {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn ambiguous_texts_are_warnings() {
    for text in ["Hello {{name}}, welcome", "${$.amount}"] {
        assert_eq!(found(text).map(|(severity, _)| severity), Some(Severity::Warning), "{text}");
    }
    assert_eq!(found("$${$.amount}"), None);
}
