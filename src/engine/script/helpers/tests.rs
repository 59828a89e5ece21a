//! Tests of the functions of scripts: every function is in the language page and works as described there.

use bumpalo::Bump;

use crate::engine::context::Cx;
use crate::engine::script::{FUNCTIONS, Sandbox, ScriptLimits, steps};
use crate::model::Value;

/// Whether a script gives `true`, with two inputs: a text and a list.
fn holds(source: &str) -> bool {
    let sandbox = Sandbox::new(ScriptLimits::default());
    let script = sandbox.compile(source, &["t", "l"]).unwrap_or_else(|error| panic!("{source}: {error}"));
    let arena = Bump::new();
    let list = [Value::Int(3), Value::Text("x"), Value::Null, Value::Decimal("1.5")];
    let found = script.run(&[Value::Text("  Ada  Lovelace "), Value::List(&list)], &Cx::bare(&arena));
    match found {
        Ok(Value::Bool(found)) => found,
        other => panic!("{source}: {other:?}"),
    }
}

#[test]
fn text_functions() {
    for source in [
        "trimmed(t) == \"Ada  Lovelace\" && t == \"  Ada  Lovelace \"",
        "t.squished() == \"Ada Lovelace\"",
        "lower(t).trimmed() == \"ada  lovelace\" && upper(\"ß\") == \"SS\"",
        "title(\"o'brien-mc ÉMILE\") == \"O'brien-Mc Émile\"",
        "before(\"a@b@c\", \"@\") == \"a\" && after(\"a@b@c\", \"@\") == \"b@c\"",
        "before(\"a\", \"@\") == () && after((), \"@\") == ()",
        "replaced(\"a-b-c\", \"-\", \"+\") == \"a+b+c\" && replaced(\"aaa\", \"aa\", \"\") == \"a\"",
        "pad_start(7, 3, \"0\") == \"007\" && pad_start(\"1234\", 3, \"0\") == \"1234\"",
        "sub_string(\"Zoë K\", 2) == \"ë K\" && sub_string(\"Zoë K\", -3, 1) == \"ë\" && sub_string(\"a\", 9) == \"\"",
        "starts_with(\"abc\", \"ab\") && ends_with(\"abc\", \"bc\") && !starts_with((), \"a\")",
        "words(t) == [\"Ada\", \"Lovelace\"] && words(\"\") == []",
        "to_string(1.0) == \"1.0\" && to_string(true) == \"true\" && `${()}` == \"\"",
        "is_blank(\" \\n\") && is_blank(()) && is_blank([]) && !is_blank(0) && is_blank(#{})",
        "len(\"Zoë\") == 3 && is_empty(\"\") && contains(t, \"Love\") && \"Love\" in t && t.contains('A')",
        "index_of(\"Zoë\", \"ë\") == 2 && index_of(\"Zoë\", \"q\") == -1",
        "trimmed(()) == () && lower(12) == \"12\"",
        "\"a\" + 1 + true + 'c' + () == \"a1truec\" && 1 + \"a\" == \"1a\"",
        "let n = 0; for c in \"Zoë\" { n += 1; } n == 3",
    ] {
        assert!(holds(source), "{source}");
    }
}

#[test]
fn list_and_map_functions() {
    for source in [
        "len(l) == 4 && !is_empty(l) && contains(l, 1.5) && \"x\" in l && () in l && index_of(l, \"x\") == 1",
        "first(l) == 3 && last(l) == 1.5 && first([]) == ()",
        "join(l, \"-\") == \"3-x-1.5\"",
        "reversed(l) == [1.5, (), \"x\", 3]",
        "sorted([2, 1.5, -1]) == [-1, 1.5, 2] && sorted([\"b\", \"a\"]) == [\"a\", \"b\"]",
        "unique([1, \"1\", 1, 1.0]) == [1, \"1\"]",
        "l.map(|x| x == ()) == [false, false, true, false]",
        "[1, 2, 3].filter(|x| x > 1) == [2, 3] && [1, 2].find(|x| x > 1) == 2 && [1].find(|x| x > 1) == ()",
        "[1, 2].some(|x| x > 1) && ![1, 2].all(|x| x > 1) && [].all(|x| x > 1) && ![].some(|x| true)",
        "let k = l; k.push(1); pop(k) == 1 && len(k) == 4 && pop([]) == ()",
        "let m = #{b: 1, a: [2]}; keys(m) == [\"a\", \"b\"] && values(m) == [[2], 1]",
        "let m = #{b: 1, a: 2}; remove(m, \"b\") == 1 && m == #{a: 2} && m != #{a: 3} && \"a\" in m && len(m) == 1 && m.q == ()",
        "[1, [2, #{a: 1}]] == [1, [2, #{a: 1}]] && [1] != [2] && [1] + [2] == [1, 2]",
        "fn twice(x) { x * 2 } [1].map(twice) == [2]",
    ] {
        assert!(holds(source), "{source}");
    }
}

