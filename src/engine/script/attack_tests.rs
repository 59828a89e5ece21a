//! Tests that nothing escapes the sandbox, and that every attack stops quickly with a clear message.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bumpalo::Bump;
use proptest::prelude::*;

use super::{FailureKind, Sandbox, ScriptLimits};
use crate::engine::context::Cx;
use crate::model::Value;

/// Generous, because test machines are under load; an idle one needs a tenth of it.
const SOON: Duration = Duration::from_millis(200);

/// The result of a script as text, or its compile or run error.
fn outcome(source: &str) -> Result<String, String> {
    let sandbox = Sandbox::new(ScriptLimits::default());
    let script = sandbox.compile(source, &["a"]).map_err(|error| format!("load: {}", error.message))?;
    let arena = Bump::new();
    let started = Instant::now();
    let long = "a".repeat(16 * 1024);
    let result = script.run(&[Value::Text(&long)], &Cx::bare(&arena));
    let took = started.elapsed();
    assert!(took < SOON, "{took:?} for {}", source.get(..100).unwrap_or(source));
    result
        .map(|value| format!("{value:?}"))
        .map_err(|failure| format!("{:?}: {}", failure.kind, failure.failure.message()))
}

#[test]
fn disabled_names_do_not_load() {
    let cases = [
        ("sleep(5)", "there is no function `sleep`"),
        ("sleep(5.0)", "there is no function `sleep`"),
        ("5.sleep()", "there is no function `sleep`"),
        ("if false { sleep(5) }", "there is no function `sleep`"),
        ("fn f() { sleep(5) } 1", "there is no function `sleep`"),
        ("import \"x\" as y; 1", "`import` cannot be used in a script"),
        ("export a;", "`export` cannot be used in a script"),
        ("eval(\"1\")", "`eval` cannot be used in a script"),
        ("print(1)", "`print` cannot be used in a script"),
        ("debug(1)", "`debug` cannot be used in a script"),
        ("timestamp()", "there is no function `timestamp`"),
        ("exit(1)", "there is no function `exit`"),
        ("parse_json(a)", "there is no function `parse_json`"),
        ("a.to_blob()", "there is no function `to_blob`"),
        ("Fn(\"len\")", "there is no function `Fn`"),
        ("let f = |x| x; f.call(1)", "there is no function `call`"),
        ("let f = |x| x; f.curry(1)", "there is no function `curry`"),
        ("is_def_var(\"a\")", "there is no function `is_def_var`"),
        ("get_fn_metadata_list()", "there is no function `get_fn_metadata_list`"),
        ("range(1, 2)", "there is no function `range`"),
        ("other", "there is no variable `other`"),
        ("let b = 1; [1].map(|x| x + b)", "there is no variable `b`"),
        ("fn f() { a } f()", "there is no variable `a`"),
        ("a = 1; a", "`a` is an input and cannot be changed"),
    ];
    for (source, want) in cases {
        assert_eq!(outcome(source), Err(format!("load: {want}")), "{source}");
    }
}

