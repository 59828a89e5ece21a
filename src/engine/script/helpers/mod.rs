//! The functions of scripts: pure, with the size of a result checked before it is allocated.
//!
//! A function either takes scalars, or reads or grows text, lists and maps; the latter check the size of the result before
//! they allocate it.

mod lists;
mod maps;
mod scalar;
mod table;
mod text;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use rhai::{
    Dynamic, Engine, EvalAltResult, FuncRegistration, ImmutableString, NativeCallContext, Position, RhaiNativeFunc,
    Variant,
};

pub use table::{FUNCTIONS, Function, names};

/// The result of a function for Rhai.
pub(super) type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Why a function failed; a separate type, so that it cannot be confused with a value that a script threw.
#[derive(Debug, Clone)]
pub(super) struct FunctionError(pub(super) Cow<'static, str>);

/// A failure that scripts can catch.
fn wrong<T>(message: &'static str) -> Outcome<T> {
    Err(failed(FunctionError(message.into())))
}

/// A failure that scripts can catch.
pub(super) fn failed(wrong: FunctionError) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(wrong), Position::NONE))
}

/// A limit was reached; scripts cannot catch this.
pub(super) fn too_large<T>() -> Outcome<T> {
    Err(Box::new(EvalAltResult::ErrorDataTooLarge(String::new(), Position::NONE)))
}

/// Fails if a text of this size is too long, before it is allocated.
fn fits_text(cx: &NativeCallContext, bytes: Option<usize>) -> Outcome<usize> {
    match bytes {
        Some(bytes) if bytes <= cx.engine().max_string_size() => Ok(bytes),
        _ => too_large(),
    }
}

/// Fails if a list of this size is too long, before it is allocated.
fn fits_list(cx: &NativeCallContext, elements: usize) -> Outcome<usize> {
    if elements <= cx.engine().max_array_size() { Ok(elements) } else { too_large() }
}

/// The text of a value, or `None` for `()`; a number is read as its text.
fn readable(value: &Dynamic) -> Outcome<Option<ImmutableString>> {
    if value.is_unit() {
        return Ok(None);
    }
    match scalar::text(value) {
        Some(text) if !value.is_bool() => Ok(Some(text)),
        _ => wrong("expected text, found a boolean, a list, a map or another value"),
    }
}

/// Registers a function that does not change its first argument, so that it also accepts an input.
pub(super) fn pure<A: 'static, const N: usize, const X: bool, R: Variant + Clone, const F: bool>(
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