#[test]
fn number_functions() {
    for source in [
        "parse_int(\"12\") == 12 && parse_float(\"1.5\") == 1.5 && to_int(2.9) == 2 && to_float(2) == 2.0",
        "abs(-1) == 1 && sign(-3) == -1 && min(1, 2) == 1 && max(1, 2) == 2 && is_odd(3) && is_even(2)",
        "round(1.5) == 2.0 && floor(1.5) == 1.0 && ceiling(1.2) == 2.0 && type_of(t) == \"string\"",
    ] {
        assert!(holds(source), "{source}");
    }
}

#[test]
fn steps_are_functions() {
    for source in [
        "trim(t) == \"Ada  Lovelace\" && t.squish().lowercase() == \"ada lovelace\"",
        "after(\"a@b\", \"@\") == \"b\" && after(\"ab\", \"@\") == () && after(\"ab\", #{ text: \"@\", or: \"whole\" }) == \"ab\"",
        "date(\"29.2.2024\", \"%d.%m.%Y\") == \"2024-02-29\"",
        "let f = [\"%Y-%m-%d\", \"%d.%m.%Y\"]; date(\"29.2.2024\", f) == \"2024-02-29\"",
        "date(\"2024-01-01 10:00\", #{ format: \"%Y-%m-%d %H:%M\", zone: \"+02:00\" }) == \"2024-01-01T08:00:00Z\"",
        "let z = utc_offset(-5); date(\"2024-01-01 10:00\", #{ format: \"%Y-%m-%d %H:%M\", zone: z }) == \"2024-01-01T15:00:00Z\"",
        "split(\"a,,b\", \",\") == [\"a\", \"b\"] && split(\"a,,b\", #{ by: \",\", keep_empty: true }) == [\"a\", \"\", \"b\"]",
        "extract(\"order 17\", \"[0-9]+\") == \"17\" && [\"x1\", \"y2\"].map(|x| extract(x, \"[0-9]\")) == [\"1\", \"2\"]",
        "fn number(x) { extract(x, \"([0-9]+)\") } number(\"a12\") == \"12\"",
        "to_integer(\"0x1f\", 16) == 31 && to_integer(\" 12 \") == 12 && to_number(\"1.50\") == 1.5",
        "round(1.005, 2) == 1.01 && round(\"2.5\") == 3 && round(2.5) == 3.0 && abs(\"-2\") == 2 && abs(-2) == 2",
        "to_boolean(\"yes\") && invert(false) && sum([1, 2.5]) == 3.5 && max([1, 3]) == 3 && max(1, 3) == 3",
        "pad_start(7, #{ length: 3, \"with\": \"0\" }) == \"007\" && pad_start(7, 3, \"0\") == \"007\" && pad_start(7, 3) == \"  7\"",
        "remove(\"a-b\", \"-\") == \"ab\" && slice(\"abcdef\", #{ start: 1, end: len(t) - 13 }) == \"bc\"",
        "format_number(5, #{ sign: \"always\" }) == \"+5\" && add(\"0.1\", 0.2) == 0.3",
        "trim(()) == () && lowercase(12) == \"12\" && length(\"Zoë\") == 3",
        "is_before(\"2024-01-01\", \"2024-01-02\") && epoch(1000, #{ unit: \"ms\" }) == \"1970-01-01T00:00:01Z\"",
        "let x = 0; try { date(\"x\", \"%F\"); } catch { x = 1; } x == 1",
        "fn trim(x) { \"own\" } trim(t) == \"own\"",
        "join(l, \"-\") == \"3-x-1.5\" && join([], \"-\") == ()",
    ] {
        assert!(holds(source), "{source}");
    }
}