const ATTACKS: &[(&str, &str, &str)] = &[
    ("endless loop", "loop {}", "Limit: the script takes too"),
    ("endless loop that computes", "let x = 0; while true { x += 1; }", "Limit: the script takes too"),
    ("endless loop in try", "loop { try { loop {} } catch {} }", "Limit: the script takes too"),
    (
        "long loop in callbacks",
        "let l = []; for i in 0..500 { l.push(i); } for j in l { l.map(|x| { let y = x; y }); }",
        "Limit: the script takes too",
    ),
    ("doubled text", "let s = \"ab\"; loop { s += s; }", "Limit: a text, list or map grows too large"),
    (
        "doubled text by template",
        "let s = \"ab\"; loop { s = `${s}${s}`; }",
        "Limit: a text, list or map grows too large",
    ),
    (
        "text in try",
        "let s = \"ab\"; try { loop { s += s; } } catch { 1 }",
        "Limit: a text, list or map grows too large",
    ),
    ("replace bomb", "let b = a + \"\"; b.replaced(\"a\", a)", "Limit: a text, list or map grows too large"),
    ("pad step bomb", "let s = a; loop { s = pad_end(s, 1000) + s; }", "Limit: "),
    (
        "replace step bomb",
        "let n = sub_string(a, 0, 4000); replace(n, #{ find: \"a\", \"with\": n })",
        "Error: `replace` fails: the result is longer than",
    ),
    ("step in a loop", "loop { lowercase(a); }", "Limit: the script takes too"),
    (
        "slow regex",
        "let s = sub_string(a, 0, 4000); loop { extract_all(s, \"(a|aa)*b\"); }",
        "Limit: the script takes too",
    ),
    (
        "many formats",
        "let f = []; for i in 0..500 { f.push(\"%Y\"); } loop { try { date(\"x\", f); } catch {} }",
        "Limit: the script takes too",
    ),
    ("pad bomb", "pad_start(\"x\", 9223372036854775807, \"ü\")", "Limit: a text, list or map grows too large"),
    ("split bomb", "a.split(#{ by: \"a\", keep_empty: true })", "Error: `split` fails: the result has more than"),
    (
        "join bomb",
        "let l = []; for i in 0..100 { l.push(i); } l.join(a)",
        "Error: `join` fails: the result is longer than",
    ),
    ("huge list by push", "let l = []; loop { l.push(1); }", "Limit: a text, list or map grows too large"),
    ("huge list by +=", "let l = [1]; loop { l += l; }", "Limit: a text, list or map grows too large"),
    ("huge list by +", "let l = [1]; loop { l = l + l; }", "Limit: a text, list or map grows too large"),
    ("list in itself", "let l = [1]; loop { l[0] = l; }", "Limit: "),
    ("nested lists", "let l = []; loop { l = [l]; }", "Limit: "),
    ("nested maps", "let m = #{}; loop { let n = #{}; n[\"k\"] = m; m = n; }", "Limit: "),
    ("huge map by index", "let m = #{}; let i = 0; while i < 3000 { m[\"k\" + i] = i; i += 1; } m", "Limit: "),
    (
        "endless map by index",
        "let m = #{}; let i = 0; loop { m[\"k\" + i] = i; i += 1; }",
        "Limit: the script takes too",
    ),
    (
        "map by property",
        "let m = #{}; for i in 0..300 { m[\"k\" + i] = 1; } m.x = 1;",
        "Limit: a text, list or map grows",
    ),
    ("recursion", "fn f(x) { f(x + 1) } f(0)", "Limit: functions call each other too deeply"),
    ("many variables", "let x = 1; loop { let y = 1; loop { let z = 1; break; } }", "Limit: the script takes too"),
    (
        "lists compared",
        "let l = []; for i in 0..500 { l.push(\"x\"); } loop { l == l; }",
        "Limit: the script takes too",
    ),
    (
        "wide lists compared",
        "let b = []; for i in 0..500 { b.push(i); } let l = []; for i in 0..500 { l.push(0); } \
        for i in 0..500 { l[i] = b; } loop { l == l; }",
        "Limit: ",
    ),
    (
        "wide lists with texts",
        "let t = sub_string(a, 0, 16000); let l = []; for i in 0..20 { l.push(0); } let m = []; for j in 0..500 { m.push(0); } \
        for i in 0..20 { l[i] = m; for j in 0..500 { l[i][j] = t + j; } } l",
        "Limit: ",
    ),
    ("positions", "let l = []; for i in 0..500 { l.push(i); } loop { l.index_of(-1); }", "Limit: the script takes too"),
    (
        "list in template",
        "let l = []; for i in 0..500 { l.push(i); } `${l}`",
        "Error: a list or map cannot be used as text; use `join`",
    ),
    ("map in text", "\"x\" + #{}", "Error: a list or map cannot be used as text; use `join`"),
    ("thrown value", "throw a", "Error: the script threw a value that is not a reason key written in the script"),
    (
        "thrown computed value",
        "throw sub_string(a, 0, 3)",
        "Error: the script threw a value that is not a reason key written in the script",
    ),
    ("function returned", "|x| x", "Error: the result is a function"),
    ("range returned", "1..2", "Error: the result is a range or another value that exists only in scripts"),
    ("infinite number", "1.0 / 0.0", "Error: the"),
    ("overflow", "9223372036854775807 + 1", "Error: invalid arithmetic"),
];

#[test]
fn attacks_stop() {
    for (name, source, want) in ATTACKS {
        let found = outcome(source);
        assert!(found.as_ref().is_err_and(|found| found.starts_with(want)), "{name}: {found:?}, wanted {want}");
    }
}

