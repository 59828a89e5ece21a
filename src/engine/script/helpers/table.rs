//! The functions of scripts that are not steps: how each is called, and what it does.

/// A function that scripts may call.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub call: &'static str,
    /// One line: what it does.
    pub about: &'static str,
}

const fn row(name: &'static str, call: &'static str, about: &'static str) -> Function {
    Function { name, call, about }
}

/// Every function, in alphabetical order.
pub const FUNCTIONS: &[Function] = &[
    row("abs", "abs(x)", "the absolute value"),
    row("all", "all(list, |x| …)", "whether the function returns true for every element"),
    row("ceiling", "ceiling(x)", "the number rounded up"),
    row(
        "contains",
        "contains(x, y)",
        "whether a text contains a text, a list an element, or a map a key; also `y in x`",
    ),
    row("ends_with", "ends_with(x, y)", "whether a text ends with another"),
    row("filter", "filter(list, |x| …)", "the elements for which the function returns true"),
    row("find", "find(list, |x| …)", "the first element for which the function returns true"),
    row("first", "first(list)", "the first element, or `()` if the list is empty"),
    row("floor", "floor(x)", "the number rounded down"),
    row("index_of", "index_of(x, y)", "the position of a text in a text, or of an element in a list; -1 if absent"),
    row("is_blank", "is_blank(x)", "whether a value is `()`, only whitespace, or empty"),
    row("is_empty", "is_empty(x)", "whether a text, list, map or bytes value is empty"),
    row("is_even", "is_even(x)", "whether a whole number is even"),
    row("is_odd", "is_odd(x)", "whether a whole number is odd"),
    row("keys", "keys(map)", "the keys, sorted"),
    row("last", "last(list)", "the last element, or `()` if the list is empty"),
    row("len", "len(x)", "the number of characters, elements, members or bytes"),
    row("lower", "lower(x)", "the text in lower case"),
    row("map", "map(list, |x| …)", "the results of the function for every element, as a list"),
    row("max", "max(x, y)", "the greater of two numbers"),
    row("min", "min(x, y)", "the smaller of two numbers"),
    row("pad_start", "pad_start(x, n, fill)", "the text, padded with `fill` at the start to `n` characters"),
    row("parse_float", "parse_float(x)", "parses a text as a number; fails on other text"),
    row("parse_int", "parse_int(x)", "parses a text as a whole number; fails on other text"),
    row("pop", "pop(list)", "removes the last element from the list and returns it"),
    row("push", "push(list, x)", "adds an element to the list"),
    row("remove", "remove(map, key)", "removes a member from the map and returns it"),
    row("replaced", "replaced(x, a, b)", "the text with every `a` replaced by `b`"),
    row("reversed", "reversed(list)", "the elements in reverse order"),
    row("round", "round(x)", "the nearest whole number"),
    row("sign", "sign(x)", "-1, 0 or 1"),
    row("some", "some(list, |x| …)", "whether the function returns true for at least one element"),
    row("sorted", "sorted(list)", "the elements, sorted; all must be texts, or all numbers"),
    row("squished", "squished(x)", "the text, trimmed and with inner whitespace collapsed to single spaces"),
    row("starts_with", "starts_with(x, y)", "whether a text starts with another"),
    row("sub_string", "sub_string(x, start, n)", "`n` characters from a position, or all if `n` is left out"),
    row("title", "title(x)", "the text with the first letter of each word in upper case"),
    row("to_float", "to_float(x)", "a whole number as a float"),
    row("to_int", "to_int(x)", "a number without its fraction"),
    row("to_string", "to_string(x)", "the text of a text, number or boolean"),
    row("trimmed", "trimmed(x)", "the text without surrounding whitespace"),
    row("type_of", "type_of(x)", "the kind: `string`, `i64`, `f64`, `bool`, `array`, `map`, `()`"),
    row("unique", "unique(list)", "the elements without duplicates"),
    row("upper", "upper(x)", "the text in upper case"),
    row("values", "values(map)", "the values, in the order of their keys"),
    row("words", "words(x)", "the parts of a text separated by whitespace"),
];

/// The names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    FUNCTIONS.iter().map(|function| function.name)
}