#[test]
fn invalid_calls_of_steps_do_not_load() {
    for (source, place, message) in [
        ("date(t, \"%Q\")", "\"", "`date` cannot use `format`: `%Q` is not a directive of a date format"),
        ("date(t, #{ fromat: \"%Y\" })", "fromat", "`date` has no argument `fromat`"),
        ("date(t, #{ zone: \"Mars\", format: t })", "date", ""),
        ("epoch(t, \"weeks\")", "\"", "`epoch` needs one of its words as `unit`"),
        ("truncate(t)", "truncate", "`truncate` needs `length`"),
        ("t.truncate(\"x\")", "\"", "`truncate` needs a whole number as `length`"),
        ("truncate(t, -1)", "-", "`truncate` cannot use `length`: it is negative"),
        ("trim_start(t, 1, 2)", "trim_start", "`trim_start` takes a value and one argument"),
        ("digits(t, 1)", "digits", "`digits` takes only a value"),
        ("extract(t, \"(\")", "\"", "`extract` cannot use `pattern`: invalid regex: unclosed group"),
        ("extract(t, t)", "t", "`extract` does not accept a computed regex"),
        ("extract(t, #{ pattern: t })", "t", "`extract` does not accept a computed regex"),
        ("replace(t, \"a\", \"b\")", "replace", "`replace` takes a value and one argument"),
        ("replace(t, \"a\")", "\"", "`replace` takes its arguments by name"),
        ("if false { [1].map(|x| pad_end(x, 0)) }", "0", "`pad_end` cannot use `length`: it is out of range"),
    ] {
        let found = Sandbox::new(ScriptLimits::default()).compile(source, &["t", "l"]);
        if message.is_empty() {
            assert!(found.is_ok(), "{source}");
            continue;
        }
        let error = found.unwrap_err();
        assert_eq!(
            (error.at.and_then(|at| source.get(at)), error.message.as_str()),
            (Some(place), message),
            "{source}"
        );
        assert!(!error.help.is_empty(), "{source}");
    }
}

#[test]
fn failing_steps_fail_the_script_without_a_value() {
    for (source, message) in [
        ("date(t, \"%F\")", "`date` fails: the text does not match the format"),
        ("date(\"x\", t)", "`date` fails: the value of the argument `format` is invalid"),
        ("truncate(t, t)", "`truncate` fails: the argument `length` is not a whole number"),
        ("let m = #{}; m[t] = 1; date(\"x\", m)", "`date` fails: unknown argument"),
        ("let m = #{ characters: \"x\", length: 1 }; truncate(\"x\", m)", "`truncate` fails: unknown argument"),
        ("trim(l)", "`trim` fails: expected number or text, found list"),
        ("trim(true)", "`trim` fails: expected number or text, found boolean"),
        ("let m = #{}; truncate(t, m)", "`truncate` fails: the argument `length` is missing"),
    ] {
        let script = Sandbox::new(ScriptLimits::default())
            .compile(source, &["t", "l"])
            .unwrap_or_else(|e| panic!("{source}: {e}"));
        let arena = Bump::new();
        let failure = script.run(&[Value::Text("secret"), Value::List(&[])], &Cx::bare(&arena)).unwrap_err();
        assert_eq!(failure.failure.message(), message, "{source}");
        let name = message.split('`').nth(1).unwrap();
        assert_eq!(failure.at.and_then(|at| source.get(at)), Some(name), "{source}");
    }
}

#[test]
fn the_table_names_every_function_once() {
    assert!(FUNCTIONS.is_sorted_by_key(|function| function.name));
    for function in FUNCTIONS {
        assert!(function.call.starts_with(&format!("{}(", function.name)), "{}", function.name);
    }
    let shared: Vec<&str> = FUNCTIONS
        .iter()
        .map(|function| function.name)
        .filter(|name| steps::all().any(|spec| spec.name == *name))
        .collect();
    assert_eq!(shared, ["abs", "max", "min", "pad_start", "remove", "round"]);
}