#[test]
fn deep_and_long_source_does_not_load() {
    let many = |text: &str, count: usize| text.repeat(count);
    let sources = [
        many("(", 16_000),
        many("[", 16_000),
        many("{", 16_000),
        many("#{a:", 4_000),
        many("!", 16_000),
        many("-", 16_000),
        many("if true {", 1_800),
        format!("{} 1", many("|x| ", 4_000)),
        many("`${", 5_000),
        format!("{}1{}", many("(", 8_000), many(")", 8_000)),
        format!("{}{}", many("[", 8_000), many("]", 8_000)),
        format!("1{}", many("+1", 8_000)),
        format!("a{}", many(".a", 8_000)),
        format!("a{}", many("[0]", 5_000)),
        format!("a{}", many(".len()", 2_700)),
        format!("if true {{}}{}", many(" else if true {}", 1_000)),
        format!("a{}", many("?.a", 5_000)),
        format!("true{}", many("&&true", 2_600)),
        format!("1{}", many("??1", 5_000)),
        format!("{}1", many("a = ", 4_000)),
        format!("{}1{}", many("switch 1 {1=>", 600), many("}", 600)),
        many("(", 100_000),
        many("[", 100_000),
    ];
    let sandbox = Sandbox::new(ScriptLimits::default());
    let arena = Bump::new();
    for source in sources {
        let started = Instant::now();
        if let Ok(script) = sandbox.compile(&source, &["a"]) {
            let _ = script.run(&[Value::Missing], &Cx::bare(&arena));
        }
        let took = started.elapsed();
        assert!(took < SOON, "{took:?} for {}", source.get(..12).unwrap_or(&source));
    }
}

#[test]
fn closures_inside_closures_are_not_deep() {
    let nested = |count: usize| {
        let open: String = (0..count)
            .map(|at| {
                format!("l.map(|l| {{ let m = [l]; if l == {at} {{ return 0; }} m.filter(|l| l != ()).map(|l| l[0]); ")
            })
            .collect();
        format!("{open}l.map(|x| x){}", " })".repeat(count))
    };
    let sandbox = Sandbox::new(ScriptLimits::default());
    for (count, loads) in [(1, true), (4, true), (8, true), (40, false)] {
        let script = sandbox.compile(&nested(count), &["l"]);
        assert_eq!(
            script.as_ref().err().map(|error| error.message.as_str()),
            (!loads).then_some("the script is nested or chained too deeply"),
            "{count}"
        );
    }
    let deep = |count: usize| format!("[1].map(|x| {}x{})", "[".repeat(count), "]".repeat(count));
    assert!(sandbox.compile(&deep(10), &[]).is_ok());
    assert!(sandbox.compile(&deep(20), &[]).is_err());
}

#[test]
fn deep_calls_are_safe_on_a_small_stack() {
    let shapes = [
        ("[", "]"),
        ("#{a:", "}"),
        ("if true {", "}"),
        ("for i in 0..1 {", "} 1"),
        ("switch 1 {1=>", "}"),
        ("`${", "}`"),
        ("!", ""),
        ("[1].map(|y| ", ")"),
    ];
    let run = move || {
        let sandbox = Sandbox::new(ScriptLimits::default());
        for (open, close) in shapes {
            let nested = |inner: &str, most: usize, around: &dyn Fn(&str) -> String| {
                let made = |count: usize| around(&format!("{}{inner}{}", open.repeat(count), close.repeat(count)));
                (0..most).rev().map(made).find(|source| sandbox.compile(source, &[]).is_ok()).unwrap()
            };
            let function = nested("f(x)", 16, &|body| format!("fn f(x) {{ {body} }} "));
            let source = nested("f(1)", 32, &|body| format!("{function} {body}"));
            let script = sandbox.compile(&source, &[]).unwrap();
            let arena = Bump::new();
            assert!(script.run(&[], &Cx::bare(&arena)).is_err(), "{open}");
        }
    };
    std::thread::Builder::new().stack_size(1024 * 1024).spawn(run).unwrap().join().unwrap();
}

