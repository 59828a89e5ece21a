//! Functions of text. Each returns `()` for `()`, and treats a number as its text.

use rhai::{Array, Dynamic, Engine, ImmutableString, NativeCallContext};

use super::{Outcome, fits_list, fits_text, pure, readable, wrong};

/// A function from text to text of about the same length; Rhai checks the size of the result.
fn simple(engine: &mut Engine, name: &'static str, change: fn(&str) -> String) {
    pure(engine, name, move |value: &mut Dynamic| -> Outcome<Dynamic> {
        Ok(readable(value)?.map_or(Dynamic::UNIT, |text| change(&text).into()))
    });
}

fn squished(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        match inside {
            true => out.extend(letter.to_lowercase()),
            false => out.extend(letter.to_uppercase()),
        }
        inside = letter.is_alphanumeric() || (inside && letter == '\'');
    }
    out
}

fn replaced(
    cx: NativeCallContext,
    value: &mut Dynamic,
    from: ImmutableString,
    to: ImmutableString,
) -> Outcome<Dynamic> {
    let Some(text) = readable(value)? else { return Ok(Dynamic::UNIT) };
    if from.is_empty() {
        return wrong("`replaced` needs a non-empty text to search for");
    }
    let count = text.matches(from.as_str()).count();
    let more = count.checked_mul(to.len()).and_then(|more| (text.len() - count * from.len()).checked_add(more));
    fits_text(&cx, more)?;
    Ok(text.replace(from.as_str(), &to).into())
}

fn pad_start(cx: NativeCallContext, value: &mut Dynamic, length: i64, fill: ImmutableString) -> Outcome<Dynamic> {
    let Some(text) = readable(value)? else { return Ok(Dynamic::UNIT) };
    let mut letters = fill.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        return wrong("`pad_start` needs a single fill character");
    };
    let missing = usize::try_from(length).unwrap_or(0).saturating_sub(text.chars().count());
    let bytes = missing.checked_mul(letter.len_utf8()).and_then(|more| more.checked_add(text.len()));
    let mut out = String::with_capacity(fits_text(&cx, bytes)?);
    out.extend(std::iter::repeat_n(letter, missing));
    out.push_str(&text);
    Ok(out.into())
}

fn sub_string(value: &mut Dynamic, start: i64, length: i64) -> Outcome<Dynamic> {
    let Some(text) = readable(value)? else { return Ok(Dynamic::UNIT) };
    let start = if start < 0 { i64::try_from(text.chars().count()).unwrap_or(i64::MAX) + start } else { start };
    let (skip, take) = (usize::try_from(start).unwrap_or(0), usize::try_from(length).unwrap_or(0));
    Ok(text.chars().skip(skip).take(take).collect::<String>().into())
}

fn words(cx: NativeCallContext, value: &mut Dynamic) -> Outcome<Dynamic> {
    let Some(text) = readable(value)? else { return Ok(Dynamic::UNIT) };
    fits_list(&cx, text.split_whitespace().count())?;
    Ok(text.split_whitespace().map(|part| part.into()).collect::<Array>().into())
}

/// A test of a text against another; `()` never matches.
fn test(engine: &mut Engine, name: &'static str, holds: fn(&str, &str) -> bool) {
    pure(engine, name, move |value: &mut Dynamic, part: ImmutableString| -> Outcome<bool> {
        Ok(readable(value)?.is_some_and(|text| holds(&text, &part)))
    });
    pure(engine, name, move |value: &mut Dynamic, part: char| -> Outcome<bool> {
        Ok(readable(value)?.is_some_and(|text| holds(&text, part.encode_utf8(&mut [0; 4]))))
    });
}

fn index_of(text: &mut ImmutableString, part: ImmutableString) -> i64 {
    let at = text.find(part.as_str()).and_then(|at| text.get(..at));
    at.map_or(-1, |before| i64::try_from(before.chars().count()).unwrap_or(-1))
}

fn length(text: &mut ImmutableString) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

/// Registers these functions.
pub(super) fn register(engine: &mut Engine) {
    simple(engine, "trimmed", |text| text.trim().to_owned());
    simple(engine, "squished", squished);
    simple(engine, "lower", str::to_lowercase);
    simple(engine, "upper", str::to_uppercase);
    simple(engine, "title", title);
    pure(engine, "replaced", replaced);
    pure(engine, "pad_start", pad_start);
    pure(engine, "sub_string", sub_string);
    pure(engine, "sub_string", |value: &mut Dynamic, start: i64| sub_string(value, start, i64::MAX));
    pure(engine, "words", words);
    test(engine, "starts_with", |text, part| text.starts_with(part));
    test(engine, "ends_with", |text, part| text.ends_with(part));
    test(engine, "contains", |text, part| text.contains(part));
    pure(engine, "index_of", index_of);
    pure(engine, "len", length);
    pure(engine, "is_empty", |text: &mut ImmutableString| text.is_empty());
}
