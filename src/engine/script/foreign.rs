//! Suggestions for syntax and functions of JavaScript, Python and other languages.

use std::ops::Range;

/// Functions of other languages: names, and what to write instead, where `{x}` is the value that the function is called with.
const FUNCTIONS: &[(&str, &str)] = &[
    ("toLowerCase to_lower make_lower lower_case downcase casefold to_lowercase", "write `lower({x})`"),
    ("toUpperCase to_upper make_upper upper_case upcase to_uppercase", "write `upper({x})`"),
    ("titlecase titleize capwords", "write `title({x})`"),
    ("strip trimStart trimEnd lstrip rstrip ltrim rtrim chomp", "write `trim({x})`, which does not change `{x}`"),
    ("replaceAll replace_all gsub sub", "write `replace({x}, #{ find: \"a\", \"with\": \"b\" })`"),
    ("substring substr mid left", "write `sub_string({x}, 0, 3)`: a start position and a number of characters"),
    ("startswith startsWith begins_with start_with has_prefix", "write `starts_with({x}, \"a\")`"),
    ("endswith endsWith end_with has_suffix", "write `ends_with({x}, \"a\")`"),
    ("includes include has contains_key has_key", "write `contains({x}, \"a\")` or `\"a\" in {x}`"),
    ("indexOf find_index search strpos index position", "write `index_of({x}, \"a\")`"),
    ("size count strlen char_length", "write `len({x})`"),
    ("explode tokenize", "write `split({x}, \",\")`"),
    ("implode", "write `join({x}, \", \")`"),
    ("parseInt int to_i Int Integer intval", "write `to_integer({x})`"),
    ("parseFloat float Number to_f", "write `to_number({x})`"),
    ("str String toString to_s string", "write `to_text({x})`"),
    ("bool Boolean to_bool", "write `to_boolean({x})`"),
    ("concat append strcat", "join text with `+` or in backticks: `${{x}} …`"),
    ("padStart zfill rjust lpad", "write `pad_start({x}, 5, \"0\")`"),
    ("typeof type isinstance kind_of", "write `type_of({x})`"),
    ("is_null isnull is_none is_nil isNull is_missing", "write `{x} == ()`"),
    ("is_present isset exists", "write `{x} != ()`"),
    ("empty isEmpty is_empty? blank", "write `is_empty({x})` or `is_blank({x})`"),
    ("coalesce ifnull nvl if_null or_default", "write `{x} ?? \"other\"`"),
    ("ceil", "write `ceiling({x})`"),
    ("sort sort_by", "write `sorted({x})`"),
    ("reverse rev", "write `reversed({x})`"),
    ("uniq distinct", "write `unique({x})`"),
    ("any", "write `some({x}, |element| element == \"a\")`"),
    ("every", "write `all({x}, |element| element == \"a\")`"),
    ("forEach each", "write `for element in {x} { … }`"),
    ("reduce fold", "write a loop: `let sum = 0; for element in {x} { sum += element; } sum`"),
    ("at get nth element_at charAt", "write `{x}[0]`"),
    (
        "match test matches regex_match re_match",
        "write `extract({x}, \"a+\")`, with a constant regex; to test for a match, compare the result with `()`",
    ),
    (
        "parse_json json_parse loads json_decode",
        "use the step `parse_json` in `let:`, and declare the result under `with`",
    ),
    (
        "now today timestamp time sleep rand random uuid",
        "scripts have no clock and no random values; declare the time under `with`: `now: $facts.now`",
    ),
    ("strptime strftime parse_date", "write `date({x}, #{ format: \"%d.%m.%Y\" })` or `format_date({x}, \"%Y\")`"),
    ("eval Fn call curry print debug log console puts", "scripts only compute a value, so this is disabled"),
];

/// Names for "no value" in other languages.
pub(super) const NOTHING: &str = "null None nil undefined NULL Null none NaN";

