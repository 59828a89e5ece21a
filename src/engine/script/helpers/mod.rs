//! The functions of scripts: pure, and sure of the size of a result before they make it.
//!
//! A function here either takes scalars, or is one of those that read or grow text, lists and maps; each of the latter
//! checks what it will make before it allocates.

mod lists;
mod maps;
mod scalar;
mod text;

#[cfg(test)]
mod tests;

use rhai::{
    Dynamic, Engine, EvalAltResult, FuncRegistration, ImmutableString, NativeCallContext, Position, RhaiNativeFunc,
    Variant,
};

/// The name of every function that a script may call, in the order of the alphabet.
pub const FUNCTIONS: &[&str] = &[
    "abs",
    "after",
    "all",
    "before",
    "ceiling",
    "contains",
    "ends_with",
    "filter",
    "find",
    "first",
    "floor",
    "index_of",
    "is_blank",
    "is_empty",
    "is_even",
    "is_odd",
    "join",
    "keys",
    "last",
    "len",
    "lower",
    "map",
    "max",
    "min",
    "pad_start",
    "parse_float",
    "parse_int",
    "pop",
    "push",
    "remove",
    "replaced",
    "reversed",
    "round",
    "sign",
    "some",
    "sorted",
    "split",
    "squished",
    "starts_with",
    "sub_string",
    "title",
    "to_float",
    "to_int",
    "to_string",
    "trimmed",
    "type_of",
    "unique",
    "upper",
    "values",
    "words",
];

/// What a function gives back to Rhai.
pub(super) type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Why a function failed; a type of its own, so that it cannot be taken for something a script threw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrong(pub(super) &'static str);

/// A failure that a script can catch.
fn wrong<T>(message: &'static str) -> Outcome<T> {
    Err(Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(Wrong(message)), Position::NONE)))
}

/// A limit that was reached; it cannot be caught.
fn too_large<T>() -> Outcome<T> {
    Err(Box::new(EvalAltResult::ErrorDataTooLarge(String::new(), Position::NONE)))
}

/// Fails before a text of so many bytes is made.
fn fits_text(cx: &NativeCallContext, bytes: Option<usize>) -> Outcome<usize> {
    match bytes {
        Some(bytes) if bytes <= cx.engine().max_string_size() => Ok(bytes),
        _ => too_large(),
    }
}

/// Fails before a list of so many elements is made.
fn fits_list(cx: &NativeCallContext, elements: usize) -> Outcome<usize> {
    if elements <= cx.engine().max_array_size() { Ok(elements) } else { too_large() }
}

/// Text to read, or nothing; a number is read as its text.
fn readable(value: &Dynamic) -> Outcome<Option<ImmutableString>> {
    if value.is_unit() {
        return Ok(None);
    }
    match scalar::text(value) {
        Some(text) if !value.is_bool() => Ok(Some(text)),
        _ => wrong("expected text, found a boolean, a list, a map or another value"),
    }
}

/// Registers a function that does not change its first argument, so that it also takes an input.
fn pure<A: 'static, const N: usize, const X: bool, R: Variant + Clone, const F: bool>(
    engine: &mut Engine,
    name: &'static str,
    function: impl RhaiNativeFunc<A, N, X, R, F> + Send + Sync + 'static,
) {
    FuncRegistration::new(name).with_purity(true).with_volatility(true).register_into_engine(engine, function);
}

/// Registers every function.
pub(super) fn register(engine: &mut Engine) {
    scalar::register(engine);
    text::register(engine);
    lists::register(engine);
    maps::register(engine);
}