#[test]
fn errors_have_a_location() {
    let cases = [
        ("let x = 1;\ngive + 1", Some("give"), "there is no variable `give`", "did you mean `given`?"),
        (
            "qqq(given)",
            Some("qqq"),
            "there is no function `qqq`",
            "`landfall ops --scripts` lists the functions of scripts",
        ),
        ("trimed(given)", Some("trimed"), "there is no function `trimed`", "did you mean `trimmed`?"),
        (
            "given.strip()",
            Some("strip"),
            "there is no function `strip`",
            "write `trim(given)`, which does not change `given`",
        ),
        (
            "\"ü\" + xyz",
            Some("xyz"),
            "there is no variable `xyz`",
            "the inputs are `given`, `city`; a rule declares them under `with`, such as `xyz: $.xyz`",
        ),
        ("if given {", Some(""), "expected `}` here", ""),
        ("given ==", Some(""), "the script ends too early", "close all open brackets, braces and parentheses"),
        ("let x = ;", Some(";"), "unexpected `;`", ""),
        ("\"abc", Some("\""), "unterminated text", "end it with the same quote"),
    ];
    for (source, place, message, help) in cases {
        let error = Sandbox::new(ScriptLimits::default()).compile(source, &["given", "city"]).unwrap_err();
        let at = error.at.clone().and_then(|at| source.get(at));
        assert_eq!((at, error.message.as_str(), error.help.as_str()), (place, message, help), "{source}");
    }
}

#[test]
fn failures_have_a_location_and_no_value() {
    let cases = [
        ("let x = 1;\nx + a.b", "this value has no such member; write `?.` if it may be `()`", "b"),
        ("1 +\nparse_int(a)", "invalid arithmetic: overflow, division by zero or not a number", "parse_int"),
        ("lower([1])", "expected text, found a boolean, a list, a map or another value", "lower"),
        ("a - 1", "`-` does not work on text and an integer", "-"),
        ("a.push(1)", "`push` does not work on text and an integer", "push"),
        ("fn f(x) { x - true } f(a)", "`-` does not work on text and a boolean", "-"),
        ("sorted([1, true])", "`sorted` takes a list of only texts or only numbers", "sorted"),
    ];
    let arena = Bump::new();
    for (source, message, place) in cases {
        let script = Sandbox::new(ScriptLimits::default()).compile(source, &["a"]).unwrap();
        let failure = script.run(&[Value::Text("secret")], &Cx::bare(&arena)).unwrap_err();
        assert_eq!(
            (failure.failure.message(), failure.at.and_then(|at| source.get(at))),
            (message, Some(place)),
            "{source}"
        );
        assert_eq!(failure.kind, FailureKind::Error, "{source}");
    }
}

#[test]
fn thrown_reasons() {
    let long = "x".repeat(65);
    for (reason, good) in
        [("no_city", true), ("a.b-9", true), ("No", false), ("a b", false), ("", false), (&long, false)]
    {
        let source = format!("if a == () {{ throw \"{reason}\" }} 1");
        let script = Sandbox::new(ScriptLimits::default()).compile(&source, &["a"]).unwrap();
        let arena = Bump::new();
        let kind = script.run(&[Value::Missing], &Cx::bare(&arena)).unwrap_err().kind;
        assert_eq!(kind == FailureKind::Thrown(reason.to_owned()), good, "{reason}: {kind:?}");
    }
}

#[test]
fn deep_values_are_safe_on_a_small_stack() {
    let mut source = "let m = []; for i in 0..60 { m = [[[[[[[[m]]]]]]]]; } ".to_owned();
    for i in 0..8 {
        write!(source, "let v{i} = [[[[[[[[0]]]]]]]]; v{i}[0][0][0][0][0][0][0][0] = m; ").unwrap();
    }
    source += "m == v0";
    let run = move || outcome(&source);
    let found = std::thread::Builder::new().stack_size(1024 * 1024).spawn(run).unwrap().join().unwrap();
    assert_eq!(found, Err("Limit: a text, list or map grows too large".to_owned()));
}