/// Words in the position of a variable or operator: words, and what to write instead.
const WORDS: &[(&str, &str)] = &[
    (NOTHING, "no value is `()`: write `x == ()` or `x != ()`"),
    ("True TRUE", "write `true`"),
    ("False FALSE", "write `false`"),
    ("and AND", "write `&&`"),
    ("or OR", "write `||`"),
    ("not NOT", "write `!`, as in `!is_blank(x)`"),
    ("is", "write `==`"),
    ("elif elsif elseif", "write `else if`"),
    ("then begin end", "put the body in braces: `if … { … } else { … }`"),
    ("unless", "write `if !(…) { … }`"),
    ("var auto my", "write `let`"),
    ("function def func sub lambda proc", "write `fn name(x) { … }`, or `|x| …` for an anonymous function"),
    ("match case when", "write `switch x { \"a\" => 1, _ => 2 }`"),
    ("typeof", "write `type_of(x)`"),
    (
        "new class",
        "scripts have text, numbers, booleans, lists `[ … ]` and maps `#{ key: value }`; there is no constructor",
    ),
    ("Math", "call the function without a prefix, such as `round(x)`"),
    ("Date", "scripts have no clock; declare the time under `with`: `now: $facts.now`"),
    ("JSON json re", "use a step such as `parse_json` or `extract` in `let:`, and declare the result under `with`"),
    ("Object Array String Number", "call a function without a prefix, such as `keys(x)`, `len(x)` or `to_string(x)`"),
    ("console", "scripts only compute a value; there is no output"),
    ("default", "write `x ?? \"other\"`"),
    (
        "this self record row doc root input item account params facts",
        "a script can use only the names under `with`, such as `with: { name: $.name }`",
    ),
    ("$", "write only the name, and declare it under `with`, such as `with: { name: $.name }`"),
    ("#", "a comment starts with `//`; a map is `#{ key: value }`"),
    ("?", "write `if … { … } else { … }`; it is an expression"),
    ("++", "write `x += 1`"),
    ("--", "write `x -= 1`"),
    ("...", "concatenate lists with `+`: `a + b`"),
    ("===", "write `==`"),
    ("!==", "write `!=`"),
    ("~ =~", "scripts have no regexes: use the step `matches` in `let:`, and declare the result under `with`"),
    (":=", "write `let x = …`"),
    ("->", "write `|x| …` for an anonymous function"),
    ("<-", "write `=`"),
    ("@", "write only the name"),
];

/// What to write instead of a function of another language. `subject` is the value it is called with.
pub(super) fn function(name: &str, subject: &str) -> Option<String> {
    row(FUNCTIONS, name).map(|help| help.replace("{x}", subject))
}

/// What to write instead of a word or symbol of another language.
pub(super) fn word(name: &str) -> Option<&'static str> {
    row(WORDS, name)
}

fn row(table: &'static [(&str, &str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(names, _)| names.split(' ').any(|known| known == name)).map(|(_, help)| *help)
}

/// The value a function is called with: the name before its dot, or its first argument if that is a name.
pub(super) fn subject<'s>(source: &'s str, at: &Range<usize>) -> &'s str {
    let before = source.get(..at.start).unwrap_or("");
    let name = match before.strip_suffix('.') {
        Some(receiver) => receiver.trim_end_matches('?').rsplit(|c: char| !is_name(c)).next(),
        None => source.get(at.end..).and_then(|rest| rest.trim_start().strip_prefix('(')).map(|inner| {
            let inner = inner.trim_start();
            let end = inner.find(|c: char| !is_name(c)).unwrap_or(inner.len());
            inner.get(..end).filter(|_| inner.get(end..).is_some_and(|rest| rest.starts_with([',', ')']))).unwrap_or("")
        }),
    };
    name.filter(|name| name.starts_with(|c: char| c.is_alphabetic())).unwrap_or("x")
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// How to write a comparison with no value, with the name before it.
pub(super) fn compared_with_nothing(source: &str, at: usize) -> Option<String> {
    let before = source.get(..at)?.trim_end();
    let (sign, before) =
        ["===", "!==", "==", "!="].into_iter().find_map(|sign| Some((sign, before.strip_suffix(sign)?)))?;
    let name = before.trim_end().rsplit(|c: char| !is_name(c)).next().filter(|name| !name.is_empty())?;
    let sign = if sign.starts_with('!') { "!=" } else { "==" };
    Some(format!("no value is `()`: write `{name} {sign} ()`"))
}

