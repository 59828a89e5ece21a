use super::*;
use crate::diag::FileId;

const RULES: &str = "name: wordpress\naccount:\n  # Straße\n  größe: { from: $.größe, do: [ upercase ] }\n  email: $.mail\n  phone: $.phone\n  city: $.city\n  street: $.street\n  email: $.user_email\n";

fn at(files: &Files, file: FileId, text: &str) -> Span {
    let start = files.text(file).find(text).unwrap();
    Span { file, start, end: start + text.len() }
}

fn examples() -> (Files, Vec<Diagnostic>) {
    let mut files = Files::default();
    let rules = files.add("rules/wordpress.yaml", RULES);
    let again = files.text(rules).rfind("email").unwrap();
    let again = Span { file: rules, start: again, end: again + 5 };
    let findings = vec![
        Diagnostic::error(
            "R203",
            at(&files, rules, "upercase"),
            "no step is named `upercase`",
            "did you mean `uppercase`?",
        )
        .says("unknown step"),
        Diagnostic::error("R102", again, "the key `email` appears twice", "keep one of them")
            .says("again here")
            .also(at(&files, rules, "email"), "first here"),
        Diagnostic::warning("R210", at(&files, rules, "$.city"), "no sample record has `$.city`", ""),
    ];
    (files, findings)
}

