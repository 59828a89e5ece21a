//! Functions of lists, and equality of lists and maps.

use std::cmp::Ordering;

use rhai::{Array, Blob, Dynamic, Engine, FnPtr, FuncRegistration, ImmutableString, Map, NativeCallContext};

use super::{Outcome, fits_list, pure, scalar, too_large, wrong};
use crate::engine::script::budget;
use crate::engine::script::limits::MAX_NESTING;

/// Whether two values are equal; integers and floats are compared by value.
///
/// Rhai's own comparison recurses through the interpreter and overflows the stack on deeply nested values.
fn equal(left: &Dynamic, right: &Dynamic, depth: usize) -> Outcome<bool> {
    if depth > MAX_NESTING || budget::spend().is_some() {
        return too_large();
    }
    if let (Ok(left), Ok(right)) = (left.as_array_ref(), right.as_array_ref()) {
        return equal_lists(&left, &right, depth + 1);
    }
    if let (Ok(left), Ok(right)) = (left.as_map_ref(), right.as_map_ref()) {
        return equal_maps(&left, &right, depth + 1);
    }
    Ok(equal_scalars(left, right))
}

fn equal_lists(left: &Array, right: &Array, depth: usize) -> Outcome<bool> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for (left, right) in left.iter().zip(right) {
        if !equal(left, right, depth)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn equal_maps(left: &Map, right: &Map, depth: usize) -> Outcome<bool> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for ((left_key, left), (right_key, right)) in left.iter().zip(right) {
        if left_key != right_key || !equal(left, right, depth)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal_scalars(left: &Dynamic, right: &Dynamic) -> bool {
    if left.is_unit() || right.is_unit() {
        return left.is_unit() && right.is_unit();
    }
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return match (left, right) {
            (Number::Whole(left), Number::Whole(right)) => left == right,
            (left, right) => left.float().total_cmp(&right.float()) == Ordering::Equal,
        };
    }
    if let (Ok(left), Ok(right)) = (left.as_bool(), right.as_bool()) {
        return left == right;
    }
    if let (Ok(left), Ok(right)) = (left.as_blob_ref(), right.as_blob_ref()) {
        return *left == *right;
    }
    match (as_text(left), as_text(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// Text, or a character as text.
fn as_text(value: &Dynamic) -> Option<ImmutableString> {
    (value.is_string() || value.is_char()).then(|| scalar::text(value)).flatten()
}

#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Float(f64),
}

impl Number {
    /// An integer compared with a float loses the precision that a float cannot represent, as in mixed arithmetic.
    fn float(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

fn number(value: &Dynamic) -> Option<Number> {
    value.as_int().map(Number::Whole).or_else(|_| value.as_float().map(Number::Float)).ok()
}

fn position(list: &Array, item: &Dynamic) -> Outcome<Option<usize>> {
    for (at, have) in list.iter().enumerate() {
        if equal(have, item, 0)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn index_of(list: &mut Array, item: Dynamic) -> Outcome<i64> {
    Ok(position(list, &item)?.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1))
}

fn sorted(list: &mut Array) -> Outcome<Array> {
    let mut out = list.clone();
    if list.iter().all(|item| number(item).is_some()) {
        out.sort_by(|left, right| order(number(left), number(right)));
    } else if list.iter().all(|item| as_text(item).is_some()) {
        out.sort_by_cached_key(as_text);
    } else {
        return wrong("`sorted` takes a list of only texts or only numbers");
    }
    Ok(out)
}

fn order(left: Option<Number>, right: Option<Number>) -> Ordering {
    match (left, right) {
        (Some(Number::Whole(left)), Some(Number::Whole(right))) => left.cmp(&right),
        (Some(left), Some(right)) => left.float().total_cmp(&right.float()),
        _ => Ordering::Equal,
    }
}

fn unique(list: &mut Array) -> Outcome<Array> {
    let mut out = Array::new();
    for item in list.iter() {
        if position(&out, item)?.is_none() {
            out.push(item.clone());
        }
    }
    Ok(out)
}

/// Calls a function for each element, until `take` says to stop.
fn each(
    cx: &NativeCallContext,
    list: &Array,
    function: &FnPtr,
    mut take: impl FnMut(&Dynamic, Dynamic) -> Outcome<bool>,
) -> Outcome<()> {
    for item in list {
        let given = function.call_raw(cx, None, [item.clone()])?;
        if !take(item, given)? {
            break;
        }
    }
    Ok(())
}

fn truth(given: &Dynamic) -> Outcome<bool> {
    given.as_bool().or_else(|_| wrong("the function must return true or false"))
}

fn map(cx: NativeCallContext, list: &mut Array, function: FnPtr) -> Outcome<Array> {
    let mut out = Array::with_capacity(list.len());
    each(&cx, list, &function, |_, given| {
        out.push(given);
        Ok(true)
    })?;
    Ok(out)
}

fn filter(cx: NativeCallContext, list: &mut Array, function: FnPtr) -> Outcome<Array> {
    let mut out = Array::new();
    each(&cx, list, &function, |item, given| {
        if truth(&given)? {
            out.push(item.clone());
        }
        Ok(true)
    })?;
    Ok(out)
}

fn find(cx: NativeCallContext, list: &mut Array, function: FnPtr) -> Outcome<Dynamic> {
    let mut found = Dynamic::UNIT;
    each(&cx, list, &function, |item, given| {
        let hit = truth(&given)?;
        if hit {
            found = item.clone();
        }
        Ok(!hit)
    })?;
    Ok(found)
}

/// Whether the function returns `answer` for any element.
fn answers(cx: &NativeCallContext, list: &Array, function: &FnPtr, answer: bool) -> Outcome<bool> {
    let mut found = false;
    each(cx, list, function, |_, given| {
        found = truth(&given)? == answer;
        Ok(!found)
    })?;
    Ok(found)
}

fn concat(cx: NativeCallContext, left: &mut Array, right: Array) -> Outcome<Array> {
    fits_list(&cx, left.len() + right.len())?;
    Ok(left.iter().cloned().chain(right).collect())
}

fn push(cx: NativeCallContext, list: &mut Array, item: Dynamic) -> Outcome<()> {
    fits_list(&cx, list.len() + 1)?;
    list.push(item);
    Ok(())
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn register_reading(engine: &mut Engine) {
    pure(engine, "len", |list: &mut Array| count(list.len()));
    pure(engine, "len", |bytes: &mut Blob| count(bytes.len()));
    pure(engine, "is_empty", |list: &mut Array| list.is_empty());
    pure(engine, "is_empty", |bytes: &mut Blob| bytes.is_empty());
    pure(engine, "==", |left: &mut Array, right: Array| equal_lists(left, &right, 1));
    pure(engine, "!=", |left: &mut Array, right: Array| equal_lists(left, &right, 1).map(|equal| !equal));
    pure(engine, "contains", |list: &mut Array, item: Dynamic| position(list, &item).map(|at| at.is_some()));
    pure(engine, "index_of", index_of);
    pure(engine, "first", |list: &mut Array| list.first().cloned().unwrap_or_default());
    pure(engine, "last", |list: &mut Array| list.last().cloned().unwrap_or_default());
}

/// Registers these functions.
pub(super) fn register(engine: &mut Engine) {
    register_reading(engine);
    pure(engine, "reversed", |list: &mut Array| list.iter().rev().cloned().collect::<Array>());
    pure(engine, "sorted", sorted);
    pure(engine, "unique", unique);
    pure(engine, "map", map);
    pure(engine, "filter", filter);
    pure(engine, "find", find);
    pure(engine, "some", |cx: NativeCallContext, list: &mut Array, f: FnPtr| answers(&cx, list, &f, true));
    pure(engine, "all", |cx: NativeCallContext, list: &mut Array, f: FnPtr| {
        answers(&cx, list, &f, false).map(|no| !no)
    });
    pure(engine, "+", concat);
    FuncRegistration::new("push").register_into_engine(engine, push);
    FuncRegistration::new("pop").register_into_engine(engine, |list: &mut Array| list.pop().unwrap_or_default());
}