const WORDS: &[&str] = &[
    "a",
    "b",
    "let x = ",
    "x",
    "x",
    "=",
    "==",
    "+",
    "+=",
    "-",
    "*",
    "**",
    "/",
    "%",
    "<<",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "#{",
    ":",
    ";",
    ";",
    ",",
    ".",
    "?.",
    "??",
    "..",
    "..=",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "1.5",
    "1e308",
    "\"t\"",
    "`${a}`",
    "'c'",
    "true",
    "()",
    "if ",
    " else ",
    "for i in ",
    "while ",
    "loop ",
    "switch ",
    "=>",
    "_",
    "break",
    "continue",
    "return ",
    "throw ",
    "try ",
    "catch ",
    "fn f(x) ",
    "f",
    "|x| ",
    "this",
    "in",
    "!",
    "&&",
    "||",
    "k",
    "push",
    "len",
    "map",
    "filter",
    "split",
    "replaced",
    "pad_start",
    "sub_string",
    "sorted",
    "join",
    "to_string",
    "index_of",
    "parse_int",
    "to_int",
    "round",
    "min",
    "remove",
    "keys",
    "\n",
    " ",
    "const ",
    "is_shared",
    "type_of",
    "ü",
];

/// Scripts that often parse, because they are made of complete calls and statements.
fn statement() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("a".to_owned()),
        Just("b".into()),
        Just("x".into()),
        Just("[]".into()),
        Just("[1, \"q\", ()]".into()),
        Just("#{k: 1}".into()),
        Just("\"t\"".into()),
        Just("-1".into()),
        Just("9223372036854775807".into()),
        Just("1.5".into()),
        Just("'c'".into()),
        Just("()".into()),
    ];
    let value = value.prop_recursive(3, 16, 3, |inner| {
        let names: Vec<&str> = super::FUNCTIONS
            .iter()
            .map(|function| function.name)
            .chain(super::steps::all().map(|spec| spec.name))
            .collect();
        let function = prop::sample::select(names);
        let operator = prop::sample::select(
            &["+", "-", "*", "**", "/", "%", "<<", ">>", "==", "<", "in", "..", "??", "|", "^"][..],
        );
        prop_oneof![
            (function.clone(), prop::collection::vec(inner.clone(), 0..4))
                .prop_map(|(f, args)| format!("{f}({})", args.join(", "))),
            (inner.clone(), function.clone()).prop_map(|(x, f)| format!("{x}.{f}(|y| y)")),
            (inner.clone(), operator, inner.clone()).prop_map(|(x, op, y)| format!("({x} {op} {y})")),
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("{x}[{y}]")),
            inner.clone().prop_map(|x| format!("`q${{{x}}}`")),
            inner.prop_map(|x| format!("{x}?.k")),
        ]
    });
    (value.clone(), value, 0..9).prop_map(|(x, y, form)| match form {
        0 => format!("x += {x};"),
        1 => format!("x = {x};"),
        2 => format!("for i in {x} {{ x = {y}; }}"),
        3 => format!("if {x} == {y} {{ x = {y}; }}"),
        4 => format!("x[{x}] = {y};"),
        5 => format!("try {{ {x}; }} catch (e) {{ x = e; }}"),
        6 => format!("loop {{ x += {x}; }}"),
        7 => format!("x.push({x});"),
        _ => format!("let z = {x}; z.k = {y}; x = z;"),
    })
}

fn compile_and_run(source: &str) {
    let sandbox = Sandbox::new(ScriptLimits::default());
    let started = Instant::now();
    if let Ok(script) = sandbox.compile(source, &["a", "b"]) {
        let arena = Bump::new();
        let list = [Value::Text("Zoë  K"), Value::Int(i64::MIN), Value::Decimal("0.1"), Value::Null];
        let map = [("k", Value::List(&list)), ("é", Value::Bytes(&[1, 255]))];
        for inputs in [[Value::Text("Straße, 1"), Value::List(&list)], [Value::Object(&map), Value::Missing]] {
            if let Err(failure) = script.run(&inputs, &Cx::bare(&arena)) {
                assert!(!failure.failure.message().contains("Straße"), "{source}: {failure:?}");
                assert!(failure.at.is_none_or(|at| source.get(at).is_some()), "{source}");
            }
        }
    }
    let took = started.elapsed();
    assert!(took < Duration::from_millis(250), "{took:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_words(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        compile_and_run(&words.join(""));
    }

    #[test]
    fn any_statements(statements in prop::collection::vec(statement(), 1..8)) {
        compile_and_run(&format!("let x = []; {} x", statements.join(" ")));
    }

    #[test]
    fn any_characters(source in any::<String>()) {
        compile_and_run(&source);
    }
}