#[cfg(feature = "cli")]
#[test]
fn human_shows_the_text_with_every_place_underlined() {
    let (files, findings) = examples();
    insta::assert_snapshot!(human(&files, &findings, false), @r#"
    error[R203]

      × no step is named `upercase`
       ╭─[rules/wordpress.yaml:4:33]
     3 │   # Straße
     4 │   größe: { from: $.größe, do: [ upercase ] }
       ·                                 ────┬───
       ·                                     ╰── unknown step
     5 │   email: $.mail
       ╰────
      help: did you mean `uppercase`?

    error[R102]

      × the key `email` appears twice
       ╭─[rules/wordpress.yaml:9:17]
     4 │   größe: { from: $.größe, do: [ upercase ] }
     5 │   email: $.mail
       ·   ──┬──
       ·     ╰── first here
     6 │   phone: $.phone
     7 │   city: $.city
     8 │   street: $.street
     9 │   email: $.user_email
       ·                 ──┬──
       ·                   ╰── again here
       ╰────
      help: keep one of them

    warning[R210]

      ⚠ no sample record has `$.city`
       ╭─[rules/wordpress.yaml:7:9]
     6 │   phone: $.phone
     7 │   city: $.city
       ·         ──────
     8 │   street: $.street
       ╰────
    "#);
}

#[cfg(feature = "cli")]
#[test]
fn colour_only_when_asked_for() {
    let (files, findings) = examples();
    assert!(!human(&files, &findings, false).contains('\x1b'));
    assert!(human(&files, &findings, true).contains("\x1b["));
}

#[cfg(feature = "cli")]
#[test]
fn human_shows_places_in_other_files_and_shortens_long_ones() {
    let mut files = Files::default();
    let rules = files.add(
        "a.yaml",
        "use: [ b.yaml ]\nlookups:\n  one: 1\n  two: 2\n  three: 3\n  four: 4\n  five: 5\n  six: 6\n  seven: 7\n",
    );
    let shared = files.add("b.yaml", "lookups:\r\n\tone: 2\r\n");
    let map = Span { file: rules, start: 27, end: files.text(rules).trim_end().len() };
    let finding = Diagnostic::error("R201", map, "the lookup `one` is defined twice", "rename one of them")
        .also(at(&files, shared, "one"), "also defined here");
    insta::assert_snapshot!(human(&files, &[finding], false), @r#"
    error[R201]

      × the lookup `one` is defined twice
       ╭─[a.yaml:3:3]
     2 │ lookups:
     3 │   one: 1
       ·   ──────
     4 │   two: 2
       ╰────
      help: rename one of them
      ☞ also defined here
       ╭─[b.yaml:2:2]
     1 │ lookups:
     2 │     one: 2
       ·     ───
       ╰────
    "#);
}

#[cfg(feature = "cli")]
#[test]
fn terminals_receive_no_control_characters() {
    let mut files = Files::default();
    let text = "\u{feff}a: \"\x1b[2J\u{202e}\r x\u{9b}\" # \0\r\nb: ü\x7fü here\r\n";
    let file = files.add("ev\x1bil.yaml", text);
    let finding = Diagnostic::error("R101", at(&files, file, "here"), "see `\x1b]0;x\x07`", "no\nline").says("\x08");
    let finding = finding.also(at(&files, file, "a:"), "");
    let out = human(&files, std::slice::from_ref(&finding), false);
    assert!(out.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{out:?}");
    insta::assert_snapshot!(out, @r#"
    error[R101]

      × see `␛]0;x␇`
       ╭─[ev␛il.yaml:2:8]
     1 │ a: "␛[2J�␍ x�" # ␀
       · ──
     2 │ b: ü␡ü here
       ·        ──┬─
       ·          ╰── ␈
       ╰────
      help: no␊line
    "#);
    insta::assert_snapshot!(plain(&files, &[finding]), @"ev␛il.yaml:2:8: error[R101]: see `␛]0;x␇` (also: ev␛il.yaml:1:1) (help: no␊line)");
}

#[cfg(feature = "cli")]
#[test]
fn places_at_the_edge_are_shown() {
    let mut files = Files::default();
    let empty = files.add("empty.yaml", "");
    let short = files.add("short.yaml", "ä: [\n");
    for (file, start, end) in [(empty, 0, 0), (empty, 5, 9), (short, 0, 1), (short, 1, 1), (short, 6, 6), (short, 9, 3)]
    {
        let out =
            human(&files, &[Diagnostic::error("R105", Span { file, start, end }, "the file is empty", "")], false);
        assert!(out.contains(".yaml:") && !out.contains("Failed to read"), "{out}");
    }
}

#[test]
fn plain_is_one_line_per_finding() {
    let (files, findings) = examples();
    insta::assert_snapshot!(plain(&files, &findings), @r#"
    rules/wordpress.yaml:4:33: error[R203]: no step is named `upercase` (help: did you mean `uppercase`?)
    rules/wordpress.yaml:9:17: error[R102]: the key `email` appears twice (first here: rules/wordpress.yaml:5:3) (help: keep one of them)
    rules/wordpress.yaml:7:9: warning[R210]: no sample record has `$.city`
    "#);
}

#[test]
fn json_has_places_as_lines_and_bytes() {
    let (files, findings) = examples();
    insta::assert_snapshot!(format!("{:#}", json(&files, &findings[..1])), @r#"
    [
      {
        "code": "R203",
        "column": 33,
        "end": 81,
        "end_column": 41,
        "end_line": 4,
        "file": "rules/wordpress.yaml",
        "help": "did you mean `uppercase`?",
        "labels": [
          {
            "column": 33,
            "end": 81,
            "end_column": 41,
            "end_line": 4,
            "file": "rules/wordpress.yaml",
            "line": 4,
            "start": 73,
            "text": "unknown step"
          }
        ],
        "line": 4,
        "message": "no step is named `upercase`",
        "severity": "error",
        "start": 73
      }
    ]
    "#);
    assert_eq!(json(&files, &findings).as_array().unwrap().len(), 3);
    assert_eq!(json(&files, &findings)[1]["labels"][1]["text"], "first here");
}

#[test]
fn summaries() {
    let (_, findings) = examples();
    assert_eq!(summary(&findings), "2 errors, 1 warning");
    assert_eq!(summary(&findings[..1]), "1 error");
    assert_eq!(summary(&findings[2..]), "1 warning");
    assert_eq!(summary(&[]), "no findings");
}
