//! Tests of the functions of scripts: every one is named in the language page and gives what the page says.

use bumpalo::Bump;

use crate::engine::context::Cx;
use crate::engine::script::{FUNCTIONS, Sandbox, ScriptLimits};
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
        "split(\"a,,b\", \",\") == [\"a\", \"\", \"b\"]",
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
fn the_page_names_every_function_and_no_other() {
    let page = include_str!("../mod.rs");
    for name in FUNCTIONS {
        assert!(page.contains(&format!("`{name}(")), "{name}");
    }
    let rows = page.lines().filter(|line| line.starts_with("//! | `"));
    let calls = rows.filter_map(|row| row.split(" | ").next()).flat_map(|call| call.split('`'));
    for call in calls.filter_map(|call| call.split_once('(').map(|(name, _)| name)) {
        assert!(call.trim().is_empty() || FUNCTIONS.contains(&call), "{call}");
    }
    assert!(FUNCTIONS.is_sorted());
}