/// What to write instead of `a ? b : c`, if the line can be parsed.
pub(super) fn ternary(source: &str, at: usize) -> Option<String> {
    let start = source.get(..at)?.rfind(['\n', ';', '{', '(']).map_or(0, |before| before + 1);
    let after = source.get(at + 1..)?;
    let after = after.split(['\n', ';']).next()?;
    let (then, other) = after.split_once(" : ")?;
    let condition = source.get(start..at)?.trim();
    let (assigned, condition) = match condition.split_once(" = ") {
        Some((target, condition)) => (format!("{target} = "), condition),
        None => match condition.strip_prefix("return ") {
            Some(condition) => ("return ".to_owned(), condition),
            None => (String::new(), condition),
        },
    };
    let is_plain = !condition.is_empty() && !other.contains([')', '?']) && !then.contains('?');
    is_plain.then(|| format!("write `{assigned}if {condition} {{ {} }} else {{ {} }}`", then.trim(), other.trim()))
}

/// What to do if the parser expected a different token.
pub(super) fn missing(source: &str, token: &str, at: usize) -> Option<String> {
    let rest = source.get(at..)?;
    let found = rest.get(..rest.find(|c: char| !is_name(c)).unwrap_or(rest.len())).unwrap_or("");
    if let Some(help) = word(found) {
        return Some(help.to_owned());
    }
    Some(match (token, found) {
        (";", "if") => "write `if … { … } else { … }`; it is an expression".to_owned(),
        (";", "in") => "write `for element in list { … }`".to_owned(),
        (";", _) => "end every statement except the last with `;`, and put text in double quotes".to_owned(),
        ("{", _) => "put the body in braces: `if … { … } else { … }`".to_owned(),
        ("]", _) if rest.starts_with(':') => "write `sub_string(x, start, count)` for a part of a text".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::script::{Sandbox, ScriptLimits, helpers, steps};

    #[test]
    fn suggestions_compile() {
        let sandbox = Sandbox::new(ScriptLimits::default());
        for (names, help) in FUNCTIONS {
            let called =
                help.split('`').nth(1).filter(|_| help.starts_with("write `")).map(|code| code.replace("{x}", "x"));
            let Some(code) = called.map(|code| code.replace('…', "1;")) else { continue };
            let found = sandbox.compile(&code, &["x"]).map(|_| ());
            assert_eq!(found, Ok(()), "{names}: {code}");
        }
    }

    #[test]
    fn script_functions_are_not_foreign() {
        for (names, _) in FUNCTIONS {
            for name in names.split(' ') {
                let is_ours = helpers::names().any(|known| known == name) || steps::find(name).is_some();
                assert!(!is_ours, "{name}");
            }
        }
    }

    #[test]
    fn the_subject_of_a_call_is_found() {
        for (source, name, wanted) in [
            ("name.toLowerCase()", "toLowerCase", "name"),
            ("strip(name)", "strip", "name"),
            ("strip(a + b)", "strip", "x"),
            ("\"a\".strip()", "strip", "x"),
            ("a[0].strip()", "strip", "x"),
            ("person?.strip()", "strip", "person"),
        ] {
            let at = source.find(name).unwrap();
            assert_eq!(subject(source, &(at..at + name.len())), wanted, "{source}");
        }
    }

    #[test]
    fn ternaries_are_rewritten() {
        for (source, wanted) in [
            ("name == \"a\" ? 1 : 2", Some("write `if name == \"a\" { 1 } else { 2 }`")),
            ("let y = x > 1 ? \"a\" : \"b\"; y", Some("write `let y = if x > 1 { \"a\" } else { \"b\" }`")),
            ("a ? b", None),
        ] {
            assert_eq!(ternary(source, source.find('?').unwrap()).as_deref(), wanted, "{source}");
        }
    }
}
