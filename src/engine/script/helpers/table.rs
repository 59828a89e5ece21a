//! The functions of scripts that are no steps: how each is called, and what it does.

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

/// Every function, in the order of the alphabet.
pub const FUNCTIONS: &[Function] = &[
    row("abs", "abs(x)", "the number without its sign"),
    row("all", "all(list, |x| …)", "whether the function gives true for every element"),
    row("ceiling", "ceiling(x)", "the next whole number, up"),
    row("contains", "contains(x, y)", "whether a text has a text, a list an element, a map a key; also `y in x`"),
    row("ends_with", "ends_with(x, y)", "whether a text ends with a text"),
    row("filter", "filter(list, |x| …)", "the elements for which the function gives true"),
    row("find", "find(list, |x| …)", "the first element for which the function gives true"),
    row("first", "first(list)", "the first element; nothing when there is none"),
    row("floor", "floor(x)", "the next whole number, down"),
    row(
        "index_of",
        "index_of(x, y)",
        "the position of a text in a text or an element in a list; -1 when it is not there",
    ),
    row("is_blank", "is_blank(x)", "whether it is nothing, only white space, or empty"),
    row("is_empty", "is_empty(x)", "whether a text, list, map or bytes are empty"),
    row("is_even", "is_even(x)", "whether a whole number is even"),
    row("is_odd", "is_odd(x)", "whether a whole number is odd"),
    row("keys", "keys(map)", "the keys, in their order"),
    row("last", "last(list)", "the last element; nothing when there is none"),
    row("len", "len(x)", "how many characters, elements, members or bytes there are"),
    row("lower", "lower(x)", "the text in lower case"),
    row("map", "map(list, |x| …)", "a list of what the function gives for every element"),
    row("max", "max(x, y)", "the greater of two numbers"),
    row("min", "min(x, y)", "the smaller of two numbers"),
    row("pad_start", "pad_start(x, n, fill)", "the text, made `n` characters long with `fill` before it"),
    row("parse_float", "parse_float(x)", "the number that a text is; fails on other text"),
    row("parse_int", "parse_int(x)", "the whole number that a text is; fails on other text"),
    row("pop", "pop(list)", "takes the last element out of the list and gives it"),
    row("push", "push(list, x)", "adds an element to the list"),
    row("remove", "remove(map, key)", "takes a member out of the map and gives it"),
    row("replaced", "replaced(x, a, b)", "the text with every `a` replaced by `b`"),
    row("reversed", "reversed(list)", "the elements from the last to the first"),
    row("round", "round(x)", "the nearest whole number"),
    row("sign", "sign(x)", "-1, 0 or 1"),
    row("some", "some(list, |x| …)", "whether the function gives true for an element"),
    row("sorted", "sorted(list)", "the elements in order: all texts, or all numbers"),
    row("squished", "squished(x)", "the text trimmed, with inner white space made one blank"),
    row("starts_with", "starts_with(x, y)", "whether a text begins with a text"),
    row("sub_string", "sub_string(x, start, n)", "`n` characters from a position on, or all when `n` is left out"),
    row("title", "title(x)", "the text with the first letter of each word in upper case"),
    row("to_float", "to_float(x)", "a whole number as one with a fraction"),
    row("to_int", "to_int(x)", "a number without its fraction"),
    row("to_string", "to_string(x)", "the text of a text, number or boolean"),
    row("trimmed", "trimmed(x)", "the text without white space around it"),
    row("type_of", "type_of(x)", "the kind: `string`, `i64`, `f64`, `bool`, `array`, `map`, `()`"),
    row("unique", "unique(list)", "the elements, each once"),
    row("upper", "upper(x)", "the text in upper case"),
    row("values", "values(map)", "the values, in the order of their keys"),
    row("words", "words(x)", "the parts of a text between white space"),
];

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    FUNCTIONS.iter().map(|function| function.name)
}
