//! Functions of any value: conversion to text, test for blank, concatenation to text.

use rhai::{Dynamic, Engine, ImmutableString, NativeCallContext};

use super::{Outcome, fits_text, pure, wrong};
use crate::engine::script::budget::{self, Stop};

/// The text of a scalar, as in `to_string` and templates; `()` is empty. `None` for lists, maps and similar values.
pub(super) fn text(value: &Dynamic) -> Option<ImmutableString> {
    if value.is_unit() {
        return Some(ImmutableString::new());
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Some(text.clone());
    }
    if let Ok(letter) = value.as_char() {
        return Some(letter.to_string().into());
    }
    if let Ok(number) = value.as_int() {
        return Some(number.to_string().into());
    }
    if let Ok(number) = value.as_float() {
        return Some(format!("{number:?}").into());
    }
    value.as_bool().ok().map(|flag| flag.to_string().into())
}

/// Rhai ignores errors of `to_string` inside a template, so the script is stopped at its next operation instead.
fn to_string(value: &mut Dynamic) -> ImmutableString {
    text(value).unwrap_or_else(|| {
        budget::stop(Stop::NoText);
        ImmutableString::new()
    })
}

fn joined(cx: &NativeCallContext, left: &str, right: &str) -> Outcome<ImmutableString> {
    fits_text(cx, left.len().checked_add(right.len()))?;
    Ok([left, right].concat().into())
}

fn add(cx: &NativeCallContext, left: &Dynamic, right: &Dynamic) -> Outcome<ImmutableString> {
    match (text(left), text(right)) {
        (Some(left), Some(right)) => joined(cx, &left, &right),
        _ => wrong("a list or map cannot be used as text; use `join`"),
    }
}

fn is_blank(value: &mut Dynamic) -> bool {
    if let Ok(text) = value.as_immutable_string_ref() {
        return text.trim().is_empty();
    }
    value.is_unit()
        || value.as_array_ref().is_ok_and(|items| items.is_empty())
        || value.as_map_ref().is_ok_and(|members| members.is_empty())
        || value.as_blob_ref().is_ok_and(|bytes| bytes.is_empty())
}

/// Registers these functions.
pub(super) fn register(engine: &mut Engine) {
    pure(engine, "to_string", to_string);
    pure(engine, "is_blank", is_blank);
    pure(engine, "+", |cx: NativeCallContext, left: &mut ImmutableString, right: Dynamic| {
        add(&cx, &left.clone().into(), &right)
    });
    pure(engine, "+", |cx: NativeCallContext, left: Dynamic, right: ImmutableString| add(&cx, &left, &right.into()));
    pure(engine, "+", |cx: NativeCallContext, left: char, right: char| add(&cx, &left.into(), &right.into()));
}
