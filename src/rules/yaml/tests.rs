use std::fmt::Write as _;

use super::*;
use crate::diag::Severity;
use crate::rules::NodeKind;

fn parse(text: &str) -> (Files, Option<Node>, Vec<Diagnostic>) {
    let mut files = Files::default();
    let file = files.add("test.yaml", text);
    let mut findings = Findings::default();
    let node = read_rules(&files, file, &mut findings);
    (files, node, findings.sorted())
}

fn tree(text: &str) -> (Files, Node) {
    let (files, node, findings) = parse(text);
    assert_eq!(findings, [], "{text:?}");
    (files, node.unwrap())
}

/// Every node as `path = the text of its span`.
fn spans(text: &str) -> String {
    let (files, node) = tree(text);
    let mut out = String::new();
    list_spans(&files, &node, "$", &mut out);
    out
}

fn list_spans(files: &Files, node: &Node, path: &str, out: &mut String) {
    writeln!(out, "{path} = {:?}", files.excerpt(node.span)).unwrap();
    for (index, item) in node.as_list().unwrap_or_default().iter().enumerate() {
        list_spans(files, item, &format!("{path}[{index}]"), out);
    }
    for entry in node.as_map().unwrap_or_default() {
        assert_eq!(files.excerpt(entry.key_span).trim_matches(['"', '\'']), entry.key);
        list_spans(files, &entry.value, &format!("{path}.{}", entry.key), out);
    }
}

/// The findings as `line:column code message`, followed by further places.
fn findings(text: &str) -> Vec<String> {
    let (files, _, findings) = parse(text);
    let place = |span| {
        let (line, column) = files.position(span);
        format!("{line}:{column}")
    };
    let line = |finding: &Diagnostic| {
        assert_eq!(finding.severity, Severity::Error);
        assert!(!finding.help.is_empty());
        let mut line = format!("{} {} {}", place(finding.labels[0].span), finding.code, finding.message);
        for label in finding.labels.iter().filter(|label| !label.text.is_empty()) {
            write!(line, " | {} {}", place(label.span), label.text).unwrap();
        }
        line
    };
    findings.iter().map(line).collect()
}

#[test]
fn block_spans_go_from_the_first_key_to_the_last_value() {
    insta::assert_snapshot!(spans("# c\na: 1   # d\nb:\n  - x\n  - k: v\n    l:\n\n# end\nc:\n- - y\n-\nd:\n-  # e\n  [ 3 ]\n"), @r#"
    $ = "a: 1   # d\nb:\n  - x\n  - k: v\n    l:\n\n# end\nc:\n- - y\n-\nd:\n-  # e\n  [ 3 ]"
    $.a = "1"
    $.b = "- x\n  - k: v\n    l:"
    $.b[0] = "x"
    $.b[1] = "k: v\n    l:"
    $.b[1].k = "v"
    $.b[1].l = ""
    $.c = "- - y\n-"
    $.c[0] = "- y"
    $.c[0][0] = "y"
    $.c[1] = ""
    $.d = "-  # e\n  [ 3 ]"
    $.d[0] = "[ 3 ]"
    $.d[0][0] = "3"
    "#);
}

#[test]
fn flow_spans_go_from_bracket_to_bracket() {
    insta::assert_snapshot!(spans("a: [ 1, { b: 'x y', c: , d }, [] ] # z\n'e' : \"f\""), @r#"
    $ = "a: [ 1, { b: 'x y', c: , d }, [] ] # z\n'e' : \"f\""
    $.a = "[ 1, { b: 'x y', c: , d }, [] ]"
    $.a[0] = "1"
    $.a[1] = "{ b: 'x y', c: , d }"
    $.a[1].b = "'x y'"
    $.a[1].c = ""
    $.a[1].d = ""
    $.a[2] = "[]"
    $.e = "\"f\""
    "#);
}

#[test]
fn empty_values_have_their_place_after_the_colon() {
    let (_, node) = tree("ab:\nc :   # note\n'd': ");
    let places: Vec<_> =
        node.as_map().unwrap().iter().map(|entry| (entry.value.span.start, entry.value.span.end)).collect();
    assert_eq!(places, [(3, 3), (7, 7), (21, 21)]);
    assert!(node.as_map().unwrap().iter().all(|entry| entry.value.is_null()));
}

#[test]
fn byte_order_mark_and_windows_line_ends() {
    let text = "\u{feff}a: 1\r\nb: |\r\n  x\r\n\r\n  y\r\nc: 'é'\r\n";
    let (files, node) = tree(text);
    assert_eq!(node.get("b").unwrap().as_text(), Some("x\n\ny\n"));
    assert_eq!(files.excerpt(node.get("b").unwrap().part(3..4)), "y");
    assert_eq!(files.excerpt(node.get("c").unwrap().part(0..2)), "é");
    assert_eq!(files.excerpt(node.span), text.trim_start_matches('\u{feff}').trim_end());
    assert_eq!(files.position(node.span), (1, 1));
}

#[test]
fn aliases_expand_to_their_anchor() {
    let (files, node) = tree("a: &x { k: [ 1, 2 ] }\nb: *x\n");
    let (first, second) = (node.get("a").unwrap(), node.get("b").unwrap());
    assert_eq!(second.get("k"), first.get("k"));
    assert_eq!((files.excerpt(first.span), files.excerpt(second.span)), ("{ k: [ 1, 2 ] }", "*x"));
}

#[test]
fn aliases_have_a_size_limit() {
    let text = format!("a: &x {}\nb: [ {}*x ]\n", "x".repeat(57_000), "*x, ".repeat(8_000));
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("a", text);
    assert!(read(&files, file, &mut findings).is_none());
    let found = findings.sorted();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "the aliases of this file expand to more than 1048576 bytes of text");
    assert!(tree(&format!("a: &x {}\nb: [ {}*x ]\n", "x".repeat(5_000), "*x, ".repeat(100))).1.get("b").is_some());
}

#[test]
fn parts_of_scalars() {
    // the YAML value, a range of its text, the text in the file
    let cases: &[(&str, (usize, usize), &str)] = &[
        ("plain text", (6, 10), "text"),
        ("'it''s ü'", (0, 3), "it'"),
        ("'it''s ü'", (3, 7), "s ü"),
        ("\"a\\tb\\u00e9c\"", (1, 2), "\\t"),
        ("\"a\\tb\\u00e9c\"", (3, 5), "\\u00e9"),
        ("\"a\\tb\\u00e9c\"", (5, 6), "c"),
        ("\"\\n\\\\\"", (1, 2), "\\\\"),
        ("\"\\ud83d\\ude00x\"", (4, 5), "x"),
        ("\"\\U0001F600x\"", (0, 5), "\\U0001F600x"),
        ("|\n   one\n   two\n", (4, 7), "two"),
        ("|\n\n\n   one\n    two\n", (2, 5), "one"),
        ("|\n\n\n   one\n    two\n", (6, 10), " two"),
        ("|2-\n    x\n   y", (4, 6), " y"),
        ("|\r\n  a\r\n  bc\r\n", (2, 4), "bc"),
        ("|+\n  a\n\n\n", (0, 1), "a"),
        ("|+\n  a\n\n\n", (2, 3), "\n"),
        (">\n  fold\n  ed\n\n  p\n   q\n", (5, 7), "ed"),
        (">\n  fold\n  ed\n\n  p\n   q\n", (8, 9), "p"),
        ("'two\n\n  lines '", (4, 10), "lines "),
        ("\"a \\\n  b\\\n   c\"", (2, 3), "b"),
        ("\"a\\ \n  b\"", (3, 4), "b"),
        ("plain\n   over\n\n   lines", (6, 10), "over"),
        ("plain\n   over\n\n   lines", (11, 16), "lines"),
        ("x", (1, 1), ""),
        ("|\n  x\n", (2, 2), ""),
        ("''", (0, 0), ""),
    ];
    for (value, (from, to), expected) in cases {
        let (files, node) = tree(&format!("k: {value}"));
        let node = node.get("k").unwrap();
        assert_eq!(files.excerpt(node.part(*from..*to)), *expected, "{value:?} {:?}", node.as_text());
    }
}

#[test]
fn the_end_of_a_text_is_after_its_last_character() {
    let (files, node) = tree("k: |\n  let x =\n\nm: 1\n");
    let node = node.get("k").unwrap();
    assert_eq!(files.position(node.part(8..8)), (2, 10));
}

#[test]
fn findings_have_places() {
    insta::assert_debug_snapshot!(findings("a: 1\nb: { x: 1, x: 2 }\na: 3\na: 4\n"), @r#"
    [
        "2:12 R102 the key `x` appears twice | 2:12 again here | 2:6 first here",
        "3:1 R102 the key `a` appears twice | 3:1 again here | 1:1 first here",
        "4:1 R102 the key `a` appears twice | 4:1 again here | 1:1 first here",
    ]
    "#);
    insta::assert_debug_snapshot!(findings("a: !x 1\n<<: { b: 2 }\n? [ c ]\n: 3\n: 4\n'<<': 5\n"), @r#"
    [
        "1:4 R104 tags are not part of the rule language",
        "2:1 R104 merge keys are not part of the rule language",
        "3:3 R104 a key cannot be a list or a map",
        "5:1 R104 a value without a key",
    ]
    "#);
    insta::assert_debug_snapshot!(findings("a: *no\nb: &self [ *self ]\n*no : 1\n"), @r#"
    [
        "1:4 R104 there is no anchor for the alias `*no` before this place",
        "2:12 R104 the alias `*self` is inside the value that it refers to",
        "3:1 R104 there is no anchor for the alias `*no` before this place",
        "3:1 R104 a key cannot be an alias",
    ]
    "#);
    insta::assert_debug_snapshot!(findings("---\na: 1\n---\nb: 2\n"), @r#"
    [
        "3:1 R104 a second document begins here, but a file contains one document",
    ]
    "#);
}

#[test]
fn syntax_errors_have_places() {
    let cases = [
        "a: [ 1, 2\nb: 3\n",
        "a: { b: 1 ]\n",
        "a: 'open\nb: 1\n",
        "a: b: c\n",
        "a: @x\n",
        "a: \"\\d\"\n",
        "a: 1\n  b: 2\n",
        "a:\n  b: 1\n c: 2\n",
        "a:\n\t- 1\n",
        "a: 'x' y\n",
        "a: x\nb\nc: 1\n",
        "a: - 1\n",
        "]",
    ];
    let lines: Vec<String> = cases.iter().flat_map(|case| findings(case)).collect();
    assert_eq!(lines.len(), cases.len());
    insta::assert_snapshot!(lines.join("\n"), @r#"
    1:4 R101 this `[` is never closed
    1:4 R101 this `{` is closed by `]`
    1:4 R101 this quote is never closed
    1:4 R101 text with a colon and a space needs quotes
    1:4 R101 text that begins with `@` needs quotes
    1:5 R101 `\d` is not an escape of double quotes
    2:3 R101 this line is indented by 2 spaces, and `a` above it by 0 spaces
    3:2 R101 this line is indented by 1 space, and `b` above it by 2 spaces
    2:1 R101 a tab in the indentation
    1:4 R101 text after the closing quote
    2:1 R101 expected a key with a `:` here
    1:4 R101 a `-` cannot begin a list here
    1:1 R101 a closing bracket without an opening one
    "#);
}

#[test]
fn empty_files() {
    for text in ["", "\n", "# only a comment\n", "\u{feff}", "---\n", "--- # c\n...\n"] {
        let (_, node, findings) = parse(text);
        assert!(node.is_none() && findings.len() == 1 && findings[0].code == "R105", "{text:?}");
    }
}

#[test]
fn limits() {
    let laughs = "a: &a [ x, x, x, x, x, x, x, x, x, x ]\nb: &b [ *a, *a, *a, *a, *a, *a, *a, *a, *a, *a ]\n\
        c: &c [ *b, *b, *b, *b, *b, *b, *b, *b, *b, *b ]\nd: [ *c, *c, *c, *c, *c, *c, *c, *c, *c, *c ]\n";
    let deep_alias =
        format!("a: &a {}x{}\nb: {}*a{}\n", "[".repeat(40), "]".repeat(40), "[".repeat(40), "]".repeat(40));
    let cases = [
        (
            format!("a: '{}'", "x".repeat(MAX_FILE_BYTES)),
            "1:1 R103 the file has 262149 bytes, more than the 262144 allowed",
        ),
        (
            format!("{}{}", "[".repeat(65), "]".repeat(65)),
            "1:65 R103 lists and maps are nested more than 64 levels deep here",
        ),
        (deep_alias, "2:44 R103 lists and maps are nested more than 64 levels deep here"),
        (format!("[{}x]", "x,".repeat(50_000)), "1:100000 R103 the file has more than 50000 keys and values"),
        (laughs.to_owned(), "4:34 R103 the aliases of this file expand to more than 10000 values"),
    ];
    for (text, expected) in cases {
        assert_eq!(findings(&text), [expected]);
        assert!(parse(&text).1.is_none());
    }
    let fits = format!("{}x{}", "[".repeat(64), "]".repeat(64));
    assert!(tree(&fits).1.as_list().is_some());
}

#[test]
fn the_first_of_two_values_is_kept() {
    let (_, node, _) = parse("a: 1\na: 2\n");
    assert_eq!(node.unwrap().get("a").unwrap().as_integer(), Some(1));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// Every place is in the file, and every run matches the text.
    fn sound(files: &Files, file: FileId, node: &Node) {
        let text = files.text(file);
        assert!(text.get(node.span.start..node.span.end).is_some(), "{:?}", node.span);
        match &node.kind {
            NodeKind::Scalar(scalar) => sound_runs(files, node, scalar),
            NodeKind::List(items) => items.iter().for_each(|item| sound(files, file, item)),
            NodeKind::Map(entries) => entries.iter().for_each(|entry| {
                assert!(text.get(entry.key_span.start..entry.key_span.end).is_some());
                sound(files, file, &entry.value);
            }),
        }
    }

    fn sound_runs(files: &Files, node: &Node, scalar: &crate::rules::Scalar) {
        for (at, found) in scalar.text.char_indices() {
            let span = node.part(at..at + found.len_utf8());
            assert!(files.text(span.file).get(span.start..span.end).is_some(), "{span:?}");
            if scalar.runs.iter().any(|(from, _, length)| (*from..from + length).contains(&at)) {
                assert_eq!(files.excerpt(span), found.to_string(), "{:?} at {at}", scalar.text);
            }
        }
    }

    fn check(text: &str) {
        let (files, node, findings) = parse(text);
        let file = findings.first().map_or_else(|| node.as_ref().unwrap().span.file, |f| f.labels[0].span.file);
        for label in findings.iter().flat_map(|finding| &finding.labels) {
            assert!(files.text(file).get(label.span.start..label.span.end).is_some(), "{label:?}");
        }
        if let Some(node) = node {
            sound(&files, file, &node);
        }
    }

    /// Text made of pieces that have a meaning in YAML.
    fn yamlish() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "a", "b: ", "- ", "\n", "\n  ", "\n    ", "\r\n", "\r\n  ", " ", ":", "'", "''", "\"", "\\n", "\\", "|\n",
            ">\n", "|2-\n", "|+\r\n", "é", "[", "]", "{", "}", ", ", "&x ", "*x", "!t ", "? ", "# c", "\t", "~",
            "---\n", "\u{feff}", "<<: ", "\\u00e9", "\r", "😀", "%",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    /// One value in every style, with text that is hard to quote in it.
    fn value() -> impl Strategy<Value = String> {
        let line = "[a-z ü'#:]{0,6}[a-z😀]";
        let lines = prop::collection::vec(prop_oneof![3 => line, 1 => Just(String::new())], 1..6);
        (lines, 0..5usize, prop::bool::ANY, 0..3usize).prop_map(|(lines, style, windows, leading)| {
            let line_break = if windows { "\r\n" } else { "\n" };
            let body = |separator: &str| lines.join(&format!("{line_break}{separator}"));
            match style {
                0 => format!("'{}'", body("   ").replace('\'', "''")),
                1 => format!("\"{}\"", body("  \\t\\\\")),
                2 => format!("|2{line_break}{}   {}", line_break.repeat(leading), body("  ")),
                3 => format!(">-{line_break}{}  x{line_break}  {}", line_break.repeat(leading), body("  ")),
                _ => format!("x{}", body("  y").replace([':', '#'], "")),
            }
        })
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_rejected(text in "\\PC*") {
            check(&text);
        }

        #[test]
        fn text_like_yaml_is_read_or_rejected(text in yamlish()) {
            check(&text);
        }

        #[test]
        fn runs_are_found_and_correct(value in value()) {
            let (files, node) = tree(&format!("k: {value}\n"));
            let node = node.get("k").unwrap();
            let scalar = node.as_scalar().unwrap();
            sound_runs(&files, node, scalar);
            let covered = |at: usize| scalar.runs.iter().any(|(from, _, length)| (*from..from + length).contains(&at));
            for (at, found) in scalar.text.char_indices().filter(|(_, found)| found.is_alphanumeric()) {
                prop_assert!(covered(at), "{} at {} of {:?} {:?}", found, at, scalar.text, scalar.runs);
            }
        }
    }
}

#[test]
fn records_and_settings_are_not_quoted() {
    for text in [
        "secret: %0123456789\n",
        "secret: *0123456789\n",
        "secret: !0123456789\n",
        "secret: &a 0123456789\n",
        "secret: Apt #0123456789\n",
        "secret: '0123456789'0123456789'\n",
        "secret: a: 0123456789\n",
        "secret: { a: $.a['0123456789'] }\n",
    ] {
        let mut files = Files::default();
        let file = files.add("landfall.yaml", text);
        let mut findings = Findings::default();
        let _ = read(&files, file, &mut findings);
        for finding in findings.sorted() {
            assert!(!format!("{} {}", finding.message, finding.help).contains("0123456789"), "{finding:?}");
        }
    }
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("record.yaml", "note: |\nother: &a x #5\n");
    let record = read(&files, file, &mut findings).unwrap();
    assert_eq!((record.get("note").and_then(Node::as_text), findings.len()), (Some(""), 0));
}
